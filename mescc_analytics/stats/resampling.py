"""Bootstrap intervals of statistics that need only the number of cases of each kind."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from mescc_analytics.errors import UsageError
from mescc_analytics.stats.intervals import NAN, z_value

# below this share of resamples with an estimate, their quantiles describe a selection
WANTED_SHARE = 0.9
ROUNDING = 1e-12


@dataclass(frozen=True)
class ValidationSpec:
    """Choices of a validation of predictions.

    Attributes
    ----------
    level : float
        Confidence level.
    min_events : int
        With fewer deaths nothing is estimated; 0 turns the rule off.
    n_resamples : int
        Bootstrap samples.
    interval : {"log-log", "log", "plain"}
        Scale of the intervals of Kaplan-Meier estimates.
    """

    level: float = 0.95
    min_events: int = 50
    n_resamples: int = 1000
    interval: str = "log-log"

    def too_few(self, events, by=""):
        """Reason why so few deaths are not enough, or ""; `by` is " by day <n>" or nothing.

        >>> ValidationSpec().too_few(12, " by day 90")
        'too few deaths by day 90: found 12, wanted at least 50'
        """
        if events >= self.min_events:
            return ""
        return f"too few deaths{by}: found {events}, wanted at least {self.min_events}"


DEFAULT = ValidationSpec()


@dataclass(frozen=True)
class Cells:
    """Kinds of cases, and how many there are of each.

    Attributes
    ----------
    example : array of int, shape (n_cells,)
        Index of one case of the kind; kinds are in the order of their codes, whatever the order of
        the cases.
    count : array of int, shape (n_cells,)
    """

    example: np.ndarray
    count: np.ndarray

    @classmethod
    def of(cls, *codes):
        """Distinct combinations of codes, each an array of whole numbers from 0 per case.

        >>> Cells.of(np.array([1, 0, 1]), np.array([0, 2, 0])).count.tolist()
        [1, 2]
        """
        cell = codes[0]
        for other in codes[1:]:
            cell = pd.factorize(cell * (int(other.max()) + 1) + other, sort=True)[0]
        cell = pd.factorize(cell, sort=True)[0]
        example = np.zeros(int(cell.max()) + 1, int)
        example[cell] = np.arange(len(cell))
        return cls(example, np.bincount(cell))

    def resampled(self, statistic, rng, n_resamples):
        """Statistic of bootstrap samples of as many cases.

        Parameters
        ----------
        statistic : callable
            From the number of cases per cell to a number or an array of them.
        rng : numpy.random.Generator
        n_resamples : int

        Returns
        -------
        array, shape (n_resamples, ...)
        """
        n, share = self._chances(n_resamples)
        return np.array([statistic(rng.multinomial(n, share)) for _ in range(n_resamples)], float)

    def drawn(self, rng, n_resamples):
        """The numbers of cases of all bootstrap samples: array, shape (n_resamples, n_cells).

        The same samples as `resampled` draws.
        """
        n, share = self._chances(n_resamples)
        return rng.multinomial(n, share, size=n_resamples)

    def _chances(self, n_resamples):
        if not n_resamples >= 1:
            raise UsageError("resamples", [f"found {n_resamples}, wanted at least 1"])
        n = int(self.count.sum())
        return n, self.count / n


def percentile_interval(values, level=0.95):
    """Interval from the quantiles of resampled estimates.

    Parameters
    ----------
    values : array of float, shape (n_resamples,)
        NaN where a resample has no estimate.
    level : float

    Returns
    -------
    lower, upper : float
        NaN where more than a tenth of the resamples have no estimate, or all have the same.
    note : str
        "", or how many resamples have an estimate, or why there is no interval.

    Notes
    -----
    Efron and Tibshirani, An Introduction to the Bootstrap, 1993, 13.3.

    >>> lower, upper, note = percentile_interval(np.arange(101.0), 0.9)
    >>> round(lower, 6), round(upper, 6), note
    (5.0, 95.0, '')
    """
    z_value(level)
    found = values[np.isfinite(values)]
    share = f"{len(found)} of {len(values)} resamples"
    if len(found) < WANTED_SHARE * len(values):
        return NAN, NAN, f"interval not estimable: only {share} have an estimate"
    if np.ptp(found) <= ROUNDING * np.abs(found).max():
        return NAN, NAN, "interval not estimable: every resample gives the same"
    lower, upper = np.quantile(found, [(1 - level) / 2, (1 + level) / 2])
    note = "" if len(found) == len(values) else f"interval from {share}"
    return float(lower), float(upper), note
