"""Intervals of the adjusted comparison: scores as fitted, weights as known, bootstrap."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from mescc_analytics.present import methods_choices
from mescc_analytics.stats.contrasts import Sample, group_differences
from mescc_analytics.stats.estimated_scores import ScoreModel
from mescc_analytics.stats.hazards import Beside, hazard_frame
from mescc_analytics.steps.weight import BROAD, DETAILED
from test_survival_weighted import of, run
from weight_cases import LONG, SHORT, SURGERY, confounded

LIMITS = ["ci_lower", "ci_upper"]
NAMES = ["hazards", "contrasts", "summary"]


@pytest.fixture(scope="module")
def frame():
    return confounded()


@pytest.fixture(scope="module")
def found(frame):
    return {
        name: run(frame, variance=name, n_resamples=300)
        for name in ("estimated_scores", "robust", "bootstrap")
    }


def limits(tables, name="hazards", analysis=DETAILED):
    table = of(tables[name], analysis)
    columns = ["rmst_lower", "rmst_upper"] if name == "summary" else LIMITS
    return table[columns].to_numpy(float)


def test_intervals_count_the_scores_as_fitted_by_default(frame, found):
    assert_allclose(limits(run(frame)), limits(found["estimated_scores"]))


def width(tables):
    lower, upper = limits(tables)[0]
    return np.log(upper / lower)


def test_weights_taken_as_known_make_intervals_too_wide(found):
    fitted, known, drawn = (width(tables) for tables in found.values())
    assert known > 1.05 * fitted
    assert abs(drawn / fitted - 1) < 0.1


def test_every_number_but_intervals_and_p_is_the_same(found):
    first, *others = found.values()
    for other in others:
        for name, values in {
            "hazards": ["hazard_ratio", "n", "events"],
            "contrasts": ["estimate", "of_group", "of_reference"],
            "curves": ["survival", "n_at_risk_weighted"],
            "tests": ["statistic"],
        }.items():
            one, two = (of(tables[name])[values].to_numpy(float) for tables in (first, other))
            assert_allclose(one, two)
        for name in NAMES if other is found["bootstrap"] else [*NAMES, "curves"]:
            assert not np.allclose(limits(first, name), limits(other, name), rtol=1e-3)


def test_numbers_are_those_of_the_estimators(frame, found):
    """The scores of the step, on the cases of the step."""
    weights = found["estimated_scores"]["weights"]
    arm = pd.Categorical(frame["arm"], [LONG, SHORT])
    e = weights[[f"propensity_{name}" for name in (LONG, SHORT)]].to_numpy(float)
    lame = frame["ambulatory_status"].astype("string").eq("non_ambulatory").to_numpy(float)
    x = np.column_stack([frame["age_years"].to_numpy(float), lame])
    scores = ScoreModel.of(e, x, arm)
    rows = frame["survival_days"], frame["survival_event"], arm
    given = {"weight": weights["weight"].to_numpy(float), "scores": scores}
    hazards, _ = hazard_frame(*rows, 0.95, Beside(**given))
    assert_allclose(limits(found["estimated_scores"]), hazards[LIMITS].astype(float), rtol=1e-8)
    sample = Sample.of(*rows, start=30, **given)
    means = group_differences(sample, "restricted_mean", 365)
    assert_allclose(
        limits(found["estimated_scores"], "contrasts")[:1], means[LIMITS].astype(float), rtol=1e-8
    )


@pytest.mark.parametrize("variance", ["estimated_scores", "bootstrap"])
@pytest.mark.parametrize("estimand", ["ate", "att"])
def test_every_estimand_has_an_interval(frame, variance, estimand):
    kept = run(frame, variance=variance, estimand=estimand, n_resamples=50)
    other = {"att_arm": SHORT} if estimand == "att" else {"estimand": "overlap"}
    changed = run(frame, **{"variance": variance, "estimand": estimand, "n_resamples": 50} | other)
    for analysis in (DETAILED, BROAD):
        assert np.isfinite(limits(kept, analysis=analysis)).all()
    assert not np.allclose(limits(kept), limits(changed), rtol=1e-3)


def test_seed_number_of_resamples_and_largest_size_matter(frame):
    def drawn(seed=1, **values):
        values = {"variance": "bootstrap", "n_resamples": 40} | values
        return limits(run(frame, sections={"seed": seed}, **values))

    assert np.array_equal(drawn(), drawn())
    assert not np.allclose(drawn(), drawn(seed=2), rtol=1e-4)
    assert not np.allclose(drawn(), drawn(n_resamples=60), rtol=1e-4)
    fallen_back = drawn(bootstrap_max_cases=399)
    assert_allclose(fallen_back, limits(run(frame, variance="estimated_scores")))
    assert np.array_equal(drawn(bootstrap_max_cases=400), drawn())


def test_patients_are_drawn_and_added_together(frame):
    """Every episode three times: only together are they as many patients as before."""
    thrice = pd.concat([frame] * 3, ignore_index=True)
    thrice["case_id"] = [f"case_{i}" for i in range(len(thrice))]
    thrice["patient_id"] = np.tile([f"patient_{i}" for i in range(len(frame))], 3)
    together = {"survival": {"by": [], "cluster": "patient"}}
    for variance in ("estimated_scores", "bootstrap"):
        given = {"variance": variance, "n_resamples": 300}
        one, alone = width(run(frame, **given)), width(run(thrice, **given))
        joined = width(run(thrice, sections=together, **given))
        assert alone < 0.7 * one
        assert abs(joined / one - 1) < 0.1


def test_a_withheld_arm_stays_in_the_scores():
    """Four arms of which some contrasts are withheld: the rows are fewer than those of the model."""
    frame = confounded(600, seed=3, arms=(LONG, SHORT, SURGERY))
    size = frame["arm"].value_counts()
    least = sorted(size[[SHORT, SURGERY]])[0] + 1
    tables = run(frame, cases_per_parameter_min=least / 2.5, small_arms="keep")
    hazards = of(tables["hazards"])
    assert hazards["hazard_ratio"].notna().sum() in (1, 2)
    shown = hazards["hazard_ratio"].notna()
    assert hazards.loc[shown, LIMITS].notna().all(axis=None)


@pytest.mark.parametrize(
    "variance, words",
    [
        ("robust", "take the weights as known (sandwich variance)."),
        ("estimated_scores", "count that the propensity scores were fitted to the same cases"),
        ("bootstrap", "percentiles of 300 bootstrap samples of cases"),
    ],
)
def test_methods_say_which(variance, words):
    weight = {"variance": variance, "n_resamples": 300}
    study = SimpleNamespace(entry_note="", arms_given=False)
    (sentence,) = methods_choices.paragraphs({"weight": weight}, study)
    assert words in sentence
