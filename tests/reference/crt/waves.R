# Repeated waves of qic_sim.csv: constrained baseline with an effect of its own at each later wave, and whether
# sites' own slopes vary more than what their lines leave (F of nested least-squares fits to site means).
# R 4.2.2, lme4 1.1-31, lmerTest 3.1-3, pbkrtest 0.5.2.  Rscript waves.R > waves.json
suppressMessages({library(lme4); library(lmerTest); library(jsonlite)})
rows <- subset(read.csv("qic_sim.csv"), !is.na(score))
for (at in 1:3) rows[[paste0("e", at)]] <- as.numeric(rows$arm == 1 & rows$wave == at)
rows$w <- factor(rows$wave)
fit <- lmer(score ~ w + e1 + e2 + e3 + (1 | site) + (1 | site:w), rows)
kr <- summary(fit, ddf = "Kenward-Roger")$coefficients["e3", ]
means <- aggregate(score ~ site + arm + wave, rows, mean)
plain <- lm(score ~ factor(site) + factor(arm):factor(wave), means)
lines <- lm(score ~ factor(site) + factor(arm):factor(wave) + factor(site):wave, means)
check <- anova(plain, lines)
cells <- means; for (at in 1:3) cells[[paste0("e", at)]] <- as.numeric(cells$arm == 1 & cells$wave == at)
of_means <- summary(lmer(score ~ factor(wave) + e1 + e2 + e3 + (1 | site), cells), ddf = "Kenward-Roger")$coefficients["e3", ]
told <- function(row) list(estimate = row[[1]], se = row[[2]], df = row[[3]], p_value = row[[5]])
cat(toJSON(list(rows = told(kr), cells = told(of_means),
  slopes = list(statistic = check$F[2], df = check$Df[2], df_within = check$Res.Df[2], p_value = check[["Pr(>F)"]][2])),
  auto_unbox = TRUE, digits = NA, pretty = TRUE), "\n")
