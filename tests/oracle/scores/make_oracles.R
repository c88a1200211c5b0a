# Expected values for weighted estimates whose propensity scores count as estimated.
# Run in this folder: Rscript make_oracles.R      Writes CSV (17 digits) and session_info.txt.
# Packages survival and numDeriv; data of ../adjusted and ../weighted.
#
# means.csv  weighted means by stacked estimating equations (scores, shares of the arms, means), bread by
#            numDeriv::jacobian: the sandwich of Lunceford and Davidian 2004 and of R's PSweight
# perturbed.csv  infinitesimal jackknife: every case in turn gets a weight of 1 + h and 1 - h, with which
#            scores, weights and estimate are fitted again; sum of the squared derivatives
suppressMessages({ library(survival); library(numDeriv) })

save_csv <- function(table, name) {
  number <- vapply(table, is.double, TRUE)
  table[number] <- lapply(table[number], function(x) ifelse(is.na(x), "", sprintf("%.17g", x)))
  write.csv(table, paste0(name, ".csv"), row.names = FALSE, quote = FALSE, na = "")
}

# --- scores by Newton steps, counts as weights ----------------------------------------------------
softmax <- function(X, b) { e <- exp(cbind(0, X %*% b)); e / rowSums(e) }
scores <- function(X, arm, count, b) {                # b: columns are the arms but the first
  k <- ncol(b); p <- ncol(X); Y <- outer(arm, seq_len(k) + 1, "==") + 0
  for (step in 1:100) {
    e <- softmax(X, b)[, -1, drop = FALSE]
    gradient <- crossprod(X, count * (Y - e)); information <- matrix(0, k * p, k * p)
    for (i in seq_len(k)) for (j in seq_len(k)) {
      v <- count * e[, i] * ((i == j) - e[, j])
      information[(i - 1) * p + 1:p, (j - 1) * p + 1:p] <- crossprod(X, v * X)
    }
    move <- solve(information, c(gradient)); b <- b + matrix(move, p)
    if (max(abs(move)) < 1e-13) break
  }
  b
}
weights_of <- function(e, arm, target, focal, share) {
  own <- e[cbind(seq_along(arm), arm)]
  switch(target, overlap = 1 / rowSums(1 / e) / own, ate = share[arm] / own, att = e[, focal] / own)
}
matrix_of <- function(d, names) cbind(1, scale(as.matrix(d[names])))

# --- weighted means: stacked equations ------------------------------------------------------------
lalonde <- read.csv("../adjusted/data_lalonde.csv")
columns <- c("age", "educ", "married", "nodegree", "re74", "re75")
stacked <- function(by, target, focal) {
  arm <- as.integer(factor(lalonde[[by]])); k <- max(arm)
  X <- matrix_of(lalonde, columns); p <- ncol(X); n <- nrow(X); y <- lalonde$re78
  b <- scores(X, arm, rep(1, n), matrix(0, p, k - 1)); q <- length(b)
  share <- tabulate(arm) / n; indicator <- outer(arm, 1:k, "==") + 0
  w <- weights_of(softmax(X, b), arm, target, focal, share)
  mu <- colSums(indicator * w * y) / colSums(indicator * w)
  equations <- function(theta) {
    e <- softmax(X, matrix(theta[1:q], p)); s <- theta[q + 1:k]; m <- theta[q + k + 1:k]
    w <- weights_of(e, arm, target, focal, s)
    of_scores <- do.call(cbind, lapply(2:k, function(l) (indicator[, l] - e[, l]) * X))
    cbind(of_scores, t(t(indicator) - s), indicator * w * outer(y, m, "-"))
  }
  theta <- c(b, share, mu)
  bread <- solve(jacobian(function(t) colSums(equations(t)), theta))
  V <- bread %*% crossprod(equations(theta)) %*% t(bread)
  means <- q + k + 1:k; differ <- cbind(-1, diag(k - 1))
  data.frame(by, target, arm = levels(factor(lalonde[[by]])), mean = mu, std_err = sqrt(diag(V)[means]),
             difference = c(NA, differ %*% mu),
             difference_std_err = c(NA, sqrt(diag(differ %*% V[means, means] %*% t(differ)))))
}
# --- jackknife of hazard ratios and curves --------------------------------------------------------
veteran_cases <- read.csv("../weighted/data_veteran.csv")
veteran_cases$two <- ifelse(veteran_cases$group %in% c("large", "squamous"), "slow", "fast")
restricted <- function(time, event, w, horizon) {
  fit <- survfit(Surv(time, event) ~ 1, weights = w)
  days <- c(0, fit$time[fit$time < horizon], horizon)
  sum(diff(days) * c(1, fit$surv[fit$time < horizon]))
}
on_day <- function(time, event, w, day) summary(survfit(Surv(time, event) ~ 1, weights = w), day)$surv
jackknife <- function(estimate, n, h = 1e-4) {
  slopes <- sapply(seq_len(n), function(i) {
    at <- function(by) { count <- rep(1, n); count[i] <- 1 + by; estimate(count) }
    (at(h) - at(-h)) / (2 * h)
  })
  matrix(slopes, ncol = n)
}
perturbed <- function(by, target, focal, stratified) {
  d <- veteran_cases; arm <- as.integer(factor(d[[by]])); k <- max(arm); n <- nrow(d)
  X <- matrix_of(d, c("karno", "age", "trt")); start <- scores(X, arm, rep(1, n), matrix(0, ncol(X), k - 1))
  weighted <- function(count) {
    share <- as.numeric(tapply(count, arm, sum)) / sum(count)
    count * weights_of(softmax(X, scores(X, arm, count, start)), arm, target, focal, share)
  }
  d$arm <- factor(arm)
  estimate <- function(count) {
    d$w <- weighted(count)
    model <- if (stratified) Surv(time, event) ~ arm + strata(stratum) else Surv(time, event) ~ arm
    fit <- coxph(model, d, weights = w, ties = "efron", control = coxph.control(eps = 1e-12, toler.chol = 1e-14, iter.max = 50))
    each <- function(f, at) sapply(1:k, function(a) f(d$time[arm == a], d$event[arm == a], d$w[arm == a], at))
    c(coef(fit), each(restricted, 180), each(on_day, 90))
  }
  slopes <- jackknife(estimate, n); found <- estimate(rep(1, n))
  se <- function(s) sqrt(rowSums(s^2))
  se_cluster <- function(s) sqrt(colSums(apply(s, 1, function(v) tapply(v, d$cluster, sum))^2))
  kinds <- c(rep("log_hazard_ratio", k - 1), rep("restricted_mean", k), rep("survival", k))
  names <- levels(factor(d[[by]]))
  data.frame(by, target, stratified, kind = kinds, arm = c(names[-1], names, names), estimate = found,
             std_err = se(slopes), std_err_cluster = se_cluster(slopes))
}
every <- function(f, focal, ...) do.call(rbind, c(
  lapply(names(focal), function(by) do.call(rbind, lapply(c("overlap", "ate", "att"), function(target)
    f(by, target, focal[[by]], ...))))))
save_csv(every(stacked, c(treated = 2, three = 2)), "means")
veteran_rows <- rbind(every(perturbed, c(two = 2, group = 2), FALSE), every(perturbed, c(two = 2, group = 2), TRUE))
save_csv(veteran_rows, "perturbed")
writeLines(c(R.version.string, paste("survival", packageVersion("survival")),
             paste("numDeriv", packageVersion("numDeriv"))), "session_info.txt")
