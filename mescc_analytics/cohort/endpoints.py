"""First events after time zero that death can forestall, from the columns of cases and visits."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from mescc_analytics import codebook
from mescc_analytics.cohort.timeline import assessments, nearest, walks_at_entry

WALKING = {"with_aids": ("unaided", "aided"), "unaided": ("unaided",)}
CENSORED, EVENT, DEATH = 0, 1, 2


@dataclass(frozen=True)
class Outcome:
    """One endpoint of some cases.

    Attributes
    ----------
    time : array of float, shape (n_cases,)
        Days from time zero to whatever came first.
    cause : array of int, shape (n_cases,)
        0: end of follow-up; 1: the event; 2: death without it.
    at_risk : array of bool, shape (n_cases,)
        Whether the event was still ahead at the start.
    reason : str
        Why the endpoint cannot be assessed, or "".
    """

    time: np.ndarray
    cause: np.ndarray
    at_risk: np.ndarray
    reason: str = ""


def catalogue():
    """Endpoints of the codebook by name."""
    return codebook.load("endpoints")["endpoints"]


def statuses(cases, visits, definition):
    """Every walking status that was seen, that at presentation standing for time zero.

    Parameters
    ----------
    cases : DataFrame, shape (n_cases, ...)
        With time_zero_day, survival_days, survival_event.
    visits : DataFrame, shape (n_visits, ...)
    definition : {"with_aids", "unaided"}

    Returns
    -------
    DataFrame
        row (position of the case), day (from time zero, none after the last contact), walking.
    """
    later = assessments(cases, visits)
    end = cases["survival_days"].to_numpy(dtype=float, na_value=np.nan)
    row = later["row"].to_numpy(dtype=int)
    later = pd.DataFrame(
        {
            "row": row,
            # a wide column names its day only to within the window of its visit
            "day": np.fmin(later["day"].to_numpy(dtype=float), end[row]),
            "walking": later["status"].isin(WALKING[definition]).to_numpy(dtype=bool),
        }
    )
    entry = walks_at_entry(cases, definition)
    known = np.flatnonzero(entry.notna())
    zero = cases["time_zero_day"].to_numpy(dtype=float, na_value=np.nan)[known]
    first = pd.DataFrame(
        {
            "row": known,
            "day": np.fmin(-zero, 0.0),
            "walking": entry.iloc[known].to_numpy(dtype=bool),
        }
    )
    return pd.concat([first, later], ignore_index=True)


def outcome(name, cases, visits, seen, *, start_days, hold_days):
    """Time and cause of one endpoint.

    Parameters
    ----------
    name : str
        Endpoint of the codebook.
    cases, visits : DataFrame
        As in `statuses`.
    seen : DataFrame
        As from `statuses`.
    start_days : float
        Day of time zero, 0, or the landmark.
    hold_days : float
        For how long a walking status counts after it was seen.

    Returns
    -------
    Outcome
        An event dated after the last contact contradicts it and does not count here.
    """
    entry = catalogue()[name]
    first, at_risk, known = (
        _walking(entry["walking"], len(cases), seen, start_days, hold_days)
        if "walking" in entry
        else _dated(entry, cases, visits, start_days)
    )
    end = cases["survival_days"].to_numpy(dtype=float, na_value=np.nan)
    died = cases["survival_event"].fillna(False).to_numpy(dtype=bool)
    happened = first <= end
    cause = np.where(happened, EVENT, np.where(died, DEATH, CENSORED))
    reason = "" if known else f"needs {entry['needs']}"
    if known and not at_risk.any():
        reason = f"no case at risk of it on day {start_days:g}"
    return Outcome(np.where(happened, first, end), cause, at_risk, reason)


def _dated(entry, cases, visits, start_days):
    """First day of the event, who had none up to the start, and whether anything is recorded."""
    zero = cases["time_zero_day"].to_numpy(dtype=float, na_value=np.nan)
    day, known = np.full(len(cases), np.nan), False
    if entry["day"] in cases:
        day = cases[entry["day"]].to_numpy(dtype=float, na_value=np.nan)
        known = bool(np.isfinite(day).any())
    shown = entry.get("visits", {})
    if len(visits) and shown.get("column") in visits:
        recorded = visits[visits[shown["column"]].notna() & visits["visit_day"].notna()]
        row = pd.Index(cases["case_id"]).get_indexer(recorded["case_id"])
        known = known or bool((row >= 0).any())
        event = (row >= 0) & recorded[shown["column"]].eq(shown["level"]).to_numpy(dtype=bool)
        found = np.full(len(cases), np.inf)
        np.minimum.at(found, row[event], recorded["visit_day"].to_numpy(dtype=float)[event])
        day = np.fmin(day, np.where(np.isinf(found), np.nan, found))
    first = day - zero
    return first, ~(first <= start_days), known


def _walking(kind, n_cases, seen, start_days, hold_days):
    """First day of the other status, who had the one at the start, and whether any is recorded."""
    ordered = seen.sort_values(["row", "day", "walking"], ascending=[True, True, False])
    held = ordered[
        (ordered["day"] <= start_days) & (ordered["day"] + hold_days >= start_days)
    ].drop_duplicates("row", keep="last")
    at_risk = np.zeros(n_cases, bool)
    at_risk[held["row"].to_numpy(int)[held["walking"].eq(kind == "lost")]] = True
    later = ordered[(ordered["day"] > start_days) & ordered["walking"].ne(kind == "lost")]
    later = later.drop_duplicates("row")
    first = np.full(n_cases, np.nan)
    first[later["row"].to_numpy(int)] = later["day"].to_numpy(float)
    return first, at_risk, bool(len(held)) and bool((seen["day"] > start_days).any())


def ais_at(cases, visits, settings):
    """AIS grade of every case at each timepoint, the nearest in its window.

    Parameters
    ----------
    cases, visits : DataFrame
        As in `statuses`.
    settings : dict
        ``timepoints_days`` and ``windows_days``.

    Returns
    -------
    DataFrame of text, shape (n_cases, n_timepoints), or None where no visit has a grade
    """
    if not len(visits) or "ais" not in visits or "ais" not in cases:
        return None
    used = visits[visits["ais"].notna() & visits["visit_day"].notna()]
    row = pd.Index(cases["case_id"]).get_indexer(used["case_id"])
    zero = cases["time_zero_day"].to_numpy(dtype=float, na_value=np.nan)
    end = cases["survival_days"].to_numpy(dtype=float, na_value=np.nan)
    found = pd.DataFrame({"row": row, "day": used["visit_day"].to_numpy(dtype=float)})
    found = found.assign(grade=used["ais"].astype("string").to_numpy())[row >= 0]
    found["day"] -= zero[found["row"]]
    found = found[~(found["day"] > end[found["row"]])]
    columns = {}
    pairs = zip(settings["timepoints_days"], settings["windows_days"], strict=True)
    for timepoint, window in pairs:
        at = nearest(found, timepoint, window)
        values = np.full(len(cases), None, dtype=object)
        values[at["row"].to_numpy(int)] = at["grade"].to_numpy(dtype=object)
        columns[str(timepoint)] = pd.array(values, dtype="string")
    return pd.DataFrame(columns, index=cases.index) if len(found) else None
