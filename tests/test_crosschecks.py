"""Contradictions are told; only those with the follow-up clock make a case unusable."""

import numpy as np
import pandas as pd
import pytest

from mescc_analytics import codebook
from mescc_analytics.tables import crosschecks, findings
from mescc_analytics.tables.files import DTYPES

BASE = {"case_id": "a", "last_contact_day": 100, "died": True}


def cases(*rows):
    """Typed cases from dicts; every case has the base columns unless it overrides them."""
    frame = pd.DataFrame([{**BASE, **row} for row in rows])
    known = codebook.columns()
    dtypes = {name: DTYPES[known[name].type] for name in frame}
    return frame.astype(object).where(frame.notna(), pd.NA).astype(dtypes)


def checked(*rows, **options):
    frame = cases(*rows)
    return crosschecks.check(frame, np.arange(len(frame)) + 2, **options)


@pytest.mark.parametrize(
    "row, code, severity, sentence",
    [
        (
            {"surgery_day": 101},
            "after_death",
            "error",
            "surgery_day 101, last_contact_day 100; wanted: nothing recorded after death",
        ),
        (
            {"surgery_day": 101, "died": False},
            "after_last_contact",
            "error",
            "surgery_day 101, last_contact_day 100; wanted: nothing recorded after last contact",
        ),
        (
            {"surgery_day": 101, "died": None},
            "after_last_contact",
            "error",
            "surgery_day 101, last_contact_day 100; wanted: nothing recorded after last contact",
        ),
        (
            {"tissue_diagnosis_day": 101},
            "tissue_after_last_contact",
            "warning",
            "tissue_diagnosis_day 101, last_contact_day 100; wanted: tissue_diagnosis_day no later "
            "than last_contact_day",
        ),
        (
            {"rt_start_day": 5, "rt_end_day": 4},
            "rt_end_before_start",
            "error",
            "rt_end_day 4, rt_start_day 5; wanted: rt_end_day no earlier than rt_start_day",
        ),
        (
            {"surgery_type": "cement", "surgery_day": None},
            "surgery_without_day",
            "warning",
            "surgery_type cement, surgery_day missing; wanted: a surgery_day beside a type of "
            "surgery",
        ),
        (
            {"rt_dose_gy": 20, "rt_start_day": None},
            "rt_without_day",
            "warning",
            "rt_dose_gy 20, rt_start_day missing; wanted: an rt_start_day beside a dose of "
            "radiotherapy",
        ),
        (
            {"rt_dose_gy": 37.5, "rt_fractions": None},
            "dose_without_fractions",
            "note",
            "rt_dose_gy 37.5, rt_fractions missing; wanted: rt_fractions beside a dose of "
            "radiotherapy",
        ),
        (
            {"prior_rt_dose_gy": 20, "prior_rt_same_level": False},
            "earlier_dose_without_earlier_rt",
            "warning",
            "prior_rt_dose_gy 20, prior_rt_same_level False; wanted: prior_rt_same_level beside the "
            "dose of an earlier course",
        ),
        (
            {"symptom_onset_day": 1},
            "onset_after_presentation",
            "warning",
            "symptom_onset_day 1; wanted: onset no later than day 0 (presentation)",
        ),
        (
            {"motor_deficit_onset_day": -5, "symptom_onset_day": -4},
            "motor_onset_before_symptoms",
            "note",
            "motor_deficit_onset_day -5, symptom_onset_day -4; wanted: motor_deficit_onset_day no "
            "earlier than symptom_onset_day",
        ),
        (
            {"primary_histology": "prostate", "sex": "female"},
            "primary_against_sex",
            "warning",
            "primary_histology prostate, sex female; wanted: a primary tumour that fits the sex",
        ),
        (
            {"primary_histology": "cervix", "sex": "male"},
            "primary_against_sex",
            "warning",
            "primary_histology cervix, sex male; wanted: a primary tumour that fits the sex",
        ),
        (
            {"paraplegia_hours": 10, "ambulatory_status": "aided"},
            "walking_with_paraplegia_hours",
            "warning",
            "paraplegia_hours 10, ambulatory_status aided; wanted: no duration of paraplegia in a "
            "patient who walks",
        ),
        (
            {"ambulatory_status": "unaided", "ais": "B"},
            "walking_with_ais_a_b",
            "warning",
            "ambulatory_status unaided, ais B; wanted: no unaided walking with ASIA A or B (no "
            "motor function)",
        ),
        (
            {"ambulatory_status": "paraplegic", "ais": "E"},
            "paraplegic_with_ais_e",
            "warning",
            "ambulatory_status paraplegic, ais E; wanted: no paraplegia with ASIA E (normal)",
        ),
        (
            {"motor_power_min": 1, "ais": "A"},
            "power_against_ais",
            "warning",
            "motor_power_min 1, ais A; wanted: power 0 with ASIA A (complete)",
        ),
        (
            {"motor_power_min": 4, "weakness": False},
            "power_without_weakness",
            "note",
            "motor_power_min 4, weakness False; wanted: weakness beside a power below 5",
        ),
        (
            {"kps": 60, "ecog": 0},
            "ecog_against_kps",
            "note",
            "kps 60, ecog 0; wanted: a KPS that fits the ECOG performance status",
        ),
        (
            {"kps": 60, "ecog": 4},
            "ecog_against_kps",
            "note",
            "kps 60, ecog 4; wanted: a KPS that fits the ECOG performance status",
        ),
        (
            {"presentation_quarter": "2024Q1", "presentation_year": 2023},
            "quarter_against_year",
            "warning",
            "presentation_quarter 2024Q1, presentation_year 2023; wanted: presentation_quarter in "
            "presentation_year",
        ),
        (
            {"ambulatory_status_90d": "aided", "last_contact_day": 68},
            "status_after_last_contact",
            "warning",
            "ambulatory_status_90d aided, last_contact_day 68; wanted: last contact no earlier "
            "than day 69 beside a status at 90 days",
        ),
    ],
)
def test_a_contradiction(row, code, severity, sentence):
    notes, usable = checked(row)
    assert notes[["code", "severity", "row", "case_id"]].to_numpy().tolist() == [
        [code, severity, 2, "a"]
    ]
    column = sentence.split(" ")[0]
    assert findings.sentences(notes) == [f"row 2, {column}: {sentence}"]
    assert usable.tolist() == [not code.startswith("after_")]


@pytest.mark.parametrize(
    "row",
    [
        {"surgery_day": 100, "rt_start_day": -3, "mri_day": None},
        {"surgery_day": 101, "last_contact_day": 101},
        {"rt_start_day": 5, "rt_end_day": 5},
        {"surgery_type": None, "surgery_day": None, "rt_dose_gy": None, "rt_start_day": None},
        {"surgery_type": "cement"},
        {"symptom_onset_day": 0, "motor_deficit_onset_day": 0},
        {"primary_histology": "prostate", "sex": None},
        {"primary_histology": "breast", "sex": "male"},
        {"paraplegia_hours": 10, "ambulatory_status": "paraplegic"},
        {"paraplegia_hours": 0, "ambulatory_status": "unaided"},
        {"ambulatory_status": "aided", "ais": "B"},
        {"ambulatory_status": "unaided", "ais": "C"},
        {"motor_power_min": 0, "ais": "A", "weakness": True},
        {"motor_power_min": 4, "weakness": None},
        {"motor_power_min": 5, "weakness": False},
        {"kps": 70, "ecog": 0},
        {"kps": 50, "ecog": 4},
        {"presentation_quarter": "2024Q1", "presentation_year": 2024},
        {"presentation_quarter": "2024Q1", "presentation_year": None},
        {"ambulatory_status_90d": "aided", "last_contact_day": 69},
        {"ambulatory_status_90d": None, "last_contact_day": 5},
        {"tissue_diagnosis_day": 100},
    ],
)
def test_no_contradiction(row):
    notes, usable = checked(row)
    assert notes.empty
    assert usable.tolist() == [True]


@pytest.mark.parametrize(
    "name", [name for name in codebook.columns() if name.endswith("_day") and "contact" not in name]
)
def test_every_day_is_held_against_last_contact(name):
    notes, _ = checked({name: 101})
    assert "last_contact_day 100" in findings.sentences(notes)[0]


@pytest.mark.parametrize("missing", ["last_contact_day", "died"])
def test_a_case_without_a_clock_is_not_usable(missing):
    _, usable = checked({missing: None}, {})
    assert usable.tolist() == [False, True]


def test_tables_without_a_clock_are_not_judged():
    frame = cases({"surgery_day": 3})[["case_id", "surgery_day"]]
    notes, usable = crosschecks.check(frame, np.array([2]))
    assert notes.empty
    assert usable.tolist() == [True]


@pytest.mark.parametrize(
    "resolution, event, contact, late",
    [
        ("day", 10.9, 10, False),
        ("day", 10.9, 10.2, False),
        ("day", 11, 10.9, True),
        ("hour", 10.9, 10, False),
        ("hour", 10.9, 10.2, True),
        ("hour", 11, 10, True),
    ],
)
def test_time_resolution_decides_what_is_later(resolution, event, contact, late):
    row = {"surgery_day": event, "last_contact_day": contact}
    _, usable = checked(row, time_resolution=resolution)
    assert usable.tolist() == [not late]


def test_fractions_are_noted_once_per_column():
    rows = [{"mri_day": 0.5, "surgery_day": 1}, {"mri_day": 1.5, "surgery_day": 2.5}]
    notes, _ = checked(*rows)
    assert findings.sentences(notes) == [
        "mri_day: 2 rows with a fraction of a day; with time_resolution day it says nothing about "
        "the hour",
        "surgery_day: 1 row with a fraction of a day; with time_resolution day it says nothing "
        "about the hour",
    ]
    assert checked(*rows, time_resolution="hour")[0].empty


def visits(*rows):
    columns = ["case_id", "visit_day"]
    return pd.DataFrame(list(rows), columns=columns).astype(
        {"case_id": "string", "visit_day": "Float64"}
    )


def test_visits_after_last_contact():
    given = visits(("a", 100), ("a", 101), ("b", 500), ("a", None), (None, 5))
    notes = crosschecks.check_visits(given, np.arange(5) + 2, cases({}))
    assert findings.sentences(notes) == [
        "row 3, visit_day: visit_day 101, last_contact_day 100; wanted: visit_day no later than "
        "last_contact_day of the case"
    ]
    assert notes["severity"].tolist() == ["warning"]
    assert notes["case_id"].tolist() == ["a"]


def test_visits_of_repeated_or_incomplete_cases():
    given = visits(("a", 101))
    rows = np.array([2])
    assert len(crosschecks.check_visits(given, rows, cases({}, {}))) == 1
    assert crosschecks.check_visits(given, rows, cases({})[["case_id"]]).empty


@pytest.mark.parametrize("resolution, n", [("day", 1), ("hour", 0)])
def test_fractions_of_visit_days(resolution, n):
    given = visits(("a", 1.5))
    notes = crosschecks.check_visits(given, np.array([2]), cases({}), time_resolution=resolution)
    assert len(notes) == n
