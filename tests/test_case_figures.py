"""Case mix, presentation, delays, harms and early deaths, worked out by hand from ten cases."""

import numpy as np
import pandas as pd
import pytest

from mescc_analytics.codebook.tables import load_csv
from mescc_analytics.quality.benchmarks import compare
from mescc_analytics.quality.case_figures import case_figures, operated_share
from mescc_analytics.quality.cohort_rules import CohortRules
from mescc_analytics.steps import site_counts

RULES = CohortRules(walking="with_aids", time_zero="mri", landmark_days=30)
YES, NO, OPEN = True, False, pd.NA


def cases(**columns):
    """Ten cases: four operated, four irradiated, one untreated, one whose treatment is unknown."""
    arm = ["surgery_sbrt"] * 2 + ["surgery_cebrt"] * 2 + ["cebrt_long"] * 3 + ["sbrt"]
    made = {
        "arm": [*arm, "supportive", "unknown"],
        "in_arms": [YES] * 7 + [NO] * 3,
        **columns,
    }
    kinds = {bool: "boolean", str: "string"}
    frame = {}
    for name, values in made.items():
        first = next((value for value in values if value is not pd.NA), 0.0)
        frame[name] = pd.array(values, dtype=kinds.get(type(first), "Float64"))
    return pd.DataFrame(frame)


def figure(frame, outcome, arm="all", definition=None, day=None, rules=RULES):
    rows = case_figures(frame, rules)
    rows = rows[(rows["outcome"] == outcome) & (rows["arm"] == arm)]
    if definition:
        rows = rows[rows["definition"] == definition]
    if day:
        rows = rows[rows["timepoint_days"] == day]
    assert len(rows) == 1
    return rows.iloc[0]


def counts(*args, **kwargs):
    row = figure(*args, **kwargs)
    return row["numerator"], row["denominator"], row["n_unknown"]


def test_primaries_are_of_those_recorded():
    primary = ["lung_small_cell", "lung_unspecified", "prostate", "myeloma", "unknown_primary"]
    frame = cases(primary_histology=[*primary, "breast", "lung_small_cell", OPEN, OPEN, "prostate"])
    assert counts(frame, "primary_lung") == (3, 8, 2)
    assert counts(frame, "primary_prostate") == (2, 8, 2)
    assert counts(frame, "primary_myeloma") == (1, 8, 2)
    assert figure(frame, "primary_lung")["n_least"] == 1  # one lung primary is unspecified


def test_regions_are_of_disease_in_one_region():
    region = ["thoracic"] * 4 + ["lumbar", "sacral", "cervical", "several", "several", OPEN]
    frame = cases(spinal_region=region)
    assert counts(frame, "region_thoracic") == (4, 7, 1)
    assert counts(frame, "region_lumbosacral") == (2, 7, 1)
    assert figure(frame, "region_lumbosacral")["counted"] == "cases with disease in one region"


def test_several_sites_only_of_the_whole_spine():
    frame = cases(
        compression_sites=[1, 2, 3, 1, OPEN, 2, 2, 2, 2, 1],
        mri_extent=["whole_spine"] * 5 + ["regional"] * 4 + [OPEN],
    )
    assert counts(frame, "several_sites") == (2, 4, 1)


def test_several_sites_are_those_of_the_table_of_sites():
    """Lesions rule over the count of the case: 3 of 8 in one place must not be 4 of 9 in another."""
    several = pd.array([True] * 3 + [False] * 5 + [None] * 2, dtype="boolean")
    frame = cases(
        compression_sites=[2] * 4 + [1] * 6, mri_extent=["whole_spine"] * 9 + ["regional"]
    )
    assert counts(frame, "several_sites") == (4, 9, 0)
    frame["multi_site"] = several
    assert counts(frame, "several_sites") == (3, 8, 1)
    shown = site_counts.counts(frame.assign(in_overall=True), 0, 0.95).set_index("what")["n"]
    assert shown.to_dict() == {"several": 3, "one": 5, "unknown": 1}


def test_walking_at_entry_under_both_definitions():
    status = ["unaided"] * 3 + ["aided"] * 2 + ["non_ambulatory"] * 3 + ["paraplegic", OPEN]
    frame = cases(ambulatory_status=status)
    assert counts(frame, "walking_at_entry", definition="with_aids") == (5, 9, 1)
    assert counts(frame, "walking_at_entry", definition="unaided") == (3, 9, 1)
    assert figure(frame, "walking_at_entry", definition="unaided")["n_least"] == 1  # paraplegic


def test_what_is_known_at_entry_is_of_the_arms_as_compared():
    frame = cases(ambulatory_status=["unaided"] * 10)
    row = figure(frame, "walking_at_entry", "rt", definition="unaided")
    assert (row["denominator"], row["start_days"], row["analysis"]) == (3, 30, "cases")
    assert figure(frame, "walking_at_entry", definition="unaided")["start_days"] == 0


def test_high_grade_is_what_the_settings_call_high():
    frame = cases(sosg_high_grade=[YES] * 6 + [NO] * 3 + [OPEN])
    assert counts(frame, "high_grade", definition="sosg_2_3") == (6, 9, 1)
    wider = CohortRules(walking="with_aids", time_zero="mri", high_grades=("3", "2", "1c"))
    assert counts(frame, "high_grade", definition="sosg_1c_2_3", rules=wider) == (6, 9, 1)


def test_an_undetermined_category_is_unknown():
    frame = cases(sins_category=["stable"] * 3 + ["unstable"] * 2 + ["undetermined"] * 5)
    assert counts(frame, "sins_unstable") == (2, 5, 5)
    assert counts(frame, "sins_indeterminate") == (0, 5, 5)


def test_flags_of_the_presentation():
    frame = cases(
        back_pain=[YES] * 8 + [NO, OPEN],
        weakness=[YES] * 4 + [NO] * 4 + [OPEN] * 2,
        cancer_known=[YES] * 7 + [NO] * 3,
    )
    assert counts(frame, "pain_at_presentation") == (8, 9, 1)
    assert counts(frame, "weakness") == (4, 8, 2)
    assert counts(frame, "first_presentation") == (3, 10, 0)


def test_surgery_first_is_of_the_whole_cohort_only():
    assert counts(cases(), "surgery_first") == (4, 8, 0)
    rows = case_figures(cases(), RULES)
    assert set(rows.loc[rows["outcome"] == "surgery_first", "arm"]) == {"all"}


def test_deaths_after_surgery_are_of_those_dead_or_followed():
    frame = cases(
        surgery_day=[1, 1, 2, 2, OPEN, OPEN, OPEN, OPEN, OPEN, OPEN],
        last_contact_day=[20, 400, 20, 32, 5, 5, 5, 5, 5, 5],
        died=[YES, NO, NO, YES, *[YES] * 6],
    )
    # day 30: dead on day 19 and on day 30; alive beyond; one lost on day 18
    assert counts(frame, "death", "surgery", day=30) == (2, 3, 1)
    assert counts(frame, "death", "surgery", day=365) == (2, 3, 1)
    row = figure(frame, "death", "surgery", day=30)
    assert (row["definition"], row["death_rule"]) == ("from_surgery", "crude")
    rows = case_figures(frame, RULES)
    assert "cebrt_long" not in set(rows.loc[rows["outcome"] == "death", "arm"])


def test_complications_are_of_the_operated():
    frame = cases(
        surgery_day=[1.0] * 4 + [OPEN] * 6, complication_30d=[YES, NO, NO, OPEN, *[YES] * 6]
    )
    assert counts(frame, "complication", "surgery") == (1, 3, 1)


def test_pain_flares_are_of_sbrt():
    frame = cases(
        rt_technique_derived=["sbrt", "sbrt", *["cebrt"] * 5, "sbrt", OPEN, OPEN],
        pain_flare=[YES, NO, *[YES] * 5, OPEN, YES, YES],
    )
    assert counts(frame, "pain_flare") == (1, 2, 1)


def test_delay_is_the_median_to_the_first_treatment():
    frame = cases(
        symptom_onset_day=[-10.0, -20, -30, -40, -50, 5, OPEN, -1, -1, -1],
        surgery_day=[0.0, 10, 10, OPEN, OPEN, 1, 1, OPEN, OPEN, OPEN],
        rt_start_day=[5.0, 5, OPEN, 10, 10, OPEN, OPEN, OPEN, OPEN, OPEN],
    )
    row = figure(frame, "delay_total")  # 10, 25, 40, 50, 60; one treated before the onset is out
    assert (row["estimate"], row["denominator"]) == (40, 5)
    assert row["measure"] == "median_days" and pd.isna(row["ci_lower"])  # five are too few


def test_the_wait_for_sbrt_is_a_mean():
    frame = cases(
        rt_technique_derived=["sbrt"] * 3 + ["cebrt"] * 7,
        rt_consult_day=[0.0] * 10,
        rt_start_day=[10.0, 12, 14, *[1] * 7],
    )
    row = figure(frame, "consult_to_start")
    assert (row["estimate"], row["measure"]) == (12, "mean_days")
    assert (round(row["ci_lower"], 3), round(row["ci_upper"], 3)) == (7.032, 16.968)


def test_an_mri_before_presentation_was_not_waited_for():
    frame = cases(mri_day=[-3.0, 0, 0, 1, 2, 5, OPEN, OPEN, 1, 0])
    assert counts(frame, "mri_within_24h") == (5, 7, 0)


def test_columns_that_are_absent_or_empty_are_not_measured():
    assert set(case_figures(cases(), RULES)["outcome"]) == {"surgery_first"}
    empty = cases(back_pain=[OPEN] * 10, sosg_high_grade=[OPEN] * 10)
    assert set(case_figures(empty, RULES)["outcome"]) == {"surgery_first"}
    bare = pd.DataFrame(index=range(3))
    assert case_figures(bare, RULES).empty and np.isnan(operated_share(bare))
    assert case_figures(cases().iloc[:0], RULES).empty


@pytest.mark.parametrize(
    "arms, share",
    [
        (["surgery_only", "cebrt_long", "supportive", "unknown"], 1 / 3),
        (["surgery_sbrt", "surgery_cebrt"], 1.0),
        (["unknown"], float("nan")),
    ],
)
def test_share_of_the_operated(arms, share):
    found = operated_share(pd.DataFrame({"arm": pd.Categorical(arms)}))
    assert found == pytest.approx(share, nan_ok=True)


def test_what_is_compared_with_the_published_file():
    frame = cases(
        primary_histology=["lung_unspecified"] * 3 + ["breast"] * 7,
        sosg_high_grade=[YES] * 6 + [NO] * 4,
        symptom_onset_day=[-20.0] * 10,
        surgery_day=[0.0] * 4 + [OPEN] * 6,
        last_contact_day=[100.0] * 10,
        died=[NO] * 10,
    )
    rules = CohortRules(walking="with_aids", time_zero="mri")
    table = compare(load_csv("benchmarks"), case_figures(frame, rules), rules, 4 / 9)
    table = table.set_index("benchmark_id")
    assert table.loc["case_mix_lung", "comparable"] == "yes"
    assert table.loc["fehlings_death_30d_listed", "comparable"] == "yes"
    assert table.loc["quraishi_high_grade", "comparable"] == "yes"
    assert table.loc["alomair_high_grade_before", "why_not"] == (
        "defined otherwise: published the cord deformed, here SOSG grade 2 or 3"
    )
    assert table.loc["husband_delay_total", "why_not"] == (
        "defined otherwise: published counted from symptoms of compression, here counted from the "
        "first symptom recorded"
    )
    assert table.loc["fehlings_complication_30d", "why_not"] == (
        "not assessable: needs complication_30d and surgery_day"
    )
