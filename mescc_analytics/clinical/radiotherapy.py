"""Radiotherapy technique, course and dose of a case."""

import numpy as np
import pandas as pd

from mescc_analytics import codebook
from mescc_analytics.clinical.flags import join_codes
from mescc_analytics.clinical.frames import coded, looked_up

TECHNIQUES = ["cebrt", "sbrt"]
COURSES = ["short", "intermediate", "long", "sbrt"]


def describe_radiotherapy(cases, alpha_beta_gy, alpha_beta_cord_gy):
    """Technique, course class and biological dose.

    Parameters
    ----------
    cases : DataFrame, shape (n_cases, ...)
        Reads rt_technique, rt_dose_gy (Gy), rt_fractions, rt_start_day, rt_end_day (days),
        prior_rt_same_level, prior_rt_dose_gy (Gy), prior_rt_fractions, each where present.
    alpha_beta_gy, alpha_beta_cord_gy : float
        Of the linear-quadratic model for tumour and spinal cord, Gy.

    Returns
    -------
    DataFrame, shape (n_cases, 10)
        rt_technique_derived, rt_technique_inferred (boolean), rt_course (by fractions; by calendar
        days only where the number of fractions is missing, flagged), rt_dose_per_fraction_gy,
        bed_gy, eqd2_gy, cord_eqd2_gy, cumulative_eqd2_gy and cumulative_cord_eqd2_gy (with an
        earlier course at the level; missing where that course is recorded without its dose, or
        where it is unknown whether there was one), rt_flags.

    Notes
    -----
    BED = n d (1 + d / (alpha/beta)); EQD2 = BED / (1 + 2 / (alpha/beta)). 30 Gy in 10 fractions
    gives 32.5 Gy to the tumour (alpha/beta 10) and 37.5 Gy to the cord (alpha/beta 2). Doses are
    added without recovery between courses, and the cord is taken to receive the full dose, which
    SBRT spares it.
    """
    dose, fractions = _get(cases, "rt_dose_gy"), _get(cases, "rt_fractions")
    per_fraction = dose / fractions
    technique, inferred = _technique(cases, fractions, per_fraction)
    days = _get(cases, "rt_end_day") - _get(cases, "rt_start_day") + 1
    course, from_days = _course(technique, fractions, days)
    eqd2, cord = (eqd2_of(dose, fractions, ratio) for ratio in (alpha_beta_gy, alpha_beta_cord_gy))
    flags = {
        "TECHNIQUE_FROM_DOSE": inferred,
        "COURSE_FROM_DAYS": from_days,
        "COURSE_DAYS_DISAGREE": _disagrees(course, days) & ~from_days,
    }
    return pd.DataFrame(
        {
            "rt_technique_derived": technique,
            "rt_technique_inferred": inferred.astype("boolean"),
            "rt_course": course,
            "rt_dose_per_fraction_gy": per_fraction,
            "bed_gy": eqd2 * (1 + 2 / alpha_beta_gy),
            "eqd2_gy": eqd2,
            "cord_eqd2_gy": cord,
            "cumulative_eqd2_gy": eqd2 + earlier_eqd2(cases, alpha_beta_gy),
            "cumulative_cord_eqd2_gy": cord + earlier_eqd2(cases, alpha_beta_cord_gy),
            "rt_flags": join_codes(flags, cases.index),
        }
    )


def eqd2_of(dose_gy, fractions, alpha_beta_gy):
    """Equivalent dose in 2-Gy fractions, Gy.

    >>> float(eqd2_of(30, 10, 10)), float(eqd2_of(30, 10, 2))
    (32.5, 37.5)
    """
    return dose_gy * (1 + dose_gy / fractions / alpha_beta_gy) / (1 + 2 / alpha_beta_gy)


def earlier_eqd2(cases, alpha_beta_gy):
    """EQD2 of the earlier course at the level (Float64): 0 where there was none, missing where its
    dose, or whether there was one, is unknown.
    """
    known = eqd2_of(
        _get(cases, "prior_rt_dose_gy"), _get(cases, "prior_rt_fractions"), alpha_beta_gy
    )
    if "prior_rt_same_level" not in cases:
        return known
    none = (~cases["prior_rt_same_level"].astype("boolean")).fillna(False).astype(bool)
    undosed = _get(cases, "prior_rt_dose_gy").isna() & _get(cases, "prior_rt_fractions").isna()
    return known.mask(none & undosed, 0.0)


def _get(cases, name):
    return (
        cases[name].astype("Float64")
        if name in cases
        else pd.Series(pd.NA, index=cases.index, dtype="Float64")
    )


def _technique(cases, fractions, per_fraction):
    """Technique as recorded, else by the dose; where it is by the dose."""
    rule = codebook.load("arms")["sbrt_fallback"]
    conventional = fractions.eq(1) & (per_fraction <= rule["single_fraction_conventional_gy_max"])
    ablative = (per_fraction >= rule["dose_per_fraction_gy_min"]) & ~conventional
    by_dose = ablative.to_numpy(dtype=np.int8, na_value=-1)
    given = coded(cases, "rt_technique")
    place = {name: code for code, name in enumerate(TECHNIQUES)}
    recorded = looked_up(given, place, "Int8").to_numpy(dtype=np.int8, na_value=-1)
    codes = np.where(given.isna(), by_dose, recorded)
    technique = pd.Series(pd.Categorical.from_codes(codes, TECHNIQUES), index=cases.index)
    return technique, given.isna() & (by_dose >= 0)


def _course(technique, fractions, days):
    by_count = _class(fractions, codebook.load("arms")["course_fractions"])
    by_days = _class(days, codebook.load("arms")["course_days"])
    conventional = technique.eq("cebrt").to_numpy()
    course = np.where(conventional, np.where(by_count < 0, by_days, by_count), -1)
    course[technique.eq("sbrt").to_numpy()] = COURSES.index("sbrt")
    levels = list(codebook.columns("derived")["rt_course"].levels)
    named = pd.Categorical.from_codes(course, COURSES).set_categories(levels)
    from_days = (by_count < 0) & (by_days >= 0) & conventional
    return pd.Series(named, index=technique.index), from_days


def _class(amount, limits):
    """Place in COURSES, -1 where the amount is missing."""
    number = amount.to_numpy(dtype=float, na_value=np.nan)
    kind = np.where(number <= limits["short_max"], 0, 1)
    kind[number >= limits["long_min"]] = 2
    return np.where(np.isnan(number), -1, kind).astype(np.int8)


def _disagrees(course, days):
    """Short against long."""
    by_days = _class(days, codebook.load("arms")["course_days"])
    by_count = course.cat.set_categories(COURSES).cat.codes.to_numpy()
    return np.isin(by_count, (0, 2)) & np.isin(by_days, (0, 2)) & (by_count != by_days)
