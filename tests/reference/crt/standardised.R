# Risks and rates of everybody in either arm, standardised from glmer, by integrate() and the delta method.
# Rscript standardised.R  (R with lme4, numDeriv and jsonlite; writes standardised.json)
suppressMessages({library(lme4); library(numDeriv)})
tight <- glmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-9, maxfun = 1e5))

standardise <- function(model, data, family, years) {
  x <- getME(model, "X")
  sets <- lapply(0:1, function(arm) { s <- x; s[, "arm"] <- arm; s })
  average <- function(parameter, set) {
    sigma <- parameter[1]
    linear <- unique(round(drop(set %*% parameter[-1]), 12))
    share <- tapply(years, match(round(drop(set %*% parameter[-1]), 12), linear), sum) / sum(years)
    inner <- function(eta) if (family == "poisson") exp(eta + sigma^2 / 2) else
      integrate(function(z) plogis(eta + sigma * z) * dnorm(z), -9, 9, rel.tol = 1e-12)$value
    sum(share * sapply(linear, inner))
  }
  risks <- function(p) sapply(sets, function(set) average(p, set))
  at <- c(getME(model, "theta"), fixef(model))
  # deviance of the model in (theta, beta); its Hessian over two is the information
  dev <- update(model, devFunOnly = TRUE)
  information <- hessian(dev, at) / 2
  covariance <- solve(information)
  g <- jacobian(risks, at); r <- risks(at)
  difference <- g[2, ] - g[1, ]; ratio <- g[2, ] / r[2] - g[1, ] / r[1]
  list(control = r[1], treated = r[2], difference = r[2] - r[1],
       se = sqrt(drop(difference %*% covariance %*% difference)),
       ratio = r[2] / r[1], se_log = sqrt(drop(ratio %*% covariance %*% ratio)))
}

stratified <- read.csv("stratified.csv")
stratified$years_one <- 1
ok <- function(name) stratified[complete.cases(stratified[, c(name, "age", "years")]), ]
relapse <- ok("relapse"); visits <- ok("visits")
values <- list(
  relapse = standardise(glmer(relapse ~ arm + region + age + (1 | site), relapse, binomial, nAGQ = 7,
                              control = tight), relapse, "binomial", rep(1, nrow(relapse))),
  visits = standardise(glmer(visits ~ arm + region + offset(log(years)) + (1 | site), visits, poisson, nAGQ = 7,
                             control = tight), visits, "poisson", visits$years),
  versions = list(R = R.version.string, lme4 = as.character(packageVersion("lme4"))))
writeLines(jsonlite::toJSON(values, auto_unbox = TRUE, digits = 15, pretty = TRUE), "standardised.json")
