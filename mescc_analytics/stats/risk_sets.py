"""Sums over risk sets, the one costly part of a Cox model.

All sums are taken at the distinct times of death of each stratum, so the cost grows with the number
of cases only through a few weighted counts and one product of matrices.
"""

from dataclasses import dataclass

import numpy as np

from mescc_analytics.stats.curves import distinct_times


@dataclass(frozen=True)
class Sums:
    """Sums at one value of the coefficients; times are those of death, stratum by stratum.

    Attributes
    ----------
    hazard : array, shape (n_cases,)
        exp(linear predictor), up to a common factor; without the weight of the case.
    s1, d1 : arrays, shape (n_times, p)
        Weighted sums of hazard times covariate, of all at risk and of the deaths.
    a, b, aa, ab, bb : arrays, shape (n_times,)
        Efron's sums over the deaths of a day, with its mean weight: of 1 / risk, f / risk,
        1 / risk^2, f / risk^2, f^2 / risk^2, where f is the share of the deaths left out.
    log_risk : float
    """

    hazard: np.ndarray
    s1: np.ndarray
    d1: np.ndarray
    a: np.ndarray
    b: np.ndarray
    aa: np.ndarray
    ab: np.ndarray
    bb: np.ndarray
    log_risk: float

    def mean_times(self, share):
        """Sum over the deaths of a day of share / risk times the mean of x; "1" or "f"."""
        first, second = (self.aa, self.ab) if share == "1" else (self.ab, self.bb)
        return first[:, np.newaxis] * self.s1 - second[:, np.newaxis] * self.d1


class RiskSets:
    """Cases arranged by the distinct times of death.

    Attributes
    ----------
    x : array, shape (n_cases, p)
    weight : array, shape (n_cases,)
    times, deaths : arrays, shape (n_times,)
        Day and number of deaths, not weighted; ascending within a stratum.
    mean_rank : array, shape (n_times,)
        Mean rank of the day among the last days of all cases.
    last : array of int, shape (n_cases,)
        Last time of death at which a case is at risk; one before `first`: none.
    first : array of int, shape (n_cases,) or None
        First time of death at which a case is at risk; None: the first of all.
    """

    def __init__(self, time, event, x, entry=None, *, weight=None, strata=None):
        self.x, self.event = x, event
        self.columns = np.ascontiguousarray(x.T)
        self.weight = np.ones(len(time)) if weight is None else weight
        self._arrange(time, entry, strata)
        # deaths in the order of their times, so that sums over a day are sums over a stretch
        dead = np.flatnonzero(event)
        self.dead = dead[np.argsort(self.last[dead], kind="stable")]
        self.day = self.last[self.dead]
        self.deaths = np.bincount(self.day, minlength=len(self.times))
        self.opens = np.cumsum(self.deaths) - self.deaths
        # Efron: the l-th of d deaths on a day leaves l/d of the day's deaths out of its risk set
        order = np.arange(len(dead)) - np.repeat(self.opens, self.deaths)
        self.left_out = order / self.deaths[self.day]
        self.day_weight = (self.among_deaths(self.weight) / self.deaths)[self.day]
        self.observed = self.weight[self.dead] @ x[self.dead]

    def _arrange(self, time, entry, strata):
        n = len(time)
        together = time if entry is None else np.r_[time, entry]
        days, position = distinct_times(together)
        self.left_day, self.entry_day = position[:n], None if entry is None else position[n:]
        stratum = np.zeros(n, int) if strata is None else strata
        cell, key = self._cells(stratum, position[:n], len(days))
        has_death = np.bincount(cell, self.event) > 0
        self.keys = key[has_death]
        self.place = self.keys % len(days)
        self.times = days[self.place]
        cases = np.bincount(position[:n], minlength=len(days))
        self.mean_rank = (np.cumsum(cases) - (cases - 1) / 2)[self.place]
        self.last = (np.cumsum(has_death) - 1)[cell]
        self.first = None
        if entry is not None:
            entering = stratum * len(days) + position[n:]
            self.first = np.searchsorted(self.keys, entering, side="right")
        elif strata is not None:
            self.first = np.searchsorted(self.keys, stratum * len(days))

    @staticmethod
    def _cells(stratum, position, n_days):
        """Rank of each case's stratum and day, and the keys that are ranked."""
        if not stratum.any():
            return position, np.arange(position.max() + 1)
        key, cell = np.unique(stratum * n_days + position, return_inverse=True)
        return cell, key

    def time_scale(self, transform):
        """Times of death on another scale: km (1 - survival just before), identity, log, rank."""
        if transform == "identity":
            return self.times
        if transform == "log":
            return np.log(self.times, out=np.full(len(self.times), -np.inf), where=self.times > 0)
        if transform == "rank":
            return self.mean_rank
        return 1 - self._survival_before()[self.place]

    def _survival_before(self):
        """Survival just before each day, of all strata together, so that they share one scale."""
        left, entered, n = self.left_day, self.entry_day, int(self.left_day.max()) + 1
        at_risk = np.bincount(left, minlength=n)[::-1].cumsum()[::-1]
        if entered is not None:
            later = np.bincount(entered + 1, minlength=n + 1)[: n + 1]
            at_risk = at_risk - later[::-1].cumsum()[::-1][1:]
        died = np.bincount(left, self.event, minlength=n)
        hazard = np.divide(died, at_risk, out=np.zeros(n), where=died > 0)
        return np.r_[1.0, np.cumprod(1 - hazard)[:-1]]

    def at_risk(self, values):
        """Sum of values over the cases at risk at each time of death."""
        n = len(self.times)
        total = np.bincount(self.last + 1, values, minlength=n + 1)[::-1].cumsum()[::-1][1:]
        if self.first is None:
            return total
        return total - np.bincount(self.first, values, minlength=n + 1)[::-1].cumsum()[::-1][1:]

    def among_deaths(self, values):
        """Sum of values over the deaths at each time."""
        return self._over_days(values[self.dead])

    def _over_days(self, values):
        """Sum per time of values of the deaths in the order of their times."""
        return np.add.reduceat(values, self.opens) if len(values) else np.zeros(0)

    def while_at_risk(self, values):
        """Per case the sum of values over the times of death at which it is at risk."""
        total = np.concatenate([np.zeros((1, *values.shape[1:])), np.cumsum(values, axis=0)])
        through = total[self.last + 1]
        return through if self.first is None else through - total[self.first]

    def sums(self, beta):
        """Sums of the risk sets at coefficients beta, shape (p,)."""
        linear = self.x @ beta
        hazard = np.exp(linear - linear.max())
        weighted, p = self.weight * hazard, self.x.shape[1]
        s0, d0 = self.at_risk(weighted), self.among_deaths(weighted)
        s1, d1 = (np.empty((len(self.times), p)) for _ in range(2))
        for j, column in enumerate(self.columns):
            product = weighted * column
            s1[:, j], d1[:, j] = self.at_risk(product), self.among_deaths(product)
        risk = s0[self.day] - self.left_out * d0[self.day]
        log_risk = self.day_weight @ np.log(risk) + linear.max() * self.day_weight.sum()
        one = self.day_weight / risk
        two = one / risk
        terms = (one, self.left_out * one, two, self.left_out * two, self.left_out**2 * two)
        added = map(self._over_days, terms)
        return Sums(hazard, s1, d1, *added, log_risk=float(log_risk))

    def likelihood(self, beta):
        """Log partial likelihood, its score (p,) and its information (p, p)."""
        # a hazard that ran to 0 shows in the result, and the step is halved
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            sums = self.sums(beta)
            s1, d1 = sums.s1, sums.d1
            score = self.observed - (sums.a @ s1 - sums.b @ d1)
            # the sum over times of sums over cases is one sum over cases of what each lived through
            lived = self.while_at_risk(sums.a)
            lived[self.dead] -= sums.b[self.day]
            two = (self.columns * (self.weight * sums.hazard * lived)) @ self.x
            outer = s1.T @ sums.mean_times("1") - d1.T @ sums.mean_times("f")
        return self.observed @ beta - sums.log_risk, score, two - outer

    def by_time(self, beta):
        """Score (n_times, p) and information (n_times, p, p) of each time of death."""
        sums = self.sums(beta)
        s2, d2 = (self._second(add, self.weight * sums.hazard) for add in self._ways)
        s1, d1, died = sums.s1, sums.d1, self.weight[:, np.newaxis] * self.x
        a, b = sums.a[:, np.newaxis], sums.b[:, np.newaxis]
        observed = np.column_stack([self.among_deaths(column) for column in died.T])
        outer = np.einsum("ti,tj->tij", s1, sums.mean_times("1"))
        outer -= np.einsum("ti,tj->tij", d1, sums.mean_times("f"))
        information = a[..., np.newaxis] * s2 - b[..., np.newaxis] * d2 - outer
        return observed - (a * s1 - b * d1), information

    @property
    def _ways(self):
        return self.at_risk, self.among_deaths

    def _second(self, add, weight):
        """Weighted sums of x x' per time, by one of the two ways of adding."""
        p = self.x.shape[1]
        two = np.empty((len(self.times), p, p))
        for i in range(p):
            for j in range(i, p):
                two[:, i, j] = two[:, j, i] = add(weight * self.columns[i] * self.columns[j])
        return two
