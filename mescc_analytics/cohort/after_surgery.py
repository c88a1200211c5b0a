"""What followed surgery: days to radiotherapy, and the first graded imaging."""

import numpy as np
import pandas as pd

from mescc_analytics import codebook

# A record of grade 1 without its letter is either where 1c counts as high.
NOT_HIGH, EITHER, HIGH = 0.0, 1.0, 2.0


def after_surgery(cases, visits, settings, high_grades):
    """Columns that the flags of surgery read.

    Parameters
    ----------
    cases : DataFrame, shape (n_cases, ...)
        Reads surgery_day, rt_start_day (days), surgery_type, case_id.
    visits : DataFrame, shape (n_visits, ...)
        Reads case_id, visit_day, sosg_grade and sosg_partial (a record that is less than a grade);
        may be empty.
    settings : dict
        The cohort section: ``lookback_days``, ``postop_sosg_days``.
    high_grades : sequence of str
        SOSG grades that count as high.

    Returns
    -------
    DataFrame, shape (n_cases, 3)
        operated (boolean: surgery in this episode; missing where surgery has no day),
        surgery_to_rt_days (missing where radiotherapy came before surgery),
        postop_sosg_high_grade (boolean, of the first graded imaging in time; of several on one day
        the worst).
    """
    surgery, radio = (_day(cases, name) for name in ("surgery_day", "rt_start_day"))
    untyped = cases["surgery_type"].isna() if "surgery_type" in cases else True
    operated = (surgery >= -settings["lookback_days"]).astype("boolean")
    operated = operated.mask(surgery.isna() & untyped, False)
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
    graded = visits[["case_id", "visit_day"]].assign(badness=_badness(visits, high_grades))
    graded = graded[graded["badness"].notna()]
    surgery = pd.DataFrame({"case_id": cases["case_id"], "day": _day(cases, "surgery_day")})
    both = graded.merge(surgery, on="case_id")
    since = (both["visit_day"] - both["day"]).to_numpy(dtype=float, na_value=np.nan)
    both = both[(since > 0) & (since <= settings["postop_sosg_days"])]
    ordered = both.sort_values(["visit_day", "badness"], ascending=[True, False])
    first = ordered.drop_duplicates("case_id").set_index("case_id")["badness"]
    high = (first == HIGH).astype("boolean").mask(first == EITHER)
    return cases["case_id"].map(high).astype("boolean")


def _badness(visits, high_grades):
    """How bad a visit's record is: not high, either, high; missing where nothing is recorded."""
    grade = visits["sosg_grade"].astype("string")
    graded = grade.isin(list(high_grades)).map({True: HIGH, False: NOT_HIGH}).mask(grade.isna())
    if "sosg_partial" not in visits:
        return graded
    worth = {
        name: HIGH if high else EITHER if "1c" in high_grades else NOT_HIGH
        for name, high in codebook.load("sosg")["partial"].items()
    }
    return graded.fillna(visits["sosg_partial"].astype("string").map(worth).astype(float))


def _day(cases, name):
    if name in cases:
        return cases[name].astype("Float64")
    return pd.Series(pd.NA, index=cases.index, dtype="Float64")
