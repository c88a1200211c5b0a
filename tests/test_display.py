"""Numbers as people read them."""

import pandas as pd
import pytest

from mescc_analytics.present import display


@pytest.mark.parametrize(
    "n, total, words",
    [
        (12, 30, "40 %"),
        (0, 30, "0 %"),
        (30, 30, "100 %"),
        (1, 500, "<1 %"),
        (499, 500, ">99 %"),
        (123, 1000, "12.3 %"),
        (1, 5000, "<0.1 %"),
        (0, 0, "not estimable: no cases"),
        (pd.NA, 30, "hidden"),
        (3, pd.NA, "hidden"),
    ],
)
def test_percent(n, total, words):
    assert display.percent(n, total) == words


def test_cell_leaves_the_percentage_out_where_the_total_is_withheld():
    assert display.n_percent(12, 30) == "12 (40 %)"
    assert display.n_percent(12, pd.NA) == "12"
    assert display.n_percent(0, 30) == "0"
    assert display.n_percent(pd.NA, 30) == "hidden"


def test_sentence_names_both_counts():
    assert display.n_of_total(12, 30) == "12 of 30 (40 %)"
    assert display.n_of_total(0, 0) == "0 of 0"


@pytest.mark.parametrize(
    "p, words",
    [
        (0.0132, "0.013"),
        (0.05, "0.050"),
        (0.0996, "0.10"),
        (0.00101, "0.0010"),
        (0.001, "0.0010"),
        (0.000999, "< 0.001"),
        (0.9, "0.90"),
        (0.991, "> 0.99"),
        (float("nan"), ""),
        (None, ""),
    ],
)
def test_p_value(p, words):
    assert display.p_value(p) == words


def test_p_in_a_sentence():
    assert display.p_sentence(0.0132) == "p = 0.013"
    assert display.p_sentence(0.0001) == "p < 0.001"


@pytest.mark.parametrize(
    "value, words",
    [
        (310.0, "310 days (10.2 months)"),
        (37.5, "37.5 days"),
        (1, "1 day"),
        (59, "59 days"),
        (60, "60 days (2.0 months)"),
        (pd.NA, "not reached"),
    ],
)
def test_days(value, words):
    assert display.days(value) == words


def test_interval_says_its_level_and_its_open_end():
    assert display.interval(41, 63, display.number) == "95 % CI 41 to 63"
    assert display.interval(41, 63, display.number, level=0.9) == "90 % CI 41 to 63"
    assert display.interval(41, float("inf"), display.number) == "95 % CI 41 to not reached"


def test_minus_is_a_minus_and_zero_has_no_sign():
    assert display.number(-3.26, 1) == "−3.3"
    assert display.number(-0.01, 1) == "0.0"


@pytest.mark.parametrize(
    "value, words",
    [(0.0123, "0.012"), (0.1, "0.10"), (3.98, "3.98"), (10.17, "10.17"), (123.4, "123")],
)
def test_ratio_has_two_decimals(value, words):
    assert display.ratio(value) == words


def test_plural():
    assert display.plural(1, "case") == "1 case"
    assert display.plural(0, "case") == "0 cases"
    assert display.plural(2, "study", "studies") == "2 studies"
    assert display.plural(pd.NA, "case") == "hidden cases"


def test_count_and_listing():
    assert display.count(1234) == "1,234"
    assert display.count(pd.NA) == "hidden"
    assert display.listing(["a", "b"], "or") == "a or b"
