"""Log-rank test: R's survdiff, by hand, and where there is nothing to compare."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from mescc_analytics.errors import UsageError
from mescc_analytics.stats.logrank import log_rank

ORACLE = Path(__file__).parent / "oracle" / "stats"


def test_log_rank_agrees_with_r():
    # survdiff(Surv(time, event) ~ group)
    expected = pd.read_csv(ORACLE / "logrank.csv")
    assert set(expected["df"]) == {1, 3}
    for row in expected.itertuples():
        cases = pd.read_csv(ORACLE / f"data_{row.data}.csv", float_precision="round_trip")
        found = log_rank(cases["time"], cases["event"], cases["group"])
        assert_allclose([found["statistic"], found["p"]], [row.statistic, row.p], rtol=1e-8)
        assert found["df"] == row.df and found["note"] == ""


def test_lung_published_statistic():
    cases = pd.read_csv(ORACLE / "data_lung.csv")
    assert round(log_rank(cases["time"], cases["event"], cases["group"])["statistic"], 3) == 10.327


def test_log_rank_by_hand():
    # deaths on days 1-4, a a b b: expected for a 2/4 + 1/3; variance 1/4 + 2/9
    found = log_rank([1, 2, 3, 4], [1, 1, 1, 1], ["a", "a", "b", "b"])
    assert_allclose(found["statistic"], (2 - 5 / 6) ** 2 / (1 / 4 + 2 / 9))


def test_empty_category_is_no_group():
    group = pd.Categorical(["a", "a", "b", "b"], ["z", "b", "a"])
    found = log_rank([1, 2, 3, 4], [1, 1, 1, 1], group)
    assert found["df"] == 1
    assert_allclose(found["statistic"], 2.88235294117647)


def test_group_without_anyone_at_risk_at_a_death_takes_no_degree_of_freedom():
    # group c is censored before the first death
    found = log_rank([2, 3, 4, 5, 1], [1, 1, 1, 1, 0], list("aabbc"))
    assert found["df"] == 1
    assert_allclose(found["statistic"], 2.88235294117647)


@pytest.mark.parametrize(
    "days, event, group, reason",
    [
        ([], [], [], "no cases"),
        ([1, 2], [0, 0], ["a", "b"], "no deaths"),
        ([1, 2], [1, 1], ["a", "a"], "only one group is at risk when deaths occur"),
        ([1, 2], [0, 1], ["a", "b"], "only one group is at risk when deaths occur"),
        ([0, 0], [1, 1], ["a", "b"], "every death leaves no choice between the groups"),
    ],
)
def test_nothing_to_compare(days, event, group, reason):
    found = log_rank(days, event, group)
    assert found["note"] == f"not estimable: {reason}"
    assert np.isnan([found["statistic"], found["p"]]).all() and found["df"] == 0


def test_missing_group_is_refused():
    with pytest.raises(UsageError) as error:
        log_rank([1, 2], [1, 1], ["a", None])
    assert str(error.value) == "groups cannot be used:\n  - 1 cases have no group"


def test_many_times_and_groups():
    # more cells than an 8-bit code can count
    rng = np.random.default_rng(3)
    days, group = rng.permutation(2000), np.repeat(["a", "b", "c", "d"], 500)
    assert log_rank(days, np.ones(2000), group)["df"] == 3
