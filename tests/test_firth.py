"""Firth's penalty for logistic and Cox models: published limits, R, exact cases, separation."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from mescc_analytics.errors import UsageError
from mescc_analytics.stats import firth
from mescc_analytics.stats.firth_models import firth_cox, firth_logistic, separated

ORACLE = Path(__file__).parent / "oracle" / "adjusted"


def cases_of(data):
    return pd.read_csv(ORACLE / f"data_{data}.csv", float_precision="round_trip")


def compare(fit, expected):
    assert fit.note == ""
    table = fit.table()
    assert table["term"].tolist() == expected["term"].tolist()
    assert_allclose(table["coefficient"], expected["coefficient"], rtol=1e-8, atol=1e-10)
    assert_allclose(table["std_err"], expected["std_err"], rtol=1e-8)
    assert_allclose(table["ci_lower"], expected["lower"], rtol=1e-8)
    assert_allclose(table["ci_upper"], expected["upper"], rtol=1e-8)
    assert_allclose(table["p"], expected["p"], rtol=1e-8)
    assert_allclose(fit.log_likelihood, expected["value"].iloc[0], rtol=1e-9)


@pytest.mark.parametrize("data, outcome", [("endometrial", "HG"), ("early", "y")])
def test_logistic_agrees_with_r(data, outcome):
    # brglm2 (AS_mean) for the estimates; limits and p by the profile, written out in R, whose
    # root finding stops at 1e-8 or so
    expected = pd.read_csv(ORACLE / "firth_logistic.csv").query("data == @data")
    cases = cases_of(data)
    terms = list(expected["term"][1:])
    compare(firth_logistic(cases[outcome], cases[terms], terms), expected)


def test_endometrial_limits_as_published():
    # Heinze and Schemper 2002; neovasculation separates, its maximum likelihood is infinite
    cases, terms = cases_of("endometrial"), ["NV", "PI", "EH"]
    table = firth_logistic(cases["HG"], cases[terms], terms).table().set_index("term")
    assert_allclose(
        table.loc["NV", ["coefficient", "ci_lower", "ci_upper"]].astype(float),
        [2.929, 0.610, 7.855],
        atol=5e-4,
    )
    assert separated(cases["HG"], cases[terms], terms) == ("NV",)


@pytest.mark.parametrize("data", ["small", "tied", "monotone", "alone"])
def test_cox_agrees_with_r(data):
    # value and information from coxph (Efron) at given coefficients, maximised in R
    expected = pd.read_csv(ORACLE / "firth_cox.csv").query("data == @data")
    cases = cases_of(f"firth_{data}")
    terms = list(expected["term"])
    compare(firth_cox(cases["time"], cases["status"], cases[terms], terms), expected)


@pytest.mark.parametrize("counts", [(5, 0, 2, 7), (3, 4, 6, 1), (10, 1, 0, 10)])
def test_two_by_two_adds_one_half(counts):
    a, b, c, d = counts
    x = np.repeat([1, 1, 0, 0], counts)[:, np.newaxis]
    outcome = np.repeat([1, 0, 1, 0], counts)
    fit = firth_logistic(outcome, x, ["x"])
    odds = (a + 0.5) * (d + 0.5) / ((b + 0.5) * (c + 0.5))
    assert_allclose(np.exp(fit.coefficients[1]), odds, rtol=1e-8)


def test_frequencies_are_cases():
    x, y, count = np.array([[1.0], [1], [0], [0]]), [1, 0, 1, 0], np.array([6, 1, 3, 5])
    weighted = firth_logistic(y, x, ["x"], weight=count)
    repeated = firth_logistic(np.repeat(y, count), np.repeat(x, count, axis=0), ["x"])
    assert_allclose(weighted.lower, repeated.lower, rtol=1e-8)


def test_units_do_not_matter():
    cases = cases_of("early")
    fit = firth_logistic(cases["y"], cases[["age", "ecog"]], ["age", "ecog"])
    scaled = firth_logistic(cases["y"], cases[["age", "ecog"]] * [1e4, 1e-3], ["age", "ecog"])
    assert_allclose(scaled.upper[1:] * [1e4, 1e-3], fit.upper[1:], rtol=1e-8)
    assert_allclose(scaled.p, fit.p, rtol=1e-8)


def test_level_and_late_entry_change_a_cox_model():
    cases = cases_of("firth_small")
    days, died, x = cases["time"], cases["status"], cases[["karno"]]
    narrow, wide = (firth_cox(days, died, x, ["karno"], level=level) for level in (0.8, 0.99))
    assert wide.lower[0] < narrow.lower[0] and wide.p[0] == narrow.p[0]
    late = firth_cox(days, died, x, ["karno"], entry=np.where(days > 100, 50, -1))
    assert late.coefficients[0] != wide.coefficients[0]
    cases = cases_of("early")
    narrow, wide = (
        firth_logistic(cases["y"], cases[["sex"]], ["sex"], level=level) for level in (0.8, 0.99)
    )
    assert wide.upper[1] > narrow.upper[1]


@pytest.mark.parametrize(
    "outcome, x, terms",
    [
        ([1, 1, 0, 0], [[1], [1], [0], [0]], ("x0",)),
        ([1, 1, 1, 0, 0], [[1], [1], [0], [0], [0]], ("x0",)),
        ([1, 0, 1, 0], [[1], [1], [0], [0]], ()),
        ([1, 0, 0, 1, 0, 1], [[1, 5], [2, 4], [1, 2], [2, 3], [3, 9], [3, 1]], ()),
        ([1, 1, 1], [[1], [2], [3]], ("(intercept)",)),
    ],
)
def test_separation(outcome, x, terms):
    found = separated(outcome, x, [f"x{i}" for i in range(len(x[0]))])
    assert set(found) >= set(terms) if terms else found == ()


def test_separation_by_two_covariates_together():
    rng = np.random.default_rng(3)
    x = rng.normal(size=(60, 3))
    assert set(separated(x[:, 0] + 2 * x[:, 1] > 0, x, ["a", "b", "c"])) >= {"a", "b"}
    noisy = x[:, 0] + 2 * x[:, 1] + rng.normal(size=60) > 0
    assert separated(noisy, x, ["a", "b", "c"]) == ()


def test_fits_that_cannot_be(monkeypatch):
    flat = firth_logistic([1, 0, 1], [[1], [1], [1]], ["x"])
    assert flat.note == "not estimable: a covariate has the same value in every case"
    both = firth_logistic([1, 0, 1], [[1, 2], [2, 4], [3, 6]], ["x", "y"])
    assert both.note == "not estimable: the covariates do not vary independently"
    assert firth_cox([1, 2], [0, 0], [[1], [2]], ["x"]).note == "not estimable: no deaths"
    one = firth_cox([1, 2, 3], [0, 0, 1], [[1], [2], [3]], ["x"])
    reason = "the covariates do not vary independently in the risk sets"
    assert one.note == f"not estimable: {reason}" and np.isnan(one.table()["p"]).all()
    assert "same value" in firth_cox([1, 2], [1, 1], [[1], [1]], ["x"]).note
    monkeypatch.setattr(firth, "MAX_STEPS", 1)
    stopped = firth_logistic([1, 1, 0, 0, 0], [[1], [1], [0], [0], [1]], ["x"])
    assert stopped.note == "not estimable: no maximum after 1 steps"


def test_covariates_are_checked():
    with pytest.raises(UsageError) as error:
        firth_logistic([1, 0], [[1, 2], [2, 3]], ["x"])
    wanted = "wanted a name for each column, and no missing value"
    assert str(error.value) == f"covariates cannot be used:\n  - found 2 columns, 1 names: {wanted}"


def test_a_level_with_one_case_has_a_maximum():
    """Two groups alone: the odds of Firth are those with half a case added on either side."""
    outcome, group = [1, 1, 0, 0, 0, 0, 1], [0, 0, 0, 0, 0, 0, 1]
    fit = firth_logistic(outcome, np.array(group)[:, np.newaxis], ["group"], profiled=())
    many, one = np.log(2.5 / 4.5), np.log(1.5 / 0.5)
    assert not fit.note
    assert_allclose(fit.coefficients, [many, one - many], rtol=1e-8)
