"""Clone, censor, weight: strategies compared from time zero, whoever was treated when.

Every case is cloned into every strategy that it could still follow, a clone is censored on the day
on which its case deviates from the strategy, and those who did not deviate stand in for those who
did. Nobody has to survive to be treated, so no time is immortal.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from mescc_analytics.errors import UsageError
from mescc_analytics.stats.curves import as_numbers, checked
from mescc_analytics.stats.multinomial import fit_multinomial

ROWS = ("case", "strategy", "entry", "time", "event", "weight")


@dataclass(frozen=True)
class Strategy:
    """What is done within the grace period.

    Attributes
    ----------
    name : str
    treatment : str or None
        First treatment that has to begin within the grace period; None: no treatment in it.
    cuts : tuple of float
        Days on which the weights are renewed, ascending; the grace period ends with the last. Few
        for a treatment: those who begin it after the last cut but one stand for all who are still
        untreated at the end. Many for no treatment, whose clones deviate from day to day.
    """

    name: str
    treatment: str | None
    cuts: tuple


@dataclass(frozen=True)
class Clones:
    """One row per case and strategy.

    Attributes
    ----------
    strategies : tuple of Strategy
    case, strategy : arrays of int, shape (n_clones,)
        Position of the case, and of the strategy.
    time, event : arrays, shape (n_clones,)
        Last day and death then; a clone that deviates is censored.
    deviated : array of bool, shape (n_clones,)
    secured : array of float, shape (n_clones,)
        Day from which the strategy is kept for good; inf: never.
    followed : array of float, shape (n_clones,)
        Last day of the case, whatever became of the clone.
    """

    strategies: tuple
    case: np.ndarray
    strategy: np.ndarray
    time: np.ndarray
    event: np.ndarray
    deviated: np.ndarray
    secured: np.ndarray
    followed: np.ndarray

    def counts(self):
        """Frame with strategy, n_clones, n_deviated, n_events, one row per strategy."""
        k = len(self.strategies)
        sums = (
            np.bincount(self.strategy, values, minlength=k).astype(int)
            for values in (np.ones(len(self.case)), self.deviated, self.event)
        )
        names = [strategy.name for strategy in self.strategies]
        columns = ("n_clones", "n_deviated", "n_events")
        return pd.DataFrame({"strategy": names} | dict(zip(columns, sums, strict=True)))


def clone(time, event, treatment, treatment_day, strategies):
    """Clones of every case, censored on the day on which they deviate.

    Parameters
    ----------
    time : array-like of float, shape (n_cases,)
        Last day of follow-up, from time zero.
    event : array-like of bool, shape (n_cases,)
    treatment : Categorical or array-like of str, shape (n_cases,)
        First treatment; missing: none so far.
    treatment_day : array-like of float, shape (n_cases,)
        Its day; missing where there is no treatment.
    strategies : sequence of Strategy
        All with the same end of the grace period.

    Returns
    -------
    Clones

    Notes
    -----
    Hernan, BMJ 2018;360:k182; Maringe et al., Int J Epidemiol 2020;49:1719-1729. A death before the
    grace period ends, untreated, is in agreement with every strategy. Who is treated otherwise and
    dies on that day has deviated before.

    >>> strategies = [Strategy("none", None, (10,)), Strategy("early", "op", (10,))]
    >>> found = clone([50, 50], [1, 1], ["op", None], [5, np.nan], strategies)
    >>> found.time.tolist(), found.deviated.tolist()
    ([5.0, 50.0, 50.0, 10.0], [True, False, False, True])
    """
    time, event = checked(time, event, 0.0)
    treatment = pd.Series(treatment, dtype="object")
    began = as_numbers(treatment_day)
    grace = _checked(time, treatment, began, strategies)
    treated = treatment.notna().to_numpy() & (began <= grace)
    parts = []
    for number, strategy in enumerate(strategies):
        follows = treated & (treatment == strategy.treatment).to_numpy()
        other = treated & ~follows
        leaves = np.where(other, began, np.inf)
        if strategy.treatment is not None:
            # untreated and still followed after the last day on which treatment could begin
            leaves = np.where(~treated & (time > grace), grace, leaves)
        deviated = leaves < np.inf
        secured = np.where(follows, began, np.inf if strategy.treatment is not None else grace)
        last, died = np.minimum(time, leaves), event & ~deviated
        which = np.full(len(time), number)
        parts.append((np.arange(len(time)), which, last, died, deviated, secured, time))
    return Clones(tuple(strategies), *(np.concatenate(v) for v in zip(*parts, strict=True)))


def _checked(time, treatment, began, strategies):
    """End of the grace period; UsageError that lists every problem."""
    problems = []
    ends = sorted({float(strategy.cuts[-1]) for strategy in strategies if strategy.cuts})
    if len(ends) != 1 or not all(strategy.cuts for strategy in strategies):
        problems.append("strategies: wanted cuts that all end with the same day")
    if any((np.diff(strategy.cuts) <= 0).any() for strategy in strategies):
        problems.append("strategies: found cuts that do not ascend")
    if len({s.name for s in strategies}) < max(len(strategies), 2):
        problems.append("strategies: wanted two or more, each with its own name")
    if len(treatment) != len(time) or len(began) != len(time):
        problems.append("wanted a treatment and its day for every case")
    else:
        if (treatment.notna() != ~np.isnan(began)).any():
            problems.append("wanted a day where there is a treatment, and none elsewhere")
        if (began > time).any():
            problems.append(f"{(began > time).sum()} treatments begin after the last day")
    if problems:
        raise UsageError("clones", problems)
    return ends[0]


def weighted_rows(clones, covariates, names, *, counts=None, cap=None):
    """Rows of follow-up of the clones with weights for those who deviated.

    Parameters
    ----------
    clones : Clones
    covariates : array-like of float, shape (n_cases, p)
        At time zero: what both deviating and dying depend on.
    names : sequence of str, length p
    counts : array-like of float, shape (n_cases,), optional
        How often each case counts, for a bootstrap.
    cap : float in (0, 1), optional
        No weight beyond this quantile of the weights of its strategy.

    Returns
    -------
    rows : DataFrame
        case, strategy (position), entry, time, event, weight (times the count of the case); at risk
        in (entry, time].
    notes : list of str
        Per strategy "" or why it has no weights; its rows are left out.

    Notes
    -----
    The probability of deviating in the interval up to a cut is a logistic model of the covariates,
    with a level of its own for every interval, among the clones followed into it that were not
    secured before and whose case is followed beyond it: who dies in it is left out alike, treated
    or not, because the dead had less time to be treated. The weight after a cut is the product of
    1 / (1 - probability) so far, not stabilised: a factor that only those take who could still
    deviate would not cancel.
    """
    x = np.asarray(covariates, float)
    x = x.reshape(len(x), len(names))  # also without any covariate
    counts = np.ones(len(x)) if counts is None else np.asarray(counts, float)
    parts, notes = [], []
    for number in range(len(clones.strategies)):
        chosen = np.flatnonzero(clones.strategy == number)
        kept, note = _kept(clones, chosen, (x, names), counts)
        notes.append(note)
        if not note:
            weight = np.cumprod(np.column_stack([np.ones(len(chosen)), 1 / kept]), axis=1)
            parts.append(_cut(clones, chosen, weight, counts, cap))
    # one frame at the end: a bootstrap makes these rows thousands of times
    together = zip(*parts, strict=True) if parts else ([np.zeros(0)] for _ in ROWS)
    rows = {name: np.concatenate(values) for name, values in zip(ROWS, together, strict=True)}
    return pd.DataFrame(rows), notes


def _kept(clones, chosen, model, counts):
    """Probability of not deviating, per clone and interval, shape (n, n_cuts); and a note."""
    cuts = np.asarray(clones.strategies[clones.strategy[chosen[0]]].cuts, float)
    opens = np.r_[-np.inf, cuts[:-1]]
    last, secured = clones.time[chosen, np.newaxis], clones.secured[chosen, np.newaxis]
    deviates = clones.deviated[chosen, np.newaxis] & (opens < last) & (last <= cuts)
    beyond = clones.followed[chosen, np.newaxis] > cuts
    could, deviates = (last > opens) & (secured > opens) & beyond, deviates & beyond
    case = clones.case[chosen]
    number = counts[case]
    seen, gone = number @ could, number @ deviates
    if (gone[seen > 0] == seen[seen > 0]).any():
        day = cuts[(seen > 0) & (gone == seen)][0]
        return None, f"not estimable: by day {day:g} everybody who could deviate did"
    asked = np.flatnonzero(gone > 0)
    if not len(asked):
        return np.ones(could.shape), ""
    x, names = model
    return _modelled(could, deviates, asked, (x[case], names, number))


def _modelled(could, deviates, asked, model):
    """Probabilities of a logistic model in the intervals in which somebody deviates."""
    x, names, number = model
    row, interval = np.nonzero(could[:, asked])
    dummies = (interval[:, np.newaxis] == np.arange(1, len(asked))).astype(float)
    labels = (*(f"interval {i}" for i in range(1, len(asked))), *names)
    left = deviates[:, asked][row, interval].astype(int)
    fit = fit_multinomial(left, np.column_stack([dummies, x[row]]), labels, weight=number[row])
    if fit.note:
        return None, fit.note
    kept = np.ones(could.shape)
    kept[row, asked[interval]] = fit.probabilities[:, 0]
    return kept, ""


def _cut(clones, chosen, weight, counts, cap):
    """Columns `ROWS` between the cuts; weight, shape (n, n_cuts + 1), holds from cut to cut."""
    cuts = clones.strategies[clones.strategy[chosen[0]]].cuts
    opens, ends = np.r_[-np.inf, cuts], np.r_[cuts, np.inf]
    last = clones.time[chosen]
    case = clones.case[chosen]
    row, piece = np.nonzero((last[:, np.newaxis] > opens) & (counts[case] > 0)[:, np.newaxis])
    given = weight[row, piece]
    if cap is not None:
        given = np.minimum(given, np.quantile(given, cap))
    return (
        case[row],
        clones.strategy[chosen][row],
        opens[piece],
        np.minimum(last[row], ends[piece]),
        clones.event[chosen][row] & (last[row] <= ends[piece]),
        given * counts[case[row]],
    )
