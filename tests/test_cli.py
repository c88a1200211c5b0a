import json

import pandas as pd
import pytest

from mescc_analytics.cli import COMMANDS, main

TABLE = """case_id,last_contact_day,died,sosg_grade,spinal_levels,sins_pain,sins_lesion,sins_alignment,sins_collapse,sins_posterolateral
B,100,yes,3,T11,mechanical,lytic,subluxation,over_50,bilateral
A,200,no,1b,T5,none,blastic,normal,none,none
"""


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text(TABLE)
    return path


def test_check_says_yes_and_no_with_exit_codes(table, capsys):
    assert main(["check", str(table)]) == 0
    table.write_text(TABLE.replace("A,200", "B,200").replace("mechanical", "sometimes"))
    assert main(["check", str(table)]) == 3
    said = capsys.readouterr().err
    assert "'mine.csv' cannot be used:" in said
    assert "sins_pain: 'sometimes' is not one of mechanical, occasional, none" in said
    assert "case_id" in said and "'B'" in said


def test_check_writes_findings_where_asked(table, tmp_path):
    table.write_text(TABLE.replace("lytic", "litic"))
    assert main(["check", str(table), "--out", str(tmp_path / "findings.csv")]) == 0
    findings = pd.read_csv(tmp_path / "findings.csv")
    assert findings[["column", "found", "severity"]].to_numpy().tolist() == [
        ["sins_lesion", "litic", "error"]
    ]


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_score_keeps_input_order(table, tmp_path, ending):
    out = tmp_path / f"scored.{ending}"
    assert main(["score", str(table), "--out", str(out)]) == 0
    scored = pd.read_csv(out) if ending == "csv" else pd.read_parquet(out)
    assert scored["case_id"].tolist() == ["B", "A"]
    assert scored["sins_total"].tolist() == [18, 1]
    assert scored["sins_category"].tolist() == ["unstable", "stable"]


def test_scoring_needs_nothing_but_ids(tmp_path):
    (tmp_path / "t.csv").write_text("case_id,sosg_grade\nA,2\n")
    assert main(["score", str(tmp_path / "t.csv"), "--out", str(tmp_path / "o.csv")]) == 0
    assert pd.read_csv(tmp_path / "o.csv")["sosg_high_grade"].tolist() == [True]


def test_assign_reads_its_config(table, tmp_path):
    config = tmp_path / "c.yaml"
    config.write_text("assign: {algorithm: figure3_literal}\n")
    out = tmp_path / "o.csv"
    assert main(["assign", str(table), "--out", str(out)]) == 0
    assert pd.read_csv(out)["pathway_rule"].str.startswith("ST").all()
    assert main(["assign", str(table), "--out", str(out), "--config", str(config)]) == 0
    assert pd.read_csv(out)["pathway_rule"].str.startswith("F").all()


def test_mapping_serves_score(table, tmp_path):
    table.write_text(
        TABLE.replace("case_id", "Nr")
        .replace("mechanical", "1")
        .replace(",none,blastic", ",3,blastic")
    )
    (tmp_path / "m.yaml").write_text(
        'columns: {Nr: case_id}\nlevels: {sins_pain: {"1": mechanical, "3": none}}\n'
    )
    assert (
        main(
            [
                "score",
                str(table),
                "--mapping",
                str(tmp_path / "m.yaml"),
                "--out",
                str(tmp_path / "o.csv"),
            ]
        )
        == 0
    )
    assert pd.read_csv(tmp_path / "o.csv")["sins_total"].tolist() == [18, 1]


@pytest.mark.parametrize(
    "settings, said",
    [
        ("{", "not JSON"),
        ('{"survial": {}}', "unknown key 'survial' (did you mean 'survival'?)"),
        ("[]", "found [], wanted sections"),
    ],
)
def test_wrong_settings_are_usage_errors(table, tmp_path, capsys, settings, said):
    assert (
        main(["score", str(table), "--out", str(tmp_path / "o.csv"), "--settings", settings]) == 2
    )
    assert said in capsys.readouterr().err
    assert not (tmp_path / "o.csv").exists()


def test_files_that_are_not_there(tmp_path, capsys):
    out = str(tmp_path / "o.csv")
    assert main(["score", str(tmp_path / "no.csv"), "--out", out]) == 3
    assert (
        main(
            ["score", str(tmp_path / "no.csv"), "--out", out, "--config", str(tmp_path / "no.yaml")]
        )
        == 2
    )
    said = capsys.readouterr().err
    assert "no.csv" in said and "no.yaml" in said and "Traceback" not in said


def test_an_output_that_cannot_be_written(table, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert main(["score", str(table), "--out", str(tmp_path / "file" / "o.csv")]) == 1
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["scoer"],
        ["score"],
        ["synthesise", "--cases", "0", "--seed", "1", "--out", "x"],
        ["synthesise", "--cases", "x", "--seed", "1", "--out", "x"],
        ["synthesise", "--cases", "1", "--seed", "-1", "--out", "x"],
    ],
)
def test_wrong_usage_exits_with_2(arguments):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2


def test_synthesise_is_seeded(tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        assert (
            main(
                ["synthesise", "--cases", "120", "--seed", str(seed), "--out", str(tmp_path / name)]
            )
            == 0
        )
    texts = [(tmp_path / name / "cases.csv").read_text() for name in "abc"]
    assert texts[0] == texts[1] != texts[2]
    assert json.loads((tmp_path / "a" / "truth.json").read_text())
    assert (
        main(
            [
                "check",
                str(tmp_path / "a" / "cases.csv"),
                "--visits",
                str(tmp_path / "a" / "visits.csv"),
                "--lesions",
                str(tmp_path / "a" / "lesions.csv"),
            ]
        )
        == 0
    )


def test_an_unknown_scenario_or_example_is_told(tmp_path, capsys):
    assert (
        main(
            [
                "synthesise",
                "--cases",
                "10",
                "--seed",
                "1",
                "--out",
                str(tmp_path),
                "--scenario",
                "nul",
            ]
        )
        == 2
    )
    assert main(["example", "lungs", "--out", str(tmp_path / "x.csv")]) == 2
    said = capsys.readouterr().err
    assert "null" in said and "wanted one of lung, patchell" in said


def test_every_command_has_help(capsys):
    for name in [*COMMANDS, "synthesise"]:
        with pytest.raises(SystemExit) as caught:
            main([name, "--help"])
        assert caught.value.code == 0
    assert "case table" in capsys.readouterr().out


def test_identifiers_as_text_are_kept(tmp_path):
    (tmp_path / "t.csv").write_text("case_id,sosg_grade\n0007,2\n0010,3\n")
    assert main(["score", str(tmp_path / "t.csv"), "--out", str(tmp_path / "o.csv")]) == 0
    assert pd.read_csv(tmp_path / "o.csv", dtype=str)["case_id"].tolist() == ["0007", "0010"]


def test_a_scored_csv_serves_assign_as_it_is(tmp_path, capsys):
    (tmp_path / "t.csv").write_text("case_id,sosg_grade\nA,high\nB,2\nC,1\n")
    assert main(["score", str(tmp_path / "t.csv"), "--out", str(tmp_path / "s.csv")]) == 0
    capsys.readouterr()
    assert main(["assign", str(tmp_path / "s.csv"), "--out", str(tmp_path / "a.csv")]) == 0
    assert pd.read_csv(tmp_path / "a.csv")["sosg_high_grade"].tolist() == [True, True, False]
    assert "not in the codebook" not in capsys.readouterr().err


def test_a_foreign_parquet_with_a_column_of_ours_is_read_as_foreign(tmp_path):
    pd.DataFrame({"case_id": ["A"], "usable": ["perhaps"], "sosg_grade": [2]}).to_parquet(
        tmp_path / "t.parquet"
    )
    assert main(["score", str(tmp_path / "t.parquet"), "--out", str(tmp_path / "o.csv")]) == 0
    assert pd.read_csv(tmp_path / "o.csv")["sosg_high_grade"].tolist() == [True]


def test_fatal_messages_name_their_file_and_keep_the_hints(tmp_path, capsys):
    (tmp_path / "c.csv").write_text("Case ID,last_contact_day,died\nA,1,yes\n")
    assert main(["check", str(tmp_path / "c.csv")]) == 3
    said = capsys.readouterr().err
    assert "column 'case_id' is missing" in said and "did you mean 'case_id'?" in said
    (tmp_path / "c.csv").write_text("case_id,last_contact_day,died\nA,1,yes\n")
    (tmp_path / "v.csv").write_text("case_id,day\nA,1\n")
    assert main(["check", str(tmp_path / "c.csv"), "--visits", str(tmp_path / "v.csv")]) == 3
    assert "'v.csv' cannot be used:\n  - column 'visit_day' is missing" in capsys.readouterr().err


def test_a_blank_id_of_a_visit_does_not_stop_the_cohort(tmp_path, capsys):
    (tmp_path / "c.csv").write_text("case_id,last_contact_day,died\nA,100,no\n")
    (tmp_path / "v.csv").write_text("case_id,visit_day,ambulatory_status\nA,30,aided\n,60,aided\n")
    assert main(["check", str(tmp_path / "c.csv"), "--visits", str(tmp_path / "v.csv")]) == 0
    assert "'v.csv'" in capsys.readouterr().err


def test_spinal_levels_that_cannot_be_read_are_found_by_check(tmp_path, capsys):
    (tmp_path / "c.csv").write_text(
        "case_id,last_contact_day,died,spinal_levels\nA,1,yes,T4\nB,1,yes,banana\n"
    )
    (tmp_path / "l.csv").write_text("case_id,lesion_id,spinal_levels\nA,1,Foo\n")
    assert main(["check", str(tmp_path / "c.csv"), "--lesions", str(tmp_path / "l.csv")]) == 0
    said = capsys.readouterr().err
    assert "row 3, spinal_levels: 'banana' is not vertebrae such as T11" in said
    assert "row 2, spinal_levels: 'Foo' is not" in said


def test_provenance_of_a_folder_that_does_not_exist_is_a_usage_error(tmp_path, capsys):
    cases = tmp_path / "cases.csv"
    cases.write_text("case_id\nA\n", encoding="utf-8")
    given = ["--results", str(tmp_path / "none"), "--cases", str(cases), "--out", str(tmp_path)]
    assert main(["provenance", *given]) == 2
    assert "wanted a folder of results" in capsys.readouterr().err
    assert not (tmp_path / "provenance.json").exists()
