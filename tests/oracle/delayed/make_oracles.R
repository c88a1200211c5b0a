# Kaplan-Meier with delayed entry (left truncation): R's survfit on data that ship with survival.
# Rscript tests/oracle/delayed/make_oracles.R
library(survival)
args <- commandArgs(FALSE)
setwd(dirname(sub("--file=", "", args[grep("--file=", args)])))
save_csv <- function(frame, name) {
  write.csv(format(frame, digits = 17, trim = TRUE, scientific = FALSE), paste0(name, ".csv"), row.names = FALSE, quote = FALSE)
}
early <- ifelse(seq_len(nrow(lung)) %% 3 == 0, floor(lung$time / 2), -1)
data <- list(heart = with(heart, data.frame(entry = start, time = stop, event = as.integer(event))),
             lung = data.frame(entry = early, time = lung$time, event = as.integer(lung$status == 2)))
rows <- list()
for (name in names(data)) for (kind in c("log-log", "log", "plain")) {
  save_csv(data[[name]], paste0("data_", name))
  fit <- survfit(Surv(entry, time, event) ~ 1, data[[name]], conf.type = kind)
  rows[[length(rows) + 1]] <- data.frame(
    data = name, interval = kind, time_days = fit$time, n_at_risk = fit$n.risk, n_events = fit$n.event,
    survival = fit$surv, std_err = fit$std.err * fit$surv, ci_lower = fit$lower, ci_upper = fit$upper)
}
save_csv(do.call(rbind, rows), "km")
strata <- with(na.omit(lung[c("time", "status", "sex", "inst")]), {
  fit <- coxph(Surv(time, status) ~ sex + cluster(inst))
  stratified <- coxph(Surv(time, status) ~ sex + strata(inst))
  test <- survdiff(Surv(time, status) ~ sex + strata(inst))
  write.csv(format(data.frame(time, event = as.integer(status == 2), sex, inst), digits = 17), "data_lung_sites.csv", row.names = FALSE, quote = FALSE)
  data.frame(what = c("cluster", "strata", "log_rank"),
             ratio = c(exp(coef(fit)), exp(coef(stratified)), NA),
             lower = c(exp(confint(fit)[1]), exp(confint(stratified)[1]), NA),
             upper = c(exp(confint(fit)[2]), exp(confint(stratified)[2]), NA),
             statistic = c(NA, NA, test$chisq))
})
save_csv(strata, "beside")
writeLines(capture.output(sessionInfo()$R.version$version.string, packageVersion("survival")), "session_info.txt")
