"""Kaplan-Meier curve and what is read off it.

Time is in days from time zero. A death and a censoring on the same day: the death comes first.
Definitions are those of R's survival package, ties of floating-point times included.
"""

import numpy as np
import pandas as pd

from mescc_analytics.errors import UsageError
from mescc_analytics.stats.intervals import NAN, Estimate, not_estimable, z_value

INTERVALS = ("log-log", "log", "plain")
TOLERANCE = float(np.sqrt(np.finfo(float).eps))


def as_numbers(values):
    """Float array with NaN for missing, from numbers of any kind."""
    if isinstance(values, pd.Series) and isinstance(values.dtype, np.dtype):
        values = values.to_numpy()
    if isinstance(values, np.ndarray) and values.dtype.kind in "fiu":
        return values.astype(float)
    return pd.array(values, dtype="Float64").to_numpy(float, na_value=np.nan)


def checked(time, event, start=-np.inf):
    """Times as float array and events as bool array; UsageError that lists every problem."""
    time = as_numbers(time)
    if not (isinstance(event, np.ndarray) and event.dtype == bool):
        event = pd.array(event, dtype="boolean")
    problems = []
    if len(time) != len(event):
        problems.append(f"found {len(time)} times and {len(event)} events, wanted as many of each")
    if len(time) == 0:
        problems.append("there are no cases")
    if not np.isfinite(time).all():
        problems.append(f"{(~np.isfinite(time)).sum()} times are missing or not finite")
    if pd.isna(event).any():
        problems.append(f"{pd.isna(event).sum()} events are missing")
    if (time < start - TOLERANCE).any():
        problems.append(f"{(time < start - TOLERANCE).sum()} times are before day {start:g}")
    if problems:
        raise UsageError("survival times", problems)
    return time, np.asarray(event, bool)


def distinct_times(time):
    """Ascending distinct times, and the position of each case among them.

    Times that differ by rounding only are one time, by the rule of R's ``aeqSurv``.
    """
    offset = time - time.min()
    # whole days are counted instead of sorted: a tenth of the time for a million cases
    if offset.max() < 4 * len(time) + 1000 and (offset == np.rint(offset)).all():
        days = offset.astype(int)
        found = np.bincount(days) > 0
        return np.flatnonzero(found) + time.min(), (np.cumsum(found) - 1)[days]
    times, position = np.unique(time, return_inverse=True)
    gaps = np.diff(times)
    apart = (gaps > TOLERANCE) & (gaps > TOLERANCE * np.abs(times).mean())
    if apart.all():
        return times, position
    first = np.r_[True, apart]
    return times[first], (np.cumsum(first) - 1)[position]


def event_table(time, event, weight=None, entry=None):
    """Numbers at risk, deaths and censorings at each distinct time.

    Parameters
    ----------
    time : array-like of float, shape (n_cases,)
    event : array-like of bool, shape (n_cases,)
        True: died at `time`. False: censored.
    weight : array-like of float, optional
        Weight per case; 1 by default.
    entry : array-like of float, optional
        Day from which a case is under observation; it is at risk at t where entry < t <= time.

    Returns
    -------
    DataFrame
        time, at_risk (just before the time), events, censored; ascending. Counts, or sums of
        weights.

    >>> event_table([5, 5, 8], [True, False, False])
       time  at_risk  events  censored
    0   5.0        3       1         1
    1   8.0        1       0         1
    """
    time, event = checked(time, event)
    kind = int if weight is None else float
    weight = np.ones(len(time)) if weight is None else np.asarray(weight, float)
    times, position = distinct_times(time)
    at_risk, events, censored = _tally(len(times), position, event, weight)
    if entry is not None:
        first = np.searchsorted(times, np.asarray(entry, float), side="right")
        entering = np.bincount(first, weight, minlength=len(times) + 1)
        at_risk = at_risk - entering[::-1].cumsum()[::-1][1:]
    counts = {"at_risk": at_risk, "events": events, "censored": censored}
    return pd.DataFrame({"time": times, **{name: n.astype(kind) for name, n in counts.items()}})


def _tally(n_times, position, event, weight=None):
    """Sums at risk, died and censored per distinct time."""
    leaving = np.bincount(position, weight, minlength=n_times)
    died = event if weight is None else weight * event
    events = np.bincount(position, died, minlength=n_times)
    return leaving[::-1].cumsum()[::-1], events, leaving - events


def kaplan_meier(time, event, *, start=0.0, level=0.95, interval="log-log"):
    """Kaplan-Meier curve with pointwise intervals.

    Parameters
    ----------
    time : array-like of float, shape (n_cases,)
        Days from time zero, none before `start`.
    event : array-like of bool, shape (n_cases,)
    start : float
        Day on which the curve starts: 0, or the landmark.
    level : float
    interval : {"log-log", "log", "plain"}

    Returns
    -------
    DataFrame
        time_days, n_at_risk (just before), n_events, n_censored, survival, ci_lower, ci_upper,
        std_err (Greenwood). The first row is `start`. Limits are NaN where the scale has none:
        log-log where survival is 0, or is 1 after the start; log where it is 0.

    Notes
    -----
    Klein and Moeschberger, Survival Analysis, 2nd ed., 4.2-4.3. Agrees with R's ``survfit``.

    >>> kaplan_meier([5, 5, 8, 9], [1, 0, 1, 0])[["time_days", "n_at_risk", "survival"]]
       time_days  n_at_risk  survival
    0        0.0          4     1.000
    1        5.0          4     0.750
    2        8.0          2     0.375
    3        9.0          1     0.375
    """
    time, event = checked(time, event, start)
    times, position = distinct_times(np.maximum(time, start))
    if times[0] > start + TOLERANCE:
        times, position = np.r_[start, times], position + 1
    n, deaths, censored = _tally(len(times), position, event)

    survival = np.cumprod(1 - deaths / n)
    added = np.divide(deaths, n * (n - deaths), out=np.zeros(len(n)), where=n > deaths)
    relative_error = np.where(survival > 0, np.sqrt(np.cumsum(added)), np.nan)
    lower, upper = pointwise_limits(survival, z_value(level) * relative_error, interval)
    if survival[0] == 1:
        lower[0] = upper[0] = 1.0
    return pd.DataFrame(
        {
            "time_days": times,
            "n_at_risk": n.astype(int),
            "n_events": deaths.astype(int),
            "n_censored": censored.astype(int),
            "survival": survival,
            "ci_lower": lower,
            "ci_upper": upper,
            "std_err": survival * relative_error,
        }
    )


def pointwise_limits(survival, half, interval):
    """Pointwise limits; `half` is the half width on the scale of log survival, NaN at 0."""
    if interval not in INTERVALS:
        raise UsageError("interval", [f"found '{interval}', wanted one of {', '.join(INTERVALS)}"])
    if interval == "plain":
        half = np.where(survival > 0, survival * half, np.nan)
        return np.maximum(survival - half, 0), np.minimum(survival + half, 1)
    log_survival = np.log(survival, out=np.full(len(half), np.nan), where=survival > 0)
    if interval == "log":
        return np.exp(log_survival - half), np.minimum(np.exp(log_survival + half), 1)
    log_survival = np.where(survival < 1, log_survival, np.nan)
    shift = half / log_survival
    return np.exp(log_survival * np.exp(-shift)), np.exp(log_survival * np.exp(shift))


def quantile(curve, probability=0.5):
    """Time by which a share of the cases has died, with the interval from the pointwise limits.

    Parameters
    ----------
    curve : DataFrame
        As from `kaplan_meier`.
    probability : float in (0, 1)
        Share that has died; 0.5 is the median.

    Returns
    -------
    estimate, lower, upper : float
        Days; NaN: not reached. Where the curve is flat at exactly the share, the middle of that
        stretch.

    Notes
    -----
    Brookmeyer and Crowley, Biometrics 1982;38:29-41; conventions of R's ``survfit``.

    >>> quantile(kaplan_meier([10, 20, 55, 60], [1, 1, 1, 1]))[0]
    37.5
    """
    days = curve["time_days"].to_numpy(float)
    columns = (curve[name].to_numpy(float) for name in ("survival", "ci_lower", "ci_upper"))
    return tuple(_crossing(days, values, 1 - probability) for values in columns)


def _crossing(days, values, share):
    below = np.flatnonzero(np.nan_to_num(values, nan=np.inf) < share + TOLERANCE)
    if not len(below):
        return NAN
    first = below[0]
    lower_still = below[values[below] < values[first]]
    if abs(values[first] - share) < TOLERANCE and len(lower_still):
        return float(days[first] + days[lower_still[0]]) / 2
    return float(days[first])


def survival_at(curve, times):
    """Survival at given days.

    Parameters
    ----------
    curve : DataFrame
        As from `kaplan_meier`.
    times : array-like of float, shape (n_times,)

    Returns
    -------
    DataFrame
        time_days, n_at_risk (just before), survival, ci_lower, ci_upper. NaN before the start of
        the curve, and beyond its last day unless it has reached 0 (R's ``extend=FALSE``, but 0
        stays 0).

    >>> survival_at(kaplan_meier([5, 8, 9], [1, 0, 0]), [8, 10])[["n_at_risk", "survival"]]
       n_at_risk  survival
    0          2  0.666667
    1          0       NaN
    """
    times = np.atleast_1d(np.asarray(times, float))
    days = curve["time_days"].to_numpy(float)
    row = np.searchsorted(days, times, side="right") - 1
    known = (row >= 0) & ((times <= days[-1]) | (curve["survival"].iloc[-1] == 0))
    values = {
        name: np.where(known, curve[name].to_numpy(float)[row], np.nan)
        for name in ("survival", "ci_lower", "ci_upper")
    }
    at_risk = np.r_[curve["n_at_risk"], 0][np.searchsorted(days, times, side="left")]
    return pd.DataFrame({"time_days": times, "n_at_risk": at_risk, **values})


def restricted_mean(curve, horizon, level=0.95):
    """Mean number of days lived up to a horizon.

    Parameters
    ----------
    curve : DataFrame
        As from `kaplan_meier`.
    horizon : float
        Day, counted like the days of the curve.
    level : float

    Returns
    -------
    Estimate
        Days from time zero: start of the curve plus the area under it. Not estimable beyond the
        last day of a curve above 0; without interval where the curve has no variance.

    Notes
    -----
    Klein and Moeschberger, Survival Analysis, 2nd ed., 4.5.

    >>> restricted_mean(kaplan_meier([10, 20], [1, 1]), 20).estimate
    15.0
    """
    days, survival = curve["time_days"].to_numpy(float), curve["survival"].to_numpy(float)
    start, end = days[0], days[-1]
    if horizon <= start:
        return not_estimable(f"the horizon, day {horizon:g}, is not after the start, day {start:g}")
    if horizon > end and survival[-1] > 0:
        return not_estimable(f"follow-up ends on day {end:g}, before the horizon, day {horizon:g}")
    kept = days <= horizon
    n, deaths = (curve[name].to_numpy(float)[kept] for name in ("n_at_risk", "n_events"))

    area = np.diff(np.r_[days[kept], horizon]) * survival[kept]
    area_beyond = area[::-1].cumsum()[::-1]
    added = np.divide(deaths, n * (n - deaths), out=np.zeros(len(n)), where=n > deaths)
    std_err = float(np.sqrt((area_beyond**2 * added).sum()))
    mean = float(start + area.sum())
    if std_err == 0:
        return Estimate(mean, NAN, NAN, "interval not estimable: the curve has no variance")
    half = z_value(level) * std_err
    return Estimate(mean, mean - half, mean + half)
