"""Curves and summary per group, and the reason for whatever has no estimate."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from mescc_analytics.errors import UsageError
from mescc_analytics.stats.survival import (
    SurvivalSpec,
    curves_by_group,
    follow_up,
    kaplan_meier,
    quantile,
    summarise_survival,
)

ORACLE = Path(__file__).parent / "oracle" / "stats"
NO_MILESTONES = SurvivalSpec(milestones_days=(), horizon_days=20)


@pytest.fixture(scope="module")
def lung():
    cases = pd.read_csv(ORACLE / "data_lung.csv")
    return cases["time"], cases["event"], pd.Categorical(cases["group"], ["male", "female"])


def note(time, event, spec=NO_MILESTONES):
    return summarise_survival(time, event, spec=spec)["note"].iloc[0].split("; ")


def test_lung_published_medians(lung):
    overall = summarise_survival(*lung[:2])
    assert overall["median_days"].tolist() == [310]
    by_sex = summarise_survival(*lung)
    assert by_sex["group"].tolist() == ["male", "female"]
    assert by_sex["n"].tolist() == [138, 90] and by_sex["events"].tolist() == [112, 53]
    assert by_sex["median_days"].tolist() == [270, 426]


def test_summary_columns():
    found = summarise_survival([10, 20], [1, 0], spec=SurvivalSpec(milestones_days=(15,)))
    assert list(found.columns) == [
        *("group", "n", "events", "median_days", "median_lower", "median_upper"),
        *("rmst_days", "rmst_lower", "rmst_upper", "rmst_horizon_days"),
        *("survival_15d", "survival_15d_lower", "survival_15d_upper"),
        *("follow_up_median_days", "follow_up_lower", "follow_up_upper", "start_days", "note"),
    ]


def test_summary_agrees_with_r(lung):
    found = summarise_survival(*lung).set_index("group")
    expected = pd.read_csv(ORACLE / "milestones.csv")
    chosen = (expected["data"] == "lung") & (expected["start"] == 0) & (expected["level"] > 0.94)
    expected = expected[chosen & (expected["interval"] == "log-log")]
    expected = expected.set_index(["group", "time"])
    for sex in ("male", "female"):
        for day in (30, 90, 180, 365):
            row = expected.loc[(sex, day)]
            name = f"survival_{day}d"
            numbers = found.loc[sex, [name, f"{name}_lower", f"{name}_upper"]].astype(float)
            assert_allclose(numbers, row[["survival", "ci_lower", "ci_upper"]].astype(float))
    reverse = pd.read_csv(ORACLE / "medians.csv").query("data == 'lung_reversed' and level > 0.94")
    reverse = reverse[reverse["interval"] == "log-log"].set_index("group")
    for sex in ("male", "female"):
        names = ["follow_up_median_days", "follow_up_lower", "follow_up_upper"]
        limits = reverse.loc[sex, ["estimate", "lower", "upper"]]
        assert_allclose(found.loc[sex, names].astype(float), limits.astype(float))


def test_group_order_and_empty_groups():
    group = pd.Categorical(["b", "a", "b"], ["c", "b", "a"])
    assert summarise_survival([1, 2, 3], [1, 1, 1], group)["group"].tolist() == ["b", "a"]
    curves = curves_by_group([1, 2, 3], [1, 1, 1], group)
    assert curves["group"].unique().tolist() == ["b", "a"]


def test_curves_by_group_are_the_curves_of_the_groups():
    curves = curves_by_group([4, 6, 9], [1, 0, 1], pd.Categorical(["a", "a", "b"]))
    assert list(curves.columns) == [
        *("group", "time_days", "n_at_risk", "n_events", "n_censored"),
        *("survival", "ci_lower", "ci_upper"),
    ]
    assert curves["group"].tolist() == ["a", "a", "a", "b", "b"]
    assert curves["time_days"].tolist() == [0, 4, 6, 0, 9]
    assert curves["survival"].tolist() == [1, 0.5, 0.5, 1, 0]


def test_without_cases_the_frames_are_empty_and_whole():
    full = summarise_survival([1], [1])
    empty = summarise_survival([], [])
    assert len(empty) == 0 and list(empty.columns) == list(full.columns)
    assert list(curves_by_group([], []).columns) == list(curves_by_group([1], [1]).columns)


def test_each_choice_of_the_spec_matters():
    days = np.arange(1, 41) * 10.0
    event = np.arange(40) % 3 > 0

    def row(**choices):
        return summarise_survival(days, event, spec=SurvivalSpec(**choices)).iloc[0]

    default = row()
    assert row(level=0.8)["median_lower"] > default["median_lower"]
    assert row(level=0.8)["rmst_lower"] > default["rmst_lower"]
    assert row(level=0.8)["follow_up_lower"] >= default["follow_up_lower"]
    assert row(interval="plain")["survival_90d_lower"] != default["survival_90d_lower"]
    assert row(horizon_days=200)["rmst_days"] < default["rmst_days"]
    assert row(horizon_days=200)["rmst_horizon_days"] == 200
    assert "survival_45d" in row(milestones_days=(45,))
    with pytest.raises(UsageError):
        row(start_days=15)
    assert row(start_days=5)["rmst_days"] == default["rmst_days"]
    assert row(start_days=5)["start_days"] == 5


def test_default_spec():
    assert SurvivalSpec() == SurvivalSpec(0, 0.95, "log-log", (30, 90, 180, 365), 365)


def test_landmark():
    spec = SurvivalSpec(start_days=30, milestones_days=(30, 90), horizon_days=90)
    row = summarise_survival([40, 60, 95, 100], [1, 1, 0, 0], spec=spec).iloc[0]
    # restricted mean from day 0: 30 + 10 + 20 * 3/4 + 30 * 1/2
    assert row["rmst_days"] == 70
    assert row["survival_90d"] == 0.5
    assert np.isnan(row["survival_30d"])
    assert "survival at 30 days not estimable: the curve starts on day 30" in row["note"]
    assert curves_by_group([40], [1], spec=spec)["time_days"].tolist() == [30, 40]


def test_follow_up_exchanges_deaths_and_censorings():
    assert follow_up([10, 20, 30, 40], [1, 0, 1, 0]) == quantile(
        kaplan_meier([10, 20, 30, 40], [0, 1, 0, 1])
    )


def test_no_deaths():
    assert note([10, 20, 30], [0, 0, 0]) == [
        "median not estimable: no deaths in this group",
        "restricted mean: interval not estimable: the curve has no variance",
        "upper limit of the median follow-up not estimable: not reached",
    ]


def test_everyone_dead_on_day_0():
    found = summarise_survival([0, 0], [1, 1], spec=SurvivalSpec(milestones_days=(30,))).iloc[0]
    assert found["median_days"] == 0 and found["rmst_days"] == 0 and found["survival_30d"] == 0
    assert found["note"].split("; ") == [
        "everyone died on day 0: intervals not estimable",
        "restricted mean: interval not estimable: the curve has no variance",
        "interval of survival at 30 days not estimable: everyone has died by then",
        "follow-up not estimable: nobody is alive at last contact",
    ]


def test_one_case_that_died():
    assert note([7], [1]) == [
        "lower limit of the median not estimable: too few cases",
        "upper limit of the median not estimable: not reached",
        "restricted mean: interval not estimable: the curve has no variance",
        "follow-up not estimable: nobody is alive at last contact",
    ]


def test_one_case_that_lives():
    assert note([7], [0], SurvivalSpec(milestones_days=(5, 30), horizon_days=365)) == [
        "median not estimable: no deaths in this group",
        "restricted mean: not estimable: follow-up ends on day 7, before the horizon, day 365",
        "interval of survival at 5 days not estimable: nobody has died by then",
        "survival at 30 days not estimable: follow-up ends on day 7",
        "lower limit of the median follow-up not estimable: too few cases",
        "upper limit of the median follow-up not estimable: not reached",
    ]


def test_median_not_reached():
    days, event = [5, 25, 30, 35], [1, 0, 0, 0]
    assert note(days, event)[0] == "median not estimable: survival stays above 50%"


def test_follow_up_not_reached():
    days, event = [5, 6, 7, 30], [0, 1, 1, 1]
    reason = "more than half died before the last contacts"
    assert note(days, event)[-1] == f"median follow-up not estimable: {reason}"


def test_nothing_is_missing_without_a_note(rng):
    """Whatever the cases: a row with NaN has a note, and no row is infinite."""
    for _ in range(100):
        n = rng.integers(1, 8)
        days, event = rng.integers(0, 400, n), rng.random(n) < rng.choice([0, 0.5, 1])
        row = summarise_survival(days, event).iloc[0]
        numbers = row.drop(["group", "note"]).astype(float)
        assert not np.isinf(numbers).any()
        assert row["note"] or not numbers.isna().any()


def test_missing_group_is_refused():
    with pytest.raises(UsageError) as error:
        summarise_survival([1, 2], [1, 1], pd.Categorical(["a", None]))
    assert str(error.value) == (
        "groups cannot be used:\n  - wanted one group per case, none missing"
    )
