"""What is judged of a weighted comparison before its result: by hand and by simulation."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from mescc_analytics.errors import UsageError
from mescc_analytics.stats.diagnostics import (
    chance_limit,
    common_support,
    detectable_hazard_ratio,
    histogram,
)


def test_chance_limit_by_hand():
    # quantiles of chi square: 3.8415 of 1 degree of freedom, 5.9915 of 2; 2.7055 at 90 %
    assert_allclose(chance_limit(20, 80), np.sqrt(3.841459 * (1 / 20 + 1 / 80)), rtol=1e-6)
    assert_allclose(chance_limit(20, 80, df=2), np.sqrt(5.991465 / 16), rtol=1e-6)
    assert_allclose(chance_limit(20, 80, level=0.9), np.sqrt(2.705543 / 16), rtol=1e-6)
    assert np.isnan(chance_limit(0, 80)) and np.isnan(chance_limit(20, np.nan))


def test_randomised_groups_exceed_the_chance_limit_in_one_of_twenty():
    rng = np.random.default_rng(6)
    first, second = (rng.normal(size=(4000, n)) for n in (40, 60))
    spread = np.sqrt((first.var(axis=1, ddof=1) + second.var(axis=1, ddof=1)) / 2)
    apart = np.abs(first.mean(axis=1) - second.mean(axis=1)) / spread
    assert 0.04 < (apart > chance_limit(40, 60)).mean() < 0.065


def test_support_by_hand():
    score = np.array([0.1, 0.3, 0.5, 0.2, 0.4, 0.6, 0.7])
    member = np.array([True] * 3 + [False] * 4)
    assert common_support(score, member) == (2 / 3, 2 / 4)
    apart = common_support(np.array([0.1, 0.9]), np.array([True, False]))
    assert apart == (0.0, 0.0)
    assert np.isnan(common_support(score, np.ones(7, bool))).all()


def test_detectable_ratio():
    # (1.959964 + 0.841621)^2 = 7.848880 over 100 deaths in halves
    equal = detectable_hazard_ratio((50, 50), (100, 100), (100, 100))
    assert_allclose(equal, np.exp(np.sqrt(7.848880 / 25)), rtol=1e-6)
    # weights that leave half of the cases leave half of the deaths
    halved = detectable_hazard_ratio((50, 50), (50, 50), (100, 100))
    assert_allclose(halved, np.exp(np.sqrt(7.848880 / 12.5)), rtol=1e-6)
    other = detectable_hazard_ratio((50, 50), (100, 100), (100, 100), power=0.5, level=0.9)
    assert_allclose(other, np.exp(1.644854 / 5), rtol=1e-6)
    assert detectable_hazard_ratio((0, 0), (10, 10), (10, 10)) == np.inf
    assert detectable_hazard_ratio((5, 0), (10, 0), (10, 10)) == np.inf


def test_histogram_holds_its_edges_and_refuses_what_lies_outside():
    table = histogram(np.array([0, 0.5, 0.6, 1]), np.array([0, 0.5, 1]), np.array([1.0, 2, 3, 4]))
    assert table.to_numpy().tolist() == [[0, 0.5, 1, 1], [0.5, 1, 3, 9]]
    with pytest.raises(UsageError) as caught:
        histogram(np.array([1.2]), np.array([0, 1]))
    assert "scores" in str(caught.value) and "wanted all from 0 to 1" in str(caught.value)
