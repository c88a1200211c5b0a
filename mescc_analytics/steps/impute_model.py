"""The completed data of a cohort: what was drawn, and SINS scored again in each of them."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from mescc_analytics.clinical.sins import UNDETERMINED, items, score_items
from mescc_analytics.clinical.sins_open import open_items
from mescc_analytics.stats.imputation import impute, mixing
from mescc_analytics.stats.missingness import nelson_aalen

CATEGORIES = ("stable", "indeterminate", "unstable", "undetermined")


@dataclass(frozen=True)
class Completion:
    """Completed data of n cases, m times.

    Attributes
    ----------
    cases : DataFrame, shape (n, ...)
    fields : list of Field
    values : dict of str to array, shape (m, n)
        Of the fields that were imputed.
    sins_total, sins_category : array, shape (m, n)
        Points (NaN where an item could not be imputed) and place in CATEGORIES.
    trace : DataFrame
    """

    cases: pd.DataFrame
    fields: list
    values: dict
    sins_total: np.ndarray
    sins_category: np.ndarray
    trace: pd.DataFrame

    @property
    def m(self):
        return len(self.sins_category)

    def mixing(self):
        return mixing(self.trace)


def complete(cases, fields, settings, rng):
    """Impute what can be imputed.

    Parameters
    ----------
    cases : DataFrame, shape (n, ...)
    fields : list of Field
    settings : dict
        Sections impute and score.
    rng : numpy.random.Generator

    Returns
    -------
    Completion
    """
    chosen = settings["impute"]
    usable = [f.variable for f in fields if not (f.variable.missing.any() and f.variable.why_not())]
    done = impute(
        usable,
        outcome_and_arm(cases),
        n_imputations=chosen["n_imputations"],
        iterations=chosen["iterations"],
        rng=rng,
    )
    drawn = {v.name: done.values[v.name] for v in usable if v.missing.any()}
    total, category = _scored(cases, drawn, settings)
    return Completion(cases, fields, drawn, total, category, done.trace)


def outcome_and_arm(cases):
    """Predictors that are always known: death, cumulative hazard, arm."""
    died = cases["survival_event"].to_numpy(dtype=bool)
    hazard = nelson_aalen(cases["survival_days"].to_numpy(dtype=float), died)
    arm = pd.get_dummies(cases["arm"].astype("string").fillna("unknown"), drop_first=True)
    return np.column_stack([died, hazard, arm.to_numpy(dtype=float)]).astype(float)


def _scored(cases, drawn, settings):
    """SINS total and category of every case in every imputation."""
    m, n = settings["impute"]["n_imputations"], len(cases)
    columns = []
    for name, item in open_items(cases, settings["score"]).items():
        if name in drawn:
            columns.append(pd.Categorical.from_codes(drawn[name].ravel(), list(item.levels)))
        else:
            state = item.state
            codes = np.tile(np.asarray(state.codes), m)
            columns.append(pd.Categorical.from_codes(codes, state.categories))
    scored = score_items(columns)
    total = scored["sins_total"].to_numpy(dtype=float, na_value=np.nan).reshape(m, n)
    return total, np.asarray(scored["sins_category"].cat.codes, dtype=int).reshape(m, n)


def recorded_category(cases):
    """Place of the recorded category in CATEGORIES."""
    if "sins_category" not in cases:
        return np.full(len(cases), int(UNDETERMINED))
    text = cases["sins_category"].astype("string").fillna("undetermined")
    return pd.Categorical(text, CATEGORIES).codes.astype(int)


def imputed_table(done):
    """Case by imputation: imputation, case_id, the imputed columns, SINS scored again."""
    n = len(done.cases)
    ids = done.cases["case_id"].astype("string").to_numpy()
    table = {"imputation": np.repeat(np.arange(1, done.m + 1), n), "case_id": np.tile(ids, done.m)}
    kinds = {field.name: field for field in done.fields}
    table |= {name: kinds[name].column(values.ravel()) for name, values in done.values.items()}
    table["sins_total"] = pd.array(done.sins_total.ravel(), dtype="Int64")
    table["sins_category"] = pd.Categorical.from_codes(done.sins_category.ravel(), CATEGORIES)
    return pd.DataFrame(table).astype({"case_id": "string"})


def probabilities(done):
    """Share of the imputations in which each case has each category."""
    recorded = pd.Categorical.from_codes(recorded_category(done.cases), CATEGORIES)
    table = {
        "case_id": done.cases["case_id"].astype("string").to_numpy(),
        "sins_category": recorded,
    }
    table |= {
        name: (done.sins_category == code).mean(axis=0) for code, name in enumerate(CATEGORIES)
    }
    return pd.DataFrame(table).astype({"case_id": "string"})


def has_sins(fields):
    """Whether any item of SINS is known of any case."""
    return any(field.name in items() for field in fields)
