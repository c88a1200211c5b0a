"""Tables of walking as a process: expected days, transitions, change."""

from mescc_analytics.present import cells, display, wording
from mescc_analytics.present.tables import Table

MEASURES = {
    "alive": "Alive",
    "ambulatory": "Alive and walking",
    "ambulatory_lowest": "if unknown is not walking",
    "ambulatory_highest": "if unknown is walking",
    "unknown": "Status unknown",
}
STATES = {"ambulatory": "walking", "non_ambulatory": "not walking", "dead": "dead"}
STATES |= {"followed_no_further": "nothing further seen"}
CHANGES = {"walking": "Walking", "ais": "AIS grade"}


def expected_days(frame, study, hold_days):
    """Days alive and walking to the horizon, and the difference from the reference arm.

    Parameters
    ----------
    frame : DataFrame
        expected_days.csv, withheld groups NA and marked.
    study : Study
    hold_days : float
    """
    rows, reference = [], None
    for (analysis, group), found in frame.groupby(["analysis", "group"], sort=False):
        own = found[found["reference"].isna()].set_index("measure").to_dict("index")
        apart = found[found["reference"].notna()].set_index("measure").to_dict("index")
        reference = next((row["reference"] for row in apart.values()), reference)
        ends = [display.day_count(own["alive"][name]) for name in ("start_days", "horizon_days")]
        cells_shown = [_days(own[name]) for name in MEASURES]
        difference = _days(apart["ambulatory"]) if apart else ""
        name = wording.group_label(analysis, group)
        rows.append((name, " to ".join(ends), *cells_shown, difference))
    versus = "" if reference is None else f" against {wording.group_label('by_arm', reference)}"
    head = ("Group", "From day to day", *MEASURES.values(), f"Walking, difference{versus}")
    notes = [
        f"Mean days within the span, {study.level_words} by bootstrap. A status is held for at "
        f"most {display.day_count(hold_days)} days after it was seen; days of unknown status are "
        "divided like the known ones of that time, the two columns beside give the extremes.",
        study.arms_note,
        study.suppression_note,
    ]
    title = f"Expected days alive and walking, cohort {study.name}"
    return Table("expected_days", title, head, tuple(rows), tuple(filter(None, notes)))


def _days(row):
    if not display.is_missing(row.get("mark")):
        return cells.marked(row)
    if display.is_missing(row["days"]):
        return cells.reason(row, "", cells.NOT_ESTIMABLE)
    return display.short_interval(row["days"], row["ci_lower"], row["ci_upper"], display.number)


def transitions(frame, study):
    """What followed each walking status that was seen: n, mark."""
    rows = []
    for (analysis, group), found in frame.groupby(["analysis", "group"], sort=False):
        for origin, of_origin in found.groupby("from_state", sort=False):
            shown = [cells.count(row) for row in of_origin.to_dict("records")]
            names = (wording.group_label(analysis, group), STATES[origin])
            rows.append((*names, *shown))
    head = ("Group", "Seen", *(f"then {words}" for words in STATES.values()))
    notes = (
        "Counts of statuses seen, not of cases: each is followed by the next one seen, by death, "
        "or by nothing up to the horizon.",
        study.suppression_note_with_zero,
    )
    title = f"From one walking status to the next, cohort {study.name}"
    return Table("transitions", title, head, tuple(rows), tuple(note for note in notes if note))


def change(frame, study):
    """Change from entry in the same cases, with the paired test."""
    rows = []
    for row in frame.to_dict("records"):
        if display.is_missing(row.get("mark")) and row["n_pairs"] == 0:
            continue
        names = (CHANGES[row["measure"]], wording.group_label(row["analysis"], row["group"]))
        known = (
            study.small if display.is_missing(row["n_pairs"]) else display.number(row["n_pairs"])
        )
        moved = [cells.count(row, name) for name in ("n_better", "n_worse")]
        p = "" if display.is_missing(row["p"]) else display.p_value(row["p"])
        rows.append((*names, display.day_count(row["timepoint_days"]), known, *moved, p))
    head = ("What", "Group", "Day", "Known at both", "Better", "Worse", "p")
    notes = (
        "Cases alive with the status known at entry and on the day: survivors only. Walking: exact "
        "McNemar test; AIS: Stuart-Maxwell test of the whole distribution, better and worse by any "
        "number of grades. No p value with too few cases.",
        study.suppression_note,
    )
    title = f"Change from entry in the same cases, cohort {study.name}"
    return Table("change", title, head, tuple(rows), tuple(note for note in notes if note))
