"""What is measured of single cases, to put beside what was published of others.

Whatever is not recorded in a case is missing there and in no denominator. Nothing is measured of
which no case has a record.
"""

from dataclasses import dataclass

import pandas as pd

from mescc_analytics import codebook

PRIMARIES = {
    "primary_lung": ("lung_small_cell", "lung_non_small_cell", "lung_unspecified"),
    "primary_prostate": ("prostate",),
    "primary_myeloma": ("myeloma",),
}
REGIONS = {
    "region_cervical": ("cervical",),
    "region_thoracic": ("thoracic",),
    "region_lumbosacral": ("lumbar", "sacral"),
}
WALKS = {"with_aids": ("unaided", "aided"), "unaided": ("unaided",)}
TREATMENTS = ("surgery_day", "rt_start_day", "systemic_day")
UNTIMED = {"timepoint_days": None, "after": "treatment"}


@dataclass(frozen=True)
class Measured:
    """One outcome of every case.

    Attributes
    ----------
    outcome : str
        As in benchmark_outcomes.yaml.
    values : Series of boolean or Float64, shape (n_cases,)
        Missing where not recorded.
    asked : Series of bool, shape (n_cases,)
        Of whom it is asked at all; the others are not counted as unknown.
    counted : str
        Whom the figure counts, in words.
    parts : tuple of boolean Series
        The levels whose numbers could be worked out from this figure and a table of the levels.
    measure, definition, death_rule : str
    timepoint_days : float or None
    after : str
        "": known at entry, so that arms are those compared elsewhere; "treatment": of all treated,
        the early dead with them; "surgery": likewise, and other arms cannot have it; "whole":
        nothing that an arm could have.
    """

    outcome: str
    values: object
    asked: object
    counted: str
    parts: tuple = ()
    measure: str = "proportion"
    definition: str = "not_applicable"
    death_rule: str = "not_applicable"
    timepoint_days: float | None = 0.0
    after: str = ""


def measured(cases, rules):
    """Everything that the columns of `cases` allow to be measured: list of Measured."""
    found = [
        *_levels(cases, "primary_histology", PRIMARIES, "cases with a recorded primary"),
        *_levels(cases, "spinal_region", REGIONS, "cases with disease in one region"),
        *_presentation(cases, rules),
        *_instability(cases),
        *_sites(cases),
        *_treatment(cases),
        *_times(cases),
        *_deaths(cases),
    ]
    return [item for item in found if item.values[item.asked].notna().any()]


def arm_of(cases):
    """The arm of every case; missing where the column is absent."""
    if "arm" not in cases:
        return pd.Series(pd.NA, index=cases.index, dtype="string")
    return cases["arm"]


def _everybody(cases):
    return pd.Series(True, index=cases.index)


def _is(cases, name, levels):
    """Whether a column has one of the levels; missing where it is not recorded or absent."""
    if name not in cases:
        return pd.Series(pd.NA, index=cases.index, dtype="boolean")
    return cases[name].isin(levels).astype("boolean").mask(cases[name].isna())


def flag(cases, name):
    """A yes/no column; missing in every case where it is absent."""
    absent = pd.Series(pd.NA, index=cases.index)
    return cases.get(name, absent).astype("boolean")


def _day(cases, name):
    absent = pd.Series(pd.NA, index=cases.index)
    return cases.get(name, absent).astype("Float64")


def _all_levels(cases, name):
    if name not in cases:
        return ()
    levels = cases[name].astype("string").dropna().unique()
    return tuple(_is(cases, name, [level]) for level in sorted(levels))


def _levels(cases, name, outcomes, counted):
    several = _is(cases, name, ["several"]).fillna(False).astype(bool)
    for outcome, levels in outcomes.items():
        parts = tuple(_is(cases, name, [level]) for level in levels)
        yield Measured(outcome, _is(cases, name, levels), ~several, counted, parts)


def _presentation(cases, rules):
    all_cases = _everybody(cases)
    pain = flag(cases, "back_pain")
    yield Measured("pain_at_presentation", pain, all_cases, "cases with back pain recorded")
    yield Measured("weakness", flag(cases, "weakness"), all_cases, "cases with power recorded")
    unknown = ~flag(cases, "cancer_known")
    yield Measured("first_presentation", unknown, all_cases, "cases with the history recorded")
    counted = "cases with walking at entry recorded"
    for definition, levels in WALKS.items():
        walks = _is(cases, "ambulatory_status", levels)
        parts = _all_levels(cases, "ambulatory_status")
        yield Measured("walking_at_entry", walks, all_cases, counted, parts, definition=definition)
    grades = "_".join(("sosg", *sorted(rules.high_grades)))
    high, parts = flag(cases, "sosg_high_grade"), _all_levels(cases, "sosg_grade")
    yield Measured("high_grade", high, all_cases, "cases with a grade", parts, definition=grades)


def _instability(cases):
    parts = _all_levels(cases, "sins_category")
    for category in ("stable", "indeterminate", "unstable"):
        values = _is(cases, "sins_category", [category])
        values = values.mask(_is(cases, "sins_category", ["undetermined"]).fillna(False))
        who = "cases with a SINS category"
        yield Measured(f"sins_{category}", values, _everybody(cases), who, parts)


def whole_spine(cases):
    """Whether each case has an MRI of the whole spine; no where that is not recorded."""
    return _is(cases, "mri_extent", ["whole_spine"]).fillna(False).astype(bool)


def several_sites(cases):
    """Whether each case has several sites of compression: from its lesions where the table gives
    them, else from compression_sites, which says no only with an MRI of the whole spine.
    """
    if "multi_site" in cases:
        return cases["multi_site"].astype("boolean")
    several = (_day(cases, "compression_sites") > 1).astype("boolean")
    return several.mask(~whole_spine(cases) & ~several.fillna(False))


def _sites(cases):
    imaged = whole_spine(cases)
    who = "whole-spine MRI only"
    yield Measured("several_sites", several_sites(cases).where(imaged), imaged, who)


def _treatment(cases):
    broad, arm = codebook.load("arms")["broad"], arm_of(cases)
    operated, local = broad["surgery"]["arms"], (broad["surgery"]["arms"] + broad["rt"]["arms"])
    asked = arm.isin(local).fillna(False).astype(bool)
    first = arm.isin(operated).astype("boolean").where(asked)
    parts = tuple(arm.eq(name).astype("boolean").where(asked) for name in operated)
    who = "cases operated or irradiated"
    yield Measured("surgery_first", first, asked, who, parts, after="whole")
    given = _day(cases, "surgery_day").notna()
    harmed = flag(cases, "complication_30d").where(given)
    who = "operated cases with it recorded"
    yield Measured("complication", harmed, given, who, timepoint_days=30.0, after="surgery")
    sbrt = _is(cases, "rt_technique_derived", ["sbrt"]).fillna(False).astype(bool)
    flare = flag(cases, "pain_flare").where(sbrt)
    yield Measured("pain_flare", flare, sbrt, "SBRT with flares recorded", **UNTIMED)


def _times(cases):
    days = pd.concat([_day(cases, name) for name in TREATMENTS], axis="columns")
    delay = days.min(axis="columns").astype("Float64") - _day(cases, "symptom_onset_day")
    kind = {"measure": "median_days", "definition": "from_first_symptom"} | UNTIMED
    yield Measured("delay_total", *_positive(delay), "treated cases with both days", **kind)
    wait = _day(cases, "rt_start_day") - _day(cases, "rt_consult_day")
    wait = wait.where(_is(cases, "rt_technique_derived", ["sbrt"]).fillna(False))
    kind = {"measure": "mean_days", "definition": "from_consultation"} | UNTIMED
    yield Measured("consult_to_start", *_positive(wait), "SBRT with both days", **kind)
    mri = _day(cases, "mri_day")
    imaged = (mri >= 0).fillna(False).astype(bool)
    kind = {"definition": "from_presentation", "timepoint_days": 1.0}
    soon = (mri <= 1).astype("boolean").where(imaged)
    yield Measured("mri_within_24h", soon, imaged, "MRI from presentation on", **kind)


def _positive(days):
    """Intervals that are not negative, and which these are."""
    usable = (days >= 0).fillna(False).astype(bool)
    return days.where(usable), usable


def _deaths(cases):
    """Deaths after surgery by a day, of those who died by it or were followed up to it."""
    observed = _day(cases, "last_contact_day") - _day(cases, "surgery_day")
    died = flag(cases, "died")
    operated = (observed >= 0).fillna(False).astype(bool)
    for day in (30.0, 365.0):
        dead = (died & (observed <= day)).astype("boolean")
        known = (dead | (observed >= day)).fillna(False).astype(bool) & operated
        yield Measured(
            *("death", dead.where(known), operated, "operated cases dead or followed to that day"),
            definition="from_surgery",
            death_rule="crude",
            timepoint_days=day,
            after="surgery",
        )
