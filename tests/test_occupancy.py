"""States over time: by hand, identities over 50 seeds, simulated truth, messages."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from mescc_analytics.errors import UsageError
from mescc_analytics.stats.curves import kaplan_meier, restricted_mean, survival_at
from mescc_analytics.stats.occupancy import MEASURES, STATES, OccupancySpec, held, occupancy
from mescc_analytics.stats.state_days import occupancy_by_group, transitions

SEEDS = range(50)
FEW = OccupancySpec(horizon_days=100, hold_days=30, step_days=10, n_resamples=3)


def seen(*rows):
    return pd.DataFrame(rows, columns=["row", "day", "walking"])


def run(time, died, statuses, spec=FEW, seed=1):
    curves, days = occupancy(time, died, statuses, rng=np.random.default_rng(seed), spec=spec)
    return curves.set_index("time_days"), dict(zip(MEASURES, days[0], strict=True))


def at(curves, day):
    return [round(float(curves.loc[day, state]), 9) for state in STATES]


def test_by_hand():
    # walks from day 0, seen not walking on day 50, dead on day 70; nothing known from 30 to 50
    curves, days = run([70], [True], seen((0, 0, True), (0, 50, False)))
    assert [at(curves, day) for day in (0, 20, 30, 50, 60, 70)] == [
        [1, 0, 0, 0],
        [1, 0, 0, 0],
        [0, 0, 0, 1],
        [0, 1, 0, 0],
        [0, 1, 0, 0],
        [0, 0, 1, 0],
    ]
    assert days["alive"] == 70 and days["unknown"] == 20
    assert days["walking_lowest"] == 30 and days["walking_highest"] == 50
    # on the days without a known status of anybody there is nothing to divide by
    assert np.isnan(days["walking"])


def test_unknown_days_are_divided_as_the_known_ones_of_that_time():
    # three known to walk all along, one known not to, one never seen again after day 10
    rows = [(row, day, row < 3) for row in range(4) for day in range(0, 100, 25)]
    curves, days = run([100] * 5, [False] * 5, seen(*rows, (4, -20, True)))
    assert at(curves, 0) == [0.8, 0.2, 0, 0]
    assert at(curves, 10) == [0.6, 0.2, 0, 0.2]
    assert days["alive"] == 100 and days["unknown"] == pytest.approx(18)
    assert days["walking"] == pytest.approx(10 * 0.8 + 90 * 0.75)
    assert days["walking_lowest"] == pytest.approx(10 * 0.8 + 90 * 0.6)
    assert days["walking_highest"] == pytest.approx(10 * 0.8 + 90 * 0.8)


def test_who_is_no_longer_followed_fares_like_the_others():
    # the first leaves on day 40; the third dies on day 50: half of those followed
    rows = [(row, day, True) for row in range(3) for day in range(0, 100, 10)]
    curves, _ = run([40, 100, 50], [False, False, True], seen(*rows))
    assert curves["n_followed"].loc[[0, 40, 50, 100]].tolist() == [3, 3, 1, 1]
    assert at(curves, 40) == [1, 0, 0, 0]
    assert at(curves, 50) == [0.5, 0, 0.5, 0]


def test_followed_to_the_horizon_itself_is_enough():
    curves, days = run([100], [False], seen((0, 0, True), (0, 90, True)))
    assert at(curves, 100) == [1, 0, 0, 0] and days["alive"] == 100


def test_follow_up_that_ends_early():
    curves, days = run([60, 60], [False, False], seen((0, 55, True), (1, 55, True)))
    assert at(curves, 60) == [1, 0, 0, 0]
    assert curves.loc[70, list(STATES)].isna().all()
    assert np.isnan(days["alive"])


def test_what_was_seen_before_the_start_is_held_beyond_it():
    spec = OccupancySpec(30, 100, hold_days=30, step_days=10, n_resamples=2)
    curves, _ = run([100, 100], [False, False], seen((0, 10, True), (1, -5, True)), spec)
    assert at(curves, 30) == [0.5, 0, 0, 0.5]
    assert at(curves, 40) == [0, 0, 0, 1]


def test_of_two_statuses_on_one_day_the_worse_counts():
    found = held(seen((0, 5, True), (0, 5, False)), np.array([9.0]), 30)
    assert found["walking"].tolist() == [False] and found["until"].tolist() == [9]


@pytest.fixture(params=SEEDS)
def panel(request):
    rng = np.random.default_rng(request.param)
    n = int(rng.integers(5, 80))
    time = rng.integers(1, 200, n) / rng.choice([1.0, 4.0])
    died = rng.random(n) < 0.6
    time[0], died[0] = 120, False
    rows = rng.integers(0, n, 4 * n)
    statuses = pd.DataFrame(
        {"row": rows, "day": rng.integers(-5, 120, 4 * n) * 1.0, "walking": rng.random(4 * n) < 0.5}
    )
    return time, died, statuses[statuses["day"] <= time[rows]], rng


def test_states_add_up_and_death_is_kaplan_meier(panel):
    time, died, statuses, _ = panel
    curves, days = run(time, died, statuses)
    assert_allclose(curves[list(STATES)].sum(axis=1), 1, rtol=0, atol=1e-12)
    curve = kaplan_meier(time, died)
    survival = survival_at(curve, curves.index)["survival"]
    assert_allclose(curves["dead"], 1 - survival, rtol=0, atol=1e-12)
    assert_allclose(days["alive"], restricted_mean(curve, 100).estimate, rtol=1e-12)
    assert days["walking_lowest"] <= days["walking_highest"] <= days["alive"] + 1e-9
    assert_allclose(days["walking_highest"] - days["walking_lowest"], days["unknown"], atol=1e-9)
    if not np.isnan(days["walking"]):
        assert days["walking_lowest"] - 1e-9 <= days["walking"] <= days["walking_highest"] + 1e-9


def test_order_of_cases_and_of_statuses_does_not_matter(panel):
    time, died, statuses, rng = panel
    order = rng.permutation(len(time))
    place = np.argsort(order)
    moved = statuses.assign(row=place[statuses["row"]]).sample(frac=1, random_state=1)
    first, second = run(time, died, statuses), run(time[order], died[order], moved)
    for state in STATES:
        assert_allclose(first[0][state], second[0][state], rtol=0, atol=1e-12)
    assert_allclose(list(first[1].values()), list(second[1].values()), rtol=1e-12)


def test_without_censoring_states_are_plain_proportions(panel):
    time, _, statuses, _ = panel
    died = np.ones(len(time), bool)
    curves, _ = run(time, died, statuses)
    spans = held(statuses, time, FEW.hold_days)
    for day in (0, 10, 50, 90):
        inside = spans[(spans["day"] <= day) & (spans["until"] > day)]
        assert curves.loc[day, "walking"] == pytest.approx(inside["walking"].sum() / len(time))
        assert curves.loc[day, "dead"] == pytest.approx((time <= day).mean())


def simulated(rng, n):
    """Walks until a first day of loss (mean 60), dies at a rate of 1 in 80 days, is censored
    alike, and is seen every day.
    """
    loss, death, end = (rng.exponential(mean, n) for mean in (60, 80, 150))
    time, died = np.minimum(death, end), death < end
    rows = np.repeat(np.arange(n), 101)
    day = np.tile(np.arange(101.0), n)
    statuses = pd.DataFrame({"row": rows, "day": day, "walking": day < loss[rows]})
    return time, died, statuses[day <= time[rows]]


def test_simulated_truth_is_covered():
    # walking on day t: exp(-t / 60 - t / 80); seen at whole days, so lost half a day late on average
    rate = 1 / 60 + 1 / 80
    truth = (1 - np.exp(-100 * rate)) / rate
    alive = (1 - np.exp(-100 / 80)) * 80
    spec = OccupancySpec(horizon_days=100, hold_days=30, step_days=50, n_resamples=200)
    covered = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        _, days = occupancy(*simulated(rng, 120), rng=rng, spec=spec)
        lower, upper = np.quantile(days[1:], [0.025, 0.975], axis=0)
        covered.append(
            ((lower < (alive, truth + 0.2, 0, 0, 0)) & (upper > (alive, truth, 0, 0, 0)))[:2]
        )
    share = np.mean(covered, axis=0)
    assert (share >= 0.88).all(), share


def test_groups_have_their_own_days_and_differences():
    rows = [(row, day, row % 2 == 0) for row in range(20) for day in range(0, 100, 25)]
    group = pd.Categorical(["a", "b"] * 10, ["b", "a", "empty"])
    died = np.zeros(20, bool)
    died[:4] = True
    time = np.where(died, 50, 100)
    curves, days = occupancy_by_group(
        time, died, seen(*rows), group, rng=np.random.default_rng(1), spec=FEW, reference="b"
    )
    assert curves["group"].unique().tolist() == ["b", "a"]
    own = days[days["reference"].isna()].set_index(["group", "measure"])["days"]
    assert own["a", "alive"] == pytest.approx(90) and own["a", "walking"] == pytest.approx(90)
    assert own["b", "walking"] == 0
    apart = days[days["reference"] == "b"].set_index("measure")
    assert (apart["group"] == "a").all()
    assert apart.loc["walking", "days"] == pytest.approx(90)
    assert set(days["start_days"]) == {0.0} and set(days["horizon_days"]) == {100.0}


def test_one_group_does_not_change_another():
    rows = [(row, 0, True) for row in range(12)]
    time, died = np.arange(90, 102) * 1.0, np.arange(12) % 3 == 0
    group = np.array(["a"] * 6 + ["b"] * 6)
    both = occupancy_by_group(
        time, died, seen(*rows), group, rng=np.random.default_rng(7), spec=FEW
    )[1]
    time[6:] = 101.0
    other = occupancy_by_group(
        time, died, seen(*rows), group, rng=np.random.default_rng(7), spec=FEW
    )[1]
    pd.testing.assert_frame_equal(both[both["group"] == "a"], other[other["group"] == "a"])


def test_choices_matter():
    rng = np.random.default_rng(5)
    time, died, statuses = simulated(rng, 60)
    statuses = statuses[statuses["day"] % 20 == 0]
    plain = OccupancySpec(horizon_days=100, hold_days=30, step_days=10, n_resamples=40)
    choices = {
        "start_days": 0.5,
        "horizon_days": 90,
        "hold_days": 10,
        "step_days": 20,
        "level": 0.5,
        "n_resamples": 41,
    }
    kept = time >= 1
    place = np.cumsum(kept) - 1
    statuses = statuses[kept[statuses["row"]]]
    statuses = statuses.assign(row=place[statuses["row"]])

    def result(spec, seed=3):
        group = ["a"] * int(kept.sum())
        return occupancy_by_group(
            time[kept], died[kept], statuses, group, rng=np.random.default_rng(seed), spec=spec
        )

    from dataclasses import replace

    first = result(plain)
    for name, value in choices.items():
        changed = result(replace(plain, **{name: value}))
        assert not (first[0].equals(changed[0]) and first[1].equals(changed[1])), name
    assert first[0].equals(result(plain)[0]) and not first[1].equals(result(plain, 4)[1])


def test_many_cases_are_resampled_in_blocks():
    rng = np.random.default_rng(2)
    time, died, statuses = simulated(rng, 2600)
    statuses = statuses[statuses["day"] % 25 == 0]
    spec = OccupancySpec(horizon_days=50, step_days=50, n_resamples=200)
    curves, _ = occupancy(time, died, statuses, rng=rng, spec=spec)
    width = curves["dead_upper"].iloc[-1] - curves["dead_lower"].iloc[-1]
    curve = kaplan_meier(time, died, interval="plain")
    greenwood = survival_at(curve, [50]).iloc[0]
    assert width == pytest.approx(greenwood["ci_upper"] - greenwood["ci_lower"], rel=0.25)


def test_transitions_by_hand():
    # walks, walks, lost, dead; walks, followed no further; regained; seen before the start only
    statuses = seen(
        *((0, 0, True), (0, 20, True), (0, 40, False)),
        *((1, 0, True),),
        *((2, 0, False), (2, 30, True), (2, 120, False)),
    )
    found = transitions([50, 60, 130], [True, False, True], statuses, ["a"] * 3, spec=FEW)
    counts = found.set_index(["from_state", "to_state"])["n"]
    assert counts["walking"].to_dict() == {
        "walking": 1,
        "not_walking": 1,
        "dead": 0,
        "followed_no_further": 2,
    }
    assert counts["not_walking"].to_dict() == {
        "walking": 1,
        "not_walking": 0,
        "dead": 1,
        "followed_no_further": 0,
    }
    assert found["n_from"].tolist() == [4] * 4 + [2] * 4
    assert_allclose(found["proportion"][:4], [0.25, 0.25, 0, 0.5])


def test_transitions_start_at_the_start():
    spec = OccupancySpec(30, 100)
    statuses = seen((0, 0, True), (0, 20, False), (0, 50, True))
    found = transitions([90], [False], statuses, ["a"], spec=spec)
    assert found["n"].sum() == 2  # from not walking to walking, and nothing after it
    assert found.set_index(["from_state", "to_state"]).loc[("not_walking", "walking"), "n"] == 1


def test_nobody_seen():
    nobody = seen().astype({"row": int, "day": float, "walking": bool})
    curves, days = run([100, 40], [False, True], nobody)
    assert at(curves, 50) == [0, 0, 0.5, 0.5]
    assert days["unknown"] == 70 and np.isnan(days["walking"])
    assert transitions([100], [True], nobody, ["a"])["n"].sum() == 0


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: run([5], [True], seen((1, 0, True))), "statuses seen.*wanted rows from 0 to 0"),
        (
            lambda: run([5], [True], seen((0, 0, True)), OccupancySpec(5, 5)),
            "horizon.*found day 5, wanted a day after 5",
        ),
        (lambda: run([5], [True], seen(), OccupancySpec(6, 9)), "1 times are before day 6"),
        (
            lambda: occupancy_by_group(
                [5], [True], seen((0, 0, True)), [None], rng=np.random.default_rng(1)
            ),
            "wanted one group per case, none missing",
        ),
        (
            lambda: occupancy_by_group(
                np.array([5.0]),
                [True],
                seen((0, 0, True)),
                ["a"],
                rng=np.random.default_rng(1),
                spec=FEW,
                reference="b",
            ),
            "found 'b', wanted one of a",
        ),
    ],
)
def test_messages(call, message):
    with pytest.raises(UsageError, match=f"(?s){message}"):
        call()
