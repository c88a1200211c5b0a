import pandas as pd
import pytest

from mescc_analytics.codebook.conditions import evaluate
from mescc_analytics.errors import CodebookError

FRAME = pd.DataFrame(
    {
        "x": pd.array([1, 5, None], dtype="Int64"),
        "flag": pd.array([True, False, None], dtype="boolean"),
        "kind": pd.Categorical(["a", "b", None], ["a", "b", "c"]),
        "low": pd.array([7, 2, 2], dtype="Int64"),
        "high": pd.array([9, 9, 4], dtype="Int64"),
    }
)


def answers(condition, **settings):
    return [None if pd.isna(a) else bool(a) for a in evaluate(condition, FRAME, settings)]


@pytest.mark.parametrize(
    "condition, expected",
    [
        ({"column": "x", "at_least": 5}, [False, True, None]),
        ({"column": "x", "at_most": 1}, [True, False, None]),
        ({"column": "x", "below": 5}, [True, False, None]),
        ({"column": "x", "is": 1}, [True, False, None]),
        ({"column": "x", "in": [1, 2]}, [True, False, None]),
        ({"column": "flag", "is": True}, [True, False, None]),
        ({"column": "kind", "is": "a"}, [True, False, None]),
        ({"column": "kind", "in": ["a", "b"]}, [True, True, None]),
        ({"column": "kind", "is": "a", "unknown_if": "b"}, [True, None, None]),
        ({"column": "x", "recorded": True}, [True, True, False]),
        ({"column": "absent", "recorded": False}, [True, True, True]),
        ({"column": "absent", "is": True}, [None, None, None]),
        ({"bounds": ["low", "high"], "at_least": 5}, [True, None, False]),
        ({"not": {"column": "flag", "is": True}}, [False, True, None]),
    ],
)
def test_one_condition(condition, expected):
    assert answers(condition) == expected


def test_kleene_logic():
    flag, unknown = {"column": "flag", "is": True}, {"column": "absent", "is": True}
    assert answers({"all": [flag, unknown]}) == [None, False, None]
    assert answers({"any": [flag, unknown]}) == [True, None, None]
    assert answers({"any_known": [flag, unknown]}) == [True, False, None]
    assert answers({"first_known": [unknown, flag]}) == [True, False, None]


def test_settings_are_values_and_conditions():
    assert answers({"column": "x", "at_least": {"setting": "limit"}}, limit=1) == [True, True, None]
    assert answers({"column": "x", "at_least": {"setting": "limit"}}, limit=6) == [
        False,
        False,
        None,
    ]
    assert answers({"setting": "policy", "is": "strict"}, policy="strict") == [True] * 3
    assert answers({"setting": "policy", "is": "strict"}, policy="lax") == [False] * 3


def test_a_condition_outside_the_language_is_told():
    with pytest.raises(
        CodebookError, match="is not a column, a setting, bounds, or one of all, any"
    ):
        evaluate({"colum": "x", "is": 1}, FRAME, {})
