"""The SINS items of a case for imputation: the level where it is settled, else the levels that stay
possible.
"""

from dataclasses import dataclass

import numpy as np

from mescc_analytics import codebook
from mescc_analytics.clinical.sins import items
from mescc_analytics.clinical.sins_items import prepare_items


@dataclass(frozen=True)
class OpenItem:
    """One item.

    Attributes
    ----------
    levels : tuple of str
        As published.
    points : tuple of int
        By level.
    codes : array of int, shape (n_cases,)
        Level, -1 where more than one is possible.
    allowed : array of bool, shape (n_cases, n_levels)
    state : Categorical
        As recorded or derived, records that settle a part included.
    """

    levels: tuple
    points: tuple
    codes: np.ndarray
    allowed: np.ndarray
    state: object


def open_items(cases, settings):
    """The six items by name.

    Parameters
    ----------
    cases : DataFrame, shape (n_cases, ...)
    settings : dict
        The score section of the config.
    """
    states, _ = prepare_items(cases, settings)
    return {name: _open(name, state) for name, state in zip(items(), states, strict=True)}


def _open(name, state):
    points = codebook.load("sins")["components"][name]
    levels = tuple(points)
    possible = np.array([_possible(name, each, levels) for each in [*state.categories, None]])
    codes = np.asarray(state.codes, dtype=int)
    allowed = possible[codes]  # a missing code, -1, takes the last row: everything is possible
    settled = np.where(allowed.sum(axis=1) == 1, allowed.argmax(axis=1), -1)
    return OpenItem(levels, tuple(points.values()), settled, allowed, state)


def _possible(name, state, levels):
    """Whether each level is possible, given what was recorded."""
    if state in levels:
        return [level == state for level in levels]
    narrowed = codebook.load("sins")["partial_levels"].get(name, {}).get(state)
    return [narrowed is None or level in narrowed for level in levels]
