import pytest

from mescc_analytics import codebook
from mescc_analytics.errors import CodebookError

GOOD = "source: s\nversion: '1'\nstatus: verified\n"


def problems(text, name="x"):
    with pytest.raises(CodebookError) as caught:
        codebook.parse(text, name)
    return str(caught.value)


def test_every_fault_of_a_file_is_told_at_once():
    assert problems("status: sure\n") == (
        "codebook 'x' cannot be used:\n"
        "  - 'source' is missing\n"
        "  - 'version' is missing\n"
        "  - status: 'sure' is not one of verified, secondary, unverified"
    )


def test_status_is_checked_in_every_entry():
    assert "rules.status: 'maybe' is not one of" in problems(GOOD + "rules: {status: maybe}\n")


def test_broken_yaml_and_other_shapes_are_told_in_words():
    assert "codebook 'x' cannot be used" in problems("a: [1\n")
    assert "the file is not a mapping" in problems("- 1\n")


@pytest.mark.parametrize(
    "entry, fault",
    [
        (
            "{type: category, role: baseline, label: L, levels: [1, a]}",
            "level 1 is not text: put it in quotes",
        ),
        ("{type: category, role: baseline, label: L, levels: [a, a]}", "a level is listed twice"),
        ("{type: category, role: baseline, label: L}", "levels belong to a category"),
        ("{type: date, role: baseline, label: L}", "type 'date' is not one of text, category"),
        ("{type: text, role: future, label: L}", "role 'future' is not one of administration"),
        ("{type: text, role: baseline}", "'label' is missing"),
        ("{type: text, role: baseline, label: L, units: kg}", "unknown key 'units'"),
    ],
)
def test_column_faults(entry, fault):
    text = (
        GOOD
        + f"cases: {{required: [x], columns: {{x: {entry}}}}}\nvisits: {{}}\nlesions: {{}}\nderived: {{}}\n"
    )
    assert f"cases.x: {fault}" in problems(text, "case_table")


def test_a_required_column_must_be_declared():
    text = GOOD + "cases: {required: [y], columns: {}}\nvisits: {}\nlesions: {}\n"
    said = problems(text, "case_table")
    assert "cases: required column 'y' is not declared" in said
    assert "table 'derived' is missing" in said


def test_no_stays_a_word():
    assert codebook.parse(GOOD + "x: no\ny: true\n", "x")["x"] == "no"
    assert codebook.parse(GOOD + "x: no\ny: true\n", "x")["y"] is True


def test_an_unknown_file_is_told():
    with pytest.raises(CodebookError, match="there is no such file"):
        codebook.load("nothing")


def test_columns_hold_the_contract():
    cases = codebook.columns("cases")
    assert codebook.required("cases") == ("case_id", "last_contact_day", "died")
    assert cases["sosg_grade"].levels == ("0", "1a", "1b", "1c", "2", "3")
    assert len(cases["primary_histology"].levels) == 26
    assert cases["age_years"].bands == (65, 75)
    assert set(codebook.columns("all")) >= set(cases) | {"sins_total", "pathway", "survival_days"}


def test_every_histology_has_a_class_and_every_sins_item_its_points():
    histology = codebook.load("histology")["radiosensitivity"]
    assert set(histology) == set(codebook.columns()["primary_histology"].levels)
    for item, points in codebook.load("sins")["components"].items():
        extra = {"constant_nonmechanical"} if item == "sins_pain" else set()
        assert set(points) == set(codebook.columns()[item].levels) - extra


def test_every_arm_agrees_with_a_pathway_that_exists():
    pathways = set(codebook.load("pathway")["pathways"]) | {"none", None}
    assert {arm["pathway"] for arm in codebook.load("arms")["arms"].values()} <= pathways
    assert set(codebook.load("arms")["reference"]) == set(codebook.load("arms")["arms"]) - {
        "unknown"
    }


def test_every_question_that_is_asked_both_ways_has_words_for_both():
    book = codebook.load("pathway")
    for algorithm in book["algorithms"].values():
        assert algorithm["short"]
        for name in (name for rule in algorithm["rules"] for name in rule["when"]):
            assert book["facts"][name.removeprefix("not ")][
                "text_no" if name.startswith("not ") else "text"
            ]
