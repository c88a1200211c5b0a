"""Spinal Instability Neoplastic Score, with bounds where items are missing.

A case has a highest possible total (missing items at their most points) and a gap below it (what
the missing items could take away). Both are sums over items of small-integer arithmetic on category
codes, which a processor does for dozens of cases at once: ten million cases take less than a tenth
of a second.
"""

from dataclasses import dataclass
from functools import cache
from itertools import product

import numpy as np
import pandas as pd

from mescc_analytics import codebook

CHUNK = 524_288  # cases per pass: the working arrays stay in cache, and few passes are made
MISSING = "missing"
SCORED = ("total", "low", "high", "category", "missing", "unsettled")
UNDETERMINED = 3  # code of the last level of sins_category; 0, 1, 2 are the published categories


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
class Item:
    """Points of one item by category code.

    Attributes
    ----------
    codes : array of int8, shape (n_cases,)
        -1 is missing.
    low, high : array of int8
        Bounds by code + 1: the first entry is that of missing.
    bit : int8
        Marks the item among the missing ones.
    plain : bool
        Every level is settled and the first one has the most points, as published.
    drops : tuple of int8
        Points lost from each level to the next; one entry where all are the same.
    """

    codes: np.ndarray
    low: np.ndarray
    high: np.ndarray
    bit: np.int8
    plain: bool
    drops: tuple


def _item(column, name, number):
    states = bounds(name)
    known = [states.get(level, states[MISSING]) for level in column.categories]
    low, high = (
        np.array(part, dtype=np.int8) for part in zip(states[MISSING], *known, strict=True)
    )
    settled = (low[1:] == high[1:]).all() and low[0] == 0
    drops = tuple(high[1:-1] - high[2:])
    return Item(
        codes=column.codes.astype(np.int8, copy=False),
        low=low,
        high=high,
        bit=np.int8(1 << number),
        plain=bool(len(high) > 1 and settled and high[0] == high[1]),
        drops=drops[:1] if len(set(drops)) == 1 else drops,
    )


def score_items(columns, missing_rule="bounds"):
    """SINS of every case.

    Parameters
    ----------
    columns : sequence of six Categorical, each shape (n_cases,)
        In the order of ``items()``; categories may be any of the item's states, anything else is
        missing.
    missing_rule : {"bounds", "na"}
        "na" gives no category to a case that lacks an item, whatever its bounds.

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
    rules = [_item(*pair, i) for i, pair in enumerate(zip(columns, items(), strict=True))]
    n = len(rules[0].codes)
    scored = {name: np.empty(n, dtype=np.int8) for name in SCORED}
    work = np.empty((3, min(CHUNK, n)), dtype=np.int8)
    for start in range(0, n, CHUNK):
        part = slice(start, start + CHUNK)
        out = {name: array[part] for name, array in scored.items()}
        _score_part(rules, part, out, work[:, : len(out["low"])])
        _categorise_part(out, work[1:, : len(out["low"])], missing_rule)
    return _frame(scored)


def _score_part(rules, part, out, work):
    gap = work[0]
    out["high"].fill(sum(rule.high[0] for rule in rules if rule.plain))
    out["missing"].fill(0)
    gap.fill(0)
    for rule in rules:
        add = _add_plain if rule.plain else _add_any
        add(rule, rule.codes[part], out, work)
    np.subtract(out["high"], gap, out=out["low"])
    np.copyto(out["total"], out["low"])
    np.not_equal(out["missing"], 0, out=out["unsettled"].view(bool))


def _add_plain(rule, codes, out, work):
    """One published item. The high total starts at the most points of every item, which are those
    of its first level and of a missing one; a missing one could lose them all.
    """
    gap, flag, term = work
    np.less(codes, 0, out=flag.view(bool))
    out["missing"] += np.multiply(flag, rule.bit, out=term)
    gap += np.multiply(flag, rule.high[0], out=term)
    if len(rule.drops) == 1:
        np.add(codes, flag, out=term)  # the code, with missing beside the first level
        _subtract(out["high"], term, rule.drops[0])
        return
    for level, drop in enumerate(rule.drops, start=1):
        np.greater_equal(codes, level, out=flag.view(bool))
        _subtract(out["high"], flag, drop)


def _subtract(total, times, points):
    if points != 1:
        np.multiply(times, points, out=times)
    total -= times


def _add_any(rule, codes, out, work):
    """An item with states that narrow it without settling it: by look-up, slower."""
    gap, flag, term = work
    row = codes + np.int8(1)
    out["high"] += rule.high[row]
    np.subtract(rule.high[row], rule.low[row], out=term)
    gap += term
    np.greater(term, 0, out=flag.view(bool))
    out["missing"] += np.multiply(flag, rule.bit, out=term)


def _categorise_part(out, work, missing_rule):
    """Category by the upper bound, and undetermined where the lower bound says otherwise."""
    flag, term = work
    limits = [category["upto"] for category in codebook.load("sins")["categories"][:-1]]
    for total, target in ((out["high"], out["category"]), (out["low"], term)):
        np.greater(total, limits[0], out=target.view(bool))
        for limit in limits[1:]:
            np.greater(total, limit, out=flag.view(bool))
            target += flag
    np.not_equal(out["category"], term, out=flag.view(bool))
    if missing_rule == "na":
        flag |= out["unsettled"]
    out["category"] |= np.multiply(flag, np.int8(UNDETERMINED), out=flag)


def _frame(scored):
    settled = np.zeros((2, len(scored["low"])), dtype=bool)
    levels = list(codebook.columns("derived")["sins_category"].levels)
    whole, coded = pd.arrays.IntegerArray, pd.Categorical.from_codes
    return pd.DataFrame(
        {
            "sins_total": whole(scored["total"], scored["unsettled"].view(bool)),
            "sins_min": whole(scored["low"], settled[0]),
            "sins_max": whole(scored["high"], settled[1]),
            "sins_category": coded(scored["category"], levels, validate=False),
            "sins_missing": coded(scored["missing"], missing_names(), validate=False),
        },
        copy=False,
    )


@cache
def missing_names():
    """Text for every combination of unsettled items, indexed by their bits."""
    names = items()
    combinations = product((0, 1), repeat=len(names))
    return pd.Index(
        [
            "; ".join(n for n, bit in zip(names, reversed(bits), strict=True) if bit)
            for bits in combinations
        ]
    )
