# Generated data of a stratified trial and what R makes of them. Run in this folder: Rscript stratified.R
# Writes stratified.csv (16 sites in 3 regions, unequal sizes, a few missing outcomes) and stratified.json.
suppressMessages({
  library(lme4); library(lmerTest); library(pbkrtest); library(nlme); library(jsonlite)
})
set.seed(20240203)
region <- rep(c("coast", "hills", "town"), c(4, 4, 8))
arm <- c(0, 1, 0, 1, 1, 0, 1, 0, 0, 1, 1, 0, 1, 0, 1, 0)
pair <- c(1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8)
size <- c(9, 31, 14, 5, 22, 18, 40, 12, 7, 26, 11, 35, 16, 20, 3, 28)
site <- sprintf("s%02d", seq_along(arm))
u <- rnorm(16, 0, 2)
at <- rep(seq_along(arm), size)
d <- data.frame(site = site[at], region = region[at], pair = pair[at], arm = arm[at])
n <- nrow(d)
d$age <- round(rnorm(n, 45, 11), 1)
d$sex <- sample(c("f", "m"), n, TRUE)
d$fatigue <- round(30 - 2.5 * d$arm + c(coast = 0, hills = 2, town = -1)[d$region] + 0.1 * d$age + u[at] + rnorm(n, 0, 7), 2)
d$relapse <- rbinom(n, 1, plogis(-0.6 - 0.5 * d$arm + 0.15 * u[at] + 0.02 * (d$age - 45)))
d$years <- round(runif(n, 0.2, 1.5), 2)
d$visits <- rpois(n, d$years * exp(0.4 - 0.3 * d$arm + 0.1 * u[at]))
d$fatigue[sample(n, 12)] <- NA
write.csv(d, "stratified.csv", row.names = FALSE)

term <- function(b, se, df, level = 0.95) {
  list(estimate = b, se = se, df = df, t = b / se, p = 2 * pt(-abs(b / se), df), ci = b + c(-1, 1) * qt((1 + level) / 2, df) * se)
}
mixed <- function(formula, data) {
  # a tight optimiser: lme4's default stops five digits earlier than the tests compare
  m <- lmerTest::lmer(formula, data, control = lmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-12)))
  s <- coef(summary(m))["arm", ]
  v <- vcovAdj(m)
  L <- as.numeric(names(fixef(m)) == "arm")
  list(
    n = nobs(m), satterthwaite = term(s[["Estimate"]], s[["Std. Error"]], s[["df"]]),
    kenward_roger = term(s[["Estimate"]], sqrt(as.numeric(t(L) %*% v %*% L)), get_Lb_ddf(m, L)),
    between = as.data.frame(VarCorr(m))$vcov[1], within = sigma(m)^2, criterion = REMLcrit(m), singular = isSingular(m)
  )
}
between <- function(formula, data) {
  # nlme's inner-outer df: sites less site-level terms
  m <- lme(formula, random = ~ 1 | site, data = data, na.action = na.omit, control = lmeControl(opt = "optim", reltol = 1e-14))
  s <- summary(m)$tTable["arm", ]
  list(df = s[["DF"]])
}
by_site <- function(d, value) {
  k <- !duplicated(d$site)
  s <- d[k, c("site", "region", "pair", "arm")]
  s <- s[order(s$site), ]
  s$v <- value[s$site]
  s
}
compare <- function(s, formula) {
  m <- lm(formula, s)
  b <- coef(summary(m))["arm", ]
  term(b[["Estimate"]], b[["Std. Error"]], m$df.residual)
}
f <- d[!is.na(d$fatigue), ]
mean_of <- function(x, by) tapply(x, by, mean)
rate <- tapply(d$visits, d$site, sum) / tapply(d$years, d$site, sum)
two_stage <- function(fit, y, base, data, log_ratio) {
  o <- tapply(y, data$site, sum); e <- tapply(fitted(fit), data$site, sum)
  v <- if (log_ratio) log(o / e) else (o - e) / tapply(base, data$site, sum)
  compare(by_site(data, v), v ~ arm + region)
}
visits_fit <- glm(visits ~ age + sex + region, poisson, d, offset = log(years), control = glm.control(epsilon = 1e-14))
relapse_fit <- glm(relapse ~ age + sex + region, binomial, d, control = glm.control(epsilon = 1e-14))

# exact randomisation test by brute force over the allocations within strata, and its interval by bisection
allocations <- function(a, g) {
  sets <- lapply(split(seq_along(a), g), function(i) {
    w <- combn(length(i), sum(a[i])); apply(w, 2, function(k) i[k], simplify = FALSE)
  })
  grid <- expand.grid(lapply(sets, seq_along))
  t(apply(grid, 1, function(row) { z <- numeric(length(a)); for (g in names(sets)) z[sets[[g]][[row[[g]]]]] <- 1; z }))
}
permute <- function(s, g, level = 0.95) {
  A <- allocations(s$arm, s[[g]])
  centre <- function(x) x - ave(x, s[[g]])
  stat <- function(a, y) { a <- centre(a); sum(a * y) / sum(a^2) }
  p <- function(shift) {
    y <- s$v - shift * s$arm
    o <- abs(stat(s$arm, y))
    mean(abs(apply(A, 1, stat, y = y)) >= o * (1 - 1e-9))
  }
  b <- stat(s$arm, s$v)
  root <- function(out) {
    inn <- b
    for (k in 1:100) { mid <- (inn + out) / 2; if (p(mid) > 1 - level) inn <- mid else out <- mid }
    (inn + out) / 2
  }
  span <- 20 * sd(s$v)
  list(estimate = b, N = nrow(A), p = p(0), ci = c(root(b - span), root(b + span)))
}
small <- subset(by_site(f, mean_of(f$fatigue, f$site)), region != "town")

out <- list(
  versions = lapply(c(R = "base", lme4 = "lme4", lmerTest = "lmerTest", pbkrtest = "pbkrtest", nlme = "nlme"), function(x) as.character(packageVersion(x))),
  fatigue = list(
    mixed = mixed(fatigue ~ arm + region + (1 | site), d),
    mixed_covariates = mixed(fatigue ~ arm + region + age + sex + (1 | site), d),
    between = between(fatigue ~ arm + region, d),
    cluster_t = compare(by_site(f, mean_of(f$fatigue, f$site)), v ~ arm + region),
    paired_t = compare(by_site(f, mean_of(f$fatigue, f$site)), v ~ arm + factor(pair)),
    size_weighted = {
      s <- by_site(f, mean_of(f$fatigue, f$site)); w <- as.numeric(table(f$site)[s$site])
      m <- lm(v ~ arm + region, s, weights = w); b <- coef(summary(m))["arm", ]
      term(b[["Estimate"]], b[["Std. Error"]], m$df.residual)
    },
    pairs_permutation = permute(by_site(f, mean_of(f$fatigue, f$site)), "pair"),
    strata_permutation_two_regions = permute(small, "region", 0.9)
  ),
  relapse = list(
    mixed = mixed(relapse ~ arm + region + (1 | site), d),
    cluster_t = compare(by_site(d, mean_of(d$relapse, d$site)), v ~ arm + region),
    two_stage = two_stage(relapse_fit, d$relapse, rep(1, n), d, FALSE)
  ),
  visits = list(
    cluster_t = compare(by_site(d, rate), v ~ arm + region),
    log_ratio = compare(by_site(d, log(rate)), v ~ arm + region),
    two_stage = two_stage(visits_fit, d$visits, d$years, d, FALSE),
    two_stage_log_ratio = two_stage(visits_fit, d$visits, d$years, d, TRUE)
  )
)
write_json(out, "stratified.json", digits = NA, auto_unbox = TRUE, pretty = TRUE)
