"""The guard against immortal time, and what depends on a choice: tables, captions, words."""

import re

from mescc_analytics import codebook
from mescc_analytics.present import cells, display, wording
from mescc_analytics.present.tables import Table

ANALYSIS = "by_arm"
SECTIONS = {
    "clock": "When the clock starts",
    "adjustment": "For what it is adjusted",
    "scores": "What scores leave open",
}
METHODS = {
    "naive": "From time zero, as received (naive)",
    "as_given": "From time zero, arms as given",
    "time_varying": "Treatment from the day it begins",
    "clone_censor_weight": "Clone, censor, weight",
    "weighted": "Propensity score weights",
    "missing_level": "Adjusted; missing a level",
    "complete_case": "Adjusted; complete cases",
    "imputed": "Adjusted; imputed",
    "sosg_1c_low": "SOSG 1c as low grade",
    "sosg_1c_high": "SOSG 1c as high grade",
    "sins_excluded": "Undetermined SINS left out",
    "sins_as_stable": "Undetermined SINS as stable",
    "sins_as_unstable": "Undetermined SINS as unstable",
}
CLONED = (
    "Their ratio counts deaths up to the horizon of the restricted mean, the other ratios all "
    "deaths."
)
REACHED = (
    " Where treatment counts from the day it begins, the days before it count as untreated, "
    "whatever followed."
)
NOTHING = "Not assessable: fewer than two arms are large enough to be compared."
TITLE = "What depends on a choice"
NOT_AVAILABLE, WITHHELD = "not available: ", "withheld: "
CLONES = re.compile("its weights leave|still unlike all cases|keeps the strategy")
INAPPLICABLE = "not applicable"
NOT_MADE = re.compile("see .* of the survival step")
WITHOUT_DEATHS = re.compile(r"no deaths in (\w+)$")


def method_label(name):
    """The words for one row of the panel.

    >>> method_label("landmark_14"), method_label("weighted")
    ('Landmark, day 14', 'Propensity score weights')
    """
    if name.startswith("landmark_"):
        return f"Landmark, day {name.removeprefix('landmark_')}"
    return METHODS.get(name, name)


def contrast_label(group, reference):
    """The words for a contrast of two arms.

    >>> contrast_label("surgery", "cebrt")
    'Surgery first against cEBRT first'
    """
    names = [wording.group_label(ANALYSIS, name) for name in (group, reference)]
    return f"{names[0]} against {names[1]}"


def arm_names(rows):
    """First treatments carry the names of arms too: their own words, where they are compared."""
    book = codebook.load("arms")
    kinds, found = book["first_treatment"], {*rows["group"], *rows["reference"]}
    if not found <= set(kinds):
        return {name: wording.group_label(ANALYSIS, name) for name in found}
    return {name: kinds[name]["label"] for name in found}


def sensitivity(rows, study):
    """Hazard ratios of every contrast under every choice.

    Parameters
    ----------
    rows : DataFrame
        panel.csv with withheld rows NA and marked (column mark).
    study : Study
    """
    names, groups = arm_names(rows), list(dict.fromkeys(rows["group"]))
    reference = "" if rows.empty else names[rows["reference"].iloc[0]]
    made = []
    for section, part in rows.groupby("section", sort=False):
        made.append((SECTIONS.get(section, section), *[""] * len(groups)))
        for method, own in part.groupby("method", sort=False):
            of_group = {record["group"]: record for record in own.to_dict("records")}
            label = cells.INDENT + method_label(method)
            made.append((label, *(_ratio_cell(of_group[group]) for group in groups)))
    head = ("", *(f"{names[group]} against {reference}" for group in groups))
    title = f"{TITLE}: hazard ratios of death, cohort {study.name}"
    return Table("sensitivity", title, head, tuple(made), _sensitivity_notes(rows, study))


def _ratio_cell(row):
    if not display.is_missing(row.get("mark")):
        return cells.marked(row)
    if display.is_missing(row["hazard_ratio"]):
        note = "" if display.is_missing(row["note"]) else str(row["note"])
        return f"no estimate: {in_words(note)}" if note else cells.NOT_ESTIMABLE
    return display.short_interval(
        row["hazard_ratio"], row["ci_lower"], row["ci_upper"], display.ratio
    )


def in_words(note):
    """Why a row has no estimate; of a failed diagnostic without its numbers, which are exact.

    >>> in_words("not available: fewer than 40 begin it")
    'fewer than 40 begin it'
    >>> in_words("sbrt: not estimable: sex male separates the levels")
    'treatments without overlap in Sex'
    >>> in_words("not estimable: no deaths in cebrt")
    'no deaths in cEBRT first'
    >>> in_words("not available: see by_broad_arm_weighted of the survival step")
    'not made (see The data)'
    """
    if note.startswith(WITHHELD) and CLONES.search(note):
        return "withheld: those who keep a strategy are too few, or too unlike the others"
    if note.startswith(WITHHELD):
        return "withheld, because it fails a diagnostic (Adjusted comparison)"
    if NOT_MADE.search(note):
        return "not made (see The data)"
    words = cells.separated(note.removeprefix(NOT_AVAILABLE))
    named = WITHOUT_DEATHS.sub(lambda found: f"no deaths in {_first(found.group(1))}", words)
    return named.removeprefix(f"{cells.NOT_ESTIMABLE}: ")


def _first(name):
    return codebook.label("arm", name)


def _sensitivity_notes(rows, study):
    starts = rows.loc[rows["section"] == "adjustment", "start_days"].dropna()
    day = float(starts.iloc[0]) if len(starts) else 0.0
    start = f"the landmark, day {display.day_count(day)}" if day else "time zero"
    named = rows.drop_duplicates("method").set_index("method")["adjusted_for"].fillna("")
    scores, adjusted = _columns(named, "weighted"), _columns(named, "missing_level")
    notes = [
        f"In brackets: {study.level_words}. Below 1: fewer deaths than in the reference. Rows of "
        f"one column estimate different quantities in different cases; where they agree, the "
        "choice matters little; where they differ, no single row is the answer.",
        _clock_note(named),
        f"The other rows count from {start}, adjusted for {adjusted}; propensity scores rest on "
        f"{scores}."
        if adjusted and scores
        else "",
        study.suppression_note,
    ]
    return tuple(note for note in notes if note)


def _columns(named, method):
    names = (codebook.label(name) for name in named.get(method, "").split("; ") if name)
    return display.listing(names)


def _clock_note(named):
    """For what the rows of the clock are adjusted; of arms that were received, what is naive."""
    received = "naive" in named
    before = _columns(named, "naive" if received else "as_given")
    said = f"When the clock starts: {f'adjusted for {before}' if before else 'unadjusted'}."
    if not received:
        return said
    weights = _columns(named, "clone_censor_weight")
    said += f" The weights of the clones rest on {weights}. {CLONED}" if weights else ""
    said += REACHED if "time_varying" in named else ""
    return (
        f"{said} The naive row credits treated patients with the time that they had to survive to "
        "be treated."
    )


def caption(rows, study):
    """Caption and text alternative of the figure of choices; rows as in `sensitivity`."""
    said = (
        f"Hazard ratios of death between arms under different choices, cohort {study.name}; time "
        f"zero is {study.time_zero_words}. Dots with {study.level_words} on a logarithmic axis; "
        f"left of the line fewer deaths than in the reference. {_naive(rows)}The table says why a "
        f"row has no dot. {study.arms_note}"
    )
    parts, names = [], arm_names(rows) if len(rows) else {}
    for group, own in rows.groupby("group", sort=False):
        known = own["hazard_ratio"].dropna().astype(float)
        if len(known):
            ends = f"{display.ratio(known.min())} to {display.ratio(known.max())}"
            parts.append(f"{names[group]} {ends} over {len(known)} choices")
    return said, f"Hazard ratios: {'; '.join(parts)}." if parts else "No hazard ratio is shown."


def _naive(rows):
    if not rows["method"].eq("naive").any():
        return ""
    return "Orange square: arms as received, from time zero, which immortal time biases. "


def guard(rows, study):
    """Time to treatment and deaths before it.

    Parameters
    ----------
    rows : DataFrame
        guard.csv with withheld numbers NA and marked.
    study : Study
    """
    made = []
    titles = {"received": "Treatment received", "recommended": "Treatment recommended"}
    for section, part in rows.groupby("section", sort=False):
        made.append((titles[section], *[""] * 6))
        made += [_guard_row(section, record) for record in part.to_dict("records")]
    landmark = display.day_count(study.landmark_days)
    by = f"by the landmark, day {landmark}" if study.landmark_days else "by a landmark: none is set"
    head = (
        *("", "Cases compared", "Days from time zero to treatment, median (quartiles)"),
        *(f"Died {by}", "Died untreated in that time"),
        *("Median survival without landmark, days", "Median survival with it, days"),
    )
    notes = (
        "Whoever is to be treated must live until then: an arm whose treatment comes later is "
        "spared early deaths, which fall to the others (immortal time). The last two columns show "
        "how far the landmark moves the median; both count from time zero.",
        _origin_note(rows),
        study.suppression_note,
    )
    title = f"Time to treatment and deaths before it, cohort {study.name}"
    return Table("guard", title, head, tuple(made), tuple(note for note in notes if note))


def _origin_note(rows):
    if not uneven(rows):
        return ""
    return (
        "Time zero differs between arms: where the configured day is missing, days count from "
        "presentation. Arms must not be compared on such a clock."
    )


def uneven(rows):
    """Whether some arm mostly lacks the configured time zero while another mostly has it."""
    received = rows[rows["section"].eq("received")]
    if received.empty:
        return False
    share = (received["n_fallback_origin"].astype("Float64") / received["n"]).dropna()
    return bool(len(share) and share.max() > 0.5 and share.min() < 0.5)


def _guard_row(section, row):
    analysis = ANALYSIS if section == "received" else "by_pathway"
    name = cells.INDENT + wording.group_label(analysis, row["group"])
    if not display.is_missing(row["mark"]):
        return (name, cells.marked(row), *[display.HIDDEN] * 5)
    days = "none treated"
    if not display.is_missing(row["days_median"]):
        ends = (display.day_count(row[name_]) for name_ in ("days_q1", "days_q3"))
        days = f"{display.day_count(row['days_median'])} ({' to '.join(ends)})"
    elif not display.is_missing(row["days_mark"]):
        days = display.HIDDEN
    return (
        name,
        _counted(row, "n_landmark"),
        days,
        *(_counted(row, column) for column in ("n_dead_by_landmark", "n_untreated_dead")),
        *_medians(section, row),
    )


def _medians(section, row):
    """Median survival without and with the landmark; none of what is recommended."""
    nobody = not display.is_missing(row["n_landmark"]) and row["n_landmark"] == 0
    absent = ("not reached", "nobody left" if nobody else "not reached")
    values = (row["naive_median_days"], row["landmark_median_days"])
    for value, words in zip(values, absent, strict=True):
        blank = "" if section == "recommended" else words
        yield blank if display.is_missing(value) else display.day_count(value)


def _counted(row, column):
    return cells.count(row | {"mark": row[f"{column}_mark"]}, column)
