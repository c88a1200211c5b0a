# Expected values for the adjusted comparison of arms, from the model of the arms to the curves.
# Run in this folder: Rscript make_oracles.R      Writes CSV (17 digits) and session_info.txt.
# Reads ../weighted/data_rotterdam.csv. Scores by glm, overlap weights by their definition, curves
# and hazard ratio by R's survival package with robust variance.
library(survival)

save_csv <- function(table, name) {
  number <- vapply(table, is.double, TRUE)
  table[number] <- lapply(table[number], function(x) ifelse(is.na(x), "", sprintf("%.17g", x)))
  write.csv(table, paste0(name, ".csv"), row.names = FALSE, quote = FALSE, na = "")
}

cases <- read.csv("../weighted/data_rotterdam.csv")
cases$hormon <- as.integer(cases$group == "hormon1")
scores <- glm(hormon ~ age + nodes, binomial, cases, control = glm.control(epsilon = 1e-15))
p <- fitted(scores)
cases$weight <- ifelse(cases$hormon == 1, 1 - p, p)

exact <- coxph.control(eps = 1e-13, toler.chol = 1e-14, iter.max = 60)
cox <- coxph(Surv(time, event) ~ hormon, cases, weights = weight, robust = TRUE, control = exact)
limits <- exp(coef(cox) + c(-1, 1) * qnorm(0.975) * sqrt(vcov(cox)[1, 1]))
save_csv(data.frame(hazard_ratio = exp(coef(cox)), ci_lower = limits[1], ci_upper = limits[2]),
         "hazards")

curves <- list()
for (group in c("hormon0", "hormon1")) {
  fit <- survfit(Surv(time, event) ~ 1, cases[cases$group == group, ], weights = weight,
                 robust = TRUE, conf.type = "log-log", id = NULL)
  found <- summary(fit, times = c(seq(200, 4000, 200), 365, 1825))
  curves[[group]] <- data.frame(
    group = group, time = found$time, survival = found$surv, std_err = found$std.err,
    ci_lower = found$lower, ci_upper = found$upper)
}
save_csv(do.call(rbind, curves), "curves")

days <- c(365, 1825)
at <- lapply(curves, function(d) d[match(days, d$time), ])
difference <- at$hormon1$survival - at$hormon0$survival
half <- qnorm(0.975) * sqrt(at$hormon1$std_err^2 + at$hormon0$std_err^2)
save_csv(data.frame(time = days, estimate = difference, ci_lower = difference - half,
                    ci_upper = difference + half), "differences")
sums <- tapply(cases$weight, cases$group, sum)
save_csv(data.frame(group = names(sums), effective_n =
  as.vector(sums^2 / tapply(cases$weight^2, cases$group, sum))), "sizes")

versions <- c(R.version.string, sapply(c("survival"), function(p) paste(p, packageVersion(p))))
writeLines(versions, "session_info.txt")
