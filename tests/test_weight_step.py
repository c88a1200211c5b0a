"""Step `weight`: by hand, identical arms, what it refuses, every key of its config."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from mescc_analytics.errors import UsageError
from mescc_analytics.steps.covariates import covariates_of
from mescc_analytics.steps.weight import BROAD, DETAILED, GIVEN, analyse, weight
from mescc_analytics.tables import files
from weight_cases import LONG, SHORT, SURGERY, alike, changed, cohort, confounded, walking

ROOT = Path(__file__).parents[1]
TABLES = ("weights", "balance", "overlap", "diagnostics", "not_assessable")


def of_arms(table, analysis=DETAILED):
    return table[table["analysis"] == analysis]


def diagnostic(tables, name, group=SHORT, analysis=DETAILED):
    rows = of_arms(tables["diagnostics"], analysis)
    rows = rows[(rows["diagnostic"] == name) & (rows["group"] == group)]
    (row,) = rows.to_dict("records")
    return row


def reason(tables, analysis=DETAILED):
    return tables["not_assessable"].set_index("analysis").loc[analysis, "reason"]


def by_hand():
    """One covariate of two levels: 30 and 10 of the long arm, 10 and 20 of the short one."""
    arms = [LONG] * 40 + [SHORT] * 30
    levels = ["ambulatory"] * 30 + ["non_ambulatory"] * 10
    levels += ["ambulatory"] * 10 + ["non_ambulatory"] * 20
    return cohort(arms, ambulatory_status=walking(levels))


ONE = ["ambulatory_status"]


def test_scores_and_weights_by_hand():
    weights = analyse(by_hand(), changed(covariates=ONE))["weights"]
    # of 40 who walk 10 had the short course, of 30 who do not 20
    assert_allclose(weights[f"propensity_{SHORT}"][:30], 0.25, rtol=1e-8)
    assert_allclose(weights[f"propensity_{LONG}"][30:40], 1 / 3, rtol=1e-8)
    # overlap: for two arms the probability of the other one
    expected = np.repeat([1 / 4, 2 / 3, 3 / 4, 1 / 3], [30, 10, 10, 20])
    assert_allclose(weights["weight"], expected, rtol=1e-8)
    assert list(weights) == [
        "case_id",
        "arm",
        f"propensity_{LONG}",
        f"propensity_{SHORT}",
        "weight",
        "broad_arm",
        "broad_weight",
    ]


@pytest.mark.parametrize(
    "estimand, arm, expected",
    [
        # stabilised: the share of the arm over its probability
        ("ate", None, [(4 / 7) / (3 / 4), (4 / 7) * 3, (3 / 7) / (1 / 4), (3 / 7) / (2 / 3)]),
        ("att", None, [1, 1, 3, 1 / 2]),  # the reference arm
        ("att", SHORT, [1 / 3, 2, 1, 1]),
    ],
)
def test_estimands_by_hand(estimand, arm, expected):
    chosen = changed(covariates=ONE, estimand=estimand, att_arm=arm)
    weights = analyse(by_hand(), chosen)["weights"]["weight"]
    assert_allclose(weights, np.repeat(expected, [30, 10, 10, 20]), rtol=1e-8)


def test_balance_and_effective_size_by_hand():
    tables = analyse(by_hand(), changed(covariates=ONE))
    (row,) = tables["balance"].to_dict("records")
    # shares of 1/4 and 2/3: difference over the root of the mean of 3/16 and 2/9
    assert_allclose(row["smd_before"], (2 / 3 - 1 / 4) / np.sqrt((3 / 16 + 2 / 9) / 2), rtol=1e-8)
    assert_allclose(row["smd_after"], 0, atol=1e-7)
    assert (row["verdict"], row["n_fewest"]) == ("pass", 10)
    sizes = [
        (30 / 4 + 20 / 3) ** 2 / (30 / 16 + 40 / 9),
        (30 / 4 + 20 / 3) ** 2 / (90 / 16 + 20 / 9),
    ]
    assert_allclose(diagnostic(tables, "effective_size")["value"], min(sizes), rtol=1e-7)
    spread = np.sqrt(3.841458820694124 * (1 / sizes[0] + 1 / sizes[1]))
    assert_allclose(row["by_chance"], spread, rtol=1e-7)
    assert row["limit"] == 0.25  # beyond the largest that is accepted
    assert diagnostic(tables, "events_per_parameter")["value"] == 30.0


def test_levels_of_a_covariate_differ_more_by_chance():
    levels = ["ambulatory", "non_ambulatory", "paraplegic"] * 20
    frame = cohort([LONG] * 60 + [SHORT] * 60, ambulatory_status=walking(levels * 2))
    (row,) = analyse(frame, changed(covariates=ONE))["balance"].to_dict("records")
    # 95th percentile of a chi square of 2 degrees of freedom, over 60 cases in each arm
    assert_allclose(row["by_chance"], np.sqrt(5.991464547107979 * 2 / 60), rtol=1e-7)


def test_identical_arms_get_the_same_weight():
    for estimand, value in (("overlap", 1 / 2), ("ate", 1), ("att", 1)):
        tables = analyse(alike(), changed(estimand=estimand))
        assert_allclose(tables["weights"]["weight"], value, rtol=1e-9)
        assert_allclose(tables["balance"][["smd_before", "smd_after"]], 0, atol=1e-9)
        assert tables["diagnostics"].set_index("diagnostic").loc["balance", "verdict"] == "pass"
    three = analyse(alike(arms=(LONG, SHORT, SURGERY)), changed())["weights"]["weight"]
    assert_allclose(three, 1 / 3, rtol=1e-9)


def test_weights_take_away_what_made_the_arms_differ():
    tables = analyse(confounded(arms=(LONG, SHORT, SURGERY)), changed())
    balance = tables["balance"].set_index(["contrast", "covariate"])
    last = f"{SURGERY} vs {LONG}"
    assert balance.loc[(last, "age_years"), "smd_before"] > 0.5
    assert (balance["smd_after"] < 0.1).all() and (balance["verdict"] == "pass").all()
    assert set(of_arms(tables["diagnostics"])["group"]) == {SHORT, SURGERY}


def test_overlap_counts_everybody():
    frame = confounded()
    tables = analyse(frame, changed())
    counts = tables["overlap"].groupby("arm")["n"].sum()
    assert counts.to_dict() == frame["arm"].value_counts().to_dict()
    assert_allclose(tables["overlap"]["n_weighted"].sum(), tables["weights"]["weight"].sum())


def test_row_order_is_irrelevant():
    frame = confounded()
    other = frame.sample(frac=1, random_state=3)
    first, second = (analyse(f, changed())["weights"].set_index("case_id") for f in (frame, other))
    assert_allclose(first["weight"], second.loc[first.index, "weight"], rtol=1e-7)


# what it refuses


def test_one_arm_is_not_compared():
    tables = analyse(alike(arms=(LONG,)), changed())
    assert reason(tables) == "fewer than two arms are large enough"
    assert tables["weights"].empty and tables["diagnostics"].empty
    assert {"case_id", "arm", "weight"} <= set(tables["weights"])


def test_arms_that_the_table_gives_are_left_alone_unless_asked_for():
    frame = alike()
    frame["arm_source"] = pd.Categorical(["given"] * len(frame), ["given", "derived"])
    assert reason(analyse(frame, changed())) == GIVEN
    asked = analyse(frame, changed(given_arms="adjust"))
    # first treatments are none of a table's own arms
    assert asked["not_assessable"].empty and len(asked["weights"]) == 120
    assert set(asked["diagnostics"]["analysis"]) == {DETAILED}
    assert asked["weights"]["broad_weight"].isna().all()


def test_tiny_arms_are_left_out_and_named():
    frame = pd.concat([alike(), alike(5, (SURGERY,))], ignore_index=True)
    frame["arm"] = frame["arm"].astype("category")
    tables = analyse(frame, changed())
    row = diagnostic(tables, "arm_size", SURGERY)
    assert (row["value"], row["limit"], row["verdict"]) == (5, 10, "fail")
    assert (row["withholds"], row["why"]) == ("everything", "fewer than 10 cases can be compared")
    assert tables["weights"]["weight"].isna().sum() == 5
    tiny = analyse(alike(4), changed())
    said = "the reference arm cebrt_long is left out: fewer than 10 cases can be compared"
    assert reason(tiny) == said and tiny["weights"].empty
    # what the table has is not called absent for want of cases
    assert not tiny["not_assessable"]["analysis"].str.startswith("covariate ").any()


def test_an_absent_covariate_withholds_and_is_named():
    frame = alike().drop(columns="age_years")
    tables = analyse(frame, changed())
    row = tables["not_assessable"].set_index("analysis").loc["covariate age_years"]
    assert row["needs"] == "age_years"
    found = diagnostic(tables, "missingness")
    assert (found["value"], found["verdict"]) == (1.0, "fail")
    assert found["why"].endswith(
        "(nobody has one; weight.covariates without it adjusts for the others)"
    )
    assert diagnostic(analyse(frame, changed(covariates=ONE)), "missingness")["verdict"] == "pass"
    nothing = analyse(frame.drop(columns="ambulatory_status"), changed())
    assert reason(nothing) == "no covariate varies between the cases"


def test_a_covariate_that_divides_the_arms_leaves_one_out():
    frame = alike(arms=(LONG, SHORT, SURGERY))
    frame.loc[frame["arm"] == SURGERY, "age_years"] += 40
    tables = analyse(frame, changed())
    found = diagnostic(tables, "separation", SURGERY)
    assert found["why"] == "divided from the reference arm without exception by Age"
    assert_allclose(tables["weights"]["weight"].dropna(), 1 / 2, rtol=1e-9)
    two = frame[frame["arm"] != SHORT].reset_index(drop=True)
    assert reason(analyse(two, changed())) == "fewer than two arms are large enough"


def test_nobody_is_compared_in_an_empty_cohort():
    frame = alike()
    frame["in_arms"] = False
    assert reason(analyse(frame, changed())) == "no case with a known arm is left at the landmark"
    frame["arm"] = pd.Categorical(["unknown"] * len(frame))
    said = "needs rt_technique, or rt_dose_gy and rt_fractions"
    assert reason(analyse(frame, changed())) == reason(analyse(frame, changed()), BROAD) == said
    undated = frame.drop(columns=["surgery_day", "rt_start_day"])
    assert reason(analyse(undated, changed())) == "needs surgery_day and rt_start_day, or arm"
    nowhere = alike().assign(in_overall=False)
    said = "no case is left after the exclusions"
    assert reason(analyse(nowhere, changed()), BROAD) == said


def test_without_deaths_nothing_is_detectable_and_no_ratio_given():
    frame = alike()
    frame["survival_event"] = False
    tables = analyse(frame, changed())
    assert diagnostic(tables, "detectable_effect")["value"] == np.inf
    row = diagnostic(tables, "proportional_hazards")
    assert (row["verdict"], row["withholds"]) == ("fail", "hazard_ratio")


def test_an_arm_to_resemble_must_exist():
    with pytest.raises(UsageError) as caught:
        analyse(alike(), changed(estimand="att", att_arm=SURGERY))
    said = "weight.att_arm: found 'surgery_cebrt', wanted one of cebrt_long, cebrt_short"
    assert said in str(caught.value)
    frame = pd.concat([alike(), alike(5, (SURGERY,))], ignore_index=True)
    frame["arm"] = frame["arm"].astype("category")
    said = (
        "the arm surgery_cebrt of weight.att_arm is left out: fewer than 10 cases can be compared"
    )
    assert reason(analyse(frame, changed(estimand="att", att_arm=SURGERY))) == said


# every key of the config


def messy(seed=2):
    """Confounded arms with missing ages and a rare level of walking."""
    frame, rng = confounded(400, seed), np.random.default_rng(seed)
    frame.loc[rng.random(len(frame)) < 0.2, "age_years"] = pd.NA
    frame.loc[rng.choice(len(frame), 15, replace=False), "ambulatory_status"] = "paraplegic"
    return frame


@pytest.mark.parametrize(
    "values",
    [
        {"covariates": ONE},
        {"missing": "complete_case"},
        {"rare_level_cases": 40},
        {"estimand": "ate"},
        {"trim": 0.15},
    ],
)
def test_choices_that_change_the_weights(values):
    plain, other = (analyse(messy(), changed(**v))["weights"]["weight"] for v in ({}, values))
    assert not np.allclose(plain, other, rtol=1e-3, equal_nan=True)


def test_missing_ages_are_a_level_or_leave_out():
    frame = messy()
    without = frame["age_years"].isna().to_numpy()
    for choice, weighted in (("indicator", True), ("complete_case", False)):
        tables = analyse(frame, changed(missing=choice))
        assert (tables["weights"]["weight"][without].notna() == weighted).all()
        # who is left out counts as missing all the same
        share = frame["age_years"].isna().groupby(frame["arm"], observed=True).mean().max()
        assert_allclose(diagnostic(tables, "missingness")["value"], share)
    names = set(analyse(frame, changed())["balance"]["covariate"])
    assert names == {"age_years", "age_years: missing", "ambulatory_status"}


def test_trimmed_cases_have_no_weight_and_the_scores_are_fitted_again():
    frame = confounded()
    plain = analyse(frame, changed())["weights"]
    trimmed = analyse(frame, changed(trim=0.15))["weights"]
    out = plain[[f"propensity_{LONG}", f"propensity_{SHORT}"]].min(axis="columns") < 0.15
    assert out.any() and (trimmed["weight"].isna() == out).all()


def test_smallest_arm_changes_who_is_adjusted():
    frame = pd.concat([alike(), alike(12, (SURGERY,))], ignore_index=True)
    frame["arm"] = frame["arm"].astype("category")
    for least, n in ((10, 0), (20, 12)):
        assert analyse(frame, changed(min_arm=least))["weights"]["weight"].isna().sum() == n


def test_bins_of_the_overlap():
    assert [len(analyse(alike(), changed(overlap_bins=n))["overlap"]) for n in (5, 10)] == [10, 20]


@pytest.mark.parametrize(
    "key, passing, failing, name",
    [
        ("overlap_share_min", 0.3, 1.0, "overlap"),
        ("effective_size_min", 20, 300, "effective_size"),
        ("cases_per_parameter_min", 5, 200, "events_per_parameter"),
        ("detectable_hazard_ratio_max", 2.5, 1.05, "detectable_effect"),
        ("missing_share_max", 0.4, 0.1, "missingness"),
        ("ph_p_min", 0.0, 1.0, "proportional_hazards"),
    ],
)
def test_limits_decide_between_pass_and_fail(key, passing, failing, name):
    rows = [diagnostic(analyse(messy(), changed(**{key: v})), name) for v in (passing, failing)]
    assert [row["verdict"] for row in rows] == ["pass", "fail"]
    assert [row["limit"] for row in rows] == [passing, failing]
    assert rows[0]["withholds"] == ""
    ratio_only = name == "proportional_hazards"
    assert rows[1]["withholds"] == ("hazard_ratio" if ratio_only else "everything")


def test_power_moves_the_detectable_effect():
    ratios = [
        diagnostic(analyse(alike(), changed(power=p)), "detectable_effect")["value"]
        for p in (0.5, 0.8)
    ]
    # Schoenfeld: 60 deaths in each arm, exp((1.959964 + z) sqrt(4 / 120))
    assert_allclose(ratios, np.exp(np.array([1.959964, 2.801585]) * np.sqrt(4 / 120)), rtol=1e-5)


def test_limits_of_balance():
    found = {}
    for limit, most in ((0.01, 0.25), (0.25, 0.25), (0.01, 0.02)):
        chosen = changed(balance_limit=limit, balance_most=most)
        rows = analyse(confounded(), chosen)["balance"].set_index("covariate")
        found[limit, most] = rows.loc["age_years", "limit"]
    by_chance = rows.loc["age_years", "by_chance"]
    assert 0.15 < by_chance < 0.25
    assert found == {(0.01, 0.25): by_chance, (0.25, 0.25): 0.25, (0.01, 0.02): 0.02}


def test_balance_that_is_left_fails_by_name():
    frame = messy(seed=4)
    tables = analyse(frame, changed(estimand="att", balance_limit=1e-9, balance_most=1e-9))
    row = diagnostic(tables, "balance")
    assert row["verdict"] == "fail" and row["why"].startswith("still unlike after weighting: ")
    assert "Age" in row["why"]


def test_spread_is_judged_although_means_agree():
    frame = alike(300)
    short = (frame["arm"] == SHORT).to_numpy()
    age = frame["age_years"].astype(float)
    found = {}
    # both arms have the same mean: the model sees nothing, the ratio of the variances tells
    for times, limit in ((1.3, 2), (1.5, 2), (1.5, 3)):
        frame["age_years"] = age.mask(short, age.mean() + times * (age - age.mean()))
        tables = analyse(frame, changed(variance_ratio_max=limit))
        row = tables["balance"].set_index("covariate").loc["age_years"]
        assert_allclose(row["variance_ratio"], times**2, rtol=1e-8)
        assert row["verdict"] == "pass" and row["variance_ratio_limit"] == limit
        found[times, limit] = diagnostic(tables, "variance_ratio")
    assert [row["verdict"] for row in found.values()] == ["pass", "fail", "pass"]
    row = found[1.5, 2]
    assert_allclose(row["value"], 2.25) and row["limit"] == 2
    assert row["why"] == "ratio of the variances after weighting: Age"
    assert row["withholds"] == "everything"
    # the smaller variance in the arm counts alike
    frame["age_years"] = age.mask(~short, age.mean() + 1.5 * (age - age.mean()))
    row = diagnostic(analyse(frame, changed()), "variance_ratio")
    assert_allclose(row["value"], 2.25)
    # few cases: what chance would show is accepted
    few = analyse(alike(24), changed())["balance"].set_index("covariate")
    assert few.loc["age_years", "variance_ratio_limit"] > 2
    assert few.loc["ambulatory_status"].isna()[["variance_ratio"]].all()


# two levels of arms


def test_first_treatments_are_adjusted_beside_the_arms():
    frame = confounded(600, arms=(LONG, SHORT, SURGERY))
    tables = analyse(frame, changed())
    weights = tables["weights"]
    expected = frame["arm"].map({LONG: "cebrt", SHORT: "cebrt", SURGERY: "surgery"})
    assert weights["broad_arm"].tolist() == expected.tolist()
    # two first treatments: the overlap weight is the probability of the other one
    surgery = expected.eq("surgery").to_numpy()
    other = np.where(
        surgery, weights["broad_propensity_cebrt"], weights["broad_propensity_surgery"]
    )
    assert_allclose(weights["broad_weight"], other, rtol=1e-9)
    assert set(of_arms(tables["diagnostics"], BROAD)["contrast"]) == {"surgery vs cebrt"}
    assert (of_arms(tables["balance"], BROAD)["smd_after"] < 1e-6).all()
    assert of_arms(tables["overlap"], BROAD)["n"].sum() == 600
    for name in ("balance", "overlap", "diagnostics"):
        assert tables[name].columns[0] == "analysis"


def test_first_treatments_are_those_of_the_panel():
    """Beyond the landmark, whatever the arm: a case without a known arm may have a first treatment."""
    frame = alike(arms=(LONG, SURGERY))
    frame.loc[frame.index[:10], "in_arms"] = False
    frame.loc[frame.index[10:14], "survival_days"] = 20.0
    weights = analyse(frame, changed())["weights"]
    assert weights["broad_weight"].notna().sum() == 116
    assert weights["arm"].isna().sum() == 10 and weights["broad_arm"].notna().sum() == 116


def test_an_arm_to_resemble_stands_for_its_first_treatment():
    frame = confounded(arms=(LONG, SURGERY))
    tables = analyse(frame, changed(estimand="att", att_arm=SURGERY))
    weights = tables["weights"]
    assert_allclose(weights.loc[weights["broad_arm"] == "surgery", "broad_weight"], 1)
    assert_allclose(weights["weight"], weights["broad_weight"], rtol=1e-9)


def test_arms_too_small_for_the_model_are_left_out_of_it():
    """14 cases cannot carry the parameters; kept, they decide whom the others are about."""
    few = messy(3).head(14).assign(arm=SURGERY)
    frame = pd.concat([messy(), few], ignore_index=True)
    frame["arm"] = frame["arm"].astype("category")
    frame["case_id"] = [f"C{i}" for i in range(len(frame))]
    out, kept = (analyse(frame, changed(small_arms=name)) for name in ("leave_out", "keep"))
    row = diagnostic(out, "events_per_parameter", SURGERY)
    assert (row["value"], row["limit"], row["withholds"]) == (14 / 3, 5, "everything")
    assert row["why"] == "14 cases for 3 parameters of the model of the arms"
    weights = [tables["weights"]["weight"] for tables in (out, kept)]
    assert weights[0].isna().sum() == 14 and not weights[1].isna().any()
    alone = analyse(messy(), changed())["weights"]["weight"]
    assert_allclose(weights[0].dropna(), alone, rtol=1e-9)
    assert not np.allclose(weights[1][:400], alone, rtol=1e-2)
    assert diagnostic(kept, "events_per_parameter", SURGERY)["verdict"] == "fail"


# levels of covariates


def test_levels_that_an_arm_lacks_by_chance_are_joined():
    """12 of 300 have the level; of 30 in the small arm one would be expected, and none has it."""
    n = [270, 30]
    levels = ["b"] * 12 + ["a"] * 128 + ["c"] * 130 + ["a"] * 15 + ["c"] * 15
    arm = pd.Series(pd.Categorical([LONG] * n[0] + [SHORT] * n[1]))
    frame = pd.DataFrame({"site": pd.array(levels, dtype="string")})
    chosen = {"covariates": ["site"], "missing": "indicator", "rare_level_cases": 10}
    assert set(covariates_of(frame, chosen).columns["site"]) == {"a", "b", "c"}
    assert set(covariates_of(frame, chosen, arm).columns["site"]) == {"a", "c"}
    # the same level in all arms stays, and so does one that a large arm lacks
    shared = frame.assign(site=["b"] * 11 + levels[11:299] + ["b"])
    assert "b" in set(covariates_of(shared, chosen, arm).columns["site"])
    even = pd.Series(pd.Categorical([LONG] * 150 + [SHORT] * 150))
    assert "b" in set(covariates_of(frame, chosen, even).columns["site"])
    # and one that more than a tenth of the cases have
    many = frame.assign(site=["b"] * 31 + levels[31:])
    assert "b" in set(covariates_of(many, chosen, arm).columns["site"])


def test_a_missing_number_is_judged_only_where_it_is_modelled():
    frame = alike()
    frame.loc[frame.index[:6], "age_years"] = pd.NA
    few = of_arms(analyse(frame, changed())["balance"])
    assert set(few["covariate"]) == {"age_years", "ambulatory_status"}
    modelled = of_arms(analyse(frame, changed(rare_level_cases=6))["balance"])
    assert "age_years: missing" in set(modelled["covariate"])


def test_a_covariate_that_tells_the_arms_apart_reads_separated():
    frame = alike(arms=(LONG, SHORT, SURGERY))
    frame.loc[frame["arm"] == SURGERY, "age_years"] += 40
    balance = of_arms(analyse(frame, changed())["balance"]).set_index(["group", "covariate"])
    row = balance.loc[(SURGERY, "age_years")]
    assert row["verdict"] == "fail" and row["note"].startswith("separated: divided from the ref")
    assert row["smd_before"] > 5 and np.isnan(row["smd_after"]) and row["n_fewest"] == 60
    assert (balance.loc[SHORT, "verdict"] == "pass").all()


# the command


def test_the_command_writes_the_same_bytes_twice(tmp_path):
    frame = confounded()
    files.write_table(frame, tmp_path / "cohort.parquet")
    for name in "ab":
        weight({"cohort": tmp_path / "cohort.parquet"}, tmp_path / name, changed())
    suffix = {"weights": "parquet"}
    for table in TABLES:
        first, second = (tmp_path / n / f"{table}.{suffix.get(table, 'csv')}" for n in "ab")
        assert first.read_bytes() == second.read_bytes()
    assert len(list((tmp_path / "a").iterdir())) == 5


def test_the_command_line(tmp_path):
    files.write_table(alike(), tmp_path / "cohort.parquet")
    command = [sys.executable, "-W", "error", "-m", "mescc_analytics", "weight"]
    options = ["--cohort", str(tmp_path / "cohort.parquet"), "--out", str(tmp_path / "out")]
    done = subprocess.run([*command, *options], capture_output=True, text=True, cwd=ROOT)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(pd.read_parquet(tmp_path / "out/weights.parquet")) == 120
    found = pd.read_csv(tmp_path / "out/diagnostics.csv").set_index("diagnostic")
    assert found.loc["missingness", "verdict"] == "fail"  # five default covariates are absent
