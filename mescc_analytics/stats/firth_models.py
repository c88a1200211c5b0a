"""Firth's logistic regression and Firth's Cox model, and the detection of separation."""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, log_expit

from mescc_analytics.errors import UsageError
from mescc_analytics.stats.cases import checked_entry, checked_weight
from mescc_analytics.stats.curves import TOLERANCE, checked
from mescc_analytics.stats.firth import firth_fit, no_fit
from mescc_analytics.stats.risk_sets import RiskSets

# on standardised covariates: truncation and rounding both stay below 1e-10
STEP = 1e-3


def firth_logistic(outcome, covariates, names, *, weight=None, level=0.95, profiled=None):
    """Logistic regression with Firth's penalty.

    Parameters
    ----------
    outcome : array-like of bool, shape (n_cases,)
    covariates : array-like of float, shape (n_cases, p)
        Without the intercept.
    names : sequence of str, length p
    weight : array-like of float, optional
        Frequencies: intervals take a weight of 2 for two cases.
    level : float
    profiled : sequence of str, optional
        Terms that get limits and p values; by default all.

    Returns
    -------
    FirthFit
        Its first term is "(intercept)".

    Notes
    -----
    Firth, Biometrika 1993;80:27-38; Heinze and Schemper, Stat Med 2002;21:2409-2419. The same
    definition as R's ``logistf``.

    >>> fit = firth_logistic([1, 1, 0, 0, 0], [[1], [1], [0], [0], [0]], ["x"])
    >>> round(float(np.exp(fit.coefficients[1])), 6)  # (2.5 * 3.5) / (0.5 * 0.5)
    35.0
    """
    outcome = np.asarray(outcome, bool)
    x = _covariates(covariates, names, len(outcome))
    weight = checked_weight(weight, len(outcome))
    terms = ("(intercept)", *names)
    centre, scale = x.mean(axis=0), x.std(axis=0)
    if (scale <= TOLERANCE * np.abs(centre)).any():
        return no_fit(terms, "a covariate has the same value in every case")
    # the intercept is wanted at covariates of 0, so they are scaled and not moved
    design = np.column_stack([np.ones(len(x)), x / scale])
    if np.linalg.matrix_rank(design[weight > 0]) < len(terms):
        return no_fit(terms, "the covariates do not vary independently")
    model = _Logistic(design, outcome, weight)
    return firth_fit(model, terms, np.r_[1.0, scale], level, profiled)


def _covariates(covariates, names, n):
    x = np.asarray(covariates, float).reshape(n, -1)
    if x.shape[1] != len(names) or not np.isfinite(x).all():
        wanted = "wanted a name for each column, and no missing value"
        raise UsageError(
            "covariates", [f"found {x.shape[1]} columns, {len(names)} names: {wanted}"]
        )
    return x


@dataclass(frozen=True)
class _Logistic:
    design: np.ndarray
    outcome: np.ndarray
    weight: np.ndarray

    def value(self, beta):
        linear = self.design @ beta
        sign, determinant = np.linalg.slogdet(self._information(expit(linear)))
        fitted = self.weight @ log_expit(np.where(self.outcome, linear, -linear))
        return fitted + determinant / 2 if sign > 0 else -np.inf

    def _information(self, p):
        return (self.design.T * (self.weight * p * (1 - p))) @ self.design

    def step(self, beta):
        p = expit(self.design @ beta)
        information = self._information(p)
        spread = self.weight * p * (1 - p)
        leverage = spread * (self.design @ np.linalg.inv(information) * self.design).sum(axis=1)
        residual = self.weight * (self.outcome - p) + leverage * (0.5 - p)
        return self.design.T @ residual, information


def firth_cox(time, event, covariates, names, *, entry=None, level=0.95, profiled=None):
    """Cox model with Firth's penalty.

    Parameters
    ----------
    time, event, covariates, names, entry, level
        As in `cox.fit_cox`.
    profiled : sequence of str, optional
        Names whose limits and p values are wanted; by default all.

    Returns
    -------
    FirthFit
        Coefficients are log hazard ratios.

    Notes
    -----
    Heinze and Schemper, Biometrics 2001;57:114-119; the definition of R's ``coxphf``, but for tied
    deaths, which are Efron's here and Breslow's there.

    >>> fit = firth_cox([1, 2, 3, 4], [1, 1, 0, 0], [[1], [1], [0], [0]], ["x"])
    >>> bool(np.isfinite(fit.coefficients[0]) and fit.lower[0] < fit.coefficients[0])
    True
    """
    time, event = checked(time, event)
    x, entry = _covariates(covariates, names, len(time)), checked_entry(entry, time)
    if not event.any():
        return no_fit(names, "no deaths")
    centre, scale = x.mean(axis=0), x.std(axis=0)
    if (scale <= TOLERANCE * np.abs(centre)).any():
        return no_fit(names, "a covariate has the same value in every case")
    sets = RiskSets(time, event, (x - centre) / scale, entry)
    information = sets.likelihood(np.zeros(len(names)))[2]
    if np.linalg.matrix_rank(information, tol=1e-9 * event.sum()) < len(names):
        return no_fit(names, "the covariates do not vary independently in the risk sets")
    return firth_fit(_Cox(sets), names, scale, level, profiled)


@dataclass(frozen=True)
class _Cox:
    sets: RiskSets

    def value(self, beta):
        value, _, information = self.sets.likelihood(beta)
        sign, determinant = np.linalg.slogdet(information)
        return value + determinant / 2 if sign > 0 else -np.inf

    def _half_log_determinant(self, beta):
        return np.linalg.slogdet(self.sets.likelihood(beta)[2])[1] / 2

    def step(self, beta):
        _, score, information = self.sets.likelihood(beta)
        # five-point rule for the slope of the penalty
        slope = np.zeros(len(beta))
        for distance, factor in ((1, 8), (-1, -8), (2, -1), (-2, 1)):
            for j in range(len(beta)):
                moved = beta.copy()
                moved[j] += distance * STEP
                slope[j] += factor * self._half_log_determinant(moved)
        return score + slope / (12 * STEP), information


def separated(outcome, covariates, names):
    """Terms of a logistic model whose maximum likelihood estimate is infinite.

    Parameters
    ----------
    outcome : array-like of bool, shape (n_cases,)
    covariates : array-like of float, shape (n_cases, p)
        Without the intercept.
    names : sequence of str, length p

    Returns
    -------
    tuple of str
        Empty where the estimates are finite. One of two covariates that together divide the
        outcomes may stand for both; "(intercept)" where all outcomes are the same.

    Notes
    -----
    Complete and quasi-complete separation, by the linear programme of Konis (D.Phil. thesis,
    Oxford 2007): is there a direction along which every case is on its side, and not all on the
    border?

    >>> separated([1, 1, 0, 0], [[3], [2], [1], [0]], ["x"])
    ('(intercept)', 'x')
    >>> separated([1, 0, 1, 0], [[3], [2], [1], [0]], ["x"])
    ()
    """
    from scipy.optimize import linprog

    outcome = np.asarray(outcome, bool)
    x = _covariates(covariates, names, len(outcome))
    spread = np.where(x.std(axis=0) > 0, x.std(axis=0), 1.0)
    design = np.column_stack([np.ones(len(x)), x / spread])
    sides = np.where(outcome, 1.0, -1.0)[:, np.newaxis] * design
    found = linprog(-sides.sum(axis=0), -sides, np.zeros(len(x)), bounds=(-1, 1), method="highs")
    if -found.fun <= 1e-7 * len(x):
        return ()
    terms = ("(intercept)", *names)
    return tuple(name for name, value in zip(terms, found.x, strict=True) if abs(value) > 1e-7)
