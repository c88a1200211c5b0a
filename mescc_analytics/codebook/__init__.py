"""Published facts as data: one YAML file per subject, each with source, version and status.

A change of the codebook is a correction; a choice that a study may vary is config instead.
"""

import re
from dataclasses import dataclass, field
from functools import cache
from importlib import resources

import yaml

from mescc_analytics.errors import CodebookError

STATUSES = ("verified", "secondary", "unverified")
TYPES = ("text", "category", "boolean", "integer", "number")
ROLES = ("administration", "baseline", "clock", "treatment", "outcome", "derived")
TABLES = ("cases", "visits", "lesions", "derived")


# The C parser reads the same language ten times faster; wheels of PyYAML carry it.
FastestLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class PlainLoader(FastestLoader):
    """YAML in which only true and false are booleans: `no` and `off` stay words."""


PlainLoader.yaml_implicit_resolvers = {
    first: [
        (tag, pattern)
        for tag, pattern in pairs
        if tag not in ("tag:yaml.org,2002:bool", "tag:yaml.org,2002:timestamp")
    ]
    for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
PlainLoader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$"), list("tf")
)


@dataclass(frozen=True)
class Column:
    """One column of an input table, as declared in case_table.yaml.

    Attributes
    ----------
    name, label : str
    type : {"text", "category", "boolean", "integer", "number"}
    role : {"administration", "baseline", "clock", "treatment", "outcome", "derived"}
    unit, hint, pattern, example : str or None
    levels, partial : tuple of str
        Valid levels in order; spellings that say less than a level.
    words : dict of str to str
        Levels that read better than with blanks in place of underscores.
    min, max : float or None
        Inclusive range.
    bands : tuple of float
        Lower limits of the groups in which a number is shown.
    identifier : {"none", "quasi", "pseudonym"}
    """

    name: str
    type: str
    role: str
    label: str
    unit: str | None = None
    levels: tuple = ()
    words: dict = field(default_factory=dict)
    partial: tuple = ()
    min: float | None = None
    max: float | None = None
    bands: tuple = ()
    pattern: str | None = None
    example: str | None = None
    hint: str | None = None
    identifier: str = "none"


def parse(text, name):
    """The content of one codebook file; raises CodebookError that lists every fault in words."""
    try:
        content = yaml.load(text, Loader=PlainLoader)
    except yaml.YAMLError as error:
        raise CodebookError(f"codebook '{name}'", [" ".join(str(error).split())]) from None
    if not isinstance(content, dict):
        raise CodebookError(f"codebook '{name}'", ["the file is not a mapping of keys to values"])
    faults = [
        f"'{key}' is missing" for key in ("source", "version", "status") if not content.get(key)
    ]
    faults += _status_faults(content, ())
    if name == "case_table":
        faults += _table_faults(content)
    if faults:
        raise CodebookError(f"codebook '{name}'", faults)
    return content


def _status_faults(node, path):
    faults = []
    if isinstance(node, dict):
        if "status" in node and node["status"] not in STATUSES:
            where = ".".join((*path, "status"))
            faults.append(f"{where}: '{node['status']}' is not one of {', '.join(STATUSES)}")
        for key, value in node.items():
            faults += _status_faults(value, (*path, str(key)))
    return faults


def _table_faults(content):
    faults = [f"table '{table}' is missing" for table in TABLES if table not in content]
    for table in set(TABLES) & set(content):
        columns = content[table].get("columns", {})
        faults += [
            f"{table}: required column '{name}' is not declared"
            for name in content[table].get("required", [])
            if name not in columns
        ]
        for name, entry in columns.items():
            faults += [f"{table}.{name}: {fault}" for fault in _column_faults(entry)]
    return faults


def _column_faults(entry):
    known = set(Column.__dataclass_fields__) - {"name"}
    faults = [f"unknown key '{key}'" for key in entry if key not in known]
    faults += [f"'{key}' is missing" for key in ("type", "role", "label") if key not in entry]
    if entry.get("type") not in TYPES:
        faults.append(f"type '{entry.get('type')}' is not one of {', '.join(TYPES)}")
    if entry.get("role") not in ROLES:
        faults.append(f"role '{entry.get('role')}' is not one of {', '.join(ROLES)}")
    if (entry.get("type") == "category") != bool(entry.get("levels")):
        faults.append("levels belong to a category, and a category needs levels")
    levels = [*entry.get("levels", []), *entry.get("partial", [])]
    faults += [
        f"words for '{level}', which is no level"
        for level in entry.get("words", {})
        if level not in levels
    ]
    faults += [
        f"level {level!r} is not text: put it in quotes"
        for level in levels
        if not isinstance(level, str)
    ]
    if len(set(map(str, levels))) != len(levels):
        faults.append("a level is listed twice")
    return faults


@cache
def load(name):
    """One codebook file by name, for example ``load("sins")``; parsed once."""
    path = resources.files(__name__) / f"{name}.yaml"
    if not path.is_file():
        raise CodebookError(f"codebook '{name}'", ["there is no such file"])
    return parse(path.read_text(encoding="utf-8"), name)


@cache
def columns(table="cases"):
    """Columns of one table in codebook order: dict of name to Column; "all" adds the derived ones
    to the cases.
    """
    if table == "all":
        return {**columns("cases"), **columns("derived")}
    entries = load("case_table")[table]["columns"]
    as_tuple = {"levels", "partial", "bands"}
    return {
        name: Column(
            name=name,
            **{key: tuple(value) if key in as_tuple else value for key, value in entry.items()},
        )
        for name, entry in entries.items()
    }


def required(table="cases"):
    """Names of the columns without which a table cannot be used."""
    return tuple(load("case_table")[table]["required"])


def label(column, level=None):
    """The words for a column or for one of its levels; an unknown name is its own label.

    >>> label("sosg_grade"), label("primary_histology", "head_and_neck"), label("arm", "cebrt_long")
    ('SOSG/ESCC grade', 'head and neck', 'cEBRT, long course')
    """
    if level is None:
        return columns("all")[column].label if column in columns("all") else column
    if column == "arm":
        arms = load("arms")
        return (arms["first_treatment"] | arms["arms"]).get(level, {}).get("label", level)
    if column == "pathway":
        return load("pathway")["pathways"].get(level, level)
    words = columns("all")[column].words if column in columns("all") else {}
    return words.get(level, str(level).replace("_", " "))
