"""Case mix, presentation, delays, harms and early deaths of a cohort, to put beside what was
published of others.

Whatever is not recorded in a case is missing there and in no denominator. Nothing is measured of
which no case has a record.
"""

import pandas as pd

from mescc_analytics import codebook
from mescc_analytics.quality.case_outcomes import arm_of, flag, measured
from mescc_analytics.quality.cohort_figures import typed
from mescc_analytics.stats.intervals import mean_interval, median_interval, wilson

SUMMARIES = {"median_days": median_interval, "mean_days": mean_interval}


def case_figures(cases, rules):
    """Figures of the cases themselves, for the whole cohort and each arm or group of arms.

    Parameters
    ----------
    cases : DataFrame, shape (n_cases, ...)
        The cases analysed, with their scores and arm; columns that are absent are not measured.
    rules : CohortRules

    Returns
    -------
    DataFrame
        As `cohort_figures`, analysis "cases" (known at entry) or "treated". n_unknown counts
        those asked without a record, n_least is the smallest number above 0 among the levels from
        which the figure was made.

    Notes
    -----
    Proportions with Wilson's interval, medians with the interval of order statistics, means with
    Student's, all of 95%.
    """
    groups = _groups(cases)
    compared = flag(cases, "in_arms").fillna(True).astype(bool)
    rows = []
    for item in measured(cases, rules):
        for arm, members in groups.items():
            early = item.after != "" or arm == "all"
            if arm in _possible(item, groups):
                row = _row(item, arm, members if early else members & compared)
                rows.append(row | {"start_days": 0.0 if early else float(rules.landmark_days)})
    return typed(pd.DataFrame([row for row in rows if row["denominator"]], columns=_COLUMNS))


_COLUMNS = (
    "outcome measure arm baseline analysis definition death_rule counted timepoint_days start_days "
    "estimate ci_lower ci_upper numerator denominator n_unknown n_least"
).split()


def operated_share(cases):
    """Share of operated cases among those whose treatment is known; NaN where it is of none."""
    arm = arm_of(cases)
    known = arm[arm.ne("unknown").fillna(False)]
    operated = codebook.load("arms")["broad"]["surgery"]["arms"]
    return float(known.isin(operated).mean()) if len(known) else float("nan")


def _groups(cases):
    """Name of the whole cohort, of each arm and of each group of arms, to who belongs to it."""
    arm = arm_of(cases)
    arms = codebook.load("arms")
    groups = {"all": pd.Series(True, index=cases.index)}
    groups |= {name: arm.eq(name) for name in arms["arms"] if name != "unknown"}
    groups |= {name: arm.isin(entry["arms"]) for name, entry in arms["broad"].items()}
    return {name: members.fillna(False).astype(bool) for name, members in groups.items()}


def _possible(item, groups):
    """The groups that can have an outcome at all."""
    operated = codebook.load("arms")["broad"]["surgery"]["arms"]
    return {"surgery": ["surgery", "surgery_rt", *operated], "whole": ["all"]}.get(
        item.after, groups
    )


def _row(item, arm, members):
    inside = members & item.asked
    values = item.values[inside].dropna()
    row = {
        "outcome": item.outcome,
        "measure": item.measure,
        "arm": arm,
        "baseline": "all",
        "analysis": "treated" if item.after else "cases",
        "definition": item.definition,
        "death_rule": item.death_rule,
        "counted": item.counted,
        "timepoint_days": item.timepoint_days,
        "denominator": len(values),
        "n_unknown": int(inside.sum()) - len(values),
    }
    return row | (_proportion(item, inside, values) if len(values) else {})


def _proportion(item, inside, values):
    if item.measure in SUMMARIES:
        numbers = SUMMARIES[item.measure](values.to_numpy(dtype=float))
        return dict(zip(("estimate", "ci_lower", "ci_upper"), numbers, strict=True))
    n = int(values.sum())
    sizes = [int(part[inside].sum()) for part in item.parts or (item.values,)]
    shares = map(float, wilson(n, len(values)))
    return {
        "numerator": n,
        "n_least": min((size for size in sizes if size), default=0),
        **dict(zip(("estimate", "ci_lower", "ci_upper"), shares, strict=True)),
    }
