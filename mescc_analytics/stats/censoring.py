"""Weights for censoring: who is still followed stands in for those who no longer are.

A death and a censoring on the same day: the death comes first.
"""

from dataclasses import dataclass

import numpy as np

from mescc_analytics.errors import UsageError
from mescc_analytics.stats.curves import TOLERANCE, checked, distinct_times


def uncensored_before(position, died, weight):
    """Probability of being uncensored just before each distinct time.

    Parameters
    ----------
    position : array of int, shape (n_cases,)
        Rank of the time of a case among the distinct times.
    died : array of bool, shape (n_cases,)
    weight : array of float, shape (n_cases,)
        Weight of a case, or number of such cases.

    Returns
    -------
    array, shape (n_times,)
        Above 0 wherever somebody is at risk.

    >>> uncensored_before(np.array([0, 1, 2]), np.array([0, 1, 1], bool), np.ones(3)).round(3)
    array([1.   , 0.667, 0.667])
    """
    leaving = np.bincount(position, weight)
    deaths = np.bincount(position, weight * died)
    exposed = leaving[::-1].cumsum()[::-1] - deaths
    hazard = np.divide(leaving - deaths, exposed, out=np.zeros(len(leaving)), where=exposed > 0)
    return np.r_[1.0, np.cumprod(1 - hazard)[:-1]]


def uncensored_before_each(position, died, counts):
    """Probability of being uncensored just before the time of each kind of case, per sample.

    Parameters
    ----------
    position, died
        As in `uncensored_before`; every rank occurs.
    counts : array, shape (n_samples, n_cells)
        Number of cases of each kind.

    Returns
    -------
    array, shape (n_samples, n_cells)

    >>> position, died = np.array([0, 1, 2]), np.array([0, 1, 1], bool)
    >>> uncensored_before_each(position, died, np.array([[1, 1, 1], [2, 1, 1]])).round(3)
    array([[1.   , 0.667, 0.667],
           [1.   , 0.5  , 0.5  ]])
    """
    order = np.argsort(position, kind="stable")
    starts = np.searchsorted(position[order], np.arange(position.max() + 1))
    leaving = np.add.reduceat(counts[:, order], starts, axis=1)
    deaths = np.add.reduceat(counts[:, order] * died[order], starts, axis=1)
    exposed = leaving[:, ::-1].cumsum(axis=1)[:, ::-1] - deaths
    hazard = np.divide(leaving - deaths, exposed, out=np.zeros(leaving.shape), where=exposed > 0)
    uncensored = np.cumprod(1 - hazard, axis=1)
    return np.c_[np.ones(len(counts)), uncensored[:, :-1]][:, position]


@dataclass(frozen=True)
class StatusAt:
    """What is known of each case on the day of the horizon.

    Attributes
    ----------
    horizon : float
    dead : array of bool, shape (n_cases,)
        Died on or before the horizon.
    known : array of bool, shape (n_cases,)
        Dead, or followed at least to the horizon.
    position : array of int, shape (n_cases,)
        Rank of the time up to the horizon.
    last : float
        Last day anybody is followed.
    """

    horizon: float
    dead: np.ndarray
    known: np.ndarray
    position: np.ndarray
    last: float

    @classmethod
    def of(cls, time, event, horizon):
        """Status of cases with a time in days and a death or censoring then."""
        time, event = checked(time, event)
        if not np.isfinite(horizon):
            raise UsageError("horizon", [f"found {horizon}, wanted a day"])
        dead = event & (time <= horizon + TOLERANCE)
        known = dead | (time >= horizon - TOLERANCE)
        position = distinct_times(np.minimum(time, horizon))[1]
        return cls(float(horizon), dead, known, position, float(time.max()))

    @property
    def reason(self):
        """Why nothing can be said about the horizon, or ""."""
        # who leaves last tells whether the curve reaches the horizon or 0
        leaving_last = self.position == self.position.max()
        if self.known[leaving_last].all():
            return ""
        return f"follow-up ends on day {self.last:g}, before day {self.horizon:g}"

    @property
    def by(self):
        """The horizon in words."""
        return f" by day {self.horizon:g}"


def status_weights(position, dead, known, count=None):
    """Inverse probability of censoring weights of a status on a horizon.

    Parameters
    ----------
    position, dead, known : arrays, shape (n_cases,)
        As in `StatusAt`.
    count : array of float, optional
        Number of such cases; 1 by default.

    Returns
    -------
    array, shape (n_cases,)
        Weight of each case of that kind, 0 where its status is not known. The weights times the
        counts add up to the number of cases if follow-up reaches the horizon.

    Notes
    -----
    Graf et al., Stat Med 1999;18:2529-2545. A case censored on the horizon itself is known to be
    alive then, because deaths come first.

    >>> status = StatusAt.of([10, 20, 30, 40], [1, 0, 1, 0], 30)
    >>> status_weights(status.position, status.dead, status.known).round(6).tolist()
    [1.0, 0.0, 1.5, 1.5]
    """
    count = np.ones(len(position)) if count is None else count
    uncensored = uncensored_before(position, dead, count)[position]
    return np.divide(known, uncensored, out=np.zeros(len(position)), where=uncensored > 0)
