"""What Harrell's and Uno's C share: kinds of cases, their pairs, and the C of bootstrap samples.

A pair of cases can be compared where one is known to have died first; a death and a censoring on
the same day: the death comes first. A pair with the same score counts half.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from mescc_analytics.errors import UsageError
from mescc_analytics.stats.censoring import uncensored_before, uncensored_before_each
from mescc_analytics.stats.curves import TOLERANCE, as_numbers, checked, distinct_times
from mescc_analytics.stats.intervals import NAN, z_value
from mescc_analytics.stats.pairs import CountedPairs, Pairs
from mescc_analytics.stats.resampling import Cells, ValidationSpec, percentile_interval

METHODS = ("harrell", "uno")
# below this a standard error is rounding
NO_SPREAD = 1e-12
# up to so many kinds of cases the pairs of all bootstrap samples are summed as matrix products
MOST_IN_MATRIX = 4000
SAMPLES_AT_ONCE = 500


@dataclass(frozen=True)
class Choice:
    """How pairs are weighted, up to which day, and what is wanted of the interval.

    Attributes
    ----------
    method : {"harrell", "uno"}
    tau : float or None
        Only deaths up to this day are compared with later times.
    spec : ValidationSpec
    rng : numpy.random.Generator or None
        None: interval of the standard error.
    """

    method: str
    tau: float | None
    spec: ValidationSpec
    rng: np.random.Generator | None


@dataclass(frozen=True)
class Sample:
    """Kinds of cases: time (as rank), whether a death, whether one that is compared; scores.

    Attributes
    ----------
    cells : Cells
    place : array of int, shape (n_cells,)
        Rank in time, a censoring after a death on the same day.
    position : array of int, shape (n_cells,)
        Rank of the time.
    died, compared : arrays of bool, shape (n_cells,)
    levels : tuple of arrays of int, shape (n_cells,)
        Rank of each score; higher: expected to die earlier.
    method : {"harrell", "uno"}
    """

    cells: Cells
    place: np.ndarray
    position: np.ndarray
    died: np.ndarray
    compared: np.ndarray
    levels: tuple
    method: str

    def pairs_of(self, score, count=None):
        """Pairs of one of the scores, with so many cases of each kind."""
        count = (self.cells.count if count is None else count).astype(float)
        worth = self.compared.astype(float)
        if self.method == "uno":
            uncensored = uncensored_before(self.position, self.died, count)[self.position]
            # 0 only after the last case of this sample has left
            worth = np.divide(worth, uncensored**2, out=0 * worth, where=uncensored > 0)
        return CountedPairs(Pairs(self.place, self.levels[score]), count, worth)

    def std_err(self, influence):
        """Infinitesimal jackknife; 0 where it is nothing but rounding."""
        found = float(np.sqrt(self.cells.count @ influence**2))
        return found if found > NO_SPREAD else 0.0

    def drawn_c(self, choice):
        """C of every score in every bootstrap sample: array, shape (n_resamples, n_scores)."""
        scores = range(len(self.levels))
        if len(self.place) > MOST_IN_MATRIX:
            return self.cells.resampled(
                lambda count: [self.pairs_of(score, count).c for score in scores],
                choice.rng,
                choice.spec.n_resamples,
            )
        counts = self.cells.drawn(choice.rng, choice.spec.n_resamples)
        chunks = range(0, len(counts), SAMPLES_AT_ONCE)
        return np.concatenate([self.c_of_each(counts[i : i + SAMPLES_AT_ONCE]) for i in chunks])

    def c_of_each(self, counts):
        """C of every score with each row of counts.

        Parameters
        ----------
        counts : array of int, shape (n_samples, n_cells)

        Returns
        -------
        array, shape (n_samples, n_scores)
            NaN where a sample has no pair.

        Notes
        -----
        The sums over later cases are whole or half numbers far below 2**23: exact in 32 bits,
        whatever the order of addition and the number of processors.
        """
        deaths = np.flatnonzero(self.compared)
        later = self.place > self.place[deaths, None]
        drawn = counts.astype(np.float32)
        weight = counts[:, deaths] * self._worth(counts)[:, deaths]

        def total(wanted):
            return (weight * (drawn @ wanted.T.astype(np.float32))).sum(axis=1)

        compared, found = total(later), []
        for level in self.levels:
            ahead = (level < level[deaths, None]) + 0.5 * (level == level[deaths, None])
            found.append(total(later * ahead))
        found, compared = np.array(found).T, compared[:, None]
        return np.divide(found, compared, out=np.full(found.shape, NAN), where=compared > 0)

    def _worth(self, counts):
        """Weight of the pairs of a death of each kind, per sample."""
        if self.method == "harrell":
            return np.ones((1, len(self.place)))
        before = uncensored_before_each(self.position, self.died, counts)
        return np.divide(1, before**2, out=np.zeros(before.shape), where=before > 0)


def limits(found, drawn, choice, without, ends=(0, 1)):
    """Limits of an interval, and a note.

    Parameters
    ----------
    found : (float, float)
        Estimate and standard error.
    drawn : array, shape (n_resamples,), or None
        Estimates of the bootstrap samples; without them the interval is normal.
    choice : Choice
    without : str
        Why there is no spread where the standard error is 0.
    ends : (float, float)
        Lowest and highest possible value.
    """
    estimate, std_err = found
    if std_err == 0:
        return NAN, NAN, f"interval not estimable: {without}"
    if drawn is not None:
        return percentile_interval(drawn, choice.spec.level)
    half = z_value(choice.spec.level) * std_err
    return max(estimate - half, ends[0]), min(estimate + half, ends[1]), ""


def sample_of(time, event, risks, choice):
    """Sample, number of cases and deaths, and the reason where there is nothing to estimate."""
    if len(time) == 0:
        return None, {"n": 0, "events": 0}, "no cases"
    time, event = checked(time, event)
    risks = [_checked_risk(risk, len(time)) for risk in risks]
    tau = np.inf if choice.tau is None else choice.tau
    compared = event & (time <= tau + TOLERANCE)
    size = {"n": len(time), "events": int(compared.sum())}
    levels = [pd.factorize(risk, sort=True)[0] for risk in risks]
    position = distinct_times(time)[1]
    # between a death and a later one: a censoring on the same day, known to have outlived it
    place = 2 * position + ~event

    by = "" if choice.tau is None else f" by day {choice.tau:g}"
    reason = _why_not(place, compared, levels, by) or choice.spec.too_few(size["events"], by)
    if reason:
        return None, size, reason
    cells = Cells.of(place, *levels)
    kept = [values[cells.example] for values in (place, position, event, compared)]
    levels = tuple(level[cells.example] for level in levels)
    return Sample(cells, *kept, levels, choice.method), size, ""


def _checked_risk(risk, n):
    risk = as_numbers(risk)
    problems = []
    if len(risk) != n:
        problems.append(f"found {len(risk)} scores and {n} times, wanted as many of each")
    if not np.isfinite(risk).all():
        problems.append(f"{(~np.isfinite(risk)).sum()} scores are missing or not finite")
    if problems:
        raise UsageError("risk score", problems)
    return risk


def _why_not(place, compared, levels, by):
    if len(place) == 1:
        return "one case makes no pair"
    if not compared.any():
        return f"no deaths{by}"
    if place[compared].min() == place.max():
        return "nobody is known to have outlived another"
    if any(level.max() == 0 for level in levels):
        return "every case has the same score"
    return ""
