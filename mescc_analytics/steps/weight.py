"""Weights that make the arms alike, and whether they do."""

import numpy as np
import pandas as pd

from mescc_analytics.errors import UsageError
from mescc_analytics.steps import weight_diagnostics
from mescc_analytics.steps.cohort import arms_are_given, effective
from mescc_analytics.steps.groups import (
    NOT_ASSESSABLE,
    arms_of,
    not_assessable,
    reference_arm,
    source_column,
    stack,
)
from mescc_analytics.steps.propensity import fit_model
from mescc_analytics.tables import files

GIVEN = "the table gives the arms: weight.given_arms decides whether they are adjusted"


def analyse(frame, settings):
    """Tables of the step by name: weights, balance, overlap, diagnostics, not_assessable."""
    chosen = settings["weight"]
    compared, arm, reason = arms_of(frame)
    if not reason and arms_are_given(frame) and chosen["given_arms"] == "skip":
        reason = GIVEN
    if reason:
        return _without(compared, reason)
    reference = reference_arm(arm, settings["cohort"]["reference_arm"])
    _check_att_arm(arm, chosen)
    model = fit_model(compared, arm, chosen, reference)
    left_out = weight_diagnostics.left_out_rows(model.left_out, reference)
    if model.reason:
        return _without(compared, model.reason, left_out, _absent(model.covariates.absent))
    return _tables(compared, arm, model, left_out, chosen)


def _check_att_arm(arm, chosen):
    present, wanted = list(arm.cat.categories), chosen["att_arm"]
    if chosen["estimand"] == "att" and wanted is not None and wanted not in present:
        found = f"weight.att_arm: found '{wanted}', wanted one of {', '.join(present)}"
        raise UsageError("the config", [found])


def _tables(compared, arm, model, left_out, chosen):
    cases = compared.loc[model.arm.index]
    outcome = pd.DataFrame(
        {
            "days": cases["survival_days"].to_numpy(float),
            "died": cases["survival_event"].to_numpy(bool),
        },
        index=cases.index,
    )
    balance = weight_diagnostics.balance_of(model, chosen)
    judged = weight_diagnostics.diagnostics_of(model, balance, outcome, chosen)
    absent = _absent(model.covariates.absent)
    return {
        "weights": _weights(compared, arm, model),
        "balance": balance,
        "overlap": weight_diagnostics.overlap_of(model, chosen),
        "diagnostics": stack([judged, left_out]) if len(left_out) else judged,
        "not_assessable": pd.DataFrame(absent, columns=NOT_ASSESSABLE),
    }


def _absent(names):
    return [not_assessable(f"covariate {name}", f"needs {source_column(name)}") for name in names]


def _without(compared, reason, left_out=None, absent=()):
    """The tables where nothing can be weighted."""
    rows = [not_assessable("by_arm_weighted", reason), *absent]
    empty = pd.DataFrame(columns=weight_diagnostics.DIAGNOSTICS)
    return {
        "weights": _frame_of(compared.iloc[:0], compared["arm"].iloc[:0], pd.DataFrame(), []),
        "balance": pd.DataFrame(columns=weight_diagnostics.BALANCE),
        "overlap": pd.DataFrame(columns=weight_diagnostics.OVERLAP),
        "diagnostics": empty if left_out is None or left_out.empty else left_out,
        "not_assessable": pd.DataFrame(rows, columns=NOT_ASSESSABLE),
    }


def _weights(compared, arm, model):
    """One row per case in the comparison of arms; no weight for those not in the model."""
    scores = model.propensity.reindex(compared.index)
    return _frame_of(compared, arm, scores, model.weight.reindex(compared.index))


def _frame_of(compared, arm, scores, weight):
    columns = {"case_id": compared["case_id"], "arm": arm.astype("string")}
    columns |= {f"propensity_{name}": scores[name] for name in scores}
    columns["weight"] = pd.Series(np.asarray(weight, float), index=compared.index)
    return pd.DataFrame(columns, index=compared.index)


def weight(inputs, out, settings):
    """weights.parquet, balance.csv, overlap.csv, diagnostics.csv, not_assessable.csv."""
    frame = files.read_table(inputs["cohort"])
    settings = settings | {"cohort": effective(frame, settings)}
    tables = analyse(frame, settings)
    files.write_table(tables.pop("weights"), out / "weights.parquet")
    for name, table in tables.items():
        files.write_csv(table, out / f"{name}.csv")
