"""The sentences of the report: its first minute and its methods."""

from dataclasses import replace

import pandas as pd
import pytest

import result_frames as made
from mescc_analytics.present import methods, sentences
from mescc_analytics.present.study import Study, study_of
from mescc_analytics.steps import shown

FACTS = {"n_supplied": 46, "n_overall": 40, "n_arms": 32, "year_first": 2019, "year_last": 2021}


def minute(tmp_path, study=None, facts=None, **changed):
    inputs = made.write(tmp_path, **changed)
    frames = shown.frames(inputs, made.SETTINGS)
    study = study or study_of(made.SETTINGS)
    return sentences.in_one_minute(
        FACTS | {"shares": {"walking": [26, 40]}} | (facts or {}), frames, study
    )


def test_in_one_minute(tmp_path):
    assert minute(tmp_path) == [
        "Of 46 cases supplied, 40 are analysed, presenting 2019 to 2021; 32 of them are in the "
        "comparison of arms, which starts at the landmark on day 30.",
        "At presentation, 26 of 40 (65 %) could walk; each of those with the item known.",
        "Median survival from MRI was 310 days (10.2 months), 95 % CI 285 days to not reached; "
        "median follow-up was 400 days (13.1 months).",
        "At 90 days 10 of 30 (33 %) were walking, 95 % CI 17 to 67, of those assessed or dead, "
        "death counting as not walking; 10 had died and 10 were not assessed. All of the dead "
        "count, but of the living only those assessed: if the others walked as often, the true "
        "share is higher.",
        "Between arms with at least 10 cases, median survival was 37.5 days (cEBRT, long course, "
        "n = 20) to 120 days (3.9 months) (Surgery + SBRT, n = 12) and walking at 90 days was 50 % in each. "
        "8 cases died by the landmark and are counted apart, under Who was included. "
        "Do not read the differences between arms as effects of treatment: patients were chosen "
        "for their treatment (confounding by indication), so the arms differed before it began, "
        "as Table 1 shows.",
    ]


def test_the_share_walking_is_called_low_only_where_it_can_be(tmp_path):
    for column in ("n_dead", "n_unknown"):
        said = minute(tmp_path, rates=made.rates().assign(**{column: 0}))[3]
        assert "10 of 30" in said and "share is higher" not in said
    study = replace(study_of(made.SETTINGS), estimand="alive_assessed")
    assert "share is higher" not in " ".join(minute(tmp_path, study=study))


def test_small_arms_are_no_extremes(tmp_path):
    summary = made.summary().assign(n=[40, 9, 20])
    rates = made.rates()
    rates.loc[rates["group"] == "surgery_sbrt", "denominator"] = 9
    found = minute(tmp_path, summary=summary, rates=rates)
    assert found[4].startswith("8 cases died by the landmark")


def test_in_one_minute_without_what_is_not_there(tmp_path):
    found = minute(
        tmp_path,
        facts={"shares": {}},
        summary=made.summary().iloc[:1].assign(median_days=pd.NA),
        rates=made.rates().iloc[:0],
    )
    assert found == [
        "Of 46 cases supplied, 40 are analysed, presenting 2019 to 2021.",
        "Median survival from MRI was not reached or is not shown.",
    ]


def test_last_day_speaks_where_day_90_has_no_result(tmp_path):
    found = minute(tmp_path, rates=made.rates().assign(timepoint_days=30.0))
    assert found[3].startswith("At 30 days 10 of 30 (33 %) were walking")


def test_other_estimand_is_named(tmp_path):
    found = minute(tmp_path, study=Study("small", estimand="alive_assessed"))
    assert found[3].startswith("At 90 days 10 of 20 (50 %) were walking")
    assert "of those alive and assessed; 10 had died" in found[3]


def test_one_year_stands_alone():
    assert sentences.year_range({"year_first": 2020, "year_last": 2020}) == "in 2020"


@pytest.mark.parametrize(
    "section, changed, words",
    [
        ("assign", {"algorithm": "figure3_literal"}, "following its figure 3 to the letter"),
        ("assign", {"algorithm": "noms"}, "pathway follows the NOMS framework (Laufer"),
        ("cohort", {"time_zero": "presentation"}, "Time zero was presentation."),
        ("cohort", {"grace_days": 14}, "received within 14 days of time zero"),
        ("cohort", {"postop_rt_days": 45}, "within 45 days of surgery"),
        ("cohort", {"landmark_days": 0}, "from time zero, without a landmark"),
        ("cohort", {"landmark_days": 14}, "received within 14 days of time zero"),
        ("survival", {"interval": "log"}, "95 % CI on the log scale"),
        ("survival", {"horizon_days": 180}, "restricted mean survival up to 180 days"),
        ("ambulatory", {"definition": "unaided"}, "Walking means without aids"),
        ("ambulatory", {"windows_days": [7]}, "at day 90 (within 7)"),
        ("disclosure", {"threshold": 10}, "Counts from 1 to 9"),
        ("score", {"allow_unverified": True}, "were used and are marked as unverified"),
    ],
)
def test_methods_follow_the_settings(section, changed, words):
    settings = made.SETTINGS | {section: made.SETTINGS.get(section, {}) | changed}
    text = " ".join(methods.paragraphs(settings, study_of(settings)))
    assert words in text
    assert words not in " ".join(methods.paragraphs(made.SETTINGS, study_of(made.SETTINGS)))


def test_settings_are_listed_in_words():
    lists = {"b": ["2", "3"], "f": [[1, 0], [0, 1]]}
    settings = {"score": {"a": None, **lists, "c": {"x": True}, "d": [], "e": 0.5}}
    assert methods.settings_rows(settings, ("score", "absent")) == [
        ("score.a", "default"),
        ("score.b", "2, 3"),
        ("score.f", "(1, 0), (0, 1)"),
        ("score.c", "x: true"),
        ("score.d", "none"),
        ("score.e", "0.5"),
    ]


def test_arms_that_the_table_names_may_be_randomised(tmp_path):
    found = minute(tmp_path, study=Study("small", arms_given=True))[4]
    assert "only if the arms were assigned at random" in found
    assert "confounding" not in found


def test_no_death_is_said(tmp_path):
    summary = made.summary().assign(events=[0, 9, 10])
    assert minute(tmp_path, summary=summary)[2] == (
        "No death was recorded, so that median survival cannot be estimated."
    )


def test_methods_say_whether_arms_were_given():
    derived, given = (
        " ".join(methods.paragraphs(made.SETTINGS, study_of(made.SETTINGS, arms_given=known)))
        for known in (False, True)
    )
    assert "Arms were derived from the treatments received within 30 days" in derived
    assert "Arms were those that the table gives." in given and "derived from" not in given
    assert "that day counts from presentation, while results count from time zero" in derived
    assert "the course of radiotherapy is that prescribed" in derived
    assert "prescribed" not in given.partition("Excluded cases")[0]


def test_days_of_grace_do_not_outlast_themselves_without_a_landmark():
    text = " ".join(methods.paragraphs(made.SETTINGS, Study("x", grace_days=21, landmark_days=0)))
    assert "received within 21 days of time zero" in text


def test_few_excluded_are_not_told_by_the_headline(tmp_path):
    found = minute(tmp_path, facts={"n_supplied": None, "n_overall": 59, "n_arms": None})[0]
    assert found == (
        "59 cases are analysed, fewer than 5 were excluded, presenting 2019 to 2021; all but fewer "
        "than 5 of them are in the comparison of arms, which starts at the landmark on day 30."
    )


def test_one_case_is_singular(tmp_path):
    facts = {"n_supplied": 1, "n_overall": 1, "n_arms": 1}
    found = minute(tmp_path, facts=facts)[0]
    assert found.startswith(
        "Of 1 case supplied, 1 is analysed, presenting 2019 to 2021; 1 of them is"
    )


def test_interval_without_ends_is_said(tmp_path):
    summary = made.summary().assign(median_lower=pd.NA, median_upper=pd.NA)
    found = minute(tmp_path, summary=summary)[2]
    assert "310 days (10.2 months), interval not estimable; median follow-up" in found


def test_caution_without_a_landmark(tmp_path):
    naive = minute(tmp_path, study=Study("small", landmark_days=0))[4]
    assert naive.endswith("without a landmark; immortal time favours the later treated.")
    given = minute(tmp_path, study=Study("small", landmark_days=0, arms_given=True))[4]
    assert "immortal" not in given and "chosen" not in given
