"""Cohorts with two or more arms as the step `weight` reads them."""

import numpy as np
import pandas as pd

from mescc_analytics import settings

FULL = settings.complete({}, need_cohorts=False) | {"time_resolution": "day", "name": "small"}
LONG, SHORT, SURGERY = "cebrt_long", "cebrt_short", "surgery_cebrt"
COVARIATES = ["age_years", "ambulatory_status"]


def changed(**values):
    """The completed config with other choices of the step, and two covariates."""
    return FULL | {"weight": FULL["weight"] | {"covariates": COVARIATES} | values}


def treated(arm):
    """What was given, so that the first treatment follows from it: surgery, else radiotherapy."""
    arm = pd.Series(list(arm), dtype="string")
    surgery, radio = arm.str.startswith("surgery"), arm.ne("supportive") & arm.ne("surgery_only")
    technique = arm.str.contains("sbrt").map({True: "sbrt", False: "cebrt"})
    course = arm.map({LONG: "long", SHORT: "short"})
    return {
        "time_zero_day": pd.array([0.0] * len(arm), dtype="Float64"),
        "time_zero_source": pd.Categorical(["mri"] * len(arm)),
        "days_to_treatment": pd.array(surgery.map({True: 2.0, False: 5.0}), dtype="Float64"),
        "surgery_day": pd.array(surgery.map({True: 2.0}), dtype="Float64"),
        "rt_start_day": pd.array(radio.map({True: 5.0}), dtype="Float64"),
        "rt_technique_derived": technique.where(radio).array,
        "rt_course": course.where(radio).array,
    }


def cohort(arm, days=None, **columns):
    """Cases of the comparison of arms; everybody dies unless a column says otherwise."""
    n, names = len(arm), list(dict.fromkeys(arm))
    frame = {
        "case_id": pd.array([f"P{i}" for i in range(n)], dtype="string"),
        "in_arms": pd.array([True] * n, dtype="boolean"),
        "in_overall": pd.array([True] * n, dtype="boolean"),
        "arm": pd.Categorical(arm, names),
        "arm_source": pd.Categorical(["derived"] * n, ["given", "derived"]),
        "survival_days": np.arange(31.0, 31 + n) if days is None else np.asarray(days, float),
        "survival_event": pd.array([True] * n, dtype="boolean"),
    }
    return pd.DataFrame(frame | treated(arm) | columns)


def walking(levels):
    known = ["ambulatory", "non_ambulatory", "paraplegic"]
    return pd.Categorical(levels, [*known, "unknown"])


def alike(n_arm=60, arms=(LONG, SHORT)):
    """Arms with the same cases: ages in turn, every third case unable to walk."""
    k = len(arms)
    place = np.repeat(np.arange(n_arm), k)
    levels = np.where(place % 3 == 0, "non_ambulatory", "ambulatory")
    return cohort(
        list(arms) * n_arm,
        age_years=pd.array(50.0 + place % 20, dtype="Float64"),
        ambulatory_status=walking(levels),
    )


def confounded(n=400, seed=1, strength=1.0, arms=(LONG, SHORT)):
    """Older cases and those who cannot walk get the second arm more often; they die earlier."""
    rng = np.random.default_rng(seed)
    age = rng.normal(65, 10, n).round(1)
    lame = rng.random(n) < 0.4
    slope = strength * ((age - 65) / 10 + lame - 0.4)
    odds = np.exp(np.outer(slope, np.arange(len(arms))))
    shares = np.cumsum(odds / odds.sum(axis=1, keepdims=True), axis=1)
    code = (rng.random((n, 1)) > shares).sum(axis=1)
    days = 31 + rng.exponential(300 / np.exp(0.5 * slope)).round(1)
    frame = cohort(
        np.array(arms)[code],
        days,
        age_years=pd.array(age, dtype="Float64"),
        ambulatory_status=walking(np.where(lame, "non_ambulatory", "ambulatory")),
    )
    frame["arm"] = frame["arm"].cat.set_categories(list(arms))
    return frame
