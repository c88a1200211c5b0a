"""Estimates of several completed data sets as one, by Rubin's rules."""

from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr, stdtrit

from mescc_analytics.errors import UsageError
from mescc_analytics.stats.intervals import NAN, z_value


@dataclass(frozen=True)
class Pooled:
    """A pooled estimate.

    Attributes
    ----------
    estimate, std_err, lower, upper, p : float
    df : float
        Degrees of freedom of the t distribution; inf where nothing was missing.
    relative_increase : float
        Of the variance, through the missing values.
    fraction_missing : float
        Fraction of missing information.
    n_imputations : int
        With an estimate.
    note : str
    """

    estimate: float
    std_err: float
    lower: float
    upper: float
    p: float
    df: float
    relative_increase: float
    fraction_missing: float
    n_imputations: int
    note: str = ""


def pool(estimates, variances, *, df_complete=np.inf, level=0.95):
    """Pool the estimates of completed data sets.

    Parameters
    ----------
    estimates, variances : array-like of float, shape (m,)
        On a scale on which they are roughly normal: log ratios, not ratios. NaN where an imputation
        has none.
    df_complete : float
        Degrees of freedom if nothing were missing.
    level : float

    Returns
    -------
    Pooled
        Not estimable from fewer than two estimates, or where a fifth of them are missing.

    Notes
    -----
    Rubin, Multiple Imputation for Nonresponse in Surveys, 1987; degrees of freedom of Barnard and
    Rubin, Biometrika 1999;86:948-955. Agrees with R's ``mice::pool``.

    >>> found = pool([1.0, 2.0, 3.0], [0.5, 0.5, 0.5])
    >>> found.estimate, round(found.std_err, 6), round(found.fraction_missing, 4)
    (2.0, 1.354006, 0.8077)
    """
    q, u = np.asarray(estimates, float), np.asarray(variances, float)
    if q.shape != u.shape or q.ndim != 1 or not (df_complete > 0):
        wanted = "wanted as many variances as estimates, and degrees of freedom above 0"
        raise UsageError("imputed estimates", [f"found {q.size} and {u.size}: {wanted}"])
    known = np.isfinite(q) & np.isfinite(u) & (u >= 0)
    m = int(known.sum())
    if m < 2 or m < 0.8 * len(q):
        note = f"not estimable: {m} of {len(q)} imputations have an estimate"
        return Pooled(*[NAN] * 8, m, note)
    within, between = u[known].mean(), q[known].var(ddof=1)
    total = within + (1 + 1 / m) * between
    if total <= 0:
        return Pooled(float(q[known].mean()), *[NAN] * 7, m, "interval not estimable: no variance")
    df = _degrees_of_freedom((1 + 1 / m) * between / total, m, df_complete)
    increase = (1 + 1 / m) * between / within if within > 0 else np.inf
    spread = float(np.sqrt(total)), df, float(increase)
    return _pooled(float(q[known].mean()), spread, level, m)


def _degrees_of_freedom(share, m, df_complete):
    """Barnard and Rubin's; `share` of the variance is through the missing values."""
    if share <= 0:
        old = np.inf
    else:
        old = (m - 1) / share**2
    if np.isinf(df_complete):
        return float(old)
    observed = (df_complete + 1) / (df_complete + 3) * df_complete * (1 - share)
    return float(observed if np.isinf(old) else old * observed / (old + observed))


def _pooled(estimate, spread, level, m):
    std_err, df, increase = spread
    normal = z_value(level)
    half = std_err * (normal if np.isinf(df) else float(stdtrit(df, (1 + level) / 2)))
    # the t distribution with so many degrees of freedom is the normal one
    p = float(2 * stdtr(min(df, 1e300), -abs(estimate) / std_err))
    missing = 1.0 if np.isinf(increase) else (increase + 2 / (df + 3)) / (1 + increase)
    limits = estimate - half, estimate + half
    return Pooled(estimate, std_err, *limits, p, df, increase, float(missing), m)
