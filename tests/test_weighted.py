"""Weighted curves and log-rank tests with late entry: R's survfit and survdiff, identities."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from mescc_analytics.errors import UsageError
from mescc_analytics.stats import influence
from mescc_analytics.stats.curves import kaplan_meier, quantile, survival_at
from mescc_analytics.stats.influence import Follow, covariance_of
from mescc_analytics.stats.logrank import log_rank
from mescc_analytics.stats.multiplicity import holm
from mescc_analytics.stats.weighted import weighted_kaplan_meier

ORACLE = Path(__file__).parent / "oracle" / "weighted"
CURVES = pd.read_csv(ORACLE / "km.csv").groupby(["data", "choice", "interval"], sort=False)


def cases_of(data):
    return pd.read_csv(ORACLE / f"data_{data}.csv", float_precision="round_trip")


def chosen_of(cases, choice):
    names = ("weight", "entry", "cluster") if choice == "everything" else choice.split("_")
    return {name: cases[name] for name in names}


@pytest.mark.parametrize("data, choice, interval", CURVES.groups)
def test_curve_agrees_with_r(data, choice, interval):
    # survfit(Surv(entry, time, event) ~ 1, weights, cluster, robust = TRUE), at the days of death
    expected, cases = CURVES.get_group((data, choice, interval)), cases_of(data)
    chosen = chosen_of(cases, choice) | ({"entry": cases["entry"]} if data == "heart" else {})
    curve = weighted_kaplan_meier(cases["time"], cases["event"], interval=interval, **chosen)
    curve = curve[curve["n_events"] > 0]
    assert_allclose(curve["time_days"], expected["time"])
    assert_allclose(curve["survival"], expected["survival"], rtol=1e-8, atol=1e-12)
    alive = (expected["survival"] > 1e-12).to_numpy()
    assert_allclose(curve["std_err"][alive], expected["std_err"][alive], rtol=1e-8, atol=1e-12)
    # R ends a plain interval at 0 and 1, as we do
    for name in ("ci_lower", "ci_upper"):
        known = alive & expected[name].notna().to_numpy()
        assert_allclose(curve[name][known], expected[name][known], rtol=1e-8, atol=1e-10)
        assert known.mean() > 0.9


def test_weighted_curve_by_hand():
    # at risk 4 of weight 1, 3, 0.5, 0.5; the first dies: 1 - 1/5; the third: 1 - 0.5/1
    curve = weighted_kaplan_meier([5, 6, 7, 9], [1, 0, 1, 0], weight=[1, 3, 0.5, 0.5])
    assert_allclose(curve["survival"], [1, 0.8, 0.8, 0.4, 0.4])
    assert curve["n_at_risk"].tolist() == [4, 4, 3, 2, 1]
    assert curve["n_events"].tolist() == [0, 1, 0, 1, 0]
    assert curve["n_censored"].tolist() == [0, 0, 1, 0, 1]
    assert curve["weighted_at_risk"].tolist() == [5, 5, 4, 1, 0.5]
    assert curve["weighted_events"].tolist() == [0, 1, 0, 0.5, 0]


def test_late_entry_by_hand():
    # on day 5 two of three are there: 1/2; on day 8 two again: 1/4
    curve = weighted_kaplan_meier([5, 8, 9], [1, 1, 0], entry=[0, 0, 6])
    assert curve["time_days"].tolist() == [0, 5, 8, 9]
    assert curve["n_at_risk"].tolist() == [0, 2, 2, 1]
    assert_allclose(curve["survival"], [1, 0.5, 0.25, 0.25])


def test_everybody_at_risk_dies_before_the_next_enters():
    curve = weighted_kaplan_meier([3, 8, 9], [1, 1, 0], entry=[-1, 4, 4], weight=[0.3, 0.1, 0.7])
    assert (curve["survival"][1:] == 0).all() and curve["n_at_risk"].tolist() == [1, 1, 2, 1]
    assert curve["std_err"][1:].isna().all()


def test_start_is_the_landmark():
    late = weighted_kaplan_meier([35, 50, 60], [1, 1, 0], start=30, weight=[1, 2, 1])
    assert late["time_days"].tolist() == [30, 35, 50, 60]
    with pytest.raises(UsageError):
        weighted_kaplan_meier([20, 50], [1, 1], start=30)


def test_deaths_on_day_0_count():
    curve = weighted_kaplan_meier([0, 0, 4], [1, 0, 1], weight=[1, 1, 2])
    assert curve["time_days"].tolist() == [0, 4]
    assert_allclose(curve["survival"], [0.75, 0])


@pytest.mark.parametrize("interval", ["plain", "log", "log-log"])
def test_level_and_interval(interval):
    cases = cases_of("lung")
    narrow, wide = (
        weighted_kaplan_meier(
            cases["time"], cases["event"], weight=cases["weight"], level=level, interval=interval
        )
        for level in (0.8, 0.99)
    )
    assert (wide["ci_lower"] <= narrow["ci_lower"]).all()
    assert wide["ci_lower"].iloc[5] < narrow["ci_lower"].iloc[5]


@pytest.fixture(params=range(40))
def sample(request):
    """Days with ties, deaths, weights, entries, clusters and the generator of one seed."""
    rng = np.random.default_rng(request.param)
    n = int(rng.integers(8, 150))
    days = rng.integers(0, int(rng.integers(3, 300)), n).astype(float)
    event = rng.random(n) < rng.uniform(0.2, 1)
    event[0] = True
    entry = np.where(rng.random(n) < 0.5, -1.0, np.floor(days * rng.random(n)))
    entry = np.where(entry < days, entry, days - 1)
    return days, event, rng.uniform(0.1, 4, n), entry, rng


def test_unit_weights_give_the_curve_of_greenwood(sample):
    days, event, _, _, _ = sample
    plain = kaplan_meier(days, event)
    found = weighted_kaplan_meier(days, event, weight=np.ones(len(days)))
    pd.testing.assert_frame_equal(found[plain.columns], plain, check_dtype=False, rtol=1e-9)


def test_clusters_of_one_are_no_clusters(sample):
    days, event, weight, entry, rng = sample
    alone = rng.permutation(len(days))
    plain = weighted_kaplan_meier(days, event, weight=weight, entry=entry)
    found = weighted_kaplan_meier(days, event, weight=weight, entry=entry, cluster=alone)
    pd.testing.assert_frame_equal(found, plain, rtol=1e-7)


def test_chunks_do_not_matter(sample, monkeypatch):
    days, event, weight, entry, rng = sample
    chosen = {"weight": weight, "entry": entry, "cluster": rng.integers(0, 9, len(days))}
    whole = weighted_kaplan_meier(days, event, **chosen)
    monkeypatch.setattr(influence, "CHUNK", 1)
    pd.testing.assert_frame_equal(weighted_kaplan_meier(days, event, **chosen), whole, rtol=1e-9)


def test_a_case_twice_in_one_cluster_is_weight_2(sample):
    days, event, weight, entry, _ = sample
    twice = np.tile(np.arange(len(days)), 2)
    found = weighted_kaplan_meier(
        days[twice], event[twice], weight=weight[twice], entry=entry[twice], cluster=twice
    )
    once = weighted_kaplan_meier(days, event, weight=2 * weight, entry=entry)
    same = ["time_days", "weighted_at_risk", "survival", "ci_lower", "ci_upper", "std_err"]
    pd.testing.assert_frame_equal(found[same], once[same], rtol=1e-7)


def test_scale_of_weights_and_order_do_not_matter(sample):
    days, event, weight, entry, rng = sample
    i = rng.permutation(len(days))
    plain = weighted_kaplan_meier(days, event, weight=weight, entry=entry)
    found = weighted_kaplan_meier(days[i], event[i], weight=7 * weight[i], entry=entry[i])
    same = ["survival", "ci_lower", "ci_upper", "std_err", "n_at_risk"]
    pd.testing.assert_frame_equal(found[same], plain[same], rtol=1e-7)


def test_influence_is_the_derivative(sample):
    """A little more weight for one case moves the estimates as its influence says."""
    days, event, weight, entry, rng = sample
    horizon, case, small = float(np.median(days)) + 1, int(rng.integers(len(days))), 1e-6
    more = weight.copy()
    more[case] += small
    plain, moved = (Follow(days, event, w, entry) for w in (weight, more))
    until = np.flatnonzero(plain.days <= horizon)[-1]
    slope = (moved.survival[until] - plain.survival[until]) / small
    found = plain.effect_on_survival(horizon)[case] / weight[case]
    assert_allclose(found, slope, atol=1e-5)
    slope = (moved.area_beyond(horizon)[0] - plain.area_beyond(horizon)[0]) / small
    found = plain.effect_on_restricted_mean(horizon)[case] / weight[case]
    assert_allclose(found, slope, atol=1e-3)


def test_curves_are_read_as_others_are():
    curve = weighted_kaplan_meier([10, 20, 55, 60], [1, 1, 1, 1], weight=[2, 2, 2, 2])
    assert quantile(curve)[0] == 37.5
    assert survival_at(curve, [20])["survival"].tolist() == [0.5]


def test_covariance_wants_a_column_per_estimate():
    with pytest.raises(UsageError) as error:
        covariance_of([1.0, 2.0])
    assert str(error.value) == "influences cannot be used:\n  - found 1 dimensions, wanted 2"


# --- log-rank ---------------------------------------------------------------------------------


def test_log_rank_family_agrees_with_r():
    # survdiff(rho, strata()); gamma and weights by the formula, case by case, in R
    expected = pd.read_csv(ORACLE / "logrank.csv")
    assert set(expected["choice"]) == {"plain", "strata", "weight"}
    for row in expected.itertuples():
        cases = cases_of(row.data)
        chosen = {
            "plain": {},
            "strata": {"strata": cases["stratum"]},
            "weight": {"weight": cases["weight"]},
        }[row.choice]
        found = log_rank(
            cases["time"], cases["event"], cases["group"], rho=row.rho, gamma=row.gamma, **chosen
        )
        assert_allclose(found["statistic"], row.statistic, rtol=1e-8, err_msg=str(row))


def test_log_rank_with_late_entry_by_hand():
    # day 2: a a b at risk, a dies: 1 - 2/3; day 4: a b b, b dies: 0 - 1/3; day 5: a b, a dies: 1/2
    found = log_rank([2, 5, 4, 6], [1, 1, 1, 0], list("aabb"), entry=[-1, -1, -1, 3])
    variance = 2 / 9 + 2 / 9 + 1 / 4
    assert_allclose(found["statistic"], (1 - 2 / 3 - 1 / 3 + 1 / 2) ** 2 / variance)


def test_weights_all_the_same_change_nothing(sample):
    days, event, _, entry, rng = sample
    group = rng.choice(["a", "b", "c"], len(days))
    plain = log_rank(days, event, group, entry=entry)
    found = log_rank(days, event, group, entry=entry, weight=np.full(len(days), 0.3))
    assert found["df"] == plain["df"] and found["note"] == plain["note"]
    assert_allclose(found["statistic"], plain["statistic"], rtol=1e-8)


def test_one_stratum_each_leaves_nothing_to_compare():
    found = log_rank([1, 2, 3, 4], [1, 1, 1, 1], list("abab"), strata=[1, 2, 3, 4])
    assert found["note"] == "not estimable: every death leaves no choice between the groups"


def test_a_case_of_weight_0_is_as_if_not_there(sample):
    days, event, weight, _, rng = sample
    group, weight = rng.choice(["a", "b"], len(days)), weight * (rng.random(len(days)) < 0.8)
    if not (event & (weight > 0)).any():
        return
    kept = weight > 0
    found = log_rank(days, event, group, weight=weight)
    without = log_rank(days[kept], event[kept], group[kept], weight=weight[kept])
    assert found == without


def test_weighted_log_rank_of_no_difference_is_uniform():
    """Under no difference, with weights that depend on a covariate, p < 0.05 one time in twenty."""
    rng, p = np.random.default_rng(11), []
    for _ in range(400):
        x = rng.random(150)
        treated = rng.random(150) < 0.25 + 0.5 * x
        weight = np.where(treated, 0.75 - 0.5 * x, 0.25 + 0.5 * x)
        days, end = rng.exponential(100 / (0.5 + x)), rng.uniform(50, 300, 150)
        p.append(log_rank(np.minimum(days, end), days < end, treated, weight=weight)["p"])
    assert 0.02 < (np.array(p) < 0.05).mean() < 0.09


def test_missing_strata_are_refused():
    with pytest.raises(UsageError) as error:
        log_rank([1, 2], [1, 1], ["a", "b"], strata=["x", None])
    assert str(error.value) == "strata cannot be used:\n  - 1 cases have none"


# --- Holm -------------------------------------------------------------------------------------


def test_holm_by_hand():
    # R: p.adjust(c(0.01, 0.02, 0.03, 0.005), "holm") = 0.03, 0.04, 0.04, 0.02
    assert_allclose(holm([0.01, 0.02, 0.03, 0.005]), [0.03, 0.04, 0.04, 0.02])
    assert_allclose(holm([0.6, 0.7]), [1, 1])
    assert holm([]).tolist() == [] and np.isnan(holm([np.nan])).all()


def test_holm_wants_probabilities():
    with pytest.raises(UsageError) as error:
        holm([0.5, 1.5])
    assert str(error.value) == "p values cannot be used:\n  - found one outside 0 to 1"
