"""The six SINS items of a case as recorded or derived, with the published edge cases each under its
own setting.
"""

import numpy as np
import pandas as pd

from mescc_analytics.clinical.flags import join_codes
from mescc_analytics.clinical.frames import coded
from mescc_analytics.clinical.levels import describe_levels
from mescc_analytics.clinical.sins import bounds, items

# The published lines leave out exactly 50 %.
AT_50_COLLAPSE = {"lower": "under_50", "upper": "over_50", "missing": "collapse_exactly_50"}
AT_50_INVOLVED = {
    "lower": "none",
    "upper": "none_over_50_involved",
    "missing": "no_collapse_involvement_unknown",
}


def prepare_items(cases, settings):
    """Item states of every case, and why a state is not simply what the table says.

    Parameters
    ----------
    cases : DataFrame, shape (n_cases, ...)
        Typed case table; absent columns are missing items.
    settings : dict
        The score section of the config.

    Returns
    -------
    (list of six Categorical, dict of str to boolean Series)
        States in the order of ``sins.items()``; masks of the reason codes.
    """
    levels = describe_levels(
        _get(cases, "spinal_levels", "string"),
        settings["range_rule"],
        settings["conus_lowest_vertebra"],
    )
    states = {item: coded(cases, item, _known(item)) for item in items()}
    flags = {}
    states["sins_location"] = _location(states["sins_location"], levels, settings, flags)
    states["sins_pain"] = _pain(states["sins_pain"], settings, flags)
    states["sins_alignment"] = _alignment(states["sins_alignment"], cases, settings, flags)
    states["sins_collapse"] = _collapse(states["sins_collapse"], cases, settings, flags)
    _validity(cases, settings, flags)
    return [states[item].cat.set_categories(_known(item)).array for item in items()], flags


def _known(item):
    """States of an item, without that of a missing one."""
    return list(bounds(item))[1:]


def _get(cases, name, dtype):
    if name in cases:
        return cases[name].astype(dtype)
    return pd.Series(pd.NA, index=cases.index, dtype=dtype)


def _location(given, levels, settings, flags):
    derived = levels["location"].astype(given.dtype)
    if settings["coccyx"] == "unscorable":
        derived = derived.mask(derived.eq("coccyx"))
    flags["LOCATION_FROM_LEVELS"] = given.isna() & derived.notna()
    flags["LOCATION_DISAGREES"] = (
        given.notna()
        & derived.isin(["junctional", "mobile", "semirigid", "rigid"])
        & given.ne(derived)
    )
    written = levels["flags"].astype("category")
    for code in ("LEVEL_ALIAS", "LEVEL_UNREADABLE", "SACRUM_UNSPECIFIED"):
        flags[code] = written.isin([text for text in written.cat.categories if code in text])
    flags["COCCYX_EXTRAPOLATED"] = given.isna() & derived.eq("coccyx")
    return given.where(given.notna(), derived)


def _pain(given, settings, flags):
    constant = given.eq("constant_nonmechanical")
    flags["PAIN_CONSTANT_NONMECHANICAL"] = constant
    read_as = settings["constant_nonmechanical_pain"]
    return given.mask(constant, pd.NA if read_as == "missing" else read_as)


def _alignment(given, cases, settings, flags):
    """A deformity scores only where it is new; where the column exists but is blank, 0 and 2 points
    stay possible.
    """
    if "deformity_preexisting" not in cases or settings["preexisting_deformity"] == "score":
        return given
    deformity, older = given.eq("deformity"), cases["deformity_preexisting"]
    flags["DEFORMITY_PREEXISTING"] = deformity & older
    flags["DEFORMITY_AGE_UNKNOWN"] = deformity & older.isna()
    return given.mask((deformity & older).fillna(False), "normal").mask(
        deformity & older.isna(), "deformity_age_unknown"
    )


def _collapse(given, cases, settings, flags):
    """From percentages where the level was not recorded: the highest line that applies."""
    percent = _get(cases, "collapse_percent", "Float64")
    involved = _get(cases, "body_involved_percent", "Float64")
    collapsed = percent > settings["collapse_floor_percent"]
    rules = [
        (percent.eq(50), AT_50_COLLAPSE[settings["collapse_eq_50"]]),
        (percent > 50, "over_50"),
        (collapsed, "under_50"),
        (percent.isna() & (involved > 50), "collapse_unknown_over_50_involved"),
        (percent.isna(), None),
        (involved.eq(50), AT_50_INVOLVED[settings["involved_eq_50"]]),
        (involved > 50, "none_over_50_involved"),
        (involved.isna(), "no_collapse_involvement_unknown"),
    ]
    place = {state: code for code, state in enumerate(given.cat.categories)}
    applies = [rule.to_numpy(dtype=bool, na_value=False) for rule, _ in rules]
    codes = np.select(applies, [place.get(state, -1) for _, state in rules], place["none"])
    derived = pd.Series(pd.Categorical.from_codes(codes, dtype=given.dtype), index=cases.index)
    flags["COLLAPSE_FROM_PERCENT"] = given.isna() & derived.notna()
    flags["COLLAPSE_EQ_50"] = given.isna() & percent.eq(50)
    flags["INVOLVED_EQ_50"] = given.isna() & ~collapsed & involved.eq(50)
    return given.where(given.notna(), derived)


def _validity(cases, settings, flags):
    """Uses of the score outside its derivation; the score is given all the same, marked."""
    age = _get(cases, "sins_imaging_day", "Float64")
    flags["INSTRUMENTED"] = _get(cases, "instrumented_level", "boolean")
    flags["BONE_FROM_MRI"] = (
        ~_get(cases, "ct_available", "boolean") & coded(cases, "sins_lesion").notna()
    )
    flags["SINS_IMAGING_OLD"] = age < -settings["sins_max_age_days"]
    treated = pd.concat(
        [_get(cases, name, "Float64") for name in ("surgery_day", "rt_start_day")], axis="columns"
    ).min(axis="columns")
    flags["SINS_AFTER_TREATMENT"] = age > treated


def sins_codes(flags, index):
    """Reason codes joined per case, and whether the score was used within its validated setting
    (boolean).
    """
    outside = pd.Series(False, index=index)
    for code in ("INSTRUMENTED", "SINS_AFTER_TREATMENT", "COCCYX_EXTRAPOLATED"):
        outside |= pd.array(flags[code], dtype="boolean").fillna(False)
    return join_codes(flags, index), (~outside).astype("boolean")
