"""Proportions and their contrasts: Patchell's counts by hand, R's prop.test and binom.test."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from mescc_analytics.errors import UsageError
from mescc_analytics.stats import intervals
from mescc_analytics.stats.intervals import Estimate

ORACLE = Path(__file__).parent / "oracle" / "stats"
PAIRED = (
    intervals.risk_difference_newcombe,
    intervals.risk_ratio,
    intervals.odds_ratio,
)
PATCHELL = [[[32, 2], [26, 9]], [[10, 6], [3, 13]]]


def limits(found, digits):
    return [round(value, digits) for value in (found.estimate, found.lower, found.upper)]


@pytest.mark.parametrize(
    "name, function", [("wilson", intervals.wilson), ("exact", intervals.clopper_pearson)]
)
def test_proportion_agrees_with_r(name, function):
    # prop.test(correct = FALSE), binom.test
    expected = pd.read_csv(ORACLE / "binomial.csv")
    for level, rows in expected.groupby("level"):
        estimate, lower, upper = function(rows["successes"], rows["n"], level)
        assert_allclose(estimate, rows["successes"] / rows["n"], rtol=1e-14)
        assert_allclose(lower, rows[f"{name}_lower"], rtol=1e-8, atol=1e-14)
        assert_allclose(upper, rows[f"{name}_upper"], rtol=1e-8)


@pytest.mark.parametrize("function", [intervals.wilson, intervals.clopper_pearson])
def test_proportion_of_nobody_is_missing(function):
    estimate, lower, upper = function([0, 1], [0, 2])
    assert np.isnan([estimate[0], lower[0], upper[0]]).all()
    assert not np.isnan([estimate[1], lower[1], upper[1]]).any()


@pytest.mark.parametrize("function", [intervals.wilson, intervals.clopper_pearson])
def test_none_and_all_reach_exactly_0_and_1(function):
    n = np.arange(1, 300)
    _, lower, upper = function(0 * n, n)
    assert (lower == 0).all() and ((0 < upper) & (upper < 1)).all()
    _, lower, upper = function(n, n)
    assert (upper == 1).all() and ((0 < lower) & (lower < 1)).all()


@pytest.mark.parametrize("function", [intervals.wilson, intervals.clopper_pearson])
def test_more_successes_than_cases_are_refused(function):
    with pytest.raises(UsageError) as error:
        function([3], [2])
    assert str(error.value) == (
        "counts cannot be used:\n  - found a count outside 0 to n, wanted 0 <= count <= n"
    )


@pytest.mark.parametrize("level", [0, 1, 95])
def test_level_outside_0_to_1_is_refused(level):
    with pytest.raises(UsageError) as error:
        intervals.z_value(level)
    assert str(error.value) == (
        f"confidence level cannot be used:\n  - found {level}, wanted a number between 0 and 1"
    )


def test_z_value():
    assert_allclose(intervals.z_value(0.95), 1.959963984540054, rtol=1e-14)
    assert_allclose(intervals.z_value(0.9), 1.6448536269514722, rtol=1e-14)


def test_patchell_published_contrasts():
    # able to walk: 42 of 50 against 29 of 51
    difference = intervals.risk_difference_newcombe(42, 50, 29, 51)
    assert_allclose(
        [difference.estimate, difference.lower, difference.upper],
        [0.2713725490, 0.0935314473, 0.4274512400],
        atol=1e-9,
    )
    assert limits(intervals.risk_ratio(42, 50, 29, 51), 2) == [1.48, 1.13, 1.93]
    assert limits(intervals.odds_ratio(42, 50, 29, 51), 2) == [3.98, 1.56, 10.17]
    assert limits(intervals.odds_ratio_mh(PATCHELL), 2) == [6.26, 1.98, 19.75]


def test_newcombe_worked_example():
    # Newcombe 1998, table II, example (a): 56/70 - 48/80, method 10: 0.0524 to 0.3339
    assert limits(intervals.risk_difference_newcombe(56, 70, 48, 80), 4) == [0.2, 0.0524, 0.3339]


def test_mantel_haenszel_agrees_with_r():
    # mantelhaen.test(correct = FALSE)
    for row in pd.read_csv(ORACLE / "strata.csv").itertuples():
        tables = np.array(row.counts.split(), int).reshape(-1, 2, 2)
        found = intervals.odds_ratio_mh(tables)
        assert_allclose(
            [found.estimate, found.lower, found.upper],
            [row.odds_ratio, row.lower, row.upper],
            rtol=1e-8,
        )


def test_mantel_haenszel_ignores_empty_strata_and_equals_crude_in_one():
    assert intervals.odds_ratio_mh([*PATCHELL, [[0, 0], [0, 0]]]) == intervals.odds_ratio_mh(
        PATCHELL
    )
    crude = intervals.odds_ratio(42, 50, 29, 51)
    single = intervals.odds_ratio_mh([[[42, 8], [29, 22]]])
    assert_allclose(single.estimate, crude.estimate, rtol=1e-14)
    assert_allclose(single.upper, crude.upper, rtol=1e-12)


@pytest.mark.parametrize("function", PAIRED)
def test_higher_level_widens_every_interval(function):
    narrow, wide = function(42, 50, 29, 51, level=0.9), function(42, 50, 29, 51, level=0.99)
    assert wide.lower < narrow.lower < narrow.upper < wide.upper
    assert wide.estimate == narrow.estimate


def test_higher_level_widens_mantel_haenszel():
    narrow, wide = (intervals.odds_ratio_mh(PATCHELL, level=level) for level in (0.9, 0.99))
    assert wide.lower < narrow.lower < narrow.upper < wide.upper


@pytest.mark.parametrize("function", PAIRED)
def test_empty_group_is_not_estimable(function):
    assert function(0, 0, 1, 2).note == "not estimable: a group is empty"
    assert function(1, 2, 0, 0).note == "not estimable: a group is empty"


@pytest.mark.parametrize(
    "found, reason",
    [
        (intervals.risk_ratio(0, 5, 2, 5), "nobody with the outcome in a group"),
        (intervals.risk_ratio(2, 5, 0, 5), "nobody with the outcome in a group"),
        (intervals.odds_ratio(5, 5, 2, 5), "a cell of the table is 0"),
        (
            intervals.odds_ratio_mh([[[3, 0], [2, 0]]]),
            "no stratum has both outcomes in a way that compares the groups",
        ),
        (
            intervals.odds_ratio_mh([[[3, 0], [0, 2]]]),
            "no stratum has both outcomes in a way that compares the groups",
        ),
        (
            intervals.odds_ratio_mh([[[0, 3], [2, 0]]]),
            "no stratum has both outcomes in a way that compares the groups",
        ),
        (
            intervals.odds_ratio_mh(np.zeros((0, 2, 2))),
            "no stratum has both outcomes in a way that compares the groups",
        ),
    ],
)
def test_zero_cells_say_why(found, reason):
    assert found.note == f"not estimable: {reason}"
    assert np.isnan([found.estimate, found.lower, found.upper]).all()


def test_risk_difference_stands_where_ratios_do_not():
    found = intervals.risk_difference_newcombe(0, 10, 0, 10)
    assert found.estimate == 0 and found.lower == -found.upper
    assert isinstance(found, Estimate) and found.note == ""


# ranks from R: qbinom(0.025, n, 0.5), qbinom(0.005, n, 0.5)
@pytest.mark.parametrize(
    "n, level, rank", [(6, 0.95, 1), (10, 0.95, 2), (25, 0.95, 8), (25, 0.99, 6), (100, 0.95, 40)]
)
def test_the_interval_of_a_median_ends_at_these_ranks(n, level, rank):
    values = np.arange(n, 0, -1)
    assert intervals.median_interval(values, level) == ((n + 1) / 2, rank, n + 1 - rank)


def test_a_median_of_few_has_no_interval():
    estimate, *ends = intervals.median_interval([3, 1, 2, 4, 5])
    assert estimate == 3 and np.isnan(ends).all()
    assert np.isnan(intervals.median_interval([])).all()


def test_a_mean_has_students_interval():
    # R: t.test(c(10, 12, 14))$conf.int
    assert intervals.mean_interval([10, 12, 14]) == pytest.approx((12, 7.031725, 16.968275))
    low, high = intervals.mean_interval([10, 12, 14], 0.8)[1:]
    assert 7.04 < low < high < 16.96
    assert intervals.mean_interval([7])[0] == 7 and np.isnan(intervals.mean_interval([7])[1:]).all()
    assert np.isnan(intervals.mean_interval([])).all()


def test_many_differences_are_those_of_each_pair():
    found = intervals.newcombe([42, 10, 0], [50, 16, 5], [29, 3, 5], [51, 16, 5])
    for index, counts in enumerate([(42, 50, 29, 51), (10, 16, 3, 16), (0, 5, 5, 5)]):
        one = intervals.risk_difference_newcombe(*counts)
        assert [part[index] for part in found] == [one.estimate, one.lower, one.upper]
    assert np.isnan(intervals.newcombe([0], [0], [1], [2])).all()
