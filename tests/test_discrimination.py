"""Harrell's and Uno's C: R's concordance, by hand, and where there is nothing to compare."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from mescc_analytics.errors import UsageError
from mescc_analytics.stats import concordance
from mescc_analytics.stats.concordance import Choice, sample_of
from mescc_analytics.stats.discrimination import harrell_c, uno_c
from mescc_analytics.stats.head_to_head import ComparisonSpec, compare_c
from mescc_analytics.stats.intervals import Estimate, z_value
from mescc_analytics.stats.resampling import Cells, ValidationSpec

ORACLE = Path(__file__).parent / "oracle" / "validation"
SPEC = ValidationSpec(min_events=0)
FUNCTIONS = {"harrell": harrell_c, "uno": uno_c}
DEFAULT = ValidationSpec()
BOTH = pytest.mark.parametrize("function", [harrell_c, uno_c])


def difference(time, event, risk, other, *, method="harrell", tau=None, spec=DEFAULT, rng=None):
    """The only row of a comparison of two scores, in the names of an estimate."""
    how = ComparisonSpec(method, tau, spec)
    (row,) = compare_c(time, event, {"risk": risk, "other": other}, how, rng).to_dict("records")
    return Estimate(row["difference"], row["ci_lower"], row["ci_upper"], row["note"])


def cases(name):
    return pd.read_csv(ORACLE / f"data_{name}.csv", float_precision="round_trip")


def expected(name):
    table = pd.read_csv(ORACLE / f"{name}.csv")
    return [
        pytest.param(row, None if np.isnan(row.tau) else row.tau, id=f"{row.Index}-{row.data}")
        for row in table.itertuples()
    ]


@pytest.mark.parametrize("row, tau", expected("concordance"))
def test_c_agrees_with_r(row, tau):
    # concordance(Surv(time, event) ~ score, reverse = TRUE, timewt, ymax)
    data = cases(row.data)
    found = FUNCTIONS[row.method](data["time"], data["event"], data[row.score], tau=tau, spec=SPEC)
    assert_allclose(found.estimate, row.c, rtol=1e-10)
    assert_allclose(found.std_err, row.std_err, rtol=1e-8, atol=1e-14)
    pairs = (found.concordant, found.discordant, found.tied)
    assert_allclose(pairs, (row.concordant, row.discordant, row.tied), rtol=1e-10)
    assert found.n == len(data)


@pytest.mark.parametrize("row, tau", expected("differences"))
def test_difference_agrees_with_r(row, tau):
    # difference of the concordances, standard error from the difference of their dfbeta
    data = cases(row.data)
    found = difference(
        *(data[name] for name in ("time", "event", "risk", "other")),
        method=row.method,
        tau=tau,
        spec=SPEC,
    )
    assert_allclose(found.estimate, row.difference, atol=1e-12)
    half = z_value(0.95) * row.std_err
    limits = [max(row.difference - half, -1), min(row.difference + half, 1)]
    assert_allclose([found.lower, found.upper], limits, rtol=1e-8)


def test_harrell_by_hand():
    # death on day 1 (3) outlived by 1, 2, 1; on day 2 (1) by 2 and 1; on day 4 by nobody
    found = harrell_c([1, 2, 3, 4], [1, 1, 0, 1], [3, 1, 2, 1], spec=SPEC)
    assert (found.concordant, found.discordant, found.tied) == (3, 1, 1)
    assert found.estimate == 3.5 / 5
    assert (found.n, found.events) == (4, 3)


def test_uno_by_hand():
    # the death on day 3 follows one censoring among three: its pair weighs (3/2) squared
    found = uno_c([1, 2, 3, 4], [1, 0, 1, 0], [2, 1, 1, 3], spec=SPEC)
    assert_allclose((found.concordant, found.discordant, found.tied), (2, 1 + 9 / 4, 0))
    assert_allclose(found.estimate, 2 / 5.25)


@BOTH
def test_death_precedes_a_censoring_on_the_same_day(function):
    found = function([5, 5], [1, 0], [2, 1], spec=SPEC)
    assert (found.estimate, found.concordant) == (1.0, 1.0)


@BOTH
def test_negative_score_is_the_complement(function):
    data = cases("lung")
    risk, worse = data["risk"], -data["risk"]
    one, other = (function(data["time"], data["event"], x, spec=SPEC) for x in (risk, worse))
    assert_allclose(one.estimate + other.estimate, 1)
    assert_allclose(one.std_err, other.std_err)


@BOTH
def test_only_the_order_of_the_score_matters(function):
    data = cases("pbc")
    found = [
        function(data["time"], data["event"], x, spec=SPEC)
        for x in (data["risk"], np.log(data["risk"]), data["risk"].rank())
    ]
    assert found[0] == found[1] == found[2]


def test_without_censoring_uno_is_harrell():
    data = cases("veteran")
    everyone_died = np.ones(len(data), bool)
    one, other = (
        function(data["time"], everyone_died, data["risk"], spec=SPEC)
        for function in (harrell_c, uno_c)
    )
    assert one == other


def test_level_widens_the_interval():
    data = cases("lung")
    found = [
        harrell_c(data["time"], data["event"], data["risk"], spec=ValidationSpec(level=level))
        for level in (0.9, 0.95)
    ]
    assert found[1].lower < found[0].lower < found[0].upper < found[1].upper
    half = 1.959963984540054 * found[1].std_err
    assert_allclose([found[1].lower, found[1].upper], found[1].estimate + half * np.array([-1, 1]))


def test_interval_is_cut_at_0_and_1():
    time, event = [1, 2, 3, 4], [1, 1, 1, 1]
    assert harrell_c(time, event, [4, 3, 1, 2], spec=SPEC).upper == 1.0
    assert harrell_c(time, event, [2, 1, 3, 4], spec=SPEC).lower == 0.0


@BOTH
def test_bootstrap_interval(function):
    data = cases("lung")
    arguments = data["time"], data["event"], data["risk"]
    one, again, other = (
        function(*arguments, rng=np.random.default_rng(seed)) for seed in (7, 7, 8)
    )
    normal = function(*arguments)
    assert one == again
    assert (one.lower, one.upper) != (other.lower, other.upper)
    assert (one.estimate, one.std_err) == (normal.estimate, normal.std_err)
    assert_allclose([one.lower, one.upper], [normal.lower, normal.upper], atol=0.01)


def test_number_of_resamples_matters():
    data = cases("tied")
    few, many = (
        harrell_c(
            *(data[name] for name in ("time", "event", "risk")),
            spec=ValidationSpec(min_events=0, n_resamples=n),
            rng=np.random.default_rng(1),
        )
        for n in (20, 200)
    )
    assert (few.lower, few.upper) != (many.lower, many.upper)


def test_resamples_without_pairs_are_counted():
    found = harrell_c([1, 2, 3], [1, 1, 0], [2, 1, 3], spec=SPEC, rng=np.random.default_rng(1))
    # a resample of one case three times, or without a death that is outlived, has no pair
    assert found.note.startswith("interval not estimable: only ")
    assert np.isnan([found.lower, found.upper]).all()
    assert found.estimate == 1 / 3


def test_bootstrap_of_a_difference():
    data = cases("lung")
    columns = [data[name] for name in ("time", "event", "risk", "other")]
    one, again = (difference(*columns, rng=np.random.default_rng(7)) for _ in range(2))
    normal = difference(*columns)
    assert one == again
    assert one.estimate == normal.estimate
    assert_allclose([one.lower, one.upper], [normal.lower, normal.upper], atol=0.01)


def test_difference_changes_sign_with_the_order_of_the_scores():
    data = cases("lung")
    time, event, risk, other = (data[name] for name in ("time", "event", "risk", "other"))
    one, back = difference(time, event, risk, other), difference(time, event, other, risk)
    assert_allclose(
        [one.estimate, one.lower, one.upper], [-back.estimate, -back.upper, -back.lower]
    )


def test_difference_from_itself_has_no_interval():
    data = cases("lung")
    found = difference(data["time"], data["event"], data["risk"], 2 * data["risk"])
    assert found.estimate == 0
    assert found.note == "interval not estimable: both scores order every pair alike"


@BOTH
@pytest.mark.parametrize(
    "time, event, risk, reason",
    [
        ([], [], [], "no cases"),
        ([5], [1], [2], "one case makes no pair"),
        ([1, 2, 3], [0, 0, 0], [1, 2, 3], "no deaths"),
        ([4, 4, 4], [1, 1, 1], [1, 2, 3], "nobody is known to have outlived another"),
        ([1, 2, 3], [0, 0, 1], [1, 2, 3], "nobody is known to have outlived another"),
        ([1, 2, 3], [1, 1, 1], [7, 7, 7], "every case has the same score"),
    ],
)
def test_nothing_to_compare(function, time, event, risk, reason):
    for rng in (None, np.random.default_rng(1)):
        found = function(time, event, risk, spec=SPEC, rng=rng)
        assert found.note == f"not estimable: {reason}"
        assert np.isnan([found.estimate, found.lower, found.upper, found.std_err]).all()
        assert (found.n, found.events) == (len(time), sum(event))
    assert difference(time, event, risk, risk, spec=SPEC).note == f"not estimable: {reason}"


@BOTH
def test_perfect_order_has_no_interval(function):
    for rng in (None, np.random.default_rng(1)):
        found = function([1, 2, 3], [1, 1, 1], [3, 2, 1], spec=SPEC, rng=rng)
        assert (found.estimate, found.std_err) == (1.0, 0.0)
        assert np.isnan([found.lower, found.upper]).all()
        assert found.note == "interval not estimable: every pair is ordered alike"


def test_no_discordant_pair_is_exactly_none():
    # 41 days, 8 levels that fall with time: weights of many digits, ties in plenty
    time = np.arange(200) % 41
    event, risk = np.arange(200) % 3 > 0, -(time // 6)
    found = uno_c(time, event, risk, spec=SPEC)
    assert found.discordant == 0.0
    assert found.tied > 0


@BOTH
def test_too_few_deaths(function):
    time = np.arange(60)
    event, risk = time < 50, time % 7
    assert function(time, event, risk).note == ""
    found = function(time, time < 49, risk)
    assert found.note == "not estimable: too few deaths: found 49, wanted at least 50"
    assert (found.n, found.events) == (60, 49)
    assert function(time, time < 49, risk, spec=ValidationSpec(min_events=49)).note == ""
    # deaths after tau are not compared, and do not count
    found = function(time, event, risk, tau=48)
    assert found.note == "not estimable: too few deaths by day 48: found 49, wanted at least 50"
    assert function(time, event, risk, tau=0.5, spec=SPEC).events == 1


def test_no_death_by_tau():
    found = harrell_c([5, 6], [1, 0], [1, 2], tau=4, spec=SPEC)
    assert found.note == "not estimable: no deaths by day 4"


def test_scores_that_cannot_be_used():
    with pytest.raises(UsageError) as error:
        harrell_c([1, 2], [1, 0], [1, None, float("inf")])
    assert str(error.value) == (
        "risk score cannot be used:\n"
        "  - found 3 scores and 2 times, wanted as many of each\n"
        "  - 2 scores are missing or not finite"
    )


def test_times_that_cannot_be_used():
    with pytest.raises(UsageError) as error:
        uno_c([1, None], [1, 0], [1, 2])
    assert str(error.value) == (
        "survival times cannot be used:\n  - 1 times are missing or not finite"
    )


def test_unknown_method_is_refused():
    with pytest.raises(UsageError) as error:
        difference([1, 2], [1, 0], [1, 2], [2, 1], method="somers")
    assert str(error.value) == (
        "method cannot be used:\n  - found 'somers', wanted one of harrell, uno"
    )


def test_nullable_columns():
    time, event = pd.array([1, 2, 3, 4], "Float64"), pd.array([True, True, False, True], "boolean")
    found = harrell_c(time, event, pd.array([3, 1, 2, 1], "Int64"), spec=SPEC)
    assert found.estimate == 0.7


@pytest.mark.parametrize("method", ["harrell", "uno"])
@pytest.mark.parametrize("name", ["tied", "lung", "months"])
def test_all_samples_at_once_agree_with_one_at_a_time(method, name):
    data = cases(name)
    choice = Choice(method, None, SPEC, None)
    sample, _, _ = sample_of(
        data["time"], data["event"], (data["risk"], data["other"].round(1)), choice
    )
    counts = sample.cells.drawn(np.random.default_rng(3), 40)
    singly = [[sample.pairs_of(score, count).c for score in (0, 1)] for count in counts]
    assert_allclose(sample.c_of_each(counts), singly, rtol=1e-12)


def test_samples_are_the_same_drawn_together_or_in_turn():
    cells = Cells.of(np.array([0, 1, 1, 2, 2, 2]))
    together = cells.drawn(np.random.default_rng(5), 30)
    in_turn = cells.resampled(lambda count: count, np.random.default_rng(5), 30)
    assert (together == in_turn).all() and (together.sum(axis=1) == 6).all()


def test_many_kinds_of_cases_are_taken_in_turn(monkeypatch):
    data = cases("lung")
    arguments = data["time"], data["event"], data["risk"]
    together = harrell_c(*arguments, rng=np.random.default_rng(7))
    monkeypatch.setattr(concordance, "MOST_IN_MATRIX", 10)
    in_turn = harrell_c(*arguments, rng=np.random.default_rng(7))
    assert_allclose([together.lower, together.upper], [in_turn.lower, in_turn.upper], rtol=1e-12)


def test_comparison_of_three_scores_has_three_pairs_of_the_same_cases():
    data = cases("lung")
    risks = {"a": data["risk"], "b": data["other"], "c": -data["risk"]}
    found = compare_c(data["time"], data["event"], risks).set_index(["score", "other"])
    assert list(found.index) == [("a", "b"), ("a", "c"), ("b", "c")]
    assert_allclose(found.loc[("a", "c"), "c"] + found.loc[("a", "c"), "c_other"], 1)
    assert set(found["n"]) == {len(data)}
