"""Sums over pairs of cases by order of time and of score, without forming the pairs.

O(n log n) in time. A *place* is the rank of a case in time, a *level* the rank of its score.
"""

from dataclasses import dataclass

import numpy as np

from mescc_analytics.stats.intervals import NAN


@dataclass(frozen=True)
class Runs:
    """Members of the same group at earlier or later places, as bounds in one sorted order.

    Attributes
    ----------
    order : array of int, shape (n_cases,)
        Cases by group, then place.
    first, start, end, last : arrays of int, shape (n_cases,)
        Per case the bounds in that order of its group and, within it, of its own place.
    """

    order: np.ndarray
    first: np.ndarray
    start: np.ndarray
    end: np.ndarray
    last: np.ndarray

    @classmethod
    def of(cls, group, place):
        """Runs of cases with a group and a place, both whole numbers from 0."""
        width = int(place.max()) + 1
        opening = group * width
        key = opening + place
        order = np.argsort(key, kind="stable")
        sorted_key = key[order]
        return cls(
            order,
            first=np.searchsorted(sorted_key, opening),
            start=np.searchsorted(sorted_key, key),
            end=np.searchsorted(sorted_key, key, side="right"),
            last=np.searchsorted(sorted_key, opening + width),
        )

    def earlier(self, weight):
        """Per case the sum of the weights at earlier places of its group."""
        total = self._running(weight)
        return total[self.start] - total[self.first]

    def later(self, weight):
        """Per case the sum of the weights at later places of its group."""
        total = self._running(weight)
        return total[self.last] - total[self.end]

    def _running(self, weight):
        return np.r_[0.0, np.cumsum(weight[self.order])]


class Pairs:
    """Sums over the cases at later or earlier places, by level.

    Parameters
    ----------
    place, level : arrays of int from 0, shape (n_cases,)

    Attributes
    ----------
    everyone : Runs
        Pairs whatever their levels.
    same : Runs
        Pairs of the same level.

    Notes
    -----
    Two levels differ first in one binary digit. For each digit, the pairs that agree in all higher
    digits and differ in this one are those of a group with a 1 here and a 0 there.

    >>> pairs = Pairs(np.array([0, 1, 2]), np.array([2, 0, 1]))
    >>> pairs.later_lower(np.ones(3)).tolist()
    [2.0, 0.0, 0.0]
    """

    def __init__(self, place, level):
        self.everyone = Runs.of(np.zeros(len(place), int), place)
        self.same = Runs.of(level, place)
        self._digits = [
            ((level >> digit & 1).astype(bool), Runs.of(level >> (digit + 1), place))
            for digit in range(int(level.max()).bit_length())
        ]

    def later_lower(self, weight):
        """Per case the sum of the weights of later cases with a lower level."""
        found = np.zeros(len(weight))
        for high, runs in self._digits:
            found += np.where(high, runs.later(np.where(high, 0.0, weight)), 0.0)
        return found

    def earlier_higher(self, weight):
        """Per case the sum of the weights of earlier cases with a higher level."""
        found = np.zeros(len(weight))
        for high, runs in self._digits:
            found += np.where(high, 0.0, runs.earlier(np.where(high, weight, 0.0)))
        return found


@dataclass(frozen=True)
class CountedPairs:
    """Pairs of a death and a later time, by whether the death has the higher level.

    Attributes
    ----------
    pairs : Pairs
    count : array of float, shape (n_cells,)
        Cases of each kind.
    worth : array of float, shape (n_cells,)
        Weight of a death of that kind in every pair; 0 for what is no death.
    """

    pairs: Pairs
    count: np.ndarray
    worth: np.ndarray

    def ahead(self):
        """Sums over the later cases: all, those with the same score, those with a lower one."""
        pairs, count = self.pairs, self.count
        return pairs.everyone.later(count), pairs.same.later(count), pairs.later_lower(count)

    def totals(self):
        """Concordant, discordant and tied pairs."""
        every, tied, lower = self.ahead()
        deaths = self.worth * self.count
        return tuple(float(deaths @ ahead) for ahead in (lower, every - tied - lower, tied))

    @property
    def c(self):
        concordant, discordant, tied = self.totals()
        compared = concordant + discordant + tied
        return (concordant + tied / 2) / compared if compared > 0 else NAN

    def influence(self):
        """Change of C per further case of a kind, at fixed weights."""
        later, tied, lower = self.ahead()
        deaths, pairs = self.worth * self.count, self.pairs
        compared = self.worth * later + pairs.everyone.earlier(deaths)
        in_order = self.worth * (lower + tied / 2)
        in_order += pairs.earlier_higher(deaths) + pairs.same.earlier(deaths) / 2
        return (in_order - self.c * compared) / sum(self.totals())
