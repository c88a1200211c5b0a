"""What the distinct cells of one column mean, by the type that the codebook gives the column.

Each reader takes the trimmed texts of the distinct cells and returns a `Reading`; no row is looked
at.
"""

import re
from dataclasses import dataclass

import numpy as np

from mescc_analytics.tables import numbers
from mescc_analytics.tables.spelling import BOOLEANS, did_you_mean, normal


@dataclass(frozen=True)
class Reading:
    """Distinct cells of a column, read.

    Attributes
    ----------
    values : array, shape (n_distinct,)
        Floats (NaN: none), level numbers (-1: none), 1, 0 or -1 of a boolean, or texts, by the
        column's type.
    codes : object array of str, shape (n_distinct,)
        Kind of problem, "" where there is none.
    wanted : object array of str, shape (n_distinct,)
        What the cell should have held, "" where there is no problem.
    partial : object array or None
        Spellings that say less than a level (None: no such spelling), where the column has any.
    """

    values: np.ndarray
    codes: np.ndarray
    wanted: np.ndarray
    partial: np.ndarray | None = None


def _blank(n):
    return np.full(n, "", dtype=object)


def read_text(texts, column):
    """Text as it is; where the column has a pattern, only what fits it."""
    codes, wanted = _blank(len(texts)), _blank(len(texts))
    if column.pattern:
        bad = np.array([not re.fullmatch(column.pattern, text) for text in texts], dtype=bool)
        codes[bad], wanted[bad] = "bad_pattern", f"like {column.example}"
    return Reading(texts, codes, wanted)


def read_category(texts, column):
    """Level numbers; spaces, hyphens, case and a trailing ".0" make no difference."""
    number = {normal(level): at for at, level in enumerate(column.levels)}
    partial = {normal(level): level for level in column.partial}
    forms = [normal(text) for text in texts]
    values = np.array([number.get(form, -1) for form in forms], dtype="int64")
    says_less = np.array([partial.get(form) for form in forms], dtype=object)
    codes, wanted = _blank(len(texts)), _blank(len(texts))
    levels = ", ".join(column.levels)
    for at in np.flatnonzero(values < 0):
        if says_less[at] is not None:
            codes[at], wanted[at] = "partial_level", f"one of {levels}"
        else:
            codes[at] = "unknown_level"
            wanted[at] = f"one of {levels}{did_you_mean(texts[at], column.levels)}"
    return Reading(values, codes, wanted, says_less if partial else None)


def read_boolean(texts, column):
    """1 for true, yes, y, t, 1; 0 for false, no, n, f, 0."""
    values = np.array([BOOLEANS.get(normal(text), -1) for text in texts], dtype="int64")
    bad = values < 0
    codes = np.where(bad, "not_a_boolean", "").astype(object)
    wanted = np.where(bad, "yes or no (or true, false, 1, 0)", "").astype(object)
    return Reading(values, codes, wanted)


def read_number(texts, column, style, factor):
    """Numbers times `factor`, checked against the range of the column.

    Parameters
    ----------
    texts : object array of str, shape (n,)
    column : Column
        Type number or integer.
    style : Decimals
        How the file writes decimals.
    factor : float
        From the unit of the table to the unit of the column.
    """
    if column.name == "age_years":
        texts = np.array(
            ["90" if numbers.NINETY_OR_OLDER.fullmatch(text) else text for text in texts],
            dtype=object,
        )
    values, codes = numbers.parse(texts, style)
    wanted = _blank(len(texts))
    for at in np.flatnonzero(codes):
        wanted[at] = _wanted_number(texts[at], codes[at], column)
    checked, range_codes, range_wanted = check_numbers(values * factor, column)
    refused = range_codes != ""
    codes[refused], wanted[refused] = range_codes[refused], range_wanted[refused]
    return Reading(checked, codes, wanted)


def _wanted_number(text, code, column):
    if code == "ambiguous_number":
        return f"{text.replace(',', '.')} or {text.replace(',', '').replace('.', '')}"
    if code == "calendar_date" and column.unit == "days":
        return "days from day 0 (presentation)"
    return (
        f"a number of {column.unit}"
        if column.unit in ("days", "months", "hours", "years")
        else "a number"
    )


def check_numbers(values, column):
    """Numbers that a column may hold: whole where it counts, and inside its range.

    Parameters
    ----------
    values : float array, shape (n,)
        In the unit of the column; NaN is not looked at.
    column : Column

    Returns
    -------
    values : float array, shape (n,)
        NaN where a number was refused.
    codes, wanted : object arrays of str, shape (n,)
    """
    codes, wanted = _blank(len(values)), _blank(len(values))
    outside, broken = refused_numbers(values, column)
    codes[broken], wanted[broken] = "not_an_integer", "a whole number"
    codes[outside], wanted[outside] = "out_of_range", _range(column)
    return np.where(outside | broken, np.nan, values), codes, wanted


def refused_numbers(values, column):
    """Two boolean arrays: outside the range, and inside it but not whole where it counts."""
    low = -np.inf if column.min is None else column.min
    high = np.inf if column.max is None else column.max
    outside = (values < low) | (values > high) | np.isinf(values)
    if column.type != "integer":
        return outside, np.zeros(len(values), dtype=bool)
    fractional = np.zeros(len(values), dtype=bool)
    finite = np.isfinite(values)
    fractional[finite] = values[finite] % 1 != 0
    return outside, fractional & ~outside


def _range(column):
    unit = f" {column.unit}" if column.unit and column.unit not in ("count", "year") else ""
    if column.min is None or column.max is None:
        return "a finite number"
    return f"from {column.min:g} to {column.max:g}{unit}" + (
        f" ({column.hint})" if column.hint else ""
    )
