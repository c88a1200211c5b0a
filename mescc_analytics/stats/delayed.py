"""Kaplan-Meier curve of cases that come under observation after time zero (left truncation)."""

import numpy as np
import pandas as pd

from mescc_analytics.stats.cases import checked_entry
from mescc_analytics.stats.curves import TOLERANCE, checked, distinct_times, pointwise_limits
from mescc_analytics.stats.intervals import z_value


def delayed_kaplan_meier(time, event, entry, *, start=0.0, level=0.95, interval="log-log"):
    """Kaplan-Meier curve with delayed entry and pointwise intervals.

    Parameters
    ----------
    time : array-like of float, shape (n_cases,)
        Days from time zero, none before `start`.
    event : array-like of bool, shape (n_cases,)
    entry : array-like of float, shape (n_cases,)
        Day of entry; a case is at risk at t where entry < t <= time. Up to `start`: from the start.
    start : float
        Day on which the curve starts.
    level : float
    interval : {"log-log", "log", "plain"}

    Returns
    -------
    DataFrame
        As from `curves.kaplan_meier`, with a row for every day of entry too, so that the number at
        risk holds from one row to the next. The curve is 0 from the first day on which everybody
        at risk dies, however few they are and whoever enters later.

    Notes
    -----
    Klein and Moeschberger, Survival Analysis, 2nd ed., 4.6. Agrees with R's
    ``survfit(Surv(entry, time, event) ~ 1)``, whose variance is Greenwood's.

    >>> curve = delayed_kaplan_meier([5, 8, 9], [1, 1, 0], [-1, 3, 5])
    >>> curve[["time_days", "n_at_risk", "survival"]]
       time_days  n_at_risk  survival
    0        0.0          1      1.00
    1        3.0          1      1.00
    2        5.0          2      0.50
    3        8.0          2      0.25
    4        9.0          1      0.25
    """
    time, event = checked(time, event, start)
    entry = checked_entry(entry, time)
    time = np.maximum(time, start)
    late = entry > start + TOLERANCE
    days, place = distinct_times(np.r_[time, entry[late], start])
    first = np.zeros(len(time), int)
    first[late] = place[len(time) : -1] + 1
    left = place[: len(time)]
    n, died, censored = _counts(first, left, event, len(days))

    hazard = np.divide(died, n, out=np.zeros(len(n)), where=died > 0)
    survival = np.cumprod(1 - hazard)
    added = np.divide(died, n * (n - died), out=np.zeros(len(n)), where=n > died)
    error = np.where(survival > 0, np.sqrt(np.cumsum(added)), np.nan)
    lower, upper = pointwise_limits(survival, z_value(level) * error, interval)
    if survival[0] == 1:
        lower[0] = upper[0] = 1.0
    columns = {"time_days": days, "n_at_risk": n, "n_events": died, "n_censored": censored}
    limits = {"ci_lower": lower, "ci_upper": upper, "std_err": survival * error}
    return pd.DataFrame(columns | {"survival": survival} | limits)


def _counts(first, left, event, n_days):
    """At risk, died and censored on each day."""
    entering = np.bincount(first, minlength=n_days + 1)[:n_days]
    leaving = np.bincount(left, minlength=n_days)
    died = np.bincount(left[event], minlength=n_days)
    return np.cumsum(entering) - np.cumsum(leaving) + leaving, died, leaving - died
