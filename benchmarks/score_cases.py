"""SINS of ten million cases: this package against Polars and DuckDB, in one run.

    python benchmarks/score_cases.py --cases 10000000 --repeats 7

Every contender starts from categorical columns of its own kind in memory (pandas Categorical,
Polars Enum, DuckDB ENUM) and ends with a table of its own kind in memory: total (missing if any
item is), lowest and highest possible total, category where both agree, and the names of the missing
items as a category; DuckDB may answer with a bit mask of them. Everybody uses the threads that it
uses by itself. Points and limits come from the codebook for all of them. All results are compared,
value by value, before anything is timed. On a busy machine CPU time is the steadier number.
"""

import argparse
import gc
import os
import platform
import statistics
import sys
from time import perf_counter, process_time

import duckdb
import numpy as np
import pandas as pd
import polars as pl
from duckdb_sins import FORMS as DUCKDB
from polars_sins import FORMS as POLARS

from mescc_analytics import codebook
from mescc_analytics.clinical.sins import items, missing_names, score_items

SHARE_MISSING = 0.05
TARGET = 0.5


def item_codes(n_cases, rng):
    """Level number per item and case, int8; -1 is missing. Levels are equally likely."""
    for points in codebook.load("sins")["components"].values():
        codes = rng.integers(0, len(points), n_cases, dtype=np.int8)
        codes[rng.random(n_cases, dtype=np.float32) < SHARE_MISSING] = -1
        yield codes


def tables(n_cases, seed):
    """The same cases as a list of Categorical, a Polars frame and a DuckDB connection."""
    levels = [list(points) for points in codebook.load("sins")["components"].values()]
    codes = list(item_codes(n_cases, np.random.default_rng(seed)))
    ours = [pd.Categorical.from_codes(c, names) for c, names in zip(codes, levels, strict=True)]
    polars = pl.DataFrame(
        {
            item: pl.Series(column.codes, dtype=pl.Int8)
            .replace(-1, None)
            .cast(pl.UInt8)
            .cat.to(pl.Enum(names))
            for item, column, names in zip(items(), ours, levels, strict=True)
        }
    )
    connection = duckdb.connect()
    connection.register("given", polars.to_arrow())
    columns = []
    for item, names in zip(items(), levels, strict=True):
        listed = ", ".join(f"'{name}'" for name in names)
        connection.execute(f"CREATE TYPE {item}_level AS ENUM ({listed})")
        columns.append(f"{item}::VARCHAR::{item}_level AS {item}")
    connection.execute(f"CREATE TABLE cases AS SELECT {', '.join(columns)} FROM given")
    connection.unregister("given")
    return ours, polars, connection


def contenders(ours, polars, connection):
    """Name to (make the result, result as five arrays)."""
    made = {"mescc_analytics": (lambda: score_items(ours), from_ours)}
    for name, form in POLARS.items():
        made[f"Polars, {name}"] = (lambda form=form: form(polars), from_polars)
    for name, form in DUCKDB.items():
        made[f"DuckDB, {name}"] = (lambda form=form: form(connection), from_duckdb)
    return made


def from_ours(frame):
    """Total, lowest, highest (-1 where missing), category as text, missing items as a bit mask."""
    bits = {name: bit for bit, name in enumerate(missing_names())}
    mask = np.array([bits[name] for name in frame["sins_missing"].cat.categories], dtype=np.uint8)
    return _arrays(
        *(frame[name].fillna(-1) for name in ("sins_total", "sins_min", "sins_max")),
        frame["sins_category"].astype("object").replace("undetermined", ""),
        mask[frame["sins_missing"].cat.codes],
    )


def from_polars(frame):
    """As ``from_ours``; the names of the missing items stand in the order of their bit mask."""
    missing = frame["missing"]
    return _arrays(
        *(frame[name].fill_null(-1).to_numpy() for name in ("total", "low", "high")),
        frame["category"].cast(pl.String).fill_null("").to_numpy(),
        missing.to_physical().to_numpy() if missing.dtype == pl.Enum else missing.to_numpy(),
    )


def from_duckdb(connection):
    """As ``from_ours``; a join does not keep the order, so its rows are numbered."""
    numbered = "case_number" in [row[0] for row in connection.sql("DESCRIBE scored").fetchall()]
    order = "ORDER BY case_number" if numbered else ""
    found = pl.from_arrow(connection.sql(f"SELECT * FROM scored {order}").to_arrow_table())
    return from_polars(found)


def _arrays(total, low, high, category, missing):
    numbers = (np.asarray(x, dtype=np.int64) for x in (total, low, high, missing))
    return [*numbers, np.asarray(category).astype("U13")]


def differing(n_cases, seed):
    """Contenders that do not agree with ours on every value."""
    results = {
        name: read(make()) for name, (make, read) in contenders(*tables(n_cases, seed)).items()
    }
    expected = results["mescc_analytics"]
    return [
        name
        for name, found in results.items()
        if not all(np.array_equal(a, b) for a, b in zip(found, expected, strict=True))
    ]


def timed(made, repeats):
    """Wall and CPU seconds of every contender, in turn, after one round that does not count."""
    spent = {name: [] for name in made}
    for round_ in range(repeats + 1):
        for name, (make, _) in made.items():
            gc.collect()
            wall, processor = perf_counter(), process_time()
            result = make()
            row = perf_counter() - wall, process_time() - processor
            del result
            if round_:
                spent[name].append(row)
    return spent


def report(spent):
    """One line per contender; the ratio of ours to the best form of either library."""
    print(f"{'':44}{'median':>9}{'fastest':>9}{'slowest':>9}{'CPU':>9}  seconds")
    medians, fastest = {}, {}
    for name, rows in spent.items():
        walls, processor = zip(*rows, strict=True)
        medians[name], fastest[name] = statistics.median(walls), min(walls)
        row = medians[name], fastest[name], max(walls), statistics.median(processor)
        print(f"{name:44}" + "".join(f"{x:9.3f}" for x in row))
    for library in ("Polars", "DuckDB"):
        best = min((n for n in medians if n.startswith(library)), key=medians.get)
        ratio = medians["mescc_analytics"] / medians[best]
        met = "met" if ratio <= TARGET else "missed"
        of_fastest = fastest["mescc_analytics"] / fastest[best]
        print(
            f"ours / {best}: {ratio:.2f} of medians, {of_fastest:.2f} of the fastest rounds"
            f" (target {TARGET}: {met})"
        )


def main():
    """Compare, then time."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=10_000_000)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    print(
        f"Python {platform.python_version()}, numpy {np.__version__}, pandas {pd.__version__},"
        f" polars {pl.__version__} ({pl.thread_pool_size()} threads), duckdb {duckdb.__version__}"
    )
    wrong = differing(min(options.cases, 1_000_000), options.seed + 1)
    if wrong:
        sys.exit(f"results differ from ours: {'; '.join(wrong)}")
    made = contenders(*tables(options.cases, options.seed))
    print(f"Same results. {options.cases:,} cases, {options.repeats} repeats, in turn.")
    print(f"Load before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
    report(timed(made, options.repeats))
    print(f"Load after: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
