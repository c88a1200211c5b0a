import numpy as np
import pandas as pd
import pytest

from mescc_analytics import settings
from mescc_analytics.cohort.timeline import (
    assess_walking,
    mark_first_episodes,
    set_time_zero,
    survival_from,
    walks_at_entry,
)
from tests.spec_table import cases

WALKING = settings.defaults("ambulatory")
NO_VISITS = pd.DataFrame(
    {"case_id": pd.array([], dtype="string"), "visit_day": pd.array([], dtype="Float64")}
)


def test_time_zero_and_its_fallback():
    given, _ = cases("""
        mri_day | surgery_day | rt_start_day | systemic_day
        2       | 5           | 4            | 9
                | 5           |              |
        -1      |             |              |
    """)
    mri = set_time_zero(given, "mri")
    assert mri["time_zero_day"].tolist() == [2, 0, -1]
    assert mri["time_zero_source"].tolist() == ["mri", "presentation_fallback", "mri"]
    assert set_time_zero(given, "presentation")["time_zero_day"].tolist() == [0, 0, 0]
    treatment = set_time_zero(given, "treatment_start")
    assert treatment["time_zero_day"].tolist() == [4, 5, 0]
    assert treatment["time_zero_source"].tolist() == [
        "treatment_start",
        "treatment_start",
        "presentation_fallback",
    ]


def test_survival_counts_from_time_zero():
    given, _ = cases("""
        last_contact_day | died
        100              | yes
        1                | no
                         | no
    """)
    out = survival_from(given, pd.Series([2.0, 2.0, 0.0], dtype="Float64"))
    assert out["survival_days"].tolist() == [98, -1, pd.NA]
    assert out["survival_event"].tolist() == [True, False, False]


def test_first_episode_is_the_earliest_then_the_worst_then_the_first():
    given, _ = cases("""
        case_id | patient_id | presentation_year | presentation_quarter | sosg_rank
        A       | P          | 2021              |                      | 5
        B       | P          | 2020              |                      | 1
        C       | Q          | 2020              | 2020Q3               | 5
        D       | Q          | 2020              | 2020Q1               | 0
        E       | R          | 2020              |                      | 2
        F       | R          | 2020              |                      | 4
        G       | S          |                   |                      |
        H       | S          |                   |                      |
        I       |            |                   |                      |
    """)
    first = mark_first_episodes(given)
    assert given["case_id"][first.to_numpy(dtype=bool)].tolist() == ["B", "D", "F", "G", "I"]
    assert mark_first_episodes(given.drop(columns="patient_id")).all()


def walking_cases(**columns):
    base = {
        "case_id": pd.array(["A", "B", "C", "D"], dtype="string"),
        "time_zero_day": pd.array([0.0, 0.0, 0.0, 20.0], dtype="Float64"),
        "survival_days": pd.array([400.0, 60.0, 60.0, 400.0], dtype="Float64"),
        "survival_event": pd.array([False, True, False, False], dtype="boolean"),
    }
    levels = ["unaided", "aided", "non_ambulatory", "paraplegic"]
    return pd.DataFrame(base | {k: pd.Categorical(v, levels) for k, v in columns.items()})


def test_states_from_wide_columns():
    frame = walking_cases(
        ambulatory_status_30d=["unaided", "aided", "paraplegic", "unaided"],
        ambulatory_status_90d=["non_ambulatory", "aided", None, "aided"],
    )
    out = assess_walking(frame, NO_VISITS, WALKING)
    # D: day 30 is 10 days after its time zero, outside 30 +/- 14; day 90 is 70 days after it, inside 90 +/- 21
    assert out["30"].tolist() == ["walking", "walking", "not_walking", "unknown"]
    assert out["90"].tolist() == ["not_walking", "dead", "unknown", "walking"]
    assert out["365"].tolist() == ["unknown", "dead", "unknown", "unknown"]


def test_definition_of_walking():
    frame = walking_cases(ambulatory_status_30d=["unaided", "aided", "paraplegic", None])
    strict = assess_walking(frame, NO_VISITS, WALKING | {"definition": "unaided"})
    assert strict["30"].tolist() == ["walking", "not_walking", "not_walking", "unknown"]
    entry = frame.assign(ambulatory_status=frame["ambulatory_status_30d"])
    assert walks_at_entry(entry, "with_aids").tolist() == [True, True, False, pd.NA]
    assert walks_at_entry(entry, "unaided").tolist() == [True, False, False, pd.NA]
    assert walks_at_entry(frame, "unaided").isna().all()


def visits(*rows):
    frame = pd.DataFrame(rows, columns=["case_id", "visit_day", "ambulatory_status"])
    return frame.astype(
        {"case_id": "string", "visit_day": "Float64", "ambulatory_status": "category"}
    )


@pytest.mark.parametrize(
    "days, expected",
    [
        ([(20, "aided"), (35, "paraplegic")], "not_walking"),  # 35 is nearer
        ([(25, "aided"), (35, "paraplegic")], "not_walking"),  # equally near: the later
        ([(35, "paraplegic"), (25, "aided")], "not_walking"),  # whatever the order
        ([(16, "aided")], "walking"),  # edge of the window
        ([(15.9, "aided")], "unknown"),
        ([(44, "aided")], "walking"),
        ([(44.1, "aided")], "unknown"),
    ],
)
def test_nearest_visit_in_the_window(days, expected):
    found = assess_walking(
        walking_cases(), visits(*[("A", day, status) for day, status in days]), WALKING
    )
    assert found["30"].tolist()[0] == expected


def test_visits_after_last_contact_or_of_unknown_cases_are_not_used():
    frame = walking_cases()
    found = assess_walking(frame, visits(("C", 80, "aided"), ("Z", 30, "aided")), WALKING)
    assert found["90"].tolist()[2] == "unknown"
    assert not found.isin(["walking"]).to_numpy().any()


def test_windows_and_timepoints_follow_the_config():
    frame = walking_cases()
    visit = visits(("A", 60, "aided"))
    assert "60" not in assess_walking(frame, visit, WALKING)
    found = assess_walking(
        frame, visit, WALKING | {"timepoints_days": [60, 90], "windows_days": [0, 30]}
    )
    assert found.columns.tolist() == ["60", "90"]
    assert found.iloc[0].tolist() == ["walking", "walking"]


def test_death_on_the_day_counts_as_dead():
    frame = walking_cases().assign(
        survival_days=pd.array([30.0, 30.0, 30.0, 31.0], dtype="Float64"), survival_event=True
    )
    found = assess_walking(frame, NO_VISITS, WALKING)["30"]
    assert found.tolist() == ["dead", "dead", "dead", "unknown"]


def test_case_order_does_not_matter(rng):
    frame = walking_cases(ambulatory_status_30d=["unaided", "aided", "paraplegic", None])
    order = rng.permutation(4)
    there = assess_walking(frame.iloc[order].reset_index(drop=True), NO_VISITS, WALKING)
    back = assess_walking(frame, NO_VISITS, WALKING)
    assert there.iloc[np.argsort(order)].reset_index(drop=True).equals(back)


@pytest.mark.parametrize(
    "last, state", [(68.9, "unknown"), (69.0, "walking"), (85.0, "walking"), (90.0, "walking")]
)
def test_a_wide_status_stands_for_a_visit_within_its_window(last, state):
    """Registries set last contact to the follow-up visit: 90 days means 69 to 111."""
    frame = walking_cases(ambulatory_status_90d=["aided"] * 4)
    frame = frame.assign(survival_days=pd.array([last] * 4, dtype="Float64"), survival_event=False)
    assert assess_walking(frame, NO_VISITS, WALKING)["90"].tolist()[0] == state
