"""The step `benchmark`: every key of its section changes a result, and no cohort stops it."""

import copy

import pandas as pd
import pytest

from mescc_analytics import settings
from mescc_analytics.codebook.tables import load_csv
from mescc_analytics.errors import UsageError
from mescc_analytics.quality.benchmarks import COLUMNS
from mescc_analytics.steps import ambulatory, benchmark, cohort, decisions, ingest, survival
from mescc_analytics.steps.sources import synthesise
from mescc_analytics.tables import files

FULL = settings.complete({}, need_cohorts=False) | {"time_resolution": "day", "name": "small"}


def config(**sections):
    made = copy.deepcopy(FULL)
    for section, values in sections.items():
        made[section] |= values
    return made


def results_of(cases, visits, chosen=FULL):
    """Cohort and results of the steps before, in memory."""
    frame, _ = cohort.build(cases, chosen)
    effective = chosen | {"cohort": cohort.effective(frame, chosen)}
    found = survival.analyse(frame, effective) | ambulatory.analyse(frame, visits, effective)
    return frame, found


def compared(frame, visits, found, chosen=FULL):
    effective = chosen | {"cohort": cohort.effective(frame, chosen)}
    return benchmark.analyse(frame, visits, found, effective).set_index("benchmark_id", drop=False)


def prepared(tables, root):
    """Cohort, visits and results of the steps before, of tables on the disk."""
    ingest.ingest(tables, root / "ingest", FULL)
    decisions.score({"cases": root / "ingest/cases.parquet"}, root / "scored.parquet", FULL)
    visits = files.read_table(root / "ingest/visits.parquet")
    frame, found = results_of(files.read_table(root / "scored.parquet"), visits)
    return frame, visits, found


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """400 synthetic cases."""
    root = tmp_path_factory.mktemp("benchmark")
    synthesise(400, 11, "realistic", root)
    return prepared({name: root / f"{name}.csv" for name in ("cases", "visits", "lesions")}, root)


def test_every_published_result_has_its_row(demo):
    table = compared(*demo)
    assert table.columns.tolist() == list(COLUMNS)
    contract = "benchmark_id source published published_lower published_upper numerator denominator"
    more = "estimate ci_lower ci_upper comparable why_not"
    assert set(f"{contract} {more}".split()) <= set(table)
    assert (table["why_not"].eq("") == table["comparable"].eq("yes")).all()


def test_case_mix_walking_and_harms_are_compared(demo):
    table = compared(*demo)
    for name in ("case_mix_lung", "region_thoracic", "several_sites", "scorad_multi_week_4"):
        assert table.loc[name, "comparable"] == "yes", table.loc[name, "why_not"]
    assert table.loc["fehlings_death_30d_listed", "difference"] is not pd.NA
    cases = demo[0]
    whole = cases[cases["in_overall"].fillna(False).astype(bool)]
    lung = whole["primary_histology"].astype("string").str.startswith("lung")
    assert table.loc["case_mix_lung", "numerator"] == lung.sum()


def test_groups_of_arms_add_up(demo):
    frame, visits, found = demo
    table = compared(frame, visits, found)
    rates = found["rates"]
    arms = rates[
        rates["group"].isin(["sbrt", "cebrt_long", "cebrt_short", "cebrt_other"])
        & (rates["analysis"] == "by_arm")
        & (rates["baseline"] == "all")
        & (rates["estimand"] == "alive_assessed")
        & (rates["timepoint_days"] == 30)
    ]
    row = table.loc["klimo_rt_walking"]
    assert (row["arm"], row["death_rule"], row["timepoint_days"]) == ("rt", "alive_assessed", 30)
    assert row["numerator"] == arms["numerator"].sum()
    assert row["denominator"] == arms["denominator"].sum()


def test_no_surgical_arm_stands_beside_an_all_comer_median(demo):
    table = compared(*demo)
    medians = table[(table["outcome"] == "survival") & (table["measure"] == "median_days")]
    of_all = medians[medians["arm"] == "all"]
    assert set(of_all["analysis"]) == {"overall"}
    assert medians.loc["fehlings_median_survival", "analysis"] == "by_broad_arm"
    assert medians.loc["fehlings_median_survival", "estimate"] != of_all["estimate"].iloc[0]


def test_inferred_counts_are_never_tested(demo):
    table = compared(*demo, config(benchmark={"after_treatment_day": 30}))
    doubtful = table["provenance"].isin(["inferred", "memory"])
    assert doubtful.sum() == 17 and table.loc[doubtful, "difference"].isna().all()
    assert table["difference"].notna().any()
    assert table.loc["fehlings_complication_30d", "difference_note"] == (
        "no test: the published counts are inferred"
    )


@pytest.mark.parametrize(
    "key, value, name, field",
    [
        ("tolerance_days", 0, "scorad_multi_week_4", "comparable"),
        ("after_treatment_day", 90, "patchell_rt_walking", "timepoint_days"),
        ("surgical_share_max", 0.01, "case_mix_lung", "comparable"),
        ("tests", False, "fehlings_death_30d_listed", "difference"),
        ("show", ["graham_walking_28d"], "graham_walking_28d", "in_figure"),
    ],
)
def test_keys_of_the_section(demo, key, value, name, field):
    plain = compared(*demo).loc[name, field]
    other = compared(*demo, config(benchmark={key: value})).loc[name, field]
    assert str(plain) != str(other)


def test_results_that_are_left_out_are_nowhere(demo):
    table = compared(*demo, config(benchmark={"leave_out": ["case_mix_lung"]}))
    assert "case_mix_lung" not in table.index and len(table) == len(compared(*demo)) - 1


def test_the_settings_of_other_steps_decide_what_compares(demo):
    assert compared(*demo).loc["scotland_walking_unaided", "comparable"] == "yes"
    grades = config(score={"sosg_high_grades": ["1c", "2", "3"]})
    reason = compared(*demo, grades).loc["laufer_high_grade_before", "why_not"]
    assert "published SOSG grade 2 or 3, here SOSG grade 1c, 2 or 3" in reason
    unaided = config(ambulatory={"definition": "unaided"})
    assert (
        "here walking without aids"
        in compared(*demo, unaided).loc["scorad_multi_week_4", "why_not"]
    )


def test_the_threshold_hides_more_when_it_is_higher(demo):
    hidden = [
        (compared(*demo, config(disclosure={"threshold": n}))["withheld"] == "hidden").sum()
        for n in (0, 5, 30)
    ]
    assert hidden[0] == 0 < hidden[1] < hidden[2]


def test_no_small_number_can_be_worked_out_from_what_is_shown(demo):
    from mescc_analytics.steps import withhold_benchmark

    exact = compared(*demo).reset_index(drop=True)
    shown = withhold_benchmark.shown(exact)
    counted = exact[shown["numerator"].notna()]
    rest = counted["denominator"] - counted["numerator"]
    for count in (counted["numerator"], rest, counted["denominator"]):
        assert not ((count > 0) & (count < 5)).any()
    assert shown.loc[exact["withheld"] == "hidden", "estimate"].isna().all()


@pytest.mark.parametrize(
    "columns",
    [
        {},
        {"ambulatory_status_30d": "unaided"},
        {"surgery_day": 1, "rt_start_day": 10, "rt_technique": "sbrt", "rt_consult_day": 2},
        {"mri_day": 0, "back_pain": "yes", "spinal_levels": "T4", "symptom_onset_day": -5},
    ],
)
@pytest.mark.parametrize("died", ["yes", "no"])
def test_one_bare_case_is_enough(columns, died, tmp_path):
    row = {"case_id": "A", "last_contact_day": 200, "died": died, **columns}
    pd.DataFrame([row]).to_csv(tmp_path / "cases.csv", index=False)
    table = compared(*prepared({"cases": tmp_path / "cases.csv"}, tmp_path))
    assert table["benchmark_id"].tolist() == load_csv("benchmarks")["benchmark_id"].tolist()
    assert set(table.loc[table["analysis"].isna(), "comparable"]) == {"no"}
    counted = table["denominator"].gt(0).fillna(False)
    assert set(table.loc[counted, "withheld"]) <= {"hidden"}  # one case is a small number


def test_without_anybody_left_nothing_has_a_figure(demo):
    frame, visits, _ = demo
    none = frame.assign(in_overall=False, in_arms=False)
    found = survival.analyse(none, FULL) | ambulatory.analyse(none, visits, FULL)
    table = compared(none, visits, found)
    assert table["analysis"].isna().all() and set(table["comparable"]) == {"no"}


@pytest.mark.parametrize("key", ["show", "leave_out"])
def test_an_unknown_result_is_named(key):
    with pytest.raises(UsageError) as error:
        settings.complete({"benchmark": {key: ["case_mix_lugn"]}}, need_cohorts=False)
    assert str(error.value) == (
        "the config cannot be used:\n"
        f"  - benchmark.{key}: 'case_mix_lugn' is not a benchmark_id (did you mean "
        "'case_mix_lung'?)"
    )
