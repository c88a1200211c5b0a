"""Decision tables as ASCII, typed by the codebook, so that a clinician can read the tests."""

import pandas as pd

from mescc_analytics import codebook

DTYPES = {"text": "string", "boolean": "boolean", "integer": "Int64", "number": "Float64"}
WORDS = {"yes": True, "no": False}


def parse(text):
    """Rows of ``a | b`` under a header line as lists of text; a blank cell is missing."""
    lines = [
        line
        for line in text.strip().splitlines()
        if line.strip() and not line.lstrip().startswith("#")
    ]
    header, *rows = [[cell.strip() for cell in line.split("|")] for line in lines]
    return header, rows


EXPECTED = ("pathway", "rule", "missing", "arm", "verdict")


def cases(text):
    """A typed case table (columns of the codebook) and the expected columns as text."""
    header, rows = parse(text)
    frame = pd.DataFrame(rows, columns=header).replace("", pd.NA)
    given = [name for name in header if name not in EXPECTED]
    expected = frame[[name for name in header if name in EXPECTED]]
    return typed_cases(frame[given]), expected


def typed_cases(frame):
    """Columns of text with the types of the codebook."""
    known = codebook.columns("all")
    return pd.DataFrame({name: _typed(frame[name], known[name]) for name in frame})


def _typed(series, column):
    if column.type == "category":
        return pd.Series(pd.Categorical(series, list(column.levels)))
    if column.type == "boolean":
        return series.map(WORDS).astype("boolean")
    if column.type == "text":
        return series.astype("string")
    return pd.to_numeric(series).astype(DTYPES[column.type])
