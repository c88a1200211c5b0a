"""Small counts are hidden, with whatever would reveal them; at the threshold they are shown."""

import pandas as pd
import pytest

from mescc_analytics.tables.disclosure import hide_small, merge_small_steps, suppress_crosstab


@pytest.mark.parametrize(
    "n, total, suppressed",
    [
        (0, 30, False),
        (1, 30, True),
        (4, 30, True),
        (5, 30, False),
        (25, 30, False),
        (26, 30, True),
        (29, 30, True),
        (30, 30, False),
        (0, 0, False),
    ],
)
def test_hide_small_at_the_threshold(n, total, suppressed):
    frame = pd.DataFrame({"n": [n], "total": [total], "percent": [50.0]})
    hidden = hide_small(frame, "n", "total", ["percent"], 5)
    assert hidden["suppressed"].tolist() == [suppressed]
    assert hidden["n"].isna().tolist() == [suppressed]
    assert hidden["percent"].isna().tolist() == [suppressed]
    assert hidden["total"].tolist() == [total]


@pytest.mark.parametrize("threshold", [0, 1])
def test_hide_small_can_hide_nothing(threshold):
    frame = pd.DataFrame({"n": [1, 0], "total": [2, 1], "p": [0.5, 0.0]})
    hidden = hide_small(frame, "n", "total", ["p"], threshold)
    assert hidden["n"].tolist() == [1, 0]
    assert not hidden["suppressed"].any()


def test_hide_small_without_a_total_looks_at_the_count_only():
    frame = pd.DataFrame({"n": [29], "total": [30]})
    assert hide_small(frame, "n", "total", [], 5)["suppressed"].tolist() == [True]
    assert hide_small(frame, "n", None, [], 5)["suppressed"].tolist() == [False]


def test_hide_small_hides_a_small_total():
    hidden = hide_small(pd.DataFrame({"n": [0], "total": [3]}), "n", "total", [], 5)
    assert hidden["total"].isna().tolist() == [True]


def test_hide_small_leaves_missing_counts_and_the_given_frame_alone():
    frame = pd.DataFrame({"n": pd.array([None, 3], dtype="Int64"), "p": [0.1, 0.2]})
    hidden = hide_small(frame, "n", None, ["p"], 5)
    assert hidden["suppressed"].tolist() == [False, True]
    assert hidden["p"].isna().tolist() == [False, True]
    assert frame["p"].tolist() == [0.1, 0.2]


def shown(frame):
    return [["-" if pd.isna(cell) else cell for cell in row] for row in frame.to_numpy()]


@pytest.mark.parametrize(
    "threshold, counts, expected",
    [
        (5, [[10, 20], [30, 40]], [[10, 20], [30, 40]]),
        (5, [[5, 20], [30, 40]], [[5, 20], [30, 40]]),
        # one small cell: its row and its column each lose one more, and those theirs
        (5, [[4, 20, 9], [10, 7, 8], [0, 0, 30]], [["-", 20, "-"], ["-", 7, "-"], [0, 0, 30]]),
        # two small cells protect each other in their row, not in their columns
        (5, [[3, 4, 50], [10, 20, 30]], [["-", "-", 50], ["-", "-", 30]]),
        # nothing but zeros beside it
        (5, [[3, 0], [10, 0]], [["-", "-"], ["-", "-"]]),
        (1, [[1, 2], [3, 4]], [[1, 2], [3, 4]]),
        (0, [[1, 2], [3, 4]], [[1, 2], [3, 4]]),
        (4, [[4, 20], [30, 40]], [[4, 20], [30, 40]]),
    ],
)
def test_suppress_crosstab(threshold, counts, expected):
    hidden = suppress_crosstab(pd.DataFrame(counts), threshold)
    assert shown(hidden) == expected
    assert set(map(str, hidden.dtypes)) == {"Int64"}


def test_suppress_crosstab_keeps_labels_and_the_given_frame():
    counts = pd.DataFrame({"a": [1, 9], "b": [9, 9]}, index=["x", "y"])
    hidden = suppress_crosstab(counts, 5)
    assert list(hidden.index) == ["x", "y"] and list(hidden.columns) == ["a", "b"]
    assert counts["a"].tolist() == [1, 9]


def test_suppress_crosstab_of_one_column():
    assert shown(suppress_crosstab(pd.DataFrame({"a": [3, 9, 6]}), 5)) == [["-"], [9], ["-"]]


def flow(*excluded, arms=()):
    """A flow of 100 supplied cases; `arms` are the exclusions of the comparison of arms."""
    steps, n = [], 100
    for order, n_excluded in enumerate([0, *excluded, *arms]):
        steps.append(
            {
                "order": order,
                "criterion": f"c{order}" if order else "supplied",
                "label": f"Reason {order}" if order else "Supplied",
                "applies_to": "comparison" if order > len(excluded) else "all",
                "n_before": n,
                "n_excluded": n_excluded,
                "n_unknown": 0,
                "n_after": n - n_excluded,
            }
        )
        n -= n_excluded
    return pd.DataFrame(steps)


def summary(merged):
    columns = ["criterion", "n_before", "n_excluded", "n_after"]
    return [tuple(row) for row in shown(merged[columns])]


def test_large_and_zero_exclusions_stay():
    assert summary(merge_small_steps(flow(5, 0, 10), 5)) == [
        ("supplied", 100, 0, 100),
        ("c1", 100, 5, 95),
        ("c2", 95, 0, 95),
        ("c3", 95, 10, 85),
    ]


def test_small_exclusions_merge_with_the_next():
    merged = merge_small_steps(flow(3, 1, 4, 10), 5)
    assert summary(merged) == [
        ("supplied", 100, 0, 100),
        ("c1 or c2 or c3", 100, 8, 92),
        ("c4", 92, 10, 82),
    ]
    assert merged["label"].tolist()[1] == "Reason 1 or Reason 2 or Reason 3"


def test_a_small_last_exclusion_merges_backwards():
    assert summary(merge_small_steps(flow(10, 0, 4), 5)) == [
        ("supplied", 100, 0, 100),
        ("c1 or c2 or c3", 100, 14, 86),
    ]


def test_a_small_sum_is_hidden_with_the_number_before():
    assert summary(merge_small_steps(flow(0, 4), 5)) == [
        ("supplied", "-", 0, "-"),
        ("c1", "-", 0, "-"),
        ("c2", "-", "-", 96),
    ]


def test_a_small_sum_of_the_comparison_hides_the_exclusion_from_which_it_follows():
    assert summary(merge_small_steps(flow(10, 0, arms=[4]), 5)) == [
        ("supplied", 100, 0, 100),
        ("c1", 100, "-", "-"),
        ("c2", "-", 0, "-"),
        ("c3", "-", "-", 86),
    ]


def test_steps_of_the_whole_cohort_and_of_the_comparison_are_never_merged():
    merged = merge_small_steps(flow(3, 4, arms=[3, 6]), 5)
    assert merged["criterion"].tolist() == ["supplied", "c1 or c2", "c3 or c4"]
    assert merged["n_excluded"].tolist() == [0, 7, 9]


@pytest.mark.parametrize("threshold, n_steps", [(0, 3), (1, 3), (3, 3), (4, 2)])
def test_the_threshold_decides(threshold, n_steps):
    assert len(merge_small_steps(flow(3, 4), threshold)) == n_steps


def test_small_numbers_left_and_unknown_are_hidden():
    few = flow(97).assign(n_unknown=[0, 4])
    merged = merge_small_steps(few, 5)
    assert merged["n_after"].isna().tolist() == [False, True]
    assert merged["n_unknown"].isna().tolist() == [False, True]
    assert few["n_after"].tolist() == [100, 3]
