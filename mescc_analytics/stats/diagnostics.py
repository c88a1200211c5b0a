"""What can be judged of a weighted comparison before its result is seen."""

import numpy as np
import pandas as pd
from scipy.special import chdtri, fdtri, ndtri

from mescc_analytics.errors import UsageError
from mescc_analytics.stats.intervals import NAN

LARGEST_LOG_RATIO = 700.0


def chance_limit(effective_first, effective_second, df=1, level=0.95):
    """Standardised difference that randomised groups exceed in 1 - level of the times.

    Parameters
    ----------
    effective_first, effective_second : float
        Effective sample sizes.
    df : int
        Number of levels of the covariate less one; 1 for a number.
    level : float

    Notes
    -----
    The squared Mahalanobis distance of two means of k - 1 indicators, divided by the sum of the
    inverse sizes, is a chi square of k - 1 degrees of freedom.

    >>> round(chance_limit(50, 50), 3)
    0.392
    """
    if not (effective_first > 0 and effective_second > 0):
        return NAN
    spread = 1 / effective_first + 1 / effective_second
    return float(np.sqrt(chdtri(max(df, 1), 1 - level) * spread))


def chance_ratio(effective_first, effective_second, level=0.95):
    """Ratio of variances, the larger over the smaller, that randomised groups exceed in 1 - level.

    Parameters
    ----------
    effective_first, effective_second : float
        Effective sample sizes.
    level : float

    Notes
    -----
    The F distribution, so that the number is taken as normal.

    >>> round(chance_ratio(21, 21), 3)
    2.464
    """
    sizes = np.array([effective_first, effective_second]) - 1
    if not (sizes > 0).all():
        return np.inf
    tail = 1 - (1 - level) / 2
    return float(max(fdtri(*sizes, tail), fdtri(*sizes[::-1], tail)))


def common_support(score, member):
    """Share of the cases of each group that lie where the other group has cases too.

    Parameters
    ----------
    score : array of float, shape (n_cases,)
        Probability of the first group, of the two.
    member : array of bool, shape (n_cases,)
        Of the first group.

    Returns
    -------
    first, second : float
        NaN where a group has no case.

    >>> common_support(np.array([0.9, 0.5, 0.5, 0.1]), np.array([True, True, False, False]))
    (0.5, 0.5)
    """
    score, member = np.asarray(score, float), np.asarray(member, bool)
    sides = score[member], score[~member]
    if not (len(sides[0]) and len(sides[1])):
        return NAN, NAN
    lower, upper = max(map(np.min, sides)), min(map(np.max, sides))
    return tuple(float(((side >= lower) & (side <= upper)).mean()) for side in sides)


def detectable_hazard_ratio(deaths, effective, n, *, power=0.8, level=0.95):
    """Smallest hazard ratio above 1 that a comparison of two groups would find.

    Parameters
    ----------
    deaths, effective, n : pairs of float
        Deaths, effective sample size and cases of the two groups; deaths count by as much as the
        weights leave of the cases.
    power, level : float
        Level of the two-sided interval that is to leave out 1.

    Returns
    -------
    float
        Infinite without deaths.

    Notes
    -----
    Schoenfeld, Biometrika 1981;68:316-319.

    >>> round(detectable_hazard_ratio((50, 50), (100, 100), (100, 100)), 3)
    1.751
    """
    effective, n = np.asarray(effective, float), np.asarray(n, float)
    left = np.divide(effective, n, out=np.zeros(2), where=n > 0)
    counted = float(np.asarray(deaths, float) @ left)
    total = effective.sum()
    if not (counted > 0 and total > 0):
        return float("inf")
    share = effective / total
    needed = (ndtri((1 + level) / 2) + ndtri(power)) ** 2
    room = counted * share.prod()
    if room <= 0 or needed / room > LARGEST_LOG_RATIO**2:
        return float("inf")
    return float(np.exp(np.sqrt(needed / room)))


def detectable_difference(share, effective, *, power=0.8, level=0.95):
    """Smallest difference of two risks that a comparison of two groups would find.

    Parameters
    ----------
    share : float
        Risk of both groups together: who is in which group is not looked at.
    effective : pair of float
        Effective sample sizes.
    power, level : float
        Level of the two-sided interval that is to leave out 0.

    Returns
    -------
    float
        Infinite where a group has no case, or nobody or everybody had the outcome.

    >>> round(detectable_difference(0.5, (100, 100)), 3)
    0.198
    """
    effective = np.asarray(effective, float)
    if not (0 < share < 1 and (effective > 0).all()):
        return float("inf")
    spread = share * (1 - share) * (1 / effective).sum()
    return float((ndtri((1 + level) / 2) + ndtri(power)) * np.sqrt(spread))


def histogram(score, edges, weight=None):
    """Cases per bin, and their weights; the last bin holds its upper edge.

    Parameters
    ----------
    score : array of float, shape (n_cases,)
        Within the edges.
    edges : array of float, shape (n_bins + 1,)
        Ascending.
    weight : array of float, optional

    Returns
    -------
    DataFrame
        bin_lower, bin_upper, n, n_weighted.

    >>> histogram(np.array([0.1, 1.0]), np.array([0, 0.5, 1]))["n"].tolist()
    [1, 1]
    """
    score, edges = np.asarray(score, float), np.asarray(edges, float)
    if len(score) and not ((score >= edges[0]) & (score <= edges[-1])).all():
        raise UsageError("scores", [f"wanted all from {edges[0]:g} to {edges[-1]:g}"])
    weight = np.ones(len(score)) if weight is None else np.asarray(weight, float)
    place = np.clip(np.searchsorted(edges, score, side="right") - 1, 0, len(edges) - 2)
    bins = len(edges) - 1
    return pd.DataFrame(
        {
            "bin_lower": edges[:-1],
            "bin_upper": edges[1:],
            "n": np.bincount(place, minlength=bins),
            "n_weighted": np.bincount(place, weight, minlength=bins),
        }
    )
