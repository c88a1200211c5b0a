"""Restricted means and survival on a day by group, and their differences, weighted or not."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import ndtr

from mescc_analytics.errors import UsageError
from mescc_analytics.stats.bootstrap import Measure, read_off
from mescc_analytics.stats.cases import checked_entry, checked_weight, codes
from mescc_analytics.stats.curves import TOLERANCE, checked
from mescc_analytics.stats.estimated_scores import ScoreModel
from mescc_analytics.stats.influence import Follow, covariance_of
from mescc_analytics.stats.intervals import NAN, z_value
from mescc_analytics.stats.resampling import percentile_interval
from mescc_analytics.stats.score_draws import ScoreDraws, bootstrap_limits

MEASURES = ("restricted_mean", "survival")
DIFFERENCE_COLUMNS = (
    *("group", "reference", "difference", "ci_lower", "ci_upper", "p"),
    *("ratio", "ratio_lower", "ratio_upper", "of_group", "of_reference", "note"),
)


@dataclass(frozen=True)
class Sample:
    """Cases with their groups, checked; made by `Sample.of`.

    Attributes
    ----------
    time, event, weight : arrays, shape (n_cases,)
    group : array of int, shape (n_cases,)
        Position in `names`.
    names : tuple of str
    entry, cluster : arrays, shape (n_cases,), or None
    start : float
        Day on which the curves start.
    scores : ScoreModel or None
        Of the weights, with one row per case: standard errors then count them as estimated.
    draws : ScoreDraws or None
        Of those scores: intervals are then percentiles of the resamples.
    """

    time: np.ndarray
    event: np.ndarray
    group: np.ndarray
    names: tuple
    weight: np.ndarray
    entry: np.ndarray | None
    cluster: np.ndarray | None
    start: float
    scores: ScoreModel | None = None
    draws: ScoreDraws | None = None

    @classmethod
    def of(
        cls,
        time,
        event,
        group,
        *,
        weight=None,
        entry=None,
        cluster=None,
        start=0.0,
        scores=None,
        draws=None,
    ):
        """Cases of weight 0 are left out, and groups without a case.

        >>> Sample.of([5, 8], [1, 0], ["b", "a"], weight=[1, 0]).names
        ('b',)
        """
        time, event = checked(time, event, start)
        n = len(time)
        entry, weight = checked_entry(entry, time), checked_weight(weight, n)
        group = pd.Categorical(group)
        if len(group) != n or (group.codes < 0).any():
            raise UsageError("groups", ["wanted one group per case, none missing"])
        cluster = None if cluster is None else codes(cluster, n, "clusters")
        kept = weight > 0
        group = group[kept].remove_unused_categories()
        entry, cluster = (None if v is None else v[kept] for v in (entry, cluster))
        names = tuple(map(str, group.categories))
        if scores is not None:
            scores = scores.at(kept)
            scores.require(weight[kept])
        draws = None if draws is None else draws.at(kept)
        chosen = time[kept], event[kept], group.codes.astype(int), names, weight[kept]
        return cls(*chosen, entry, cluster, float(start), scores, draws)

    def reference(self, name):
        """Position of the reference group; the first without a name."""
        if name is None or not self.names:
            return 0
        if str(name) not in self.names:
            wanted = f"wanted one of {', '.join(self.names)}"
            raise UsageError("reference group", [f"found '{name}', {wanted}"])
        return self.names.index(str(name))

    def covariance(self, influences):
        """Covariance of estimates from the influences of the cases on them."""
        if self.scores is None:
            return covariance_of(influences, self.cluster)
        return self.scores.covariance(influences, self.cluster)

    def drawn(self, measure, day):
        """Estimates of the resamples, shape (n_resamples, n_groups); None without draws."""
        if self.draws is None:
            return None
        counts = self.draws.of_rows() / self.weight
        return read_off(self, [Measure(measure, day)], counts)[:, :, 0]

    def follow(self, code):
        """Curve of one group."""
        chosen = self.group == code
        entry = None if self.entry is None else self.entry[chosen]
        return Follow(self.time[chosen], self.event[chosen], self.weight[chosen], entry, self.start)


def group_estimates(sample, measure, day, *, level=0.95):
    """Restricted mean up to a day, or survival on a day, of every group.

    Parameters
    ----------
    sample : Sample
    measure : {"restricted_mean", "survival"}
    day : float
        Horizon or day, counted like the times.
    level : float

    Returns
    -------
    DataFrame
        group, n, estimate, std_err, ci_lower, ci_upper, note. The restricted mean is counted from
        time zero.

    Notes
    -----
    Standard errors by the infinitesimal jackknife; without weights, clusters and delayed entry they
    are Greenwood's (Klein and Moeschberger, 2nd ed., 4.5, as in R's survRM2).

    >>> sample = Sample.of([10, 20], [1, 1], ["a", "a"])
    >>> group_estimates(sample, "restricted_mean", 20)["estimate"].tolist()
    [15.0]
    """
    values, influences, notes = _estimates(sample, measure, day)
    std_err = np.sqrt(np.diag(sample.covariance(influences)))
    rows, z, drawn = [], z_value(level), sample.drawn(measure, day)
    for code, name in enumerate(sample.names):
        flat = not notes[code] and not std_err[code] > 0
        note = "interval not estimable: the curve has no variance" if flat else notes[code]
        error = NAN if note else std_err[code]
        row = {"group": name, "n": int((sample.group == code).sum()), "estimate": values[code]}
        row |= {"std_err": error, "ci_lower": values[code] - z * error}
        row |= {"ci_upper": values[code] + z * error, "note": note}
        if drawn is not None and not notes[code]:
            limits = bootstrap_limits(values[code], drawn[:, code], level)
            row |= {name: value for name, value in limits.items() if name != "p"}
        rows.append(row)
    columns = ["group", "n", "estimate", "std_err", "ci_lower", "ci_upper", "note"]
    return pd.DataFrame(rows, columns=columns)


def _estimates(sample, measure, day):
    """Estimate, influences and reason of each group; influences are 0 where there is a reason."""
    if measure not in MEASURES:
        raise UsageError("measure", [f"found '{measure}', wanted one of {', '.join(MEASURES)}"])
    values = np.full(len(sample.names), np.nan)
    influences = np.zeros((len(sample.time), len(sample.names)))
    notes = []
    for code in range(len(sample.names)):
        follow = sample.follow(code)
        notes.append(_reason(follow, day))
        if notes[-1]:
            continue
        chosen = sample.group == code
        if measure == "survival":
            values[code] = follow.survival[follow.days <= day + TOLERANCE][-1]
            influences[chosen, code] = follow.effect_on_survival(day)
        else:
            values[code] = sample.start + follow.area_beyond(day)[0]
            influences[chosen, code] = follow.effect_on_restricted_mean(day)
    return values, influences, notes


def _reason(follow, day):
    start, end = follow.days[0], follow.days[-1]
    if day <= start:
        return f"not estimable: day {day:g} is not after the start, day {start:g}"
    if day > end + TOLERANCE and follow.survival[-1] > 0:
        return f"not estimable: follow-up ends on day {end:g}, before day {day:g}"
    return ""


def group_differences(sample, measure, day, *, reference=None, level=0.95):
    """Differences and ratios of every group to a reference.

    Parameters
    ----------
    sample, measure, day, level
        As in `group_estimates`.
    reference : str, optional
        By default the first group.

    Returns
    -------
    DataFrame
        group, reference, difference, ci_lower, ci_upper, p (of the difference, normal), ratio,
        ratio_lower, ratio_upper (on the log scale), of_group, of_reference (what is compared),
        note.

    >>> sample = Sample.of([10, 20, 20, 30], [1, 1, 1, 1], list("aabb"))
    >>> group_differences(sample, "restricted_mean", 30)["difference"].tolist()
    [10.0]
    """
    values, influences, notes = _estimates(sample, measure, day)
    base, rows = sample.reference(reference), []
    drawn = sample.drawn(measure, day)
    for code, name in enumerate(sample.names):
        if code == base:
            continue
        pair = [code, base]
        key = {"group": name, "reference": sample.names[base]}
        key |= dict(zip(("of_group", "of_reference"), values[pair], strict=True))
        reasons = [f"{sample.names[i]}: {notes[i]}" for i in pair if notes[i]]
        if reasons:
            shared = notes[code] == notes[base]
            rows.append(key | {"note": notes[base] if shared else "; ".join(reasons)})
            continue
        covariance = sample.covariance(influences[:, pair])
        row = _contrast(values[pair], covariance, z_value(level))
        row |= {} if drawn is None else _percentiles(values[pair], drawn[:, pair], level)
        rows.append(key | row)
    return pd.DataFrame(rows, columns=list(DIFFERENCE_COLUMNS))


def _contrast(values, covariance, z):
    difference, ratio = values[0] - values[1], NAN
    error = np.sqrt(max(np.array([1, -1]) @ covariance @ np.array([1, -1]), 0.0))
    flat = (np.diag(covariance) <= 0).any() or error == 0
    row = {"difference": difference, "note": ""}
    if flat:
        row["note"] = "interval not estimable: a curve has no variance"
    else:
        row |= {"ci_lower": difference - z * error, "ci_upper": difference + z * error}
        row["p"] = float(2 * ndtr(-abs(difference) / error))
    if (values > 0).all():
        ratio = values[0] / values[1]
        slope = np.array([1 / values[0], -1 / values[1]])
        half = NAN if flat else z * np.sqrt(slope @ covariance @ slope)
        row |= {"ratio_lower": ratio * np.exp(-half), "ratio_upper": ratio * np.exp(half)}
    return row | {"ratio": ratio}


def _percentiles(values, drawn, level):
    """Intervals of difference and ratio from the resamples of a pair, shape (n_resamples, 2)."""
    row = bootstrap_limits(values[0] - values[1], drawn[:, 0] - drawn[:, 1], level)
    del row["std_err"]
    if (values > 0).all():
        both = (drawn > 0).all(axis=1)
        logs = np.log(drawn, out=np.full(drawn.shape, np.nan), where=both[:, np.newaxis])
        limits = percentile_interval(logs[:, 0] - logs[:, 1], level)
        row |= {"ratio_lower": np.exp(limits[0]), "ratio_upper": np.exp(limits[1])}
    return row
