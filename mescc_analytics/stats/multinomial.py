"""Logistic regression for two or more levels, by Newton's method."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from mescc_analytics.errors import UsageError
from mescc_analytics.stats.cases import checked_weight
from mescc_analytics.stats.curves import TOLERANCE
from mescc_analytics.stats.intervals import NAN, z_value

MAX_STEPS = 60
INTERCEPT = "(intercept)"
# a fit in which a coefficient runs away: odds ratio beyond exp(8) over the range, yet within one
# standard error of 1
RUNAWAY = 8.0


@dataclass(frozen=True)
class MultinomialFit:
    """A fitted model; coefficients are log odds of each level against the first.

    Attributes
    ----------
    levels, terms : tuples of str
        All k levels, the first is the reference; the p terms, intercept first.
    coefficients : array, shape (k - 1, p)
    covariance : array, shape ((k - 1) p, (k - 1) p)
        Level by level.
    probabilities : array, shape (n_cases, k)
        Of the cases of the fit.
    log_likelihood : float
    note : str
        "" or "not estimable: <reason>"; then all numbers are NaN.
    """

    levels: tuple
    terms: tuple
    coefficients: np.ndarray
    covariance: np.ndarray
    probabilities: np.ndarray
    log_likelihood: float
    note: str = ""

    def predict(self, covariates):
        """Probability of each level, shape (n, k), for covariates of shape (n, p - 1)."""
        x = np.asarray(covariates, float).reshape(-1, len(self.terms) - 1)
        return _probabilities(np.column_stack([np.ones(len(x)), x]), self.coefficients)

    def table(self, level=0.95):
        """Frame with level, term, coefficient, std_err, ci_lower, ci_upper."""
        std_err, b = np.sqrt(np.diag(self.covariance)), self.coefficients.ravel()
        half = z_value(level) * std_err
        return pd.DataFrame(
            {
                "level": np.repeat(self.levels[1:], len(self.terms)),
                "term": np.tile(self.terms, len(self.levels) - 1),
                "coefficient": b,
                "std_err": std_err,
                "ci_lower": b - half,
                "ci_upper": b + half,
            }
        )


def fit_multinomial(level, covariates, names, *, weight=None):
    """Logistic regression of a level on covariates.

    Parameters
    ----------
    level : Categorical or array-like, shape (n_cases,)
        Two or more levels with cases; the first in the order of the categories is the reference.
    covariates : array-like of float, shape (n_cases, p)
        Without the intercept.
    names : sequence of str, length p
    weight : array-like of float, optional

    Returns
    -------
    MultinomialFit
        Standard errors are those of the model: weights count as numbers of cases.

    Notes
    -----
    Agrees with R's ``nnet::multinom`` and, for two levels, ``glm(family = binomial)``.

    >>> fit = fit_multinomial([1, 1, 1, 0, 1, 0, 0], [[1], [1], [1], [1], [0], [0], [0]], ["x"])
    >>> fit.coefficients.round(6).tolist()
    [[-0.693147, 1.791759]]
    """
    group = pd.Categorical(level)
    weight = checked_weight(weight, len(group))
    x = _covariates(covariates, names, group)
    group = group.remove_unused_categories()
    levels, terms = tuple(map(str, group.categories)), (INTERCEPT, *names)
    counted = weight > 0
    present = np.bincount(group.codes[counted], minlength=len(levels)) > 0
    if present.sum() < 2 or not present.all():
        reason = "only one level has cases" if present.sum() < 2 else "a level has no weight"
        return _no_fit(levels, terms, len(x), reason)
    centre, scale = x[counted].mean(axis=0), x[counted].std(axis=0)
    if (scale <= TOLERANCE * np.abs(centre)).any():
        return _no_fit(levels, terms, len(x), "a covariate has the same value in every case")
    design = np.column_stack([np.ones(len(x)), (x - centre) / scale])
    # columns are on one scale, so that their products tell the rank as well as they do themselves
    products = design[counted].T @ design[counted] / counted.sum()
    if np.linalg.matrix_rank(products, tol=1e-10, hermitian=True) < len(terms):
        return _no_fit(levels, terms, len(x), "the covariates do not vary independently")
    found = _newton(design, np.eye(len(levels))[group.codes], weight)
    if not found:
        return _no_fit(levels, terms, len(x), f"no maximum after {MAX_STEPS} steps")
    return _reported(MultinomialFit(levels, terms, *found), centre, scale, np.ptp(design, axis=0))


def _covariates(covariates, names, group):
    x = np.asarray(covariates, float).reshape(len(group), -1)
    problems = []
    if x.shape[1] != len(names):
        problems.append(f"found {x.shape[1]} columns and {len(names)} names, wanted one name each")
    if not np.isfinite(x).all():
        problems.append(f"{(~np.isfinite(x)).sum()} values are missing or not finite")
    if (group.codes < 0).any():
        problems.append(f"{(group.codes < 0).sum()} cases have no level")
    if problems:
        raise UsageError("covariates", problems)
    return x


def _no_fit(levels, terms, n, reason):
    k, p = max(len(levels) - 1, 0), len(terms)
    shapes = ((k, p), (k * p, k * p), (n, len(levels)))
    nothing = (np.full(shape, np.nan) for shape in shapes)
    return MultinomialFit(levels, terms, *nothing, NAN, f"not estimable: {reason}")


def _probabilities(design, coefficients):
    linear = np.column_stack([np.zeros(len(design)), design @ coefficients.T])
    shares = np.exp(linear - linear.max(axis=1, keepdims=True))
    return shares / shares.sum(axis=1, keepdims=True)


def _newton(design, indicator, weight):
    """Coefficients, covariance, probabilities, log likelihood; None where there is no maximum."""
    beta = np.zeros((indicator.shape[1] - 1, design.shape[1]))
    p = _probabilities(design, beta)
    value = _log_likelihood(p, indicator, weight)
    for _ in range(MAX_STEPS):
        score = ((indicator - p)[:, 1:] * weight[:, np.newaxis]).T @ design
        hessian = information(design, p, weight)
        step = np.linalg.lstsq(hessian, score.ravel(), rcond=None)[0].reshape(beta.shape)
        done = (score * step).sum() < 1e-14 * weight.sum()
        proposed = _probabilities(design, beta + step)
        while _log_likelihood(proposed, indicator, weight) < value - 1e-9 * abs(value) and not done:
            step = step / 2
            proposed = _probabilities(design, beta + step)
        beta, p = beta + step, proposed
        value = _log_likelihood(p, indicator, weight)
        if done:
            covariance = np.linalg.pinv(information(design, p, weight), hermitian=True)
            return beta, covariance, p, float(value)
    return None


def _log_likelihood(p, indicator, weight):
    # far beyond what a fit with a maximum comes to
    return weight @ np.log(np.maximum((p * indicator).sum(axis=1), 1e-300))


def information(design, p, weight):
    """Information of the coefficients, level by level.

    Parameters
    ----------
    design : array, shape (n_cases, size)
        With the intercept.
    p : array, shape (n_cases, k)
        Probabilities.
    weight : array, shape (n_cases,)

    Returns
    -------
    array, shape ((k - 1) size, (k - 1) size)
    """
    k, size = p.shape[1] - 1, design.shape[1]
    found = np.empty((k * size, k * size))
    for a in range(k):
        for b in range(a, k):
            spread = weight * p[:, a + 1] * ((a == b) - p[:, b + 1])
            block = (design.T * spread) @ design
            found[a * size : (a + 1) * size, b * size : (b + 1) * size] = block
            found[b * size : (b + 1) * size, a * size : (a + 1) * size] = block.T
    return found


def _reported(fit, centre, scale, width):
    """The fit in the units of the covariates, or the reason where coefficients run away."""
    k, p = fit.coefficients.shape
    std_err = np.sqrt(np.maximum(np.diag(fit.covariance), 0)).reshape(k, p)
    beta = fit.coefficients
    runaway = (np.abs(beta) * width > RUNAWAY) & (np.abs(beta) < std_err)
    if runaway.any():
        named = [fit.terms[j] for j in np.flatnonzero(runaway.any(axis=0))]
        reason = f"{', '.join(named)} separates the levels"
        return _no_fit(fit.levels, fit.terms, len(fit.probabilities), reason)
    back = np.diag(np.r_[1.0, 1 / scale])
    back[0, 1:] = -centre / scale
    every = np.kron(np.eye(k), back)
    covariance = every @ fit.covariance @ every.T
    return replace(fit, coefficients=beta @ back.T, covariance=covariance)
