"""The panel of choices: every row against a direct computation, every key, what is not available."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy.stats import norm, t

from mescc_analytics import settings
from mescc_analytics.clinical.first_treatment import first_treatment
from mescc_analytics.clinical.scores import score_cases
from mescc_analytics.stats.cox import fit_cox
from mescc_analytics.steps import cohort, sensitivity, weight
from mescc_analytics.steps.design_matrix import design
from mescc_analytics.synthetic import synthesise

FULL = settings.complete({}, need_cohorts=False)
HAZARDS = pd.DataFrame(
    {
        "analysis": ["by_arm_clone_censor_weight"],
        "group": ["surgery"],
        "reference": ["cebrt"],
        "hazard_ratio": [0.9],
        "ci_lower": [0.7],
        "ci_upper": [1.2],
        "p": [np.nan],
        "note": ["proportionality x; interval from 198 of 200 resamples"],
    }
)


def changed(**sections):
    return FULL | {name: FULL[name] | values for name, values in sections.items()}


def built(cases, choices):
    whole, _ = cohort.build(cases, choices)
    return whole, choices | {"cohort": cohort.effective(whole, choices)}


@pytest.fixture(scope="module")
def cases():
    made = synthesise(300, np.random.default_rng(11), "realistic").cases
    return score_cases(made, FULL["score"])


def panel(cases, choices=FULL, hazards=HAZARDS, imputed=None):
    return sensitivity.analyse(*built(cases, choices), hazards, imputed)["panel"]


@pytest.fixture(scope="module")
def plain(cases):
    return panel(cases)


def row(frame, method, group="surgery"):
    return frame.query("method == @method and group == @group").iloc[0]


def test_rows_are_complete_and_in_order(plain):
    methods = plain.query("group == 'surgery'")["method"].tolist()
    assert methods == [
        *("naive", "landmark_14", "landmark_30", "landmark_60", "time_varying"),
        *("clone_censor_weight", "weighted", "missing_level", "complete_case", "imputed"),
        *("sosg_1c_low", "sosg_1c_high", "sins_excluded", "sins_as_stable", "sins_as_unstable"),
    ]
    assert plain["reference"].eq("cebrt").all()
    assert plain.groupby("group", sort=False).size().eq(15).all()
    assert (plain["hazard_ratio"].notna() | plain["note"].ne("")).all()


def test_naive_and_landmark_by_hand(cases, plain):
    whole, _ = built(cases, FULL)
    whole = whole[whole["in_overall"].fillna(False).to_numpy(bool)]
    last = whole["survival_days"].to_numpy(float)
    zero = whole["time_zero_day"]
    surgery = (whole["surgery_day"] - zero).to_numpy(float, na_value=np.inf)
    radio = (whole["rt_start_day"] - zero).to_numpy(float, na_value=np.inf)
    sbrt = whole["rt_technique_derived"].astype("string").eq("sbrt").fillna(False).to_numpy(bool)
    for method, day in (("naive", 0), ("landmark_14", 14), ("landmark_60", 60)):
        grace = min(30, day or 30)
        first = (surgery <= radio) & (surgery <= grace)
        other = ~first & (radio <= grace) & ~sbrt
        kept = (first | other) & ((last > day) if day else True)
        died = whole["survival_event"].to_numpy(bool)[kept]
        fit = fit_cox(last[kept], died, first[kept, np.newaxis], ["surgery"])
        found = row(plain, method)
        assert (found["n_group"], found["n_reference"]) == (first[kept].sum(), other[kept].sum())
        # the other arms are in the model too: the same up to their part of the risk sets
        assert_allclose(found["hazard_ratio"], np.exp(fit.coefficients[0]), rtol=0.05)


def test_the_clones_are_those_of_the_survival_step(plain):
    found = row(plain, "clone_censor_weight")
    assert found[["hazard_ratio", "ci_lower", "ci_upper"]].tolist() == [0.9, 0.7, 1.2]
    assert found["note"] == "interval from 198 of 200 resamples"
    assert row(plain, "clone_censor_weight", "sbrt")["note"] == (
        "not available: fewer than 40 begin it"
    )


def test_without_clones_the_row_says_so(cases):
    found = panel(cases, hazards=HAZARDS.iloc[:0])
    assert row(found, "clone_censor_weight")["note"].startswith("not available: see the strategies")
    by_arm = panel(cases, changed(sensitivity={"contrasts": "arm"}))
    note = by_arm.query("method == 'clone_censor_weight'")["note"]
    assert note.str.startswith("not available: strategies are first treatments").all()


@pytest.mark.parametrize(
    "section, key, value, method",
    [
        ("sensitivity", "landmarks_days", [45], "landmark_45"),
        ("sensitivity", "adjust_for", ["ecog"], "naive"),
        ("sensitivity", "adjust_for", ["ecog"], "time_varying"),
        ("weight", "covariates", ["age_years"], "weighted"),
        ("sensitivity", "covariates", ["age_years"], "missing_level"),
        ("cohort", "grace_days", 10, "naive"),
        ("cohort", "landmark_days", 14, "missing_level"),
        ("survival", "confidence_level", 0.8, "naive"),
        ("survival", "strata", "site", "naive"),
        ("survival", "cluster", "patient", "naive"),
        ("score", "sosg_high_grades", ["3"], "missing_level"),
    ],
)
def test_keys_change_rows(cases, plain, section, key, value, method):
    choices = changed(**{section: {key: value}})
    scored = score_cases(cases, choices["score"]) if section == "score" else cases
    found = panel(scored, choices)
    if method not in set(plain["method"]):
        assert row(found, method)["start_days"] == 45
        return
    if method == "weighted":  # whose ratio the step survival computes
        assert row(found, method)["adjusted_for"] == "age_years"
        return
    values = ["hazard_ratio", "ci_lower", "ci_upper"]
    assert row(found, method)[values].tolist() != row(plain, method)[values].tolist()


def test_small_arms_are_not_contrasted_and_arms_can_be_those_of_the_cohort(cases, plain):
    fewer = panel(cases, changed(sensitivity={"min_arm": 40}))
    assert set(fewer["group"]) < set(plain["group"])
    by_arm = panel(cases, changed(sensitivity={"contrasts": "arm"}))
    assert by_arm["reference"].eq("cebrt_long").all() and "surgery_cebrt" in set(by_arm["group"])
    other = panel(cases, changed(cohort={"reference_arm": "surgery_cebrt"}))
    assert other["reference"].eq("surgery").all()


def test_given_arms_have_no_clock_to_choose(cases):
    given = cases.assign(arm=pd.array(["a", "b"] * 150, dtype="string"))
    found = panel(given)
    assert found["group"].eq("b").all()
    # known at time zero: no time is immortal, and the row is not called naive
    assert row(found, "as_given", "b")["n_group"] > 100
    assert not found["method"].eq("naive").any()
    assert row(found, "landmark_30", "b")["note"] == (
        "not available: not applicable: the table gives the arms"
    )
    assert row(found, "weighted", "b")["note"] == f"not available: {weight.GIVEN}"
    adjusted = weighted_hazards("by_arm_weighted", "b", "a")
    found = panel(given, changed(weight={"given_arms": "adjust"}), adjusted)
    assert row(found, "weighted", "b")["hazard_ratio"] == 0.8


def weighted_hazards(analysis, group, reference):
    """A row of hazards.csv as the step survival writes it."""
    values = {"hazard_ratio": 0.8, "ci_lower": 0.6, "ci_upper": 1.1, "p": 0.2, "note": ""}
    sizes = {"n": 40, "events": 30, "n_reference": 50, "events_reference": 45}
    key = {"analysis": analysis, "group": group, "reference": reference}
    return pd.DataFrame([key | values | sizes])


def test_the_weighted_row_is_that_of_the_survival_step(cases, plain):
    own = weighted_hazards("by_broad_arm_weighted", "surgery", "cebrt")
    found = row(panel(cases, hazards=own), "weighted")
    assert found[["hazard_ratio", "ci_lower", "ci_upper", "p"]].tolist() == [0.8, 0.6, 1.1, 0.2]
    assert found[["n_group", "n_reference", "events_group"]].tolist() == [40, 50, 30]
    assert found["adjusted_for"] == "; ".join(FULL["weight"]["covariates"])
    assert row(plain, "weighted")["note"] == (
        "not available: see by_broad_arm_weighted of the survival step"
    )
    numbers = ["hazard_ratio", "ci_lower", "ci_upper", "p", "n", "events"]
    said = "withheld: share of an arm in the overlap 0.5, limit 0.7"
    withheld = own.assign(**dict.fromkeys(numbers, np.nan), note=said)
    found = row(panel(cases, hazards=withheld), "weighted")
    assert found["note"] == said and pd.isna(found["hazard_ratio"]) and pd.isna(found["n_group"])
    by_arm = changed(sensitivity={"contrasts": "arm"})
    detailed = weighted_hazards("by_arm_weighted", "surgery_cebrt", "cebrt_long")
    found = panel(cases, by_arm, detailed)
    assert row(found, "weighted", "surgery_cebrt")["hazard_ratio"] == 0.8


def test_imputed_rows_are_pooled(cases, plain):
    complete = cases.assign(ecog=cases["ecog"].fillna(2))
    values = pd.DataFrame({"case_id": cases["case_id"], "ecog": cases["ecog"].fillna(2)})
    same = pd.concat([values.assign(imputation=i) for i in (1, 2, 3)], ignore_index=True)
    found = row(panel(cases, imputed=same), "imputed")
    # three times the same: the pooled ratio is that of the filled table, with its own interval
    direct = row(panel(complete), "missing_level")
    assert_allclose(found["hazard_ratio"], direct["hazard_ratio"], rtol=1e-9)
    # its interval is that of the t distribution with the degrees of freedom of Barnard and Rubin
    whole, _ = built(complete, FULL)
    followed = whole[(whole["in_overall"] & (whole["survival_days"] > 30)).to_numpy(bool)]
    name, _ = first_treatment(followed, followed["time_zero_day"], FULL["cohort"])
    compared = followed[name.isin(plain["group"].unique().tolist() + ["cebrt"]).to_numpy(bool)]
    covariates = design(compared, FULL["sensitivity"]["covariates"]).names
    df = compared["survival_event"].sum() - len(covariates) - plain["group"].nunique()
    assert 50 < df < len(compared) - 20
    half = np.log(direct["ci_upper"] / direct["hazard_ratio"]) / norm.ppf(0.975)
    wanted = t.ppf(0.975, (df + 1) / (df + 3) * df) * half
    assert_allclose(np.log(found["ci_upper"] / found["hazard_ratio"]), wanted, rtol=1e-8)
    assert_allclose(found["p"], direct["p"], atol=0.01)
    assert row(plain, "imputed")["note"] == "not available: no imputed values"
    rng = np.random.default_rng(1)
    drawn = [
        values.assign(imputation=i, ecog=cases["ecog"].mask(rng.random(300) < 0.5, 4).fillna(i))
        for i in range(5)
    ]
    varied = row(panel(cases, imputed=pd.concat(drawn, ignore_index=True)), "imputed")
    assert varied["hazard_ratio"] != found["hazard_ratio"]


def test_policies_change_the_cases_or_the_covariates(cases, plain):
    assert row(plain, "sins_excluded")["n_group"] < row(plain, "sins_as_stable")["n_group"]
    ratios = {m: row(plain, m)["hazard_ratio"] for m in ("sosg_1c_low", "sosg_1c_high")}
    assert ratios["sosg_1c_low"] == row(plain, "missing_level")["hazard_ratio"]
    assert ratios["sosg_1c_high"] != ratios["sosg_1c_low"]
    bare = panel(cases.drop(columns=["sosg_grade", "sins_category"]))
    assert row(bare, "sosg_1c_high")["note"] == "not available: needs sosg_grade"
    assert row(bare, "sins_excluded")["note"] == "not available: needs the sins_* columns"
    # a policy for what is no covariate would only repeat another row
    few = panel(cases, changed(sensitivity={"covariates": ["age_years"]}))
    assert row(few, "sosg_1c_high")["note"] == "not available: sosg_high_grade is no covariate"
    assert row(few, "sins_as_stable")["note"] == "not available: sins_category is no covariate"
    assert row(few, "sins_excluded")["n_group"] == row(plain, "sins_excluded")["n_group"]
    assert row(few, "sins_excluded")["hazard_ratio"] != row(few, "missing_level")["hazard_ratio"]


def test_a_policy_for_undetermined_sins_reaches_the_model(cases):
    # unstable spines are fewer than a tenth, and most are undetermined: joined with these, a policy
    # that calls them unstable would only repeat the row in which missing is a level
    category = cases["sins_category"].mask(cases["sins_category"] == "stable", "undetermined")
    found = panel(cases.assign(sins_category=category))
    assert 10 <= (category == "unstable").sum() < 0.1 * len(category)
    rows = [row(found, f"sins_as_{name}")["hazard_ratio"] for name in ("stable", "unstable")]
    assert np.ptp([*rows, row(found, "missing_level")["hazard_ratio"]]) > 1e-6
    assert abs(rows[1] - row(found, "missing_level")["hazard_ratio"]) > 1e-6


def test_without_covariates_nothing_is_called_adjusted(cases):
    wanted = ["age_years", "ecog"]
    choices = changed(sensitivity={"covariates": wanted, "adjust_for": wanted})
    bare = panel(cases.drop(columns=["ecog"]).assign(age_years=np.nan), choices)
    for method in ("missing_level", "complete_case", "imputed"):
        found = row(bare, method)
        assert pd.isna(found["hazard_ratio"]) and found["adjusted_for"] == ""
        assert found["note"] == "not available: none of the covariates was supplied"
    assert row(bare, "naive")["adjusted_for"] == ""
    # one that is recorded is named, the other is not
    half = panel(cases.drop(columns=["ecog"]), choices)
    assert row(half, "missing_level")["adjusted_for"] == "age_years"
    assert row(half, "naive")["adjusted_for"] == "age_years"
    assert row(half, "missing_level")["hazard_ratio"] > 0


def test_an_arm_without_weights_is_not_called_empty(cases, plain):
    others = [name for name in plain["group"].unique() if name != "surgery"]
    frame = weighted_hazards("by_broad_arm_weighted", "surgery", plain["reference"].iloc[0])
    found = panel(cases, hazards=frame)
    assert row(found, "weighted", others[0])["note"] == sensitivity.NO_MODEL


def test_too_few_arms_are_told(cases):
    tables = sensitivity.analyse(*built(cases, changed(sensitivity={"min_arm": 900})), HAZARDS)
    assert tables["panel"].empty
    assert tables["not_assessable"]["reason"].tolist() == [
        "fewer than two arms with at least 900 cases at the landmark"
    ]


# --- covariates as numbers ------------------------------------------------------------------------


def test_design_by_hand():
    n = 40
    frame = pd.DataFrame(
        {
            "age": pd.array([50.0, 70.0, None, 60.0] * 10, dtype="Float64"),
            "grade": pd.array([*["a"] * 20, *["b"] * 16, *["c"] * 4], dtype="string"),
            "known": pd.array([True, None] * 20, dtype="boolean"),
            "same": pd.array([1] * n, dtype="Int64"),
            "nothing": pd.array([pd.NA] * n, dtype="Int64"),
        }
    )
    found = design(frame, ["age", "grade", "known", "same", "nothing", "absent"])
    assert found.names == ("age", "age missing", "grade b", "known missing")
    assert found.absent == ("nothing", "absent") and found.note == "without nothing, absent"
    assert found.matrix[:4, 0].tolist() == [50, 70, 60, 60]  # the mean, beside an indicator
    assert found.matrix[:4, 1].tolist() == [0, 0, 1, 0]
    # four cases of c are too few for a level: they join the commonest
    assert found.matrix[:, 2].sum() == 16
    assert found.complete.sum() == 10  # every fourth has age, grade and known


def test_design_joins_levels_by_number_or_share():
    grade = pd.array([*["a"] * 150, *["b"] * 38, *["c"] * 12], dtype="string")
    frame = pd.DataFrame({"grade": grade})
    assert design(frame, ["grade"]).names == ("grade b", "grade c")
    assert design(frame, ["grade"], least_share=0.1).names == ("grade b",)


def test_design_drops_what_says_nothing_new():
    frame = pd.DataFrame({"a": np.arange(30.0), "b": 2 * np.arange(30.0) + 1})
    assert design(frame, ["a", "b"]).names == ("a",)
    assert design(frame.iloc[:0], ["a"]).names == ()


def test_levels_of_ten_stand_alone_and_undetermined_is_not_complete():
    level = ["stable"] * 60 + ["unstable"] * 20 + ["undetermined"] * 10 + ["indeterminate"] * 9
    cases = pd.DataFrame({"sins_category": pd.array([*level, None], dtype="string")})
    found = design(cases, ["sins_category"])
    assert found.names == (
        "sins_category unstable",
        "sins_category undetermined",
        "sins_category other",  # nine and the one that is missing
    )
    assert found.matrix.sum(axis=0).tolist() == [20, 10, 10]
    assert found.complete.sum() == 89
