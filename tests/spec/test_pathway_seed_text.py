"""The decision table of the founding review, one branch per test.

Blank: not recorded. Unless a column says otherwise a case is complete: SINS 3 (stable), no fragment, operable, predicted
survival 12 months, no earlier radiotherapy, leg power 5.
"""

import pandas as pd
import pytest

from mescc_analytics import settings
from mescc_analytics.clinical.pathway import assign_pathways
from tests.spec_table import cases

DEFAULTS = settings.defaults("assign")
COMPLETE = """
    sins_min | sins_max | retropulsed_fragment | operable | predicted_survival_months | prior_rt_same_level | motor_power_min | sosg_grade | primary_histology
    3        | 3        | no                   | yes      | 12                        | no                  | 5               | 2          | renal
"""
CLASS = {
    "renal": "resistant",
    "melanoma": "resistant",
    "breast": "intermediate",
    "lymphoma": "sensitive",
    "myeloma": "sensitive",
    "unknown_primary": "unknown",
    "lung_unspecified": "unknown",
}


def check(table, **choices):
    """Assert pathway, rule and missing columns of every row of a table."""
    given, expected = cases(table)
    base, _ = cases(COMPLETE)
    for name in base:
        if name not in given:
            given[name] = base[name].take([0] * len(given)).array
    given["sosg_high_grade"] = (
        given["sosg_grade"]
        .astype("string")
        .isin(["2", "3"])
        .astype("boolean")
        .mask(given["sosg_grade"].isna())
    )
    given["radiosensitivity"] = given["primary_histology"].astype("string").map(CLASS)
    given["sins_missing"] = (
        given["sins_min"]
        .ne(given["sins_max"])
        .map({True: "sins_pain", False: None})
        .astype("string")
    )
    given["sins_total"] = given["sins_min"].mask(given["sins_min"].ne(given["sins_max"]))
    given["sins_category"] = "stable"
    out = assign_pathways(given, DEFAULTS | choices)
    assert out["pathway"].tolist() == expected["pathway"].tolist()
    assert out["pathway_rule"].tolist() == expected["rule"].tolist()
    if "missing" in expected:
        assert out["pathway_missing"].fillna("").tolist() == expected["missing"].fillna("").tolist()
    assert out["pathway_reason"].str.len().gt(10).all()
    return out


def test_unstable_spine():
    check("""
        sins_min | sins_max | operable | sosg_grade | primary_histology | pathway         | rule | missing
        13       | 13       | yes      | 0          | lymphoma          | surgery_then_rt | ST1  |
        13       | 18       | yes      |            | renal             | surgery_then_rt | ST1  |
        12       | 12       | yes      | 0          | lymphoma          | cebrt           | ST11 |
        12       | 15       | yes      | 0          | lymphoma          | undetermined    | ST1  | sins_pain
        13       | 13       | no       | 0          | lymphoma          | cebrt           | ST9  |
        12       | 15       | no       | 0          | lymphoma          | cebrt           | ST11 |
    """)


def test_retropulsed_fragment():
    check("""
        retropulsed_fragment | sins_min | sins_max | operable | sosg_grade | pathway         | rule | missing
        yes                  | 3        | 3        | yes      | 3          | surgical_review | ST2  |
        yes                  | 13       | 13       | yes      | 3          | surgery_then_rt | ST1  |
        yes                  | 13       | 13       | no       | 3          | surgical_review | ST2  |
                             | 13       | 13       | yes      | 0          | surgery_then_rt | ST1  |
                             | 3        | 3        | yes      | 2          | undetermined    | ST2  | retropulsed_fragment
    """)


def test_high_grade_compression():
    check("""
        sosg_grade | primary_histology | operable | pathway         | rule | missing
        2          | renal             | yes      | surgery_then_rt | ST4  |
        3          | breast            | yes      | surgery_then_rt | ST4  |
        3          | lymphoma          | yes      | cebrt           | ST7  |
        3          | renal             | no       | cebrt           | ST8  |
        3          | unknown_primary   | yes      | surgery_then_rt | ST5  |
        3          | lung_unspecified  | yes      | undetermined    | ST4  | primary_histology
        3          | lung_unspecified  | no       | cebrt           | ST8  |
                   | breast            | yes      | undetermined    | ST4  | sosg_grade
                   | lymphoma          | yes      | cebrt           | ST7  |
    """)


def test_poor_prognosis_gets_a_short_course():
    check("""
        predicted_survival_months | operable | sosg_grade | primary_histology | pathway         | rule | missing
        2.9                       | no       | 3          | renal             | cebrt_short     | ST6  |
        3                         | no       | 3          | renal             | cebrt           | ST8  |
        2                         | yes      | 3          | renal             | surgery_then_rt | ST4  |
        2                         | yes      | 0          | renal             | cebrt_short     | ST6  |
                                  | no       | 3          | renal             | undetermined    | ST6  | predicted_survival_months
    """)


def test_low_grade_compression():
    check("""
        sosg_grade | primary_histology | prior_rt_same_level | motor_power_min | pathway      | rule | missing
        1b         | renal             | no                  | 4               | sbrt         | ST10 |
        1c         | renal             | no                  | 5               | sbrt         | ST10 |
        1b         | renal             | no                  | 3.67            | cebrt        | ST11 |
        1b         | breast            | no                  | 5               | cebrt        | ST11 |
        1b         | breast            | yes                 | 5               | sbrt         | ST10 |
        1b         | lymphoma          | yes                 | 5               | sbrt         | ST10 |
        1b         | breast            |                     | 5               | undetermined | ST10 | prior_rt_same_level
        1b         | renal             |                     | 5               | sbrt         | ST10 |
        1b         | breast            |                     | 3               | cebrt        | ST11 |
        1b         | renal             | no                  |                 | undetermined | ST10 | motor_power_min
    """)


def test_operability_is_derived_where_it_was_not_judged():
    out = check("""
        operable | predicted_survival_months | ecog | kps | pathway         | rule
                 | 3                         | 2    |     | surgery_then_rt | ST4
                 | 3                         | 3    |     | cebrt           | ST8
                 | 3                         | 3    | 50  | surgery_then_rt | ST4
                 | 3                         |      | 40  | cebrt           | ST8
                 | 2                         |      |     | cebrt_short     | ST6
                 | 3                         |      |     | undetermined    | ST4
        no       | 12                        | 0    | 100 | cebrt           | ST8
    """)
    assert out["operable_derived"].tolist() == [True, False, True, False, False, pd.NA, False]


@pytest.mark.parametrize(
    "policy, pathway, rule",
    [
        ("consult_then_low_branch", "cebrt", "ST11"),
        ("treat_as_low", "cebrt", "ST11"),
        ("treat_as_high", "surgery_then_rt", "ST1"),
        ("separate_arm", "surgical_review", "ST3"),
    ],
)
def test_indeterminate_sins_follows_its_policy(policy, pathway, rule):
    out = check(
        f"""
        sins_min | sins_max | sosg_grade | primary_histology | pathway   | rule
        7        | 7        | 0          | breast            | {pathway} | {rule}
        6        | 6        | 0          | breast            | cebrt     | ST11
        13       | 13       | 0          | breast            | surgery_then_rt | ST1
    """,
        sins_indeterminate=policy,
    )
    assert out["surgical_consult"].tolist() == [True, False, True]


def test_grade_1c_follows_its_policy():
    table = """
        sosg_grade | primary_histology | pathway | rule
        1c         | renal             | {}      | {}
        1b         | renal             | sbrt    | ST10
    """
    check(table.format("sbrt", "ST10"), sosg_1c="low")
    check(table.format("surgery_then_rt", "ST4"), sosg_1c="high")


def test_thresholds_follow_the_config():
    check(
        """
        sins_min | sins_max | sosg_grade | primary_histology | pathway         | rule
        12       | 12       | 0          | breast            | surgery_then_rt | ST1
    """,
        sins_high_from=12,
    )
    table = """
        sosg_grade | primary_histology | predicted_survival_months | motor_power_min | pathway | rule
        1b         | renal             | 5                         | 3               | {}      | {}
    """
    check(table.format("cebrt", "ST11"))
    check(table.format("sbrt", "ST10"), sbrt_motor_power_min=3)
    check(table.format("cebrt_short", "ST6"), short_course_below_months=6)
    intermediate = """
        sosg_grade | primary_histology | pathway | rule
        3          | breast            | {}      | {}
    """
    check(intermediate.format("surgery_then_rt", "ST4"), op_indication_class="not_radiosensitive")
    check(intermediate.format("cebrt", "ST7"), op_indication_class="resistant_only")


@pytest.mark.parametrize(
    "choice, ecog, kps, months",
    [
        ("operable_ecog_max", 3, None, 12),
        ("operable_kps_min", None, 40, 12),
        ("operable_survival_months_min", 0, None, 2),
    ],
)
def test_operability_thresholds_follow_the_config(choice, ecog, kps, months):
    row = f"| {months} | {'' if ecog is None else ecog} | {'' if kps is None else kps}"
    table = "operable | predicted_survival_months | ecog | kps | pathway | rule\n" + row
    value = {"operable_ecog_max": 3, "operable_kps_min": 40, "operable_survival_months_min": 2}[
        choice
    ]
    assert check(table + ("| cebrt_short | ST6" if months == 2 else "| cebrt | ST8"))[
        "operable_derived"
    ].tolist() == [False]
    assert check(table + "| surgery_then_rt | ST4", **{choice: value})[
        "operable_derived"
    ].tolist() == [True]


def test_blank_read_as_no_only_where_the_config_says_so():
    table = """
        retropulsed_fragment | pathway | rule
                             | {}      | {}
    """
    check(table.format("undetermined", "ST2"))
    check(table.format("surgery_then_rt", "ST4"), unrecorded_as_no=["retropulsed_fragment"])
