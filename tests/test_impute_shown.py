"""Missing values and imputed estimates as readers see them."""

import pandas as pd
import pytest

from mescc_analytics.present import tables_impute
from mescc_analytics.present.figures import save
from mescc_analytics.present.figures.missingness import draw_missingness
from mescc_analytics.present.study import Study
from mescc_analytics.steps import withhold_impute

STUDY = Study("small", threshold=5)
NAMES = ["sins_pain", "ecog"]


def pattern_rows(*rows):
    """Patterns as (n, sins_pain missing, ecog missing), the commonest first."""
    frame = pd.DataFrame(rows, columns=["n", *NAMES])
    frame.insert(0, "pattern", range(1, len(frame) + 1))
    frame.insert(2, "n_missing", frame[NAMES].sum(axis=1))
    return frame


def estimate(variable, level=None, reference=None, **changed):
    row = {"analysis": "imputed", "measure": "hazard_ratio", "variable": variable, "level": level}
    row |= {"reference": reference, "estimate": 1.2, "ci_lower": 0.8, "ci_upper": 1.8, "fmi": 0.14}
    row |= {"n": 50, "n_complete": 30, "events": 40, "n_coefficients": 3, "n_level": 20}
    row |= {"n_reference": 30, "n_imputations": 20, "note": "", "term": f"{variable}: {level}"}
    return row | changed


def both(*rows):
    complete = [row | {"analysis": "complete_case", "n": 30, "fmi": None} for row in rows]
    return pd.DataFrame([*complete, *rows])


def shown(frame, marks=None):
    summary = pd.DataFrame({"analysis": "by_arm", "group": ["sbrt", "cebrt_long"], "mark": pd.NA})
    for group in marks or ():
        summary.loc[summary["group"] == group, "mark"] = "<5"
    return withhold_impute.estimates(frame, summary, STUDY.threshold)


def test_patterns_in_words():
    frame = withhold_impute.patterns(pattern_rows((60, False, False), (20, True, True)), 5)
    table = tables_impute.patterns(frame, STUDY, 80)
    assert table.rows == (
        ("Nothing missing", "60 (75 %)"),
        ("SINS: pain; ECOG performance status", "20 (25 %)"),
    )
    assert "80 cases" in tables_impute.caption(frame, STUDY, 80)[0]
    svg = save.render(draw_missingness(frame, 80))["svg"].decode()
    assert "SINS: pain" in svg and "60 (75 %)" in svg


@pytest.mark.parametrize(
    "variable, words",
    [
        ("age_years", "Age, per year"),
        ("months_since_cancer_diagnosis", "Time since cancer diagnosis, per month"),
        ("albumin_g_dl", "Albumin, per g/dL"),
        ("vertebral_metastases", "Vertebral metastases, per 1 more"),
        ("ecog", "ECOG performance status, per 1 more"),
    ],
)
def test_a_ratio_of_a_number_says_per_what(variable, words):
    table = tables_impute.adjusted(shown(both(estimate(variable))), STUDY)
    assert table.rows == ((words, "1.20 (0.80 to 1.80)", "1.20 (0.80 to 1.80)", "14 %"),)


def test_arms_and_levels_that_are_hidden_have_no_ratio():
    rows = both(
        estimate("arm", "sbrt", "cebrt_long"), estimate("sosg_high_grade", "yes", "no", n_level=4)
    )
    plain, hidden = (
        tables_impute.adjusted(shown(rows, marks), STUDY).rows for marks in ((), ("sbrt",))
    )
    assert plain[0][0] == "Treatment arm (against cEBRT, long course)"
    assert plain[1][1:] == ("1.20 (0.80 to 1.80)", "1.20 (0.80 to 1.80)", "14 %")
    assert hidden[1][1:3] == plain[3][1:3] == ("hidden", "hidden")
    assert plain[2][0] == "High-grade compression (SOSG) (against no)"


def test_number_of_complete_cases_is_withheld_where_it_tells_few():
    notes = tables_impute.adjusted(shown(both(estimate("age_years"))), STUDY).notes
    assert "complete cases: 30 cases, 40 deaths, 3 ratios" in notes[0]
    few = both(estimate("age_years", n_complete=47))
    assert "number withheld" in tables_impute.adjusted(shown(few), STUDY).notes[0]


def test_categories_beside_what_the_record_settles():
    frame = pd.DataFrame(
        [
            {"category": "stable", "n_recorded": 30, "n": 60, "share": 0.55, "fmi": 0.12},
            {"category": "unstable", "n_recorded": 30, "n": 60, "share": 0.45, "fmi": 0.2},
        ]
    ).assign(ci_lower=0.4, ci_upper=0.7, n_cases=100)
    rows = tables_impute.sins(withhold_impute.sins(frame, 5), STUDY).rows
    assert rows[0] == ("stable", "30 (50 %)", "55 (40 to 70)", "12 %")
    small = frame.assign(n_recorded=[56, 4])
    hidden = tables_impute.sins(withhold_impute.sins(small, 5), STUDY).rows
    assert [row[1] for row in hidden] == ["hidden", "<5"]
