# A generated stepped wedge and what R makes of it. Run in this folder: Rscript wedge.R
# Writes wedge.csv (9 clusters, 6 periods, 2 to 9 rows a cell, one cluster that never starts) and wedge.json.
suppressMessages({
  library(lme4); library(lmerTest); library(pbkrtest); library(clubSandwich); library(jsonlite)
})
set.seed(77)
start <- c(2, 2, 3, 3, 4, 4, 5, 6, NA)
cells <- expand.grid(period = 1:6, cluster = seq_along(start))
cells <- cells[!(cells$cluster == 4 & cells$period == 5), ]
at <- rep(seq_len(nrow(cells)), sample(2:9, nrow(cells), TRUE))
d <- data.frame(cluster = letters[cells$cluster[at]], period = cells$period[at], start = start[cells$cluster[at]])
n <- nrow(d)
since <- ifelse(is.na(d$start) | d$period < d$start, -1, d$period - d$start)
d$age <- round(rnorm(n, 45, 9), 1)
d$y <- round(30 + 0.5 * d$period - (since >= 0) * (1 + 0.4 * since) + 0.05 * d$age +
  rnorm(9, 0, 1.2)[cells$cluster[at]] + rnorm(nrow(cells), 0, 0.9)[at] + rnorm(n, 0, 2), 3)
write.csv(d, "wedge.csv", row.names = FALSE)

d$w <- factor(d$period); d$cell <- paste(d$cluster, d$period); d$exposed <- as.numeric(since >= 0)
times <- sort(unique(since[since >= 0]))
for (e in times) d[[paste0("e", e)]] <- as.numeric(since == e)
averaged <- paste0("e", times)
tight <- lmerControl(optimizer = "bobyqa", optCtrl = list(rhobeg = 0.2, rhoend = 1e-14, maxfun = 20000))
of <- function(formula, terms) {
  m <- suppressMessages(lmerTest::lmer(formula, d, control = tight))
  L <- (names(fixef(m)) %in% terms) / length(terms)
  V <- as.matrix(vcovAdj(m)); s <- lmerTest::contest1D(m, L)
  list(estimate = sum(L * fixef(m)), se = s[["Std. Error"]], satterthwaite_df = s[["df"]],
       kr_se = sqrt(as.numeric(t(L) %*% V %*% L)), kr_df = get_Lb_ddf(m, L))
}
eti <- reformulate(c("w", averaged, "age", "(1 | cluster)", "(1 | cell)"), "y")
means <- aggregate(y ~ cluster + w + exposed, d, mean)
m <- lm(y ~ w + exposed, means)
V <- vcovCR(m, cluster = means$cluster, type = "CR2")
s <- coef_test(m, vcov = V, test = "Satterthwaite", coefs = "exposed")
out <- list(
  versions = lapply(c(R = "base", lme4 = "lme4", lmerTest = "lmerTest", pbkrtest = "pbkrtest", clubSandwich = "clubSandwich"), function(x) as.character(packageVersion(x))),
  hussey_hughes = of(y ~ w + exposed + (1 | cluster), "exposed"),
  nested_exchangeable = of(y ~ w + exposed + (1 | cluster) + (1 | cell), "exposed"),
  nested_exchangeable_age = of(y ~ w + exposed + age + (1 | cluster) + (1 | cell), "exposed"),
  averaged = of(update(eti, . ~ . - age), averaged),
  averaged_age = of(eti, averaged),
  within_periods = list(estimate = coef(m)[["exposed"]], se = s$SE, df = s$df_Satt, p = s$p_Satt)
)
write_json(out, "wedge.json", digits = NA, auto_unbox = TRUE, pretty = TRUE)
