# Binary intracluster correlations of stratified.csv (relapse): Fleiss & Cuzick's estimate with Zou & Donner's
# standard error, by their formulas; the logistic model's latent correlation with its profile limits.
# Rscript correlation.R > correlation.json
library(lme4); library(jsonlite)
d <- read.csv("stratified.csv"); d <- d[!is.na(d$relapse), ]
part <- function(rows) {
  y <- tapply(rows$relapse, rows$site, sum); n <- tapply(rows$relapse, rows$site, length)
  N <- sum(n); k <- length(n); p <- sum(y) / N
  list(y = y, n = n, N = N, k = k, pq = p * (1 - p))
}
zou.donner <- function(g, rho) {
  with(g, (1 - rho) * ((1 / pq - 6) * sum(1 / n) / (N - k)^2 + (2 * N + 4 * k - k / pq) * k / (N * (N - k)^2) +
    (sum(n^2) / (N^2 * pq) - (3 * N - 2 * k) * (N - 2 * k) * sum(n^2) / (N^2 * (N - k)^2) -
      (2 * N - k) / (N - k)^2) * rho + (4 - 1 / pq) * ((sum(n^2) - N) / N^2) * rho^2))
}
fleiss.cuzick <- function(groups) {
  expected <- sapply(groups, function(g) (g$N - g$k) * g$pq)
  rho <- 1 - sum(sapply(groups, function(g) sum(g$y * (g$n - g$y) / g$n))) / sum(expected)
  se <- sqrt(sum((expected / sum(expected))^2 * sapply(groups, zou.donner, rho = rho)))
  list(estimate = rho, se = se, ci = rho + c(-1, 1) * qnorm(0.975) * se)
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
