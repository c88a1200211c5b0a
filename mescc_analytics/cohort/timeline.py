"""Time zero, survival from it, and where a case stood at each assessment."""

import numpy as np
import pandas as pd

TREATMENT_DAYS = ("surgery_day", "rt_start_day", "systemic_day")
# Wide columns and the half-width of the visit window that each stands for, in days.
WIDE = {30: 14, 90: 21, 180: 42, 365: 60}
STATES = ("walking", "not_walking", "dead", "unknown")


def _day(cases, name):
    return (
        cases[name].astype("Float64")
        if name in cases
        else pd.Series(pd.NA, index=cases.index, dtype="Float64")
    )


def set_time_zero(cases, origin):
    """Time zero of every case, in days from presentation.

    Parameters
    ----------
    cases : DataFrame, shape (n_cases, ...)
    origin : {"mri", "presentation", "treatment_start"}

    Returns
    -------
    DataFrame, shape (n_cases, 2)
        time_zero_day and time_zero_source; a case without the wanted day starts at presentation and
        is marked ``presentation_fallback``.
    """
    wanted = {
        "mri": lambda: _day(cases, "mri_day"),
        "presentation": lambda: pd.Series(0.0, index=cases.index, dtype="Float64"),
        "treatment_start": lambda: pd.concat(
            [_day(cases, n) for n in TREATMENT_DAYS], axis="columns"
        ).min(axis="columns"),
    }[origin]()
    source = np.where(wanted.isna(), "presentation_fallback", origin)
    levels = ["mri", "presentation", "treatment_start", "presentation_fallback"]
    return pd.DataFrame(
        {
            "time_zero_day": wanted.fillna(0.0).astype("Float64"),
            "time_zero_source": pd.Categorical(source, levels),
        },
        index=cases.index,
    )


def survival_from(cases, time_zero_day):
    """Survival clock of every case.

    Returns
    -------
    DataFrame, shape (n_cases, 2)
        survival_days (days from time zero to last contact; negative where follow-up ended before
        it) and survival_event (boolean, death observed).
    """
    days = (_day(cases, "last_contact_day") - time_zero_day).astype("Float64")
    died = (
        cases["died"].astype("boolean")
        if "died" in cases
        else pd.Series(pd.NA, index=cases.index, dtype="boolean")
    )
    return pd.DataFrame({"survival_days": days, "survival_event": died})


def mark_first_episodes(cases):
    """Index episode of each patient: earliest quarter or year, then the worst compression, then
    table order.

    Returns
    -------
    Series of dtype "boolean", shape (n_cases,)
        Every case where the table names no patients.
    """
    if "patient_id" not in cases or not cases["patient_id"].notna().any():
        return pd.Series(True, index=cases.index, dtype="boolean")
    patient = cases["patient_id"].fillna(cases["case_id"])
    keys = pd.DataFrame(
        {
            "patient": patient,
            "when": _period(cases),
            "rank": -cases["sosg_rank"].astype("Float64").fillna(-1)
            if "sosg_rank" in cases
            else 0.0,
            "row": np.arange(len(cases)),
        }
    )
    first = keys.sort_values(["patient", "when", "rank", "row"]).drop_duplicates("patient")["row"]
    marked = pd.Series(False, index=cases.index, dtype="boolean")
    marked.iloc[first.to_numpy()] = True
    return marked


def _period(cases):
    """Quarter where given, else year; a case with neither comes last."""
    year = _day(cases, "presentation_year")
    if "presentation_quarter" in cases:
        quarter = cases["presentation_quarter"].str.extract(r"(\d{4})Q(\d)").astype("Float64")
        year = (quarter[0] + (quarter[1] - 1) / 4).fillna(year)
    return year.fillna(np.inf)


def assess_walking(cases, visits, settings):
    """Where each case stood at each timepoint after time zero.

    Parameters
    ----------
    cases : DataFrame, shape (n_cases, ...)
        With time_zero_day, survival_days, survival_event; wide columns ambulatory_status_<d>d count
        from presentation.
    visits : DataFrame, shape (n_visits, ...)
        case_id, visit_day (days from presentation), ambulatory_status.
    settings : dict
        ``timepoints_days`` and ``windows_days`` (days from time zero; the nearest assessment in the
        window counts, of two equally near ones the later), ``definition`` ("with_aids": unaided or
        aided; "unaided").

    Returns
    -------
    DataFrame, shape (n_cases, n_timepoints)
        One categorical column per timepoint, named by its days: walking, not_walking, dead (by that
        day), unknown.
    """
    walking_levels = {"with_aids": ["unaided", "aided"], "unaided": ["unaided"]}[
        settings["definition"]
    ]
    found = assessments(cases, visits)
    found["walking"] = found["status"].isin(walking_levels).to_numpy(dtype=bool)
    died, days = cases["survival_event"].fillna(False), cases["survival_days"]
    columns = {}
    for timepoint, window in zip(
        settings["timepoints_days"], settings["windows_days"], strict=True
    ):
        state = np.full(len(cases), STATES.index("unknown"), dtype=np.int8)
        found_at = nearest(found, timepoint, window)
        state[found_at["row"].to_numpy()] = np.where(found_at["walking"], 0, 1)
        state[(died & (days <= timepoint)).fillna(False).to_numpy(dtype=bool)] = STATES.index(
            "dead"
        )
        columns[str(timepoint)] = pd.Categorical.from_codes(state, STATES)
    return pd.DataFrame(columns, index=cases.index)


def walks_at_entry(cases, definition):
    """Whether a case walked at presentation, as ``definition`` reads walking: Series of dtype
    "boolean".
    """
    if "ambulatory_status" not in cases:
        return pd.Series(pd.NA, index=cases.index, dtype="boolean")
    levels = {"with_aids": ["unaided", "aided"], "unaided": ["unaided"]}[definition]
    status = cases["ambulatory_status"].astype("string")
    return status.isin(levels).astype("boolean").mask(status.isna())


def assessments(cases, visits):
    """Every recorded walking status: row of the case, days from time zero, status."""
    zero = cases["time_zero_day"].to_numpy(dtype=float, na_value=np.nan)
    last = cases["survival_days"].to_numpy(dtype=float, na_value=np.nan)
    empty = pd.DataFrame({"row": [], "day": [], "status": [], "slack": []})
    parts = [part for part in (*_wide(cases), _visited(cases, visits)) if len(part)]
    found = pd.concat(parts, ignore_index=True) if parts else empty.astype({"row": int})
    found["day"] -= zero[found["row"]]
    # a status dated after the last contact contradicts it: reported by the checks, not used here;
    # a wide column names its day only to within the window of its visit
    return found[~(found["day"] - found["slack"] > last[found["row"]])].copy()


def _wide(cases):
    for day, slack in WIDE.items():
        column = cases.get(f"ambulatory_status_{day}d")
        if column is not None:
            row = np.flatnonzero(column.notna())
            status = column.iloc[row].astype("string").to_numpy()
            columns = {"row": row, "day": float(day), "status": status, "slack": float(slack)}
            yield pd.DataFrame(columns)


def _visited(cases, visits):
    if not len(visits) or "ambulatory_status" not in visits:
        return pd.DataFrame()
    row = pd.Index(cases["case_id"]).get_indexer(visits["case_id"])
    recorded = visits["ambulatory_status"].notna() & visits["visit_day"].notna()
    use = (row >= 0) & recorded.to_numpy(dtype=bool)
    day = visits["visit_day"][use].to_numpy(dtype=float)
    status = visits["ambulatory_status"][use].astype("string").to_numpy()
    return pd.DataFrame({"row": row[use], "day": day, "status": status, "slack": 0.0})


def nearest(found, timepoint, window):
    """The row of each case nearest to a timepoint within the window, of two equally near ones the
    later; `found` has row and day.
    """
    distance = (found["day"] - timepoint).abs()
    inside = found.assign(distance=distance)[distance <= window]
    return inside.sort_values(
        ["row", "distance", "day"], ascending=[True, True, False], kind="stable"
    ).drop_duplicates("row")
