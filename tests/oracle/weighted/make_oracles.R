# Expected values for the tests of weighted, clustered and adjusted analyses of survival.
# Run in this folder: Rscript make_oracles.R      Writes CSV (17 digits) and session_info.txt.
# Models and curves are those of R's survival package; other formulas are written out.
library(survival)

save_csv <- function(table, name) {
  number <- vapply(table, is.double, TRUE)
  table[number] <- lapply(table[number], function(x) ifelse(is.na(x), "", sprintf("%.17g", x)))
  write.csv(table, paste0(name, ".csv"), row.names = FALSE, quote = FALSE, na = "")
}
stack <- function(parts) do.call(rbind, parts)

# --- data: with a weight, an entry day, a stratum and a cluster for every row ---------------------
uneven <- function(n) 0.2 + (seq_len(n) * 37) %% 101 / 50
early <- function(time, n = length(time)) floor(time * ((seq_len(n) * 13) %% 7) / 10)
beside <- function(table, cluster, stratum) {
  table$weight <- uneven(nrow(table))
  table$cluster <- cluster
  table$stratum <- stratum
  if (is.null(table$entry)) table$entry <- ifelse(early(table$time) > 0, early(table$time), -1)
  table
}
lung_kept <- na.omit(lung[c("time", "status", "age", "sex", "ph.ecog", "inst")])
pbc_kept <- na.omit(pbc[c("time", "status", "age", "edema", "bili", "albumin", "stage", "trt")])
jasa_kept <- within(jasa, waited <- ifelse(transplant == 1, wait.time, NA))
data <- list(
  lung = with(lung_kept, beside(data.frame(
    time, event = as.integer(status == 2), group = c("m", "f")[sex], age, sex, ecog = ph.ecog),
    inst, ph.ecog > 1)),
  lung_months = with(lung_kept, beside(data.frame(
    time = ceiling(time / 30.4375), event = as.integer(status == 2), group = c("m", "f")[sex],
    age, sex, ecog = ph.ecog), inst, ph.ecog > 1)),
  veteran = with(veteran, beside(data.frame(
    time, event = as.integer(status), group = as.character(celltype), karno, age, trt),
    seq_along(time) %% 31, prior)),
  pbc = with(pbc_kept, beside(data.frame(
    time, event = as.integer(status == 2), group = paste0("arm", trt), age, edema, bili, albumin),
    seq_along(time) %% 50, stage)),
  rotterdam = with(rotterdam, beside(data.frame(
    time = dtime, event = as.integer(death), group = paste0("hormon", hormon), age, nodes, hormon),
    pid %% 200, as.character(size))),
  heart = with(heart, beside(data.frame(
    entry = start, time = stop, event = as.integer(event), group = as.character(transplant),
    age, surgery = as.numeric(surgery), transplant = as.numeric(transplant == "1")), id, year > 3))
)
for (name in names(data)) {
  data[[name]]$stratum <- as.integer(factor(data[[name]]$stratum))
  save_csv(data[[name]], paste0("data_", name))
}
save_csv(with(jasa_kept, data.frame(
  time = futime, event = as.integer(fustat), age, surgery = as.numeric(surgery),
  transplant = as.numeric(transplant), waited)), "data_jasa")

# --- Cox: weights, delayed entry, strata, robust and cluster-robust variance ---------------------
terms <- list(lung = c("age", "sex", "ecog"), lung_months = c("age", "sex", "ecog"),
              veteran = c("karno", "age", "trt"), pbc = c("age", "edema", "bili", "albumin"),
              rotterdam = c("age", "nodes", "hormon"), heart = c("age", "surgery", "transplant"))
exact <- coxph.control(eps = 1e-13, toler.chol = 1e-14, iter.max = 60)
choices <- list(plain = c(), weight = "weight", entry = "entry", strata = "strata",
                cluster = "cluster", weight_robust = c("weight", "robust"),
                weight_cluster = c("weight", "cluster"),
                everything = c("weight", "cluster", "entry", "strata"))
cox <- function(name, chosen) {
  d <- data[[name]]
  left <- if ("entry" %in% chosen || name == "heart") "Surv(entry, time, event)" else "Surv(time, event)"
  right <- c(terms[[name]], if ("strata" %in% chosen) "strata(stratum)")
  d$w <- if ("weight" %in% chosen) d$weight else 1
  d$k <- if ("cluster" %in% chosen) d$cluster else seq_len(nrow(d))
  model <- as.formula(paste(left, "~", paste(right, collapse = "+")))
  sandwich <- any(c("cluster", "robust") %in% chosen)
  if (sandwich) coxph(model, d, weights = w, cluster = k, robust = TRUE, control = exact)
  else coxph(model, d, weights = w, robust = FALSE, control = exact)
}
fits <- list()
for (name in names(terms)) for (choice in names(choices)) {
  fit <- suppressWarnings(cox(name, choices[[choice]]))
  p <- length(coef(fit))
  fits[[length(fits) + 1]] <- data.frame(
    data = name, choice = choice, term = terms[[name]], coefficient = coef(fit),
    std_err = sqrt(diag(vcov(fit))), with_first = vcov(fit)[1, ],
    model_std_err = sqrt(diag(if (is.null(fit$naive.var)) vcov(fit) else fit$naive.var)),
    p = summary(fit)$coefficients[, if (is.null(fit$naive.var)) 5 else 6],
    loglik_null = fit$loglik[1], loglik = fit$loglik[2])
}
save_csv(stack(fits), "cox")

zph <- list()
for (name in c("lung", "pbc", "heart", "rotterdam")) for (transform in c("km", "identity", "rank")) {
  table <- cox.zph(cox(name, "strata"), transform = transform, terms = FALSE, global = TRUE)$table
  zph[[length(zph) + 1]] <- data.frame(data = name, transform = transform, term = rownames(table),
                                       statistic = table[, 1], df = table[, 2], p = table[, 3])
}
save_csv(stack(zph), "zph")

# Stanford heart transplants: as if treated from the start, as treated in time, and landmark
ever <- coxph(Surv(futime, fustat) ~ transplant + age + surgery, jasa, control = exact)
in_time <- coxph(Surv(start, stop, event) ~ transplant + age + surgery, heart, control = exact)
alive <- subset(jasa_kept, futime > 30)
alive$treated <- !is.na(alive$waited) & alive$waited <= 30
landmark <- coxph(Surv(futime, fustat) ~ treated, alive, control = exact)
save_csv(data.frame(
  analysis = c("ever", "in_time", "landmark_30"),
  hazard_ratio = exp(c(coef(ever)[1], coef(in_time)[1], coef(landmark))),
  not_treated = c(NA, NA, sum(!alive$treated)), treated = c(NA, NA, sum(alive$treated))), "heart")

# --- Kaplan-Meier with weights, delayed entry and clusters: robust (infinitesimal jackknife) -----
curve_choices <- list(weight = c("weight"), cluster = c("cluster"),
                      weight_cluster = c("weight", "cluster"), weight_entry = c("weight", "entry"),
                      everything = c("weight", "entry", "cluster"))
curve <- function(name, chosen, ...) {
  d <- data[[name]]
  left <- if ("entry" %in% chosen || name == "heart") "Surv(entry, time, event)" else "Surv(time, event)"
  d$w <- if ("weight" %in% chosen) d$weight else 1
  d$k <- if ("cluster" %in% chosen) d$cluster else seq_len(nrow(d))
  d$row <- seq_len(nrow(d))
  survfit(as.formula(paste(left, "~ 1")), d, weights = w, id = row, cluster = k, robust = TRUE, ...)
}
curves <- list(); means <- list()
for (name in c("lung", "lung_months", "veteran", "heart", "pbc")) for (choice in names(curve_choices))
  for (interval in c("log-log", "plain")) {
    fit <- curve(name, curve_choices[[choice]], conf.type = interval)
    table <- summary(fit, times = unique(fit$time[fit$n.event > 0]))
    key <- data.frame(data = name, choice = choice, interval = interval)
    if (interval == "log-log" || name == "lung")
      curves[[length(curves) + 1]] <- data.frame(key, time = table$time, survival = table$surv,
        std_err = table$std.err, ci_lower = table$lower, ci_upper = table$upper)
  }
save_csv(stack(curves), "km")

# --- restricted means: the influence of each case on the area under the curve --------------------
horizons <- list(lung = c(180, 500), lung_months = 12, veteran = c(90, 300), pbc = 2000)
for (name in names(horizons)) for (horizon in horizons[[name]])
  for (choice in c("plain", "weight", "weight_cluster")) for (group in unique(data[[name]]$group)) {
    chosen <- if (choice == "plain") c() else curve_choices[[choice]]
    d <- data[[name]][data[[name]]$group == group, ]
    d$w <- if ("weight" %in% chosen) d$weight else 1
    fit <- survfit(Surv(time, event) ~ 1, d, weights = w)
    influence <- drop(residuals(fit, times = horizon, type = "rmst")) * d$w
    if ("cluster" %in% chosen) influence <- rowsum(influence, d$cluster)
    area <- function(s) sum(diff(c(0, s$time[s$time <= horizon], horizon)) *
                              c(1, s$surv[s$time <= horizon]))
    # survRM2: Greenwood's sum, weighted with the squared area beyond each death
    at <- fit$time <= horizon
    beyond <- rev(cumsum(rev(diff(c(fit$time[at], horizon)) * fit$surv[at])))
    n <- fit$n.risk[at]; died <- fit$n.event[at]
    greenwood <- sqrt(sum(ifelse(n > died, beyond^2 * died / (n * (n - died)), 0)))
    means[[length(means) + 1]] <- data.frame(
      data = name, group = group, choice = choice, horizon = horizon, estimate = area(fit),
      std_err = sqrt(sum(influence^2)), greenwood = if (choice == "plain") greenwood else NA)
  }
save_csv(stack(means), "rmst")

# --- log-rank: Fleming-Harrington, strata, weights -----------------------------------------------
by_hand <- function(d, rho, gamma, w) {         # Fleming-Harrington; variance of Xie and Liu 2005
  groups <- sort(unique(d$group)); k <- length(groups)
  excess <- numeric(k); variance <- matrix(0, k, k); survival <- 1
  for (t in sort(unique(d$time[d$event == 1]))) {
    at <- d$time >= t; dies <- d$time == t & d$event == 1
    n <- sum(at); e <- sum(dies); share <- sapply(groups, function(g) sum(w[at & d$group == g])) / sum(w[at])
    stress <- survival^rho * (1 - survival)^gamma
    excess <- excess + stress * (sapply(groups, function(g) sum(w[dies & d$group == g])) - share * sum(w[dies]))
    if (n > 1) for (i in which(at)) {
      u <- (groups == d$group[i]) - share
      variance <- variance + stress^2 * e * (n - e) / (n * (n - 1)) * w[i]^2 * outer(u, u)
    }
    survival <- survival * (1 - sum(w[dies]) / sum(w[at]))
  }
  drop(excess[-1] %*% solve(variance[-1, -1]) %*% excess[-1])
}
tests <- list()
add <- function(name, choice, rho, gamma, statistic)
  tests[[length(tests) + 1]] <<- data.frame(data = name, choice = choice, rho = rho, gamma = gamma,
                                            statistic = statistic)
for (name in c("lung", "veteran", "pbc", "rotterdam")) for (rho in c(0, 0.5, 1)) {
  add(name, "plain", rho, 0, survdiff(Surv(time, event) ~ group, data[[name]], rho = rho)$chisq)
  add(name, "strata", rho, 0,
      survdiff(Surv(time, event) ~ group + strata(stratum), data[[name]], rho = rho)$chisq)
}
zero <- within(data$veteran, { time <- pmax(time - 8, 0); group <- paste0("arm", trt) })
save_csv(zero, "data_day_zero")
data$day_zero <- zero
add("day_zero", "plain", 0, 0, survdiff(Surv(time, event) ~ group, zero)$chisq)
for (name in c("lung", "veteran", "day_zero")) for (setting in list(c(0, 0), c(0, 1), c(1, 1), c(0.5, 2))) {
  d <- data[[name]]
  add(name, "plain", setting[1], setting[2], by_hand(d, setting[1], setting[2], rep(1, nrow(d))))
  add(name, "weight", setting[1], setting[2], by_hand(d, setting[1], setting[2], d$weight))
}
save_csv(stack(tests), "logrank")

versions <- c(R.version.string, sapply(c("survival"), function(p) paste(p, packageVersion(p))))
writeLines(versions, "session_info.txt")
