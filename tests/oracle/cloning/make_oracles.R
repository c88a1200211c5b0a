# Expected values of clone, censor, weight. Run in this folder: Rscript make_oracles.R
# Reads ../weighted/data_jasa.csv (Stanford heart transplants). Writes CSV (17 digits) and
# session_info.txt. Strategies: a transplant within 30 days; none within them, with weights renewed
# on days 10, 20 and 30. Clones are made case by case, weights are by glm, curves and the hazard
# ratio by R's survival package.
library(survival)

cases <- read.csv("../weighted/data_jasa.csv")
grace <- 30
early <- !is.na(cases$waited) & cases$waited <= grace

# rows (entry, time] of one case under a strategy, between the cuts; -1 stands for the start
rows_of <- function(i, strategy, cuts) {
  case <- cases[i, ]
  leaves <- if (strategy == "none") { if (early[i]) case$waited else Inf }
            else if (!early[i] && case$time > grace) grace else Inf
  secured <- if (strategy == "none") grace else if (early[i]) case$waited else Inf
  last <- min(case$time, leaves)
  opens <- c(-1, cuts)
  ends <- c(cuts, Inf)
  reached <- last > opens
  part <- data.frame(id = i, piece = seq_along(ends), entry = opens, time = pmin(last, ends))
  part$event <- case$event == 1 & is.infinite(leaves) & last <= ends
  # asked in the interval: followed into it and beyond its end, and not yet secured
  part$asked <- reached & secured > opens & case$time > ends
  part$deviates <- part$asked & leaves > opens & leaves <= ends
  cbind(part[reached, ], age = case$age, surgery = case$surgery)
}

follow <- function(strategy, cuts) {
  rows <- do.call(rbind, lapply(seq_len(nrow(cases)), rows_of, strategy, cuts))
  asked <- rows[rows$asked, ]
  happens <- tapply(asked$deviates, asked$piece, any)
  asked <- asked[asked$piece %in% names(happens)[happens], ]
  model <- if (sum(happens) > 1) deviates ~ factor(piece) + age + surgery else
    deviates ~ age + surgery
  fit <- glm(model, binomial, asked, control = glm.control(epsilon = 1e-15, maxit = 100))
  rows$stays <- 1
  rows[rownames(asked), "stays"] <- 1 - fitted(fit)
  rows <- rows[order(rows$id, rows$piece), ]
  rows$weight <- ave(rows$stays, rows$id, FUN = function(p) c(1, head(1 / cumprod(p), -1)))
  cbind(rows, strategy = strategy)
}

both <- rbind(follow("none", c(10, 20, 30)), follow("early", 30))
days <- c(20, 90, 365)
curves <- lapply(c("none", "early"), function(name) {
  fit <- survfit(Surv(entry, time, event) ~ 1, both[both$strategy == name, ], weights = weight)
  inside <- fit$time < 365
  area <- sum(diff(c(0, fit$time[inside], 365)) * c(1, fit$surv[inside]))
  data.frame(strategy = name, measure = c(rep("survival", 3), "restricted_mean"),
             day = c(days, 365), value = c(summary(fit, times = days)$surv, area))
})
within <- both[both$entry < 365, ]
within$event <- within$event & within$time <= 365
within$time <- pmin(within$time, 365)
cox <- coxph(Surv(entry, time, event) ~ I(strategy == "early"), within, weights = weight,
             control = coxph.control(eps = 1e-13, toler.chol = 1e-14, iter.max = 60))
ratio <- data.frame(strategy = "early", measure = "hazard_ratio", day = 365,
                    value = unname(exp(coef(cox))))
found <- do.call(rbind, c(curves, list(ratio)))
found$value <- sprintf("%.17g", found$value)
write.csv(found, "estimates.csv", row.names = FALSE, quote = FALSE)
writeLines(c(R.version.string, paste("survival", packageVersion("survival"))), "session_info.txt")
