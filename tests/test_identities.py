"""What must hold whatever the cases are: 50 seeds of tied, censored, small and large samples."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from mescc_analytics.stats.contingency import chi_square_p, fisher_p
from mescc_analytics.stats.cox import fit_cox
from mescc_analytics.stats.curves import event_table, kaplan_meier, quantile, restricted_mean
from mescc_analytics.stats.describe import smd
from mescc_analytics.stats.intervals import clopper_pearson, odds_ratio, wilson
from mescc_analytics.stats.logrank import log_rank
from mescc_analytics.stats.walking import contrasts, rates

SEEDS = range(50)


@pytest.fixture(params=SEEDS)
def sample(request):
    """Days, deaths and groups of one seed, with ties on every scale."""
    rng = np.random.default_rng(request.param)
    n = int(rng.integers(5, 200))
    days = rng.integers(0, int(rng.integers(2, 400)), n) / rng.choice([1, 4])
    event = rng.random(n) < rng.uniform(0.2, 1)
    event[0] = True
    return days, event, rng.choice(["a", "b", "c"], n), rng


def test_every_case_twice_is_weight_2(sample):
    days, event, _, _ = sample
    doubled = event_table(np.tile(days, 2), np.tile(event, 2))
    weighted = event_table(days, event, weight=np.full(len(days), 2.0))
    pd.testing.assert_frame_equal(doubled, weighted, check_dtype=False)


def test_unit_weights_and_entry_before_everything_change_nothing(sample):
    days, event, _, _ = sample
    plain = event_table(days, event)
    weighted = event_table(days, event, weight=np.ones(len(days)), entry=np.full(len(days), -1.0))
    pd.testing.assert_frame_equal(plain, weighted, check_dtype=False)


def test_weights_follow_their_cases_through_delayed_entry(sample):
    days, event, _, rng = sample
    entry, weight = days - rng.integers(1, 50, len(days)), rng.integers(1, 4, len(days))
    repeated = event_table(
        np.repeat(days, weight), np.repeat(event, weight), entry=np.repeat(entry, weight)
    )
    weighted = event_table(days, event, weight=weight, entry=entry)
    pd.testing.assert_frame_equal(repeated, weighted, check_dtype=False)


def test_order_of_the_cases_does_not_matter(sample):
    days, event, group, rng = sample
    shuffled = rng.permutation(len(days))
    pd.testing.assert_frame_equal(
        kaplan_meier(days, event), kaplan_meier(days[shuffled], event[shuffled])
    )
    assert log_rank(days, event, group) == log_rank(
        days[shuffled], event[shuffled], group[shuffled]
    )


def test_curve_lies_in_0_to_1_and_never_rises(sample):
    days, event, _, _ = sample
    for interval in ("log-log", "log", "plain"):
        curve = kaplan_meier(days, event, interval=interval)
        assert curve["survival"].between(0, 1).all()
        assert (curve["survival"].diff().dropna() <= 0).all()
        inside = curve.dropna(subset=["ci_lower", "ci_upper"])
        assert (inside["ci_lower"] <= inside["survival"] + 1e-12).all()
        assert (inside["ci_upper"] >= inside["survival"] - 1e-12).all()
        assert inside[["ci_lower", "ci_upper"]].stack().between(0, 1).all()


def test_nobody_is_lost_from_the_table(sample):
    days, event, _, _ = sample
    curve = kaplan_meier(days, event)
    left = curve["n_at_risk"] - curve["n_events"] - curve["n_censored"]
    assert (left[:-1].to_numpy() == curve["n_at_risk"][1:].to_numpy()).all() and left.iloc[-1] == 0
    assert curve["n_events"].sum() == event.sum()


def test_without_censoring_the_curve_is_the_empirical_one(sample):
    days, _, _, _ = sample
    curve = kaplan_meier(days, np.ones(len(days), bool))
    alive = [(days > day).mean() for day in curve["time_days"]]
    assert_allclose(curve["survival"], alive, atol=1e-12)
    assert_allclose(quantile(curve)[0], np.median(days), atol=1e-9)
    assert_allclose(restricted_mean(curve, 1000).estimate, days.mean())


def test_two_identical_copies_do_not_differ(sample):
    days, event, _, _ = sample
    copies = np.repeat(["a", "b"], len(days))
    found = log_rank(np.tile(days, 2), np.tile(event, 2), copies)
    if not found["note"]:
        assert_allclose([found["statistic"], found["p"]], [0, 1], atol=1e-12)


def test_log_rank_is_the_score_test_of_cox_without_ties():
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        days, event, x = rng.permutation(60), rng.random(60) < 0.7, rng.integers(0, 2, 60)
        fit = fit_cox(days, event, x[:, np.newaxis], ["x"])
        _, score, information = fit.risk_sets.likelihood(np.zeros(1))
        statistic = score.sum() ** 2 / information.sum()
        assert_allclose(log_rank(days, event, x)["statistic"], statistic, rtol=1e-9)


def test_exchanging_the_groups_turns_the_hazard_ratio_round(sample):
    days, event, group, _ = sample
    x = (group == "a")[:, np.newaxis].astype(float)
    fit, turned = fit_cox(days, event, x, ["x"]), fit_cox(days, event, 1 - x, ["x"])
    assert fit.note == turned.note
    if not fit.note and not fit.runaway.any():
        assert_allclose(turned.coefficients, -fit.coefficients, atol=1e-8)


def test_time_scale_does_not_matter_for_ranks(sample):
    days, event, group, _ = sample
    hours, found = log_rank(days * 24, event, group), log_rank(days, event, group)
    assert hours["note"] == found["note"]
    assert_allclose(hours["statistic"], found["statistic"], rtol=1e-9)


def test_intervals_mirror_and_the_exact_one_is_wider():
    n = np.repeat(np.arange(1, 60), 3)
    successes = np.random.default_rng(1).integers(0, n + 1)
    for function in (wilson, clopper_pearson):
        _, lower, upper = function(successes, n)
        _, mirrored, _ = function(n - successes, n)
        assert_allclose(upper, 1 - mirrored, atol=1e-12)
        assert ((lower >= 0) & (lower < upper) & (upper <= 1)).all()
    width = [np.subtract(*function(successes, n)[:0:-1]) for function in (wilson, clopper_pearson)]
    assert (width[0] < width[1]).mean() > 0.9


def test_exchanging_rows_turns_the_odds_ratio_round():
    for seed in SEEDS:
        (a, b), (c, d) = table = np.random.default_rng(seed).integers(1, 30, (2, 2))
        one, other = odds_ratio(a, a + b, c, c + d), odds_ratio(c, c + d, a, a + b)
        assert_allclose([one.estimate, one.lower], [1 / other.estimate, 1 / other.upper])
        assert_allclose(fisher_p(table), fisher_p(table[::-1]), rtol=1e-9)
        assert_allclose(chi_square_p(table)[0], chi_square_p(table.T)[0])


def test_estimands_are_ordered_and_entry_groups_add_up():
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        n = int(rng.integers(20, 200))
        state = rng.choice(["walking", "not_walking", "dead", "unknown"], n)
        entry = rng.choice(["ambulatory", "non_ambulatory"], n)
        found = rates(state, np.repeat("a", n), entry)
        share = found.pivot(index="baseline", columns="estimand", values="proportion")
        assert (share["worst_case"] <= share["composite"]).all()
        assert (share["composite"] <= share["best_case"]).all()
        assert (share["composite"] <= share["alive_assessed"]).all()
        counts = found.pivot(index="estimand", columns="baseline", values="denominator")
        assert (counts["all"] == counts["ambulatory"] + counts["non_ambulatory"]).all()


def test_identical_arms_do_not_differ():
    state = np.random.default_rng(2).choice(["walking", "not_walking", "dead"], 80)
    entry = np.tile(["ambulatory", "non_ambulatory"], 80)
    found = contrasts(np.tile(state, 2), np.repeat(["a", "b"], 80), entry).set_index("measure")
    assert_allclose(found.loc["risk_difference", "estimate"], 0, atol=1e-12)
    for measure in ("risk_ratio", "odds_ratio", "odds_ratio_mh"):
        assert_allclose(found.loc[measure, "estimate"], 1)
    column = pd.Series(np.tile(state, 2), dtype="string")
    assert_allclose(smd(column, np.repeat(["a", "b"], 80)).value, 0, atol=1e-12)
