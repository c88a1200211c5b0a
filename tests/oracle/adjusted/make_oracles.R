# Expected values for the tests of penalised models, propensity scores and pooling.
# Run in this folder: Rscript make_oracles.R      Writes CSV (17 digits) and session_info.txt.
# Packages survival, nnet, brglm2, MatchIt, mice and survey; other formulas are written out.
suppressMessages({ library(survival); library(nnet); library(brglm2); library(survey) })

save_csv <- function(table, name) {
  number <- vapply(table, is.double, TRUE)
  table[number] <- lapply(table[number], function(x) ifelse(is.na(x), "", sprintf("%.17g", x)))
  write.csv(table, paste0(name, ".csv"), row.names = FALSE, quote = FALSE, na = "")
}
stack <- function(parts) do.call(rbind, parts)

# --- Firth's logistic regression: brglm2 for the estimates, the profile written out --------------
data(endometrial, package = "brglm2")
save_csv(data.frame(lapply(endometrial, as.numeric)), "data_endometrial")
kept <- na.omit(lung[c("time", "status", "age", "sex", "ph.ecog")])
early <- data.frame(y = as.integer(kept$time < 200 & kept$status == 2), age = kept$age,
                    sex = as.numeric(kept$sex), ecog = kept$ph.ecog)
save_csv(early, "data_early")
# Newton on the modified score, some coefficients held
logistic <- function(X, y, beta, free) {
  value <- function(b) { p <- plogis(drop(X %*% b))
    sum(dbinom(y, 1, p, log = TRUE)) + as.numeric(determinant(crossprod(X, X * p * (1 - p)))$modulus) / 2 }
  for (i in 1:500) {
    p <- plogis(drop(X %*% beta)); w <- p * (1 - p)
    information <- crossprod(X, X * w)
    leverage <- w * rowSums((X %*% solve(information)) * X)
    score <- drop(crossprod(X, y - p + leverage * (0.5 - p)))
    step <- numeric(length(beta))
    step[free] <- solve(information[free, free, drop = FALSE], score[free])
    step <- step / max(1, max(abs(step)))
    beta <- beta + step
    if (max(abs(step)) < 1e-12) break
  }
  list(beta = beta, value = value(beta))
}
profiled <- function(fit, p, climb, widths) {         # limits and p values of a profile
  rows <- lapply(seq_len(p), function(j) {
    fall <- function(held) { start <- fit$beta; start[j] <- held
      2 * (fit$value - climb(start, seq_len(p) != j)$value) }
    limit <- function(side) {
      outer <- fit$beta[j] + side * widths[j]
      while (fall(outer) < qchisq(0.95, 1)) outer <- outer + side * widths[j]
      uniroot(function(h) fall(h) - qchisq(0.95, 1), sort(c(fit$beta[j], outer)), tol = 1e-12)$root
    }
    data.frame(lower = limit(-1), upper = limit(1), p = pchisq(fall(0), 1, lower.tail = FALSE))
  })
  stack(rows)
}
firth <- list()
for (set in c("endometrial", "early")) {
  d <- if (set == "endometrial") data.frame(y = endometrial$HG, endometrial[c("NV", "PI", "EH")]) else early
  X <- model.matrix(y ~ ., d); p <- ncol(X)
  climb <- function(start, free) logistic(X, d$y, start, free)
  fit <- climb(numeric(p), rep(TRUE, p))
  package <- glm(y ~ ., binomial, d, method = "brglmFit", type = "AS_mean", epsilon = 1e-12, maxit = 1000)
  prob <- plogis(drop(X %*% fit$beta))
  std_err <- sqrt(diag(solve(crossprod(X, X * prob * (1 - prob)))))
  firth[[set]] <- data.frame(data = set, term = c("(intercept)", names(d)[-1]), coefficient = coef(package),
                             std_err, profiled(fit, p, climb, std_err), value = fit$value)
}
save_csv(stack(firth), "firth_logistic")

# --- Firth's Cox model: likelihood and information from coxph at given coefficients --------------
cox_at <- function(model, d) function(beta) {
  fit <- suppressWarnings(coxph(model, d, init = beta, iter.max = 0, ties = "efron"))
  list(value = fit$loglik[1] - as.numeric(determinant(vcov(fit))$modulus) / 2, covariance = vcov(fit))
}
slope <- function(f, beta, j, h = 1e-3) { at <- function(k) { b <- beta; b[j] <- b[j] + k * h; f(b)$value }
  (8 * (at(1) - at(-1)) - (at(2) - at(-2))) / (12 * h) }
cox_climb <- function(at, scale) function(start, free) {
  beta <- start
  for (i in 1:200) {
    here <- at(beta); information <- solve(here$covariance)
    score <- sapply(which(free), function(j) slope(at, beta, j, 1e-3 / scale[j]))
    step <- numeric(length(beta))
    if (any(free)) step[free] <- solve(information[free, free, drop = FALSE], score)
    step <- step / max(1, max(abs(step * scale)))
    beta <- beta + step
    if (max(abs(step * scale)) < 1e-10) break
  }
  list(beta = beta, value = at(beta)$value, covariance = at(beta)$covariance)
}
small <- veteran[seq(1, 137, 4), ]
small$time <- small$time + seq_len(nrow(small)) / 100      # no ties
monotone <- data.frame(time = c(1:12), status = c(1, 1, 1, 1, 1, 0, 1, 0, 0, 0, 0, 0),
                       x = c(1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0), z = c(3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8))
cox_sets <- list(
  small = list(d = with(small, data.frame(time, status, karno, age, trt = as.numeric(trt)))),
  tied = list(d = with(veteran[veteran$celltype == "adeno", ], data.frame(
    time = ceiling(time / 30), status, karno, age, trt = as.numeric(trt)))),
  monotone = list(d = monotone),
  alone = list(d = monotone[c("time", "status", "x")]))
firth <- list()
for (set in names(cox_sets)) {
  d <- cox_sets[[set]]$d
  save_csv(d, paste0("data_firth_", set))
  terms <- setdiff(names(d), c("time", "status")); p <- length(terms)
  model <- as.formula(paste("Surv(time, status) ~", paste(terms, collapse = "+")))
  climb <- cox_climb(cox_at(model, d), sapply(d[terms], sd))
  fit <- climb(numeric(p), rep(TRUE, p))
  std_err <- sqrt(diag(fit$covariance))
  firth[[set]] <- data.frame(data = set, term = terms, coefficient = fit$beta, std_err,
                             profiled(fit, p, climb, std_err), value = fit$value)
}
save_csv(stack(firth), "firth_cox")

# --- multinomial regression, propensity scores and weights ---------------------------------------
data(lalonde, package = "MatchIt")
lalonde <- within(lalonde, { arm <- as.character(race); treated <- treat })
save_csv(with(lalonde, data.frame(treated, three = arm, age, educ, married, nodegree, re74 = re74 / 1000,
                                  re75 = re75 / 1000, re78 = re78 / 1000, better = as.integer(re78 > re75))),
         "data_lalonde")
lalonde$re74 <- lalonde$re74 / 1000; lalonde$re75 <- lalonde$re75 / 1000
covariates <- c("age", "educ", "married", "nodegree", "re74", "re75")
X <- cbind("(intercept)" = 1, as.matrix(lalonde[covariates]))
softmax <- function(X, B) { e <- exp(cbind(0, X %*% t(B))); e / rowSums(e) }
polish <- function(X, Y, B, w) {                 # Newton from nnet's estimate to rounding
  k <- ncol(Y) - 1; p <- ncol(X)
  for (i in 1:50) {
    P <- softmax(X, B)
    score <- c(t(crossprod(Y[, -1] - P[, -1], X * w)) )
    information <- matrix(0, k * p, k * p)
    for (a in 1:k) for (b in 1:k) information[(a - 1) * p + 1:p, (b - 1) * p + 1:p] <-
      crossprod(X, X * (w * P[, a + 1] * ((a == b) - P[, b + 1])))
    step <- solve(information, score)
    B <- B + t(matrix(step, p))
    if (max(abs(step)) < 1e-13) break
  }
  list(B = B, covariance = solve(information), P = softmax(X, B))
}
uneven <- 0.2 + (seq_len(nrow(X)) * 37) %% 101 / 50
scores <- list(); fitted <- list()
for (by in c("treated", "three")) for (weighting in c("none", "uneven")) {
  level <- factor(lalonde[[if (by == "three") "arm" else by]])
  w <- if (weighting == "none") rep(1, nrow(X)) else uneven
  Y <- outer(as.integer(level), seq_len(nlevels(level)), "==") + 0
  start <- coef(multinom(level ~ X - 1, weights = w, trace = FALSE, maxit = 1000, reltol = 1e-14))
  start <- matrix(start, ncol = ncol(X))
  found <- polish(X, Y, start, w)
  stopifnot(max(abs(found$B - start)) < 1e-2)
  scores[[paste(by, weighting)]] <- data.frame(
    by, weighting, level = rep(levels(level)[-1], each = ncol(X)), term = rep(colnames(X), nlevels(level) - 1),
    coefficient = c(t(found$B)), std_err = sqrt(diag(found$covariance)))
  if (weighting == "none") fitted[[by]] <- list(level = level, P = found$P)
}
save_csv(stack(scores), "multinomial")
# glm and MatchIt agree with the two-level model
binary <- glm(treat ~ age + educ + married + nodegree + re74 + re75, binomial, lalonde,
              control = list(epsilon = 1e-14))
stopifnot(max(abs(binary$fitted.values - fitted$treated$P[, 2])) < 1e-9)

weights <- list(); balance <- list()
weighted_sd <- function(x, w) {
  m <- sum(w * x) / sum(w); sum(w) / (sum(w)^2 - sum(w^2)) * sum(w * (x - m)^2)
}
for (by in names(fitted)) {
  level <- as.integer(fitted[[by]]$level); P <- fitted[[by]]$P
  own <- P[cbind(seq_along(level), level)]
  share <- table(level) / length(level)
  all <- data.frame(by, row = seq_along(level), overlap = (1 / rowSums(1 / P)) / own, ate = 1 / own,
                    stabilised = as.numeric(share[level]) / own, att = P[, 2] / own,
                    trimmed = ifelse(apply(P, 1, min) < 0.1, 0, 1 / own))
  weights[[by]] <- all
  for (kind in c("none", "overlap", "stabilised", "att")) for (x in c("age", "re74", "married")) {
    w <- if (kind == "none") rep(1, length(level)) else all[[kind]]
    for (pair in combn(max(level), 2, simplify = FALSE)) {
      m <- sapply(pair, function(g) weighted.mean(lalonde[level == g, x], w[level == g]))
      v <- sapply(pair, function(g) weighted_sd(lalonde[level == g, x], w[level == g]))
      p <- m * (1 - m)
      balance[[length(balance) + 1]] <- data.frame(
        by, kind, covariate = x, first = levels(fitted[[by]]$level)[pair[1]],
        second = levels(fitted[[by]]$level)[pair[2]], number = abs(diff(m)) / sqrt(mean(v)),
        boolean = if (x == "married") abs(diff(m)) / sqrt(mean(p)) else NA)
    }
  }
}
save_csv(stack(weights), "weights")
save_csv(stack(balance), "balance")

# --- g-computation with weights: augmented estimate of a binary outcome ---------------------------
augmented <- list()
for (by in names(fitted)) for (kind in c("ate", "overlap")) {
  level <- fitted[[by]]$level; P <- fitted[[by]]$P
  d <- data.frame(lalonde, y = as.integer(lalonde$re78 / 1000 > lalonde$re75), level)
  tilt <- if (kind == "ate") rep(1, nrow(d)) else 1 / rowSums(1 / P)
  for (g in levels(level)) {
    at <- level == g; w <- tilt / P[, which(levels(level) == g)]
    outcome <- glm(y ~ age + educ + married + nodegree + re74 + re75, binomial, d[at, ],
                   control = list(epsilon = 1e-14))
    m <- predict(outcome, d, type = "response")
    shift <- sum((w * (d$y - m))[at]) / sum(w[at])
    augmented[[length(augmented) + 1]] <- data.frame(
      by, kind, level = g, standardised = sum(tilt * m) / sum(tilt),
      estimate = sum(tilt * m) / sum(tilt) + shift)
  }
}
save_csv(stack(augmented), "augmented")

# --- Rubin's rules: mice on nhanes ---------------------------------------------------------------
suppressMessages(library(mice))
pooled <- list(); each <- list()
for (m in c(5, 20)) {
  imputed <- mice(nhanes, m = m, seed = 1, printFlag = FALSE)
  fits <- with(imputed, lm(chl ~ age + bmi + hyp))
  result <- pool(fits)$pooled
  limits <- summary(pool(fits), conf.int = TRUE)
  terms <- as.character(result$term)
  pooled[[length(pooled) + 1]] <- data.frame(
    m, term = terms, estimate = result$estimate, variance = result$t, df = result$df, riv = result$riv,
    fmi = result$fmi, dfcom = result$dfcom, lower = limits$`2.5 %`, upper = limits$`97.5 %`, p = limits$p.value)
  each[[length(each) + 1]] <- stack(lapply(seq_len(m), function(i) data.frame(
    m, imputation = i, term = terms, estimate = coef(fits$analyses[[i]]),
    variance = diag(vcov(fits$analyses[[i]])))))
}
save_csv(stack(pooled), "pooled"); save_csv(stack(each), "imputed")

packages <- c("survival", "nnet", "brglm2", "MatchIt", "mice", "survey")
versions <- c(R.version.string, sapply(packages, function(p) paste(p, packageVersion(p))))
writeLines(versions, "session_info.txt")
