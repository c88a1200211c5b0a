"""Change between two assessments of the same cases."""

import numpy as np
from scipy.special import chdtrc
from scipy.stats import binom

from mescc_analytics.errors import UsageError
from mescc_analytics.stats.intervals import NAN


def _square(table):
    table = np.asarray(table, float)
    if table.ndim != 2 or table.shape[0] != table.shape[1] or not (table >= 0).all():
        raise UsageError(
            "table of pairs", ["wanted as many rows as columns of counts, none below 0"]
        )
    return table


def mcnemar_exact(table):
    """McNemar's test, exact and two-sided.

    Parameters
    ----------
    table : array-like of counts, shape (2, 2)
        Rows: first assessment; columns: second, in the same order.

    Returns
    -------
    dict
        statistic (cases above the diagonal), n_changed, p, note. p is twice the smaller tail of the
        binomial distribution with probability one half, at most 1.

    Notes
    -----
    McNemar, Psychometrika 1947;12:153-157. Agrees with R's ``binom.test``.

    >>> round(mcnemar_exact([[10, 9], [2, 20]])["p"], 4)
    0.0654
    """
    table = _square(table)
    if table.shape != (2, 2):
        raise UsageError("table of pairs", [f"found {table.shape[0]} levels, wanted 2"])
    above, below = int(table[0, 1]), int(table[1, 0])
    changed = above + below
    if not changed:
        note = "not estimable: nobody changed"
        return {"statistic": 0.0, "n_changed": 0, "p": NAN, "note": note}
    p = min(1.0, 2 * float(binom.cdf(min(above, below), changed, 0.5)))
    return {"statistic": float(above), "n_changed": changed, "p": p, "note": ""}


def stuart_maxwell(table):
    """Stuart-Maxwell test of marginal homogeneity.

    Parameters
    ----------
    table : array-like of counts, shape (k, k)
        Rows: first assessment; columns: second, in the same order of levels. Levels that nobody
        enters or leaves add nothing and are left out.

    Returns
    -------
    dict
        statistic, df, n_changed, p, note.

    Notes
    -----
    Stuart, Biometrika 1955;42:412-416; Maxwell, Br J Psychiatry 1970;116:651-655.

    >>> found = stuart_maxwell([[20, 10, 5], [3, 30, 15], [0, 5, 40]])
    >>> round(found["statistic"], 4), found["df"]
    (13.7647, 2)
    """
    table = _square(table)
    moved = table - np.diag(np.diag(table))
    n_changed = int(moved.sum())
    table = table[np.ix_(*[moved.sum(axis=0) + moved.sum(axis=1) > 0] * 2)]
    nothing = {"statistic": NAN, "df": 0, "n_changed": n_changed, "p": NAN}
    if not n_changed:
        return nothing | {"note": "not estimable: nobody changed"}
    away, to = table.sum(axis=1), table.sum(axis=0)
    variance = np.diag(away + to) - table - table.T
    difference = away - to
    df = int(np.linalg.matrix_rank(variance))
    statistic = float(difference @ np.linalg.pinv(variance, hermitian=True) @ difference)
    p = float(chdtrc(df, statistic))
    return {"statistic": statistic, "df": df, "n_changed": n_changed, "p": p, "note": ""}
