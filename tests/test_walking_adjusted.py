"""Adjusted walking through the step `ambulatory`: by hand, identities, truth, what is withheld."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from scipy.special import expit

from mescc_analytics.errors import UsageError
from mescc_analytics.steps import ambulatory
from mescc_analytics.steps.weight import analyse as weigh
from mescc_analytics.steps.weight import weight
from mescc_analytics.tables import files
from walking_cases import ONE, adjusted, by_hand, choices, contrast, followed, row, weighting
from weight_cases import COVARIATES, LONG, SHORT, SURGERY, alike, cohort, walking

Z = 1.959963984540054
CELLS = {(LONG, 1): (30, 24), (LONG, 0): (10, 2), (SHORT, 1): (10, 7), (SHORT, 0): (20, 5)}
SCORE = {1: 1 / 4, 0: 2 / 3}  # of the short course: 10 of 40 who walk, 20 of 30 who do not


def tilt(x, estimand):
    return {"overlap": SCORE[x] * (1 - SCORE[x]), "ate": 1.0, "att": 1 - SCORE[x]}[estimand]


def risks_by_hand(estimand):
    """Standardised share of every arm; with one model parameter per cell nothing is left over."""
    n = {x: CELLS[LONG, x][0] + CELLS[SHORT, x][0] for x in (0, 1)}
    total = sum(tilt(x, estimand) * n[x] for x in (0, 1))
    return {
        arm: sum(tilt(x, estimand) * n[x] * np.divide(*CELLS[arm, x][::-1]) for x in (0, 1)) / total
        for arm in (LONG, SHORT)
    }


@pytest.mark.parametrize("estimand", ["overlap", "ate", "att"])
def test_risks_and_contrasts_by_hand(estimand):
    # att: those like the long course, the reference
    tables = adjusted(by_hand(), choices(ONE | {"estimand": estimand}))
    expected = risks_by_hand(estimand)
    found = tables["adjusted"].query("estimand == 'composite'").set_index("group")
    assert_allclose(found.loc[[LONG, SHORT], "estimate"], [expected[LONG], expected[SHORT]], 1e-8)
    assert found[["numerator", "denominator"]].to_numpy().tolist() == [[26, 40], [12, 30]]
    assert set(found["outcome_model"]) == {"logistic"} and set(found["n_unknown"]) == {0}
    a, b = expected[SHORT], expected[LONG]
    for measure, value in {
        "risk_difference": a - b,
        "risk_ratio": a / b,
        "odds_ratio": a / (1 - a) / (b / (1 - b)),
    }.items():
        line = contrast(tables, measure)
        assert_allclose(line["estimate"], value, rtol=1e-7)
        assert line["test"] == "augmented (doubly robust)" and line["baseline"] == "all"
    assert_allclose(
        b, {"overlap": 7.3333333 / 14.1666667, "ate": 38 / 70, "att": 26 / 40}[estimand]
    )


def test_interval_by_hand():
    """The influence of every case written out, residuals over one minus 1 / n of their cell."""
    level, risk = [], risks_by_hand("overlap")
    arms = {}
    total = sum(tilt(x, "overlap") * n for (_, x), (n, _) in CELLS.items())
    for arm in (LONG, SHORT):
        influence = []
        e = {x: SCORE[x] if arm == SHORT else 1 - SCORE[x] for x in (0, 1)}
        own = sum(tilt(x, "overlap") / e[x] * n for (g, x), (n, _) in CELLS.items() if g == arm)
        for (g, x), (n, k) in CELLS.items():
            share = CELLS[arm, x][1] / CELLS[arm, x][0]
            base = tilt(x, "overlap") * (share - risk[arm]) / total
            for walks in [1] * k + [0] * (n - k):
                left = tilt(x, "overlap") / e[x] * (walks - share) / own / (1 - 1 / n)
                influence.append(base + left * (g == arm))
        arms[arm] = np.array(influence)
    tables = adjusted(by_hand(), choices(ONE))
    error = np.sqrt(((arms[SHORT] - arms[LONG]) ** 2).sum())
    line = contrast(tables)
    assert_allclose(line["ci_upper"] - line["estimate"], Z * error, rtol=1e-6)
    for arm in (LONG, SHORT):
        of_arm = row(tables["adjusted"], group=arm)
        level.append(of_arm["ci_upper"] - of_arm["estimate"])
        assert_allclose(level[-1], Z * np.sqrt((arms[arm] ** 2).sum()), rtol=1e-6)
    ratio = contrast(tables, "risk_ratio")
    scaled = arms[SHORT] / risk[SHORT] - arms[LONG] / risk[LONG]
    half = Z * np.sqrt((scaled**2).sum())
    assert_allclose(np.log(ratio["ci_upper"] / ratio["estimate"]), half, rtol=1e-6)


def test_arms_of_the_same_cases_give_what_is_seen():
    frame = alike()
    walks = np.random.default_rng(5).random(len(frame)) < 0.5
    frame = followed(frame, walks)
    settings = choices(covariates=COVARIATES)
    for estimand in ("overlap", "ate", "att"):
        tables = adjusted(frame, settings | {"weight": settings["weight"] | {"estimand": estimand}})
        found = tables["adjusted"]
        assert_allclose(found["estimate"], found["proportion"], rtol=1e-8)
        plain = row(
            tables["contrasts"], analysis="by_arm", measure="risk_difference", baseline="all"
        )
        assert_allclose(contrast(tables)["estimate"], plain["estimate"], rtol=1e-7)


def confounded(n, seed):
    """The old and the lame get the short course and walk less; it is worth 0.8 in log odds."""
    rng = np.random.default_rng(seed)
    age, lame = rng.normal(65, 10, n), rng.random(n) < 0.4
    score = expit(0.9 * (age - 65) / 10 + 1.1 * (lame - 0.4))
    short = rng.random(n) < score
    base = 0.6 - 0.7 * (age - 65) / 10 - 1.5 * lame
    frame = cohort(
        np.where(short, SHORT, LONG),
        age_years=pd.array(age, dtype="Float64"),
        ambulatory_status=walking(np.where(lame, "non_ambulatory", "ambulatory")),
    )
    frame["arm"] = frame["arm"].cat.set_categories([LONG, SHORT])
    return followed(frame, rng.random(n) < expit(base + 0.8 * short))


def true_difference():
    """In those who could be in either arm, of a large population."""
    rng = np.random.default_rng(1)
    age, lame = rng.normal(65, 10, 400_000), rng.random(400_000) < 0.4
    score = expit(0.9 * (age - 65) / 10 + 1.1 * (lame - 0.4))
    base = 0.6 - 0.7 * (age - 65) / 10 - 1.5 * lame
    return np.average(expit(base + 0.8) - expit(base), weights=score * (1 - score))


def test_the_truth_is_found_where_the_naive_comparison_misses_it():
    frame, truth = confounded(3000, seed=11), true_difference()
    tables = adjusted(frame, choices(covariates=COVARIATES))
    line = contrast(tables)
    assert line["ci_lower"] < truth < line["ci_upper"] and abs(line["estimate"] - truth) < 0.03
    naive = row(tables["contrasts"], analysis="by_arm", measure="risk_difference", baseline="all")
    assert naive["ci_upper"] < 0.02 and truth > 0.15
    regression = contrast(tables, "odds_ratio_regression")
    assert regression["ci_lower"] < np.exp(0.8) < regression["ci_upper"]
    assert regression["test"] == "logistic"


def test_it_is_right_without_the_confounder_in_the_model_of_walking():
    frame, truth = confounded(3000, seed=11), true_difference()
    found = contrast(adjusted(frame, choices(covariates=["ambulatory_status"])))
    assert abs(found["estimate"] - truth) < 0.04
    assert (
        found["estimate"] != contrast(adjusted(frame, choices(covariates=COVARIATES)))["estimate"]
    )


def with_deaths_and_unknown():
    """In the hand-worked cohort three of the long course die by day 60, six are not assessed."""
    frame = by_hand()
    frame.loc[:2, "survival_event"] = True
    frame.loc[:2, "survival_days"] = 60.0
    frame.loc[[5, 6, 7, 45, 46, 50], "ambulatory_status_90d"] = None
    return frame


def test_estimands_count_as_the_rates_do():
    tables = adjusted(with_deaths_and_unknown(), choices(ONE))
    rates = tables["rates"].query("analysis == 'by_arm' and baseline == 'all'")
    rates = rates.set_index(["group", "estimand"])[["numerator", "denominator"]]
    found = tables["adjusted"].set_index(["group", "estimand"])
    assert found[["numerator", "denominator"]].sort_index().equals(rates.sort_index())
    unknown = found["n_unknown"].unstack()
    assert unknown.loc[LONG].to_dict() == {
        "alive_assessed": 3,
        "composite": 3,
        "best_case": 0,
        "worst_case": 0,
    }
    assert found["estimate"].unstack().loc[LONG].nunique() == 4


def test_without_weights_nothing_is_adjusted_and_that_is_said():
    frame, settings = by_hand(), choices(ONE)
    tables = ambulatory.analyse(frame, pd.DataFrame(), settings)
    assert tables["adjusted"].empty and set(tables["contrasts"]["analysis"]) == {"by_arm"}
    (absent,) = tables["not_assessable"].to_dict("records")
    assert absent["analysis"] == "by_arm_weighted"
    assert absent["needs"] == "weights.parquet and diagnostics.csv of the step weight"
    given = frame.assign(arm_source=pd.Categorical(["given"] * len(frame), ["given", "derived"]))
    made = {name: weigh(given, settings)[name] for name in ("weights", "diagnostics")}
    tables = ambulatory.analyse(given, pd.DataFrame(), settings, made)
    reasons = tables["not_assessable"].set_index("analysis")["reason"]
    assert reasons["by_arm_weighted"] == "the step weight gives these arms no weights"


def test_weights_of_another_cohort_are_refused():
    frame, settings = by_hand(), choices(ONE)
    given = weighting(frame, settings)
    given["weights"] = given["weights"].assign(case_id="elsewhere")
    with pytest.raises(UsageError) as caught:
        ambulatory.analyse(frame, pd.DataFrame(), settings, given)
    assert "70 weighted cases are not in the cohort" in str(caught.value)


def test_groups_of_arms_have_columns_of_their_own():
    frame, settings = by_hand(), choices(ONE)
    given = weighting(frame, settings)
    weights = given["weights"]
    names = {LONG: "cebrt", SHORT: "surgery"}
    broad = {"broad_arm": weights["arm"].map(names), "broad_weight": weights["weight"]}
    broad |= {f"broad_propensity_{names[n]}": weights[f"propensity_{n}"] for n in names}
    judged = given["diagnostics"]
    renamed = judged.assign(
        analysis="by_broad_arm_weighted", group="surgery", reference="cebrt", verdict="fail"
    )
    renamed = renamed.assign(withholds="hazard_ratio")
    both = pd.concat([judged.assign(analysis="by_arm_weighted"), renamed])
    tables = adjusted(frame, settings, weights=weights.assign(**broad), diagnostics=both)
    first = contrast(tables)
    second = contrast(tables, group="surgery", analysis="by_broad_arm_weighted", reference="cebrt")
    assert first["estimate"] == second["estimate"] and first["p"] == second["p"]


def test_order_of_rows_is_irrelevant():
    frame = confounded(300, seed=3)
    other = frame.sample(frac=1, random_state=1).reset_index(drop=True)
    first, second = (contrast(adjusted(f, choices(covariates=COVARIATES))) for f in (frame, other))
    assert_allclose(first["estimate"], second["estimate"], rtol=1e-7)
    assert_allclose(first["ci_lower"], second["ci_lower"], rtol=1e-6)


# separation


def test_outcomes_that_a_covariate_divides_get_firths_penalty():
    frame = by_hand()
    lame = frame["ambulatory_status"] == "non_ambulatory"
    frame.loc[lame & (frame["arm"] == LONG), "ambulatory_status_90d"] = "paraplegic"
    tables = adjusted(frame, choices(ONE))
    found = tables["adjusted"].query("estimand == 'composite'").set_index("group")
    assert found["outcome_model"].to_dict() == {LONG: "firth", SHORT: "logistic"}
    # the residuals put the penalty right: 0 of 10 and 24 of 30
    expected = 7.5 * 0.8 / (7.5 + 20 / 3)
    assert_allclose(found.loc[LONG, "estimate"], expected, atol=0.005)
    assert contrast(tables, "odds_ratio_regression")["test"] == "logistic"
    frame.loc[lame, "ambulatory_status_90d"] = "paraplegic"
    line = contrast(adjusted(frame, choices(ONE)), "odds_ratio_regression")
    assert line["test"] == "firth" and 0 < line["ci_lower"] < line["estimate"] < line["ci_upper"]


def test_nobody_varies():
    frame = followed(by_hand(), [True] * 70)
    tables = adjusted(frame, choices(ONE))
    assert contrast(tables)["note"].startswith("withheld: ")
    assert contrast(tables, "odds_ratio_regression")["note"].startswith("withheld: ")
    assert tables["adjusted"]["estimate"].isna().all()


# diagnostics


@pytest.mark.parametrize(
    "name, withholds, gone",
    [
        ("balance", "everything", True),
        ("overlap", "everything", True),
        ("events_per_parameter", "everything", True),
        ("detectable_effect", "everything", False),  # a hazard ratio
        ("proportional_hazards", "hazard_ratio", False),
    ],
)
def test_diagnostics_of_the_weights_withhold(name, withholds, gone):
    frame, settings = by_hand(), choices(ONE)
    judged = weighting(frame, settings)["diagnostics"]
    fails = judged["diagnostic"] == name
    judged = judged.assign(
        verdict=np.where(fails, "fail", "pass"), withholds=np.where(fails, withholds, "")
    )
    tables = adjusted(frame, settings, diagnostics=judged)
    for measure in ("risk_difference", "risk_ratio", "odds_ratio", "odds_ratio_regression"):
        line = contrast(tables, measure)
        numbers = [line[n] for n in ("estimate", "ci_lower", "ci_upper", "p", "p_holm")]
        assert np.isnan(numbers).all() == gone
        assert line["note"] == (f"withheld: {name.replace('_', ' ')}" if gone else "")
    notes = tables["adjusted"].query("estimand == 'composite'").set_index("group")["note"]
    if gone:
        assert notes[LONG] == "withheld: every contrast with this arm"
    assert tables["adjusted"]["estimate"].isna().all() == gone


def test_arms_without_a_model_are_named():
    frame = pd.concat([by_hand(), by_hand().iloc[:5].assign(arm=SURGERY)], ignore_index=True)
    frame["arm"] = frame["arm"].astype("category")
    frame["case_id"] = [f"C{i}" for i in range(len(frame))]
    settings = choices(ONE)
    judged = weigh(frame, settings)["diagnostics"]
    keep = judged["diagnostic"] == "arm_size"
    judged = judged.assign(verdict=np.where(keep, "fail", "pass"))
    tables = adjusted(frame, settings, diagnostics=judged)
    assert contrast(tables, group=SURGERY)["note"] == "withheld: arm size"
    assert contrast(tables)["note"] == "" and set(tables["adjusted"]["group"]) == {LONG, SHORT}


def own(tables, name, **keys):
    return row(tables["diagnostics"], diagnostic=name, **keys)


def test_diagnostics_of_walking_by_hand():
    tables = adjusted(with_deaths_and_unknown(), choices(ONE))
    # 3 of 40 unknown in the long course, 3 of 30 in the short one
    assert_allclose(own(tables, "outcome_unknown")["value"], 3 / 30)
    assert own(tables, "outcome_unknown", estimand="worst_case")["value"] == 0
    tables = adjusted(by_hand(), choices(ONE))
    # 14 of 40 and 12 of 30 have the rarer outcome; one covariate in each model
    found = own(tables, "outcome_events_per_parameter")
    assert found["value"] == 12 and found["why"].endswith(f"of {SHORT}")
    # 32 do not walk, 38 do; a covariate and an arm
    assert own(tables, "regression_events_per_parameter")["value"] == 16
    sizes = [(85 / 6) ** 2 / (30 / 16 + 40 / 9), (85 / 6) ** 2 / (90 / 16 + 20 / 9)]
    share = (24 / 4 + 2 * 2 / 3 + 7 * 3 / 4 + 5 / 3) / (85 / 3)
    expected = (Z + 0.8416212335729143) * np.sqrt(
        share * (1 - share) * (1 / sizes[0] + 1 / sizes[1])
    )
    assert_allclose(own(tables, "detectable_difference")["value"], expected, rtol=1e-7)


@pytest.mark.parametrize(
    "weighted, values, name, kind",
    [
        ({}, {"events_per_parameter_min": 13}, "outcome_events_per_parameter", "augmented"),
        ({}, {"detectable_difference_max": 0.2}, "detectable_difference", "everything"),
        (
            {"power": 0.999},
            {"detectable_difference_max": 0.5},
            "detectable_difference",
            "everything",
        ),
        ({"missing_share_max": 0.05}, {}, "outcome_unknown", "everything"),
        (
            {},
            {"events_per_parameter_min": 20},
            "regression_events_per_parameter",
            "odds_ratio_regression",
        ),
    ],
)
def test_limits_decide_between_pass_and_fail(weighted, values, name, kind):
    frame = with_deaths_and_unknown()
    plain = adjusted(frame, choices(ONE))
    other = adjusted(frame, choices(ONE | weighted, **values))
    assert [own(t, name)["verdict"] for t in (plain, other)] == ["pass", "fail"]
    assert [own(t, name)["withholds"] for t in (plain, other)] == ["", kind]
    gone = [
        np.isnan(contrast(other, m)["estimate"]) for m in ("odds_ratio", "odds_ratio_regression")
    ]
    assert gone[0] == (kind != "odds_ratio_regression" or 20 in values.values())
    assert gone[1] == (kind != "augmented")


def test_defaults_withhold_in_small_arms():
    defaults = choices(ONE)
    defaults["ambulatory"] |= {"events_per_parameter_min": 5, "detectable_difference_max": 0.27}
    tables = adjusted(by_hand(), defaults)
    assert contrast(tables)["note"] == "withheld: detectable difference"


def test_failed_diagnostics_can_be_shown_beside_their_note():
    defaults = choices(ONE | {"on_failure": "show"}, detectable_difference_max=0.2)
    shown = contrast(adjusted(by_hand(), defaults))
    assert_allclose(shown["estimate"], contrast(adjusted(by_hand(), choices(ONE)))["estimate"])
    assert shown["note"] == "diagnostics failed: detectable difference"
    frame = pd.concat([by_hand(), by_hand().iloc[:5].assign(arm=SURGERY)], ignore_index=True)
    frame["arm"] = frame["arm"].astype("category")
    frame["case_id"] = [f"C{i}" for i in range(len(frame))]
    tables = adjusted(frame, defaults, diagnostics=weigh(frame, defaults)["diagnostics"])
    left_out = contrast(tables, group=SURGERY)
    assert left_out["note"].startswith("withheld: arm size") and np.isnan(left_out["estimate"])
    assert not np.isnan(contrast(tables)["estimate"])


# what stands beside


def three_arms():
    frame = followed(alike(60, (LONG, SHORT, SURGERY)), np.random.default_rng(8).random(180) < 0.5)
    return frame, adjusted(frame, choices(ONE))


def test_p_values_of_several_arms_by_holm():
    _, tables = three_arms()
    for analysis, measure in (("by_arm", "odds_ratio"), ("by_arm_weighted", "risk_difference")):
        rows = tables["contrasts"]
        rows = rows[(rows["analysis"] == analysis) & (rows["measure"] == measure)]
        rows = rows[(rows["baseline"] == "all") & (rows["test"] != "chi_square")]
        rows = rows[rows["estimand"] == "composite"]
        low, high = sorted(rows["p"])
        first, second = min(2 * low, 1), min(max(2 * low, high), 1)
        assert_allclose(sorted(rows["p_holm"]), sorted([first, second]))
    alone = adjusted(by_hand(), choices(ONE))["contrasts"]
    known = alone["p"].notna()
    assert_allclose(alone.loc[known, "p_holm"], alone.loc[known, "p"])
    assert alone.loc[~known, "p_holm"].isna().all()


def test_e_values_of_the_risk_ratios():
    tables = adjusted(by_hand(), choices(ONE))
    rows = tables["contrasts"]
    assert rows.loc[rows["e_value"].notna(), "measure"].eq("risk_ratio").all()
    for analysis in ("by_arm", "by_arm_weighted"):
        line = row(rows, analysis=analysis, measure="risk_ratio", baseline="all")
        turned = 1 / line["estimate"]
        assert turned > 1
        assert_allclose(line["e_value"], turned + np.sqrt(turned * (turned - 1)))
        crosses = line["ci_upper"] >= 1
        near = 1 / line["ci_upper"]
        expected = 1.0 if crosses else near + np.sqrt(near * (near - 1))
        assert_allclose(line["e_value_limit"], expected)


def test_no_p_value_in_small_arms_anywhere():
    frame = by_hand()
    for least, known in ((30, True), (31, False)):
        tables = ambulatory.analyse(
            frame, pd.DataFrame(), choices(ONE, min_arm=least), weighting(frame, choices(ONE))
        ) | ambulatory.process(frame, pd.DataFrame(), choices(ONE, min_arm=least))
        rows = tables["contrasts"]
        rows = rows[(rows["baseline"] == "all") & (rows["estimand"] == "composite")]
        tested = ~rows["test"].isin(["newcombe", "katz"])
        assert rows.loc[tested, "p"].notna().all() == known
        assert rows.loc[tested & ~rows["p"].notna(), "note"].str.contains("no p value").all()
        assert rows["estimate"].notna().all()
        paired = tables["paired"].query("group == @SHORT and measure == 'walking'")
        assert paired["p"].notna().all() == known
        assert "p" not in tables["transitions"] and "p" not in tables["expected_days"]


def test_level_and_clusters_change_intervals_only():
    frame = by_hand().assign(site=pd.array(list("ABCDEFGHIJ") * 7, dtype="string"))
    plain = contrast(adjusted(frame, choices(ONE)))
    wide = contrast(adjusted(frame, choices(ONE, confidence_level=0.99)))
    tables = adjusted(frame, choices(ONE, cluster="site"))
    clustered = contrast(tables)
    assert plain["estimate"] == wide["estimate"] == clustered["estimate"]
    assert wide["ci_lower"] < plain["ci_lower"] != clustered["ci_lower"]
    assert set(tables["adjusted"]["cluster"]) == {"site"}


def test_arm_whom_the_comparison_is_about():
    settings = [choices(ONE | {"estimand": "att", "att_arm": arm}) for arm in (None, LONG, SHORT)]
    found = [contrast(adjusted(by_hand(), chosen))["estimate"] for chosen in settings]
    assert found[0] == found[1] and abs(found[2] - found[1]) > 0.001
    # like the short course: of it what was seen, of the other the shares of 10 and 20
    assert_allclose(found[2], 12 / 30 - (10 * 0.8 + 20 * 0.2) / 30, atol=1e-9)


def test_rare_levels_and_complete_cases_follow_the_weights():
    frame = confounded(400, seed=4)
    frame.loc[:60, "age_years"] = pd.NA
    found = {}
    for missing in ("indicator", "complete_case"):
        tables = adjusted(frame, choices({"missing": missing}, covariates=COVARIATES))
        found[missing] = tables["adjusted"].query("estimand == 'composite'")["denominator"].sum()
    assert found == {"indicator": 400, "complete_case": 339}


# the command


def test_the_command_reads_the_weights(tmp_path):
    frame = confounded(600, seed=2)
    settings = choices(covariates=COVARIATES) | {"seed": 1}
    files.write_table(frame, tmp_path / "cohort.parquet")
    files.write_table(pd.DataFrame({"case_id": ["x"], "visit_day": [1.0]}), tmp_path / "v.parquet")
    weight({"cohort": tmp_path / "cohort.parquet"}, tmp_path / "w", settings)
    inputs = {"cohort": tmp_path / "cohort.parquet", "visits": tmp_path / "v.parquet"}
    ambulatory.ambulatory(inputs, tmp_path / "plain", settings)
    inputs |= {"weights": tmp_path / "w/weights.parquet"}
    inputs |= {"diagnostics": tmp_path / "w/diagnostics.csv"}
    for name in "ab":
        ambulatory.ambulatory(inputs, tmp_path / name, settings)
    names = ("contrasts", "adjusted", "diagnostics", "not_assessable")
    for name in names:
        first, second = ((tmp_path / n / f"{name}.csv").read_bytes() for n in "ab")
        assert first == second
    assert pd.read_csv(tmp_path / "plain/adjusted.csv").empty
    found = pd.read_csv(tmp_path / "a/contrasts.csv")
    assert found.loc[found["analysis"] == "by_arm_weighted", "estimate"].notna().any()
    assert pd.read_csv(tmp_path / "a/diagnostics.csv")["verdict"].eq("pass").any()


@pytest.mark.parametrize("n", [1, 2])
def test_hardly_anybody(n):
    frame = by_hand().iloc[[0, 45][:n]].reset_index(drop=True)
    frame["arm"] = frame["arm"].cat.remove_unused_categories()
    tables = adjusted(frame, choices(ONE))
    assert tables["adjusted"].empty
    numbers = tables["contrasts"].query("analysis == 'by_arm_weighted'")["estimate"]
    assert numbers.isna().all()
