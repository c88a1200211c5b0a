"""The first sheet of an Excel workbook as rows of text."""

import datetime
import io
import warnings
import zipfile
import zlib
from xml.etree.ElementTree import ParseError

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from mescc_analytics.errors import TableError

UNREADABLE = (
    zipfile.BadZipFile,
    InvalidFileException,
    ParseError,
    zlib.error,
    EOFError,
    KeyError,
    ValueError,
    OSError,
)


def sheet_records(content, path):
    """Rows of the first sheet, each a list of texts; the first is row 1 of the spreadsheet.

    Parameters
    ----------
    content : bytes
    path : path-like
        For the message only.

    Returns
    -------
    list of list of str
        Whole numbers without a decimal point, booleans as true and false, dates in ISO form,
        blanks as "".

    Raises
    ------
    TableError
        When it is not a readable workbook (truncated, encrypted, another kind of file).
    """
    try:
        with warnings.catch_warnings():
            # openpyxl warns about styles and drop-down lists, which say nothing about the cells
            warnings.simplefilter("ignore")
            book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
            sheet = book.worksheets[0]
            # some programs write a wrong size of the sheet, and rows would be cut off
            sheet.reset_dimensions()
            records = [[_text(cell) for cell in row] for row in sheet.iter_rows(values_only=True)]
            book.close()
    except (*UNREADABLE, IndexError):
        raise TableError(
            f"'{path}'",
            ["it is not a readable Excel workbook (damaged, encrypted, or another kind of file)"],
        ) from None
    return records


def _text(cell):
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, (datetime.datetime, datetime.date, datetime.time)):
        return cell.isoformat().removesuffix("T00:00:00")
    return str(cell)
