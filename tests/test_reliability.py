"""Agreement of readings: published formulas in R, Shrout and Fleiss, by hand, and the reasons."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from mescc_analytics.errors import UsageError
from mescc_analytics.stats.contingency import cohen_kappa
from mescc_analytics.stats.reliability import bland_altman, icc, weighted_kappa

ORACLE = Path(__file__).parent / "oracle" / "validation"
POWER = {1: "linear", 2: "quadratic"}
ICC = pd.read_csv(ORACLE / "icc.csv")
SHROUT_FLEISS = [
    [9, 2, 5, 8],
    [6, 1, 3, 2],
    [8, 4, 6, 8],
    [7, 1, 2, 6],
    [10, 5, 6, 9],
    [6, 2, 4, 7],
]


def numbers(found):
    return [found.estimate, found.lower, found.upper]


def ratings(row):
    return np.array(row.values.split(), float).reshape(-1, row.k)


def test_weighted_kappa_agrees_with_r():
    for row in pd.read_csv(ORACLE / "kappa.csv").itertuples():
        table = np.array(row.counts.split(), int)
        table = table.reshape(int(np.sqrt(len(table))), -1)
        found = weighted_kappa(table, POWER[row.power], row.level)
        assert_allclose(numbers(found), [row.kappa, row.lower, row.upper], rtol=1e-10)
        assert found.note == ""


def test_weighted_kappa_by_hand():
    # disagreement observed 0.2, expected 0.38; squared: 0.15 and 0.275
    table = [[44, 5, 1], [7, 20, 3], [9, 5, 6]]
    assert_allclose(weighted_kappa(table).estimate, 1 - 0.2 / 0.38)
    assert_allclose(weighted_kappa(table, "quadratic").estimate, 1 - 0.15 / 0.275)


@pytest.mark.parametrize("weights", ["linear", "quadratic"])
def test_two_levels_give_the_unweighted_kappa(weights):
    table = [[20, 5], [10, 15]]
    assert_allclose(numbers(weighted_kappa(table, weights)), numbers(cohen_kappa(table)))


def test_quadratic_kappa_is_the_concordance_of_the_readings():
    # 2 cov / (var + var + difference of means squared), moments divided by n
    table = np.array([[11, 3, 0, 0], [2, 9, 4, 1], [0, 3, 8, 2], [0, 0, 1, 12]])
    first, second = (np.repeat(axis.ravel(), table.ravel()) for axis in np.indices(table.shape))
    covariance = np.cov(first, second, ddof=0)
    gap = first.mean() - second.mean()
    expected = 2 * covariance[0, 1] / (np.trace(covariance) + gap**2)
    assert_allclose(weighted_kappa(table, "quadratic").estimate, expected)


def test_order_of_the_readers_does_not_matter():
    table = np.array([[44, 5, 1], [7, 20, 3], [9, 5, 6]])
    assert_allclose(numbers(weighted_kappa(table)), numbers(weighted_kappa(table.T)))


@pytest.mark.parametrize(
    "table, reason",
    [
        ([[0, 0], [0, 0]], "no cases to compare"),
        ([[0, 1], [0, 0]], "one case to compare"),
        ([[7, 0], [0, 0]], "every case is in the same category"),
        ([[7]], "every case is in the same category"),
    ],
)
def test_no_kappa(table, reason):
    found = weighted_kappa(table)
    assert np.isnan(numbers(found)).all()
    assert found.note == f"not estimable: {reason}"


def test_readings_that_never_differ_have_no_interval():
    found = weighted_kappa([[3, 0, 0], [0, 4, 0], [0, 0, 5]])
    assert found.estimate == 1.0 and np.isnan([found.lower, found.upper]).all()
    assert found.note == "interval not estimable: the readings never differ"


def test_table_that_cannot_be_used():
    with pytest.raises(UsageError) as error:
        weighted_kappa([[1, 2, 3], [1, -1, 2]])
    assert str(error.value) == (
        "table of agreement cannot be used:\n"
        "  - wanted as many rows as columns\n"
        "  - wanted counts, none below 0 or missing"
    )
    with pytest.raises(UsageError) as error:
        weighted_kappa([[1, 2], [1, 2]], "cubic")
    assert str(error.value) == (
        "weights cannot be used:\n  - found 'cubic', wanted one of linear, quadratic"
    )


@pytest.mark.parametrize("row", list(ICC.itertuples()), ids=lambda row: row.ratings)
def test_icc_agrees_with_r(row):
    # mean squares of aov, intervals by qf
    found = icc(ratings(row), f"{row.kind},1", row.level)
    assert_allclose(numbers(found), [row.icc, row.lower, row.upper], rtol=1e-8)
    assert found.note == ""


def test_icc_published():
    # Shrout and Fleiss 1979, table 4
    assert round(icc(SHROUT_FLEISS, "2,1").estimate, 2) == 0.29
    assert round(icc(SHROUT_FLEISS, "3,1").estimate, 2) == 0.71


def test_icc_by_hand():
    # mean squares: cases 36.5 / 3, raters 2, error 1 / 3
    pairs = [[1, 2], [3, 3], [5, 6], [6, 8]]
    assert_allclose(icc(pairs, "2,1").estimate, (71 / 6) / (40 / 3))
    assert_allclose(icc(pairs, "3,1").estimate, (71 / 6) / 12.5)
    assert icc(pairs) == icc(pairs, "2,1")


def test_constant_difference_counts_for_agreement_only():
    pairs = np.array(SHROUT_FLEISS)[:, :2]
    shifted = pairs + [10, 0]
    assert_allclose(numbers(icc(shifted, "3,1")), numbers(icc(pairs, "3,1")))
    assert icc(shifted, "2,1").estimate < icc(pairs, "2,1").estimate


@pytest.mark.parametrize("kind", ["2,1", "3,1"])
@pytest.mark.parametrize(
    "values, reason",
    [
        (np.zeros((0, 2)), "no cases to compare"),
        ([[3, 4]], "one case to compare"),
        ([[3, 3], [3, 3]], "every rating is the same"),
    ],
)
def test_no_icc(values, reason, kind):
    found = icc(values, kind)
    assert np.isnan(numbers(found)).all()
    assert found.note == f"not estimable: {reason}"


@pytest.mark.parametrize(
    "values, kind, estimate, reason",
    [
        ([[1, 1], [2, 2], [4, 4]], "2,1", 1, "the raters differ by a constant"),
        ([[0.1, 0.3], [0.2, 0.4], [0.7, 0.9]], "3,1", 1, "the raters differ by a constant"),
        # cases 1/2 * 2, raters 1/2 * 4, error 0: 1 / (1 + 2 * 2 / 2)
        ([[1, 2], [2, 3]], "2,1", 1 / 2, "the raters differ by a constant"),
        ([[1, 3], [2, 2], [3, 1]], "3,1", -1, "all cases have the same mean"),
    ],
)
def test_icc_without_interval(values, kind, estimate, reason):
    found = icc(values, kind)
    assert_allclose(found.estimate, estimate)
    assert np.isnan([found.lower, found.upper]).all()
    assert found.note == f"interval not estimable: {reason}"


def test_icc_without_total_variance():
    found = icc([[1, 2], [2, 1]], "2,1")
    assert found.note == "not estimable: cases and raters together vary less than the error"


def test_ratings_that_cannot_be_used():
    with pytest.raises(UsageError) as error:
        icc([[1, 2], [None, float("inf")]])
    assert str(error.value) == "ratings cannot be used:\n  - 2 ratings are missing or not finite"
    for values in ([1, 2, 3], [[1], [2]]):
        with pytest.raises(UsageError) as error:
            icc(values)
        assert str(error.value) == (
            "ratings cannot be used:\n  - wanted one row per case and at least two raters"
        )
    with pytest.raises(UsageError) as error:
        icc([[1, 2], [2, 3]], "1,1")
    assert (
        str(error.value) == "kind of ICC cannot be used:\n  - found '1,1', wanted one of 2,1, 3,1"
    )


def test_bland_altman_agrees_with_r():
    pairs = {row.ratings: ratings(row) for row in ICC[ICC["k"] == 2].itertuples()}
    for row in pd.read_csv(ORACLE / "bland_altman.csv").itertuples():
        found = bland_altman(*pairs[row.ratings].T, coverage=row.coverage, level=row.level)
        expected = [row.estimate, row.lower, row.upper]
        assert_allclose(numbers(getattr(found, row.what)), expected, rtol=1e-10)


def test_bland_altman_by_hand():
    # differences 1, 0, 2, -1: mean 0.5, variance 5/3
    found = bland_altman([7, 9, 12, 4], [6, 9, 10, 5])
    assert found.n == 4
    assert found.bias.estimate == 0.5
    assert_allclose(found.std_dev, np.sqrt(5 / 3))
    assert_allclose(found.lower_limit.estimate, 0.5 - 1.959963984540054 * np.sqrt(5 / 3))
    assert_allclose(found.upper_limit.estimate, 0.5 + 1.959963984540054 * np.sqrt(5 / 3))
    # t with 3 degrees of freedom: 3.182446
    assert_allclose(found.bias.upper, 0.5 + 3.1824463 * np.sqrt(5 / 12), rtol=1e-7)


def test_change_of_order_changes_the_sign():
    found, back = bland_altman([7, 9, 12], [6, 9, 10]), bland_altman([6, 9, 10], [7, 9, 12])
    assert_allclose(numbers(found.bias), [-back.bias.estimate, -back.bias.upper, -back.bias.lower])
    assert_allclose(found.upper_limit.estimate, -back.lower_limit.estimate)


def test_nobody_and_one_case():
    nobody = bland_altman([], [])
    assert nobody.n == 0
    assert nobody.bias.note == nobody.upper_limit.note == "not estimable: no cases to compare"
    alone = bland_altman([5], [3])
    assert (alone.n, alone.bias.estimate) == (1, 2.0)
    assert alone.bias.note == "interval not estimable: one case to compare"
    assert alone.lower_limit.note == "not estimable: one case to compare"
    assert np.isnan([alone.std_dev, alone.bias.lower, alone.lower_limit.estimate]).all()


def test_same_difference_in_every_case():
    found = bland_altman([3, 5, 9], [1, 3, 7])
    for part in (found.bias, found.lower_limit, found.upper_limit):
        assert part.estimate == 2 and np.isnan([part.lower, part.upper]).all()
        assert part.note == "interval not estimable: every difference is the same"


def test_readings_that_cannot_be_used():
    with pytest.raises(UsageError) as error:
        bland_altman([1, None], [1, 2, float("inf")])
    assert str(error.value) == (
        "readings cannot be used:\n"
        "  - found 2 first and 3 second readings, wanted as many of each\n"
        "  - 1 first readings are missing or not finite\n"
        "  - 1 second readings are missing or not finite"
    )


@pytest.mark.parametrize("choice", [{"coverage": 95}, {"level": 95}])
def test_share_outside_0_to_1_is_refused(choice):
    for values in ([1, 2], []):
        with pytest.raises(UsageError) as error:
            bland_altman(values, values, **choice)
        assert "found 95, wanted a number between 0 and 1" in str(error.value)
