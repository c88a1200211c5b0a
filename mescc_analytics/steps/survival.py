"""Survival of the whole cohort, by baseline column and by arm."""

import numpy as np
import pandas as pd

from mescc_analytics.stats.cox import hazard_frame
from mescc_analytics.stats.survival import SurvivalSpec, curves_by_group, summarise_survival
from mescc_analytics.steps.cohort import arms_are_given, effective
from mescc_analytics.steps.groups import arms_of, group_by, not_assessable, reference_first
from mescc_analytics.tables import files

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


def analyse(frame, settings):
    """Tables of the step by name; see ``survival``."""
    chosen = settings["survival"]
    tables = {name: [] for name in ("curves", "summary", "tests", "hazards")}
    missing = []
    for name, cases, group, start, reason in analyses(frame, settings):
        if reason:
            missing.append(not_assessable(name, reason))
            continue
        unknown = int(group.isna().sum()) if group is not None else 0
        if unknown:
            known = group.notna().to_numpy()
            cases, group = cases[known], group[known]
        days = cases["survival_days"].to_numpy(dtype=float)
        died = cases["survival_event"].to_numpy(dtype=bool)
        spec = SurvivalSpec(
            start_days=start,
            level=chosen["confidence_level"],
            interval=chosen["interval"],
            milestones_days=tuple(chosen["milestones_days"]),
            horizon_days=chosen["horizon_days"],
        )
        tables["curves"].append(curves_by_group(days, died, group, spec).assign(analysis=name))
        tables["summary"].append(
            summarise_survival(days, died, group, spec).assign(
                analysis=name, n_group_unknown=unknown
            )
        )
        if group is not None:
            if name == "by_arm":
                group = reference_first(group, settings["cohort"]["reference_arm"])
            hazards, tests = hazard_frame(days, died, group, chosen["confidence_level"])
            tables["hazards"].append(hazards.assign(analysis=name))
            tables["tests"].append(tests.assign(analysis=name))
    return {name: _joined(parts, name) for name, parts in tables.items()} | {
        "not_assessable": pd.DataFrame(missing, columns=["analysis", "needs", "reason"])
    }


COLUMNS = {
    "tests": ["analysis", "test", "statistic", "df", "p", "note"],
    "hazards": [
        "analysis",
        "term",
        "group",
        "reference",
        "hazard_ratio",
        "ci_lower",
        "ci_upper",
        "p",
        "ph_p",
        "note",
    ],
}


def _joined(parts, name):
    if not parts:
        return pd.DataFrame(columns=COLUMNS.get(name, ["analysis", "group"]))
    frame = pd.concat(parts, ignore_index=True)
    frame.insert(0, "analysis", frame.pop("analysis"))
    return frame


def survival(inputs, out, settings):
    """curves.csv, summary.csv, tests.csv, hazards.csv, not_assessable.csv."""
    frame = files.read_table(inputs["cohort"])
    settings = settings | {"cohort": effective(frame, settings)}
    tables = analyse(frame, settings)
    naive = settings["cohort"]["landmark_days"] == 0 and not arms_are_given(frame)
    if naive and len(tables["summary"]):
        by_arm = tables["summary"]["analysis"].eq("by_arm")
        note = tables["summary"]["note"].fillna("")
        tables["summary"]["note"] = np.where(
            by_arm, (note + "; " + NAIVE).str.removeprefix("; "), note
        )
    for name, table in tables.items():
        files.write_csv(table, out / f"{name}.csv")
