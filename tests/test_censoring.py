"""Weights for censoring, by hand and by what they must add up to."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from mescc_analytics.errors import UsageError
from mescc_analytics.stats.censoring import StatusAt, status_weights, uncensored_before
from mescc_analytics.stats.curves import kaplan_meier, survival_at

ORACLE = Path(__file__).parent / "oracle" / "validation"


def weights(time, event, horizon):
    status = StatusAt.of(time, event, horizon)
    return status_weights(status.position, status.dead, status.known)


def test_uncensored_by_hand():
    # censored on days 1 (of 5) and 3 (of 3 less one death): 4/5, then 4/5 * 1/2
    position = np.array([0, 1, 2, 2, 3])
    died = np.array([False, True, True, False, True])
    assert_allclose(uncensored_before(position, died, np.ones(5)), [1, 0.8, 0.8, 0.4])


def test_number_of_cases_counts():
    found = uncensored_before(np.array([0, 1]), np.array([False, True]), np.array([3.0, 1.0]))
    assert_allclose(found, [1, 0.25])


def test_all_censored_reaches_0_only_after_the_last():
    found = uncensored_before(np.array([0, 1]), np.array([False, False]), np.ones(2))
    assert_allclose(found, [1, 0.5])


def test_status_on_the_horizon():
    status = StatusAt.of([10, 20, 30, 30, 40], [True, False, True, False, True], 30)
    assert_array_equal(status.dead, [True, False, True, False, False])
    # censored on the horizon itself: alive then, because deaths come first
    assert_array_equal(status.known, [True, False, True, True, True])
    assert_array_equal(status.position, [0, 1, 2, 2, 2])
    assert (status.horizon, status.last, status.by) == (30.0, 40.0, " by day 30")


def test_weights_by_hand():
    # the case lost on day 20 was one of four still followed; the other three stand in for it
    assert_allclose(weights([10, 20, 30, 30, 40], [1, 0, 1, 0, 1], 30), [1, 0, 4 / 3, 4 / 3, 4 / 3])


def test_horizon_moves_the_weights():
    assert_allclose(weights([10, 20, 30, 40], [1, 0, 1, 1], 15), [1, 1, 1, 1])
    assert_allclose(weights([10, 20, 30, 40], [1, 0, 1, 1], 35), [1, 0, 1.5, 1.5])


@pytest.mark.parametrize("name, horizon", [("lung", 365), ("veteran", 180), ("months", 6)])
def test_weights_add_up_to_the_cases_and_give_kaplan_meier(name, horizon):
    cases = pd.read_csv(ORACLE / f"data_{name}.csv")
    status = StatusAt.of(cases["time"], cases["event"], horizon)
    weight = status_weights(status.position, status.dead, status.known)
    assert_allclose(weight.sum(), len(cases), rtol=1e-12)
    curve = kaplan_meier(cases["time"], cases["event"])
    expected = survival_at(curve, [horizon])["survival"]
    assert_allclose(weight @ ~status.dead / len(cases), expected, rtol=1e-12)


@pytest.mark.parametrize(
    "event, horizon, reason",
    [
        ([1, 1, 0], 30, ""),
        ([1, 1, 0], 31, "follow-up ends on day 30, before day 31"),
        ([1, 0, 1], 400, ""),
        ([0, 0, 0], 10, ""),
    ],
)
def test_reason_where_follow_up_ends_too_early(event, horizon, reason):
    assert StatusAt.of([10, 20, 30], event, horizon).reason == reason


@pytest.mark.parametrize("horizon", [float("nan"), float("inf")])
def test_horizon_that_is_no_day_is_refused(horizon):
    with pytest.raises(UsageError) as error:
        StatusAt.of([1, 2], [1, 0], horizon)
    assert str(error.value) == f"horizon cannot be used:\n  - found {horizon}, wanted a day"
