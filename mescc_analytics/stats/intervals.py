"""Proportions and contrasts of proportions, with intervals that hold in small arms."""

from dataclasses import dataclass

import numpy as np
from scipy.special import bdtr, betaincinv, ndtri, stdtrit

from mescc_analytics.errors import UsageError

NAN = float("nan")


@dataclass(frozen=True)
class Estimate:
    """A number with its interval.

    Attributes
    ----------
    estimate, lower, upper : float
        NaN where not estimable.
    note : str
        "" or "not estimable: <reason>".
    """

    estimate: float
    lower: float
    upper: float
    note: str = ""


def not_estimable(reason):
    """An Estimate that says why there is none.

    >>> not_estimable("no cases").note
    'not estimable: no cases'
    """
    return Estimate(NAN, NAN, NAN, f"not estimable: {reason}")


def z_value(level):
    """Two-sided standard normal quantile of a confidence level in (0, 1).

    >>> round(z_value(0.95), 6)
    1.959964
    """
    if not 0 < level < 1:
        raise UsageError("confidence level", [f"found {level}, wanted a number between 0 and 1"])
    return float(-ndtri((1 - level) / 2))


def _counts(successes, n):
    successes, n = np.broadcast_arrays(np.asarray(successes, float), np.asarray(n, float))
    if not ((successes >= 0) & (successes <= n)).all():
        raise UsageError("counts", ["found a count outside 0 to n, wanted 0 <= count <= n"])
    return successes, n


def _divide(numerator, denominator):
    """Quotient with NaN where the denominator is 0."""
    empty = np.full(np.shape(denominator), np.nan)
    return np.divide(numerator, denominator, out=empty, where=np.asarray(denominator) > 0)


def wilson(successes, n, level=0.95):
    """Proportion with the Wilson score interval.

    Parameters
    ----------
    successes, n : array-like of counts, same shape
    level : float

    Returns
    -------
    estimate, lower, upper : arrays; NaN where n is 0

    Notes
    -----
    Wilson, J Am Stat Assoc 1927;22:209-212.

    >>> [round(float(value), 3) for value in wilson(43, 69)]
    [0.623, 0.505, 0.728]
    """
    successes, n = _counts(successes, n)
    z2 = z_value(level) ** 2
    p = _divide(successes, n)

    centre = (successes + z2 / 2) / (n + z2)
    half = np.sqrt(z2 * (n * p * (1 - p) + z2 / 4)) / (n + z2)
    lower = np.where(p == 0, 0.0, centre - half)
    upper = np.where(p == 1, 1.0, centre + half)
    return p, np.where(n > 0, lower, np.nan), np.where(n > 0, upper, np.nan)


def clopper_pearson(successes, n, level=0.95):
    """Proportion with the exact (Clopper-Pearson) interval; arguments and result as `wilson`.

    Notes
    -----
    Clopper and Pearson, Biometrika 1934;26:404-413.

    >>> [round(float(value), 4) for value in clopper_pearson(0, 10)]
    [0.0, 0.0, 0.3085]
    """
    successes, n = _counts(successes, n)
    z_value(level)
    tail = (1 - level) / 2
    misses = n - successes

    # the beta quantile needs both parameters above 0; the two ends are known without it
    lower = np.where(successes > 0, betaincinv(np.maximum(successes, 1), misses + 1, tail), 0.0)
    upper = np.where(misses > 0, betaincinv(successes + 1, np.maximum(misses, 1), 1 - tail), 1.0)
    return (
        _divide(successes, n),
        np.where(n > 0, lower, np.nan),
        np.where(n > 0, upper, np.nan),
    )


def risk_difference_newcombe(a, n1, b, n2, level=0.95):
    """Risk difference a/n1 - b/n2 with Newcombe's hybrid score interval.

    Parameters
    ----------
    a, n1 : int
        Successes and size of the group.
    b, n2 : int
        Successes and size of the reference.
    level : float

    Returns
    -------
    Estimate

    Notes
    -----
    Newcombe, Stat Med 1998;17:873-890, method 10.

    >>> patchell = risk_difference_newcombe(42, 50, 29, 51)
    >>> [round(100 * value, 1) for value in (patchell.estimate, patchell.lower, patchell.upper)]
    [27.1, 9.4, 42.7]
    """
    if n1 == 0 or n2 == 0:
        return not_estimable("a group is empty")
    return Estimate(*map(float, newcombe(a, n1, b, n2, level)))


def newcombe(a, n1, b, n2, level=0.95):
    """Many risk differences at once: as `risk_difference_newcombe`, arrays in and out.

    Returns
    -------
    estimate, lower, upper : arrays; NaN where a group is empty
    """
    (p1, l1, u1), (p2, l2, u2) = wilson(a, n1, level), wilson(b, n2, level)
    difference = p1 - p2
    lower = difference - np.hypot(p1 - l1, u2 - p2)
    upper = difference + np.hypot(u1 - p1, p2 - l2)
    return difference, lower, upper


def risk_ratio(a, n1, b, n2, level=0.95):
    """Risk ratio (a/n1)/(b/n2) with Katz's log interval; arguments as `risk_difference_newcombe`.

    Notes
    -----
    Katz et al., Biometrics 1978;34:469-474.

    >>> patchell = risk_ratio(42, 50, 29, 51)
    >>> [round(value, 2) for value in (patchell.estimate, patchell.lower, patchell.upper)]
    [1.48, 1.13, 1.93]
    """
    _counts([a, b], [n1, n2])
    if n1 == 0 or n2 == 0:
        return not_estimable("a group is empty")
    if a == 0 or b == 0:
        return not_estimable("nobody with the outcome in a group")
    return _log_scale(a * n2 / (b * n1), 1 / a - 1 / n1 + 1 / b - 1 / n2, level)


def odds_ratio(a, n1, b, n2, level=0.95):
    """Odds ratio with Woolf's log interval; arguments as `risk_difference_newcombe`.

    Notes
    -----
    Woolf, Ann Hum Genet 1955;19:251-253.

    >>> patchell = odds_ratio(42, 50, 29, 51)
    >>> [round(value, 2) for value in (patchell.estimate, patchell.lower, patchell.upper)]
    [3.98, 1.56, 10.17]
    """
    _counts([a, b], [n1, n2])
    if n1 == 0 or n2 == 0:
        return not_estimable("a group is empty")
    cells = np.array([a, n1 - a, b, n2 - b], float)
    if (cells == 0).any():
        return not_estimable("a cell of the table is 0")
    return _log_scale(cells[0] * cells[3] / (cells[1] * cells[2]), (1 / cells).sum(), level)


def odds_ratio_mh(tables, level=0.95):
    """Mantel-Haenszel odds ratio with the Robins-Breslow-Greenland interval.

    Parameters
    ----------
    tables : array-like of counts, shape (n_strata, 2, 2)
        Rows: group, reference. Columns: with and without the outcome. Empty strata add nothing.
    level : float

    Returns
    -------
    Estimate

    Notes
    -----
    Robins, Breslow and Greenland, Biometrics 1986;42:311-323.

    >>> patchell = odds_ratio_mh([[[32, 2], [26, 9]], [[10, 6], [3, 13]]])
    >>> [round(value, 2) for value in (patchell.estimate, patchell.lower, patchell.upper)]
    [6.26, 1.98, 19.75]
    """
    tables = np.asarray(tables, float).reshape(-1, 2, 2)
    tables = tables[tables.sum(axis=(1, 2)) > 0]
    a, b, c, d = (tables[:, i, j] for i in (0, 1) for j in (0, 1))
    n = tables.sum(axis=(1, 2))

    p, q = (a + d) / n, (b + c) / n
    r, s = a * d / n, b * c / n
    if r.sum() == 0 or s.sum() == 0:
        return not_estimable("no stratum has both outcomes in a way that compares the groups")
    variance = (
        (p * r).sum() / (2 * r.sum() ** 2)
        + (p * s + q * r).sum() / (2 * r.sum() * s.sum())
        + (q * s).sum() / (2 * s.sum() ** 2)
    )
    return _log_scale(r.sum() / s.sum(), variance, level)


def _log_scale(ratio, variance, level):
    factor = np.exp(z_value(level) * np.sqrt(variance))
    return Estimate(float(ratio), float(ratio / factor), float(ratio * factor))


def median_interval(values, level=0.95):
    """Median with the interval of order statistics.

    Parameters
    ----------
    values : array-like, shape (n_cases,)
        None missing.
    level : float

    Returns
    -------
    estimate, lower, upper : float
        NaN where too few values reach the level; all three where there is none.

    Notes
    -----
    The largest rank r with P(Binomial(n, 1/2) < r) <= (1 - level) / 2, from both ends (Conover,
    Practical Nonparametric Statistics, 3rd ed., section 3.2): it holds at least `level`.

    >>> median_interval([3, 1, 2, 10, 7, 8, 9, 4, 5, 6])
    (5.5, 2.0, 9.0)
    """
    z_value(level)
    values = np.sort(np.asarray(values, float))
    n = len(values)
    if not n:
        return NAN, NAN, NAN
    rank = int((bdtr(np.arange(n), n, 0.5) <= (1 - level) / 2).sum())
    ends = (float(values[rank - 1]), float(values[n - rank])) if rank else (NAN, NAN)
    return float(np.median(values)), *ends


def mean_interval(values, level=0.95):
    """Mean with Student's interval; arguments and result as `median_interval`.

    >>> [round(value, 3) for value in mean_interval([10, 12, 14])]
    [12.0, 7.032, 16.968]
    """
    z_value(level)
    values = np.asarray(values, float)
    n = len(values)
    if n < 2:
        return (float(values.mean()) if n else NAN), NAN, NAN
    half = stdtrit(n - 1, 1 - (1 - level) / 2) * values.std(ddof=1) / np.sqrt(n)
    return float(values.mean()), float(values.mean() - half), float(values.mean() + half)
