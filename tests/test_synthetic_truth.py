"""Synthetic cohorts: the truth is true, and every scenario and anchor changes something."""

import json

import numpy as np
import pandas as pd
import pytest

from mescc_analytics import codebook
from mescc_analytics.synthetic import cohort as whole
from mescc_analytics.synthetic import scenarios, synthesise
from mescc_analytics.synthetic.facts import Facts, arms, facts_of, family
from mescc_analytics.synthetic.outcomes import status_at, walking
from mescc_analytics.synthetic.survival import cumulative_hazard, death_day
from mescc_analytics.synthetic.truth import expected_walking
from synthetic_cohorts import WIDE_DAYS, N, latent_people, realistic


@pytest.fixture(scope="module")
def cohort():
    return realistic()


@pytest.fixture(scope="module")
def latent():
    return latent_people("realistic")


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
    """Hazard 0.01 a day, treated on day 10 with ratio 0.5: 0.1 until then, 0.1 in the next 20."""
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


def test_walking_is_as_the_truth_says():
    """With everybody assessed and nobody lost, walkers among the living are as many as expected."""
    facts, people = facts_of("surgery_helps"), latent_people("surgery_helps")
    people |= walking(people, np.random.default_rng(1), facts)
    expected = expected_walking(people, people["planned"], facts)
    for column, day in enumerate(WIDE_DAYS):
        alive = people["death"] > day
        walks = status_at(people, day) <= 1
        assert walks[alive].mean() == pytest.approx(expected[alive, column].mean(), abs=0.015)


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
        log_hazard = pd.Series(np.log(people["hazard"])).groupby(people["planned"])
        mean = log_hazard.mean()[log_hazard.size() > 500]
        spread[scale] = mean.max() - mean.min()
    assert spread[0.0] < 0.15 < 0.5 < spread[1.0] < spread[2.0]


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


ONLY_OTHER = {level: float(level == "other") for level in facts_of("realistic")["histology_mix"]}


@pytest.mark.parametrize(
    ("name", "value", "column"),
    [
        ("survival_effect", dict.fromkeys(map(family, arms()), 0.3), "death"),
        ("hazard_centre", 1.0, "death"),
        ("hazard_ratio", {"not_walking": 4.0, "visceral": 1.4, "per_ecog": 1.3}, "death"),
        ("loss_per_year", 3.0, "last_contact_day"),
        ("loss_ratio_not_walking", 9.0, "last_contact_day"),
        ("data_cutoff", 2025.0, "last_contact_day"),
        ("arm_mix", {arm: 1 / len(arms()) for arm in arms()}, "planned"),
        (
            "arm_minimum",
            {"cases": 400, "from_n": 100, "within_days": 29, "delay_sd": -1.5},
            "planned",
        ),
        ("predicted_survival_log_sd", 0.0, "predicted_survival_months"),
        ("whole_spine_mri", 0.0, "mri_extent"),
        ("histology_mix", ONLY_OTHER, "primary_histology"),
    ],
)
def test_changing_an_anchor_changes_its_column(latent, name, value, column):
    changed = latent_people("realistic", {name: value})
    assert not np.array_equal(latent[column], changed[column])


def test_every_anchor_is_read_by_the_generator(monkeypatch):
    """An anchor that no line of code asks for would be a number without meaning."""
    asked = set()

    class Listening(dict):
        def __getitem__(self, name):
            asked.add(name)
            return super().__getitem__(name)

    facts = facts_of("realistic")
    listening = Facts(Listening(facts.values), facts.defaults)
    monkeypatch.setattr(whole, "facts_of", lambda scenario: listening)
    synthesise(120, np.random.default_rng(0))
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


def contrast(scenario):
    return synthesise(50, np.random.default_rng(1), scenario).truth.get("contrast")


def test_scenarios_that_judge_methods_state_their_true_contrast():
    null, helps = contrast("null"), contrast("surgery_helps")
    for of in ("landmark", "overlap", "time_zero"):
        assert null[of]["hazard_ratio"] == pytest.approx(1, abs=1e-3)
        assert null[of]["rmst_difference_days"] == pytest.approx(0, abs=0.1)
        assert 0.5 < helps[of]["hazard_ratio"] < 0.7
        assert helps[of]["rmst_difference_days"] > 20
    assert helps["conditional_hazard_ratio"] == 0.5
    assert contrast("realistic") is None
