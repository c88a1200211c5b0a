"""Kaplan-Meier with delayed entry: R's survfit, identities, numbers at risk by hand."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from mescc_analytics.errors import UsageError
from mescc_analytics.stats.curves import kaplan_meier
from mescc_analytics.stats.delayed import delayed_kaplan_meier
from mescc_analytics.stats.hazards import Beside, hazard_frame
from mescc_analytics.stats.survival import SurvivalSpec, curves_by_group, summarise_survival

ORACLE = Path(__file__).parent / "oracle" / "delayed"


@pytest.mark.parametrize("data", ["heart", "lung"])
@pytest.mark.parametrize("interval", ["log-log", "log", "plain"])
def test_as_survfit(data, interval):
    cases = pd.read_csv(ORACLE / f"data_{data}.csv")
    expected = pd.read_csv(ORACLE / "km.csv").query("data == @data and interval == @interval")
    found = delayed_kaplan_meier(cases["time"], cases["event"], cases["entry"], interval=interval)
    found = found.merge(expected, on="time_days", suffixes=("", "_r"))
    assert len(found) == len(expected) > 80
    assert (found["n_at_risk"] == found["n_at_risk_r"]).all()
    shown = found[found["survival"].between(0, 1, inclusive="neither")]
    for name in ("survival", "std_err", "ci_lower", "ci_upper"):
        assert_allclose(shown[name], shown[f"{name}_r"], rtol=1e-8, atol=1e-10)


def test_by_hand_with_a_start():
    # two from the start, one enters on day 40 and one, before the start, on day 20
    curve = delayed_kaplan_meier([35, 60, 50, 70], [1, 0, 1, 1], [-1, 0, 40, 20], start=30)
    assert curve["time_days"].tolist() == [30, 35, 40, 50, 60, 70]
    assert curve["n_at_risk"].tolist() == [3, 3, 2, 3, 2, 1]
    assert curve["n_events"].tolist() == [0, 1, 0, 1, 0, 1]
    assert curve["n_censored"].tolist() == [0, 0, 0, 0, 1, 0]
    assert_allclose(curve["survival"], [1, 2 / 3, 2 / 3, 4 / 9, 4 / 9, 0])


@pytest.mark.parametrize("seed", range(20))
def test_without_late_entry_it_is_the_plain_curve(seed):
    rng = np.random.default_rng(seed)
    time, event = rng.integers(0, 60, 50).astype(float), rng.random(50) < 0.6
    entry = np.full(50, -np.inf)
    plain = kaplan_meier(time, event)
    found = delayed_kaplan_meier(time, event, entry)[list(plain)]
    pd.testing.assert_frame_equal(found, plain)
    order = rng.permutation(50)
    late = np.where(rng.random(50) < 0.3, time - 1, -np.inf)
    pd.testing.assert_frame_equal(
        delayed_kaplan_meier(time, event, late),
        delayed_kaplan_meier(time[order], event[order], late[order]),
    )


def test_entry_after_the_last_day_is_told():
    with pytest.raises(UsageError, match="1 days of entry are not before the last day"):
        delayed_kaplan_meier([5, 8], [1, 0], [0, 8])


def test_entry_reaches_curves_and_summary():
    time, event, entry = [10, 20, 30, 40], [1, 1, 1, 0], [-np.inf, 15, -np.inf, 25]
    curve = curves_by_group(time, event, entry=entry)
    assert curve.loc[curve["time_days"] == 10, "survival"].iloc[0] == 0.5
    spec = SurvivalSpec(milestones_days=(10,), horizon_days=40)
    late = summarise_survival(time, event, None, spec, entry).iloc[0]
    plain = summarise_survival(time, event, None, spec).iloc[0]
    assert late["survival_10d"] == 0.5 and plain["survival_10d"] == 0.75
    assert late["rmst_days"] != plain["rmst_days"]
    assert late["follow_up_median_days"] == plain["follow_up_median_days"] == 40


def test_clusters_and_strata_of_hazard_ratios_as_coxph_and_survdiff():
    cases = pd.read_csv(ORACLE / "data_lung_sites.csv")
    group = pd.Categorical(cases["sex"].map({1: "male", 2: "female"}), ["male", "female"])
    expected = pd.read_csv(ORACLE / "beside.csv").set_index("what")
    for what in ("cluster", "strata"):
        beside = Beside(**{what: cases["inst"].to_numpy()})
        hazards, tests = hazard_frame(cases["time"], cases["event"], group, beside=beside)
        found = hazards.loc[0, ["hazard_ratio", "ci_lower", "ci_upper"]].astype(float)
        assert_allclose(found, expected.loc[what, ["ratio", "lower", "upper"]], rtol=1e-8)
    assert_allclose(tests.loc[0, "statistic"], expected.loc["log_rank", "statistic"], rtol=1e-8)


def test_covariates_weights_and_entry_change_the_ratio():
    rng = np.random.default_rng(3)
    time, event = rng.integers(5, 90, 60).astype(float), rng.random(60) < 0.7
    group = pd.Categorical(np.where(rng.random(60) < 0.5, "a", "b"))
    x = rng.normal(size=(60, 2))
    choices = [
        Beside(),
        Beside(covariates=x),
        Beside(weight=rng.random(60) + 0.1),
        Beside(entry=np.where(x[:, 0] > 0, 4.0, -np.inf)),
        Beside(entry=np.where(x[:, 0] > 0, time - 3, -np.inf)),
    ]
    ratios = [hazard_frame(time, event, group, 0.95, c)[0]["hazard_ratio"][0] for c in choices]
    assert ratios[0] == ratios[3]  # nobody dies before day 5
    assert len(set(np.round(ratios, 12))) == 4


def test_a_ratio_stands_where_only_its_interval_is_not_estimable():
    time, event, group = [1, 2, 3, 4, 5, 6], [1] * 6, pd.Categorical(list("ababba"))
    beside = Beside(cluster=np.zeros(6))
    row = hazard_frame(time, event, group, 0.95, beside)[0].iloc[0]
    assert row["hazard_ratio"] > 0 and np.isnan(row["ci_lower"])
    assert row["note"].startswith("interval not estimable: 1 clusters for 1 coefficients")
