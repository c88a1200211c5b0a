"""Log-rank tests: weighted, stratified, late entry, and the Fleming-Harrington family."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import chdtrc

from mescc_analytics.errors import UsageError
from mescc_analytics.stats.cases import checked_entry, checked_weight, codes
from mescc_analytics.stats.curves import checked, distinct_times
from mescc_analytics.stats.intervals import NAN


def log_rank(time, event, group, *, weight=None, entry=None, strata=None, rho=0.0, gamma=0.0):
    """Log-rank test of two or more groups.

    Parameters
    ----------
    time : array-like of float, shape (n_cases,)
        Deaths on day 0 count as those of any other day.
    event : array-like of bool, shape (n_cases,)
    group : Categorical or array-like, shape (n_cases,)
    weight : array-like of float, optional
        Weight per case, such as that of a propensity score.
    entry : array-like of float, optional
        Day of delayed entry; a case is at risk at t where entry < t <= time.
    strata : array-like, optional
        Groups are compared within strata only.
    rho, gamma : float
        Deaths on day t count S(t-)^rho (1 - S(t-))^gamma, with the survival of all groups of the
        stratum just before: rho > 0 stresses early, gamma > 0 late differences.

    Returns
    -------
    dict
        statistic, df, p, note; NaN with a note where there is nothing to compare.

    Notes
    -----
    Mantel, Cancer Chemother Rep 1966;50:163-170; Fleming and Harrington, Counting Processes, 1991,
    7.2; with weights Xie and Liu, Stat Med 2005;24:3089-3110, whose variance is the usual one where
    all weights are the same. Agrees with R's ``survdiff``, rho and strata included.

    >>> round(log_rank([1, 2, 3, 4], [1, 1, 1, 1], ["a", "a", "b", "b"])["statistic"], 3)
    2.882
    """
    if not len(time):
        return _no_test("no cases")
    time, event = checked(time, event)
    of_group = _group_codes(group)
    weight, entry = checked_weight(weight, len(time)), checked_entry(entry, time)
    if not (event & (weight > 0)).any():
        return _no_test("no deaths")
    stratum, k = codes(strata, len(time), "strata"), int(of_group.max()) + 1
    parts = []
    for number in range(int(stratum.max()) + 1):
        kept = (stratum == number) & (weight > 0)
        if (kept & event).any():
            # all cases as they are: a million are not copied
            chosen = slice(None) if kept.all() else kept
            late = None if entry is None else entry[chosen]
            times = time[chosen], event[chosen], late
            parts.append(_Table.of(times, of_group[chosen], weight[chosen], k).sums(rho, gamma))
    return _statistic(*(sum(values) for values in zip(*parts, strict=True)))


def _group_codes(group):
    """Numbers from 0 of the groups that have cases, in the order of the categories."""
    # pandas stores codes in as few bits as it can; the products to come need more
    found = pd.Categorical(group).codes.astype(int)
    if (found < 0).any():
        raise UsageError("groups", [f"{(found < 0).sum()} cases have no group"])
    return (np.cumsum(np.bincount(found) > 0) - 1)[found]


@dataclass(frozen=True)
class _Table:
    """Sums on the days of death of one stratum, by group where they have two axes.

    n, d : cases at risk and deaths; at_risk, died : the same weighted; squared : squared weights.
    """

    n: np.ndarray
    d: np.ndarray
    at_risk: np.ndarray
    died: np.ndarray
    squared: np.ndarray

    @classmethod
    def of(cls, times, group, weight, k):
        time, event, entry = times
        days, place = distinct_times(time if entry is None else np.r_[time, entry])
        cell, shape = place[: len(time)] * k + group, (len(days), k)

        def leaving(values, at=cell):
            return np.bincount(at, values, minlength=shape[0] * k).reshape(shape)

        def at_risk(values):
            present = leaving(values)[::-1].cumsum(axis=0)[::-1]
            if entry is not None:
                entering = leaving(values, place[len(time) :] * k + group)
                present = present - entering[::-1].cumsum(axis=0)[::-1]
            return present

        counts, deaths = at_risk(np.ones(len(time))), leaving(event)
        some = deaths.sum(axis=1) > 0
        if (weight == 1).all():
            sums = (counts, deaths, counts)
        else:
            sums = (at_risk(weight), leaving(weight * event), at_risk(weight**2))
        return cls(*(values[some] for values in (counts.sum(axis=1), deaths.sum(axis=1), *sums)))

    def sums(self, rho, gamma):
        """Deaths beyond those expected, their variance, and those expected; by group."""
        total, deaths = self.at_risk.sum(axis=1), self.died.sum(axis=1)
        share = self.at_risk / total[:, np.newaxis]
        survival = np.r_[1.0, np.cumprod(np.maximum(1 - deaths / total, 0))[:-1]]
        stress = survival**rho * (1 - survival) ** gamma
        expected = share * deaths[:, np.newaxis]
        room = self.n * (self.n - 1)
        factor = np.divide(
            self.d * (self.n - self.d), room, out=np.zeros(len(room)), where=room > 0
        )
        q = self.squared * (stress**2 * factor)[:, np.newaxis]
        crossed = q.T @ share
        variance = np.diag(q.sum(axis=0)) - crossed - crossed.T
        variance += share.T @ (share * q.sum(axis=1)[:, np.newaxis])
        return stress @ (self.died - expected), variance, expected.sum(axis=0)


def _statistic(excess, variance, expected):
    compared = expected > 0
    df = int(compared.sum()) - 1
    if df < 1:
        return _no_test("only one group is at risk when deaths occur")
    keep = np.flatnonzero(compared)[1:]
    block = variance[np.ix_(keep, keep)]
    # the covariances of the groups add up to 0, but for rounding
    if np.linalg.matrix_rank(block, tol=1e-10 * max(np.abs(block).max(), 1e-300)) < df:
        return _no_test("every death leaves no choice between the groups")
    statistic = float(excess[keep] @ np.linalg.solve(block, excess[keep]))
    return {"statistic": statistic, "df": df, "p": float(chdtrc(df, statistic)), "note": ""}


def _no_test(reason):
    return {"statistic": NAN, "df": 0, "p": NAN, "note": f"not estimable: {reason}"}
