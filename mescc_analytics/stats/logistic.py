"""Logistic recalibration: the log odds of death on the log odds that were predicted."""

import numpy as np
from scipy.special import expit

from mescc_analytics.stats.intervals import NAN

MAX_STEPS = 100
# a longer step of Newton's method can leave the region in which it converges
LONGEST_STEP = 2.0


def calibration_in_the_large(log_odds, dead, weight):
    """Shift of the predicted log odds that makes the predictions right on average.

    Parameters
    ----------
    log_odds : array of float, shape (n_cases,)
        Predicted log odds of death.
    dead : array of bool, shape (n_cases,)
    weight : array of float, shape (n_cases,)
        0 for a case whose status is not known.

    Returns
    -------
    float
        NaN where none or all are dead, or a log odds is not finite.

    >>> round(calibration_in_the_large(np.zeros(4), np.array([1, 1, 1, 0], bool), np.ones(4)), 4)
    1.0986
    """
    log_odds, dead, weight = (values[weight > 0] for values in (log_odds, dead, weight))
    if dead.all() or not dead.any() or not np.isfinite(log_odds).all():
        return NAN
    return float(_newton(np.ones((len(dead), 1)), log_odds, dead, weight)[0])


def calibration_slope(log_odds, dead, weight):
    """Slope of the log odds of death on the predicted log odds, with an intercept of its own.

    Parameters
    ----------
    log_odds, dead, weight
        As in `calibration_in_the_large`.

    Returns
    -------
    float
        NaN where the log odds do not vary, are not finite, or separate the dead from the living.

    >>> log_odds, dead = np.array([-1.0, -1, -1, 1, 1, 1]), np.array([1, 0, 0, 1, 1, 0], bool)
    >>> round(calibration_slope(log_odds, dead, np.ones(6)), 4)
    0.6931
    """
    log_odds, dead, weight = (values[weight > 0] for values in (log_odds, dead, weight))
    if dead.all() or not dead.any() or not np.isfinite(log_odds).all():
        return NAN
    of_dead, of_living = log_odds[dead], log_odds[~dead]
    if of_dead.min() >= of_living.max() or of_living.min() >= of_dead.max():
        return NAN
    design = np.column_stack([np.ones(len(dead)), log_odds])
    return float(_newton(design, np.zeros(len(dead)), dead, weight)[1])


def _newton(design, offset, dead, weight):
    """Coefficients of highest likelihood; the callers see to it that there are any."""
    found = np.zeros(design.shape[1])
    for _ in range(MAX_STEPS):
        fitted = expit(offset + design @ found)
        score = design.T @ (weight * (dead - fitted))
        information = (design.T * (weight * fitted * (1 - fitted))) @ design
        step = np.linalg.lstsq(information, score, rcond=None)[0]
        step /= max(1.0, np.abs(step).max() / LONGEST_STEP)
        found += step
        if np.abs(step).max() < 1e-10:
            return found
    return np.full_like(found, NAN)
