"""Odds ratios of groups given covariates: R's glm, Firth's penalty where groups are separated."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from mescc_analytics.stats.adjusted_odds import adjusted_odds_ratios
from mescc_analytics.stats.diagnostics import detectable_difference
from mescc_analytics.stats.firth_models import firth_logistic

ORACLE = Path(__file__).parent / "oracle" / "adjusted"
Z = 1.959963984540054


def read(name):
    return pd.read_csv(ORACLE / f"{name}.csv", float_precision="round_trip")


def test_logistic_agrees_with_glm():
    cases, names = read("data_lalonde"), ["age", "educ", "nodegree", "re74", "re75"]
    expected = read("multinomial").query("by == 'treated' and weighting == 'none'")
    expected = expected.set_index("term").loc["married"]
    married = pd.Categorical(
        cases["married"].map({0: "single", 1: "married"}), ["single", "married"]
    )
    found = adjusted_odds_ratios(cases["treated"], married, cases[names], names)
    (row,) = found.to_dict("records")
    assert (row["group"], row["reference"], row["model"]) == ("married", "single", "logistic")
    b, error = expected["coefficient"], expected["std_err"]
    assert_allclose(row["estimate"], np.exp(b), rtol=1e-8)
    assert_allclose([row["ci_lower"], row["ci_upper"]], np.exp(b + np.array([-Z, Z]) * error), 1e-8)
    narrow = adjusted_odds_ratios(cases["treated"], married, cases[names], names, level=0.5)
    assert narrow["ci_lower"].iloc[0] > row["ci_lower"] and narrow["p"].iloc[0] == row["p"]


def test_a_separated_group_agrees_with_firth_in_r():
    # everybody with neovascularisation has the high grade
    cases, names = read("data_endometrial"), ["PI", "EH"]
    expected = read("firth_logistic").query("data == 'endometrial'").set_index("term").loc["NV"]
    group = pd.Categorical(cases["NV"].map({0: "without", 1: "with"}), ["without", "with"])
    (row,) = adjusted_odds_ratios(cases["HG"], group, cases[names], names).to_dict("records")
    assert row["model"] == "firth"
    for name, wanted in (("estimate", "coefficient"), ("ci_lower", "lower"), ("ci_upper", "upper")):
        assert_allclose(np.log(row[name]), expected[wanted], rtol=1e-8)
    assert_allclose(row["p"], expected["p"], rtol=1e-8)


def test_profiles_are_made_of_the_terms_that_are_asked_for():
    cases, names = read("data_endometrial"), ["NV", "PI", "EH"]
    every = firth_logistic(cases["HG"], cases[names], names).table().set_index("term")
    one = (
        firth_logistic(cases["HG"], cases[names], names, profiled=["PI"]).table().set_index("term")
    )
    assert_allclose(one["coefficient"], every["coefficient"])
    assert one.loc["PI"].equals(every.loc["PI"])
    assert one.drop(index="PI")[["ci_lower", "ci_upper", "p"]].isna().all(axis=None)


def test_three_groups_without_covariates_by_hand():
    group = pd.Categorical(list("aaaabbbbcccc"), list("abcd"))
    outcome = [1, 0, 0, 0, 1, 1, 1, 0, 1, 1, 0, 0]
    found = adjusted_odds_ratios(outcome, group, np.ones((12, 1)), ["same"])
    assert_allclose(found["estimate"], [9, 3], rtol=1e-8)
    half = Z * np.sqrt(1 + 1 / 3 + 1 + 1 / 3)
    assert_allclose(found["ci_upper"].iloc[0], 9 * np.exp(half), rtol=1e-8)


@pytest.mark.parametrize(
    "outcome, reason",
    [([1] * 4, "the outcomes do not vary"), ([1, 0, 1, 0], "vary independently")],
)
def test_what_cannot_be_estimated_says_so(outcome, reason):
    group, x = pd.Categorical(list("aabb")), np.array([[0.0], [0], [1], [1]])
    (row,) = adjusted_odds_ratios(outcome, group, x, ["like the group"]).to_dict("records")
    assert np.isnan([row["estimate"], row["p"]]).all() and reason in row["note"]


def test_one_group_has_no_contrast():
    assert adjusted_odds_ratios([1, 0], pd.Categorical(["a", "a"]), np.ones((2, 0)), []).empty


def test_detectable_difference_by_hand():
    # 2.801585 sqrt(0.25 (1/50 + 1/200))
    assert_allclose(detectable_difference(0.5, (50, 200)), 0.2214848, rtol=1e-6)
    assert detectable_difference(0.5, (50, 200), power=0.9) > 0.2214848
    assert detectable_difference(0.5, (50, 200), level=0.9) < 0.2214848
    for share, sizes in ((0.0, (50, 50)), (1.0, (50, 50)), (0.5, (0, 50)), (np.nan, (5, 5))):
        assert detectable_difference(share, sizes) == np.inf
