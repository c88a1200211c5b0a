"""Foreign tables are read cell by cell as they are, or refused in words."""

import datetime
import io

import numpy as np
import pandas as pd
import pytest
from openpyxl import Workbook

from mescc_analytics.errors import TableError
from mescc_analytics.tables import findings
from mescc_analytics.tables.raw import read_raw


@pytest.fixture
def given(tmp_path):
    """Writes a file and reads it as a raw table."""

    def read(content, name="cases.csv"):
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return read_raw(path)

    return read


def cells(raw):
    """Rows as lists; "-" for a blank."""
    return raw.frame.astype("string").fillna("-").to_numpy().tolist()


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_delimiters_and_line_ends(given, delimiter, line_end):
    raw = given(f"case_id,age{line_end}0007,64{line_end}0008,{line_end}".replace(",", delimiter))
    assert list(raw.frame) == ["case_id", "age"]
    assert cells(raw) == [["0007", "64"], ["0008", "-"]]
    assert raw.delimiter == delimiter
    assert raw.rows.tolist() == [2, 3]
    assert raw.findings.empty


@pytest.mark.parametrize(
    "encoding, codes",
    [
        ("utf-8", []),
        ("utf-8-sig", []),
        ("utf-16", []),
        ("cp1252", ["read_as_windows_1252"]),
    ],
)
def test_encodings(given, encoding, codes):
    raw = given("case_id;site\n1;Köln\n".encode(encoding))
    assert list(raw.frame) == ["case_id", "site"]
    assert cells(raw) == [["1", "Köln"]]
    assert raw.findings["code"].tolist() == codes


def test_utf_16_big_endian_with_byte_order_mark(given):
    assert cells(given(b"\xfe\xff" + "a,b\n1,ü\n".encode("utf-16-be"))) == [["1", "ü"]]


def test_the_delimiter_is_decided_outside_quotes(given):
    raw = given('"id, as given; text";"b"\n"1,5";2\n')
    assert list(raw.frame) == ["id, as given; text", "b"]
    assert cells(raw) == [["1,5", "2"]]


def test_the_line_with_which_excel_names_the_delimiter(given):
    assert cells(given("sep=;\na;b\n1;2\n")) == [["1", "2"]]


def test_quoted_cells_hold_delimiters_quotes_and_line_ends(given):
    raw = given('a,b\n"x, ""y""","two\nlines"\n3,4\n')
    assert cells(raw) == [['x, "y"', "two\nlines"], ["3", "4"]]
    assert raw.rows.tolist() == [2, 3]


def test_a_quotation_mark_inside_a_cell_is_text(given):
    assert cells(given('a,b\n5" wide,2\n3,4\n')) == [['5" wide', "2"], ["3", "4"]]


def test_short_rows_are_filled_and_blank_surplus_is_dropped(given):
    raw = given("a,b,c\n1\n1,2,3,,\n")
    assert cells(raw) == [["1", "-", "-"], ["1", "2", "3"]]
    assert raw.findings.empty


def test_surplus_cells_are_fatal(given):
    raw = given("a,b\n1,2,3\n1,2\n4,5,6\n")
    assert findings.sentences(raw.findings) == [
        "rows 2 and 4: more cells than the header; a cell that holds the delimiter must stand in "
        "quotation marks"
    ]
    assert raw.findings["severity"].tolist() == ["fatal", "fatal"]


@pytest.mark.parametrize("blank", ["", ",", " , ", ",,,"])
def test_blank_rows_are_left_out_and_rows_keep_their_numbers(given, blank):
    raw = given(f"a,b\n1,2\n{blank}\n3,4\n{blank}\n{blank}\n5,6\n")
    assert cells(raw) == [["1", "2"], ["3", "4"], ["5", "6"]]
    assert raw.rows.tolist() == [2, 4, 7]
    assert findings.sentences(raw.findings) == ["3 rows without any cell were left out"]


def test_blank_lines_above_the_header_count(given):
    assert given("\n\na,b\n1,2\n").rows.tolist() == [4]


def test_names_are_trimmed_and_blank_columns_dropped(given):
    raw = given(" a ,,b,\n1,,2,\n")
    assert list(raw.frame) == ["a", "b"]
    assert raw.findings.empty


def test_cells_without_a_name_are_told(given):
    raw = given("a,,b\n1,x,2\n")
    assert list(raw.frame) == ["a", "b"]
    assert findings.sentences(raw.findings) == ["column 2 has cells but no header; it is not used"]


def test_a_name_that_stands_twice_is_fatal(given):
    raw = given("a,b,a\n1,2,3\n")
    assert cells(raw) == [["1", "2"]]
    assert findings.sentences(raw.findings) == [
        "a: the header stands 2 times; each column needs its own name"
    ]
    assert raw.findings["severity"].tolist() == ["fatal"]


def test_one_column(given):
    assert cells(given("case_id\n1\n2\n")) == [["1"], ["2"]]


def test_a_header_without_rows(given):
    raw = given("case_id,died\n")
    assert list(raw.frame) == ["case_id", "died"]
    assert findings.sentences(raw.findings) == [
        "the table has a header but no rows; wanted: one row per case"
    ]
    assert raw.findings["severity"].tolist() == ["fatal"]


def test_an_empty_visits_table_is_no_fault(tmp_path):
    (tmp_path / "visits.csv").write_text("case_id,visit_day\n")
    assert read_raw(tmp_path / "visits.csv", "visits").findings["severity"].tolist() == ["note"]


def test_both_ways_of_reading_agree(given):
    """A ragged last row sends the file down the slow path; the other rows read the same."""
    body = "a,b,c\n" + "".join(f'{at:04},"x,{at}", ü \n' for at in range(50))
    fast, slow = given(body), given(body + "0050\n")
    assert cells(slow)[:-1] == cells(fast)
    assert slow.rows.tolist() == [*fast.rows.tolist(), 52]


@pytest.mark.parametrize(
    "name, content, problem",
    [
        ("a.csv", b"", "the file is empty"),
        ("a.csv", b" \n \n", "the file is empty"),
        ("a.csv", b",,\n,,\n", "the file is empty"),
        (
            "a.csv",
            b"PK\x03\x04 rest of a workbook",
            "it is not a text table: it holds binary data, or UTF-16 without a byte order mark",
        ),
        (
            "a.csv",
            b"\x89PNG\x00\x01",
            "it is not a text table: it holds binary data, or UTF-16 without a byte order mark",
        ),
        (
            "a.csv",
            b'a,b\n"1,2\n3,4\n',
            "a quotation mark is not closed, or text follows it (unexpected end of data)",
        ),
        (
            "a.csv",
            b'a,b\n1,"2\n3,4\n',
            "a quotation mark is not closed, or text follows it (unexpected end of data)",
        ),
        (
            "a.csv",
            b'a,b\n1,"2\n3,4\n5,"6\n',
            "a quotation mark is not closed, or text follows it (',' expected after '\"')",
        ),
        (
            "a.xls",
            b"\xd0\xcf\x11\xe0",
            "the ending '.xls' is not one of .csv, .tsv, .txt, .parquet, .xlsx, .xlsm; "
            "save it as .xlsx",
        ),
        (
            "a.sav",
            b"$FL2",
            "the ending '.sav' is not one of .csv, .tsv, .txt, .parquet, .xlsx, .xlsm",
        ),
        (
            "a.xlsx",
            b"PK\x03\x04 cut off",
            "it is not a readable Excel workbook (damaged, encrypted, or another kind of file)",
        ),
    ],
)
def test_files_that_cannot_be_read(given, tmp_path, name, content, problem):
    with pytest.raises(TableError) as error:
        given(content, name)
    assert str(error.value) == f"'{tmp_path / name}' cannot be used:\n  - {problem}"


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(TableError) as error:
        read_raw(tmp_path / "none.csv")
    assert error.value.problems == ("there is no such file",)


def test_a_folder(tmp_path):
    (tmp_path / "a.csv").mkdir()
    with pytest.raises(TableError) as error:
        read_raw(tmp_path / "a.csv")
    assert error.value.problems == ("it is a folder, not a file",)


def workbook(*rows):
    book, buffer = Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)
    book.create_sheet("second").append(["not read"])
    book.save(buffer)
    return buffer.getvalue()


def test_xlsx_cells_as_text(given):
    raw = given(
        workbook(
            [" case_id", "number", "whole", "flag", "day", "time"],
            ["0007", 1.5, 2.0, True, datetime.date(2024, 1, 2), datetime.datetime(2024, 1, 2, 3)],
            [None, None, None, None, None, None],
            ["0008", None, 3, False, None, None],
        ),
        "a.xlsx",
    )
    assert list(raw.frame) == ["case_id", "number", "whole", "flag", "day", "time"]
    assert cells(raw) == [
        ["0007", "1.5", "2", "true", "2024-01-02", "2024-01-02T03:00:00"],
        ["0008", "-", "3", "false", "-", "-"],
    ]
    assert raw.rows.tolist() == [2, 4]
    assert raw.delimiter is None


def test_a_truncated_workbook(given):
    content = workbook(["case_id"], ["1"])
    with pytest.raises(TableError) as error:
        given(content[: len(content) // 2], "a.xlsx")
    assert error.value.problems == (
        "it is not a readable Excel workbook (damaged, encrypted, or another kind of file)",
    )


def test_parquet_keeps_types_that_fit(given):
    frame = pd.DataFrame(
        {
            "case_id": ["a", None],
            "whole": np.array([1, 2], dtype="int16"),
            "number": [0.5, np.nan],
            "flag": [True, False],
            "level": pd.Categorical(["x", "y"]),
            "day": [datetime.date(2024, 1, 2), None],
            "odd": [[1], None],
        },
        index=[5, 6],
    )
    buffer = io.BytesIO()
    frame.to_parquet(buffer)
    raw = given(buffer.getvalue(), "a.parquet")
    assert {name: str(dtype) for name, dtype in raw.frame.dtypes.items()} == {
        "case_id": "category",
        "whole": "Int64",
        "number": "Float64",
        "flag": "boolean",
        "level": "category",
        "day": "object",
        "odd": "string",
    }
    assert cells(raw) == [
        ["a", "1", "0.5", "True", "x", "2024-01-02", "[1]"],
        ["-", "2", "-", "False", "y", "-", "-"],
    ]
    assert raw.rows.tolist() == [2, 3]
