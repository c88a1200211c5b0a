"""Observed survival by band beside the published figure: R's survfit, by hand, and the reasons."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from mescc_analytics.errors import UsageError
from mescc_analytics.stats.bands import observed_by_band
from mescc_analytics.stats.resampling import ValidationSpec

ORACLE = Path(__file__).parent / "oracle" / "validation"
SPEC = ValidationSpec(min_events=0)
LIMITS = ["ci_lower", "ci_upper"]


def figures(*rows):
    return pd.DataFrame(rows, columns=["band", "time_days", "survival"])


def observed(time, event, band, published=(), **options):
    return observed_by_band(
        time, event, pd.Categorical(band), figures(*published), **{"spec": SPEC} | options
    )


@pytest.mark.parametrize("level", [0.95, 0.9])
def test_observed_agrees_with_r(level):
    # survfit(Surv(time, event) ~ 1, conf.type = "log-log") of each band
    cases = pd.read_csv(ORACLE / "data_lung.csv")
    cases = cases[cases["risk"] < 3]
    spec = ValidationSpec(level=level, min_events=0)
    found = observed(cases["time"], cases["event"], cases["risk"].astype(str), spec=spec)
    table = pd.read_csv(ORACLE / "bands.csv", dtype={"band": "string"})
    expected = table[np.isclose(table["level"], level)].reset_index(drop=True)
    assert found["band"].tolist() == expected["band"].tolist()
    assert found["time_days"].tolist() == expected["time"].tolist()
    for name in ("n", "n_at_risk", "events"):
        assert found[name].tolist() == expected[name].tolist()
    for name in ("observed", *LIMITS):
        assert_allclose(found[name], expected[name], rtol=1e-8)


def test_difference_from_the_published_figure():
    published = [("good", 90, 0.9), ("poor", 90, 0.2)]
    found = observed(
        [100, 100, 30, 60, 100, 100],
        [0, 1, 1, 0, 1, 1],
        ["good", "good", "poor", "poor", "poor", "poor"],
        published,
        horizons=[90],
    )
    assert found["band"].tolist() == ["good", "poor"]
    assert_allclose(found["observed"], [1, 0.75])
    assert_allclose(found["published"], [0.9, 0.2])
    assert_allclose(found["difference"], [0.1, 0.55])
    # log-log: 0.75 ** exp(-+1.96 * sqrt(1 / 12) / log(0.75))
    assert_allclose(found.loc[1, LIMITS].tolist(), [0.1279469, 0.9605479], rtol=1e-6)
    shifted = found.loc[1, ["difference_lower", "difference_upper"]]
    assert_allclose(shifted.tolist(), [-0.0720531, 0.7605479], rtol=1e-5)
    assert found["note"].tolist() == ["interval not estimable: nobody has died by then", ""]


def test_scale_of_the_interval_matters():
    time, event, band = [30, 60, 100, 100], [1, 0, 1, 1], ["a"] * 4
    spec = ValidationSpec(min_events=0, interval="plain")
    found = observed(time, event, band, spec=spec, horizons=[90])
    assert_allclose(found.loc[0, LIMITS].tolist(), [0.75 - 1.959964 * np.sqrt(0.75 / 16), 1])


def test_horizons_and_their_default():
    found = observed([400, 500], [1, 1], ["a", "a"])
    assert found["time_days"].tolist() == [90, 180, 365]
    assert observed([400, 500], [1, 1], ["a", "a"], horizons=[30])["time_days"].tolist() == [30]


def test_reasons():
    categories = ["a", "b", "c", "d"]
    band = pd.Categorical(["a", "a", "c", "c", "d", "d"], categories)
    published = [("a", 90, 0.5), ("a", 180, 0.4), ("b", 90, 0.3)]
    found = observed(
        [10, 80, 20, 30, 10, 200], [1, 0, 1, 1, 1, 0], band, published, horizons=[90, 180]
    )
    none = "no figure published for this band and day"
    assert found["note"].tolist() == [
        "not estimable: follow-up ends on day 80",
        "not estimable: follow-up ends on day 80",
        "not estimable: no cases in this band",
        f"not estimable: no cases in this band; {none}",
        f"interval not estimable: everyone has died by then; {none}",
        f"interval not estimable: everyone has died by then; {none}",
        none,
        none,
    ]
    assert found["n"].tolist() == [2, 2, 0, 0, 2, 2, 2, 2]
    assert found["events"].tolist() == [1, 1, 0, 0, 2, 2, 1, 1]
    # whatever is missing is in a row with a note
    assert (
        found[["observed", *LIMITS, "difference"]].isna().any(axis=1) <= (found["note"] != "")
    ).all()
    assert found.loc[2, "published"] == 0.3


def test_too_few_deaths_in_all_bands_together():
    time, band = np.r_[np.full(49, 100), 200, 400, 400], ["a"] * 26 + ["b"] * 26
    event = time < 300
    published = [("a", 180, 0.5)]
    found = observed(time, event, band, published, horizons=[180, 365], spec=ValidationSpec())
    few = "not estimable: too few deaths by day 180: found 49, wanted at least 50"
    none = "no figure published for this band and day"
    assert found["note"].tolist() == [
        few,
        f"interval not estimable: everyone has died by then; {none}",
        f"{few}; {none}",
        none,
    ]
    assert found.loc[0, ["observed", "difference"]].isna().all()
    assert found.loc[0, "n"] == 26
    enough = observed(
        time, event, band, published, horizons=[180], spec=ValidationSpec(min_events=49)
    )
    assert enough["observed"].tolist() == [0.0, pytest.approx(3 / 26)]


def test_nobody():
    found = observed([], [], pd.Categorical([], ["a"]), horizons=[90])
    assert found["note"].tolist() == [
        "not estimable: no cases in this band; no figure published for this band and day"
    ]


def test_figures_that_cannot_be_used():
    with pytest.raises(UsageError) as error:
        observed([1, 2], [1, 1], ["a", "b"], [("a", 90, 45), ("a", 90, 0.4), ("z", 90, 0.4)])
    assert str(error.value) == (
        "published figures cannot be used:\n"
        "  - band 'z' is not one of a, b\n"
        "  - found a survival outside 0 to 1\n"
        "  - found a band with two figures for one day"
    )
    with pytest.raises(UsageError) as error:
        observed_by_band([1], [1], pd.Categorical(["a"]), pd.DataFrame({"band": ["a"]}))
    assert str(error.value) == (
        "published figures cannot be used:\n"
        "  - column 'time_days' is missing\n"
        "  - column 'survival' is missing"
    )


@pytest.mark.parametrize("band", [["a"], ["a", None]])
def test_case_without_a_band_is_refused(band):
    with pytest.raises(UsageError) as error:
        observed([1, 2], [1, 1], band)
    assert str(error.value) == ("bands cannot be used:\n  - wanted one band per case, none missing")
