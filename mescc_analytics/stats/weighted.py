"""Weighted Kaplan-Meier curves."""

import numpy as np
import pandas as pd

from mescc_analytics.stats.curves import pointwise_limits
from mescc_analytics.stats.influence import Follow
from mescc_analytics.stats.intervals import z_value
from mescc_analytics.stats.score_curves import relative_error


def weighted_kaplan_meier(
    time,
    event,
    *,
    weight=None,
    entry=None,
    cluster=None,
    start=0.0,
    level=0.95,
    interval="log-log",
    scores=None,
):
    """Kaplan-Meier curve with weights and delayed entry, and robust pointwise intervals.

    Parameters
    ----------
    time : array-like of float, shape (n_cases,)
        Days from time zero, none before `start`.
    event : array-like of bool, shape (n_cases,)
    weight : array-like of float, optional
        Any number from 0; a case of weight 0 is not counted.
    entry : array-like of float, optional
        Day of delayed entry; a case is at risk at t where entry < t <= time.
    cluster : array-like, optional
        Rows that belong together.
    start : float
        Day on which the curve starts.
    level : float
    interval : {"log-log", "log", "plain"}
    scores : ScoreModel, optional
        Of the weights, one row per case: intervals then count them as estimated, without clusters.

    Returns
    -------
    DataFrame
        time_days, n_at_risk, n_events, n_censored (cases, not weighted), weighted_at_risk,
        weighted_events, survival, ci_lower, ci_upper, std_err. The first row is `start`. With
        delayed entry the curve is 0 from the first day on which everybody at risk dies, however few
        they are and whoever enters later.

    Notes
    -----
    Standard error by the infinitesimal jackknife, as R's ``survfit(weights = , robust = TRUE)``;
    with weights of 1, and without delayed entry, it is Greenwood's.

    >>> curve = weighted_kaplan_meier([5, 8], [1, 0], weight=[1, 3])
    >>> curve[["time_days", "n_at_risk", "weighted_at_risk", "survival"]]
       time_days  n_at_risk  weighted_at_risk  survival
    0        0.0          2               4.0      1.00
    1        5.0          2               4.0      0.75
    2        8.0          1               3.0      0.75
    """
    follow = Follow(time, event, weight, entry, start)
    if scores is None:
        error = follow.relative_error(cluster)
    else:
        error = relative_error(follow, scores)
    lower, upper = pointwise_limits(follow.survival, z_value(level) * error, interval)
    if follow.survival[0] == 1:
        lower[0] = upper[0] = 1.0
    frame = pd.DataFrame(
        {
            "time_days": follow.days,
            "n_at_risk": follow.n,
            "n_events": follow.d,
            "n_censored": follow.censored,
            "weighted_at_risk": follow.weighted_n,
            "weighted_events": follow.weighted_d,
            "survival": follow.survival,
            "ci_lower": lower,
            "ci_upper": upper,
            "std_err": follow.survival * error,
        }
    )
    # days on which somebody only enters are none of the curve's
    shown = (follow.d + follow.censored > 0) | (np.arange(len(frame)) == 0)
    return frame[shown].reset_index(drop=True)
