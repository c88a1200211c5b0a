"""Cox model and hazard ratios between groups: R's coxph, simulated truth, no maximum."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from mescc_analytics.errors import UsageError
from mescc_analytics.stats import cox
from mescc_analytics.stats.cox import fit_cox, hazard_frame

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
    assert_allclose(table["p"], expected["p"], rtol=1e-6)


@pytest.mark.parametrize("data", ["lung", "veteran", "pbc"])
def test_hazard_frame_agrees_with_r(data):
    # coxph(Surv(time, event) ~ group); cox.zph(fit, terms = FALSE)
    expected = pd.read_csv(ORACLE / "hazards.csv").query("data == @data")
    cases = pd.read_csv(ORACLE / f"data_{data}.csv")
    group = pd.Categorical(cases["group"], cases["group"].unique())
    hazards, tests = hazard_frame(cases["time"], cases["event"], group)
    assert hazards["group"].tolist() == expected["group"].tolist()[:-1]
    for name in ("hazard_ratio", "ci_lower", "ci_upper"):
        assert_allclose(hazards[name], expected[name].iloc[:-1], rtol=1e-8)
    assert_allclose(hazards["p"], expected["p"].iloc[:-1], rtol=1e-6)
    assert_allclose([*hazards["ph_p"], tests["p"].iloc[1]], expected["ph_p"], rtol=1e-7)
    assert tests["test"].tolist() == ["log_rank", "ph_global"]
    assert (hazards["note"] == "").all() and (tests["note"] == "").all()


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
    assert_allclose(scaled.coefficients * [1e5, 1e-4], fit.coefficients, rtol=1e-6)
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


def test_hazard_frame_rows_and_reference():
    group = pd.Categorical(list("bcabca"), ["z", "b", "a", "c"])
    hazards, _ = hazard_frame([1, 2, 3, 4, 5, 6], [1, 1, 1, 1, 1, 0], group)
    assert list(hazards.columns) == [
        *(
            "term",
            "group",
            "reference",
            "hazard_ratio",
            "ci_lower",
            "ci_upper",
            "p",
            "ph_p",
            "note",
        ),
    ]
    assert hazards["term"].tolist() == ["a vs b", "c vs b"]
    assert hazards["reference"].unique().tolist() == ["b"]


def test_hazard_frame_level():
    group = pd.Categorical(list("ababab"))
    narrow, wide = (
        hazard_frame([1, 2, 3, 4, 5, 6], [1] * 6, group, level)[0] for level in (0.8, 0.99)
    )
    assert wide["ci_upper"].iloc[0] > narrow["ci_upper"].iloc[0]


def test_group_without_deaths():
    group = pd.Categorical(list("aabbcc"))
    hazards, tests = hazard_frame([1, 4, 2, 5, 3, 6], [1, 1, 1, 1, 0, 0], group)
    assert hazards["note"].tolist() == ["", "not estimable: no deaths in c"]
    assert hazards["hazard_ratio"].notna().tolist() == [True, False]
    # the others are compared as if c were not there
    pair, _ = hazard_frame([1, 4, 2, 5], [1, 1, 1, 1], pd.Categorical(list("aabb")))
    assert_allclose(hazards["hazard_ratio"].iloc[0], pair["hazard_ratio"].iloc[0])
    assert tests["df"].tolist() == [2, 1]


def test_reference_without_deaths():
    hazards, tests = hazard_frame([1, 2, 3, 4], [0, 1, 0, 1], pd.Categorical(list("abab")))
    assert hazards["note"].tolist() == ["not estimable: no deaths in a"]
    assert tests["note"].iloc[1] == "not estimable: fewer than two groups with deaths"
    assert tests["note"].iloc[0] == ""


def test_deaths_that_do_not_overlap_have_no_hazard_ratio():
    # every b dies before the first a: the likelihood rises for ever
    group = pd.Categorical(list("bbbaaacc"), ["a", "b", "c"])
    hazards, tests = hazard_frame([1, 2, 3, 4, 5, 6, 4.5, 5.5], [1] * 8, group)
    reason = "the deaths of b and a do not overlap in time"
    assert hazards["note"].iloc[0] == f"not estimable: {reason}"
    assert np.isnan(hazards["hazard_ratio"].iloc[0])
    assert 0.1 < hazards["hazard_ratio"].iloc[1] < 10
    assert hazards["note"].iloc[1] == (
        "proportionality not estimable: a coefficient has no maximum"
    )
    assert tests["note"].iloc[1] == "not estimable: a coefficient has no maximum"


@pytest.mark.parametrize(
    "days, event, group, notes",
    [
        (
            [1, 2],
            [1, 1],
            ["a", "a"],
            ["only one group is at risk when deaths occur", "only one group"],
        ),
        ([1, 2], [0, 0], ["a", "b"], ["no deaths", "fewer than two groups with deaths"]),
        ([], [], [], ["no cases", "no cases"]),
    ],
)
def test_hazard_frame_without_comparison(days, event, group, notes):
    hazards, tests = hazard_frame(days, event, pd.Categorical(group))
    assert tests["note"].tolist() == [f"not estimable: {note}" for note in notes]
    assert hazards["hazard_ratio"].isna().all()


def test_everyone_dead_on_day_0():
    hazards, tests = hazard_frame([0, 0, 0, 0], [1] * 4, pd.Categorical(list("aabb")))
    assert tests["note"].str.startswith("not estimable").all()
    assert not np.isinf(hazards["hazard_ratio"]).any()


def test_nothing_is_missing_without_a_note(rng):
    """Small groups of every kind: finite and believable, or not estimable with the reason."""
    for _ in range(200):
        n = rng.integers(2, 12)
        group = pd.Categorical(rng.choice(list("abc"), n))
        days, event = rng.integers(0, 10, n), rng.random(n) < rng.choice([0.2, 0.6, 1])
        hazards, tests = hazard_frame(days, event, group)
        estimated = hazards["hazard_ratio"].notna()
        assert (estimated | hazards["note"].str.startswith("not estimable")).all()
        assert hazards.loc[estimated, "hazard_ratio"].between(1e-4, 1e4).all()
        assert (hazards["ph_p"].notna() | (hazards["note"] != "")).all()
        assert (tests["p"].notna() | tests["note"].str.startswith("not estimable")).all()
