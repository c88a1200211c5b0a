"""Why a published result and the cohort's figure do not measure the same, in plain words."""

import pandas as pd

from mescc_analytics import codebook
from mescc_analytics.codebook.printed import RATIOS

AFTER_TREATMENT = "after treatment"
POPULATIONS = {
    "mescc_subset": "a part of the patients, chosen by score, grade, dose or histology",
    "spine_metastases": "spinal metastases with or without compression",
}
KINDS = {
    "mean_days": "a mean",
    **{name: f"{'an' if name[0] in 'aeiou' else 'a'} {name.replace('_', ' ')}" for name in RATIOS},
    "odds_ratio_stratified": "a stratified odds ratio",
}
ENTRY = {"all": "", "ambulatory": " walking at entry", "non_ambulatory": " not walking at entry"}
DEFINITIONS = {
    "with_aids": "walking with or without aids",
    "unaided": "walking without aids",
    "from_mri": "counted from the MRI",
    "from_presentation": "counted from presentation",
    "from_treatment_start": "counted from the start of treatment",
    "from_randomisation": "counted from randomisation",
    "from_symptoms": "counted from symptoms of compression",
    "from_back_pain": "counted from back pain",
    "from_consultation": "counted from the consultation",
    "from_first_symptom": "counted from the first symptom recorded",
    "from_surgery": "counted from surgery",
    "sosg_2_3": "SOSG grade 2 or 3",
    "sosg_1c_2_3": "SOSG grade 1c, 2 or 3",
    "cord_deformed": "the cord deformed",
    "not_applicable": "no rule needed",
}
DEATHS = {
    "alive_assessed": "only those alive and assessed count",
    "composite": "death counts as not walking",
    "kaplan_meier": "Kaplan-Meier estimate",
    "cumulative_incidence": "cumulative incidence with death as a competing event",
    "crude": "the dead as a share of all",
    "not_applicable": "deaths play no part",
}
COUNTED = {
    "segments": "spinal segments",
    "failures": "failures only",
    "with symptoms": "those with symptoms only",
}
NOT_SAID = {"survival": "from which day it counts", "death": "from which day it counts"}
WALKING = ("walking", "maintained", "regained", "walking_at_entry", "walking_lost", "time_walking")


def reasons(pairs, figures, rules, operated):
    """Why a benchmark and its figure do not measure the same: every reason, "" if they do.

    Parameters
    ----------
    pairs : DataFrame
        Benchmarks with their nearest figures, as `compare` makes them.
    figures, rules, operated
        As in `compare`.

    Returns
    -------
    Series of str, shape (n_benchmarks,)
    """
    paired = pairs["analysis"].notna()
    otherwise = [
        _population(pairs),
        _definition(pairs, paired),
        _time(pairs, paired, rules),
        _deaths(pairs, paired),
        _counting(pairs, paired),
        *_own(pairs, paired, rules, operated),
    ]
    unverified = _where(pairs["status"] == "unverified", "the published figure is not verified")
    return _joined([_where(~paired, _no_figure(pairs, figures)), unverified, *otherwise])


def _population(pairs):
    other = "other patients: published " + pairs["population"].map(POPULATIONS)
    return _where(pairs["population"] != "mescc", other)


def _definition(pairs, paired):
    published, ours = pairs["published_definition"], pairs["definition"]
    left_open = pairs["outcome"].map(NOT_SAID).fillna("how it defines this")
    left_open = left_open.mask(pairs["outcome"].isin(WALKING), "what counts as walking")
    text = _differ("defined otherwise", published.map(DEFINITIONS), ours.map(_defined))
    text = text.mask(published == "not_stated", "the publication does not say " + left_open)
    return _where(paired & (published != ours), text)


def _defined(name):
    return DEFINITIONS.get(name, str(name).replace("_", " "))


def _time(pairs, paired, rules):
    same_day = (pairs["gap"] <= rules.tolerance_days).fillna(False).astype(bool)
    same_day |= pairs["measure"].isin(["median_days", "mean_days"])
    day = ("here day " + _number(pairs["timepoint_days"])).fillna("here no fixed day")
    published = pairs["published_timepoint"].fillna("not stated")
    after = published == AFTER_TREATMENT
    text = "another time: published " + published + ", " + day
    text = text.mask(
        after & pairs["gap"].isna(), "the publication gives no day, only 'after treatment'; " + day
    )
    text = text.mask(published == "not stated", "the publication gives no time; " + day)
    return _where(paired & ~same_day, text)


def _deaths(pairs, paired):
    published, ours = pairs["published_death_rule"], pairs["death_rule"]
    text = _differ("deaths are counted otherwise", published.map(DEATHS), ours.map(DEATHS))
    unsaid = "the publication does not say how deaths are counted"
    return _where(paired & (published != ours), text.mask(published == "not_stated", unsaid))


def _counting(pairs, paired):
    of = pairs["denominator_rule"].map(COUNTED)
    return _where(paired & of.notna(), _differ("counted otherwise", of, "patients"))


def _own(pairs, paired, rules, operated):
    """What the cohort's own figure lacks."""
    alive = "alive on day " + _number(pairs["start_days"]) + ", the landmark,"
    late = (pairs["start_days"] > 0).fillna(False) & (pairs["death_rule"] != "alive_assessed")
    mixed = _not_all_comers(operated, rules)
    of_all = paired & (pairs["arm"] == "all") & (mixed != "")
    return [
        _where(paired & late, "here only those " + alive + " are counted"),
        _where(of_all, f"published of all comers; {mixed}"),
        _where(paired & pairs["estimate"].isna(), "the cohort's figure is not estimable"),
    ]


def _not_all_comers(operated, rules):
    """What keeps the whole cohort from being one of all comers; "" where nothing does."""
    if rules.arms_given:
        return "here the table gives the arms, as in a trial, which admits a part of them"
    if pd.isna(operated):
        return "here no treatment is known that would say whom the cohort holds"
    if operated == 0:
        return "here nobody was operated"
    if operated == 1:
        return "here everybody was operated, and those chosen for surgery live longer"
    if operated > rules.surgical_share_max:
        return f"here more than {100 * rules.surgical_share_max:g} % were operated"
    return ""


def _no_figure(pairs, figures):
    """Which part of the cohort's tables is missing."""
    known = pairs["outcome"].isin(figures["outcome"].unique())
    who = pairs["arm"].map(arm_words) + pairs["baseline"].map(ENTRY)
    group = ["arm", "baseline"]
    measured = pd.MultiIndex.from_frame(pairs[group]).isin(pd.MultiIndex.from_frame(figures[group]))
    text = ("not estimated here for " + who).where(measured, "no case here: " + who)
    text = text.where(known, pairs["outcome"].map(_absent))
    kind = pairs["measure"].map(KINDS)
    return text.mask(kind.notna(), "published as " + kind + ", which is not estimated here")


def arm_words(name):
    """The words for an arm or a group of arms of a publication."""
    broad = codebook.load("arms")["broad"]
    if name in broad:
        return broad[name]["label"]
    return {"all": "all treatments together", "none": "no treatment arm"}.get(
        name, codebook.label("arm", name)
    )


def _absent(outcome):
    entry = codebook.load("benchmark_outcomes")["outcomes"].get(outcome, {})
    if "never" in entry:
        return f"cannot be computed: {entry['never']}"
    return f"not assessable: needs {entry['needs']}" if "needs" in entry else "not estimated here"


def _differ(what, published, ours):
    return what + ": published " + published + ", here " + ours


def _number(days):
    return days.map("{:g}".format, na_action="ignore").astype("string")


def _where(condition, text):
    condition = condition.fillna(False).astype(bool)
    text = pd.Series(text, index=condition.index, dtype="string")
    return text.where(condition, "")


def _joined(parts):
    why = parts[0]
    for part in parts[1:]:
        why = why + part.where((why == "") | (part == ""), "; " + part)
    return why
