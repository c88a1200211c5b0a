"""Bootstrap of counted cases: kinds, draws, quantiles, and what is said where they fail."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from mescc_analytics.errors import UsageError
from mescc_analytics.stats.resampling import Cells, ValidationSpec, percentile_interval


def test_kinds_are_counted_in_the_order_of_their_codes():
    first, second = np.array([2, 0, 2, 0, 2]), np.array([1, 5, 0, 5, 1])
    cells = Cells.of(first, second)
    assert_array_equal(cells.count, [2, 1, 2])
    assert_array_equal(first[cells.example], [0, 2, 2])
    assert_array_equal(second[cells.example], [5, 0, 1])


def test_one_code_is_enough():
    cells = Cells.of(np.array([7, 3, 7]))
    assert_array_equal(cells.count, [1, 2])


def test_order_of_the_cases_does_not_matter():
    first, second = np.array([2, 0, 2, 0, 2]), np.array([1, 5, 0, 5, 1])
    draws = [
        Cells.of(first[order], second[order]).resampled(
            lambda count: count, np.random.default_rng(3), 4
        )
        for order in (np.arange(5), np.array([4, 2, 0, 3, 1]))
    ]
    assert_array_equal(*draws)


def test_every_sample_has_as_many_cases():
    cells = Cells.of(np.array([0, 0, 0, 1, 2, 2]))
    draws = cells.resampled(lambda count: count, np.random.default_rng(1), 200)
    assert draws.shape == (200, 3)
    assert (draws.sum(axis=1) == 6).all()
    # on average as many of each kind as there are
    assert_allclose(draws.mean(axis=0), [3, 1, 2], atol=0.25)


def test_seed_and_number_of_resamples_matter():
    cells = Cells.of(np.array([0, 0, 0, 1, 2, 2]))
    one, again, other = (
        cells.resampled(lambda count: count[0], np.random.default_rng(seed), 50)
        for seed in (1, 1, 2)
    )
    assert_array_equal(one, again)
    assert (one != other).any()
    assert len(cells.resampled(lambda count: 0, np.random.default_rng(1), 7)) == 7


def test_no_resamples_are_refused():
    with pytest.raises(UsageError) as error:
        Cells.of(np.array([0, 1])).resampled(sum, np.random.default_rng(1), 0)
    assert str(error.value) == "resamples cannot be used:\n  - found 0, wanted at least 1"


def test_quantiles():
    values = np.arange(1001.0)
    assert_allclose(percentile_interval(values)[:2], [25, 975])
    assert_allclose(percentile_interval(values, 0.8)[:2], [100, 900])
    assert percentile_interval(values)[2] == ""


def test_resamples_without_an_estimate_are_left_out_and_counted():
    values = np.r_[np.arange(91.0), np.full(9, np.nan)]
    lower, upper, note = percentile_interval(values, 0.8)
    assert_allclose([lower, upper], [9, 81])
    assert note == "interval from 91 of 100 resamples"


def test_nine_tenths_are_enough():
    values = np.r_[np.arange(90.0), np.full(10, np.nan)]
    assert percentile_interval(values)[2] == "interval from 90 of 100 resamples"


@pytest.mark.parametrize(
    "values, note",
    [
        (np.r_[np.arange(89.0), np.full(11, np.nan)], "only 89 of 100 resamples have an estimate"),
        (np.full(100, np.nan), "only 0 of 100 resamples have an estimate"),
        (np.full(100, 0.1), "every resample gives the same"),
    ],
)
def test_no_interval(values, note):
    lower, upper, found = percentile_interval(values)
    assert np.isnan([lower, upper]).all()
    assert found == f"interval not estimable: {note}"


def test_level_outside_0_to_1_is_refused():
    with pytest.raises(UsageError) as error:
        percentile_interval(np.arange(5.0), 95)
    assert str(error.value) == (
        "confidence level cannot be used:\n  - found 95, wanted a number between 0 and 1"
    )


def test_too_few_deaths():
    assert ValidationSpec().too_few(50) == ""
    assert ValidationSpec().too_few(49) == "too few deaths: found 49, wanted at least 50"
    assert ValidationSpec(min_events=0).too_few(0) == ""
    assert ValidationSpec(min_events=3).too_few(2, " by day 90") == (
        "too few deaths by day 90: found 2, wanted at least 3"
    )
