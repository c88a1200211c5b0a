# Expected values for the tests of chained equations: what mice makes of two of its own data sets.
# Run in this folder: Rscript make_oracles.R      Writes CSV (17 digits) and session_info.txt.
# Imputations are random: estimate is the mean over m of them, between_sd their standard deviation.
suppressPackageStartupMessages(library(mice))

save_csv <- function(table, name) {
  number <- vapply(table, is.double, TRUE)
  table[number] <- lapply(table[number], function(x) ifelse(is.na(x), "", sprintf("%.17g", x)))
  write.csv(table, paste0(name, ".csv"), row.names = FALSE, quote = FALSE, na = "")
}
stack <- function(parts) do.call(rbind, parts)
share <- function(d, name) {
  found <- as.numeric(table(d[[name]])) / nrow(d)
  setNames(found, paste0(name, "_", seq_along(found)))
}
collected <- function(imputed, of, name) {
  found <- t(sapply(seq_len(imputed$m), function(i) of(complete(imputed, i))))
  pooled <- data.frame(data = name, term = colnames(found), estimate = colMeans(found),
                       between_sd = apply(found, 2, sd), m = imputed$m)
  rownames(pooled) <- NULL
  pooled
}

# --- nhanes: 25 persons, numbers only, predictive mean matching throughout ------------------------
of_nhanes <- function(d) {
  fit <- lm(chl ~ age + bmi + hyp, d)
  c(mean_bmi = mean(d$bmi), mean_hyp = mean(d$hyp), mean_chl = mean(d$chl),
    setNames(coef(fit), c("intercept", "age", "bmi", "hyp")))
}
nhanes_done <- mice(nhanes, m = 500, maxit = 10, method = "pmm", seed = 20261121, printFlag = FALSE)
save_csv(nhanes, "data_nhanes")

# --- boys: numbers and levels (polytomous logistic regression) -------------------------------------
# from 8 years on: below, no stage of puberty was recorded, and only the model would speak
kept <- boys[boys$age > 8, c("age", "hgt", "hc", "gen", "phb", "tv", "reg")]
method <- c(age = "", hgt = "pmm", hc = "pmm", gen = "polyreg", phb = "polyreg", tv = "pmm",
            reg = "polyreg")
of_boys <- function(d) {
  fit <- lm(tv ~ age + hgt + hc, d)
  c(mean_hgt = mean(d$hgt), mean_hc = mean(d$hc), mean_tv = mean(d$tv), share(d, "gen"),
    share(d, "phb"), setNames(coef(fit), c("intercept", "age", "hgt", "hc")))
}
boys_done <- mice(kept, m = 60, maxit = 10, method = method, seed = 20261121, printFlag = FALSE)
for (name in c("gen", "phb", "reg")) kept[[name]] <- as.integer(kept[[name]])
save_csv(kept, "data_boys")

save_csv(stack(list(collected(nhanes_done, of_nhanes, "nhanes"),
                    collected(boys_done, of_boys, "boys"))), "completed")

# --- patterns of missing values ---------------------------------------------------------------------
patterns <- md.pattern(nhanes, plot = FALSE)
inner <- patterns[-nrow(patterns), -ncol(patterns)]
save_csv(data.frame(n = as.integer(rownames(patterns)[-nrow(patterns)]), inner), "patterns")

writeLines(c(R.version.string, paste("mice", packageVersion("mice"))), "session_info.txt")
