"""Tables of the validation of prognostic scores."""

from mescc_analytics.present import cells, display
from mescc_analytics.present.prognosis import MEASURES, measure_titles
from mescc_analytics.present.tables import Table

OUTSIDE = {"open": "total open", "not_applicable": "score does not apply"}
UNSETTLED = (
    "Total open: an item is missing, or recorded with less detail than the score asks for, so that "
    "more than one total is possible."
)
BASES = {
    "alive_percent": "published survival",
    "alive_percent_validation": "published survival (validation series)",
    "imported": "imported prediction",
}


def _c(row):
    return display.short_interval(row["estimate"], row["ci_lower"], row["ci_upper"], display.ratio)


def _value(row):
    """C with its interval, or why there is none."""
    if row is None:
        return ""
    if display.is_missing(row["estimate"]):
        return row["status"] if row["status"] != "estimated" else display.HIDDEN
    return _c(row)


def scores(discrimination, study, level):
    """C of every score, on its own cases.

    Parameters
    ----------
    discrimination : DataFrame
        discrimination.csv with withheld numbers NA.
    study : Study
    level : float
        Of the intervals.
    """
    titles, rows = measure_titles(discrimination), []
    for _, of_score in discrimination.groupby("score", sort=False):
        by_measure = {row["measure"]: row for row in of_score.to_dict("records")}
        rows.append(_score_row(by_measure))
    words = display.level_words(level)
    head = ("", "Cases", "Deaths", "Total open", "Does not apply")
    head += tuple(f"{title} ({words})" for title in titles.values())
    head += ("Harrell's C, open totals at lowest / highest", "Published C", "Why none")
    title = f"Prognostic scores and survival from {study.time_zero_words}, cohort {study.name}"
    notes = (
        UNSETTLED,
        "Open totals at lowest / highest: C of all cases to whom the score applies, every open "
        "total taken at its lowest or highest possible value. Too few: fewer deaths than the study "
        "asks for before anything is estimated.",
        study.suppression_note,
    )
    return Table("prognosis", title, head, tuple(rows), tuple(note for note in notes if note))


def _score_row(by_measure):
    own = by_measure["harrell"]
    ends = [by_measure.get(f"harrell_open_{end}") for end in ("lowest", "highest")]
    known = [row for row in ends if row and not display.is_missing(row["estimate"])]
    numbers = [own[name] for name in ("n", "events", "n_open", "n_not_applicable")]
    return (
        own["label"],
        *map(display.count, numbers),
        *(_value(by_measure[measure]) for measure in MEASURES),
        " / ".join(display.ratio(row["estimate"]) for row in known),
        _text(own["published"]),
        _text(own["reason"]) if own["status"] != "estimated" else "",
    )


def _text(value):
    return "" if display.is_missing(value) else str(value)


def bands(summary, calibration, discrimination, study, level):
    """Survival by band beside what was published.

    Parameters
    ----------
    summary, calibration, discrimination : DataFrame
        summary.csv, calibration.csv and discrimination.csv with withheld numbers NA and marked.
    study : Study
    level : float
    """
    days = sorted(set(calibration["timepoint_days"].astype(float)))
    found = {
        (row["score"], row["band"], float(row["timepoint_days"])): row
        for row in calibration.to_dict("records")
    }
    rows, made_in = [], dict(zip(discrimination["score"], discrimination["made_in"], strict=True))
    for score, of_score in summary.groupby("score", sort=False):
        if not (of_score.loc[~of_score["band"].isin(list(OUTSIDE)), "n"].fillna(1) > 0).any():
            continue
        about = f". Made in: {made_in[score]}" if _text(made_in.get(score)) else ""
        title = f"{of_score['label'].iloc[0]}{about}"
        rows.append((title, *[""] * (5 + 2 * len(days))))
        for row in of_score.to_dict("records"):
            at = [_at(found.get((score, row["band"], day))) for day in days]
            if row["band"] not in OUTSIDE or row["n"] != 0:
                rows.append(_band_row(row, at))
    shown = [f"Day {display.day_count(day)}, %" for day in days]
    pairs = [name for day in shown for name in (day, f"{day}, published")]
    head = ("", "Cases", "Deaths", "Median, months", "Median, months, published", *pairs)
    title = f"Survival by band of each score, cohort {study.name}"
    return _without_empty(
        "prognosis_bands", title, (*head, "Published in words"), tuple(rows), _notes(study, level)
    )


def _notes(study, level):
    notes = (
        f"In brackets: {display.level_words(level)}. Kaplan-Meier from {study.time_zero_words}; "
        "cases whose total is settled. Published figures at 3, 6 and 12 months stand at the day "
        "within 3 days of them.",
        "Scores without a single settled total are left out. " + UNSETTLED,
        study.suppression_note,
    )
    return tuple(note for note in notes if note)


def _at(row):
    """Observed and published survival of a band on a day."""
    if row is None:
        return "", ""
    printed = row["published"]
    published = "" if display.is_missing(printed) else display.percent_value(printed, 100)
    if not display.is_missing(row["mark"]):
        return cells.marked(row), published
    if display.is_missing(row["observed"]):
        return (row["status"] if row["n"] else ""), published
    ends = (row["observed"], row["ci_lower"], row["ci_upper"])
    return display.short_interval(*ends, lambda value: display.percent_value(value, 100)), published


def _band_row(row, at):
    name = cells.INDENT + OUTSIDE.get(row["band"], row["band"])
    counts = (
        cells.count(row | {"mark": _first(row["mark"], row["n_mark"])}),
        cells.count(row | {"mark": _first(row["mark"], row["events_mark"])}, "events"),
    )
    observed = "" if display.is_missing(row["mark"]) else display.HIDDEN
    if not observed and not display.is_missing(row["median_days"]):
        ends = (row[f"median_{end}"] for end in ("days", "lower", "upper"))
        observed = display.short_interval(*ends, display.months)
    elif (
        not observed
        and row["band"] not in OUTSIDE
        and not display.is_missing(row.get("start_days"))
    ):
        observed = "not reached"
    published = row["published_median_months"]
    median = "" if display.is_missing(published) else display.number(published, 1)
    pairs = [value for pair in at for value in pair]
    words = _text(row["published_words"])
    return (name, *counts, observed, median, *(pairs if pairs else ()), words)


def _first(*marks):
    return next((mark for mark in marks if not display.is_missing(mark)), None)


def brier(errors, fits, study, level):
    """Brier scores beside the null model; for published and imported predictions also whether
    they are right on average.

    Parameters
    ----------
    errors, fits : DataFrame
        brier.csv and recalibration.csv, of which withheld rows are NA.
    study : Study
    level : float
    """
    fit_of = {_key(row): row for row in fits.to_dict("records")}
    rows = []
    for label, of_score in errors[errors["status"] == "estimated"].groupby("label", sort=False):
        rows.append((label, *[""] * 7))
        rows += [_error_row(row, fit_of.get(_key(row))) for row in of_score.to_dict("records")]
    words = display.level_words(level)
    head = ("", "Prediction", f"Brier score ({words})", "Null model", f"Scaled Brier ({words})")
    head += (f"Deaths observed / expected ({words})", "Calibration in the large", "Slope")
    notes = (
        "Brier score: mean squared error of predicted survival, weighted for cases lost before the "
        "day; 0 is perfect. Null model: everybody is given the survival of these cases. Scaled: 1 "
        "less the ratio of the two; 0 is no better than the null model, 1 perfect.",
        "Survival of the band here: each case is given the Kaplan-Meier survival of its band among "
        "the other nine tenths of the cohort. It says how much the bands tell, not whether the "
        "published survival is right.",
        "Calibration in the large: 0 is right, above 0 more die than predicted. Slope: 1 is right, "
        "below 1 predictions are too extreme. No row: no survival is published for every band at "
        "that day, or too few deaths.",
    )
    title = f"Error of predicted survival, cohort {study.name}"
    return _without_empty("prognosis_brier", title, head, tuple(rows), notes)


def _without_empty(name, title, head, rows, notes):
    """A table without the columns in which no row has anything."""
    kept = [0, *(i for i in range(1, len(head)) if any(row[i] for row in rows))]
    chosen = tuple(tuple(row[i] for i in kept) for row in rows)
    return Table(name, title, tuple(head[i] for i in kept), chosen, notes)


def _key(row):
    return row["score"], row["basis"], float(row["timepoint_days"])


def _error_row(row, fit):
    name = f"{cells.INDENT}Day {display.day_count(row['timepoint_days'])}"
    basis = BASES.get(row["basis"], "survival of the band here")
    if display.is_missing(row["brier"]):
        return (name, basis, *[display.HIDDEN] * 3, "", "", "")
    shown = (
        _estimate(row, "brier", 3),
        _number(row["brier_null"], 3),
        _estimate(row, "brier_scaled", 2),
    )
    fitted = ("observed_expected", "in_the_large", "slope")
    if not fit or fit["status"] != "estimated":
        return (name, basis, *shown, "", "", "")
    return (name, basis, *shown, *(_estimate(fit, measure, 2) for measure in fitted))


def _number(value, digits):
    return cells.NOT_ESTIMABLE if display.is_missing(value) else display.number(value, digits)


def _estimate(row, name, digits):
    if display.is_missing(row[name]):
        return cells.NOT_ESTIMABLE
    values = (row[name], row[f"{name}_lower"], row[f"{name}_upper"])
    return display.short_interval(*values, lambda value: display.number(value, digits))


def comparison(frame, study, level):
    """Scores against each other.

    Parameters
    ----------
    frame : DataFrame
        comparison.csv with withheld numbers NA.
    study : Study
    level : float
    """
    both = {
        (row["score"], row["other"]): row
        for row in frame[frame["cases"] == "pair"].to_dict("records")
    }
    rows = []
    for row in frame[frame["cases"] == "common"].to_dict("records"):
        pair = both[row["score"], row["other"]]
        rows.append(
            (
                f"{row['label']} less {row['other_label']}",
                *(_number(row[name], 2) for name in ("c", "c_other")),
                _difference(row),
                *(_number(pair[name], 2) for name in ("c", "c_other")),
                _difference(pair),
            )
        )
    words = display.level_words(level)
    head = ("",)
    for who in ("cases with every score", "cases with both scores"):
        head += (f"First, {who}", f"Second, {who}", f"Difference, {who} ({words})")
    title = f"Scores against each other on the same cases, cohort {study.name}"
    return Table("prognosis_comparison", title, head, tuple(rows), _comparison_notes(frame, study))


def _difference(row):
    if display.is_missing(row["difference"]):
        return str(row["status"])
    values = (row["difference"], row["ci_lower"], row["ci_upper"])
    return display.short_interval(*values, lambda value: display.number(value, 2))


def _comparison_notes(frame, study):
    if frame.empty:
        return ()
    measure = "Harrell's C" if frame["measure"].iloc[0] == "harrell" else "Uno's C"
    common = frame[frame["cases"] == "common"].iloc[0]
    how_many = (
        f"{display.number(common['n'])} cases ({display.number(common['events'])} deaths)"
        if not display.is_missing(common["n"])
        else "their number is withheld"
    )
    return (
        f"{measure}. Above 0: the first score orders survival better. Cases with every score: "
        f"{how_many}. Scores with too few deaths among their own cases are not compared. With many "
        "pairs some intervals leave out 0 by chance alone; the intervals are not adjusted for it.",
    )
