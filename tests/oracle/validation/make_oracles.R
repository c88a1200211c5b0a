# Expected values for the tests of discrimination, calibration and reliability.
# Run in this folder: Rscript make_oracles.R      Writes CSV (17 digits) and session_info.txt.
# Concordance is that of R's survival package; the rest are the published formulas, written out.
library(survival)

save_csv <- function(table, name) {
  number <- vapply(table, is.double, TRUE)
  table[number] <- lapply(table[number], function(x) ifelse(is.na(x), "", sprintf("%.17g", x)))
  write.csv(table, paste0(name, ".csv"), row.names = FALSE, quote = FALSE, na = "")
}
stack <- function(parts) do.call(rbind, parts)

# --- data: time, event and scores (higher: expected to die earlier) ------------------------------
whole <- na.omit(lung[c("time", "status", "ph.ecog", "age", "ph.karno")])
data <- list(
  lung = with(whole, data.frame(time, event = as.integer(status == 2), risk = ph.ecog,
                                other = -ph.karno)),
  veteran = with(veteran, data.frame(time, event = as.integer(status), risk = -karno,
                                     other = age)),
  pbc = with(na.omit(pbc[c("time", "status", "bili", "albumin")]),
             data.frame(time, event = as.integer(status == 2), risk = bili, other = -albumin)),
  months = with(whole, data.frame(time = ceiling(time / 30.4375),
                                  event = as.integer(status == 2), risk = ph.ecog, other = age)),
  tied = data.frame(time = c(5, 5, 5, 8, 8, 13, 13, 21, 21, 30),
                    event = c(1, 1, 0, 1, 0, 1, 1, 0, 1, 0),
                    risk = c(3, 2, 2, 1, 3, 2, 0, 1, 1, 0),
                    other = c(1, 2, 3, 4, 5, 6, 7, 8, 9, 10)),
  rounding = data.frame(time = c(0.1 + 0.2, 0.3, 0.7, 0.8 - 0.1, 1.5), event = c(1, 1, 1, 0, 1),
                        risk = c(2, 1, 2, 0, 1), other = c(1, 2, 1, 2, 3)))
for (name in names(data)) save_csv(data[[name]], paste0("data_", name))

# --- Harrell and Uno -----------------------------------------------------------------------------
horizons <- list(lung = c(180, 365), veteran = c(90, 365), pbc = 1826, months = c(6, 12),
                 tied = c(8, 13), rounding = 0.7)
found <- list(); differences <- list()
for (name in names(data)) for (timewt in c("n", "n/G2")) for (tau in c(NA, horizons[[name]])) {
  fits <- lapply(c("risk", "other"), function(score) concordance(
    as.formula(paste("Surv(time, event) ~", score)), data[[name]], reverse = TRUE,
    timewt = timewt, ymax = if (!is.na(tau)) tau, influence = 1))
  method <- c(n = "harrell", "n/G2" = "uno")[[timewt]]
  key <- data.frame(data = name, method = method, tau = tau)
  for (i in 1:2) found[[length(found) + 1]] <- data.frame(
    key, score = c("risk", "other")[i], c = fits[[i]]$concordance, std_err = sqrt(fits[[i]]$var),
    concordant = fits[[i]]$count[[1]], discordant = fits[[i]]$count[[2]],
    tied = fits[[i]]$count[[3]])
  differences[[length(differences) + 1]] <- data.frame(
    key, difference = fits[[1]]$concordance - fits[[2]]$concordance,
    std_err = sqrt(sum((fits[[1]]$dfbeta - fits[[2]]$dfbeta)^2)))
}
save_csv(stack(found), "concordance"); save_csv(stack(differences), "differences")

# --- Brier score and calibration of a predicted probability --------------------------------------
# A model from nowhere, wrong on purpose: the probability of being alive on the horizon.
predicted <- list(
  lung = function(day) with(data$lung, round(exp(-day / 500 * exp(0.5 * (risk - 1))), 3)),
  veteran = function(day) with(data$veteran, round(exp(-day / 150 * exp(-0.03 * (-risk - 60))), 3)),
  months = function(day) with(data$months, round(exp(-day / 14 * exp(0.03 * (other - 60))), 3)))
days <- list(lung = c(90, 180, 365), veteran = c(90, 180, 365), months = c(3, 6, 12))
cases <- list(); rows <- list()
for (name in names(predicted)) for (day in days[[name]]) {
  d <- data[[name]]
  alive <- pmin(pmax(predicted[[name]](day), 0.001), 0.999)
  # censorings are the events; deaths of the same day are moved ahead of them
  censoring <- survfit(Surv(time - 0.25 * event, 1 - event) ~ 1, d)
  before <- function(t) c(1, censoring$surv)[findInterval(t, censoring$time, left.open = TRUE) + 1]
  dead <- d$event == 1 & d$time <= day
  known <- dead | d$time >= day
  weight <- ifelse(known, 1 / before(pmin(d$time, day) - 0.25 * dead), 0)
  km <- summary(survfit(Surv(time, event) ~ 1, d), times = day)$surv
  brier <- sum(weight * (1 - dead - alive)^2) / nrow(d)
  null <- sum(weight * (1 - dead - km)^2) / nrow(d)
  lp <- qlogis(1 - alive)
  exact <- glm.control(epsilon = 1e-14, maxit = 100)
  large <- glm(dead ~ 1, quasibinomial, offset = lp, weights = weight, control = exact)
  slope <- glm(dead ~ lp, quasibinomial, weights = weight, control = exact)
  cases[[length(cases) + 1]] <- data.frame(data = name, horizon = day, predicted = alive)
  rows[[length(rows) + 1]] <- data.frame(
    data = name, horizon = day, events = sum(dead), brier, brier_null = null,
    brier_scaled = 1 - brier / null, observed_expected = (1 - km) / mean(1 - alive),
    in_the_large = coef(large)[[1]], slope = coef(slope)[[2]])
}
save_csv(stack(cases), "predicted"); save_csv(stack(rows), "horizons")

# --- survival by band ----------------------------------------------------------------------------
rows <- list()
for (level in c(0.95, 0.9)) for (band in 0:2) {
  fit <- survfit(Surv(time, event) ~ 1, data$lung[data$lung$risk == band, ],
                 conf.type = "log-log", conf.int = level)
  at <- summary(fit, times = c(90, 180, 365))
  rows[[length(rows) + 1]] <- data.frame(
    level, band = as.character(band), time = at$time, n = fit$n, n_at_risk = at$n.risk,
    events = cumsum(at$n.event), observed = at$surv, ci_lower = at$lower, ci_upper = at$upper)
}
save_csv(stack(rows), "bands")

# --- weighted kappa: Fleiss, Cohen and Everitt 1969, as psych::cohen.kappa -----------------------
tables <- list(three = c(44, 7, 9, 5, 20, 5, 1, 3, 6), two = c(20, 10, 5, 15),
               four = c(11, 3, 0, 0, 2, 9, 4, 1, 0, 3, 8, 2, 0, 0, 1, 12),
               against = c(0, 2, 9, 1, 3, 1, 8, 2, 0), gap = c(8, 0, 2, 0, 0, 0, 1, 0, 9))
rows <- list()
for (name in names(tables)) for (power in 1:2) for (level in c(0.95, 0.9)) {
  k <- sqrt(length(tables[[name]])); n <- sum(tables[[name]])
  p <- matrix(tables[[name]] / n, k)
  w <- 1 - (abs(row(p) - col(p)) / (k - 1))^power
  by_chance <- sum(w * outer(rowSums(p), colSums(p)))
  kappa <- (sum(w * p) - by_chance) / (1 - by_chance)
  row_w <- as.vector(w %*% colSums(p)); col_w <- as.vector(rowSums(p) %*% w)
  inner <- 0
  for (i in 1:k) for (j in 1:k)
    inner <- inner + p[i, j] * (w[i, j] - (row_w[i] + col_w[j]) * (1 - kappa))^2
  variance <- (inner - (kappa - by_chance * (1 - kappa))^2) / (n * (1 - by_chance)^2)
  half <- qnorm(1 - (1 - level) / 2) * sqrt(variance)
  rows[[length(rows) + 1]] <- data.frame(
    table = name, counts = paste(t(matrix(tables[[name]], k)), collapse = " "), power, level,
    kappa, lower = max(kappa - half, -1), upper = min(kappa + half, 1))
}
save_csv(stack(rows), "kappa")

# --- ICC: mean squares by aov, intervals of Shrout and Fleiss 1979 -------------------------------
ratings <- list(
  shrout_fleiss = rbind(c(9, 2, 5, 8), c(6, 1, 3, 2), c(8, 4, 6, 8), c(7, 1, 2, 6),
                        c(10, 5, 6, 9), c(6, 2, 4, 7)),
  pairs = rbind(c(4, 5), c(7, 7), c(12, 11), c(9, 9), c(15, 13), c(3, 5), c(8, 7), c(10, 12),
                c(6, 6), c(13, 14), c(11, 9), c(7, 8)),
  unrelated = rbind(c(1, 4), c(2, 1), c(3, 3), c(4, 2), c(5, 3)))
rows <- list()
for (name in names(ratings)) for (level in c(0.95, 0.9)) {
  x <- ratings[[name]]; n <- nrow(x); k <- ncol(x); tail <- (1 - level) / 2
  long <- data.frame(score = as.vector(x), case = factor(row(x)), rater = factor(col(x)))
  ms <- summary(aov(score ~ case + rater, long))[[1]][["Mean Sq"]]
  b <- ms[1]; j <- ms[2]; e <- ms[3]
  two <- (b - e) / (b + (k - 1) * e + k * (j - e) / n)
  f <- j / e
  v <- (k - 1) * (n - 1) * (k * two * f + n * (1 + (k - 1) * two) - k * two)^2 /
    ((n - 1) * k^2 * two^2 * f^2 + (n * (1 + (k - 1) * two) - k * two)^2)
  fu <- qf(1 - tail, n - 1, v); fl <- qf(1 - tail, v, n - 1)
  rest <- k * j + (k * n - k - n) * e
  low <- b / e / qf(1 - tail, n - 1, (n - 1) * (k - 1))
  high <- b / e * qf(1 - tail, (n - 1) * (k - 1), n - 1)
  rows[[length(rows) + 1]] <- data.frame(
    ratings = name, values = paste(t(x), collapse = " "), k = as.integer(k), level,
    kind = 2:3, icc = c(two, (b - e) / (b + (k - 1) * e)),
    lower = c(n * (b - fu * e) / (fu * rest + n * b), (low - 1) / (low + k - 1)),
    upper = c(n * (fl * b - e) / (rest + n * fl * b), (high - 1) / (high + k - 1)))
}
save_csv(stack(rows), "icc")

# --- Bland and Altman 1999 -----------------------------------------------------------------------
rows <- list()
for (name in c("pairs", "unrelated")) for (level in c(0.95, 0.9)) for (coverage in c(0.95, 0.8)) {
  d <- ratings[[name]][, 1] - ratings[[name]][, 2]
  n <- length(d); z <- qnorm((1 + coverage) / 2); t <- qt((1 + level) / 2, n - 1)
  of_limit <- t * sd(d) * sqrt(1 / n + z^2 / (2 * (n - 1)))
  bias <- t.test(d, conf.level = level)
  at <- mean(d) + c(-1, 1) * z * sd(d)
  rows[[length(rows) + 1]] <- data.frame(
    ratings = name, level, coverage, what = c("bias", "lower_limit", "upper_limit"),
    estimate = c(mean(d), at), lower = c(bias$conf.int[1], at - of_limit),
    upper = c(bias$conf.int[2], at + of_limit))
}
save_csv(stack(rows), "bland_altman")

versions <- c(R.version.string, paste("survival", packageVersion("survival")))
writeLines(versions, "session_info.txt")
