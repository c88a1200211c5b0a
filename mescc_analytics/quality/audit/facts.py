"""What the audit needs of a case beyond its own columns: follow-up, death, first treatment."""

import pandas as pd

from mescc_analytics.quality.audit.indicators import stamp

WIDE_WALKING = tuple(f"ambulatory_status_{day}d" for day in (30, 90, 180, 365))


def add_audit_columns(cases, visits, as_recommended):
    """Cases with the columns that only the audit reads.

    Parameters
    ----------
    cases : DataFrame, shape (n_cases, ...)
        Scored cases; days count from presentation.
    visits : DataFrame, shape (n_visits, ...)
        May be empty.
    as_recommended : Series of boolean, shape (n_cases,)
        Whether the treatment given is the recommended one; missing where not comparable.

    Returns
    -------
    DataFrame, shape (n_cases, ... + 10)
        first_treatment_day, diagnosis_day (the MRI where it is not recorded), alive_at_day_30,
        alive_60_days_after_surgery, alive_92_days_after_rt, died_30_days_after_treatment,
        rt_before_surgery, walking_followed, first_mri_after_sbrt_day, as_recommended.
    """
    surgery, radio = stamp(cases, "surgery_day"), stamp(cases, "rt_start_day")
    first = pd.concat([surgery, radio], axis="columns").min(axis="columns").astype("Float64")
    finished = stamp(cases, "rt_end_day").fillna(radio)
    return cases.assign(
        first_treatment_day=first,
        rt_end_day=finished,
        diagnosis_day=stamp(cases, "diagnosis_day").fillna(stamp(cases, "mri_day")),
        alive_at_day_30=alive_after(cases, stamp(cases, "presentation"), 30),
        alive_60_days_after_surgery=alive_after(cases, surgery, 60),
        alive_92_days_after_rt=alive_after(cases, finished, 92),
        died_30_days_after_treatment=~alive_after(cases, first, 30),
        rt_before_surgery=(radio < surgery).astype("boolean"),
        walking_followed=_walking_followed(cases, visits),
        first_mri_after_sbrt_day=_first_mri(cases, visits, finished),
        as_recommended=as_recommended,
    )


def alive_after(cases, start, days):
    """Whether each case lived longer than `days` after `start`; missing where follow-up is shorter
    and no death is recorded.
    """
    longer = (stamp(cases, "last_contact_day") - start > days).astype("boolean")
    died = cases["died"] if "died" in cases else pd.Series(pd.NA, index=cases.index)
    return longer.where(longer | died.astype("boolean").fillna(False))


def _walking_followed(cases, visits):
    """Whether walking is recorded at least once after presentation."""
    wide = [name for name in WIDE_WALKING if name in cases]
    found = cases[wide].notna().any(axis="columns") if wide else pd.Series(False, cases.index)
    if len(visits) and "ambulatory_status" in visits:
        after = visits[visits["ambulatory_status"].notna() & (visits["visit_day"] > 0)]
        found |= cases["case_id"].isin(after["case_id"])
    return found.astype("boolean")


def _first_mri(cases, visits, finished):
    """Day of the first MRI after radiotherapy among the visits."""
    none = pd.Series(pd.NA, index=cases.index, dtype="Float64")
    if not len(visits) or "imaging" not in visits:
        return none
    scans = visits.loc[visits["imaging"].eq("mri").fillna(False), ["case_id", "visit_day"]]
    ends = pd.DataFrame({"case_id": cases["case_id"], "finished": finished})
    later = scans.merge(ends, on="case_id")
    later = later[(later["visit_day"] > later["finished"]).fillna(False).astype(bool)]
    first = later.groupby("case_id", observed=True)["visit_day"].min()
    return cases["case_id"].map(first).astype("Float64")
