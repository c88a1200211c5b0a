"""Spinal Instability Neoplastic Score, with bounds where items are missing.

A case has a highest possible total (missing items at their most points) and a gap below it (what
the missing items could take away). Both are sums over items of small-integer arithmetic on category
codes, which a processor does for dozens of cases at once.
"""

from dataclasses import dataclass
from functools import cache
from itertools import product

import numpy as np
import pandas as pd

from mescc_analytics import codebook

CHUNK = 1_048_576  # cases per pass: the working arrays stay in cache, and few passes are made
MISSING = "missing"
SCORED = ("low", "high", "category", "missing", "unsettled")
UNDETERMINED = np.int8(3)  # code of the last level of sins_category; 0, 1, 2 are the published ones
PLAIN_LEVELS = 4  # codes 0-3 leave all bits from the third on to mark a missing item (code -1)
MARK_SHIFT = 2


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
    bit : int
        Marks the item among the missing ones.
    """

    codes: np.ndarray
    low: np.ndarray
    high: np.ndarray
    bit: int

    @property
    def drops(self):
        """Points lost from each level to the next."""
        return self.high[1:-1] - self.high[2:]

    @property
    def step(self):
        """Points lost at every level."""
        return int(self.drops.min(initial=0 if len(self.drops) == 0 else 127))

    @property
    def plain(self):
        """Every level is settled, and the first one has the most points, as published."""
        return bool(
            1 < len(self.high) <= PLAIN_LEVELS + 1
            and (self.low[1:] == self.high[1:]).all()
            and self.low[0] == 0
            and self.high[0] == self.high[1]
        )


def _item(column, name, number):
    states = bounds(name)
    known = [states.get(level, states[MISSING]) for level in column.categories]
    codes = column.codes.astype(np.int8, copy=False)
    if len(known) > PLAIN_LEVELS:  # states that no case has would make the item slow
        known = known[: codes.max(initial=-1) + 1]
    low, high = (
        np.array(part, dtype=np.int8) for part in zip(states[MISSING], *known, strict=True)
    )
    return Item(codes, low, high, 1 << number)


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
        sins_category, sins_missing (names of unsettled items joined by "; "). Values are
        read-only: sins_total and sins_min share theirs.

    References
    ----------
    Fisher et al., Spine 2010;35:E1221-9 (points); Fourney et al., J Clin Oncol 2011;29:3072-7
    (limits).
    """
    rules = [_item(*pair, i) for i, pair in enumerate(zip(columns, items(), strict=True))]
    n = len(rules[0].codes)
    scored = dict(zip(SCORED, np.empty((len(SCORED), n), dtype=np.int8), strict=True))
    work = np.empty((2, min(CHUNK, n)), dtype=np.int8)
    for start in range(0, n, CHUNK):
        part = slice(start, start + CHUNK)
        out = {name: array[part] for name, array in scored.items()}
        room = work[:, : len(out["low"])]
        _score_part(rules, part, out, room)
        _categorise_part(out, room, missing_rule)
    return _frame(scored)


def _score_part(rules, part, out, work):
    """Bounds of the total, and which items are missing, as bits."""
    plain = [(rule, rule.codes[part]) for rule in rules if rule.plain]
    other = [(rule, rule.codes[part] + np.int8(1)) for rule in rules if not rule.plain]
    high, low, missing = out["high"], out["low"], out["missing"]
    high.fill(sum(rule.high[0] for rule, _ in plain))
    missing.fill(0)
    for rule, codes in plain:
        _lower(rule, codes, high, work[0])
        missing |= np.bitwise_and(codes, _mark(rule), out=work[0])
    np.right_shift(missing.view(np.uint8), np.uint8(MARK_SHIFT), out=missing.view(np.uint8))
    # A missing code is one level above the first, so it has added a step too many.
    _deduct([(rule.bit, rule.step) for rule, _ in plain], missing, (high, high), work)
    _deduct([(rule.bit, rule.high[0]) for rule, _ in plain], missing, (high, low), work)
    for rule, row in other:
        high += rule.high[row]
        low += rule.low[row]
        missing |= np.where(rule.high > rule.low, rule.bit, 0).astype(np.int8)[row]
    np.not_equal(missing, 0, out=out["unsettled"].view(bool))


def _lower(rule, codes, high, term):
    """Take from the highest total what the level of each case has less than the first level."""
    for _ in range(rule.step):
        high -= codes
    for level, drop in enumerate(rule.drops - rule.step, start=1):
        if drop:
            np.greater_equal(codes, level, out=term.view(bool))
            high -= np.multiply(term, drop, out=term) if drop > 1 else term


def _mark(rule):
    return np.array(rule.bit << MARK_SHIFT).astype(np.int8)


def _deduct(weights, missing, totals, work):
    """From one total to another, less the points of the missing items: those with at least one
    point are counted, those with at least two, and so on.
    """
    source, target = totals
    every = sum(bit for bit, _ in weights)
    for mask, times in _layers(tuple(weights)):
        term = missing if mask == every else np.bitwise_and(missing, mask, out=work[0])
        np.bitwise_count(term, out=work[1].view(np.uint8))
        if times > 1:
            work[1] *= times
        source = np.subtract(source, work[1], out=target)
    if source is not target:
        np.copyto(target, source)


@cache
def _layers(weights):
    """Sets of items with at least 1, 2, ... points as bits, and how often each comes in a row."""
    layers = {}
    for points in range(1, max((weight for _, weight in weights), default=0) + 1):
        mask = sum(bit for bit, weight in weights if weight >= points)
        layers[mask] = layers.get(mask, 0) + 1
    return [(np.int8(mask), np.int8(times)) for mask, times in layers.items()]


def _categorise_part(out, work, missing_rule):
    """Category by the upper bound, and undetermined where the lower bound says otherwise."""
    flag, term = work
    limits = [np.int8(entry["upto"]) for entry in codebook.load("sins")["categories"][:-1]]
    for total, target in ((out["high"], out["category"]), (out["low"], term)):
        np.greater(total, limits[0], out=target.view(bool))
        for limit in limits[1:]:
            np.greater(total, limit, out=flag.view(bool))
            target += flag
    np.not_equal(out["category"], term, out=flag.view(bool))
    if missing_rule == "na":
        flag |= out["unsettled"]
    out["category"] |= np.multiply(flag, UNDETERMINED, out=flag)


def _frame(scored):
    for array in scored.values():
        array.flags.writeable = False
    settled = np.zeros((2, len(scored["low"])), dtype=bool)
    levels = list(codebook.columns("derived")["sins_category"].levels)
    whole, coded = pd.arrays.IntegerArray, pd.Categorical.from_codes
    return pd.DataFrame(
        {
            "sins_total": whole(scored["low"], scored["unsettled"].view(bool)),
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
