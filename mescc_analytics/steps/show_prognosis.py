"""The validation of scores for figures, tables and report: suppressed frames, and what is made of
them.
"""

from mescc_analytics.present import display, prognosis, tables_prognosis
from mescc_analytics.steps import shown, withhold_prognosis
from mescc_analytics.steps.prognosis_scores import all_entries

NAMES = ("score_discrimination", "score_calibration")
TABLES = ("prognosis", "prognosis_bands", "prognosis_brier", "prognosis_comparison")


def frames(inputs, settings):
    """Result frames of the step `prognosis`, suppressed, by name."""
    threshold = settings["disclosure"]["threshold"]
    names = ("discrimination", "summary", "calibration", "brier", "recalibration", "comparison")
    exact = {name: shown.read(inputs, f"prognosis_{name}") for name in names}
    summary = withhold_prognosis.summary(exact["summary"], threshold)
    discrimination = withhold_prognosis.discrimination(exact["discrimination"], summary, threshold)
    return {
        "summary": summary,
        "discrimination": discrimination,
        "calibration": withhold_prognosis.calibration(exact["calibration"], summary, threshold),
        "brier": withhold_prognosis.brier(exact["brier"], threshold),
        "recalibration": exact["recalibration"],
        "comparison": withhold_prognosis.comparison(
            exact["comparison"], discrimination, exact["discrimination"], threshold
        ),
    }


def figures(made, settings):
    """Drawings by name, from `frames`."""
    from mescc_analytics.present.figures import prognosis as draw

    rows = made["discrimination"]
    titles = prognosis.measure_titles(rows)
    rows = rows[rows["measure"].isin(list(titles))]
    whole = rows[rows["measure"] == "harrell"].set_index("score")["events"]
    rows = rows.assign(all_deaths=rows["score"].map(whole))
    asked = list(dict.fromkeys(rows["score"]))
    published = {name: _published(entry) for name, entry in all_entries().items() if name in asked}
    days = settings["prognosis"]["milestones_days"]
    return {
        "score_discrimination": draw.draw_discrimination(rows, titles, published),
        "score_calibration": draw.draw_calibration(blocks(made), days),
    }


def _published(entry):
    return [
        value
        for found in entry.book.get("discrimination", [])
        for value in ([found["c"]] if "c" in found else found["c_range"])
    ]


def blocks(made):
    """Scores with their bands as `draw_calibration` takes them; scores without an estimate are
    left out.
    """
    found = []
    at = {}
    for row in made["calibration"].to_dict("records"):
        at.setdefault((row["score"], row["band"]), {})[float(row["timepoint_days"])] = _values(row)
    for score, of_score in made["summary"].groupby("score", sort=False):
        rows = of_score[~of_score["band"].isin(withhold_prognosis.LEFT_OUT)]
        bands = [
            {"band": row["band"], "words": _words(row), "median": _median(row)}
            | at.get((score, row["band"]), {})
            for row in rows.to_dict("records")
        ]
        days = [values for key in at if key[0] == score for values in at[key].values()]
        if any(not display.is_missing(values[0]) for values in days):
            found.append((of_score["label"].iloc[0], bands))
    return found


def _values(row):
    mark = "" if display.is_missing(row["mark"]) else display.HIDDEN
    names = ("observed", "ci_lower", "ci_upper", "published")
    return (*(row[name] for name in names), mark)


def _words(row):
    return "" if display.is_missing(row["published_words"]) else row["published_words"]


def _median(row):
    days = [row[f"median_{end}"] for end in ("days", "lower", "upper")]
    months = [
        None if display.is_missing(value) else float(value) / display.DAYS_PER_MONTH
        for value in days
    ]
    mark = "" if display.is_missing(row["mark"]) else display.HIDDEN
    return (*months, row["published_median_months"], mark)


def tables(inputs, settings, study):
    """The four tables, in order."""
    made, level = frames(inputs, settings), settings["prognosis"]["confidence_level"]
    yield tables_prognosis.scores(made["discrimination"], study, level)
    frames_of_bands = (made["summary"], made["calibration"], made["discrimination"])
    yield tables_prognosis.bands(*frames_of_bands, study, level)
    yield tables_prognosis.brier(made["brier"], made["recalibration"], study, level)
    yield tables_prognosis.comparison(made["comparison"], study, level)


def words(made, settings, study):
    """Caption and text alternative of both figures, by name."""
    level = settings["prognosis"]["confidence_level"]
    return {
        "score_discrimination": prognosis.discrimination_words(
            made["discrimination"], study, level
        ),
        "score_calibration": prognosis.calibration_words(made["calibration"], study, settings),
    }


def remarks(made):
    """What replaces a figure that has nothing to show."""
    found = {}
    if prognosis.estimated(made["discrimination"]).empty:
        found["score_discrimination"] = "No score has enough deaths to be held against survival."
    if not blocks(made):
        found["score_calibration"] = "No band of a score has enough deaths to show its survival."
    return found


def opening(made, settings, study):
    """Paragraphs at the head of the section."""
    allowed = (settings.get("score") or {}).get("allow_unverified", False)
    return prognosis.opening(made["discrimination"], allowed, study)
