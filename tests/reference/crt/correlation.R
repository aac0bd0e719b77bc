# Binary intracluster correlations of stratified.csv (relapse): Fleiss & Cuzick's estimate by its formula; the
# logistic model's latent correlation with its profile limits.
# Rscript correlation.R > correlation.json
library(lme4); library(jsonlite)
d <- read.csv("stratified.csv"); d <- d[!is.na(d$relapse), ]
part <- function(rows) {
  y <- tapply(rows$relapse, rows$site, sum); n <- tapply(rows$relapse, rows$site, length)
  N <- sum(n); k <- length(n); p <- sum(y) / N
  list(y = y, n = n, N = N, k = k, pq = p * (1 - p))
}
fleiss.cuzick <- function(groups) {
  expected <- sapply(groups, function(g) (g$N - g$k) * g$pq)
  1 - sum(sapply(groups, function(g) sum(g$y * (g$n - g$y) / g$n))) / sum(expected)
}
latent <- function(formula) {
  fit <- glmer(formula, d, family = binomial, nAGQ = 7,
               control = glmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-9)))
  fun <- update(fit, devFunOnly = TRUE)
  beta <- fixef(fit); sd <- getME(fit, "theta"); best <- fun(c(sd, beta))
  profiled <- function(s) {
    if (length(beta) == 1) return(optimize(function(b) fun(c(s, b)), beta + c(-2, 2), tol = 1e-10)$objective)
    optim(beta, function(b) fun(c(s, b)), method = "BFGS", control = list(reltol = 1e-14))$value
  }
  over <- function(s) profiled(s) - best - qchisq(0.95, 1)
  low <- if (over(0) <= 0) 0 else uniroot(over, c(0, sd), tol = 1e-8)$root
  high <- uniroot(over, c(sd, 5), tol = 1e-8)$root
  rho <- function(s) s^2 / (s^2 + pi^2 / 3)
  list(estimate = rho(unname(sd)), ci = rho(c(low, high)))
}
arms <- split(d, d$arm)
cat(toJSON(list(
  versions = list(R = R.version.string, lme4 = as.character(packageVersion("lme4"))),
  fleiss_cuzick = list(arms = fleiss.cuzick(lapply(arms, part)), whole = fleiss.cuzick(list(part(d)))),
  latent = list(arms = latent(relapse ~ arm + (1 | site)), whole = latent(relapse ~ 1 + (1 | site)))
), digits = NA, auto_unbox = TRUE, pretty = 1), "\n")
