"""Bootstrap with scores fitted again: the same as fitting every resample by itself."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from mescc_analytics.errors import UsageError
from mescc_analytics.stats import maxima
from mescc_analytics.stats.contrasts import Sample, group_differences, group_estimates
from mescc_analytics.stats.cox import fit_cox
from mescc_analytics.stats.estimated_scores import ScoreModel
from mescc_analytics.stats.hazard_draws import log_hazard_ratios
from mescc_analytics.stats.hazards import Beside, hazard_frame
from mescc_analytics.stats.multinomial import fit_multinomial
from mescc_analytics.stats.propensity import propensity_weights
from mescc_analytics.stats.risk_sets import RiskSets
from mescc_analytics.stats.score_draws import ScoreDraws, bootstrap_limits, refitted
from score_cases import VETERAN, cohort, veteran

COLUMNS = ["karno", "age", "trt"]
TIMES = VETERAN["time"].to_numpy(float), VETERAN["event"].to_numpy(bool)


def drawn(scores, n_resamples=20, seed=3, **choices):
    return ScoreDraws.of(scores, np.random.default_rng(seed), n_resamples=n_resamples, **choices)


def counted(scores, seed=3, n_resamples=20):
    return np.random.default_rng(seed).multinomial(137, np.full(137, 1 / 137), n_resamples)


@pytest.mark.parametrize("by", ["two", "group"])
@pytest.mark.parametrize("target", ["overlap", "ate", "att"])
def test_weights_are_those_of_every_resample_by_itself(by, target):
    scores, arm = veteran(by, target)
    found = drawn(scores)
    for count, weight in zip(counted(scores), found.weight, strict=True):
        fit = fit_multinomial(arm, VETERAN[COLUMNS], COLUMNS, weight=count)
        alone = propensity_weights(fit.probabilities, arm, target=target, focal=arm.categories[1])
        if target == "ate":
            share = np.bincount(arm.codes, count) / 137
            alone = alone * (share / (np.bincount(arm.codes) / 137))[arm.codes]
        assert_allclose(weight, count * alone, rtol=1e-6)


@pytest.mark.parametrize("beside", [(), ("stratum",), ("entry",), ("stratum", "entry")])
@pytest.mark.parametrize("by", ["two", "group"])
def test_hazard_ratios_are_those_of_every_resample_by_itself(by, beside):
    scores, arm = veteran(by)
    time, event = np.ceil(TIMES[0] / 7) * 7, TIMES[1]  # in weeks: many ties
    entry = VETERAN["entry"].to_numpy(float) - 1 if "entry" in beside else None
    strata = VETERAN["stratum"].to_numpy() if "stratum" in beside else None
    sets = RiskSets(time, event, np.zeros((137, 1)), entry, strata=strata)
    weight = drawn(scores).weight
    dummies = (arm.codes[:, np.newaxis] == np.arange(1, len(arm.categories))).astype(float)
    names = list(arm.categories[1:])
    for own, found in zip(weight, log_hazard_ratios(sets, arm.codes, weight), strict=True):
        fit = fit_cox(time, event, dummies, names, weight=own, entry=entry, strata=strata)
        assert_allclose(found, fit.coefficients, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("measure, day", [("restricted_mean", 180), ("survival", 90)])
def test_curves_are_those_of_every_resample_by_itself(measure, day):
    scores, arm = veteran("group")
    draws = drawn(scores)
    sample = Sample.of(*TIMES, arm, weight=scores.weight, scores=scores, draws=draws)
    for own, found in zip(draws.weight, sample.drawn(measure, day), strict=True):
        alone = group_estimates(Sample.of(*TIMES, arm, weight=own), measure, day)
        assert_allclose(found, alone["estimate"], rtol=1e-9)


def test_frames_give_the_percentiles_of_the_draws():
    scores, arm = veteran("group")
    draws = drawn(scores, 200)
    beside = Beside(weight=scores.weight, scores=scores, draws=draws)
    sets = RiskSets(*TIMES, np.zeros((137, 1)))
    logs = log_hazard_ratios(sets, arm.codes, draws.weight)
    hazards, _ = hazard_frame(*TIMES, arm, 0.9, beside)
    for name, quantile in (("ci_lower", 0.05), ("ci_upper", 0.95)):
        assert_allclose(hazards[name], np.exp(np.quantile(logs, quantile, axis=0)), rtol=1e-8)
    assert (hazards["note"].str.count("resamples") == 0).all()

    sample = Sample.of(*TIMES, arm, weight=scores.weight, scores=scores, draws=draws)
    values = sample.drawn("survival", 90)
    of_groups = group_estimates(sample, "survival", 90, level=0.9)
    assert_allclose(of_groups["ci_lower"], np.quantile(values, 0.05, axis=0), rtol=1e-9)
    assert_allclose(of_groups["std_err"], values.std(axis=0, ddof=1), rtol=1e-9)
    pair = group_differences(sample, "survival", 90, reference="large", level=0.9).iloc[0]
    gap, ratio = values[:, 0] - values[:, 1], values[:, 0] / values[:, 1]
    assert_allclose(pair[["ci_lower", "ci_upper"]].astype(float), np.quantile(gap, [0.05, 0.95]))
    # quantiles of logs between two draws differ a little from those of the ratios
    wanted = np.quantile(ratio, [0.05, 0.95])
    assert_allclose(pair[["ratio_lower", "ratio_upper"]].astype(float), wanted, rtol=1e-3)
    assert_allclose(pair["p"], bootstrap_limits(pair["difference"], gap)["p"])


def test_seed_number_and_clusters_matter():
    scores, _ = veteran()
    first = drawn(scores).weight
    assert not np.array_equal(first, drawn(scores, seed=4).weight)
    assert np.array_equal(first, drawn(scores).weight)
    assert len(drawn(scores, 7).weight) == 7
    cluster = np.arange(137) // 2
    together = drawn(scores, cluster=cluster).weight > 0
    assert (together[:, 0:136:2] == together[:, 1:137:2]).all()
    with pytest.raises(UsageError):
        drawn(scores, 0)


def test_rows_of_a_part_of_the_cases():
    scores, arm = veteran("group")
    chosen = np.flatnonzero(np.arange(137) % 4)
    cases, draws = VETERAN.iloc[chosen], drawn(scores, 50)
    given = {"weight": scores.weight[chosen], "scores": scores.at(chosen)}
    times = cases["time"], cases["event"], arm[chosen]
    found, _ = hazard_frame(*times, 0.95, Beside(draws=draws.at(chosen), **given))
    weight = np.where(np.isin(np.arange(137), chosen), scores.weight, 0)
    beside = Beside(weight=weight, scores=scores, draws=draws)
    same, _ = hazard_frame(*TIMES, arm, 0.95, beside)
    pd.testing.assert_frame_equal(found, same)
    sample = Sample.of(*TIMES, arm, weight=weight, scores=scores, draws=draws)
    part = Sample.of(*times, draws=draws.at(chosen), **given)
    assert_allclose(sample.drawn("survival", 90), part.drawn("survival", 90))


def test_spread_is_that_of_the_corrected_influences():
    rng = np.random.default_rng(8)
    x, arm, time, event = cohort(rng, 400, 10)
    names = [f"x{i}" for i in range(10)]
    scores = ScoreModel.of(fit_multinomial(arm, x, names).probabilities, x, arm)
    widths = {}
    for name, given in {
        "robust": {},
        "estimated": {"scores": scores},
        "bootstrap": {"scores": scores, "draws": drawn(scores, 500)},
    }.items():
        beside = Beside(weight=scores.weight, **given)
        row = hazard_frame(time, event, arm, 0.95, beside)[0].iloc[0]
        widths[name] = np.log(row["ci_upper"] / row["ci_lower"])
    assert abs(widths["bootstrap"] / widths["estimated"] - 1) < 0.12
    assert widths["robust"] > 1.15 * widths["bootstrap"]


# --- what cannot be estimated ------------------------------------------------------------------


def test_a_resample_whose_covariate_separates_the_arms_has_scores():
    """Level b of the covariate has two cases in the second arm: a sample without them."""
    x = np.repeat([0.0, 1, 0, 1], [30, 10, 38, 2])[:, np.newaxis]
    arm = np.repeat([0, 1], 40)
    scores = ScoreModel.of(fit_multinomial(arm, x, ["x"]).probabilities, x, arm)
    count = np.ones((1, 80))
    count[0, -2:] = 0
    e = refitted(scores, count)[0]
    assert_allclose(e[:30, 1], 38 / 68, rtol=1e-6)
    assert (e[30:40, 1] < 1e-5).all()


def test_an_arm_without_deaths_in_a_resample():
    days, died, group = np.arange(1.0, 7), np.array([1, 1, 1, 1, 1, 0], bool), np.arange(6) % 3
    sets = RiskSets(days, died, np.zeros((6, 1)))
    weight = np.ones((4, 6))
    weight[1, [1, 4]] = weight[2, [0, 3]] = 0
    weight[3] = np.nan
    found = log_hazard_ratios(sets, group, weight)
    assert np.isfinite(found[0]).all()
    assert np.isnan(found[1]).tolist() == [True, False]
    assert np.isnan(found[2:]).all()


def test_too_few_resamples_with_an_estimate_have_no_interval():
    limits = bootstrap_limits(1.0, np.array([1.0, np.nan, 2.0]))
    assert limits["note"].startswith("interval not estimable: only 2 of 3 resamples")
    assert np.isnan([limits["std_err"], limits["p"], limits["ci_lower"]]).all()


def test_no_maximum_has_no_weight(monkeypatch):
    scores, arm = veteran("group")
    monkeypatch.setattr(maxima, "MAX_STEPS", 1)
    draws = drawn(scores, 5)
    assert np.isnan(draws.weight).all()
    sample = Sample.of(*TIMES, arm, weight=scores.weight, scores=scores, draws=draws)
    assert np.isnan(sample.drawn("survival", 90)).all()
    row = group_differences(sample, "survival", 90).iloc[0]
    assert row["note"].startswith("interval not estimable: only 0 of 5 resamples")
    assert np.isfinite(row["difference"]) and np.isnan(row["p"])


def test_covariates_beside_draws_are_refused():
    scores, arm = veteran()
    beside = Beside(
        *(None, scores.weight), scores=scores, draws=drawn(scores, 2), covariates=np.ones((137, 1))
    )
    beside.covariates[::2] = 0
    with pytest.raises(UsageError) as error:
        hazard_frame(*TIMES, arm, 0.95, beside)
    assert str(error.value) == (
        "covariates cannot be used:\n  - found some beside resampled weights, wanted none"
    )


def test_a_step_too_far_is_halved():
    """Newton's step on a quartic root overshoots; the likelihood must not go down."""

    def likelihood(beta, which):
        b = beta[:, 0]
        value = -np.log(np.cosh(b - which))
        slope = -np.tanh(b - which)
        return value, slope[:, np.newaxis], (1 / np.cosh(b - which) ** 2)[:, np.newaxis, np.newaxis]

    found = maxima.maxima(np.array([[3.0], [-2.0]]), likelihood, np.full(2, 1e-12))
    assert_allclose(found[:, 0], [0, 1], atol=1e-9)
