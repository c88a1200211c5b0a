"""Differences in survival between arms as a table that says what a restricted mean is."""

import re

from mescc_analytics.present import cells, display, wording
from mescc_analytics.present.tables import Table

SMALL = re.compile(r"no p value: fewer than (\d+) cases")
START = re.compile(r"is not after the start, day ([0-9.]+)")
STRATEGIES = (
    "Strategies have bootstrap intervals, which are somewhat too short where treatment was chosen "
    "by indication, and no test."
)
RESAMPLES = (
    "Strategies without an interval: too many of the bootstrap samples have no estimate, because "
    "too few cases begin or keep a strategy."
)
SIDES = ["group", "reference"]
FAILED = "diagnostics failed: "
NO_TEST = "no test"
FIRTH = "Firth's penalised likelihood"
TESTS = {
    "log_rank": "log-rank test",
    "log_rank_unstratified": "log-rank test without strata",
}
RHO_GAMMA = {
    "fleming_harrington_1_0": "Fleming-Harrington test that stresses early differences",
    "fleming_harrington_0_1": "Fleming-Harrington test that stresses late differences",
}


def contrasts(frame, hazards, tests, study):
    """Every arm against the reference: days lived, survival on each day, hazard ratio.

    Parameters
    ----------
    frame, hazards, tests : DataFrame
        contrasts.csv, hazards.csv and tests.csv of survival with withheld numbers NA and marked
        (columns mark, p_mark).
    study : Study
    """
    by_arm = frame["analysis"].astype("string").str.startswith("by_arm").fillna(False)
    frame = frame[by_arm & ~frame["analysis"].isin(wording.WEIGHTED)]
    ratios = {(row["analysis"], row["group"]): row for row in hazards.to_dict("records")}
    lived = frame[frame["measure"] == "rmst_difference"]
    days = sorted(frame.loc[frame["measure"] == "survival_difference", "time_days"].unique())
    rows = []
    for analysis, own in lived.groupby("analysis", sort=False):
        rows.append((analysis_title(analysis, study), *[""] * (5 + len(days))))
        for row in own.to_dict("records"):
            others = _on_days(frame, row, days)
            rows.append(_row(row, others, ratios.get((analysis, row["group"]), {})))
    horizon = lived["time_days"].iloc[0] if len(lived) else None
    title = f"Survival: differences between arms, cohort {study.name}"
    return Table(
        "survival_contrasts",
        title,
        _head(days),
        tuple(rows),
        _notes((frame, hazards, tests), horizon, study),
    )


def _head(days):
    on_days = (f"Survival at {display.day_count(day)} days, points" for day in days)
    ratio = ("Hazard ratio", "p, hazard ratio", "E-value")
    return ("", "Days lived, difference", "p, days lived", *on_days, *ratio)


def analysis_title(analysis, study):
    """The words above the rows of an analysis of arms."""
    if analysis != "by_arm":
        return wording.ANALYSES.get(analysis, "Arm")
    day = display.day_count(study.landmark_days)
    return f"Arm, from the landmark at day {day}" if study.landmark_days else "Arm"


def _on_days(frame, row, days):
    own = frame[(frame["analysis"] == row["analysis"]) & (frame["group"] == row["group"])]
    found = own[own["measure"] == "survival_difference"].to_dict("records")
    by_day = {record["time_days"]: record for record in found}
    return [by_day.get(day, {}) for day in days]


def _row(lived, on_days, ratio):
    pair = [wording.group_label(lived["analysis"], lived[side]) for side in ("group", "reference")]
    first = _estimate(lived, display.number)
    points = [_estimate(row, lambda value: display.number(100 * value)) for row in on_days]
    if first.startswith(cells.NOT_ESTIMABLE):  # the reason is read once
        points = [cells.NOT_ESTIMABLE if cell == first else cell for cell in points]
    return (
        f"{cells.INDENT}{pair[0]} against {pair[1]}",
        first,
        p_cell(lived, "p_holm"),
        *points,
        ratio_cell(ratio),
        p_cell(ratio, "p_holm"),
        e_value(ratio),
    )


def _estimate(row, form):
    if not display.is_missing(row.get("mark")):
        return cells.marked(row)
    if display.is_missing(row.get("estimate")):
        start = START.search(str(row.get("note")))
        if start:
            return f"starts on day {start.group(1)}"
        return cells.reason(row, "", cells.NOT_ESTIMABLE)
    if display.is_missing(row["ci_lower"]):
        return f"{form(row['estimate'])} (no interval)"
    return display.short_interval(row["estimate"], row["ci_lower"], row["ci_upper"], form)


def ratio_cell(row):
    """A hazard ratio with its interval; starred where it is Firth's."""
    if not display.is_missing(row.get("mark")):
        return cells.marked(row)
    if display.is_missing(row.get("hazard_ratio")):
        return cells.NOT_ESTIMABLE
    limits = row["ci_lower"], row["ci_upper"]
    star = " *" if FIRTH in str(row.get("note")) else ""
    return display.short_interval(row["hazard_ratio"], *limits, display.ratio) + star


def p_cell(row, name):
    """A p value, or why there is none: hidden, a small arm, or no test."""
    for mark in ("mark", "p_mark"):
        if not display.is_missing(row.get(mark)):
            return cells.marked(row, mark)
    if not display.is_missing(row.get(name)):
        return display.p_value(row[name])
    return "small group" if SMALL.search(str(row.get("note"))) else NO_TEST


def e_value(row):
    """E-value of a hazard ratio, in brackets that of its limit nearer to 1."""
    if not display.is_missing(row.get("mark")):
        return cells.marked(row)
    if display.is_missing(row.get("e_value")):
        return cells.NOT_ESTIMABLE
    value, limit = display.ratio(row["e_value"]), row.get("e_value_limit")
    return value if display.is_missing(limit) else f"{value} ({display.ratio(limit)})"


def _notes(frames, horizon, study):
    frame, hazards, tests = frames
    day = "" if horizon is None else display.day_count(horizon)
    notes = [
        f"Days lived: mean days lived within {day} days of time zero (restricted mean survival "
        "time, the area under the survival curve), in the arm minus in the reference; minus 20 "
        "says that patients of the arm lived 20 days less on average within that time. What "
        "happens later does not count."
        if day
        else "",
        "Survival: difference of the proportions alive, in percentage points. Hazard ratio: above "
        "1, more deaths than in the reference; not adjusted but by the weights of a row that has "
        f"them. In brackets: {study.level_words}. p values take into account how many arms are "
        "compared (Holm).",
        *_strategies(frame),
        small_note(frame, hazards),
        firth_note(hazards[hazards["analysis"].isin(frame["analysis"])]),
        _all_arms(tests[tests["analysis"] == "by_arm"]),
        "E-value: the risk ratio that an unmeasured factor would need with both arm and death to "
        "account for all of the hazard ratio; in brackets, for its interval to include 1 (1: it "
        "does already).",
        study.arms_note,
        study.suppression_note,
    ]
    return tuple(note for note in notes if note)


def _strategies(frame):
    """What strategies are, which are shown although they failed, and why one has no interval."""
    if (frame["analysis"] == "by_arm_clone_censor_weight").any():
        yield STRATEGIES
    yield _failed(frame)
    if frame["note"].astype("string").str.contains("resamples have").any():
        yield RESAMPLES


def _failed(frame):
    """Which contrasts are shown although a diagnostic failed, or ""."""
    rows = frame[frame["note"].astype("string").str.startswith(FAILED).fillna(False)]
    names = [
        " against ".join(wording.group_label(row["analysis"], row[side]) for side in SIDES)
        for row in rows.drop_duplicates(["analysis", *SIDES]).to_dict("records")
        if display.is_missing(row.get("mark"))
    ]
    return f"Shown although diagnostics failed: {'; '.join(names)}." if names else ""


def small_note(*frames):
    """What "small group" stands for, or ""."""
    for frame in frames:
        for note in frame["note"].dropna():
            found = SMALL.search(str(note))
            if found:
                return f"Small group: no p value, a group has fewer than {found.group(1)} cases."
    return ""


def firth_note(hazards):
    """What the star stands for, or ""."""
    shown = hazards[hazards["hazard_ratio"].notna()]["note"].astype("string")
    if not shown.str.contains(FIRTH, regex=False).any():
        return ""
    return (
        "* Firth's penalised likelihood with its profile interval: a group without deaths, or "
        "deaths that do not overlap in time, has no other."
    )


def _all_arms(tests):
    said = []
    for row in tests[tests["test"] != "ph_global"].to_dict("records"):
        name = row["test"]
        rho_gamma = "Fleming-Harrington test " + ", ".join(name.split("_")[2:])
        words = TESTS.get(name) or RHO_GAMMA.get(name) or rho_gamma
        if not display.is_missing(row["p"]):
            said.append(f"{words}, {display.p_sentence(row['p'])}")
    if said:
        return f"All arms at once: {'; '.join(said)}."
    small = tests["note"].astype("string").str.contains("no p value").any()
    return "All arms at once: not tested, because an arm is a small group." if small else ""
