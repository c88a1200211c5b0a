"""The treatment arm, from what was received within 30 days of time zero (day 0 here)."""

import pandas as pd

from mescc_analytics import settings
from mescc_analytics.clinical.arms import days_to_treatment, derive_arms
from mescc_analytics.clinical.radiotherapy import describe_radiotherapy
from tests.spec_table import cases

DEFAULTS = settings.defaults("cohort")


def check(table, zero=0.0, **choices):
    given, expected = cases(table)
    scored = pd.concat([given, describe_radiotherapy(given, 10, 2)], axis="columns")
    start = pd.Series(zero, index=given.index, dtype="Float64")
    assert (
        derive_arms(scored, start, DEFAULTS | choices).astype(str).tolist()
        == expected["arm"].tolist()
    )


def test_order_of_precedence():
    check("""
        surgery_day | rt_start_day | systemic_day | rt_technique | rt_fractions | rt_dose_gy | arm
        3           | 20           | 5            | sbrt         | 2            | 24         | surgery_sbrt
        3           | 20           |              | cebrt        | 10           | 30         | surgery_cebrt
        3           |              | 5            |              |              |            | surgery_only
                    | 10           | 5            | sbrt         | 1            | 24         | sbrt
                    | 2            | 5            | cebrt        | 10           | 30         | cebrt_long
                    | 2            |              | cebrt        | 5            | 20         | cebrt_short
                    | 2            |              | cebrt        | 8            | 24         | cebrt_other
                    |              | 5            |              |              |            | systemic_only
                    |              |              |              |              |            | supportive
    """)


def test_edges_of_the_grace_window():
    check("""
        surgery_day | rt_start_day | rt_technique | rt_fractions | arm
        30          |              |              |              | surgery_only
        30.5        |              |              |              | supportive
        3           | 31           | cebrt        | 10           | surgery_only
        0           | 30           | cebrt        | 10           | surgery_cebrt
        -1          |              |              |              | surgery_only
        -7          |              |              |              | surgery_only
        -8          |              |              |              | unknown
                    | -1           | cebrt        | 10           | cebrt_long
                    | -30          | cebrt        | 10           | unknown
    """)


def test_grace_follows_its_setting_and_never_passes_the_landmark():
    table = """
        surgery_day | rt_start_day | arm
        20          |              | {}
    """
    check(table.format("surgery_only"), grace_days=30, landmark_days=30)
    check(table.format("supportive"), grace_days=14, landmark_days=30)
    check(table.format("supportive"), grace_days=30, landmark_days=14)
    check(table.format("surgery_only"), grace_days=30, landmark_days=0)


def test_treatment_before_presentation_follows_its_setting():
    table = """
        surgery_day | rt_start_day | arm
        -3          |              | {}
    """
    check(table.format("surgery_only"), lookback_days=7)
    check(table.format("unknown"), lookback_days=2)
    check(table.format("surgery_only"), zero=-2.0, lookback_days=2)


def test_grace_counts_from_time_zero():
    table = """
        surgery_day | rt_start_day | arm
        35          |              | {}
    """
    check(table.format("supportive"), zero=0.0)
    check(table.format("surgery_only"), zero=5.0)


def test_postoperative_radiotherapy_window():
    table = """
        surgery_day | rt_start_day | rt_technique | rt_fractions | arm
        2           | 25           | cebrt        | 10           | {}
    """
    check(table.format("surgery_cebrt"), postop_rt_days=60)
    check(table.format("surgery_only"), postop_rt_days=14)


def test_technique_and_course_that_were_not_recorded():
    check("""
        rt_start_day | surgery_day | rt_technique | rt_fractions | rt_dose_gy | rt_end_day | arm
        2            |             |              | 1            | 8          |            | cebrt_short
        2            |             |              | 1            | 10         |            | cebrt_short
        2            |             |              | 1            | 16         |            | sbrt
        2            |             |              | 3            | 27         |            | sbrt
        2            |             |              | 10           | 30         |            | cebrt_long
        2            |             | cebrt        |              |            | 8          | cebrt_short
        2            |             | cebrt        |              |            | 13         | cebrt_long
        2            |             | cebrt        |              |            |            | cebrt_other
        2            |             |              |              |            |            | unknown
    """)


def test_treatment_without_its_day_is_unknown_not_absent():
    check("""
        surgery_day | surgery_type | rt_start_day | rt_fractions | arm
                    | separation   |              |              | unknown
                    |              |              | 5            | unknown
                    |              |              |              | supportive
    """)


def test_no_treatment_columns_at_all():
    check("""
        ecog | arm
        1    | unknown
    """)


def test_given_arms_are_used_in_codebook_order_with_own_names_after():
    given = pd.DataFrame(
        {"arm": pd.array(["radio only", "cebrt_long", None, "surgery_cebrt"], dtype="string")}
    )
    arm = derive_arms(given, pd.Series([0.0] * 4), DEFAULTS)
    assert arm.astype(str).tolist() == ["radio only", "cebrt_long", "unknown", "surgery_cebrt"]
    assert arm.cat.categories.tolist() == ["surgery_cebrt", "cebrt_long", "radio only", "unknown"]


def test_nothing_after_the_landmark_is_read():
    table = """
        surgery_day | rt_start_day | rt_technique | rt_fractions | systemic_day | arm
        3           | {0}          | cebrt        | 10           |              | surgery_only
                    |              |              |              | {0}          | supportive
    """
    for late in (31, 60, 400):
        check(table.format(late))


def test_days_to_treatment_count_from_time_zero():
    given, _ = cases("""
        surgery_day | rt_start_day | systemic_day
        5           | 3            |
                    |              | 40
                    |              |
    """)
    assert days_to_treatment(given, pd.Series([1.0] * 3)).tolist() == [2.0, 39.0, pd.NA]
