# Expected values for tests/test_*.py of the stats room, from R's survival and stats packages.
# Run in this folder: Rscript make_oracles.R      Writes CSV (17 digits) and session_info.txt.
library(survival)

save_csv <- function(table, name) {
  number <- vapply(table, is.double, TRUE)
  table[number] <- lapply(table[number], function(x) ifelse(is.na(x), "", sprintf("%.17g", x)))
  path <- file.path("stats", paste0(name, ".csv"))
  write.csv(table, path, row.names = FALSE, quote = FALSE, na = "")
}
stack <- function(parts) do.call(rbind, parts)

# --- data: one table per set, with time, event and a group ---------------------------------------
edge <- function(time, event, group = "a") data.frame(time = time, event = event, group = group)
two <- function(code) c("male", "female")[code]
data <- list(
  lung = with(lung, data.frame(
    time, event = as.integer(status == 2), group = two(lung$sex),
    age = as.numeric(age), sex = as.numeric(sex), ecog = as.numeric(ph.ecog))),
  veteran = with(veteran, data.frame(
    time, event = as.integer(status), group = as.character(celltype),
    karno = as.numeric(karno), age = as.numeric(age), trt = as.numeric(trt))),
  pbc = with(pbc, data.frame(
    time, event = as.integer(status == 2), group = paste0("stage", stage),
    age = as.numeric(age), edema = as.numeric(edema), bili = as.numeric(bili),
    albumin = as.numeric(albumin))),
  lung_months = with(lung, data.frame(
    time = ceiling(time / 30.4375), event = as.integer(status == 2), group = two(lung$sex),
    age = as.numeric(age), sex = as.numeric(sex), ecog = as.numeric(ph.ecog))),
  lung_reversed = with(lung, data.frame(
    time, event = as.integer(status == 1), group = two(lung$sex))),
  flat_middle = edge(c(10, 20, 55, 60), c(1, 1, 1, 1)),
  flat_censored = edge(c(10, 20, 30, 55, 60), c(1, 1, 0, 1, 0)),
  flat_end = edge(c(10, 20, 55, 60), c(1, 1, 0, 0)),
  twenty = edge(1:20, rep(1, 20)),
  day_zero = edge(c(0, 0, 3, 5, 5, 8), c(1, 0, 1, 1, 0, 1), c("a", "b", "a", "b", "a", "b")),
  tied = edge(c(5, 5, 5, 8, 8, 13, 13, 21), c(1, 1, 0, 1, 0, 1, 1, 0), rep(c("a", "b"), 4)),
  rounding = edge(c(0.1 + 0.2, 0.3, 0.7, 0.8 - 0.1, 1.5), c(1, 1, 1, 0, 1),
                  c("a", "b", "a", "b", "a")),
  no_death_yet = edge(c(2, 4, 6, 8), c(0, 0, 1, 0)),
  one_case = edge(7, 1),
  all_censored = edge(c(3, 6, 9), c(0, 0, 0))
)
data$pbc <- data$pbc[data$pbc$group != "stageNA", ]
for (name in names(data)) save_csv(data[[name]], paste0("data_", name))
save_csv(with(heart, data.frame(
  entry = start, time = stop, event = as.integer(event), age, year,
  transplant = as.numeric(transplant == "1"))), "data_heart")

# --- Kaplan-Meier --------------------------------------------------------------------------------
settings <- expand.grid(interval = c("log-log", "log", "plain"), level = c(0.95, 0.9),
                        stringsAsFactors = FALSE)
curves <- list(); medians <- list(); quartiles <- list(); milestones <- list(); means <- list()
horizons <- list(lung = c(100, 365, 1000), veteran = c(50, 180, 999), pbc = c(365, 2000),
                 lung_months = 12, flat_middle = 50, twenty = 15, tied = 20, day_zero = 7)
for (name in names(data)) for (by in c("all", unique(data[[name]]$group))) for (start in c(0, 30)) {
  chosen <- data[[name]]
  if (by != "all" && length(unique(chosen$group)) == 1) next
  if (by != "all") chosen <- chosen[chosen$group == by, ]
  if (start > 0) {
    if (!name %in% c("lung", "veteran", "pbc")) next
    chosen <- chosen[chosen$time >= start, ]
  }
  for (i in seq_len(nrow(settings))) {
    s <- settings[i, ]
    fit <- survfit(Surv(time, event) ~ 1, chosen, conf.type = s$interval, conf.int = s$level,
                   start.time = if (start > 0) start)
    key <- data.frame(data = name, group = by, start = start, interval = s$interval,
                      level = s$level)
    shown <- s$level == 0.95 && (start == 30 || name == "lung" || s$interval == "log-log")
    if (nrow(chosen) <= 20 || (by == "all" && shown && name %in% c("lung", "veteran")))
      curves[[length(curves) + 1]] <- data.frame(
        key, time = fit$time, n_at_risk = fit$n.risk, n_events = fit$n.event,
        n_censored = fit$n.censor, survival = fit$surv, ci_lower = fit$lower,
        ci_upper = fit$upper, relative_error = fit$std.err)
    table <- summary(fit)$table
    medians[[length(medians) + 1]] <- data.frame(key, estimate = table[7], lower = table[8],
                                                 upper = table[9])
    if (name %in% c("lung", "veteran", "pbc", "twenty")) {
      q <- quantile(fit, c(0.25, 0.75))
      quartiles[[length(quartiles) + 1]] <- data.frame(
        key, probability = c(0.25, 0.75), estimate = q$quantile, lower = q$lower, upper = q$upper)
      at <- c(10, 30, 90, 180, 365, 730)
      at <- summary(fit, times = at[at >= start & at <= max(fit$time)])
      milestones[[length(milestones) + 1]] <- data.frame(
        key, time = at$time, n_at_risk = at$n.risk, survival = at$surv, ci_lower = at$lower,
        ci_upper = at$upper)
    }
    if (i == 1) for (horizon in horizons[[name]]) {
      # R answers neither before the first time nor, as an error of ours, beyond the last
      if (horizon < min(fit$time) || (horizon > max(fit$time) && min(fit$surv) > 0)) next
      table <- summary(fit, rmean = horizon)$table
      means[[length(means) + 1]] <- data.frame(key[1:3], horizon = horizon, rmst = table[5],
                                               std_err = table[6])
    }
  }
}
save_csv(stack(curves), "km")
save_csv(stack(medians), "medians")
save_csv(stack(quartiles), "quartiles")
save_csv(stack(milestones), "milestones")
save_csv(stack(means), "rmst")

# --- log-rank ------------------------------------------------------------------------------------
tests <- list()
for (name in c("lung", "veteran", "pbc", "lung_months", "day_zero", "tied", "rounding")) {
  test <- survdiff(Surv(time, event) ~ group, data[[name]])
  df <- length(test$n) - 1
  tests[[name]] <- data.frame(data = name, statistic = test$chisq, df = df,
                              p = pchisq(test$chisq, df, lower.tail = FALSE))
}
save_csv(stack(tests), "logrank")

# --- Cox and the test of proportionality ---------------------------------------------------------
models <- list(
  lung = c("age", "sex", "ecog"), veteran = c("karno", "age", "trt"),
  pbc = c("age", "edema", "bili", "albumin"), lung_months = c("age", "sex", "ecog"),
  heart = c("age", "year", "transplant")
)
data$heart <- read.csv("stats/data_heart.csv")
exact <- coxph.control(eps = 1e-12, toler.chol = 1e-13, iter.max = 60)
fits <- list(); zph <- list()
for (name in names(models)) {
  terms <- models[[name]]
  left <- if (name == "heart") "Surv(entry, time, event)" else "Surv(time, event)"
  model <- as.formula(paste(left, "~", paste(terms, collapse = "+")))
  fit <- coxph(model, data[[name]], ties = "efron", control = exact)
  fits[[name]] <- data.frame(
    data = name, term = terms, coefficient = coef(fit), std_err = sqrt(diag(vcov(fit))),
    lower = exp(confint(fit))[, 1], upper = exp(confint(fit))[, 2],
    p = summary(fit)$coefficients[, 5], loglik_null = fit$loglik[1], loglik = fit$loglik[2])
  for (transform in c("km", "identity", "log", "rank")) {
    if (transform == "log" && min(data[[name]]$time) <= 0) next
    table <- cox.zph(fit, transform = transform, terms = FALSE, global = TRUE)$table
    zph[[length(zph) + 1]] <- data.frame(data = name, transform = transform,
      term = c(terms, "global"), statistic = table[, 1], df = table[, 2], p = table[, 3])
  }
}
save_csv(stack(fits), "cox"); save_csv(stack(zph), "zph")

groups <- list()
for (name in c("lung", "veteran", "pbc")) {
  chosen <- data[[name]]
  chosen$group <- factor(chosen$group, unique(chosen$group))
  fit <- coxph(Surv(time, event) ~ group, chosen, ties = "efron", control = exact)
  table <- cox.zph(fit, terms = FALSE)$table
  k <- nlevels(chosen$group)
  groups[[name]] <- data.frame(
    data = name, group = c(levels(chosen$group)[-1], "global"),
    hazard_ratio = c(exp(coef(fit)), NA), ci_lower = c(exp(confint(fit))[, 1], NA),
    ci_upper = c(exp(confint(fit))[, 2], NA), p = c(summary(fit)$coefficients[, 5], NA),
    ph_p = table[, 3])
}
save_csv(stack(groups), "hazards")

# --- proportions and tables of counts ------------------------------------------------------------
grid <- expand.grid(successes = c(0, 1, 5, 9, 10, 43, 69), n = c(1, 10, 69, 1000),
                    level = c(0.9, 0.95, 0.99))
grid <- grid[grid$successes <= grid$n, ]
interval <- function(i, f) f(grid$successes[i], grid$n[i], conf.level = grid$level[i])$conf.int
score <- function(...) suppressWarnings(prop.test(..., correct = FALSE))
rows <- seq_len(nrow(grid))
save_csv(data.frame(
  grid, wilson_lower = sapply(rows, function(i) interval(i, score)[1]),
  wilson_upper = sapply(rows, function(i) interval(i, score)[2]),
  exact_lower = sapply(rows, function(i) interval(i, binom.test)[1]),
  exact_upper = sapply(rows, function(i) interval(i, binom.test)[2])), "binomial")

counts <- rbind(c(42, 8, 29, 22), c(32, 2, 26, 9), c(10, 6, 3, 13), c(3, 0, 1, 4), c(0, 5, 5, 0),
                c(12, 12, 12, 12), c(1, 99, 7, 93), c(500, 300, 420, 410))
rows <- apply(counts, 1, function(n) {
  table <- matrix(n, 2, byrow = TRUE)
  test <- suppressWarnings(chisq.test(table, correct = FALSE))
  c(n, fisher.test(table)$p.value, test$statistic, test$p.value)
})
columns <- c("a", "b", "c", "d", "fisher_p", "chi_square", "chi_square_p")
save_csv(setNames(as.data.frame(t(rows)), columns), "tables")

strata <- list(patchell = c(32, 2, 26, 9, 10, 6, 3, 13),
               three = c(5, 3, 2, 9, 12, 4, 8, 8, 1, 6, 2, 7),
               with_zero = c(4, 0, 3, 5, 6, 2, 1, 7))
rows <- lapply(names(strata), function(name) {
  tables <- aperm(array(strata[[name]], c(2, 2, length(strata[[name]]) / 4)), c(2, 1, 3))
  test <- mantelhaen.test(tables, correct = FALSE)
  data.frame(name = name, counts = paste(strata[[name]], collapse = " "),
             statistic = test$statistic, p = test$p.value, odds_ratio = test$estimate,
             lower = test$conf.int[1], upper = test$conf.int[2])
})
save_csv(stack(rows), "strata")

# --- Table 1 -------------------------------------------------------------------------------------
rows <- list()
for (by in c("all", "male", "female")) for (name in c("age", "ecog")) {
  x <- data$lung[by == "all" | data$lung$group == by, name]
  q <- quantile(x, c(0.5, 0.25, 0.75), na.rm = TRUE)
  rows[[length(rows) + 1]] <- data.frame(
    group = by, variable = name, n = as.integer(sum(!is.na(x))),
    missing = as.integer(sum(is.na(x))), mean = mean(x, na.rm = TRUE), sd = sd(x, na.rm = TRUE),
    median = q[1], lower_quartile = q[2], upper_quartile = q[3])
}
save_csv(stack(rows), "table_one")

smd_number <- function(x, y) abs(mean(x) - mean(y)) / sqrt((var(x) + var(y)) / 2)
smd_levels <- function(x, y) {          # Yang and Dalton 2012
  levels <- sort(unique(c(x, y)))[-1]
  p <- sapply(levels, function(l) mean(x == l))
  q <- sapply(levels, function(l) mean(y == l))
  spread <- function(p) diag(p, length(p)) - outer(p, p)
  sqrt(drop(mahalanobis(p, q, (spread(p) + spread(q)) / 2)))
}
known <- function(x) x[!is.na(x)]
of <- function(set, group, name) known(data[[set]][data[[set]]$group == group, name])
save_csv(data.frame(
  data = c("lung", "lung", "lung", "veteran"), column = c("age", "ecog", "ecog", "trt"),
  kind = c("number", "number", "category", "category"),
  first = c("male", "male", "male", "squamous"),
  second = c("female", "female", "female", "large"),
  smd = c(smd_number(of("lung", "male", "age"), of("lung", "female", "age")),
          smd_number(of("lung", "male", "ecog"), of("lung", "female", "ecog")),
          smd_levels(of("lung", "male", "ecog"), of("lung", "female", "ecog")),
          smd_levels(of("veteran", "squamous", "trt"), of("veteran", "large", "trt")))), "smd")

versions <- c(R.version.string, paste("survival", packageVersion("survival")))
writeLines(versions, "stats/session_info.txt")
