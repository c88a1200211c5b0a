"""Survival of the whole cohort, by baseline column and by arm."""

import numpy as np
import pandas as pd

from mescc_analytics.stats.hazards import Beside
from mescc_analytics.stats.survival import curves_by_group, summarise_survival
from mescc_analytics.steps import survival_contrasts, survival_immortal, survival_weighted
from mescc_analytics.steps.beside import declared, entry_of, spec_of
from mescc_analytics.steps.cohort import arms_are_given, effective
from mescc_analytics.steps.groups import (
    NOT_ASSESSABLE,
    arms_of,
    group_by,
    not_assessable,
    reference_first,
    stack,
)
from mescc_analytics.steps.survival_contrasts import contrast_rows, hazards_and_tests
from mescc_analytics.tables import files

KINDS = ("curves", "summary", "tests", "hazards", "contrasts")
NAIVE = (
    "caution: arms by treatment received, counted from time zero without a landmark (immortal time)"
)


def analyses(frame, settings):
    """Every analysis of the step: (name, cases, group or None, day at which its clock starts,
    reason if not assessable).
    """
    whole = frame[frame["in_overall"].fillna(False).to_numpy(dtype=bool)]
    plan = [
        ("overall", whole, None, 0.0, "" if len(whole) else "no case is left after the exclusions")
    ]
    for column in settings["survival"]["by"]:
        group, reason = group_by(whole, column)
        plan.append((f"by_{column}", whole, group, 0.0, reason))
    compared, arm, reason = arms_of(frame)
    start = float(settings["cohort"]["landmark_days"])
    return [*plan, ("by_arm", compared, arm, start, reason)]


def analyse(frame, settings, weights=None, diagnostics=None):
    """Tables of the step by name; see ``survival``."""
    parts, missing = {name: [] for name in KINDS}, []
    for name, cases, group, start, reason in analyses(frame, settings):
        reason = reason or entry_of(cases, settings["survival"])[2]
        if reason:
            missing.append(not_assessable(name, reason))
            continue
        for kind, table in _one(name, cases, group, start, settings).items():
            parts[kind].append(table.assign(analysis=name))
    empty = _without_cases(settings) | survival_immortal.EMPTY
    for found in (
        survival_weighted.analyse(frame, settings, weights, diagnostics, missing),
        survival_immortal.analyse(frame, settings, missing),
    ):
        parts |= {kind: parts.get(kind, []) + more for kind, more in found.items()}
    origin = time_zero_used(frame, settings)
    parts["summary"] = [table.assign(time_zero=origin) for table in parts["summary"]]
    tables = {kind: _joined(found or [empty[kind]]) for kind, found in parts.items()}
    tables = survival_contrasts.finish(tables, settings["survival"])
    return tables | {"not_assessable": pd.DataFrame(missing, columns=NOT_ASSESSABLE)}


def time_zero_used(frame, settings):
    """The origin in use: presentation where no case has the day that the config asks for."""
    source = frame["time_zero_source"] if "time_zero_source" in frame else pd.Series(dtype="string")
    fallen_back = len(source) and source.astype("string").eq("presentation_fallback").all()
    return "presentation" if fallen_back else settings["cohort"]["time_zero"]


def _one(name, cases, group, start, settings):
    """Curves, summary and, where there are groups, tests and hazard ratios of one analysis."""
    chosen, unknown = settings["survival"], 0
    if group is not None and group.isna().any():
        known = group.notna().to_numpy()
        unknown, cases, group = int((~known).sum()), cases[known], group[known]
    entry, entered, _ = entry_of(cases, chosen)
    if not entered.all():
        cases, entry = cases[entered], entry[entered]
        group = None if group is None else group[entered]
    days = cases["survival_days"].to_numpy(dtype=float)
    died = cases["survival_event"].to_numpy(dtype=bool)
    spec = spec_of(chosen, start)
    summary = summarise_survival(days, died, group, spec, entry)
    summary = summary.assign(
        n_group_unknown=unknown, entry=chosen["entry"], n_not_entered=int((~entered).sum())
    )
    tables = {"curves": curves_by_group(days, died, group, spec, entry), "summary": summary}
    if group is None:
        return tables
    if name == "by_arm":
        group = reference_first(group, settings["cohort"]["reference_arm"])
    return tables | _compared(days, died, group, spec, (cases, entry, chosen))


def _compared(days, died, group, spec, about):
    """Hazard ratios, tests and differences between groups, clusters and strata as configured."""
    cases, entry, chosen = about
    arrays, words = declared(cases, chosen)
    beside = Beside(entry=entry, **arrays)
    hazards, tests = hazards_and_tests(days, died, group, chosen, beside)
    contrasts = contrast_rows(days, died, group, spec, entry=entry, cluster=arrays["cluster"])
    return {
        "hazards": hazards.assign(**words),
        "tests": tests.assign(**words),
        "contrasts": contrasts.assign(cluster=words["cluster"]),
    }


TESTS = ["test", "statistic", "df", "p", "note", "cluster", "strata"]
HAZARDS = (
    "term group reference hazard_ratio ci_lower ci_upper p ph_p note cluster strata n events "
    "n_reference events_reference".split()
)


def _without_cases(settings):
    """Tables of an analysis in which nobody is left: the same columns, no rows."""
    none, nobody = np.array([]), pd.Series(pd.Categorical([], []))
    spec = spec_of(settings["survival"], 0.0)
    tables = {
        "curves": curves_by_group(none, none.astype(bool), nobody, spec),
        "summary": summarise_survival(none, none.astype(bool), nobody, spec),
        "tests": pd.DataFrame(columns=TESTS),
        "hazards": pd.DataFrame(columns=HAZARDS),
    }
    tables["summary"]["time_zero"] = pd.NA
    return {name: table.assign(analysis=pd.NA) for name, table in tables.items()}


def _joined(parts):
    frame = stack(parts)
    frame.insert(0, "analysis", frame.pop("analysis"))
    return frame


def survival(inputs, out, settings):
    """curves.csv, summary.csv, tests.csv, hazards.csv, contrasts.csv, guard.csv,
    not_assessable.csv; with the weights and diagnostics of the step weight the adjusted comparison.
    """
    frame = files.read_table(inputs["cohort"])
    settings = settings | {"cohort": effective(frame, settings)}
    given = [
        files.read_table(inputs[name]) if inputs.get(name) else None
        for name in ("weights", "diagnostics")
    ]
    tables = analyse(frame, settings, *given)
    naive = settings["cohort"]["landmark_days"] == 0 and not arms_are_given(frame)
    if naive and len(tables["summary"]):
        by_arm = tables["summary"]["analysis"].eq("by_arm")
        note = tables["summary"]["note"].fillna("")
        tables["summary"]["note"] = np.where(
            by_arm, (note + "; " + NAIVE).str.removeprefix("; "), note
        )
    for name, table in tables.items():
        files.write_csv(table, out / f"{name}.csv")
