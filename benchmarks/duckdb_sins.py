"""SINS in DuckDB, in several forms; each reads table ``cases`` (ENUM columns) and makes table
``scored``, one row per case, in the same order or numbered: total, low, high, category, missing
(bit i set where item i is missing).
"""

from itertools import product

from mescc_analytics import codebook

SINS = codebook.load("sins")
POINTS = SINS["components"]
LIMITS = [(entry["upto"], entry["label"]) for entry in SINS["categories"]]
LABELS = ", ".join(f"'{label}'" for _, label in LIMITS)


def _category(total):
    rules = " ".join(f"WHEN {total} <= {upto} THEN '{label}'" for upto, label in LIMITS)
    return f"(CASE {rules} END)"


def _scores(points, source, number=""):
    """Query of the answer from points per item (SQL, null where missing)."""
    worst = {item: max(p.values()) for item, p in POINTS.items()}
    low = " + ".join(f"coalesce({p}, 0::TINYINT)" for p in points.values())
    high = " + ".join(f"coalesce({p}, {worst[item]}::TINYINT)" for item, p in points.items())
    missing = " + ".join(
        f"CASE WHEN {item} IS NULL THEN {1 << i}::UTINYINT ELSE 0::UTINYINT END"
        for i, item in enumerate(POINTS)
    )
    return f"""
        SELECT {number and "case_number,"}
            CASE WHEN missing = 0 THEN low END AS total, low, high,
            CASE WHEN {_category("low")} = {_category("high")} THEN {_category("low")} END
                ::ENUM ({LABELS}) AS category,
            missing
        FROM (
            SELECT {number and f"{number} AS case_number,"}
                ({low})::TINYINT AS low, ({high})::TINYINT AS high,
                ({missing})::UTINYINT AS missing
            FROM {source}
        )
    """


def _make(connection, query):
    connection.execute(f"CREATE OR REPLACE TEMP TABLE scored AS {query}")
    return connection


def cased(connection):
    """Points of every item by CASE."""
    return _make(connection, _scores(_cased_points(), "cases"))


def points_joined(connection):
    """Points of every item from its own table of points."""
    for item, p in POINTS.items():
        rows = ", ".join(
            f"('{level}'::{item}_level, {worth}::TINYINT)" for level, worth in p.items()
        )
        connection.execute(
            f"CREATE TEMP TABLE IF NOT EXISTS {item}_points AS "
            f"SELECT * FROM (VALUES {rows}) AS listed ({item}, points)"
        )
    joins = " ".join(f"LEFT JOIN {item}_points USING ({item})" for item in POINTS)
    points = {item: f"{item}_points.points" for item in POINTS}
    return _make(connection, _scores(points, f"cases {joins}", "cases.rowid"))


def _key():
    stride, key = 1, []
    for item, points in reversed(POINTS.items()):
        code = f"coalesce(enum_code({item}), {len(points)}::UTINYINT)::USMALLINT"
        key.append(f"{code} * {stride}::USMALLINT")
        stride *= len(points) + 1
    return " + ".join(key)


def combination_joined(connection):
    """Answers joined by the packed combination."""
    rows = ", ".join(
        "(" + ", ".join("NULL" if level is None else f"'{level}'" for level in row) + ")"
        for row in product(*([*points, None] for points in POINTS.values()))
    )
    columns = ", ".join(f"{item}::{item}_level AS {item}" for item in POINTS)
    connection.execute(
        f"CREATE TEMP TABLE IF NOT EXISTS combinations AS "
        f"SELECT {columns} FROM (VALUES {rows}) AS listed ({', '.join(POINTS)})"
    )
    connection.execute(
        "CREATE TEMP TABLE IF NOT EXISTS answers AS "
        f"SELECT keys.key, scores.* FROM (SELECT ({_key()}) AS key FROM combinations) AS keys "
        f"POSITIONAL JOIN ({_scores(_cased_points(), 'combinations')}) AS scores"
    )
    return _make(
        connection,
        "SELECT case_number, total, low, high, category, missing FROM "
        f"(SELECT rowid AS case_number, ({_key()}) AS key FROM cases) "
        "LEFT JOIN answers USING (key)",
    )


def _cased_points():
    return {
        item: f"CASE {item} "
        + " ".join(f"WHEN '{level}' THEN {worth}::TINYINT" for level, worth in p.items())
        + " END"
        for item, p in POINTS.items()
    }


FORMS = {
    "CASE": cased,
    "join to points of each item": points_joined,
    "join on packed combination": combination_joined,
}
