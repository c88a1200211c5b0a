"""Synthetic cohorts: frames of the case table, the same for the same seed, no impossible row."""

import numpy as np
import pandas as pd
import pytest

from mescc_analytics import codebook
from mescc_analytics.errors import UsageError
from mescc_analytics.synthetic import scenarios, synthesise
from mescc_analytics.synthetic.facts import arms
from synthetic_cohorts import WIDE_DAYS, delivered, realistic

TREATMENT_DAYS = ["surgery_day", "rt_start_day", "rt_end_day", "systemic_day"]
EVENT_DAYS = ["local_failure_day", "vertebral_fracture_day", "myelopathy_day", "last_imaging_day"]
WORK_UP_DAYS = ["steroid_day", "mri_day", "diagnosis_day", "surgical_review_day"]


@pytest.fixture(scope="module")
def cohort():
    return realistic()


@pytest.fixture(scope="module")
def cases():
    return realistic().cases


def test_columns_and_levels_are_those_of_the_codebook(cohort):
    for table in ("cases", "visits", "lesions"):
        frame, declared = getattr(cohort, table), codebook.columns(table)
        assert list(frame.columns) == [name for name in declared if name in frame]
        assert set(codebook.required(table)) <= set(frame.columns)
        for name in frame:
            column = declared[name]
            if column.type == "category":
                assert tuple(frame[name].cat.categories) == column.levels, name
            if column.type in ("integer", "number"):
                assert frame[name].dtype in ("Int64", "Float64"), name
                assert column.min is None or frame[name].min() >= column.min, name
                assert column.max is None or frame[name].max() <= column.max, name
            if column.pattern:
                assert frame[name].str.fullmatch(column.pattern).all(), name


def test_every_level_of_the_items_and_of_the_primary_occurs(cases):
    for name in ("primary_histology", "sosg_grade", "ais", "ambulatory_status", "surgery_type"):
        assert set(cases[name].dropna()) == set(codebook.columns()[name].levels), name
    assert set(cases["sins_pain"].dropna()) == {"mechanical", "occasional", "none"}


def test_arm_is_not_given_away(cases):
    assert "arm" not in cases


def test_same_seed_same_cohort_other_seed_another():
    first, again, other = (synthesise(150, np.random.default_rng(seed)) for seed in (5, 5, 6))
    for table in ("cases", "visits", "lesions"):
        pd.testing.assert_frame_equal(getattr(first, table), getattr(again, table))
        assert not getattr(first, table).equals(getattr(other, table))
    assert first.truth == again.truth


@pytest.mark.parametrize("n_cases", [1, 2, 99, 100])
@pytest.mark.parametrize("scenario", scenarios())
def test_any_number_of_cases(n_cases, scenario):
    cohort = synthesise(n_cases, np.random.default_rng(0), scenario)
    assert len(cohort.cases) == n_cases == cohort.truth["n_cases"]
    assert set(cohort.visits["case_id"]) <= set(cohort.cases["case_id"])


def test_case_numbers_have_room_for_all():
    numbers = synthesise(12_000, np.random.default_rng(0)).cases["case_id"]
    assert numbers.iloc[[0, -1]].to_list() == ["S00001", "S12000"] and numbers.is_unique


def test_errors_are_in_words():
    with pytest.raises(UsageError) as caught:
        synthesise(10, np.random.default_rng(0), "realstic")
    assert str(caught.value) == (
        "scenario 'realstic' cannot be used:\n  - it is not one of realistic, null, surgery_helps, "
        "strong_confounding, immortal_time_only, informative_missingness"
    )
    with pytest.raises(UsageError) as caught:
        synthesise(0, np.random.default_rng(0))
    assert str(caught.value) == (
        "synthesise cannot be used:\n  - 0 cases were asked for; at least 1 is needed"
    )


def test_nothing_after_the_last_contact(cohort, cases):
    for name in [*TREATMENT_DAYS, *EVENT_DAYS, *WORK_UP_DAYS, "treatment_decision_day"]:
        assert (cases[name] <= cases["last_contact_day"]).dropna().all(), name
    last = cases.set_index("case_id")["last_contact_day"]
    assert (cohort.visits["visit_day"] <= cohort.visits["case_id"].map(last)).all()
    for day in WIDE_DAYS:
        recorded = cases[cases[f"ambulatory_status_{day}d"].notna()]
        assert (recorded["last_contact_day"] >= day).all()
        assert not (recorded["died"] & (recorded["last_contact_day"] == day)).any()


def test_clocks_are_in_order(cases):
    order = [
        ("symptom_onset_day", "motor_deficit_onset_day"),
        ("mri_day", "diagnosis_day"),
        ("diagnosis_day", "treatment_decision_day"),
        ("diagnosis_day", "surgical_review_day"),
        ("treatment_decision_day", "surgery_day"),
        ("surgical_review_day", "surgery_day"),
        ("treatment_decision_day", "rt_consult_day"),
        ("rt_consult_day", "rt_start_day"),
        ("surgery_day", "rt_start_day"),
        ("rt_start_day", "rt_end_day"),
        ("local_failure_day", "last_imaging_day"),
    ]
    for earlier, later in order:
        both = cases[[earlier, later]].dropna()
        assert len(both) > 100 and (both[earlier] <= both[later]).all(), (earlier, later)
    assert (cases["symptom_onset_day"].dropna() < 0).all()


def test_columns_agree_with_each_other(cases):
    walks = cases["ambulatory_status"].isin(["unaided", "aided"])
    assert not (walks & cases["ais"].isin(["A", "B"])).any()
    assert not (walks & cases["paraplegia_hours"].notna()).any()
    assert (cases["motor_power_min"][cases["ais"].eq("E").fillna(False)].dropna() == 5).all()
    assert (cases["weakness"] == (cases["motor_power_min"] < 5)).dropna().all()
    assert cases["surgery_type"].notna().equals(cases["surgery_day"].notna())
    assert cases["rt_fractions"].notna().equals(cases["rt_start_day"].notna())
    assert (cases["compression_sites"] <= cases["vertebral_metastases"]).dropna().all()
    assert cases.loc[~cases["cancer_known"], "months_since_cancer_diagnosis"].isna().all()
    low = cases.loc[cases["sins_collapse"].eq("under_50"), "collapse_percent"].dropna()
    assert low.between(5, 49).all() and len(low) > 100
    kps_by_ecog = cases.dropna(subset=["kps", "ecog"]).groupby("ecog")["kps"].agg(["min", "max"])
    assert kps_by_ecog.to_numpy().tolist() == [[90, 100], [70, 80], [50, 60], [30, 40], [10, 20]]


def test_lesions_belong_to_their_case(cohort, cases):
    lesions = cohort.lesions
    index = lesions[lesions["lesion_id"] == "1"].set_index("case_id")
    case = cases.set_index("case_id").loc[index.index]
    common = [name for name in index if name in case]
    assert len(common) == 8
    pd.testing.assert_frame_equal(index[common], case[common])
    assert lesions.groupby("case_id").size().min() == 2
    assert not (case["mri_extent"] == "regional").any()
    whole_spine = cases["mri_extent"].eq("whole_spine").fillna(False)
    with_several = cases["case_id"].isin(lesions["case_id"])
    assert with_several[whole_spine].mean() == pytest.approx(0.15, abs=0.03)
    worst = lesions["sosg_grade"].cat.codes.groupby(lesions["case_id"]).max()
    graded = index["sosg_grade"].dropna()
    assert (worst[graded.index] == graded.cat.codes).all()


def test_visits_come_in_order_and_progress_stays(cohort, cases):
    visits = cohort.visits
    assert (visits.groupby("case_id")["visit_day"].diff().dropna() > 0).all()
    assert visits["local_status"].notna().equals(visits["imaging"].notna())
    failure = visits["case_id"].map(cases.set_index("case_id")["local_failure_day"])
    progressed = (visits["visit_day"] >= failure).fillna(False)
    seen = visits["local_status"].notna()
    assert (visits["local_status"].eq("progressed")[seen] == progressed[seen]).all()
    assert visits["sosg_grade"].notna().equals(visits["imaging"].eq("mri").fillna(False))


def test_wide_columns_repeat_a_visit(cohort, cases):
    status = cases.set_index("case_id")["ambulatory_status_90d"].dropna()
    near = cohort.visits[cohort.visits["visit_day"].between(84, 96)]
    seen = near.set_index("case_id")["ambulatory_status"].reindex(status.index)
    assert (seen.astype(str) == status.astype(str)).all()


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("scenario", scenarios())
def test_every_arm_occurs_three_times_among_a_hundred(scenario, seed):
    cohort = synthesise(100, np.random.default_rng(seed), scenario)
    assert min(cohort.truth["n_treated_as_planned"].values()) >= 3
    counts = delivered(cohort.cases).value_counts()
    assert counts.reindex(arms(), fill_value=0).min() >= 3


def test_big_arms_of_a_demonstration_have_survivors_to_day_30():
    cases = synthesise(400, np.random.default_rng(20)).cases
    lives = cases["last_contact_day"].ge(30).groupby(delivered(cases)).sum()
    assert lives[["surgery_cebrt", "sbrt", "cebrt_long", "cebrt_short"]].min() >= 12
