"""Propensity scores and weights for two and three groups, balance and augmented risks: R."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from mescc_analytics.errors import UsageError
from mescc_analytics.stats import multinomial
from mescc_analytics.stats.augmented import (
    augmented_contrasts,
    augmented_fit,
    augmented_risks,
    risk_intervals,
)
from mescc_analytics.stats.balance import balance_table
from mescc_analytics.stats.describe import smd
from mescc_analytics.stats.multinomial import fit_multinomial
from mescc_analytics.stats.propensity import effective_sizes, propensity_weights

ORACLE = Path(__file__).parent / "oracle" / "adjusted"
CASES = pd.read_csv(ORACLE / "data_lalonde.csv", float_precision="round_trip")
COVARIATES = ["age", "educ", "married", "nodegree", "re74", "re75"]
UNEVEN = 0.2 + np.arange(1, len(CASES) + 1) * 37 % 101 / 50


def fitted(by, **choices):
    return fit_multinomial(CASES[by], CASES[COVARIATES], COVARIATES, **choices)


@pytest.mark.parametrize("by", ["treated", "three"])
@pytest.mark.parametrize("weighting", ["none", "uneven"])
def test_multinomial_agrees_with_r(by, weighting):
    # nnet::multinom, brought to rounding by Newton steps in R; glm for two levels
    expected = pd.read_csv(ORACLE / "multinomial.csv").query(
        "by == @by and weighting == @weighting"
    )
    fit = fitted(by, weight=UNEVEN if weighting == "uneven" else None)
    table = fit.table()
    assert table["level"].tolist() == expected["level"].astype(str).tolist()
    assert table["term"].tolist() == expected["term"].tolist()
    assert_allclose(table["coefficient"], expected["coefficient"], rtol=1e-8, atol=1e-10)
    assert_allclose(table["std_err"], expected["std_err"], rtol=1e-8)
    assert_allclose(fit.predict(CASES[COVARIATES]), fit.probabilities, rtol=1e-9)
    assert (fit.table(0.8)["ci_lower"] > table["ci_lower"]).all()


@pytest.mark.parametrize("by", ["treated", "three"])
def test_weights_agree_with_r(by):
    expected = pd.read_csv(ORACLE / "weights.csv").query("by == @by")
    e = fitted(by).probabilities
    focal = "1" if by == "treated" else sorted(CASES["three"].unique())[1]
    for name, choices in {
        "overlap": {},
        "stabilised": {"target": "ate"},
        "att": {"target": "att", "focal": focal},
    }.items():
        found = propensity_weights(e, CASES[by], **choices)
        assert_allclose(found, expected[name], rtol=1e-8)
    share = CASES[by].map(CASES[by].value_counts(normalize=True)).to_numpy()
    trimmed = propensity_weights(e, CASES[by], target="ate", trim=0.1) / share
    assert_allclose(trimmed, expected["trimmed"], rtol=1e-8, atol=0)
    assert 0.05 < (trimmed == 0).mean() < 0.9


def test_overlap_weights_balance_exactly():
    """With overlap weights from a logistic model the means of its covariates are the same."""
    weight = propensity_weights(fitted("treated").probabilities, CASES["treated"])
    treated = (CASES["treated"] == 1).to_numpy()
    for name in COVARIATES:
        means = [np.average(CASES.loc[g, name], weights=weight[g]) for g in (treated, ~treated)]
        assert_allclose(*means, rtol=1e-9)


def test_weighted_differences_agree_with_r():
    expected = pd.read_csv(ORACLE / "balance.csv")
    weights = pd.read_csv(ORACLE / "weights.csv")
    for (by, kind, covariate), rows in expected.groupby(["by", "kind", "covariate"], sort=False):
        given = weights.loc[weights["by"] == by, kind].to_numpy() if kind != "none" else None
        for row in rows.itertuples():
            pair = CASES[by].astype(str).isin([row.first, row.second]).to_numpy()
            chosen = None if given is None else given[pair]
            found = smd(CASES.loc[pair, covariate], CASES.loc[pair, by], "number", weight=chosen)
            assert_allclose(found.value, row.number, rtol=1e-8, atol=1e-12)
            if covariate == "married":
                column = CASES.loc[pair, covariate].astype(bool)
                found = smd(column, CASES.loc[pair, by], weight=chosen)
                assert_allclose(found.value, row.boolean, rtol=1e-8, atol=1e-12)


def test_balance_before_and_after():
    weight = propensity_weights(fitted("treated").probabilities, CASES["treated"])
    columns = {name: CASES[name] for name in COVARIATES}
    columns["itself"] = CASES["treated"].map({0: "no", 1: "yes"})
    table = balance_table(columns, CASES["treated"], weight)
    after = table[table["when"] == "after"].set_index("variable")
    before = table[table["when"] == "before"].set_index("variable")
    assert (after["smd"].drop("itself") < 1e-9).all() and after["balanced"].drop("itself").all()
    assert before["balanced"].tolist() == [value <= 0.1 for value in before["smd"]]
    assert before["balanced"].sum() < 4
    # the covariate that is the group itself has no level in common
    assert after.loc["itself", "note"].startswith("separated: ")
    assert not after.loc["itself", "balanced"] and np.isnan(after.loc["itself", "smd"])
    wide = balance_table(columns, CASES["treated"], weight, limit=2.0, level=0.5)
    assert wide.query("variable != 'itself'")["balanced"].all()
    assert (wide["by_chance"].dropna() < table["by_chance"].dropna()).all()


def test_three_groups_come_closer():
    weight = propensity_weights(fitted("three").probabilities, CASES["three"])
    table = balance_table({name: CASES[name] for name in COVARIATES}, CASES["three"], weight)
    largest = table.groupby("when")["smd"].max()
    assert largest["after"] < 0.15 and largest["before"] > 0.5


def test_chance_by_hand():
    columns, group = {"x": pd.Series([1.0, 2, 3, 3, 4, 5])}, list("aaabbb")
    row = balance_table(columns, group, [1, 1, 1, 2, 2, 2]).iloc[1]
    assert_allclose(row["by_chance"], 1.959963984540054 * np.sqrt(2 / 3))
    assert row["first"] == "a" and row["second"] == "b" and not row["balanced"]


def test_one_group_has_no_balance_to_judge():
    table = balance_table({"x": pd.Series([1.0, 2])}, ["a", "a"], [1, 1])
    assert table["balanced"].isna().all() and table["note"].iloc[0].startswith("not estimable")


def test_kind_of_a_column_matters():
    columns, group = {"x": pd.Series([1, 2, 3, 1, 3, 3])}, list("aaabbb")
    as_number, as_category = (
        balance_table(columns, group, np.ones(6), kinds={"x": kind})["smd"].iloc[0]
        for kind in ("number", "category")
    )
    assert as_number != as_category


def test_weights_of_0_leave_a_case_out_of_the_difference():
    column, group = pd.Series([1.0, 2, 3, 3, 4, 5, 99]), list("aaabbbb")
    assert_allclose(smd(column, group, weight=[1] * 6 + [0]).value, 2.0)
    assert "separated" in smd(pd.Series(list("xyx")), list("abb"), weight=[1, 1, 0]).note


def test_effective_sizes_by_hand():
    found = effective_sizes([1, 3, 0, 2], list("aaab"))
    assert found["n"].tolist() == [2, 1] and found["weight_sum"].tolist() == [4, 2]
    assert_allclose(found["effective_n"], [16 / 10, 1])
    assert_allclose(found["largest_share"], [3 / 4, 1])
    assert effective_sizes([1, 0], list("ab"))["effective_n"].isna().tolist() == [False, True]


def test_caps_weights_group_by_group():
    e = np.array([[0.5, 0.5], [0.1, 0.9], [0.5, 0.5], [0.5, 0.5]])
    plain = propensity_weights(e, list("aabb"), target="ate")
    capped = propensity_weights(e, list("aabb"), target="ate", cap=0.5)
    assert_allclose(plain, [1, 5, 1, 1])
    assert_allclose(capped, [1, 3, 1, 1])


def test_focal_group():
    e = np.array([[0.2, 0.3, 0.5], [0.1, 0.6, 0.3], [0.4, 0.4, 0.2]])
    assert_allclose(propensity_weights(e, list("abc"), target="att"), [1, 1 / 6, 2])
    found = propensity_weights(e, list("abc"), target="att", focal="c")
    assert_allclose(found, [2.5, 0.5, 1])


@pytest.mark.parametrize(
    "choices, message",
    [
        (
            {"target": "all"},
            "propensity scores cannot be used:\n  - target: found 'all', wanted one of overlap, ate, att",
        ),
        (
            {"target": "att", "focal": "z"},
            "focal group cannot be used:\n  - found 'z', wanted one of a, b",
        ),
        ({"trim": 0.5}, "trim cannot be used:\n  - found 0.5, wanted from 0 to below 1/2"),
        ({"cap": 1.0}, "cap cannot be used:\n  - found 1.0, wanted a quantile between 0 and 1"),
    ],
)
def test_choices_are_checked(choices, message):
    with pytest.raises(UsageError) as error:
        propensity_weights(np.full((2, 2), 0.5), ["a", "b"], **choices)
    assert str(error.value) == message


def test_scores_are_checked():
    with pytest.raises(UsageError) as error:
        propensity_weights([[0.5, 0.5, 0]], ["a"])
    assert "found shape (1, 3), wanted 1 rows and 1 columns" in str(error.value)
    with pytest.raises(UsageError) as error:
        propensity_weights([[0.0, 1.0], [0.5, 0.5]], ["a", "b"])
    assert "found some that are missing, 0, or above 1" in str(error.value)
    with pytest.raises(UsageError):
        propensity_weights([[0.5, 0.5], [0.5, 0.5], [0.5, 0.5]], ["a", "b", None])


# --- multinomial: what cannot be fitted -------------------------------------------------------


@pytest.mark.parametrize(
    "level, x, reason",
    [
        ([1, 1], [[1], [2]], "only one level has cases"),
        ([1, 0, 1], [[1], [1], [1]], "a covariate has the same value in every case"),
        ([1, 0, 1], [[1, 2], [2, 4], [3, 6]], "the covariates do not vary independently"),
        ([1, 1, 1, 0, 0, 0], [[1], [1], [1], [0], [0], [0]], "x0 separates the levels"),
    ],
)
def test_fit_says_why_not(level, x, reason):
    fit = fit_multinomial(level, x, [f"x{i}" for i in range(len(x[0]))])
    assert fit.note == f"not estimable: {reason}"
    assert np.isnan(fit.coefficients).all() and np.isnan(fit.probabilities).all()
    assert fit.probabilities.shape == (len(level), len(fit.levels))


def test_steps_are_limited(monkeypatch):
    monkeypatch.setattr(multinomial, "MAX_STEPS", 1)
    assert fitted("three").note == "not estimable: no maximum after 1 steps"


def test_level_without_weight_has_no_fit():
    fit = fit_multinomial(list("aabbc"), [[1], [2], [1], [3], [2]], ["x"], weight=[1, 1, 1, 1, 0])
    assert fit.note == "not estimable: a level has no weight"


def test_covariates_are_checked_all_at_once():
    with pytest.raises(UsageError) as error:
        fit_multinomial(["a", None], [[1, np.nan], [2, 3]], ["x"])
    assert str(error.value) == (
        "covariates cannot be used:\n"
        "  - found 2 columns and 1 names, wanted one name each\n"
        "  - 1 values are missing or not finite\n"
        "  - 1 cases have no level"
    )


def test_units_and_reference_do_not_change_probabilities():
    plain = fitted("three")
    scaled = fit_multinomial(CASES["three"], CASES[COVARIATES] * 1e4 + 5e4, COVARIATES)
    assert_allclose(scaled.probabilities, plain.probabilities, rtol=1e-8)
    turned = pd.Categorical(CASES["three"], plain.levels[::-1])
    other = fit_multinomial(turned, CASES[COVARIATES], COVARIATES)
    assert_allclose(other.probabilities[:, ::-1], plain.probabilities, rtol=1e-8)


def test_weights_are_numbers_of_cases():
    count = np.arange(len(CASES)) % 3
    weighted = fitted("three", weight=count)
    rows = np.repeat(np.arange(len(CASES)), count)
    repeated = fit_multinomial(CASES["three"].iloc[rows], CASES[COVARIATES].iloc[rows], COVARIATES)
    assert_allclose(weighted.covariance, repeated.covariance, rtol=1e-8)


# --- augmented risks --------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["treated", "three"])
@pytest.mark.parametrize("target", ["ate", "overlap"])
def test_augmented_risks_agree_with_r(by, target):
    expected = pd.read_csv(ORACLE / "augmented.csv").query("by == @by and kind == @target")
    e = fitted(by).probabilities
    risks, _ = augmented_risks(CASES["better"], CASES[by], CASES[COVARIATES], e, target=target)
    assert_allclose(risks["standardised"], expected["standardised"], rtol=1e-8)
    assert_allclose(risks["estimate"], expected["estimate"], rtol=1e-8)


def confounded(n, rng):
    x = rng.normal(size=n)
    treated = rng.random(n) < 1 / (1 + np.exp(-x))
    outcome = rng.random(n) < 1 / (1 + np.exp(-(-0.5 + 1.2 * x + 0.8 * treated)))
    return x, treated, outcome


def test_augmented_difference_is_right_if_one_of_two_models_is():
    rng = np.random.default_rng(12)
    x, treated, outcome = confounded(40_000, rng)
    many = rng.normal(size=400_000)
    risk = [1 / (1 + np.exp(-(-0.5 + 1.2 * many + 0.8 * a))) for a in (0, 1)]
    truth = risk[1].mean() - risk[0].mean()
    scores = fit_multinomial(treated, x[:, np.newaxis], ["x"]).probabilities
    none, flat = (
        rng.normal(size=(len(x), 1)),
        np.tile([(~treated).mean(), treated.mean()], (len(x), 1)),
    )
    for covariates, e in ((x[:, np.newaxis], flat), (none, scores), (x[:, np.newaxis], scores)):
        _, found = augmented_risks(outcome, treated, covariates, e, target="ate")
        assert abs(found["difference"].iloc[0] - truth) < 0.015
    naive = outcome[treated].mean() - outcome[~treated].mean()
    assert naive - truth > 0.1


def test_augmented_interval_covers():
    covered, truth = 0, None
    many = np.random.default_rng(1).normal(size=400_000)
    truth = np.diff([(1 / (1 + np.exp(0.5 - 1.2 * many - 0.8 * a))).mean() for a in (0, 1)])[0]
    for seed in range(200):
        x, treated, outcome = confounded(300, np.random.default_rng(seed))
        e = fit_multinomial(treated, x[:, np.newaxis], ["x"]).probabilities
        _, found = augmented_risks(outcome, treated, x[:, np.newaxis], e, target="ate")
        covered += found["ci_lower"].iloc[0] <= truth <= found["ci_upper"].iloc[0]
    assert 180 <= covered <= 199


def test_augmented_arguments_matter():
    e = fitted("treated").probabilities
    given = (CASES["better"], CASES["treated"], CASES[COVARIATES], e)
    narrow, wide = (augmented_risks(*given, level=level)[1].iloc[0] for level in (0.8, 0.99))
    assert wide["ci_lower"] < narrow["ci_lower"] and wide["p"] == narrow["p"]


def test_a_group_with_one_outcome_only():
    x, group = np.array([[0.0], [1], [0], [1]]), list("aabb")
    risks, gap = augmented_risks([1, 1, 0, 0], group, x, np.full((4, 2), 0.5))
    assert risks["estimate"].tolist() == [1, 0] and gap["difference"].tolist() == [-1]
    assert gap["note"].tolist() == ["interval not estimable: the outcomes do not vary"]


def test_an_outcome_that_is_separated_gets_firths_penalty():
    x, group = np.array([[0.0], [1], [0], [1]] * 5), list("aabb") * 5
    outcome = [0, 1, 0, 0] * 4 + [0, 1, 1, 0]
    fit, _ = augmented_fit(outcome, group, x, np.full((20, 2), 0.5), target="ate")
    assert fit["model"].tolist() == ["firth", "firth"] and fit["note"].tolist() == ["", ""]
    # a: 0 of 5 and 5 of 5, so the penalised risks are 0.5 / 6 and 5.5 / 6
    assert_allclose(fit["standardised"], [0.5, (1.5 / 6 + 0.5 / 6) / 2], rtol=1e-8)
    # the mean residual of b, 1 of 10 less the penalised risks, puts its risk right
    assert_allclose(fit["estimate"], [0.5, 0.1], rtol=1e-8)


def test_an_outcome_model_that_cannot_be_fitted_says_so():
    x = np.column_stack([np.tile([0.0, 1], 10), np.tile([0.0, 2], 10)])
    outcome = [0, 0, 1, 0, 0, 1, 1, 1] * 2 + [0, 1, 1, 0]
    risks, gap = augmented_risks(outcome, list("aabb") * 5, x, np.full((20, 2), 0.5))
    reason = "not estimable: the covariates do not vary independently"
    assert risks["note"].tolist() == [reason, reason]
    assert gap["note"].iloc[0] == f"b: {reason}; a: {reason}"


def test_augmented_risks_of_those_like_one_group():
    e = fitted("treated").probabilities
    given = (CASES["better"], CASES["treated"], CASES[COVARIATES], e)
    for focal in ("0", "1"):
        risks, _ = augmented_risks(*given, target="att", focal=focal)
        seen = CASES.loc[CASES["treated"] == int(focal), "better"].mean()
        assert_allclose(risks.set_index("group").loc[focal, "estimate"], seen, rtol=1e-8)
    first, _ = augmented_risks(*given, target="att")
    assert first["estimate"].iloc[0] == CASES.loc[CASES["treated"] == 0, "better"].mean()
    with pytest.raises(UsageError) as error:
        augmented_fit(*given, target="att", focal="2")
    assert "focal group" in str(error.value) and "found '2', wanted one of 0, 1" in str(error.value)


def test_a_group_without_cases_has_no_risk_and_leaves_the_target():
    group = pd.Categorical(["a", "b"] * 10, ["a", "b", "c"])
    e = np.tile([0.4, 0.4, 0.2], (20, 1))
    fit, influences = augmented_fit([0, 1, 1, 0] * 5, group, np.zeros((20, 1)), e)
    assert fit["note"].tolist() == ["", "", "not estimable: no cases"]
    assert (influences[:, 2] == 0).all()
    rows = augmented_contrasts(fit, influences).set_index(["group", "measure"])
    assert rows.loc[("c", "risk_ratio"), "note"] == "c: not estimable: no cases"
    assert rows.loc[("b", "risk_ratio"), "estimate"] == 1


def test_ratios_are_those_of_the_risks_and_clusters_count():
    e = fitted("treated").probabilities
    given = (CASES["better"], CASES["treated"], CASES[COVARIATES], e)
    fit, influences = augmented_fit(*given)
    low, high = fit["estimate"]
    rows = augmented_contrasts(fit, influences).set_index("measure")
    assert_allclose(rows.loc["risk_ratio", "estimate"], high / low, rtol=1e-12)
    odds = high / (1 - high) / (low / (1 - low))
    assert_allclose(rows.loc["odds_ratio", "estimate"], odds, rtol=1e-12)
    # doubling every case in clusters of two leaves the intervals as they are
    twice = np.repeat(influences, 2, axis=0) / 2
    again = augmented_contrasts(fit, twice, cluster=np.repeat(np.arange(len(CASES)), 2))
    assert_allclose(again["ci_lower"], rows["ci_lower"], rtol=1e-12)
    alone = augmented_contrasts(fit, twice)
    assert (alone["ci_lower"].to_numpy() > rows["ci_lower"].to_numpy()).all()
    clustered = risk_intervals(fit, twice, cluster=np.repeat(np.arange(len(CASES)), 2))
    assert_allclose(clustered["std_err"], risk_intervals(fit, influences)["std_err"], rtol=1e-12)
    narrow = risk_intervals(fit, influences, level=0.5)
    assert (narrow["ci_lower"] > clustered["ci_lower"]).all()


def test_standard_errors_in_small_groups_are_those_of_many_samples():
    """In small groups residuals alone are too small; their leverage makes up for it."""
    rng, found = np.random.default_rng(4), []
    for seed in range(150):
        x, treated, outcome = confounded(120, np.random.default_rng(seed))
        more = np.column_stack([x, rng.normal(size=(120, 3))])
        e = fit_multinomial(treated, more, list("abcd")).probabilities
        _, gap = augmented_risks(outcome, treated, more, e)
        row = gap.iloc[0]
        found.append((row["difference"], (row["ci_upper"] - row["ci_lower"]) / 2 / 1.96))
    differences, errors = np.array(found).T
    assert 0.85 < errors.mean() / differences.std() < 1.15


def test_augmented_input_is_checked():
    with pytest.raises(UsageError) as error:
        augmented_risks([0, 2], ["a", "b"], [[1], [2]], [[0.5, 0.5], [0, 1]], target="atc")
    assert str(error.value) == (
        "augmented estimate cannot be used:\n"
        "  - target: found 'atc', wanted one of overlap, ate, att\n"
        "  - outcomes: found some that are neither 0 nor 1\n"
        "  - probabilities: found some that are missing, 0, or above 1"
    )
