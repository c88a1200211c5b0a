"""Cox proportional hazards (Efron ties) with weights, late entry, strata and clusters, as in R."""

from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from scipy.special import ndtr

from mescc_analytics.errors import UsageError
from mescc_analytics.stats.cases import checked_entry, checked_weight, codes
from mescc_analytics.stats.curves import TOLERANCE, checked
from mescc_analytics.stats.intervals import NAN, z_value
from mescc_analytics.stats.risk_sets import RiskSets
from mescc_analytics.stats.sandwich import robust_covariance

MAX_STEPS = 40
# run away: hazard ratio beyond exp(8) over the range, yet within one standard error of 1
RUNAWAY = 8.0


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
        "", "not estimable: <reason>" (then all numbers are NaN) or "interval not estimable:
        <reason>" (then the covariance is).
    robust : bool
        The covariance is the sandwich, `model_covariance` the inverse of the information.
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
    robust: bool = False
    model_covariance: np.ndarray | None = field(default=None, repr=False)

    def table(self):
        """Frame with term, hazard_ratio, ci_lower, ci_upper, p (Wald); NaN where run away."""
        coefficients = np.where(self.runaway, np.nan, self.coefficients)
        variance = np.diag(self.covariance)
        std_err = np.sqrt(np.where(self.runaway | (variance <= 0), np.nan, variance))
        half = z_value(self.level) * std_err
        # a limit beyond all numbers is infinite
        with np.errstate(over="ignore"):
            limits = np.exp(coefficients - half), np.exp(coefficients + half)
        return pd.DataFrame(
            {
                "term": list(self.names),
                "hazard_ratio": np.exp(coefficients),
                "ci_lower": limits[0],
                "ci_upper": limits[1],
                "p": 2 * ndtr(-np.abs(coefficients / std_err)),
            }
        )


def fit_cox(
    time,
    event,
    covariates,
    names,
    *,
    entry=None,
    weight=None,
    cluster=None,
    strata=None,
    robust=None,
    level=0.95,
):
    """Cox model by Newton's method with step halving.

    A covariate that changes with time is given as several rows per case, each at risk in
    (entry, time] with the value that holds then, and an event in the last at most.

    Parameters
    ----------
    time : array-like of float, shape (n_cases,)
    event : array-like of bool, shape (n_cases,)
    covariates : array-like of float, shape (n_cases, p)
    names : sequence of str, length p
    entry : array-like of float, optional
        Day of delayed entry; a case is at risk at t where entry < t <= time.
    weight : array-like of float, optional
        Weight per case, none below 0; a case of weight 0 is left out.
    cluster : array-like, optional
        Rows that belong together: those of one case, cases of one patient or of one site.
    strata : array-like, optional
        Every stratum has a baseline hazard of its own.
    robust : bool, optional
        Sandwich variance; by default where there are weights or clusters.
    level : float
        Confidence level of the intervals.

    Returns
    -------
    CoxFit

    Notes
    -----
    Efron, J Am Stat Assoc 1977;72:557-565; Lin and Wei, ibid. 1989;84:1074-1078. Agrees with R's
    ``coxph(ties = "efron")``, weights, clusters and strata included.

    >>> fit = fit_cox([1, 2, 3, 4, 5], [1, 1, 1, 0, 1], [[0], [1], [0], [1], [1]], ["x"])
    >>> round(float(fit.coefficients[0]), 4)
    -1.4388
    """
    time, event = checked(time, event)
    x = np.asarray(covariates, float).reshape(len(time), -1)
    names = tuple(names)
    _check_covariates(x, names)
    rows = _Rows(
        time,
        event,
        x,
        checked_entry(entry, time),
        checked_weight(weight, len(time)),
        None if cluster is None else codes(cluster, len(time), "clusters"),
        None if strata is None else codes(strata, len(time), "strata"),
    ).with_weight()
    wanted = (weight is not None or cluster is not None) if robust is None else robust
    fit = _fit(rows, names, level)
    return _with_robust(fit, rows.cluster) if wanted and not fit.note else fit


@dataclass(frozen=True)
class _Rows:
    """Checked input of a model, one entry per row."""

    time: np.ndarray
    event: np.ndarray
    x: np.ndarray
    entry: np.ndarray | None
    weight: np.ndarray
    cluster: np.ndarray | None
    strata: np.ndarray | None

    def with_weight(self):
        """The rows that have a weight above 0."""
        kept = self.weight > 0
        if kept.all():
            return self
        chosen = {name: values for name, values in vars(self).items() if values is not None}
        return replace(self, **{name: values[kept] for name, values in chosen.items()})


def _fit(rows, names, level):
    if not rows.event.any():
        return _no_fit(names, level, "no deaths")
    centre, scale = rows.x.mean(axis=0), rows.x.std(axis=0)
    if (scale <= TOLERANCE * np.abs(centre)).any():
        return _no_fit(names, level, "a covariate has the same value in every case")
    x = (rows.x - centre) / scale
    sets = RiskSets(rows.time, rows.event, x, rows.entry, weight=rows.weight, strata=rows.strata)
    null = sets.likelihood(np.zeros(len(names)))
    if np.linalg.matrix_rank(null[2], tol=1e-9 * sets.day_weight.sum()) < len(names):
        return _no_fit(names, level, "the covariates do not vary independently in the risk sets")
    return _newton(sets, names, level, null, scale)


def _with_robust(fit, cluster):
    """The fit with the sandwich variance in place of that of the model."""
    groups = len(fit.risk_sets.last) if cluster is None else len(np.unique(cluster))
    if groups <= len(fit.names):
        reason = f"{groups} clusters for {len(fit.names)} coefficients"
        nothing = np.full_like(fit.covariance, np.nan)
        return replace(fit, covariance=nothing, note=f"interval not estimable: {reason}")
    outer, beta = np.outer(fit.scale, fit.scale), fit.coefficients * fit.scale
    covariance = robust_covariance(fit.risk_sets, beta, fit.covariance * outer, cluster)
    return replace(fit, covariance=covariance / outer, robust=True)


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
    beta, current, converged = _climb(sets, np.zeros(len(names)), null)
    covariance = np.linalg.pinv(current[2], hermitian=True, rcond=1e-15)
    width = np.ptp(sets.x, axis=0)
    std_err = np.sqrt(np.maximum(np.diag(covariance), 0))
    return CoxFit(
        names=names,
        coefficients=beta / scale,
        covariance=covariance / np.outer(scale, scale),
        log_likelihood=float(current[0]),
        loglik_null=float(null[0]),
        converged=converged,
        runaway=(std_err == 0) | ((np.abs(beta) * width > RUNAWAY) & (np.abs(beta) < std_err)),
        level=level,
        note="" if converged else f"not estimable: no maximum after {MAX_STEPS} steps",
        risk_sets=sets,
        scale=scale,
        model_covariance=covariance / np.outer(scale, scale),
    )


def _climb(sets, beta, current):
    """Coefficients of the highest likelihood, the likelihood there, and whether it was reached."""
    # at this decrement one more full step is exact to rounding
    enough = 1e-12 * min(1.0, float(sets.day_weight.mean()))
    for _ in range(MAX_STEPS):
        step = np.linalg.lstsq(current[2], current[1], rcond=None)[0]
        converged = bool(current[1] @ step < enough)
        proposed = sets.likelihood(beta + step)
        while not _holds(proposed, current, converged):
            step = step / 2
            proposed = sets.likelihood(beta + step)
        beta, current = beta + step, proposed
        if converged:
            return beta, current, True
    return beta, current, False


def _holds(proposed, current, converged):
    """Whether a step did not go down, but for rounding, or so far that a hazard became 0."""
    finite = all(np.isfinite(values).all() for values in proposed)
    return finite and (converged or proposed[0] >= current[0] - 1e-9 * abs(current[0]))
