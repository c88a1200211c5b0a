"""Bootstrap of weighted curves: every resample of every group in a few products of matrices."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from mescc_analytics.errors import UsageError
from mescc_analytics.stats.curves import TOLERANCE
from mescc_analytics.stats.resampling import percentile_interval

KINDS = ("median", "survival", "restricted_mean")
# numbers of a matrix of resamples and cases held at a time
CHUNK = 8_000_000


@dataclass(frozen=True)
class Measure:
    """What is read off a curve: kind "median", "survival" or "restricted_mean", and the day."""

    kind: str
    day: float = np.nan


def resampled_counts(n, rng, n_resamples, cluster=None):
    """How often each case is drawn in bootstrap samples of as many cases, or of as many clusters.

    Parameters
    ----------
    n : int
    rng : numpy.random.Generator
    n_resamples : int
    cluster : array of int, shape (n,), optional
        Numbers from 0, all used; rows of a cluster are drawn together.

    Returns
    -------
    array of int, shape (n_resamples, n)

    >>> resampled_counts(4, np.random.default_rng(1), 2).sum(axis=1).tolist()
    [4, 4]
    """
    if not n_resamples >= 1:
        raise UsageError("resamples", [f"found {n_resamples}, wanted at least 1"])
    units = n if cluster is None else int(cluster.max()) + 1
    counts = rng.multinomial(units, np.full(units, 1 / units), size=n_resamples)
    return counts if cluster is None else counts[:, cluster]


def bootstrap_differences(sample, measures, rng, *, n_resamples=2000, reference=None, level=0.95):
    """Differences between the groups with percentile intervals.

    Parameters
    ----------
    sample : contrasts.Sample
        Weights are held as they are.
    measures : sequence of Measure
    rng : numpy.random.Generator
    n_resamples : int
    reference : str, optional
        By default the first group.
    level : float

    Returns
    -------
    DataFrame
        group, reference, kind, day, difference, ci_lower, ci_upper, note.

    >>> from mescc_analytics.stats.contrasts import Sample
    >>> sample = Sample.of([10, 20, 20, 30] * 5, [1] * 20, list("aabb") * 5)
    >>> rng = np.random.default_rng(1)
    >>> found = bootstrap_differences(sample, [Measure("median")], rng, n_resamples=50)
    >>> found["difference"].tolist()
    [10.0]
    """
    wrong = sorted({m.kind for m in measures} - set(KINDS))
    if wrong:
        raise UsageError("measure", [f"found '{wrong[0]}', wanted one of {', '.join(KINDS)}"])
    base = sample.reference(reference)
    whole = read_off(sample, measures, np.ones((1, len(sample.time)), int))[0]
    resampled = _resampled(sample, measures, rng, n_resamples)
    rows = []
    for code, name in enumerate(sample.names):
        for index, measure in enumerate(measures) if code != base else ():
            found = whole[code, index] - whole[base, index]
            drawn = resampled[:, code, index] - resampled[:, base, index]
            limits = (np.nan, np.nan, "not estimable: not reached in both groups")
            if np.isfinite(found):
                limits = percentile_interval(drawn, level)
            key = {"group": name, "reference": sample.names[base], "kind": measure.kind}
            key |= {"day": measure.day, "difference": found}
            rows.append(key | dict(zip(("ci_lower", "ci_upper", "note"), limits, strict=True)))
    columns = ["group", "reference", "kind", "day", "difference", "ci_lower", "ci_upper", "note"]
    return pd.DataFrame(rows, columns=columns)


def _resampled(sample, measures, rng, n_resamples):
    n = max(len(sample.time), 1)
    size = max(1, CHUNK // n)
    parts = []
    for low in range(0, n_resamples, size):
        counts = resampled_counts(n, rng, min(size, n_resamples - low), sample.cluster)
        parts.append(read_off(sample, measures, counts))
    return np.concatenate(parts)


def read_off(sample, measures, counts):
    """Measures of every group when each case is counted several times.

    Parameters
    ----------
    sample : contrasts.Sample
    measures : sequence of Measure
    counts : array, shape (n_resamples, n_cases)
        Whole or not; NaN throughout a resample without an estimate.

    Returns
    -------
    array, shape (n_resamples, n_groups, n_measures)
        NaN where a curve does not reach.
    """
    found = np.full((len(counts), len(sample.names), len(measures)), np.nan)
    for code in range(len(sample.names)):
        chosen = np.flatnonzero(sample.group == code)
        follow = sample.follow(code)
        survival, last = _curves(follow, counts[:, chosen])
        for index, measure in enumerate(measures):
            found[:, code, index] = _read(follow.days, survival, last, measure)
        if sample.start:
            means = [index for index, m in enumerate(measures) if m.kind == "restricted_mean"]
            found[:, code, means] += sample.start
    return found


def _curves(follow, counts):
    """Survival (n_resamples, n_days), NaN without cases; and position of the last day followed."""
    n_days, weighted = len(follow.days), counts * follow.weight
    leaving = sums_at(follow.left, weighted, n_days)
    present = np.cumsum(sums_at(follow.first, weighted, n_days + 1)[:, :n_days], axis=1)
    present -= np.cumsum(leaving, axis=1) - leaving
    died = sums_at(follow.left, weighted * follow.event, n_days)
    # weights that leave nobody behind differ from 0 by rounding
    hazard = np.divide(died, present, out=np.zeros(died.shape), where=died > 0)
    survival = np.cumprod(np.where(hazard > 1 - 1e-12, 0.0, 1 - hazard), axis=1)
    last = n_days - 1 - np.argmax(leaving[:, ::-1] > 0, axis=1)
    survival[~(counts.sum(axis=1) > 0)] = np.nan
    return survival, last


def sums_at(place, values, n_places):
    """Sums of the columns of `values` that have the same place.

    Parameters
    ----------
    place : array of int, shape (n_cases,)
    values : array, shape (n_resamples, n_cases)
    n_places : int

    Returns
    -------
    array, shape (n_resamples, n_places)

    >>> sums_at(np.array([2, 0, 2]), np.array([[1.0, 2.0, 4.0]]), 3).tolist()
    [[2.0, 0.0, 5.0]]
    """
    total = np.zeros((len(values), n_places))
    order = np.argsort(place, kind="stable")
    found, opens = np.unique(place[order], return_index=True)
    if len(found):
        total[:, found] = np.add.reduceat(values[:, order], opens, axis=1)
    return total


def _read(days, survival, last, measure):
    if measure.kind == "median":
        return _medians(days, survival, last)
    reached = (days[last] >= measure.day - TOLERANCE) | (survival[:, -1] == 0)
    if measure.kind == "survival":
        value = survival[:, np.flatnonzero(days <= measure.day + TOLERANCE)[-1]]
    else:
        width = np.maximum(np.minimum(np.r_[days[1:], np.inf], measure.day) - days, 0)
        value = survival @ width
    return np.where(reached, value, np.nan)


def _medians(days, survival, last):
    """As `curves.quantile`: the middle of a stretch that is flat at exactly one half."""
    below, lower = survival < 0.5 + TOLERANCE, survival < 0.5 - TOLERANCE
    first, next_drop = np.argmax(below, axis=1), np.argmax(lower, axis=1)
    flat = ~lower[np.arange(len(lower)), first] & lower.any(axis=1)
    median = np.where(flat, (days[first] + days[next_drop]) / 2, days[first])
    return np.where(below.any(axis=1), median, np.nan)
