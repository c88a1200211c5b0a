"""Walking under four estimands: every count by hand, Patchell's trial rebuilt from its counts."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from mescc_analytics.errors import UsageError
from mescc_analytics.stats.walking import contrasts, rates

STATE = {"w": "walking", "n": "not_walking", "d": "dead", "u": "unknown"}
ENTRY = {"a": "ambulatory", "x": "non_ambulatory", "-": None}


def cases(text):
    """Cases written as group, entry, state and count: "s a w 3" is three of them."""
    found = [(*line.split()[:3], int(line.split()[3])) for line in text.strip().splitlines()]
    repeated = [row[:3] for row in found for _ in range(row[3])]
    group, entry, state = zip(*repeated, strict=True)
    return (
        [STATE[name] for name in state],
        pd.Categorical(group, list(dict.fromkeys(group))),
        [ENTRY[name] for name in entry],
    )


PATCHELL = """
    s a w 32
    s a n 2
    s x w 10
    s x n 6
    r a w 26
    r a n 9
    r x w 3
    r x n 13
"""
MIXED = """
    s a w 4
    s a n 1
    s a d 2
    s a u 3
    s x w 1
    s x d 1
    s - w 1
    s - u 1
    r a n 2
"""


def test_counts_of_every_estimand_by_hand():
    found = rates(*cases(MIXED)).set_index(["group", "baseline", "estimand"]).sort_index()
    expected = {
        ("s", "all", "alive_assessed"): (6, 7),
        ("s", "all", "composite"): (6, 10),
        ("s", "all", "best_case"): (10, 14),
        ("s", "all", "worst_case"): (6, 14),
        ("s", "ambulatory", "alive_assessed"): (4, 5),
        ("s", "ambulatory", "composite"): (4, 7),
        ("s", "ambulatory", "best_case"): (7, 10),
        ("s", "ambulatory", "worst_case"): (4, 10),
        ("s", "non_ambulatory", "alive_assessed"): (1, 1),
        ("s", "non_ambulatory", "composite"): (1, 2),
        ("s", "non_ambulatory", "best_case"): (1, 2),
        ("s", "non_ambulatory", "worst_case"): (1, 2),
        ("r", "all", "composite"): (0, 2),
        ("r", "ambulatory", "worst_case"): (0, 2),
        ("r", "non_ambulatory", "best_case"): (0, 0),
    }
    for key, (numerator, denominator) in expected.items():
        row = found.loc[key]
        assert (row["numerator"], row["denominator"]) == (numerator, denominator), key
    dead_unknown = found.loc[("s", "all"), ["n_dead", "n_unknown"]].to_numpy()
    assert (dead_unknown == [3, 4]).all()
    dead_unknown = found.loc[("s", "non_ambulatory"), ["n_dead", "n_unknown"]].to_numpy()
    assert (dead_unknown == [1, 0]).all()


def test_rates_columns_order_and_outcome():
    found = rates(*cases(MIXED))
    assert list(found.columns) == [
        *("group", "baseline", "outcome", "estimand", "numerator", "denominator"),
        *("proportion", "ci_lower", "ci_upper", "n_dead", "n_unknown", "note"),
    ]
    assert found["group"].tolist() == ["s"] * 12 + ["r"] * 12
    outcome = dict(zip(found["baseline"], found["outcome"], strict=True))
    assert outcome == {
        "all": "walking",
        "ambulatory": "maintained",
        "non_ambulatory": "regained",
    }


def test_rate_intervals_are_wilson():
    found = rates(*cases(PATCHELL)).query("baseline == 'all' and estimand == 'composite'")
    intervals = found[["proportion", "ci_lower", "ci_upper"]].to_numpy()
    # published: 84.0 (71.5-91.7) and 56.9 (43.3-69.5)
    assert_allclose(100 * intervals, [[84.0, 71.5, 91.7], [56.9, 43.3, 69.5]], atol=0.05)


def test_rates_of_few_cases_have_exact_intervals():
    few = cases("s a n 5\ns x w 3\ns x n 4")
    exact, wilson = (
        rates(*few, exact_below=below)
        .query("estimand == 'composite'")
        .set_index("baseline")[["ci_lower", "ci_upper"]]
        for below in (8, 0)
    )
    # R: binom.test(0, 5)$conf.int, binom.test(3, 7)$conf.int
    expected = [[0, 0.521823750104981], [0.0989882784425079, 0.815948432359917]]
    small = ["ambulatory", "non_ambulatory"]
    assert_allclose(exact.loc[small], expected, rtol=1e-8, atol=1e-15)
    assert (wilson.loc[small, "ci_upper"] < exact.loc[small, "ci_upper"]).all()
    assert exact.loc["all"].tolist() == wilson.loc["all"].tolist()  # 3 of 12


def test_rate_of_nobody_says_so():
    row = rates(*cases("s a w 1")).query("baseline == 'non_ambulatory'").iloc[0]
    assert row["note"] == "not estimable: nobody in the denominator"
    assert np.isnan(row["proportion"]) and np.isnan(row["ci_lower"])


def test_missing_state_is_unknown():
    state, group, entry = cases(MIXED)
    missing = [None if value == "unknown" else value for value in state]
    pd.testing.assert_frame_equal(rates(missing, group, entry), rates(state, group, entry))


def test_level_changes_the_intervals():
    narrow, wide = (rates(*cases(PATCHELL), level=level) for level in (0.8, 0.99))
    assert (wide["ci_lower"] < narrow["ci_lower"]).all()
    narrow, wide = (contrasts(*cases(PATCHELL), level=level) for level in (0.8, 0.99))
    assert (wide["ci_lower"] < narrow["ci_lower"]).all()
    assert (wide["ci_upper"] > narrow["ci_upper"]).all()


def test_without_cases_the_frames_are_empty_and_whole():
    assert list(rates([], [], []).columns) == list(rates(*cases(MIXED)).columns)
    assert list(contrasts([], [], []).columns) == list(contrasts(*cases(MIXED)).columns)
    assert len(rates([], [], [])) == len(contrasts([], [], [])) == 0


def patchell(baseline="all", estimand="composite", **choices):
    found = contrasts(*cases(PATCHELL), reference="r", **choices)
    found = found[(found["baseline"] == baseline) & (found["estimand"] == estimand)]
    return found.set_index("test")


def test_patchell_published_contrasts():
    found = patchell()
    assert found.index.tolist() == ["newcombe", "katz", "fisher", "chi_square", "cmh"]
    assert found["measure"].tolist() == [
        *("risk_difference", "risk_ratio", "odds_ratio", "odds_ratio", "odds_ratio_mh")
    ]
    assert_allclose(
        found[["estimate", "ci_lower", "ci_upper"]],
        [
            [0.271, 0.094, 0.427],
            [1.48, 1.13, 1.93],
            [3.98, 1.56, 10.17],
            [3.98, 1.56, 10.17],
            [6.26, 1.98, 19.75],
        ],
        atol=0.005,
    )
    assert_allclose(found["p"], [np.nan, np.nan, 0.0043, 0.0028, 0.0009], atol=0.00005)
    assert (found["note"] == "").all()


def test_patchell_published_strata():
    regained, maintained = patchell("non_ambulatory"), patchell("ambulatory")
    assert "cmh" not in regained.index
    assert_allclose(regained.loc["fisher", "estimate"], 7.22, atol=0.005)
    assert_allclose(regained.loc["fisher", "p"], 0.029, atol=0.0005)
    assert_allclose(regained.loc["chi_square", "p"], 0.0118, atol=0.00005)
    assert_allclose(maintained.loc["fisher", "estimate"], 5.54, atol=0.005)
    assert_allclose(maintained.loc["fisher", "p"], 0.045, atol=0.0005)
    assert_allclose(maintained.loc["chi_square", "p"], 0.0245, atol=0.00005)


def test_contrast_columns_and_default_reference():
    found = contrasts(*cases(PATCHELL))
    assert list(found.columns) == [
        *("group", "reference", "baseline", "estimand", "measure"),
        *("estimate", "ci_lower", "ci_upper", "p", "test", "note"),
    ]
    assert found["reference"].unique().tolist() == ["s"]
    assert found["group"].unique().tolist() == ["r"]
    turned = found.query("test == 'newcombe' and baseline == 'all' and estimand == 'composite'")
    assert_allclose(turned["estimate"], -0.2713725490)


def test_estimands_contrast_their_own_counts():
    found = contrasts(*cases(MIXED), reference="r", min_arm=1).query("test == 'newcombe'")
    found = found[found["baseline"] == "all"].set_index("estimand")["estimate"]
    assert_allclose(found["alive_assessed"], 6 / 7)
    assert_allclose(found["composite"], 6 / 10)
    assert_allclose(found["best_case"], 10 / 14)
    assert_allclose(found["worst_case"], 6 / 14)


def test_mantel_haenszel_leaves_cases_without_entry_status_out():
    extra = PATCHELL + "s - n 40\n"
    found = contrasts(*cases(extra), reference="r").query("estimand == 'composite'")
    pooled = found[found["baseline"] == "all"].set_index("test")
    assert_allclose(pooled.loc["cmh", "estimate"], patchell().loc["cmh", "estimate"])
    assert pooled.loc["fisher", "estimate"] < 1


@pytest.mark.parametrize("min_arm, shown", [(50, True), (51, False)])
def test_no_p_value_in_a_small_arm(min_arm, shown):
    # 50 and 51 cases: the limit itself is large enough
    found = patchell(min_arm=min_arm)
    note = "" if shown else f"no p value: fewer than {min_arm} cases in a group"
    for test in ("fisher", "chi_square", "cmh"):
        assert found.loc[test, "note"] == note
        assert np.isnan(found.loc[test, "p"]) != shown
    assert (found.loc[["newcombe", "katz"], "note"] == "").all()


def test_default_min_arm_is_10():
    found = contrasts(*cases("s a w 9\ns a n 1\nr a w 5\nr a n 4")).query("test == 'fisher'")
    assert (found["note"].iloc[0]) == "no p value: fewer than 10 cases in a group"
    found = contrasts(*cases("s a w 9\ns a n 1\nr a w 5\nr a n 5")).query("test == 'fisher'")
    assert found["note"].iloc[0] == "" and found["p"].iloc[0] > 0


def test_empty_arm_has_no_p_value_whatever_the_limit():
    found = contrasts(*cases("s a w 3\ns a n 2\nr x w 3\nr x n 1"), min_arm=0)
    found = found.query("baseline == 'ambulatory' and test in ('fisher', 'chi_square')")
    assert found["p"].isna().all()
    assert found["note"].str.startswith("not estimable: a group is empty").all()


def test_contrast_notes():
    found = contrasts(*cases("s a w 12\nr a w 11")).query("baseline == 'all'")
    found = found[found["estimand"] == "composite"].set_index("test")["note"]
    assert found["newcombe"] == "" and found["katz"] == ""
    assert found["fisher"] == "not estimable: a cell of the table is 0"
    assert found["chi_square"] == (
        "not estimable: a cell of the table is 0; "
        "p value not estimable: the groups do not differ in a way to test"
    )
    assert found["cmh"] == (
        "not estimable: no stratum has both outcomes in a way that compares the groups; "
        "p value not estimable: the groups do not differ in a way to test"
    )


def test_nothing_is_missing_without_a_note(rng):
    for _ in range(20):
        n = rng.integers(1, 30)
        state = rng.choice(list(STATE.values()), n)
        entry = rng.choice(["ambulatory", "non_ambulatory", None], n)
        found = contrasts(state, rng.choice(["a", "b", "c"], n), entry)
        assert (found["estimate"].notna() | found["note"].str.contains("not estimable")).all()
        tested = ~found["test"].isin(["newcombe", "katz"])
        assert (found.loc[tested, "p"].notna() | (found.loc[tested, "note"] != "")).all()


def test_wrong_input_is_named_at_once():
    with pytest.raises(UsageError) as error:
        rates(["walks", "dead"], ["a", None], ["ambulatory", "bedridden"])
    assert str(error.value) == (
        "walking states cannot be used:\n"
        "  - 1 cases have no group\n"
        "  - state: 'walks' is not one of walking, not_walking, dead, unknown\n"
        "  - entry status: 'bedridden' is not one of ambulatory, non_ambulatory"
    )
    with pytest.raises(UsageError) as error:
        rates(["dead"], ["a", "b"], ["ambulatory"])
    assert str(error.value) == (
        "walking states cannot be used:\n  - wanted one state, group and entry status per case"
    )


def test_unknown_reference_is_refused():
    with pytest.raises(UsageError) as error:
        contrasts(*cases(PATCHELL), reference="z")
    assert str(error.value) == (
        "reference group cannot be used:\n  - found 'z', wanted one of s, r"
    )
