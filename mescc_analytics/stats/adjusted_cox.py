"""Cox models with many covariates in small cohorts: what cannot be estimated is left out with a
reason, the rest is kept; and the same model pooled over completed data.
"""

from dataclasses import dataclass

import numpy as np

from mescc_analytics.stats.cox import fit_cox
from mescc_analytics.stats.hazards import ALONE
from mescc_analytics.stats.pooling import pool


@dataclass(frozen=True)
class AdjustedFit:
    """Coefficients of one fit.

    Attributes
    ----------
    coefficients, variances : array, shape (p,)
        Log hazard ratios; NaN where there is none.
    reasons : tuple of str
        Why there is none, or "".
    n_estimated : int
    n, events : int
        Cases and deaths given.
    """

    coefficients: np.ndarray
    variances: np.ndarray
    reasons: tuple
    n_estimated: int
    n: int
    events: int

    @property
    def df(self):
        """Degrees of freedom of the complete data: deaths less coefficients, as in mice."""
        return max(self.events - self.n_estimated, 1)


def fit_adjusted(time, event, covariates, names, indicator, *, beside=ALONE):
    """Cox model of all covariates that can be estimated.

    Parameters
    ----------
    time : array of float, shape (n_cases,)
    event : array of bool, shape (n_cases,)
    covariates : array of float, shape (n_cases, p)
    names : sequence of str, length p
    indicator : array of bool, shape (p,)
        Covariates that are 1 in the cases of one level. Without a death in them the hazard ratio
        is 0; their cases leave the model, which changes no other coefficient.
    beside : hazards.Beside
        Delayed entry, clusters and strata.

    Returns
    -------
    AdjustedFit

    >>> x = np.array([[0.0], [1], [0], [1], [1]])
    >>> fit = fit_adjusted(np.arange(1.0, 6), np.array([1, 1, 1, 0, 1], bool), x, ["x"], [True])
    >>> fit.coefficients.round(4).tolist(), fit.df
    ([-1.4388], 3)
    """
    x, indicator = np.asarray(covariates, float), np.asarray(indicator, bool)
    reasons = np.full(len(names), "", dtype=object)
    reasons[indicator & ~((x > 0) & event[:, np.newaxis]).any(axis=0)] = "no deaths"
    in_model = ~(x[:, reasons == "no deaths"] > 0).any(axis=1)
    same = np.ptp(x[in_model], axis=0) == 0 if in_model.any() else np.ones(len(names), bool)
    reasons[same & (reasons == "")] = "the same in every case"
    kept = reasons == ""
    found = np.full((2, len(names)), np.nan)
    if kept.any() and event[in_model].any():
        terms = [name for name, keep in zip(names, kept, strict=True) if keep]
        given = beside.of(in_model, "entry", "cluster", "strata")
        fit = fit_cox(time[in_model], event[in_model], x[np.ix_(in_model, kept)], terms, **given)
        bad = fit.runaway | bool(fit.note)
        found[:, kept] = np.where(bad, np.nan, [fit.coefficients, np.diag(fit.covariance)])
        why = fit.note.removeprefix("not estimable: ") or "deaths do not overlap"
        reasons[kept] = np.where(bad, why, "")
    elif not event.any():
        reasons[:] = "no deaths"
    return AdjustedFit(*found, tuple(reasons), int(kept.sum()), len(time), int(event.sum()))


def pool_fits(fits, level=0.95):
    """One Pooled per covariate, by Rubin's rules; a single fit is given as it is.

    Parameters
    ----------
    fits : sequence of AdjustedFit
    level : float
    """
    single = len(fits) == 1
    repeated = list(fits) * 2 if single else list(fits)
    df = np.inf if single else float(np.mean([fit.df for fit in fits]))
    b, v = (np.array([getattr(f, k) for f in repeated]) for k in ("coefficients", "variances"))
    return [pool(b[:, i], v[:, i], df_complete=df, level=level) for i in range(b.shape[1])]
