"""Hazard ratios between groups: R's coxph and cox.zph, and where there is nothing to compare."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from mescc_analytics.stats.hazards import hazard_frame

ORACLE = Path(__file__).parent / "oracle" / "stats"


@pytest.mark.parametrize("data", ["lung", "veteran", "pbc"])
def test_hazard_frame_agrees_with_r(data):
    # coxph(Surv(time, event) ~ group); cox.zph(fit, terms = FALSE)
    expected = pd.read_csv(ORACLE / "hazards.csv").query("data == @data")
    cases = pd.read_csv(ORACLE / f"data_{data}.csv")
    group = pd.Categorical(cases["group"], cases["group"].unique())
    hazards, tests = hazard_frame(cases["time"], cases["event"], group)
    assert hazards["group"].tolist() == expected["group"].tolist()[:-1]
    for name in ("hazard_ratio", "ci_lower", "ci_upper"):
        assert_allclose(hazards[name], expected[name].iloc[:-1], rtol=1e-8)
    assert_allclose(hazards["p"], expected["p"].iloc[:-1], rtol=1e-8)
    assert_allclose([*hazards["ph_p"], tests["p"].iloc[1]], expected["ph_p"], rtol=1e-8)
    assert tests["test"].tolist() == ["log_rank", "ph_global"]
    assert (hazards["note"] == "").all() and (tests["note"] == "").all()


def test_hazard_frame_rows_and_reference():
    group = pd.Categorical(list("bcabca"), ["z", "b", "a", "c"])
    hazards, _ = hazard_frame([1, 2, 3, 4, 5, 6], [1, 1, 1, 1, 1, 0], group)
    assert list(hazards.columns) == [
        *(
            "term",
            "group",
            "reference",
            "hazard_ratio",
            "ci_lower",
            "ci_upper",
            "p",
            "ph_p",
            "note",
        ),
    ]
    assert hazards["term"].tolist() == ["a vs b", "c vs b"]
    assert hazards["reference"].unique().tolist() == ["b"]


def test_hazard_frame_level():
    group = pd.Categorical(list("ababab"))
    narrow, wide = (
        hazard_frame([1, 2, 3, 4, 5, 6], [1] * 6, group, level)[0] for level in (0.8, 0.99)
    )
    assert wide["ci_upper"].iloc[0] > narrow["ci_upper"].iloc[0]


def test_group_without_deaths():
    group = pd.Categorical(list("aabbcc"))
    hazards, tests = hazard_frame([1, 4, 2, 5, 3, 6], [1, 1, 1, 1, 0, 0], group)
    assert hazards["note"].tolist() == ["", "not estimable: no deaths in c"]
    assert hazards["hazard_ratio"].notna().tolist() == [True, False]
    # the others are compared as if c were not there
    pair, _ = hazard_frame([1, 4, 2, 5], [1, 1, 1, 1], pd.Categorical(list("aabb")))
    assert_allclose(hazards["hazard_ratio"].iloc[0], pair["hazard_ratio"].iloc[0])
    assert tests["df"].tolist() == [2, 1]


def test_reference_without_deaths():
    hazards, tests = hazard_frame([1, 2, 3, 4], [0, 1, 0, 1], pd.Categorical(list("abab")))
    assert hazards["note"].tolist() == ["not estimable: no deaths in a"]
    assert tests["note"].iloc[1] == "not estimable: fewer than two groups with deaths"
    assert tests["note"].iloc[0] == ""


def test_deaths_that_do_not_overlap_have_no_hazard_ratio():
    # every b dies before the first a: the likelihood rises for ever
    group = pd.Categorical(list("bbbaaacc"), ["a", "b", "c"])
    hazards, tests = hazard_frame([1, 2, 3, 4, 5, 6, 4.5, 5.5], [1] * 8, group)
    reason = "the deaths of b and a do not overlap in time"
    assert hazards["note"].iloc[0] == f"not estimable: {reason}"
    assert np.isnan(hazards["hazard_ratio"].iloc[0])
    assert 0.1 < hazards["hazard_ratio"].iloc[1] < 10
    assert hazards["note"].iloc[1] == (
        "proportionality not estimable: a coefficient has no maximum"
    )
    assert tests["note"].iloc[1] == "not estimable: a coefficient has no maximum"


@pytest.mark.parametrize(
    "days, event, group, notes",
    [
        (
            [1, 2],
            [1, 1],
            ["a", "a"],
            ["only one group is at risk when deaths occur", "only one group"],
        ),
        ([1, 2], [0, 0], ["a", "b"], ["no deaths", "fewer than two groups with deaths"]),
        ([], [], [], ["no cases", "no cases"]),
    ],
)
def test_hazard_frame_without_comparison(days, event, group, notes):
    hazards, tests = hazard_frame(days, event, pd.Categorical(group))
    assert tests["note"].tolist() == [f"not estimable: {note}" for note in notes]
    assert hazards["hazard_ratio"].isna().all()


def test_everyone_dead_on_day_0():
    hazards, tests = hazard_frame([0, 0, 0, 0], [1] * 4, pd.Categorical(list("aabb")))
    assert tests["note"].str.startswith("not estimable").all()
    assert not np.isinf(hazards["hazard_ratio"]).any()


def test_nothing_is_missing_without_a_note(rng):
    """Small groups of every kind: finite and believable, or not estimable with the reason."""
    for _ in range(200):
        n = rng.integers(2, 12)
        group = pd.Categorical(rng.choice(list("abc"), n))
        days, event = rng.integers(0, 10, n), rng.random(n) < rng.choice([0.2, 0.6, 1])
        hazards, tests = hazard_frame(days, event, group)
        estimated = hazards["hazard_ratio"].notna()
        assert (estimated | hazards["note"].str.startswith("not estimable")).all()
        assert hazards.loc[estimated, "hazard_ratio"].between(1e-4, 1e4).all()
        assert (hazards["ph_p"].notna() | (hazards["note"] != "")).all()
        assert (tests["p"].notna() | tests["note"].str.startswith("not estimable")).all()
