# Interrupted time series: generated series, and what nlme::gls (AR(1), REML) and sandwich::NeweyWest give for them.
# Rscript interrupted.R   (R 4.2, nlme, sandwich, jsonlite); writes interrupted.csv and interrupted.json beside itself.
library(nlme); library(sandwich); library(jsonlite)
set.seed(20260103)  # from 0 the search for the correlation can end at 1, at a lower likelihood: it starts at 0.5
series <- function(name, n, start, rho, level, slope, sd = 2, season = 0, gaps = integer(0)) {
  e <- as.numeric(arima.sim(list(ar = rho), n)) * sd * sqrt(1 - rho^2)
  t <- seq_len(n)
  y <- 50 + 0.1 * t + level * (t >= start) + slope * pmax(t - start, 0) + season * sin(2 * pi * t / 12) + e
  d <- data.frame(series = name, period = t, value = round(y, 4))
  d[!(t %in% gaps), ]
}
all <- rbind(series("plain", 36, 19, 0.4, 5, 0.3), series("gaps", 40, 21, 0.5, -4, 0, gaps = c(7, 8, 15, 30)),
             series("season", 48, 25, 0.3, 3, -0.2, season = 4), series("short", 16, 9, 0.2, 2, 0.1),
             series("negative", 30, 16, -0.4, 1, 0.2), series("phase", 36, 19, 0.3, 4, 0.1))
write.csv(all, "interrupted.csv", row.names = FALSE)
starts <- c(plain = 19, gaps = 21, season = 25, short = 9, negative = 16, phase = 19)
one <- function(name) {
  d <- all[all$series == name, ]
  s <- starts[[name]]; gap <- if (name == "phase") 3 else 0
  d <- d[!(d$period >= s & d$period < s + gap), ]
  d$time <- d$period; d$after <- as.numeric(d$period >= s + gap); d$since <- pmax(d$period - s - gap, 0)
  f <- value ~ time + after + since
  if (name == "season") { d$sine <- sin(2 * pi * d$period / 12); d$cosine <- cos(2 * pi * d$period / 12)
                          f <- value ~ time + after + since + sine + cosine }
  g <- gls(f, d, correlation = corAR1(0.5, form = ~period), method = "REML",
           control = glsControl(tolerance = 1e-12, msTol = 1e-12, opt = "optim", maxIter = 500, msMaxIter = 500))
  tt <- summary(g)$tTable; ci <- confint(g); p <- nrow(tt)
  q <- qt(0.975, nrow(d) - p)
  w <- as.numeric(colMeans(d[d$after == 1, c("after", "since")]))
  v <- vcov(g)[c("after", "since"), c("after", "since")]
  l <- lm(f, d); nw <- lapply(c(1, 3), function(k) {
    V <- NeweyWest(l, lag = k, prewhite = FALSE, adjust = TRUE)
    list(lag = k, se = as.list(sqrt(diag(V)))) })
  row <- function(k) list(estimate = tt[k, 1], se = tt[k, 2], statistic = tt[k, 3], p_value = tt[k, 4],
                          ci_low = tt[k, 1] - q * tt[k, 2], ci_high = tt[k, 1] + q * tt[k, 2])
  list(n = nrow(d), df = nrow(d) - p, start = s, phase_in = gap,
       rho = as.numeric(coef(g$modelStruct$corStruct, unconstrained = FALSE)), sigma = g$sigma,
       level = row("after"), slope = row("since"), time = row("time"),
       average = list(estimate = sum(w * coef(g)[c("after", "since")]), se = sqrt(as.numeric(t(w) %*% v %*% w))),
       ols = as.list(coef(l)), newey_west = nw)
}
out <- lapply(setNames(names(starts), names(starts)), one)
out$versions <- list(R = R.version.string, nlme = as.character(packageVersion("nlme")), sandwich = as.character(packageVersion("sandwich")))
write_json(out, "interrupted.json", auto_unbox = TRUE, digits = 15, pretty = TRUE)
