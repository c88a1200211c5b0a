"""Hazard ratios between groups under many weightings of the cases at once."""

from dataclasses import dataclass

import numpy as np

from mescc_analytics.stats.bootstrap import sums_at
from mescc_analytics.stats.maxima import maxima

# numbers of an array of weightings, deaths and groups held at a time
CHUNK = 4_000_000


def log_hazard_ratios(sets, group, weight):
    """Log hazard ratio of every group against the first, by weighting.

    Parameters
    ----------
    sets : RiskSets
        Of the cases, in strata and with late entry as it may be; its own weights play no part.
    group : array of int, shape (n_cases,)
        From 0, all used.
    weight : array, shape (n_weightings, n_cases)
        Finite; a case of weight 0 is left out.

    Returns
    -------
    array, shape (n_weightings, k - 1)
        NaN where one of the two groups has no deaths.

    Notes
    -----
    As `cox.fit_cox` of the groups alone, Efron's ties included, with each of the weights: a case
    drawn twice is one of twice the weight, not two tied deaths.

    >>> from mescc_analytics.stats.risk_sets import RiskSets
    >>> days, died, group = np.array([1.0, 2, 3, 4]), np.ones(4, bool), np.array([0, 1, 0, 1])
    >>> sets = RiskSets(days, died, np.zeros((4, 1)))
    >>> log_hazard_ratios(sets, group, np.array([[1.0, 1, 1, 1]])).round(4).tolist()
    [[-0.9406]]
    """
    k = int(group.max()) + 1
    size = max(1, CHUNK // (max(len(sets.dead), len(group)) * k))
    parts = [_at_once(sets, group, weight[low : low + size]) for low in range(0, len(weight), size)]
    return np.concatenate(parts) if parts else np.empty((0, k - 1))


def _at_once(sets, group, weight):
    risks = _Risks.of(sets, group, weight)
    found = np.full((len(weight), risks.observed.shape[1] - 1), np.nan)
    usable = np.flatnonzero(risks.observed[:, 0] > 0)
    start, enough = np.zeros((len(usable), found.shape[1])), 1e-9 * risks.of_day.sum(axis=1)
    found[usable] = maxima(start, lambda b, at: risks.likelihood(b, usable[at]), enough[usable])
    # where a group has no deaths, its hazard runs to 0 and the others stand
    return np.where(risks.observed[:, 1:] > 0, found, np.nan)


@dataclass(frozen=True)
class _Risks:
    """Sums that do not change with the hazard ratios.

    Attributes
    ----------
    observed : array, shape (n_weightings, k)
        Deaths of each group, weighted.
    at_risk : array, shape (n_weightings, n_deaths, k)
        At risk when a death occurs, weighted, by group.
    of_day : array, shape (n_weightings, n_deaths)
        Mean weight of the deaths of the day; 0 for a death without weight.
    """

    observed: np.ndarray
    at_risk: np.ndarray
    of_day: np.ndarray

    @classmethod
    def of(cls, sets, group, weight):
        sums = zip(*_sums(sets, group, weight), strict=True)
        at_risk, died = (np.stack(parts, axis=2) for parts in sums)
        # Efron: the l-th of the d deaths of a day that have weight leaves l/d of them out
        counted = weight[:, sets.dead] > 0
        before = np.cumsum(counted, axis=1) - counted
        order = before - before[:, sets.opens][:, sets.day]
        deaths = np.add.reduceat(counted, sets.opens, axis=1, dtype=int)[:, sets.day]
        left_out = order / np.maximum(deaths, 1)
        risk = at_risk[:, sets.day] - left_out[:, :, np.newaxis] * died[:, sets.day]
        of_day = counted * died.sum(axis=2)[:, sets.day] / np.maximum(deaths, 1)
        return cls(died.sum(axis=1), risk, of_day)

    def likelihood(self, beta, which):
        """Log likelihood, score and information of some of the weightings."""
        linear, weight = np.column_stack([np.zeros(len(beta)), beta]), self.of_day[which]
        shares = self.at_risk[which] * np.exp(linear)[:, np.newaxis]
        total = np.where(weight > 0, shares.sum(axis=2), 1.0)
        shares = (shares / total[:, :, np.newaxis])[:, :, 1:]
        observed, expected = self.observed[which], np.einsum("me,mea->ma", weight, shares)
        value = (observed * linear).sum(axis=1) - (weight * np.log(total)).sum(axis=1)
        information = -np.einsum("me,mea,meb->mab", weight, shares, shares, optimize=True)
        every = np.arange(beta.shape[1])
        information[:, every, every] += expected
        return value, observed[:, 1:] - expected, information


def _sums(sets, group, weight):
    """Weights at risk and of the deaths on each day of death, (n_weightings, n_days), by group."""
    n = len(sets.times)
    for code in range(int(group.max()) + 1):
        own = np.flatnonzero(group == code)
        values = weight[:, own]
        total = _from_here_on(sums_at(sets.last[own] + 1, values, n + 1))
        if sets.first is not None:
            total -= _from_here_on(sums_at(sets.first[own], values, n + 1))
        dead = own[sets.event[own]]
        yield total, sums_at(sets.last[dead], weight[:, dead], n)


def _from_here_on(values):
    return values[:, ::-1].cumsum(axis=1)[:, ::-1][:, 1:]
