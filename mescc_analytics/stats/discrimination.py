"""Concordance of a score with survival: does the case with the worse score die first?

A pair of cases can be compared where one is known to have died first; a death and a censoring on
the same day: the death comes first. A pair with the same score counts half.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from mescc_analytics.errors import UsageError
from mescc_analytics.stats.censoring import uncensored_before
from mescc_analytics.stats.curves import TOLERANCE, as_numbers, checked, distinct_times
from mescc_analytics.stats.intervals import NAN, Estimate, not_estimable, z_value
from mescc_analytics.stats.pairs import CountedPairs, Pairs
from mescc_analytics.stats.resampling import DEFAULT, Cells, ValidationSpec, percentile_interval

METHODS = ("harrell", "uno")
# below this a standard error is rounding
NO_SPREAD = 1e-12


@dataclass(frozen=True)
class Concordance(Estimate):
    """Probability that the case with the higher risk dies first, with its interval.

    Attributes
    ----------
    estimate, lower, upper : float
        0.5: no better than chance; below: the score points the other way. NaN where not estimable.
    note : str
    std_err : float
        Infinitesimal jackknife.
    n, events : int
        Cases; deaths up to `tau`.
    concordant, discordant, tied : float
        Pairs that can be compared, by the order of their scores; for Uno's C sums of weights.
    """

    std_err: float = NAN
    n: int = 0
    events: int = 0
    concordant: float = NAN
    discordant: float = NAN
    tied: float = NAN


def harrell_c(time, event, risk, *, tau=None, spec=DEFAULT, rng=None):
    """Harrell's C.

    Parameters
    ----------
    time : array-like of float, shape (n_cases,)
        Days from time zero.
    event : array-like of bool, shape (n_cases,)
        True: died at `time`. False: censored.
    risk : array-like of float, shape (n_cases,)
        Higher: expected to die earlier. Of a score in which more is better pass the negative.
    tau : float, optional
        Only deaths up to this day are compared with later times; all by default.
    spec : ValidationSpec
    rng : numpy.random.Generator, optional
        With it the interval is that of the bootstrap (quantiles), without it that of the standard
        error (normal), cut at 0 and 1.

    Returns
    -------
    Concordance

    Notes
    -----
    Harrell et al., Stat Med 1996;15:361-387. Agrees with R's ``concordance``. Its value depends on
    how long the cases are followed; that of `uno_c` does not.

    >>> spec = ValidationSpec(min_events=1)
    >>> found = harrell_c([1, 2, 3, 4], [1, 1, 0, 1], [3, 1, 2, 1], spec=spec)
    >>> found.estimate, found.concordant, found.discordant, found.tied
    (0.7, 3.0, 1.0, 1.0)
    """
    return _concordance(time, event, risk, _Choice("harrell", tau, spec, rng))


def uno_c(time, event, risk, *, tau=None, spec=DEFAULT, rng=None):
    """Uno's C: Harrell's with each death weighted for the cases censored before it.

    Parameters
    ----------
    time, event, risk, spec, rng
        As in `harrell_c`.
    tau : float, optional
        As in `harrell_c`. Set it to a day to which a fair share is followed: the weights grow
        without limit as the last cases are censored.

    Returns
    -------
    Concordance
        The standard error takes the weights as given; the bootstrap renews them.

    Notes
    -----
    Uno et al., Stat Med 2011;30:1105-1117. Agrees with R's ``concordance(timewt = "n/G2")``.

    >>> spec = ValidationSpec(min_events=1)
    >>> found = uno_c([1, 2, 3, 4], [1, 0, 1, 0], [2, 1, 1, 3], spec=spec)
    >>> round(found.estimate, 4), round(found.discordant, 4)
    (0.381, 3.25)
    """
    return _concordance(time, event, risk, _Choice("uno", tau, spec, rng))


def c_difference(time, event, risk, other, *, method="harrell", tau=None, spec=DEFAULT, rng=None):
    """Difference of the C of two scores of the same cases.

    Parameters
    ----------
    time, event, risk, tau, spec, rng
        As in `harrell_c`.
    other : array-like of float, shape (n_cases,)
        The second score, coded like `risk`.
    method : {"harrell", "uno"}

    Returns
    -------
    Estimate
        C of `risk` minus C of `other`; the interval takes into account that both are of the same
        cases.

    >>> spec = ValidationSpec(min_events=1)
    >>> found = c_difference([1, 2, 3, 4], [1] * 4, [4, 3, 2, 1], [4, 3, 1, 2], spec=spec)
    >>> round(found.estimate, 4)
    0.1667
    """
    if method not in METHODS:
        raise UsageError("method", [f"found '{method}', wanted one of {', '.join(METHODS)}"])
    choice = _Choice(method, tau, spec, rng)
    sample, _, reason = _ask(time, event, (risk, other), choice)
    if reason:
        return not_estimable(reason)
    first, second = (sample.pairs_of(score) for score in (0, 1))
    influence = first.influence() - second.influence()

    def statistic(count):
        return sample.pairs_of(0, count).c - sample.pairs_of(1, count).c

    without = "both scores order every pair alike"
    estimate, std_err = first.c - second.c, sample.std_err(influence)
    limits = _limits(estimate, std_err, _Draws(sample, statistic, choice), (-1, 1), without)
    return Estimate(estimate, *limits)


@dataclass(frozen=True)
class _Choice:
    """How pairs are weighted, up to which day, and what is wanted of the interval."""

    method: str
    tau: float | None
    spec: ValidationSpec
    rng: np.random.Generator | None


@dataclass(frozen=True)
class _Sample:
    """Kinds of cases: time (as rank), whether a death, whether one that is compared; scores."""

    cells: Cells
    position: np.ndarray
    died: np.ndarray
    compared: np.ndarray
    scores: tuple
    method: str

    def pairs_of(self, score, count=None):
        """Pairs of one of the scores, with so many cases of each kind."""
        count = (self.cells.count if count is None else count).astype(float)
        worth = self.compared.astype(float)
        if self.method == "uno":
            uncensored = uncensored_before(self.position, self.died, count)[self.position]
            # 0 only after the last case of this sample has left
            worth = np.divide(worth, uncensored**2, out=0 * worth, where=uncensored > 0)
        return CountedPairs(self.scores[score], count, worth)

    def std_err(self, influence):
        """Infinitesimal jackknife; 0 where it is nothing but rounding."""
        found = float(np.sqrt(self.cells.count @ influence**2))
        return found if found > NO_SPREAD else 0.0


@dataclass(frozen=True)
class _Draws:
    """What is computed of each bootstrap sample."""

    sample: _Sample
    statistic: object
    choice: _Choice

    def interval(self):
        """Limits of the bootstrap and a note."""
        spec, rng = self.choice.spec, self.choice.rng
        values = self.sample.cells.resampled(self.statistic, rng, spec.n_resamples)
        return percentile_interval(values, spec.level)


def _concordance(time, event, risk, choice):
    sample, size, reason = _ask(time, event, (risk,), choice)
    if reason:
        return Concordance(NAN, NAN, NAN, f"not estimable: {reason}", **size)
    found = sample.pairs_of(0)
    std_err = sample.std_err(found.influence())
    totals = dict(zip(("concordant", "discordant", "tied"), found.totals(), strict=True))

    draws = _Draws(sample, lambda count: sample.pairs_of(0, count).c, choice)
    without = "every pair is ordered alike"
    limits = _limits(found.c, std_err, draws, (0, 1), without)
    return Concordance(found.c, *limits, std_err=std_err, **size, **totals)


def _limits(estimate, std_err, draws, ends, without):
    """Lower and upper limit, and a note; `without` is the reason where there is no spread."""
    half = z_value(draws.choice.spec.level) * std_err
    if std_err == 0:
        return NAN, NAN, f"interval not estimable: {without}"
    if draws.choice.rng is not None:
        return draws.interval()
    return max(estimate - half, ends[0]), min(estimate + half, ends[1]), ""


def _ask(time, event, risks, choice):
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
    chosen = cells.example
    scores = tuple(Pairs(place[chosen], level[chosen]) for level in levels)
    return (
        _Sample(cells, position[chosen], event[chosen], compared[chosen], scores, choice.method),
        size,
        "",
    )


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
