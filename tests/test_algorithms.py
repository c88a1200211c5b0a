"""The algorithms beside each other: counts under every policy, pairs, agreement worked by hand."""

from itertools import product

import numpy as np
import pandas as pd
import pytest

from mescc_analytics import settings
from mescc_analytics.clinical.algorithms import (
    SINS_POLICIES,
    SOSG_1C_POLICIES,
    count_pairs,
    count_policies,
    pathways_of_all,
)
from mescc_analytics.clinical.pathway import assign_pathways
from mescc_analytics.clinical.pathway_rules import algorithms, combine, pathway_levels
from mescc_analytics.clinical.scores import score_cases
from mescc_analytics.steps.algorithm_agreement import compare_algorithms
from mescc_analytics.synthetic import synthesise

FULL = settings.complete({}, need_cohorts=False)
ASSIGN = FULL["assign"]


@pytest.fixture(scope="module")
def scored():
    """400 synthetic cases with blanks, and the case without anything recorded."""
    cases = pd.concat(
        [synthesise(400, np.random.default_rng(7)).cases, pd.DataFrame({"case_id": ["empty"]})],
        ignore_index=True,
    )
    return score_cases(cases, FULL["score"])


def test_every_policy_counts_what_the_assignment_gives(scored):
    counts = count_policies(scored, ASSIGN)
    keys = ["algorithm", "sins_policy", "sosg_1c_policy", "pathway"]
    counts = counts.set_index(keys)["n"].sort_index()
    seen = set()
    for choice in product(algorithms(), SINS_POLICIES, SOSG_1C_POLICIES):
        keys = dict(zip(("algorithm", "sins_indeterminate", "sosg_1c"), choice, strict=True))
        expected = assign_pathways(scored, ASSIGN | keys)["pathway"].value_counts()
        assert counts.loc[choice].to_dict() == expected[counts.loc[choice].index].to_dict(), choice
        seen.add(tuple(counts.loc[choice]))
    assert len(seen) > 12  # the policies do move cases


@pytest.mark.parametrize(
    "changed",
    [
        {"unrecorded_as_no": ["retropulsed_fragment", "prior_rt_same_level"]},
        {"noms_intermediate": "sensitive"},
        {"sins_high_from": 10},
        {"operable_ecog_max": 4},
        {"short_course_below_months": 12},
    ],
)
def test_settings_reach_every_algorithm_as_they_reach_the_assignment(scored, changed):
    chosen, moved = ASSIGN | changed, False
    pathways, before = pathways_of_all(scored, chosen), pathways_of_all(scored, ASSIGN)
    assert list(pathways) == ["seed_text", "figure3_literal", "noms"]
    for name in pathways:
        expected = assign_pathways(scored, chosen | {"algorithm": name})["pathway"]
        assert pathways[name].tolist() == expected.tolist()
        moved |= not pathways[name].equals(before[name])
    assert moved


def test_the_table_is_left_as_it_was(scored):
    before = scored.copy(deep=True)
    count_policies(scored, ASSIGN | {"unrecorded_as_no": ["retropulsed_fragment"]})
    pd.testing.assert_frame_equal(scored, before)


def test_combinations_of_answers_give_the_answers_back():
    answers = {
        "a": pd.Series([True, False, None, True, None], dtype="boolean"),
        "b": pd.Series([False, False, True, False, None], dtype="boolean"),
    }
    codes, combinations = combine(answers)
    assert codes.tolist() == [0, 1, 2, 0, 3]
    for name, answer in answers.items():
        assert combinations[name].take(codes).tolist() == answer.tolist()


def hand_made(rows):
    levels = pathway_levels()
    columns = list(zip(*rows, strict=True))
    return pd.DataFrame(
        {
            name: pd.Categorical(column, levels)
            for name, column in zip(("seed_text", "figure3_literal", "noms"), columns, strict=True)
        }
    )


# 10 cases. seed_text / figure3_literal: 9 have a pathway under both, 7 the same.
WORKED = (
    [("surgery_then_rt", "surgery_then_rt", "surgery_then_rt")] * 4
    + [("cebrt", "cebrt", "sbrt")] * 3
    + [("cebrt", "surgery_then_rt", "cebrt")] * 2
    + [("undetermined", "cebrt", "cebrt")]
)


def test_pairs_are_counted_with_the_undetermined():
    counts = count_pairs(hand_made(WORKED))
    assert len(counts) == 3 * 36
    assert counts.groupby(["first", "second"])["n"].sum().tolist() == [10, 10, 10]
    found = counts[counts["n"] > 0].set_index("first").loc["seed_text"]
    assert found.to_numpy().tolist() == [
        ["figure3_literal", "surgery_then_rt", "surgery_then_rt", 4],
        ["figure3_literal", "cebrt", "surgery_then_rt", 2],
        ["figure3_literal", "cebrt", "cebrt", 3],
        ["figure3_literal", "undetermined", "cebrt", 1],
        ["noms", "surgery_then_rt", "surgery_then_rt", 4],
        ["noms", "cebrt", "sbrt", 3],
        ["noms", "cebrt", "cebrt", 2],
        ["noms", "undetermined", "cebrt", 1],
    ]


def test_agreement_worked_by_hand(monkeypatch):
    """Of 9 compared 7 agree. Chance: surgery 4/9 x 6/9, cebrt 5/9 x 3/9, together 39/81; kappa is
    (63 - 39) / (81 - 39) = 4/7. Wilson for 7 of 9 at 1.96: 0.453 to 0.937.
    """
    from mescc_analytics.steps import algorithm_agreement

    monkeypatch.setattr(
        algorithm_agreement, "pathways_of_all", lambda cases, _: hand_made(WORKED).loc[cases.index]
    )
    cases = pd.DataFrame(index=range(10))
    out = compare_algorithms(cases, cases.iloc[:4], FULL)
    rows = out[out["section"].eq("agreement") & out["first"].eq("seed_text")]
    first = rows[rows["cases"].eq("supplied") & rows["second"].eq("figure3_literal")]
    assert first["text"].tolist() == ["compared", "agree", "kappa"]
    assert first["n"].tolist() == [9, 7, 9]
    compared, agree, kappa = first[["value", "ci_lower", "ci_upper"]].to_numpy()
    assert pd.isna(compared).all()
    assert agree == pytest.approx([7 / 9, 0.4526, 0.9368], abs=1e-4)
    assert kappa[0] == pytest.approx(4 / 7)
    assert kappa[1] < 4 / 7 < kappa[2] <= 1
    # the cases analysed are four of the same pathway: nothing beyond chance can be said
    analysed = rows[rows["cases"].eq("analysed") & rows["second"].eq("noms")]
    assert analysed["n"].tolist() == [4, 4, 4]
    assert analysed["value"].iloc[1] == 1 and pd.isna(analysed["value"].iloc[2])


def test_a_table_without_anything_recorded_has_nothing_to_compare():
    cases = score_cases(pd.DataFrame({"case_id": ["A", "B"]}), FULL["score"])
    out = compare_algorithms(cases, cases, FULL)
    agreed = out[out["section"] == "agreement"]
    assert agreed["n"].eq(0).all() and agreed["value"].isna().all()
    both = out[(out["first_pathway"] == "undetermined") & (out["second_pathway"] == "undetermined")]
    assert both["n"].tolist() == [2] * 6


def test_an_empty_table_is_counted():
    cases = score_cases(pd.DataFrame({"case_id": pd.array([], dtype="string")}), FULL["score"])
    assert count_policies(cases, ASSIGN)["n"].eq(0).all()
    assert count_pairs(pathways_of_all(cases, ASSIGN))["n"].eq(0).all()
