"""Every audit indicator as cases that a clinician can read: what the record says, and the verdict.

Days count from presentation (0); a fraction is clock time (0.5 = 12 hours). Verdicts: pass, fail,
indeterminate (only dates are known), unknown, error (an interval below zero), excluded, outside (the
indicator does not ask for the case, or its standard was not in force).
"""

import pandas as pd
import pytest

from mescc_analytics import settings
from mescc_analytics.quality.audit import indicators
from mescc_analytics.steps.audit import prepare
from tests.spec_table import cases

HOURS, DAYS = "hour", "day"


def verdicts(name, text, resolution=HOURS, visits="", **changed):
    frame, expected = cases(text)
    frame["case_id"] = pd.array([f"C{i}" for i in range(len(frame))], dtype="string")
    chosen = settings.defaults("audit") | {"time_resolution": resolution} | changed
    seen = pd.DataFrame(columns=["case_id", "visit_day"])
    if visits:
        rows = [line.split("|") for line in visits.strip().splitlines()]
        seen = pd.DataFrame(
            [(f"C{int(c)}", float(day), what.strip()) for c, day, what in rows],
            columns=["case_id", "visit_day", "imaging"],
        )
    judged = indicators.judge(prepare(frame, seen, chosen), name, chosen)
    assert judged.needs == ()
    return [indicators.VERDICTS[code] for code in judged.verdict], expected["verdict"].tolist()


TABLES = {
    "I1": """
        mri_extent | mri_day | ct_myelogram_day | verdict
        whole_spine | 0      |                  | pass
        regional   | 0       |                  | fail
                   | 0       |                  | unknown
                   |         | 1                | excluded
        whole_spine | 0      | 1                | pass
    """,
    "I2": """
        weakness | sensory_deficit | mri_day | mri_extent  | presentation_year | verdict
        yes      |                 | 0.5     | whole_spine | 2020              | pass
        yes      |                 | 1       | whole_spine | 2020              | pass
        yes      |                 | 1.01    | whole_spine | 2020              | fail
        yes      |                 | 0.5     | regional    | 2020              | fail
        yes      |                 |         | whole_spine | 2020              | unknown
        no       | no              | 3       | whole_spine | 2020              | outside
                 |                 | 3       | whole_spine | 2020              | unknown
        yes      |                 | -0.5    | whole_spine | 2020              | excluded
        yes      |                 | 0.5     | whole_spine | 2024              | pass
        yes      |                 | 2       |             | 2020              | fail
    """,
    "I2b": """
        weakness | treatment_decision_day | presentation_year | presentation_quarter | verdict
        yes      | 0.9                    | 2020              |                      | pass
        yes      | 1.1                    | 2020              |                      | fail
        yes      |                        | 2020              |                      | unknown
        yes      | 1.1                    | 2013              |                      | outside
        yes      | 1.1                    | 2023              |                      | fail
        yes      | 1.1                    | 2023              | 2023Q3               | fail
        yes      | 1.1                    | 2023              | 2023Q4               | outside
        yes      | 1.1                    | 2024              |                      | outside
    """,
    "I3": """
        back_pain | weakness | sensory_deficit | mri_day | treatment_decision_day | mri_extent  | verdict
        yes       | no       | no              | 6.5     | 7                      | whole_spine | pass
        yes       | no       | no              | 6.5     | 7.5                    | whole_spine | fail
        yes       | no       | no              | 8       | 7                      | whole_spine | fail
        yes       | no       | no              | 2       |                        | whole_spine | unknown
        yes       | yes      | no              | 8       | 9                      | whole_spine | outside
        no        | no       | no              | 8       | 9                      | whole_spine | outside
        yes       | no       | no              | -1      | 2                      | whole_spine | excluded
    """,
    "I4": """
        sosg_high_grade | sins_category | retropulsed_fragment | mri_day | surgical_review_day | verdict
        yes             | stable        | no                   | 1       | 1.5                 | pass
        yes             | stable        | no                   | 1       | 2.5                 | fail
        no              | unstable      | no                   | 1       | 1.5                 | pass
        no              | stable        | yes                  | 1       | 3                   | fail
        no              | stable        | no                   | 1       | 3                   | outside
        no              | undetermined  | no                   | 1       | 3                   | unknown
        yes             | stable        | no                   | 1       | 0.5                 | error
        yes             | stable        | no                   | 1       |                     | unknown
    """,
    "I5": """
        cancer_known | weakness | steroid_day | mri_day | verdict
        yes          | yes      | 0.2         | 0.5     | pass
        yes          | yes      | 0.5         | 0.5     | pass
        yes          | yes      | -3          | 0.5     | pass
        yes          | yes      | 0.6         | 0.5     | fail
        yes          | yes      |             | 0.5     | unknown
        no           | yes      | 0.6         | 0.5     | outside
    """,
    "I5b": """
        cancer_known | weakness | steroid_day | presentation_year | verdict
        yes          | yes      | 0.16        | 2024              | pass
        yes          | yes      | 0.17        | 2024              | fail
        yes          | yes      | -1          | 2024              | excluded
        yes          | yes      | 0.17        | 2020              | outside
    """,
    "I6": """
        steroid_loading_mg | steroid_daily_mg | verdict
        16                 | 16               | pass
        8                  | 12               | pass
        16                 | 24               | pass
        7.9                | 16               | fail
        16.1               | 16               | fail
        16                 | 11               | fail
        100                |                  | fail
        16                 |                  | unknown
                           |                  | outside
    """,
    "I7": """
        cancer_known | steroid_day | tissue_diagnosis_day | verdict
        no           | 5           | 3                    | pass
        no           | 1           | 3                    | fail
        no           | 1           |                      | unknown
        no           |             | 3                    | outside
        yes          | 1           | 3                    | outside
    """,
    "I8": """
        steroid_day | gastroprotection | glucose_checked | verdict
        0           | yes              | yes             | pass
        0           | no               | yes             | fail
        0           | no               |                 | fail
        0           | yes              |                 | unknown
                    | no               | no              | outside
    """,
    "I9": """
        rt_start_day | surgery_day | treatment_decision_day | presentation_year | verdict
        2            |             | 1                      | 2024              | pass
        2.1          |             | 1                      | 2024              | fail
        0.5          |             | 1                      | 2024              | error
        2.1          |             |                        | 2024              | unknown
        2.1          | 1           | 1                      | 2024              | outside
        2.1          |             | 1                      | 2022              | outside
                     |             | 1                      | 2024              | outside
    """,
    "I10": """
        weakness | diagnosis_day | mri_day | surgery_day | rt_start_day | presentation_year | verdict
        yes      | 0.5           |         | 1.5         | 20           | 2020              | pass
        yes      | 0.5           |         |             | 1.6          | 2020              | fail
        yes      |               | 0.5     |             | 1.4          | 2020              | pass
        yes      | 0.5           |         |             |              | 2020              | outside
        no       | 0.5           |         |             | 1.6          | 2020              | outside
        yes      | 0.5           |         |             | 1.6          | 2024              | outside
    """,
    "I12": """
        sosg_grade | verdict
        2          | pass
        0          | pass
                   | fail
    """,
    "I13": """
        weakness | radicular_pain | sensory_deficit | sphincter_dysfunction | verdict
        yes      | no             | no              | no                    | pass
        yes      | no             | no              |                       | fail
    """,
    "I15": """
        weakness | coordinator_contact_day | presentation_year | verdict
        yes      | 1                       | 2024              | pass
        yes      | 2                       | 2024              | fail
        yes      | 2                       | 2022              | outside
    """,
    "I16": """
        surgery_day | ecog | kps | predicted_survival_months | verdict
        1           | 2    |     | 6                         | pass
        1           |      | 70  | 6                         | pass
        1           | 2    |     |                           | fail
        1           |      |     | 6                         | fail
                    | 2    |     |                           | outside
    """,
    "I18": """
        predicted_survival_months | rt_start_day | rt_technique_derived | rt_fractions | verdict
        2                         | 3            | cebrt                | 5            | pass
        2                         | 3            | cebrt                | 6            | fail
        2                         | 3            | cebrt                |              | unknown
        3                         | 3            | cebrt                | 10           | outside
        2                         | 3            | sbrt                 | 10           | outside
        2                         |              |                      |              | outside
    """,
    "I19": """
        surgery_day | rt_start_day | verdict
        1           | 15           | pass
        1           | 15.5         | fail
        10          | 2            | excluded
        1           |              | outside
                    | 5            | outside
    """,
    "I20": """
        rt_start_day | rt_technique_derived | surgery_day | motor_power_min | verdict
        3            | sbrt                 |             | 4               | pass
        3            | sbrt                 |             | 3.67            | fail
        3            | sbrt                 |             |                 | unknown
        3            | sbrt                 | 1           | 3               | outside
        3            | cebrt                |             | 3               | outside
    """,
    "I22": """
        surgery_day | rt_start_day | last_contact_day | died | verdict
        2           | 20           | 31               | yes  | pass
        2           | 20           | 33               | yes  | fail
                    | 20           | 100              | no   | fail
        2           |              | 20               | no   | unknown
                    |              | 5                | yes  | outside
    """,
    "I22b": """
        surgery_day | complication_30d | verdict
        2           | yes              | pass
        2           | no               | fail
        2           |                  | unknown
                    | yes              | outside
    """,
    "I23": """
        rt_start_day | rt_technique_derived | pain_flare_prophylaxis | verdict
        2            | sbrt                 | yes                    | pass
        2            | sbrt                 | no                     | fail
        2            | cebrt                | no                     | outside
    """,
    "I24": """
        rt_technique_derived | rt_consult_day | rt_start_day | verdict
        sbrt                 | 1              | 15           | pass
        sbrt                 | 1              | 15.5         | fail
        sbrt                 | 16             | 15.5         | error
    """,
    "I25": """
        symptom_onset_day | surgery_day | rt_start_day | verdict
        -10               | 3           | 20           | pass
        -10               |             | 5            | fail
                          |             | 5            | unknown
        -10               |             |              | outside
    """,
}


@pytest.mark.parametrize("name", TABLES)
def test_indicator(name):
    found, wanted = verdicts(name, TABLES[name])
    assert found == wanted


def test_every_indicator_has_a_table():
    elsewhere = {"I11", "I14", "I17", "I19b", "I21"}
    assert set(TABLES) | elsewhere == set(indicators.indicators())


def test_dates_alone_leave_a_day_open_and_never_the_same_day():
    found, wanted = verdicts(
        "I2",
        """
        weakness | mri_day | mri_extent  | presentation_year | verdict
        yes      | 0       | whole_spine | 2020              | pass
        yes      | 1       | whole_spine | 2020              | indeterminate
        yes      | 2       | whole_spine | 2020              | fail
        yes      | 1       | regional    | 2020              | fail
        yes      | 1       |             | 2020              | unknown
        """,
        DAYS,
    )
    assert found == wanted


def test_four_hours_cannot_be_told_from_dates():
    found, wanted = verdicts(
        "I5b",
        """
        cancer_known | weakness | steroid_day | presentation_year | verdict
        yes          | yes      | 0           | 2024              | indeterminate
        yes          | yes      | 1           | 2024              | indeterminate
        yes          | yes      | 2           | 2024              | fail
        """,
        DAYS,
    )
    assert found == wanted


def test_a_limit_in_days_counts_days():
    found, wanted = verdicts(
        "I19",
        """
        surgery_day | rt_start_day | verdict
        1           | 15           | pass
        1           | 16           | fail
        """,
        DAYS,
    )
    assert found == wanted


def test_sins_needs_all_six_items():
    found, wanted = verdicts(
        "I11",
        """
        sins_total | sins_location | verdict
        7          | rigid         | pass
                   | rigid         | fail
        """,
    )
    assert found == wanted


def test_treated_as_recommended():
    frame = pd.DataFrame(
        {
            "case_id": ["A", "B", "C"],
            "pathway": pd.Categorical(["cebrt", "surgery_then_rt", "undetermined"]),
            "arm": pd.Categorical(["cebrt_long", "cebrt_long", "cebrt_long"]),
        }
    )
    chosen = settings.defaults("audit") | {"time_resolution": HOURS}
    judged = indicators.judge(prepare(frame, frame.iloc[:0], chosen), "I17", chosen)
    assert [indicators.VERDICTS[code] for code in judged.verdict] == ["pass", "fail", "unknown"]


def test_walking_at_entry_and_afterwards():
    found, wanted = verdicts(
        "I14",
        """
        ambulatory_status | ambulatory_status_90d | last_contact_day | died | verdict
        aided             | aided                 | 100              | no   | pass
        aided             |                       | 100              | no   | fail
                          | aided                 | 100              | no   | fail
        aided             |                       | 20               | yes  | outside
        aided             |                       | 20               | no   | unknown
        """,
    )
    assert found == wanted


def test_radiotherapy_delivered_after_surgery():
    found, wanted = verdicts(
        "I19b",
        """
        surgery_day | rt_start_day | last_contact_day | died | verdict
        1           | 20           | 100              | no   | pass
        1           |              | 100              | no   | fail
        1           |              | 50               | yes  | outside
        1           |              | 50               | no   | unknown
        """,
    )
    assert found == wanted


def test_first_mri_after_sbrt():
    found, wanted = verdicts(
        "I21",
        """
        rt_start_day | rt_technique_derived | last_contact_day | died | verdict
        0            | sbrt                 | 300              | no   | pass
        0            | sbrt                 | 300              | no   | fail
        0            | sbrt                 | 300              | no   | fail
        0            | sbrt                 | 300              | no   | unknown
        0            | sbrt                 | 50               | yes  | outside
        """,
        visits="0|70|mri\n1|40|mri\n2|120|mri\n2|60|ct",
    )
    assert found == wanted


STEROIDS = """
    cancer_known | steroid_day | tissue_diagnosis_day | primary_histology | verdict
    no           | 1           | 3                    | breast            | {breast}
    no           | 1           | 3                    | lymphoma          | {lymphoma}
"""


@pytest.mark.parametrize(
    "rule, breast, lymphoma",
    [
        ("withhold", "fail", "fail"),
        ("give", "excluded", "excluded"),
        ("give_except_suspected_lymphoma", "excluded", "fail"),
    ],
)
def test_the_local_rule_for_steroids_before_tissue(rule, breast, lymphoma):
    text = STEROIDS.format(breast=breast, lymphoma=lymphoma)
    found, wanted = verdicts("I7", text, steroid_unknown_primary=rule)
    assert found == wanted


@pytest.mark.parametrize(
    "version, wanted",
    [("by_case", ["pass", "outside"]), ("2020", ["pass", "pass"]), ("2024", ["outside"] * 2)],
)
def test_one_version_for_everybody(version, wanted):
    found, _ = verdicts(
        "I2b",
        """
        weakness | treatment_decision_day | presentation_year | verdict
        yes      | 0.9                    | 2020              |
        yes      | 0.9                    | 2024              |
        """,
        version=version,
    )
    assert found == wanted
