"""Sums over risk sets, the one costly part of a Cox model.

All sums are taken at the distinct times of death, so the cost grows with the number of cases only
through a few weighted counts.
"""

import numpy as np

from mescc_analytics.stats.curves import distinct_times


class RiskSets:
    """Cases arranged by the distinct times of death.

    Attributes
    ----------
    x : array, shape (n_cases, p)
    times, deaths : arrays, shape (n_times,)
    mean_rank : array, shape (n_times,)
        Mean rank of the time among the times of all cases.
    last : array of int, shape (n_cases,)
        Last time of death at which a case is at risk; -1: none.
    first : array of int, shape (n_cases,) or None
        First time of death at which a case is at risk.
    """

    def __init__(self, time, event, x, entry=None):
        self.x, self.event = x, event
        all_times, position = distinct_times(time)
        cases = np.bincount(position)
        has_death = np.bincount(position, event) > 0
        self.times = all_times[has_death]
        self.mean_rank = (np.cumsum(cases) - (cases - 1) / 2)[has_death]
        self.last = (np.cumsum(has_death) - 1)[position]
        self.first = None if entry is None else np.searchsorted(self.times, entry, side="right")
        self.at_death = self.last[event]
        self.deaths = np.bincount(self.at_death, minlength=len(self.times))
        # Efron: the l-th of d deaths on a day leaves l/d of the day's deaths out of its risk set
        opens = np.cumsum(self.deaths) - self.deaths
        order = np.arange(len(self.at_death)) - np.repeat(opens, self.deaths)
        self.day = np.repeat(np.arange(len(self.times)), self.deaths)
        self.left_out = order / self.deaths[self.day]

    def time_scale(self, transform):
        """Times of death on another scale: km (1 - survival just before), identity, log, rank."""
        if transform == "identity":
            return self.times
        if transform == "log":
            return np.log(self.times, out=np.full(len(self.times), -np.inf), where=self.times > 0)
        if transform == "rank":
            return self.mean_rank
        survival = np.cumprod(1 - self.deaths / self.at_risk(np.ones(len(self.last))))
        return 1 - np.r_[1.0, survival[:-1]]

    def at_risk(self, values):
        """Sum of values over the cases at risk at each time of death."""
        n = len(self.times)
        total = np.bincount(self.last + 1, values, minlength=n + 1)[::-1].cumsum()[::-1][1:]
        if self.first is None:
            return total
        return total - np.bincount(self.first, values, minlength=n + 1)[::-1].cumsum()[::-1][1:]

    def among_deaths(self, values):
        """Sum of values over the deaths at each time."""
        return np.bincount(self.at_death, values[self.event], minlength=len(self.times))

    def moments(self, add, weight):
        """Weighted sums of 1, x and x x' per time, by one of the two ways of adding."""
        p = self.x.shape[1]
        zero = add(weight)
        one = np.empty((len(self.times), p))
        two = np.empty((len(self.times), p, p))
        for i in range(p):
            weighted = weight * self.x[:, i]
            one[:, i] = add(weighted)
            for j in range(i, p):
                two[:, i, j] = two[:, j, i] = add(weighted * self.x[:, j])
        return zero, one, two

    def likelihood(self, beta):
        """Log partial likelihood, and per time of death its score (n_times, p) and information."""
        linear = self.x @ beta
        linear = linear - linear.max()
        s0, s1, s2 = self.moments(self.at_risk, np.exp(linear))
        d0, d1, d2 = self.moments(self.among_deaths, np.exp(linear))
        f, day, n = self.left_out, self.day, len(self.times)
        risk = s0[day] - f * d0[day]
        with np.errstate(
            divide="ignore", invalid="ignore"
        ):  # weights that ran to 0: the step is halved
            sums = (1 / risk, f / risk, 1 / risk**2, f / risk**2, f**2 / risk**2)
        a, b, aa, ab, bb = (np.bincount(day, value, minlength=n)[:, np.newaxis] for value in sums)

        observed = np.column_stack([self.among_deaths(column) for column in self.x.T])
        score = observed - (a * s1 - b * d1)
        outer = np.einsum("ti,tj->tij", s1, aa * s1 - ab * d1)
        outer += np.einsum("ti,tj->tij", d1, bb * d1 - ab * s1)
        information = a[..., np.newaxis] * s2 - b[..., np.newaxis] * d2 - outer
        return linear[self.event].sum() - np.log(risk).sum(), score, information
