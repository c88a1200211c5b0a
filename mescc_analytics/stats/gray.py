"""Gray's test: whether the cumulative incidence of one cause differs between groups."""

import numpy as np
import pandas as pd
from scipy.special import chdtrc

from mescc_analytics.errors import UsageError
from mescc_analytics.stats.competing import checked_causes
from mescc_analytics.stats.curves import distinct_times
from mescc_analytics.stats.intervals import NAN


def gray_test(time, cause, group, *, of=1, rho=0.0):
    """Gray's K-sample test.

    Parameters
    ----------
    time : array-like of float, shape (n_cases,)
    cause : array-like of int, shape (n_cases,)
        0: censored; k: the k-th cause happened first.
    group : Categorical or array-like, shape (n_cases,)
    of : int
        The cause whose incidence is compared; all others compete.
    rho : float
        Power of the event-free share in the weight; above 0 early differences count more.

    Returns
    -------
    dict
        statistic, df, p, note; NaN with a note where there is nothing to compare.

    Notes
    -----
    Gray, Ann Stat 1988;16:1141-1154. Agrees with R's ``cmprsk::cuminc``, ties included.

    >>> round(gray_test([1, 2, 3, 4], [1, 1, 2, 1], ["a", "a", "b", "b"])["statistic"], 3)
    2.815
    """
    if not len(time):
        return _no_test("no cases")
    time, cause = checked_causes(time, cause, int(np.nanmax(np.asarray(cause, float))))
    group = pd.Categorical(group)
    codes = group.remove_unused_categories().codes.astype(int)
    if len(group) != len(time) or (codes < 0).any():
        raise UsageError("groups", ["wanted one group per case, none missing"])
    if not (cause == of).any():
        return _no_test("no events of this cause")
    if codes.max() == 0:
        return _no_test("only one group")
    kind = np.where(cause == of, 1, np.where(cause > 0, 2, 0))
    score, variance = _score(*_counts(time, kind, codes), rho)
    df = int(np.linalg.matrix_rank(variance))
    if df < codes.max():
        return _no_test("the events leave no choice between the groups")
    statistic = float(score @ np.linalg.solve(variance, score))
    return {"statistic": statistic, "df": df, "p": float(chdtrc(df, statistic)), "note": ""}


def _counts(time, kind, codes):
    """At risk, events of the cause, and competing ones, each (n_times, n_groups), where there is
    an event of either.
    """
    times, position = distinct_times(time)
    k = codes.max() + 1
    cells = np.bincount((position * k + codes) * 3 + kind, minlength=len(times) * k * 3)
    cells = cells.reshape(-1, k, 3).astype(float)
    at_risk = cells.sum(axis=2)[::-1].cumsum(axis=0)[::-1]
    kept = cells[:, :, 1:].sum(axis=(1, 2)) > 0
    return at_risk[kept], cells[kept, :, 1], cells[kept, :, 2]


class _Pieces:
    """What the score and its variance are made of, per time and group; names as in the paper.

    Attributes
    ----------
    n, d1, d2, present, free, before, f1_before, r, share : arrays, shape (n_times, n_groups)
        At risk, events, competing events, anybody at risk, event-free share at and before the time,
        incidence before it, R = n / before, its share of all groups.
    total, events, pooled, weight, increment : arrays, shape (n_times,)
        Sum of R, events, pooled incidence, weight of the score, increment of its hazard.
    """

    def __init__(self, n, d1, d2, rho):
        self.d1, self.d2, self.present = d1, d2, n > 0
        self.n = np.where(self.present, n, 1.0)
        self.free = np.cumprod(np.where(self.present, 1 - (d1 + d2) / self.n, 1.0), axis=0)
        self.before = _before(self.free, 1.0)
        self.f1_before = _before(np.cumsum(self.before * d1 / self.n, axis=0), 0.0)
        self.r = np.divide(n, self.before, out=np.zeros(n.shape), where=self.present)

        self.total, self.events = self.r.sum(axis=1), d1.sum(axis=1)
        self.share = self.r / self.total[:, np.newaxis]
        self.pooled = np.cumsum(self.events / self.total)
        left = 1 - _before(self.pooled, 0.0)
        self.weight = left**rho
        self.increment = self.events / (self.total * left)


def _before(values, start):
    """The same running values just before each time."""
    return np.concatenate([np.full((1, *values.shape[1:]), start), values[:-1]])


def _score(n, d1, d2, rho):
    """Score and its variance without the last group."""
    pieces = _Pieces(n, d1, d2, rho)
    expected = pieces.r * (1 - pieces.f1_before)
    expected = expected / expected.sum(axis=1, keepdims=True) * pieces.events[:, np.newaxis]
    excess = np.where(pieces.present, d1 - expected, 0.0)
    variance = sum(_variance_of(k, pieces) for k in range(n.shape[1]))
    return (pieces.weight @ excess)[:-1], variance[:-1, :-1]


def _variance_of(k, pieces):
    """Variance that the cases of group k contribute, shape (n_groups, n_groups)."""
    n, d2, before, free = (
        values[:, k] for values in (pieces.n, pieces.d2, pieces.before, pieces.free)
    )
    present, events, total = pieces.present[:, k], pieces.events, pieces.total
    own = np.eye(pieces.r.shape[1])[k]
    a = pieces.weight[:, np.newaxis] * pieces.r * (own - pieces.share[:, [k]])
    a[~present] = 0.0
    passed = np.cumsum(a * pieces.increment[:, np.newaxis], axis=0)
    ahead = passed[-1] - passed

    lost = np.divide(1 - pieces.pooled, free, out=np.zeros(len(free)), where=free > 0)
    ties = np.where(events > 1, 1 - (events - 1) / np.where(events > 1, total * before - 1, 1), 1)
    spread = np.where(present & (events > 0), ties * before * events / (total * n), 0.0)
    moved = a + (1 - lost)[:, np.newaxis] * ahead
    variance = moved.T @ (moved * spread[:, np.newaxis])

    ties = np.where(d2 > 1, 1 - (d2 - 1) / np.where(n > 1, n - 1, 1), 1)
    spread = np.where(free > 0, ties * before**2 * d2 / n**2, 0.0)
    moved = lost[:, np.newaxis] * ahead
    return variance + moved.T @ (moved * spread[:, np.newaxis])


def _no_test(reason):
    return {"statistic": NAN, "df": 0, "p": NAN, "note": f"not estimable: {reason}"}
