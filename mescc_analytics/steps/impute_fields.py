"""Columns of the case table as variables that can be imputed, and back."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from mescc_analytics import codebook
from mescc_analytics.clinical.frames import coded
from mescc_analytics.clinical.sins import items
from mescc_analytics.clinical.sins_open import open_items
from mescc_analytics.stats.imputation import Variable
from mescc_analytics.steps.groups import source_column

# Levels in the order of severity: as predictors they are one number each.
ORDERED = ("visceral_metastases", "ambulatory_status", "ais", "sosg_grade")
# Made of other columns: made again from the completed ones.
MADE = ("sins_total", "sins_category", "sosg_high_grade")
BOOLEAN = ("no", "yes")


@dataclass(frozen=True)
class Field:
    """A column.

    Attributes
    ----------
    variable : Variable
    levels : tuple of str
        By code; empty for numbers.
    kind : str
        number, integer, boolean or category.
    """

    variable: Variable
    levels: tuple
    kind: str

    @property
    def name(self):
        return self.variable.name

    def of(self, rows):
        """The same of some cases."""
        v = self.variable
        allowed = None if v.allowed is None else v.allowed[rows]
        return replace(self, variable=replace(v, values=v.values[rows], allowed=allowed))

    def partial(self):
        """Cases without a value in which some levels are ruled out."""
        v = self.variable
        if v.allowed is None:
            return np.zeros(len(v.values), dtype=bool)
        return v.missing & ~v.allowed.all(axis=1)

    def column(self, values):
        """Completed values as a column of a table."""
        if self.kind == "category":
            return pd.Categorical.from_codes(values, list(self.levels))
        if self.kind == "boolean":
            return pd.array(values.astype(bool), dtype="boolean")
        return pd.array(values, dtype="Int64" if self.kind == "integer" else "Float64")


def names_wanted(chosen):
    """Columns to impute: the variables, and the covariates that are not made of others."""
    return list(dict.fromkeys([*chosen["variables"], *chosen["covariates"]]))


def fields_of(cases, settings):
    """The columns to impute that the table has.

    Parameters
    ----------
    cases : DataFrame, shape (n_cases, ...)
    settings : dict
        Sections impute and score.

    Returns
    -------
    (list of Field, dict of str to str)
        The fields, and the reason by name for those that are not there.
    """
    sins = open_items(cases, settings["score"])
    found, lacking = [], {}
    for name in names_wanted(settings["impute"]):
        if name in MADE:
            continue
        if name in items():
            found.append(_sins_field(name, sins[name]))
        elif name not in cases or cases[name].isna().all():
            lacking[name] = f"needs {source_column(name)}"
        else:
            found.append(_field(name, cases, settings["score"]))
    nothing = [f.name for f in found if not f.variable.observed.any() and not f.partial().any()]
    lacking |= {name: f"needs {source_column(name)}" for name in nothing}
    return [f for f in found if f.name not in nothing], lacking


def _sins_field(name, item):
    given = Variable(name, item.codes, len(item.levels), item.allowed, item.points)
    return Field(given, item.levels, "category")


def _field(name, cases, score):
    column = cases[name]
    declared = codebook.columns("all")[name]
    if declared.type in ("number", "integer"):
        values = column.to_numpy(dtype=float, na_value=np.nan)
        return Field(Variable(name, values), (), declared.type)
    if declared.type == "boolean":
        codes = column.astype("Int8").to_numpy(dtype=int, na_value=-1)
        return Field(Variable(name, codes, 2), BOOLEAN, "boolean")
    category = coded(cases, name)
    order = dict.fromkeys([*declared.levels, *category.cat.categories])
    category = category.cat.set_categories(list(order))
    if name == "radiosensitivity" and "primary_histology" in cases:
        # where no primary was recorded; a primary known to be unknown is a level
        category = category.mask(cases["primary_histology"].isna())
    levels = tuple(map(str, category.cat.categories))
    scores = tuple(range(len(levels))) if name in ORDERED else None
    allowed = _grades(cases, levels, score) if name == "sosg_grade" else None
    codes = category.cat.codes.to_numpy(dtype=int)
    return Field(Variable(name, codes, len(levels), allowed, scores), levels, "category")


def _grades(cases, levels, score):
    """SOSG grades that stay possible where only a part was recorded."""
    partial = coded(cases, "sosg_partial", ("1", "high"))
    part = {"1": ("1a", "1b", "1c"), "high": tuple(score["sosg_high_grades"])}
    rows = [[level in part.get(p, levels) for level in levels] for p in partial.cat.categories]
    return np.array([*rows, [True] * len(levels)])[partial.cat.codes.to_numpy(dtype=int)]
