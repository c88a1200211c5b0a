"""A cohort comes in whole: every row, every problem at once."""

import pandas as pd
import pytest

from mescc_analytics.errors import TableError, UsageError
from mescc_analytics.tables import findings
from mescc_analytics.tables.ingest import ingest
from mescc_analytics.tables.mapping import Mapping

CASES = "case_id,last_contact_day,died,sex,sosg_grade,surgery_day\n"


@pytest.fixture
def cohort(tmp_path):
    """Writes the texts of the tables and ingests them."""

    def read(cases, visits=None, lesions=None, **options):
        paths = {}
        for name, text in {"cases": cases, "visits": visits, "lesions": lesions}.items():
            if text is not None:
                paths[name] = tmp_path / f"{name}.csv"
                paths[name].write_text(text, encoding="utf-8")
        return ingest(**paths, **options)

    return read


def test_a_clean_cohort(cohort):
    read = cohort(
        CASES + "0007,100,yes,male,2,1\n0008,50.0,no,,,\n",
        "case_id,visit_day,ambulatory_status\n0007,30,aided\n",
        "case_id,lesion_id,sosg_grade\n0007,1,2\n0007,2,1a\n",
    )
    assert not read.fatal
    assert read.findings.empty
    assert list(read.cases) == [
        *["case_id", "sex", "sosg_grade", "sosg_partial", "surgery_day"],
        *["last_contact_day", "died", "usable"],
    ]
    assert read.cases["case_id"].tolist() == ["0007", "0008"]
    assert read.cases["usable"].tolist() == [True, True]
    assert read.cases.index.equals(pd.RangeIndex(2))
    assert read.visits["visit_day"].tolist() == [30.0]
    assert read.lesions["lesion_id"].tolist() == ["1", "2"]


def test_tables_that_were_not_given_are_empty_and_typed(cohort):
    read = cohort(CASES + "a,1,no,,,\n")
    assert len(read.visits) == len(read.lesions) == 0
    assert list(read.visits) == [
        "case_id",
        "visit_day",
        "ambulatory_status",
        "ais",
        "pain_nrs",
        "imaging",
        "sosg_grade",
        "sosg_partial",
        "local_status",
    ]
    assert read.visits["visit_day"].dtype == "Float64"
    assert read.lesions["symptomatic"].dtype == "boolean"


def test_problems_mark_a_row_and_keep_it(cohort):
    read = cohort(CASES + "a,100,yes,m,2,101\nb,,no,male,high,\nc,5,no,male,2,3\n")
    assert not read.fatal
    assert read.cases["case_id"].tolist() == ["a", "b", "c"]
    assert read.cases["usable"].tolist() == [False, False, True]
    assert findings.describe(read.findings, names={"cases": "cases.csv"}) == (
        "'cases.csv' can be used, with 3 errors, 1 note:\n"
        "  - row 2, sex: 'm' is not one of female, male (did you mean 'male'?)\n"
        "  - row 3, last_contact_day: the cell is empty; last_contact_day is needed\n"
        "  - row 2, surgery_day: surgery_day 101, last_contact_day 100; wanted: nothing recorded "
        "after death\n"
        "  - row 3, sosg_grade: 'high' says less than one of 0, 1a, 1b, 1c, 2, 3; kept as it is"
    )


def test_every_fatal_problem_at_once(cohort):
    read = cohort("case_id,died,sexx\na,yes,male\na,no,male\n,no,male\na,no,x\nb,yes,x\nb,no,\n")
    assert read.fatal
    assert findings.sentences(read.findings) == [
        "column 'last_contact_day' is missing",
        "row 4, case_id: the cell is empty; case_id is needed",
        "row 3, case_id: 'a' stands in rows 2, 3, 5; each case needs its own",
        "row 7, case_id: 'b' stands in rows 6, 7; each case needs its own",
        "column 'sexx' is not in the codebook (did you mean 'sex'?); it is not used",
    ]
    assert len(read.cases) == 6


def test_ids_are_compared_after_trimming(cohort):
    assert cohort(CASES + "a,1,no,,,\n a ,1,no,,,\n").fatal
    assert not cohort(CASES + "a,1,no,,,\nA,1,no,,,\n").fatal


def test_an_empty_table(cohort):
    read = cohort(CASES)
    assert read.fatal
    assert findings.sentences(read.findings) == [
        "the table has a header but no rows; wanted: one row per case"
    ]


def test_required_is_for_the_cases(cohort):
    read = cohort("case_id,sex\na,male\n", required=("case_id",))
    assert not read.fatal
    assert read.cases["usable"].tolist() == [True]
    assert cohort("case_id,sex\na,male\n").fatal


def test_visits_and_lesions_of_unknown_cases_and_double_lesions(cohort):
    read = cohort(
        CASES + "a,100,no,,,\n",
        "case_id,visit_day\nb,1\na,2\n",
        "case_id,lesion_id\na,1\na,1\nc,1\n",
    )
    assert not read.fatal
    assert findings.describe(read.findings) == (
        "'lesions' can be used, with 2 errors:\n"
        "  - row 3, lesion_id: '1' stands in rows 2, 3; each lesion of a case needs its own\n"
        "  - row 4, case_id: 'c' is not the id of a case\n"
        "'visits' can be used, with 1 error:\n"
        "  - row 2, case_id: 'b' is not the id of a case"
    )
    assert len(read.visits) == 2 and len(read.lesions) == 3


def test_visits_are_held_against_the_clock_of_their_case(cohort):
    read = cohort(CASES + "a,100,no,,,\n", "case_id,visit_day\na,101\n")
    assert read.findings["code"].tolist() == ["visit_after_last_contact"]


def test_one_mapping_serves_all_tables(cohort):
    mapping = Mapping(
        columns={"nr": "case_id", "os": "last_contact_day", "day": "visit_day", "none": "sex"},
        constants={"site": "A"},
        units={"last_contact_day": "months"},
    )
    read = cohort("nr,os,died\na,1,no\n", "nr,day\na,30\n", mapping=mapping)
    assert read.cases["last_contact_day"].tolist() == [30.4375]
    assert read.cases["site"].tolist() == ["A"]
    assert read.visits["visit_day"].tolist() == [30.0]
    assert findings.sentences(read.findings) == [
        "none of the tables has the column 'none' of the mapping file",
        "last_contact_day: 1 row with a fraction of a day; with time_resolution day it says "
        "nothing about the hour",
    ]


def test_the_mapping_may_be_a_file(cohort, tmp_path):
    (tmp_path / "map.yaml").write_text("columns: {nr: case_id}\n")
    read = cohort("nr,last_contact_day,died\na,1,no\n", mapping=tmp_path / "map.yaml")
    assert read.cases["case_id"].tolist() == ["a"]
    (tmp_path / "map.yaml").write_text("column: {nr: case_id}\n")
    with pytest.raises(UsageError):
        cohort("nr,last_contact_day,died\na,1,no\n", mapping=tmp_path / "map.yaml")


def test_time_resolution(cohort):
    text = "case_id,last_contact_day,died,surgery_day\na,10.2,no,10.9\n"
    assert cohort(text, time_resolution="day").cases["usable"].tolist() == [True]
    assert cohort(text, time_resolution="hour").cases["usable"].tolist() == [False]


def test_files_that_cannot_be_read_are_all_told(tmp_path):
    cases, visits = tmp_path / "cases.csv", tmp_path / "visits.xls"
    with pytest.raises(TableError) as error:
        ingest(cases)
    assert str(error.value) == f"'{cases}' cannot be used:\n  - there is no such file"
    visits.write_bytes(b"x")
    with pytest.raises(TableError) as error:
        ingest(cases, visits)
    assert str(error.value) == (
        "the tables cannot be used:\n"
        f"  - '{cases}': there is no such file\n"
        f"  - '{visits}': the ending '.xls' is not one of .csv, .tsv, .txt, .parquet, .xlsx, "
        ".xlsm; save it as .xlsx"
    )


def test_one_bad_cell_in_a_hundred_does_not_stop_a_run(cohort):
    rows = [f"c{at},{100 + at},{'maybe' if at % 100 == 0 else 'no'},,,\n" for at in range(300)]
    read = cohort(CASES + "".join(rows))
    assert not read.fatal
    assert len(read.cases) == 300
    assert read.cases["usable"].sum() == 297
    assert read.findings["row"].tolist() == [2, 102, 202]
