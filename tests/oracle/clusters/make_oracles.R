# Expected values for the tests of delayed entry, clusters and strata through the steps.
# Run in this folder: Rscript make_oracles.R      Writes CSV (17 digits) and session_info.txt.
library(survival)

save_csv <- function(table, name) {
  number <- vapply(table, is.double, TRUE)
  table[number] <- lapply(table[number], function(x) ifelse(is.na(x), "", sprintf("%.17g", x)))
  write.csv(table, paste0(name, ".csv"), row.names = FALSE, quote = FALSE, na = "")
}

# lung: every other patient has a second episode; some come under observation late
d <- na.omit(lung[c("time", "status", "sex", "age", "inst")])
d <- with(d, data.frame(patient = seq_along(time), time, event = as.integer(status == 2),
                        sex = c("male", "female")[sex], age, site = inst))
again <- subset(d, patient %% 2 == 0)
again$time <- pmax(again$time - 20, 3)
d <- rbind(d, again)
d$entry <- ifelse(seq_len(nrow(d)) %% 3 == 0, floor(d$time / 3), 0)
# a failure at half time in the older ones
d$failure <- ifelse(d$age > 65, ceiling(d$time / 2), NA)
save_csv(d, "data_episodes")

d$sex <- factor(d$sex, c("male", "female"))
d$start <- ifelse(d$entry > 0, d$entry, -1)
exact <- coxph.control(eps = 1e-13, toler.chol = 1e-14, iter.max = 60)
rows <- list()
keep <- function(what, fit) {
  half <- qnorm(0.975) * sqrt(diag(vcov(fit)))
  rows[[length(rows) + 1]] <<- data.frame(what, term = sub("sexfemale", "sex", names(coef(fit))),
    ratio = exp(coef(fit)), lower = exp(coef(fit) - half), upper = exp(coef(fit) + half))
}
death <- Surv(d$start, d$time, d$event)
keep("plain", coxph(Surv(time, event) ~ sex, d, control = exact))
keep("cluster", coxph(Surv(time, event) ~ sex, d, cluster = patient, control = exact))
keep("strata", coxph(Surv(time, event) ~ sex + strata(site), d, control = exact))
keep("entry", coxph(death ~ sex, d, control = exact))
keep("all", coxph(death ~ sex + strata(site), d, cluster = patient, control = exact))
keep("adjusted", coxph(Surv(time, event) ~ sex + age, d, control = exact))
keep("adjusted_all", coxph(death ~ sex + age + strata(site), d, cluster = patient, control = exact))
# what comes first: the failure, else the end; who failed before entry was never at risk of it
first <- ifelse(is.na(d$failure), d$time, d$failure)
cause <- ifelse(is.na(d$failure), 2 * d$event, 1)
kept <- d$start < first
for (k in 1:2) keep(paste0("cause_", k), coxph(
  Surv(d$start, first, cause == k)[kept] ~ sex, d[kept, ], cluster = patient, control = exact))
save_csv(do.call(rbind, rows), "ratios")

# incidence of the failure with delayed entry, men: product limit by hand, days of R
men <- kept & d$sex == "male"
days <- sort(unique(first[men & cause > 0]))
free <- 1; incidence <- 0; found <- NULL
for (t in days) {
  n <- sum(d$start[men] < t & first[men] >= t)
  incidence <- incidence + free * sum(first[men] == t & cause[men] == 1) / n
  free <- free * (1 - sum(first[men] == t & cause[men] > 0) / n)
  found <- rbind(found, data.frame(time = t, n_at_risk = n, incidence))
}
save_csv(found[round(seq(1, nrow(found), length.out = 25)), ], "incidence")
writeLines(c(R.version.string, paste("survival", packageVersion("survival"))), "session_info.txt")
