"""Walking after treatment."""

import pandas as pd

from mescc_analytics.cohort.timeline import assess_walking, walks_at_entry
from mescc_analytics.stats.walking import contrasts, rates
from mescc_analytics.steps.groups import arms_of, not_assessable, reference_arm
from mescc_analytics.tables import files

BASELINE = ["ambulatory", "non_ambulatory"]


def analyse(frame, visits, settings):
    """Tables of the step by name; see ``ambulatory``."""
    chosen = settings["ambulatory"]
    states = assess_walking(frame, visits, chosen)
    entry = walks_at_entry(frame, chosen["definition"]).map({True: BASELINE[0], False: BASELINE[1]})
    entry = pd.Series(pd.Categorical(entry, BASELINE), index=frame.index)
    whole = frame[frame["in_overall"].fillna(False).to_numpy(dtype=bool)]
    everybody = pd.Series(pd.Categorical(["all"] * len(whole)), index=whole.index)
    compared, arm, reason = arms_of(frame)
    plan, missing = [("overall", everybody)], []
    if reason:
        missing.append(not_assessable("by_arm", reason))
    else:
        plan.append(("by_arm", arm))
    if not states.isin(["walking", "not_walking"]).to_numpy().any():
        needs = "ambulatory_status_30d (or _90d, _180d, _365d), or ambulatory_status in the visits table"
        plan, missing = [], [not_assessable(name, f"needs {needs}") for name, _ in plan] + missing
    found = {"rates": [], "contrasts": []}
    for name, group in plan:
        for timepoint in states:
            days = float(timepoint)
            at = (states.loc[group.index, timepoint], group, entry.loc[group.index])
            found["rates"].append(_named(rates(*at, level=chosen["confidence_level"]), name, days))
            if name == "by_arm":
                table = contrasts(
                    *at,
                    reference=reference_arm(group, settings["cohort"]["reference_arm"]),
                    level=chosen["confidence_level"],
                    min_arm=chosen["min_arm"],
                )
                found["contrasts"].append(_named(table, name, days))
    tables = {
        name: pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=COLUMNS[name])
        for name, parts in found.items()
    }
    return tables | {
        "not_assessable": pd.DataFrame(missing, columns=["analysis", "needs", "reason"])
    }


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
    ],
}


def _named(table, name, days):
    table = table.assign(analysis=name, timepoint_days=days)
    return table[
        [c for c in COLUMNS["rates" if "numerator" in table else "contrasts"] if c in table]
    ]


def ambulatory(inputs, out, settings):
    """rates.csv, contrasts.csv, not_assessable.csv."""
    tables = analyse(
        files.read_table(inputs["cohort"]), files.read_table(inputs["visits"]), settings
    )
    for name, table in tables.items():
        files.write_csv(table, out / f"{name}.csv")
