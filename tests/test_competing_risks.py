"""Cumulative incidence, Gray's test, Fine-Gray and cause-specific ratios: R, identities, hand."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from mescc_analytics.errors import UsageError
from mescc_analytics.stats.competing import (
    IncidenceSpec,
    cumulative_incidence,
    incidence_at,
    incidence_by_group,
)
from mescc_analytics.stats.competing_hazards import competing_hazards
from mescc_analytics.stats.curves import kaplan_meier
from mescc_analytics.stats.fine_gray import fit_fine_gray
from mescc_analytics.stats.gray import gray_test

ORACLE = Path(__file__).parent / "oracle" / "competing"
CAUSES = ["one", "two"]
SEEDS = range(50)


def oracle(name, **chosen):
    frame = pd.read_csv(ORACLE / f"{name}.csv", float_precision="round_trip")
    for key, value in chosen.items():
        frame = frame[frame[key] == value]
    return frame.reset_index(drop=True)


DATA = sorted(oracle("gray")["data"].unique())


def test_by_hand():
    # 5 cases; failure on day 2 (1/5), death on day 3 (1/4 of 4/5), failure on day 6 (1/2 of 3/5)
    found = cumulative_incidence([2, 3, 4, 6, 8], [1, 2, 0, 1, 0], ["failure", "death"])
    failure = found[found["cause"] == "failure"]
    assert failure["time_days"].tolist() == [0, 2, 3, 4, 6, 8]
    assert failure["n_at_risk"].tolist() == [5, 5, 4, 3, 2, 1]
    assert failure["n_events"].tolist() == [0, 1, 0, 0, 1, 0]
    assert failure["n_censored"].tolist() == [0, 0, 0, 1, 0, 1]
    assert_allclose(failure["incidence"], [0, 0.2, 0.2, 0.2, 0.5, 0.5])
    assert_allclose(found.loc[found["cause"] == "death", "incidence"], [0, 0, 0.2, 0.2, 0.2, 0.2])


@pytest.mark.parametrize("data", DATA)
def test_incidence_agrees_with_multi_state_survfit(data):
    # survfit(Surv(time, factor(cause)) ~ 1): estimate, standard error, limits
    cases = oracle(f"data_{data}")
    expected = oracle("incidence", data=data)
    for (interval, level), rows in expected.groupby(["interval", "level"]):
        spec = IncidenceSpec(level=level, interval=interval)
        found = cumulative_incidence(cases["time"], cases["cause"], CAUSES, spec=spec)
        for code, wanted in rows.groupby("cause"):
            curve = found[found["cause"] == CAUSES[code - 1]].set_index("time_days")
            curve = curve.loc[wanted["time"].to_numpy(float)]
            assert_array_equal(curve["n_at_risk"], wanted["n_at_risk"])
            assert_array_equal(curve["n_events"], wanted["n_events"])
            assert_allclose(curve["incidence"], wanted["incidence"], rtol=1e-10, atol=1e-14)
            # the square root turns rounding of 1e-17 into 1e-9 where the variance is 0
            assert_allclose(curve["std_err"], wanted["std_err"], rtol=1e-8, atol=1e-8)
            limits = wanted["std_err"].to_numpy() > 1e-8
            limits &= (wanted["incidence"] < 1 - 1e-12).to_numpy()
            for ours, theirs in (("ci_lower", "lower"), ("ci_upper", "upper")):
                ours, theirs = curve[ours].to_numpy()[limits], wanted[theirs].to_numpy()[limits]
                assert_allclose(np.clip(ours, 0, 1), np.clip(theirs, 0, 1), rtol=1e-8)


@pytest.mark.parametrize("data", DATA)
def test_other_variance_agrees_with_cuminc(data):
    cases, expected = oracle(f"data_{data}"), oracle("cuminc", data=data).dropna()
    spec = IncidenceSpec(variance="aalen")
    found = cumulative_incidence(cases["time"], cases["cause"], CAUSES, spec=spec)
    for code, wanted in expected.groupby("cause"):
        curve = found[found["cause"] == CAUSES[code - 1]].set_index("time_days")
        curve = curve.loc[wanted["time"].to_numpy(float)]
        assert_allclose(curve["incidence"], wanted["incidence"], rtol=1e-10, atol=1e-14)
        assert_allclose(curve["std_err"] ** 2, wanted["variance"], rtol=1e-8, atol=1e-16)


def test_delayed_entry_agrees_with_etm():
    cases = oracle("data_delayed")
    spec = IncidenceSpec(start_days=0)
    found = cumulative_incidence(
        cases["time"], cases["cause"], CAUSES, entry=cases["entry"], spec=spec
    )
    for code, wanted in oracle("delayed").groupby("cause"):
        curve = found[found["cause"] == CAUSES[code - 1]].set_index("time_days")
        curve = curve.loc[wanted["time"].to_numpy(float)]
        assert_allclose(curve["incidence"], wanted["incidence"], rtol=1e-8, atol=1e-12)
        assert_allclose(curve["std_err"] ** 2, wanted["variance"], rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize("data", DATA)
def test_gray_agrees_with_cuminc(data):
    cases, expected = oracle(f"data_{data}"), oracle("gray", data=data)
    assert len(expected)
    for row in expected.itertuples():
        found = gray_test(cases["time"], cases["cause"], cases["group"], of=row.cause, rho=row.rho)
        assert found["df"] == row.df and found["note"] == ""
        assert_allclose(found["statistic"], row.statistic, rtol=1e-8)
        # R takes the upper tail as 1 minus the lower one
        assert_allclose(found["p"], row.p, rtol=1e-8, atol=1e-15)


def test_fine_gray_agrees_with_crr():
    expected = oracle("crr")
    for (data, cause), rows in expected.groupby(["data", "cause"]):
        cases, terms = oracle(f"data_{data}"), list(rows["term"])
        fit = fit_fine_gray(cases["time"], cases["cause"], cases[terms], terms, of=cause)
        assert fit.converged and not fit.runaway.any()
        assert_allclose(fit.coefficients, rows["coefficient"], rtol=1e-8)
        assert_allclose(np.sqrt(np.diag(fit.covariance)), rows["std_err"], rtol=1e-8)
        assert_allclose(fit.log_likelihood, rows["loglik"].iloc[0], rtol=1e-10)
        assert_allclose(fit.loglik_null, rows["loglik_null"].iloc[0], rtol=1e-10)


def test_fine_gray_agrees_with_finegray_where_nothing_is_tied_to_a_censoring():
    for (data, cause), rows in oracle("finegray").groupby(["data", "cause"]):
        cases, terms = oracle(f"data_{data}"), list(rows["term"])
        time = cases["time"] + np.where(cases["cause"] == 0, 0.01, 0)
        fit = fit_fine_gray(time, cases["cause"], cases[terms], terms, of=cause)
        assert_allclose(fit.coefficients, rows["coefficient"], rtol=1e-8)


def test_hazards_of_groups_agree_with_r():
    compared = 0
    for (data, cause), rows in oracle("hazards").groupby(["data", "cause"]):
        cases = oracle(f"data_{data}")
        group = pd.Categorical(cases["group"], cases["group"].unique())
        found = competing_hazards(cases["time"], cases["cause"], CAUSES, group)
        found = found[found["cause"] == CAUSES[cause - 1]].set_index(["model", "group"])
        if pd.crosstab(cases["group"], cases["cause"])[cause].eq(0).any():
            continue
        wanted = rows.set_index(["model", "group"])
        for name in ("hazard_ratio", "ci_lower", "ci_upper"):
            values = found.loc[wanted.index, name].astype(float)
            assert_allclose(values, wanted[name], rtol=1e-8)
        compared += 1
    assert compared >= 6


@pytest.fixture(params=SEEDS)
def sample(request):
    """Days, causes and groups of one seed, with ties on every scale."""
    rng = np.random.default_rng(request.param)
    n = int(rng.integers(8, 200))
    days = rng.integers(0, int(rng.integers(3, 400)), n) / rng.choice([1, 4])
    cause = rng.choice([0, 1, 2], n, p=rng.dirichlet([2, 2, 2]))
    cause[:4] = [1, 2, 1, 2]
    return days, cause, rng.choice(["a", "b"], n), rng


def test_probabilities_add_up_to_1(sample):
    days, cause, _, _ = sample
    found = cumulative_incidence(days, cause, CAUSES)
    event_free = kaplan_meier(days, cause > 0).set_index("time_days")["survival"]
    total = found.groupby("time_days")["incidence"].sum()
    assert_allclose(total + event_free.loc[total.index], 1, rtol=0, atol=1e-12)


def test_without_competing_events_it_is_1_minus_kaplan_meier(sample):
    days, cause, _, _ = sample
    curve = kaplan_meier(days, cause > 0)
    found = cumulative_incidence(days, cause > 0, ["any"])
    assert_allclose(found["incidence"], 1 - curve["survival"], rtol=0, atol=1e-12)
    assert_allclose(
        found["std_err"] ** 2, np.nan_to_num(curve["std_err"]) ** 2, rtol=1e-8, atol=1e-14
    )


def test_never_above_1_minus_kaplan_meier(sample):
    days, cause, _, _ = sample
    found = cumulative_incidence(days, cause, CAUSES)
    for code, name in enumerate(CAUSES, start=1):
        naive = 1 - kaplan_meier(days, cause == code)["survival"].to_numpy()
        values = found.loc[found["cause"] == name, "incidence"].to_numpy()
        assert (values <= naive + 1e-12).all() and (np.diff(values) >= 0).all()


def test_every_case_twice(sample):
    days, cause, _, _ = sample
    once = cumulative_incidence(days, cause, CAUSES)
    twice = cumulative_incidence(np.tile(days, 2), np.tile(cause, 2), CAUSES)
    assert_allclose(once["incidence"], twice["incidence"], rtol=0, atol=1e-12)
    # Greenwood's variance depends on the shares and 1 / n only
    assert_allclose(once["std_err"] ** 2, 2 * twice["std_err"] ** 2, rtol=1e-9, atol=1e-14)


def test_order_of_the_cases_does_not_matter(sample):
    days, cause, group, rng = sample
    order = rng.permutation(len(days))
    pd.testing.assert_frame_equal(
        cumulative_incidence(days, cause, CAUSES),
        cumulative_incidence(days[order], cause[order], CAUSES),
    )
    assert gray_test(days, cause, group) == gray_test(days[order], cause[order], group[order])


def test_names_of_the_groups_do_not_matter(sample):
    days, cause, group, _ = sample
    renamed = np.where(group == "a", "z", "b")
    first, second = gray_test(days, cause, group), gray_test(days, cause, renamed)
    assert_allclose(first["statistic"], second["statistic"], rtol=1e-8)


def test_curves_of_groups_are_those_of_their_cases(sample):
    days, cause, group, _ = sample
    together = incidence_by_group(days, cause, CAUSES, pd.Categorical(group, ["b", "x", "a"]))
    assert together["group"].unique().tolist() == [g for g in ("b", "a") if (group == g).any()]
    alone = cumulative_incidence(days[group == "a"], cause[group == "a"], CAUSES)
    own = together[together["group"] == "a"].drop(columns="group").reset_index(drop=True)
    pd.testing.assert_frame_equal(own, alone)


def test_a_start_after_zero():
    spec = IncidenceSpec(start_days=30)
    found = cumulative_incidence([30, 40, 50, 60], [0, 1, 2, 0], CAUSES, spec=spec)
    assert found["time_days"].iloc[0] == 30 and found["incidence"].iloc[0] == 0
    with pytest.raises(UsageError, match="1 times are before day 30"):
        cumulative_incidence([20, 40], [0, 1], CAUSES, spec=spec)


def test_incidence_at_days():
    curves = incidence_by_group([10, 20, 30], [1, 2, 0], CAUSES)
    found = incidence_at(curves, [5, 10, 25, 31])
    assert found["n_at_risk"].tolist()[:4] == [3, 3, 1, 0]
    assert_allclose(found["incidence"][:4], [0, 1 / 3, 1 / 3, np.nan])
    # where everybody has had an event, nothing more can happen
    ended = incidence_at(incidence_by_group([10, 20], [1, 2], CAUSES), [100])
    assert ended["incidence"].tolist() == [0.5, 0.5]


def test_limits_where_there_is_nothing_to_estimate():
    found = cumulative_incidence([5, 6, 7], [0, 0, 0], CAUSES)
    assert (found["incidence"] == 0).all()
    assert found["ci_lower"].isna().tolist() == [False, True, True, True] * 2


def test_level_interval_and_variance_matter():
    days, cause = [1, 2, 2, 4, 5, 6], [1, 2, 1, 0, 2, 1]
    found = [
        cumulative_incidence(days, cause, CAUSES, spec=IncidenceSpec(**choice))["ci_upper"][3]
        for choice in ({}, {"level": 0.8}, {"interval": "plain"}, {"variance": "aalen"})
    ]
    assert len({round(value, 9) for value in found}) == 4


@pytest.mark.parametrize(
    "cause, message",
    [
        ([0, 3], "found cause 3, wanted whole numbers from 0 to 2"),
        ([0, 0.5], "found cause 0.5, wanted whole numbers from 0 to 2"),
        ([0, None], "1 causes are missing"),
    ],
)
def test_wrong_causes(cause, message):
    with pytest.raises(UsageError) as error:
        cumulative_incidence([1, 2], cause, CAUSES)
    assert str(error.value) == f"causes cannot be used:\n  - {message}"


def test_unknown_variance_is_refused():
    with pytest.raises(UsageError, match="found 'robust', wanted one of greenwood, aalen"):
        cumulative_incidence([1, 2], [1, 0], CAUSES, spec=IncidenceSpec(variance="robust"))


def test_group_must_be_known():
    with pytest.raises(UsageError, match="wanted one group per case, none missing"):
        incidence_by_group([1, 2], [1, 0], CAUSES, pd.Categorical(["a", None]))
    with pytest.raises(UsageError, match="wanted one group per case, none missing"):
        gray_test([1, 2], [1, 0], pd.Categorical(["a", None]))


@pytest.mark.parametrize(
    "days, cause, group, reason",
    [
        ([], [], [], "no cases"),
        ([1, 2], [2, 0], ["a", "b"], "no events of this cause"),
        ([1, 2], [1, 0], ["a", "a"], "only one group"),
    ],
)
def test_nothing_to_compare(days, cause, group, reason):
    found = gray_test(days, cause, group)
    assert found["note"] == f"not estimable: {reason}" and np.isnan(found["p"])


def test_fine_gray_without_competing_events_is_a_cox_model():
    # Breslow and Efron agree without ties
    rng = np.random.default_rng(4)
    days, x = rng.permutation(80) + 1.0, rng.normal(size=(80, 2))
    cause = (rng.random(80) < 0.6).astype(int)
    from mescc_analytics.stats.cox import fit_cox

    cox = fit_cox(days, cause == 1, x, ["u", "v"])
    assert_allclose(
        fit_fine_gray(days, cause, x, ["u", "v"]).coefficients, cox.coefficients, rtol=1e-9
    )


def test_which_cause_and_which_level_matter():
    cases = oracle("data_lung")
    x, terms = cases[["ecog"]], ["ecog"]
    one, two = (
        fit_fine_gray(cases["time"], cases["cause"], x, terms, of=of).coefficients[0]
        for of in (1, 2)
    )
    assert one != two
    narrow, wide = (
        fit_fine_gray(cases["time"], cases["cause"], x, terms, level=level).table()
        for level in (0.8, 0.99)
    )
    assert narrow["ci_upper"][0] < wide["ci_upper"][0]
    narrow, wide = (
        competing_hazards(cases["time"], cases["cause"], CAUSES, cases["group"], level=level)
        for level in (0.8, 0.99)
    )
    assert (narrow["ci_upper"] < wide["ci_upper"]).all()


@pytest.mark.parametrize(
    "cause, x, reason",
    [
        ([2, 2, 0, 2], [0, 1, 0, 1], "no events of this cause"),
        ([1, 2, 0, 1], [1, 1, 1, 1], "a covariate has the same value in every case"),
    ],
)
def test_no_model(cause, x, reason):
    fit = fit_fine_gray([1, 2, 3, 4], cause, np.array(x)[:, None], ["x"])
    assert fit.note == f"not estimable: {reason}" and np.isnan(fit.coefficients).all()


def test_covariates_must_be_known():
    with pytest.raises(UsageError, match="wanted one name per column and no missing value"):
        fit_fine_gray([1, 2], [1, 0], [[1.0], [np.nan]], ["x"])


def test_groups_without_an_event_say_so():
    days, cause = [1, 2, 3, 4, 5, 6], [1, 2, 1, 2, 1, 2]
    group = pd.Categorical(list("ababcb"))
    found = competing_hazards(days, cause, CAUSES, group).set_index(["model", "cause", "group"])
    for model in ("cause_specific", "fine_gray"):
        assert found.loc[(model, "one", "b"), "note"] == "not estimable: no such events in b"
        assert found.loc[(model, "two", "b"), "note"] == "not estimable: no such events in a"
        assert pd.isna(found.loc[(model, "one", "b"), "hazard_ratio"])


def test_one_group_has_no_hazard_ratio():
    assert competing_hazards([1, 2], [1, 2], CAUSES, pd.Categorical(["a", "a"])).empty
    assert competing_hazards([], [], CAUSES, pd.Categorical([])).empty
