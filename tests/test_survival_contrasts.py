"""Differences between groups through the step, against R; Holm, small arms, Firth, E-values."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from mescc_analytics import settings
from mescc_analytics.clinical.scores import score_cases
from mescc_analytics.stats.hazards import Beside, hazard_frame
from mescc_analytics.stats.separation import with_firth
from mescc_analytics.stats.survival import SurvivalSpec
from mescc_analytics.steps import cohort, survival
from mescc_analytics.steps.survival_contrasts import contrast_rows

ORACLE = Path(__file__).parent / "oracle"
FULL = settings.complete({}, need_cohorts=False)
PLAIN = {"by": [], "milestones_days": [90, 180], "horizon_days": 500}


def analyse(cases, **chosen):
    """Tables of the step for a table that gives its arms."""
    choices = FULL | {"survival": FULL["survival"] | PLAIN | chosen}
    choices["cohort"] = FULL["cohort"] | {"reference_arm": str(cases["arm"].iloc[0])}
    choices["cohort"]["eligibility"] = []
    whole, _ = cohort.build(score_cases(cases, choices["score"]), choices)
    return survival.analyse(whole, choices | {"cohort": cohort.effective(whole, choices)})


def table(time, event, arm, **columns):
    n = len(time)
    made = {
        "case_id": pd.array([f"P{i}" for i in range(n)], dtype="string"),
        "last_contact_day": pd.array(np.asarray(time, float), dtype="Float64"),
        "died": pd.array(np.asarray(event) == 1, dtype="boolean"),
        "arm": pd.array(list(arm), dtype="string"),
    }
    return pd.DataFrame(made | columns)


def oracle_table(data):
    cases = pd.read_csv(ORACLE / "weighted" / f"data_{data}.csv", float_precision="round_trip")
    return table(
        cases["time"],
        cases["event"],
        cases["group"],
        patient_id=pd.array(cases["cluster"].astype(str), dtype="string"),
        site=pd.array(cases["stratum"].astype(str), dtype="string"),
        referral_day=pd.array(cases["entry"], dtype="Float64"),
    )


@pytest.fixture(scope="module")
def lung():
    return oracle_table("lung")


def of(tables, name, **wanted):
    frame = tables[name]
    for column, value in wanted.items():
        frame = frame[frame[column] == value]
    return frame.reset_index(drop=True)


# --- differences ----------------------------------------------------------------------------------


def test_lung_agrees_with_survrm2(lung):
    expected = pd.read_csv(ORACLE / "weighted" / "rmst.csv")
    expected = expected.query("data == 'lung' and choice == 'plain' and horizon == 500")
    (m, f), (se_m, se_f) = expected["estimate"], expected["greenwood"]
    tables, half = analyse(lung), 1.959963984540054 * np.hypot(se_m, se_f)
    row = of(tables, "contrasts", measure="rmst_difference").iloc[0]
    assert (row["analysis"], row["group"], row["reference"]) == ("by_arm", "f", "m")
    found = row[["estimate", "ci_lower", "ci_upper", "of_group", "of_reference"]].astype(float)
    assert_allclose(found, [f - m, f - m - half, f - m + half, f, m], rtol=1e-8)
    # 2 * pnorm(-80.775313582... / 22.190...) = 0.00027
    assert 2.7e-4 < row["p"] < 2.8e-4 and row["p_holm"] == row["p"]
    ratio = of(tables, "contrasts", measure="rmst_ratio").iloc[0]
    half = 1.959963984540054 * np.hypot(se_m / m, se_f / f)
    found = ratio[["estimate", "ci_lower", "ci_upper"]].astype(float)
    assert_allclose(found, f / m * np.exp([0, -half, half]), rtol=1e-8)
    assert pd.isna(ratio["p"])


def test_a_difference_is_that_of_the_summary(lung):
    for chosen in ({}, {"entry": "referral_day"}):
        tables = analyse(lung, **chosen)
        summary = of(tables, "summary", analysis="by_arm").set_index("group")
        row = of(tables, "contrasts", measure="rmst_difference").iloc[0]
        means = summary["rmst_days"]
        assert_allclose(row["estimate"], means["f"] - means["m"], rtol=1e-9)
        row = of(tables, "contrasts", measure="survival_difference", time_days=180.0).iloc[0]
        at = summary["survival_180d"]
        assert_allclose(row["estimate"], at["f"] - at["m"], rtol=1e-9)


def test_weights_and_clusters_agree_with_r():
    cases = pd.read_csv(ORACLE / "weighted" / "data_lung.csv", float_precision="round_trip")
    group = pd.Categorical(cases["group"], ["m", "f"])
    spec = SurvivalSpec(0.0, 0.95, "plain", (180.0,), 500.0)
    expected = pd.read_csv(ORACLE / "weighted" / "rmst.csv").query(
        "data == 'lung' and horizon == 500"
    )
    (m, f), (se_m, se_f) = (
        expected.query("choice == 'weight'")[name] for name in ("estimate", "std_err")
    )
    found = contrast_rows(cases["time"], cases["event"] == 1, group, spec, weight=cases["weight"])
    row = found.query("measure == 'rmst_difference'").iloc[0]
    assert_allclose(row["estimate"], f - m, rtol=1e-8)
    assert_allclose(row["ci_upper"] - row["estimate"], 1.959963984540054 * np.hypot(se_m, se_f))
    together = contrast_rows(
        *(cases["time"], cases["event"] == 1, group, spec),
        weight=cases["weight"],
        cluster=cases["cluster"],
    ).query("measure == 'rmst_difference'")
    assert together["estimate"].iloc[0] == row["estimate"]
    assert together["ci_upper"].iloc[0] != row["ci_upper"]


def test_no_case_has_no_contrast():
    spec = SurvivalSpec(0.0, 0.95, "plain", (180.0,), 500.0)
    assert contrast_rows(np.array([]), np.array([], bool), pd.Categorical([]), spec).empty


def test_before_the_landmark_there_is_no_difference():
    spec = SurvivalSpec(30.0, 0.95, "plain", (30.0,), 60.0)
    rows = contrast_rows([40, 70, 50, 80], [1, 0, 1, 0], pd.Categorical(list("aabb")), spec)
    row = rows.query("measure == 'survival_difference'").iloc[0]
    assert row["note"] == "not estimable: day 30 is not after the start, day 30"


def test_holm_by_hand():
    tables = analyse(oracle_table("veteran"), horizon_days=300)
    for frame in (
        of(tables, "contrasts", measure="rmst_difference"),
        of(tables, "contrasts", measure="survival_difference", time_days=90.0),
        tables["hazards"],
    ):
        p = frame["p"].to_numpy(float)
        first, second, third = np.argsort(p)
        wanted = np.empty(3)
        wanted[first] = min(3 * p[first], 1)
        wanted[second] = min(max(wanted[first], 2 * p[second]), 1)
        wanted[third] = min(max(wanted[second], p[third]), 1)
        assert_allclose(frame["p_holm"].to_numpy(float), wanted)
    assert of(tables, "contrasts", measure="rmst_ratio")["p_holm"].isna().all()


def test_columns_by_which_survival_is_shown_are_contrasted(lung):
    cases = lung.assign(sex=pd.Categorical(np.where(lung["arm"] == "m", "male", "female")))
    tables = analyse(cases, by=["sex"])
    rows = of(tables, "contrasts", analysis="by_sex", measure="rmst_difference")
    arm = of(tables, "contrasts", analysis="by_arm", measure="rmst_difference")
    ratio = of(tables, "hazards", analysis="by_sex")
    assert rows["reference"].tolist() == ratio["reference"].tolist() == ["female"]
    assert_allclose(rows["estimate"], -arm["estimate"])


@pytest.mark.parametrize(
    "key, value",
    [
        ("cluster", "patient"),
        ("entry", "referral_day"),
        ("horizon_days", 180),
        ("milestones_days", [60]),
        ("confidence_level", 0.8),
    ],
)
def test_every_choice_reaches_the_contrasts(lung, key, value):
    names = ["measure", "time_days", "estimate", "ci_lower", "ci_upper"]
    before, after = (analyse(lung, **c)["contrasts"][names] for c in ({}, {key: value}))
    assert not before.equals(after)


# --- tests ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("data", ["lung", "veteran"])
def test_further_tests_agree_with_r(data):
    expected = pd.read_csv(ORACLE / "weighted" / "logrank.csv").query("data == @data")
    pairs = expected[["rho", "gamma"]].drop_duplicates().to_numpy().tolist()
    for choice, strata in (("plain", "none"), ("strata", "site")):
        cases = oracle_table(data)
        tests = analyse(cases, fleming_harrington=pairs, strata=strata)["tests"].set_index("test")
        wanted = expected[expected["choice"] == choice].drop_duplicates(["rho", "gamma"])
        for row in wanted.itertuples():
            name = f"fleming_harrington_{row.rho:g}_{row.gamma:g}" if row.rho + row.gamma else ""
            assert_allclose(tests.loc[name or "log_rank", "statistic"], row.statistic, rtol=1e-8)
        assert ("log_rank_unstratified" in tests.index) == (strata == "site")
    plain = expected.query("choice == 'plain' and rho == 0 and gamma == 0")["statistic"].iloc[0]
    assert_allclose(tests.loc["log_rank_unstratified", "statistic"], plain, rtol=1e-8)
    assert tests.index[0] == "log_rank" and tests.index[-1] == "ph_global"


def test_fleming_harrington_is_configured(lung):
    assert analyse(lung)["tests"]["test"].tolist() == [
        *("log_rank", "fleming_harrington_1_0", "fleming_harrington_0_1", "ph_global")
    ]
    assert analyse(lung, fleming_harrington=[])["tests"]["test"].tolist() == [
        *("log_rank", "ph_global")
    ]


# --- small arms -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def three():
    """Two arms of twenty, and one of nine."""
    arm = ["a"] * 20 + ["b"] * 20 + ["c"] * 9
    days = [*range(10, 210, 10), *range(15, 215, 10), *range(12, 192, 20)]
    return table(days, [1, 1, 1, 0] * 12 + [1], arm)


def test_no_p_value_with_a_small_arm(three):
    tables = analyse(three, milestones_days=[90], horizon_days=150)
    reason = "no p value: fewer than 10 cases in c"
    for name in ("hazards", "contrasts"):
        rows = tables[name].query("group == 'c'")
        assert rows["p"].isna().all() and rows["p_holm"].isna().all()
        said = rows if name == "hazards" else rows[rows["measure"] != "rmst_ratio"]
        assert said["note"].eq(reason).all() and rows["ci_lower"].notna().all()
        other = tables[name].query("group == 'b' and p == p")
        # the small arm is no test, and does not count in Holm's method
        assert len(other) and other["p_holm"].equals(other["p"])
        assert other["note"].eq("").all()
    assert tables["hazards"].query("group == 'c'")["ph_p"].isna().all()
    assert tables["tests"]["p"].isna().all() and tables["tests"]["note"].eq(reason).all()
    assert tables["tests"]["statistic"].notna().all()


def test_the_least_arm_is_configured(three):
    tables = analyse(three, milestones_days=[90], horizon_days=150, min_arm=9)
    assert tables["tests"]["p"].notna().all()
    assert tables["hazards"]["p"].notna().all() and tables["hazards"]["ph_p"].notna().all()
    all_small = analyse(three, min_arm=21)["hazards"]
    assert all_small["note"].iloc[0] == "no p value: fewer than 21 cases in a, b"


# --- separation -----------------------------------------------------------------------------------


def firth_oracle(data):
    expected = pd.read_csv(ORACLE / "adjusted" / "firth_cox.csv").query("data == @data")
    cases = pd.read_csv(ORACLE / "adjusted" / f"data_firth_{data}.csv")
    group = pd.Categorical(np.where(cases["x"] == 1, "died", "lived"), ["lived", "died"])
    return expected.set_index("term").loc["x"], cases, group


def test_separation_gives_firth_as_in_r():
    wanted, cases, group = firth_oracle("alone")
    arms = table(cases["time"], cases["status"], list(group)[::-1])
    arms["arm"] = pd.array(list(group), dtype="string")
    tables = analyse(arms.iloc[::-1].reset_index(drop=True), min_arm=0)
    row = tables["hazards"].iloc[0]
    assert (row["group"], row["reference"]) == ("died", "lived")
    assert row["note"] == "Firth's penalised likelihood: no deaths in lived"
    found = row[["hazard_ratio", "ci_lower", "ci_upper"]].astype(float)
    assert_allclose(
        np.log(found), wanted[["coefficient", "lower", "upper"]].astype(float), rtol=1e-8
    )
    assert_allclose(row["p"], wanted["p"], rtol=1e-8)
    never = analyse(arms.iloc[::-1].reset_index(drop=True), firth="never")["hazards"].iloc[0]
    assert never["note"] == "not estimable: no deaths in lived" and pd.isna(never["hazard_ratio"])


def test_covariates_join_firth_as_in_r():
    wanted, cases, group = firth_oracle("monotone")
    rows = cases["time"].to_numpy(float), cases["status"].to_numpy(bool), group
    beside = Beside(covariates=cases[["z"]].to_numpy(float))
    row = with_firth(hazard_frame(*rows, 0.95, beside)[0], rows, 0.95, beside).iloc[0]
    found = np.log(row[["hazard_ratio", "ci_lower", "ci_upper"]].astype(float))
    assert_allclose(found, wanted[["coefficient", "lower", "upper"]].astype(float), rtol=1e-8)
    narrow = with_firth(hazard_frame(*rows)[0], rows, 0.5).iloc[0]
    wide = with_firth(hazard_frame(*rows)[0], rows, 0.99).iloc[0]
    assert wide["ci_lower"] < narrow["ci_lower"] < narrow["hazard_ratio"] == wide["hazard_ratio"]


def firth_of(days, event, group, **beside):
    rows, beside = (
        (np.array(days, float), np.array(event, bool), pd.Categorical(list(group))),
        Beside(**{name: np.asarray(value) for name, value in beside.items()}),
    )
    return with_firth(hazard_frame(*rows, 0.95, beside)[0], rows, 0.95, beside).set_index("group")


def test_only_what_has_no_estimate_is_replaced():
    days, event, group = [1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 1, 1, 1, 1, 1, 0, 0, 0], "aabbabccc"
    found = firth_of(days, event, group)
    without = hazard_frame(days, event, pd.Categorical(list(group)))[0].set_index("group")
    assert found.loc["b"].equals(without.loc["b"])
    assert (
        found.loc["c", "hazard_ratio"] < 1
        and found.loc["c", "ci_lower"] < found.loc["c", "hazard_ratio"]
    )
    assert found.loc["c", "note"] == "Firth's penalised likelihood: no deaths in c"


def test_deaths_that_do_not_meet():
    found = firth_of([1, 2, 3, 4, 5, 6], [1] * 6, "aaabbb").loc["b"]
    assert found["note"] == (
        "Firth's penalised likelihood: the deaths of b and a do not overlap in time"
    )
    assert 0 < found["hazard_ratio"] < 1


def test_where_firth_has_nothing_to_say():
    days, event = [1, 2, 3, 4, 5, 6], [1, 1, 0, 0, 0, 0]
    # nobody of c is at risk when somebody dies, nobody dies in b or c against a reference without
    none = firth_of([4, 5, 6, 6, 1, 1], [1, 1, 0, 0, 0, 0], "aabbcc")
    assert none.loc["c", "note"] == "not estimable: no deaths in c"
    assert none.loc["b", "hazard_ratio"] < 1
    pair = firth_of(days, event, "ccaabb")
    assert pair.loc["b", "note"] == "not estimable: no deaths in a"
    assert pair.loc["c", "note"] == "Firth's penalised likelihood: no deaths in a"
    strata = firth_of(days, event, "aabbab", strata=[1, 1, 1, 1, 2, 2])
    assert strata.loc["b", "note"] == "not estimable: no deaths in b"
    weight = firth_of(days, event, "aabbab", weight=[1.0, 2, 1, 1, 1, 1])
    assert pd.isna(weight.loc["b", "hazard_ratio"])
    late = firth_of(days, event, "aabbab", entry=[-1.0, -1, -1, 1, -1, 1])
    plain = firth_of(days, event, "aabbab")
    assert late.loc["b", "hazard_ratio"] != plain.loc["b", "hazard_ratio"]
    clusters = firth_of(days, event, "aabbab", cluster=[1, 2, 3, 4, 5, 6])
    assert clusters.loc["b", "note"].endswith("no deaths in b; its interval knows no clusters")


# --- E-values -------------------------------------------------------------------------------------


def test_e_values_of_arms(lung):
    sex = pd.Categorical(["male", "female"] * (len(lung) // 2))
    tables = analyse(lung.assign(sex=sex), by=["sex"])
    row = of(tables, "hazards", analysis="by_arm").iloc[0]
    # as risk ratios of a common outcome (1 - 0.5^sqrt(HR)) / (1 - 0.5^sqrt(1 / HR)), the limit
    # nearer to 1; then RR + sqrt(RR (RR - 1)) of their inverse (VanderWeele and Ding 2017)
    ratios = row[["hazard_ratio", "ci_upper"]].to_numpy(float)
    assert (ratios < 1).all()
    risk = (1 - 0.5 ** np.sqrt(1 / ratios)) / (1 - 0.5 ** np.sqrt(ratios))
    wanted = risk + np.sqrt(risk * (risk - 1))
    assert_allclose(row[["e_value", "e_value_limit"]].astype(float), wanted)
    by_sex = of(tables, "hazards", analysis="by_sex")
    assert by_sex[["e_value", "e_value_limit"]].isna().all(axis=None)
