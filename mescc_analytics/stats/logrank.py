"""Log-rank test."""

import numpy as np
import pandas as pd
from scipy.special import chdtrc

from mescc_analytics.errors import UsageError
from mescc_analytics.stats.curves import checked, distinct_times
from mescc_analytics.stats.intervals import NAN


def log_rank(time, event, group):
    """Log-rank test of two or more groups.

    Parameters
    ----------
    time, event : array-like, shape (n_cases,)
    group : Categorical or array-like, shape (n_cases,)

    Returns
    -------
    dict
        statistic, df, p, note; NaN with a note where there is nothing to compare.

    Notes
    -----
    Mantel, Cancer Chemother Rep 1966;50:163-170. Agrees with R's ``survdiff``.

    >>> round(log_rank([1, 2, 3, 4], [1, 1, 1, 1], ["a", "a", "b", "b"])["statistic"], 3)
    2.882
    """
    if not len(time):
        return _no_test("no cases")
    time, event = checked(time, event)
    group = pd.Categorical(group)
    # pandas stores codes in as few bits as it can; the products below need more
    codes = group.remove_unused_categories().codes.astype(int)
    if (codes < 0).any():
        raise UsageError("groups", [f"{(codes < 0).sum()} cases have no group"])
    if not event.any():
        return _no_test("no deaths")
    times, position = distinct_times(time)
    k = codes.max() + 1
    cell = position * k + codes
    leaving = np.bincount(cell, minlength=len(times) * k).reshape(-1, k)
    died = np.bincount(cell, event, minlength=len(times) * k).reshape(-1, k)
    at_risk = leaving[::-1].cumsum(axis=0)[::-1].astype(float)
    return _log_rank_statistic(at_risk, died)


def _log_rank_statistic(at_risk, died):
    any_died = died.sum(axis=1) > 0
    at_risk, died = at_risk[any_died], died[any_died]
    n, deaths = at_risk.sum(axis=1), died.sum(axis=1)
    share = at_risk / n[:, np.newaxis]
    expected = (share * deaths[:, np.newaxis]).sum(axis=0)
    compared = expected > 0
    df = int(compared.sum()) - 1
    if df < 1:
        return _no_test("only one group is at risk when deaths occur")

    factor = np.divide(deaths * (n - deaths), n - 1, out=np.zeros(len(n)), where=n > 1)
    variance = np.diag(factor @ share) - share.T @ (share * factor[:, np.newaxis])
    keep = np.flatnonzero(compared)[1:]
    excess = (died.sum(axis=0) - expected)[keep]
    if np.linalg.matrix_rank(variance[np.ix_(keep, keep)]) < df:
        return _no_test("every death leaves no choice between the groups")
    statistic = float(excess @ np.linalg.solve(variance[np.ix_(keep, keep)], excess))
    return {"statistic": statistic, "df": df, "p": float(chdtrc(df, statistic)), "note": ""}


def _no_test(reason):
    return {"statistic": NAN, "df": 0, "p": NAN, "note": f"not estimable: {reason}"}
