"""Prognostic scores on the cohort in words: captions, text alternatives and the opening."""

from mescc_analytics.present import display

TITLES = {
    "score_discrimination": "How well each score orders survival",
    "score_calibration": "Survival observed and published, by band of each score",
}
MEASURES = {
    "harrell": "Harrell's C, whole follow-up",
    "uno": "Uno's C, to day {}",
}
NOTHING = "No prognostic score could be validated on this cohort: {}."


def measure_titles(discrimination):
    """Title of the panel, or column, of each measure."""
    until = discrimination.loc[discrimination["measure"] == "uno", "until_days"].dropna()
    days = {display.day_count(float(day)) for day in until}
    day = days.pop() if len(days) == 1 else "the horizon"
    return {name: words.format(day) for name, words in MEASURES.items()}


def estimated(discrimination):
    """Rows with a C of the cases whose score is known."""
    main = discrimination["measure"].isin(list(MEASURES))
    return discrimination[main & discrimination["estimate"].notna()]


def opening(discrimination, allow_unverified, study):
    """Paragraphs that open the section; where nothing could be validated, why."""
    if estimated(discrimination)["score"].nunique() == 0:
        return [NOTHING.format(_why_nothing(discrimination))]
    paragraphs = [
        "Each score was made from what is known at baseline and is held against survival from "
        f"{study.time_zero_words}, among the cases in the analyses of the whole cohort. Only cases "
        "whose total is settled count: those with an item open, or to whom the score does not "
        "apply, are left out and their number is given, so that two scores are seen on different "
        "cases unless the table says otherwise. The order is that of the registry, not a ranking.",
        "The scores were made in other patients, mostly before present-day systemic treatment and "
        "radiosurgery. A difference from a published figure may come from the case mix, the "
        "treatment, the years or the score.",
    ]
    if allow_unverified:
        paragraphs.append(
            "Points that no readable source confirms are in use (score.allow_unverified)."
        )
    return paragraphs


def _why_nothing(discrimination):
    rows = discrimination[discrimination["measure"] == "harrell"]
    if rows.empty:
        return "the table holds none"
    few = rows[rows["status"] == "too few"]
    if few.empty:
        return "no case has every item of any score"
    return f"{few.iloc[0]['reason']} among the cases whose score is known"


def discrimination_words(discrimination, study, level):
    """Caption and text alternative of the figure of C."""
    rows = estimated(discrimination)
    by_standard_error = (rows["interval"] == "standard error").any()
    how = "from the standard error" if by_standard_error else "bootstrap, quantiles"
    caption = (
        f"C of each score with {display.level_words(level)} ({how}), cohort {study.name}; time "
        f"zero is {study.time_zero_words}. 1: the case with the worse score always dies first; "
        "0.5: no better than chance; below 0.5 the score points the other way. Uno's C weights for "
        "cases lost early and does not depend on the length of follow-up. Diamonds: C published "
        "from other series, which differ in case mix. The scores stand in the order of the "
        "registry and each on its own cases: dots are not to be compared with each other; the "
        "table of differences does that on the same cases."
    )
    harrell = rows[rows["measure"] == "harrell"]
    found = [f"{row.label} {display.ratio(row.estimate)}" for row in harrell.itertuples()]
    if not found:
        return caption, "No score has a C."
    return caption, f"Harrell's C: {display.listing(found)}."


def calibration_words(calibration, study, settings):
    """Caption and text alternative of the figure of calibration."""
    chosen = settings["prognosis"]
    days = display.listing(display.day_count(float(day)) for day in chosen["milestones_days"])
    caption = (
        f"Kaplan-Meier survival by band of each score at {days} days from {study.time_zero_words}, "
        f"and median survival, with {display.level_words(chosen['confidence_level'])} "
        f"({chosen['interval']}), beside what was published for the band (diamonds), cohort "
        f"{study.name}. A figure published at 3, 6 or 12 months stands at the milestone within 3 "
        "days of it. Many scores print words or a median only. An interval that leaves its panel "
        "is cut at the edge."
    )
    both = calibration.dropna(subset=["observed", "published"])
    if both.empty:
        return caption, "Observed survival by band; no figure was published for these days."
    inside = (both["ci_lower"] <= both["published"]) & (both["published"] <= both["ci_upper"])
    return caption, (
        f"Of {display.plural(len(both), 'published figure')}, {display.number(inside.sum())} lie "
        "within the interval of the observed survival."
    )
