"""Spinal Instability Neoplastic Score, with bounds where items are missing.

All cases are scored by one look-up: the six item codes form one number, and a table over all their
combinations holds points, bounds, category and the names of the missing items. The table has a row
for every combination, so that a million cases cost a few array passes and every combination can be
tested.
"""

from dataclasses import dataclass
from functools import cache
from itertools import product

import numpy as np
import pandas as pd

from mescc_analytics import codebook

CHUNK = 131_072  # cases per pass: codes and indices of one pass stay in the processor's cache
MISSING = "missing"


def items():
    """Names of the six items, in the order of the published table."""
    return tuple(codebook.load("sins")["components"])


@cache
def bounds(item):
    """Lowest and highest points of every state of an item, the first state being missing: dict of
    state to (low, high).
    """
    sins = codebook.load("sins")
    points = sins["components"][item]
    states = {level: (p, p) for level, p in points.items()}
    states |= {state: tuple(limits) for state, limits in sins["partial"].get(item, {}).items()}
    return {MISSING: (0, max(points.values()))} | states


@dataclass(frozen=True)
class ScoreTable:
    """Score of every combination of item states.

    Attributes
    ----------
    strides : tuple of int
        Multiplier of each item's state number in the row number.
    low, high : array of int8
        Bounds of the total.
    category : array of int8
        Code in the levels of ``sins_category``.
    missing : array of uint8
        Bit i set where item i is not settled.
    """

    strides: tuple
    low: np.ndarray
    high: np.ndarray
    category: np.ndarray
    missing: np.ndarray


@cache
def score_table(missing_rule="bounds"):
    """The ScoreTable; ``missing_rule="na"`` gives no category to a case that lacks an item,
    whatever its bounds.
    """
    states = [np.array(list(bounds(item).values()), dtype=np.int8) for item in items()]
    sizes = [len(s) for s in states]
    strides = tuple(int(np.prod(sizes[i + 1 :])) for i in range(len(sizes)))
    low, high, missing = (
        np.zeros(int(np.prod(sizes)), dtype=kind) for kind in (np.int8, np.int8, np.uint8)
    )
    row = np.arange(low.size)
    for i, (limits, stride) in enumerate(zip(states, strides, strict=True)):
        state = row // stride % len(limits)
        low += limits[state, 0]
        high += limits[state, 1]
        missing |= ((limits[state, 0] != limits[state, 1]) << i).astype(np.uint8)
    same = categorise(low) == categorise(high)
    settled = same & (missing == 0) if missing_rule == "na" else same
    return ScoreTable(
        strides, low, high, np.where(settled, categorise(low), 3).astype(np.int8), missing
    )


def categorise(total):
    """Category code (0 stable, 1 indeterminate, 2 unstable) of totals, by the published limits."""
    limits = [category["upto"] for category in codebook.load("sins")["categories"]]
    return np.searchsorted(limits, total)


def score_items(columns, missing_rule="bounds"):
    """SINS of every case.

    Parameters
    ----------
    columns : sequence of six Categorical, each shape (n_cases,)
        In the order of ``items()``; categories may be any of the item's states, anything else is
        missing.
    missing_rule : {"bounds", "na"}

    Returns
    -------
    DataFrame, shape (n_cases, 5)
        sins_total (missing unless every item is settled), sins_min, sins_max (points, 0-18),
        sins_category, sins_missing (names of unsettled items joined by "; ").

    References
    ----------
    Fisher et al., Spine 2010;35:E1221-9 (points); Fourney et al., J Clin Oncol 2011;29:3072-7
    (limits).
    """
    table = score_table(missing_rule)
    coded = [_state_codes(column, item) for column, item in zip(columns, items(), strict=True)]
    n = len(coded[0])
    out = [
        np.empty(n, dtype=a.dtype) for a in (table.low, table.high, table.category, table.missing)
    ]
    for start in range(0, n, CHUNK):
        part = slice(start, min(start + CHUNK, n))
        row = _rows(coded, table.strides, part)
        for source, target in zip(
            (table.low, table.high, table.category, table.missing), out, strict=True
        ):
            np.take(source, row, out=target[part], mode="clip")
    return _frame(*out)


def _state_codes(column, item):
    """State number less one per case, int8: -1 is missing, as in a Categorical whose levels are in
    codebook order.
    """
    states = list(bounds(item))[1:]
    if list(column.categories) == states[: len(column.categories)]:
        return column.codes
    recoded = [states.index(level) if level in states else -1 for level in column.categories]
    return np.array([*recoded, -1], dtype=np.int8)[column.codes]


def _rows(coded, strides, part):
    """Row of the score table per case: the sum over items of state number times stride."""
    total = np.full(part.stop - part.start, sum(strides), dtype=np.int16)
    for codes, stride in zip(coded, strides, strict=True):
        total += codes[part] * np.int16(stride)
    return total


def _frame(low, high, category, missing):
    unsettled = missing != 0
    levels = list(codebook.columns("derived")["sins_category"].levels)
    return pd.DataFrame(
        {
            "sins_total": pd.arrays.IntegerArray(low, unsettled),
            "sins_min": pd.arrays.IntegerArray(low.copy(), np.zeros(len(low), dtype=bool)),
            "sins_max": pd.arrays.IntegerArray(high, np.zeros(len(low), dtype=bool)),
            "sins_category": pd.Categorical.from_codes(category, levels, validate=False),
            "sins_missing": pd.Categorical.from_codes(
                missing.view(np.int8), missing_names(), validate=False
            ),
        },
        copy=False,
    )


@cache
def missing_names():
    """Text for every combination of unsettled items, indexed by their bits."""
    names = items()
    return pd.Index(
        [
            "; ".join(n for n, bit in zip(names, reversed(bits), strict=True) if bit)
            for bits in product((0, 1), repeat=len(names))
        ]
    )
