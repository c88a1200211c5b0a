"""Published facts in rows: the CSV files of the codebook, each field declared and checked.

catalogue   every numbered rule, threshold and time window of the founding documents
benchmarks  published results, with what makes each comparable

The provenance of a published number:

printed   stands in the source
forced    the only whole number that gives the printed percentage
derived   computed from printed numbers
inferred  one reading among several; never tested
memory    not seen in any source; never tested, and its status is unverified
"""

import csv
from dataclasses import dataclass
from functools import cache
from importlib import resources

import pandas as pd

from mescc_analytics import codebook
from mescc_analytics.codebook.printed import RATIOS, benchmark_faults
from mescc_analytics.errors import CodebookError

DTYPES = {"text": "string", "integer": "Int64", "number": "Float64"}
YES_NO = ("yes", "no")
# "none": the figure is not about a treatment arm
BROAD_ARMS = ("all", *codebook.load("arms")["broad"], "none")


@dataclass(frozen=True)
class Field:
    """One field of a codebook CSV.

    Attributes
    ----------
    kind : {"text", "integer", "number"}
    needed : bool
        Whether every row fills it.
    allowed : tuple of str
        The values that it may have; empty: any.
    """

    kind: str = "text"
    needed: bool = False
    allowed: tuple = ()


def _one_of(*allowed):
    return Field(needed=True, allowed=allowed)


NEEDED = Field(needed=True)
FIELDS = {
    "catalogue": {
        "number": Field("integer", needed=True),
        "statement": NEEDED,
        "seed": NEEDED,
        "kind": _one_of(
            *("score", "flag", "indicator", "benchmark", "descriptor"),
            *("not_computable", "context"),
        ),
        "computed_by": Field(),
        "columns_needed": Field(),
        "available": _one_of(*YES_NO),
        "source": NEEDED,
        "status": _one_of(*codebook.STATUSES),
    },
    "benchmarks": {
        "benchmark_id": NEEDED,
        "study": NEEDED,
        "year": Field("integer"),
        "population": _one_of("mescc", "mescc_subset", "spine_metastases"),
        "arm": _one_of(*codebook.load("arms")["arms"], *BROAD_ARMS),
        "subgroup": Field(),
        "reference": Field(),
        "baseline": _one_of("all", "ambulatory", "non_ambulatory"),
        "outcome": NEEDED,
        "measure": _one_of(
            *("proportion", "median_days", "mean_days", "range", "at_most"),
            *RATIOS,
        ),
        "definition": _one_of(
            *("with_aids", "unaided", "from_mri", "from_presentation", "from_treatment_start"),
            *("from_randomisation", "from_symptoms", "from_back_pain", "from_consultation"),
            *("from_surgery", "sosg_2_3", "cord_deformed"),
            *("not_stated", "not_applicable"),
        ),
        "timepoint": Field(),
        "timepoint_days": Field("number"),
        "numerator": Field("integer"),
        "denominator": Field("integer"),
        "denominator_rule": _one_of(
            *("randomised", "treated", "operated", "assessed", "recorded", "segments"),
            *("with symptoms", "failures", "not_stated"),
        ),
        "death_rule": _one_of(
            *("alive_assessed", "composite", "kaplan_meier", "cumulative_incidence", "crude"),
            *("not_stated", "not_applicable"),
        ),
        "estimate": Field("number"),
        "ci_lower": Field("number"),
        "ci_upper": Field("number"),
        "p": Field("number"),
        "event_of_ratio": Field(),
        "source": NEEDED,
        "provenance": _one_of("printed", "forced", "derived", "inferred", "memory"),
        "status": _one_of(*codebook.STATUSES),
        "use_in_tests": _one_of(*YES_NO),
        "note": Field(),
    },
}
KEYS = {"catalogue": "number", "benchmarks": "benchmark_id"}


def parse_csv(text, name):
    """The rows of one codebook CSV.

    Parameters
    ----------
    text : str
        Comma separated, with a header; an empty field is missing.
    name : {"catalogue", "benchmarks"}

    Returns
    -------
    DataFrame, shape (n_rows, n_fields)
        Fields in declared order; text "string", whole numbers "Int64", numbers "Float64".
        Proportions are fractions of 1, times are days.

    Raises
    ------
    CodebookError
        Every fault at once: line, row, field, what was found and what was wanted.
    """
    fields = FIELDS[name]
    lines = list(csv.reader(text.splitlines()))
    faults = _shape_faults(lines, fields)
    if not faults:
        rows = [dict(zip(lines[0], line, strict=True)) for line in lines[1:]]
        faults = _row_faults(rows, name)
    if faults:
        raise CodebookError(f"codebook '{name}'", faults)
    return pd.DataFrame(
        {
            field: pd.array([row[field] or None for row in rows], dtype="string").astype(
                DTYPES[declared.kind]
            )
            for field, declared in fields.items()
        }
    )


def _shape_faults(lines, fields):
    header = lines[0] if lines else []
    faults = [f"field '{field}' is missing" for field in fields if field not in header]
    faults += [f"field '{field}' is not known" for field in header if field not in fields]
    faults += [
        f"field '{field}' stands twice"
        for field in dict.fromkeys(header)
        if header.count(field) > 1
    ]
    return faults + [
        f"line {number}: found {len(line)} fields, wanted {len(header)}"
        for number, line in enumerate(lines[1:], start=2)
        if len(line) != len(header)
    ]


def _row_faults(rows, name):
    key, seen, faults = KEYS[name], set(), []
    for number, row in enumerate(rows, start=2):
        where = f"line {number} ({row[key]})"
        found = _field_faults(row, FIELDS[name])
        if row[key] in seen:
            found.append(f"{key} stands twice")
        if name == "benchmarks" and not found:
            found += benchmark_faults(row)
        seen.add(row[key])
        faults += [f"{where}: {fault}" for fault in found]
    return faults


def _field_faults(row, fields):
    faults = []
    for field, declared in fields.items():
        value = row[field]
        if not value:
            faults += [f"{field} is empty"] if declared.needed else []
        elif declared.allowed and value not in declared.allowed:
            faults.append(f"{field} '{value}' is not one of {', '.join(declared.allowed)}")
        elif declared.kind != "text" and not _is_number(value, declared.kind):
            faults.append(f"{field} '{value}' is not a {DESCRIPTIONS[declared.kind]}")
    return faults


DESCRIPTIONS = {"integer": "whole number", "number": "number"}


def _is_number(text, kind):
    digits = text.removeprefix("-")
    if kind == "number":
        digits = digits.replace(".", "", 1)
    return digits.isascii() and digits.isdigit()


@cache
def _read(name):
    path = resources.files(codebook) / f"{name}.csv"
    return parse_csv(path.read_text(encoding="utf-8"), name)


def load_csv(name):
    """One CSV of the codebook; see ``parse_csv``. The caller's copy may be changed.

    >>> patchell = load_csv("benchmarks").set_index("benchmark_id").loc["patchell_rt_walking"]
    >>> int(patchell["numerator"]), int(patchell["denominator"]), patchell["death_rule"]
    (29, 51, 'composite')
    """
    if name not in FIELDS:
        raise CodebookError(f"codebook '{name}'", ["there is no such file"])
    return _read(name).copy()
