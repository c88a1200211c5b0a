"""The mapping file: how a site's own columns, levels and units become those of the codebook."""

from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from mescc_analytics import codebook
from mescc_analytics.errors import UsageError
from mescc_analytics.tables import findings as found
from mescc_analytics.tables.files import read_yaml
from mescc_analytics.tables.spelling import BOOLEANS, did_you_mean, is_missing, normal

TABLES = ("cases", "visits", "lesions")
SECTIONS = ("columns", "levels", "units", "constants", "ignore")
DAYS = {"days": 1.0, "weeks": 7.0, "months": 30.4375, "years": 365.25, "hours": 1 / 24}


@dataclass(frozen=True)
class Mapping:
    """What a mapping file says; empty by default.

    Attributes
    ----------
    columns : dict of str to str
        Theirs to ours.
    levels : dict of str to dict of str to str
        Ours to {their spelling: our level}.
    units : dict of str to str
        Ours to the unit of their values: days, weeks, months (30.4375 days), years (365.25 days),
        hours.
    constants : dict of str to str
        Ours to the value of every row.
    ignore : tuple of str
        Theirs that are known and not wanted.
    """

    columns: dict = field(default_factory=dict)
    levels: dict = field(default_factory=dict)
    units: dict = field(default_factory=dict)
    constants: dict = field(default_factory=dict)
    ignore: tuple = ()


def load_mapping(path):
    """Read a mapping file; every value stays the text that was typed.

    Parameters
    ----------
    path : path-like

    Returns
    -------
    Mapping

    Raises
    ------
    UsageError
        Lists every fault in words: unknown sections, columns, levels and units with the nearest
        valid one.
    """
    content = read_yaml(path, as_text=True)
    content = {} if content in (None, "") else content
    if not isinstance(content, dict):
        raise UsageError(f"'{path}'", [f"a mapping file has the sections {', '.join(SECTIONS)}"])
    content = {name: value for name, value in content.items() if value not in (None, "")}
    problems = [
        f"'{name}' is not one of {', '.join(SECTIONS)}{did_you_mean(name, SECTIONS)}"
        for name in content
        if name not in SECTIONS
    ]
    problems += _shape_problems(content)
    if not problems:
        problems = [problem for check in CHECKS for problem in check(content)]
    if problems:
        raise UsageError(f"'{path}'", problems)
    return Mapping(**{**content, "ignore": tuple(content.get("ignore", ()))})


def _shape_problems(content):
    problems = []
    for section in ("columns", "units", "constants"):
        entries = content.get(section, {})
        if not isinstance(entries, dict) or not all(
            isinstance(value, str) for value in entries.values()
        ):
            problems.append(f"{section}: wanted lines of the form 'name: value'")
    levels = content.get("levels", {})
    if not isinstance(levels, dict) or not all(
        isinstance(value, dict) for value in levels.values()
    ):
        problems.append(
            "levels: wanted, for each column, lines of the form 'their spelling: our level'"
        )
    ignore = content.get("ignore", [])
    if not isinstance(ignore, list) or not all(isinstance(name, str) for name in ignore):
        problems.append("ignore: wanted a list of column names")
    return problems


def _known_columns():
    return {name: column for table in TABLES for name, column in codebook.columns(table).items()}


def _target_problems(content):
    known = _known_columns()
    targets = [(f"columns.{theirs}", ours) for theirs, ours in content.get("columns", {}).items()]
    targets += [
        (section, ours)
        for section in ("levels", "units", "constants")
        for ours in content.get(section, {})
    ]
    return [
        f"{where}: '{ours}' is not in the codebook{did_you_mean(ours, known)}"
        for where, ours in targets
        if ours not in known
    ]


def _twice_problems(content):
    sources = {}
    for theirs, ours in content.get("columns", {}).items():
        sources.setdefault(ours, []).append(f"'{theirs}'")
    return [
        f"columns: {' and '.join(theirs)} are both mapped to '{ours}'"
        for ours, theirs in sources.items()
        if len(theirs) > 1
    ]


def _level_problems(content):
    known = _known_columns()
    problems = []
    for ours, recode in content.get("levels", {}).items():
        if ours not in known:
            continue
        valid = _valid_levels(known[ours])
        if valid is None:
            continue
        problems += [
            f"levels.{ours}.{theirs}: '{level}' is not one of {', '.join(valid)}"
            + did_you_mean(str(level), valid)
            for theirs, level in recode.items()
            if not isinstance(level, str)
            or not (_says_missing(level) or normal(level) in map(normal, valid))
        ]
        spelt = [normal(str(theirs)) for theirs in recode]
        twice = sorted({text for text in spelt if spelt.count(text) > 1})
        problems += [f"levels.{ours}: '{text}' stands twice but for spelling" for text in twice]
    return problems


def _valid_levels(column):
    if column.type == "category":
        return [*column.levels, *column.partial]
    return list(BOOLEANS) if column.type == "boolean" else None


def _says_missing(level):
    return is_missing(level) or level in ("null", "~")


def _unit_problems(content):
    known = _known_columns()
    problems = []
    for ours, unit in content.get("units", {}).items():
        if unit not in DAYS:
            problems.append(
                f"units.{ours}: '{unit}' is not one of {', '.join(DAYS)}{did_you_mean(unit, DAYS)}"
            )
        if ours in known and known[ours].unit not in DAYS:
            problems.append(f"units.{ours}: '{ours}' is not a time, so it has no unit of time")
    return problems


CHECKS = (_target_problems, _twice_problems, _level_problems, _unit_problems)


def apply(raw, mapping, table):
    """Give a table the column names of the codebook, and attach what its cells need to be read.

    Parameters
    ----------
    raw : Raw
    mapping : Mapping
    table : {"cases", "visits", "lesions"}

    Returns
    -------
    raw : Raw
        Columns renamed (theirs matched exactly, else trimmed and case-folded), ignored ones left
        out, constants added, `recodes` and `factors` filled in; findings of names that clash.
    used : set of str
        The mapping's column names that this table has.
    """
    known = codebook.columns(table)
    names = list(map(str, raw.frame.columns))
    chosen, used = _choose(names, mapping, known)
    ignored = set(map(_folded, mapping.ignore))
    pairs = [pair for pair in zip(names, chosen, strict=True) if _folded(pair[0]) not in ignored]
    frame = raw.frame.copy(deep=False)
    frame.columns = names
    source = {ours: theirs for theirs, ours in reversed(pairs)}
    kept = {ours: frame[source[ours]] for _, ours in pairs}
    constants = {ours: value for ours, value in mapping.constants.items() if ours in known}
    notes = [*_clashes(pairs, table), *_respelt(pairs, mapping, table)]
    notes += _replaced(constants, kept, table)
    kept |= {ours: _constant(value, len(frame)) for ours, value in constants.items()}
    applied = replace(
        raw,
        frame=pd.DataFrame(kept, index=frame.index, copy=False),
        findings=found.concat([raw.findings, *notes]),
        recodes={ours: mapping.levels[ours] for ours in kept if ours in mapping.levels},
        factors=_factors(mapping, kept, known),
    )
    return applied, used


def _folded(name):
    return name.strip().casefold()


def _choose(names, mapping, known):
    """Our name for each of theirs (their own where neither mapping nor codebook knows it)."""
    exact = set(names) & set(mapping.columns)
    folded = {_folded(theirs): theirs for theirs in mapping.columns if theirs not in exact}
    ours_folded = {_folded(name): name for name in known}
    chosen, used = [], set(exact)
    for name in names:
        source = name if name in exact else folded.get(_folded(name))
        target = mapping.columns.get(source)
        if source is not None:
            used.add(source)
        chosen.append(target if target in known else ours_folded.get(_folded(name), name))
    return chosen, used


def _clashes(pairs, table):
    sources = {}
    for theirs, ours in pairs:
        sources.setdefault(ours, []).append(f"'{theirs}'")
    wanted = "keep one of them, or name the other under `ignore` in the mapping file"
    return [
        found.make(
            table,
            "duplicate_column",
            "fatal",
            column=ours,
            found=" and ".join(theirs),
            wanted=wanted,
        )
        for ours, theirs in sources.items()
        if len(theirs) > 1
    ]


def _respelt(pairs, mapping, table):
    """A note for each column that is recognised though spelt differently and not mapped."""
    mapped = {_folded(theirs) for theirs in mapping.columns}
    return [
        found.make(table, "renamed_column", "note", column=ours, found=theirs, wanted=ours)
        for theirs, ours in pairs
        if theirs != ours and _folded(theirs) not in mapped
    ]


def _replaced(constants, kept, table):
    return [
        found.make(table, "constant_replaces_column", "warning", column=ours, wanted=value)
        for ours, value in constants.items()
        if ours in kept
    ]


def _constant(value, n_rows):
    return pd.Series(pd.Categorical.from_codes(np.zeros(n_rows, dtype="int8"), [value]))


def _factors(mapping, kept, known):
    units = {o: unit for o, unit in mapping.units.items() if o in kept and o in known}
    return {ours: DAYS[unit] / DAYS[known[ours].unit] for ours, unit in units.items()}


def unused(mapping, used):
    """Findings for the mapping's columns that none of the tables has.

    Parameters
    ----------
    mapping : Mapping
    used : set of str
        As returned by `apply`, over all tables.
    """
    absent = [theirs for theirs in mapping.columns if theirs not in used]
    if not absent:
        return found.empty()
    columns = [mapping.columns[theirs] for theirs in absent]
    return found.make(
        "cases", "mapping_column_absent", "warning", column=columns, found=absent, wanted=columns
    )
