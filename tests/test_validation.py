"""Cells are read by the codebook; what cannot be read is missing, with a finding that says why."""

import datetime

import numpy as np
import pandas as pd
import pytest

from mescc_analytics.tables import findings, numbers
from mescc_analytics.tables.raw import Raw, read_raw
from mescc_analytics.tables.validation import convert

LEVELS_OF_PAIN = "mechanical, occasional, none, constant_nonmechanical"


def table(delimiter=",", **columns):
    """A raw table from lists of cells."""
    frame = pd.DataFrame({name: pd.Categorical(values) for name, values in columns.items()})
    rows = np.arange(len(frame)) + 2
    return Raw("cases.csv", frame, rows, findings.empty(), delimiter)


def typed(frame):
    rows = np.arange(len(frame)) + 2
    return Raw("cases.parquet", frame, rows, findings.empty())


def read(column, *cells, delimiter=","):
    """Values (None: missing) and sentences of one column."""
    frame, notes = convert(table(delimiter, **{column: cells}), "cases", required=())
    values = [None if pd.isna(value) else value for value in frame[column]]
    return values, findings.sentences(notes)


@pytest.mark.parametrize("blank", ["", " ", "NA", "na", "N/A", "n/a", "#N/A", ".", " . "])
@pytest.mark.parametrize("column", ["case_id", "sex", "ecog", "age_years", "died"])
def test_missing_cells(column, blank):
    assert read(column, blank) == ([None], [])


def test_types_of_the_codebook():
    given = table(case_id=["1"], sex=["male"], ecog=["1"], age_years=["5"], died=["yes"])
    frame, _ = convert(given, "cases")
    assert {name: str(dtype) for name, dtype in frame.dtypes.items()} == {
        "case_id": "string",
        "age_years": "Float64",
        "sex": "category",
        "ecog": "Int64",
        "died": "boolean",
    }
    assert frame["sex"].cat.categories.tolist() == ["female", "male"]
    assert not frame["sex"].cat.ordered


def test_text_stays_as_it_is():
    assert read("case_id", "0007", " 1.0 ") == (["0007", "1.0"], [])


@pytest.mark.parametrize(
    "column, cell, level",
    [
        ("sex", " MALE ", "male"),
        ("primary_histology", "Head and-Neck", "head_and_neck"),
        ("primary_histology", "lung__small cell", "lung_small_cell"),
        ("sosg_grade", "1A", "1a"),
        ("sosg_grade", "2.0", "2"),
        ("ais", "e", "E"),
        ("sins_pain", "None", "none"),
    ],
)
def test_levels_in_any_spelling(column, cell, level):
    assert read(column, cell) == ([level], [])


@pytest.mark.parametrize(
    "column, cell, sentence",
    [
        ("sins_pain", "sometimes", f"'sometimes' is not one of {LEVELS_OF_PAIN}"),
        (
            "sins_pain",
            "mecanical",
            f"'mecanical' is not one of {LEVELS_OF_PAIN} (did you mean 'mechanical'?)",
        ),
        ("sex", "f", "'f' is not one of female, male (did you mean 'female'?)"),
        ("sex", "3", "'3' is not one of female, male"),
        ("died", "ja", "'ja' is not yes or no (or true, false, 1, 0)"),
        ("died", "2", "'2' is not yes or no (or true, false, 1, 0)"),
        ("ecog", "2.5", "'2.5' is not a whole number"),
        ("ecog", "5", "'5' is not from 0 to 4"),
        ("ecog", "-1", "'-1' is not from 0 to 4"),
        ("ecog", "one", "'one' is not a number"),
        ("age_years", "121", "'121' is not from 0 to 120 years"),
        ("age_years", "sixty", "'sixty' is not a number of years"),
        ("age_years", "inf", "'inf' is not a number of years"),
        (
            "albumin_g_dl",
            "35",
            "'35' is not from 0.5 to 7 g/dL (values near 35 are usually in g/L: divide by 10)",
        ),
        ("presentation_quarter", "2024 Q3", "'2024 Q3' is not like 2024Q3"),
        ("presentation_quarter", "2024Q5", "'2024Q5' is not like 2024Q3"),
        (
            "surgery_day",
            "2024-01-02",
            "'2024-01-02' is a calendar date; wanted: days from day 0 (presentation)",
        ),
        (
            "surgery_day",
            "03.04.21",
            "'03.04.21' is a calendar date; wanted: days from day 0 (presentation)",
        ),
        ("surgery_day", "day 3", "'day 3' is not a number of days"),
    ],
)
def test_a_bad_cell_is_missing_and_told(column, cell, sentence):
    assert read(column, cell) == ([None], [f"row 2, {column}: {sentence}"])


@pytest.mark.parametrize("column, low, high", [("ecog", "0", "4"), ("age_years", "0", "120")])
def test_limits_are_inclusive(column, low, high):
    assert read(column, low, high) == ([float(low), float(high)], [])


@pytest.mark.parametrize(
    "cell, value",
    [(word, True) for word in ("true", "Yes", "Y", "t", "1", "1.0")]
    + [(word, False) for word in ("FALSE", "no", "n", "F", "0", "0.0")],
)
def test_booleans(cell, value):
    assert read("died", cell) == ([value], [])


@pytest.mark.parametrize(
    "cell", ["90", "90+", "90 or older", "90 years or older", "90 and over", ">=90", "≥ 90", ">89"]
)
def test_ninety_or_older(cell):
    assert read("age_years", cell) == ([90.0], [])


def test_ninety_or_older_is_for_ages_only():
    assert read("kps", "90+") == ([None], ["row 2, kps: '90+' is not a number"])


@pytest.mark.parametrize(
    "cell, value", [("1e2", 100.0), ("+3", 3.0), ("\u22125", -5.0), (".5", 0.5)]
)
def test_numbers_in_other_clothes(cell, value):
    assert read("surgery_day", cell) == ([value], [])


AMBIGUOUS = "may be 1.234 or 1234; write it without a thousands separator"


@pytest.mark.parametrize(
    "delimiter, cells, values, problem",
    [
        (";", ["12,5"], [12.5], None),
        (",", ["12,5"], [12.5], None),
        (";", ["1,234", "12,5"], [1.234, 12.5], None),
        (";", ["0,234", "1234,567"], [0.234, 1234.567], None),
        (",", ["1,234"], [None], f"row 2, rt_start_day: '1,234' {AMBIGUOUS}"),
        (";", ["1,234", "0.5"], [None, 0.5], f"row 2, rt_start_day: '1,234' {AMBIGUOUS}"),
        (";", ["1.234", "12,5"], [None, 12.5], f"row 2, rt_start_day: '1.234' {AMBIGUOUS}"),
        (";", ["1.234", "0.5"], [1.234, 0.5], None),
        (None, ["1.234", "12,5"], [1.234, 12.5], None),
        (";", ["1.234,5"], [None], "row 2, rt_start_day: '1.234,5' is not a number of days"),
    ],
)
def test_decimal_marks(delimiter, cells, values, problem):
    expected = (values, [problem] if problem else [])
    assert read("rt_start_day", *cells, delimiter=delimiter) == expected


def test_the_decimal_mark_is_that_of_the_whole_file():
    given = table(";", mri_day=["1,234"], surgery_day=["0.5"])
    _, notes = convert(given, "cases", required=())
    assert notes["code"].tolist() == ["ambiguous_number"]


@pytest.mark.parametrize(
    "text",
    ["2024-01-02", "2024/1/2", "2.1.2024", "02.01.24", "1/2/24", "12-Mar-2024", "March 2024"],
)
def test_dates_are_recognised(text):
    assert numbers.parse(np.array([text], dtype=object), numbers.Decimals())[1].tolist() == [
        "calendar_date"
    ]


def test_partial_grades_are_kept_beside_the_missing_level():
    frame, notes = convert(table(sosg_grade=["1", "High", "1c", "x", ""]), "cases", required=())
    assert frame["sosg_grade"].isna().tolist() == [True, True, False, True, True]
    assert frame["sosg_partial"].fillna("-").tolist() == ["1", "high", "-", "-", "-"]
    assert frame["sosg_partial"].dtype == "string"
    assert notes["severity"].tolist() == ["note", "note", "error"]
    assert findings.sentences(notes)[1:] == [
        "row 2, sosg_grade: '1' says less than one of 0, 1a, 1b, 1c, 2, 3; kept as it is",
        "row 3, sosg_grade: 'High' says less than one of 0, 1a, 1b, 1c, 2, 3; kept as it is",
    ]


def test_findings_say_where():
    given = table(case_id=["a", "b", "c"], sex=["male", "x", "x"])
    _, notes = convert(given, "cases", required=())
    assert notes.to_dict("list") == {
        "table": ["cases", "cases"],
        "case_id": ["b", "c"],
        "row": [3, 4],
        "column": ["sex", "sex"],
        "found": ["x", "x"],
        "wanted": ["one of female, male"] * 2,
        "severity": ["error", "error"],
        "code": ["unknown_level", "unknown_level"],
    }


def test_required_columns_and_cells():
    given = table(case_id=["a", ""], died=["", "yes"], sexx=["male", "male"])
    frame, notes = convert(given, "cases")
    assert findings.sentences(notes) == [
        "column 'last_contact_day' is missing",
        "row 3, case_id: the cell is empty; case_id is needed",
        "row 2, died: the cell is empty; died is needed",
        "column 'sexx' is not in the codebook (did you mean 'sex'?); it is not used",
    ]
    assert notes["severity"].tolist() == ["fatal", "note", "fatal", "error"]
    assert list(frame) == ["case_id", "died"]


def test_what_is_required_can_be_narrowed():
    given = table(case_id=["a"], died=[""])
    assert convert(given, "cases", required=("case_id",))[1].empty
    assert convert(given, "cases", required=("case_id", "died"))[1]["code"].tolist() == [
        "missing_required"
    ]


def test_each_table_has_its_own_columns():
    given = table(case_id=["a"], visit_day=["3"])
    assert list(convert(given, "visits")[0]) == ["case_id", "visit_day"]
    frame, notes = convert(given, "cases", required=())
    assert list(frame) == ["case_id"]
    assert notes["table"].tolist() == ["cases"]
    assert notes["code"].tolist() == ["unknown_column"]


def test_columns_come_in_codebook_order_and_rows_in_their_own():
    given = table(died=["no", "yes"], age_years=["1", "2"], case_id=["b", "a"])
    frame, _ = convert(given, "cases", required=())
    assert list(frame) == ["case_id", "age_years", "died"]
    assert frame["case_id"].tolist() == ["b", "a"]


def test_types_of_a_parquet_file_are_checked_too():
    given = pd.DataFrame(
        {
            "case_id": pd.array([7, 8], dtype="Int64"),
            "age_years": [64.5, 200.0],
            "ecog": [1.5, np.nan],
            "died": pd.array([1, 0], dtype="Int64"),
            "sex": pd.array(["Male", None], dtype="string"),
            "sosg_grade": [2.0, 3.0],
            "mri_day": [datetime.date(2024, 1, 2), None],
            "surgery_day": pd.to_datetime(["2024-01-02 00:00", "2024-01-02 10:00"]),
            "kps": [True, False],
        }
    )
    frame, notes = convert(typed(given), "cases", required=())
    assert frame["case_id"].tolist() == ["7", "8"]
    assert frame["sosg_grade"].tolist() == ["2", "3"]
    assert frame["died"].tolist() == [True, False]
    assert frame[["mri_day", "surgery_day", "kps", "ecog"]].isna().all(axis=None)
    assert findings.sentences(notes) == [
        "row 3, age_years: '200' is not from 0 to 120 years",
        "row 2, ecog: '1.5' is not a whole number",
        "row 2, kps: 'True' is not a number",
        "row 3, kps: 'False' is not a number",
        "row 2, mri_day: '2024-01-02' is a calendar date; wanted: days from day 0 (presentation)",
        "row 2, surgery_day: '2024-01-02' is a calendar date; wanted: days from day 0 "
        "(presentation)",
        "row 3, surgery_day: '2024-01-02T10:00:00' is a calendar date; wanted: days from day 0 "
        "(presentation)",
    ]


def test_parquet_and_csv_give_the_same(tmp_path):
    frame = pd.DataFrame({"case_id": ["a", "b"], "age_years": [1.5, np.nan], "sex": ["male", None]})
    frame.to_csv(tmp_path / "a.csv", index=False)
    frame.to_parquet(tmp_path / "a.parquet")
    first, second = (
        convert(read_raw(tmp_path / name), "cases", required=())[0]
        for name in ("a.csv", "a.parquet")
    )
    pd.testing.assert_frame_equal(first, second)


def test_problems_of_many_rows_are_one_sentence():
    _, told = read("sex", *["x"] * 7)
    assert told == ["rows 2, 3, 4, 5, 6 and 2 more, sex: 'x' is not one of female, male"]
