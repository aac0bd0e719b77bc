# Generated data with sub-clusters in clusters and what R makes of them. Run in this folder: Rscript nested.R
# Writes nested.csv (11 clusters of 1 to 5 sub-clusters of 1 to 14 rows, four outcomes) nested.json and nested_limits.json.
suppressMessages({
  library(lme4); library(lmerTest); library(pbkrtest); library(jsonlite)
})
set.seed(20251129)
K <- 11
subs <- c(4, 2, 5, 1, 3, 4, 5, 2, 3, 4, 3)
cluster <- rep(seq_len(K), subs)
sub <- unlist(lapply(subs, seq_len))
size <- sample(1:14, length(cluster), TRUE)
at <- rep(seq_along(cluster), size)
d <- data.frame(cluster = sprintf("c%02d", cluster)[at], sub = sub[at], arm = (cluster %% 2)[at])
n <- nrow(d)
z <- rnorm(length(cluster)); x <- rnorm(n, 50, 9)
d$z <- round(z[at], 3); d$x <- round(x, 2)
u <- rnorm(K)[cluster][at]; v <- rnorm(length(cluster))[at]; e <- rnorm(n)
mean <- 2 * d$arm + 0.5 * d$z + 0.05 * d$x
apart <- function(w) w - ave(w, paste(d$cluster, d$sub))
d$both <- round(20 + mean + 1.2 * u + 0.9 * v + 2 * e, 3)
d$inner <- round(20 + mean + 1.5 * (v - ave(v, d$cluster)) + 1.5 * e, 3)
d$outer <- round(20 + mean + 1.5 * u + 2 * apart(e), 3)
d$none <- round(20 + mean + 2 * (e - ave(e, d$cluster)), 3)
write.csv(d, "nested.csv", row.names = FALSE)

tight <- lmerControl(optimizer = "bobyqa", optCtrl = list(rhobeg = 0.2, rhoend = 1e-14, maxfun = 20000))
quiet <- function(x) suppressMessages(suppressWarnings(x))

fit <- function(formula, data, reml = TRUE) quiet(lmerTest::lmer(formula, data, REML = reml, control = tight))
components <- function(m) {
  v <- as.data.frame(VarCorr(m)); as.list(setNames(v$vcov, v$grp))
}
all_terms <- function(m) {
  s <- coef(summary(m)); V <- as.matrix(vcovAdj(m)); b <- fixef(m)
  each <- lapply(seq_along(b), function(i) {
    L <- as.numeric(seq_along(b) == i)
    list(term = names(b)[i], estimate = b[[i]], se = s[i, "Std. Error"], satterthwaite_df = s[i, "df"],
         kr_se = sqrt(V[i, i]), kr_df = get_Lb_ddf(m, L))
  })
  list(terms = each, components = components(m), criterion = REMLcrit(m))
}
contrast <- function(m, L) {
  V <- as.matrix(vcovAdj(m)); s <- lmerTest::contest1D(m, L)
  list(weights = L, estimate = sum(L * fixef(m)), se = s[["Std. Error"]], satterthwaite_df = s[["df"]],
       kr_se = sqrt(as.numeric(t(L) %*% V %*% L)), kr_df = get_Lb_ddf(m, L))
}
of <- function(formula, data, L = NULL) {
  message(format(formula))
  m <- fit(formula, data)
  out <- all_terms(m)
  if (!is.null(L)) out$contrast <- contrast(m, L)
  f <- fit(formula, data, reml = FALSE)
  s <- coef(summary(f))
  out$ml <- list(criterion = as.numeric(-2 * logLik(f)), components = components(f), estimate = as.list(fixef(f)),
                 se = as.list(s[, "Std. Error"]), satterthwaite_df = as.list(s[, "df"]))
  out
}
# 95 % profile limits of each variance under the restricted likelihood, by full matrices and a search at each value
profiled <- function(formula, data, groups) {
  mf <- lm(formula, data); X <- model.matrix(mf); y <- model.response(model.frame(mf))
  Z <- c(list(diag(nrow(X))), lapply(groups, function(g) outer(g, g, "==") + 0))
  deviance <- function(v) {
    V <- Reduce(`+`, Map(`*`, v, Z))
    R <- tryCatch(chol(V), error = function(e) NULL)
    if (is.null(R)) return(1e10)
    A <- backsolve(R, X, transpose = TRUE); b <- backsolve(R, y, transpose = TRUE)
    Q <- qr(A); r <- qr.resid(Q, b)
    2 * sum(log(diag(R))) + 2 * sum(log(abs(diag(qr.R(Q))))) + sum(r^2)
  }
  lowest <- function(fixed, value, start) {
    free <- setdiff(seq_along(start), fixed)
    f <- function(p) { v <- start; v[fixed] <- value; v[free] <- exp(p); deviance(v) }
    o <- optim(log(pmax(start[free], 1e-4)), f, control = list(reltol = 1e-14, maxit = 4000))
    optim(o$par, f, method = "BFGS", control = list(reltol = 1e-15, maxit = 500))$value
  }
  full <- optim(rep(0, length(Z)), function(p) deviance(exp(p)), control = list(reltol = 1e-15, maxit = 9000))
  full <- optim(full$par, function(p) deviance(exp(p)), method = "BFGS", control = list(reltol = 1e-16))
  best <- exp(full$par)
  lapply(seq_along(best), function(k) {
    over <- function(value) lowest(k, value, best) - full$value - qchisq(0.95, 1)
    low <- if (over(1e-12) <= 0) 0 else uniroot(over, c(1e-12, best[k]), tol = 1e-10)$root
    high <- uniroot(over, c(best[k] + 1e-9, (best[k] + 0.01) * 200), tol = 1e-9)$root
    c(low, high)
  })
}
qic <- read.csv("qic_sim.csv"); qic <- qic[!is.na(qic$score), ]
qic$w <- factor(qic$wave); qic$trt <- as.numeric(qic$arm == 1 & qic$wave > 0); qic$cell <- paste(qic$site, qic$wave)
ends <- qic[qic$wave %in% c(0, 3), ]
lone <- read.csv("mscqi_sim_3v1.csv"); lone <- lone[!is.na(lone$score), ]
lone$w <- factor(lone$wave); lone$cell <- paste(lone$site, lone$wave)
out <- list(
  versions = lapply(c(R = "base", lme4 = "lme4", lmerTest = "lmerTest", pbkrtest = "pbkrtest"), function(x) as.character(packageVersion(x))),
  both = of(both ~ arm + z + x + (1 | cluster / sub), d, c(0, 1, -1, 10)),
  inner = of(inner ~ arm + z + x + (1 | cluster / sub), d, c(0, 1, -1, 10)),
  outer = of(outer ~ arm + z + x + (1 | cluster / sub), d, c(0, 1, -1, 10)),
  none = of(none ~ arm + z + x + (1 | cluster / sub), d, c(0, 1, -1, 10)),
  waves = of(score ~ arm + w + (1 | site) + (1 | cell), qic),
  clda = of(score ~ w + trt + (1 | site) + (1 | cell), qic),
  did = of(score ~ arm + w + trt + (1 | site) + (1 | cell), ends),
  lone = of(score ~ arm + w + (1 | site) + (1 | cell), lone),
  one_level = of(both ~ arm + x + (1 | cluster), d)
)
write_json(out, "nested.json", digits = NA, auto_unbox = TRUE, pretty = TRUE)
message("limits")
limits <- list(
  both = profiled(both ~ arm + z + x, d, list(paste(d$cluster, d$sub), d$cluster)),
  inner = profiled(inner ~ arm + z + x, d, list(paste(d$cluster, d$sub), d$cluster)),
  one_level = profiled(both ~ arm + x, d, list(d$cluster)),
  ml_both = quiet({
    m <- lmer(both ~ arm + z + x + (1 | cluster / sub), d, REML = FALSE, control = tight)
    as.data.frame(confint(profile(m, which = "theta_", signames = FALSE, devtol = 1e-6))^2)
  })
)
write_json(limits, "nested_limits.json", digits = NA, pretty = TRUE)
