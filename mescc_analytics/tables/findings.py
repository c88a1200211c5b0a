"""Findings: one row per problem of an input table, and the words in which people read them.

A frame of findings has the columns of `COLUMNS`:

table     cases, visits or lesions
case_id   text, missing where the problem is not of one case
row       row number of the spreadsheet (the header is row 1), missing where the problem is of a
whole column column    name in the codebook, or as the table has it where the codebook does not
know it found     what the cell held
wanted    what it should have held
severity  fatal (nothing can be done with the table), error (the value, or the clock of the case,
cannot be
          used), warning (two columns contradict each other), note (for information)
code      the kind of problem
"""

import pandas as pd

COLUMNS = ("table", "case_id", "row", "column", "found", "wanted", "severity", "code")
SEVERITIES = ("fatal", "error", "warning", "note")
ROWS_SHOWN = 5
# How a problem is said: of one cell, of two columns, and the others.
OF_A_CELL = "'{found}' is not {wanted}"
CELL_CODES = {
    "bad_pattern",
    "not_a_boolean",
    "not_a_number",
    "not_an_integer",
    "out_of_range",
    "unknown_case",
    "unknown_level",
    "unreadable_level",
}
OF_TWO_COLUMNS = "{found}; wanted: {wanted}"
SENTENCES = {
    "absent_required_column": "column '{column}' is missing",
    "ambiguous_number": "'{found}' may be {wanted}; write it without a thousands separator",
    "blank_id": "the cell is empty; {wanted} is needed",
    "calendar_date": "'{found}' is a calendar date; wanted: {wanted}",
    "constant_replaces_column": "the mapping file's constant '{wanted}' replaces the column",
    "duplicate_column": "{found} stand for the same column; {wanted}",
    "duplicate_header": "the header stands {found}; {wanted}",
    "duplicate_id": "'{found}' stands in {wanted}; each case needs its own",
    "duplicate_lesion": "'{found}' stands in {wanted}; each lesion of a case needs its own",
    "empty_table": "the table has {found}; wanted: {wanted}",
    "fractional_day": "{found}; {wanted}",
    "mapping_column_absent": "none of the tables has the column '{found}' of the mapping file",
    "missing_required": "the cell is empty; {wanted} is needed",
    "partial_level": "'{found}' says less than {wanted}; kept as it is",
    "ragged_rows": "{found}; {wanted}",
    "renamed_column": "the column '{found}' is read as '{wanted}'",
    "unknown_column": "column '{found}' is not {wanted}; it is not used",
    "unnamed_column": "column {found} has cells but no header; {wanted}",
    "blank_rows": "{found} without any cell {wanted}",
    "read_as_windows_1252": "the file is not UTF-8; {wanted}",
}
WHOLE_COLUMN = {
    "absent_required_column",
    "unknown_column",
    "empty_table",
    "mapping_column_absent",
    "unnamed_column",
}


def empty():
    """A frame of no findings, with the types of one."""
    return pd.DataFrame({name: pd.array([], dtype=_dtype(name)) for name in COLUMNS})


def _dtype(name):
    return "Int64" if name == "row" else "string"


def make(table, code, severity, **columns):
    """Findings of one kind.

    Parameters
    ----------
    table, code : str
    severity : {"fatal", "error", "warning", "note"}
    columns : scalars or arrays, shape (n_findings,)
        Any of case_id, row, column, found, wanted; what is left out is missing.

    Returns
    -------
    DataFrame, shape (n_findings, 8); one row when every value is a scalar.
    """
    if severity not in SEVERITIES:
        raise ValueError(f"severity '{severity}' is not one of {', '.join(SEVERITIES)}")
    values = {"table": table, **columns, "severity": severity, "code": code}
    lengths = [
        len(value)
        for value in values.values()
        if not isinstance(value, (str, int)) and value is not None
    ]
    index = range(max(lengths, default=1))
    arrays = {name: pd.Series(values.get(name, pd.NA), index, dtype=object) for name in COLUMNS}
    return pd.DataFrame({name: array.astype(_dtype(name)) for name, array in arrays.items()})


def concat(parts):
    """All findings of a list of frames, in order, with a new index."""
    parts = [part for part in parts if len(part)]
    return pd.concat(parts, ignore_index=True) if parts else empty()


def counts(findings):
    """Number of findings of each kind.

    Returns
    -------
    DataFrame with columns table, column, severity, code, n; the most severe first, then in order
    of appearance.
    """
    keys = ["table", "column", "severity", "code"]
    grouped = findings.groupby(keys, sort=False, dropna=False).size().reset_index(name="n")
    return grouped.iloc[_by_severity(grouped)].reset_index(drop=True)


def _by_severity(frame):
    return frame["severity"].map(SEVERITIES.index).astype("int64").argsort(kind="stable")


def sentences(findings, limit=None):
    """One sentence per kind of problem, the most severe first.

    Parameters
    ----------
    findings : DataFrame
        As made by `make`.
    limit : int, optional
        Most sentences to return; the last one then says how many more there are.

    Returns
    -------
    list of str
        Each says where, what was found, what was wanted. Equal problems of several rows share a
        sentence: "rows 4, 9 and 17, sex: 'm' is not ...".
    """
    keys = ["severity", "table", "code", "column", "found", "wanted"]
    text = findings.assign(**{key: findings[key].fillna("") for key in keys})
    rows = text.groupby(keys, sort=False)["row"].agg(list).reset_index()
    rows = rows.iloc[_by_severity(rows)]
    shown = rows if limit is None else rows.head(limit)
    lines = [_sentence(kind) for kind in shown.to_dict("records")]
    hidden = len(rows) - len(shown)
    return lines + ([f"and {hidden} more kinds of problem, all in the findings"] if hidden else [])


def _sentence(kind):
    rows = [row for row in kind["row"] if not pd.isna(row)]
    column = "" if kind["code"] in WHOLE_COLUMN else kind["column"]
    where = ", ".join(part for part in (_rows(rows), column) if part)
    default = OF_A_CELL if kind["code"] in CELL_CODES else OF_TWO_COLUMNS
    template = SENTENCES.get(kind["code"], default)
    sentence = template.format(**kind)
    return f"{where}: {sentence}" if where else sentence


def _rows(rows):
    names = [str(row) for row in rows[:ROWS_SHOWN]]
    if len(rows) > ROWS_SHOWN:
        return f"rows {', '.join(names)} and {len(rows) - ROWS_SHOWN} more"
    if len(rows) > 1:
        return f"rows {', '.join(names[:-1])} and {names[-1]}"
    return f"row {names[0]}" if rows else ""


def describe(findings, limit=None, names=None):
    """Findings as text for people, a paragraph per table.

    Parameters
    ----------
    findings : DataFrame
        As made by `make`.
    limit : int, optional
        Most sentences per table.
    names : dict of str to str, optional
        File names to print instead of "cases", "visits", "lesions".

    Returns
    -------
    str
        Empty when there is nothing to say.
    """
    paragraphs = []
    for table in findings["table"].unique():
        part = findings[findings["table"] == table]
        name = (names or {}).get(table, table)
        lines = "\n".join(f"  - {line}" for line in sentences(part, limit))
        paragraphs.append(f"'{name}' {_verdict(part)}:\n{lines}")
    return "\n".join(paragraphs)


def _verdict(part):
    n = part["severity"].value_counts()
    if "fatal" in n:
        return "cannot be used"
    said = [f"{n[name]} {name}{'s' if n[name] > 1 else ''}" for name in SEVERITIES if name in n]
    return f"can be used, with {', '.join(said)}"
