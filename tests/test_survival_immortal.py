"""Arms from time zero: Stanford heart end to end, the guard, delayed entry, every key of the config."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from mescc_analytics import settings
from mescc_analytics.clinical.scores import score_cases
from mescc_analytics.steps import cohort, sensitivity, strategies, survival, survival_immortal
from mescc_analytics.steps.guard import guard
from mescc_analytics.synthetic import synthesise

ORACLE = Path(__file__).parent / "oracle" / "weighted"
FULL = settings.complete({}, need_cohorts=False)
# later episodes of a patient are kept, so that they can be clusters
FULL["cohort"]["eligibility"].remove("first_episode")
# in small cohorts some strategies are otherwise withheld (test_strategy_weights.py)
FULL["weight"]["on_failure"] = "show"
PLAIN = {"by": []}


def changed(**sections):
    return FULL | {name: FULL[name] | values for name, values in sections.items()}


def built(cases, choices):
    whole, _ = cohort.build(score_cases(cases, choices["score"]), choices)
    return whole, choices | {"cohort": cohort.effective(whole, choices)}


def analyse(cases, choices=FULL):
    return survival.analyse(*built(cases, choices))


# --- Stanford heart transplants -------------------------------------------------------------------

HEART = {
    "cohort": {
        "time_zero": "presentation",
        "grace_days": 100000,
        "lookback_days": 0,
        "reference_arm": "supportive",
    },
    "survival": {"by": [], "clone_censor_weight": False, "adjust_for": ["age_years", "operated"]},
}


def heart_table(time, event, age, operated, waited):
    """A case table: transplantation stands as surgery, earlier surgery as earlier radiotherapy."""
    n = len(time)
    return pd.DataFrame(
        {
            "case_id": pd.array([f"H{i}" for i in range(n)], dtype="string"),
            "last_contact_day": pd.array(time, dtype="Float64"),
            "died": pd.array(np.asarray(event) == 1, dtype="boolean"),
            "age_years": pd.array(age, dtype="Float64"),
            "operated": pd.array(np.asarray(operated) == 1, dtype="boolean"),
            "surgery_day": pd.array(waited, dtype="Float64"),
        }
    )


@pytest.fixture(scope="module")
def jasa():
    cases = pd.read_csv(ORACLE / "data_jasa.csv")
    return heart_table(*(cases[name] for name in ("time", "event", "age", "surgery", "waited")))


@pytest.fixture(scope="module")
def heart():
    """The same patients as R counts them in time: half a day where two things share a day."""
    rows = pd.read_csv(ORACLE / "data_heart.csv")
    last = rows.groupby("cluster").tail(1)
    treated = rows[rows["transplant"] == 1].set_index("cluster")["entry"]
    waited = last["cluster"].map(treated)
    columns = (last["time"], last["event"], last["age"] + 48, last["surgery"], waited)
    return heart_table(*(column.to_numpy() for column in columns))


def published(analysis):
    return pd.read_csv(ORACLE / "heart.csv").set_index("analysis").loc[analysis]


def test_heart_from_a_landmark(jasa):
    choices = changed(cohort=HEART["cohort"] | {"landmark_days": 30}, survival=HEART["survival"])
    tables = analyse(jasa, choices)
    n = tables["summary"].query("analysis == 'by_arm'").set_index("group")["n"]
    assert n.to_dict() == {"supportive": 43, "surgery_only": 35}
    row = tables["hazards"].query("analysis == 'by_arm'").iloc[0]
    assert row["term"] == "surgery_only vs supportive" and round(row["hazard_ratio"], 3) == 0.915
    assert_allclose(row["hazard_ratio"], published("landmark_30")["hazard_ratio"], rtol=1e-8)


def test_heart_as_treated_in_time(heart):
    choices = changed(cohort=HEART["cohort"], survival=HEART["survival"])
    row = analyse(heart, choices)["hazards"].query("analysis == 'by_arm_time_varying'").iloc[0]
    assert round(row["hazard_ratio"], 3) == 1.016
    assert_allclose(row["hazard_ratio"], published("in_time")["hazard_ratio"], rtol=1e-8)
    assert (row["n"], row["n_reference"]) == (69, 103)
    assert row["events"] + row["events_reference"] == 75


def test_heart_as_if_treated_from_the_start(jasa):
    adjusted = {"adjust_for": ["age_years", "operated"], "contrasts": "arm"}
    choices = changed(cohort=HEART["cohort"], survival=HEART["survival"], sensitivity=adjusted)
    frame, choices = built(jasa, choices)
    tables = sensitivity.analyse(frame, choices, survival.analyse(frame, choices)["hazards"])
    panel = tables["panel"].set_index("method")
    naive = panel.loc["naive"]
    assert (naive["group"], naive["reference"]) == ("surgery_only", "supportive")
    assert round(naive["hazard_ratio"], 3) == 0.180
    assert_allclose(naive["hazard_ratio"], published("ever")["hazard_ratio"], rtol=1e-8)
    assert 0.9 < panel.loc["time_varying", "hazard_ratio"] < 1.1
    assert 0.5 < panel.loc["landmark_30", "hazard_ratio"] < 1.2


# --- a synthetic cohort ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cases():
    made = synthesise(300, np.random.default_rng(7), "realistic").cases
    return made.assign(
        referral_day=pd.array(np.arange(300) % 40 - 10.0, dtype="Float64"),
        patient_id=pd.array([f"T{i // 2}" for i in range(300)], dtype="string"),
    )


@pytest.fixture(scope="module")
def plain(cases):
    return analyse(cases, changed(survival=PLAIN | {"n_resamples": 20}))


def test_every_analysis_is_there(plain):
    assert set(plain["hazards"]["analysis"]) == {
        *("by_arm", "by_arm_time_varying", "by_arm_clone_censor_weight"),
    }
    cloned = plain["curves"].query("analysis == 'by_arm_clone_censor_weight'")
    assert cloned.groupby("group")["n_at_risk"].first().eq(300).all()
    assert cloned["n_at_risk_weighted"].notna().all()
    summary = plain["summary"].query("analysis == 'by_arm_clone_censor_weight'")
    assert summary["rmst_days"].notna().all() and summary["n"].eq(300).all()
    assert summary["n_group_unknown"].eq(0).all()
    contrasts = plain["contrasts"].query("analysis == 'by_arm_clone_censor_weight'")
    assert set(contrasts["measure"]) == {"survival_difference", "rmst_difference"}
    assert contrasts["estimate"].notna().all()
    # 20 samples do not always give a small strategy an interval
    sure = contrasts[~contrasts["note"].str.contains("interval not estimable")]
    assert len(sure) and (sure["ci_lower"] < sure["ci_upper"]).all()
    ratios = plain["hazards"].query("analysis == 'by_arm_clone_censor_weight'")
    assert (ratios["ci_lower"].dropna() < ratios["hazard_ratio"][ratios["ci_lower"].notna()]).all()


def test_a_contrast_is_the_difference_of_the_curves(plain):
    curves = plain["curves"].query("analysis == 'by_arm_clone_censor_weight'")
    cloned = plain["contrasts"].query("analysis == 'by_arm_clone_censor_weight'")
    rows = cloned.query("measure == 'survival_difference' and time_days == 90")
    at = curves[curves["time_days"] <= 90].groupby("group")["survival"].last()
    for row in rows.itertuples():
        assert_allclose(row.estimate, at[row.group] - at[row.reference], rtol=1e-9)


def test_the_same_seed_gives_the_same(cases, plain):
    again = analyse(cases, changed(survival=PLAIN | {"n_resamples": 20}))
    pd.testing.assert_frame_equal(again["contrasts"], plain["contrasts"])
    other = analyse(cases, changed(survival=PLAIN | {"n_resamples": 20}) | {"seed": 1})
    assert not other["contrasts"]["ci_lower"].equals(plain["contrasts"]["ci_lower"])
    assert other["contrasts"]["estimate"].equals(plain["contrasts"]["estimate"])


@pytest.mark.parametrize(
    "key, value, table, analysis",
    [
        ("strategies", "two_largest", "hazards", "by_arm_clone_censor_weight"),
        ("min_strategy", 15, "hazards", "by_arm_clone_censor_weight"),
        ("covariates", ["age_years"], "contrasts", "by_arm_clone_censor_weight"),
        ("weight_cap", 0.8, "contrasts", "by_arm_clone_censor_weight"),
        ("n_resamples", 30, "contrasts", "by_arm_clone_censor_weight"),
        ("bootstrap_max_cases", 200, "contrasts", "by_arm_clone_censor_weight"),
        ("adjust_for", ["ecog"], "hazards", "by_arm_time_varying"),
        ("time_varying", False, "hazards", "by_arm_time_varying"),
        ("clone_censor_weight", False, "hazards", "by_arm_clone_censor_weight"),
        ("cluster", "patient", "hazards", "by_arm"),
        ("cluster", "patient", "hazards", "by_arm_time_varying"),
        ("strata", "site", "hazards", "by_arm"),
        ("strata", "site", "hazards", "by_arm_time_varying"),
        ("strata", "site", "tests", "by_arm"),
        ("entry", "referral_day", "curves", "by_arm"),
        ("entry", "referral_day", "summary", "overall"),
        ("entry", "referral_day", "tests", "by_arm"),
        ("entry", "referral_day", "hazards", "by_arm"),
        ("entry", "referral_day", "hazards", "by_arm_time_varying"),
    ],
)
def test_every_key_changes_its_table(cases, plain, key, value, table, analysis):
    few = {"n_resamples": 20, "clone_censor_weight": analysis.endswith("weight")}
    if key == "min_strategy":  # by default as many as begin conventional radiotherapy and surgery
        few["min_strategy"] = 40
    found = analyse(cases, changed(survival=PLAIN | few | {key: value}))[table]
    before, after = (t[t["analysis"] == analysis] for t in (plain[table], found))
    if key == "strategies":
        assert len(after) == 1
        return
    shared = [name for name in before if name in after and name not in ("entry", "cluster")]
    assert before[shared].reset_index(drop=True).to_csv() != (
        after[shared].reset_index(drop=True).to_csv()
    )


def test_the_two_largest_are_fewer_than_all(cases):
    rows = []
    for choice in ("against_reference", "two_largest"):
        chosen = {"n_resamples": 20, "min_strategy": 10, "covariates": ["age_years"]}
        tables = analyse(cases, changed(survival=PLAIN | chosen | {"strategies": choice}))
        rows.append(len(tables["hazards"].query("analysis == 'by_arm_clone_censor_weight'")))
    assert rows[0] > rows[1] == 1


def test_beside_is_stated(cases):
    chosen = PLAIN | {"cluster": "patient", "strata": "site", "clone_censor_weight": False}
    tables = analyse(cases, changed(survival=chosen))
    for name in ("hazards", "tests"):
        assert tables[name]["cluster"].eq("patient").all()
        assert tables[name]["strata"].eq("site").all()
    without = analyse(cases.drop(columns="site"), changed(survival=chosen))
    assert without["hazards"]["strata"].eq("none: needs site").all()


def test_without_a_day_of_entry_nothing_is_assessed(cases):
    chosen = changed(survival=PLAIN | {"entry": "referral_day"})
    tables = analyse(cases.drop(columns="referral_day"), chosen)
    needs = tables["not_assessable"].set_index("analysis")["needs"]
    assert needs["overall"] == needs["by_arm"] == needs["by_arm_time_varying"] == "referral_day"
    assert "by_arm_clone_censor_weight" in needs.index and tables["summary"].empty
    some = cases.assign(referral_day=cases["referral_day"].mask(cases.index >= 200))
    overall = analyse(some, chosen)["summary"].query("analysis == 'overall'").iloc[0]
    assert overall["entry"] == "referral_day" and overall["n"] + overall["n_not_entered"] == 300
    assert overall["n_not_entered"] >= 100


def test_numbers_at_risk_count_late_entries(cases):
    chosen = changed(survival=PLAIN | {"entry": "referral_day", "clone_censor_weight": False})
    curve = analyse(cases, chosen)["curves"].query("analysis == 'overall'")
    assert curve["n_at_risk"].iloc[0] < curve["n_at_risk"].max()


def test_given_arms_need_no_clock_of_their_own(cases):
    given = cases.assign(arm=pd.array(["a", "b"] * 150, dtype="string"))
    tables = analyse(given, changed(survival=PLAIN))
    reasons = tables["not_assessable"].set_index("analysis")["reason"]
    wanted = "the table gives the arms, which are known at time zero"
    assert reasons["by_arm_time_varying"] == reasons["by_arm_clone_censor_weight"] == wanted
    assert tables["guard"]["arm_source"].eq("given").all()


@pytest.mark.parametrize(
    "change",
    [
        lambda c: c.iloc[:1],
        lambda c: c.assign(died=pd.array([False] * len(c), dtype="boolean")),
        lambda c: c.assign(last_contact_day=pd.array([pd.NA] * len(c), dtype="Float64")),
        lambda c: c.drop(columns=["surgery_day", "rt_start_day"]),
        lambda c: c.assign(ecog=pd.array([pd.NA] * len(c), dtype="Int64")),
        lambda c: c.assign(surgery_day=c["last_contact_day"] + 5),
        lambda c: c.assign(site=pd.array([pd.NA] * len(c), dtype="string")),
        lambda c: c[["case_id", "last_contact_day", "died"]],
    ],
)
def test_messy_cohorts_run_through(cases, change):
    chosen = PLAIN | {"n_resamples": 20, "cluster": "site", "strata": "site", "min_strategy": 2}
    frame, choices = built(change(cases).reset_index(drop=True), changed(survival=chosen))
    tables = survival.analyse(frame, choices)
    assert {"curves", "summary", "tests", "hazards", "contrasts", "guard"} <= set(tables)
    assert "panel" in sensitivity.analyse(frame, choices, tables["hazards"])


# --- the guard ------------------------------------------------------------------------------------


def test_the_guard_by_hand():
    #        surgery  rt    last  died
    rows = [
        (2, None, 200, True),
        (4, None, 300, False),
        (6, None, 10, True),  # operated, dies before the landmark
        (None, 3, 400, True),
        (None, 5, 20, False),  # irradiated, lost before the landmark
        (None, None, 8, True),  # dies untreated
        (None, None, 90, True),
    ]
    surgery, radio, last, died = zip(*rows, strict=True)
    n = len(rows)
    frame = pd.DataFrame(
        {
            "case_id": pd.array([f"P{i}" for i in range(n)], dtype="string"),
            "surgery_day": pd.array(surgery, dtype="Float64"),
            "rt_start_day": pd.array(radio, dtype="Float64"),
            "rt_technique": pd.Categorical(["cebrt"] * n, ["cebrt", "sbrt"]),
            "rt_fractions": pd.array([10] * n, dtype="Int64"),
            "last_contact_day": pd.array(last, dtype="Float64"),
            "died": pd.array(died, dtype="boolean"),
            "pathway": pd.Categorical(["cebrt"] * 5 + ["surgery_then_rt", None]),
        }
    )
    frame.loc[frame["rt_start_day"].isna(), ["rt_technique", "rt_fractions"]] = pd.NA
    whole, choices = built(frame, changed(cohort={"time_zero": "presentation"}))
    found = guard(whole, choices).set_index(["section", "group"])
    names = ["n", "n_landmark", "n_dead_by_landmark", "n_lost_by_landmark", "n_untreated_dead"]
    received = found.loc["received"]
    assert received.loc["surgery_only", names].tolist() == [3, 2, 1, 0, 0]
    assert received.loc["cebrt_long", names].tolist() == [2, 1, 0, 1, 0]
    assert received.loc["supportive", names].tolist() == [2, 1, 1, 0, 1]
    days = ["days_median", "days_q1", "days_q3"]
    assert received.loc["surgery_only", days].tolist() == [4, 3, 5]
    assert received.loc["supportive", days].isna().all()
    assert received.loc["surgery_only", "naive_median_days"] == 200
    assert received.loc["cebrt_long", "landmark_median_days"] == 400
    assert found.loc["recommended"].loc["surgery_then_rt", "n_untreated_dead"] == 1
    assert found["landmark_days"].eq(30).all()
    without = built(frame, changed(cohort={"time_zero": "presentation", "landmark_days": 0}))
    assert guard(*without)["n_dead_by_landmark"].eq(0).all()


def guard_frame(rows, **more):
    """Cases of the guard by hand: (MRI day, surgery day, last contact, died) each."""
    mri, surgery, last, died = zip(*rows, strict=True)
    return pd.DataFrame(
        {
            "case_id": pd.array([f"P{i}" for i in range(len(rows))], dtype="string"),
            "mri_day": pd.array(mri, dtype="Float64"),
            "surgery_day": pd.array(surgery, dtype="Float64"),
            "last_contact_day": pd.array(last, dtype="Float64"),
            "died": pd.array(died, dtype="boolean"),
        }
    )


def test_the_guard_counts_from_time_zero_and_to_the_landmark():
    rows = [
        (2, 1, 202, True),  # operated the day before the MRI: waited no day
        (2, 12, 16, True),  # dies on day 14, the landmark itself
        (None, 10, 300, True),  # no MRI: counted from presentation
        (1, 21, 90, True),  # operated on day 20, after the landmark: not yet an operated case
        (1, None, 9, True),
        (1, None, 60, False),
    ]
    eligible = [c for c in FULL["cohort"]["eligibility"] if c != "no_contradiction"]
    clock = {"time_zero": "mri", "landmark_days": 14, "grace_days": 30, "eligibility": eligible}
    found = guard(*built(guard_frame(rows), changed(cohort=clock)))
    found = found.set_index(["section", "group"]).loc["received"]
    operated, untreated = found.loc["surgery_only"], found.loc["supportive"]
    assert operated[["n", "n_treated", "n_fallback_origin"]].tolist() == [3, 3, 1]
    assert operated[["n_landmark", "n_dead_by_landmark"]].tolist() == [2, 1]
    # waited 0, 10 and 10 days
    assert operated[["days_q1", "days_median", "days_q3"]].tolist() == [5, 10, 10]
    assert untreated[["n", "n_treated", "n_fallback_origin"]].tolist() == [3, 0, 0]
    assert untreated[["n_dead_by_landmark", "n_untreated_dead"]].tolist() == [1, 1]
    # days 8, 59 censored, 89: half are dead on day 89; beyond the landmark as well
    assert untreated[["naive_median_days", "landmark_median_days"]].tolist() == [89, 89]
    # days 14, 200, 300; beyond the landmark 200 and 300
    assert operated[["naive_median_days", "landmark_median_days"]].tolist() == [200, 250]


def test_a_treatment_after_the_last_contact_was_not_received():
    frame = built(guard_frame([(0, 5, 40, True), (0, 9, 40, True)]), FULL)[0]
    frame["survival_days"] = frame["survival_days"].mask(frame.index == 1, 7.0)
    found = guard(frame, FULL).set_index(["section", "group"]).loc[("received", "surgery_only")]
    assert found[["n", "n_treated", "n_untreated_dead", "days_median"]].tolist() == [2, 1, 1, 5]


# --- strategies -----------------------------------------------------------------------------------


def test_strategies_and_their_cuts():
    first = np.array(["surgery"] * 4 + ["cebrt"] * 5 + [None] * 3 + ["sbrt"] * 2, dtype=object)
    chosen = {"min_strategy": 3, "strategies": "against_reference"}
    cohort_ = {"grace_days": 30, "reference_arm": None}
    found = strategies.eligible(first, cohort_, chosen)
    assert [s.name for s in found] == ["cebrt", "surgery", "none"]
    assert [s.treatment for s in found] == ["cebrt", "surgery", None]
    assert [s.cuts for s in found] == [(30,), (30,), (7, 14, 21, 28, 30)]
    fewer = strategies.eligible(first, cohort_, chosen | {"strategies": "two_largest"})
    assert [s.name for s in fewer] == ["cebrt", "surgery"]
    assert strategies.eligible(first, cohort_ | {"grace_days": 0}, chosen) == []


def test_strategies_join_levels_of_fewer_than_a_tenth(cases):
    frame, choices = built(cases, changed(survival={"covariates": ["radiosensitivity"]}))
    whole = frame[frame["in_overall"].fillna(False).to_numpy(dtype=bool)]
    place = np.arange(len(whole)) / len(whole)
    for share, levels in ((0.08, "b"), (0.12, "bc")):
        level = np.where(place < 0.5, "a", np.where(place < 1 - share, "b", "c"))
        given = whole.assign(radiosensitivity=pd.array(level, dtype="string"))
        (emulation, _), why = strategies.emulate(given, choices["survival"], choices["cohort"])
        assert not why
        assert emulation.names == tuple(f"radiosensitivity {name}" for name in levels)


def test_curves_of_strategies_count_their_clones(cases, plain):
    frame, choices = built(cases, changed(survival=PLAIN | {"n_resamples": 20}))
    whole = frame[frame["in_overall"].fillna(False).to_numpy(dtype=bool)]
    emulation = strategies.emulate(whole, choices["survival"], choices["cohort"])[0][0]
    curves = plain["curves"].query("analysis == 'by_arm_clone_censor_weight'")
    assert curves[["ci_lower", "ci_upper"]].notna().to_numpy().any()
    for number, strategy in enumerate(emulation.clones.strategies):
        own = emulation.clones.strategy == number
        left = int((own & ~emulation.clones.event).sum())
        died = int((own & emulation.clones.event).sum())
        curve = curves[curves["group"] == strategy.name]
        assert curve["n_censored"].sum() == left and left + died == own.sum()


def test_many_cases_have_curves_without_intervals(cases):
    chosen = PLAIN | {"n_resamples": 20, "bootstrap_max_cases": 50}
    tables = analyse(cases, changed(survival=chosen))
    for name, columns in (
        ("curves", ["ci_lower", "ci_upper"]),
        ("contrasts", ["ci_lower", "ci_upper"]),
        ("summary", ["rmst_lower", "rmst_upper", "survival_180d_lower", "survival_180d_upper"]),
    ):
        rows = tables[name].query("analysis == 'by_arm_clone_censor_weight'")
        assert len(rows) and rows[columns].isna().to_numpy().all(), name
        if name == "contrasts":
            assert rows["estimate"].notna().all()


def test_spells_do_not_begin_before_their_case_is_seen():
    rows = pd.DataFrame(
        {
            "row": [0, 0, 1, 2],
            "entry": [-np.inf, 10.0, -np.inf, -np.inf],
            "time": [10.0, 50.0, 30.0, 40.0],
            "arm": pd.Categorical(["supportive", "sbrt", "sbrt", "sbrt"]),
            "last": [False, True, True, True],
        }
    )
    died = pd.array([True, True, False], dtype="boolean")
    found = survival_immortal.dated(
        rows, pd.DataFrame({"survival_event": died}), np.array([20.0, -np.inf, 5.0])
    )
    assert found["row"].tolist() == [0, 1, 2]
    assert found["entry"].tolist() == [20, -np.inf, 5]
    assert found["event"].tolist() == [True, True, False]
