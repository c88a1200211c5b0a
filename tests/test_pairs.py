"""Sums over pairs: a hand-drawn case, and every pair looked at one by one."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from mescc_analytics.stats.pairs import CountedPairs, Pairs, Runs


def test_earlier_and_later_in_the_same_group():
    # group 0: places 2, 5, 5; group 1: places 0, 9
    runs = Runs.of(np.array([0, 1, 0, 1, 0]), np.array([5, 0, 2, 9, 5]))
    weight = np.array([1.0, 2.0, 4.0, 8.0, 16.0])
    assert_array_equal(runs.earlier(weight), [4, 0, 0, 2, 4])
    assert_array_equal(runs.later(weight), [0, 8, 17, 0, 0])


def test_lower_and_higher_by_hand():
    pairs = Pairs(np.array([0, 1, 1, 2]), np.array([1, 3, 0, 2]))
    weight = np.array([1.0, 10.0, 100.0, 1000.0])
    assert_array_equal(pairs.later_lower(weight), [100, 1000, 0, 0])
    assert_array_equal(pairs.earlier_higher(weight), [0, 0, 1, 10])


@pytest.mark.parametrize("n_levels", [1, 2, 3, 8, 40])
def test_every_pair_one_by_one(n_levels):
    rng = np.random.default_rng(n_levels)
    place, level = rng.integers(0, 12, 60), rng.integers(0, n_levels, 60)
    weight = rng.random(60)
    is_later = place[np.newaxis, :] > place[:, np.newaxis]
    is_lower = level[np.newaxis, :] < level[:, np.newaxis]
    is_same = level[np.newaxis, :] == level[:, np.newaxis]
    pairs = Pairs(place, level)
    assert_allclose(pairs.later_lower(weight), (is_later & is_lower) @ weight, atol=1e-12)
    assert_allclose(pairs.earlier_higher(weight), (is_later & is_lower).T @ weight, atol=1e-12)
    assert_allclose(pairs.same.later(weight), (is_later & is_same) @ weight, atol=1e-12)
    assert_allclose(pairs.everyone.earlier(weight), is_later.T @ weight, atol=1e-12)


def test_counts_multiply():
    # two deaths of level 1, then three cases of level 0 and one of level 1
    pairs = Pairs(np.array([0, 1, 1]), np.array([1, 0, 1]))
    counted = CountedPairs(pairs, np.array([2.0, 3.0, 1.0]), np.array([1.0, 0.0, 0.0]))
    assert counted.totals() == (6.0, 0.0, 2.0)
    assert counted.c == 7 / 8


def test_worth_multiplies_the_pairs_of_a_death():
    pairs = Pairs(np.array([0, 1, 2]), np.array([1, 0, 2]))
    plain = CountedPairs(pairs, np.ones(3), np.array([1.0, 1.0, 0.0]))
    weighted = CountedPairs(pairs, np.ones(3), np.array([1.0, 5.0, 0.0]))
    assert plain.totals() == (1.0, 2.0, 0.0)
    assert weighted.totals() == (1.0, 6.0, 0.0)


def test_no_pair_has_no_c():
    pairs = Pairs(np.array([0, 1]), np.array([0, 1]))
    assert np.isnan(CountedPairs(pairs, np.ones(2), np.zeros(2)).c)


def test_influence_is_the_change_with_one_more_case():
    pairs = Pairs(np.array([0, 2, 3, 4]), np.array([2, 1, 1, 3]))
    worth, step = np.array([1.0, 1.0, 0.0, 1.0]), 1e-6
    influence = CountedPairs(pairs, np.ones(4), worth).influence()
    for case in range(4):
        more = np.ones(4)
        more[case] += step
        change = CountedPairs(pairs, more, worth).c - CountedPairs(pairs, np.ones(4), worth).c
        assert_allclose(influence[case], change / step, atol=1e-5)
