"""The first treatment and the arm reached so far, by hand."""

import numpy as np
import pandas as pd

from mescc_analytics.clinical.arms import derive_arms
from mescc_analytics.clinical.first_treatment import first_spells, first_treatment, kinds, spells

COHORT = {"lookback_days": 7, "grace_days": 30, "landmark_days": 30, "postop_rt_days": 60}
# zero: day 1.   surgery  rt  technique  systemic  last
TABLE = [
    (5, 12, "sbrt", None, 100),  # surgery, then SBRT
    (None, 4, "cebrt", None, 100),  # conventional
    (None, None, None, None, 20),  # none, dies early
    (None, None, None, 9, 100),  # systemic only
    (8, 3, "cebrt", None, 100),  # radiotherapy first, then surgery
    (None, 50, "cebrt", None, 100),  # after the days of grace
    (1, 1, "sbrt", None, 100),  # both on day zero
    (None, 6, None, None, 100),  # radiotherapy of unknown kind
    (-20, None, None, None, 100),  # before the look-back
    (16, None, None, None, 15),  # on the last day of follow-up (day 15 from zero)
]


def cases():
    frame = pd.DataFrame(
        TABLE, columns=["surgery_day", "rt_start_day", "technique", "systemic_day", "last"]
    )
    for name in ("surgery_day", "rt_start_day", "systemic_day"):
        frame[name] = pd.to_numeric(frame[name]).astype("Float64")
    frame["rt_technique_derived"] = pd.Categorical(frame.pop("technique"), ["cebrt", "sbrt"])
    frame["rt_course"] = pd.Categorical(["long"] * len(frame), ["short", "long"])
    return frame, pd.Series(1.0, index=frame.index)


def test_first_treatment():
    frame, zero = cases()
    name, day = first_treatment(frame, zero, COHORT)
    assert name.fillna("unknown").tolist() == [
        *("surgery", "cebrt", "none", "none", "cebrt"),
        *("none", "surgery", "other", "unknown", "surgery"),
    ]
    assert day.fillna(-1).tolist() == [4, 3, -1, -1, 2, -1, 0, 5, -1, 15]


def test_days_of_grace_and_look_back_change_it():
    frame, zero = cases()
    late = first_treatment(frame, zero, COHORT | {"grace_days": 60})
    assert late[0][5] == "cebrt" and late[1][5] == 49
    assert first_treatment(frame, zero, COHORT | {"grace_days": 3.5})[0][0] == "none"
    early = first_treatment(frame, zero, COHORT | {"lookback_days": 30})
    assert early[0][8] == "surgery" and early[1][8] == 0


def test_spells():
    frame, zero = cases()
    found = spells(frame, zero, frame["last"], COHORT)
    of_case = {
        row: list(zip(part["entry"], part["time"], part["arm"], strict=True))
        for row, part in found.groupby("row")
    }
    start = -np.inf
    assert of_case[0] == [
        (start, 4, "supportive"),
        (4, 11, "surgery_only"),
        (11, 100, "surgery_sbrt"),
    ]
    assert of_case[2] == [(start, 20, "supportive")]
    assert of_case[3] == [(start, 8, "supportive"), (8, 100, "systemic_only")]
    assert of_case[4][1:] == [(2, 7, "cebrt_long"), (7, 100, "surgery_cebrt")]
    assert of_case[5] == [(start, 100, "supportive")]
    assert of_case[6] == [(start, 100, "surgery_sbrt")]
    assert of_case[7] == [(start, 5, "supportive")]  # censored when the arm is unknown
    assert 8 not in of_case
    assert of_case[9] == [(start, 15, "supportive")]  # no time is left after the operation
    assert found.groupby("row")["last"].sum().drop(7).eq(1).all()


def test_the_last_spell_is_the_arm_of_the_cohort():
    frame, zero = cases()
    frame = frame.drop(index=[7, 8, 9]).reset_index(drop=True)
    zero = zero.iloc[: len(frame)]
    found = spells(frame, zero, frame["last"].clip(lower=40), COHORT)
    last = found[found["last"]].set_index("row")["arm"].astype(str)
    assert last.tolist() == derive_arms(frame, zero, COHORT).astype(str).tolist()


def test_first_spells():
    frame, zero = cases()
    name, day = first_treatment(frame, zero, COHORT)
    found = first_spells(name, day, frame["last"])
    rows = [(r.row, r.entry, r.time, str(r.arm), bool(r.last)) for r in found.itertuples()]
    assert (0, -np.inf, 4, "none", False) in rows and (0, 4, 100, "surgery", True) in rows
    assert (6, -np.inf, 100, "surgery", True) in rows
    assert [row for row in rows if row[0] == 7] == [(7, -np.inf, 5, "none", False)]
    assert [row for row in rows if row[0] == 9] == [(9, -np.inf, 15, "none", True)]
    assert not [row for row in rows if row[0] == 8]
    assert list(found["arm"].cat.categories) == list(kinds())
