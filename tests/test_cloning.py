"""Clone, censor, weight: by hand, against a known truth, and where it cannot be."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from mescc_analytics.errors import UsageError
from mescc_analytics.stats.bootstrap import Measure
from mescc_analytics.stats.cloning import Strategy, clone, weighted_rows
from mescc_analytics.stats.cox import fit_cox
from mescc_analytics.stats.emulation import Emulation, emulation_contrasts

NONE, EARLY = Strategy("none", None, (10,)), Strategy("early", "op", (10,))


def test_clones_by_hand():
    #           treated 5   never     dies day 8  treated 20  other day 3  dies when treated
    days = [50, 50, 8, 50, 50, 6]
    died = [1, 0, 1, 1, 1, 1]
    treatment = ["op", None, None, "op", "rt", "op"]
    began = [5, np.nan, np.nan, 20, 3, 6]
    found = clone(days, died, treatment, began, [NONE, EARLY])
    none, early = (found.strategy == k for k in range(2))
    assert found.time[none].tolist() == [5, 50, 8, 50, 3, 6]
    assert found.event[none].tolist() == [False, False, True, True, False, False]
    assert found.deviated[none].tolist() == [True, False, False, False, True, True]
    assert found.time[early].tolist() == [50, 10, 8, 10, 3, 6]
    assert found.event[early].tolist() == [True, False, True, False, False, True]
    assert found.deviated[early].tolist() == [False, True, False, True, True, False]
    assert found.secured[early].tolist() == [5, np.inf, np.inf, np.inf, np.inf, 6]
    assert found.counts()["n_deviated"].tolist() == [3, 3]
    assert found.counts()["n_events"].tolist() == [2, 3]


def test_death_on_the_last_day_of_grace_counts():
    found = clone([10, 10], [1, 0], [None, None], [np.nan, np.nan], [NONE, EARLY])
    assert not found.deviated.any() and found.event.tolist() == [True, False, True, False]


def test_weights_by_hand():
    # of four who live on and do not differ, one is treated: 1 / (1/4) and 1 / (3/4) after day 10
    treatment, began = ["op", None, None, None] * 2, [5, np.nan, np.nan, np.nan] * 2
    x = np.repeat([0.0, 1.0], 4)[:, np.newaxis]
    clones = clone([50] * 8, [1] * 8, treatment, began, [NONE, EARLY])
    rows, notes = weighted_rows(clones, x, ["x"])
    assert notes == ["", ""]
    late = rows[rows["entry"] == 10].groupby("strategy")["weight"].agg(["size", "first"])
    assert late["size"].tolist() == [6, 2]
    assert_allclose(late["first"], [4 / 3, 4])
    first = rows[rows["entry"] == -np.inf]
    assert (first["weight"] == 1).all() and (first["time"] <= 10).all() and not first["event"].any()
    # everybody is stood for: as many as there are
    assert_allclose(rows[rows["entry"] == 10].groupby("strategy")["weight"].sum(), [8, 8])


def test_weights_depend_on_the_covariates():
    # treated: one of four with x = 0, two of four with x = 1
    treatment = ["op", None, None, None, "op", "op", None, None]
    began = [5 if value else np.nan for value in treatment]
    x = np.repeat([0.0, 1.0], 4)[:, np.newaxis]
    clones = clone([50] * 8, [1] * 8, treatment, began, [NONE, EARLY])
    rows, _ = weighted_rows(clones, x, ["x"])
    early = rows[(rows["entry"] == 10) & (rows["strategy"] == 1)]
    assert_allclose(early["weight"], [4, 2, 2], rtol=1e-8)
    none = rows[(rows["entry"] == 10) & (rows["strategy"] == 0)]
    assert_allclose(none["weight"], [4 / 3] * 3 + [2] * 2, rtol=1e-8)
    capped, _ = weighted_rows(clones, x, ["x"], cap=0.5)
    assert capped["weight"].max() < rows["weight"].max()


def test_counts_are_copies():
    rng = np.random.default_rng(5)
    time, event, treatment, began, x = cohort(400, rng)
    count = rng.integers(0, 3, 400)
    copies = np.repeat(np.arange(400), count)
    strategies = [Strategy("none", None, (10, 20, 30)), Strategy("early", "op", (30,))]
    clones = clone(time, event, treatment, began, strategies)
    repeated = clone(time[copies], event[copies], treatment[copies], began[copies], strategies)
    rows, _ = weighted_rows(clones, x, ["x"], counts=count)
    twice, _ = weighted_rows(repeated, x[copies], ["x"])
    for key in ("strategy", "entry", "time", "event"):
        found, wanted = (t.groupby(key)["weight"].sum() for t in (rows, twice))
        assert_allclose(found, wanted, rtol=1e-8)


def cohort(n, rng, effect=1.0):
    """Half are sick: they die earlier and are treated later, if they live to be."""
    sick = rng.random(n) < 0.5
    hazard, size = np.where(sick, 1 / 50, 1 / 150), rng.exponential(size=n)
    wanted = np.ceil(rng.exponential(np.where(sick, 60, 15)))
    wanted = np.where(wanted <= 30, wanted, 1e9)
    treated_death = wanted + (size - hazard * wanted) / (hazard * effect)
    death = np.where(size > hazard * wanted, treated_death, size / hazard)
    end = rng.uniform(200, 600, n)
    time, event = np.ceil(np.minimum(death, end)), death <= end
    treated = wanted < time
    treatment = np.where(treated, "op", None)
    return time, event, treatment, np.where(treated, wanted, np.nan), sick[:, np.newaxis] * 1.0


def truth(effect, day=180):
    """Survival without treatment, and with treatment by day 30, by the formula of the cohort."""
    none, early = [], []
    for hazard, scale in ((1 / 50, 60), (1 / 150, 15)):
        days = np.arange(1, 31)
        share = np.exp(-(days - 1) / scale) - np.exp(-days / scale)
        by_30 = share @ np.exp(-hazard * days - hazard * effect * (30 - days))
        by_30 += np.exp(-30 / scale) * np.exp(-30 * hazard)
        none.append(np.exp(-hazard * day))
        early.append(by_30 * np.exp(-hazard * effect * (day - 30)))
    return np.mean(none), np.mean(early)


STRATEGIES = [Strategy("none", None, tuple(range(3, 31, 3))), Strategy("early", "op", (30,))]
SURVIVAL = [Measure("survival", 180.0), Measure("hazard_ratio", 180.0)]


@pytest.mark.parametrize("effect", [1.0, 0.4])
def test_truth_is_recovered_where_the_naive_contrast_is_not(effect):
    time, event, treatment, began, x = cohort(12_000, np.random.default_rng(8), effect)
    emulation = Emulation(clone(time, event, treatment, began, STRATEGIES), x, ("x",))
    found, notes = emulation.estimates(SURVIVAL)
    assert notes == ["", ""]
    # standard error of a survival of one half in 6,000 cases: 0.006
    assert_allclose(found[:, 0], truth(effect), atol=0.015)
    treated = np.isfinite(began)
    naive = [np.mean(time[group] > 180) for group in (~treated, treated)]
    assert naive[1] - naive[0] > truth(effect)[1] - truth(effect)[0] + 0.1
    if effect == 1:
        assert abs(np.log(found[1, 1])) < 0.06
        model = np.column_stack([treated, x])
        end, died = np.minimum(time, 180), event & (time <= 180)
        adjusted = fit_cox(end, died, model, ["treated", "x"])
        assert np.exp(adjusted.coefficients[0]) < 0.8


def test_without_the_confounder_the_difference_is_wrong():
    time, event, treatment, began, x = cohort(12_000, np.random.default_rng(8))
    noise = np.random.default_rng(1).normal(size=x.shape)
    emulation = Emulation(clone(time, event, treatment, began, STRATEGIES), noise, ("x",))
    found, _ = emulation.estimates(SURVIVAL)
    assert found[1, 0] - found[0, 0] > 0.08


def test_bootstrap_intervals_hold_the_truth():
    measures = [*SURVIVAL, Measure("restricted_mean", 180.0)]
    strategies = [Strategy("none", None, (10, 20, 30)), Strategy("early", "op", (30,))]
    time, event, treatment, began, x = cohort(400, np.random.default_rng(2), 0.4)
    emulation = Emulation(clone(time, event, treatment, began, strategies), x, ("x",))
    frames = [
        emulation_contrasts(
            emulation, measures, np.random.default_rng(seed), n_resamples=60, **choice
        )
        for seed, choice in ((1, {}), (1, {"level": 0.5}), (2, {}))
    ]
    wide, narrow, other = frames
    none, early = truth(0.4)
    row = wide.iloc[0]
    assert (row["group"], row["reference"], row["day"]) == ("early", "none", 180)
    assert row["ci_lower"] < early - none < row["ci_upper"]
    assert_allclose(row["of_group"] - row["of_reference"], row["estimate"])
    assert (wide["ci_lower"] < wide["estimate"]).all() and (wide["note"] == "").all()
    assert (wide["estimate"] < wide["ci_upper"]).all()
    assert (narrow["ci_lower"] > wide["ci_lower"]).all()
    assert (other["ci_lower"] != wide["ci_lower"]).all()
    assert wide["estimate"].iloc[1] < 0.8 and wide["estimate"].iloc[2] > 5
    again = emulation_contrasts(emulation, measures, np.random.default_rng(1), n_resamples=60)
    pd.testing.assert_frame_equal(again, wide)


def test_a_strategy_that_nobody_can_follow_says_so():
    clones = clone([50] * 6, [1] * 6, [None] * 6, [np.nan] * 6, [NONE, EARLY])
    x = np.arange(6.0)[:, np.newaxis]
    rows, notes = weighted_rows(clones, x, ["x"])
    assert notes == ["", "not estimable: by day 10 everybody who could deviate did"]
    assert set(rows["strategy"]) == {0}
    found = emulation_contrasts(
        Emulation(clones, x, ("x",)), SURVIVAL, np.random.default_rng(1), n_resamples=3
    )
    assert found["note"].iloc[0] == f"early: {notes[1]}" and found["estimate"].isna().all()


def test_a_covariate_that_decides_says_so():
    treatment = ["op"] * 4 + [None] * 4
    began = [5.0] * 4 + [np.nan] * 4
    x = np.repeat([0.0, 1.0], 4)[:, np.newaxis]
    _, notes = weighted_rows(clone([50] * 8, [1] * 8, treatment, began, [NONE, EARLY]), x, ["x"])
    assert notes == ["not estimable: x separates the levels"] * 2


def test_without_any_covariate_the_weights_are_those_of_the_share_that_deviates():
    treatment, began = ["op"] * 2 + [None] * 6, [5.0] * 2 + [np.nan] * 6
    clones = clone([50] * 8, [1] * 8, treatment, began, [NONE, EARLY])
    rows, notes = weighted_rows(clones, np.empty((8, 0)), [])
    assert notes[0] == ""
    of_none = rows[rows["strategy"] == 0]
    # two of eight deviate: the other six count for 8 / 6 each afterwards
    assert_allclose(of_none.loc[of_none["time"] == 50, "weight"], [8 / 6] * 6)


def test_follow_up_that_ends_before_the_day():
    time, _, treatment, began, x = cohort(200, np.random.default_rng(3))
    strategies = [Strategy("none", None, (30,)), STRATEGIES[1]]
    clones = clone(time, np.zeros(200, bool), treatment, began, strategies)
    found = emulation_contrasts(
        Emulation(clones, x, ("x",)),
        [Measure("survival", 5000.0)],
        np.random.default_rng(1),
        n_resamples=3,
    )
    assert found["note"].tolist() == ["not estimable: follow-up ends before"]


def test_capped_weights_change_the_estimate():
    time, event, treatment, began, x = cohort(300, np.random.default_rng(3))
    clones = clone(time, event, treatment, began, STRATEGIES)
    plain, capped = (
        Emulation(clones, x, ("x",), cap).estimates(SURVIVAL)[0] for cap in (None, 0.8)
    )
    assert plain[1, 0] != capped[1, 0]


@pytest.mark.parametrize(
    "strategies, treatment, began, problem",
    [
        (
            [NONE, Strategy("early", "op", (20,))],
            [None],
            [np.nan],
            "strategies: wanted cuts that all end with the same day",
        ),
        (
            [NONE, Strategy("early", "op", (12, 11, 10))],
            [None],
            [np.nan],
            "strategies: found cuts that do not ascend",
        ),
        ([NONE, NONE], [None], [np.nan], "strategies: wanted two or more, each with its own name"),
        (
            [NONE, EARLY],
            ["op"],
            [np.nan],
            "wanted a day where there is a treatment, and none elsewhere",
        ),
        ([NONE, EARLY], ["op"], [60], "1 treatments begin after the last day"),
        (
            [NONE, EARLY],
            [None, None],
            [np.nan, np.nan],
            "wanted a treatment and its day for every case",
        ),
    ],
)
def test_clones_are_checked(strategies, treatment, began, problem):
    with pytest.raises(UsageError) as error:
        clone([50], [1], treatment, began, strategies)
    assert str(error.value) == f"clones cannot be used:\n  - {problem}"


def test_measures_are_checked():
    clones = clone([50, 40], [1, 1], ["op", None], [5, np.nan], [NONE, EARLY])
    with pytest.raises(UsageError):
        emulation_contrasts(
            Emulation(clones, np.ones((2, 1)), ("x",)),
            [Measure("median")],
            np.random.default_rng(1),
        )


def test_a_hazard_ratio_ends_on_its_day():
    time, event, treatment, began, x = cohort(400, np.random.default_rng(9))
    measure = [Measure("hazard_ratio", 90.0)]
    until = np.minimum(time, 90), event & (time <= 90)
    found = [
        Emulation(clone(*follow, treatment, began, STRATEGIES), x, ("x",)).estimates(measure)[0]
        for follow in ((time, event), until)
    ]
    assert_allclose(found[0], found[1], rtol=1e-10)
    later = Emulation(clone(time, event, treatment, began, STRATEGIES), x, ("x",))
    assert later.estimates([Measure("hazard_ratio", 365.0)])[0][1, 0] != found[0][1, 0]


def test_clusters_are_drawn_together():
    time, event, treatment, began, x = cohort(150, np.random.default_rng(4))
    twice = [np.r_[values, values] for values in (time, event, treatment, began)]
    clones, pairs = clone(*twice, STRATEGIES), np.tile(np.arange(150), 2)
    measure = [Measure("survival", 180.0)]
    widths = [
        np.diff(
            emulation_contrasts(
                Emulation(*given), measure, np.random.default_rng(1), n_resamples=100
            )[["ci_lower", "ci_upper"]].to_numpy()
        )[0, 0]
        for given in (
            (clone(time, event, treatment, began, STRATEGIES), x, ("x",)),
            (clones, np.r_[x, x], ("x",), None, pairs),
            (clones, np.r_[x, x], ("x",)),
        )
    ]
    # the same draws of pairs as of single cases; drawn apart the interval shrinks by a root of 2
    assert_allclose(widths[0], widths[1], rtol=1e-8)
    assert 0.55 < widths[2] / widths[0] < 0.9


def test_estimates_as_in_r():
    folder = Path(__file__).parent / "oracle"
    jasa = pd.read_csv(folder / "weighted/data_jasa.csv")
    wanted = pd.read_csv(folder / "cloning/estimates.csv")
    kind = np.where(jasa["waited"].notna(), "op", None)
    plans = [Strategy("none", None, (10, 20, 30)), Strategy("early", "op", (30,))]
    clones = clone(jasa["time"], jasa["event"], kind, jasa["waited"], plans)
    emulation = Emulation(clones, jasa[["age", "surgery"]].to_numpy(float), ("age", "surgery"))
    measures = [Measure("survival", float(day)) for day in (20, 90, 365)]
    measures += [Measure("restricted_mean", 365.0), Measure("hazard_ratio", 365.0)]
    found, notes = emulation.estimates(measures)
    assert notes == ["", ""]
    for position, plan in enumerate(plans):
        own = wanted[wanted["strategy"] == plan.name]
        assert_allclose(found[position][: len(own)], own["value"], rtol=1e-8)
