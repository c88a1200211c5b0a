"""Table 1: what each group looks like, and standardised mean differences between groups."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from mescc_analytics.errors import UsageError
from mescc_analytics.stats.cases import checked_weight
from mescc_analytics.stats.curves import as_numbers
from mescc_analytics.stats.intervals import NAN

KINDS = ("number", "category", "boolean")
ALL = "all"
COLUMNS = (
    "variable",
    "level",
    "statistic",
    "group",
    "n",
    "total",
    "value",
    "value2",
    "value3",
)


@dataclass(frozen=True)
class Difference:
    """Largest standardised mean difference between any two groups.

    Attributes
    ----------
    value : float
        Absolute; NaN where there is a note.
    between : tuple of str
        The two groups.
    note : str
        "", "separated: ..." where the groups share no value, or "not estimable: ...".
    """

    value: float
    between: tuple = ()
    note: str = ""


def table_one(columns, group, kinds):
    """Describe columns over all cases and in each group.

    Parameters
    ----------
    columns : dict of str to Series, each shape (n_cases,)
    group : Categorical, shape (n_cases,)
        Order of the categories is kept, empty ones are left out; a case without a group is in "all"
        only.
    kinds : dict of str to {"number", "category", "boolean"}

    Returns
    -------
    DataFrame
        variable, level, statistic, group ("all" first), n, total, value, value2, value3.
        statistic "n" (category levels; "yes" of a boolean): n of total with a value, value the
        proportion. "mean_sd" and "median_iqr" (number): n with a value of total cases; mean and
        standard deviation; median and quartiles (linear, R's type 7). "missing": n of total cases,
        value the proportion. NaN where no case has a value.

    >>> found = table_one({"x": pd.Series([1, 2, 6])}, ["a", "a", "b"], {"x": "number"})
    >>> found.loc[found["statistic"] == "mean_sd", ["group", "n", "total", "value"]]
      group  n  total  value
    0   all  3      3    3.0
    1     a  2      2    1.5
    2     b  1      1    6.0
    """
    group = pd.Categorical(group).remove_unused_categories()
    problems = _problems(columns, group, kinds)
    if ALL in group.categories:
        problems.append(f"a group is called '{ALL}', which is the name for all cases together")
    _refuse(problems)
    members = {ALL: np.ones(len(group), bool)}
    members |= {str(name): group.codes == code for code, name in enumerate(group.categories)}
    rows = []
    for name, column in columns.items():
        for level, statistic, describe in _statistics(column, kinds[name]):
            for label, chosen in members.items():
                key = {"variable": name, "level": level, "statistic": statistic, "group": label}
                rows.append(key | describe(chosen))
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype({"level": "string"})


def _problems(columns, group, kinds):
    problems = [
        f"{name}: kind '{kinds.get(name)}' is not one of {', '.join(KINDS)}"
        for name in columns
        if kinds.get(name) not in KINDS
    ]
    problems += [
        f"{name}: found {len(column)} values, wanted one for each of the {len(group)} cases"
        for name, column in columns.items()
        if len(column) != len(group)
    ]
    return problems


def _refuse(problems):
    if problems:
        raise UsageError("table of characteristics", problems)


def _statistics(column, kind):
    """Level, statistic and the function that describes a subset (boolean mask), row by row."""
    missing = pd.isna(column).to_numpy(bool)
    if kind == "number":
        values = as_numbers(column)
        yield pd.NA, "mean_sd", lambda chosen: _mean_sd(values[chosen])
        yield pd.NA, "median_iqr", lambda chosen: _median_iqr(values[chosen])
    else:
        codes, levels = _codes(column, kind)
        for code in range(len(levels)) if kind == "category" else [1]:
            yield levels[code], "n", lambda chosen, code=code: _share(codes[chosen], code)
    yield pd.NA, "missing", lambda chosen: _row(missing[chosen].sum(), chosen.sum())


def _codes(column, kind):
    """Level number per case, -1 for missing, and the names of the levels."""
    if kind == "boolean":
        answers = pd.array(column, dtype="boolean")
        return answers.to_numpy(float, na_value=-1).astype(int), ("no", "yes")
    column = pd.Categorical(column)
    return column.codes.astype(int), tuple(map(str, column.categories))


def _row(n, total, value=None, value2=NAN, value3=NAN):
    if value is None:
        value = n / total if total else NAN
    return {"n": int(n), "total": int(total), "value": value, "value2": value2, "value3": value3}


def _share(codes, code):
    return _row((codes == code).sum(), (codes >= 0).sum())


def _mean_sd(values):
    known = values[~np.isnan(values)]
    mean = known.mean() if len(known) else NAN
    return _row(len(known), len(values), mean, known.std(ddof=1) if len(known) > 1 else NAN)


def _median_iqr(values):
    known = values[~np.isnan(values)]
    quartiles = np.quantile(known, [0.5, 0.25, 0.75]) if len(known) else (NAN, NAN, NAN)
    return _row(len(known), len(values), *map(float, quartiles))


def smd(column, group, kind=None, weight=None):
    """Standardised mean difference; with more than two groups the largest between any two.

    Parameters
    ----------
    column : Series, shape (n_cases,)
        Missing values are left out.
    group : Categorical, shape (n_cases,)
    kind : {"number", "category", "boolean"}, optional
        By default what the type of the column says.
    weight : array-like of float, optional
        Means, variances and proportions are weighted; a case of weight 0 is left out.

    Returns
    -------
    Difference
        Number: difference of means over the root of the mean variance of the two groups, where the
        variance is W / (W^2 - sum of w^2) times the sum of w (x - mean)^2, W the sum of the
        weights w. Category and boolean: Mahalanobis distance of the proportions. "separated" where
        the groups share no value, so that it has no limit.

    Notes
    -----
    Austin, Stat Med 2009;28:3083-3107; with weights Austin and Stuart, ibid. 2015;34:3661-3679;
    Yang and Dalton, SAS Global Forum 2012, paper 335.

    >>> round(smd(pd.Series([1, 2, 3, 3, 4, 5]), list("aaabbb"), "number").value, 6)
    2.0
    """
    group = pd.Categorical(group).remove_unused_categories()
    kind = _kind(column) if kind is None else kind
    _refuse(_problems({"column": column}, group, {"column": kind}))
    names = [str(name) for name in group.categories]
    if len(names) < 2:
        return Difference(NAN, (), "not estimable: only one group")
    if kind == "number":
        values, compare = as_numbers(column), _distance_of_means
    else:
        values, compare = _codes(column, kind)[0].astype(float), _distance_of_shares
        values[values < 0] = np.nan
    weight = checked_weight(weight, len(values))
    chosen = ~np.isnan(values) & (weight > 0)
    members = [chosen & (group.codes == code) for code in range(len(names))]
    samples = [(values[member], weight[member]) for member in members]
    empty = [name for name, member in zip(names, members, strict=True) if not member.any()]
    if empty:
        return Difference(NAN, (), f"not estimable: no values in {', '.join(empty)}")
    return _largest(names, samples, compare)


def _kind(column):
    dtype = pd.Series(column).dtype
    if pd.api.types.is_bool_dtype(dtype):
        return "boolean"
    return "number" if pd.api.types.is_numeric_dtype(dtype) else "category"


def _largest(names, samples, compare):
    pairs = list(combinations(range(len(names)), 2))
    distances = np.array([compare(samples[i], samples[j]) for i, j in pairs])
    if np.isnan(distances).any():
        single = [name for name, sample in zip(names, samples, strict=True) if len(sample[0]) < 2]
        return Difference(NAN, (), f"not estimable: one value only in {', '.join(single)}")
    i, j = pairs[int(np.argmax(distances))]
    if np.isinf(distances).any():
        note = f"separated: {names[i]} and {names[j]} share no value"
        return Difference(NAN, (names[i], names[j]), note)
    return Difference(float(distances.max()), (names[i], names[j]))


def _distance_of_means(first, second):
    """NaN without a variance, infinite where two constants differ; each side values and weights."""
    if min(len(first[0]), len(second[0])) < 2:
        return NAN
    (mean, variance), (other_mean, other) = mean_variance(*first), mean_variance(*second)
    spread = np.sqrt((variance + other) / 2)
    if spread == 0:
        return np.inf if mean != other_mean else 0.0
    return abs(mean - other_mean) / spread


def mean_variance(values, weight):
    """Weighted mean and variance of two or more numbers, the variance as in `smd`."""
    if np.ptp(values) == 0:
        return values[0], 0.0
    total = weight.sum()
    mean = weight @ values / total
    return mean, total / (total**2 - weight @ weight) * (weight @ (values - mean) ** 2)


def _distance_of_shares(first, second):
    """Mahalanobis distance of the shares; infinite where no level occurs in both."""
    if not np.intersect1d(first[0], second[0]).size:
        return np.inf
    # levels that neither has carry nothing, and one level follows from the others
    levels = np.union1d(first[0], second[0])[1:]
    p, q = (
        weight @ (values[:, np.newaxis] == levels) / weight.sum()
        for values, weight in (first, second)
    )
    if not len(levels):
        return 0.0
    covariance = (np.diag(p) - np.outer(p, p) + np.diag(q) - np.outer(q, q)) / 2
    return float(np.sqrt((p - q) @ np.linalg.solve(covariance, p - q)))
