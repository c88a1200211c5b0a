"""Synthetic cohorts: anchors met, rows possible, truth true, scenarios different."""

import json

import numpy as np
import pandas as pd
import pytest

from mescc_analytics import codebook
from mescc_analytics.errors import UsageError
from mescc_analytics.synthetic import cohort as whole
from mescc_analytics.synthetic import scenarios, synthesise
from mescc_analytics.synthetic.choice import sins_total
from mescc_analytics.synthetic.facts import Facts, arms, facts_of, family
from mescc_analytics.synthetic.survival import cumulative_hazard, death_day

N = 20_000
DAYS_PER_MONTH = 30.4375
TREATMENT_DAYS = ["surgery_day", "rt_start_day", "rt_end_day", "systemic_day"]
EVENT_DAYS = ["local_failure_day", "vertebral_fracture_day", "myelopathy_day", "last_imaging_day"]
WORK_UP_DAYS = ["steroid_day", "mri_day", "diagnosis_day", "surgical_review_day"]
WIDE_DAYS = (30, 90, 180, 365)


@pytest.fixture(scope="module")
def cohort():
    return synthesise(N, np.random.default_rng(2024))


@pytest.fixture(scope="module")
def cases(cohort):
    return cohort.cases


@pytest.fixture(scope="module")
def latent():
    """The cohort before anything was lost, censored or left out of the record."""
    return latent_people("realistic")


def latent_people(scenario, replace=None):
    facts = facts_of(scenario)
    facts = Facts(facts.values | (replace or {}), facts.defaults)
    rng = np.random.default_rng(2024)
    return whole._treated(whole._presented(N, rng, facts), rng, facts)


def share(series):
    return float(series.dropna().astype(float).mean())


def mix(series):
    return series.value_counts(normalize=True, dropna=True)


def delivered(cases):
    """The arm that the treatment columns show, with systemic therapy within 31 days."""
    operated, irradiated = cases["surgery_day"].notna(), cases["rt_start_day"].notna()
    per_fraction = cases["rt_dose_gy"] / cases["rt_fractions"]
    sbrt = (per_fraction >= 7) & ~((cases["rt_fractions"] == 1) & (cases["rt_dose_gy"] <= 10))
    sbrt = sbrt.fillna(False)
    systemic = cases["systemic_day"].le(31).fillna(False)
    conditions = {
        "surgery_sbrt": operated & irradiated & sbrt,
        "surgery_cebrt": operated & irradiated,
        "surgery_only": operated,
        "sbrt": irradiated & sbrt,
        "cebrt_short": irradiated & cases["rt_fractions"].le(5).fillna(False),
        "cebrt_long": irradiated,
        "systemic_only": systemic,
    }
    chosen = [condition.to_numpy(bool) for condition in conditions.values()]
    return pd.Series(np.select(chosen, list(conditions), "supportive"), index=cases.index)


# --- shape and determinism ------------------------------------------------------------------------


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


# --- anchors --------------------------------------------------------------------------------------


def test_age_sex_and_primary(cases):
    assert share(cases["age_years"]) == pytest.approx(66, abs=1.5)
    assert cases["age_years"].astype(float).std() == pytest.approx(12, abs=1)
    assert share(cases["sex"] == "male") == pytest.approx(0.62, abs=0.02)
    primary = mix(cases["primary_histology"])
    lung = primary[["lung_small_cell", "lung_non_small_cell", "lung_unspecified"]].sum()
    assert lung == pytest.approx(0.24, abs=0.04)
    assert primary["prostate"] == pytest.approx(0.19, abs=0.03)
    assert primary["breast"] == pytest.approx(0.17, abs=0.02)


def test_sex_agrees_with_the_primary(cases):
    by_primary = cases.groupby("primary_histology", observed=True)["sex"].agg(set)
    assert by_primary["prostate"] == {"male"}
    for primary in ("ovary", "uterus", "cervix"):
        assert by_primary[primary] == {"female"}


def test_extent_of_disease(latent):
    assert latent["cancer_known"].mean() == pytest.approx(0.78, abs=0.02)
    somewhere = (latent["visceral_metastases"] > 0) | (latent["brain_metastases"] == 1)
    assert somewhere.mean() == pytest.approx(0.44, abs=0.03)
    assert (latent["extraspinal_bone_metastases"] > 0).mean() == pytest.approx(0.66, abs=0.02)
    assert (latent["vertebral_metastases"] >= 3).mean() == pytest.approx(0.53, abs=0.02)


def test_spine(latent):
    sins = sins_total(latent)
    categories = [(sins <= 6).mean(), ((sins > 6) & (sins < 13)).mean(), (sins > 12).mean()]
    assert categories == pytest.approx([0.35, 0.52, 0.13], abs=0.02)
    location = np.bincount(latent["sins_location"]) / N
    assert location == pytest.approx([0.39, 0.22, 0.38, 0.01], abs=0.015)
    grades = np.bincount(latent["sosg_grade"]) / N
    assert grades == pytest.approx([0.068, 0.085, 0.122, 0.154, 0.286, 0.285], abs=0.015)
    assert np.corrcoef(sins, latent["sosg_grade"])[0, 1] > 0.1


def test_index_location_is_that_of_its_vertebrae(cases):
    location = {"T11": "junctional", "T5-T6": "semirigid", "C7/T1": "junctional", "L3": "mobile"}
    location |= {"L4": "mobile", "T2": "junctional", "S1": "junctional", "S2": "rigid"}
    for text, expected in location.items():
        found = cases.loc[cases["spinal_levels"] == text, "sins_location"].dropna()
        assert set(found) == {expected}, text


def test_neurology(latent):
    walking = np.bincount(latent["ambulatory_status"]) / N
    assert walking == pytest.approx([0.30, 0.28, 0.32, 0.10], abs=0.02)
    ranks = pd.DataFrame({"sosg": latent["sosg_grade"], "ais": -latent["ais"].astype(int)}).rank()
    assert np.corrcoef(ranks.T)[0, 1] == pytest.approx(0.73, abs=0.03)
    assert latent["sphincter_dysfunction"].mean() == pytest.approx(0.25, abs=0.02)
    ecog = np.bincount(latent["ecog"].astype(int)) / N
    assert ecog == pytest.approx([0.05, 0.22, 0.30, 0.30, 0.13], abs=0.03)


def test_instability_hardly_tells_who_walks(latent):
    """Published: no association of SINS and walking; here only what compression carries over."""
    ranks = pd.DataFrame(
        {"sins": sins_total(latent), "walking": latent["ambulatory_status"]}
    ).rank()
    assert abs(np.corrcoef(ranks.T)[0, 1]) < 0.15


def test_arms_delivered(cases):
    arm = mix(delivered(cases))
    surgery_and_rt = arm["surgery_sbrt"] + arm["surgery_cebrt"]
    assert surgery_and_rt == pytest.approx(0.20, abs=0.02)
    expected = {"surgery_only": 0.03, "cebrt_short": 0.34, "cebrt_long": 0.26, "sbrt": 0.05}
    expected |= {"systemic_only": 0.04, "supportive": 0.08}
    assert arm[list(expected)].to_list() == pytest.approx(list(expected.values()), abs=0.02)


def test_case_mix_by_arm(cases, latent):
    operated = ~np.isnan(latent["surgery_day"])
    sins = sins_total(latent)
    assert (sins[operated] > 12).mean() == pytest.approx(0.25, abs=0.03)
    assert (latent["sosg_grade"][operated] >= 4).mean() == pytest.approx(0.75, abs=0.06)
    assert (latent["ais"][operated] == 0).mean() < 0.04
    arm = delivered(cases)
    conventional = cases[arm.isin(["cebrt_short", "cebrt_long"])]["sosg_grade"].dropna()
    assert conventional.isin(["2", "3"]).mean() == pytest.approx(0.55, abs=0.03)
    radiosurgery = cases[arm == "sbrt"]["sosg_grade"].dropna()
    assert radiosurgery.isin(["2", "3"]).mean() < 0.01
    assert (radiosurgery == "0").mean() > 0.25


def test_surgery_and_sbrt_rise_over_the_years(cases):
    arm, late = delivered(cases), cases["presentation_year"] >= 2021
    for group in (["surgery_sbrt", "surgery_cebrt"], ["sbrt"]):
        chosen = arm.isin(group)
        assert chosen[late].mean() > 1.1 * chosen[~late].mean()


def test_survival_of_the_mixture(latent):
    death = latent["death"]
    assert np.median(death) / DAYS_PER_MONTH == pytest.approx(5.1, abs=0.5)
    assert (death <= 2 * DAYS_PER_MONTH).mean() == pytest.approx(0.276, abs=0.02)
    assert (death > 24 * DAYS_PER_MONTH).mean() == pytest.approx(0.19, abs=0.04)


@pytest.mark.parametrize(
    ("primary", "months"), [("breast", 18.6), ("prostate", 7.4), ("renal", 7.8)]
)
def test_median_survival_by_primary(latent, primary, months):
    position = codebook.columns()["primary_histology"].levels.index(primary)
    died = latent["death"][latent["primary_histology"] == position]
    assert np.median(died) / DAYS_PER_MONTH == pytest.approx(months, rel=0.12)


def test_those_who_do_not_walk_die_faster(latent):
    walks = latent["ambulatory_status"] <= 1
    days, event = np.minimum(latent["death"], 365), latent["death"] <= 365
    rate = {group: event[walks == group].sum() / days[walks == group].sum() for group in (0, 1)}
    assert rate[0] / rate[1] == pytest.approx(1.96, abs=0.3)


def test_clocks_have_the_published_medians(cases):
    assert -cases["symptom_onset_day"].median() == pytest.approx(90, abs=5)
    assert -cases["motor_deficit_onset_day"].median() == pytest.approx(18, abs=4)
    assert (cases["mri_day"].dropna() <= 2).mean() > 0.75
    sbrt = cases[delivered(cases) == "sbrt"]
    assert (sbrt["rt_start_day"] - sbrt["rt_consult_day"]).median() == pytest.approx(12, abs=1)
    both = cases.dropna(subset=["surgery_day", "rt_start_day"])
    assert (both["rt_start_day"] - both["surgery_day"]).between(14, 28).mean() > 0.75


def test_ten_fractions_span_twelve_calendar_days(cases):
    whole = cases[cases["rt_fractions"] == 10].dropna(subset=["rt_end_day"])
    assert set(whole["rt_end_day"] - whole["rt_start_day"] + 1) == {12}


def test_missing_values(cases):
    expected = {"sins_location": 0.01, "sins_collapse": 0.06, "sins_lesion": 0.12}
    expected |= {"sins_alignment": 0.10, "sins_pain": 0.25, "sins_posterolateral": 0.18}
    expected |= {"predicted_survival_months": 0.10, "symptom_onset_day": 0.15}
    found = cases[list(expected)].isna().mean()
    assert found.to_list() == pytest.approx(list(expected.values()), abs=0.02)
    operated = cases["surgery_day"].notna()
    assert (
        cases["sins_pain"].isna()[~operated].mean()
        > 1.2 * cases["sins_pain"].isna()[operated].mean()
    )


def test_living_cases_without_an_assessment(cases):
    for day in WIDE_DAYS:
        seen = cases[f"ambulatory_status_{day}d"].notna()
        lives = (cases["last_contact_day"] > day + 6).to_numpy(bool)
        assert 0.20 < (~seen[lives]).mean() < 0.35


def test_no_walking_is_assessed_less_often():
    for scenario, least in (("realistic", 1.4), ("informative_missingness", 3)):
        cases = synthesise(N, np.random.default_rng(1), scenario).cases
        lives = (cases["last_contact_day"] > 36).to_numpy(bool)
        unseen = cases["ambulatory_status_30d"].isna()
        # who is paraplegic at entry rarely walks again, who walks unaided rarely stops
        paraplegic = lives & cases["ambulatory_status"].eq("paraplegic").to_numpy(bool)
        unaided = lives & cases["ambulatory_status"].eq("unaided").to_numpy(bool)
        assert unseen[paraplegic].mean() > least * unseen[unaided].mean(), scenario


# --- no impossible row ----------------------------------------------------------------------------


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
    shared = [name for name in index if name in case]
    assert len(shared) == 8
    pd.testing.assert_frame_equal(index[shared], case[shared])
    assert lesions.groupby("case_id").size().min() == 2
    assert not (case["mri_extent"] == "regional").any()
    whole_spine = cases["mri_extent"].eq("whole_spine").fillna(False)
    with_several = cases["case_id"].isin(lesions["case_id"])
    assert with_several[whole_spine].mean() == pytest.approx(0.15, abs=0.03)
    grade = lesions.assign(rank=lesions["sosg_grade"].cat.codes).dropna(subset=["sosg_grade"])
    worst = grade.groupby("case_id")["rank"].max()
    assert (
        worst.reindex(index.index[index["sosg_grade"].notna()])
        == index["sosg_grade"].dropna().cat.codes
    ).all()


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


# --- truth ----------------------------------------------------------------------------------------


def test_truth_is_plain_enough_for_json(cohort):
    assert json.loads(json.dumps(cohort.truth)) == cohort.truth
    assert sum(cohort.truth["n_planned"].values()) == N


@pytest.mark.parametrize("scenario", ["null", "strong_confounding", "immortal_time_only"])
def test_without_effect_every_arm_would_do_the_same(scenario):
    truth = synthesise(2000, np.random.default_rng(3), scenario).truth
    assert set(truth["hazard_ratio"].values()) == {1.0}
    assert set(truth["walking_log_odds"].values()) == {0.0}
    assert len({tuple(curve) for curve in truth["survival_if_all"].values()}) == 1


def test_truth_of_surgery_that_helps():
    truth = synthesise(2000, np.random.default_rng(3), "surgery_helps").truth
    surgery, short = (truth["survival_if_all"][arm] for arm in ("surgery_only", "cebrt_short"))
    assert all(better > worse + 0.02 for better, worse in zip(surgery, short, strict=True))
    walking = truth["walking_if_all"]
    for entry in ("all", "ambulatory", "non_ambulatory"):
        assert walking["surgery_only"][entry][1] > walking["cebrt_short"][entry][1] + 0.05


def test_truth_by_hand():
    """Hazard 0.01 a day, treated on day 10 with ratio 0.5: 0.1 until then, 0.1 for the next 20 days."""
    assert cumulative_hazard(30, 0.01, 10, 0.5) == pytest.approx(0.2)
    assert cumulative_hazard(5, 0.01, 10, 0.5) == pytest.approx(0.05)
    exposure, first_day = np.array([0.05, 0.1, 0.2]), np.array([10, 10, 10])
    assert death_day(exposure, 0.01, first_day, 0.5) == pytest.approx([5, 10, 30])


@pytest.mark.parametrize("scenario", ["realistic", "surgery_helps"])
def test_cohort_lives_as_long_as_the_truth_says(scenario):
    truth = synthesise(N, np.random.default_rng(2024), scenario).truth
    people = latent_people(scenario)
    for position, arm in enumerate(arms()):
        death = people["death"][people["planned"] == position]
        alive = [(death > day).mean() for day in WIDE_DAYS]
        error = 4 * 0.5 / np.sqrt(len(death))
        assert alive == pytest.approx(truth["survival_planned"][arm], abs=error), arm


def test_recorded_walking_is_as_the_truth_says():
    """With everybody assessed and nobody lost, shares of walkers by arm come out as expected."""
    facts = facts_of("surgery_helps")
    people = latent_people("surgery_helps")
    rng = np.random.default_rng(1)
    people |= whole.walking(people, rng, facts)
    truth = whole.truth_of(people, facts, "surgery_helps")
    expected = whole.truth_of.__globals__["expected_walking"](people, people["planned"], facts)
    from mescc_analytics.synthetic.outcomes import status_at

    for column, day in enumerate(WIDE_DAYS):
        alive = people["death"] > day
        walks = status_at(people, day) <= 1
        assert walks[alive].mean() == pytest.approx(expected[alive, column].mean(), abs=0.015)
    assert truth["walking_if_all"]["sbrt"]["all"][3] < truth["walking_if_all"]["sbrt"]["all"][1]


def test_effect_starts_with_the_treatment():
    """Surgery halves the hazard after it, and nothing before it."""
    people = latent_people("surgery_helps")
    surgical = np.char.startswith(np.array(arms())[people["planned"]], "surgery")
    death, first, hazard = (people[name][surgical] for name in ("death", "first_day", "hazard"))
    died_before = death <= first
    expected_before = (hazard * np.minimum(death, first)).sum()
    assert died_before.sum() / expected_before == pytest.approx(1, abs=0.25)
    expected_after = (hazard * np.maximum(death - first, 0)).sum()
    assert (~died_before).sum() / expected_after == pytest.approx(0.5, abs=0.03)


# --- scenarios and their parameters ---------------------------------------------------------------


@pytest.mark.parametrize("scenario", [name for name in scenarios() if name != "realistic"])
def test_every_scenario_changes_the_cohort(scenario):
    realistic = synthesise(300, np.random.default_rng(9)).cases
    assert not realistic.equals(synthesise(300, np.random.default_rng(9), scenario).cases)


@pytest.mark.parametrize("scenario", [name for name in scenarios() if name != "realistic"])
def test_every_replacement_names_an_anchor_and_changes_it(scenario):
    content = codebook.load("synthetic")
    for name, value in content["scenarios"][scenario]["replace"].items():
        assert value != content["anchors"][name]["value"], name


def test_confounding_scale_makes_arms_differ_by_prognosis():
    spread = {}
    for scale in (0.0, 1.0, 2.0):
        people = latent_people("null", {"confounding_scale": scale})
        median = [
            np.median(people["hazard"][people["planned"] == arm]) for arm in range(len(arms()))
        ]
        spread[scale] = max(median) / min(median)
    assert spread[0.0] < 1.25 < 1.5 < spread[1.0] < spread[2.0]


def test_long_delays_leave_more_without_their_treatment():
    lost = {}
    for scenario in ("null", "immortal_time_only"):
        truth = synthesise(N, np.random.default_rng(4), scenario).truth
        surgical = [arm for arm in arms() if family(arm) == "surgery"]
        planned = sum(truth["n_planned"][arm] for arm in surgical)
        lost[scenario] = (
            sum(truth["n_died_before_first_treatment"][arm] for arm in surgical) / planned
        )
    assert lost["immortal_time_only"] > 2 * lost["null"] > 0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("survival_effect", dict.fromkeys(map(family, arms()), 0.3)),
        ("hazard_centre", 1.0),
        ("hazard_ratio", {"not_walking": 4.0, "visceral": 1.4, "per_ecog": 1.3}),
        ("loss_per_year", 3.0),
        ("loss_ratio_not_walking", 9.0),
        ("arm_mix", {arm: 1 / len(arms()) for arm in arms()}),
        ("predicted_survival_log_sd", 0.0),
        ("data_cutoff", 2025.0),
        ("arm_minimum", {"cases": 400, "from_n": 100}),
        ("whole_spine_mri", 0.0),
        ("histology_mix", {"other": 1.0, **dict.fromkeys(codebook.columns()["primary_histology"].levels[:-1], 0.0)}),
    ],
)  # fmt: skip
def test_anchors_are_used(latent, name, value):
    changed = latent_people("realistic", {name: value})
    assert any(not np.array_equal(latent[key], changed[key]) for key in ("death", "last_contact_day", "planned", "mri_extent", "predicted_survival_months"))  # fmt: skip


def test_every_anchor_is_read_by_the_generator():
    """An anchor that no line of code asks for would be a number without meaning."""
    asked = set()

    class Listening(dict):
        def __getitem__(self, name):
            asked.add(name)
            return super().__getitem__(name)

    facts = facts_of("realistic")
    listening = Facts(Listening(facts.values), facts.defaults)
    whole_facts, whole.facts_of = whole.facts_of, lambda scenario: listening
    try:
        synthesise(120, np.random.default_rng(0))
    finally:
        whole.facts_of = whole_facts
    assert asked == set(codebook.load("synthetic")["anchors"])


def test_hours_have_fractions_and_days_do_not():
    facts = facts_of("realistic")
    for resolution, whole_days in (("day", True), ("hour", False)):
        rng = np.random.default_rng(0)
        people = whole._presented(500, rng, facts)
        changed = Facts(facts.values | {"time_resolution": resolution}, facts.defaults)
        people = whole._treated(people, rng, changed)
        fractions = people["mri_day"] % 1, people["last_contact_day"] % 1
        assert all((fraction == 0).all() == whole_days for fraction in fractions)
        given = ~np.isnan(people["surgery_day"])
        assert (people["surgery_day"] <= people["last_contact_day"])[given].all()


# --- arms that occur ------------------------------------------------------------------------------


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
