"""Tables of walking and of its contrasts between arms."""

from itertools import groupby
from operator import itemgetter

import pandas as pd

from mescc_analytics.present import cells, display, wording
from mescc_analytics.present.tables import Table


def walking(rates, study):
    """Walking by entry status, group and time under the four estimands.

    Parameters
    ----------
    rates : DataFrame
        rates.csv with withheld numbers NA and marked (columns mark, n_dead_mark, n_unknown_mark).
    study : Study
    """
    estimands = [words[0].upper() + words[1:] for words in wording.ESTIMANDS.values()]
    head = ("Entry status", "Group", "Day", *estimands, "Dead", "Unknown")
    keys = ["baseline", "analysis", "group", "timepoint_days"]
    rows = tuple(_walking_row(key, of_day) for key, of_day in _families(rates, keys))
    title = (
        f"Walking at fixed days from {study.time_zero_words} under four estimands, "
        f"cohort {study.name}"
    )
    by_arm = rates["analysis"] == "by_arm"
    notes = [
        f"Each cell: walking/total, percentage ({study.level_words}, {study.proportion_words}).",
        study.no_deaths_note(rates.loc[by_arm, "timepoint_days"]),
        f"Death counts as not walking: {wording.UNDERSTATED[0].lower()}{wording.UNDERSTATED[1:]}",
        study.suppression_note,
    ]
    return Table("walking", title, head, rows, tuple(filter(None, notes)))


def _walking_row(key, rows):
    baseline, analysis, group, day = key
    by_estimand = {record["estimand"]: record for record in rows}
    shown = [_rate_cell(by_estimand.get(name)) for name in wording.ESTIMANDS]
    first = next(iter(by_estimand.values()))
    known = [_number_or_mark(first, name) for name in ("n_dead", "n_unknown")]
    name = wording.group_label(analysis, group)
    return (_entry(baseline), name, display.day_count(day), *shown, *known)


def _entry(baseline):
    words = wording.BASELINES[baseline]
    return words[0].upper() + words[1:]


def _families(frame, keys):
    """Rows (dicts) that share the keys, in the order in which the values of each first occur."""
    ranks = {}
    for key in keys:
        order = {value: rank for rank, value in enumerate(dict.fromkeys(frame[key]))}
        ranks[key] = frame[key].map(order)
    ordered = frame.loc[pd.DataFrame(ranks).sort_values(keys, kind="stable").index]
    for key, family in groupby(ordered.to_dict("records"), key=itemgetter(*keys)):
        yield key, list(family)


def _rate_cell(row):
    if row is None:
        return ""
    if not display.is_missing(row["mark"]):
        return cells.marked(row)
    if not row["denominator"]:
        return f"{cells.NOT_ESTIMABLE}: no cases"
    total = row["denominator"]
    limits = [display.percent_value(row[name], total) for name in ("ci_lower", "ci_upper")]
    ends = " to ".join(limits)
    share = display.percent(row["numerator"], total)
    return f"{display.number(row['numerator'])}/{display.number(total)}, {share} ({ends})"


def _number_or_mark(row, name):
    return (
        cells.marked(row, f"{name}_mark")
        if display.is_missing(row[name])
        else display.number(row[name])
    )


def contrasts(frame, study):
    """Every arm against the reference: risk difference, risk ratio, odds ratios, each with its
    interval and tests.
    """
    rows = []
    keys = ["baseline", "group", "reference", "timepoint_days"]
    for (baseline, group, reference, day), of_day in _families(frame, keys):
        pair = " against ".join(wording.group_label("by_arm", name) for name in (group, reference))
        shown = [_measure_cell(of_day, measure) for measure in wording.MEASURES]
        rows.append((_entry(baseline), pair, display.day_count(day), *shown))
    head = ("Entry status", "Arms", "Day", *wording.MEASURES.values())
    notes = [
        f"Estimand: {study.estimand_words}. In brackets: {study.level_words} (Newcombe, Katz, "
        "Woolf, Robins-Breslow-Greenland). "
        f"{study.arms_note}",
        "No p value where an arm has too few cases. Holm: p value adjusted for the number of arms "
        "that are compared; left out where it would tell that of a hidden arm.",
        study.suppression_note,
    ]
    title = f"Walking: contrasts between arms, cohort {study.name}"
    return Table("contrasts", title, head, tuple(rows), tuple(note for note in notes if note))


def _measure_cell(rows, measure):
    found = [row for row in rows if row["measure"] == measure]
    if not found:
        return ""
    first = found[0]
    if not display.is_missing(first["mark"]):
        return cells.marked(first)
    if display.is_missing(first["estimate"]):
        return cells.reason(first, "", cells.NOT_ESTIMABLE)
    form = _points if measure == "risk_difference" else display.ratio
    tests = [
        f"{wording.TESTS.get(row['test'], row['test'])} {display.p_sentence(row['p'])}{_holm(row)}"
        for row in found
        if not display.is_missing(row["p"])
    ]
    return "; ".join(
        [
            display.short_interval(first["estimate"], first["ci_lower"], first["ci_upper"], form),
            *tests,
        ]
    )


def _holm(row):
    """The p value adjusted for the number of arms, where it differs."""
    adjusted = row.get("p_holm")
    if display.is_missing(adjusted) or adjusted == row["p"]:
        return ""
    return f" (Holm {display.p_value(adjusted)})"


def _points(value):
    return display.number(100 * value, 0)
