"""Tables for people, and the step that writes them."""

import io
import json
import zipfile
from dataclasses import replace

import pandas as pd
import pytest
from docx import Document

import result_frames as made
from mescc_analytics.present import docx, tables, tables_data, tables_decisions
from mescc_analytics.present import tables_survival as survival
from mescc_analytics.present import tables_walking as walking
from mescc_analytics.present.study import Study, study_of
from mescc_analytics.present.tables import Table
from mescc_analytics.steps import counts, withhold, withhold_walking
from mescc_analytics.steps.overview import overview
from mescc_analytics.steps.tables import tables as step

STUDY = Study("small", threshold=5)


def row_of(table, name):
    return next(row for row in table.rows if row[0].strip() == name)


def test_survival_cells():
    table = survival.survival(withhold.summary(made.summary(), 5), STUDY)
    assert row_of(table, "All cases") == (
        "All cases",
        "40",
        "20",
        "310 (285 to not reached)",
        "50 (30 to 70)",
        "220 (200 to 240)",
        "400 (350 to not reached)",
    )
    assert table.head[4] == "At 90 days, %"
    assert row_of(table, "cEBRT, long course")[3] == "37.5 (30 to 90)"
    assert row_of(table, "Arm, from the landmark at day 30")[1:] == ("",) * 6


def test_survival_says_why_a_number_is_missing():
    table = survival.survival(withhold.summary(made.summary(), 5), STUDY)
    assert row_of(table, "Surgery + SBRT")[4] == "not estimable: the curve starts on day 30"
    assert row_of(table, "Surgery + SBRT")[2] == "hidden"


def test_survival_notes_name_level_interval_and_landmark():
    study = Study("small", threshold=0, level=0.9, interval="log", landmark_days=14)
    notes = " ".join(survival.survival(withhold.summary(made.summary(), 0), study).notes)
    assert "90 % CI" in notes and "log intervals" in notes and "day 14" in notes
    assert "<" not in notes


def test_hazards_and_tests_stand_together():
    hazards = withhold.hazards(made.hazards(), withhold.summary(made.summary(), 5))
    table = survival.hazards(hazards, made.log_rank(), STUDY)
    assert row_of(table, "Arm") == ("Arm", "", "", "", "0.0042", "0.21")
    name = "cEBRT, long course against Surgery + SBRT"
    assert row_of(table, name)[1:4] == ("1.48 (1.13 to 1.93)", "0.0043", "0.21")


def test_ratios_by_treatment_in_time_say_whose_days_they_hold():
    exact = made.hazards().assign(mark=pd.NA)
    plain = survival.hazards(exact, made.log_rank(), STUDY).notes
    timed = pd.concat([exact, exact.assign(analysis="by_arm_time_varying")], ignore_index=True)
    (more,) = set(survival.hazards(timed, made.log_rank(), STUDY).notes) - set(plain)
    assert "before any treatment as Supportive care" in more and "as Surgery alone" in more


def test_notes_name_the_intervals_of_proportions():
    rates = withhold_walking.rates(made.rates(), 5)
    found = {
        below: walking.walking(rates, replace(STUDY, exact_below=below)).notes[0]
        for below in (0, 7)
    }
    assert found[0].endswith("(95 % CI, Wilson).")
    assert "the true share is higher" in " ".join(walking.walking(rates, STUDY).notes)
    assert "of fewer than 7 cases exact, Clopper-Pearson" in found[7]


def test_test_that_cannot_be_done_says_why():
    tests = made.log_rank().assign(p=pd.NA, note="not estimable: no deaths")
    table = survival.hazards(made.hazards().assign(mark=pd.NA), tests, STUDY)
    assert row_of(table, "Arm")[4:] == ("not estimable: no deaths", "not estimable: no deaths")


def test_hazard_that_cannot_be_estimated_names_the_arm_in_words():
    hazards = made.hazards().assign(
        hazard_ratio=pd.NA, note="not estimable: no deaths in cebrt_long", mark=pd.NA
    )
    table = survival.hazards(hazards, made.log_rank(), STUDY)
    assert table.rows[1][1] == "not estimable: no deaths in cEBRT, long course"


def test_walking_row_has_four_estimands_with_their_counts():
    table = walking.walking(withhold_walking.rates(made.rates(), 5), STUDY)
    assert table.rows[0] == (
        "All",
        "All cases",
        "90",
        "10/20, 50 % (25 to 75)",
        "10/30, 33 % (17 to 67)",
        "20/40, 50 % (25 to 75)",
        "10/40, 25 % (12 to 62)",
        "10",
        "10",
    )


def test_contrasts_name_test_and_interval():
    table = walking.contrasts(made.contrasts().assign(mark=pd.NA), STUDY)
    entry, arms, day, difference, _, odds, _ = table.rows[0]
    assert (entry, arms, day) == ("All", "cEBRT, long course against Surgery + SBRT", "90")
    assert difference == "−27 (−43 to −9)"
    assert odds == "3.98 (1.56 to 10.17); Fisher exact test p = 0.0043; chi-square test p = 0.0028"


def test_pathway_counts_and_marks():
    table = tables_decisions.pathway(withhold.cells(made.concordance(), 5), STUDY)
    assert table.head == ("Recommended", "Surgery + SBRT", "cEBRT, long course")
    assert row_of(table, "Surgery, then radiotherapy")[1:] == ("10", "7")


def test_discordance_lists_what_is_not_small_with_the_rule_in_words():
    reasons = made.concordance().query("section == 'reason'")
    rare = reasons.assign(n=3)
    shown = withhold.counted(pd.concat([reasons, rare], ignore_index=True), 5)
    table = tables_decisions.discordance(shown, STUDY)
    assert table.rows == (
        ("Surgery recommended, cEBRT given", "the spine is unstable; the patient is operable", "7"),
    )
    assert table.notes[0].startswith("A short course counts as different where conventional")
    assert table.notes[1:] == ("1 rarer kinds of discordance are not listed.",)


def test_policies_mark_the_one_in_use():
    table = tables_decisions.policies(withhold.policies(made.policies(), 5), STUDY)
    assert table.rows[0] == (
        "Text of the review (in use)",
        "consult then low branch",
        "low",
        "17",
        "23",
    )
    assert table.rows[1][0] == "Text of the review"


def test_table_one_by_arm():
    tidy, differences, by_arm, pooled = counts.baseline(made.cohort(), ["age_years", "sex"], 0)
    table = tables.table_one(tidy, differences, STUDY, by_arm=by_arm, pooled=pooled)
    assert table.head == (
        "",
        "All (n 32)",
        "Surgery + SBRT (n 12)",
        "cEBRT, long course (n 20)",
        "Standardised difference",
    )
    assert row_of(table, "Age, years")[1:4] == ("50 (50 to 70)", "50 (50 to 50)", "70 (50 to 70)")
    assert row_of(table, "female")[1:4] == ("15 (48 %)", "11 (100 %)", "4 (20 %)")
    assert row_of(table, "missing")[1:4] == ("1 (3 %)", "1 (8 %)", "0")


def test_table_one_withholds_a_small_cell_with_others_and_its_percentages():
    tidy, differences, by_arm, _ = counts.baseline(made.cohort(), ["sex"], 5)
    table = tables.table_one(tidy, differences, STUDY, by_arm=by_arm)
    assert row_of(table, "female")[3] == "<5"
    assert row_of(table, "missing")[1:4] == ("<5", "<5", "<5")  # the last is 0: not told apart
    assert "<5: between 0 and 4 cases." in table.notes[-1]
    assert not any("%" in cell for row in table.rows for cell in row[1:3])


def test_small_arm_stands_in_one_column_of_table_one_with_the_next_smallest():
    cohort = made.cohort()
    cohort.loc[:2, "arm"] = "sbrt"
    tidy, differences, by_arm, pooled = counts.baseline(cohort, ["age_years"], 5)
    table = tables.table_one(tidy, differences, STUDY, by_arm=by_arm, pooled=pooled)
    together = "SBRT or Surgery + SBRT (n 12)"
    assert table.head[1:4] == ("All (n 32)", "cEBRT, long course (n 20)", together)
    assert any(note.endswith("is not shown: SBRT and Surgery + SBRT.") for note in table.notes)
    unpooled = counts.baseline(cohort, ["age_years"], 3)
    assert unpooled[3] == []


def test_without_two_arms_table_one_shows_all_cases_analysed():
    cohort = made.cohort().assign(in_arms=pd.array([False] * 46, dtype="boolean"))
    tidy, differences, by_arm, pooled = counts.baseline(cohort, ["age_years"], 5)
    table = tables.table_one(tidy, differences, STUDY, by_arm=by_arm, pooled=pooled)
    assert table.head == ("", "All (n 40)")
    assert table.title == "Table 1. Baseline, all cases analysed, cohort small"


def test_rare_levels_of_a_long_list_stand_together():
    cohort = made.cohort()
    levels = [f"kind_{i:02d}" for i in range(13)]
    drawn = levels + [levels[0]] * 20 + [levels[1]] * 13
    cohort["primary_histology"] = pd.Categorical(drawn, levels)
    together = counts.baseline(cohort, ["primary_histology"], 5)[0]
    assert counts.RARE in set(together["level"].dropna())
    assert "kind_05" not in set(together["level"].dropna())
    apart = counts.baseline(cohort, ["primary_histology"], 1)[0]
    assert "kind_05" in set(apart["level"].dropna())


def test_years_have_no_thousands_separator():
    tidy, _, by_arm, _ = counts.baseline(made.cohort(), ["presentation_year"], 5)
    assert tables.table_one(tidy, {}, STUDY, by_arm=by_arm).rows[0][1] == "2019 (2019 to 2021)"


def test_findings_are_counts_without_values():
    table = tables_data.findings(counts.findings(made.findings(), 5), STUDY)
    assert table.rows == (("not a number", "error", "cases", "<b>x</b>", "6"),)
    assert tables_data.findings(counts.findings(made.findings(), 7), STUDY).rows[0][-1] == "<7"


def test_missing_lists_columns_with_gaps():
    table = tables_data.missing(counts.missing(made.cohort(), 0), STUDY)
    assert table.rows == (("Sex", "sex", "1 (2 %)"),)
    assert table.notes[0] == "3 columns without a missing value not listed."


def test_not_assessable_is_listed_once_per_need():
    frame = pd.DataFrame(
        {
            "subject": ["survival", "walking", ""],
            "analysis": ["by_arm", "by_arm", "compression (SOSG)"],
            "needs": ["surgery_day", "surgery_day", "sosg_grade"],
            "reason": ["needs surgery_day", "needs surgery_day", "the column is absent or blank"],
        }
    )
    assert tables_data.not_assessable(frame).rows == (
        ("survival by arm and walking by arm", "surgery_day", ""),
        ("compression (SOSG)", "sosg_grade", "the column is absent or blank"),
    )


def test_study_reads_the_sections():
    study = study_of(made.SETTINGS | {"disclosure": {"threshold": 3}})
    assert (study.small, study.time_zero_words, study.landmark_days) == ("<3", "MRI", 30)
    assert study.suppression_note.startswith("<3: between 1 and 2 cases.")
    assert study_of({"name": "x"}, landmark_days=0).landmark_days == 0
    assert study_of({"tables": {"estimand": "best_case"}}, "tables").estimand == "best_case"


def test_word_file_is_the_same_every_time_and_holds_real_tables():
    table = Table("one", "Title", ("", "n"), (("Sex", ""), ("\u2003female", "7")), ("A note.",))
    empty = Table("two", "Nothing", ("a",), ())
    content = docx.render([table, empty], "All")
    assert content == docx.render([table, empty], "All")
    document = Document(io.BytesIO(content))
    assert [[cell.text for cell in row.cells] for row in document.tables[0].rows] == [
        ["", "n"],
        ["Sex", ""],
        ["\u2003female", "7"],
    ]
    texts = [paragraph.text for paragraph in document.paragraphs]
    assert texts == ["All", "Title", "A note.", "Nothing", "Nothing to list."]
    dates = {member.date_time for member in zipfile.ZipFile(io.BytesIO(content)).infolist()}
    assert dates == {(1980, 1, 1, 0, 0, 0)}


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    root = tmp_path_factory.mktemp("small")
    step(made.write(root), root / "tables", made.SETTINGS)
    return root / "tables"


def test_step_writes_every_table(written):
    names = "table1 survival hazards walking contrasts pathway policies instability missing"
    for name in names.split():
        assert (written / f"{name}.csv").stat().st_size > 0
    assert (written / "tables.docx").read_bytes()[:2] == b"PK"


def test_step_writes_facts_without_a_case(written):
    content = (written / "tables.json").read_text(encoding="utf-8")
    assert json.loads(content)["overview"] == {
        "arms_given": False,
        "n_arms": 32,
        "n_overall": 40,
        "n_supplied": 46,
        "shares": {"unstable": [14, 40], "walking": [26, 40]},
        "year_first": 2019,
        "year_last": 2021,
    }
    assert "SECRET" not in content and "X01" not in content


def test_given_arms_are_a_fact():
    cohort = made.cohort().assign(arm_source="given")
    assert overview(cohort, 5)["arms_given"] is True


def test_step_follows_its_estimand(tmp_path):
    settings = made.SETTINGS | {
        name: {"estimand": "best_case"} for name in ("figures", "tables", "report")
    }
    step(made.write(tmp_path), tmp_path / "tables", settings)
    assert (tmp_path / "tables/contrasts.csv").read_text().count("\n") == 1


def test_difference_that_has_no_number_is_put_in_words():
    tidy, differences, by_arm, _ = counts.baseline(made.cohort(), ["age_years", "sex"], 0)
    assert by_arm and differences == {"age_years": "1.69", "sex": "2.83"}
    cohort = made.cohort()
    cohort.loc[:11, "sex"] = "female"
    cohort.loc[12:, "sex"] = "male"
    assert counts.baseline(cohort, ["sex"], 0)[1] == {"sex": "separated"}
    cohort.loc[:11, "sex"] = pd.NA
    words = "not estimable: no values in Surgery + SBRT"
    assert counts.baseline(cohort, ["sex"], 0)[1] == {"sex": words}


def test_zeros_and_small_cells_of_table_one_leave_no_cell_exact():
    rows = [("oesophagus", 1), ("oesophagus", 0), ("lung", 9), ("lung", 10), ("bone", 0)]
    frame = pd.DataFrame(rows, columns=["level", "n"]).astype({"n": "Int64"})
    frame["n"] = frame["n"].mask(frame["n"] == 1)
    shown = withhold.zeros(frame.assign(mark=["<5", *[pd.NA] * 4]), "level", 5)
    assert shown["mark"].tolist() == ["<5", "<5", pd.NA, pd.NA, pd.NA]
    assert shown["n"].tolist() == [pd.NA, pd.NA, 9, 10, 0]
    whole = frame.assign(n=pd.array([5, 0, 9, 10, 0], dtype="Int64"), mark=pd.NA)
    assert withhold.zeros(whole, "level", 5)["n"].tolist() == [5, 0, 9, 10, 0]


@pytest.mark.parametrize("n_left, supplied", [(0, 40), (1, None), (4, None), (5, 45)])
def test_number_supplied_is_not_told_where_few_were_excluded(n_left, supplied):
    cohort = made.cohort().iloc[: 40 + n_left]
    assert overview(cohort, 5)["n_supplied"] == supplied
    assert overview(cohort, 0)["n_supplied"] == 40 + n_left
    missing = counts.missing(cohort, 5)
    assert missing["total"].isna().all() == (supplied is None)


@pytest.mark.parametrize("n_left, n_arms", [(0, 32), (4, None), (5, 32)])
def test_number_compared_is_not_told_where_few_were_excluded(n_left, n_arms):
    within = pd.array([number < 32 + n_left for number in range(46)], dtype="boolean")
    assert overview(made.cohort().assign(in_overall=within), 5)["n_arms"] == n_arms


def test_second_group_is_hidden_beside_a_single_hidden_one():
    summary = withhold.summary(made.summary().assign(n=[40, 4, 20]), 5)
    table = survival.survival(summary, STUDY)
    assert row_of(table, "cEBRT, long course")[1:4] == ("hidden", "hidden", "37.5 (30 to 90)")
    assert row_of(table, "All cases")[1:3] == ("40", "20")


@pytest.mark.parametrize("unknown, words", [(7, "Arm 7"), (3, "Arm <5"), (0, None)])
def test_cases_without_a_group_are_noted_under_the_survival_table(unknown, words):
    summary = made.summary().assign(n_group_unknown=[0, unknown, unknown])
    notes = survival.survival(withhold.summary(summary, 5), STUDY).notes
    found = [note for note in notes if note.startswith("Cases whose group is unknown")]
    assert found == ([f"Cases whose group is unknown, left out: {words}."] if words else [])


def test_walking_notes_where_nobody_can_have_died():
    rates = withhold_walking.rates(made.rates(), 5)
    late, early = (
        walking.walking(rates, Study("x", landmark_days=days)).notes for days in (30, 90)
    )
    assert not any("nobody" in note for note in late)
    assert early[1] == (
        "At day 90 nobody in the comparison of arms can have died, because it holds those alive "
        "at the landmark, day 90: death does not count there."
    )


def test_study_knows_whether_arms_were_given():
    assert study_of({}, landmark_days=0, arms_given=True).naive is False
    assert study_of({}, landmark_days=0).naive is True
    assert study_of({}, landmark_days=30).naive is False


@pytest.mark.parametrize("second, marks", [(4, ["hidden", "hidden"]), (3, ["<5", "<5"])])
def test_line_of_largest_small_counts_says_less(second, marks):
    counted = pd.Series([4 + second, 4, second])
    frame = pd.DataFrame({"level": "renal", "group": ["all", "sbrt", "cebrt_long"]})
    frame["n"] = pd.array([4 + second, pd.NA, pd.NA], dtype="Int64")
    frame["mark"] = pd.array([pd.NA, "<5", "<5"], dtype="string")
    other = frame.assign(level="lung", n=pd.array([20, pd.NA, pd.NA], dtype="Int64"))
    both = pd.concat([frame, other.assign(mark=frame["mark"])], ignore_index=True)
    both_counted = pd.concat([counted, pd.Series([20, 2, 3])], ignore_index=True)
    assert withhold.largest(both, both_counted, 5)["mark"].tolist()[1:3] == marks
