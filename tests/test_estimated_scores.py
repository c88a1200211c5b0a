"""Variance of weighted estimates with estimated scores: R's stacked equations and jackknife, finite
differences, coverage of a known truth."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from mescc_analytics.errors import UsageError
from mescc_analytics.stats.contrasts import Sample, group_differences, group_estimates
from mescc_analytics.stats.cox import fit_cox
from mescc_analytics.stats.estimated_scores import ScoreModel
from mescc_analytics.stats.hazards import Beside, hazard_frame
from mescc_analytics.stats.multinomial import fit_multinomial
from mescc_analytics.stats.propensity import propensity_weights
from mescc_analytics.stats.sandwich import influence_on
from mescc_analytics.stats.weighted import weighted_kaplan_meier
from score_cases import VETERAN, cohort, scored, veteran

ORACLE = Path(__file__).parent / "oracle"
LALONDE = pd.read_csv(ORACLE / "adjusted" / "data_lalonde.csv", float_precision="round_trip")
COLUMNS = ["age", "educ", "married", "nodegree", "re74", "re75"]
MEANS = pd.read_csv(ORACLE / "scores" / "means.csv", dtype={"arm": str})
PERTURBED = pd.read_csv(ORACLE / "scores" / "perturbed.csv")
TARGETS = ("overlap", "ate", "att")
Z = 1.959963984540054


def errors(frame):
    """Standard errors from the width of intervals."""
    return (frame["ci_upper"] - frame["ci_lower"]) / (2 * Z)


# --- against R --------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["treated", "three"])
@pytest.mark.parametrize("target", TARGETS)
def test_means_agree_with_stacked_equations_in_r(by, target):
    # followed to the end, the restricted mean of a group is its weighted mean
    expected = MEANS.query("by == @by and target == @target")
    scores, arm = scored(LALONDE, by, COLUMNS, target)
    outcome = LALONDE["re78"]
    sample = Sample.of(outcome, outcome >= 0, arm, weight=scores.weight, scores=scores)
    found = group_estimates(sample, "restricted_mean", outcome.max())
    assert found["group"].tolist() == expected["arm"].tolist()
    assert_allclose(found["estimate"], expected["mean"], rtol=1e-8)
    assert_allclose(found["std_err"], expected["std_err"], rtol=1e-8)
    differences = group_differences(sample, "restricted_mean", outcome.max())
    assert_allclose(differences["difference"], expected["difference"].iloc[1:], rtol=1e-8)
    assert_allclose(errors(differences), expected["difference_std_err"].iloc[1:], rtol=1e-8)


@pytest.mark.parametrize("by", ["two", "group"])
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("stratified", [False, True])
@pytest.mark.parametrize("clustered", [False, True])
def test_hazard_ratios_agree_with_the_jackknife_of_r(by, target, stratified, clustered):
    # central differences of 1e-4 in R leave about 1e-7
    expected = PERTURBED.query(
        "by == @by and target == @target and stratified == @stratified "
        "and kind == 'log_hazard_ratio'"
    )
    scores, arm = veteran(by, target)
    beside = Beside(
        weight=scores.weight,
        strata=VETERAN["stratum"] if stratified else None,
        cluster=VETERAN["cluster"] if clustered else None,
        scores=scores,
    )
    found, _ = hazard_frame(VETERAN["time"], VETERAN["event"], arm, 0.95, beside)
    assert found["group"].tolist() == expected["arm"].tolist()
    assert_allclose(np.log(found["hazard_ratio"]), expected["estimate"], rtol=1e-8)
    logs = np.log(found[["ci_lower", "ci_upper"]])
    wanted = expected["std_err_cluster" if clustered else "std_err"]
    assert_allclose(errors(logs), wanted, rtol=1e-8)


@pytest.mark.parametrize("by", ["two", "group"])
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("kind, day", [("restricted_mean", 180), ("survival", 90)])
def test_curves_agree_with_the_jackknife_of_r(by, target, kind, day):
    expected = PERTURBED.query(
        "by == @by and target == @target and kind == @kind and not stratified"
    )
    scores, arm = veteran(by, target)
    for cluster, name in ((None, "std_err"), (VETERAN["cluster"], "std_err_cluster")):
        sample = Sample.of(
            *(VETERAN["time"], VETERAN["event"], arm),
            weight=scores.weight,
            cluster=cluster,
            scores=scores,
        )
        found = group_estimates(sample, kind, day)
        assert_allclose(found["estimate"], expected["estimate"], rtol=1e-8)
        assert_allclose(found["std_err"], expected[name], rtol=1e-8)


# --- derivatives ------------------------------------------------------------------------------


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("by", ["two", "group"])
def test_weights_change_with_the_scores_as_computed(by, target):
    scores, arm = veteran(by, target)
    log_odds = np.log(scores.probabilities / scores.probabilities[:, :1])
    found, focal = scores.relative_change(), arm.categories[scores.focal]

    def log_weight(column, by):
        moved = log_odds.copy()
        moved[:, column] += by
        e = np.exp(moved) / np.exp(moved).sum(axis=1, keepdims=True)
        return np.log(propensity_weights(e, arm, target=target, focal=focal))

    for column in range(1, log_odds.shape[1]):
        slope = (log_weight(column, 1e-5) - log_weight(column, -1e-5)) / 2e-5
        assert_allclose(found[:, column - 1], slope, atol=1e-9)


@pytest.mark.parametrize("target", TARGETS)
def test_influence_is_what_a_little_more_of_a_case_does(target):
    """Cases counted 1e-4 more or less, in the scores and in the model of the hazards alike."""
    x, columns = VETERAN[["karno", "age", "trt"]], ["karno", "age", "trt"]
    scores, arm = veteran("group", target)
    dummies = (arm.codes[:, np.newaxis] == [1, 2, 3]).astype(float)

    def coefficients(count):
        fit = fit_multinomial(arm, x, columns, weight=count)
        given = {"target": target, "focal": arm.categories[1]}
        weight = propensity_weights(fit.probabilities, arm, **given) * count
        if target == "ate":
            share = np.bincount(arm.codes, count) / count.sum()
            weight = weight * (share / (np.bincount(arm.codes) / len(arm)))[arm.codes]
        return fit_cox(
            VETERAN["time"], VETERAN["event"], dummies, list("abc"), weight=weight
        ).coefficients

    fit = fit_cox(VETERAN["time"], VETERAN["event"], dummies, list("abc"), weight=scores.weight)
    found = scores.corrected(influence_on(fit))
    for case in (0, 40, 80, 136):
        little = 1e-4 * (np.arange(len(x)) == case)
        slope = (coefficients(1 + little) - coefficients(1 - little)) / 2e-4
        assert_allclose(found[case], slope, atol=1e-7)


def test_influences_on_the_coefficients_are_the_robust_variance():
    group = (VETERAN["group"] == "large").to_numpy(float)[:, np.newaxis]
    fit = fit_cox(VETERAN["time"], VETERAN["event"], group, ["x"], weight=VETERAN["weight"])
    assert_allclose((influence_on(fit) ** 2).sum(), fit.covariance[0, 0], rtol=1e-10)


# --- a case as if it had been left out ---------------------------------------------------------


def test_two_arms_left_out_divide_by_one_minus_the_leverage():
    plain, arm = veteran()
    left_out, _ = veteran(left_out=True)
    x = np.column_stack([np.ones(len(arm)), VETERAN[["karno", "age", "trt"]]])
    spread = plain.probabilities.prod(axis=1)
    leverage = spread * ((x @ np.linalg.inv((x.T * spread) @ x)) * x).sum(axis=1)
    assert_allclose(leverage.sum(), 4)
    own = np.linspace(-1, 2, len(arm))[:, np.newaxis]
    found = left_out.corrected(own) / plain.corrected(own)
    assert_allclose(found[:, 0], 1 / (1 - leverage), rtol=1e-7)


@pytest.mark.parametrize("target", TARGETS)
def test_left_out_comes_near_the_fits_without_the_case(target):
    """Means of four arms without each case in turn, scores fitted again."""
    scores, arm = veteran("group", target, left_out=True)
    plain, _ = veteran("group", target)
    columns = ["karno", "age", "trt"]

    def means(kept):
        fit = fit_multinomial(arm[kept], VETERAN.loc[kept, columns], columns)
        given = {"target": target, "focal": arm.categories[1]}
        weight = propensity_weights(fit.probabilities, arm[kept], **given)
        time = VETERAN.loc[kept, "time"]
        of = [arm.codes[kept] == code for code in range(4)]
        return np.array([np.average(time[own], weights=weight[own]) for own in of])

    everybody = np.ones(len(arm), bool)
    jackknife = np.array([means(everybody) - means(np.arange(len(arm)) != i) for i in range(137)])
    sums = (arm.codes[:, np.newaxis] == range(4)) * scores.weight[:, np.newaxis]
    gap = VETERAN["time"].to_numpy()[:, np.newaxis] - means(everybody)
    own = sums / sums.sum(axis=0) * gap
    exact = np.sqrt((jackknife**2).sum(axis=0))
    with_case, without = (np.sqrt((s.corrected(own) ** 2).sum(axis=0)) for s in (plain, scores))
    # the focal arm is as it is: no score moves it
    moved = np.arange(4) != (1 if target == "att" else -1)
    assert_allclose(without[~moved], with_case[~moved], rtol=1e-12)
    assert (with_case < exact).all()
    assert (np.abs(without - exact) < 0.5 * np.abs(with_case - exact))[moved].all()


# --- curves -------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("left_out", [False, True])
@pytest.mark.parametrize("late", [False, True])
def test_curves_have_the_errors_of_survival_on_every_day(target, left_out, late):
    scores, arm = veteran("group", target, left_out=left_out)
    entry = VETERAN["entry"].to_numpy(float) - 1 if late else None
    given = {"weight": scores.weight, "entry": entry, "scores": scores}
    sample = Sample.of(VETERAN["time"], VETERAN["event"], arm, **given)
    for code in (0, 3):
        own = arm.codes == code
        curve = weighted_kaplan_meier(
            *(VETERAN["time"][own], VETERAN["event"][own]),
            weight=scores.weight[own],
            entry=None if entry is None else entry[own],
            scores=scores.at(own),
        )
        for row in curve[(curve["time_days"] > 0) & (curve["survival"] > 0)].iloc[::6].itertuples():
            expected = group_estimates(sample, "survival", row.time_days).iloc[code]
            assert_allclose(row.survival, expected["estimate"], rtol=1e-10)
            assert_allclose(row.std_err, expected["std_err"], rtol=1e-8)


def test_a_curve_wants_one_row_per_case():
    scores, _ = veteran()
    rows = [0, 0, 1]
    with pytest.raises(UsageError) as error:
        weighted_kaplan_meier([1, 2, 3], [1, 1, 1], weight=[1, 1, 1], scores=scores.at(rows))
    assert "found several rows of a case, wanted one" in str(error.value)


# --- use --------------------------------------------------------------------------------------


def test_a_model_of_more_cases_than_the_analysis():
    """Rows in another order and number; the scores of the others go on counting."""
    scores, arm = veteran("group")
    chosen = np.random.default_rng(1).permutation(137)[:100]
    cases = VETERAN.iloc[chosen]
    given = {"weight": scores.weight[chosen], "cluster": cases["cluster"]}

    # everybody followed to the end: survival on a day is a weighted share
    sample = Sample.of(cases["time"], [1] * 100, arm[chosen], scores=scores.at(chosen), **given)
    found = group_estimates(sample, "survival", 90)
    influences = np.zeros((137, 4))
    for code in range(4):
        own = chosen[arm.codes[chosen] == code]
        weight, alive = scores.weight[own], VETERAN["time"].to_numpy()[own] > 90
        gap = alive - np.average(alive, weights=weight)
        influences[own, code] = weight / weight.sum() * gap
    cluster = np.arange(1000, 1137)
    cluster[chosen] = cases["cluster"]
    sums = pd.DataFrame(scores.corrected(influences)).groupby(cluster).sum()
    assert_allclose(found["std_err"], np.sqrt((sums**2).sum()), rtol=1e-9)


def test_every_row_twice_in_a_cluster_is_the_row_once():
    scores, arm = veteran("group", "ate")
    twice = np.repeat(np.arange(137), 2)
    cases = VETERAN.iloc[twice]
    double = ScoreModel.of(
        scores.probabilities[twice],
        cases[["karno", "age", "trt"]],
        arm[twice],
        target="ate",
        left_out=False,
    )
    once, again = (
        group_estimates(
            Sample.of(c["time"], c["event"], a, weight=s.weight, scores=s, cluster=cluster),
            "restricted_mean",
            180,
        )
        for c, a, s, cluster in ((VETERAN, arm, scores, None), (cases, arm[twice], double, twice))
    )
    assert_allclose(again["std_err"], once["std_err"], rtol=1e-9)


def test_cases_of_weight_0_leave_the_analysis_not_the_scores():
    scores, arm = veteran("group")
    weight = np.where(np.arange(137) % 5 == 0, 0, scores.weight)
    kept = weight > 0
    beside = Beside(weight=weight, scores=scores)
    whole, _ = hazard_frame(VETERAN["time"], VETERAN["event"], arm, 0.95, beside)
    beside = Beside(weight=weight[kept], scores=scores.at(kept))
    cases = VETERAN[kept]
    part, _ = hazard_frame(cases["time"], cases["event"], arm[kept], 0.95, beside)
    pd.testing.assert_frame_equal(whole, part)


def test_an_arm_without_deaths_stays_in_the_scores():
    scores, arm = veteran("group")
    event = VETERAN["event"].to_numpy() * (arm.codes != 2)
    beside = Beside(weight=scores.weight, scores=scores)
    found, _ = hazard_frame(VETERAN["time"], event, arm, 0.95, beside)
    assert found["ci_lower"].notna().tolist() == [True, False, True]


def test_weights_must_be_those_of_the_scores():
    scores, arm = veteran()
    times = (VETERAN["time"], VETERAN["event"], arm)
    doubled = Sample.of(*times, weight=2 * scores.weight, scores=scores)
    plain = Sample.of(*times, weight=scores.weight, scores=scores)
    assert_allclose(
        *(group_estimates(s, "survival", 90)["std_err"] for s in (doubled, plain)), rtol=1e-9
    )
    with pytest.raises(UsageError) as error:
        Sample.of(*times, weight=np.where(arm == "slow", 2, 1) * scores.weight, scores=scores)
    assert str(error.value) == (
        "weights cannot be used:\n  - found ratios to them from 1 to 2, wanted the weights of the "
        "propensity scores, up to one factor"
    )
    with pytest.raises(UsageError):
        hazard_frame(*times, 0.95, Beside(scores=scores))
    with pytest.raises(UsageError) as error:
        scores.require([1.0])
    assert "found 1 weights and 137 rows with scores, wanted as many of each" in str(error.value)


def test_target_and_focal_arm_matter():
    found = {
        target: group_differences(
            Sample.of(
                *(VETERAN["time"], VETERAN["event"], veteran("group", target)[1]),
                weight=veteran("group", target)[0].weight,
                scores=veteran("group", target)[0],
            ),
            "survival",
            90,
        )["ci_lower"].iloc[0]
        for target in TARGETS
    }
    assert len(set(found.values())) == 3
    scores, arm = veteran("group")
    args = (scores.probabilities, VETERAN[["karno"]], arm)
    first, second = (ScoreModel.of(*args, target="att", focal=name) for name in arm.categories[:2])
    assert first.focal == 0 and second.focal == 1 and not np.allclose(first.weight, second.weight)


# --- coverage ---------------------------------------------------------------------------------


def test_intervals_hold_the_truth_and_are_as_wide_as_they_should_be():
    """No effect: the log hazard ratio is 0 in every population. 200 cohorts of 200 cases."""
    rng, found = np.random.default_rng(5), []
    for _ in range(200):
        x, arm, time, event = cohort(rng)
        names = [f"x{i}" for i in range(x.shape[1])]
        e = fit_multinomial(arm, x, names).probabilities
        scores = ScoreModel.of(e, x, arm)
        widths = []
        for given in (None, scores):
            beside = Beside(weight=scores.weight, scores=given)
            row = hazard_frame(time, event, arm, 0.95, beside)[0].iloc[0]
            widths.append(np.log(row["ci_upper"] / row["ci_lower"]) / (2 * Z))
        found.append([np.log(row["hazard_ratio"]), *widths])
    value, robust, estimated = np.array(found).T
    covered = np.mean(np.abs(value) <= Z * estimated)
    assert 0.92 <= covered <= 0.985
    assert 0.9 < estimated.mean() / value.std(ddof=1) < 1.1
    assert robust.mean() / value.std(ddof=1) > 1.15
