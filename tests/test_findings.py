"""Findings are rows for machines and sentences for people."""

import pandas as pd
import pytest

from mescc_analytics.tables import findings


def two_problems():
    return findings.concat(
        [
            findings.make("cases", "unknown_column", "note", column="x", found="x", wanted="in it"),
            findings.make(
                "cases",
                "unknown_level",
                "error",
                case_id=["a", "b"],
                row=[2, 17],
                column="sex",
                found=["m", "m"],
                wanted="one of female, male",
            ),
            findings.make("visits", "blank_id", "fatal", row=3, column="case_id", wanted="case_id"),
        ]
    )


def test_columns_and_types():
    made = two_problems()
    assert tuple(made) == findings.COLUMNS
    assert {str(dtype) for name, dtype in made.dtypes.items() if name != "row"} == {"string"}
    assert made["row"].dtype == "Int64"
    assert made["row"].tolist()[1:] == [2, 17, 3]
    assert made["case_id"].isna().tolist() == [True, False, False, True]


def test_nothing_found():
    assert findings.concat([]).empty
    assert findings.describe(findings.empty()) == ""
    assert findings.sentences(findings.empty()) == []
    assert findings.make("cases", "unknown_level", "error", row=[], found=[]).empty


def test_a_severity_that_does_not_exist():
    with pytest.raises(ValueError, match="'bad' is not one of fatal, error, warning, note"):
        findings.make("cases", "unknown_level", "bad")


def test_counts():
    assert findings.counts(two_problems()).fillna("-").to_numpy().tolist() == [
        ["visits", "case_id", "fatal", "blank_id", 1],
        ["cases", "sex", "error", "unknown_level", 2],
        ["cases", "x", "note", "unknown_column", 1],
    ]


def test_description():
    assert findings.describe(two_problems(), names={"cases": "ours.csv"}) == (
        "'ours.csv' can be used, with 2 errors, 1 note:\n"
        "  - rows 2 and 17, sex: 'm' is not one of female, male\n"
        "  - column 'x' is not in it; it is not used\n"
        "'visits' cannot be used:\n"
        "  - row 3, case_id: the cell is empty; case_id is needed"
    )


def test_limit():
    assert findings.sentences(two_problems(), limit=1) == [
        "row 3, case_id: the cell is empty; case_id is needed",
        "and 2 more kinds of problem, all in the findings",
    ]
    assert len(findings.sentences(two_problems(), limit=3)) == 3
    assert findings.describe(two_problems(), limit=1).count("\n") == 4


def test_many_rows_are_not_all_listed():
    many = findings.make("cases", "unknown_level", "error", row=list(range(2, 10)), found="m")
    assert findings.sentences(many)[0].startswith("rows 2, 3, 4, 5, 6 and 3 more: 'm' is not")


def test_braces_in_a_cell_are_only_text():
    made = findings.make(
        "cases", "unknown_level", "error", row=2, column="sex", found="{row}", wanted="{found}"
    )
    assert findings.sentences(made) == ["row 2, sex: '{row}' is not {found}"]


def test_the_index_starts_anew():
    assert two_problems().index.equals(pd.RangeIndex(4))
