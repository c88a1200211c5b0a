"""Weighted Kaplan-Meier with delayed entry, and what it owes to each case.

The variance of a weighted curve is not Greenwood's, which would read a weight of 2 as two cases: it
is the sum of the squared influences of the cases (infinitesimal jackknife).
"""

import numpy as np

from mescc_analytics.errors import UsageError
from mescc_analytics.stats.cases import checked_entry, checked_weight, codes
from mescc_analytics.stats.curves import TOLERANCE, checked, distinct_times
from mescc_analytics.stats.sandwich import sum_by_cluster

# entries of the matrix of clusters and days held at a time
CHUNK = 4_000_000


class Follow:
    """Cases followed on a common row of days, the first of which is the start.

    Attributes
    ----------
    days : array, shape (n_days,)
    left, first : arrays of int, shape (n_cases,)
        Last and first day on which a case is at risk.
    n, d, censored : arrays of int, shape (n_days,)
        At risk, died and censored, not weighted; cases of weight 0 are in none of them.
    weighted_n, weighted_d, survival : arrays, shape (n_days,)
    """

    def __init__(self, time, event, weight=None, entry=None, start=0.0):
        time, event = checked(time, event, start)
        entry = checked_entry(entry, time)
        self.weight, self.event = checked_weight(weight, len(time)), event
        late = [] if entry is None else np.maximum(entry, start)
        self.days, place = distinct_times(np.r_[start, np.maximum(time, start), late])
        self.left = place[1 : len(time) + 1]
        self.first = np.zeros(len(time), int)
        if entry is not None:
            # who entered before the start is at risk from it on, who enters on it after it
            self.first = np.where(entry < start, 0, place[len(time) + 1 :] + 1)
        self._tally()
        self._estimate()

    def _tally(self):
        counted = self.weight > 0
        self.n = np.rint(self.at_risk(counted)).astype(int)
        self.d = self._leaving(counted & self.event).astype(int)
        self.censored = self._leaving(counted & ~self.event).astype(int)
        self.weighted_n = np.where(self.n > 0, self.at_risk(self.weight), 0.0)
        self.weighted_d = self._leaving(self.weight * self.event)

    def _estimate(self):
        some = self.d > 0
        hazard = np.zeros(len(self.days))
        hazard[some] = self.weighted_d[some] / self.weighted_n[some]
        # counts say exactly what sums of weights say up to rounding: everybody at risk died
        hazard[some & (self.n == self.d)] = 1.0
        self.survival = np.cumprod(1 - hazard)
        surviving = some & (hazard < 1)
        self.per_death = np.zeros(len(self.days))
        self.per_death[surviving] = 1 / (self.weighted_n - self.weighted_d)[surviving]
        self.per_case = hazard * self.per_death

    def _leaving(self, values):
        return np.bincount(self.left, values, minlength=len(self.days))

    def _entering(self, values):
        return np.bincount(self.first, values, minlength=len(self.days))[: len(self.days)]

    def at_risk(self, values):
        """Sum of values over the cases at risk on each day."""
        gone = np.r_[0.0, np.cumsum(self._leaving(values))[:-1]]
        return np.cumsum(self._entering(values)) - gone

    def effect(self, size):
        """Influence of each case on a quantity that a death on day j lowers by `size[j]` per death.

        Parameters
        ----------
        size : array, shape (n_days,)

        Returns
        -------
        array, shape (n_cases,)
            Derivative with respect to the weight of the case, times the weight.
        """
        lived = np.r_[0.0, np.cumsum(size * self.per_case)]
        died = self.event * (size * self.per_death)[self.left]
        return -self.weight * (died - lived[self.left + 1] + lived[self.first])

    def effect_on_survival(self, day):
        """Influence of each case on survival on a day."""
        until = self.days <= day + TOLERANCE
        return self.effect(until * self.survival[until][-1])

    def effect_on_restricted_mean(self, horizon):
        """Influence of each case on the area under the curve up to the horizon."""
        return self.effect(self.area_beyond(horizon))

    def area_beyond(self, horizon):
        """Area under the curve from each day to the horizon; 0 after it."""
        ends = np.minimum(np.r_[self.days[1:], np.inf], horizon)
        width = np.maximum(ends - self.days, 0)
        return (width * self.survival)[::-1].cumsum()[::-1]

    def relative_error(self, cluster=None):
        """Robust standard error of log survival on each day; NaN where survival is 0.

        Parameters
        ----------
        cluster : array-like, shape (n_cases,), optional
            Rows that belong together.
        """
        if cluster is None:
            variance = self.variance_of_cases()
        else:
            variance = self._variance_of_clusters(codes(cluster, len(self.left), "clusters"))
        error = np.sqrt(np.maximum(variance, 0))
        return np.where(self.survival > 0, error, np.nan)

    def sums_of_effects(self, values):
        """Sum of the influences of the cases on log survival on each day, times their values.

        Parameters
        ----------
        values : array, shape (n_cases,)

        Returns
        -------
        array, shape (n_days,)
        """
        lived, before, ended = self._lived()
        weighted = self.weight * values
        gone = np.cumsum(self._leaving(weighted * ended))
        none, one = (
            np.cumsum(self._entering(value) - self._leaving(value))
            for value in (weighted, weighted * before)
        )
        return lived * none - one - gone

    def _lived(self):
        """Hazard lived through by each day, before a case entered, and what its end says of it."""
        lived = np.cumsum(self.per_case)
        before = np.r_[0.0, lived][self.first]
        return lived, before, self.event * self.per_death[self.left] - lived[self.left] + before

    def variance_of_cases(self, share=1.0):
        """Sum of the squared influences on log survival on each day, each times a share."""
        # one pass: who has left contributes a constant, who is at risk a square in the sum
        lived, before, ended = self._lived()
        squared = (self.weight * share) ** 2
        gone = np.cumsum(self._leaving(squared * ended**2))
        none, one, two = (
            np.cumsum(self._entering(value) - self._leaving(value))
            for value in (squared, squared * before, squared * before**2)
        )
        return gone + lived**2 * none - 2 * lived * one + two

    def _variance_of_clusters(self, cluster):
        n_days, n_clusters = len(self.days), int(cluster.max()) + 1
        rows = max(1, CHUNK // n_days)
        variance = np.zeros(n_days)
        for low in range(0, n_clusters, rows):
            chosen = np.flatnonzero((cluster >= low) & (cluster < low + rows))
            variance += self._squares(chosen, cluster[chosen] - low, min(rows, n_clusters - low))
        return variance

    def _squares(self, chosen, cluster, n_clusters):
        """Squared influences on log survival, summed over some clusters."""
        shape = (n_clusters, len(self.days) + 1)
        lived = np.r_[0.0, np.cumsum(self.per_case)]
        left, first, weight = self.left[chosen], self.first[chosen], self.weight[chosen]
        enters = np.ravel_multi_index((cluster, first), shape)
        leaves = np.ravel_multi_index((cluster, left), shape)
        ended = self.event[chosen] * self.per_death[left] - lived[left + 1]
        constant = _added(enters, weight * lived[first], shape)
        constant += _added(leaves, weight * ended, shape)
        present = _added(enters, weight, shape) - _added(leaves, weight, shape)
        influence = constant - lived[1:, np.newaxis].T * present
        return (influence**2).sum(axis=0)


def _added(cell, values, shape):
    """Sums per cluster up to each day."""
    size = int(np.prod(shape))
    return np.bincount(cell, values, minlength=size).reshape(shape).cumsum(axis=1)[:, :-1]


def covariance_of(influences, cluster=None):
    """Covariance of estimates from the influences of the cases on them.

    Parameters
    ----------
    influences : array, shape (n_cases, k)
    cluster : array-like, shape (n_cases,), optional

    Returns
    -------
    array, shape (k, k)

    >>> covariance_of(np.array([[1.0], [1.0]]), ["a", "a"]).tolist()
    [[4.0]]
    """
    influences = np.asarray(influences, float)
    if influences.ndim != 2:
        raise UsageError("influences", [f"found {influences.ndim} dimensions, wanted 2"])
    if cluster is not None:
        influences = sum_by_cluster(influences, codes(cluster, len(influences), "clusters"))
    return influences.T @ influences
