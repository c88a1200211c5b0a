"""Tables of results: survival, hazard ratios, walking and its contrasts."""

import re

import pandas as pd

from mescc_analytics import codebook
from mescc_analytics.present import display, wording
from mescc_analytics.present.tables import INDENT, Table, marked

NOT_ESTIMABLE = "not estimable"
MILESTONE = re.compile(r"survival_[0-9.]+d")


def survival(summary, study):
    """Survival per analysis and group: deaths, median, survival at the milestones, restricted mean, follow-up.

    Parameters
    ----------
    summary : DataFrame
        summary.csv with withheld numbers NA and marked (columns mark, events_mark, survival_<day>d_mark).
    study : Study
    """
    rows = []
    milestones = [name.removeprefix("survival_").removesuffix("d") for name in summary if MILESTONE.fullmatch(name)]
    for analysis, groups in summary.groupby("analysis", sort=False):
        indent = analysis != "overall"
        if indent:
            rows.append((_analysis_title(analysis, groups), *[""] * (5 + len(milestones))))
        rows += [_survival_row(analysis, record, milestones, indent=indent) for record in groups.to_dict("records")]
    shares = [f"At {day} days, %" for day in milestones]
    head = ("", "Cases", "Deaths", "Median, days", *shares, "Restricted mean, days", "Median follow-up, days")
    title = f"Survival from {study.time_zero_words} in days, cohort {study.name}"
    return Table("survival", title, head, tuple(rows), _survival_notes(summary, study))


def _survival_notes(summary, study):
    horizon = summary["rmst_horizon_days"].dropna() if "rmst_horizon_days" in summary else []
    notes = [
        f"In brackets: {study.level_words}. Kaplan-Meier with {study.interval} intervals; follow-up by the reverse Kaplan-Meier method.",
        f"Restricted mean: mean days lived within {display.day_count(horizon.iloc[0])} days of time zero." if len(horizon) else "",
        f"By arm: cases alive and in follow-up at the landmark, day {display.day_count(study.landmark_days)}." if study.landmark_days else "",
        study.suppression_note,
    ]
    return tuple(note for note in notes if note)


def _analysis_title(analysis, groups):
    column = wording.column_of(analysis)
    if column != "arm":
        return codebook.label(column)
    start = groups["start_days"].dropna()
    landmark = float(start.iloc[0]) if len(start) else 0.0
    return f"Arm, from the landmark at day {display.day_count(landmark)}" if landmark else "Arm"


def _survival_row(analysis, row, milestones, *, indent):
    name = (INDENT if indent else "") + wording.group_label(analysis, row["group"])
    if not display.is_missing(row["mark"]):
        return (name, marked(row), *[display.HIDDEN] * (4 + len(milestones)))
    deaths = display.number(row["events"]) if not display.is_missing(row["events"]) else marked(row, "events_mark")
    return (
        name,
        display.number(row["n"]),
        deaths,
        _days_cell(row, "median_days", "median", _reason(row, "median not", "not reached")),
        *(_share_cell(row, day) for day in milestones),
        _days_cell(row, "rmst_days", "rmst", _reason(row, "restricted mean", NOT_ESTIMABLE), display.number),
        _days_cell(row, "follow_up_median_days", "follow_up", _reason(row, "follow-up", "not reached")),
    )


def _reason(row, word, otherwise):
    """Why a number is missing: the part of the note that speaks of `word`, from "not estimable" on."""
    notes = "" if display.is_missing(row.get("note")) else str(row["note"])
    found = next((part.strip() for part in notes.split(";") if word in part and NOT_ESTIMABLE in part), otherwise)
    return found[found.find(NOT_ESTIMABLE) :] if NOT_ESTIMABLE in found else found


def _days_cell(row, name, stem, otherwise, form=display.day_count):
    if display.is_missing(row.get(name)):
        return otherwise
    return display.short_interval(row[name], row.get(f"{stem}_lower"), row.get(f"{stem}_upper"), form)


def _share_cell(row, day):
    name = f"survival_{day}d"
    if not display.is_missing(row.get(f"{name}_mark")):
        return marked(row, f"{name}_mark")
    if display.is_missing(row.get(name)):
        return _reason(row, f"survival at {day} days", NOT_ESTIMABLE)
    if display.is_missing(row.get(f"{name}_lower")):
        return display.percent_value(row[name], row["n"])
    ends = (row[f"{name}_lower"], row[f"{name}_upper"])
    return display.short_interval(row[name], *ends, lambda value: display.percent_value(value, row["n"]))


def hazards(frame, tests, study):
    """Hazard ratios by factor with the log-rank test and the test of proportional hazards."""
    rows = []
    for analysis, terms in frame.groupby("analysis", sort=False):
        rows.append((_factor_title(analysis), "", "", "", *_test_cells(tests, analysis)))
        rows += [_hazard_row(analysis, record) for record in terms.to_dict("records")]
    head = ("", f"Hazard ratio ({study.level_words})", "p", "p, proportional hazards", "Log-rank p", "Proportional hazards, all groups, p")
    notes = (
        "Cox model per factor, unadjusted, Efron ties, Wald intervals. Each group against the one named. A small p for proportional "
        "hazards says that the ratio changes over time and one number does not describe it.",
        study.suppression_note,
    )
    title = f"Hazard ratios of death, unadjusted, cohort {study.name}"
    return Table("hazards", title, head, tuple(rows), tuple(note for note in notes if note))


def _factor_title(analysis):
    return "Arm" if wording.column_of(analysis) == "arm" else codebook.label(wording.column_of(analysis))


def _test_cells(tests, analysis):
    cells = []
    for name in ("log_rank", "ph_global"):
        found = tests[(tests["analysis"] == analysis) & (tests["test"] == name)].to_dict("records")
        if found and display.is_missing(found[0]["p"]):
            cells.append(_reason(found[0], "", NOT_ESTIMABLE))
        else:
            cells.append(display.p_value(found[0]["p"]) if found else "")
    return cells


def _hazard_row(analysis, row):
    groups = [wording.group_label(analysis, row[name]) for name in ("group", "reference")]
    name = f"{INDENT}{groups[0]} against {groups[1]}"
    if not display.is_missing(row.get("mark")):
        return (name, marked(row), "", "", "", "")
    if display.is_missing(row["hazard_ratio"]):
        reason = _reason(row, "", NOT_ESTIMABLE)
        for column, words in zip(("group", "reference"), groups, strict=True):
            reason = re.sub(rf"\b{re.escape(str(row[column]))}\b", words, reason)
        return (name, reason, "", "", "", "")
    value = display.short_interval(row["hazard_ratio"], row["ci_lower"], row["ci_upper"], display.ratio)
    return (name, value, display.p_value(row["p"]), display.p_value(row["ph_p"]), "", "")


def walking(rates, study):
    """Walking by entry status, group and time under the four estimands."""
    head = ("Entry status", "Group", "Day", *(words[0].upper() + words[1:] for words in wording.ESTIMANDS.values()), "Dead", "Unknown")
    rows = []
    keys = ["baseline", "analysis", "group", "timepoint_days"]
    for (baseline, analysis, group, day), of_day in _in_order(rates, keys).groupby(keys, sort=False):
        by_estimand = {record["estimand"]: record for record in of_day.to_dict("records")}
        cells = [_rate_cell(by_estimand.get(name)) for name in wording.ESTIMANDS]
        first = next(iter(by_estimand.values()))
        known = [_number_or_mark(first, name) for name in ("n_dead", "n_unknown")]
        rows.append((_entry(baseline), wording.group_label(analysis, group), display.day_count(day), *cells, *known))
    title = f"Walking at fixed days from {study.time_zero_words} under four estimands, cohort {study.name}"
    notes = [f"Each cell: walking/total, percentage ({study.level_words}, Wilson).", study.suppression_note]
    return Table("walking", title, head, tuple(rows), tuple(note for note in notes if note))


def _entry(baseline):
    words = wording.BASELINES[baseline]
    return words[0].upper() + words[1:]


def _in_order(frame, keys):
    """Rows sorted by the keys, each in the order in which its values first occur."""
    ranks = {key: frame[key].map({value: rank for rank, value in enumerate(dict.fromkeys(frame[key]))}) for key in keys}
    return frame.loc[pd.DataFrame(ranks).sort_values(keys, kind="stable").index]


def _rate_cell(row):
    if row is None:
        return ""
    if not display.is_missing(row["mark"]):
        return marked(row)
    if not row["denominator"]:
        return f"{NOT_ESTIMABLE}: no cases"
    total = row["denominator"]
    ends = f"{display.percent_value(row['ci_lower'], total)} to {display.percent_value(row['ci_upper'], total)}"
    share = display.percent(row["numerator"], total)
    return f"{display.number(row['numerator'])}/{display.number(total)}, {share} ({ends})"


def _number_or_mark(row, name):
    return marked(row, f"{name}_mark") if display.is_missing(row[name]) else display.number(row[name])


def contrasts(frame, study):
    """Every arm against the reference: risk difference, risk ratio, odds ratios, each with its interval and tests."""
    rows = []
    keys = ["baseline", "group", "reference", "timepoint_days"]
    for (baseline, group, reference, day), of_day in _in_order(frame, keys).groupby(keys, sort=False):
        pair = " against ".join(wording.group_label("by_arm", name) for name in (group, reference))
        cells = [_measure_cell(of_day, measure) for measure in wording.MEASURES]
        rows.append((_entry(baseline), pair, display.day_count(day), *cells))
    head = ("Entry status", "Arms", "Day", *wording.MEASURES.values())
    notes = [
        f"Estimand: {study.estimand_words}. In brackets: {study.level_words} (Newcombe, Katz, Woolf, Robins-Breslow-Greenland). "
        "Unadjusted: the arms were chosen for the patients, and the contrast includes that choice.",
        "No p value where an arm has too few cases.",
        study.suppression_note,
    ]
    title = f"Walking: contrasts between arms, cohort {study.name}"
    return Table("contrasts", title, head, tuple(rows), tuple(note for note in notes if note))


def _measure_cell(rows, measure):
    found = rows[rows["measure"] == measure].to_dict("records")
    if not found:
        return ""
    first = found[0]
    if not display.is_missing(first["mark"]):
        return marked(first)
    if display.is_missing(first["estimate"]):
        return _reason(first, "", NOT_ESTIMABLE)
    form = _points if measure == "risk_difference" else display.ratio
    tests = [
        f"{wording.TESTS.get(row['test'], row['test'])} {display.p_sentence(row['p'])}" for row in found if not display.is_missing(row["p"])
    ]
    return "; ".join([display.short_interval(first["estimate"], first["ci_lower"], first["ci_upper"], form), *tests])


def _points(value):
    return display.number(100 * value, 0)
