"""Treatment as it was begun, day by day: the first local treatment, and the arm reached so far."""

import numpy as np
import pandas as pd

from mescc_analytics import codebook
from mescc_analytics.clinical.arms import TREATMENTS, arm_within, unplaced

OTHER = "other"
NONE = "none"
ROUNDING = 1e-9
COLUMNS = (
    *(*TREATMENTS, "surgery_type", "rt_technique", "rt_dose_gy", "rt_fractions"),
    *("rt_technique_derived", "rt_course"),
)


def kinds():
    """First treatments of the codebook in its order: name to arms."""
    return codebook.load("arms")["first_treatment"]


def first_treatment(cases, time_zero_day, settings):
    """First local treatment of every case, and its day from time zero.

    Parameters
    ----------
    cases : DataFrame, shape (n_cases, ...)
        Scored cases, as `derive_arms` reads them.
    time_zero_day : Series of float, shape (n_cases,)
    settings : dict
        The cohort section: ``lookback_days``, ``grace_days``.

    Returns
    -------
    treatment : Series of text
        A name of `kinds`, "none" where no local treatment was begun within the days of grace,
        "other" where it is of unknown kind, missing where treatment cannot be placed in time.
    day : Series of float
        Days from time zero, 0 for what began before it; missing without treatment.

    Notes
    -----
    Surgery and radiotherapy begun on the same day count as surgery. What follows the first
    treatment is part of it and is not read, because it takes survival to receive.
    """
    surgery, radio = (_days(cases, name, time_zero_day) for name in TREATMENTS[:2])
    first = np.fmin(surgery, radio)
    within = first <= settings["grace_days"]
    day = np.where(within, np.maximum(first, 0.0), 0.0)
    arm = arm_within(cases, time_zero_day, day + ROUNDING, settings).astype("string")
    of_arm = {arm: kind for kind, entry in kinds().items() for arm in entry["arms"]}
    name = arm.map(of_arm).astype("string").fillna(OTHER).mask(~within, NONE)
    placed = ~unplaced(cases, time_zero_day, settings)
    day = pd.Series(np.where(within & placed, day, np.nan), index=cases.index)
    return name.where(placed), day


def _days(cases, name, time_zero_day):
    if name not in cases:
        return np.full(len(cases), np.nan)
    days = cases[name].astype("Float64") - time_zero_day
    return days.to_numpy(dtype=float, na_value=np.nan)


def spells(cases, time_zero_day, last_day, settings):
    """The arm that every case had reached, from day to day.

    Parameters
    ----------
    cases : DataFrame, shape (n_cases, ...)
    time_zero_day : Series of float, shape (n_cases,)
    last_day : array of float, shape (n_cases,)
        Last day of follow-up, from time zero.
    settings : dict
        The cohort section.

    Returns
    -------
    DataFrame
        row (position of the case), entry, time (at risk in (entry, time]; -inf: from the start),
        arm, last (whether it is the last of its case). Treatment counts from the day it begins,
        and only within the days of grace. A spell of an unknown arm is left out, so that its case
        is censored when it opens and comes back when the arm is known again.
    """
    n, last_day = len(cases), np.asarray(last_day, float)
    grace = float(settings["grace_days"])
    begun = np.column_stack([_days(cases, name, time_zero_day) for name in TREATMENTS])
    begun = np.where((begun > 0) & (begun <= grace), begun, np.inf)
    opens = np.column_stack([np.full(n, -np.inf), np.sort(begun, axis=1)])
    ends = np.minimum(np.column_stack([opens[:, 1:], np.full(n, np.inf)]), last_day[:, np.newaxis])
    row, piece = np.nonzero(opens < ends)
    entry, zero = opens[row, piece], time_zero_day.iloc[row]
    upto = np.maximum(entry, 0.0) + ROUNDING
    read = cases[[name for name in COLUMNS if name in cases]]
    arm = arm_within(read.iloc[row], zero, upto, settings).reset_index(drop=True)
    frame = pd.DataFrame({"row": row, "entry": entry, "time": ends[row, piece], "arm": arm})
    frame["last"] = frame["time"].to_numpy() >= last_day[row]
    return frame[frame["arm"].astype("string").ne("unknown").to_numpy(dtype=bool)]


def first_spells(treatment, day, last_day):
    """Spells before and after the first treatment, as from `spells`.

    Parameters
    ----------
    treatment, day : Series, shape (n_cases,)
        As from `first_treatment`.
    last_day : array of float, shape (n_cases,)
    """
    began = day.to_numpy(dtype=float)
    name, last_day = treatment.to_numpy(dtype=object, na_value=None), np.asarray(last_day, float)
    at_once = began <= 0
    later = (began > 0) & (began < last_day)
    placed = np.flatnonzero(treatment.notna().to_numpy(bool))
    opening = pd.DataFrame({"row": placed, "entry": -np.inf})
    opening["time"] = np.where(later, began, last_day)[placed]
    opening["arm"] = np.where(at_once, name, NONE)[placed]
    after = np.flatnonzero(later)
    following = pd.DataFrame({"row": after, "entry": began[after], "time": last_day[after]})
    frame = pd.concat([opening, following.assign(arm=name[after])], ignore_index=True)
    frame["last"] = frame["time"].to_numpy() >= last_day[frame["row"]]
    frame = frame[frame["arm"].ne(OTHER)].sort_values(["row", "entry"], kind="stable")
    return frame.assign(arm=pd.Categorical(frame["arm"], list(kinds()))).reset_index(drop=True)
