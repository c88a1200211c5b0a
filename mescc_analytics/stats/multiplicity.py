"""Several tests at once."""

import numpy as np

from mescc_analytics.errors import UsageError
from mescc_analytics.stats.curves import as_numbers


def holm(p):
    """P values adjusted by Holm's method.

    Parameters
    ----------
    p : array-like of float, shape (n_tests,)
        A missing one is no test, and does not count.

    Returns
    -------
    array, shape (n_tests,)

    Notes
    -----
    Holm, Scand J Stat 1979;6:65-70. Agrees with R's ``p.adjust(method = "holm")``.

    >>> holm([0.01, 0.04, np.nan, 0.03]).round(6).tolist()
    [0.03, 0.06, nan, 0.06]
    """
    p = as_numbers(p)
    known = np.flatnonzero(~np.isnan(p))
    if not ((p[known] >= 0) & (p[known] <= 1)).all():
        raise UsageError("p values", ["found one outside 0 to 1"])
    order = known[np.argsort(p[known], kind="stable")]
    adjusted = np.full(len(p), np.nan)
    remaining = np.arange(len(order), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(p[order] * remaining), 1)
    return adjusted
