"""Walking as a process, for the step `ambulatory`: states over time, transitions, change."""

import numpy as np
import pandas as pd

from mescc_analytics.cohort import endpoints
from mescc_analytics.stats.occupancy import OccupancySpec
from mescc_analytics.stats.paired import mcnemar_exact, stuart_maxwell
from mescc_analytics.stats.state_days import occupancy_by_group, transitions
from mescc_analytics.steps.beside import clusters_of
from mescc_analytics.steps.groups import reference_arm, stack

NAMES = {"walking": "ambulatory", "not_walking": "non_ambulatory"}
STATES = ("ambulatory", "non_ambulatory", "dead", "unknown")
COLUMNS = {
    "occupancy": [
        *("analysis", "group", "time_days", "n_followed"),
        *(f"{state}{end}" for state in STATES for end in ("", "_lower", "_upper")),
    ],
    "expected_days": "analysis group reference measure start_days horizon_days days ci_lower "
    "ci_upper note cluster".split(),
    "transitions": "analysis group from_state to_state n n_from proportion".split(),
    "paired": "analysis group measure timepoint_days test n_pairs n_better n_worse statistic df p "
    "note".split(),
}
AIS = ("A", "B", "C", "D", "E")
OVER_TIME = "over time (states and expected days)"
LATE = "not made for delayed entry: states over time need everybody from time zero on"


def over_time(frame, visits, plan, settings):
    """Occupancy, expected days and transitions of every analysis that can be made.

    Parameters
    ----------
    frame, visits : DataFrame
        Cohort and visits.
    plan : list of (str, Categorical Series)
        Name of each analysis and the groups of its cases.
    settings : dict

    Returns
    -------
    dict of str to list of DataFrame
        Parts of the tables occupancy, expected_days, transitions.
    """
    chosen, parts = settings["ambulatory"], {name: [] for name in COLUMNS}
    if enters_late(settings):
        return parts
    streams = np.random.default_rng(settings["seed"]).spawn(2)
    for (name, group), rng in zip(plan, streams, strict=False):
        spec = _spec(chosen, float(settings["cohort"]["landmark_days"]) * (name == "by_arm"))
        if spec.horizon_days <= spec.start_days or not len(group):
            continue
        cases = frame.loc[group.index]
        time = cases["survival_days"].to_numpy(dtype=float)
        died = cases["survival_event"].to_numpy(dtype=bool)
        seen = endpoints.statuses(cases, visits, chosen["definition"])
        reference = (
            reference_arm(group, settings["cohort"]["reference_arm"]) if name == "by_arm" else None
        )
        given = {"rng": rng, "spec": spec, "reference": reference}
        given["cluster"], why = clusters_of(cases, chosen["cluster"])
        curves, days = occupancy_by_group(time, died, seen, group, **given)
        days["cluster"] = f"none: {why}" if why else chosen["cluster"]
        moves = transitions(time, died, seen, group, spec=spec)
        for kind, table in (("occupancy", curves), ("expected_days", days), ("transitions", moves)):
            parts[kind].append(_renamed(table).assign(analysis=name))
    return parts


def enters_late(settings):
    """Whether cases come under observation late, for which states over time are not made."""
    return settings.get("survival", {}).get("entry", "none") != "none"


def _spec(chosen, start):
    return OccupancySpec(
        start_days=start,
        horizon_days=float(chosen["horizon_days"]),
        hold_days=float(chosen["carry_forward_days"]),
        step_days=float(chosen["occupancy_step_days"]),
        level=chosen["confidence_level"],
        n_resamples=chosen["n_resamples"],
    )


def _renamed(table):
    """States by their names in the results."""
    names = {
        f"{old}{end}": f"{new}{end}"
        for old, new in NAMES.items()
        for end in ("", "_lower", "_upper")
    }
    table = table.rename(columns=names)
    for column in ("from_state", "to_state", "measure"):
        if column in table:
            table[column] = table[column].str.replace(r"^(not_)?walking", _state, regex=True)
    return table


def _state(found):
    return NAMES[found.group()]


def change(frame, visits, known, plan, chosen):
    """Change in walking and in AIS from entry to each timepoint, cases known at both.

    Parameters
    ----------
    frame, visits : DataFrame
    known : (Categorical Series, DataFrame of shape (n_cases, n_timepoints))
        Status at entry (ambulatory, non_ambulatory), and states as from `assess_walking`.
    plan : list of (str, Categorical Series)
    chosen : dict
        Section ambulatory.

    Returns
    -------
    list of DataFrame
    """
    entry, states = known
    walks = states.apply(lambda column: column.astype("string").map(NAMES))
    measures = [("walking", entry.astype("string"), walks, ("non_ambulatory", "ambulatory"))]
    grades = endpoints.ais_at(frame, visits, chosen)
    if grades is not None:
        measures.append(("ais", frame["ais"].astype("string"), grades, AIS))
    return [
        _rows(name, group, measure, chosen["min_arm"])
        for name, group in plan
        for measure in measures
    ]


def _rows(analysis, group, measure, min_pairs):
    name, first, later, levels = measure
    rows = []
    for label in group.cat.categories:
        members = group.index[group == label]
        for timepoint in later:
            pair = pd.DataFrame(
                {"first": first.loc[members], "second": later.loc[members, timepoint]}
            )
            table = _square(pair.dropna(), levels)
            key = {"analysis": analysis, "group": str(label), "measure": name}
            key |= {"timepoint_days": float(timepoint)}
            rows.append(key | _tested(table, min_pairs))
    return pd.DataFrame(rows, columns=COLUMNS["paired"])


def _square(pair, levels):
    codes = [pd.Categorical(pair[name], levels).codes.astype(int) for name in ("first", "second")]
    size = len(levels)
    return np.bincount(codes[0] * size + codes[1], minlength=size**2).reshape(size, size)


def _tested(table, min_pairs):
    """Counts and test of one table of pairs; rows and columns from the worst level to the best."""
    two = len(table) == 2
    found = mcnemar_exact(table) if two else stuart_maxwell(table)
    n = int(table.sum())
    row = {
        "test": "mcnemar_exact" if two else "stuart_maxwell",
        "n_pairs": n,
        "n_better": int(np.triu(table, 1).sum()),
        "n_worse": int(np.tril(table, -1).sum()),
        "statistic": found["statistic"],
        "df": found.get("df", 1),
        "p": found["p"],
        "note": found["note"],
    }
    if n < min_pairs:
        row |= {"p": np.nan, "note": f"no p value: fewer than {min_pairs} cases known at both"}
    return row


def joined(parts):
    """One table per name, empty ones with their columns."""
    return {
        name: stack(found)[COLUMNS[name]] if found else pd.DataFrame(columns=COLUMNS[name])
        for name, found in parts.items()
    }
