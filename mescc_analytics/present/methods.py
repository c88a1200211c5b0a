"""A methods paragraph ready for a paper, and the settings it rests on."""

from mescc_analytics import codebook
from mescc_analytics.present import (
    display,
    literature,
    methods_adjusted,
    methods_choices,
    tables_walking_adjusted,
)

TIME_ZERO = {
    "mri": "the MRI, or presentation where no MRI day was recorded",
    "presentation": "presentation",
    "treatment_start": "the start of treatment, or presentation where none was recorded",
}
ALGORITHM = {
    "seed_text": "following the text of the review where it goes beyond its figure 3",
    "figure3_literal": "following its figure 3 to the letter",
}
WALKS = {"with_aids": "with or without aids", "unaided": "without aids"}
ALTERNATIVES = "Local control and other events are not adjusted for the choice of treatment."


def paragraphs(settings, study):
    """Methods in sentences.

    Parameters
    ----------
    settings : dict
        The completed config: score, assign, cohort, weight, survival, ambulatory, disclosure.
    study : Study

    Returns
    -------
    list of str
    """
    return [
        _scores(settings),
        _prognosis(settings),
        _cohort(settings, study),
        _survival(settings, study),
        *methods_adjusted.paragraphs(settings, study),
        *methods_choices.paragraphs(settings, study),
        _walking(settings, study),
        *_walking_adjusted(settings, study),
        competing(settings),
        literature.method(_section(settings, "benchmark")),
        *_validation(settings, study),
        _software(study),
    ]


def _section(settings, name):
    return settings.get(name) or {}


def _scores(settings):
    algorithm = _section(settings, "assign").get("algorithm")
    return (
        f"Spinal instability was scored with SINS ({codebook.load('sins')['source']}) and "
        "epidural compression graded with SOSG "
        f"({codebook.load('sosg')['source']}). Where items were missing, the range of possible "
        "totals was kept and a category given only "
        "where both ends agree. Radiosensitivity was classed by primary tumour. The recommended "
        "pathway follows "
        f"{_followed(algorithm)}; a rule that could not be "
        "evaluated "
        "left the pathway undetermined. How far this and the other algorithms agree was measured "
        "among cases to which both give a pathway, by the share that agrees (Wilson interval) and "
        "Cohen's kappa."
    )


def _prognosis(settings):
    allowed = _section(settings, "score").get("allow_unverified")
    return (
        "Prognostic scores were computed from their published tables; a missing item kept its "
        "whole range possible, and a prognostic group was given only where both ends agree. "
    ) + (
        "Scores and points that no readable source confirms were used and are marked as unverified."
        if allowed
        else "Scores and points that no readable source confirms were not used."
    )


def _followed(algorithm):
    book = codebook.load("pathway")
    if algorithm == "noms":
        return f"the NOMS framework ({book['algorithms'][algorithm]['source']})"
    return f"{book['source']}, {ALGORITHM.get(algorithm, 'as configured')}"


def _cohort(settings, study):
    cohort = _section(settings, "cohort")
    landmark = (
        "Arms were compared among cases alive and under follow-up at the landmark, day "
        f"{display.day_count(study.landmark_days)}, "
        "so that nobody had to survive to be treated within an arm (immortal time)."
        if study.landmark_days
        else "Arms were compared from time zero, without a landmark."
    )
    arms = (
        "Arms were those that the table gives."
        if study.arms_given
        else "Arms were derived from the treatments received within "
        f"{display.day_count(_window(study))} days of time zero, radiotherapy within "
        f"{cohort.get('postop_rt_days', 60)} days of surgery counting as post-operative; the "
        "course of radiotherapy is that prescribed."
    )
    return (
        f"Time zero was {TIME_ZERO.get(study.time_zero, study.time_zero_words)}. {arms} {landmark} "
        "Excluded cases are counted with the reason."
    )


def _window(study):
    """Days in which treatment defines the arm: the landmark ends the days of grace."""
    return min(study.grace_days, study.landmark_days or study.grace_days)


def _survival(settings, study):
    horizon = _section(settings, "survival").get("horizon_days", 365)
    return (
        f"Survival was estimated with the Kaplan-Meier method, with pointwise {study.level_words} "
        f"on the {study.interval} scale; follow-up with the "
        "reverse Kaplan-Meier method; restricted mean survival up to "
        f"{display.day_count(horizon)} days. Groups were compared with the log-rank test "
        "and unadjusted Cox models (Efron ties, Wald intervals), whose proportionality was tested "
        "with scaled Schoenfeld residuals."
    )


def _walking(settings, study):
    chosen = _section(settings, "ambulatory")
    walks = WALKS.get(chosen.get("definition"), "with or without aids")
    pairs = zip(chosen.get("timepoints_days", []), chosen.get("windows_days", []), strict=False)
    windows = display.listing(
        f"{display.day_count(day)} (within {display.day_count(window)})" for day, window in pairs
    )
    at = f" at day {windows}" if windows else ""
    return (
        f"Walking means {walks}, taken from the assessment nearest{at} after time zero; where the "
        "table names the day in a column, that day counts from presentation, while results count "
        "from time zero. Four "
        "estimands are given: alive and assessed; death counted as "
        "not walking (composite); unknown counted as walking, and as not walking. Proportions "
        f"carry intervals ({study.proportion_words}), differences Newcombe intervals, "
        "odds ratios Woolf intervals and, stratified by walking at entry, Mantel-Haenszel "
        "estimates with Robins-Breslow-Greenland intervals; "
        "tests are Fisher's exact test, the chi-square test without continuity correction and the "
        "Cochran-Mantel-Haenszel test."
    )


def _walking_adjusted(settings, study):
    if methods_adjusted.as_given(settings, study):
        return []
    return tables_walking_adjusted.methods(settings)


def competing(settings):
    """Walking over time, and events that death can forestall, in sentences."""
    chosen, walking = (_section(settings, name) for name in ("competing", "ambulatory"))
    variance = {"aalen": "Aalen's variance"}.get(chosen.get("variance"), "Greenwood-type variance")
    return (
        "Local failure, loss and regaining of walking, fracture, re-treatment and myelopathy were "
        "described by the Aalen-Johansen cumulative incidence, death without the event competing "
        f"({variance}, intervals on the {chosen.get('interval', 'log-log')} scale); arms were "
        "compared with Gray's test, with cause-specific Cox models (Efron ties) and with Fine-Gray "
        "models (Breslow ties, robust variance). Loss and regaining are dated by the visit at "
        "which they were seen. Over time every case was walking, not walking, dead or of unknown "
        "status, a status being held for at most "
        f"{display.day_count(walking.get('carry_forward_days', 120))} days after it was seen; "
        "expected days to the horizon carry bootstrap percentile intervals "
        f"({walking.get('n_resamples', 1000)} samples of cases). Change from entry was tested with "
        "the exact McNemar and the Stuart-Maxwell test in cases known at both."
    )


def _validation(settings, study):
    chosen = _section(settings, "prognosis")
    if not chosen:
        return []
    days = display.listing(display.day_count(float(day)) for day in chosen["milestones_days"])
    return [
        "Prognostic scores were made from baseline columns with their published points and bands, "
        f"and compared with survival from {study.time_zero_words} among cases whose total is "
        "settled whatever is missing. Discrimination is Harrell's C over the whole follow-up and "
        f"Uno's C up to day {display.day_count(float(chosen['uno_until_days']))}; calibration sets "
        f"Kaplan-Meier survival by band at days {days} beside published figures; the Brier score, "
        "weighted for censoring, stands beside a null model. Intervals are quantiles of "
        f"{display.number(chosen['replicates'])} bootstrap samples (of Kaplan-Meier estimates "
        f"{chosen['interval']}), above {display.number(chosen['bootstrap_max_cases'])} cases those "
        f"of the standard error. With fewer than {chosen['min_events']} deaths nothing is "
        "estimated."
    ]


def _software(study):
    withheld = (
        f"Counts from 1 to {study.threshold - 1}, and what would reveal them, are withheld. "
        if study.threshold > 1
        else ""
    )
    digest = f" (code {study.digest})" if study.digest else ""
    return f"{withheld}{ALTERNATIVES} Computed with mescc_analytics {study.version}{digest}."


def settings_rows(settings, sections):
    """Settings as rows of (key, value), sections and keys in order, nested keys joined by dots."""
    rows = []
    for section in sections:
        for key, value in (settings.get(section) or {}).items():
            rows.append((f"{section}.{key}", _shown(value)))
    return rows


def _shown(value):
    if value is None:
        return "default"
    if isinstance(value, list):
        parts = [f"({_shown(v)})" if isinstance(v, list) else _shown(v) for v in value]
        return ", ".join(parts) or "none"
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_shown(item)}" for key, item in value.items()) or "none"
    return f"{value}".lower() if isinstance(value, bool) else f"{value}"
