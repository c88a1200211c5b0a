"""The treatment arm that was given: what was received within the grace window after time zero."""

import numpy as np
import pandas as pd

from mescc_analytics import codebook

TREATMENTS = ("surgery_day", "rt_start_day", "systemic_day")


def derive_arms(cases, time_zero_day, settings):
    """Treatment arm of every case.

    Parameters
    ----------
    cases : DataFrame, shape (n_cases, ...)
        Scored cases (reads the treatment days, surgery_type, rt_technique_derived, rt_course,
        rt_dose_gy, arm).
    time_zero_day : Series of float, shape (n_cases,)
        Days from presentation.
    settings : dict
        The cohort section: ``lookback_days`` (days before presentation, or time zero if earlier,
        from which treatment counts; surgery or radiotherapy before that leaves the arm unknown),
        ``grace_days`` (days after time zero in which treatment counts; ends
        with ``landmark_days`` if that is earlier), ``postop_rt_days`` (days after surgery in which
        radiotherapy counts as post-operative).

    Returns
    -------
    Series of dtype category, shape (n_cases,)
        Levels in codebook order; where the table gives ``arm``, its own texts, known ones first.

    Notes
    -----
    No day later than the end of the grace window is read. The course of radiotherapy is that of the
    recorded dose and fractions: they have to be those prescribed, or a course that death cuts short
    counts as a short course.
    """
    if has_given_arms(cases):
        return _given(cases["arm"])
    return arm_within(cases, time_zero_day, window_days(settings), settings)


def window_days(settings):
    """Days after time zero in which treatment defines the arm: the landmark ends those of grace."""
    return min(settings["grace_days"], settings["landmark_days"] or settings["grace_days"])


def unplaced(cases, time_zero_day, settings):
    """Cases whose treatment cannot be placed in time, or began before the look-back."""
    return undatable(cases) | _earlier(cases, time_zero_day, settings["lookback_days"])


def arm_within(cases, time_zero_day, window, settings):
    """Arm by the treatments begun up to `window` days after time zero.

    Parameters
    ----------
    cases, time_zero_day, settings
        As in `derive_arms`; an arm that the table gives is not read.
    window : float, or array of float, shape (n_cases,)
        A day of its own for every case, where the arm is followed over time.

    Returns
    -------
    Series of dtype category, shape (n_cases,)
    """
    span = (settings["lookback_days"], window)
    surgery, radio, systemic = (_within(cases, n, time_zero_day, span) for n in TREATMENTS)
    gap = _day(cases, "rt_start_day") - _day(cases, "surgery_day")
    joined = surgery & radio & ~(gap > settings["postop_rt_days"]).fillna(False).to_numpy()
    sbrt, cebrt = (_is(cases, "rt_technique_derived", kind) for kind in ("sbrt", "cebrt"))
    choices = [
        (unplaced(cases, time_zero_day, settings), "unknown"),
        (joined & sbrt, "surgery_sbrt"),
        (joined & cebrt, "surgery_cebrt"),
        (joined, "unknown"),
        (surgery, "surgery_only"),
        (radio & sbrt, "sbrt"),
        (radio & cebrt & _is(cases, "rt_course", "long"), "cebrt_long"),
        (radio & cebrt & _is(cases, "rt_course", "short"), "cebrt_short"),
        (radio & cebrt, "cebrt_other"),
        (radio, "unknown"),
        (systemic, "systemic_only"),
    ]
    return _chosen(choices, cases.index)


def _is(cases, name, level):
    return cases[name].astype("string").eq(level).fillna(False).to_numpy(dtype=bool)


def _chosen(choices, index):
    """The first arm whose condition holds; supportive care where nothing was received."""
    levels = list(codebook.load("arms")["arms"])
    masks, arms = zip(*choices, strict=True)
    code = np.select(masks, [levels.index(arm) for arm in arms], levels.index("supportive"))
    return pd.Series(pd.Categorical.from_codes(code, levels), index=index, name="arm")


def has_given_arms(cases):
    """Whether the table itself says which arm each case belongs to, as a trial does."""
    return "arm" in cases and bool(cases["arm"].notna().any())


def undatable(cases):
    """Cases whose treatment cannot be placed in time: no treatment day in the table at all, or a
    treatment without its day.
    """
    if not any(name in cases for name in ("surgery_day", "rt_start_day")):
        return np.ones(len(cases), dtype=bool)
    traces = {
        "surgery_day": ["surgery_type"],
        "rt_start_day": ["rt_technique", "rt_dose_gy", "rt_fractions"],
    }
    found = np.zeros(len(cases), dtype=bool)
    for day, columns in traces.items():
        for column in columns:
            if column in cases:
                found |= cases[column].notna().to_numpy() & _day(cases, day).isna().to_numpy()
    return found


def _given(arm):
    known = [name for name in codebook.load("arms")["arms"] if name != "unknown"]
    own = [
        text for text in sorted(arm.dropna().unique()) if text not in known and text != "unknown"
    ]
    present = set(arm.dropna())
    levels = [name for name in known if name in present] + own + ["unknown"]
    return pd.Series(pd.Categorical(arm.fillna("unknown"), levels), index=arm.index, name="arm")


def _day(cases, name):
    return (
        cases[name].astype("Float64")
        if name in cases
        else pd.Series(pd.NA, index=cases.index, dtype="Float64")
    )


def _first_day(time_zero_day, lookback_days):
    return np.minimum(time_zero_day, 0) - lookback_days


def _within(cases, name, time_zero_day, span):
    """Treatments from the look-back before presentation (or time zero, if earlier) to the end of
    grace.
    """
    lookback_days, window = span
    day = _day(cases, name)
    started = day >= _first_day(time_zero_day, lookback_days)
    return (started & (day <= time_zero_day + window)).fillna(False).to_numpy(dtype=bool)


def _earlier(cases, time_zero_day, lookback_days):
    """Surgery or radiotherapy before the look-back: neither this episode's nor none."""
    found = np.zeros(len(cases), dtype=bool)
    for name in ("surgery_day", "rt_start_day"):
        before = _day(cases, name) < _first_day(time_zero_day, lookback_days)
        found |= before.fillna(False).to_numpy(dtype=bool)
    return found


def days_to_treatment(cases, time_zero_day):
    """Days from time zero to the first treatment of any kind, whenever it was; missing where none
    is recorded.
    """
    days = pd.concat([_day(cases, name) for name in TREATMENTS], axis="columns").min(axis="columns")
    return (days - time_zero_day).astype("Float64")
