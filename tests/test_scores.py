import pandas as pd

from mescc_analytics import codebook, settings
from mescc_analytics.clinical.flags import join_codes
from mescc_analytics.clinical.scores import grade_compression, score_cases
from tests.spec_table import cases

SETTINGS = settings.defaults("score")


def grades(**choices):
    given, _ = cases("""
        sosg_grade | sosg_partial | spinal_levels
        0          |              | T4
        1a         |              | T4
        1b         |              | L1
        1c         |              | L2
        2          |              | L3-L4
        3          |              | S2
                   | 1            | T4
                   | high         | T4
                   |              | T4
        3          |              |
    """)
    return grade_compression(given, SETTINGS | choices)


def test_rank_and_high_grade():
    out = grades()
    assert out["sosg_rank"].tolist() == [0, 1, 2, 3, 4, 5, pd.NA, pd.NA, pd.NA, 5]
    assert out["sosg_high_grade"].tolist() == [
        False,
        False,
        False,
        False,
        True,
        True,
        False,
        True,
        pd.NA,
        True,
    ]


def test_1c_as_high_makes_grade_1_without_letter_unknown():
    out = grades(sosg_high_grades=["1c", "2", "3"])
    assert out["sosg_high_grade"].tolist() == [
        False,
        False,
        False,
        True,
        True,
        True,
        pd.NA,
        True,
        pd.NA,
        True,
    ]


def test_below_the_conus():
    assert grades()["sosg_valid"].tolist() == [
        True,
        True,
        True,
        False,
        False,
        False,
        True,
        True,
        pd.NA,
        pd.NA,
    ]
    assert grades(conus_lowest_vertebra="L2")["sosg_valid"].tolist()[3] is True
    dropped = grades(below_conus="na")
    assert dropped["sosg_high_grade"].tolist()[3:6] == [pd.NA] * 3
    assert dropped["sosg_rank"].tolist()[3:6] == [pd.NA] * 3


def test_region():
    assert grades()["spinal_region"].astype("string").tolist()[:6] == [
        "thoracic",
        "thoracic",
        "lumbar",
        "lumbar",
        "lumbar",
        "sacral",
    ]


def test_radiosensitivity_and_its_overrides():
    given, _ = cases("""
        case_id | primary_histology
        A       | renal
        B       | breast
        C       | lymphoma
        D       | unknown_primary
        E       | lung_unspecified
        F       |
    """)
    classes = score_cases(given, SETTINGS)["radiosensitivity"].astype(str).tolist()
    assert classes == ["resistant", "intermediate", "sensitive", "unknown", "unknown", "unknown"]
    changed = score_cases(given, SETTINGS | {"radiosensitivity": {"breast": "sensitive"}})
    assert changed["radiosensitivity"].astype(str).tolist()[1] == "sensitive"


def test_alpha_beta_reaches_the_dose():
    given, _ = cases("""
        case_id | rt_dose_gy | rt_fractions
        A       | 30         | 10
    """)
    assert score_cases(given, SETTINGS)["eqd2_gy"][0] == 32.5
    assert score_cases(given, SETTINGS | {"alpha_beta_gy": 2})["eqd2_gy"][0] == 37.5


def test_order_index_and_own_columns_are_kept():
    given = pd.DataFrame(
        {"case_id": ["B", "A"], "ecog": pd.array([1, None], dtype="Int64")}, index=[5, 3]
    )
    out = score_cases(given, SETTINGS)
    assert out.index.tolist() == [5, 3] and out["case_id"].tolist() == ["B", "A"]
    assert list(out.columns[:2]) == ["case_id", "ecog"]
    again = score_cases(out, SETTINGS)
    pd.testing.assert_frame_equal(out, again)


def test_every_added_column_is_declared():
    out = score_cases(pd.DataFrame({"case_id": ["A"]}), SETTINGS)
    assert set(out.columns) <= set(codebook.columns("all"))


def test_join_codes_keeps_order_and_ignores_missing():
    masks = {"B": [True, True, None], "A": [True, False, False]}
    assert join_codes(masks, pd.RangeIndex(3)).tolist() == ["B; A", "B", pd.NA]
