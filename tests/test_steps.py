"""Steps on small tables: groups, landmark, reference arm, what cannot be assessed."""

import pandas as pd
import pytest

from mescc_analytics import settings
from mescc_analytics.clinical.scores import score_cases
from mescc_analytics.errors import UsageError
from mescc_analytics.steps import ambulatory, cohort, survival
from mescc_analytics.steps.groups import group_by, reference_arm

FULL = settings.complete({}, need_cohorts=False)
N = 40


def table(**columns):
    """Forty cases: half operated on day 2, half irradiated on day 3; deaths every ten days."""
    base = {
        "case_id": pd.array([f"P{i}" for i in range(N)], dtype="string"),
        "last_contact_day": pd.array([5.0 + 10 * i for i in range(N)], dtype="Float64"),
        "died": pd.array([i % 4 != 0 for i in range(N)], dtype="boolean"),
        "surgery_day": pd.array([2.0 if i % 2 else None for i in range(N)], dtype="Float64"),
        "rt_start_day": pd.array([None if i % 2 else 3.0 for i in range(N)], dtype="Float64"),
        "rt_fractions": pd.array([None if i % 2 else 10 for i in range(N)], dtype="Int64"),
        "rt_technique": pd.Categorical(
            [None if i % 2 else "cebrt" for i in range(N)], ["cebrt", "sbrt"]
        ),
        "sex": pd.Categorical(["male", "female", "male", None] * (N // 4), ["female", "male"]),
        "age_years": pd.array([60.0 + i for i in range(N)], dtype="Float64"),
    }
    return score_cases(pd.DataFrame(base | columns), FULL["score"])


def changed(**sections):
    return FULL | {name: FULL[name] | values for name, values in sections.items()}


def analyse(frame, choices=FULL):
    whole, _ = cohort.build(frame, choices)
    chosen = choices | {"cohort": cohort.effective(whole, choices)}
    return survival.analyse(whole, chosen)


def test_landmark_leaves_early_deaths_to_the_overall_curve():
    tables = analyse(table(), changed(survival={"by": ["sex"]}))
    n = tables["summary"].set_index(["analysis", "group"])["n"]
    assert n["overall", "all"] == 40
    assert n["by_arm"].sum() == 37  # contacts on days 5, 15, 25 end before the landmark on day 30
    curves = tables["curves"]
    assert curves[curves["analysis"] == "by_arm"]["time_days"].min() == 30
    assert curves[curves["analysis"] == "overall"]["time_days"].min() == 0


def test_landmark_and_grace_change_the_result():
    n = [
        analyse(table(), changed(cohort={"landmark_days": day, "grace_days": day}))["summary"]
        .query("analysis == 'by_arm'")["n"]
        .sum()
        for day in (14, 60)
    ]
    assert n == [39, 34]


def test_groups_of_unknown_level_are_counted_apart():
    summary = analyse(table(), changed(survival={"by": ["sex"]}))["summary"].set_index(
        ["analysis", "group"]
    )
    assert summary.loc[("by_sex", "male"), "n"] == 20
    assert summary.loc[("by_sex", "male"), "n_group_unknown"] == 10


def test_absent_columns_are_named_not_fatal():
    tables = analyse(
        table(), changed(survival={"by": ["sosg_high_grade", "sins_category", "ecog"]})
    )
    needs = tables["not_assessable"].set_index("analysis")["needs"].to_dict()
    assert needs["by_sosg_high_grade"] == "sosg_grade" and needs["by_ecog"] == "ecog"


def test_without_treatment_columns_arms_are_not_assessable():
    frame = table().drop(columns=["surgery_day", "rt_start_day", "rt_fractions", "rt_technique"])
    tables = analyse(score_cases(frame, FULL["score"]))
    assert (
        tables["not_assessable"].set_index("analysis").loc["by_arm", "needs"]
        == "surgery_day and rt_start_day, or arm"
    )


def test_given_arms_switch_the_landmark_off():
    given = table(arm=pd.array(["cebrt_long", "surgery_cebrt"] * (N // 2), dtype="string"))
    tables = analyse(given)
    assert tables["summary"].query("analysis == 'by_arm'")["n"].sum() == 40
    assert tables["summary"].query("analysis == 'by_arm'")["start_days"].eq(0).all()


def test_conventional_radiotherapy_is_the_reference_unless_the_config_says_otherwise():
    hazards = analyse(table())["hazards"].query("analysis == 'by_arm'")
    assert hazards["reference"].tolist() == ["cebrt_long"]
    hazards = analyse(table(), changed(cohort={"reference_arm": "surgery_only"}))["hazards"].query(
        "analysis == 'by_arm'"
    )
    assert hazards["reference"].tolist() == ["surgery_only"]
    arm = pd.Series(pd.Categorical(["x", "y"]))
    assert reference_arm(arm) == "x"
    with pytest.raises(UsageError, match="cohort.reference_arm: found 'z', wanted one of x, y"):
        reference_arm(arm, "z")


def test_settings_of_survival_reach_the_result():
    plain = analyse(table())
    log = analyse(table(), changed(survival={"interval": "log"}))
    wide = analyse(table(), changed(survival={"confidence_level": 0.99}))
    late = analyse(table(), changed(survival={"milestones_days": [60], "horizon_days": 200}))
    lower = [t["summary"].iloc[0]["survival_180d_lower"] for t in (plain, log, wide)]
    assert len(set(lower)) == 3 and lower[2] < lower[0]
    assert "survival_60d" in late["summary"] and late["summary"]["rmst_horizon_days"].iloc[0] == 200


def test_time_zero_moves_survival():
    frame = table(mri_day=pd.array([2.0] * N, dtype="Float64"))
    days = {}
    for origin in ("mri", "presentation", "treatment_start"):
        whole, _ = cohort.build(frame, changed(cohort={"time_zero": origin}))
        days[origin] = whole["survival_days"].tolist()[:2]
    assert days == {"mri": [3, 13], "presentation": [5, 15], "treatment_start": [2, 13]}


def test_below_conus_exclude_adds_a_criterion():
    frame = table(
        spinal_levels=pd.array(["L4"] * 10 + ["T4"] * 30, dtype="string"),
        sosg_grade=pd.Categorical(["2"] * N, ["0", "1a", "1b", "1c", "2", "3"]),
    )
    _, flow = cohort.build(frame, changed(score={"below_conus": "exclude"}))
    assert flow.set_index("criterion").loc["cord_level", "n_excluded"] == 10


def walking(frame, choices=FULL, visits=None):
    whole, _ = cohort.build(frame, choices)
    return ambulatory.analyse(whole, pd.DataFrame() if visits is None else visits, choices)


def test_walking_rates_and_contrasts_follow_their_settings():
    levels = ["unaided", "aided", "non_ambulatory", "paraplegic"]
    status = pd.Categorical(["unaided", "aided", "paraplegic", None] * (N // 4), levels)
    frame = table(ambulatory_status=status, ambulatory_status_90d=status)
    rates = walking(frame)["rates"].set_index(
        ["analysis", "group", "baseline", "timepoint_days", "estimand"]
    )
    row = rates.loc[("overall", "all", "all", 90.0, "alive_assessed")]
    strict = walking(frame, changed(ambulatory={"definition": "unaided"}))["rates"].set_index(
        rates.index.names
    )
    assert strict.loc[row.name, "numerator"] < row["numerator"]
    assert row["denominator"] + row["n_dead"] + row["n_unknown"] == 40
    contrasts = walking(frame)["contrasts"]
    assert set(contrasts["reference"]) == {"cebrt_long"}
    few = walking(frame, changed(ambulatory={"min_arm": 30}))["contrasts"]
    assert few["p"].isna().all() and contrasts["p"].notna().any()
    wide = walking(frame, changed(ambulatory={"confidence_level": 0.99}))["rates"].set_index(
        rates.index.names
    )
    assert wide.loc[row.name, "ci_lower"] < row["ci_lower"]
    exact = walking(frame, changed(ambulatory={"exact_below": 50}))["rates"].set_index(
        rates.index.names
    )
    assert exact.loc[row.name, "ci_lower"] < row["ci_lower"]


def test_walking_without_any_status_is_not_assessable():
    missing = walking(table())["not_assessable"]
    assert missing["analysis"].tolist() == ["overall", "by_arm"]
    assert missing["needs"].str.startswith("ambulatory_status_30d").all()


def test_numbers_are_grouped_by_bands_levels_or_not_at_all():
    frame = table()
    assert group_by(frame, "age_years")[0].cat.categories.tolist() == [
        "under 65",
        "65 to under 75",
        "75 or more",
    ]
    assert group_by(frame, "age_years")[0].tolist()[4:6] == ["under 65", "65 to under 75"]
    assert group_by(frame.assign(ecog=pd.array([2, 0] * 20, dtype="Int64")), "ecog")[
        0
    ].cat.categories.tolist() == ["0", "2"]
    assert group_by(frame.assign(collapse_percent=frame["age_years"]), "collapse_percent") == (
        None,
        "collapse_percent has 40 distinct values and no bands in the codebook",
    )
    assert group_by(frame, "kps") == (None, "needs kps")


def test_the_first_episode_is_the_first_that_can_be_analysed():
    frame = table(
        patient_id=pd.array(["P"] * 2 + [f"Q{i}" for i in range(N - 2)], dtype="string"),
        usable=pd.array([False] + [True] * (N - 1), dtype="boolean"),
    )
    whole, flow = cohort.build(frame, FULL)
    assert whole["excluded_by"].tolist()[0] == "times_consistent"
    assert whole["in_overall"].tolist()[:2] == [False, True]
    assert flow.set_index("criterion").loc["first_episode", "n_excluded"] == 0


def test_a_score_that_nobody_has_is_not_assessable():
    missing = analyse(table(), changed(survival={"by": ["sins_category", "radiosensitivity"]}))[
        "not_assessable"
    ].query("not analysis.str.contains('arm')")
    assert missing["analysis"].tolist() == ["by_sins_category", "by_radiosensitivity"]


def test_treatment_of_unknown_kind_names_the_right_columns():
    frame = table().drop(columns=["rt_technique", "rt_fractions", "surgery_day"])
    frame = score_cases(frame[frame["rt_start_day"].notna()].reset_index(drop=True), FULL["score"])
    needs = analyse(frame)["not_assessable"].set_index("analysis")["needs"]
    assert needs["by_arm"] == "rt_technique, or rt_dose_gy and rt_fractions"


def test_concordance_counts_the_analysed_cases_only():
    from mescc_analytics.clinical.pathway import assign_pathways
    from mescc_analytics.steps.decisions import analysed_cases, concordance

    frame = table(usable=pd.array([False] * 10 + [True] * (N - 10), dtype="boolean"))
    assigned = pd.concat([frame, assign_pathways(frame, FULL["assign"])], axis="columns")
    cells = concordance(analysed_cases(assigned, FULL), FULL).query("section == 'cell'")
    assert cells["n"].sum() == N - 10


def test_nobody_left_gives_empty_tables_with_their_columns():
    young = table(age_years=pd.array([10.0] * N, dtype="Float64"))
    tables = analyse(young, changed(cohort={"eligibility": ["adult"]}))
    assert all(tables[name].empty for name in ("curves", "summary", "tests", "hazards"))
    assert {"analysis", "n_at_risk", "survival"} <= set(tables["curves"])
    assert {"analysis", "start_days", "median_days", "survival_365d_upper"} <= set(
        tables["summary"]
    )
    assert "no case is left" in tables["not_assessable"]["reason"].iloc[0]


def test_a_clock_is_needed_whatever_a_study_lists():
    died = pd.array([None] + [True] * (N - 1), dtype="boolean")
    last = pd.array([10.0, None] + [100.0] * (N - 2), dtype="Float64")
    choices = changed(cohort={"eligibility": []})
    tables = analyse(table(died=died, last_contact_day=last), choices)
    assert tables["summary"].set_index("analysis").loc["overall", "n"] == N - 2
