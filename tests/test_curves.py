"""Kaplan-Meier curve and what is read off it: by hand, and R's survfit."""

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from mescc_analytics.errors import UsageError
from mescc_analytics.stats.curves import (
    event_table,
    kaplan_meier,
    quantile,
    restricted_mean,
    survival_at,
)

ORACLE = Path(__file__).parent / "oracle" / "stats"
LIMITS = ["estimate", "lower", "upper"]
KEY = ["data", "group", "start", "interval", "level"]


@cache
def read(name):
    return pd.read_csv(ORACLE / f"{name}.csv", float_precision="round_trip")


def oracle_curve(data, group, start, interval="log-log", level=0.95):
    cases = read(f"data_{data}")
    if group != "all":
        cases = cases[cases["group"] == group]
    cases = cases[cases["time"] >= start]
    event = cases["event"] == 1
    return kaplan_meier(cases["time"], event, start=start, level=level, interval=interval)


def by_key(name):
    keyed = read(name)
    return [(key, rows) for key, rows in keyed.groupby(KEY, sort=False)]


def test_curve_agrees_with_r():
    # survfit(Surv(time, event) ~ 1, conf.type = interval, conf.int = level, start.time = start)
    found = by_key("km")
    assert len(found) > 100
    for key, expected in found:
        curve = oracle_curve(*key)
        opens_with_a_time = curve["time_days"].iloc[0] == expected["time"].iloc[0]
        curve = curve if opens_with_a_time else curve.iloc[1:]
        assert_allclose(curve["time_days"], expected["time"], rtol=1e-12)
        for name in ("n_at_risk", "n_events", "n_censored"):
            assert (curve[name].to_numpy() == expected[name].to_numpy()).all()
        assert_allclose(curve["survival"], expected["survival"], rtol=1e-8, atol=1e-15)
        relative = np.where(curve["survival"] > 0, expected["relative_error"], np.nan)
        assert_allclose(curve["std_err"], curve["survival"] * relative, rtol=1e-8)
        # R has no limits at survival 0; where it is 1 on the first row we say 1, R nothing
        certain = (curve["survival"] == 1) & (curve["time_days"] == key[2])
        for name in ("ci_lower", "ci_upper"):
            limit = np.where(certain, 1.0, expected[name])
            assert_allclose(curve[name], limit, rtol=1e-8, atol=1e-15)


def test_median_agrees_with_r():
    # summary(survfit(...))$table
    found = by_key("medians")
    assert len(found) > 200
    for key, expected in found:
        assert_allclose(quantile(oracle_curve(*key)), expected[LIMITS].iloc[0], rtol=1e-8)


def test_quartiles_agree_with_r():
    # quantile(survfit(...), c(0.25, 0.75))
    for key, expected in by_key("quartiles"):
        curve = oracle_curve(*key)
        for row in expected.itertuples():
            limits = [row.estimate, row.lower, row.upper]
            assert_allclose(quantile(curve, row.probability), limits, rtol=1e-8)


def test_survival_at_milestones_agrees_with_r():
    # summary(survfit(...), times = ...)
    for key, expected in by_key("milestones"):
        found = survival_at(oracle_curve(*key), expected["time"])
        assert (found["n_at_risk"].to_numpy() == expected["n_at_risk"].to_numpy()).all()
        for name in ("survival", "ci_lower", "ci_upper"):
            assert_allclose(found[name], expected[name], rtol=1e-8)


def test_restricted_mean_agrees_with_r():
    # summary(survfit(...), rmean = horizon)$table
    expected = read("rmst")
    assert (expected["start"] == 30).any()
    for row in expected.itertuples():
        found = restricted_mean(oracle_curve(row.data, row.group, row.start), row.horizon)
        assert_allclose(found.estimate, row.rmst, rtol=1e-8)
        if row.std_err == 0:
            assert found.note == "interval not estimable: the curve has no variance"
            continue
        half = 1.959963984540054 * row.std_err
        assert_allclose([found.lower, found.upper], [row.rmst - half, row.rmst + half], rtol=1e-8)


def test_event_table_by_hand():
    # ties of death and censoring on day 5; nobody is dropped
    found = event_table([5, 2, 5, 9, 5], [True, False, False, True, True])
    expected = {
        "time": [2.0, 5.0, 9.0],
        "at_risk": [5, 4, 1],
        "events": [0, 2, 1],
        "censored": [1, 1, 0],
    }
    pd.testing.assert_frame_equal(found, pd.DataFrame(expected))


def test_event_table_weights():
    found = event_table([2, 5, 5], [1, 1, 0], weight=[0.5, 2, 3])
    assert found["at_risk"].tolist() == [5.5, 5.0]
    assert found["events"].tolist() == [0.5, 2.0]
    assert found["censored"].tolist() == [0.0, 3.0]


def test_event_table_entry_is_strictly_before():
    # the third case enters on day 4: at risk after it, so not at 4 but at 6
    found = event_table([4, 6, 6], [1, 1, 0], entry=[0, 0, 4])
    assert found["at_risk"].tolist() == [2, 2]
    assert event_table([4, 6, 6], [1, 1, 0])["at_risk"].tolist() == [3, 2]


def test_times_that_differ_by_rounding_are_one_time():
    assert event_table([0.1 + 0.2, 0.3, 0.5], [1, 1, 1])["events"].tolist() == [2, 1]


def test_days_and_fractions_give_the_same_table():
    days, event = np.array([3, 1, 7, 3, 0, 7]), [1, 0, 1, 1, 0, 0]
    whole, shifted = event_table(days, event), event_table(days + 0.25, event)
    shifted["time"] -= 0.25
    pd.testing.assert_frame_equal(whole, shifted)
    # wide apart, so that counting by day would not pay
    sparse = event_table(days * 1e6, event)
    sparse["time"] /= 1e6
    pd.testing.assert_frame_equal(whole, sparse)


def test_curve_opens_with_its_start():
    curve = kaplan_meier([40, 50], [1, 0], start=30)
    assert curve["time_days"].tolist() == [30.0, 40.0, 50.0]
    assert curve["n_at_risk"].tolist() == [2, 2, 1]
    assert curve["survival"].tolist() == [1.0, 0.5, 0.5]
    assert curve[["ci_lower", "ci_upper"]].iloc[0].tolist() == [1.0, 1.0]
    assert curve["n_events"].iloc[0] == 0


def test_deaths_on_the_first_day_lower_the_start():
    curve = kaplan_meier([0, 0, 3], [1, 0, 1])
    assert curve["time_days"].tolist() == [0.0, 3.0]
    assert_allclose(curve["survival"], [2 / 3, 0])
    assert curve["n_censored"].tolist() == [1, 0]


def test_limits_are_missing_where_the_scale_has_none():
    days, event = [1, 2, 3], [0, 1, 1]
    loglog, log, plain = (
        kaplan_meier(days, event, interval=name)[["ci_lower", "ci_upper"]].isna().all(axis=1)
        for name in ("log-log", "log", "plain")
    )
    assert loglog.tolist() == [False, True, False, True]
    assert log.tolist() == [False, False, False, True]
    assert plain.tolist() == [False, False, False, True]


def test_level_widens_the_band():
    narrow, wide = (kaplan_meier([1, 2, 3, 4], [1, 1, 1, 0], level=x) for x in (0.8, 0.95))
    assert (wide["ci_lower"] < narrow["ci_lower"])[1:].all()
    assert (wide["ci_upper"] > narrow["ci_upper"])[1:].all()


@pytest.mark.parametrize(
    "days, event, median",
    [
        ([10, 20, 55, 60], [1, 1, 1, 1], 37.5),  # flat at one half between 20 and 55
        ([10, 20, 55, 60], [1, 1, 0, 0], 20.0),  # flat at one half to the end
        ([10, 20, 30], [1, 1, 1], 20.0),
        ([7], [1], 7.0),
        ([0, 0, 0], [1, 1, 1], 0.0),
    ],
)
def test_median_by_hand(days, event, median):
    assert quantile(kaplan_meier(days, event))[0] == median


def test_median_not_reached_is_missing():
    estimate, lower, upper = quantile(kaplan_meier([10, 20, 30, 40], [1, 0, 0, 0]))
    assert np.isnan(estimate) and lower == 10 and np.isnan(upper)
    assert np.isnan(quantile(kaplan_meier([10, 20], [0, 0]))).all()


def test_survival_outside_the_curve():
    censored = survival_at(kaplan_meier([5, 8, 9], [1, 1, 0], start=2), [1, 2, 5, 9, 10])
    assert_allclose(censored["survival"], [np.nan, 1, 2 / 3, 1 / 3, np.nan])
    assert censored["n_at_risk"].tolist() == [3, 3, 3, 1, 0]
    died_out = survival_at(kaplan_meier([5, 9], [1, 1]), [10])
    assert died_out["survival"].tolist() == [0.0]


def test_restricted_mean_by_hand():
    # area 10 + 10/2 from day 0; with a start on day 5: 5 + 5 + 10/2
    assert restricted_mean(kaplan_meier([10, 20], [1, 1]), 20).estimate == 15
    assert restricted_mean(kaplan_meier([10, 20], [1, 1], start=5), 20).estimate == 15
    assert restricted_mean(kaplan_meier([10, 20], [1, 1]), 12).estimate == 11
    # one death of two, area beyond it 5, variance of the hazard 1/(2*1): z * 5 * sqrt(1/2)
    found = restricted_mean(kaplan_meier([10, 20], [1, 1]), 20)
    assert_allclose(found.upper - found.estimate, 1.959963984540054 * 5 / np.sqrt(2))


def test_restricted_mean_level():
    curve = kaplan_meier([10, 20, 30], [1, 1, 1])
    narrow, wide = restricted_mean(curve, 25, level=0.8), restricted_mean(curve, 25, level=0.95)
    assert wide.lower < narrow.lower and wide.estimate == narrow.estimate


@pytest.mark.parametrize(
    "event, start, horizon, note",
    [
        (0, 0, 25, "not estimable: follow-up ends on day 20, before the horizon, day 25"),
        (1, 5, 5, "not estimable: the horizon, day 5, is not after the start, day 5"),
        (0, 0, 15, "interval not estimable: the curve has no variance"),
    ],
)
def test_restricted_mean_says_why_not(event, start, horizon, note):
    curve = kaplan_meier([10, 20], [0, event], start=start)
    assert restricted_mean(curve, horizon).note == note


def test_restricted_mean_beyond_a_curve_that_reached_0():
    assert restricted_mean(kaplan_meier([10, 20], [1, 1]), 100).estimate == 15


def test_every_problem_of_the_input_is_named():
    with pytest.raises(UsageError) as error:
        kaplan_meier(pd.array([1.0, None, 40.0]), pd.array([True, None, False]), start=30)
    assert str(error.value) == (
        "survival times cannot be used:\n"
        "  - 1 times are missing or not finite\n"
        "  - 1 events are missing\n"
        "  - 1 times are before day 30"
    )
    with pytest.raises(UsageError) as error:
        kaplan_meier([], [True])
    assert str(error.value) == (
        "survival times cannot be used:\n"
        "  - found 0 times and 1 events, wanted as many of each\n"
        "  - there are no cases"
    )


def test_unknown_interval_is_refused():
    with pytest.raises(UsageError) as error:
        kaplan_meier([1], [1], interval="arcsine")
    assert str(error.value) == (
        "interval cannot be used:\n  - found 'arcsine', wanted one of log-log, log, plain"
    )


def test_nullable_columns_are_read_like_arrays():
    nullable = kaplan_meier(pd.array([3, 5], "Float64"), pd.array([True, False], "boolean"))
    pd.testing.assert_frame_equal(nullable, kaplan_meier([3, 5], [1, 0]))


def test_simulated_median_is_covered():
    # exponential survival, median 200 days, a third censored: about 95 of 100 intervals hold it
    rng = np.random.default_rng(20240101)
    covered = 0
    for _ in range(100):
        death = rng.exponential(200 / np.log(2), 150)
        last_contact = rng.uniform(50, 1500, 150)
        curve = kaplan_meier(np.minimum(death, last_contact), death <= last_contact)
        _, lower, upper = quantile(curve)
        covered += lower <= 200 <= upper
    assert 89 <= covered <= 99
