"""What followed surgery: days to radiotherapy, and the first graded imaging."""

import numpy as np
import pandas as pd


def after_surgery(cases, visits, settings, high_grades):
    """Columns that the flags of surgery read.

    Parameters
    ----------
    cases : DataFrame, shape (n_cases, ...)
        Reads surgery_day, rt_start_day (days), surgery_type, case_id.
    visits : DataFrame, shape (n_visits, ...)
        Reads case_id, visit_day, sosg_grade; may be empty.
    settings : dict
        The cohort section: ``lookback_days``, ``postop_sosg_days``.
    high_grades : sequence of str
        SOSG grades that count as high.

    Returns
    -------
    DataFrame, shape (n_cases, 3)
        operated (boolean: surgery in this episode; missing where surgery has no day),
        surgery_to_rt_days (missing where radiotherapy came before surgery),
        postop_sosg_high_grade (boolean, of the first graded imaging in time).
    """
    surgery, radio = (_day(cases, name) for name in ("surgery_day", "rt_start_day"))
    undated = cases["surgery_type"].notna() if "surgery_type" in cases else False
    operated = (surgery >= -settings["lookback_days"]).astype("boolean")
    operated = operated.mask(surgery.isna() & ~undated, False)
    gap = radio - surgery
    return pd.DataFrame(
        {
            "operated": operated,
            "surgery_to_rt_days": gap.mask((gap < 0).fillna(False)),
            "postop_sosg_high_grade": _first_grade(cases, visits, settings, high_grades),
        },
        index=cases.index,
    )


def _first_grade(cases, visits, settings, high_grades):
    found = pd.Series(pd.NA, index=cases.index, dtype="boolean")
    if not {"case_id", "visit_day", "sosg_grade"} <= set(visits) or visits.empty:
        return found
    graded = visits.loc[visits["sosg_grade"].notna(), ["case_id", "visit_day", "sosg_grade"]]
    surgery = pd.DataFrame({"case_id": cases["case_id"], "day": _day(cases, "surgery_day")})
    both = graded.merge(surgery, on="case_id")
    since = (both["visit_day"] - both["day"]).to_numpy(dtype=float, na_value=np.nan)
    both = both[(since > 0) & (since <= settings["postop_sosg_days"])]
    first = both.sort_values("visit_day", kind="stable").drop_duplicates("case_id")
    high = first.set_index("case_id")["sosg_grade"].isin(list(high_grades))
    return cases["case_id"].map(high).astype("boolean")


def _day(cases, name):
    if name in cases:
        return cases[name].astype("Float64")
    return pd.Series(pd.NA, index=cases.index, dtype="Float64")
