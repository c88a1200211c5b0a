"""Sums over risk sets by hand."""

import numpy as np
from numpy.testing import assert_allclose

from mescc_analytics.stats.risk_sets import RiskSets

# deaths on days 2 (one), 5 (two); a censoring on day 3 and one on day 5
DAYS = np.array([5.0, 2.0, 5.0, 3.0, 5.0])
DIED = np.array([True, True, True, False, False])
X = np.array([[1.0], [0.0], [2.0], [1.0], [0.0]])


def test_times_and_deaths():
    sets = RiskSets(DAYS, DIED, X)
    assert sets.times.tolist() == [2, 5] and sets.deaths.tolist() == [1, 2]
    assert sets.left_out.tolist() == [0, 0, 0.5]


def test_sums_at_risk_and_among_deaths():
    sets = RiskSets(DAYS, DIED, X)
    assert sets.at_risk(np.ones(5)).tolist() == [5, 3]
    assert sets.at_risk(X[:, 0]).tolist() == [4, 3]
    assert sets.among_deaths(X[:, 0]).tolist() == [0, 3]


def test_delayed_entry():
    # the first case enters on day 2, after the death of that day
    sets = RiskSets(DAYS, DIED, X, entry=np.array([2.0, 0, 0, 0, 0]))
    assert sets.at_risk(np.ones(5)).tolist() == [4, 3]


def test_efron_likelihood_at_0():
    # 1/5, then two deaths of three at risk: 1/3 and 1/(3 - 1)
    sets = RiskSets(DAYS, DIED, X)
    value, score_sum, information_sum = sets.likelihood(np.zeros(1))
    score, information = sets.by_time(np.zeros(1))
    assert_allclose(value, -np.log(5 * 3 * 2))
    # day 2: 0 - 4/5; day 5: 3 - 3/3 - (3 - 3/2)/2
    assert_allclose(score[:, 0], [-0.8, 1.25])
    # day 2: 6/5 - (4/5)^2; day 5: 5/3 - 1 + (5 - 5/2)/2 - (1.5/2)^2
    assert_allclose(information[:, 0, 0], [0.56, 1.354166666666667])
    assert_allclose([score_sum[0], information_sum[0, 0]], [score.sum(), information.sum()])


def test_scales_of_time():
    sets = RiskSets(DAYS, DIED, X)
    assert sets.time_scale("identity").tolist() == [2, 5]
    assert_allclose(sets.time_scale("log"), np.log([2, 5]))
    assert sets.time_scale("rank").tolist() == [1, 4]
    assert_allclose(sets.time_scale("km"), [0, 0.2])
