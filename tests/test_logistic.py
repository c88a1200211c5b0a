"""Logistic recalibration by hand; R's glm is in test_calibration.py."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from mescc_analytics.stats.logistic import calibration_in_the_large, calibration_slope

LOG_ODDS = np.array([-1.0, -1, -1, -1, 1, 1, 1, 1])
DEAD = np.array([1, 0, 0, 0, 1, 1, 1, 0], bool)


def test_shift_of_one_prediction():
    # 3 of 4 dead where even odds were predicted: log 3
    dead = np.array([True, True, True, False])
    assert_allclose(calibration_in_the_large(np.zeros(4), dead, np.ones(4)), np.log(3))
    assert_allclose(calibration_in_the_large(np.full(4, np.log(3)), dead, np.ones(4)), 0, atol=1e-9)


def test_slope_of_two_predictions():
    # odds 1/3 and 3 where exp(-1) and exp(1) were predicted: slope log 3
    assert_allclose(calibration_slope(LOG_ODDS, DEAD, np.ones(8)), np.log(3))
    assert_allclose(calibration_slope(LOG_ODDS * np.log(3), DEAD, np.ones(8)), 1)


def test_weight_counts_cases():
    weight = np.array([1.0, 3.0, 1.0, 1.0])
    log_odds, dead = np.array([-1.0, -1, 1, 1]), np.array([True, False, True, False])
    assert_allclose(calibration_slope(log_odds, dead, weight), np.log(3) / 2)
    assert_allclose(calibration_in_the_large(np.zeros(4), dead, weight), np.log(2 / 4))


def test_far_predictions_converge():
    log_odds = np.array([30.0, 30.0, 30.0, -30.0])
    dead = np.array([False, True, True, False])
    # the three share odds of 2 once shifted; the fourth stays at 0
    assert_allclose(calibration_in_the_large(log_odds, dead, np.ones(4)), np.log(2) - 30)
    log_odds, dead = np.array([-40.0, -30.0, 30.0, 40.0]), np.array([False, True, False, True])
    slope = calibration_slope(log_odds, dead, np.ones(4))
    # no intercept by symmetry; the score of the slope is 0 there
    p40, p30 = 1 / (1 + np.exp(-slope * np.array([40.0, 30.0])))
    assert_allclose(40 * (1 - p40), 30 * p30)
    assert 0 < slope < 0.1


@pytest.mark.parametrize(
    "log_odds, dead, weight",
    [
        (LOG_ODDS, np.ones(8, bool), np.ones(8)),
        (LOG_ODDS, np.zeros(8, bool), np.ones(8)),
        # only the dead have a weight
        (LOG_ODDS, DEAD, DEAD.astype(float)),
        (np.r_[np.inf, LOG_ODDS[1:]], DEAD, np.ones(8)),
    ],
)
def test_nothing_to_fit(log_odds, dead, weight):
    assert np.isnan(calibration_in_the_large(log_odds, dead, weight))
    assert np.isnan(calibration_slope(log_odds, dead, weight))


@pytest.mark.parametrize(
    "log_odds",
    [
        np.zeros(8),
        np.where(DEAD, 1.0, -1.0),
        np.where(DEAD, -1.0, 1.0),
        # separated but for one value that both have
        np.where(
            DEAD, np.array([0.0, 0, 0, 0, 0, 2, 1, 0]), np.array([0.0, -1, -2, 0, 0, 0, 0, 0])
        ),
    ],
)
def test_separated_or_constant_predictions_have_no_slope(log_odds):
    assert np.isnan(calibration_slope(log_odds, DEAD, np.ones(8)))


def test_prediction_without_weight_does_not_matter():
    with_lost = np.r_[LOG_ODDS, np.inf], np.r_[DEAD, True], np.r_[np.ones(8), 0.0]
    assert_allclose(calibration_slope(*with_lost), np.log(3))
