"""Change between two assessments: R's answers, boundaries, messages."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from mescc_analytics.errors import UsageError
from mescc_analytics.stats.paired import mcnemar_exact, stuart_maxwell

ORACLE = Path(__file__).parent / "oracle" / "competing"


def test_mcnemar_agrees_with_r():
    # binom.test(b, b + c); mcnemar.test(correct = FALSE), which is Stuart-Maxwell of two levels
    for row in pd.read_csv(ORACLE / "mcnemar.csv").itertuples():
        table = [[row.a, row.b], [row.c, row.d]]
        found = mcnemar_exact(table)
        assert_allclose(found["p"], row.exact_p, rtol=1e-10)
        assert found["n_changed"] == row.b + row.c and found["statistic"] == row.b
        assert_allclose(stuart_maxwell(table)["statistic"], row.statistic, rtol=1e-10, atol=1e-12)


def test_stuart_maxwell_agrees_with_r():
    for row in pd.read_csv(ORACLE / "stuart_maxwell.csv").itertuples():
        counts = np.array(row.counts.split(), float)
        found = stuart_maxwell(counts.reshape(int(len(counts) ** 0.5), -1))
        assert found["df"] == row.df
        assert_allclose([found["statistic"], found["p"]], [row.statistic, row.p], rtol=1e-8)


def test_direction_does_not_matter():
    table = np.array([[20, 10, 5], [3, 30, 15], [0, 5, 40]])
    assert_allclose(stuart_maxwell(table)["statistic"], stuart_maxwell(table.T)["statistic"])
    assert mcnemar_exact(table[:2, :2])["p"] == mcnemar_exact(table[:2, :2].T)["p"]


def test_levels_without_a_change_add_nothing():
    table = np.array([[20, 10, 0, 5], [3, 30, 0, 15], [0, 0, 7, 0], [0, 5, 0, 40]])
    kept = [0, 1, 3]
    found = stuart_maxwell(table)
    assert found["df"] == 2
    assert found["statistic"] == stuart_maxwell(table[np.ix_(kept, kept)])["statistic"]


def test_nobody_changed():
    for test in (mcnemar_exact, stuart_maxwell):
        found = test([[5, 0], [0, 3]])
        assert np.isnan(found["p"]) and found["note"] == "not estimable: nobody changed"


@pytest.mark.parametrize(
    "test, table, message",
    [
        (mcnemar_exact, [[1, 2, 3]], "wanted as many rows as columns of counts, none below 0"),
        (stuart_maxwell, [[1, -1], [0, 1]], "wanted as many rows as columns of counts"),
        (mcnemar_exact, np.ones((3, 3)), "found 3 levels, wanted 2"),
    ],
)
def test_wrong_tables(test, table, message):
    with pytest.raises(UsageError, match=message):
        test(table)
