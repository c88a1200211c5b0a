"""Columns by category code: what is looked up and set side by side is what pandas would say."""

import pandas as pd
import pytest

from mescc_analytics.clinical.frames import beside, coded, looked_up


def test_an_absent_column_is_missing_and_still_has_the_levels():
    values = coded(pd.DataFrame(index=[3, 4]), "sins_pain", ["none"])
    assert values.isna().all() and values.index.tolist() == [3, 4]
    assert values.cat.categories.tolist() == ["none"]


@pytest.mark.parametrize("dtype", ["string", "category", object])
def test_text_and_categories_are_coded_alike(dtype):
    cases = pd.DataFrame({"sins_pain": pd.Series(["none", None, "odd"], dtype=dtype)})
    values = coded(cases, "sins_pain", ["mechanical", "none"])
    assert values.astype("string").fillna("?").tolist() == ["none", "?", "odd"]
    assert set(values.cat.categories) == {"none", "odd", "mechanical"}


def test_a_level_without_an_answer_is_missing():
    values = pd.Series(["a", "b", None], dtype="category", index=[5, 6, 7])
    found = looked_up(values, {"a": 4}, "Int64")
    pd.testing.assert_series_equal(found, pd.Series([4, None, None], [5, 6, 7], dtype="Int64"))
    empty = looked_up(pd.Series([None], dtype="category"), {"a": 4}, "Int64")
    assert empty.isna().all()


def test_frames_side_by_side_keep_types_index_and_the_later_column():
    cases = pd.DataFrame({"a": pd.array([1], dtype="Int64"), "b": ["x"]}, index=[9])
    first, second = (
        pd.DataFrame({"a": [True]}, index=[9]),
        pd.DataFrame({"c": pd.Categorical(["y"])}, [9]),
    )
    whole = beside(cases, first, second)
    expected = pd.concat([cases[["b"]], first, second], axis="columns")
    pd.testing.assert_frame_equal(whole, expected)
    assert cases["a"].tolist() == [1]
