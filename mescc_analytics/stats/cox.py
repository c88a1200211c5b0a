"""Cox proportional hazards (Efron ties), as R's ``coxph``, and hazard ratios between groups."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy.special import ndtr

from mescc_analytics.errors import UsageError
from mescc_analytics.stats.curves import TOLERANCE, checked
from mescc_analytics.stats.intervals import NAN, z_value
from mescc_analytics.stats.logrank import log_rank
from mescc_analytics.stats.proportionality import ph_frame, ph_test
from mescc_analytics.stats.risk_sets import RiskSets

__all__ = ["CoxFit", "fit_cox", "hazard_frame", "ph_test"]

MAX_STEPS = 40
# run away: hazard ratio beyond exp(8) over the range, yet within one standard error of 1
RUNAWAY = 8.0
HAZARD_COLUMNS = (
    "term",
    "group",
    "reference",
    "hazard_ratio",
    "ci_lower",
    "ci_upper",
    "p",
    "ph_p",
    "note",
)


@dataclass(frozen=True)
class CoxFit:
    """A fitted model; coefficients are log hazard ratios per unit of the covariate.

    Attributes
    ----------
    names : tuple of str
    coefficients : array, shape (p,)
    covariance : array, shape (p, p)
    log_likelihood, loglik_null : float
    converged : bool
    runaway : array of bool, shape (p,)
        Coefficients without a maximum of the likelihood (monotone likelihood).
    level : float
    note : str
        "" or "not estimable: <reason>"; then all numbers are NaN.
    """

    names: tuple
    coefficients: np.ndarray
    covariance: np.ndarray
    log_likelihood: float
    loglik_null: float
    converged: bool
    runaway: np.ndarray
    level: float
    note: str = ""
    risk_sets: RiskSets | None = field(default=None, repr=False)
    scale: np.ndarray | None = field(default=None, repr=False)

    def table(self):
        """Frame with term, hazard_ratio, ci_lower, ci_upper, p (Wald); NaN where run away."""
        coefficients = np.where(self.runaway, np.nan, self.coefficients)
        variance = np.diag(self.covariance)
        std_err = np.sqrt(np.where(self.runaway | (variance <= 0), np.nan, variance))
        half = z_value(self.level) * std_err
        return pd.DataFrame(
            {
                "term": list(self.names),
                "hazard_ratio": np.exp(coefficients),
                "ci_lower": np.exp(coefficients - half),
                "ci_upper": np.exp(coefficients + half),
                "p": 2 * ndtr(-np.abs(coefficients / std_err)),
            }
        )


def fit_cox(time, event, covariates, names, *, entry=None, level=0.95):
    """Cox model by Newton's method with step halving.

    Parameters
    ----------
    time : array-like of float, shape (n_cases,)
    event : array-like of bool, shape (n_cases,)
    covariates : array-like of float, shape (n_cases, p)
    names : sequence of str, length p
    entry : array-like of float, optional
        Day of delayed entry; a case is at risk at t where entry < t <= time.
    level : float
        Confidence level of the intervals.

    Returns
    -------
    CoxFit

    Notes
    -----
    Efron, J Am Stat Assoc 1977;72:557-565. Agrees with R's ``coxph(ties = "efron")``.

    >>> fit = fit_cox([1, 2, 3, 4, 5], [1, 1, 1, 0, 1], [[0], [1], [0], [1], [1]], ["x"])
    >>> round(float(fit.coefficients[0]), 4)
    -1.4388
    """
    time, event = checked(time, event)
    x = np.asarray(covariates, float).reshape(len(time), -1)
    names = tuple(names)
    _check_covariates(x, names)
    if not event.any():
        return _no_fit(names, level, "no deaths")
    centre, scale = x.mean(axis=0), x.std(axis=0)
    if (scale <= TOLERANCE * np.abs(centre)).any():
        return _no_fit(names, level, "a covariate has the same value in every case")
    entry = None if entry is None else np.asarray(entry, float)
    sets = RiskSets(time, event, (x - centre) / scale, entry)
    null, _, information = sets.likelihood(np.zeros(len(names)))
    if np.linalg.matrix_rank(information.sum(axis=0), tol=1e-9 * event.sum()) < len(names):
        return _no_fit(names, level, "the covariates do not vary independently in the risk sets")
    return _newton(sets, names, level, null, scale)


def _check_covariates(x, names):
    problems = []
    if x.shape[1] != len(names) or not names:
        problems.append(f"found {x.shape[1]} columns and {len(names)} names, wanted one name each")
    if not np.isfinite(x).all():
        problems.append(f"{(~np.isfinite(x)).sum()} values are missing or not finite")
    if problems:
        raise UsageError("covariates", problems)


def _no_fit(names, level, reason):
    p = len(names)
    nothing = np.full(p, np.nan)
    return CoxFit(
        names,
        nothing,
        np.full((p, p), np.nan),
        NAN,
        NAN,
        False,
        np.zeros(p, bool),
        level,
        f"not estimable: {reason}",
    )


def _newton(sets, names, level, null, scale):
    beta, current, converged = _climb(sets, np.zeros(len(names)))
    covariance = np.linalg.pinv(current[2].sum(axis=0), hermitian=True, rcond=1e-15)
    width = np.ptp(sets.x, axis=0)
    std_err = np.sqrt(np.maximum(np.diag(covariance), 0))
    return CoxFit(
        names=names,
        coefficients=beta / scale,
        covariance=covariance / np.outer(scale, scale),
        log_likelihood=float(current[0]),
        loglik_null=float(null),
        converged=converged,
        runaway=(std_err == 0) | ((np.abs(beta) * width > RUNAWAY) & (np.abs(beta) < std_err)),
        level=level,
        note="" if converged else f"not estimable: no maximum after {MAX_STEPS} steps",
        risk_sets=sets,
        scale=scale,
    )


def _climb(sets, beta):
    """Coefficients of the highest likelihood, the likelihood there, and whether it was reached."""
    current = sets.likelihood(beta)
    for _ in range(MAX_STEPS):
        score, information = current[1].sum(axis=0), current[2].sum(axis=0)
        step = np.linalg.lstsq(information, score, rcond=None)[0]
        # at this decrement one more full step is exact to rounding
        converged = bool(score @ step < 1e-12)
        proposed = sets.likelihood(beta + step)
        while proposed[0] < current[0] - 1e-9 * abs(current[0]) and not converged:
            step = step / 2
            proposed = sets.likelihood(beta + step)
        beta, current = beta + step, proposed
        if converged:
            return beta, current, True
    return beta, current, False


def hazard_frame(time, event, group, level=0.95):
    """Hazard ratio of every group against the first, with the test of proportionality.

    Parameters
    ----------
    time, event : array-like, shape (n_cases,)
    group : Categorical
        First category with cases is the reference; empty ones are left out.
    level : float

    Returns
    -------
    hazards : DataFrame
        term, group, reference, hazard_ratio, ci_lower, ci_upper, p (Wald), ph_p, note.
    tests : DataFrame
        test (log_rank, ph_global), statistic, df, p, note.

    >>> days, group = [1, 2, 3, 4, 5, 6], pd.Categorical(list("ababab"))
    >>> hazard_frame(days, [1, 1, 1, 1, 1, 0], group)[0]["term"].tolist()
    ['b vs a']
    """
    if not len(time):
        nothing = {"statistic": NAN, "df": 0, "p": NAN, "note": "not estimable: no cases"}
        names = ("log_rank", "ph_global")
        return pd.DataFrame(columns=list(HAZARD_COLUMNS)), pd.DataFrame(
            [{"test": name, **nothing} for name in names]
        )
    time, event = checked(time, event)
    group = pd.Categorical(group).remove_unused_categories()
    arms = _Arms(tuple(map(str, group.categories)), np.bincount(group.codes, event))
    fit, ph = _fit_arms(time, event, group.codes, arms, level)

    rows = [_hazard_row(code, arms, fit, ph) for code in range(1, len(arms.names))]
    tests = [
        {"test": "log_rank", **log_rank(time, event, group)},
        {"test": "ph_global", **ph.iloc[-1].drop("term").to_dict()},
    ]
    return pd.DataFrame(rows, columns=list(HAZARD_COLUMNS)), pd.DataFrame(tests)


@dataclass(frozen=True)
class _Arms:
    """Groups with their deaths; the first is the reference."""

    names: tuple
    deaths: np.ndarray

    @property
    def compared(self):
        """Codes of the groups that have a hazard ratio."""
        codes = range(1, len(self.names))
        return [code for code in codes if self.deaths[code]] if self.deaths[0] else []


def _fit_arms(time, event, codes, arms, level):
    """Model of the groups with deaths; the others add nothing to it but a hazard of 0."""
    if not arms.compared:
        reason = "only one group" if len(arms.names) < 2 else "fewer than two groups with deaths"
        return None, ph_frame(["global"], f"not estimable: {reason}")
    kept = arms.deaths[codes] > 0
    dummies = codes[kept, np.newaxis] == np.array(arms.compared)
    names = [arms.names[code] for code in arms.compared]
    fit = fit_cox(time[kept], event[kept], dummies, names, level=level)
    return fit, ph_test(fit)


def _hazard_row(code, arms, fit, ph):
    group, reference = arms.names[code], arms.names[0]
    row = {"term": f"{group} vs {reference}", "group": group, "reference": reference}
    if code not in arms.compared:
        without = group if arms.deaths[0] else reference
        return row | {"note": f"not estimable: no deaths in {without}"}
    if fit.note:
        return row | {"note": fit.note}
    position = arms.compared.index(code)
    if fit.runaway[position]:
        reason = f"the deaths of {group} and {reference} do not overlap in time"
        return row | {"note": f"not estimable: {reason}"}
    values = fit.table().iloc[position].drop("term").to_dict()
    proportional = ph.iloc[position]
    note = proportional["note"] and f"proportionality {proportional['note']}"
    return row | values | {"ph_p": proportional["p"], "note": note}
