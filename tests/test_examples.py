"""The example cohorts against what was published about them."""

from importlib import util
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from scipy import stats

from mescc_analytics import codebook, examples
from mescc_analytics.errors import UsageError

MAPPING = Path(__file__).parents[1] / "config" / "examples" / "lung.map.yaml"


@pytest.fixture(scope="module")
def mapping():
    return yaml.load(MAPPING.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)


@pytest.fixture(scope="module")
def mapped(mapping):
    """The cohort after its mapping file, in plain pandas."""
    cases = examples.lung().rename(columns=mapping["columns"])
    recoded = {
        column: cases[column].astype(str).map(levels)
        for column, levels in mapping["levels"].items()
    }
    return cases.assign(**recoded)


def median_survival(cases):
    """First day on which the product-limit curve is at or below one half."""
    days, died = cases["last_contact_day"].to_numpy(), cases["died"].eq("yes").to_numpy()
    times = np.unique(days[died])
    curve = np.cumprod([1 - (died & (days == time)).sum() / (days >= time).sum() for time in times])
    return times[curve <= 0.5][0]


def log_rank_chi_square(cases):
    """Observed minus expected deaths of the women, squared, over the hypergeometric variance."""
    days, died = cases["last_contact_day"].to_numpy(), cases["died"].eq("yes").to_numpy()
    women = cases["sex"].eq("female").to_numpy()
    difference = variance = 0.0
    for time in np.unique(days[died]):
        at_risk, deaths = days >= time, died & (days == time)
        n, n_women, d = at_risk.sum(), (at_risk & women).sum(), deaths.sum()
        difference += (deaths & women).sum() - d * n_women / n
        variance += d * n_women / n * (1 - n_women / n) * (n - d) / max(n - 1, 1)
    return difference**2 / variance


def test_lung_is_the_shipped_file_with_a_running_number():
    cases = examples.lung()
    raw = "inst time status age sex ph.ecog ph.karno pat.karno meal.cal wt.loss"
    assert list(cases.columns) == ["case_id", *raw.split()]
    assert cases["case_id"].iloc[[0, 227]].to_list() == ["L001", "L228"]
    assert cases["status"].value_counts().to_dict() == {1: 165, 0: 63}


def test_lung_does_not_need_lifelines_to_be_imported(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "lifelines.datasets", None)
    assert len(examples.lung()) == 228


def test_lung_without_lifelines_says_so(monkeypatch):
    monkeypatch.setattr(util, "find_spec", lambda name: None)
    with pytest.raises(UsageError) as caught:
        examples.lung()
    assert str(caught.value) == (
        "example 'lung' cannot be used:\n  - lifelines, which ships the cohort, is not installed"
    )


def test_mapping_knows_every_column_of_the_file_and_of_the_codebook(mapping):
    known = {"case_id", *mapping["columns"], *mapping["ignore"]}
    assert known == set(examples.lung().columns)
    assert set(mapping["columns"].values()) | set(mapping["constants"]) <= set(codebook.columns())
    assert set(mapping["levels"]["sex"].values()) == set(codebook.columns()["sex"].levels)
    assert (
        mapping["constants"]["primary_histology"] in codebook.columns()["primary_histology"].levels
    )


@pytest.mark.parametrize(
    ("sex", "published"), [(["female", "male"], 310), (["male"], 270), (["female"], 426)]
)
def test_lung_median_survival_is_the_published_one(mapped, sex, published):
    assert median_survival(mapped[mapped["sex"].isin(sex)]) == published


def test_lung_log_rank_by_sex_is_the_published_one(mapped):
    """survdiff(Surv(time, status) ~ sex, data = lung): Chisq= 10.3 on 1 df, p= 0.00131"""
    assert log_rank_chi_square(mapped) == pytest.approx(10.327, abs=5e-4)
    assert stats.chi2.sf(log_rank_chi_square(mapped), 1) == pytest.approx(0.00131, abs=5e-6)


def test_patchell_gives_back_the_published_counts():
    cases = examples.patchell()
    walking_after = cases["ambulatory_status_30d"].eq("aided")
    counts = walking_after.groupby([cases["arm"], cases["ambulatory_status"]]).agg(["sum", "size"])
    assert counts.loc[("surgery_cebrt", "aided")].to_list() == [32, 34]
    assert counts.loc[("surgery_cebrt", "non_ambulatory")].to_list() == [10, 16]
    assert counts.loc[("cebrt_long", "aided")].to_list() == [26, 35]
    assert counts.loc[("cebrt_long", "non_ambulatory")].to_list() == [3, 16]


def test_patchell_fits_the_case_table():
    cases = examples.patchell()
    assert set(cases.columns) <= set(codebook.columns())
    assert set(cases["arm"]) <= set(codebook.load("arms")["arms"])
    assert cases["case_id"].is_unique and cases["case_id"].iloc[[0, 100]].to_list() == [
        "P001",
        "P101",
    ]
    assert (cases["last_contact_day"] == 30).all() and (cases["died"] == "no").all()
    levels = codebook.columns()["ambulatory_status"].levels
    assert set(cases["ambulatory_status"]) | set(cases["ambulatory_status_30d"]) <= set(levels)


def test_patchell_odds_ratio_pooled_and_stratified():
    cases = examples.patchell()
    walking = cases["ambulatory_status_30d"].eq("aided")
    surgery = cases["arm"].eq("surgery_cebrt")

    def cells(stratum):
        table = pd.crosstab(surgery[stratum], walking[stratum]).to_numpy()
        return table[1, 1], table[1, 0], table[0, 1], table[0, 0]

    a, b, c, d = cells(walking.notna())
    assert a * d / (b * c) == pytest.approx(3.98, abs=0.005)
    strata = [cells(cases["ambulatory_status"].eq(level)) for level in ("aided", "non_ambulatory")]
    numerator = sum(a * d / (a + b + c + d) for a, b, c, d in strata)
    denominator = sum(b * c / (a + b + c + d) for a, b, c, d in strata)
    assert numerator / denominator == pytest.approx(6.26, abs=0.005)
