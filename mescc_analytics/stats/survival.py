"""Survival by group: curves, and a summary that says why where something has no estimate."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from mescc_analytics.errors import UsageError
from mescc_analytics.stats.cases import checked_entry
from mescc_analytics.stats.curves import (
    checked,
    event_table,
    kaplan_meier,
    quantile,
    restricted_mean,
    survival_at,
)
from mescc_analytics.stats.delayed import delayed_kaplan_meier
from mescc_analytics.stats.logrank import log_rank

__all__ = [
    "SurvivalSpec",
    "curve_summary",
    "curves_by_group",
    "event_table",
    "follow_up",
    "kaplan_meier",
    "log_rank",
    "quantile",
    "restricted_mean",
    "summarise_survival",
    "survival_at",
]

CURVE_COLUMNS = (
    "group",
    "time_days",
    "n_at_risk",
    "n_events",
    "n_censored",
    "survival",
    "ci_lower",
    "ci_upper",
)


@dataclass(frozen=True)
class SurvivalSpec:
    """Choices of a survival analysis.

    Attributes
    ----------
    start_days : float
        Start of the curves: 0, or the landmark day.
    level : float
        Confidence level.
    interval : {"log-log", "log", "plain"}
    milestones_days : tuple of float
        Days at which survival is reported.
    horizon_days : float
        Horizon of the restricted mean, counted from time zero.
    """

    start_days: float = 0.0
    level: float = 0.95
    interval: str = "log-log"
    milestones_days: tuple = (30, 90, 180, 365)
    horizon_days: float = 365.0


DEFAULT = SurvivalSpec()


def follow_up(time, event, spec=DEFAULT, entry=None):
    """Median follow-up by the reverse Kaplan-Meier method.

    Parameters
    ----------
    time, event : array-like, shape (n_cases,)
    spec : SurvivalSpec
    entry : array-like of float, shape (n_cases,), optional
        Day of delayed entry; a case is at risk at t where entry < t <= time.

    Returns
    -------
    estimate, lower, upper : float
        Days; NaN: not reached.

    Notes
    -----
    Schemper and Smith, Control Clin Trials 1996;17:343-346: deaths and censorings change places.

    >>> follow_up([10, 20, 30], [1, 0, 0])[0]
    25.0
    """
    time, event = checked(time, event, spec.start_days)
    return quantile(_curve(time, ~event, spec, entry))


def curves_by_group(time, event, group=None, spec=DEFAULT, entry=None):
    """Kaplan-Meier curve of every group.

    Parameters
    ----------
    time, event : array-like, shape (n_cases,)
    group : Categorical, optional
        Order of the categories is kept, empty groups are left out; without it one group, "all".
    spec : SurvivalSpec
    entry : array-like of float, shape (n_cases,), optional
        Day of delayed entry; a case is at risk at t where entry < t <= time.

    Returns
    -------
    DataFrame
        group, time_days, n_at_risk, n_events, n_censored, survival, ci_lower, ci_upper; every curve
        opens with its start.

    >>> curves_by_group([5, 8], [1, 0])[["group", "time_days", "survival"]]
      group  time_days  survival
    0   all        0.0       1.0
    1   all        5.0       0.5
    2   all        8.0       0.5
    """
    curves = [
        _curve(days, died, spec, entered).assign(group=name)
        for name, days, died, entered in _groups(time, event, group, spec, entry)
    ]
    if not curves:
        return pd.DataFrame(columns=list(CURVE_COLUMNS))
    joined = pd.concat(curves, ignore_index=True)[list(CURVE_COLUMNS)]
    return joined.astype({"group": "string"})


def summarise_survival(time, event, group=None, spec=DEFAULT, entry=None):
    """One row per group: deaths, median, restricted mean, survival at the milestones, follow-up.

    Parameters
    ----------
    time, event, group, spec, entry
        As in `curves_by_group`.

    Returns
    -------
    DataFrame
        group, n, events, median_days, median_lower, median_upper, rmst_days, rmst_lower,
        rmst_upper, rmst_horizon_days, survival_<day>d with _lower and _upper per milestone,
        follow_up_median_days, follow_up_lower, follow_up_upper, start_days, note. Whatever is NaN
        has its reason in the note.

    >>> summary = summarise_survival([10, 20, 30], [0, 0, 0])
    >>> summary["note"].iloc[0].split("; ")[0]
    'median not estimable: no deaths in this group'
    """
    rows = [
        _summary(name, days, died, spec, entered)
        for name, days, died, entered in _groups(time, event, group, spec, entry)
    ]
    if not rows:
        return pd.DataFrame(columns=list(_empty_summary(spec)))
    return pd.DataFrame(rows).astype({"group": "string", "note": "string"})


def _groups(time, event, group, spec, entry):
    if len(time) == 0:
        return
    time, event = checked(time, event, spec.start_days)
    entry = checked_entry(entry, time)
    if group is None:
        yield "all", time, event, entry
        return
    group = pd.Categorical(group)
    if len(group) != len(time) or (group.codes < 0).any():
        raise UsageError("groups", ["wanted one group per case, none missing"])
    for code, name in enumerate(group.categories):
        members = group.codes == code
        if members.any():
            entered = None if entry is None else entry[members]
            yield str(name), time[members], event[members], entered


def _curve(time, event, spec, entry=None):
    choices = {"start": spec.start_days, "level": spec.level, "interval": spec.interval}
    if entry is None:
        return kaplan_meier(time, event, **choices)
    return delayed_kaplan_meier(time, event, entry, **choices)


def _milestone(day):
    return f"survival_{day:g}d"


def _triple(name, values):
    return dict(zip((name, f"{name}_lower", f"{name}_upper"), map(float, values), strict=True))


def _in_days(stem, values, estimate=""):
    """Names of the contract: the estimate carries the unit, the limits do not."""
    names = (f"{stem}{estimate}_days", f"{stem}_lower", f"{stem}_upper")
    return dict(zip(names, map(float, values), strict=True))


def _summary(name, time, event, spec, entry=None):
    curve = _curve(time, event, spec, entry)
    values, notes = curve_summary(
        curve, restricted_mean(curve, spec.horizon_days, spec.level), spec
    )
    followed = follow_up(time, event, spec, entry)
    return {
        "group": name,
        "n": len(time),
        "events": int(event.sum()),
        **values,
        **_in_days("follow_up", followed, "_median"),
        "start_days": float(spec.start_days),
        "note": "; ".join(notes + _follow_up_notes(event, followed)),
    }


def curve_summary(curve, mean, spec=DEFAULT):
    """Median, restricted mean and survival at the milestones of one curve.

    Parameters
    ----------
    curve : DataFrame
        As from `kaplan_meier`, or weighted.
    mean : Estimate
        Restricted mean up to the horizon.
    spec : SurvivalSpec

    Returns
    -------
    values, notes : dict, list of str
        Columns of `summarise_survival`; the reason for whatever is NaN.
    """
    median = quantile(curve)
    points, point_notes = _milestones(curve, survival_at(curve, spec.milestones_days), spec)
    notes = _median_notes(curve, median, spec)
    notes += [f"restricted mean: {mean.note}"] if mean.note else []
    values = _in_days("median", median)
    values |= _in_days("rmst", (mean.estimate, mean.lower, mean.upper))
    values |= {"rmst_horizon_days": float(spec.horizon_days), **points}
    return values, notes + point_notes


def _milestones(curve, at, spec):
    """Survival at each milestone, and a note for every number that is missing."""
    columns, notes = {}, []
    end = curve["time_days"].iloc[-1]
    for row in at.itertuples():
        day, limits = row.time_days, (row.ci_lower, row.ci_upper)
        label = f"survival at {day:g} days"
        if day <= spec.start_days:
            columns |= _triple(_milestone(day), (np.nan,) * 3)
            notes.append(f"{label} not estimable: the curve starts on day {spec.start_days:g}")
            continue
        # at 1 and at 0 the curve has no variance, and limits would pretend that it had
        certain = row.survival in (0.0, 1.0)
        limits = (np.nan, np.nan) if certain else limits
        columns |= _triple(_milestone(day), (row.survival, *limits))
        if np.isnan(row.survival):
            notes.append(f"{label} not estimable: follow-up ends on day {end:g}")
        elif certain:
            reason = "nobody has died by then" if row.survival else "everyone has died by then"
            notes.append(f"interval of {label} not estimable: {reason}")
    return columns, notes


def _median_notes(curve, median, spec):
    deaths = curve["n_events"].sum()
    if deaths == 0:
        return ["median not estimable: no deaths in this group"]
    if curve["survival"].iloc[0] == 0:
        return [f"everyone died on day {spec.start_days:g}: intervals not estimable"]
    if np.isnan(median[0]):
        return ["median not estimable: survival stays above 50%"]
    return _limit_notes("median", median)


def _follow_up_notes(event, followed):
    if event.all():
        return ["follow-up not estimable: nobody is alive at last contact"]
    if np.isnan(followed[0]):
        return ["median follow-up not estimable: more than half died before the last contacts"]
    return _limit_notes("median follow-up", followed)


def _limit_notes(what, values):
    reasons = {"lower": "too few cases", "upper": "not reached"}
    limits = zip(reasons.items(), values[1:], strict=True)
    return [
        f"{side} limit of the {what} not estimable: {reason}"
        for (side, reason), value in limits
        if np.isnan(value)
    ]


def _empty_summary(spec):
    """Column names of a summary without a case."""
    row = _summary("", np.array([spec.start_days]), np.array([True]), spec)
    return tuple(row)
