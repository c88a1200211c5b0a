"""Brier score and calibration: R's glm and formulas, by hand, and the reasons."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from mescc_analytics.errors import UsageError
from mescc_analytics.stats import calibration as module
from mescc_analytics.stats.calibration import brier, calibration, observed_by_band
from mescc_analytics.stats.curves import kaplan_meier, survival_at
from mescc_analytics.stats.resampling import ValidationSpec

ORACLE = Path(__file__).parent / "oracle" / "validation"
FEW = ValidationSpec(min_events=0, n_resamples=5)
BOTH = pytest.mark.parametrize("function", [brier, calibration])
COLUMNS = ["measure", "horizon_days", "n", "events", "estimate", "ci_lower", "ci_upper", "note"]
HORIZONS = pd.read_csv(ORACLE / "horizons.csv")


def rng(seed=1):
    return np.random.default_rng(seed)


def cases(name, horizon):
    """Times, events and predictions of one of the data sets."""
    data = pd.read_csv(ORACLE / f"data_{name}.csv")
    predicted = pd.read_csv(ORACLE / "predicted.csv")
    chosen = (predicted["data"] == name) & (predicted["horizon"] == horizon)
    return data["time"], data["event"], predicted.loc[chosen, "predicted"].to_numpy()


def estimates(found):
    return dict(zip(found["measure"], found["estimate"], strict=True))


@BOTH
@pytest.mark.parametrize(
    "row", list(HORIZONS.itertuples()), ids=lambda row: f"{row.data}-{row.horizon}"
)
def test_agrees_with_r(function, row):
    # weighted means by hand; glm(quasibinomial, weights)
    found = function(*cases(row.data, row.horizon), row.horizon, rng=rng(), spec=FEW)
    for measure, estimate in estimates(found).items():
        assert_allclose(estimate, getattr(row, measure), rtol=1e-7, err_msg=measure)
    assert set(found["events"]) == {row.events}
    assert set(found["horizon_days"]) == {row.horizon}
    assert list(found) == COLUMNS


def test_brier_by_hand():
    found = brier([10, 20, 30, 40], [1, 1, 0, 0], [0.2, 0.4, 0.6, 0.8], 25, rng=rng(), spec=FEW)
    assert found["measure"].tolist() == ["brier", "brier_null", "brier_scaled"]
    # (0.04 + 0.16 + 0.16 + 0.04) / 4, and half are dead
    assert_allclose(found["estimate"], [0.1, 0.25, 0.6])


def test_brier_with_a_lost_case():
    # lost on day 15 with three still followed: each of those counts 4/3
    arguments = [10, 15, 20, 30, 40], [1, 0, 1, 0, 0], [0.2, 0.9, 0.4, 0.6, 0.8]
    found = brier(*arguments, 25, rng=rng(), spec=FEW)
    error = (0.04 + 4 / 3 * (0.16 + 0.16 + 0.04)) / 5
    dead = (1 + 4 / 3) / 5
    null = dead * (1 - dead)
    assert_allclose(found["estimate"], [error, null, 1 - error / null])


def test_prediction_of_a_lost_case_does_not_enter_the_brier_score():
    time, event = [10, 15, 20, 30, 40], [1, 0, 1, 0, 0]
    found = [
        brier(time, event, [0.2, lost, 0.4, 0.6, 0.8], 25, rng=rng(), spec=FEW)["estimate"]
        for lost in (0.0, 1.0)
    ]
    assert_allclose(*found)


@pytest.mark.parametrize("name, horizon", [("lung", 180), ("veteran", 365), ("months", 6)])
def test_null_model_is_kaplan_meier(name, horizon):
    time, event, predicted = cases(name, horizon)
    survival = survival_at(kaplan_meier(time, event), [horizon])["survival"][0]
    found = brier(time, event, np.full(len(time), survival), horizon, rng=rng(), spec=FEW)
    assert_allclose(found["estimate"], [survival * (1 - survival)] * 2 + [0], atol=1e-12)
    fitted = calibration(time, event, np.full(len(time), survival), horizon, rng=rng(), spec=FEW)
    assert_allclose(fitted["estimate"][:2], [1, 0], atol=1e-9)


def test_perfect_and_inverted_predictions():
    time, event = [10, 20, 30, 40], [1, 1, 0, 0]
    perfect = brier(time, event, [0, 0, 1, 1], 25, rng=rng(), spec=FEW)
    assert_allclose(perfect["estimate"], [0, 0.25, 1])
    inverted = brier(time, event, [1, 1, 0, 0], 25, rng=rng(), spec=FEW)
    assert_allclose(inverted["estimate"], [1, 0.25, -3])


def test_calibration_by_hand():
    # two groups of four: risk 1/4 and 3/4 observed, odds exp(-1) and exp(1) predicted
    alive = 1 / (1 + np.exp(np.repeat([-1.0, 1.0], 4)))
    event = [1, 0, 0, 0, 1, 1, 1, 0]
    time = np.where(event, 10, 40)
    found = estimates(calibration(time, event, alive, 25, rng=rng(), spec=FEW))
    assert_allclose(found["observed_expected"], 1)
    assert_allclose(found["in_the_large"], 0, atol=1e-9)
    assert_allclose(found["slope"], np.log(3))


def test_more_deaths_than_predicted():
    found = estimates(calibration([1, 1, 1, 9], [1, 1, 1, 0], [0.5] * 4, 5, rng=rng(), spec=FEW))
    assert_allclose(found["observed_expected"], 1.5)
    assert_allclose(found["in_the_large"], np.log(3))
    assert np.isnan(found["slope"])


@BOTH
def test_bootstrap(function):
    arguments = *cases("lung", 180), 180
    spec = ValidationSpec(n_resamples=100)
    one, again, other = (function(*arguments, rng=rng(seed), spec=spec) for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(one, again)
    assert (one["ci_lower"] != other["ci_lower"]).all()
    assert (one["ci_lower"] < one["estimate"]).all() and (one["estimate"] < one["ci_upper"]).all()
    wide = function(*arguments, rng=rng(), spec=ValidationSpec(n_resamples=100, level=0.99))
    assert (wide["ci_lower"] < one["ci_lower"]).all() and (wide["ci_upper"] > one["ci_upper"]).all()
    more = function(*arguments, rng=rng(), spec=ValidationSpec(n_resamples=101))
    assert (more["ci_lower"] != one["ci_lower"]).any()
    assert (one["note"] == "").all()


def test_bootstrap_interval_is_near_the_textbook_one():
    # nobody lost: the share of squared errors is a mean, with the standard error of one
    time, event, predicted = cases("veteran", 90)
    died = np.ones(len(time), bool)
    spec = ValidationSpec(n_resamples=1000)
    found = brier(time, died, predicted, 90, rng=rng(), spec=spec).iloc[0]
    error = np.where(time <= 90, predicted, 1 - predicted) ** 2
    half = 1.96 * error.std() / np.sqrt(len(error))
    assert_allclose(found["estimate"], error.mean())
    assert_allclose([found["ci_lower"], found["ci_upper"]], error.mean() + [-half, half], atol=5e-3)


@BOTH
def test_order_of_the_cases_does_not_matter(function):
    time, event, predicted = (np.asarray(column) for column in cases("lung", 180))
    back = function(time[::-1], event[::-1], predicted[::-1], 180, rng=rng(), spec=FEW)
    pd.testing.assert_frame_equal(function(time, event, predicted, 180, rng=rng(), spec=FEW), back)


@BOTH
@pytest.mark.parametrize(
    "time, event, reason",
    [
        ([], [], "no cases"),
        ([10, 20], [1, 0], "follow-up ends on day 20, before day 25"),
        ([10, 30], [0, 0], "too few deaths by day 25: found 0, wanted at least 2"),
        ([10, 30, 40], [1, 1, 0], "too few deaths by day 25: found 1, wanted at least 2"),
    ],
)
def test_nothing_to_estimate(function, time, event, reason):
    spec = ValidationSpec(min_events=2)
    found = function(time, event, [0.5] * len(time), 25, rng=rng(), spec=spec)
    assert list(found) == COLUMNS
    assert set(found["note"]) == {f"not estimable: {reason}"}
    assert found[["estimate", "ci_lower", "ci_upper"]].isna().all(axis=None)
    assert set(found["n"]) == {len(time)} and len(found) == 3


@BOTH
def test_fifty_deaths_by_default(function):
    time = np.r_[np.full(50, 10), np.full(30, 100)]
    for last, reason in (
        (True, ""),
        (False, "too few deaths by day 25: found 49, wanted at least"),
    ):
        event = np.r_[np.ones(49, bool), last, np.zeros(30, bool)]
        found = function(time, event, np.resize([0.2, 0.5, 0.8], 80), 25, rng=rng())
        assert found["note"].str.contains(reason).all()
        assert found["estimate"].isna().any() != last


def test_nobody_or_everybody_has_died():
    alike = "not estimable: everyone, or nobody, has died by then"
    same = "interval not estimable: every resample gives the same"
    for event, risk in (([0, 0, 0], 0.0), ([1, 1, 1], 1.0)):
        time = np.where(event, 10, 40)
        found = brier(time, event, [0.5, 0.5, 0.5], 25, rng=rng(), spec=FEW)
        assert_allclose(found["estimate"], [0.25, 0, np.nan])
        assert found["note"].tolist() == [same, same, alike]
        fitted = calibration(time, event, [0.5, 0.5, 0.5], 25, rng=rng(), spec=FEW)
        assert_allclose(fitted["estimate"], [2 * risk, np.nan, np.nan])
        assert fitted["note"].tolist() == [
            same,
            f"{alike}, or a prediction is 0 or 1",
            "not estimable: the predictions do not vary, separate the dead from the living, "
            "or are 0 or 1",
        ]


def test_certain_predictions_have_no_log_odds():
    found = calibration([1, 2, 9, 9], [1, 1, 0, 0], [0, 0.5, 0.5, 1], 5, rng=rng(), spec=FEW)
    assert found["estimate"].isna().tolist() == [False, True, True]
    nobody_to_die = calibration([1, 9], [1, 0], [1, 1], 5, rng=rng(), spec=FEW)
    assert nobody_to_die["note"][0] == "not estimable: no death is predicted"


def test_one_case_has_no_interval():
    found = brier([10], [1], [0.3], 25, rng=rng(), spec=FEW)
    assert_allclose(found["estimate"][0], 0.09)
    assert found["note"][0] == "interval not estimable: every resample gives the same"


def test_resamples_that_do_not_reach_the_horizon_are_counted():
    spec = ValidationSpec(min_events=0, n_resamples=100)
    time, event = [10, 20, 22, 30, 30, 30], [1, 0, 0, 0, 0, 0]
    found = brier(time, event, [0.5, 0.6, 0.7, 0.8, 0.9, 1], 25, rng=rng(), spec=spec)
    assert found["note"][0].startswith("interval from 9")
    assert found["note"][0].endswith(" of 100 resamples")
    assert found["ci_lower"][0] < found["estimate"][0] < found["ci_upper"][0]


@BOTH
def test_predictions_that_cannot_be_used(function):
    with pytest.raises(UsageError) as error:
        function([1, 2], [1, 0], [0.5, 45, None], 1, rng=rng())
    assert str(error.value) == (
        "predicted survival cannot be used:\n"
        "  - found 3 probabilities and 2 times, wanted as many of each\n"
        "  - 2 probabilities are missing or outside 0 to 1"
    )


def test_bands_are_at_hand_here_too():
    found = observed_by_band(
        [100, 100],
        [1, 1],
        pd.Categorical(["a", "a"]),
        pd.DataFrame({"band": ["a"], "time_days": [90], "survival": [1.0]}),
        horizons=[90],
        spec=FEW,
    )
    assert found["difference"].tolist() == [0.0]


@pytest.mark.parametrize("name, horizon", [("lung", 180), ("veteran", 90)])
def test_all_samples_at_once_agree_with_one_at_a_time(name, horizon):
    time, event, predicted = cases(name, horizon)
    status = module.StatusAt.of(time, event, horizon)
    sample = module._Sample.of(status, predicted.round(1).clip(0.05, 0.95))
    counts = sample.cells.drawn(rng(), 30)
    for together, singly in (
        (module._drawn_scores, module._scores),
        (module._drawn_fits, module._fits),
    ):
        expected = np.array([singly(sample, count) for count in counts])
        assert_allclose(together(sample, counts), expected, rtol=1e-8)


def test_fits_of_samples_without_an_answer_are_missing():
    time, event = np.array([10, 20, 30, 40.0]), np.array([1, 1, 0, 0], bool)
    sample = module._Sample.of(module.StatusAt.of(time, event, 25), np.array([0.2, 0.4, 0.6, 0.8]))
    # only dead; dead and living apart; a mixture
    counts = np.array([[2, 2, 0, 0], [1, 1, 1, 1], [0, 4, 0, 0]])
    expected = np.array([module._fits(sample, count) for count in counts])
    assert_allclose(module._drawn_fits(sample, counts), expected, rtol=1e-8)
    assert np.isnan(expected[[0, 2], 1:]).all() and np.isnan(expected[1, 2])


def test_normal_interval_of_the_brier_score_is_near_the_bootstrap():
    arguments = *cases("lung", 180), 180
    drawn = brier(*arguments, rng=rng(), spec=ValidationSpec(n_resamples=2000))
    normal = brier(*arguments, rng=None)
    assert (drawn["estimate"] == normal["estimate"]).all()
    for end in ("ci_lower", "ci_upper"):
        assert_allclose(drawn[end], normal[end], atol=0.015)
    wide = brier(*arguments, rng=None, spec=ValidationSpec(level=0.99))
    assert (wide["ci_lower"] < normal["ci_lower"]).all()


def test_without_resampling_fits_have_no_interval():
    found = calibration(*cases("lung", 180), 180, rng=None)
    assert found["ci_lower"].isna().all()
    assert set(found["note"]) == {"interval not computed: it needs resampling"}
