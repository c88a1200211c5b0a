"""The only place in which tables, settings and results touch the disk.

Writing is atomic (a temporary name in the same folder, then a rename) and the bytes depend on the
content alone. Reading restores the types that the codebook declares.
"""

import io
import json
import os
import re
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from mescc_analytics import codebook
from mescc_analytics.errors import TableError, UsageError
from mescc_analytics.tables.yaml_text import PlainLoader, TextLoader

ROW_GROUP_ROWS = 250_000
DTYPES = {
    "text": "string",
    "category": "string",
    "boolean": "boolean",
    "integer": "Int64",
    "number": "Float64",
}
# Columns of result files that are text even where every cell looks like a number (ECOG group 2).
RESULT_TEXT = (
    "analysis algorithm baseline cause code column contrast criterion endpoint estimand found "
    "group label level measure name needs note outcome reason reference rule section severity "
    "sosg_1c_policy sins_policy table term test text variable wanted"
).split()
# A cell that starts like this is run as a formula by spreadsheet programs.
FORMULA = r"^'*[=+\-@\t\r]"
NEUTRALISED = r"^'('*[=+\-@\t\r])"
PLAIN_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"


def contents(path, error=TableError):
    """The bytes of a file.

    Parameters
    ----------
    path : path-like
    error : type of MesccError
        Raised, with the reason in words, when the file cannot be read.
    """
    path = Path(path)
    if path.is_dir():
        raise error(f"'{path}'", ["it is a folder, not a file"])
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise error(f"'{path}'", ["there is no such file"]) from None
    except OSError as problem:
        raise error(f"'{path}'", [f"it cannot be read: {problem.strerror}"]) from None


def write_table(frame, path):
    """Write rows as Parquet (typed) or CSV, by the ending of `path`; the index is not written."""
    ending = Path(path).suffix.lower()
    if ending == ".csv":
        return write_csv(frame, path)
    if ending != ".parquet":
        raise UsageError(f"'{path}'", [f"the ending '{ending}' is not one of .csv, .parquet"])
    table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
    buffer = io.BytesIO()
    pq.write_table(table, buffer, row_group_size=ROW_GROUP_ROWS)
    write_bytes(buffer.getvalue(), path)


def read_table(path):
    """Read a table that this package wrote, with the types of the codebook.

    Parameters
    ----------
    path : path-like
        A .parquet or .csv file.

    Returns
    -------
    DataFrame with nullable dtypes. Codebook categories carry all their levels in codebook order;
    other categories (an `arm` stored with its order) stay as stored in Parquet and are text in CSV.

    Raises
    ------
    TableError
        When there is no such file or it is not readable.
    """
    if Path(path).suffix.lower() == ".csv":
        frame = read_csv(path)
    else:
        frame = parquet_frame(contents(path), path)
    declared = _declared()
    restored = {
        name: _restore(frame[name], declared[name]) if name in declared else frame[name]
        for name in frame
    }
    return pd.DataFrame(restored, index=frame.index, columns=frame.columns, copy=False)


def parquet_frame(content, path, *, text_as_categories=False):
    """Frame with nullable dtypes from the bytes of a Parquet file.

    Parameters
    ----------
    content : bytes
    path : path-like
        For the message only.
    text_as_categories : bool
        Read text as unordered categories, which is far smaller where texts repeat.
    """
    try:
        stored = pq.ParquetFile(pa.BufferReader(content))
        schema = stored.schema_arrow
        text = [column.name for column in schema if _is_arrow_text(column.type)]
        if text_as_categories:
            stored = pq.ParquetFile(pa.BufferReader(content), read_dictionary=text)
        table = stored.read()
    except (pa.ArrowException, OSError) as problem:
        reason = str(problem).splitlines()[0]
        raise TableError(f"'{path}'", [f"it is not a readable Parquet file: {reason}"]) from None
    twice = sorted({name for name in table.column_names if table.column_names.count(name) > 1})
    if twice:
        raise TableError(f"'{path}'", [f"the column '{name}' stands twice" for name in twice])
    # column by column in place of all of them twice; a million cases would hold 2 GiB for nothing
    frame = table.to_pandas(types_mapper=_nullable, ignore_metadata=True, self_destruct=True)
    del table
    pa.default_memory_pool().release_unused()
    return frame


def _is_arrow_text(arrow_type):
    return pa.types.is_string(arrow_type) or pa.types.is_large_string(arrow_type)


def _nullable(arrow_type):
    if pa.types.is_integer(arrow_type):
        return pd.Int64Dtype()
    if pa.types.is_floating(arrow_type):
        return pd.Float64Dtype()
    if pa.types.is_boolean(arrow_type):
        return pd.BooleanDtype()
    if _is_arrow_text(arrow_type):
        return pd.StringDtype()
    return None


def _declared():
    return {**codebook.columns("visits"), **codebook.columns("lesions"), **codebook.columns("all")}


def _restore(series, column):
    if column.type == "category":
        dtype = pd.CategoricalDtype(column.levels, ordered=False)
        known = series.dropna().astype("string").isin(column.levels).all()
        return series.astype(dtype) if known else series
    if column.type == "text" and isinstance(series.dtype, pd.CategoricalDtype):
        return series
    if column.type == "number":
        return pd.Series(series.to_numpy("float64", na_value=float("nan")), series.index).astype(
            "Float64"
        )
    return series.astype(DTYPES[column.type])


def write_csv(frame, path):
    """Write a frame as UTF-8 CSV that a spreadsheet opens without running anything.

    Numbers have their shortest exact form, booleans are True and False, missing is empty. Text
    that a spreadsheet would run as a formula, in a cell or a heading, gets a leading apostrophe,
    which `read_csv` takes away again.
    """
    safe = {name: _neutralised(frame[name]) for name in frame}
    text = pd.DataFrame(safe, columns=frame.columns)
    text.columns = _neutralised(pd.Series([str(name) for name in frame], dtype="string"))
    write_text(text.to_csv(index=False, lineterminator="\n"), path)


def _is_text(series):
    return isinstance(series.dtype, (pd.StringDtype, pd.CategoricalDtype)) or series.dtype == object


def _neutralised(series):
    if not _is_text(series):
        return series
    text = series.astype("string")
    risky = text.str.contains(FORMULA, na=False) & ~text.str.fullmatch(PLAIN_NUMBER, na=False)
    return text.mask(risky, "'" + text)


def read_csv(path):
    """Read a CSV that this package wrote; the text columns of codebook and results stay text.

    Returns
    -------
    DataFrame with nullable dtypes and a RangeIndex.

    Raises
    ------
    TableError
        When there is no such file or it is not readable.
    """
    text = {name: "string" for name in RESULT_TEXT}
    # pandas parses "Float64" less exactly than a plain double, so numbers are typed after reading
    declared = {name: DTYPES[column.type] for name, column in _declared().items()}
    typed = {name: "float64" if dtype == "Float64" else dtype for name, dtype in declared.items()}
    try:
        frame = pd.read_csv(
            io.BytesIO(contents(path)),
            dtype={**text, **typed},
            dtype_backend="numpy_nullable",
            keep_default_na=False,
            na_values=[""],
            float_precision="round_trip",
        )
    except (pd.errors.ParserError, pd.errors.EmptyDataError, ValueError) as problem:
        raise TableError(f"'{path}'", [f"it is not a readable CSV file: {problem}"]) from None
    # a table without rows gives pandas nothing to infer a type from
    for name in frame.columns[list(map(pd.api.types.is_object_dtype, frame.dtypes))]:
        frame[name] = frame[name].astype("string")
    for name in frame.columns[frame.dtypes == "float64"]:
        frame[name] = frame[name].astype("Float64")
    for name in frame.columns[[isinstance(dtype, pd.StringDtype) for dtype in frame.dtypes]]:
        frame[name] = frame[name].str.replace(NEUTRALISED, r"\1", regex=True)
    return frame.rename(columns=lambda name: re.sub(NEUTRALISED, r"\1", name))


def write_json(content, path):
    """Write JSON with sorted keys, two spaces and a newline at the end."""
    write_text(
        json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n",
        path,
    )


def write_text(text, path):
    """Write text as UTF-8, line ends as given."""
    write_bytes(text.encode("utf-8"), path)


def write_bytes(content, path):
    """Write bytes so that the file is either the old one or the whole new one; folders are made."""
    path = Path(path)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(content)
        os.replace(part, path)
    except OSError as problem:
        part.unlink(missing_ok=True)
        raise UsageError(f"'{path}'", [f"it cannot be written: {problem.strerror}"]) from None


def read_yaml(path, *, as_text=False):
    """Read a YAML file.

    Parameters
    ----------
    path : path-like
    as_text : bool
        False: only `true` and `false` are booleans. True: every scalar stays the text that was
        typed.

    Raises
    ------
    UsageError
        When there is no such file, it is not UTF-8, not YAML, or a key stands twice.
    """
    content = contents(path, UsageError)
    try:
        return yaml.load(content.decode("utf-8-sig"), Loader=TextLoader if as_text else PlainLoader)
    except UnicodeDecodeError:
        raise UsageError(f"'{path}'", ["it is not UTF-8 text"]) from None
    except yaml.YAMLError as problem:
        raise UsageError(
            f"'{path}'", [f"it is not YAML: {' '.join(str(problem).split())}"]
        ) from None
