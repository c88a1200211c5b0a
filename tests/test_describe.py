"""Table 1 and standardised mean differences: by hand, and R's mean, sd, quantile, mahalanobis."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from mescc_analytics.errors import UsageError
from mescc_analytics.stats.describe import Difference, smd, table_one

ORACLE = Path(__file__).parent / "oracle" / "stats"
NAN = float("nan")


def case_table():
    columns = {
        "age": pd.Series([50, 60, None, 80], dtype="Int64"),
        "grade": pd.Series(pd.Categorical(["low", "high", "low", None], ["low", "high", "top"])),
        "fit": pd.Series([True, False, None, True], dtype="boolean"),
    }
    kinds = {"age": "number", "grade": "category", "fit": "boolean"}
    return columns, pd.Categorical(["b", "b", "a", None], ["c", "b", "a"]), kinds


def rows(frame, variable, statistic):
    chosen = frame[(frame["variable"] == variable) & (frame["statistic"] == statistic)]
    return chosen[["group", "n", "total", "value", "value2", "value3"]].to_numpy().tolist()


def same(found, expected):
    for left, right in zip(found, expected, strict=True):
        assert left[0] == right[0]
        assert_allclose(np.array(left[1:], float), np.array(right[1:], float))


def test_numbers_by_hand():
    found = table_one(*case_table())
    mean, sd = 190 / 3, np.sqrt((40**2 + 10**2 + 50**2) / 9 / 2)
    same(
        rows(found, "age", "mean_sd"),
        [
            ["all", 3, 4, mean, sd, NAN],
            ["b", 2, 2, 55, np.sqrt(50), NAN],
            ["a", 0, 1, NAN, NAN, NAN],
        ],
    )
    same(
        rows(found, "age", "median_iqr"),
        [["all", 3, 4, 60, 55, 70], ["b", 2, 2, 55, 52.5, 57.5], ["a", 0, 1, NAN, NAN, NAN]],
    )
    same(
        rows(found, "age", "missing"),
        [["all", 1, 4, 0.25, NAN, NAN], ["b", 0, 2, 0, NAN, NAN], ["a", 1, 1, 1, NAN, NAN]],
    )


def test_categories_by_hand():
    found = table_one(*case_table())
    assert found.loc[found["variable"] == "grade", "level"].dropna().unique().tolist() == [
        *("low", "high", "top")
    ]
    same(
        rows(found, "grade", "n"),
        [
            *(["all", 2, 3, 2 / 3, NAN, NAN], ["b", 1, 2, 0.5, NAN, NAN], ["a", 1, 1, 1, NAN, NAN]),
            *(["all", 1, 3, 1 / 3, NAN, NAN], ["b", 1, 2, 0.5, NAN, NAN], ["a", 0, 1, 0, NAN, NAN]),
            *(["all", 0, 3, 0, NAN, NAN], ["b", 0, 2, 0, NAN, NAN], ["a", 0, 1, 0, NAN, NAN]),
        ],
    )


def test_boolean_has_one_row_and_its_missing():
    found = table_one(*case_table())
    assert found.loc[found["variable"] == "fit", "level"].dropna().unique().tolist() == ["yes"]
    same(
        rows(found, "fit", "n"),
        [["all", 2, 3, 2 / 3, NAN, NAN], ["b", 1, 2, 0.5, NAN, NAN], ["a", 0, 0, NAN, NAN, NAN]],
    )


def test_columns_and_order():
    found = table_one(*case_table())
    assert list(found.columns) == [
        *("variable", "level", "statistic", "group", "n", "total", "value", "value2", "value3")
    ]
    assert found["variable"].unique().tolist() == ["age", "grade", "fit"]
    assert found["group"].unique().tolist() == ["all", "b", "a"]


def test_one_value_has_a_mean_and_no_deviation():
    found = table_one({"x": pd.Series([7.0])}, ["a"], {"x": "number"})
    same(rows(found, "x", "mean_sd"), [[name, 1, 1, 7, NAN, NAN] for name in ("all", "a")])


def test_table_one_agrees_with_r():
    cases = pd.read_csv(ORACLE / "data_lung.csv")
    columns = {name: cases[name] for name in ("age", "ecog")}
    found = table_one(columns, pd.Categorical(cases["group"]), dict.fromkeys(columns, "number"))
    found = found.set_index(["variable", "group", "statistic"])
    for row in pd.read_csv(ORACLE / "table_one.csv").itertuples():
        mean, quartiles, missing = (
            found.loc[(row.variable, row.group, name)]
            for name in ("mean_sd", "median_iqr", "missing")
        )
        assert (mean["n"], missing["n"]) == (row.n, row.missing)
        assert_allclose([mean["value"], mean["value2"]], [row.mean, row.sd], rtol=1e-12)
        expected = [row.median, row.lower_quartile, row.upper_quartile]
        assert quartiles[["value", "value2", "value3"]].tolist() == expected


def test_table_one_names_every_problem():
    columns = {"x": pd.Series([1, 2, 3]), "y": pd.Series([1, 2])}
    with pytest.raises(UsageError) as error:
        table_one(columns, ["a", "all"], {"x": "number", "y": "rank"})
    assert str(error.value) == (
        "table of characteristics cannot be used:\n"
        "  - y: kind 'rank' is not one of number, category, boolean\n"
        "  - x: found 3 values, wanted one for each of the 2 cases\n"
        "  - a group is called 'all', which is the name for all cases together"
    )


def test_smd_agrees_with_r():
    for row in pd.read_csv(ORACLE / "smd.csv").itertuples():
        cases = pd.read_csv(ORACLE / f"data_{row.data}.csv")
        cases = cases[cases["group"].isin([row.first, row.second])]
        found = smd(cases[row.column], pd.Categorical(cases["group"]), row.kind)
        assert_allclose(found.value, row.smd, rtol=1e-8)
        assert set(found.between) == {row.first, row.second} and found.note == ""


def test_smd_of_numbers_by_hand():
    # means 2 and 4, both variances 1
    assert smd(pd.Series([1, 2, 3, 3, 4, 5]), list("aaabbb")) == Difference(2.0, ("a", "b"))
    assert smd(pd.Series([3, 4, 5, 1, 2, 3]), list("aaabbb")).value == 2.0


def test_smd_of_two_levels_is_the_usual_one():
    # shares 3/4 and 1/4: difference over the root of the mean of p(1 - p)
    column = pd.Series([True, True, True, False, True, False, False, False])
    expected = 0.5 / np.sqrt(3 / 16)
    assert_allclose(smd(column, list("aaaabbbb")).value, expected)
    assert_allclose(smd(column.astype(str), list("aaaabbbb"), "category").value, expected)


def test_smd_takes_the_largest_pair():
    found = smd(pd.Series([1, 2, 3, 2, 3, 4, 6, 7, 8]), list("aaabbbccc"))
    assert found == Difference(5.0, ("a", "c"))


def test_smd_leaves_missing_values_and_cases_without_group_out():
    column = pd.Series([1, 2, 3, None, 3, 4, 5, 99], dtype="Float64")
    group = pd.Categorical([*"aaaabbb", None], ["z", "a", "b"])
    assert smd(column, group) == Difference(2.0, ("a", "b"))


def test_kind_decides_and_is_read_off_the_type():
    column, group = pd.Series([0, 1, 2, 1, 2, 2]), list("aaabbb")
    assert smd(column, group) == smd(column, group, "number")
    assert smd(column, group, "category") != smd(column, group, "number")
    flags = pd.Series([True, False, True, False, False, True], dtype="boolean")
    assert smd(flags, group) == smd(flags, group, "boolean")


@pytest.mark.parametrize(
    "column, kind",
    [
        ([1, 1, 2, 2], "number"),
        (["x", "x", "y", "y"], "category"),
        (["w", "x", "y", "z"], "category"),
        ([True, True, False, False], "boolean"),
    ],
)
def test_groups_without_a_common_value_are_separated(column, kind):
    found = smd(pd.Series(column), list("aabb"), kind)
    assert found.note == "separated: a and b share no value"
    assert np.isnan(found.value) and found.between == ("a", "b")


def test_groups_that_share_one_level_have_a_distance():
    found = smd(pd.Series(["x", "y", "y", "z"]), list("aabb"), "category")
    assert found.note == "" and found.value > 0


@pytest.mark.parametrize(
    "column, kind", [([3, 3, 3, 3], "number"), (["x", "x", "x", "x"], "category")]
)
def test_identical_constants_differ_by_0(column, kind):
    assert smd(pd.Series(column), list("aabb"), kind) == Difference(0.0, ("a", "b"))


@pytest.mark.parametrize(
    "column, group, note",
    [
        ([1, 2], ["a", "a"], "only one group"),
        ([1, 2, None, None], list("aabb"), "no values in b"),
        ([1, 2, 3], list("aab"), "one value only in b"),
    ],
)
def test_smd_not_estimable(column, group, note):
    found = smd(pd.Series(column, dtype="Float64"), group)
    assert found.note == f"not estimable: {note}" and np.isnan(found.value)


def test_more_than_two_groups_with_one_separated_pair():
    found = smd(pd.Series([1, 1, 2, 2, 1, 2]), list("aabbcc"))
    assert found.note == "separated: a and b share no value"
