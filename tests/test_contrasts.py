"""Restricted means, survival on a day and their differences: R, identities, bootstrap."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from mescc_analytics.errors import UsageError
from mescc_analytics.stats import bootstrap
from mescc_analytics.stats.bootstrap import (
    Measure,
    bootstrap_differences,
    read_off,
    resampled_counts,
)
from mescc_analytics.stats.contrasts import Sample, group_differences, group_estimates
from mescc_analytics.stats.curves import kaplan_meier, quantile, restricted_mean, survival_at
from mescc_analytics.stats.influence import Follow
from mescc_analytics.stats.weighted import weighted_kaplan_meier

ORACLE = Path(__file__).parent / "oracle" / "weighted"
MEANS = pd.read_csv(ORACLE / "rmst.csv").groupby(["data", "choice", "horizon"], sort=False)


def oracle_sample(data, choice="plain", **choices):
    cases = pd.read_csv(ORACLE / f"data_{data}.csv", float_precision="round_trip")
    names = {*choice.split("_")} - {"plain"}
    group = pd.Categorical(cases["group"], cases["group"].unique())
    chosen = {name: cases[name] for name in names} | choices
    return Sample.of(cases["time"], cases["event"], group, **chosen)


@pytest.mark.parametrize("data, choice, horizon", MEANS.groups)
def test_restricted_means_agree_with_r(data, choice, horizon):
    # residuals(survfit, type = "rmst"); without weights survRM2's formula too
    expected = MEANS.get_group((data, choice, horizon))
    found = group_estimates(oracle_sample(data, choice), "restricted_mean", horizon)
    assert found["group"].tolist() == expected["group"].tolist()
    assert_allclose(found["estimate"], expected["estimate"], rtol=1e-8)
    assert_allclose(found["std_err"], expected["std_err"], rtol=1e-8)
    if choice == "plain":
        assert_allclose(found["std_err"], expected["greenwood"], rtol=1e-8)


def test_difference_and_ratio_of_restricted_means():
    # survRM2: difference +- 1.96 root of the sum of the variances; ratio on the log scale
    for (_, _, horizon), rows in MEANS:
        if rows["data"].iloc[0] != "lung" or rows["choice"].iloc[0] != "plain":
            continue
        (m, f), (se_m, se_f) = rows["estimate"], rows["greenwood"]
        sample = oracle_sample("lung")
        found = group_differences(sample, "restricted_mean", horizon, reference="m").iloc[0]
        half = 1.959963984540054 * np.hypot(se_m, se_f)
        assert_allclose(
            found[["difference", "ci_lower", "ci_upper"]].astype(float),
            [f - m, f - m - half, f - m + half],
            rtol=1e-8,
        )
        half = 1.959963984540054 * np.hypot(se_m / m, se_f / f)
        ratio = f / m * np.exp([0, -half, half])
        columns = ["ratio", "ratio_lower", "ratio_upper"]
        assert_allclose(found[columns].astype(float), ratio, rtol=1e-8)


def test_survival_on_a_day_agrees_with_r():
    expected = pd.read_csv(ORACLE / "km.csv").query("data == 'lung' and choice == 'weight'")
    row = expected[(expected["interval"] == "plain") & (expected["time"] <= 300)].iloc[-1]
    cases = pd.read_csv(ORACLE / "data_lung.csv", float_precision="round_trip")
    everyone = np.full(len(cases), "all")
    sample = Sample.of(cases["time"], cases["event"], everyone, weight=cases["weight"])
    found = group_estimates(sample, "survival", 300).iloc[0]
    columns = ["estimate", "std_err", "ci_lower", "ci_upper"]
    wanted = row[["survival", "std_err", "ci_lower", "ci_upper"]].astype(float)
    assert_allclose(found[columns].astype(float), wanted, rtol=1e-8)


def test_milestone_difference_by_hand():
    # 1 of 4 dead by day 10 against 2 of 4: difference 1/4, variance 3/64 + 4/64
    sample = Sample.of([5, 20, 20, 20, 5, 6, 20, 20], [1, 0, 0, 0, 1, 1, 0, 0], list("aaaabbbb"))
    found = group_differences(sample, "survival", 10, reference="b").iloc[0]
    half = 1.959963984540054 * np.sqrt(7 / 64)
    assert_allclose(
        found[["difference", "ci_lower", "ci_upper"]].astype(float),
        [0.25, 0.25 - half, 0.25 + half],
    )
    assert 0.4 < found["p"] < 0.5


def test_restricted_mean_of_unit_weights_is_that_of_the_curve():
    sample = oracle_sample("veteran")
    found = group_estimates(sample, "restricted_mean", 90, level=0.9)
    for code, name in enumerate(sample.names):
        chosen = sample.group == code
        curve = kaplan_meier(sample.time[chosen], sample.event[chosen])
        wanted = restricted_mean(curve, 90, 0.9)
        row = found[found["group"] == name].iloc[0]
        assert_allclose(
            row[["estimate", "ci_lower", "ci_upper"]].astype(float),
            [wanted.estimate, wanted.lower, wanted.upper],
        )


def test_a_cluster_in_both_groups_takes_their_covariance_along():
    """Twins who share their fate: the difference of the groups has no variance of the pairs."""
    days = np.array([3.0, 8, 12, 20, 25, 31])
    shared = Sample.of(
        np.tile(days, 2), np.ones(12), np.repeat(["a", "b"], 6), cluster=np.tile(range(6), 2)
    )
    alone = Sample.of(np.tile(days, 2), np.ones(12), np.repeat(["a", "b"], 6))
    together = group_differences(shared, "restricted_mean", 25)
    assert together["note"].tolist() == ["interval not estimable: a curve has no variance"]
    apart = group_differences(alone, "restricted_mean", 25).iloc[0]
    assert apart["difference"] == 0 and apart["ci_lower"] < -1


def test_landmark_is_counted_from_time_zero():
    sample = Sample.of([40, 60, 70], [1, 1, 0], list("aaa"), start=30)
    # 10 days of 1, 20 of 2/3
    found = group_estimates(sample, "restricted_mean", 60)
    assert_allclose(found["estimate"], 30 + 10 + 20 * 2 / 3)


def test_what_cannot_be_estimated_says_so():
    sample = Sample.of([5, 8, 9, 20], [1, 0, 1, 0], list("aabb"))
    found = group_estimates(sample, "restricted_mean", 15)
    reason = "not estimable: follow-up ends on day 8, before day 15"
    assert found["note"].tolist() == [reason, ""]
    assert found["estimate"].isna().tolist() == [True, False]
    pair = group_differences(sample, "survival", 15).iloc[0]
    assert pair["note"] == f"a: {reason}" and np.isnan(pair["difference"])
    start = group_estimates(sample, "survival", 0)["note"].iloc[0]
    assert start == "not estimable: day 0 is not after the start, day 0"
    flat = group_estimates(sample, "survival", 4)
    assert flat["estimate"].tolist() == [1, 1] and flat["ci_lower"].isna().all()
    assert (flat["note"] == "interval not estimable: the curve has no variance").all()


def test_level_and_reference():
    sample = oracle_sample("veteran", "weight")
    narrow, wide = (
        group_differences(sample, "survival", 90, reference="large", level=level)
        for level in (0.8, 0.99)
    )
    assert (wide["ci_lower"] < narrow["ci_lower"]).all() and len(wide) == 3
    assert set(wide["reference"]) == {"large"}
    with pytest.raises(UsageError) as error:
        group_differences(sample, "survival", 90, reference="none")
    assert "found 'none', wanted one of squamous, smallcell, adeno, large" in str(error.value)


def test_unknown_measures_are_refused():
    sample = Sample.of([1, 2], [1, 1], ["a", "b"])
    with pytest.raises(UsageError) as error:
        group_estimates(sample, "mean", 1)
    message = "found 'mean', wanted one of restricted_mean, survival"
    assert str(error.value) == f"measure cannot be used:\n  - {message}"
    with pytest.raises(UsageError):
        bootstrap_differences(sample, [Measure("mean")], np.random.default_rng(1), n_resamples=2)


def test_groups_are_checked_and_empty_ones_left_out():
    with pytest.raises(UsageError):
        Sample.of([1, 2], [1, 1], ["a", None])
    assert Sample.of([1, 2], [1, 1], pd.Categorical(["a", "b"], ["z", "b", "a"])).names == (
        "b",
        "a",
    )


# --- bootstrap --------------------------------------------------------------------------------

MEASURES = [Measure("median"), Measure("survival", 50.0), Measure("restricted_mean", 60.0)]


@pytest.fixture(params=range(20))
def sample(request):
    rng = np.random.default_rng(request.param)
    n = int(rng.integers(20, 80))
    days = rng.integers(1, 120, n).astype(float)
    entry = np.where(rng.random(n) < 0.6, -1.0, np.floor(days * rng.random(n)))
    entry = np.minimum(entry, days - 1)
    group = pd.Categorical(np.tile(["a", "b"], n)[:n])
    chosen = {"weight": rng.uniform(0.2, 3, n)} | ({"entry": entry} if request.param % 2 else {})
    return Sample.of(days, rng.random(n) < 0.7, group, **chosen), rng


def test_a_resample_is_a_weighted_curve(sample):
    """Counting cases several times is the same as weighting them, curve by curve."""
    sample, rng = sample
    counts = resampled_counts(len(sample.time), rng, 5)
    found = read_off(sample, MEASURES, counts)
    for drawn, of_groups in zip(counts, found, strict=True):
        for code in range(2):
            chosen = (sample.group == code) & (drawn > 0)
            weight = (sample.weight * drawn)[chosen]
            entry = None if sample.entry is None else sample.entry[chosen]
            days, event = sample.time[chosen], sample.event[chosen]
            curve = weighted_kaplan_meier(days, event, weight=weight, entry=entry)
            follow = Follow(days, event, weight, entry)
            area = follow.area_beyond(60.0)[0]
            if 60 > follow.days[-1] and follow.survival[-1] > 0:
                area = np.nan
            at = survival_at(curve, [50.0])["survival"].iloc[0]
            wanted = [quantile(curve)[0], at, area]
            assert_allclose(of_groups[code], wanted, rtol=1e-9, atol=1e-12)


def test_interval_agrees_with_the_formula():
    sample = oracle_sample("lung", "weight")
    rng = np.random.default_rng(4)
    found = bootstrap_differences(
        sample, [Measure("restricted_mean", 500.0)], rng, n_resamples=2000
    ).iloc[0]
    wanted = group_differences(sample, "restricted_mean", 500).iloc[0]
    assert_allclose(found["difference"], wanted["difference"])
    widths = [row["ci_upper"] - row["ci_lower"] for row in (found, wanted)]
    assert_allclose(*widths, rtol=0.1)


def test_median_difference_of_lung():
    # R: survfit(Surv(time, status) ~ sex): medians 270 and 426 with all 228 cases
    sample = oracle_sample("lung")
    medians = [
        quantile(kaplan_meier(sample.time[sample.group == k], sample.event[sample.group == k]))[0]
        for k in range(2)
    ]
    rng = np.random.default_rng(1)
    found = bootstrap_differences(sample, [Measure("median")], rng, n_resamples=500).iloc[0]
    assert found["difference"] == medians[1] - medians[0]
    assert 20 < found["ci_lower"] < found["difference"] < found["ci_upper"] < 400
    narrow = bootstrap_differences(
        sample, [Measure("median")], np.random.default_rng(1), n_resamples=500, level=0.5
    ).iloc[0]
    assert narrow["ci_lower"] > found["ci_lower"]
    turned = bootstrap_differences(
        sample, [Measure("median")], np.random.default_rng(1), n_resamples=500, reference="f"
    ).iloc[0]
    assert turned["difference"] == -found["difference"]


def test_clusters_are_drawn_together(rng):
    cluster = np.array([0, 0, 1, 2, 2, 2])
    counts = resampled_counts(6, rng, 50, cluster)
    assert (counts[:, 0] == counts[:, 1]).all() and (counts[:, 3] == counts[:, 5]).all()
    assert (counts[:, [0, 2, 3]].sum(axis=1) == 3).all()


def test_chunks_of_resamples(monkeypatch):
    sample = oracle_sample("veteran")
    monkeypatch.setattr(bootstrap, "CHUNK", 500)
    found = bootstrap_differences(sample, MEASURES, np.random.default_rng(2), n_resamples=40)
    assert len(found) == 9 and found["ci_lower"].notna().all()


def test_medians_that_are_not_reached_have_no_interval():
    sample = Sample.of([5, 8, 9, 20] * 3, [1, 0, 0, 0] * 3, list("aabb") * 3)
    found = bootstrap_differences(sample, [Measure("median")], np.random.default_rng(1))
    assert found["note"].tolist() == ["not estimable: not reached in both groups"]


def test_resamples_are_counted():
    with pytest.raises(UsageError) as error:
        resampled_counts(3, np.random.default_rng(1), 0)
    assert str(error.value) == "resamples cannot be used:\n  - found 0, wanted at least 1"


@pytest.mark.parametrize("seed", range(60))
def test_small_samples_have_an_estimate_or_a_reason(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 14))
    days, event = rng.integers(0, 12, n).astype(float), rng.random(n) < rng.choice([0, 0.2, 0.6, 1])
    weight = rng.choice([1, 0.5, 2.3, 1e-3, 0], n)
    weight[0] = 1
    entry = np.minimum(np.where(rng.random(n) < 0.5, -1, np.floor(days * rng.random(n))), days - 1)
    group, cluster = rng.choice(list("abc"), n), rng.integers(0, 3, n)
    for choices in ({}, {"weight": weight}, {"entry": entry, "cluster": cluster}):
        sample = Sample.of(days, event, group, **choices)
        for measure in ("survival", "restricted_mean"):
            of_groups = group_estimates(sample, measure, 5.0)
            assert (of_groups["ci_lower"].notna() | (of_groups["note"] != "")).all()
            pairs = group_differences(sample, measure, 5.0)
            assert (pairs["p"].notna() | (pairs["note"] != "")).all()
        drawn = bootstrap_differences(sample, MEASURES, rng, n_resamples=10)
        assert (drawn["ci_lower"].notna() | (drawn["note"] != "")).all()
