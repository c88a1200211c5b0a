"""Arms compared from time zero without immortal time: treatment as it began, and cloned cases."""

from dataclasses import replace

import numpy as np
import pandas as pd

from mescc_analytics.clinical.first_treatment import spells
from mescc_analytics.stats.hazards import Beside
from mescc_analytics.steps import guard, strategies
from mescc_analytics.steps.beside import declared, entry_of
from mescc_analytics.steps.cohort import arms_are_given
from mescc_analytics.steps.design_matrix import design
from mescc_analytics.steps.groups import arms_of, not_assessable, reference_first
from mescc_analytics.steps.survival_contrasts import hazards_and_tests

TIME_VARYING, CLONED = "by_arm_time_varying", "by_arm_clone_censor_weight"
GIVEN = "the table gives the arms, which are known at time zero"
EMPTY = {
    "contrasts": pd.DataFrame(columns=["analysis", *strategies.CONTRASTS]),
    "guard": pd.DataFrame(columns=["analysis", *guard.COLUMNS]),
}


def analyse(frame, settings, missing):
    """Parts of the tables of the step, by name; what cannot be assessed joins `missing`.

    Parameters
    ----------
    frame : DataFrame, shape (n_cases, ...)
        cohort.parquet.
    settings : dict
        survival, cohort (as in effect) and seed.
    missing : list of dict
        As in not_assessable.csv; added to.

    Returns
    -------
    dict of str to list of DataFrame
        curves, summary, hazards, contrasts, guard.
    """
    chosen, parts = settings["survival"], {"contrasts": [], "guard": []}
    plan = ((TIME_VARYING, "time_varying", _time_varying), (CLONED, "clone_censor_weight", _cloned))
    whole = frame[frame["in_overall"].fillna(False).to_numpy(dtype=bool)]
    reason = _why_not(whole, frame)
    for name, key, compute in plan:
        if not chosen[key]:
            continue
        found, why = ({}, reason) if reason else compute(whole, settings)
        if why:
            missing.append(not_assessable(name, why))
        for kind, table in found.items():
            parts.setdefault(kind, []).append(table.assign(analysis=name))
    if len(whole):
        parts["guard"].append(guard.guard(frame, settings).assign(analysis="by_arm"))
    return parts


def _why_not(whole, frame):
    if arms_are_given(frame):
        return GIVEN
    reason = "" if len(whole) else "no case is left after the exclusions"
    reason = reason or arms_of(frame)[2]
    # an empty comparison at the landmark is no reason against one that has none
    return reason if reason.startswith("needs") or not len(whole) else ""


def _time_varying(whole, settings):
    """Hazard ratios of the arm reached so far, from time zero on."""
    chosen = settings["survival"]
    entry, entered, reason = entry_of(whole, chosen)
    if reason:
        return {}, reason
    cases = whole[entered].reset_index(drop=True)
    rows = spell_rows(cases, settings["cohort"], None if entry is None else entry[entered])
    if not len(rows):
        return {}, "no case has a treatment that can be placed in time"
    hazards = time_varying_hazards(cases, rows, settings)
    few = "fewer than two arms with cases" if hazards.empty else ""
    return ({} if few else {"hazards": hazards}), few


def spell_rows(cases, cohort, entry=None):
    """Spells of the arms of some cases with their deaths; see `first_treatment.spells`.

    Parameters
    ----------
    cases : DataFrame, shape (n_cases, ...)
        Rows numbered from 0.
    cohort : dict
        Section cohort.
    entry : array of float, shape (n_cases,), optional
        Day of delayed entry.
    """
    last = cases["survival_days"].to_numpy(dtype=float)
    rows = spells(cases, cases["time_zero_day"], last, cohort)
    return dated(rows, cases, entry)


def dated(rows, cases, entry=None):
    """Rows of spells with the death of their case in the last, and not before the case entered."""
    died = cases["survival_event"].to_numpy(dtype=bool)
    rows = rows.assign(event=died[rows["row"]] & rows["last"])
    if entry is not None:
        rows = rows.assign(entry=np.maximum(rows["entry"], entry[rows["row"]]))
        rows = rows[rows["entry"] < rows["time"]]
    return rows.reset_index(drop=True)


def time_varying_hazards(cases, rows, settings):
    """Hazard ratios between the groups of spells, with how many cases and deaths they rest on."""
    chosen = settings["survival"]
    group = rows["arm"].cat.remove_unused_categories()
    group = reference_first(group, _wanted(group, settings["cohort"]["reference_arm"]))
    of_case, words = declared(cases, chosen)
    picked = rows["row"].to_numpy()
    matrix = design(cases, chosen["adjust_for"]).matrix[picked]
    beside = Beside(
        entry=rows["entry"].to_numpy(float),
        covariates=matrix if matrix.shape[1] else None,
        **{name: None if v is None else v[picked] for name, v in of_case.items()},
    )
    if (rows["entry"] == -np.inf).all():
        beside = replace(beside, entry=None)
    days, died = rows["time"].to_numpy(float), rows["event"].to_numpy(bool)
    hazards, _ = hazards_and_tests(days, died, group, chosen | {"fleming_harrington": []}, beside)
    sizes = pd.DataFrame({"group": group.astype("string"), "row": picked, "died": died})
    counted = sizes.groupby("group").agg(n=("row", "nunique"), events=("died", "sum"))
    for side, ending in (("group", ""), ("reference", "_reference")):
        for name in ("n", "events"):
            hazards[name + ending] = hazards[side].map(counted[name])
    return hazards.assign(**words)


def _wanted(group, reference):
    """The configured reference where it occurs among these groups."""
    return reference if reference in set(group.cat.categories) else None


def _cloned(whole, settings):
    """Curves, summary, hazard ratios and contrasts of the strategies."""
    if settings["survival"]["entry"] != "none":
        return {}, "delayed entry is not part of it: clones need everybody from time zero on"
    return strategies.compare(whole, settings)
