"""Vectorised draws: the generator in, one value per case out."""

import numpy as np


def pick(rng, weights, rows):
    """One code per case from a table of weights.

    weights : array, shape (n_rows, n_codes), need not sum to 1
    rows : int array, shape (n_cases,), which row of the table holds for the case
    Returns int8 codes.
    """
    weights = np.atleast_2d(np.asarray(weights, float))
    cumulative = np.cumsum(weights / weights.sum(axis=1, keepdims=True), axis=1)
    uniform = rng.random(len(rows))
    codes = np.zeros(len(rows), np.int8)
    for row, steps in enumerate(cumulative):
        here = rows == row
        # the last step is left out: rounding may leave it just below 1
        codes[here] = np.searchsorted(steps[:-1], uniform[here], side="right")
    return codes


def pick_one(rng, weights, n_cases):
    """One code per case, the same weights for everybody."""
    return pick(rng, weights, np.zeros(n_cases, np.int8))


def chance(rng, probability):
    """True with the probability of each case; array, shape (n_cases,)."""
    return rng.random(len(probability)) < probability


def log_normal(rng, spread, n_cases):
    """Log-normal draws; `spread` holds `median`, `log_sd` and, where draws are cut off, `max`."""
    drawn = spread["median"] * np.exp(spread["log_sd"] * rng.standard_normal(n_cases))
    return np.minimum(drawn, spread.get("max", np.inf))


def more(rng, mean, n_cases):
    """Counts 0, 1, 2, ... that fall off geometrically, with the given mean; float."""
    return rng.geometric(1 / (1 + mean), n_cases) - 1.0


def logistic(log_odds):
    return 1 / (1 + np.exp(-log_odds))


def on_grid(days, resolution):
    """Days on the grid of the recorded clock: whole days, or hours."""
    return np.round(days) if resolution == "day" else np.round(np.round(days * 24) / 24, 4)


def up_to_grid(days, resolution):
    """The end of the day (or hour) in which something happened."""
    return np.ceil(days) if resolution == "day" else np.round(np.ceil(days * 24) / 24, 4)
