"""Scores against each other: differences in C on the same cases."""

from dataclasses import dataclass
from itertools import combinations

import pandas as pd

from mescc_analytics.errors import UsageError
from mescc_analytics.stats.concordance import METHODS, Choice, limits, sample_of
from mescc_analytics.stats.intervals import NAN
from mescc_analytics.stats.resampling import DEFAULT, ValidationSpec

COLUMNS = (
    *("score", "other", "n", "events", "c", "c_other"),
    *("difference", "ci_lower", "ci_upper", "note"),
)


@dataclass(frozen=True)
class ComparisonSpec:
    """How scores are compared.

    Attributes
    ----------
    method : {"harrell", "uno"}
    tau : float or None
        Only deaths up to this day are compared with later times; all by default.
    spec : ValidationSpec
    """

    method: str = "harrell"
    tau: float | None = None
    spec: ValidationSpec = DEFAULT


def compare_c(time, event, risks, how=None, rng=None):
    """Differences of the C of every two of several scores of the same cases.

    Parameters
    ----------
    time : array-like of float, shape (n_cases,)
        Days from time zero.
    event : array-like of bool, shape (n_cases,)
        True: died at `time`. False: censored.
    risks : dict of str to array-like of float, shape (n_cases,)
        Scores by name. Higher: expected to die earlier.
    how : ComparisonSpec, optional
    rng : numpy.random.Generator, optional
        With it the intervals are quantiles of bootstrap samples, the same for every pair; without
        it those of the standard error (normal), cut at -1 and 1.

    Returns
    -------
    DataFrame
        score, other, n, events (up to tau), c, c_other, difference (c less c_other), ci_lower,
        ci_upper, note; one row per pair in the order of `risks`. The interval takes into account
        that both are of the same cases.

    >>> how = ComparisonSpec(spec=ValidationSpec(min_events=1))
    >>> risks = {"a": [4, 3, 2, 1], "b": [4, 3, 1, 2]}
    >>> found = compare_c([1, 2, 3, 4], [1] * 4, risks, how)
    >>> found[["score", "other", "difference"]].round(4)
      score other  difference
    0     a     b      0.1667
    """
    how = how or ComparisonSpec()
    if how.method not in METHODS:
        raise UsageError("method", [f"found '{how.method}', wanted one of {', '.join(METHODS)}"])
    choice = Choice(how.method, how.tau, how.spec, rng)
    sample, size, reason = sample_of(time, event, tuple(risks.values()), choice)
    pairs = list(combinations(risks, 2))
    if reason:
        nothing = dict.fromkeys(COLUMNS[4:9], NAN) | {"note": f"not estimable: {reason}"}
        return _frame([{"score": a, "other": b} | size | nothing for a, b in pairs])
    found = _differences(sample, list(risks), choice)
    return _frame(
        [{"score": a, "other": b} | size | row for (a, b), row in zip(pairs, found, strict=True)]
    )


def _differences(sample, names, choice):
    """Per pair C of both, the difference, its limits and a note."""
    without = "both scores order every pair alike"
    pairs = [sample.pairs_of(score) for score in range(len(names))]
    influences = [found.influence() for found in pairs]
    drawn = None if choice.rng is None else sample.drawn_c(choice)
    for one, other in combinations(range(len(names)), 2):
        c, c_other = pairs[one].c, pairs[other].c
        std_err = sample.std_err(influences[one] - influences[other])
        apart = None if drawn is None else drawn[:, one] - drawn[:, other]
        ends = limits((c - c_other, std_err), apart, choice, without, (-1, 1))
        yield dict(zip(COLUMNS[4:], (c, c_other, c - c_other, *ends), strict=True))


def _frame(rows):
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    return frame.astype({"score": "string", "other": "string", "note": "string"})
