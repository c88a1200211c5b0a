"""Cumulative incidence where one kind of event keeps another from happening (Aalen-Johansen).

Time is in days from time zero. Events and censorings on the same day: the events come first. Ties
are exact; nothing is drawn at random.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from mescc_analytics.errors import UsageError
from mescc_analytics.stats.cases import checked_entry
from mescc_analytics.stats.curves import (
    TOLERANCE,
    as_numbers,
    checked,
    distinct_times,
    pointwise_limits,
)
from mescc_analytics.stats.intervals import z_value

VARIANCES = ("greenwood", "aalen")
COLUMNS = (
    *("group", "cause", "time_days", "n_at_risk", "n_events", "n_censored"),
    *("incidence", "std_err", "ci_lower", "ci_upper"),
)
VALUES = ("incidence", "std_err", "ci_lower", "ci_upper")


@dataclass(frozen=True)
class IncidenceSpec:
    """Choices of an analysis of competing risks.

    Attributes
    ----------
    start_days : float
        Start of the curves: 0, or the landmark day.
    level : float
        Confidence level.
    interval : {"log-log", "log", "plain"}
        Scale of the incidence on which its interval is symmetric.
    variance : {"greenwood", "aalen"}
        As R's ``survfit`` of a multi-state model, or as ``cmprsk::cuminc``.
    """

    start_days: float = 0.0
    level: float = 0.95
    interval: str = "log-log"
    variance: str = "greenwood"


DEFAULT = IncidenceSpec()


def checked_causes(time, cause, n_causes, start=-np.inf):
    """Times as float array and causes as int array (0: censored); UsageError with every problem."""
    cause = as_numbers(cause)
    problems = []
    if np.isnan(cause).any():
        problems.append(f"{np.isnan(cause).sum()} causes are missing")
    wrong = np.unique(cause[~np.isnan(cause) & ~np.isin(cause, np.arange(n_causes + 1))])
    if len(wrong):
        found = ", ".join(f"{value:g}" for value in wrong[:5])
        problems.append(f"found cause {found}, wanted whole numbers from 0 to {n_causes}")
    if problems:
        raise UsageError("causes", problems)
    time, _ = checked(time, cause > 0, start)
    return time, cause.astype(int)


@dataclass(frozen=True)
class CauseTable:
    """Numbers at each distinct time.

    Attributes
    ----------
    times, at_risk, censored : arrays, shape (n_times,)
        `at_risk` just before the time.
    events : array, shape (n_times, n_causes)
    """

    times: np.ndarray
    at_risk: np.ndarray
    events: np.ndarray
    censored: np.ndarray

    @classmethod
    def of(cls, time, cause, n_causes, start=0.0, entry=None):
        """Table of checked times and causes; its first time is `start`."""
        late = np.array([]) if entry is None else entry[entry > start + TOLERANCE]
        # a row for every day of entry too, so that numbers at risk hold from one to the next
        times, place = distinct_times(np.r_[np.maximum(time, start), late])
        if times[0] > start + TOLERANCE:
            times, place = np.r_[start, times], place + 1
        width = n_causes + 1
        cells = place[: len(time)] * width + cause
        cells = np.bincount(cells, minlength=len(times) * width).reshape(len(times), width)
        # at risk at t where entry < t; who enters at the start or before is there from it on
        entering = np.bincount(place[len(time) :] + 1, minlength=len(times) + 1)
        absent = entering[::-1].cumsum()[::-1][1:]
        at_risk = cells.sum(axis=1)[::-1].cumsum()[::-1] - absent
        return cls(times, at_risk, cells[:, 1:], cells[:, 0])

    def event_free_before(self):
        """Probability of no event of any kind before each time, shape (n_times,)."""
        hazard = _divide(self.events.sum(axis=1), self.at_risk)
        return np.r_[1.0, np.cumprod(1 - hazard)[:-1]]

    def incidence(self):
        """Cumulative incidence by cause, shape (n_times, n_causes)."""
        hazard = _divide(self.events, self.at_risk[:, np.newaxis])
        return np.cumsum(hazard * self.event_free_before()[:, np.newaxis], axis=0)

    def variance(self, kind):
        """Variance of `incidence`.

        It is a sum over the event times s <= t of a (F(t) - F(s))^2 - 2 b (F(t) - F(s)) + c, where
        a, b and c depend on s only, so that running sums give it for every t.
        """
        if kind not in VARIANCES:
            raise UsageError("variance", [f"found '{kind}', wanted one of {', '.join(VARIANCES)}"])
        a, b, c = self._greenwood() if kind == "greenwood" else self._aalen()
        f = self.incidence()
        running = [np.cumsum(term, axis=0) for term in (a, b + f * a, c + 2 * f * b + f**2 * a)]
        return np.maximum(running[0] * f**2 - 2 * f * running[1] + running[2], 0.0)

    def _columns(self):
        """At risk, all events and event-free share before, as columns; events by cause."""
        columns = (self.at_risk, self.events.sum(axis=1), self.event_free_before())
        return *(values[:, np.newaxis].astype(float) for values in columns), self.events

    def _greenwood(self):
        n, d, before, dk = self._columns()
        # where nobody is left the incidence moves no more, and the first term is not needed
        a = _divide(d, n * (n - d))
        return a, before * _divide(dk, n**2), before**2 * _divide(dk * (n - dk), n**3)

    def _aalen(self):
        n, d, before, dk = self._columns()
        free = before * _divide(n - d, n)
        own, others = (
            before**2 * _divide(events, n**2) * (1 - _divide(np.maximum(events - 1, 0), n - 1))
            for events in (dk, d - dk)
        )
        return _divide(own + others, free**2), _divide(own, free), own


def _divide(a, b):
    a, b = np.broadcast_arrays(np.asarray(a, float), np.asarray(b, float))
    return np.divide(a, b, out=np.zeros(a.shape), where=b > 0)


def cumulative_incidence(time, cause, causes, *, entry=None, spec=DEFAULT):
    """Cumulative incidence of every cause in the presence of the others.

    Parameters
    ----------
    time : array-like of float, shape (n_cases,)
        Days from time zero, none before the start.
    cause : array-like of int, shape (n_cases,)
        0: censored; k: the k-th of the causes happened first.
    causes : sequence of str
        Names of the causes.
    entry : array-like of float, optional
        Day of delayed entry; a case is at risk at t where entry < t <= time.
    spec : IncidenceSpec

    Returns
    -------
    DataFrame
        cause, time_days, n_at_risk (just before), n_events (of that cause), n_censored, incidence,
        std_err, ci_lower, ci_upper; every cause opens with the start. Limits are NaN where the
        scale has none: while the incidence is 0, except at the start, or 1.

    Notes
    -----
    Aalen and Johansen, Scand J Stat 1978;5:141-150. Variance "greenwood" is that of Andersen,
    Borgan, Gill and Keiding 1993, 4.4.1.3, the same as the infinitesimal jackknife of R's
    ``survfit``; "aalen" that of ``cmprsk::cuminc`` (Pintilie 2006, 4.2).

    >>> found = cumulative_incidence([1, 2, 3, 4], [1, 2, 0, 1], ["failure", "death"])
    >>> found.loc[found["cause"] == "failure", "incidence"].tolist()
    [0.0, 0.25, 0.25, 0.25, 0.75]
    """
    names = [str(name) for name in causes]
    time, cause = checked_causes(time, cause, len(names), spec.start_days)
    entry = None if entry is None else np.asarray(entry, float)
    table = CauseTable.of(time, cause, len(names), spec.start_days, entry)
    incidence = table.incidence()
    std_err = np.sqrt(table.variance(spec.variance))
    parts = [
        _one_cause(table, code, incidence[:, code], std_err[:, code], spec).assign(cause=name)
        for code, name in enumerate(names)
    ]
    return pd.concat(parts, ignore_index=True)[list(COLUMNS[1:])].astype({"cause": "string"})


def _one_cause(table, code, incidence, std_err, spec):
    # where everybody has had this event, rounding must not leave a hair to either side of 1
    certain = incidence > 1 - 1e-12
    incidence, std_err = np.where(certain, 1.0, incidence), np.where(certain, 0.0, std_err)
    relative = np.divide(
        std_err, incidence, out=np.full(len(incidence), np.nan), where=incidence > 0
    )
    lower, upper = pointwise_limits(incidence, z_value(spec.level) * relative, spec.interval)
    if incidence[0] == 0:
        lower[0] = upper[0] = 0.0
    return pd.DataFrame(
        {
            "time_days": table.times,
            "n_at_risk": table.at_risk,
            "n_events": table.events[:, code],
            "n_censored": table.censored,
            "incidence": incidence,
            "std_err": std_err,
            "ci_lower": lower,
            "ci_upper": upper,
        }
    )


def incidence_by_group(time, cause, causes, group=None, spec=DEFAULT, *, entry=None):
    """Cumulative incidence in every group.

    Parameters
    ----------
    time, cause, causes, spec, entry
        As in `cumulative_incidence`.
    group : Categorical, optional
        Order of the categories is kept, empty groups are left out; without it one group, "all".

    Returns
    -------
    DataFrame
        group, and the columns of `cumulative_incidence`.

    >>> incidence_by_group([1, 2], [1, 0], ["failure"])[["group", "cause", "incidence"]]
      group    cause  incidence
    0   all  failure        0.0
    1   all  failure        0.5
    2   all  failure        0.5
    """
    if not len(time):
        return pd.DataFrame(columns=list(COLUMNS))
    time, cause = checked_causes(time, cause, len(causes), spec.start_days)
    if group is None:
        group = pd.Categorical(["all"] * len(time))
    group = pd.Categorical(group)
    if len(group) != len(time) or (group.codes < 0).any():
        raise UsageError("groups", ["wanted one group per case, none missing"])
    parts = []
    for code, name in enumerate(group.categories):
        own = group.codes == code
        if own.any():
            late = None if entry is None else checked_entry(entry, time)[own]
            curve = cumulative_incidence(time[own], cause[own], causes, entry=late, spec=spec)
            parts.append(curve.assign(group=str(name)))
    return pd.concat(parts, ignore_index=True)[list(COLUMNS)].astype({"group": "string"})


def incidence_at(curves, times):
    """Incidence at given days, for every group and cause.

    Parameters
    ----------
    curves : DataFrame
        As from `incidence_by_group`.
    times : sequence of float

    Returns
    -------
    DataFrame
        group, cause, time_days, n_at_risk (just before), incidence, std_err, ci_lower, ci_upper;
        NaN before the start and beyond the last day, unless nobody is left without an event.

    >>> curves = incidence_by_group([1, 2], [1, 0], ["failure"])
    >>> incidence_at(curves, [1, 5])["incidence"].tolist()
    [0.5, nan]
    """
    times = np.atleast_1d(np.asarray(times, float))
    rows = []
    for (group, cause), curve in curves.groupby(["group", "cause"], sort=False):
        days = curve["time_days"].to_numpy(float)
        everybody = curves.loc[curves["group"] == group].groupby("cause")["incidence"].last().sum()
        row = np.searchsorted(days, times, side="right") - 1
        known = (row >= 0) & ((times <= days[-1]) | (everybody > 1 - TOLERANCE))
        at_risk = np.r_[curve["n_at_risk"], 0][np.searchsorted(days, times, side="left")]
        values = {
            name: np.where(known, curve[name].to_numpy(float)[row], np.nan) for name in VALUES
        }
        keys = {"group": group, "cause": cause, "time_days": times, "n_at_risk": at_risk}
        rows.append(pd.DataFrame(keys | values))
    return pd.concat(rows, ignore_index=True)
