"""Weights that make the arms alike, and whether they do."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from mescc_analytics import codebook
from mescc_analytics.errors import UsageError
from mescc_analytics.steps import received, weight_diagnostics
from mescc_analytics.steps.beside import entry_of
from mescc_analytics.steps.cohort import arms_are_given, effective
from mescc_analytics.steps.covariates import covariates_of
from mescc_analytics.steps.groups import (
    NOT_ASSESSABLE,
    arms_of,
    not_assessable,
    reference_arm,
    source_column,
    stack,
)
from mescc_analytics.steps.propensity import fit_model
from mescc_analytics.steps.strategies import reference_of
from mescc_analytics.tables import files

DETAILED, BROAD = "by_arm_weighted", "by_broad_arm_weighted"
GIVEN = "the table gives the arms: weight.given_arms decides whether they are adjusted"
# what the columns of weights.parquet begin with
PREFIXES = {DETAILED: "", BROAD: "broad_"}
TABLES = {
    "balance": weight_diagnostics.BALANCE,
    "overlap": weight_diagnostics.OVERLAP,
    "diagnostics": weight_diagnostics.DIAGNOSTICS,
}


@dataclass(frozen=True)
class Level:
    """One comparison of arms that is to be adjusted.

    Attributes
    ----------
    analysis : {"by_arm_weighted", "by_broad_arm_weighted"}
    cases : DataFrame, shape (n_cases, ...)
    arm : Categorical Series, shape (n_cases,), or None
    reason : str
        Why nothing can be compared, or "".
    reference : str or None
    """

    analysis: str
    cases: pd.DataFrame
    arm: pd.Series | None
    reason: str = ""
    reference: str | None = None


def levels(frame, settings):
    """The comparisons that are adjusted: arms in detail and, unless the table gives them, first
    treatments at the landmark.

    Parameters
    ----------
    frame : DataFrame, shape (n_cases, ...)
        cohort.parquet.
    settings : dict
        cohort (as in effect), survival, weight.

    Returns
    -------
    list of Level
        Of cases that are seen at risk: with delayed entry the others are in no comparison.
    """
    found = [_detailed(frame, settings)]
    return found if arms_are_given(frame) else [*found, _broad(frame, settings)]


def _detailed(frame, settings):
    cases, arm, reason = arms_of(frame)
    if not reason and arms_are_given(frame) and settings["weight"]["given_arms"] == "skip":
        reason = GIVEN
    return _seen(DETAILED, cases, arm, reason, settings)


def _broad(frame, settings):
    whole = frame[frame["in_overall"].fillna(False).to_numpy(dtype=bool)]
    _, _, reason = arms_of(frame)
    if not len(whole) or reason.startswith("needs"):
        reason = reason or "no case is left after the exclusions"
        return Level(BROAD, whole.iloc[:0], None, reason)
    landmark = float(settings["cohort"]["landmark_days"])
    kept, arm = received.arms_at(whole, settings["cohort"], landmark, received.FIRST)
    arm = arm[kept].cat.remove_unused_categories()
    reason = "" if kept.any() else "no case with a known first treatment is left at the landmark"
    return _seen(BROAD, whole[kept], arm, reason, settings)


def _seen(analysis, cases, arm, reason, settings):
    """The level without the cases that are never seen at risk, and its reference."""
    _, entered, late = entry_of(cases, settings["survival"]) if not reason else (None, None, "")
    if reason or late:
        return Level(analysis, cases.iloc[:0], None, reason or late)
    arm = arm[entered].cat.remove_unused_categories()
    wanted = settings["cohort"]["reference_arm"]
    if analysis == BROAD:
        reference = reference_of(list(arm.cat.categories), wanted)
    else:
        reference = reference_arm(arm, wanted)
    return Level(analysis, cases[entered], arm, "", reference)


def analyse(frame, settings):
    """Tables of the step by name: weights, balance, overlap, diagnostics, not_assessable."""
    parts = [(level, *_one(level, settings["weight"])) for level in levels(frame, settings)]
    made = {
        name: _stacked([(level.analysis, tables[name]) for level, tables, _ in parts], columns)
        for name, columns in TABLES.items()
    }
    absent = [row for _, tables, _ in parts for row in tables["absent"]]
    rows = list({row["analysis"]: row for row in absent}.values())
    return made | {
        "weights": _weights(frame, parts),
        "not_assessable": pd.DataFrame(rows, columns=NOT_ASSESSABLE),
    }


def _stacked(parts, columns):
    filled = [table.assign(analysis=name) for name, table in parts if len(table)]
    if not filled:
        return pd.DataFrame(columns=["analysis", *columns])
    return stack(filled)[["analysis", *columns]]


def _one(level, chosen):
    """Tables of one comparison by name, and its model (None without one)."""
    empty = {name: pd.DataFrame(columns=columns) for name, columns in TABLES.items()}
    if level.reason:
        return empty | {"absent": [not_assessable(level.analysis, level.reason)]}, None
    model = model_of(level, chosen)
    left_out = weight_diagnostics.left_out_rows(
        model.left_out, list(level.arm.cat.categories), level.reference
    )
    apart = weight_diagnostics.separated_rows(model.left_out, level.reference, chosen)
    # of arms that are all too small no case is left in the model: what the table has counts
    of = covariates_of(level.cases, chosen) if model.reason else model.covariates
    absent = [
        not_assessable(f"covariate {name}", f"needs {source_column(name)}") for name in of.absent
    ]
    if model.reason:
        absent = [not_assessable(level.analysis, model.reason), *absent]
        return empty | {"balance": apart, "diagnostics": left_out, "absent": absent}, None
    balance = weight_diagnostics.balance_of(model, chosen)
    judged = weight_diagnostics.diagnostics_of(model, balance, _outcome(level, model), chosen)
    return {
        "balance": stack([balance, apart]),
        "overlap": weight_diagnostics.overlap_of(model, chosen),
        "diagnostics": stack([judged, left_out]),
        "absent": absent,
    }, model


def model_of(level, chosen):
    """Scores and weights of one comparison, as `propensity.fit_model`, of the settings `weight`."""
    chosen = chosen | {"att_arm": att_arm(level, chosen)}
    return fit_model(level.cases, level.arm, chosen, level.reference)


def att_arm(level, chosen):
    """The arm that the others are to resemble, of this comparison; None: the reference."""
    wanted = chosen["att_arm"]
    if chosen["estimand"] != "att" or wanted is None:
        return None
    present = list(level.arm.cat.categories)
    if level.analysis == BROAD:
        book = codebook.load("arms")["first_treatment"]
        wanted = next((k for k, entry in book.items() if wanted in (k, *entry["arms"])), wanted)
        return wanted if wanted in present else None
    if wanted not in present:
        found = f"weight.att_arm: found '{wanted}', wanted one of {', '.join(present)}"
        raise UsageError("the config", [found])
    return wanted


def _outcome(level, model):
    cases = level.cases.loc[model.arm.index]
    return pd.DataFrame(
        {
            "days": cases["survival_days"].to_numpy(float),
            "died": cases["survival_event"].to_numpy(bool),
        },
        index=cases.index,
    )


def _weights(frame, parts):
    """One row per case in a comparison that has a model; no weight for those not in the model."""
    somewhere = pd.Series(False, index=frame.index)
    for level, _, model in parts:
        if model is not None:
            somewhere[level.cases.index] = True
    index = frame.index[somewhere]
    columns = {"case_id": frame.loc[index, "case_id"]}
    made = {level.analysis: (level, model) for level, _, model in parts if model is not None}
    for analysis, prefix in PREFIXES.items():
        level, model = made.get(analysis, (None, None))
        columns |= _columns(index, level, model, prefix)
    return pd.DataFrame(columns, index=index)


def _columns(index, level, model, prefix):
    if level is None:
        arm = pd.Series(pd.NA, index=index, dtype="string")
        return {f"{prefix}arm": arm, f"{prefix}weight": pd.Series(np.nan, index=index)}
    scores = model.propensity.reindex(index)
    columns = {f"{prefix}arm": level.arm.astype("string").reindex(index)}
    columns |= {f"{prefix}propensity_{name}": scores[name] for name in scores}
    return columns | {f"{prefix}weight": model.weight.reindex(index).astype(float)}


def weight(inputs, out, settings):
    """weights.parquet, balance.csv, overlap.csv, diagnostics.csv, not_assessable.csv."""
    frame = files.read_table(inputs["cohort"])
    settings = settings | {"cohort": effective(frame, settings)}
    tables = analyse(frame, settings)
    files.write_table(tables.pop("weights"), out / "weights.parquet")
    for name, table in tables.items():
        files.write_csv(table, out / f"{name}.csv")
