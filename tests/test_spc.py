"""Control charts against formulas written out in R, and rules on series made by hand."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mescc_analytics.quality.audit import spc

ORACLE = Path(__file__).parent / "oracle" / "control_charts"


@pytest.mark.parametrize("name", ["calm", "wild"])
def test_p_chart_and_laneys_as_in_r(name):
    table = pd.read_csv(ORACLE / "p_chart.csv").query("set == @name")
    plain = spc.p_chart(table["events"], table["n"], overdispersion="never")
    laney = spc.p_chart(table["events"], table["n"], overdispersion="always")
    for found, column in (
        (plain.centre, "centre"),
        (plain.lower, "lower"),
        (plain.upper, "upper"),
        (laney.lower, "laney_lower"),
        (laney.upper, "laney_upper"),
        (laney.sigma_z, "sigma_z"),
        (plain.dispersion_p, "dispersion_p"),
    ):
        np.testing.assert_allclose(found, table[column], rtol=1e-10)
    assert plain.sigma_z == 1


def test_limits_widen_by_themselves_only_where_points_vary_beyond_chance():
    table = pd.read_csv(ORACLE / "p_chart.csv")
    auto = {
        name: spc.p_chart(part["events"], part["n"]).sigma_z for name, part in table.groupby("set")
    }
    assert auto["calm"] == 1
    assert auto["wild"] > 1.2


def test_centre_from_the_first_points_alone():
    limits = spc.p_chart([1, 1, 9, 9], [10, 10, 10, 10], baseline=2)
    assert limits.centre.tolist() == [0.1] * 4


def test_a_point_without_cases_has_no_limits_and_breaks_no_rule():
    events, n = [9, 9, 9, 9, 0, 9, 9, 9, 9, 1], [10, 10, 10, 10, 0, 10, 10, 10, 10, 90]
    limits = spc.p_chart(events, n, overdispersion="never")
    assert np.isnan(limits.upper[4])
    with np.errstate(invalid="ignore"):
        fired = spc.signals(np.divide(events, n), limits)
    shift = next(signal for signal in fired if signal.rule == "shift")
    assert (shift.first, shift.last, shift.side, shift.length) == (0, 8, "above", 8)


def flat(n, centre=0.5):
    line = np.full(n, centre)
    return spc.Limits(line, line - 0.4, line + 0.4, 1.0, 1.0)


def rules(values, **chosen):
    return [
        (signal.rule, signal.first, signal.last, signal.side, signal.length)
        for signal in spc.signals(values, flat(len(values)), **chosen)
    ]


def test_one_point_outside_on_either_side():
    assert rules([0.5, 0.95, 0.4, 0.05]) == [
        ("outside", 1, 1, "above", 1),
        ("outside", 3, 3, "below", 1),
    ]


def test_shift_needs_eight_and_a_point_on_the_line_neither_counts_nor_breaks():
    below = [0.45, 0.44, 0.45, 0.44]
    assert rules([0.6, *below, 0.5, *below]) == [("shift", 1, 9, "below", 8)]
    assert rules([0.6, *below, 0.5, *below[:-1]]) == []
    assert rules([0.6, *below, 0.5, *below[:-1]], shift=7) == [("shift", 1, 8, "below", 7)]


def test_trend_needs_six_points_each_above_the_one_before():
    rising = [0.3, 0.4, 0.45, 0.55, 0.6, 0.7]
    assert rules(rising) == [("trend", 0, 5, "up", 6)]
    assert rules(rising[::-1]) == [("trend", 0, 5, "down", 6)]
    assert rules(rising[:-1]) == []
    assert rules(rising[:-1], trend=5) == [("trend", 0, 4, "up", 5)]


def test_crossings_as_in_r():
    table = pd.read_csv(ORACLE / "crossings.csv")
    found = [spc.crossings_limit(n) for n in table["useful"]]
    assert found == table["least"].tolist()


def test_too_few_crossings_are_told_from_ten_points_on():
    blocks = [0.6, 0.61, 0.6, 0.61, 0.6, 0.61, 0.4, 0.41, 0.4, 0.41, 0.4, 0.41]
    assert rules(blocks) == [("crossings", 0, 11, "", 1)]
    assert rules(blocks[3:]) == []


@pytest.mark.parametrize("level", [0.95, 0.998])
def test_funnel_limits_as_in_r(level):
    table = pd.read_csv(ORACLE / "funnel.csv").query("level == @level")
    for target, part in table.groupby("target"):
        lower, upper = spc.funnel_limits(part["n"].to_numpy(), target, level)
        np.testing.assert_allclose(lower, part["lower"], atol=1e-9)
        np.testing.assert_allclose(upper, part["upper"], atol=1e-9)


def test_funnel_limits_hold_their_coverage():
    rng, n, target = np.random.default_rng(1), 200, 0.7
    lower, upper = spc.funnel_limits(np.array([n]), target, 0.95)
    shares = rng.binomial(n, target, 200_000) / n
    assert np.mean((shares < lower) | (shares > upper)) == pytest.approx(0.05, abs=0.012)


def test_overdispersion_is_one_by_chance_and_grows_with_spread():
    rng = np.random.default_rng(2)
    n = rng.integers(50, 300, 4000)
    chance = spc.overdispersion(rng.binomial(n, 0.6), n, 0.6, winsor=0.0)
    spread = np.clip(0.6 + rng.normal(0, 0.1, 4000), 0, 1)
    assert chance == pytest.approx(1, abs=0.06)
    assert spc.overdispersion(rng.binomial(n, spread), n, 0.6) > 3


def test_winsorising_keeps_one_outlier_from_widening_the_limits():
    events, n = np.array([60] * 19 + [5]), np.full(20, 100)
    assert spc.overdispersion(events, n, 0.6, winsor=0.0) > 5
    assert spc.overdispersion(events, n, 0.6) < 1


def test_cusum_as_in_r_and_never_below_zero():
    table = pd.read_csv(ORACLE / "cusum.csv")
    found = spc.cusum(table["events"], table["n"], 0.1, 2.0)
    np.testing.assert_allclose(found, table["cusum"], atol=1e-12)
    assert found.min() >= 0


def test_cusum_depends_on_what_is_expected_and_on_the_rise_looked_for():
    events, n = [3, 3, 3], [10, 10, 10]
    assert spc.cusum(events, n, 0.3)[-1] == pytest.approx(0, abs=0.2)
    assert spc.cusum(events, n, 0.1)[-1] > spc.cusum(events, n, 0.2)[-1]
    assert spc.cusum(events, n, 0.1, 3.0)[-1] != spc.cusum(events, n, 0.1, 2.0)[-1]
