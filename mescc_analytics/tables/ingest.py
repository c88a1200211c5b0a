"""A cohort as it was supplied: read, mapped, typed, checked; nothing is dropped or repaired."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from mescc_analytics import codebook
from mescc_analytics.errors import TableError
from mescc_analytics.tables import crosschecks
from mescc_analytics.tables import findings as found
from mescc_analytics.tables.mapping import TABLES, Mapping, apply, load_mapping, unused
from mescc_analytics.tables.raw import Raw, read_raw
from mescc_analytics.tables.validation import convert

NO_ROWS = np.array([], dtype="int64")


@dataclass(frozen=True)
class Ingested:
    """Typed tables and everything that was found.

    Attributes
    ----------
    cases : DataFrame, shape (n_cases, n_columns)
        Columns that were supplied, in codebook order, and `usable` (boolean: nothing contradicts
        the follow-up clock) and, beside `sosg_grade`, `sosg_partial`. RangeIndex in the order of
        the file.
    visits, lesions : DataFrame
        Empty with the codebook's columns where no table was given.
    findings : DataFrame
        See `findings.COLUMNS`.
    rows : dict of str to array of int
        Row number in its file of every row of every table.
    """

    cases: pd.DataFrame
    visits: pd.DataFrame
    lesions: pd.DataFrame
    findings: pd.DataFrame
    rows: dict

    @property
    def fatal(self):
        """Whether the tables cannot be used at all."""
        return bool((self.findings["severity"] == "fatal").any())


def ingest(cases, visits=None, lesions=None, *, mapping=None, time_resolution="day", required=None):
    """Read and check the tables of a cohort.

    Parameters
    ----------
    cases, visits, lesions : path-like
        CSV, XLSX or Parquet.
    mapping : Mapping or path-like, optional
        Serves all tables; what does not apply to a table is passed over.
    time_resolution : {"day", "hour"}
        Whether fractions of days mean anything.
    required : tuple of str, optional
        Columns without which the cases cannot be used; the codebook's by default.

    Returns
    -------
    Ingested

    Raises
    ------
    TableError
        Only when a file cannot be read as a table. Problems inside the tables are findings.
    UsageError
        When the mapping file cannot be used.
    """
    mapping = load_mapping(mapping) if isinstance(mapping, (str, Path)) else mapping or Mapping()
    paths = {"cases": cases, "visits": visits, "lesions": lesions}
    raws = _read_all({table: path for table, path in paths.items() if path is not None})
    frames, parts = _convert_all(raws, mapping, required)
    rows = {table: raws[table].rows if table in raws else NO_ROWS for table in paths}
    parts.append(_key_findings(frames, rows))
    resolution = {"time_resolution": time_resolution}
    contradictions, usable = crosschecks.check(frames["cases"], rows["cases"], **resolution)
    late = crosschecks.check_visits(frames["visits"], rows["visits"], frames["cases"], **resolution)
    frames["cases"] = frames["cases"].assign(usable=usable)
    findings = found.concat([*parts, contradictions, late])
    return Ingested(**frames, findings=findings, rows=rows)


def _convert_all(raws, mapping, required):
    used, frames, parts = set(), {table: _absent(table) for table in TABLES}, []
    for table, raw in raws.items():
        applied, names = apply(raw, mapping, table)
        used |= names
        frames[table], notes = convert(
            applied, table, required=required if table == "cases" else None
        )
        parts.append(notes)
    return frames, [*parts, unused(mapping, used)]


def _read_all(paths):
    raws, problems = {}, []
    for table, path in paths.items():
        try:
            raws[table] = path if isinstance(path, Raw) else read_raw(path, table)
        except TableError as problem:
            problems.append(problem)
    if len(problems) == 1:
        raise problems[0]
    if problems:
        raise TableError(
            "the tables",
            [f"{problem.subject}: {reason}" for problem in problems for reason in problem.problems],
        )
    return raws


def _absent(table):
    empty = {name: pd.Categorical([]) for name in codebook.columns(table)}
    raw = Raw(table, pd.DataFrame(empty), NO_ROWS, found.empty())
    return convert(raw, table)[0]


def _key_findings(frames, rows):
    """Ids that stand twice, and visits and lesions of cases that are not in the cases."""
    parts = [_repeated(frames["cases"], rows["cases"], "cases", ["case_id"])]
    parts.append(_repeated(frames["lesions"], rows["lesions"], "lesions", ["case_id", "lesion_id"]))
    for table in ("visits", "lesions"):
        parts.append(_unknown_cases(frames[table], rows[table], table, frames["cases"]))
    return found.concat(parts)


def _repeated(frame, rows, table, key):
    if not set(key) <= set(frame):
        return found.empty()
    ids = frame[key].dropna()
    again = ids[ids.duplicated(keep=False)]
    if again.empty:
        return found.empty()
    numbers = pd.Series(rows[again.index], again.index).groupby(
        [again[name] for name in key], sort=False
    )
    listed = numbers.agg(lambda group: f"rows {', '.join(map(str, group))}")
    single = table == "cases"
    return found.make(
        table,
        "duplicate_id" if single else "duplicate_lesion",
        "fatal" if single else "error",
        case_id=listed.index.get_level_values(0).to_numpy(),
        row=numbers.nth(1).to_numpy() if len(again) else [],
        column=key[-1],
        found=listed.index.get_level_values(-1).to_numpy(),
        wanted=listed.to_numpy(),
    )


def _unknown_cases(frame, rows, table, cases):
    if "case_id" not in frame or "case_id" not in cases:
        return found.empty()
    at = (frame["case_id"].notna() & ~frame["case_id"].isin(cases["case_id"])).to_numpy(dtype=bool)
    ids = frame["case_id"].to_numpy()[at]
    wanted = "the id of a case"
    return found.make(
        table,
        "unknown_case",
        "error",
        case_id=ids,
        row=rows[at],
        column="case_id",
        found=ids,
        wanted=wanted,
    )
