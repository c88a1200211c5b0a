"""The table of flags: counts, definitions with the config in them, small numbers withheld."""

import pandas as pd

from mescc_analytics import codebook, settings
from mescc_analytics.present import tables_flags
from mescc_analytics.present.study import study_of
from mescc_analytics.steps import flag_counts

STUDY = study_of({"name": "small", "disclosure": {"threshold": 5}})
SETTINGS = settings.complete({}, need_cohorts=False)


def cohort(yes, no, unknown):
    answers = [True] * yes + [False] * no + [None] * unknown
    return pd.DataFrame(
        {
            "in_overall": [True] * len(answers),
            "re_irradiation": pd.array(answers, dtype="boolean"),
            "patchell_like": pd.array([None] * len(answers), dtype="boolean"),
        }
    )


def table(frame, changed=None):
    tidy = flag_counts.counts(frame, 5)
    return tables_flags.flags(tidy, STUDY, SETTINGS | (changed or {}))


def test_a_flag_is_counted_and_one_unknown_for_everybody_is_left_out():
    (row,) = table(cohort(10, 20, 10)).rows
    assert row[:4] == ("Re-irradiation of the level", "10 (25 %)", "20 (50 %)", "10 (25 %)")


def test_a_small_answer_and_another_beside_it_are_withheld():
    (row,) = table(cohort(2, 20, 10)).rows
    assert row[1] == "<5"
    assert "hidden" in row[2:4]


def test_two_small_answers_are_not_called_small():
    """1, 20 and 1 of 22: two counts of at least 1 that make 2 are 1 and 1."""
    (row,) = table(cohort(1, 20, 1)).rows
    assert row[1:4] == ("hidden", "20 (91 %)", "hidden")
    (row,) = table(cohort(4, 20, 4)).rows
    assert row[1:4] == ("hidden", "20 (71 %)", "hidden")


def test_cases_that_are_not_analysed_are_not_counted():
    frame = cohort(10, 20, 10).assign(in_overall=[True] * 30 + [False] * 10)
    assert table(frame).rows[0][3] == "0"


def test_definitions_quote_the_config():
    words = tables_flags.meaning("short_course_candidate", SETTINGS)
    assert words.startswith("Predicted survival below 3 months")
    other = SETTINGS | {"assign": SETTINGS["assign"] | {"short_course_below_months": 4}}
    assert "below 4 months" in tables_flags.meaning("short_course_candidate", other)


def test_the_page_holds_every_flag_with_its_source():
    page = tables_flags.flags_page(SETTINGS)
    book = codebook.load("flags")
    for name, entry in {**book["flags"], **book["classes"]}.items():
        assert f"## `{name}`" in page
        assert entry["source"] in page
    assert "{" not in page
