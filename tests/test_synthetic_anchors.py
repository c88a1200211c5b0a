"""Synthetic cohorts: what was published, or assumed, comes out."""

import numpy as np
import pandas as pd
import pytest

from mescc_analytics import codebook
from mescc_analytics.synthetic import synthesise
from mescc_analytics.synthetic.choice import sins_total
from synthetic_cohorts import WIDE_DAYS, N, delivered, latent_people, realistic

MONTH = 30.4375


@pytest.fixture(scope="module")
def cases():
    return realistic().cases


@pytest.fixture(scope="module")
def latent():
    return latent_people("realistic")


def share(series):
    return float(series.dropna().astype(float).mean())


def mix(series):
    return series.value_counts(normalize=True, dropna=True)


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
    assert np.median(death) / MONTH == pytest.approx(5.1, abs=0.5)
    assert (death <= 2 * MONTH).mean() == pytest.approx(0.276, abs=0.02)
    assert (death > 24 * MONTH).mean() == pytest.approx(0.19, abs=0.04)


@pytest.mark.parametrize(
    ("primary", "months"), [("breast", 18.6), ("prostate", 7.4), ("renal", 7.8)]
)
def test_median_survival_by_primary(latent, primary, months):
    position = codebook.columns()["primary_histology"].levels.index(primary)
    died = latent["death"][latent["primary_histology"] == position]
    assert np.median(died) / MONTH == pytest.approx(months, rel=0.12)


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
