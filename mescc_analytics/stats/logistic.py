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


def recalibrations(log_odds, dead, living):
    """Calibration in the large and slope of many samples at once.

    Parameters
    ----------
    log_odds : array of float, shape (n_levels,)
        Predicted log odds of death, ascending, each once.
    dead, living : arrays of float, shape (n_samples, n_levels)
        Weight of the cases with that prediction.

    Returns
    -------
    array, shape (n_samples, 2)
        As `calibration_in_the_large` and `calibration_slope` of each sample.

    >>> log_odds, dead, living = np.array([-1.0, 1.0]), np.array([[1.0, 2]]), np.array([[2.0, 1]])
    >>> bool(np.allclose(recalibrations(log_odds, dead, living), [0, np.log(2)]))
    True
    """
    both = (dead.sum(axis=1) > 0) & (living.sum(axis=1) > 0)
    finite = ~((dead + living > 0) & ~np.isfinite(log_odds)).any(axis=1)
    usable = both & finite
    odds = np.where(np.isfinite(log_odds), log_odds, 0.0)
    apart = _separated(dead, living)
    found = np.full((len(dead), 2), NAN)
    found[usable, 0] = _newton_of_each(odds, dead[usable], living[usable], slope=False)
    usable &= ~apart
    found[usable, 1] = _newton_of_each(odds, dead[usable], living[usable], slope=True)
    return found


def _separated(dead, living):
    """Samples in which a cut of the predictions, or nothing but ties at one, parts dead and living.

    `dead` and `living` are in the order of the predictions.
    """
    last = dead.shape[1] - 1
    first_of, last_of = (
        [(side(weight > 0)).argmax(axis=1) for weight in (dead, living)]
        for side in (lambda of: of, lambda of: of[:, ::-1])
    )
    last_dead, last_living = (last - place for place in last_of)
    return (first_of[0] >= last_living) | (first_of[1] >= last_dead)


def _newton_of_each(log_odds, dead, living, *, slope):
    """Intercept beside a slope of 1, or slope beside a free intercept, of every sample."""
    total = dead + living
    intercept, times = np.zeros(len(dead)), np.full(len(dead), 0.0 if slope else 1.0)
    for _ in range(MAX_STEPS):
        fitted = expit(intercept[:, None] + times[:, None] * log_odds)
        residual, spread = dead - total * fitted, total * fitted * (1 - fitted)
        a, b, c = (
            (spread * power).sum(axis=1)
            for power in (np.ones_like(log_odds), log_odds, log_odds**2)
        )
        first, second = residual.sum(axis=1), (residual * log_odds).sum(axis=1)
        if slope:
            determinant = a * c - b * b
            step = np.array([c * first - b * second, a * second - b * first]) / determinant
        else:
            step = np.array([first / a, np.zeros(len(a))])
        step /= np.maximum(1.0, np.abs(step).max(axis=0) / LONGEST_STEP)
        intercept, times = intercept + step[0], times + step[1]
        if not len(step[0]) or np.abs(step).max() < 1e-10:
            return times if slope else intercept
    done = np.abs(step).max(axis=0) < 1e-10
    return np.where(done, times if slope else intercept, NAN)
