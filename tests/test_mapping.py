"""A mapping file is checked as a whole, and turns a site's table into the codebook's names."""

import pandas as pd
import pytest

from mescc_analytics.errors import UsageError
from mescc_analytics.tables import findings
from mescc_analytics.tables.mapping import Mapping, apply, load_mapping, unused
from mescc_analytics.tables.raw import read_raw
from mescc_analytics.tables.validation import convert


@pytest.fixture
def mapping(tmp_path):
    def load(text):
        (tmp_path / "ours.map.yaml").write_text(text, encoding="utf-8")
        return load_mapping(tmp_path / "ours.map.yaml")

    return load


@pytest.fixture
def problems(mapping):
    def of(text):
        with pytest.raises(UsageError) as error:
            mapping(text)
        return list(error.value.problems)

    return of


@pytest.fixture
def raw(tmp_path):
    def read(text):
        (tmp_path / "cases.csv").write_text(text, encoding="utf-8")
        return read_raw(tmp_path / "cases.csv")

    return read


def test_every_scalar_stays_text(mapping):
    loaded = mapping("""
columns: {PatNr: case_id, 1: died}
levels: {died: {1: no, "2": yes}}
units: {last_contact_day: months}
constants: {site: 0007}
ignore: [comment, 12]
""")
    assert loaded == Mapping(
        columns={"PatNr": "case_id", "1": "died"},
        levels={"died": {"1": "no", "2": "yes"}},
        units={"last_contact_day": "months"},
        constants={"site": "0007"},
        ignore=("comment", "12"),
    )


@pytest.mark.parametrize("text", ["", "columns:\nignore:\n"])
def test_an_empty_mapping(mapping, text):
    assert mapping(text) == Mapping()


def test_all_problems_at_once(problems):
    assert problems("""
columns: {a: case_idd, b: sex, c: sex}
levels: {sex: {m: mail}, agee: {x: y}}
units: {last_contact_day: month, sex: days, rt_dose_gy: days}
constants: {sight: A}
""") == [
        "columns.a: 'case_idd' is not in the codebook (did you mean 'case_id'?)",
        "levels: 'agee' is not in the codebook (did you mean 'age_years'?)",
        "constants: 'sight' is not in the codebook (did you mean 'site'?)",
        "columns: 'b' and 'c' are both mapped to 'sex'",
        "levels.sex.m: 'mail' is not one of female, male (did you mean 'male'?)",
        "units.last_contact_day: 'month' is not one of days, weeks, months, years, hours"
        " (did you mean 'months'?)",
        "units.sex: 'sex' is not a time, so it has no unit of time",
        "units.rt_dose_gy: 'rt_dose_gy' is not a time, so it has no unit of time",
    ]


@pytest.mark.parametrize(
    "text, problem",
    [
        (
            "colums: {a: sex}",
            "'colums' is not one of columns, levels, units, constants, ignore"
            " (did you mean 'columns'?)",
        ),
        ("columns: [a]", "columns: wanted lines of the form 'name: value'"),
        ("units: {age_years: {a: b}}", "units: wanted lines of the form 'name: value'"),
        (
            "levels: {sex: male}",
            "levels: wanted, for each column, lines of the form 'their spelling: our level'",
        ),
        ("ignore: comment", "ignore: wanted a list of column names"),
        ("- a", "a mapping file has the sections columns, levels, units, constants, ignore"),
        ("a: 1\na: 2", "it is not YAML: line 2: the key 'a' stands twice"),
        (
            "levels: {died: {1: dead}}",
            "levels.died.1: 'dead' is not one of true, yes, y, t, 1, false, no, n, f, 0",
        ),
    ],
)
def test_a_problem_in_words(problems, text, problem):
    assert problems(text) == [problem]


def test_a_level_may_be_missing_or_partial(mapping):
    text = 'levels: {sex: {"9": NA, "8": null}, sosg_grade: {hoch: high}, ecog: {x: NA}}'
    assert mapping(text).levels["sosg_grade"] == {"hoch": "high"}


def test_no_such_file(tmp_path):
    with pytest.raises(UsageError) as error:
        load_mapping(tmp_path / "none.yaml")
    assert str(error.value) == (
        f"'{tmp_path / 'none.yaml'}' cannot be used:\n  - there is no such file"
    )


def test_columns_are_renamed_exactly_then_folded(raw):
    ours = Mapping(columns={"PatNr": "case_id", "dead ": "died", "Sex": "sex"})
    applied, used = apply(raw("PatNr,Dead,Sex,ECOG,other\n1,yes,male,1,x\n"), ours, "cases")
    assert list(applied.frame) == ["case_id", "died", "sex", "ecog", "other"]
    assert used == {"PatNr", "dead ", "Sex"}
    assert findings.sentences(applied.findings) == ["ecog: the column 'ECOG' is read as 'ecog'"]


def test_an_exact_name_wins_over_a_folded_one(raw):
    ours = Mapping(columns={"T": "surgery_day", "t": "mri_day"})
    applied, used = apply(raw("case_id,t,T\n1,2,3\n"), ours, "cases")
    assert list(applied.frame) == ["case_id", "mri_day", "surgery_day"]
    assert used == {"t", "T"}


def test_targets_of_another_table_are_passed_over(raw):
    ours = Mapping(columns={"day": "visit_day", "id": "case_id"})
    applied, used = apply(raw("id,day\n1,2\n"), ours, "cases")
    assert list(applied.frame) == ["case_id", "day"]
    assert used == {"id", "day"}
    assert list(apply(raw("id,day\n1,2\n"), ours, "visits")[0].frame) == ["case_id", "visit_day"]


def test_two_columns_for_one_are_fatal(raw):
    ours = Mapping(columns={"PatNr": "case_id"})
    applied, _ = apply(raw("PatNr,case_id\n1,2\n"), ours, "cases")
    assert findings.sentences(applied.findings) == [
        "case_id: 'PatNr' and 'case_id' stand for the same column; "
        "keep one of them, or name the other under `ignore` in the mapping file"
    ]
    assert applied.findings["severity"].tolist() == ["fatal"]
    ignoring = Mapping(columns={"PatNr": "case_id"}, ignore=("case_id ",))
    applied, _ = apply(raw("PatNr,case_id\n1,2\n"), ignoring, "cases")
    assert applied.findings.empty and applied.frame["case_id"].tolist() == ["1"]


def test_constants_stand_in_every_row(raw):
    ours = Mapping(constants={"site": "A", "visit_day": "3"})
    applied, _ = apply(raw("case_id,died\n1,no\n2,no\n"), ours, "cases")
    assert list(applied.frame) == ["case_id", "died", "site"]
    assert applied.frame["site"].tolist() == ["A", "A"]


def test_a_constant_replaces_a_column_and_says_so(raw):
    applied, _ = apply(raw("case_id,site\n1,B\n"), Mapping(constants={"site": "A"}), "cases")
    assert applied.frame["site"].tolist() == ["A"]
    assert findings.sentences(applied.findings) == [
        "site: the mapping file's constant 'A' replaces the column"
    ]


@pytest.mark.parametrize(
    "column, unit, text, value",
    [
        ("last_contact_day", "months", "2", 60.875),
        ("last_contact_day", "weeks", "2", 14.0),
        ("last_contact_day", "years", "2", 730.5),
        ("last_contact_day", "hours", "12", 0.5),
        ("last_contact_day", "days", "2", 2.0),
        ("predicted_survival_months", "days", "30.4375", 1.0),
        ("months_since_cancer_diagnosis", "years", "1", 12.0),
        ("paraplegia_hours", "days", "2", 48.0),
    ],
)
def test_units(raw, column, unit, text, value):
    applied, _ = apply(raw(f"case_id,{column}\n1,{text}\n"), Mapping(units={column: unit}), "cases")
    frame, _ = convert(applied, "cases", required=())
    assert frame[column].tolist() == [pytest.approx(value, rel=1e-12)]


def recoded(raw, column, recode, *values):
    text = f"case_id,{column}\n" + "".join(f"{at},{cell}\n" for at, cell in enumerate(values))
    applied, _ = apply(raw(text), Mapping(levels={column: recode}), "cases")
    frame, notes = convert(applied, "cases", required=())
    return [None if pd.isna(cell) else cell for cell in frame[column]], notes


def test_levels_are_recoded_whatever_their_spelling(raw):
    values, notes = recoded(
        raw, "died", {"1": "no", "2.0": "yes", "Tot": "yes"}, "1", "1.0", " 2", "TOT ", "no", ""
    )
    assert values == [False, False, True, True, False, None]
    assert notes.empty


def test_a_code_that_the_code_list_leaves_out_is_not_guessed(raw):
    """With 1 for no and 2 for yes, a 0 is no "no"."""
    values, notes = recoded(raw, "died", {"1": "no", "2": "yes"}, "0", "1", "3")
    assert values == [None, False, None]
    assert findings.sentences(notes) == [
        "row 2, died: '0' is not one of the mapping file's 1, 2",
        "row 4, died: '3' is not one of the mapping file's 1, 2",
    ]


def test_a_code_can_mean_missing(raw):
    values, notes = recoded(raw, "sex", {"1": "male", "8": "NA", "9": "null"}, "1", "8", "9")
    assert values == ["male", None, None]
    assert notes.empty


def test_na_can_mean_a_level(raw):
    values, _ = recoded(raw, "visceral_metastases", {"NA": "none"}, "na", "removable")
    assert values == ["none", "removable"]


def test_findings_quote_what_the_table_holds(raw):
    _, notes = recoded(raw, "ecog", {"bad": "7"}, "bad")
    assert findings.sentences(notes) == ["row 2, ecog: 'bad' is not from 0 to 4"]


def test_columns_of_the_mapping_that_no_table_has():
    ours = Mapping(columns={"PatNr": "case_id", "os": "last_contact_day"})
    notes = unused(ours, {"PatNr"})
    assert findings.sentences(notes) == [
        "none of the tables has the column 'os' of the mapping file"
    ]
    assert notes["severity"].tolist() == ["warning"]
    assert unused(ours, {"PatNr", "os"}).empty


def test_two_spellings_of_one_code_are_told(tmp_path):
    (tmp_path / "m.yaml").write_text("levels: {sex: {m: male, M : female, f: female}}\n")
    with pytest.raises(UsageError, match="levels.sex: 'm' stands twice but for spelling"):
        load_mapping(tmp_path / "m.yaml")
