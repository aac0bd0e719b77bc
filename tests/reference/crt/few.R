# Nine clusters (5 against 4) of 5 to 21 rows in two strata with a covariate: what R says of every method, the
# corrections of estimating equations, permutations and the wild bootstrap from full matrices and enumerations.
# Rscript few.R writes few.csv and few.json
suppressMessages({library(lme4); library(lmerTest); library(pbkrtest); library(clubSandwich); library(jsonlite)})
set.seed(20260904)
size <- c(6, 12, 21, 7, 9, 16, 5, 14, 8); arm <- c(0, 1, 0, 1, 0, 1, 0, 1, 0); region <- c(1, 1, 1, 1, 2, 2, 2, 2, 2)
d <- data.frame(site = rep(1:9, size)); d$arm <- arm[d$site]; d$region <- region[d$site]
d$x <- round(rnorm(nrow(d), 50, 8) + 2 * d$site %% 3, 1); u <- rnorm(9)
d$y <- round(20 + 1.5 * d$arm + 0.1 * (d$x - 50) + d$region + 1.6 * u[d$site] + rnorm(nrow(d), 0, 3), 2)
d$met <- rbinom(nrow(d), 1, plogis(0 + 0.6 * d$arm + 0.03 * (d$x - 50) + 0.6 * u[d$site]))
d$years <- round(runif(nrow(d), 0.3, 2), 2)
d$visits <- rpois(nrow(d), d$years * exp(0.2 + 0.3 * d$arm + 0.5 * u[d$site]))
d <- d[order(d$site), ]; write.csv(d, "few.csv", row.names = FALSE); d$region2 <- as.numeric(d$region == 2)
K <- 9; out <- list(versions = list(R = R.version.string, lme4 = as.character(packageVersion("lme4")),
  lmerTest = as.character(packageVersion("lmerTest")), pbkrtest = as.character(packageVersion("pbkrtest")),
  clubSandwich = as.character(packageVersion("clubSandwich"))))
ctl <- lmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-10))
mixed <- function(f) {
  m <- lmer(f, d, control = ctl); s <- coef(summary(m)); k <- coef(summary(m, ddf = "Kenward-Roger"))
  v <- as.data.frame(VarCorr(m))$vcov
  pr <- confint(m, parm = "theta_", method = "profile", oldNames = FALSE, quiet = TRUE)
  list(terms = rownames(s), estimate = s[, 1], se = s[, 2], df = s[, 3], p = s[, 5], kr_se = k[, 2], kr_df = k[, 3],
       kr_p = k[, 5], between = v[1], within = v[2], sd_limits_ml = pr)
}
out$mixed <- mixed(y ~ arm + region2 + x + (1 | site))
out$mixed_binary <- mixed(met ~ arm + region2 + x + (1 | site))
root <- function(m) { e <- eigen(m); e$vectors %*% diag(sqrt(e$values), nrow(m)) %*% solve(e$vectors) }
sandwich <- function(formula, family, offset = rep(0, nrow(d)), corstr = "exchangeable") {
  m <- glm(formula, family = family, d, epsilon = 1e-14); fam <- m$family; X <- model.matrix(m); b <- coef(m); y <- m$y
  alpha <- 0; N <- nrow(X); p <- ncol(X); rows <- split(seq_len(N), d$site)
  for (step in 1:500) { # Fisher scoring with moments over N - p rows and pairs - p pairs, as SAS and R's gee
    eta <- drop(X %*% b) + offset; mu <- fam$linkinv(eta); D <- fam$mu.eta(eta) * X; r <- y - mu
    z <- r / sqrt(fam$variance(mu)); phi <- sum(z^2) / (N - p)
    pairs <- sum(sapply(rows, function(i) choose(length(i), 2)))
    if (corstr == "exchangeable") alpha <- sum(sapply(rows, function(i) (sum(z[i])^2 - sum(z[i]^2)) / 2)) / phi / (pairs - p)
    V <- lapply(rows, function(i) { R <- matrix(alpha, length(i), length(i)); diag(R) <- 1
      w <- sqrt(fam$variance(mu[i])); solve(phi * outer(w, w) * R) })
    A <- Reduce(`+`, Map(function(i, W) t(D[i, , drop = FALSE]) %*% W %*% D[i, , drop = FALSE], rows, V))
    s <- Reduce(`+`, Map(function(i, W) t(D[i, , drop = FALSE]) %*% W %*% r[i], rows, V))
    change <- drop(solve(A, s)); if (max(abs(change)) < 1e-14) break; b <- b + change }
  inv <- lapply(split(seq_along(mu), d$site), function(i) {
    sd <- sqrt(fam$variance(mu[i])); R <- matrix(alpha, length(i), length(i)); diag(R) <- 1
    list(i = i, V = solve(phi * outer(sd, sd) * R)) })
  bread <- solve(Reduce(`+`, lapply(inv, function(c) t(D[c$i, , drop = FALSE]) %*% c$V %*% D[c$i, , drop = FALSE])))
  meat <- function(kind) bread %*% Reduce(`+`, lapply(inv, function(c) {
    Di <- D[c$i, , drop = FALSE]; H <- Di %*% bread %*% t(Di) %*% c$V; I <- diag(length(c$i)); e <- r[c$i]
    if (kind == "KC") e <- solve(root(I - H)) %*% e
    if (kind == "MD") e <- solve(I - H) %*% e
    s <- t(Di) %*% c$V %*% e
    if (kind == "FG") { Q <- t(Di) %*% c$V %*% Di %*% bread; s <- (1 - pmin(0.75, diag(Q)))^-0.5 * s }
    s %*% t(s) })) %*% bread
  se <- sapply(c("LZ", "KC", "MD", "FG"), function(kind) Re(sqrt(diag(meat(kind)))))
  list(terms = names(b), estimate = unname(b), alpha = alpha, phi = phi, se = as.list(as.data.frame(se)),
       df = K - length(b), p = as.list(2 * pt(-abs(b["arm"] / se["arm", ]), K - length(b))))
}
out$gee <- list(gaussian = sandwich(y ~ arm + region2 + x, gaussian), binomial = sandwich(met ~ arm + region2 + x, binomial),
  poisson = sandwich(visits ~ arm + region2 + offset(log(years)), poisson, log(d$years)),
  independence = sandwich(met ~ arm + region2 + x, binomial, corstr = "independence"))
ols <- lm(y ~ arm + region2 + x, d)
out$cr <- lapply(c(CR0 = "CR0", CR1 = "CR1", CR2 = "CR2", CR3 = "CR3"), function(type) {
  t <- coef_test(ols, vcov = type, cluster = d$site, test = "Satterthwaite")
  list(se = t$SE, df = t$df_Satt, p = t$p_Satt, estimate = unname(coef(ols))) })
glmm <- function(f, family, points) {
  m <- glmer(f, d, family = family, nAGQ = points, control = glmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-10)))
  s <- coef(summary(m)); list(estimate = s[, 1], se = s[, 2], p = s[, 4], between = as.data.frame(VarCorr(m))$vcov) }
out$glmm <- list(binomial = glmm(met ~ arm + region2 + x + (1 | site), binomial, 7),
  poisson = glmm(visits ~ arm + region2 + offset(log(years)) + (1 | site), poisson, 7))
site <- d[!duplicated(d$site), c("site", "arm", "region2")]
cluster.lm <- function(values, w = rep(1, 9), strata = TRUE) {
  m <- if (strata) lm(values ~ arm + region2, site, weights = w) else lm(values ~ arm, site, weights = w)
  s <- coef(summary(m))["arm", ]
  list(estimate = s[[1]], se = s[[2]], df = m$df.residual, p = s[[4]], ci = unname(confint(m)["arm", ])) }
mean.of <- function(v) as.vector(tapply(v, d$site, mean)); n <- as.vector(table(d$site))
rate <- as.vector(tapply(d$visits, d$site, sum) / tapply(d$years, d$site, sum))
off <- function(fit) as.vector(tapply(resid(fit, "response"), d$site, mean))
stage.y <- lm(y ~ region2 + x, d); stage.met <- glm(met ~ region2 + x, binomial, d, epsilon = 1e-14)
stage.v <- glm(visits ~ region2 + x + offset(log(years)), poisson, d, epsilon = 1e-14)
sums <- function(v) as.vector(tapply(v, d$site, sum))
out$cluster <- list(unweighted = cluster.lm(mean.of(d$y)), size = cluster.lm(mean.of(d$y), n),
  risk = cluster.lm(mean.of(d$met)), rate = cluster.lm(rate), log_rate = cluster.lm(log(rate)),
  log_risk = cluster.lm(log(mean.of(d$met))), two_stage = cluster.lm(off(stage.y)), two_stage_risk = cluster.lm(off(stage.met)),
  two_stage_log_risk = cluster.lm(log(sums(d$met) / sums(fitted(stage.met)))),
  two_stage_rate = cluster.lm((sums(d$visits) - sums(fitted(stage.v))) / sums(d$years)),
  two_stage_log_rate = cluster.lm(log(sums(d$visits) / sums(fitted(stage.v)))))
halves <- function(v) { # every allocation within strata; p of shifting the effect by delta
  one <- combn(4, 2); two <- combn(5, 2)
  all <- do.call(rbind, lapply(seq_len(ncol(one)), function(i) t(sapply(seq_len(ncol(two)), function(j) {
    a <- numeric(9); a[one[, i]] <- 1; a[4 + two[, j]] <- 1; a }))))
  effect <- function(a, v) unname(coef(lm(v ~ a + site$region2))[2])
  p <- function(delta) { w <- v - delta * site$arm; e <- apply(all, 1, effect, v = w); o <- effect(site$arm, w)
    mean(abs(e) >= abs(o) * (1 - 1e-9)) }
  o <- effect(site$arm, v); grid <- function(a, b) { for (i in 1:60) { m <- (a + b) / 2; if (p(m) > 0.1) a <- m else b <- m }; a }
  list(N = nrow(all), estimate = o, p = p(0), ci90 = c(grid(o, o - 30), grid(o, o + 30))) }
out$permutation <- list(plain = halves(mean.of(d$y)), adjusted = halves(off(stage.y)))
boot <- function() { # restricted wild cluster bootstrap over all 512 vectors of signs
  X <- model.matrix(y ~ arm + region2 + x, d); X0 <- X[, -2]; nn <- nrow(X)
  stat <- function(y) { b <- solve(crossprod(X), crossprod(X, y)); e <- drop(y - X %*% b)
    S <- t(sapply(1:9, function(k) colSums(X[d$site == k, , drop = FALSE] * e[d$site == k])))
    V <- solve(crossprod(X)) %*% crossprod(S) %*% solve(crossprod(X)); b[2] / sqrt(V[2, 2] * 9 / 8 * (nn - 1) / (nn - 4)) }
  f0 <- X0 %*% solve(crossprod(X0), crossprod(X0, d$y)); e0 <- drop(d$y - f0); t0 <- stat(d$y)
  signs <- as.matrix(expand.grid(rep(list(c(-1, 1)), 9)))
  t <- apply(signs, 1, function(s) stat(drop(f0) + e0 * s[d$site])); list(t = t0, p = mean(abs(t) >= abs(t0) * (1 - 1e-9))) }
out$wild <- boot()
write(toJSON(out, digits = NA, auto_unbox = TRUE, pretty = 1), "few.json")
