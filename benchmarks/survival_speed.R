# One analysis of the cases in a file of doubles, column by column: seconds (wall, CPU), then what
# was found.
#     Rscript survival_speed.R cases.bin km days,cause,group
suppressMessages({library(survival); library(cmprsk)})
given <- commandArgs(TRUE)
names <- strsplit(given[3], ",")[[1]]
values <- readBin(given[1], "double", file.size(given[1]) / 8)
d <- as.data.frame(matrix(values, ncol = length(names), dimnames = list(NULL, names)))
d$cause <- as.integer(d$cause)
d$group <- as.integer(d$group)
d$state <- factor(d$cause, 0:2, c("censored", "first", "second"))
model <- Surv(days, cause == 1) ~ treated + age + marker
fit <- if (given[2] == "ph") coxph(model, d)
run <- switch(given[2],
  km = function() survfit(Surv(days, cause > 0) ~ 1, d),
  logrank = function() survdiff(Surv(days, cause > 0) ~ group, d),
  incidence = function() survfit(Surv(days, state) ~ 1, d),
  cuminc = function() cuminc(d$days, d$cause),
  cox = function() coxph(model, d),
  cox_weighted = function() coxph(model, d, weights = weight, robust = TRUE),
  ph = function() cox.zph(fit)
)
estimates <- function(f) c(coef(f), sqrt(diag(vcov(f))))
found <- switch(given[2],
  km = function(f) { s <- summary(f, times = 365); c(s$surv, s$std.err) },
  logrank = function(f) f$chisq,
  incidence = function(f) { s <- summary(f, times = 365); c(s$pstate[2], s$std.err[2]) },
  cuminc = function(f) { s <- timepoints(f, 365); c(s$est[1], sqrt(s$var[1])) },
  cox = estimates,
  cox_weighted = estimates,
  ph = function(f) f$table[, "chisq"]
)
spent <- system.time(f <- run())
cat(format(c(spent[["elapsed"]], spent[["user.self"]] + spent[["sys.self"]], found(f)), digits = 17))
