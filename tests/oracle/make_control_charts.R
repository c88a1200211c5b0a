# Expected values for tests/test_spc.py, by the formulas of qcc and qicharts2 written out in R (neither is
# packaged for Debian). Run in this folder: Rscript make_control_charts.R      Writes control_charts/*.csv (17 digits).
save_csv <- function(table, name) {
  number <- vapply(table, is.double, TRUE)
  table[number] <- lapply(table[number], function(x) ifelse(is.na(x), "", sprintf("%.17g", x)))
  write.csv(table, file.path("control_charts", paste0(name, ".csv")), row.names = FALSE, quote = FALSE, na = "")
}

set.seed(20261121)
n <- c(23, 31, 18, 40, 27, 35, 22, 29, 33, 26, 30, 24, 19, 37, 28, 21)
calm <- rbinom(length(n), n, 0.6)
wild <- rbinom(length(n), n, pmin(pmax(0.6 + rnorm(length(n), 0, 0.25), 0.02), 0.98))

# p-chart and p'-chart (Laney 2002) by a loop over points
chart <- function(name, y, n) {
  pbar <- sum(y) / sum(n)
  s <- sqrt(pbar * (1 - pbar) / n)
  z <- (y / n - pbar) / s
  ranges <- c()
  for (i in 2:length(z)) ranges <- c(ranges, abs(z[i] - z[i - 1]))
  sigma_z <- mean(ranges) / 1.128
  data.frame(set = name, events = y, n = n, centre = pbar,
             lower = pmax(0, pbar - 3 * s), upper = pmin(1, pbar + 3 * s),
             laney_lower = pmax(0, pbar - 3 * s * sigma_z), laney_upper = pmin(1, pbar + 3 * s * sigma_z),
             sigma_z = sigma_z,
             dispersion_p = suppressWarnings(chisq.test(rbind(y, n - y), correct = FALSE)$p.value))
}
save_csv(rbind(chart("calm", calm, n), chart("wild", wild, n)), "p_chart")

# crossings: fewest that chance explains, as in qicharts2 (qbinom(0.05, useful - 1, 0.5))
save_csv(data.frame(useful = 10:60, least = as.numeric(qbinom(0.05, 10:60 - 1, 0.5))), "crossings")

# funnel: exact limits interpolated between counts (Spiegelhalter 2005, A.1.1)
funnel <- function(size, target, prob) {
  r <- qbinom(prob, size, target)
  a <- (pbinom(r, size, target) - prob) / (pbinom(r, size, target) - pbinom(r - 1, size, target))
  (r - a) / size
}
rows <- list()
for (target in c(0.1, 0.62, 0.95)) for (size in c(1, 5, 12, 40, 113, 600)) for (level in c(0.95, 0.998))
  rows[[length(rows) + 1]] <- data.frame(
    target = target, n = size, level = level,
    lower = min(1, max(0, funnel(size, target, (1 - level) / 2))),
    upper = min(1, max(0, funnel(size, target, 1 - (1 - level) / 2))))
save_csv(do.call(rbind, rows), "funnel")

# CUSUM of the log likelihood ratio, by recursion (Steiner 2000)
events <- c(1, 4, 2, 6, 5, 0, 0, 1, 7, 3, 2, 2, 1, 6, 4, 0)
value <- 0; path <- c()
for (i in seq_along(n)) {
  w <- events[i] * log(2 / (1 - 0.1 + 2 * 0.1)) + (n[i] - events[i]) * log(1 / (1 - 0.1 + 2 * 0.1))
  value <- max(0, value + w)
  path <- c(path, value)
}
save_csv(data.frame(events = events, n = n, cusum = path), "cusum")
