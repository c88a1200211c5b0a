"""Numbers as people type them: decimal points and commas, and dates in the place of days."""

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd

POINT = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?", re.IGNORECASE)
COMMA = re.compile(r"[+-]?\d*,\d+")
# 1,234 may be one and a bit or more than a thousand; 0,234 and 12,5 and 1234,567 may not
THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}[.,]\d{3}")
DATE = re.compile(
    r"\d{4}[-/.]\d{1,2}([-/.]\d{1,2}([T ].*)?)?|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}(\s.*)?"
    r"|(\d{1,2}[-. ]?\s?)?[a-z]{3,9}[-. ]\s?(\d{1,2},?\s)?\d{2,4}",
    re.IGNORECASE,
)
NINETY_OR_OLDER = re.compile(
    r"(?:>=|≥)\s*90|>\s*89|90\s*(?:\+|(?:years?\s+)?(?:or|and)\s+(?:older|over|above))",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Decimals:
    """How a file writes decimals.

    Attributes
    ----------
    comma, point : bool
        Some number of the file has a mark that can only be a decimal comma, or a decimal point.
    delimiter : str or None
        Of the file; None where numbers were not text.
    """

    comma: bool = False
    point: bool = False
    delimiter: str | None = None

    def ambiguous(self, text):
        """Whether a mark before three digits could be either a decimal or a thousands separator."""
        if not THOUSANDS.fullmatch(text):
            return False
        if "," in text:
            return self.point or self.delimiter == ","
        return self.comma and self.delimiter is not None


def decimals(columns, delimiter):
    """Evidence on decimal marks from all numeric columns of a file.

    Parameters
    ----------
    columns : list of arrays of str
        Distinct cells of each column.
    delimiter : str or None
        Of the file.

    Returns
    -------
    Decimals
    """
    # a join looks into a million cells at once; most files have no comma at all
    if not any("," in "|".join(texts) for texts in columns):
        return Decimals(delimiter=delimiter)
    comma = any(_clear(texts, COMMA) for texts in columns)
    return Decimals(
        comma, any(_clear(texts, re.compile(r"[+-]?\d*\.\d+")) for texts in columns), delimiter
    )


def _clear(texts, pattern):
    return any(pattern.fullmatch(text) and not THOUSANDS.fullmatch(text) for text in texts)


def parse(texts, style):
    """Numbers of distinct cells.

    Parameters
    ----------
    texts : array of str, shape (n,)
        Trimmed, none missing.
    style : Decimals

    Returns
    -------
    values : float array, shape (n,)
        NaN where the cell cannot be read.
    codes : object array of str, shape (n,)
        "" where it was read, else not_a_number, ambiguous_number or calendar_date.
    """
    values = pd.to_numeric(pd.Series(texts, dtype=object), errors="coerce").to_numpy(
        "float64", copy=True
    )
    codes = np.full(len(texts), "", dtype=object)
    doubtful = ~np.isfinite(values)
    if style.comma and style.delimiter is not None:
        doubtful |= np.array(["." in text for text in texts], dtype=bool)
    for at in np.flatnonzero(doubtful):
        values[at], codes[at] = _parse_one(texts[at], style)
    return values, codes


def _parse_one(text, style):
    text = text.replace("\u2212", "-")
    if style.ambiguous(text):
        return np.nan, "ambiguous_number"
    if POINT.fullmatch(text) or COMMA.fullmatch(text):
        return float(text.replace(",", ".")), ""
    return np.nan, "calendar_date" if DATE.fullmatch(text) else "not_a_number"
