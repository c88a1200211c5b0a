"""Cox model and hazard ratios between groups: R's coxph, simulated truth, no maximum."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from mescc_analytics.errors import UsageError
from mescc_analytics.stats import cox
from mescc_analytics.stats.cox import fit_cox

ORACLE = Path(__file__).parent / "oracle" / "stats"
MODELS = pd.read_csv(ORACLE / "cox.csv").groupby("data", sort=False)


def oracle_fit(data, terms, **choices):
    cases = pd.read_csv(ORACLE / f"data_{data}.csv", float_precision="round_trip")
    cases = cases.dropna(subset=terms)
    entry = cases["entry"] if "entry" in cases else None
    return fit_cox(cases["time"], cases["event"], cases[terms], terms, entry=entry, **choices)


@pytest.mark.parametrize("data", MODELS.groups)
def test_model_agrees_with_r(data):
    # coxph(Surv(time, event) ~ ..., ties = "efron"); heart: Surv(entry, time, event)
    expected = MODELS.get_group(data)
    fit = oracle_fit(data, list(expected["term"]))
    assert fit.converged and fit.note == "" and not fit.runaway.any()
    assert_allclose(fit.coefficients, expected["coefficient"], rtol=1e-8, atol=1e-12)
    assert_allclose(np.sqrt(np.diag(fit.covariance)), expected["std_err"], rtol=1e-8)
    assert_allclose(fit.log_likelihood, expected["loglik"].iloc[0], rtol=1e-10)
    assert_allclose(fit.loglik_null, expected["loglik_null"].iloc[0], rtol=1e-10)
    table = fit.table()
    assert table["term"].tolist() == expected["term"].tolist()
    assert_allclose(table["hazard_ratio"], np.exp(expected["coefficient"]), rtol=1e-8)
    assert_allclose(table["ci_lower"], expected["lower"], rtol=1e-8)
    assert_allclose(table["ci_upper"], expected["upper"], rtol=1e-8)
    assert_allclose(table["p"], expected["p"], rtol=1e-8)


def test_level_widens_the_interval():
    narrow, wide = (
        oracle_fit("lung", ["age", "sex"], level=level).table() for level in (0.8, 0.99)
    )
    assert (wide["ci_lower"] < narrow["ci_lower"]).all()
    assert_allclose(wide["hazard_ratio"], narrow["hazard_ratio"])


def test_entry_changes_the_risk_sets():
    days, event, x = [3, 5, 7, 9, 11], [1, 1, 1, 1, 0], [[1], [0], [1], [0], [1]]
    late = fit_cox(days, event, x, ["x"], entry=[0, 4, 0, 6, 0])
    assert abs(late.coefficients[0] - fit_cox(days, event, x, ["x"]).coefficients[0]) > 0.1


def test_three_cases_by_hand():
    # x = 1 dies of {1, 1, 0}, then x = 0 of {1, 0}: t/(2t+1) * 1/(t+1) is highest at sqrt(1/2)
    fit = fit_cox([1, 2, 3], [1, 1, 1], [[1], [0], [1]], ["x"])
    assert_allclose(np.exp(fit.coefficients), [np.sqrt(0.5)])


def test_simulated_hazard_ratio_is_recovered(rng):
    n = 20_000
    treated, age = rng.random(n) < 0.5, rng.normal(65, 10, n)
    hazard = np.exp(np.log(0.6) * treated + 0.03 * (age - 65)) / 300
    death, last_contact = rng.exponential(1 / hazard), rng.uniform(30, 900, n)
    days = np.ceil(np.minimum(death, last_contact))
    x = np.column_stack([treated, age])
    fit = fit_cox(days, death <= last_contact, x, ["treated", "age"])
    error = (fit.coefficients - [np.log(0.6), 0.03]) / np.sqrt(np.diag(fit.covariance))
    assert (np.abs(error) < 3).all()


def test_units_of_a_covariate_do_not_matter(rng):
    days, event, x = rng.exponential(100, 80), rng.random(80) < 0.7, rng.normal(size=(80, 2))
    fit = fit_cox(days, event, x, ["a", "b"])
    scaled = fit_cox(days, event, x * [1e5, 1e-4] + [1e6, 0], ["a", "b"])
    assert_allclose(scaled.coefficients * [1e5, 1e-4], fit.coefficients, rtol=1e-8)
    assert_allclose(scaled.log_likelihood, fit.log_likelihood, rtol=1e-10)


@pytest.mark.parametrize(
    "event, x, reason",
    [
        ([0, 0, 0], [[1], [2], [3]], "no deaths"),
        ([1, 1, 0], [[2], [2], [2]], "a covariate has the same value in every case"),
        (
            [1, 1, 0],
            [[1, 2], [2, 4], [4, 8]],
            "the covariates do not vary independently in the risk sets",
        ),
        # the one death is the last case at risk
        ([0, 0, 1], [[1], [2], [3]], "the covariates do not vary independently in the risk sets"),
    ],
)
def test_fit_says_why_not(event, x, reason):
    fit = fit_cox([1, 2, 3], event, x, [f"x{i}" for i in range(len(x[0]))])
    assert fit.note == f"not estimable: {reason}"
    assert np.isnan(fit.coefficients).all() and not fit.converged
    assert fit.table()["hazard_ratio"].isna().all()


def test_too_few_steps_are_not_passed_off_as_a_fit(monkeypatch):
    monkeypatch.setattr(cox, "MAX_STEPS", 1)
    fit = oracle_fit("lung", ["age", "sex"])
    assert fit.note == "not estimable: no maximum after 1 steps" and not fit.converged


def test_covariates_are_checked_all_at_once():
    with pytest.raises(UsageError) as error:
        fit_cox([1, 2], [1, 1], [[1, np.nan], [2, 3]], ["a"])
    assert str(error.value) == (
        "covariates cannot be used:\n"
        "  - found 2 columns and 1 names, wanted one name each\n"
        "  - 1 values are missing or not finite"
    )
