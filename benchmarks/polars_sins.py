"""SINS in Polars, in several forms; each takes a frame of Enum columns and gives one row per case:
total, low, high, category, missing (names of the missing items as Enum, as this package gives
them).
"""

from functools import cache, reduce
from itertools import product
from operator import add

import polars as pl

from mescc_analytics import codebook
from mescc_analytics.clinical.sins import missing_names

SINS = codebook.load("sins")
POINTS = SINS["components"]
LIMITS = [(entry["upto"], entry["label"]) for entry in SINS["categories"]]
NAMES = pl.Enum(list(missing_names()))
CATEGORY = pl.Enum([label for _, label in LIMITS])


def _finish(frame, low, high):
    """From lowest and highest points per item to the answer."""
    missing = [
        pl.when(pl.col(item).is_null())
        .then(pl.lit(1 << i, pl.UInt8))
        .otherwise(pl.lit(0, pl.UInt8))
        for i, item in enumerate(POINTS)
    ]
    return (
        frame.lazy()
        .select(
            low=reduce(add, low).cast(pl.Int8),
            high=reduce(add, high).cast(pl.Int8),
            missing=reduce(add, missing),
        )
        .with_columns(lower=_category("low"), upper=_category("high"))
        .select(
            total=pl.when(pl.col("missing") == 0).then("low"),
            low="low",
            high="high",
            category=pl.when(pl.col("lower") == pl.col("upper")).then("lower"),
            missing=pl.col("missing").cat.to(NAMES),
        )
        .collect()
    )


def _category(total):
    rules = pl.lit(LIMITS[-1][1], CATEGORY)
    for upto, label in reversed(LIMITS[:-1]):
        rules = pl.when(pl.col(total) <= upto).then(pl.lit(label, CATEGORY)).otherwise(rules)
    return rules


def replaced(frame):
    """Points of every item by ``replace_strict``."""
    points = [
        pl.col(item).replace_strict(list(p), list(p.values()), return_dtype=pl.Int8)
        for item, p in POINTS.items()
    ]
    worst = [pl.lit(max(p.values()), pl.Int8) for p in POINTS.values()]
    return _finish(
        frame,
        [p.fill_null(pl.lit(0, pl.Int8)) for p in points],
        [p.fill_null(w) for p, w in zip(points, worst, strict=True)],
    )


def when_then(frame):
    """Points of every item by comparisons; those worth nothing need none."""
    return _finish(
        frame,
        [_cases(item, p, 0) for item, p in POINTS.items()],
        [_cases(item, p, max(p.values())) for item, p in POINTS.items()],
    )


def _cases(item, points, if_missing):
    chain = pl.when(pl.col(item).is_null()).then(pl.lit(if_missing, pl.Int8))
    for level, worth in points.items():
        if worth:
            chain = chain.when(pl.col(item) == level).then(pl.lit(worth, pl.Int8))
    return chain.otherwise(pl.lit(0, pl.Int8))


@cache
def combinations():
    """The answer for every combination of levels, row number = packed combination."""
    levels = [[*points, None] for points in POINTS.values()]
    rows = list(product(*levels))
    schema = {item: pl.Enum(list(points)) for item, points in POINTS.items()}
    every = replaced(pl.DataFrame(rows, schema=schema, orient="row"))
    return every.with_row_index("key").with_columns(pl.col("key").cast(pl.UInt16))


def _key():
    stride, key = 1, []
    for item, points in reversed(POINTS.items()):
        code = pl.col(item).to_physical().fill_null(len(points)).cast(pl.UInt16)
        key.append(code * pl.lit(stride, pl.UInt16))
        stride *= len(points) + 1
    return reduce(add, key)


def joined(frame):
    """Left join of the packed combination to the table of answers."""
    keyed = frame.lazy().select(key=_key())
    answers = combinations().lazy()
    return keyed.join(answers, on="key", how="left", maintain_order="left").drop("key").collect()


def gathered(frame):
    """Answers taken by row number, as this package does."""
    key = frame.lazy().select(key=_key()).collect()["key"]
    return combinations().drop("key").lazy().select(pl.all().gather(key)).collect()


FORMS = {
    "replace_strict": replaced,
    "when-then": when_then,
    "join on packed combination": joined,
    "gather by packed combination": gathered,
}
