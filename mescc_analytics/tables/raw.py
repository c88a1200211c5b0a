"""Reading foreign tables: CSV in the encodings and dialects that hospitals export, XLSX, Parquet.

Nothing is interpreted here. Every cell of a CSV or XLSX stays the text that it was (`0007` stays
`0007`); Parquet keeps its types. What a cell means is decided in `validation`.
"""

import csv
import io
import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pa_csv

from mescc_analytics.errors import TableError
from mescc_analytics.tables import findings as found
from mescc_analytics.tables.files import contents, parquet_frame

DELIMITERS = (",", ";", "\t")
FIRST_DATA_ROW = 2
LONGEST_CELL = 10_000_000


@dataclass(frozen=True)
class Raw:
    """A table as it was found.

    Attributes
    ----------
    name : str
        File name, for messages.
    frame : DataFrame, shape (n_rows, n_columns)
        Text cells as categories of text (missing: blank), or the types of a Parquet file.
    rows : int array, shape (n_rows,)
        Row numbers as a spreadsheet shows them; the header is row 1.
    findings : DataFrame
        Problems of the file as a whole.
    delimiter : str or None
        Of a CSV file. Where it is None, a point in a number is certainly a decimal point.
    recodes : dict of str to dict
        Column name in the codebook to {spelling in the table: level}; filled in by the mapping.
    factors : dict of str to float
        Column name in the codebook to the factor that converts to its unit; filled in by the
        mapping.
    """

    name: str
    frame: pd.DataFrame
    rows: np.ndarray
    findings: pd.DataFrame
    delimiter: str | None = None
    recodes: dict = field(default_factory=dict)
    factors: dict = field(default_factory=dict)


def read_raw(path, table="cases"):
    """Read a CSV, XLSX or Parquet file without interpreting its cells.

    CSV: UTF-8, UTF-8 or UTF-16 with byte order mark, Windows-1252; comma, semicolon or tab,
    decided from the header; quoted cells may hold delimiters and line ends. Wholly blank rows are
    left out with a note, short rows are filled with blanks; cells beyond the header are a fatal
    finding. XLSX: the first sheet.

    Parameters
    ----------
    path : path-like
        Its ending (.csv, .tsv, .txt, .xlsx, .xlsm, .parquet) decides how it is read.
    table : {"cases", "visits", "lesions"}
        Named in the findings.

    Returns
    -------
    Raw

    Raises
    ------
    TableError
        When there is no such file, it is not what its ending says, or it has no rows.
    """
    readers = {".csv": _read_csv, ".tsv": _read_csv, ".txt": _read_csv, ".parquet": _read_parquet}
    readers |= {".xlsx": _read_xlsx, ".xlsm": _read_xlsx}
    ending = Path(path).suffix.lower()
    content = contents(path)
    if ending not in readers:
        advice = f"the ending '{ending}' is not one of {', '.join(readers)}"
        raise TableError(f"'{path}'", [advice + ("; save it as .xlsx" if ending == ".xls" else "")])
    if not content.strip():
        raise TableError(f"'{path}'", ["the file is empty"])
    return readers[ending](content, path, table)


def _read_parquet(content, path, table):
    frame = parquet_frame(content, path, text_as_categories=True)
    frame = frame.drop(
        columns=[name for name in frame if re.fullmatch(r"__index_level_\d+__", name)]
    )
    for name in frame.columns[list(map(pd.api.types.is_object_dtype, frame.dtypes))]:
        if not _holds_dates(frame[name]):
            frame[name] = frame[name].map(str, na_action="ignore").astype("string")
    rows = np.arange(len(frame)) + FIRST_DATA_ROW
    return Raw(Path(path).name, frame, rows, _no_rows(frame, table))


def _holds_dates(series):
    return pd.api.types.infer_dtype(series, skipna=True) in ("date", "datetime", "time")


def _no_rows(frame, table):
    if len(frame):
        return found.empty()
    severity = "fatal" if table == "cases" else "note"
    wanted = f"one row per {table.removesuffix('s')}"
    return found.make(table, "empty_table", severity, found="a header but no rows", wanted=wanted)


def _read_xlsx(content, path, table):
    from mescc_analytics.tables.xlsx import sheet_records

    records = sheet_records(content, path)
    return _from_records(records, path, table, delimiter=None)


def _read_csv(content, path, table):
    text, notes = _decode(content, path, table)
    first = text.split("\n", 1)[0]
    told = re.fullmatch(r"sep=(.)\r?", first)
    text = text[len(first) + 1 :] if told else text
    delimiter = told[1] if told else _delimiter(text)
    raw = _fast(text, path, table, delimiter) or _from_records(
        _records(text, path, delimiter), path, table, delimiter=delimiter
    )
    return Raw(raw.name, raw.frame, raw.rows, found.concat([notes, raw.findings]), delimiter)


def _decode(content, path, table):
    """Text with \\n line ends, and a note where the encoding had to be guessed."""
    notes = found.empty()
    try:
        if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
            text = content.decode("utf-16")
        else:
            text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace")
        notes = found.make(
            table, "read_as_windows_1252", "note", wanted="its letters were read as Windows-1252"
        )
    if "\0" in text or "\ufffd" in text and len(notes) or content[:4] == b"PK\x03\x04":
        raise TableError(
            f"'{path}'",
            ["it is not a text table: it holds binary data, or UTF-16 without a byte order mark"],
        )
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text, notes


def _header(text):
    """The first line; a quoted name may hold a line end."""
    return re.match(r'(?:"(?:[^"]|"")*"|[^"\n])*', text)[0]


def _delimiter(text):
    """The commonest of the three delimiters in the header outside quotes; else the comma."""
    unquoted = re.sub(r'"(?:[^"]|"")*"', "", _header(text.lstrip("\n")))
    return max(DELIMITERS, key=unquoted.count)


def _fast(text, path, table, delimiter):
    """The whole file at once, or None where rows or names must be looked at one by one."""
    text = text.rstrip("\n")
    quoted = text.count('"')
    names = next(csv.reader(io.StringIO(_header(text)), delimiter=delimiter), [])
    stripped = [name.strip() for name in names]
    if len(set(stripped)) != len(stripped) or "" in stripped or "\n\n" in text or len(stripped) < 2:
        return None
    if quoted % 2:
        return None
    try:
        frame = _arrow_frame(text, names, delimiter)
    except pa.ArrowInvalid:
        return None
    if quoted and _swallows_lines(frame):
        return None
    frame.columns = stripped
    rows = np.arange(len(frame)) + FIRST_DATA_ROW
    return _without_blank_rows(Path(path).name, frame, rows, table)


def _swallows_lines(frame):
    """Whether a cell holds a line end: meant so, or a quotation mark that was never closed."""
    return any("\n" in "|".join(frame[name].cat.categories) for name in frame)


def _arrow_frame(text, names, delimiter):
    as_text = pa.dictionary(pa.int32(), pa.string())
    arrow = pa_csv.read_csv(
        pa.BufferReader(text.encode("utf-8")),
        read_options=pa_csv.ReadOptions(block_size=1 << 24),
        parse_options=pa_csv.ParseOptions(
            delimiter=delimiter, newlines_in_values='"' in text, ignore_empty_lines=False
        ),
        convert_options=pa_csv.ConvertOptions(
            column_types=dict.fromkeys(names, as_text), strings_can_be_null=True, null_values=[""]
        ),
    )
    return arrow.unify_dictionaries().to_pandas(self_destruct=True)


def _records(text, path, delimiter):
    csv.field_size_limit(LONGEST_CELL)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    # equal cells share one text: a million rows with one ragged row among them stay in memory
    shared = {}
    try:
        return [[shared.setdefault(cell, cell) for cell in cells] for cells in reader]
    except csv.Error as problem:
        reason = f"a quotation mark is not closed, or text follows it ({problem})"
        raise TableError(f"'{path}'", [reason]) from None


def _from_records(records, path, table, delimiter):
    """A table from lists of cells of any length; the first list with a cell is the header."""
    start = next((at for at, cells in enumerate(records) if any(map(str.strip, cells))), None)
    if start is None:
        raise TableError(f"'{path}'", ["the file is empty"])
    names = [name.strip() for name in records[start]]
    while names and not names[-1]:
        names.pop()
    body = records[start + 1 :]
    rows = np.arange(len(body)) + start + FIRST_DATA_ROW
    surplus = np.array([any(map(str.strip, cells[len(names) :])) for cells in body], dtype=bool)
    width = len(names)
    padded = [cells[:width] + [""] * (width - len(cells)) for cells in body]
    columns = [
        pd.Categorical([cell or None for cell in cells]) for cells in zip(*padded, strict=True)
    ]
    columns = columns or [pd.Categorical([]) for _ in names]
    frame, notes = _named(columns, names, table)
    raw = _without_blank_rows(Path(path).name, frame, rows, table)
    ragged = [_ragged(rows[surplus], table)] if surplus.any() else []
    return Raw(
        raw.name, raw.frame, raw.rows, found.concat([*notes, *ragged, raw.findings]), delimiter
    )


def _named(columns, names, table):
    """Columns under their names; the same name twice is fatal, no name means not used."""
    kept, notes = {}, []
    for position, (name, column) in enumerate(zip(names, columns, strict=True), start=1):
        if not name and len(column.categories):
            notes.append(
                found.make(
                    table, "unnamed_column", "warning", found=str(position), wanted="it is not used"
                )
            )
        elif name and name in kept:
            notes.append(
                found.make(
                    table,
                    "duplicate_header",
                    "fatal",
                    column=name,
                    found=f"{names.count(name)} times",
                    wanted="each column needs its own name",
                )
            )
        elif name:
            kept[name] = column
    return pd.DataFrame(kept, index=range(len(columns[0]) if columns else 0)), notes


def _ragged(rows, table):
    wanted = "a cell that holds the delimiter must stand in quotation marks"
    return found.make(
        table, "ragged_rows", "fatal", row=rows, found="more cells than the header", wanted=wanted
    )


def _without_blank_rows(name, frame, rows, table):
    blank = np.ones(len(frame), dtype=bool)
    for column in frame:
        values = frame[column]
        spaces = [category for category in values.cat.categories if not category.strip()]
        blank &= (values.isna() | values.isin(spaces)).to_numpy()
        if not blank.any():
            break
    notes = []
    if blank.any():
        n = f"{blank.sum()} row{'s' if blank.sum() > 1 else ''}"
        left_out = "was left out" if blank.sum() == 1 else "were left out"
        notes.append(found.make(table, "blank_rows", "note", found=n, wanted=left_out))
        frame, rows = frame[~blank].reset_index(drop=True), rows[~blank]
    return Raw(name, frame, rows, found.concat([*notes, _no_rows(frame, table)]))
