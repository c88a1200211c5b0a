"""Weighted curves whose pointwise errors count the propensity scores as estimated."""

import numpy as np

from mescc_analytics.errors import UsageError


def relative_error(follow, scores):
    """Standard error of log survival on each day.

    Parameters
    ----------
    follow : influence.Follow
        Curve of one arm.
    scores : ScoreModel
        With one row per case of the curve, no two of the same case of the model.

    Returns
    -------
    array, shape (n_days,)
        NaN where survival is 0.

    Notes
    -----
    The sum of the squares of `ScoreModel.corrected` for every day, taken apart so that it needs one
    pass per coefficient of the scores and none per day.
    """
    if len(np.unique(scores.rows)) < len(scores.rows):
        raise UsageError("scores", ["found several rows of a case, wanted one"])
    scores.require(follow.weight)
    change, residual, share = scores.terms()
    rows = scores.rows
    slope, along = (
        np.column_stack(
            [
                follow.sums_of_effects(factor[rows] * column[rows])
                for factor in factors.T
                for column in scores.design.T
            ]
        )
        for factors in (change, residual * share[:, np.newaxis])
    )
    moved = slope @ scores.inverse
    variance = follow.variance_of_cases(share[rows])
    variance += 2 * (moved * along).sum(axis=1)
    variance += ((moved @ _products(scores.design, residual)) * moved).sum(axis=1)
    error = np.sqrt(np.maximum(variance, 0))
    return np.where(follow.survival > 0, error, np.nan)


def _products(design, residual):
    """Sum over the cases of the products of their scores."""
    return np.block(
        [[(design.T * (first * second)) @ design for second in residual.T] for first in residual.T]
    )
