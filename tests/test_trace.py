"""The trace of single cases, worked out by hand, and its agreement with the assignment."""

from pathlib import Path

import pandas as pd
import pytest

from mescc_analytics import codebook, settings
from mescc_analytics.cli import main
from mescc_analytics.clinical.pathway import assign_pathways
from mescc_analytics.clinical.pathway_rules import algorithms, literals, rules_of
from mescc_analytics.clinical.scores import score_cases
from mescc_analytics.clinical.trace import trace_case, trace_cases, value_texts
from mescc_analytics.steps import decisions
from mescc_analytics.steps.trace import nearest_id
from mescc_analytics.tables import files
from tests.spec_table import cases as from_table

ROOT = Path(__file__).parents[1]
FULL = settings.complete({}, need_cohorts=False) | {"time_resolution": "day", "name": "small"}
ASSIGN = FULL["assign"]
ALGORITHMS = algorithms()


def score(**values):
    """One case by its recorded values, scored."""
    known = codebook.columns("all")
    types = {"text": "string", "boolean": "boolean", "integer": "Int64", "number": "Float64"}
    frame = {"case_id": pd.array(["A"], dtype="string")}
    for name, value in values.items():
        column = known[name]
        frame[name] = (
            pd.Categorical([value], list(column.levels))
            if column.type == "category"
            else pd.array([value], dtype=types[column.type])
        )
    return score_cases(pd.DataFrame(frame), FULL["score"])


def asked(case, **choices):
    rows = trace_cases(case, ASSIGN | choices)
    assert rows["case_id"].eq("A").all()
    assert rows["order"].tolist() == list(range(1, len(rows) + 1))
    return rows[["question", "value", "answer"]].astype(str).to_numpy().tolist()


def test_each_answer_stops_or_goes_on():
    """Stable by its highest total; grade and power not recorded; no fragment."""
    case = score(
        sins_location="rigid",
        sins_pain="none",
        sins_lesion="blastic",
        sins_alignment="normal",
        sins_collapse="none",
        retropulsed_fragment=False,
        primary_histology="renal",
        operable=False,
        predicted_survival_months=6.5,
        prior_rt_same_level=None,
    )
    assert asked(case) == [
        ["unstable", "SINS 0 to 3", "no"],
        ["fragment", "bone fragment no", "no"],
        ["indeterminate_separate", "SINS 0 to 3", "no"],
        ["high_grade", "SOSG not recorded", "unknown"],
        ["compression_indication", "primary renal; radiosensitivity resistant", "yes"],
        [
            "operable",
            "judged operable no; predicted survival in months 6.5; ECOG not recorded; KPS not recorded",
            "no",
        ],
        ["unknown_primary", "primary renal", "no"],
        ["poor_prognosis", "predicted survival in months 6.5", "no"],
        [
            "sbrt_indication",
            "primary renal; radiosensitivity resistant; irradiated before not recorded",
            "yes",
        ],
        ["power_kept", "weakest leg power not recorded", "unknown"],
    ]


def test_an_unknown_answer_is_followed_by_the_question_that_may_settle_the_rule():
    case = score(sosg_grade="3", primary_histology="lymphoma", operable=True)
    assert asked(case, algorithm="figure3_literal") == [
        ["high_grade", "SOSG 3", "yes"],
        [
            "operable",
            "judged operable yes; predicted survival in months not recorded; ECOG not recorded; KPS not recorded",
            "yes",
        ],
    ]
    rows = asked(score(operable=False), algorithm="noms")
    assert rows[0] == ["unstable", "SINS 0 to 18", "unknown"]
    assert rows[1][0] == "operable" and rows[1][2] == "no"
    assert [row[0] for row in rows[2:]] == [
        "indeterminate_separate",
        "high_grade",
        "noms_resistant",
    ]


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_the_worked_example_of_the_documentation(algorithm):
    example = codebook.load("pathway")["algorithms"][algorithm]["example"]
    case = score(**example["case"])
    assert asked(case, algorithm=algorithm) == example["steps"]
    found = trace_case(case, ASSIGN | {"algorithm": algorithm})
    assert (found.pathway, found.rule) == (example["pathway"], example["rule"])
    assert found.rules[-1][0] == example["rule"] and found.rules[-1][2] == "yes"


def test_partial_values_are_quoted():
    frame = pd.DataFrame(
        {
            "sosg_grade": pd.Categorical(["2", None, None, None], ["2", "3"]),
            "sosg_partial": pd.array([None, "1", "high", None], dtype="string"),
        }
    )
    codes, texts = value_texts(frame, "high_grade")
    assert texts[codes].tolist() == [
        "SOSG 2",
        "SOSG 1 without letter",
        "SOSG high, ungraded",
        "SOSG not recorded",
    ]


@pytest.fixture(scope="module")
def demo():
    cases = decisions.load_cases({"cases": ROOT / "data/demo/cases.csv"})
    return score_cases(cases, FULL["score"])


def replay(answers, algorithm):
    """Rule and pathway from the answers of a trace alone, one case at a time."""
    possible, first_open = [], None
    for rule in rules_of(algorithm):
        wanted = {name: ("yes" if yes else "no") for name, yes in literals(rule)}
        told = {name: answers.get(name) for name in wanted}
        if any(told[name] not in (None, "unknown", wanted[name]) for name in wanted):
            continue  # a known answer rules it out
        assert None not in told.values(), f"{rule['id']} was tried without an answer"
        possible.append(rule["pathway"])
        if "unknown" not in told.values():
            settled = len(set(possible)) == 1
            return (rule["id"], rule["pathway"]) if settled else (first_open, "undetermined")
        first_open = first_open or rule["id"]
    return first_open, possible[0] if len(set(possible)) == 1 else "undetermined"


@pytest.mark.parametrize("policy", ["consult_then_low_branch", "separate_arm"])
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_the_trace_of_every_demo_case_leads_to_its_rule(demo, algorithm, policy):
    chosen = ASSIGN | {"algorithm": algorithm, "sins_indeterminate": policy}
    assigned = assign_pathways(demo, chosen).set_index(demo["case_id"])
    rows = trace_cases(demo, chosen)
    assert list(dict.fromkeys(rows["case_id"])) == demo["case_id"].tolist()
    assert not rows.duplicated(["case_id", "question"]).any()
    found = {
        case: replay(dict(zip(part["question"], part["answer"], strict=True)), algorithm)
        for case, part in rows.groupby("case_id", sort=False)
    }
    expected = assigned[["pathway_rule", "pathway"]].astype(str)
    assert found == {case: tuple(row) for case, *row in expected.itertuples(name=None)}


def test_nothing_is_asked_of_an_empty_table(demo):
    rows = trace_cases(demo.iloc[:0], ASSIGN)
    assert rows.empty and list(rows) == ["case_id", "order", "question", "value", "answer"]


def test_settings_are_quoted_in_the_question(demo):
    case = demo.iloc[[0]].reset_index(drop=True)
    first = trace_case(case, ASSIGN).questions[0][0]
    other = trace_case(case, ASSIGN | {"sins_indeterminate": "treat_as_high"}).questions[0][0]
    assert (first, other) == (
        "Is the spine unstable (SINS of at least 13)?",
        "Is the spine unstable (SINS of at least 7)?",
    )


@pytest.mark.parametrize("kept", [True, False])
def test_assign_writes_the_trace_where_the_config_says_so(tmp_path, demo, kept):
    files.write_table(demo, tmp_path / "scored.parquet")
    config = FULL | {"assign": ASSIGN | {"trace": kept}}
    inputs = {"cases": tmp_path / "scored.parquet", "trace": tmp_path / "trace.parquet"}
    decisions.assign(inputs, tmp_path / "assigned.parquet", config)
    rows = pd.read_parquet(tmp_path / "trace.parquet")
    assert list(rows) == ["case_id", "order", "question", "value", "answer"]
    assert rows["case_id"].nunique() == (len(demo) if kept else 0)


PRINTED = """\
Case A
Algorithm: NOMS framework (neurologic, oncologic, mechanical, systemic) (noms)
Recommended: Undetermined, first open rule N4
Reason: Not decided at rule N4: needs sosg_grade
Needed: sosg_grade (SOSG/ESCC grade)

Questions in the order of asking, with the value found
  1. Is the spine unstable (SINS of at least 13)?
     no: SINS 3
  2. Do the settings send SINS 7 to below 13 to a surgeon first (sins_indeterminate: consult then
     low branch)?
     no: SINS 3
  3. Is compression high grade?
     unknown: SOSG not recorded
  4. Is the tumour radioresistant (NOMS knows two classes; intermediate counts as resistant)?
     yes: primary renal; radiosensitivity resistant
  5. Is the patient operable (as judged; else predicted to live 3 months, with ECOG up to 2 or KPS
     from 50)?
     yes: judged operable yes; predicted survival in months not recorded; ECOG not recorded; KPS not
     recorded

Rules in the order of trying: does it apply?
  N1   no       the spine is unstable and the patient is operable
  N2   no       the spine is unstable and the patient is not operable
  N3   no       SINS is indeterminate and the policy sends such cases to a surgeon first
  N4   unknown  compression is high grade and the tumour is radioresistant as NOMS has it and the
                patient is operable
  N5   no       compression is high grade and the tumour is radioresistant as NOMS has it and the
                patient is not operable
  N6   no       the tumour is radiosensitive as NOMS has it
  N7   unknown  compression is not high grade and the tumour is radioresistant as NOMS has it
"""


@pytest.fixture
def table(tmp_path):
    given, _ = from_table("""
        case_id | sins_location | sins_pain  | sins_lesion | sins_alignment | sins_collapse | sins_posterolateral | primary_histology | operable
        A       | rigid         | mechanical | blastic     | normal         | none          | none                | renal             | yes
        B-0042  |               |            |             |                |               |                     | lymphoma          | no
    """)
    given.to_csv(tmp_path / "cases.csv", index=False)
    return tmp_path / "cases.csv"


def test_the_trace_as_printed(table, capsys):
    assert main(["trace", str(table), "--case", "A", "--algorithm", "noms"]) == 0
    assert capsys.readouterr().out == PRINTED


def test_the_algorithm_of_the_config_and_the_file(table, tmp_path, capsys):
    config = tmp_path / "c.yaml"
    config.write_text("assign: {algorithm: figure3_literal}\n")
    out = tmp_path / "trace.csv"
    options = ["--case", " B-0042", "--config", str(config), "--out", str(out)]
    assert main(["trace", str(table), *options]) == 0
    assert "(figure3_literal)" in capsys.readouterr().out
    assert pd.read_csv(out)["question"].iloc[0] == "high_grade"


def test_a_rule_that_is_not_verified_says_so(capsys, table):
    from mescc_analytics.present.trace_text import render

    case = score(sosg_grade="3", primary_histology="renal", operable=False, sins_location="rigid")
    case["sins_min"], case["sins_max"] = 3, 3
    text = render(trace_case(case, ASSIGN | {"algorithm": "noms"}))
    wanted = "by rule N5 (unverified: not confirmed in the framework's table; agrees"
    assert wanted in " ".join(text.split())


def test_an_unknown_case_is_told_the_nearest(table, capsys):
    assert main(["trace", str(table), "--case", "b-0O42"]) == 2
    said = capsys.readouterr().err.splitlines()[-2:]
    assert said == [
        "mescc trace: --case cannot be used:",
        f"  - 'b-0O42' is not in '{table}' (the nearest case_id is 'B-0042')",
    ]
    assert nearest_id("x", []) is None


def test_an_unknown_algorithm_is_told_the_others(table, capsys):
    assert main(["trace", str(table), "--case", "A", "--algorithm", "nomms"]) == 2
    assert capsys.readouterr().err.splitlines()[-1] == (
        "  - found 'nomms', wanted one of seed_text, figure3_literal, noms (did you mean 'noms'?)"
    )
