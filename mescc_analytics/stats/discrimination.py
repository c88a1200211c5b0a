"""Concordance of a score with survival: does the case with the worse score die first?

A pair of cases can be compared where one is known to have died first; a death and a censoring on
the same day: the death comes first. A pair with the same score counts half.
"""

from dataclasses import dataclass

from mescc_analytics.stats.concordance import Choice, limits, sample_of
from mescc_analytics.stats.intervals import NAN, Estimate
from mescc_analytics.stats.resampling import DEFAULT


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

    >>> from mescc_analytics.stats.resampling import ValidationSpec
    >>> spec = ValidationSpec(min_events=1)
    >>> found = harrell_c([1, 2, 3, 4], [1, 1, 0, 1], [3, 1, 2, 1], spec=spec)
    >>> found.estimate, found.concordant, found.discordant, found.tied
    (0.7, 3.0, 1.0, 1.0)
    """
    return _concordance(time, event, risk, Choice("harrell", tau, spec, rng))


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

    >>> from mescc_analytics.stats.resampling import ValidationSpec
    >>> spec = ValidationSpec(min_events=1)
    >>> found = uno_c([1, 2, 3, 4], [1, 0, 1, 0], [2, 1, 1, 3], spec=spec)
    >>> round(found.estimate, 4), round(found.discordant, 4)
    (0.381, 3.25)
    """
    return _concordance(time, event, risk, Choice("uno", tau, spec, rng))


def _concordance(time, event, risk, choice):
    sample, size, reason = sample_of(time, event, (risk,), choice)
    if reason:
        return Concordance(NAN, NAN, NAN, f"not estimable: {reason}", **size)
    found = sample.pairs_of(0)
    std_err = sample.std_err(found.influence())
    totals = dict(zip(("concordant", "discordant", "tied"), found.totals(), strict=True))
    drawn = None if choice.rng is None else sample.drawn_c(choice)[:, 0]
    ends = limits((found.c, std_err), drawn, choice, "every pair is ordered alike")
    return Concordance(found.c, *ends, std_err=std_err, **size, **totals)
