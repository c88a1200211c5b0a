"""The words and colours that stay the same on every page: arms, groups, estimands, outcomes."""

from mescc_analytics import codebook

# Okabe-Ito, with two greys for arms that are not a local treatment; (colour, line style, marker).
ARM_STYLES = {
    "surgery_sbrt": ("#0072B2", "solid", "o"),
    "surgery_cebrt": ("#56B4E9", "dashed", "s"),
    "surgery_only": ("#009E73", "dashdot", "^"),
    "sbrt": ("#D55E00", "solid", "D"),
    "cebrt_long": ("#E69F00", "dashed", "v"),
    "cebrt_short": ("#CC79A7", "dashdot", "P"),
    "cebrt_other": ("#F0E442", "dotted", "X"),
    "systemic_only": ("#000000", "dotted", "h"),
    "supportive": ("#7F7F7F", "dashed", "d"),
    "unknown": ("#B0B0B0", "dotted", "<"),
}
ESTIMANDS = {
    "alive_assessed": "alive and assessed",
    "composite": "death counts as not walking",
    "best_case": "best case: unknown counts as walking",
    "worst_case": "worst case: unknown counts as not walking",
}
ESTIMAND_WHO = {
    "alive_assessed": "of those alive and assessed",
    "composite": "of those assessed or dead, death counting as not walking",
    "best_case": "of everybody, unknown counted as walking",
    "worst_case": "of everybody, unknown counted as not walking",
}
BASELINES = {
    "all": "all",
    "ambulatory": "walking at entry",
    "non_ambulatory": "not walking at entry",
}
OUTCOMES = {
    "walking": "Walking",
    "maintained": "Still walking (walked at entry)",
    "regained": "Walking again (did not walk at entry)",
}
MEASURES = {
    "risk_difference": "Risk difference, percentage points",
    "risk_ratio": "Risk ratio",
    "odds_ratio": "Odds ratio, crude",
    "odds_ratio_mh": "Odds ratio, Mantel-Haenszel (by walking at entry)",
}
TESTS = {
    "newcombe": "Newcombe interval",
    "katz": "Katz interval",
    "woolf": "Woolf interval",
    "fisher": "Fisher exact test",
    "chi_square": "chi-square test",
    "cmh": "Cochran-Mantel-Haenszel test",
    "log_rank": "Log-rank test",
    "ph_global": "Proportional hazards, global test",
}
UNDERSTATED = (
    "All of the dead count, but of the living only those assessed: if the others walked as often, "
    "the true share is higher."
)
TIME_ZERO = {"mri": "MRI", "presentation": "presentation", "treatment_start": "start of treatment"}
ANALYSES = {
    "by_arm_weighted": "Arm, weighted",
    "by_broad_arm_weighted": "First treatment, weighted",
    "by_arm_time_varying": "Arm, treatment counted from the day it begins (time-varying)",
    "by_arm_clone_censor_weight": "First treatment as a strategy (clone, censor, weight)",
}
BROAD_WEIGHTED = "by_broad_arm_weighted"
# comparisons with weights, which stand in tables of their own
WEIGHTED = ("by_arm_weighted", BROAD_WEIGHTED)
# first treatments share the colour of an arm that begins with them
FIRST_STYLES = {"surgery": "surgery_sbrt", "cebrt": "cebrt_long", "none": "supportive"}
YES_NO = {"true": "yes", "false": "no"}


def column_of(analysis):
    """The column by which an analysis is split: `by_ecog` gives `ecog`, `by_arm` and its variants,
    those of first treatments too, `arm`, `overall` None.
    """
    if not analysis.startswith("by_"):
        return None
    arms = analysis.startswith(("by_arm", "by_broad_arm"))
    return "arm" if arms else analysis.removeprefix("by_")


def group_label(analysis, group):
    """The words for one group of an analysis.

    >>> group_label("by_arm", "sbrt"), group_label("by_sex", "male"), group_label("overall", "all")
    ('SBRT', 'male', 'All cases')
    """
    if analysis == BROAD_WEIGHTED:
        return codebook.load("arms")["first_treatment"].get(group, {}).get("label", str(group))
    column = column_of(analysis)
    if column is None:
        return "All cases"
    return YES_NO.get(str(group).lower(), codebook.label(column, group))


def endpoint_label(name):
    """The words for an endpoint of the codebook.

    >>> endpoint_label("local_failure")
    'Local failure'
    """
    return codebook.load("endpoints")["endpoints"][name]["label"]


def endpoint_words(name):
    """The words for an endpoint within a sentence.

    >>> endpoint_words("local_failure")
    'local failure'
    """
    return endpoint_label(name).lower()


def cause_label(cause, endpoint):
    """The words for what happened first: the event of the endpoint, or death without it.

    >>> cause_label("death", "local_failure")
    'Death without local failure'
    """
    if cause == endpoint:
        return endpoint_label(cause)
    return f"Death without {endpoint_words(endpoint)}"


def level_label(column, level):
    """The words for one level of a column, booleans as yes and no."""
    return YES_NO.get(str(level).lower(), codebook.label(column, level))


def styles(groups):
    """Colour, line style and marker per group: fixed for the arms of the codebook, in order for
    any other group.

    >>> styles(["sbrt", "trial drug"])["sbrt"]
    ('#D55E00', 'solid', 'D')
    """
    spare = iter(
        [style for style in ARM_STYLES.values() if style[0] not in ("#F0E442", "#B0B0B0")] * 10
    )
    named = {group: ARM_STYLES.get(FIRST_STYLES.get(group, group)) for group in groups}
    taken = set(named.values())
    chosen = {}
    for group in groups:
        chosen[group] = named[group] or next(style for style in spare if style not in taken)
    return chosen


def ink(colour):
    """A colour darkened until text in it can be read on white (contrast at least 4.5).

    >>> ink("#000000"), ink("#F0E442") != "#F0E442"
    ('#000000', True)
    """
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    while _contrast_with_white(channels) < 4.5:
        channels = [0.95 * channel for channel in channels]
    return "#" + "".join(f"{round(255 * channel):02X}" for channel in channels)


def _contrast_with_white(channels):
    linear = [
        channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4
        for channel in channels
    ]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return 1.05 / (luminance + 0.05)
