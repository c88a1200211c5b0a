"""Cox model with weights, late entry, strata and clusters: R's coxph, Stanford heart, identities."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from mescc_analytics.errors import UsageError
from mescc_analytics.stats.cases import checked_entry
from mescc_analytics.stats.cox import fit_cox
from mescc_analytics.stats.proportionality import ph_test
from mescc_analytics.stats.risk_sets import RiskSets
from mescc_analytics.stats.sandwich import score_residuals

ORACLE = Path(__file__).parent / "oracle" / "weighted"
MODELS = pd.read_csv(ORACLE / "cox.csv").groupby(["data", "choice"], sort=False)
CHOICES = {"weight": "weight", "entry": "entry", "strata": "stratum", "cluster": "cluster"}


def cases_of(data):
    return pd.read_csv(ORACLE / f"data_{data}.csv", float_precision="round_trip")


def oracle_fit(data, choice, terms):
    cases = cases_of(data)
    names = CHOICES if choice == "everything" else {*choice.split("_")} & {*CHOICES}
    chosen = {name: cases[CHOICES[name]] for name in names}
    if data == "heart":
        chosen["entry"] = cases["entry"]
    robust = False if choice == "weight" else None
    return fit_cox(cases["time"], cases["event"], cases[terms], terms, robust=robust, **chosen)


@pytest.mark.parametrize("data, choice", MODELS.groups)
def test_model_agrees_with_r(data, choice):
    expected = MODELS.get_group((data, choice))
    fit = oracle_fit(data, choice, list(expected["term"]))
    assert fit.converged and fit.note == ""
    assert fit.robust == (choice not in ("plain", "weight", "entry", "strata"))
    assert_allclose(fit.coefficients, expected["coefficient"], rtol=1e-8)
    assert_allclose(np.sqrt(np.diag(fit.covariance)), expected["std_err"], rtol=1e-8)
    assert_allclose(fit.covariance[0], expected["with_first"], rtol=1e-8, atol=1e-10)
    assert_allclose(np.sqrt(np.diag(fit.model_covariance)), expected["model_std_err"], rtol=1e-8)
    assert_allclose(fit.table()["p"], expected["p"], rtol=1e-8)
    assert_allclose(fit.log_likelihood, expected["loglik"].iloc[0], rtol=1e-10)
    assert_allclose(fit.loglik_null, expected["loglik_null"].iloc[0], rtol=1e-10)


def test_proportionality_within_strata_agrees_with_r():
    expected = pd.read_csv(ORACLE / "zph.csv")
    for (data, transform), rows in expected.groupby(["data", "transform"], sort=False):
        found = ph_test(oracle_fit(data, "strata", list(rows["term"][:-1])), transform)
        assert_allclose(found["statistic"], rows["statistic"], rtol=1e-8)
        assert_allclose(found["p"], rows["p"], rtol=1e-8)


def test_weights_have_no_test_of_proportionality():
    found = ph_test(oracle_fit("lung", "weight_robust", ["age", "sex"]))
    reason = "not estimable: the test does not hold with weights or clusters"
    assert (found["note"] == reason).all() and found["p"].isna().all()


def heart_ratio(analysis):
    return pd.read_csv(ORACLE / "heart.csv").set_index("analysis").loc[analysis]


def test_stanford_heart_as_if_treated_from_the_start_is_immortal():
    cases, terms = cases_of("jasa"), ["transplant", "age", "surgery"]
    fit = fit_cox(cases["time"], cases["event"], cases[terms], terms)
    assert_allclose(np.exp(fit.coefficients[0]), heart_ratio("ever")["hazard_ratio"], rtol=1e-8)
    assert round(float(np.exp(fit.coefficients[0])), 3) == 0.180


def test_stanford_heart_as_treated_in_time():
    cases, terms = cases_of("heart"), ["transplant", "age", "surgery"]
    fit = fit_cox(
        cases["time"], cases["event"], cases[terms], terms, entry=cases["entry"], robust=False
    )
    assert_allclose(np.exp(fit.coefficients[0]), heart_ratio("in_time")["hazard_ratio"], rtol=1e-8)
    assert round(float(np.exp(fit.coefficients[0])), 3) == 1.016


def test_stanford_heart_from_a_landmark():
    cases = cases_of("jasa").query("time > 30")
    treated = (cases["waited"] <= 30).to_numpy()
    assert [(~treated).sum(), treated.sum()] == [43, 35]
    fit = fit_cox(cases["time"], cases["event"], treated[:, np.newaxis], ["treated"])
    expected = heart_ratio("landmark_30")
    assert_allclose(np.exp(fit.coefficients[0]), expected["hazard_ratio"], rtol=1e-8)
    assert round(float(np.exp(fit.coefficients[0])), 3) == 0.915


@pytest.fixture(params=range(20))
def sample(request):
    """Days, deaths, two covariates, entry, weights and the generator of one seed."""
    rng = np.random.default_rng(request.param)
    n = int(rng.integers(40, 150))
    days = rng.integers(1, int(rng.integers(10, 300)), n).astype(float)
    x = np.column_stack([rng.normal(size=n), rng.random(n) < 0.5])
    entry = np.where(rng.random(n) < 0.5, -np.inf, np.floor(days * rng.random(n)))
    entry = np.where(entry < days, entry, days - 1)
    return days, rng.random(n) < 0.7, x, entry, rng


def fitted(days, event, x, **choices):
    return fit_cox(days, event, x, ["a", "b"], **choices)


def test_unit_weights_one_stratum_and_early_entry_change_nothing(sample):
    days, event, x, _, _ = sample
    n = len(days)
    plain = fitted(days, event, x)
    same = fitted(
        days,
        event,
        x,
        weight=np.ones(n),
        strata=np.full(n, "s"),
        entry=np.full(n, -np.inf),
        robust=False,
    )
    assert_allclose(same.coefficients, plain.coefficients, rtol=1e-9)
    assert_allclose(same.covariance, plain.covariance, rtol=1e-9)


def test_scale_of_the_weights_does_not_matter(sample):
    days, event, x, entry, rng = sample
    weight = rng.uniform(0.1, 3, len(days))
    fit, scaled = (fitted(days, event, x, entry=entry, weight=weight * k) for k in (1.0, 1e-6))
    assert_allclose(scaled.coefficients, fit.coefficients, rtol=1e-8)
    assert_allclose(scaled.covariance, fit.covariance, rtol=1e-8)


def test_a_case_of_weight_0_is_as_if_not_there(sample):
    days, event, x, entry, rng = sample
    weight = rng.uniform(0.1, 3, len(days)) * (rng.random(len(days)) < 0.8)
    kept = weight > 0
    fit = fitted(days, event, x, entry=entry, weight=weight)
    without = fitted(days[kept], event[kept], x[kept], entry=entry[kept], weight=weight[kept])
    assert_allclose(fit.coefficients, without.coefficients, rtol=1e-12)
    assert_allclose(fit.covariance, without.covariance, rtol=1e-12)


def test_a_case_cut_into_rows_is_the_same_case(sample):
    days, event, x, _, rng = sample
    cut = np.floor(days * rng.random(len(days)))
    cut = np.where(cut < 1, 0.5, cut)
    rows = np.tile(np.arange(len(days)), 2)
    found = fitted(
        np.r_[cut, days],
        np.r_[np.zeros(len(days), bool), event],
        x[rows],
        entry=np.r_[np.full(len(days), -1.0), cut],
        cluster=rows,
    )
    whole = fitted(days, event, x, robust=True)
    assert_allclose(found.coefficients, whole.coefficients, rtol=1e-8)
    assert_allclose(found.covariance, whole.covariance, rtol=1e-8)


def test_strata_are_separate_likelihoods(sample):
    days, event, x, entry, rng = sample
    entry, stratum, beta = checked_entry(entry, days), rng.integers(0, 3, len(days)), [0.3, 1.0]
    weight = rng.uniform(0.1, 3, len(days))
    whole = RiskSets(days, event, x, entry, weight=weight, strata=stratum).likelihood(beta)
    parts = [
        RiskSets(days[s], event[s], x[s], entry[s], weight=weight[s]).likelihood(beta)
        for s in (stratum == k for k in range(3))
    ]
    for total, *part in zip(whole, *parts, strict=True):
        assert_allclose(total, sum(part), rtol=1e-9, atol=1e-9)


def test_score_residuals_add_up_to_0(sample):
    days, event, x, entry, rng = sample
    fit = fitted(days, event, x, entry=entry, weight=rng.uniform(0.1, 3, len(days)))
    residuals = score_residuals(fit.risk_sets, fit.coefficients * fit.scale)
    assert_allclose(fit.risk_sets.weight @ residuals, 0, atol=1e-7)


def test_order_and_names_do_not_matter(sample):
    days, event, x, entry, rng = sample
    n = len(days)
    weight, cluster, strata = rng.uniform(0.1, 3, n), rng.integers(0, 20, n), rng.integers(0, 2, n)
    fit = fitted(days, event, x, entry=entry, weight=weight, cluster=cluster, strata=strata)
    i = rng.permutation(n)
    turned = fitted(
        days[i],
        event[i],
        x[i],
        entry=entry[i],
        weight=weight[i],
        cluster=[f"c{k}" for k in cluster[i]],
        strata=1 - strata[i],
    )
    assert fit.note == turned.note
    assert_allclose(turned.coefficients, fit.coefficients, rtol=1e-8)
    assert_allclose(turned.covariance, fit.covariance, rtol=1e-8)


def test_the_same_weight_for_all_does_not_change_a_robust_interval(sample):
    days, event, x, _, _ = sample
    once = fitted(days, event, x, robust=True)
    weighted = fitted(days, event, x, weight=np.full(len(days), 5.0), cluster=np.arange(len(days)))
    assert_allclose(weighted.covariance, once.covariance, rtol=1e-8)
    assert (np.diag(weighted.model_covariance) < np.diag(once.model_covariance) / 4).all()


def test_too_few_clusters_have_no_interval():
    fit = fit_cox([1, 2, 3, 4], [1, 1, 1, 1], [[1], [0], [1], [0]], ["x"], cluster=list("aaaa"))
    assert fit.note == "interval not estimable: 1 clusters for 1 coefficients"
    assert np.isfinite(fit.coefficients).all() and np.isnan(fit.covariance).all()


@pytest.mark.parametrize(
    "choices, message",
    [
        (
            {"weight": [1, -1, np.nan, 1]},
            "weights cannot be used:\n"
            "  - 1 weights are missing or not finite\n"
            "  - 1 weights are below 0",
        ),
        ({"weight": [0, 0, 0, 0]}, "weights cannot be used:\n  - no weight is above 0"),
        (
            {"weight": [1, 1]},
            "weights cannot be used:\n  - found 2 weights and 4 cases, wanted as many of each",
        ),
        (
            {"entry": [0, 2, 0, 0]},
            "days of entry cannot be used:\n  - 1 days of entry are not before the last day",
        ),
        (
            {"entry": [0, np.nan, 0, 0]},
            "days of entry cannot be used:\n  - 1 days of entry are missing",
        ),
        ({"cluster": [1, None, 1, 1]}, "clusters cannot be used:\n  - 1 cases have none"),
        ({"strata": [1, None, 1, 1]}, "strata cannot be used:\n  - 1 cases have none"),
    ],
)
def test_what_stands_beside_the_times_is_checked(choices, message):
    with pytest.raises(UsageError) as error:
        fit_cox([1, 2, 3, 4], [1, 1, 1, 1], [[1], [0], [1], [0]], ["x"], **choices)
    assert str(error.value) == message


@pytest.mark.parametrize("seed", range(60))
def test_small_weighted_samples_have_an_estimate_or_a_reason(seed):
    """Hazards that run to 0 and limits beyond all numbers are no errors."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 14))
    days, event = rng.integers(0, 12, n).astype(float), rng.random(n) < rng.choice([0, 0.2, 0.6, 1])
    x = np.column_stack([rng.normal(size=n), rng.random(n) < 0.5])
    weight = rng.choice([1, 0.5, 2.3, 1e-3, 0], n)
    weight[0] = 1
    entry = np.minimum(np.where(rng.random(n) < 0.5, -1, np.floor(days * rng.random(n))), days - 1)
    for choices in ({}, {"weight": weight}, {"weight": weight, "entry": entry, "cluster": days}):
        for strata in (None, rng.integers(0, 3, n)):
            fit = fit_cox(days, event, x, ["a", "b"], strata=strata, **choices)
            table = fit.table()
            known = table["p"].notna() | fit.runaway
            assert known.all() or fit.note.startswith(("not estimable", "interval not estimable"))
