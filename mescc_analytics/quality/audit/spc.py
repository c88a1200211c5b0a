"""Control charts for proportions: run chart rules, p-chart, Laney's p', funnel limits, CUSUM.

Order is the order of the points; a point without cases is missing and left out of every rule.

References
----------
Laney, Quality Engineering 2002;14:531-7 (p'). Anhøj and Olesen, PLoS ONE 2014;9:e113825
(crossings). Spiegelhalter, Stat Med 2005;24:1185-202 (funnel limits, overdispersion). Steiner
et al., Biostatistics 2000;1:441-52 (CUSUM).
"""

from dataclasses import dataclass

import numpy as np
from scipy import stats

D2 = 1.128  # mean moving range of two standard normal values
SIGMAS = 3.0


@dataclass(frozen=True)
class Limits:
    """A chart's centre line and limits, one value per point.

    Attributes
    ----------
    centre, lower, upper : array of float, shape (n_points,)
    sigma_z : float
        Spread beyond chance by which the limits are widened; 1 on a plain p-chart.
    dispersion_p : float
        P value of Pearson's test that the points vary by chance only.
    """

    centre: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    sigma_z: float
    dispersion_p: float


def p_chart(events, n, *, overdispersion="auto", baseline=None):
    """Centre line and 3-sigma limits of proportions in order.

    Parameters
    ----------
    events, n : array of counts, shape (n_points,)
        A point with n = 0 has no limits (NaN).
    overdispersion : {"auto", "always", "never"}
        Whether limits are Laney's: "auto" where Pearson's test finds more than chance (p < 0.05)
        and the moving ranges agree (sigma_z > 1).
    baseline : int, optional
        Points from which the centre and the spread are taken: the first so many; default all.

    Returns
    -------
    Limits
    """
    events, n = np.asarray(events, dtype=float), np.asarray(n, dtype=float)
    used = slice(None) if baseline is None else slice(0, baseline)
    centre = events[used].sum() / n[used].sum() if n[used].sum() else np.nan
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = np.sqrt(centre * (1 - centre) / n)
        spread[n == 0] = np.nan
        z = ((events / n - centre) / spread)[used]
    z = z[np.isfinite(z)]
    sigma_z = float(np.abs(np.diff(z)).mean() / D2) if len(z) > 1 else 1.0
    p = float(stats.chi2.sf((z**2).sum(), len(z) - 1)) if len(z) > 1 else np.nan
    over = overdispersion == "always" or (overdispersion == "auto" and p < 0.05 and sigma_z > 1)
    factor = sigma_z if over else 1.0
    reach = SIGMAS * spread * factor
    line = np.where(n > 0, centre, np.nan)
    return Limits(line, np.clip(line - reach, 0, 1), np.clip(line + reach, 0, 1), factor, p)


@dataclass(frozen=True)
class Signal:
    """A rule that fired: which, from which point to which (positions), and on which side.

    Attributes
    ----------
    rule : {"outside", "shift", "trend", "crossings"}
    first, last : int
    side : {"above", "below", "up", "down", ""}
    length : int
        Points; for crossings, how often the line was crossed.
    """

    rule: str
    first: int
    last: int
    side: str
    length: int


def signals(values, limits, shift=8, trend=6):
    """Every rule that fired on a chart, in order of its first point.

    Parameters
    ----------
    values : array of float, shape (n_points,)
        NaN where there is no point.
    limits : Limits
    shift : int
        Points in a row on one side of the centre; points on the line neither count nor break.
    trend : int
        Points in a row each above (or below) the one before.

    Returns
    -------
    list of Signal
    """
    values = np.asarray(values, dtype=float)
    found = [*_outside(values, limits)]
    found += _runs(np.sign(np.round(values - limits.centre, 12)), shift)
    found += _trends(values, trend)
    found += _few_crossings(values, limits.centre)
    return sorted(found, key=lambda signal: (signal.first, signal.rule))


def _outside(values, limits):
    for where, side in ((values > limits.upper, "above"), (values < limits.lower, "below")):
        for position in np.flatnonzero(where):
            yield Signal("outside", int(position), int(position), side, 1)


def _runs(sides, least):
    positions = np.flatnonzero(np.isfinite(sides) & (sides != 0))
    for first, last, sign in _stretches(sides[positions]):
        if last - first + 1 >= least:
            side = "above" if sign > 0 else "below"
            yield Signal(
                "shift", int(positions[first]), int(positions[last]), side, last - first + 1
            )


def _trends(values, least):
    positions = np.flatnonzero(np.isfinite(values))
    steps = np.sign(np.diff(values[positions]))
    for first, last, sign in _stretches(steps):
        if sign and last - first + 2 >= least:
            side = "up" if sign > 0 else "down"
            yield Signal(
                "trend", int(positions[first]), int(positions[last + 1]), side, last - first + 2
            )


def _stretches(signs):
    """First and last position and the sign of every stretch of equal signs."""
    if not len(signs):
        return []
    cuts = np.flatnonzero(np.diff(signs)) + 1
    starts, ends = np.r_[0, cuts], np.r_[cuts, len(signs)] - 1
    return [(int(a), int(b), signs[a]) for a, b in zip(starts, ends, strict=True)]


def _few_crossings(values, centre):
    sides = np.sign(np.round(values - centre, 12))
    positions = np.flatnonzero(np.isfinite(sides) & (sides != 0))
    if len(positions) < 10:  # too few points for the rule to mean anything
        return
    crossings = int((np.diff(sides[positions]) != 0).sum())
    if crossings < crossings_limit(len(positions)):
        yield Signal("crossings", int(positions[0]), int(positions[-1]), "", crossings)


def crossings_limit(n_useful):
    """Fewest crossings of the centre line that chance explains (5th percentile)."""
    return int(stats.binom.ppf(0.05, n_useful - 1, 0.5))


def funnel_limits(n, target, level):
    """Exact control limits of a proportion for samples of size n.

    Parameters
    ----------
    n : array of counts, at least 1
    target : float
        Proportion of the centre line.
    level : float
        Coverage, for example 0.95 or 0.998.

    Returns
    -------
    (array, array)
        Lower and upper limit; interpolated between counts as Spiegelhalter (2005), appendix A.
    """
    tail = (1 - level) / 2
    return tuple(np.clip(_exact(np.asarray(n), target, p), 0, 1) for p in (tail, 1 - tail))


def _exact(n, target, probability):
    count = stats.binom.ppf(probability, n, target)
    at, below = stats.binom.cdf(count, n, target), stats.binom.cdf(count - 1, n, target)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(at > below, (at - probability) / (at - below), 0.0)
    return (count - share) / n


def overdispersion(events, n, target, winsor=0.1):
    """Multiplicative overdispersion of units around a target (phi; 1 is chance alone).

    Z values beyond the `winsor` and 1 - `winsor` quantiles are drawn in to them, so that the units
    one looks for do not widen the limits.
    """
    events, n = np.asarray(events, dtype=float), np.asarray(n, dtype=float)
    z = (events / n - target) / np.sqrt(target * (1 - target) / n)
    low, high = np.quantile(z, [winsor, 1 - winsor])
    return float(np.mean(np.clip(z, low, high) ** 2))


def cusum(events, n, expected, odds_ratio=2.0):
    """Upper CUSUM of the log likelihood for a raised odds of an adverse event.

    Parameters
    ----------
    events, n : array of counts, shape (n_points,)
        Cases within a point have no order, so that a point adds the sum of its cases.
    expected : float
        Probability under control.
    odds_ratio : float
        The rise that the chart is tuned to find.

    Returns
    -------
    array of float, shape (n_points,)
    """
    events, n = np.asarray(events, dtype=float), np.asarray(n, dtype=float)
    weight = events * np.log(odds_ratio) - n * np.log(1 - expected + odds_ratio * expected)
    total = np.cumsum(weight)
    return total - np.minimum(np.minimum.accumulate(total), 0.0)
