"""Walking after treatment."""

import pandas as pd

from mescc_analytics.cohort.timeline import assess_walking, walks_at_entry
from mescc_analytics.stats.walking import contrasts, rates
from mescc_analytics.steps import walking_adjusted, walking_states
from mescc_analytics.steps.cohort import effective
from mescc_analytics.steps.groups import (
    NOT_ASSESSABLE,
    arms_of,
    not_assessable,
    reference_arm,
    stack,
)
from mescc_analytics.tables import files

WALKING_COLUMNS = "ambulatory_status_30d (_90d, _180d, _365d), or ambulatory_status of the visits"
BASELINE = ["ambulatory", "non_ambulatory"]
WEIGHTING = ("weights", "diagnostics")


def analyse(frame, visits, settings, given=None):
    """Tables of the step by name; see ``ambulatory``.

    Parameters
    ----------
    frame, visits : DataFrame
    settings : dict
    given : dict, optional
        weights and diagnostics of the step `weight`.
    """
    chosen = settings["ambulatory"]
    states = assess_walking(frame, visits, chosen)
    entry = entry_status(frame, chosen["definition"])
    plan, missing = _plan(frame, states)
    found = {name: [] for name in COLUMNS}
    for name, group in plan:
        for timepoint in states:
            at = (states.loc[group.index, timepoint], group, entry.loc[group.index])
            key = {"analysis": name, "timepoint_days": float(timepoint)}
            limits = {"level": chosen["confidence_level"], "exact_below": chosen["exact_below"]}
            table = rates(*at, **limits)
            found["rates"].append(table.assign(**key))
            if name == "by_arm":
                found["contrasts"].append(_contrasts(at, settings).assign(**key))
    # where arms cannot be compared at all there is nothing to adjust either
    if len(plan) > 1:
        made, absent = walking_adjusted.analyse(frame, states, given or {}, settings)
        found = {name: [*parts, *made.get(name, [])] for name, parts in found.items()}
        found["contrasts"] = [walking_adjusted.beside(stack(found["contrasts"]))]
        missing += absent
    tables = {name: _joined(parts, COLUMNS[name]) for name, parts in found.items()}
    return tables | {"not_assessable": pd.DataFrame(missing, columns=NOT_ASSESSABLE)}


def _contrasts(at, settings):
    chosen, group = settings["ambulatory"], at[1]
    return contrasts(
        *at,
        reference=reference_arm(group, settings["cohort"]["reference_arm"]),
        level=chosen["confidence_level"],
        min_arm=chosen["min_arm"],
    )


def entry_status(frame, definition):
    """Walking at entry as a category: ambulatory, non_ambulatory, missing where not recorded."""
    walks = walks_at_entry(frame, definition).map({True: BASELINE[0], False: BASELINE[1]})
    return pd.Series(pd.Categorical(walks, BASELINE), index=frame.index)


def _plan(frame, states):
    """Analyses that can be made, (name, group) each, and the rows of those that cannot."""
    whole = frame[frame["in_overall"].fillna(False).to_numpy(dtype=bool)]
    everybody = pd.Series(pd.Categorical(["all"] * len(whole)), index=whole.index)
    _, arm, reason = arms_of(frame)
    plan = [("overall", everybody), ("by_arm", arm)]
    if not states.isin(["walking", "not_walking"]).to_numpy().any():
        return [], [not_assessable(name, f"needs {WALKING_COLUMNS}") for name, _ in plan]
    if reason:
        return plan[:1], [not_assessable("by_arm", reason)]
    return plan, []


def _joined(parts, columns):
    return stack(parts)[columns] if parts else pd.DataFrame(columns=columns)


COLUMNS = {
    "rates": [
        "analysis",
        "group",
        "baseline",
        "outcome",
        "timepoint_days",
        "estimand",
        "numerator",
        "denominator",
        "proportion",
        "ci_lower",
        "ci_upper",
        "n_dead",
        "n_unknown",
        "note",
    ],
    "contrasts": [
        "analysis",
        "group",
        "reference",
        "baseline",
        "timepoint_days",
        "estimand",
        "measure",
        "estimate",
        "ci_lower",
        "ci_upper",
        "p",
        "test",
        "note",
        "p_holm",
        "e_value",
        "e_value_limit",
    ],
    **walking_adjusted.COLUMNS,
}


def process(frame, visits, settings):
    """Tables of walking as a process: occupancy, expected_days, transitions, paired."""
    states = assess_walking(frame, visits, settings["ambulatory"])
    plan, _ = _plan(frame, states)
    parts = walking_states.over_time(frame, visits, plan, settings)
    chosen = settings["ambulatory"]
    known = (entry_status(frame, chosen["definition"]), states)
    parts["paired"] = walking_states.change(frame, visits, known, plan, chosen)
    return walking_states.joined(parts)


def ambulatory(inputs, out, settings):
    """rates.csv, contrasts.csv, adjusted.csv, diagnostics.csv, occupancy.csv, expected_days.csv,
    transitions.csv, paired.csv, not_assessable.csv.
    """
    frame, visits = (files.read_table(inputs[name]) for name in ("cohort", "visits"))
    settings = settings | {"cohort": effective(frame, settings)}
    given = {name: files.read_table(inputs[name]) for name in WEIGHTING if name in inputs}
    given = given if len(given) == len(WEIGHTING) else {}
    tables = analyse(frame, visits, settings, given) | process(frame, visits, settings)
    if walking_states.enters_late(settings):
        late = pd.DataFrame([not_assessable(walking_states.OVER_TIME, walking_states.LATE)])
        tables["not_assessable"] = stack([tables["not_assessable"], late])
    for name, table in tables.items():
        files.write_csv(table, out / f"{name}.csv")
