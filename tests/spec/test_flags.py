"""Every flag and class as cases that a clinician can read; blank is not recorded, open is unknown."""

import pandas as pd
import pytest

from mescc_analytics import codebook, settings
from mescc_analytics.clinical.derived_flags import add_flags, classes_of, flags_of
from mescc_analytics.cohort.after_surgery import after_surgery
from tests.spec_table import parse, typed_cases

WORDS = {True: "yes", False: "no"}


def answers(name, text, step, **changed):
    header, rows = parse(text)
    given = [column for column in header if column != "is"]
    frame = typed_cases(pd.DataFrame(rows, columns=header)[given].replace("", pd.NA))
    chosen = settings.defaults(step) | changed
    found = add_flags(frame, step, chosen)[name]
    wanted = [row[header.index("is")] for row in rows]
    return [("open" if pd.isna(v) else WORDS.get(v, v)) for v in found], wanted


TABLES = {
    ("suspected_mescc", "score"): """
        back_pain | weakness | cancer_known | is
        yes       | no       | yes          | yes
        no        | yes      | yes          | yes
        no        | no       | yes          | no
        yes       | yes      | no           | no
        yes       |          |              | open
        no        |          | yes          | open
        no        |          | no           | no
    """,
    ("single_site", "score"): """
        compression_sites | multi_site | is
        1                 |            | yes
        2                 |            | no
                          |            | open
                          | yes        | no
                          | no         | yes
        1                 | yes        | yes
    """,
    ("life_expectancy_3_months", "score"): """
        predicted_survival_months | is
        3                         | yes
        2.9                       | no
                                  | open
    """,
    ("patchell_like", "score"): """
        sosg_high_grade | weakness | compression_sites | predicted_survival_months | primary_histology | ambulatory_status | paraplegia_hours | sosg_valid | prior_rt_same_level | is
        yes             | yes      | 1                 | 6                         | breast            | aided             |                  | yes        | no                  | yes
        no              | yes      | 1                 | 6                         | breast            | aided             |                  | yes        | no                  | no
        yes             | yes      | 2                 | 6                         | breast            | aided             |                  | yes        | no                  | no
        yes             | yes      | 1                 | 2                         | breast            | aided             |                  | yes        | no                  | no
        yes             | yes      | 1                 | 6                         | myeloma           | aided             |                  | yes        | no                  | no
        yes             | yes      | 1                 | 6                         | germ_cell         | aided             |                  | yes        | no                  | no
        yes             | yes      | 1                 | 6                         | breast            | paraplegic        | 48               | yes        | no                  | yes
        yes             | yes      | 1                 | 6                         | breast            | paraplegic        | 49               | yes        | no                  | no
        yes             | yes      | 1                 | 6                         | breast            | paraplegic        |                  | yes        | no                  | open
        yes             | yes      | 1                 | 6                         | breast            | aided             |                  | no         | no                  | no
        yes             | yes      | 1                 | 6                         | breast            | aided             |                  | yes        | yes                 | no
        yes             | yes      | 1                 |                           | breast            | aided             |                  | yes        | no                  | open
        yes             | yes      | 1                 | 6                         | unknown_primary   | aided             |                  | yes        | no                  | open
    """,
    ("operative_indication", "assign"): """
        sosg_high_grade | radiosensitivity | sins_min | sins_max | retropulsed_fragment | is
        yes             | resistant        | 3        | 3        | no                   | yes
        yes             | intermediate     | 3        | 3        | no                   | yes
        yes             | sensitive        | 3        | 3        | no                   | no
        no              | resistant        | 3        | 3        | no                   | no
        no              | sensitive        | 13       | 13       | no                   | yes
        no              | sensitive        | 12       | 13       | no                   | open
        no              | sensitive        | 12       | 12       | yes                  | yes
        no              | sensitive        | 12       | 12       |                      | open
        yes             | unknown          | 12       | 12       | no                   | open
    """,
    ("sbrt_alone_eligible", "assign"): """
        sosg_high_grade | motor_power_min | is
        no              | 4               | yes
        no              | 3.67            | no
        yes             | 5               | no
        no              |                 | open
                        | 3               | no
    """,
    ("short_course_candidate", "assign"): """
        predicted_survival_months | operable | sosg_high_grade | radiosensitivity | sins_min | sins_max | retropulsed_fragment | is
        2                         | no       | yes             | resistant        | 3        | 3        | no                   | yes
        2                         | yes      | yes             | resistant        | 3        | 3        | no                   | no
        2                         | yes      | no              | resistant        | 3        | 3        | no                   | yes
        3                         | no       | no              | resistant        | 3        | 3        | no                   | no
                                  | no       | no              | resistant        | 3        | 3        | no                   | open
    """,
    ("re_irradiation", "score"): """
        prior_rt_same_level | prior_rt_dose_gy | rt_start_day | rt_dose_gy | is
        yes                 |                  | 3            |            | yes
        yes                 |                  |              | 24         | yes
                            | 30               | 3            |            | yes
        no                  |                  | 3            |            | no
        yes                 |                  |              |            | open
                            |                  | 3            |            | open
    """,
    ("rt_dose_class", "score"): """
        rt_technique_derived | rt_course    | rt_fractions | rt_dose_per_fraction_gy | is
        cebrt                | short        | 1            | 8                       | conventional_single
        cebrt                | short        | 5            | 4                       | conventional_short
        cebrt                | intermediate | 8            | 3                       | conventional_intermediate
        cebrt                | long         | 10           | 3                       | conventional_long
        sbrt                 | sbrt         | 1            | 24                      | sbrt_single
        sbrt                 | sbrt         | 3            | 9                       | sbrt_high_dose
        sbrt                 | sbrt         | 5            | 6                       | sbrt_low_dose
        sbrt                 | sbrt         | 4            | 7.5                     | sbrt_other
                             |              |              |                         | open
    """,
    ("steroid_dose_class", "score"): """
        steroid_daily_mg | is
        0                | none
        8                | below_moderate
        12               | moderate
        24               | moderate
        24.5             | above_moderate
        96               | high
                         | open
    """,
}


@pytest.mark.parametrize("name, step", TABLES)
def test_flag(name, step):
    found, wanted = answers(name, TABLES[name, step], step)
    assert found == wanted


def test_every_flag_and_class_has_a_table():
    steps = ("score", "assign", "cohort")
    declared = {name for step in steps for name in (*flags_of(step), *classes_of(step))}
    elsewhere = {"operable_derived", "postop_rt_in_time", "downgraded_by_surgery"}
    assert {name for name, _ in TABLES} | elsewhere == declared
    assert declared | {"operative_indication_grounds"} <= set(codebook.columns("derived"))


def test_grounds_of_the_indication_are_named():
    text = """
        sosg_high_grade | radiosensitivity | sins_min | sins_max | retropulsed_fragment | is
        yes             | resistant        | 13       | 13       | no                   | high_grade_not_radiosensitive; unstable
        no              | resistant        | 3        | 3        | yes                  | retropulsed_fragment
        no              | resistant        | 3        | 3        | no                   | open
    """
    found, wanted = answers("operative_indication_grounds", text, "assign")
    assert found == wanted


@pytest.mark.parametrize(
    "name, text, changed",
    [
        (
            "short_course_candidate",
            TABLES["short_course_candidate", "assign"],
            {"short_course_below_months": 4},
        ),
        (
            "sbrt_alone_eligible",
            TABLES["sbrt_alone_eligible", "assign"],
            {"sbrt_motor_power_min": 3},
        ),
        (
            "operative_indication",
            TABLES["operative_indication", "assign"],
            {"op_indication_class": "resistant_only"},
        ),
        ("operative_indication", TABLES["operative_indication", "assign"], {"sins_high_from": 12}),
    ],
)
def test_flags_follow_the_config(name, text, changed):
    usual, _ = answers(name, text, "assign")
    other, _ = answers(name, text, "assign", **changed)
    assert usual != other


CASES = """
    surgery_day | surgery_type   | rt_start_day | sosg_high_grade
    2           | decompression  | 16           | yes
    2           | decompression  | 17           | yes
    2           | decompression  |              | yes
    2           | decompression  | 0            | yes
                |                | 5            | yes
                | decompression  | 5            | yes
    -30         | decompression  | 5            | yes
    2           | decompression  | 16           | no
"""
VISITS = pd.DataFrame(
    [
        ("C0", 20, "1c"),
        ("C0", 50, "3"),
        ("C1", 20, "2"),
        ("C2", 1, "0"),
        ("C3", 90, "0"),
        ("C7", 20, "0"),
    ],
    columns=["case_id", "visit_day", "sosg_grade"],
)


def surgical(**changed):
    header, rows = parse(CASES)
    frame = typed_cases(pd.DataFrame(rows, columns=header).replace("", pd.NA))
    frame["case_id"] = [f"C{i}" for i in range(len(frame))]
    chosen = settings.defaults("cohort") | changed
    followed = after_surgery(frame, VISITS, chosen, ["2", "3"])
    found = add_flags(pd.concat([frame, followed], axis="columns"), "cohort", chosen)
    return {
        name: [("-" if pd.isna(v) else WORDS[v]) for v in found[name]]
        for name in ("postop_rt_in_time", "downgraded_by_surgery")
    }


def test_what_surgery_achieved():
    found = surgical()
    assert found["postop_rt_in_time"] == ["yes", "no", "-", "-", "-", "-", "-", "yes"]
    assert found["downgraded_by_surgery"] == ["yes", "no", "-", "-", "-", "-", "-", "-"]


@pytest.mark.parametrize(
    "changed", [{"postop_rt_in_time_days": 15}, {"postop_sosg_days": 100}, {"lookback_days": 40}]
)
def test_what_surgery_achieved_follows_the_config(changed):
    assert surgical(**changed) != surgical()


def downgraded(visits, high_grades=("2", "3")):
    """The answer of one case with high-grade compression, operated on day 2."""
    header, rows = parse(visits)
    table = pd.DataFrame(rows, columns=header).replace("", pd.NA).astype("string")
    table["visit_day"] = table["visit_day"].astype(float)
    case = pd.DataFrame({"case_id": ["A"], "surgery_day": [2.0], "sosg_high_grade": [True]})
    chosen = settings.defaults("cohort")
    followed = after_surgery(case, table.assign(case_id="A"), chosen, list(high_grades))
    found = add_flags(case.join(followed), "cohort", chosen)["downgraded_by_surgery"][0]
    return "open" if pd.isna(found) else WORDS[found]


@pytest.mark.parametrize(
    "first, answer", [("| high", "no"), ("| 1", "yes"), ("1b |", "yes"), ("|", "no")]
)
def test_the_first_record_counts_even_if_it_is_less_than_a_grade(first, answer):
    later = "3 |" if answer == "yes" or first == "|" else "0 |"
    assert (
        downgraded(f"""
        visit_day | sosg_grade | sosg_partial
        10        | {first}
        50        | {later}
    """)
        == answer
    )


def test_grade_1_without_its_letter_is_open_where_1c_is_high():
    text = """
        visit_day | sosg_grade | sosg_partial
        10        |            | 1
    """
    assert downgraded(text) == "yes"
    assert downgraded(text, ["1c", "2", "3"]) == "open"


@pytest.mark.parametrize("pair", [("3", "1a"), ("1a", "3")])
def test_of_two_grades_on_one_day_the_worse_counts_in_any_order(pair):
    assert (
        downgraded(f"""
        visit_day | sosg_grade
        10        | {pair[0]}
        10        | {pair[1]}
    """)
        == "no"
    )


def test_a_table_of_ids_alone_leaves_every_flag_open():
    frame = pd.DataFrame({"case_id": ["A", "B"]})
    for step in ("score", "assign", "cohort"):
        assert add_flags(frame, step, settings.defaults(step)).isna().all().all()
