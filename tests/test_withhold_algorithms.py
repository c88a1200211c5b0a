"""Small counts in the tables that compare the algorithms: hidden, and not to be worked out."""

import numpy as np
import pandas as pd

from mescc_analytics.clinical.algorithms import count_pairs
from mescc_analytics.clinical.pathway_rules import pathway_levels
from mescc_analytics.present import tables_algorithms
from mescc_analytics.present.study import Study
from mescc_analytics.steps import withhold_algorithms as withhold
from mescc_analytics.steps.algorithm_agreement import compare_algorithms
from tests import result_frames as made

STUDY = Study("small", threshold=5)


def test_a_lone_cell_of_the_diagonal_follows_from_the_number_that_agree():
    """Hidden: a square in which only one cell agrees, so that the number that agree tells it."""
    levels = ["sbrt", "cebrt", "cebrt_short", "undetermined"]
    hidden = np.zeros((4, 4), dtype=bool)
    hidden[np.ix_([0, 1], [1, 2])] = True
    assert withhold.follows(hidden, levels, levels)[hidden].all()
    # a second cell of the diagonal, crossing other lines, keeps it
    hidden[np.ix_([0, 1, 2], [0, 1, 2])] = True
    assert not withhold.follows(hidden, levels, levels).any()


def test_the_number_compared_tells_the_cell_undetermined_under_both():
    levels = ["sbrt", "cebrt", "undetermined"]
    hidden = np.zeros((3, 3), dtype=bool)
    hidden[np.ix_([1, 2], [0, 2])] = True
    assert withhold.follows(hidden, levels, levels)[2, 2]
    assert not withhold.follows(np.zeros((3, 3), dtype=bool), levels, levels).any()


def pair_of(rows):
    """algorithms.csv of one pair: rows of (first pathway, second pathway, n)."""
    full = made.algorithms().iloc[:0]
    cells = pd.DataFrame(rows, columns=["first_pathway", "second_pathway", "n"])
    names = {"cases": "analysed", "section": "cell", "first": "seed_text", "second": "noms"}
    agreed = made.algorithms().query("section == 'agreement' and cases == 'analysed'")
    return pd.concat([full, cells.assign(**names), agreed], ignore_index=True)


def test_a_small_count_undetermined_under_both_hides_the_agreement():
    """40 cases of 3 undetermined under both: 40 - 37 compared would tell them."""
    rows = [("sbrt", "sbrt", 20), ("cebrt", "cebrt", 17), ("undetermined", "undetermined", 3)]
    frame = pair_of(rows)
    assert withhold.agreement(frame, 5) == [("seed_text", "noms", {})]
    assert withhold.agreement(frame, 2)[0][2]["agree"]["n"] == 30


def movable(pair):
    """Hidden cells of a pair that some other filling with the same known sums would change."""
    first, second = pair["first_pathway"], pair["second_pathway"]
    both = first.ne("undetermined") & second.ne("undetermined")
    known = [both, both & first.eq(second)]
    known += [first == name for name in first.unique()]
    known += [second == name for name in second.unique()]
    sums = np.array(known, dtype=float)[:, pair["n"].isna().to_numpy()]
    _, size, vectors = np.linalg.svd(sums, full_matrices=True)
    return (vectors[(size > 1e-9).sum() :] ** 2).sum(axis=0) > 1e-9


PLACE = ["first", "second", "first_pathway", "second_pathway"]


def test_no_mark_says_which_hidden_counts_are_small():
    """The mark of a small count, "<5", would give the others in its lines away."""
    shown = withhold.cells(pair_of(THREE_BY_THREE), 5)
    assert shown["n"].isna().sum() >= 4
    assert set(shown.loc[shown["n"].isna(), "mark"]) == {"hidden"}
    assert shown.loc[shown["n"].notna(), "mark"].isna().all()


THREE_BY_THREE = [
    *[("sbrt", "sbrt", 20), ("sbrt", "cebrt", 1), ("sbrt", "undetermined", 2)],
    *[("cebrt", "sbrt", 1), ("cebrt", "cebrt", 30), ("cebrt", "undetermined", 9)],
    *[
        ("undetermined", "sbrt", 8),
        ("undetermined", "cebrt", 3),
        ("undetermined", "undetermined", 9),
    ],
]


def test_noughts_that_no_count_can_undercut_tell_their_neighbours():
    """Rows of 3 and 2 beside a column of 0: linear algebra leaves one free number, counts do not."""
    names = ["surgery_then_rt", "sbrt"], ["cebrt", "cebrt_short"]
    counts = pd.DataFrame([[3, 0], [2, 0]], index=names[0], columns=names[1])
    everything = np.ones((2, 2), dtype=bool)
    assert not withhold.follows(everything, *names).any()
    assert withhold._pinned(counts, everything, 5).tolist() == [[True, False], [True, False]]
    # with numbers in the column both rows can be filled otherwise
    counts["cebrt_short"] = [6, 7]
    assert not withhold._pinned(counts, everything, 5).any()


def test_a_neighbour_is_hidden_until_no_filling_is_the_only_one():
    levels = ["surgery_then_rt", "sbrt", "cebrt", "cebrt_short"]
    counts = [[0, 0, 3, 0], [0, 0, 2, 0], [9, 8, 0, 0], [6, 7, 0, 0]]
    rows = [(a, b, counts[i][j]) for i, a in enumerate(levels) for j, b in enumerate(levels)]
    shown = withhold.cells(pair_of(rows), 5)
    small = shown.merge(pd.DataFrame(rows, columns=[*PLACE[2:], "true"]), on=PLACE[2:])
    small = small[small["true"].isin([2, 3])]
    assert small["n"].isna().all()
    # the lines of the small counts alone hold 0s only
    assert shown["n"].isna().sum() > 5
    _, wide = withhold._wide(pair_of(rows).query("section == 'cell'"))
    hidden = withhold._hidden(wide, 5)
    assert hidden.sum() == shown["n"].isna().sum()
    assert not withhold._pinned(wide, hidden, 5).any()


def drawn(seed):
    rng, levels = np.random.default_rng(seed), pathway_levels()
    chances = rng.dirichlet(np.full(6, 0.6), size=3)
    names = ("seed_text", "figure3_literal", "noms")
    return pd.DataFrame(
        {
            name: pd.Categorical(rng.choice(levels, p=p, size=120), levels)
            for name, p in zip(names, chances, strict=True)
        }
    )


def test_no_small_count_follows_from_what_is_shown():
    checked = 0
    for seed in range(30):
        counts = count_pairs(drawn(seed)).assign(section="cell", cases="analysed")
        shown = withhold.cells(counts, 5).merge(
            counts, how="left", on=PLACE, suffixes=("", "_true")
        )
        assert not shown["n"].isin([1, 2, 3, 4]).any()
        for _, pair in shown.groupby(["first", "second"]):
            small = pair.loc[pair["n"].isna(), "n_true"].isin([1, 2, 3, 4]).to_numpy()
            # where even hiding every cell would not do, the agreement is withheld instead
            if small.any() and not pair["n"].isna().all():
                assert movable(pair)[small].all()
                checked += 1
    assert checked > 40


def test_nothing_is_hidden_without_a_threshold():
    frame = made.algorithms()
    assert withhold.cells(frame, 0)["n"].notna().all()
    assert withhold.cells(frame, 5)["n"].isna().any()


def test_agreement_in_words():
    table = tables_algorithms.agreement(withhold.agreement(made.algorithms(), 5), STUDY)
    assert table.head == ("Algorithms", "Same pathway", "95 % CI", "Kappa")
    assert table.rows == (
        (
            "Text of the review / NOMS",
            "30 of 36 (83 %)",
            "68 to 92 %",
            "0.61 (0.33 to 0.90)",
        ),
    )


def test_agreement_is_hidden_where_few_differ():
    frame = made.algorithms()
    frame.loc[frame["text"] == "agree", "n"] = 33
    table = tables_algorithms.agreement(withhold.agreement(frame, 5), STUDY)
    assert table.rows == (("Text of the review / NOMS", "hidden", "hidden", "hidden"),)


def test_pairs_in_words():
    table = tables_algorithms.pairs(withhold.cells(made.algorithms(), 0), STUDY)
    assert table.head[:2] == ("First / second", "First gives")
    assert table.head[2:] == ("Surgery, then radiotherapy", "SBRT", "Undetermined")
    assert table.rows == (
        ("Text of the review / NOMS", "Surgery, then radiotherapy", "20", "6", "0"),
        ("Text of the review / NOMS", "SBRT", "0", "10", "4"),
    )


def test_nothing_to_compare_gives_tables_without_rows():
    nothing = made.algorithms().iloc[:0]
    assert tables_algorithms.pairs(withhold.cells(nothing, 5), STUDY).rows == ()
    assert tables_algorithms.agreement(withhold.agreement(nothing, 5), STUDY).rows == ()


def test_nothing_compared_is_said(monkeypatch):
    from mescc_analytics import settings
    from mescc_analytics.clinical.scores import score_cases

    full = settings.complete({}, need_cohorts=False)
    cases = score_cases(pd.DataFrame({"case_id": [f"A{i}" for i in range(9)]}), full["score"])
    frame = compare_algorithms(cases, cases, full)
    table = tables_algorithms.agreement(withhold.agreement(frame, 5), STUDY)
    assert {row[1:] for row in table.rows} == {
        ("no case to compare", "not estimable", "not estimable")
    }
    assert withhold.cells(frame, 5).empty
