"""Rubin's rules against mice, and E-values against the paper."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from mescc_analytics.errors import UsageError
from mescc_analytics.stats.pooling import pool
from mescc_analytics.stats.sensitivity import e_value

ORACLE = Path(__file__).parent / "oracle" / "adjusted"
KEY = ["m", "term"]
IMPUTED = pd.read_csv(ORACLE / "imputed.csv").groupby(KEY, sort=False)


@pytest.mark.parametrize("m, term", IMPUTED.groups)
def test_pooling_agrees_with_mice(m, term):
    # mice::pool of lm(chl ~ age + bmi + hyp) on nhanes
    given = IMPUTED.get_group((m, term))
    wanted = pd.read_csv(ORACLE / "pooled.csv").set_index(KEY).loc[(m, term)]
    found = pool(given["estimate"], given["variance"], df_complete=wanted["dfcom"])
    assert found.n_imputations == m and found.note == ""
    assert_allclose(found.estimate, wanted["estimate"], rtol=1e-10)
    assert_allclose(found.std_err**2, wanted["variance"], rtol=1e-10)
    assert_allclose(found.df, wanted["df"], rtol=1e-8)
    assert_allclose(found.relative_increase, wanted["riv"], rtol=1e-8)
    assert_allclose(found.fraction_missing, wanted["fmi"], rtol=1e-8)
    assert_allclose([found.lower, found.upper], wanted[["lower", "upper"]].astype(float), rtol=1e-8)
    assert_allclose(found.p, wanted["p"], rtol=1e-8)


def test_nothing_missing_is_the_complete_analysis():
    found = pool([1.5, 1.5, 1.5], [0.25, 0.25, 0.25])
    assert_allclose(
        [found.estimate, found.std_err, found.lower], [1.5, 0.5, 1.5 - 0.5 * 1.959963984540054]
    )
    assert found.df == np.inf and found.relative_increase == 0 and found.fraction_missing == 0
    few = pool([1.5, 1.5, 1.5], [0.25, 0.25, 0.25], df_complete=10)
    assert few.lower < found.lower and np.isfinite(few.df)


def test_level_widens_the_interval():
    narrow, wide = (pool([1, 2, 3], [1, 1, 1], level=level) for level in (0.8, 0.99))
    assert wide.lower < narrow.lower and wide.p == narrow.p


def test_imputations_without_an_estimate():
    some = pool([1, 2, 3, 2, np.nan], [1, 1, 1, 1, 1])
    assert some.n_imputations == 4 and some.note == ""
    few = pool([1, 2, np.nan, np.nan], [1, 1, 1, 1])
    assert few.note == "not estimable: 2 of 4 imputations have an estimate" and np.isnan(
        few.estimate
    )
    assert pool([1], [1]).note == "not estimable: 1 of 1 imputations have an estimate"
    assert pool([], []).note == "not estimable: 0 of 0 imputations have an estimate"
    assert pool([2, 2], [0, 0]).note == "interval not estimable: no variance"
    assert pool([1, 2], [0, 0]).fraction_missing == 1


def test_pooling_is_checked():
    with pytest.raises(UsageError) as error:
        pool([1, 2], [1])
    wanted = "wanted as many variances as estimates, and degrees of freedom above 0"
    assert str(error.value) == f"imputed estimates cannot be used:\n  - found 2 and 1: {wanted}"
    with pytest.raises(UsageError):
        pool([1, 2], [1, 1], df_complete=0)


@pytest.mark.parametrize(
    "given, expected",
    [
        # VanderWeele and Ding 2017: breast feeding and respiratory death 3.9 (1.8 to 8.7)
        ((3.9, 1.8, 8.7), (7.26, 3.0)),
        # ibid.: breast feeding and childhood leukaemia 0.80 (0.71 to 0.91)
        ((0.80, 0.71, 0.91), (1.81, 1.43)),
        ((1.3, 0.9, 1.9), (1.92, 1)),
        ((0.8, 0.5, 1.1), (1.81, 1)),
        ((1.0, 0.9, 1.1), (1, 1)),
    ],
)
def test_e_values_as_published(given, expected):
    assert_allclose(e_value(*given), expected, atol=0.005)


def test_e_values_on_other_scales():
    # odds ratio 4 of a common outcome is a risk ratio of 2: 2 + sqrt(2)
    assert_allclose(e_value(4, scale="odds_ratio_common")[0], 2 + np.sqrt(2))
    # hazard ratio: (1 - 0.5^sqrt(2)) / (1 - 0.5^sqrt(1/2)) = 1.6111
    ratio = (1 - 0.5**1.4142135623730951) / (1 - 0.5**0.7071067811865476)
    assert_allclose(
        e_value(2, scale="hazard_ratio_common")[0], ratio + np.sqrt(ratio * (ratio - 1))
    )
    turned, plain = (e_value(r, scale="hazard_ratio_common")[0] for r in (0.5, 2))
    assert_allclose(turned, plain)
    assert np.isnan(e_value(2)[1])


@pytest.mark.parametrize("given", [(0, 0, 1), (2, 3, 4), (2, 0.5, 1.5), (-1, np.nan, np.nan)])
def test_ratios_are_checked(given):
    with pytest.raises(UsageError):
        e_value(*given)


def test_scales_are_checked():
    with pytest.raises(UsageError) as error:
        e_value(2, scale="odds")
    wanted = "wanted one of risk_ratio, odds_ratio_common, hazard_ratio_common"
    assert str(error.value) == f"scale cannot be used:\n  - found 'odds', {wanted}"
