"""Baseline columns as the numbers that a model takes; what is missing stays a level of its own."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

# levels with fewer cases are joined: few cases separate
LEAST = 10
TOLERANCE = 1e-8


@dataclass(frozen=True)
class Design:
    """Covariates of some cases.

    Attributes
    ----------
    matrix : array, shape (n_cases, p)
    names : tuple of str, length p
    absent : tuple of str
        Columns that the table lacks or in which nothing is recorded.
    complete : array of bool, shape (n_cases,)
        Cases with every column recorded that the table has.
    """

    matrix: np.ndarray
    names: tuple
    absent: tuple
    complete: np.ndarray

    @property
    def note(self):
        """What the model had to do without, in words, or ""."""
        return f"without {', '.join(self.absent)}" if self.absent else ""


def design(cases, columns, *, least_share=0.0):
    """Numbers for a model from baseline columns.

    Parameters
    ----------
    cases : DataFrame, shape (n_cases, ...)
    columns : sequence of str
    least_share : float
        Levels with a smaller share of the cases are joined too. A regression of deaths needs no
        such limit; models of who is treated, made again in every resample, do.

    Returns
    -------
    Design
        A number stands as it is; where it is missing its mean stands beside an indicator of its
        own, so that the missing are no value but a group. Levels are indicators against the
        commonest; missing is a level. Levels with fewer than 10 cases, or below `least_share`, are
        joined, with the commonest if they are still so few together. A column that says nothing
        new is left out.
    """
    least = max(LEAST, least_share * len(cases))
    parts, names, absent = [], [], []
    complete = np.ones(len(cases), bool)
    for column in columns:
        if column not in cases or cases[column].isna().all():
            absent.append(column)
            continue
        values = cases[column]
        complete &= ~(values.isna() | values.astype("string").eq("undetermined")).to_numpy(bool)
        form = _number if _is_number(values) else _levels
        for name, numbers in form(values, column, least):
            names.append(name)
            parts.append(numbers)
    matrix = np.column_stack(parts) if parts else np.zeros((len(cases), 0))
    kept = _independent(matrix)
    return Design(matrix[:, kept], tuple(names[i] for i in kept), tuple(absent), complete)


def _is_number(values):
    return pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values)


def _number(values, column, least):
    numbers = values.to_numpy(dtype=float, na_value=np.nan)
    missing = np.isnan(numbers)
    yield column, np.where(missing, np.nanmean(numbers), numbers)
    if missing.sum() >= least:
        yield f"{column} missing", missing.astype(float)


def _levels(values, column, least):
    text = values.astype("string").fillna("missing")
    n = text.value_counts()
    order = sorted(n.index, key=lambda level: (-n[level], level))
    common, rare = order[0], [level for level in order if n[level] < least]
    joined = text.isin(rare)
    for level in order[1:]:
        if level not in rare:
            yield f"{column} {level}", (text == level).to_numpy(dtype=float)
    if int(joined.sum()) >= least and common not in rare:
        yield f"{column} other", joined.to_numpy(dtype=float)


def _independent(matrix):
    """Positions of the columns that are no combination of those before them."""
    spread = matrix - matrix.mean(axis=0) if len(matrix) else matrix
    scale = np.sqrt((spread**2).sum(axis=0))
    spread = np.divide(spread, scale, out=np.zeros_like(spread), where=scale > TOLERANCE)
    products, kept = spread.T @ spread, []
    for column in np.flatnonzero(scale > TOLERANCE):
        tried = [*kept, int(column)]
        block = products[np.ix_(tried, tried)]
        if np.linalg.matrix_rank(block, tol=TOLERANCE, hermitian=True) == len(tried):
            kept = tried
    return kept
