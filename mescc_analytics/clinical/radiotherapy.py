"""Radiotherapy technique, course and dose of a case."""

import pandas as pd

from mescc_analytics import codebook
from mescc_analytics.clinical.flags import join_codes


def describe_radiotherapy(cases, alpha_beta_gy):
    """Technique, course class and biological dose.

    Parameters
    ----------
    cases : DataFrame, shape (n_cases, ...)
        Reads rt_technique, rt_dose_gy (Gy), rt_fractions, rt_start_day, rt_end_day (days), each
        where present.
    alpha_beta_gy : float
        Of the linear-quadratic model, Gy.

    Returns
    -------
    DataFrame, shape (n_cases, 6)
        rt_technique_derived, rt_technique_inferred (boolean), rt_course (by fractions; by calendar
        days only where the number of fractions is missing, flagged), bed_gy, eqd2_gy, rt_flags.

    Notes
    -----
    BED = n d (1 + d / (alpha/beta)); EQD2 = BED / (1 + 2 / (alpha/beta)). 30 Gy in 10 fractions
    gives 32.5 Gy.
    """
    dose, fractions = _get(cases, "rt_dose_gy"), _get(cases, "rt_fractions")
    per_fraction = dose / fractions
    technique, inferred = _technique(cases, fractions, per_fraction)
    days = _get(cases, "rt_end_day") - _get(cases, "rt_start_day") + 1
    course, from_days = _course(technique, fractions, days)
    bed = dose * (1 + per_fraction / alpha_beta_gy)
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
            "bed_gy": bed.astype("Float64"),
            "eqd2_gy": (bed / (1 + 2 / alpha_beta_gy)).astype("Float64"),
            "rt_flags": join_codes(flags, cases.index),
        }
    )


def _get(cases, name):
    return (
        cases[name].astype("Float64")
        if name in cases
        else pd.Series(pd.NA, index=cases.index, dtype="Float64")
    )


def _technique(cases, fractions, per_fraction):
    rule = codebook.load("arms")["sbrt_fallback"]
    conventional = fractions.eq(1) & (per_fraction <= rule["single_fraction_conventional_gy_max"])
    ablative = (per_fraction >= rule["dose_per_fraction_gy_min"]) & ~conventional
    inferred = ablative.map({True: "sbrt", False: "cebrt"}).astype("string")
    given = (
        cases["rt_technique"].astype("string")
        if "rt_technique" in cases
        else pd.Series(pd.NA, index=cases.index, dtype="string")
    )
    filled = given.fillna(inferred)
    return pd.Series(
        pd.Categorical(filled, ["cebrt", "sbrt"]), index=cases.index
    ), given.isna() & inferred.notna()


def _course(technique, fractions, days):
    by_count = _class(fractions, codebook.load("arms")["course_fractions"])
    by_days = _class(days, codebook.load("arms")["course_days"])
    course = by_count.fillna(by_days).mask(technique.eq("sbrt").fillna(False), "sbrt")
    course = course.mask(technique.isna())
    levels = list(codebook.columns("derived")["rt_course"].levels)
    from_days = by_count.isna() & by_days.notna() & technique.eq("cebrt").fillna(False)
    return pd.Series(pd.Categorical(course, levels), index=course.index), from_days


def _class(amount, limits):
    kind = pd.Series("intermediate", index=amount.index, dtype="string")
    kind = kind.mask((amount <= limits["short_max"]).fillna(False), "short").mask(
        (amount >= limits["long_min"]).fillna(False), "long"
    )
    return kind.mask(amount.isna())


def _disagrees(course, days):
    by_days = _class(days, codebook.load("arms")["course_days"])
    text = course.astype("string")
    return text.isin(["short", "long"]) & by_days.isin(["short", "long"]) & text.ne(by_days)
