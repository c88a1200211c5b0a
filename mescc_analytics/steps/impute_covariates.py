"""Covariates of the adjusted model: as recorded, and as completed."""

from dataclasses import dataclass

import numpy as np

from mescc_analytics.stats.imputation import Variable
from mescc_analytics.steps.impute_fields import BOOLEAN
from mescc_analytics.steps.impute_model import CATEGORIES, recorded_category


@dataclass(frozen=True)
class Covariate:
    """A covariate.

    Attributes
    ----------
    variable : Variable
        As recorded.
    completed : array, shape (m, n_cases), or None
        None where it cannot be completed.
    levels : tuple of str
        By code; empty for a number.
    """

    variable: Variable
    completed: np.ndarray | None
    levels: tuple

    @property
    def name(self):
        return self.variable.name

    def of(self, rows):
        """The same of some cases."""
        v = self.variable
        whole = None if self.completed is None else self.completed[:, rows]
        return Covariate(Variable(v.name, v.values[rows], v.n_levels), whole, self.levels)


def covariates(cases, fields, done, settings):
    """The configured covariates that can be used, and the reason by name for the others.

    Parameters
    ----------
    cases : DataFrame, shape (n_cases, ...)
    fields : list of Field
    done : Completion or None
    settings : dict
        Sections impute and score.

    Returns
    -------
    (list of Covariate, dict of str to str)
        A column that the table lacks has its reason where columns are read, and none here.
    """
    known = {field.name: field for field in fields}
    found, lacking = [], {}
    for name in settings["impute"]["covariates"]:
        maker = _MAKERS.get(name, _plain)
        one = maker(name, cases, known, done, settings["score"])
        if one is None:
            continue
        values = one.variable.values[one.variable.observed]
        if not len(values):
            lacking[name] = f"{name} is known of no case"
        elif np.ptp(values) == 0:
            lacking[name] = f"{name} is the same in every case that has it"
        elif done is not None and one.completed is None:
            lacking[name] = f"{name} could not be imputed"
        else:
            found.append(one)
    return found, lacking


def _plain(name, cases, known, done, score):
    field = known.get(name)
    return field and Covariate(field.variable, _completed(field, done), field.levels)


def _completed(field, done):
    if done is None:
        return None
    if field.name in done.values:
        return done.values[field.name]
    if field.variable.missing.any():
        return None
    return np.broadcast_to(field.variable.values, (done.m, len(field.variable.values)))


def _sins_total(name, cases, known, done, score):
    if name not in cases:
        return None
    total = cases[name].to_numpy(dtype=float, na_value=np.nan)
    settled = done is not None and not np.isnan(done.sins_total).any()
    return Covariate(Variable(name, total), done.sins_total if settled else None, ())


def _sins_category(name, cases, known, done, score):
    levels, recorded = CATEGORIES[:-1], recorded_category(cases)
    codes = np.where(recorded < len(levels), recorded, -1)
    settled = done is not None and (done.sins_category < len(levels)).all()
    whole = done.sins_category if settled else None
    return Covariate(Variable(name, codes, len(levels)), whole, levels)


def _high_grade(name, cases, known, done, score):
    """As recorded where it is, else by the completed grade."""
    grade = known.get("sosg_grade")
    if name not in cases or grade is None:
        return None
    codes = cases[name].astype("boolean").astype("Int8").to_numpy(dtype=int, na_value=-1)
    whole = _completed(grade, done)
    if whole is not None:
        high = np.array([level in score["sosg_high_grades"] for level in grade.levels])
        whole = np.where(codes >= 0, codes, high[whole].astype(int))
    return Covariate(Variable(name, codes, len(BOOLEAN)), whole, BOOLEAN)


_MAKERS = {
    "sins_total": _sins_total,
    "sins_category": _sins_category,
    "sosg_high_grade": _high_grade,
}
