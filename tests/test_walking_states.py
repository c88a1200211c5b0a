"""Walking as a process, the step's part: change from entry by hand, what start and holding do."""

import numpy as np
import pandas as pd
from numpy.testing import assert_allclose

from mescc_analytics import settings
from mescc_analytics.steps import walking_states

CHOSEN = settings.complete({}, need_cohorts=False)["ambulatory"]
ENTRY = ["ambulatory"] * 6 + ["non_ambulatory"] * 5 + [None]
# three lose it, one of them unknown later; one regains it
LATER = ["walking"] * 3 + ["not_walking"] * 2 + ["dead"] + ["not_walking"] * 4 + ["walking"] * 2
FIRST_AIS = list("CCCCDDDEEB") + [None, "D"]
LAST_AIS = list("DDECDEDEDB") + ["D", None]


def table(min_arm=0):
    n = len(ENTRY)
    index = pd.Index([f"P{i}" for i in range(n)])
    frame = pd.DataFrame(
        {
            "case_id": pd.array(index, dtype="string"),
            "ais": pd.Categorical(FIRST_AIS, list("ABCDE")),
            "time_zero_day": pd.array([0.0] * n, dtype="Float64"),
            "survival_days": pd.array([400.0] * n, dtype="Float64"),
        },
        index=index,
    )
    visits = pd.DataFrame(
        {
            "case_id": pd.array(index, dtype="string"),
            "visit_day": pd.array([90.0] * n, dtype="Float64"),
            "ais": pd.Categorical(LAST_AIS, list("ABCDE")),
        }
    )
    entry = pd.Series(pd.Categorical(ENTRY), index=index)
    states = pd.DataFrame({"90": LATER}, index=index)
    chosen = CHOSEN | {"timepoints_days": [90], "windows_days": [21], "min_arm": min_arm}
    group = pd.Series(pd.Categorical(["all"] * n), index=index)
    parts = walking_states.change(frame, visits, (entry, states), [("overall", group)], chosen)
    return pd.concat(parts, ignore_index=True).set_index("measure")


def test_change_by_hand():
    found = table()
    walking, ais = found.loc["walking"], found.loc["ais"]
    assert walking["test"] == "mcnemar_exact" and walking["timepoint_days"] == 90
    # known at both: 3 stay, 2 lose, 4 stay off, 1 regains
    assert walking[["n_pairs", "n_better", "n_worse"]].tolist() == [10, 1, 2]
    assert_allclose(walking["p"], 1.0)
    # better: C to D twice, C to E, D to E; worse: E to D
    assert ais[["n_pairs", "n_better", "n_worse"]].tolist() == [10, 4, 1]
    assert ais["test"] == "stuart_maxwell"
    # margins before C 4, D 3, E 2; after C 1, D 5, E 3; inverse of their covariance by hand
    d = np.array([3.0, -2.0])
    v = np.array([[3.0, -2.0], [-2.0, 4.0]])
    assert_allclose(ais["statistic"], d @ np.linalg.solve(v, d))


def test_no_p_value_where_few_are_known_at_both():
    for least, given in ((10, True), (11, False)):
        found = table(least)
        assert found["p"].notna().all() == given
        assert (
            found["note"] == f"no p value: fewer than {least} cases known at both"
        ).all() != given


def test_walking_is_better_than_not():
    assert walking_states.NAMES == {"walking": "ambulatory", "not_walking": "non_ambulatory"}
    assert walking_states.AIS == ("A", "B", "C", "D", "E")


def test_the_start_is_the_landmark_for_arms_and_time_zero_for_all():
    n = 40
    index = pd.RangeIndex(n)
    frame = pd.DataFrame(
        {
            "case_id": pd.array([f"P{i}" for i in range(n)], dtype="string"),
            "time_zero_day": pd.array([0.0] * n, dtype="Float64"),
            "survival_days": pd.array([100.0] * n, dtype="Float64"),
            "survival_event": pd.array([True] * n, dtype="boolean"),
            "ambulatory_status": pd.Categorical(
                ["unaided"] * n, ["unaided", "aided", "non_ambulatory", "paraplegic"]
            ),
        }
    )
    visits = pd.DataFrame({"case_id": pd.Series(dtype="string"), "visit_day": []})
    group = pd.Series(pd.Categorical(["sbrt"] * n), index=index)
    chosen = settings.complete({}, need_cohorts=False)
    chosen["ambulatory"] |= {"carry_forward_days": 60, "horizon_days": 90, "n_resamples": 20}
    chosen["cohort"] |= {"landmark_days": 30}
    parts = walking_states.over_time(frame, visits, [("overall", group), ("by_arm", group)], chosen)
    days = walking_states.joined(parts)["expected_days"]
    days = days[days["reference"].isna()].set_index(["analysis", "measure"])["days"]
    # alive to day 90, seen walking on day 0, held for 60 days, then unknown
    assert days["overall", "alive"] == 90 and days["by_arm", "alive"] == 60
    assert days["overall", "unknown"] == 30 and days["by_arm", "unknown"] == 30
    assert days["overall", "ambulatory_lowest"] == 60
    assert days["by_arm", "ambulatory_lowest"] == 30
