"""Endpoints that death can forestall, from cases and visits; the step and its settings."""

import copy

import numpy as np
import pandas as pd
import pytest

from mescc_analytics import codebook, settings
from mescc_analytics.cohort import endpoints
from mescc_analytics.steps import ambulatory, competing
from mescc_analytics.steps import cohort as cohort_step
from mescc_analytics.steps.sources import synthesise
from mescc_analytics.tables import files

FULL = settings.complete({}, need_cohorts=False) | {"time_resolution": "day", "name": "small"}
LEVELS = ["unaided", "aided", "non_ambulatory", "paraplegic"]


def cases(**columns):
    n = len(next(iter(columns.values())))
    base = {
        "case_id": pd.array([f"C{i}" for i in range(n)], dtype="string"),
        "time_zero_day": pd.array([0.0] * n, dtype="Float64"),
        "survival_days": pd.array([100.0] * n, dtype="Float64"),
        "survival_event": pd.array([False] * n, dtype="boolean"),
    }
    for name, values in columns.items():
        if name.startswith("ambulatory"):
            base[name] = pd.Categorical(values, LEVELS)
        else:
            kind = "boolean" if name == "survival_event" else "Float64"
            base[name] = pd.array(values, dtype=kind)
    return pd.DataFrame(base)


def visits(*rows, **more):
    frame = pd.DataFrame(rows, columns=["case_id", "visit_day", *more])
    return frame


def look(name, frame, seen_at=None, start=0.0, hold=60):
    seen_at = pd.DataFrame() if seen_at is None else seen_at
    seen = endpoints.statuses(frame, seen_at, "with_aids")
    return endpoints.outcome(name, frame, seen_at, seen, start_days=start, hold_days=hold)


def test_every_endpoint_is_offered_by_the_config_and_needs_declared_columns():
    catalogue = endpoints.catalogue()
    assert FULL["competing"]["endpoints"] == list(catalogue)
    columns, of_visits = codebook.columns(), codebook.columns("visits")
    for entry in catalogue.values():
        assert entry["label"] and entry["needs"]
        if "day" in entry:
            assert entry["day"] in columns
        if "visits" in entry:
            assert entry["visits"]["level"] in of_visits[entry["visits"]["column"]].levels


def test_event_death_and_censoring():
    frame = cases(
        vertebral_fracture_day=[40, None, None, 120, 0],
        survival_event=[True, True, False, False, False],
        time_zero_day=[10, 0, 0, 0, 0],
    )
    found = look("vertebral_fracture", frame)
    # the fourth is dated after the last contact; the fifth had it before the start
    assert found.cause.tolist() == [1, 2, 0, 0, 1]
    assert found.time.tolist() == [30, 100, 100, 100, 0]
    assert found.at_risk.tolist() == [True, True, True, True, False]
    assert found.reason == ""


def test_who_had_it_before_the_landmark_is_not_at_risk():
    frame = cases(vertebral_fracture_day=[20, 30, 31, None])
    assert look("vertebral_fracture", frame, start=30.0).at_risk.tolist() == [
        False,
        False,
        True,
        True,
    ]


def test_local_failure_is_the_earlier_of_the_column_and_the_visits():
    frame = cases(local_failure_day=[80, None, 20, None])
    seen = pd.DataFrame(
        {
            "case_id": ["C0", "C0", "C1", "C2", "C3", "C9"],
            "visit_day": [50.0, 60.0, 70.0, 40.0, 10.0, 5.0],
            "local_status": ["progressed", "progressed", "progressed", "progressed"]
            + ["controlled", "progressed"],
        }
    )
    found = look("local_failure", frame, seen)
    assert found.time.tolist() == [50, 70, 20, 100] and found.cause.tolist() == [1, 1, 1, 0]
    # visits alone are enough, also where nobody progressed
    alone = look("local_failure", cases(survival_event=[True]), seen.iloc[[4]].assign(case_id="C0"))
    assert alone.reason == "" and alone.cause.tolist() == [2]


@pytest.mark.parametrize("name", list(endpoints.catalogue()))
def test_what_an_endpoint_needs_is_said(name):
    frame = cases(survival_event=[True, False])
    assert look(name, frame).reason == f"needs {endpoints.catalogue()[name]['needs']}"


def test_columns_without_a_value_are_as_good_as_absent():
    assert (
        look("retreatment", cases(retreatment_day=[None, None])).reason == "needs retreatment_day"
    )


def test_nobody_at_risk():
    frame = cases(ambulatory_status=["paraplegic"], ambulatory_status_90d=["unaided"])
    assert look("loss_of_walking", frame).reason == "no case at risk of it on day 0"
    assert look("regaining_walking", frame).cause.tolist() == [1]


def test_loss_and_regaining_of_walking():
    frame = cases(
        ambulatory_status=["unaided", "aided", "non_ambulatory", None],
        ambulatory_status_30d=["paraplegic", "unaided", "non_ambulatory", "unaided"],
        ambulatory_status_90d=["unaided", "non_ambulatory", "aided", "paraplegic"],
    )
    lost, regained = look("loss_of_walking", frame), look("regaining_walking", frame)
    assert lost.at_risk.tolist() == [True, True, False, False]
    assert lost.time[:2].tolist() == [30, 90] and lost.cause[:2].tolist() == [1, 1]
    assert regained.at_risk.tolist() == [False, False, True, False]
    assert regained.time[2] == 90
    # at the landmark the status seen last counts, if it is not too old
    late = look("loss_of_walking", frame, start=40.0)
    assert late.at_risk.tolist() == [False, True, False, True]
    assert not look("loss_of_walking", frame, start=40.0, hold=5).at_risk.any()


def test_presentation_stands_for_time_zero():
    frame = cases(ambulatory_status=["aided"], time_zero_day=[-3], ambulatory_status_90d=["aided"])
    seen = endpoints.statuses(frame, pd.DataFrame(), "with_aids")
    assert seen["day"].tolist() == [0, 93] and seen["walking"].all()
    assert not endpoints.statuses(frame, pd.DataFrame(), "unaided")["walking"].any()


def test_a_wide_status_is_not_dated_after_the_last_contact():
    frame = cases(ambulatory_status_90d=["aided"], survival_days=[80])
    assert endpoints.statuses(frame, pd.DataFrame(), "with_aids")["day"].tolist() == [80]


def test_ais_nearest_to_the_timepoint():
    frame = cases(survival_event=[False, False])
    frame["ais"] = pd.Categorical(["C", "D"], list("ABCDE"))
    seen = pd.DataFrame(
        {"case_id": ["C0", "C0", "C1"], "visit_day": [25.0, 33.0, 60.0], "ais": ["A", "B", "E"]}
    )
    chosen = {"timepoints_days": [30, 90], "windows_days": [14, 21]}
    found = endpoints.ais_at(frame, seen, chosen)
    assert found["30"].tolist() == ["B", pd.NA] and found["90"].isna().all()
    assert endpoints.ais_at(frame, pd.DataFrame(), chosen) is None


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """Cohort and visits of 300 synthetic cases."""
    root = tmp_path_factory.mktemp("data")
    synthesise(300, 3, "realistic", root)
    from mescc_analytics.steps import decisions, ingest

    inputs = {name: root / f"{name}.csv" for name in ("cases", "visits", "lesions")}
    ingest.ingest(inputs, root / "ingest", FULL)
    decisions.score({"cases": root / "ingest/cases.parquet"}, root / "scored.parquet", FULL)
    decisions.assign({"cases": root / "scored.parquet"}, root / "assigned.parquet", FULL)
    cohort_step.cohort({"cases": root / "assigned.parquet"}, root / "cohort", FULL)
    paths = {
        "cohort": root / "cohort/cohort.parquet",
        "visits": root / "ingest/visits.parquet",
    }
    return paths, {name: files.read_table(path) for name, path in paths.items()}


def changed(section, **values):
    config = copy.deepcopy(FULL)
    config[section] |= values
    return config


def analyse(small, config=FULL):
    return competing.analyse(small[1]["cohort"], small[1]["visits"], config)


@pytest.fixture(scope="module")
def plain(small):
    return analyse(small)


def test_columns_of_the_contract(small, plain, tmp_path):
    wanted = {"analysis", "endpoint", "cause", "group", "time_days", "incidence", "ci_lower"}
    assert wanted | {"ci_upper"} <= set(plain["incidence"])
    competing.competing(small[0], tmp_path, FULL)
    assert {path.stem for path in tmp_path.iterdir()} == {
        *("incidence", "summary", "tests", "hazards", "not_assessable")
    }
    assert set(plain["incidence"]["analysis"]) == {"overall", "by_arm"}
    assert set(plain["hazards"]["model"]) == {"cause_specific", "fine_gray"}
    assert set(plain["hazards"]["reference"]) == {"cebrt_long"}


def test_summary_says_where_it_has_no_number(small):
    found = analyse(small, changed("competing", timepoints_days=[20, 180, 9000]))["summary"]
    by_arm = found[found["analysis"] == "by_arm"].set_index("time_days")
    assert (by_arm.loc[20, "note"] == "not estimable: the curve starts on day 30").all()
    assert by_arm.loc[20, "incidence"].isna().all() and by_arm.loc[180, "incidence"].notna().any()
    last = found[(found["time_days"] == 9000) & found["incidence"].isna()]
    assert last["note"].str.startswith("not estimable: follow-up ends on day").all()
    assert (found["n"] + found["n_not_at_risk"]).max() <= 300


def test_events_by_a_day_agree_with_the_curve(plain):
    summary, curves = plain["summary"], plain["incidence"]
    keys = ["analysis", "endpoint", "cause", "group"]
    row = summary[(summary["analysis"] == "by_arm") & (summary["time_days"] == 365)].iloc[0]
    chosen = (curves[keys] == row[keys]).all(axis="columns") & (curves["time_days"] <= 365)
    assert row["n_events"] == curves.loc[chosen, "n_events"].sum()


@pytest.mark.parametrize(
    "section, key, value, table",
    [
        ("competing", "endpoints", ["vertebral_fracture"], "incidence"),
        ("competing", "timepoints_days", [100], "summary"),
        ("competing", "confidence_level", 0.5, "incidence"),
        ("competing", "interval", "plain", "incidence"),
        ("competing", "variance", "aalen", "incidence"),
        ("competing", "min_arm", 60, "tests"),
        ("competing", "min_arm", 60, "hazards"),
        ("ambulatory", "definition", "unaided", "incidence"),
        ("ambulatory", "carry_forward_days", 5, "incidence"),
        ("cohort", "landmark_days", 20, "summary"),
        ("cohort", "reference_arm", "sbrt", "hazards"),
    ],
)
def test_settings_reach_the_result(small, plain, section, key, value, table):
    assert not analyse(small, changed(section, **{key: value}))[table].equals(plain[table])


def test_no_p_value_for_a_small_arm(small):
    found = analyse(small, changed("competing", min_arm=1000))
    assert found["tests"]["p"].isna().all() and found["hazards"]["p"].isna().all()
    words = "no p value: fewer than 1000 cases in a group"
    assert (found["hazards"].loc[found["hazards"]["hazard_ratio"].notna(), "note"] == words).all()
    assert found["tests"]["note"].str.startswith("not estimable: no cases; without").all()


def process(small, config=FULL):
    return ambulatory.process(small[1]["cohort"], small[1]["visits"], config)


@pytest.fixture(scope="module")
def walked(small):
    return process(small, changed("ambulatory", n_resamples=30))


def test_occupancy_adds_up_by_arm_and_overall(walked):
    states = ["ambulatory", "non_ambulatory", "dead", "unknown"]
    known = walked["occupancy"].dropna(subset=states)
    np.testing.assert_allclose(known[states].sum(axis="columns"), 1, rtol=0, atol=1e-12)
    first = walked["occupancy"].groupby("analysis")["time_days"].min()
    assert first.to_dict() == {"by_arm": 30, "overall": 0}
    days = walked["expected_days"]
    assert set(days["measure"]) == {
        *("alive", "ambulatory", "ambulatory_lowest", "ambulatory_highest", "unknown")
    }
    assert set(days["reference"].dropna()) == {"cebrt_long"}
    assert set(walked["transitions"]["from_state"]) == {"ambulatory", "non_ambulatory"}
    assert set(walked["paired"]["test"]) == {"mcnemar_exact", "stuart_maxwell"}


@pytest.mark.parametrize(
    "key, value, table",
    [
        ("definition", "unaided", "occupancy"),
        ("carry_forward_days", 20, "occupancy"),
        ("horizon_days", 200, "expected_days"),
        ("occupancy_step_days", 30, "occupancy"),
        ("n_resamples", 31, "expected_days"),
        ("confidence_level", 0.5, "expected_days"),
        ("min_arm", 80, "paired"),
        ("timepoints_days", [40, 90, 180, 365], "paired"),
    ],
)
def test_settings_of_walking_as_a_process(small, walked, key, value, table):
    config = changed("ambulatory", **({"n_resamples": 30} | {key: value}))
    assert not process(small, config)[table].equals(walked[table])


def test_seed_matters_and_repeats(small, walked):
    config = changed("ambulatory", n_resamples=30)
    assert process(small, config)["expected_days"].equals(walked["expected_days"])
    other = process(small, config | {"seed": 1})["expected_days"]
    assert other["days"].equals(walked["expected_days"]["days"])
    assert not other["ci_lower"].equals(walked["expected_days"]["ci_lower"])


@pytest.mark.parametrize("kept", [0, 1])
def test_empty_cohorts_and_one_row_run_through(small, kept, tmp_path):
    frame = small[1]["cohort"]
    for name, cohort in (("rows", frame.head(kept)), ("excluded", frame.assign(in_overall=False))):
        if name == "excluded":
            cohort = cohort.assign(in_arms=False)
        files.write_table(cohort, tmp_path / "cohort.parquet")
        inputs = small[0] | {"cohort": tmp_path / "cohort.parquet"}
        competing.competing(inputs, tmp_path / name / "competing", FULL)
        ambulatory.ambulatory(inputs, tmp_path / name / "ambulatory", FULL)
        missing = files.read_csv(tmp_path / name / "competing/not_assessable.csv")
        assert len(missing) or kept
