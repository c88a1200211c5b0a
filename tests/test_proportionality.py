"""Test of proportional hazards: R's cox.zph, and a hazard ratio that does change."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from mescc_analytics.errors import UsageError
from mescc_analytics.stats.cox import fit_cox
from mescc_analytics.stats.proportionality import ph_test

ORACLE = Path(__file__).parent / "oracle" / "stats"
TESTS = pd.read_csv(ORACLE / "zph.csv").groupby(["data", "transform"], sort=False)


@pytest.mark.parametrize("data, transform", TESTS.groups)
def test_agrees_with_r(data, transform):
    # cox.zph(fit, transform = transform, terms = FALSE, global = TRUE)
    expected = TESTS.get_group((data, transform))
    terms = list(expected["term"])[:-1]
    cases = pd.read_csv(ORACLE / f"data_{data}.csv", float_precision="round_trip")
    cases = cases.dropna(subset=terms)
    entry = cases["entry"] if "entry" in cases else None
    fit = fit_cox(cases["time"], cases["event"], cases[terms], terms, entry=entry)
    found = ph_test(fit, transform)
    assert found["term"].tolist() == expected["term"].tolist()
    assert found["df"].tolist() == expected["df"].tolist()
    assert_allclose(found["statistic"], expected["statistic"], rtol=1e-8)
    assert_allclose(found["p"], expected["p"], rtol=1e-8)


def test_default_transform_is_km():
    days = [1, 2, 3, 4, 5, 6, 7]
    fit = fit_cox(days, [1, 1, 1, 0, 1, 1, 1], [[0], [1], [0], [1], [1], [0], [1]], ["x"])
    pd.testing.assert_frame_equal(ph_test(fit), ph_test(fit, "km"))
    assert ph_test(fit)["statistic"].iloc[0] != ph_test(fit, "log")["statistic"].iloc[0]


def test_a_hazard_ratio_that_changes_is_found(rng):
    """The treated die early, then hardly; and a pair of proportional hazards beside it."""
    n = 2000
    treated = rng.random(n) < 0.5
    crossing = np.where(treated, 100 * rng.weibull(0.5, n), 100 * rng.weibull(2, n))
    constant = rng.exponential(np.where(treated, 60, 100))
    p = {
        name: ph_test(fit_cox(days, np.ones(n), treated[:, np.newaxis], ["treated"]))["p"].iloc[1]
        for name, days in (("crossing", crossing), ("constant", constant))
    }
    assert p["crossing"] < 1e-6 and p["constant"] > 0.001


@pytest.mark.parametrize(
    "days, event, x, transform, reason",
    [
        ([1, 2, 3], [0, 0, 0], [[0], [1], [0]], "km", "no deaths"),
        (
            [4, 4, 4, 6],
            [1, 1, 0, 0],
            [[0], [1], [0], [1]],
            "km",
            "the scale of time has fewer than two values",
        ),
        (
            [0, 1, 2, 3],
            [1, 1, 1, 1],
            [[0], [1], [0], [1]],
            "log",
            "the scale of time has fewer than two values",
        ),
        ([1, 2, 3, 4], [1, 1, 1, 1], [[1], [1], [0], [0]], "km", "a coefficient has no maximum"),
        # the second death leaves nobody to choose from
        ([1, 2, 1.5], [1, 1, 0], [[0], [1], [1]], "identity", "a coefficient has no maximum"),
    ],
)
def test_not_estimable(days, event, x, transform, reason):
    found = ph_test(fit_cox(days, event, x, ["x"]), transform)
    assert found["note"].tolist() == [f"not estimable: {reason}"] * 2
    assert found["p"].isna().all()


def test_unknown_transform_is_refused():
    fit = fit_cox([1, 2, 3, 4], [1, 1, 1, 1], [[1], [0], [1], [0]], ["x"])
    with pytest.raises(UsageError) as error:
        ph_test(fit, "sqrt")
    assert str(error.value) == (
        "transform cannot be used:\n  - found 'sqrt', wanted one of km, identity, log, rank"
    )
