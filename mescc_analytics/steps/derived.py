"""How many cases each default rule touched."""

import pandas as pd

from mescc_analytics.clinical.prognosis import registry
from mescc_analytics.steps import withhold

# Reason codes of the scores, in words; a code that is not listed is shown as it is.
RULES = {
    "LOCATION_FROM_LEVELS": "SINS location derived from the spinal levels",
    "LOCATION_DISAGREES": "SINS location as given, although the spinal levels say otherwise",
    "LEVEL_ALIAS": "Vertebra that SINS does not list (T13, L6) read as its nearest neighbour",
    "LEVEL_UNREADABLE": "Spinal levels that could not be read, left missing",
    "SACRUM_UNSPECIFIED": "Sacrum without a segment: SINS location left as a range",
    "COCCYX_EXTRAPOLATED": "Coccyx scored as rigid, outside the validated levels",
    "PAIN_CONSTANT_NONMECHANICAL": "Constant non-mechanical pain scored as configured",
    "DEFORMITY_PREEXISTING": "Deformity older than the metastasis scored by the configured rule",
    "DEFORMITY_AGE_UNKNOWN": "Deformity of unknown age: SINS alignment left as a range",
    "COLLAPSE_FROM_PERCENT": "SINS collapse derived from percentages",
    "INSTRUMENTED": "SINS at an instrumented level, outside its validated use",
    "BONE_FROM_MRI": "SINS bone lesion judged without CT",
    "SINS_IMAGING_OLD": "SINS from imaging older than the configured limit",
    "SINS_AFTER_TREATMENT": "SINS from imaging after treatment began",
    "COMPLETED_FROM_INDEX_LESION": "Blank levels, SOSG or SINS completed from the index lesion",
    "INDEX_LESION_DISAGREES": "Case row that disagrees with its index lesion, kept as given",
    "INDEX_LESION_UNCERTAIN": "Index lesion that missing values could change",
    "LESIONS_ADJACENT": "Lesions listed apart that adjoin, counted as one site",
    "SITES_DISAGREE": "Number of sites as given, although the lesions say otherwise",
    "TECHNIQUE_FROM_DOSE": "Radiotherapy technique derived from dose per fraction",
    "COURSE_FROM_DAYS": "Radiotherapy course derived from its duration",
    "COURSE_DAYS_DISAGREE": "Radiotherapy course by fractions, against its duration",
    "KPS_FROM_ECOG": "KPS read from the ECOG grade by the configured table",
    "ECOG_FROM_KPS": "ECOG grade read from KPS by the configured table",
    "KPS_BETWEEN_TENS": "KPS between two tens: both kept possible",
    "DEFICIT_AFTER_PRESENTATION": "Onset of motor deficit after presentation, not used by scores",
}
# Endings of codes that begin with the name of a prognostic score.
SCORE_RULES = {
    "_OUTSIDE": "{}: used outside the patients from whom it was derived",
    "_UNVERIFIED": "{}: given with points that no readable source confirms (allow_unverified)",
}


def derived(cohort, threshold):
    """Default rules that touched at least one case: rule (words), n, mark.

    Parameters
    ----------
    cohort : DataFrame, shape (n_cases, n_columns)
    threshold : int
        Smallest count that is shown.
    """
    counts = _column_rules(cohort)
    for name in [name for name in cohort if name.endswith("_flags")]:
        counts |= _code_counts(cohort[name])
    rows = [{"rule": rule, "n": int(n)} for rule, n in counts.items() if n > 0]
    return withhold.counted(pd.DataFrame(rows, columns=["rule", "n"]), threshold)


def _column_rules(cohort):
    counts = {}
    if "time_zero_source" in cohort:
        fallback = cohort["time_zero_source"].astype("string") == "presentation_fallback"
        counts["Time zero taken from presentation, because the configured origin was missing"] = (
            fallback.sum()
        )
    if "operable_derived" in cohort and "operable" in cohort:
        touched = cohort["operable"].isna() & cohort["operable_derived"].notna()
        counts["Operability derived, because the clinician's judgement was missing"] = touched.sum()
    if "rt_technique_inferred" in cohort and "rt_flags" not in cohort:
        counts[RULES["TECHNIQUE_FROM_DOSE"]] = cohort["rt_technique_inferred"].fillna(False).sum()
    if "sosg_partial" in cohort:
        counts["SOSG recorded as less than one grade, used only where that is enough"] = (
            cohort["sosg_partial"].notna().sum()
        )
    return counts


def _code_counts(flags):
    combinations = flags.dropna().value_counts()
    counts = {}
    for text, n in sorted(combinations.items()):
        for code in str(text).split("; "):
            words = RULES.get(code) or _of_score(code)
            counts[words] = counts.get(words, 0) + n
    return counts


def _of_score(code):
    for ending, words in SCORE_RULES.items():
        book = registry(allow_unverified=True).get(code.removesuffix(ending).lower())
        if code.endswith(ending) and book:
            return words.format(book["label"])
    return code
