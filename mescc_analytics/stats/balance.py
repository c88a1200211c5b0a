"""Balance of covariates between groups before and after weighting."""

import numpy as np
import pandas as pd

from mescc_analytics.stats.curves import as_numbers
from mescc_analytics.stats.describe import mean_variance, smd
from mescc_analytics.stats.intervals import z_value
from mescc_analytics.stats.propensity import effective_sizes

COLUMNS = ("variable", "when", "smd", "first", "second", "by_chance", "balanced", "note")


def variance_ratio(column, group, weight):
    """Variance of a number in the second of two groups over that in the first.

    Parameters
    ----------
    column : Series, shape (n_cases,)
        Missing values are left out.
    group : Categorical, shape (n_cases,)
        Two categories.
    weight : array-like of float, shape (n_cases,)

    Returns
    -------
    float
        NaN for what is no number with more than two values, and without a variance in a group.

    Notes
    -----
    Rubin, Health Serv Outcomes Res Methodol 2001;2:169-188: below 1/2 or above 2 the groups are too
    far apart. Weighted variances as in `describe.smd`.

    >>> variance_ratio(pd.Series([1.0, 2, 3, 2, 4, 6]), pd.Categorical(list("aaabbb")), np.ones(6))
    4.0
    """
    if hasattr(column, "cat") or column.dtype == bool or column.nunique() < 3:
        return np.nan
    values, weight = as_numbers(column), np.asarray(weight, float)
    found = []
    for code in range(2):
        chosen = (group.codes == code) & ~np.isnan(values) & (weight > 0)
        few = chosen.sum() < 2
        found.append(0.0 if few else mean_variance(values[chosen], weight[chosen])[1])
    return float(found[1] / found[0]) if min(found) > 0 else np.nan


def balance_table(columns, group, weight, *, kinds=None, limit=0.1, level=0.95):
    """Standardised mean differences of covariates, unweighted and weighted.

    Parameters
    ----------
    columns : dict of str to Series, each shape (n_cases,)
    group : Categorical or array-like, shape (n_cases,)
    weight : array-like of float, shape (n_cases,)
    kinds : dict of str to {"number", "category", "boolean"}, optional
        By default what the type of a column says.
    limit : float
        A difference up to it is balanced.
    level : float
        Share of differences by chance alone that stay below `by_chance`.

    Returns
    -------
    DataFrame
        variable, when ("before", "after"), smd (largest between any two groups, `first` and
        `second`), by_chance, balanced, note; two rows per variable. by_chance is what randomised
        groups of as many effective cases would exceed in 1 - level of the times, so that in small
        groups a difference beyond the limit can be told from one beyond chance. balanced is missing
        where there is no difference to judge, False where the groups are separated.

    Notes
    -----
    Austin and Stuart, Stat Med 2015;34:3661-3679; formula in `describe.smd`.

    >>> columns = {"x": pd.Series([1.0, 2, 3, 3, 4, 5])}
    >>> balance_table(columns, list("aaabbb"), np.ones(6))["smd"].round(6).tolist()
    [2.0, 2.0]
    """
    kinds, z, rows = kinds or {}, z_value(level), []
    sizes = {}
    for when, given in (("before", np.ones(len(weight))), ("after", np.asarray(weight, float))):
        table = effective_sizes(given, group)
        sizes[when] = (given, dict(zip(table["group"], table["effective_n"], strict=True)))
    for name, column in columns.items():
        for when, (given, effective) in sizes.items():
            found = smd(column, group, kinds.get(name), weight=given)
            first, second = found.between or (None, None)
            row = {"variable": name, "when": when, "smd": found.value, "note": found.note}
            row |= {"first": first, "second": second, "by_chance": np.nan, "balanced": pd.NA}
            if found.between and not found.note:
                spread = sum(1 / effective[side] for side in found.between)
                row |= {"by_chance": z * np.sqrt(spread), "balanced": found.value <= limit}
            elif found.note.startswith("separated"):
                row["balanced"] = False
            rows.append(row)
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    return frame.astype({"balanced": "boolean", "first": "string", "second": "string"})
