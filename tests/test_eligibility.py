import pandas as pd
import pytest

from mescc_analytics import settings
from mescc_analytics.cohort.eligibility import apply_criteria, list_criteria
from mescc_analytics.errors import UsageError

DEFAULTS = settings.defaults("cohort")


def frame():
    return pd.DataFrame(
        {
            "case_id": list("ABCDEFGH"),
            "last_contact_day": pd.array([100, None, 100, 100, 5, 30, 30, 100], dtype="Float64"),
            "died": pd.array([True, True, True, True, True, True, False, False], dtype="boolean"),
            "usable": pd.array([True, True, False, True, True, True, True, True], dtype="boolean"),
            "first_episode": pd.array(
                [True, True, True, False, True, True, True, True], dtype="boolean"
            ),
            "survival_days": pd.array([100, None, 100, 100, -2, 30, 30, 100], dtype="Float64"),
            "survival_event": pd.array(
                [True, True, True, True, True, True, False, False], dtype="boolean"
            ),
            "arm": pd.Categorical(["sbrt"] * 7 + ["unknown"], ["sbrt", "unknown"]),
            "age_years": pd.array([70, 70, 70, 70, 70, 17, None, 70], dtype="Float64"),
        }
    )


def test_reason_per_case_and_flow_agree():
    marks, flow = apply_criteria(frame(), DEFAULTS)
    assert marks["excluded_by"].tolist() == [
        pd.NA,
        "follow_up_recorded",
        "times_consistent",
        "first_episode",
        "follow_up_after_time_zero",
        "alive_at_landmark",
        "followed_to_landmark",
        "arm_known",
    ]
    assert marks["in_overall"].tolist() == [True, False, False, False, False, True, True, True]
    assert marks["in_arms"].tolist() == [True] + [False] * 7
    assert flow["n_before"].tolist() == [8, 8, 7, 6, 5, 4, 3, 2]
    assert flow["n_excluded"].tolist() == [0, 1, 1, 1, 1, 1, 1, 1]
    assert flow["n_after"].tolist() == [8, 7, 6, 5, 4, 3, 2, 1]
    assert flow["applies_to"].tolist() == ["all analyses"] * 5 + ["comparison of arms"] * 3
    assert flow["label"][5] == "Died by day 30 from time zero (the landmark)"
    assert flow["n_excluded"].sum() == marks["excluded_by"].notna().sum()


def test_landmark_follows_its_setting():
    _, flow = apply_criteria(frame(), DEFAULTS | {"landmark_days": 29})
    assert flow.set_index("criterion")["n_excluded"][
        ["alive_at_landmark", "followed_to_landmark"]
    ].tolist() == [0, 0]
    _, flow = apply_criteria(frame(), DEFAULTS | {"landmark_days": 0})
    assert "alive_at_landmark" not in flow["criterion"].tolist()


def test_a_death_on_day_0_stays_where_there_is_no_landmark():
    dead = frame().iloc[[0]].assign(survival_days=pd.array([0.0], dtype="Float64"))
    marks, _ = apply_criteria(dead, DEFAULTS | {"landmark_days": 0})
    assert marks["in_arms"].tolist() == [True]


def test_no_arm_at_all_excludes_nobody():
    marks, flow = apply_criteria(frame().assign(arm=pd.Categorical(["unknown"] * 8)), DEFAULTS)
    assert flow["applies_to"].eq("all analyses").all()
    assert marks["in_overall"].sum() == 4


def test_a_case_that_cannot_be_judged_leaves_and_is_counted_apart():
    marks, flow = apply_criteria(frame(), DEFAULTS | {"eligibility": ["adult"], "landmark_days": 0})
    adult = flow.set_index("criterion").loc["adult"]
    assert adult[["n_before", "n_excluded", "n_unknown", "n_after"]].tolist() == [8, 1, 1, 6]
    assert marks["excluded_by"].tolist()[5:7] == ["adult", "adult"]


def test_own_criteria_in_the_words_of_the_codebook():
    own = {"id": "old", "label": "Older than 80", "when": {"column": "age_years", "at_most": 80}}
    assert list_criteria(["adult", own])[1] == ("old", "Older than 80", own["when"])
    _, flow = apply_criteria(frame(), DEFAULTS | {"eligibility": [own], "landmark_days": 0})
    assert flow["criterion"].tolist()[1] == "old"


def test_unknown_criteria_are_named_together():
    with pytest.raises(UsageError) as caught:
        list_criteria(["adlt", "chid"])
    assert [p.split(" is not")[0] for p in caught.value.problems] == [
        "cohort.eligibility: 'adlt'",
        "cohort.eligibility: 'chid'",
    ]


def test_an_empty_list_of_criteria():
    marks, flow = apply_criteria(frame(), DEFAULTS | {"eligibility": [], "landmark_days": 0})
    assert flow["criterion"].tolist() == ["supplied", "arm_known"]
    assert marks["in_overall"].all()
