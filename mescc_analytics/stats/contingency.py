"""Tests and agreement for tables of counts."""

import numpy as np
from scipy.special import chdtrc, gammaln

from mescc_analytics.errors import UsageError
from mescc_analytics.stats.intervals import NAN, Estimate, not_estimable, z_value


def _table(table):
    table = np.asarray(table, float)
    if table.ndim != 2 or not (table >= 0).all():
        raise UsageError("table of counts", ["wanted rows and columns of counts, none below 0"])
    return table


def fisher_p(table):
    """Fisher's exact test of a 2 x 2 table, two-sided.

    Parameters
    ----------
    table : array-like of counts, shape (2, 2)

    Returns
    -------
    float
        Sum of the probabilities of all tables with the same margins that are no more likely
        than the one found, as R's ``fisher.test``; 1 where a margin is 0.

    >>> round(fisher_p([[42, 8], [29, 22]]), 4)
    0.0043
    """
    (a, b), (c, d) = _table(table)
    row, column, n = a + b, a + c, a + b + c + d
    first = np.arange(max(0.0, row + column - n), min(row, column) + 1)

    cells = np.array([first, row - first, column - first, n - row - column + first])
    log_probability = -gammaln(cells + 1).sum(axis=0)
    probability = np.exp(log_probability - log_probability.max())
    observed = probability[int(a - first[0])]
    # the same margin for rounding as R, so that equally likely tables count as equal
    as_extreme = probability <= observed * (1 + 1e-7)
    return float(probability[as_extreme].sum() / probability.sum())


def chi_square_p(table):
    """Pearson's chi-square test of independence, without continuity correction.

    Parameters
    ----------
    table : array-like of counts, shape (rows, columns)
        Empty rows and columns are left out.

    Returns
    -------
    statistic : float
    df : int
    p : float
        NaN, 0, NaN where fewer than two rows or columns are left.

    >>> statistic, df, p = chi_square_p([[42, 8], [29, 22]])
    >>> round(statistic, 3), df, round(p, 4)
    (8.905, 1, 0.0028)
    """
    table = _table(table)
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    df = (table.shape[0] - 1) * (table.shape[1] - 1)
    if table.size == 0 or df == 0:
        return NAN, 0, NAN
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
    statistic = float(((table - expected) ** 2 / expected).sum())
    return statistic, df, float(chdtrc(df, statistic))


def cmh(tables):
    """Cochran-Mantel-Haenszel test, without continuity correction.

    Parameters
    ----------
    tables : array-like of counts, shape (n_strata, 2, 2)

    Returns
    -------
    statistic : float
    df : int
    p : float
        NaN, 0, NaN where no stratum has two groups and two outcomes.

    >>> statistic, df, p = cmh([[[32, 2], [26, 9]], [[10, 6], [3, 13]]])
    >>> round(statistic, 3), df, round(p, 4)
    (11.042, 1, 0.0009)
    """
    tables = np.asarray(tables, float).reshape(-1, 2, 2)
    n = tables.sum(axis=(1, 2))
    tables, n = tables[n > 1], n[n > 1]
    rows, columns = tables.sum(axis=2), tables.sum(axis=1)

    expected = rows[:, 0] * columns[:, 0] / n
    variance = rows.prod(axis=1) * columns.prod(axis=1) / (n**2 * (n - 1))
    if variance.sum() == 0:
        return NAN, 0, NAN
    statistic = float((tables[:, 0, 0] - expected).sum() ** 2 / variance.sum())
    return statistic, 1, float(chdtrc(1, statistic))


def cohen_kappa(table, level=0.95):
    """Cohen's kappa (unweighted) with its large-sample interval.

    Parameters
    ----------
    table : array-like of counts, shape (k, k)
        Rows and columns in the same order of categories.
    level : float

    Returns
    -------
    Estimate
        The interval is cut at -1 and 1.

    Notes
    -----
    Fleiss, Cohen and Everitt, Psychol Bull 1969;72:323-327, the variance for a kappa other than 0.

    >>> agreement = cohen_kappa([[20, 5], [10, 15]])
    >>> [round(value, 3) for value in (agreement.estimate, agreement.lower, agreement.upper)]
    [0.4, 0.151, 0.649]
    """
    table = _table(table)
    if table.shape[0] != table.shape[1]:
        raise UsageError("table of agreement", ["wanted as many rows as columns"])
    n = table.sum()
    if n == 0:
        return not_estimable("no cases to compare")
    share = table / n
    given, found = share.sum(axis=1), share.sum(axis=0)
    agreed, by_chance = np.trace(share), given @ found
    if np.isclose(by_chance, 1):
        return not_estimable("every case is in the same category")
    kappa = (agreed - by_chance) / (1 - by_chance)

    mean_share = given[np.newaxis, :] + found[:, np.newaxis]
    on_diagonal = (np.diag(share) * (1 - np.diag(mean_share) * (1 - kappa)) ** 2).sum()
    squared = share * mean_share**2
    off_diagonal = (1 - kappa) ** 2 * (squared.sum() - np.trace(squared))
    chance = (kappa - by_chance * (1 - kappa)) ** 2
    variance = max(on_diagonal + off_diagonal - chance, 0.0) / ((1 - by_chance) ** 2 * n)
    half = z_value(level) * np.sqrt(variance)
    return Estimate(float(kappa), float(max(kappa - half, -1)), float(min(kappa + half, 1)))
