"""Delayed entry, clusters and strata through the steps, against R: several episodes per patient."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from mescc_analytics import settings
from mescc_analytics.clinical.scores import score_cases
from mescc_analytics.present import methods_choices, tables_survival
from mescc_analytics.present.study import study_of
from mescc_analytics.steps import ambulatory, cohort, competing, impute, survival
from mescc_analytics.synthetic import synthesise

ORACLE = Path(__file__).parent / "oracle" / "clusters"
FULL = settings.complete({}, need_cohorts=False)
# later episodes of a patient are kept, so that they can be clusters
FULL["cohort"]["eligibility"].remove("first_episode")
FULL["cohort"] |= {"time_zero": "presentation", "reference_arm": "male"}
FULL["survival"] |= {"by": [], "n_resamples": 20}
FULL["impute"] |= {"enabled": False, "covariates": ["age_years"], "variables": ["age_years"]}
FULL["competing"] |= {"endpoints": ["local_failure"]}
NO_VISITS = pd.DataFrame({"case_id": pd.Series(dtype="string"), "visit_day": []})
ENTRY, CLUSTER, STRATA = {"entry": "referral_day"}, {"cluster": "patient"}, {"strata": "site"}


def changed(**sections):
    return FULL | {name: FULL[name] | values for name, values in sections.items()}


def built(cases, choices):
    whole, _ = cohort.build(score_cases(cases, choices["score"]), choices)
    return whole, choices | {"cohort": cohort.effective(whole, choices)}


@pytest.fixture(scope="module")
def episodes():
    """The episodes that R was given, as a case table in which the sex stands as arm."""
    d = pd.read_csv(ORACLE / "data_episodes.csv")
    return pd.DataFrame(
        {
            "case_id": pd.array([f"E{i}" for i in range(len(d))], dtype="string"),
            "patient_id": d["patient"].astype("string"),
            "site": d["site"].astype("string"),
            "arm": d["sex"].astype("string"),
            "age_years": d["age"].astype("Float64"),
            "last_contact_day": d["time"].astype("Float64"),
            "died": d["event"].eq(1).astype("boolean"),
            "referral_day": d["entry"].astype("Float64"),
            "local_failure_day": d["failure"].astype("Float64"),
        }
    )


def expected(what, term="sex"):
    found = pd.read_csv(ORACLE / "ratios.csv").set_index(["what", "term"])
    return found.loc[(what, term)].to_numpy(float)


RATIO = ["hazard_ratio", "ci_lower", "ci_upper"]


@pytest.mark.parametrize(
    "what, beside",
    [
        ("plain", {}),
        ("cluster", CLUSTER),
        ("strata", STRATA),
        ("entry", ENTRY),
        ("all", ENTRY | CLUSTER | STRATA),
    ],
)
def test_hazard_ratios_of_arms_agree_with_r(episodes, what, beside):
    tables = survival.analyse(*built(episodes, changed(survival=beside)))
    row = tables["hazards"].query("analysis == 'by_arm'").iloc[0]
    assert row["term"] == "female vs male"
    assert_allclose(row[RATIO].astype(float), expected(what), rtol=1e-8)
    assert row["cluster"] == beside.get("cluster", "none")


@pytest.mark.parametrize("what, beside", [("adjusted", {}), ("adjusted_all", None)])
def test_adjusted_ratios_agree_with_r(episodes, what, beside):
    beside = ENTRY | CLUSTER | STRATA if beside is None else beside
    found = impute.analyse(*built(episodes, changed(survival=beside)))["estimates"]
    found = found.query("analysis == 'complete_case'").set_index("variable")
    for variable, term in (("arm", "sex"), ("age_years", "age")):
        values = found.loc[variable, ["estimate", "ci_lower", "ci_upper"]].astype(float)
        assert_allclose(values, expected(what, term), rtol=1e-8)
    assert found["cluster"].eq(beside.get("cluster", "none")).all()
    assert found["strata"].eq(beside.get("strata", "none")).all()


def test_late_entry_and_clusters_where_causes_compete(episodes):
    choices = changed(survival=ENTRY, competing=CLUSTER)
    tables = competing.analyse(built(episodes, choices)[0], NO_VISITS, built(episodes, choices)[1])
    hazards = tables["hazards"].set_index(["model", "cause"])
    for k, cause in enumerate(("local_failure", "death"), start=1):
        row = hazards.loc[("cause_specific", cause)]
        assert_allclose(row[RATIO].astype(float), expected(f"cause_{k}"), rtol=1e-8)
        late = hazards.loc[("fine_gray", cause)]
        assert late["note"] == "not estimable: not made for delayed entry"
        assert pd.isna(late["hazard_ratio"])
    assert tables["tests"]["p"].isna().all()
    assert tables["tests"]["note"].eq("not estimable: not made for delayed entry").all()
    curve = tables["incidence"].query("group == 'male' and cause == 'local_failure'")
    wanted = pd.read_csv(ORACLE / "incidence.csv")
    curve = curve.set_index("time_days").loc[wanted["time"].astype(float)]
    assert_allclose(curve["incidence"].astype(float), wanted["incidence"], rtol=1e-12)
    assert curve["n_at_risk"].tolist() == wanted["n_at_risk"].tolist()


def test_numbers_at_risk_hold_from_one_row_to_the_next(episodes):
    tables = competing.analyse(built(episodes, FULL)[0], NO_VISITS, built(episodes, FULL)[1])
    early = tables["summary"].query("analysis == 'overall' and time_days == 90")
    frame, choices = built(episodes, changed(survival=ENTRY))
    late = competing.analyse(frame, NO_VISITS, choices)["summary"]
    late = late.query("analysis == 'overall' and time_days == 90")
    d = pd.read_csv(ORACLE / "data_episodes.csv")
    first = d["failure"].fillna(d["time"])
    assert early["n_at_risk"].eq((first >= 90).sum()).all()
    seen = (first >= 90) & (d["entry"].where(d["entry"] > 0, -1) < 90) & (d["entry"] < first)
    assert late["n_at_risk"].eq(seen.sum()).all() and seen.sum() < (first >= 90).sum()


def test_who_failed_before_entry_is_not_at_risk(episodes):
    late = episodes.assign(referral_day=episodes["last_contact_day"] - 1)
    late = late.assign(local_failure_day=episodes["last_contact_day"] - 2)
    frame, choices = built(late[late["last_contact_day"] > 10], changed(survival=ENTRY))
    tables = competing.analyse(frame, NO_VISITS, choices)
    reasons = tables["not_assessable"].set_index("analysis")["reason"]
    assert reasons["overall: local_failure"] == "no case at risk of it after it entered"
    assert tables["incidence"].empty


def test_needs_the_day_of_entry_everywhere(episodes):
    frame, choices = built(episodes.drop(columns="referral_day"), changed(survival=ENTRY))
    absent = competing.analyse(frame, NO_VISITS, choices)["not_assessable"]
    assert absent["needs"].tolist() == ["referral_day", "referral_day"]
    found = impute.analyse(frame, choices)
    assert found["estimates"].empty
    absent = found["not_assessable"].set_index("analysis")["needs"]
    assert absent["adjusted survival by arm"] == "referral_day"


def test_walking_over_time_is_not_made_for_late_entry(tmp_path):
    cases = synthesise(120, np.random.default_rng(3), "realistic").cases
    made = {"ambulatory": {"n_resamples": 20}, "cohort": {"reference_arm": None}}
    for folder, beside in (("early", {}), ("late", ENTRY)):
        frame, choices = built(cases, changed(survival=beside, **made))
        (tmp_path / folder).mkdir()
        frame.to_parquet(tmp_path / "cohort.parquet")
        NO_VISITS.to_parquet(tmp_path / "visits.parquet")
        inputs = {name: tmp_path / f"{name}.parquet" for name in ("cohort", "visits")}
        ambulatory.ambulatory(inputs, tmp_path / folder, choices)
    read = {
        folder: pd.read_csv(tmp_path / folder / "not_assessable.csv")
        for folder in ("early", "late")
    }
    added = set(read["late"]["analysis"]) - set(read["early"]["analysis"])
    assert added == {"over time (states and expected days)"}
    assert pd.read_csv(tmp_path / "late/occupancy.csv").empty
    assert pd.read_csv(tmp_path / "late/expected_days.csv").empty
    assert len(pd.read_csv(tmp_path / "early/expected_days.csv"))
    assert len(pd.read_csv(tmp_path / "late/rates.csv"))


def test_strategies_draw_the_episodes_of_a_patient_together():
    """Every patient twice: the interval of the clusters is that of the single patients, that of
    the cases about 1 / sqrt(2) of it.
    """
    once = synthesise(260, np.random.default_rng(5), "realistic").cases
    twice = pd.concat([once, once], ignore_index=True)
    twice = twice.assign(
        case_id=pd.array([f"C{i}" for i in range(len(twice))], dtype="string"),
        patient_id=pd.array([f"P{i % len(once)}" for i in range(len(twice))], dtype="string"),
    )
    few = {"min_strategy": 40, "covariates": ["age_years"], "n_resamples": 200}
    width, estimate = {}, {}
    for name, cases, beside in (
        ("once", once, {}),
        ("cases", twice, {}),
        ("patients", twice, CLUSTER),
    ):
        chosen = changed(survival=few | beside, cohort={"reference_arm": None})
        tables = survival.analyse(*built(cases, chosen))
        row = tables["contrasts"].query("analysis == 'by_arm_clone_censor_weight'")
        row = row.query("measure == 'survival_difference' and time_days == 180")
        width[name] = float((row["ci_upper"] - row["ci_lower"]).iloc[0])
        estimate[name] = float(row["estimate"].iloc[0])
        ratio = tables["hazards"].query("analysis == 'by_arm_clone_censor_weight'").iloc[0]
        assert ratio["cluster"] == beside.get("cluster", "none")
        curve = tables["summary"].query("analysis == 'by_arm_clone_censor_weight'").iloc[0]
        width[f"{name} curve"] = curve["survival_180d_upper"] - curve["survival_180d_lower"]
        width[f"{name} mean"] = curve["rmst_upper"] - curve["rmst_lower"]
    assert_allclose(estimate["patients"], estimate["once"], rtol=1e-8)
    assert_allclose(width["patients"], width["once"], rtol=0.15)
    assert_allclose(width["cases"] * np.sqrt(2), width["once"], rtol=0.2)
    for what in ("curve", "mean"):
        assert_allclose(width[f"patients {what}"], width[f"once {what}"], rtol=1e-8)
        assert_allclose(width[f"cases {what}"] * np.sqrt(2), width[f"once {what}"], rtol=0.01)


def test_clusters_and_strata_are_stated_in_the_methods():
    chosen = changed(survival=CLUSTER | STRATA)
    said = " ".join(methods_choices.paragraphs(chosen, study_of(chosen)))
    assert "Hazard ratios carry cluster-robust intervals: episodes of a patient" in said
    assert "log-rank tests and intervals of curves take no account of that" in said
    assert "stratified by site" in said


def test_cases_at_risk_and_those_who_had_the_event_before(episodes):
    d = episodes["local_failure_day"].mask(episodes.index < 3, -2.0)
    # on the day of the last contact it has still happened
    last = episodes.index == 5
    d = d.mask(last, episodes["last_contact_day"])
    frame, choices = built(episodes.assign(local_failure_day=d), FULL)
    tables = competing.analyse(frame, NO_VISITS, choices)
    rows = tables["summary"].query("analysis == 'overall' and cause == 'local_failure'")
    assert rows["n"].eq(len(episodes) - 3).all() and rows["n_not_at_risk"].eq(3).all()
    curve = tables["incidence"].query("analysis == 'overall' and cause == 'local_failure'")
    assert curve["n_at_risk"].iloc[0] == len(episodes) - 3
    happened = d.notna() & (d > 0) & (d <= episodes["last_contact_day"])
    assert happened[last].all() and curve["n_events"].sum() == happened.sum()


def test_the_order_of_the_cases_does_not_matter_where_causes_compete(episodes):
    frame, choices = built(episodes, changed(survival=ENTRY, competing=CLUSTER))
    tables = competing.analyse(frame, NO_VISITS, choices)
    shuffled = frame.sample(frac=1, random_state=1).reset_index(drop=True)
    again = competing.analyse(shuffled, NO_VISITS, choices)
    for name in ("incidence", "summary", "tests", "hazards"):
        pd.testing.assert_frame_equal(again[name], tables[name], rtol=1e-9)


@pytest.mark.parametrize("sites", [1, 2, 9, 10])
def test_few_clusters_are_none_and_the_report_says_so(episodes, sites):
    """Of one cluster the robust variance is 0, of two it is far too small."""
    named = episodes.assign(site=[f"site {number % sites}" for number in range(len(episodes))])
    chosen = changed(survival={"cluster": "site", "clone_censor_weight": False})
    tables = survival.analyse(*built(named, chosen))
    plain = survival.analyse(*built(named, changed(survival={"clone_censor_weight": False})))
    few = f"none: too few clusters: {sites}, wanted at least 10"
    ratio, alone = (found["hazards"].iloc[0] for found in (tables, plain))
    assert ratio["cluster"] == (few if sites < 10 else "site")
    assert (ratio["ci_lower"] == alone["ci_lower"]) == (sites < 10)
    table = tables_survival.hazards(tables["hazards"], tables["tests"], study_of(chosen))
    said = f"cases as independent, although clusters were asked for: {few.removeprefix('none: ')}."
    assert any(said in note for note in table.notes) == (sites < 10)
