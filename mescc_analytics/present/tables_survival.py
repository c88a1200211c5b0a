"""Tables of survival and of hazard ratios."""

import re

from mescc_analytics import codebook
from mescc_analytics.present import cells, display, tables_contrasts, wording
from mescc_analytics.present.tables import Table

CLONED = "by_arm_clone_censor_weight"
STRATEGIES = (
    "First treatment as a strategy: every case counts in each strategy until it departs from it, "
    "so that these are not numbers of cases treated so; curves are weighted for those who "
    "departed, and their intervals hold the weights as they are."
)
WEIGHTED = (
    "First treatment as a strategy: weighted, with bootstrap intervals and no test, and of deaths "
    "up to the horizon of the restricted mean only; the other ratios are of all deaths."
)
UNLIKE = (
    "Those who kept the strategy are too few, or too unlike all cases, to stand in for those who "
    "left it (weight.effective_size_min, weight.balance_most)."
)
STAND_INS = ("effective_n", "largest_smd")
WITHHELD, FAILED = "withheld", "diagnostics failed: "
REACHED = "by_arm_time_varying"
MILESTONE = re.compile(r"survival_[0-9.]+d")


def unweighted(frame):
    """The rows of a result frame but for those of the weighted comparisons of arms."""
    return frame[~frame["analysis"].isin(wording.WEIGHTED).astype(bool)]


def survival(summary, study):
    """Survival per analysis and group: deaths, median, survival at the milestones, restricted
    mean, follow-up.

    Parameters
    ----------
    summary : DataFrame
        summary.csv with withheld numbers NA and marked (columns mark, events_mark,
        survival_<day>d_mark).
    study : Study
    """
    summary, rows = unweighted(summary), []
    found = [name for name in summary if MILESTONE.fullmatch(name)]
    milestones = [name.removeprefix("survival_").removesuffix("d") for name in found]
    for analysis, groups in summary.groupby("analysis", sort=False):
        indent = analysis != "overall"
        if indent:
            rows.append((_analysis_title(analysis, groups), *[""] * (5 + len(milestones))))
        for record in groups.to_dict("records"):
            rows.append(_survival_row(analysis, record, milestones, indent=indent))
    shares = [f"At {day} days, %" for day in milestones]
    means = ("Restricted mean, days", "Median follow-up, days")
    head = ("", "Cases", "Deaths", "Median, days", *shares, *means)
    title = f"Survival from {study.time_zero_words} in days, cohort {study.name}"
    return Table("survival", title, head, tuple(rows), _survival_notes(summary, study))


def _survival_notes(summary, study):
    horizon = summary["rmst_horizon_days"].dropna() if "rmst_horizon_days" in summary else []
    notes = [
        f"In brackets: {study.level_words}. Kaplan-Meier with {study.interval} intervals; "
        "follow-up by the reverse Kaplan-Meier method.",
        f"Restricted mean: mean days lived within {display.day_count(horizon.iloc[0])} days of "
        "time zero."
        if len(horizon)
        else "",
        "By arm: cases alive and in follow-up at the landmark, day "
        f"{display.day_count(study.landmark_days)}."
        if study.landmark_days
        else "",
        *_strategies(summary[summary["analysis"].eq(CLONED)]),
        _unknown_groups(summary, study),
        study.entry_note,
        study.suppression_note,
    ]
    return tuple(note for note in notes if note)


def _strategies(summary):
    """What strategies are, and how well those who keep one stand in for those who left it."""
    if summary.empty:
        return
    yield STRATEGIES
    parts, failed, shown = [], [], []
    for row in summary.to_dict("records"):
        name = wording.group_label(CLONED, row["group"])
        if str(row["note"]).startswith(FAILED):
            shown.append(name)
        if row["mark"] == WITHHELD:
            failed.append(name)
        elif not any(display.is_missing(row.get(column)) for column in STAND_INS):
            size, smd = display.number(row["effective_n"]), display.number(row["largest_smd"], 2)
            parts.append(f"{name} {size} ({smd}, {row['largest_smd_of']})")
    if parts:
        yield (
            "Effective cases that the weights leave to a strategy after the days of grace, in "
            "brackets the largest standardised difference from all cases followed until then: "
            f"{'; '.join(parts)}."
        )
    for words, names in (("Withheld", failed), ("Shown although they failed", shown)):
        if names:
            yield f"{words}: {', '.join(names)}. {UNLIKE}"


def _unknown_groups(summary, study):
    """How many cases were left out of each analysis because their group is unknown, or ""."""
    if "n_group_unknown" not in summary:
        return ""
    parts = []
    for analysis, number in (
        summary.groupby("analysis", sort=False)["n_group_unknown"].first(skipna=False).items()
    ):
        if display.is_missing(number) or number > 0:
            words = study.small if display.is_missing(number) else display.number(number)
            parts.append(f"{_factor_title(analysis)} {words}")
    return f"Cases whose group is unknown, left out: {', '.join(parts)}." if parts else ""


def _analysis_title(analysis, groups):
    if analysis in wording.ANALYSES:
        return wording.ANALYSES[analysis]
    column = wording.column_of(analysis)
    if column != "arm":
        return codebook.label(column)
    start = groups["start_days"].dropna()
    landmark = float(start.iloc[0]) if len(start) else 0.0
    return f"Arm, from the landmark at day {display.day_count(landmark)}" if landmark else "Arm"


def _survival_row(analysis, row, milestones, *, indent):
    name = (cells.INDENT if indent else "") + wording.group_label(analysis, row["group"])
    if not display.is_missing(row["mark"]):
        rest = WITHHELD if row["mark"] == WITHHELD else display.HIDDEN
        return (name, cells.marked(row), *[rest] * (4 + len(milestones)))
    deaths = (
        display.number(row["events"])
        if not display.is_missing(row["events"])
        else cells.marked(row, "events_mark")
    )
    return (
        name,
        cells.count(row | {"mark": row.get("n_mark")}),
        deaths,
        _days_cell(row, "median_days", "median", cells.reason(row, "median not", "not reached")),
        *(_share_cell(row, day) for day in milestones),
        _days_cell(
            row,
            "rmst_days",
            "rmst",
            cells.reason(row, "restricted mean", cells.NOT_ESTIMABLE),
            display.number,
        ),
        _follow_up(analysis, row),
    )


def _follow_up(analysis, row):
    """Median follow-up; none of clones, which are censored where they depart."""
    otherwise = "" if analysis == CLONED else cells.reason(row, "follow-up", "not reached")
    return _days_cell(row, "follow_up_median_days", "follow_up", otherwise)


def _days_cell(row, name, stem, otherwise, form=display.day_count):
    if display.is_missing(row.get(name)):
        return otherwise
    return display.short_interval(
        row[name], row.get(f"{stem}_lower"), row.get(f"{stem}_upper"), form
    )


def _share_cell(row, day):
    total = 0 if display.is_missing(row["n"]) else row["n"]
    name = f"survival_{day}d"
    if not display.is_missing(row.get(f"{name}_mark")):
        return cells.marked(row, f"{name}_mark")
    if display.is_missing(row.get(name)):
        return cells.reason(row, f"survival at {day} days", cells.NOT_ESTIMABLE)
    if display.is_missing(row.get(f"{name}_lower")):
        return display.percent_value(row[name], total)
    ends = (row[f"{name}_lower"], row[f"{name}_upper"])
    return display.short_interval(
        row[name], *ends, lambda value: display.percent_value(value, total)
    )


def hazards(frame, tests, study):
    """Hazard ratios by factor with the log-rank test and the test of proportional hazards."""
    frame, rows = unweighted(frame), []
    for analysis, terms in frame.groupby("analysis", sort=False):
        rows.append((_factor_title(analysis), "", "", "", *_test_cells(tests, analysis)))
        rows += [_hazard_row(analysis, record) for record in terms.to_dict("records")]
    head = (
        "",
        f"Hazard ratio ({study.level_words})",
        "p",
        "p, proportional hazards",
        "Log-rank p",
        "Proportional hazards, all groups, p",
    )
    notes = (
        "Cox model per factor, unadjusted, Efron ties, Wald intervals. Each group against the one "
        "named; p values take no account of how many groups are compared (Survival by arm has "
        "those that do). A small p for proportional hazards says that the ratio changes over time "
        "and one number does not describe it.",
        _reached() if frame["analysis"].eq(REACHED).any() else "",
        tables_contrasts.small_note(frame, tests),
        tables_contrasts.firth_note(frame),
        *_of_strategies_and_clusters(frame),
        study.suppression_note,
    )
    title = f"Hazard ratios of death, unadjusted, cohort {study.name}"
    return Table("hazards", title, head, tuple(rows), tuple(note for note in notes if note))


def _reached():
    """Whose days the rows of time-varying treatment hold."""
    untreated, operated = (codebook.label("arm", name) for name in ("supportive", "surgery_only"))
    return (
        "Time-varying: each day counts in the arm that its case has reached by then: days before "
        f"any treatment as {untreated}, days between an operation and its radiotherapy as "
        f"{operated}. The rows of these two hold days of cases that belong to other arms."
    )


def _of_strategies_and_clusters(frame):
    """How strategies are compared; why intervals know no clusters that the settings name."""
    yield WEIGHTED if frame["analysis"].eq(CLONED).any() else ""
    named = frame["cluster"].dropna().astype(str).unique() if "cluster" in frame else []
    for reason in sorted(name.removeprefix("none: ") for name in named if name[:6] == "none: "):
        yield f"Intervals take cases as independent, although clusters were asked for: {reason}."


def _factor_title(analysis):
    if analysis in wording.ANALYSES:
        return wording.ANALYSES[analysis]
    return (
        "Arm"
        if wording.column_of(analysis) == "arm"
        else codebook.label(wording.column_of(analysis))
    )


def _test_cells(tests, analysis):
    shown = []
    for name in ("log_rank", "ph_global"):
        chosen = (tests["analysis"] == analysis) & (tests["test"] == name)
        if not chosen.any():
            shown.append("")
        for row in tests[chosen].head(1).to_dict("records"):
            found = tables_contrasts.p_cell(row, "p")
            none = found == tables_contrasts.NO_TEST
            shown.append(cells.reason(row, "", cells.NOT_ESTIMABLE) if none else found)
    return shown


def _hazard_row(analysis, row):
    groups = [wording.group_label(analysis, row[name]) for name in ("group", "reference")]
    name = f"{cells.INDENT}{groups[0]} against {groups[1]}"
    if not display.is_missing(row.get("mark")):
        return (name, cells.marked(row), "", "", "", "")
    if display.is_missing(row["hazard_ratio"]):
        reason = cells.reason(row, "", cells.NOT_ESTIMABLE)
        for column, words in zip(("group", "reference"), groups, strict=True):
            reason = re.sub(rf"\b{re.escape(str(row[column]))}\b", words, reason)
        return (name, reason, "", "", "", "")
    p = (tables_contrasts.p_cell(row, column) for column in ("p", "ph_p"))
    return (name, tables_contrasts.ratio_cell(row), *p, "", "")
