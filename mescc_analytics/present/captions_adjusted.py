"""Words around the weighted comparison of arms: opening, captions, how many contrasts passed."""

import re

from mescc_analytics import codebook
from mescc_analytics.present import display, wording

ANALYSES = {
    "by_broad_arm_weighted": "First treatments",
    "by_arm_weighted": "Arms in detail",
}
ESTIMANDS = {
    "overlap": "Overlap weights count most those cases that could have had any of the treatments "
    "compared: the comparison is about patients for whom the choice was open, not about everybody "
    "treated.",
    "ate": "Stabilised weights by the inverse of the probability make every arm resemble all cases "
    "compared: the comparison is about everybody among them.",
    "att": "Weights make the other arms resemble the cases of one arm ({arm}): the comparison is "
    "about patients like those.",
}
NO_CURVES = (
    "Weighted survival curves are not drawn: no contrast passed the diagnostics, or too few cases "
    "can be shown."
)
NOTHING_KNOWN = (
    "The arms differed before treatment began. Nothing of what they could be made alike in was "
    "supplied ({}), so that nothing is adjusted."
)
AS_GIVEN = (
    "The table gives the arms, which are taken as assigned at random, so that nothing is adjusted "
    "(setting weight.given_arms)."
)
SMD = (
    "Standardised mean difference: for a number, the difference of the two means over the root of "
    "the mean of the two variances; for yes or no and for levels, the Mahalanobis distance "
    "between the proportions, which for yes or no is |p1 − p2| / √((p1(1 − p1) + p2(1 − p2)) / 2). "
    "Means, variances and proportions carry the weights after weighting."
)


# how the reasons of the step name an arm
NAMED = re.compile(r"(?<=\barm )\S.*?(?= (?:of weight\.att_arm )?is left out)")


def contrast_label(row):
    """The words for the contrast of a row: analysis, group, reference.

    >>> contrast_label({"analysis": "by_arm_weighted", "group": "sbrt", "reference": "cebrt_long"})
    'SBRT against cEBRT, long course'
    """
    names = [wording.group_label(row["analysis"], row[name]) for name in ("group", "reference")]
    return f"{names[0]} against {names[1]}"


def _covariates(names):
    return display.listing(codebook.label(name) for name in names) or "nothing"


def _absent(not_assessable):
    named = not_assessable["analysis"].astype(str)
    return [name.removeprefix("covariate ") for name in named if name.startswith("covariate ")]


def opening(not_assessable, chosen, study):
    """Paragraphs: what weighting does, about whom it speaks, what it cannot do.

    Parameters
    ----------
    not_assessable : DataFrame
        analysis, reason of the step.
    chosen : dict
        Settings of the step.
    study : Study
    """
    if study.arms_given and chosen.get("given_arms", "skip") == "skip":
        return AS_GIVEN
    absent = _absent(not_assessable)
    names = [name for name in chosen.get("covariates", []) if name not in absent]
    arm = codebook.label("arm", chosen["att_arm"]) if chosen.get("att_arm") else "the reference"
    about = ESTIMANDS[chosen.get("estimand", "overlap")].format(arm=arm)
    if not names:
        return NOTHING_KNOWN.format(_covariates(absent))
    gone = (
        f" Not supplied, and therefore not adjusted for: {_covariates(absent)}." if absent else ""
    )
    return (
        "The arms differed before treatment began. Weighting counts some cases for more and others "
        "for less, so that the arms resemble each other in what was recorded at baseline: "
        f"{_covariates(names)}.{gone} {about} {_start(study)} "
        "Weighting cannot make the arms alike in what nobody recorded (unmeasured confounding), "
        "such as frailty or what the surgeon thought could be achieved, so that a remaining "
        "difference may still be one between the patients. Whether two arms can be "
        "compared at all was judged by the diagnostics below, whose limits were set before any "
        f"estimate was seen; a contrast that fails one {_on_failure(chosen)}."
    )


def _start(study):
    if not study.landmark_days:
        return f"Cases count from {study.time_zero_words}, without a landmark."
    return (
        f"Cases count from the landmark, day {display.day_count(study.landmark_days)} after "
        f"{study.time_zero_words}, as in Survival by arm."
    )


def shown_anyway(chosen):
    """Whether the settings of the step ask for the estimates of contrasts that fail."""
    return chosen.get("on_failure", "withhold") == "show"


def _on_failure(chosen):
    if shown_anyway(chosen):
        return "is marked as failed (the settings ask for its estimate all the same)"
    return "has no adjusted estimate here"


def no_model(not_assessable):
    """Why there is nothing to judge."""
    rows = not_assessable[~not_assessable["analysis"].astype(str).str.startswith("covariate ")]
    known = rows.dropna(subset=["reason"])
    reasons = [
        NAMED.sub(lambda found, of=of: wording.group_label(of, found.group()), why)
        for of, why in zip(known["analysis"], known["reason"].astype(str), strict=True)
    ]
    reasons = list(dict.fromkeys(reasons))
    return f"Not assessable: {'; '.join(reasons) or 'no arms that can be compared'}."


def balance(rows, study):
    """Caption and text alternative of the figure of balance; rows of balance.csv, suppressed."""
    caption = (
        "Standardised mean differences between the two arms of each contrast before weighting "
        f"(open circles) and after (filled diamonds), cohort {study.name}. Upright marks: the "
        "limit after weighting, which is wider where arms of that effective size would differ as "
        "much by chance. Separated: the covariate tells the two arms apart without exception, and "
        f"the arm is not in the model. {SMD}"
    )
    if study.threshold > 1:
        caption += (
            " Of a covariate with a level that fewer than "
            f"{study.threshold} cases of an arm have, or lack, only the verdict is shown; "
            "differences of first treatments before weighting are rounded to a tenth."
        )
    parts = []
    for _, own in rows.groupby(["analysis", "contrast"], sort=False):
        failed = (own["verdict"] == "fail").sum()
        label = contrast_label(own.iloc[0])
        parts.append(f"{label}: {len(own) - failed} of {len(own)} within the limit")
    return caption, f"{'; '.join(parts)}." if parts else "No balance is shown."


def overlap(rows, study):
    """Caption and text alternative of the figure of overlap."""
    joined = (
        f" Neighbouring bins are joined until each holds no case or at least {study.threshold}."
        if study.threshold > 1
        else ""
    )
    caption = (
        "Propensity score, the estimated probability of the first-named arm of the two, among the "
        "cases of that arm (upwards) and of the other (downwards), cohort "
        f"{study.name}. Filled: cases, as a share of their arm; outlined: after weighting. Where "
        "the two sides do not face each other, cases of one arm have no counterpart in the other."
        f"{joined}"
    )
    labels = [
        contrast_label(own.iloc[0]) for _, own in rows.groupby(["analysis", "contrast"], sort=False)
    ]
    found = f"Distribution of the propensity score in both arms of {display.listing(labels)}."
    return caption, found if labels else "No propensity score is shown."


def survival(summary, study, analysis):
    """Caption and text alternative of weighted survival curves."""
    landmark = (
        f" alive and under follow-up at the landmark, day {display.day_count(study.landmark_days)}"
        " (dotted line)"
        if study.landmark_days
        else ""
    )
    caption = (
        f"Survival after weighting, {ANALYSES[analysis].lower()}, of the cases{landmark} whose "
        f"arms are compared, cohort {study.name}; time zero is {study.time_zero_words}. Weighted "
        f"Kaplan-Meier with pointwise {study.level_words} ({study.interval}). At risk: cases, and "
        "under them the sum of their weights. Only arms of a contrast whose estimates are shown "
        "are drawn. Weighting takes account of recorded covariates only."
    )
    known = summary.dropna(subset=["median_days"]) if "median_days" in summary else summary[:0]
    parts = [
        f"{display.days(row['median_days'])} ({wording.group_label(analysis, row['group'])})"
        for row in known.to_dict("records")
    ]
    found = f"Weighted survival curves; median survival {display.listing(parts)}."
    return caption, found if parts else "Weighted survival curves."


def summed_up(rows, chosen):
    """How many contrasts passed, in one sentence; "" where none could be judged.

    Parameters
    ----------
    rows : DataFrame
        diagnostics.csv, suppressed.
    chosen : dict
        Settings of the step.
    """
    if rows.empty:
        return ""
    gone = rows[rows["withholds"] == "everything"].drop_duplicates(["analysis", "contrast"])
    n = len(rows.drop_duplicates(["analysis", "contrast"]))
    passed = n - len(gone)
    if not passed:
        of = "The one contrast" if n == 1 else f"Not one of the {n} contrasts"
        fails = "failed a diagnostic" if n == 1 else "passed every diagnostic"
        then = "" if shown_anyway(chosen) else ", so that no adjusted estimate is shown"
        return f"{of} of arms {fails}{then}."
    contrasts = display.plural(n, "contrast")
    return f"{passed} of {contrasts} of arms passed the diagnostics of the weighted comparison."
