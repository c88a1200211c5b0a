"""Reporting periods: the quarter or the year in which a case presented."""

import pandas as pd


def period_of(cases, wanted):
    """Period of every case as text ("2024Q3" or "2024"); missing where not recorded.

    Parameters
    ----------
    cases : DataFrame, shape (n_cases, ...)
        presentation_quarter, presentation_year, each where present.
    wanted : {"auto", "quarter", "year"}
        "auto" takes quarters where every case with a year has its quarter.
    """
    year = _text(cases, "presentation_year")
    quarter = _text(cases, "presentation_quarter")
    year = year.fillna(quarter.str.slice(0, 4))
    complete = bool(quarter.notna().any()) and not bool((quarter.isna() & year.notna()).any())
    return quarter if wanted == "quarter" or (wanted == "auto" and complete) else year


def _text(cases, name):
    if name not in cases:
        return pd.Series(pd.NA, index=cases.index, dtype="string")
    column = cases[name]
    if pd.api.types.is_numeric_dtype(column):
        column = column.astype("Int64")
    return column.astype("string")
