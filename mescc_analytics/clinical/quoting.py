"""Values of cases in words. Each distinct value is written once, then looked up."""

from functools import cache

import numpy as np
import pandas as pd

NOT_RECORDED = "not recorded"
# What stands beside a value and says more where the value itself is open.
BESIDE = {"sins_total": ("sins_min", "sins_max"), "sosg_grade": ("sosg_partial",)}
PARTIAL_GRADES = {"1": "1 without letter", "high": "high, ungraded"}


def joint_codes(columns):
    """Number of the distinct combination of values of every row.

    Parameters
    ----------
    columns : list of Series, each shape (n_rows,)
        At least one. Missing values are equal to each other.

    Returns
    -------
    codes : array of int, shape (n_rows,)
        From 0, in the order of first occurrence.
    first : array of int, shape (n_combinations,)
        A row of each combination.
    """
    codes = _codes(columns[0])
    for column in columns[1:]:
        more = _codes(column)
        codes = codes * (int(more.max(initial=0)) + 1) + more
        codes, _ = pd.factorize(codes)
    codes, distinct = pd.factorize(codes)
    first = np.zeros(len(distinct), dtype=np.int64)
    first[codes[::-1]] = np.arange(len(codes))[::-1]
    return codes, first


def _codes(column):
    if isinstance(column.dtype, pd.CategoricalDtype):
        return column.cat.codes.to_numpy().astype(np.int64) + 1
    return pd.factorize(column)[0].astype(np.int64) + 1


def quoted(cases, name):
    """One column as a person would write it; a SINS total that is open shows its bounds.

    Parameters
    ----------
    cases : DataFrame, shape (n_cases, ...)
    name : str
        A column that is absent is "not recorded" for every case.

    Returns
    -------
    codes : array of int, shape (n_cases,)
    texts : array of str, shape (n_texts,)
        The text of a case is ``texts[codes]``.
    """
    if name not in cases:
        return np.zeros(len(cases), dtype=np.int64), np.array([NOT_RECORDED], dtype=object)
    needed = [name, *(column for column in BESIDE.get(name, ()) if column in cases)]
    codes, first = joint_codes([cases[column] for column in needed])
    return codes, _texts(cases[needed].iloc[first], name)


def _texts(cases, name):
    column = cases[name]
    if column.dtype == "boolean":
        text = column.map({True: "yes", False: "no"}).astype("string")
    else:
        text = column.astype("string").str.replace("_", " ").str.removesuffix(".0")
    if name == "sins_total" and {"sins_min", "sins_max"} <= set(cases):
        bounds = cases["sins_min"].astype("string") + " to " + cases["sins_max"].astype("string")
        text = text.fillna(bounds)
    if "sosg_partial" in cases:
        text = text.fillna(cases["sosg_partial"].astype("string").map(PARTIAL_GRADES))
    return text.fillna(NOT_RECORDED).to_numpy(dtype=object)


def filled(template, cases):
    """A sentence with the values of every case.

    Parameters
    ----------
    template : str
        Names of columns in braces.
    cases : DataFrame, shape (n_cases, ...)

    Returns
    -------
    codes : array of int, shape (n_cases,)
    texts : array of str, shape (n_texts,)
        The sentence of a case is ``texts[codes]``.

    Examples
    --------
    >>> codes, texts = filled("SOSG {sosg_grade}", pd.DataFrame({"sosg_grade": ["2", None, "2"]}))
    >>> texts[codes].tolist()
    ['SOSG 2', 'SOSG not recorded', 'SOSG 2']
    """
    names = placeholders(template)
    if not names:
        return np.zeros(len(cases), dtype=np.int64), np.array([template], dtype=object)
    values = [quoted(cases, name) for name in names]
    codes, first = joint_codes([pd.Series(code) for code, _ in values])
    chosen = [texts[code[first]] for code, texts in values]
    rows = [
        template.format(**dict(zip(names, row, strict=True))) for row in zip(*chosen, strict=True)
    ]
    return codes, np.array(rows, dtype=object)


@cache
def placeholders(template):
    """Names in braces, without repeats, in order."""
    return tuple(dict.fromkeys(part.split("}")[0] for part in template.split("{")[1:]))
