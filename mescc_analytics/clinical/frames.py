"""Columns of a case table looked up by category code and set side by side, without text per case
and without copies: what keeps a million cases cheap.
"""

import numpy as np
import pandas as pd


def coded(cases, name, levels=()):
    """One column as a category.

    Parameters
    ----------
    cases : DataFrame, shape (n_cases, ...)
        The column may be absent (missing for every case), a category or text.
    name : str
    levels : iterable of str
        Levels that it must have besides its own.

    Returns
    -------
    Series of dtype category, shape (n_cases,)
    """
    if name not in cases:
        absent = np.full(len(cases), -1, dtype=np.int8)
        return pd.Series(pd.Categorical.from_codes(absent, list(levels)), index=cases.index)
    given = cases[name]
    if not isinstance(given.dtype, pd.CategoricalDtype):
        given = given.astype("string").astype("category")
    return given.cat.set_categories(list(dict.fromkeys([*given.cat.categories, *levels])))


def looked_up(values, table, dtype):
    """What a table says of the level of every case.

    Parameters
    ----------
    values : Series of dtype category, shape (n_cases,)
    table : dict
        Answer by level; a level that it does not hold is missing.
    dtype : str
        Of the answer; nullable.

    Returns
    -------
    Series, shape (n_cases,)

    Examples
    --------
    >>> grades = pd.Series(["2", None, "0"], dtype="category")
    >>> looked_up(grades, {"0": False, "2": True}, "boolean").tolist()
    [True, <NA>, False]
    """
    answers = [table.get(level, pd.NA) for level in values.cat.categories]
    found = pd.array([*answers, pd.NA], dtype=dtype)  # code -1, missing, takes the last
    return pd.Series(found.take(values.cat.codes.to_numpy()), index=values.index)


def beside(cases, *added):
    """Frames of the same cases side by side; a column that is added again replaces the old one and
    stands at the end. The columns are shared with the frames given, not copied.

    >>> old, new = pd.DataFrame({"a": [1], "b": [2]}), pd.DataFrame({"a": [3]})
    >>> beside(old, new).to_dict("list")
    {'b': [2], 'a': [3]}
    """
    new = {name: frame[name].array for frame in added for name in frame}
    kept = {name: cases[name].array for name in cases if name not in new}
    return pd.DataFrame(kept | new, index=cases.index, copy=False)
