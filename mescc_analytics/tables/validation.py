"""From cells to typed columns: a cell is read by the codebook or is missing, with a finding."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from mescc_analytics import codebook
from mescc_analytics.tables import cells
from mescc_analytics.tables import findings as found
from mescc_analytics.tables.numbers import Decimals, decimals
from mescc_analytics.tables.spelling import MISSING, did_you_mean, normal

NUMERIC = ("integer", "number")


@dataclass(frozen=True)
class Distinct:
    """A column as its distinct cells: `texts[codes]` are the cells, -1 is missing.

    `meanings` are the texts after the mapping file's recoding; `refused` says where a code list of
    the mapping leaves out a cell that is a code itself.
    """

    codes: np.ndarray
    texts: np.ndarray
    meanings: np.ndarray
    refused: str | None = None
    refused_at: np.ndarray | None = None


def convert(raw, table, *, required=None):
    """Typed columns of a table, and the findings of every cell that could not be read.

    Works on the distinct cells of each column. A bad cell becomes missing; its row is kept.

    Parameters
    ----------
    raw : Raw
        After `mapping.apply`.
    table : {"cases", "visits", "lesions"}
    required : tuple of str, optional
        Columns without which the table cannot be used; the codebook's by default.

    Returns
    -------
    frame : DataFrame, shape (n_rows, n_known_columns)
        Nullable dtypes, columns in codebook order, RangeIndex; with `sosg_partial` where
        `sosg_grade` is.
    findings : DataFrame
        Those of the file first.
    """
    known = codebook.columns(table)
    required = codebook.required(table) if required is None else tuple(required)
    present = [name for name in known if name in raw.frame]
    distinct = {
        name: _distinct(raw.frame[name], known[name], raw.recodes.get(name))
        for name in present
        if not _typed_already(raw.frame[name], known[name]) or name in raw.recodes
    }
    numeric = [distinct[name].meanings for name in distinct if known[name].type in NUMERIC]
    style = decimals(numeric, raw.delimiter)
    context = Context(table, raw.rows, _case_ids(distinct, len(raw.frame)), style, raw.factors)

    columns, parts = {}, [raw.findings, *_column_findings(raw, table, known, required)]
    for name in present:
        cells_of, series = distinct.get(name), raw.frame[name]
        reader, given = (
            (_convert_numbers, series) if cells_of is None else (_convert_texts, cells_of)
        )
        added, notes = reader(given, known[name], context)
        columns |= added
        parts += notes
        if name in required:
            parts.append(_required_findings(_blank_cells(series, cells_of), known[name], context))
    index = pd.RangeIndex(len(raw.frame))
    return pd.DataFrame(columns, index=index, copy=False), found.concat(parts)


@dataclass(frozen=True)
class Context:
    """What a finding needs to say where it is, and how numbers are written in this file."""

    table: str
    rows: np.ndarray
    case_ids: np.ndarray
    style: Decimals
    factors: dict


def _typed_already(series, column):
    is_number = pd.api.types.is_numeric_dtype(series.dtype)
    return column.type in NUMERIC and is_number and not pd.api.types.is_bool_dtype(series.dtype)


def _distinct(series, column, recode):
    if isinstance(series.dtype, pd.CategoricalDtype):
        codes, values = series.cat.codes.to_numpy(), series.cat.categories
    else:
        codes, values = pd.factorize(series)
    texts = np.array([_as_text(value) for value in values], dtype=object)
    meanings, refused, refused_at = texts, None, None
    if recode:
        meanings, refused, refused_at = _recoded(texts, column, recode)
    missing = np.array(
        [len(text) < 5 and text.casefold() in MISSING for text in meanings], dtype=bool
    )
    codes = np.append(np.where(missing, -1, np.arange(len(texts))), -1)[codes]
    return Distinct(codes, texts, meanings, refused, refused_at)


def _as_text(value):
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if hasattr(value, "isoformat"):
        return value.isoformat().removesuffix("T00:00:00")
    return str(value)


def _recoded(texts, column, recode):
    """Meanings of the texts; a code that the mapping leaves out is refused, not guessed."""
    levels = {
        normal(theirs): "" if ours in ("null", "~") else ours for theirs, ours in recode.items()
    }
    meanings = np.array([levels.get(normal(text), text) for text in texts], dtype=object)
    if column.type not in ("category", "boolean") or not any(map(str.isdigit, levels)):
        return meanings, None, None
    left_out = np.array(
        [normal(text).isdigit() and normal(text) not in levels for text in texts], dtype=bool
    )
    return meanings, f"one of the mapping file's {', '.join(recode)}", left_out


def _case_ids(distinct, n_rows):
    if "case_id" not in distinct:
        return np.full(n_rows, pd.NA, dtype=object)
    ids = distinct["case_id"]
    return np.append(ids.texts, pd.NA)[ids.codes]


def _convert_texts(distinct, column, context):
    """Typed columns (one, or two where partial spellings are kept) and findings."""
    reading = _read(distinct.meanings, column, context)
    reading_codes, wanted, values = reading.codes.copy(), reading.wanted.copy(), reading.values
    if distinct.refused_at is not None:
        values = np.where(distinct.refused_at, -1, values)
        reading_codes[distinct.refused_at], wanted[distinct.refused_at] = (
            "unknown_level",
            distinct.refused,
        )
    columns = {column.name: _typed(values, distinct.codes, column, reading_codes)}
    if reading.partial is not None:
        kept = np.where(reading_codes == "partial_level", reading.partial, None)
        columns["sosg_partial"] = pd.Series(
            pd.array(kept, dtype="string").take(distinct.codes, allow_fill=True)
        )
    problem = Problems(distinct.texts, reading_codes, wanted)
    return columns, _cell_findings(problem, distinct.codes, column, context)


def _read(texts, column, context):
    readers = {
        "text": cells.read_text,
        "category": cells.read_category,
        "boolean": cells.read_boolean,
    }
    if column.type in readers:
        return readers[column.type](texts, column)
    return cells.read_number(texts, column, context.style, context.factors.get(column.name, 1.0))


def _typed(values, codes, column, problems):
    if column.type == "category":
        dtype = pd.CategoricalDtype(column.levels, ordered=False)
        return pd.Series(pd.Categorical.from_codes(np.append(values, -1)[codes], dtype=dtype))
    if column.type == "boolean":
        taken = np.append(values, -1)[codes]
        return pd.Series(pd.arrays.BooleanArray(taken == 1, taken < 0))
    if column.type == "text":
        kept = pd.array(np.where(problems == "", values, None), dtype="string")
        return pd.Series(kept.take(codes, allow_fill=True))
    return _typed_numbers(np.append(values, np.nan)[codes], column)


def _typed_numbers(values, column):
    missing = np.isnan(values)
    if column.type == "integer":
        return pd.Series(
            pd.arrays.IntegerArray(np.where(missing, 0, values).astype("int64"), missing)
        )
    return pd.Series(pd.arrays.FloatingArray(np.where(missing, 0.0, values), missing))


def _convert_numbers(series, column, context):
    """Columns that were numbers already (Parquet): only range and wholeness are in question."""
    given = series.to_numpy("float64", na_value=np.nan)
    values = given * context.factors.get(column.name, 1.0)
    bad = np.flatnonzero(np.logical_or(*cells.refused_numbers(values, column)))
    _, codes, wanted = cells.check_numbers(values[bad], column)
    values[bad] = np.nan
    notes = []
    if len(bad):
        positions = np.full(len(series), -1)
        positions[bad] = np.arange(len(bad))
        texts = np.array([_as_text(value) for value in given[bad].tolist()], dtype=object)
        notes = _cell_findings(Problems(texts, codes, wanted), positions, column, context)
    return {column.name: _typed_numbers(values, column)}, notes


@dataclass(frozen=True)
class Problems:
    """Of distinct cells: what they hold, kind of problem ("" for none), what was wanted."""

    texts: np.ndarray
    codes: np.ndarray
    wanted: np.ndarray


def _cell_findings(problems, codes, column, context):
    notes = []
    for code in sorted(set(problems.codes) - {""}):
        at = np.flatnonzero(np.append(problems.codes == code, False)[codes])
        severity = "note" if code == "partial_level" else "error"
        notes.append(
            found.make(
                context.table,
                code,
                severity,
                case_id=context.case_ids[at],
                row=context.rows[at],
                column=column.name,
                found=problems.texts[codes[at]],
                wanted=problems.wanted[codes[at]],
            )
        )
    return notes


def _blank_cells(series, distinct):
    return np.flatnonzero(series.isna() if distinct is None else distinct.codes < 0)


def _required_findings(at, column, context):
    is_id = column.type == "text"
    return found.make(
        context.table,
        "blank_id" if is_id else "missing_required",
        "fatal" if is_id and context.table == "cases" else "error",
        case_id=context.case_ids[at],
        row=context.rows[at],
        column=column.name,
        found="",
        wanted=column.name,
    )


def _column_findings(raw, table, known, required):
    absent = [name for name in required if name not in raw.frame]
    unknown = [name for name in raw.frame if name not in known]
    parts = []
    if absent:
        parts.append(
            found.make(
                table, "absent_required_column", "fatal", column=absent, found="", wanted=absent
            )
        )
    if unknown:
        wanted = [f"in the codebook{did_you_mean(name, known)}" for name in unknown]
        parts.append(
            found.make(
                table, "unknown_column", "note", column=unknown, found=unknown, wanted=wanted
            )
        )
    return parts
