"""Every audit indicator as cases that a clinician can read: what the record says, and the verdict.

Days count from presentation (0); a fraction is clock time (0.5 = 12 hours). Verdicts: pass, fail,
indeterminate (only dates are known), unknown, error (an interval below zero), excluded, outside (the
indicator does not ask for the case, or its standard was not in force).
"""

import pandas as pd
import pytest

from mescc_analytics import codebook, settings
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


TABLES = codebook.load("audit/examples")["tables"]


@pytest.mark.parametrize("name", TABLES)
def test_indicator(name):
    found, wanted = verdicts(name, TABLES[name])
    assert found == wanted


def test_every_indicator_has_a_table():
    elsewhere = {"I17", "I21"}  # a pathway and visits stand in other tables
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


def test_two_steps_on_one_date_leave_their_order_open():
    found, wanted = verdicts(
        "I5",
        """
        cancer_known | weakness | steroid_day | mri_day | verdict
        yes          | yes      | 0           | 1       | pass
        yes          | yes      | 1           | 1       | indeterminate
        yes          | yes      | 2           | 1       | fail
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
