"""Tests for tables of counts: R's fisher.test, chisq.test, mantelhaen.test; kappa by hand."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from mescc_analytics.errors import UsageError
from mescc_analytics.stats.contingency import chi_square_p, cmh, cohen_kappa, fisher_p

ORACLE = Path(__file__).parent / "oracle" / "stats"


def test_fisher_and_chi_square_agree_with_r():
    for row in pd.read_csv(ORACLE / "tables.csv").itertuples():
        table = [[row.a, row.b], [row.c, row.d]]
        assert_allclose(fisher_p(table), row.fisher_p, rtol=1e-8)
        statistic, df, p = chi_square_p(table)
        assert_allclose([statistic, p], [row.chi_square, row.chi_square_p], rtol=1e-8, atol=1e-15)
        assert df == 1


def test_cmh_agrees_with_r():
    for row in pd.read_csv(ORACLE / "strata.csv").itertuples():
        statistic, df, p = cmh(np.array(row.counts.split(), int).reshape(-1, 2, 2))
        assert_allclose([statistic, p], [row.statistic, row.p], rtol=1e-8)
        assert df == 1


def test_patchell_published_p_values():
    assert round(fisher_p([[42, 8], [29, 22]]), 4) == 0.0043
    assert round(chi_square_p([[42, 8], [29, 22]])[2], 4) == 0.0028
    assert round(cmh([[[32, 2], [26, 9]], [[10, 6], [3, 13]]])[2], 4) == 0.0009


def test_fisher_with_an_empty_margin_is_1():
    assert fisher_p([[3, 0], [4, 0]]) == 1
    assert fisher_p([[0, 0], [4, 2]]) == 1


def test_chi_square_of_a_larger_table_by_hand():
    # rows 10, 20; columns 6, 12, 12: expected 2 4 4 / 4 8 8
    statistic, df, p = chi_square_p([[4, 4, 2], [2, 8, 10]])
    assert_allclose(statistic, 4 / 2 + 0 + 4 / 4 + 4 / 4 + 0 + 4 / 8)
    assert df == 2
    assert_allclose(p, np.exp(-4.5 / 2))


def test_chi_square_leaves_empty_rows_and_columns_out():
    full = chi_square_p([[4, 2], [2, 8]])
    assert chi_square_p([[4, 0, 2], [0, 0, 0], [2, 0, 8]]) == full


@pytest.mark.parametrize("table", [[[3, 0], [4, 0]], [[0, 0], [0, 0]], [[3, 4], [0, 0]]])
def test_chi_square_without_contrast_is_missing(table):
    statistic, df, p = chi_square_p(table)
    assert np.isnan(statistic) and df == 0 and np.isnan(p)


def test_cmh_without_contrast_is_missing():
    for tables in (np.zeros((0, 2, 2)), [[[1, 0], [0, 0]]], [[[3, 0], [4, 0]]]):
        statistic, df, p = cmh(tables)
        assert np.isnan(statistic) and df == 0 and np.isnan(p)


def test_kappa_by_hand():
    # agreement .7, by chance .5; variance (.10972 + .10188 - .01) / (.25 * 50)
    found = cohen_kappa([[20, 5], [10, 15]])
    half = 1.959963984540054 * np.sqrt(0.2016 / 12.5)
    assert_allclose([found.estimate, found.lower, found.upper], [0.4, 0.4 - half, 0.4 + half])
    assert found.note == ""


def test_perfect_agreement_has_no_width():
    found = cohen_kappa([[4, 0], [0, 6]])
    assert_allclose([found.estimate, found.lower, found.upper], [1, 1, 1])


def test_kappa_interval_stays_within_bounds_and_widens_with_level():
    narrow, wide = (cohen_kappa([[5, 1], [0, 1]], level) for level in (0.8, 0.99))
    assert wide.upper == 1
    assert -1 <= wide.lower < narrow.lower
    assert cohen_kappa([[1, 5], [5, 1]], 0.99).lower == -1


def test_kappa_not_estimable():
    assert cohen_kappa([[0, 0], [0, 0]]).note == "not estimable: no cases to compare"
    note = "not estimable: every case is in the same category"
    assert cohen_kappa([[7, 0], [0, 0]]).note == note


def test_kappa_needs_a_square_table():
    with pytest.raises(UsageError) as error:
        cohen_kappa([[1, 2, 3], [4, 5, 6]])
    assert str(error.value) == (
        "table of agreement cannot be used:\n  - wanted as many rows as columns"
    )


@pytest.mark.parametrize("function", [fisher_p, chi_square_p, cohen_kappa])
def test_negative_counts_are_refused(function):
    with pytest.raises(UsageError) as error:
        function([[1, -2], [3, 4]])
    assert str(error.value) == (
        "table of counts cannot be used:\n  - wanted rows and columns of counts, none below 0"
    )
