# Logistic and Poisson models with a random cluster intercept on the generated trials of this folder.
# Rscript glmm.R  (R with lme4 and jsonlite; writes glmm.json)
suppressMessages(library(lme4))
options(digits = 15)
tight <- glmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-9, maxfun = 1e5))

fit <- function(formula, data, family, points) {
  model <- glmer(formula, data, family = family, nAGQ = points, control = tight)
  table <- summary(model)$coefficients
  list(
    formula = deparse(formula), points = points,
    coefficients = as.list(table[, 1]), se = as.list(table[, 2]), p = as.list(table[, 4]),
    between = as.numeric(VarCorr(model)[[1]]), log_likelihood = as.numeric(logLik(model))
  )
}

stratified <- read.csv("stratified.csv")
qic <- subset(read.csv("qic_sim.csv"), wave == 3)
values <- list(versions = list(R = R.version.string, lme4 = as.character(packageVersion("lme4"))))
for (points in c(1, 7, 15)) {
  key <- paste0("points_", points)
  values[[key]] <- list(
    relapse = fit(relapse ~ arm + region + age + (1 | site), stratified, binomial, points),
    visits = fit(visits ~ arm + region + offset(log(years)) + (1 | site), stratified, poisson, points),
    screened = fit(screened ~ arm + (1 | site), qic, binomial, points)
  )
}
writeLines(jsonlite::toJSON(values, auto_unbox = TRUE, digits = 15, pretty = TRUE), "glmm.json")
