"""The benchmark of bias and coverage: what it judges is what runs, against a truth that holds."""

import argparse
import importlib.util
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mescc_analytics.steps import impute
from mescc_analytics.steps.sensitivity_methods import Panel
from mescc_analytics.synthetic.cohort import contrast_of

ROOT = Path(__file__).parents[1]
BENCHMARKS = ROOT / "benchmarks"
# behind the installed packages, one of which is also called coverage
sys.path.append(str(BENCHMARKS))
CASES = 300


def loaded(name):
    spec = importlib.util.spec_from_file_location(f"benchmark_{name}", BENCHMARKS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


judge = loaded("coverage")
TABLE = judge.read(BENCHMARKS / "coverage.csv")


def given(first=0, last=2, methods=tuple(judge.METHODS)):
    return argparse.Namespace(
        first=first,
        last=last,
        cases=CASES,
        seed=5,
        resampled=last,
        resamples=10,
        methods=methods,
    )


@cache
def cohort():
    """The second cohort of a scenario with an effect; nobody may change it."""
    return [found for _, found in judge.cohorts("surgery_helps", 1, 2, given())][0]


@cache
def panel():
    """The panel of the step `sensitivity` on the same cohort."""
    found = Panel.of(cohort().cases, cohort().settings, given=False)
    return replace(found, names=("cebrt", "surgery", "sbrt", "none"))


def estimate(method, measure=judge.LOG_HR):
    found = [r for r in judge.METHODS[method](cohort(), judge.LOCAL) if r["measure"] == measure]
    return found[0]


@pytest.mark.parametrize(
    "method, of_panel",
    [
        ("naive", lambda p, columns: p.landmark(0.0, ())),
        ("landmark", lambda p, columns: p.landmark(30.0, ())),
        ("time-varying", lambda p, columns: p.time_varying(())),
        ("time-varying adjusted", lambda p, columns: p.time_varying(columns)),
    ],
)
def test_what_is_judged_is_what_the_panel_of_sensitivity_shows(method, of_panel):
    shown = of_panel(panel(), cohort().settings["sensitivity"]["covariates"])
    shown = shown[shown["group"] == "surgery"].iloc[0]
    found = estimate(method)
    values = np.log(shown[["hazard_ratio", "ci_lower", "ci_upper"]].astype(float))
    judged = [found[name] for name in ("estimate", "ci_lower", "ci_upper")]
    several = method in ("naive", "landmark")  # other arms in the model move the risk sets
    assert judged == pytest.approx(values.tolist(), abs=0.02 if several else 1e-6)


def test_adjusted_from_the_landmark_is_that_of_the_panel():
    own = replace(panel(), names=("cebrt", "surgery"))
    columns = cohort().settings["sensitivity"]["covariates"]
    shown = own.landmark(30.0, columns).iloc[0]
    assert estimate("landmark adjusted")["estimate"] == pytest.approx(np.log(shown["hazard_ratio"]))


@pytest.mark.parametrize("scenario", ["null", "missing_at_random"])
def test_every_method_is_judged_on_the_same_cohorts_however_they_are_split(scenario):
    whole = judge.replicates(scenario, given())
    second = judge.replicates(scenario, given(first=1))
    again = whole[whole["replicate"] == 1].reset_index(drop=True)
    pd.testing.assert_frame_equal(
        again.drop(columns="note", errors="ignore"), second.drop(columns="note", errors="ignore")
    )
    local = whole[whole["contrast"] == judge.LOCAL]
    asked = set(judge.ESTIMAND)
    if scenario == "missing_at_random":
        asked = {"complete cases", "imputed", "landmark adjusted"}
    assert set(local["method"]) == asked
    assert set(whole["contrast"]) == ({judge.LOCAL} if len(asked) == 3 else set(judge.CONTRASTS))
    known = local[local["method"].isin(["naive", "landmark", "as assessed"])]
    assert np.isfinite(known[["estimate", "ci_lower", "ci_upper", "std_err"]]).all(axis=None)
    assert len(judge.summarise(whole)) == len(whole.groupby(["contrast", "measure", "method"]))


def test_more_resamples_and_other_seeds_change_what_is_drawn():
    method = judge.METHODS["clone-censor-weight"]
    rows = [
        list(method(cohort(), judge.LOCAL, np.random.default_rng(seed), n))[1]
        for seed, n in ((1, 12), (2, 12), (1, 20))
    ]
    assert len({row["ci_lower"] for row in rows}) == 3
    assert len({row["estimate"] for row in rows}) == 1


def test_blanks_tell_of_arm_and_outcome():
    blank = judge.blanked(cohort(), np.random.default_rng(1))
    lost = blank.cases["ecog"].isna().to_numpy()
    worst = (cohort().arm == "surgery").to_numpy(bool) & cohort().clock()[1]
    assert lost[worst].mean() > 0.3 > 0.2 > lost[~worst].mean()
    assert cohort().cases["ecog"].isna().mean() < 0.1


def test_missing_values_are_those_of_the_step_impute():
    rows = list(judge.METHODS["missing values"](cohort(), judge.LOCAL, np.random.default_rng(1), 5))
    assert [row["method"] for row in rows] == ["complete cases", "imputed"]
    frame = sys.modules["coverage_resampled"].framed(cohort(), judge.LOCAL)
    seed = int(np.random.default_rng(1).integers(2**31))
    found = impute.analyse(frame, cohort().settings | {"seed": seed})["estimates"]
    shown = found[found["variable"].eq("arm")].set_index("analysis")["estimate"]
    assert [row["estimate"] for row in rows] == pytest.approx(
        np.log(shown[["complete_case", "imputed"]].astype(float)).tolist()
    )


def test_bias_and_coverage_by_hand():
    rows = pd.DataFrame(
        {
            "scenario": "null",
            "contrast": judge.LOCAL,
            "measure": judge.RMST,
            "method": "landmark weighted",
            "estimate": [1.0, 3.0, np.nan, 8.0],
            "std_err": [1.0, 1.0, np.nan, 1.0],
            "ci_lower": [-1.0, -2.0, np.nan, 6.0],
            "ci_upper": [3.0, 6.0, np.nan, 10.0],
            "withheld": [False, True, False, True],
        }
    )
    found = judge.summarise(rows).iloc[0]
    assert found[["truth", "bias", "cohorts", "not_estimable"]].tolist() == [0, 4, 3, 0.25]
    assert found["coverage"] == pytest.approx(2 / 3)
    assert found["withheld"] == pytest.approx(2 / 3)
    assert found["coverage_shown"] == 1
    assert found["assumptions_hold"]


def test_the_page_holds_the_table_of_the_run(tmp_path):
    page = tmp_path / "coverage.md"
    page.write_text((ROOT / "docs" / "coverage.md").read_text(encoding="utf-8"), encoding="utf-8")
    judge.main(["page", str(BENCHMARKS / "coverage.csv"), "--page", str(page)])
    assert page.read_bytes() == (ROOT / "docs" / "coverage.md").read_bytes()


def of(method, scenario, contrast=judge.LOCAL, measure=judge.LOG_HR):
    found = TABLE.query("method == @method and scenario == @scenario and contrast == @contrast")
    return found[found["measure"] == measure].iloc[0]


def test_the_naive_comparison_is_seen_to_fail():
    assert of("naive", "immortal_time_only", judge.ANY)["coverage"] < 0.3
    assert of("naive", "null", judge.ANY)["coverage"] < 0.6
    assert of("naive", "immortal_time_only", judge.ANY)["bias"] < -0.4


def test_the_default_contrast_covers_where_its_assumptions_hold():
    for measure in judge.CURVES:
        for contrast in judge.CONTRASTS:
            found = of("landmark", "immortal_time_only", contrast, measure)
            assert 0.93 <= found["coverage"] <= 0.97, (contrast, measure)
            assert found["cohorts"] >= 990


def test_truth_by_brute_force_is_that_of_the_closed_form():
    found = pd.read_csv(BENCHMARKS / "coverage_truth.csv", keep_default_na=False)
    checked = found[found["closed_form"] != ""]
    assert set(checked["scenario"]) == set(judge.scenarios()) - {judge.BLANKED}
    gap = checked["simulated"].astype(float) - checked["closed_form"].astype(float)
    assert (gap.abs() / checked["std_err"].astype(float)).max() < 4
    truth = loaded("coverage_truth")
    small = truth.check("surgery_helps", 6000, 3).dropna()
    gap = (small["simulated"] - small["closed_form"]).abs() / small["std_err"]
    assert gap.max() < 4 and len(small) == 15
    assert contrast_of("surgery_helps")["contrast"]["overlap"]["walking_difference"] > 0.2
