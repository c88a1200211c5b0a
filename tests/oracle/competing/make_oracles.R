# Expected values for the tests of competing risks and of paired tests.
# Run in this folder: Rscript make_oracles.R      Writes CSV (17 digits) and session_info.txt.
library(survival); library(cmprsk); library(etm)

save_csv <- function(table, name) {
  number <- vapply(table, is.double, TRUE)
  table[number] <- lapply(table[number], function(x) ifelse(is.na(x), "", sprintf("%.17g", x)))
  write.csv(table, paste0(name, ".csv"), row.names = FALSE, quote = FALSE, na = "")
}
stack <- function(parts) do.call(rbind, parts)

# --- data: time, cause (0 censored), a group and covariates --------------------------------------
toy <- function(time, cause, group = rep(c("a", "b"), length.out = length(time)))
  data.frame(time = time, cause = cause, group = group)
data <- list(
  mgus2 = with(na.omit(mgus2[c("ptime", "pstat", "futime", "death", "sex", "age", "mspike")]),
    data.frame(time = ifelse(pstat == 1, ptime, futime), cause = ifelse(pstat == 1, 1, 2 * death),
               group = as.character(sex), age, mspike)),
  pbc = with(na.omit(pbc[c("time", "status", "stage", "age", "bili")]), data.frame(
    time, cause = c(0, 2, 1)[status + 1], group = paste0("stage", stage), age, bili)),
  # follow-up in months: many ties of both causes and of censorings
  lung = with(na.omit(lung[c("time", "status", "sex", "age", "ph.ecog")]), data.frame(
    time = ceiling(time / 30.4375), cause = ifelse(status == 1, 0, 1 + (age > 65)),
    group = c("male", "female")[sex], ecog = ph.ecog)),
  veteran = with(veteran, data.frame(
    time, cause = ifelse(status == 0, 0, 1 + (karno < 50)), group = as.character(celltype),
    age = as.numeric(age), prior = prior / 10)),
  tied = toy(c(5, 5, 5, 8, 8, 13, 13, 21, 21, 30, 30, 41), c(1, 2, 0, 1, 2, 1, 1, 0, 2, 1, 1, 2)),
  no_competing = toy(c(1, 2, 2, 3, 5, 8, 8, 9), c(1, 1, 0, 1, 0, 1, 1, 0)),
  last_is_event = toy(c(1, 2, 2, 3, 5, 8), c(1, 2, 0, 1, 2, 1)),
  unequal_end = toy(c(1, 2, 3, 4, 5, 6, 7, 8, 9, 10), c(1, 2, 1, 2, 1, 2, 1, 0, 1, 2),
                    c("a", "b", "a", "a", "b", "a", "b", "b", "b", "b"))
)
for (name in names(data)) save_csv(data[[name]], paste0("data_", name))

# --- incidence: multi-state survfit (every time), cuminc (chosen times) --------------------------
curves <- list(); points <- list(); tests <- list()
for (name in names(data)) {
  d <- data[[name]]
  d$state <- factor(d$cause, 0:2, c("none", "one", "two"))
  for (interval in c("log-log", "log", "plain")) for (level in c(0.95, 0.9)) {
    if (interval != "log-log" && level != 0.95) next
    fit <- survfit(Surv(time, state) ~ 1, d, conf.type = interval, conf.int = level)
    every <- if (length(fit$time) > 60) round(seq(1, length(fit$time), length.out = 40)) else
      seq_along(fit$time)
    for (k in 1:2) curves[[length(curves) + 1]] <- data.frame(
      data = name, interval, level, cause = k, time = fit$time[every],
      n_at_risk = fit$n.risk[every, 1], n_events = fit$n.event[every, k + 1],
      incidence = fit$pstate[every, k + 1], std_err = fit$std.err[every, k + 1],
      lower = fit$lower[every, k + 1], upper = fit$upper[every, k + 1])
  }
  fit <- cuminc(d$time, d$cause)
  times <- sort(unique(d$time[d$cause > 0]))
  if (length(times) > 30) times <- times[round(seq(1, length(times), length.out = 30))]
  at <- timepoints(fit, times)
  for (row in rownames(at$est)) points[[length(points) + 1]] <- data.frame(
    data = name, cause = as.integer(sub("1 ", "", row)), time = times,
    incidence = at$est[row, ], variance = at$var[row, ])
  for (rho in c(0, 1)) {
    table <- cuminc(d$time, d$cause, d$group, rho = rho)$Tests
    tests[[length(tests) + 1]] <- data.frame(
      data = name, rho, cause = as.integer(rownames(table)), statistic = table[, "stat"],
      df = table[, "df"], p = table[, "pv"])
  }
}
save_csv(stack(curves), "incidence")
save_csv(stack(points), "cuminc")
save_csv(stack(tests), "gray")

# --- delayed entry: age as the time scale, variance of etm ---------------------------------------
d <- mgus2[mgus2$futime > 0, ]
late <- data.frame(entry = d$age * 12, time = d$age * 12 + d$futime,
                   cause = ifelse(d$pstat == 1 & d$ptime <= d$futime, 1, 2 * d$death))
save_csv(late, "data_delayed")
wide <- with(late, data.frame(id = seq_along(time), from = 0, to = ifelse(cause == 0, "cens", cause),
                              entry, exit = time))
possible <- matrix(FALSE, 3, 3); possible[1, 2:3] <- TRUE
fit <- etm(wide, c("0", "1", "2"), possible, "cens", s = 0)
every <- round(seq(1, length(fit$time), length.out = 40))
save_csv(stack(lapply(1:2, function(k) data.frame(
  cause = k, time = fit$time[every], incidence = trprob(fit, paste("0", k))[every],
  variance = trcov(fit, paste("0", k))[every]))), "delayed")

# --- Fine-Gray (crr; finegray with coxph) and cause-specific Cox ---------------------------------
terms <- list(mgus2 = c("age", "mspike"), pbc = c("age", "bili"), lung = "ecog",
              veteran = c("age", "prior"))
exact <- coxph.control(eps = 1e-13, toler.chol = 1e-14, iter.max = 60)
# crr stops where the likelihood no longer tells coefficients apart, about 1e-8 from the root of the
# score; one step of Newton's method with its own score and information takes the rest
settled <- function(time, cause, x, k) {
  fit <- crr(time, cause, x, failcode = k, gtol = 1e-14, maxiter = 100)
  score <- colSums(matrix(fit$res, ncol = ncol(x)))
  fit$coef <- fit$coef + drop(fit$invinf %*% score)
  fit
}
fits <- list(); same <- list(); groups <- list()
for (name in names(terms)) for (k in 1:2) {
  d <- data[[name]]; x <- as.matrix(d[terms[[name]]])
  fit <- settled(d$time, d$cause, x, k)
  se <- sqrt(diag(fit$var))
  fits[[length(fits) + 1]] <- data.frame(
    data = name, cause = k, term = terms[[name]], coefficient = fit$coef, std_err = se,
    loglik = fit$loglik, loglik_null = fit$loglik.null)
  levels <- unique(d$group)
  dummies <- sapply(levels[-1], function(level) as.numeric(d$group == level))
  fit <- settled(d$time, d$cause, dummies, k)
  se <- sqrt(diag(as.matrix(fit$var)))
  cox <- coxph(Surv(d$time, d$cause == k) ~ dummies, ties = "efron", control = exact)
  half <- qnorm(0.975) * sqrt(diag(vcov(cox)))
  groups[[length(groups) + 1]] <- data.frame(
    data = name, cause = k, model = rep(c("cause_specific", "fine_gray"), each = length(levels) - 1),
    group = levels[-1], hazard_ratio = exp(c(coef(cox), fit$coef)),
    ci_lower = exp(c(coef(cox) - half, fit$coef - qnorm(0.975) * se)),
    ci_upper = exp(c(coef(cox) + half, fit$coef + qnorm(0.975) * se)))
  # finegray counts a censoring after the events of its day, crr before: the same only without ties
  d$time <- d$time + ifelse(d$cause == 0, 0.01, 0)
  d$state <- factor(d$cause, 0:2); d$id <- seq_len(nrow(d))
  long <- finegray(as.formula(paste("Surv(time, state) ~ id +", paste(terms[[name]], collapse = "+"))),
                   d, etype = as.character(k))
  cox <- coxph(as.formula(paste("Surv(fgstart, fgstop, fgstatus) ~", paste(terms[[name]], collapse = "+"))),
               long, weights = fgwt, ties = "breslow", control = exact)
  same[[length(same) + 1]] <- data.frame(data = name, cause = k, term = terms[[name]],
                                         coefficient = coef(cox))
}
save_csv(stack(fits), "crr"); save_csv(stack(same), "finegray"); save_csv(stack(groups), "hazards")

# --- change between two assessments --------------------------------------------------------------
pairs <- rbind(c(10, 9, 2, 20), c(30, 0, 6, 5), c(1, 5, 5, 1), c(100, 40, 61, 300), c(0, 1, 0, 0))
rows <- apply(pairs, 1, function(n) c(n, binom.test(n[2], n[2] + n[3])$p.value,
  mcnemar.test(matrix(n, 2, byrow = TRUE), correct = FALSE)$statistic))
save_csv(setNames(as.data.frame(t(rows)), c("a", "b", "c", "d", "exact_p", "statistic")), "mcnemar")
squares <- list(three = c(20, 10, 5, 3, 30, 15, 0, 5, 40),
                ais = c(5, 3, 1, 0, 0, 0, 4, 6, 2, 0, 0, 1, 9, 8, 2, 0, 0, 2, 20, 14, 0, 0, 0, 3, 30))
rows <- lapply(names(squares), function(name) {
  k <- sqrt(length(squares[[name]])); n <- matrix(squares[[name]], k, byrow = TRUE)
  d <- (rowSums(n) - colSums(n))[-k]
  v <- (diag(rowSums(n) + colSums(n)) - n - t(n))[-k, -k]
  statistic <- drop(d %*% solve(v) %*% d)
  data.frame(name, counts = paste(squares[[name]], collapse = " "), statistic, df = k - 1,
             p = pchisq(statistic, k - 1, lower.tail = FALSE))
})
save_csv(stack(rows), "stuart_maxwell")

versions <- sapply(c("survival", "cmprsk", "etm"), function(p) paste(p, packageVersion(p)))
writeLines(c(R.version.string, versions), "session_info.txt")
