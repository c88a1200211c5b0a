import pandas as pd
import pytest

from mescc_analytics import settings
from mescc_analytics.clinical.radiotherapy import describe_radiotherapy
from mescc_analytics.clinical.scores import score_cases
from tests.spec_table import cases

# EQD2 with alpha/beta 10 Gy, as printed for these schedules
PRINTED = [
    (8, 1, 12.0),
    (10, 1, 16.7),
    (20, 5, 23.3),
    (30, 10, 32.5),
    (37.5, 15, 39.1),
    (40, 20, 40.0),
]


@pytest.mark.parametrize("dose, fractions, eqd2", PRINTED)
def test_published_eqd2(dose, fractions, eqd2):
    frame = pd.DataFrame({"rt_dose_gy": [float(dose)], "rt_fractions": [fractions]})
    assert describe_radiotherapy(frame, 10, 2)["eqd2_gy"][0] == pytest.approx(eqd2, abs=0.05)


def test_alpha_beta_matters():
    frame = pd.DataFrame({"rt_dose_gy": [30.0], "rt_fractions": [10]})
    bed = [describe_radiotherapy(frame, ab, 2)["bed_gy"][0] for ab in (2, 10)]
    assert bed == pytest.approx([75.0, 39.0])


def test_technique_course_and_flags():
    given, _ = cases("""
        rt_technique | rt_dose_gy | rt_fractions | rt_start_day | rt_end_day
        cebrt        | 30         | 10           | 1            | 12
        cebrt        | 20         | 5            | 1            | 14
        sbrt         | 30         | 5            | 1            | 7
                     | 24         | 2            |              |
                     | 8          | 1            |              |
        cebrt        |            |              | 1            | 12
        cebrt        |            |              |              |
                     |            |              | 1            |
    """)
    out = describe_radiotherapy(given, 10, 2)
    assert out["rt_technique_derived"].astype("string").tolist() == [
        "cebrt",
        "cebrt",
        "sbrt",
        "sbrt",
        "cebrt",
        "cebrt",
        "cebrt",
        pd.NA,
    ]
    assert out["rt_technique_inferred"].tolist() == [
        False,
        False,
        False,
        True,
        True,
        False,
        False,
        False,
    ]
    assert out["rt_course"].astype("string").tolist() == [
        "long",
        "short",
        "sbrt",
        "sbrt",
        "short",
        "long",
        pd.NA,
        pd.NA,
    ]
    assert out["rt_flags"].tolist() == [
        pd.NA,
        "COURSE_DAYS_DISAGREE",
        pd.NA,
        "TECHNIQUE_FROM_DOSE",
        "TECHNIQUE_FROM_DOSE",
        "COURSE_FROM_DAYS",
        pd.NA,
        pd.NA,
    ]


@pytest.mark.parametrize(
    "fractions, course", [(5, "short"), (6, "intermediate"), (9, "intermediate"), (10, "long")]
)
def test_course_limits(fractions, course):
    frame = pd.DataFrame({"rt_dose_gy": [2.0 * fractions], "rt_fractions": [fractions]})
    assert describe_radiotherapy(frame, 10, 2)["rt_course"][0] == course


def test_absent_columns_are_missing():
    out = describe_radiotherapy(pd.DataFrame({"case_id": ["A"]}), 10, 2)
    assert out.drop(columns="rt_technique_inferred").isna().all().all()


def cumulative(text, alpha_beta=10, cord=2):
    given, _ = cases(text)
    out = describe_radiotherapy(given, alpha_beta, cord)
    names = ["eqd2_gy", "cord_eqd2_gy", "cumulative_eqd2_gy", "cumulative_cord_eqd2_gy"]
    return [
        [pd.NA if pd.isna(v) else round(float(v), 1) for v in row] for row in out[names].to_numpy()
    ]


REIRRADIATED = """
    rt_dose_gy | rt_fractions | prior_rt_same_level | prior_rt_dose_gy | prior_rt_fractions
    24         | 3            | yes                 | 30               | 10
    24         | 3            | no                  |                  |
    24         | 3            | yes                 |                  |
    24         | 3            |                     |                  |
    24         | 3            |                     | 30               | 10
               |              | yes                 | 30               | 10
    24         | 3            | no                  | 30               | 10
"""


def test_doses_of_two_courses_by_hand():
    """24 Gy in 3: 24 x 1.8 / 1.2 = 36 to the tumour, 24 x 5 / 2 = 60 to the cord; 30 Gy in 10: 32.5
    and 37.5.
    """
    assert cumulative(REIRRADIATED) == [
        [36.0, 60.0, 68.5, 97.5],
        [36.0, 60.0, 36.0, 60.0],
        [36.0, 60.0, pd.NA, pd.NA],
        [36.0, 60.0, pd.NA, pd.NA],
        [36.0, 60.0, 68.5, 97.5],
        [pd.NA] * 4,
        [36.0, 60.0, 68.5, 97.5],  # a recorded dose says that there was a course
    ]


def test_the_alpha_beta_of_the_cord_changes_the_cord_alone():
    (usual, *_), (other, *_) = cumulative(REIRRADIATED), cumulative(REIRRADIATED, cord=3)
    assert usual[::2] == other[::2]
    assert other[1] == round(24 * (1 + 8 / 3) / (1 + 2 / 3), 1)


def test_thirty_gray_in_ten_over_twelve_days_is_a_long_course():
    given, _ = cases("""
    rt_technique | rt_dose_gy | rt_fractions | rt_start_day | rt_end_day
    cebrt        | 30         | 10           | 0            | 11
    cebrt        | 20         | 5            | 0            | 4
    cebrt        | 30         | 10           | 0            | 4
    """)
    out = describe_radiotherapy(given, 10, 2)
    assert out["rt_course"].tolist() == ["long", "short", "long"]
    assert out["rt_flags"].tolist() == [pd.NA, pd.NA, "COURSE_DAYS_DISAGREE"]


def test_the_config_names_the_alpha_beta_of_the_cord():
    frame = pd.DataFrame({"case_id": ["A"], "rt_dose_gy": [30.0], "rt_fractions": [10]})
    usual = settings.defaults("score")
    found = [
        score_cases(frame, usual | {"alpha_beta_cord_gy": ratio})["cord_eqd2_gy"][0]
        for ratio in (2, 3)
    ]
    assert found == [pytest.approx(37.5), pytest.approx(36.0)]
