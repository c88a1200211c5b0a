"""Published results: the file, its errata, what a broken file is told, and fair comparisons."""

import csv
import io

import pandas as pd
import pytest

from mescc_analytics.codebook.tables import FIELDS, load_csv, parse_csv
from mescc_analytics.errors import CodebookError, UsageError
from mescc_analytics.quality.benchmarks import COLUMNS, compare
from mescc_analytics.quality.cohort_figures import cohort_figures
from mescc_analytics.quality.cohort_rules import CohortRules

PUBLISHED = load_csv("benchmarks").set_index("benchmark_id", drop=False)

# --- the file --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "benchmark_id, numerator, denominator, estimate, provenance, use_in_tests",
    [
        ("patchell_surgery_walking", 42, 50, 0.84, "printed", "yes"),
        ("patchell_rt_maintained", 26, 35, 0.74, "forced", "yes"),
        ("sorensen_dexamethasone_after", 22, 27, 0.81, "forced", "yes"),
        ("sorensen_control_after", 19, 30, 0.63, "forced", "yes"),
        ("sorensen_dexamethasone_6m", 16, 27, 0.59, "forced", "yes"),
        ("sorensen_control_6m", 10, 30, 0.33, "forced", "yes"),
        ("scorad_single_week_8", 115, 166, 0.693, "printed", "yes"),
        ("rades2010_rt_walking", 147, 216, 0.68, "inferred", "no"),
        ("rades_score_35_37_walking", 315, 366, 0.861, "forced", "yes"),
        ("fehlings_death_30d_listed", 10, 142, 0.07, "printed", "yes"),
        ("fehlings_death_12m", 88, 142, 0.62, "printed", "yes"),
        ("laufer_local_control_crude", 152, 186, 0.817, "inferred", "no"),
        ("laufer_high_grade_before", 136, 186, 0.731, "inferred", "no"),
        ("fehlings_complication_30d", 42, 142, 0.296, "inferred", "no"),
        ("norway_motor_impairment", 274, 881, 0.311, "derived", "yes"),
        ("alomair_high_grade_before", 48, 80, 0.6, "printed", "yes"),
        ("uei_rt_paralysis", 10, 55, 0.18, "inferred", "no"),
        ("ryu_improved_or_preserved", 50, 62, 0.81, "inferred", "no"),
    ],
)
def test_published_counts(benchmark_id, numerator, denominator, estimate, provenance, use_in_tests):
    row = PUBLISHED.loc[benchmark_id]
    assert (row["numerator"], row["denominator"]) == (numerator, denominator)
    assert row["estimate"] == estimate
    assert (row["provenance"], row["use_in_tests"]) == (provenance, use_in_tests)


@pytest.mark.parametrize(
    "benchmark_id, field, value",
    [
        ("sorensen_dexamethasone_after", "timepoint", "after treatment"),
        ("sorensen_dexamethasone_6m", "timepoint_days", 183),
        ("patchell_odds_ratio_stratified", "estimate", 6.2),
        ("patchell_odds_ratio_crude", "estimate", 3.98),
        ("fehlings_death_30d_journal", "estimate", 0.09),
        ("alomair_high_grade_before", "p", 0.0009),
        ("alomair_high_grade_before", "definition", "cord_deformed"),
        ("patchell_odds_ratio_stratified", "measure", "odds_ratio_stratified"),
        ("fehlings_median_survival", "arm", "surgery"),
        ("sc24_pain_risk_ratio", "event_of_ratio", "no complete pain response"),
        ("sc24_pain_risk_ratio", "population", "spine_metastases"),
        ("laufer_progression_1y", "death_rule", "cumulative_incidence"),
        ("laufer_local_control_crude", "death_rule", "crude"),
        ("ryu_improved_or_preserved", "outcome", "neurology_improved_or_preserved"),
        ("mri_sensitivity_range", "ci_lower", 0.44),
        ("scorad_single_week_12", "estimate", 0.718),
        ("qu_local_control_365d", "ci_upper", 0.97),
    ],
)
def test_errata_are_resolved(benchmark_id, field, value):
    assert PUBLISHED.loc[benchmark_id, field] == value


def test_no_count_is_taken_for_the_nine_percent_that_no_count_is_known_of():
    row = PUBLISHED.loc["fehlings_death_30d_journal"]
    assert row[["numerator", "denominator"]].isna().all()
    assert row["use_in_tests"] == "no"


@pytest.mark.parametrize("study", ["Sorensen 1994"])
def test_no_p_is_claimed_for_proportions_that_were_tested_by_life_table(study):
    assert PUBLISHED.loc[PUBLISHED["study"] == study, "p"].isna().all()


def test_groups_of_the_ambulatory_score_sum_to_the_patients_of_the_paper():
    groups = PUBLISHED[PUBLISHED["study"] == "Rades ambulatory score 2008"]
    assert groups["denominator"].sum() == 2096


def test_inferred_and_remembered_figures_never_enter_a_test():
    doubtful = PUBLISHED["provenance"].isin(["inferred", "memory"])
    assert doubtful.sum() == 17
    assert (PUBLISHED.loc[doubtful, "use_in_tests"] == "no").all()
    assert (PUBLISHED.loc[PUBLISHED["status"] == "unverified", "use_in_tests"] == "no").all()


def test_a_copy_is_handed_out():
    frame = load_csv("benchmarks")
    frame["estimate"] = 0.0
    assert load_csv("benchmarks")["estimate"].max() > 1


# --- broken files ----------------------------------------------------------------------------

GOOD = dict.fromkeys(FIELDS["benchmarks"], "") | {
    "benchmark_id": "a",
    "study": "A 2005",
    "population": "mescc",
    "arm": "surgery_cebrt",
    "baseline": "all",
    "outcome": "walking",
    "measure": "proportion",
    "definition": "with_aids",
    "timepoint": "30 days",
    "timepoint_days": "30",
    "numerator": "42",
    "denominator": "50",
    "denominator_rule": "randomised",
    "death_rule": "composite",
    "estimate": "0.84",
    "source": "PMID 1",
    "provenance": "printed",
    "status": "verified",
    "use_in_tests": "yes",
}
RATIO = {
    **{"numerator": "", "denominator": "", "use_in_tests": "no", "measure": "odds_ratio"},
    **{"reference": "cebrt_long", "event_of_ratio": "walking", "estimate": "6.2"},
}
NO_COUNTS = {"numerator": "", "denominator": "", "use_in_tests": "no"}


def written(*rows, fields=tuple(GOOD)):
    text = io.StringIO()
    writer = csv.DictWriter(text, fields, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def faults(text, name="benchmarks"):
    with pytest.raises(CodebookError) as error:
        parse_csv(text, name)
    assert error.value.subject == f"codebook '{name}'"
    return list(error.value.problems)


@pytest.mark.parametrize(
    "change", [{}, RATIO, NO_COUNTS, {"estimate": "0.8"}, {"provenance": "forced"}]
)
def test_a_sound_row_is_read(change):
    row = parse_csv(written(GOOD | change), "benchmarks").iloc[0]
    assert row["timepoint_days"] == 30.0
    assert row["note"] is pd.NA


@pytest.mark.parametrize(
    "change, fault",
    [
        ({"status": "sure"}, "status 'sure' is not one of verified, secondary, unverified"),
        ({"status": ""}, "status is empty"),
        ({"use_in_tests": "maybe"}, "use_in_tests 'maybe' is not one of yes, no"),
        ({"year": "2005.5"}, "year '2005.5' is not a whole number"),
        ({"p": "<0.01"}, "p '<0.01' is not a number"),
        ({"estimate": "0.85"}, "estimate 0.85 is not numerator / denominator: 42 of 50 is 0.8400"),
        ({"estimate": ""}, "estimate is empty"),
        (
            {"ci_lower": "0.85", "ci_upper": "0.92"},
            "interval 0.85 to 0.92 does not contain the estimate 0.84",
        ),
        (
            {"ci_lower": "0.70", "ci_upper": "0.83"},
            "interval 0.70 to 0.83 does not contain the estimate 0.84",
        ),
        ({"ci_lower": "0.92", "ci_upper": "0.70"}, "interval 0.92 to 0.70 is upside down"),
        ({"ci_lower": "0.70"}, "ci_lower and ci_upper belong together"),
        ({"numerator": "", "use_in_tests": "no"}, "a numerator and a denominator belong together"),
        (
            {"numerator": "51", "estimate": "1"},
            "found 51 of 50, wanted 0 <= numerator <= denominator",
        ),
        ({"p": "1.2"}, "p 1.2 is outside 0 to 1"),
        ({**NO_COUNTS, "estimate": "84"}, "estimate 84 is outside 0 to 1"),
        (
            {**NO_COUNTS, "provenance": "forced"},
            "provenance forced needs a numerator and a denominator",
        ),
        (
            {"provenance": "forced", "estimate": "0.8"},
            "not forced: 38, 39, 40, 41, 42 of 50 all print as 0.8",
        ),
        (
            {"provenance": "forced", "numerator": "75", "denominator": "108", "estimate": "0.69"},
            "not forced: 74, 75 of 108 all print as 0.69",
        ),
        ({"provenance": "inferred"}, "use_in_tests must be no: inferred"),
        ({"provenance": "memory"}, "use_in_tests must be no: memory"),
        ({"status": "unverified"}, "use_in_tests must be no: unverified"),
        (
            {**NO_COUNTS, "use_in_tests": "yes"},
            "use_in_tests needs a numerator and a denominator",
        ),
        ({**RATIO, "event_of_ratio": ""}, "measure odds_ratio needs event_of_ratio"),
        ({**RATIO, "reference": ""}, "measure odds_ratio needs reference"),
        (
            {"event_of_ratio": "walking"},
            "event_of_ratio belongs to a ratio, not to measure proportion",
        ),
        (
            {**RATIO, "numerator": "42", "denominator": "50"},
            "counts belong to a proportion, not to measure odds_ratio",
        ),
        (
            {**NO_COUNTS, "measure": "range"},
            "a range has two ends (ci_lower, ci_upper) and no estimate",
        ),
    ],
)
def test_a_fault_is_named(change, fault):
    assert faults(written(GOOD | change)) == [f"line 2 (a): {fault}"]


def test_all_faults_are_named_at_once():
    text = written(GOOD, GOOD | {"status": "sure", "arm": "knife"}, GOOD | {"benchmark_id": "b"})
    arms = (
        "surgery_sbrt, surgery_cebrt, surgery_only, sbrt, cebrt_long, cebrt_short, cebrt_other, "
        "systemic_only, supportive, unknown, all, surgery, surgery_rt, rt, cebrt, none"
    )
    assert faults(text) == [
        f"line 3 (a): arm 'knife' is not one of {arms}",
        "line 3 (a): status 'sure' is not one of verified, secondary, unverified",
        "line 3 (a): benchmark_id stands twice",
    ]


def test_a_missing_an_unknown_and_a_doubled_field_are_named():
    fields = [name for name in GOOD if name not in ("p", "status")] + ["notes", "arm"]
    assert faults(written(GOOD, fields=fields)) == [
        "field 'p' is missing",
        "field 'status' is missing",
        "field 'notes' is not known",
        "field 'arm' stands twice",
    ]


def test_a_row_that_is_too_short_is_named():
    assert faults(written(GOOD) + "b,B 2006\n") == ["line 3: found 2 fields, wanted 27"]


def test_an_empty_file_lacks_every_field():
    assert faults("", "catalogue")[0] == "field 'number' is missing"
    assert len(faults("", "catalogue")) == 9


def test_an_unknown_file_is_refused():
    with pytest.raises(CodebookError) as error:
        load_csv("bencmarks")
    assert str(error.value) == ("codebook 'bencmarks' cannot be used:\n  - there is no such file")


# --- the comparison --------------------------------------------------------------------------

RULES = CohortRules(walking="with_aids", time_zero="mri")


def published(*changes):
    return parse_csv(
        written(*(GOOD | {"benchmark_id": f"b{i}"} | c for i, c in enumerate(changes))),
        "benchmarks",
    )


def rates(*rows):
    """Rows of rates.csv: arm ("all": the whole cohort), entry, day, estimand, walking, of."""
    names = ["group", "baseline", "timepoint_days", "estimand", "numerator", "denominator"]
    frame = pd.DataFrame(rows, columns=names).astype({"numerator": "Int64", "denominator": "Int64"})
    outcome = {"all": "walking", "ambulatory": "maintained", "non_ambulatory": "regained"}
    return frame.assign(
        analysis=frame["group"].map(lambda name: "overall" if name == "all" else "by_arm"),
        outcome=frame["baseline"].map(outcome),
        proportion=frame["numerator"] / frame["denominator"],
        ci_lower=0.1,
        ci_upper=0.9,
    )


def summary(*rows):
    """Rows of summary.csv: arm ("all": the whole cohort), median, survival at 90 days, start."""
    names = ["group", "median_days", "survival_90d", "start_days"]
    frame = pd.DataFrame(rows, columns=names).astype(dict.fromkeys(names[1:], "Float64"))
    return frame.assign(
        analysis=frame["group"].map(lambda name: "overall" if name == "all" else "by_arm"),
        median_lower=frame["median_days"] - 20,
        median_upper=frame["median_days"] + 30,
        survival_90d_lower=frame["survival_90d"] - 0.1,
        survival_90d_upper=frame["survival_90d"] + 0.05,
    )


WALKING = rates(
    ("all", "all", 30.0, "composite", 60, 100),
    ("surgery_cebrt", "all", 30.0, "composite", 30, 40),
    ("surgery_cebrt", "all", 30.0, "alive_assessed", 30, 35),
    ("surgery_cebrt", "all", 90.0, "composite", 20, 40),
    ("surgery_cebrt", "non_ambulatory", 30.0, "composite", 4, 10),
    ("cebrt_long", "all", 30.0, "composite", 25, 50),
)
SURVIVAL = summary(
    ("all", 150, 0.6, 0), ("surgery_cebrt", 250, 0.8, 0), ("cebrt_long", 120, 0.5, 0)
)
MEDIAN = {
    **{"measure": "median_days", "outcome": "survival", "definition": "from_mri"},
    **{"death_rule": "kaplan_meier", "estimate": "59", "timepoint": "", "timepoint_days": ""},
    **NO_COUNTS,
}


CONTRASTS = pd.DataFrame(
    {
        "analysis": "by_arm",
        "group": "surgery_cebrt",
        "reference": "cebrt_long",
        "baseline": "all",
        "timepoint_days": 30.0,
        "estimand": "composite",
        "measure": ["odds_ratio", "odds_ratio", "odds_ratio_mh", "risk_difference"],
        "estimate": [4.0, 4.0, 6.0, 0.2],
        "ci_lower": [2.0, 2.0, 3.0, 0.1],
        "ci_upper": [8.0, 8.0, 12.0, 0.3],
    }
)


def figures_of(walking=WALKING, survival=SURVIVAL, rules=RULES, contrasts=CONTRASTS):
    return cohort_figures(walking, survival, contrasts, rules)


def compared(change, walking=WALKING, survival=SURVIVAL, rules=RULES, operated=0.4):
    table = compare(published(change), figures_of(walking, survival, rules), rules, operated)
    assert table.columns.tolist() == list(COLUMNS)
    return table.iloc[0]


def test_what_measures_the_same_is_compared():
    row = compared({})
    assert (row["comparable"], row["why_not"]) == ("yes", "")
    assert (row["numerator"], row["denominator"], row["estimate"]) == (30, 40, 0.75)
    assert (row["analysis"], row["timepoint_days"], row["death_rule"]) == (
        *("by_arm", 30.0),
        "composite",
    )
    # 30/40 less 42/50, Newcombe by hand from the Wilson limits .5981-.8581 and .7149-.9166
    assert row["difference"] == pytest.approx(-0.09)
    assert row["difference_lower"] == pytest.approx(-0.2600, abs=5e-4)
    assert row["difference_upper"] == pytest.approx(0.0753, abs=5e-4)
    assert row["difference_note"] == ""


def test_published_counts_get_wilsons_interval():
    row = compared({})
    assert row["published_interval"] == "Wilson"
    assert row["published_lower"] == pytest.approx(0.715, abs=5e-4)
    assert row["published_upper"] == pytest.approx(0.917, abs=5e-4)


def test_a_printed_interval_is_kept():
    row = compared({"ci_lower": "0.70", "ci_upper": "0.90"})
    assert row["published_interval"] == "printed"
    assert (row["published_lower"], row["published_upper"]) == (0.7, 0.9)


@pytest.mark.parametrize(
    "change, note",
    [
        ({"use_in_tests": "no"}, "no test: the published counts are printed"),
        (
            {"provenance": "inferred", "use_in_tests": "no"},
            "no test: the published counts are inferred",
        ),
        (NO_COUNTS, "no test: no count was published"),
    ],
)
def test_counts_that_may_not_be_tested_are_shown_only(change, note):
    row = compared(change)
    assert row["comparable"] == "yes"
    assert row["difference_note"] == note
    assert row["difference"] is pd.NA
    assert row["published_lower"] is pd.NA and row["published_interval"] == ""


@pytest.mark.parametrize(
    "change, why_not",
    [
        (
            {"definition": "unaided"},
            "defined otherwise: published walking without aids, here walking with or without aids",
        ),
        (
            {"definition": "not_stated"},
            "the publication does not say what counts as walking",
        ),
        (
            {"death_rule": "not_stated"},
            "the publication does not say how deaths are counted",
        ),
        (
            {"timepoint": "6 months", "timepoint_days": "183"},
            "another time: published 6 months, here day 90",
        ),
        (
            {"timepoint": "after treatment", "timepoint_days": ""},
            "the publication gives no day, only 'after treatment'; here day 30",
        ),
        (
            {"timepoint": "", "timepoint_days": ""},
            "the publication gives no time; here day 30",
        ),
        (
            {"population": "mescc_subset"},
            "other patients: published a part of the patients, chosen by score, grade, dose or "
            "histology",
        ),
        (
            {"population": "spine_metastases"},
            "other patients: published spinal metastases with or without compression",
        ),
        (
            {"status": "unverified", "use_in_tests": "no"},
            "the published figure is not verified",
        ),
        (
            {"death_rule": "crude"},
            "deaths are counted otherwise: published the dead as a share of all, here death "
            "counts as not walking",
        ),
        (
            {"denominator_rule": "segments"},
            "counted otherwise: published spinal segments, here patients",
        ),
        (
            {"definition": "unaided", "timepoint": "6 months", "timepoint_days": "183"},
            "defined otherwise: published walking without aids, here walking with or without "
            "aids; another time: published 6 months, here day 90",
        ),
    ],
)
def test_what_differs_is_shown_with_every_reason(change, why_not):
    row = compared(change)
    assert (row["comparable"], row["why_not"]) == ("no", why_not)
    assert row["estimate"] in (0.75, 0.5)
    assert row["difference"] is pd.NA and row["difference_note"] == ""


@pytest.mark.parametrize(
    "change, why_not",
    [
        ({"outcome": "local_control"}, "not estimated here"),
        ({"outcome": "mri_within_24h"}, "not assessable: needs mri_day"),
        (
            {"outcome": "mri_sensitivity"},
            "cannot be computed: a cohort of cases holds nobody without compression",
        ),
        ({"arm": "sbrt"}, "no case here: SBRT"),
        ({"arm": "cebrt"}, "no case here: cEBRT, any course"),
        ({"arm": "surgery"}, "no case here: Surgery of any kind"),
        # the arm has cases, only not this outcome
        (
            {"arm": "cebrt_long", "outcome": "regained"},
            "not estimated here for cEBRT, long course",
        ),
        (
            {"arm": "cebrt_long", "baseline": "non_ambulatory", "outcome": "regained"},
            "no case here: cEBRT, long course not walking at entry",
        ),
        (
            {"arm": "cebrt_long", "baseline": "ambulatory", "outcome": "walking"},
            "no case here: cEBRT, long course walking at entry",
        ),
        (
            RATIO | {"event_of_ratio": "no walking"},
            "published as an odds ratio, which is not estimated here",
        ),
        (
            RATIO | {"measure": "hazard_ratio"},
            "published as a hazard ratio, which is not estimated here",
        ),
        (
            NO_COUNTS | {"measure": "mean_days", "estimate": "12"},
            "published as a mean, which is not estimated here",
        ),
    ],
)
def test_without_a_figure_of_the_same_kind_nothing_stands_beside(change, why_not):
    row = compared(change)
    assert (row["comparable"], row["why_not"]) == ("no", why_not)
    assert row[["analysis", "numerator", "estimate", "ci_lower", "timepoint_days"]].isna().all()


def test_the_ends_of_a_range_are_no_interval():
    row = compared(
        {**NO_COUNTS, "measure": "range", "estimate": "", "ci_lower": "0.1", "ci_upper": "0.2"}
    )
    assert row["published_interval"] == "range"
    assert (row["estimate"], row["comparable"]) == (0.75, "yes")
    assert row["difference_note"] == "no test: only rates are tested"


def test_an_upper_limit_stands_beside_a_rate():
    row = compared(NO_COUNTS | {"measure": "at_most"})
    assert (row["estimate"], row["comparable"], row["difference"]) == (0.75, "yes", pd.NA)


@pytest.mark.parametrize(
    "change, estimate, lower, upper",
    [
        ({}, 4.0, 2.0, 8.0),
        ({"measure": "odds_ratio_stratified"}, 6.0, 3.0, 12.0),
        ({"arm": "cebrt_long", "reference": "surgery_cebrt"}, 0.25, 0.125, 0.5),
    ],
)
def test_a_ratio_is_of_its_event_reference_and_kind(change, estimate, lower, upper):
    row = compared(RATIO | change)
    assert (row["estimate"], row["ci_lower"], row["ci_upper"]) == (estimate, lower, upper)
    assert (row["comparable"], row["in_figure"]) == ("yes", "no")


def test_the_same_rule_for_deaths_comes_before_the_nearest_day():
    row = compared(
        {"death_rule": "alive_assessed", "timepoint": "3 months", "timepoint_days": "91"}
    )
    assert (row["death_rule"], row["timepoint_days"]) == ("alive_assessed", 30.0)
    assert row["why_not"] == "another time: published 3 months, here day 30"


def test_entry_status_is_kept_apart():
    row = compared(
        {"baseline": "non_ambulatory", "outcome": "regained", "numerator": "31", "estimate": "0.62"}
    )
    assert (row["numerator"], row["denominator"], row["comparable"]) == (4, 10, "yes")


# --- what the rules of the cohort change -----------------------------------------------------


@pytest.mark.parametrize(
    "days, tolerance, comparable",
    [("37", 7, "yes"), ("38", 7, "no"), ("38", 8, "yes"), ("23", 7, "yes"), ("31", 0, "no")],
)
def test_days_may_lie_apart_by_the_tolerance(days, tolerance, comparable):
    rules = CohortRules(walking="with_aids", time_zero="mri", tolerance_days=tolerance)
    assert compared({"timepoint_days": days}, rules=rules)["comparable"] == comparable


def test_the_definition_of_walking_is_the_cohorts():
    rules = CohortRules(walking="unaided", time_zero="mri")
    assert compared({}, rules=rules)["why_not"] == (
        "defined otherwise: published walking with or without aids, here walking without aids"
    )
    assert compared({"definition": "unaided"}, rules=rules)["comparable"] == "yes"


@pytest.mark.parametrize(
    "day, comparable, shown", [(30, "yes", 30.0), (90, "yes", 90.0), (None, "no", 30.0)]
)
def test_a_study_says_which_day_stands_for_after_treatment(day, comparable, shown):
    rules = CohortRules(walking="with_aids", time_zero="mri", after_treatment_days=day)
    row = compared({"timepoint": "after treatment", "timepoint_days": ""}, rules=rules)
    assert (row["comparable"], row["timepoint_days"]) == (comparable, shown)


def test_survival_is_counted_from_the_same_start():
    assert compared(MEDIAN)["comparable"] == "yes"
    rules = CohortRules(walking="with_aids", time_zero="treatment_start")
    assert compared(MEDIAN, rules=rules)["why_not"] == (
        "defined otherwise: published counted from the MRI, here counted from the start of "
        "treatment"
    )


def test_a_landmark_leaves_out_the_deaths_before_it():
    rules = CohortRules(walking="with_aids", time_zero="mri", landmark_days=30)
    reason = "here only those alive on day 30, the landmark, are counted"
    assert compared({}, rules=rules)["why_not"] == reason
    assert compared({"death_rule": "alive_assessed"}, rules=rules)["comparable"] == "yes"
    assert compared({"arm": "all"}, rules=rules)["comparable"] == "yes"
    late = summary(("surgery_cebrt", 250, 0.8, 30), ("cebrt_long", 120, 0.5, 30))
    assert compared(MEDIAN, survival=late, rules=rules)["why_not"] == reason


def test_unknown_rules_are_refused():
    with pytest.raises(UsageError) as error:
        CohortRules(walking="aided", time_zero="ct")
    assert str(error.value) == (
        "rules of the cohort cannot be used:\n"
        "  - walking: 'aided' is not one of with_aids, unaided\n"
        "  - time_zero: 'ct' is not one of mri, presentation, treatment_start"
    )


# --- survival --------------------------------------------------------------------------------


def test_median_survival_stands_beside_that_of_its_own_arm():
    row = compared(MEDIAN)
    assert (row["published"], row["estimate"]) == (59, 250)
    assert (row["ci_lower"], row["ci_upper"]) == (230, 280)
    assert row["difference_note"] == "no test: only rates are tested"


def test_deaths_are_what_survival_leaves():
    row = compared(
        MEDIAN
        | {"measure": "proportion", "outcome": "death", "estimate": "0.19"}
        | {"timepoint": "3 months", "timepoint_days": "91"}
    )
    assert row["comparable"] == "yes"
    assert row["estimate"] == pytest.approx(0.2)
    assert row["ci_lower"] == pytest.approx(0.15) and row["ci_upper"] == pytest.approx(0.3)


def test_crude_deaths_are_not_kaplan_meier():
    row = compared(
        {"outcome": "death", "definition": "from_mri", "death_rule": "crude"}
        | {"timepoint": "3 months", "timepoint_days": "91"}
    )
    assert row["why_not"] == (
        "deaths are counted otherwise: published the dead as a share of all, here Kaplan-Meier "
        "estimate"
    )


def test_all_comers_stand_beside_the_whole_cohort():
    row = compared(MEDIAN | {"arm": "all"})
    assert (row["comparable"], row["analysis"], row["estimate"]) == ("yes", "overall", 150)


def test_a_surgical_arm_is_never_put_beside_all_comers():
    surgical = summary(("surgery_cebrt", 250, 0.8, 0))
    row = compared(MEDIAN | {"arm": "all"}, survival=surgical)
    assert (row["comparable"], row["estimate"]) == ("no", pd.NA)
    assert row["why_not"] == "not estimated here for all treatments together"
    row = compared(MEDIAN | {"arm": "surgery"}, survival=summary(("all", 150, 0.6, 0)))
    assert (row["comparable"], row["estimate"]) == ("no", pd.NA)


@pytest.mark.parametrize(
    "operated, why_not",
    [
        (1.0, "here everybody was operated, and those chosen for surgery live longer"),
        (0.51, "here more than 50 % were operated"),
        (0.0, "here nobody was operated"),
        (float("nan"), "here no treatment is known that would say whom the cohort holds"),
    ],
)
def test_a_selected_cohort_is_not_one_of_all_comers(operated, why_not):
    row = compared(MEDIAN | {"arm": "all"}, operated=operated)
    assert (row["comparable"], row["estimate"]) == ("no", 150)
    assert row["why_not"] == f"published of all comers; {why_not}"
    assert compared(MEDIAN, operated=operated)["comparable"] == "yes"  # its own arm


def test_a_study_says_how_many_may_be_operated():
    rules = CohortRules(walking="with_aids", time_zero="mri", surgical_share_max=0.6)
    assert compared(MEDIAN | {"arm": "all"}, rules=rules, operated=0.51)["comparable"] == "yes"
    reason = compared(MEDIAN | {"arm": "all"}, rules=rules, operated=0.61)["why_not"]
    assert reason == "published of all comers; here more than 60 % were operated"


def test_a_trial_is_not_all_comers():
    rules = CohortRules(walking="with_aids", time_zero="mri", arms_given=True)
    assert compared(MEDIAN | {"arm": "all"}, rules=rules)["why_not"] == (
        "published of all comers; here the table gives the arms, as in a trial, which admits a "
        "part of them"
    )
    assert compared({}, rules=rules)["comparable"] == "yes"


def test_a_study_may_do_without_tests():
    rules = CohortRules(walking="with_aids", time_zero="mri", tests=False)
    row = compared({}, rules=rules)
    assert (row["comparable"], row["difference"]) == ("yes", pd.NA)
    assert row["difference_note"] == "no test: the settings ask for none"


def test_the_figure_holds_what_is_compared_and_what_a_study_asks_for():
    other = {"definition": "unaided"}
    assert (compared({})["in_figure"], compared(other)["in_figure"]) == ("yes", "no")
    rules = CohortRules(walking="with_aids", time_zero="mri", show=("b0",))
    assert compared(other, rules=rules)["in_figure"] == "yes"
    assert compared({"outcome": "local_control"}, rules=rules)["in_figure"] == "no"


def test_what_the_cohort_could_not_estimate_is_not_compared():
    survival = summary(("surgery_cebrt", pd.NA, 0.8, 0))
    row = compared(MEDIAN, survival=survival)
    assert row["why_not"] == "the cohort's figure is not estimable"


# --- the table -------------------------------------------------------------------------------


def test_every_benchmark_keeps_its_row_and_order():
    benchmarks = load_csv("benchmarks")
    table = compare(benchmarks, figures_of(), RULES, 0.4)
    assert table["benchmark_id"].tolist() == benchmarks["benchmark_id"].tolist()
    assert ((table["why_not"] == "") == (table["comparable"] == "yes")).all()


def test_a_cohort_without_results_has_nothing_to_compare():
    nothing = figures_of(rates(), summary(), contrasts=CONTRASTS.iloc[:0])
    table = compare(load_csv("benchmarks"), nothing, RULES)
    assert set(table["comparable"]) == {"no"}
    assert table["estimate"].isna().all()


def test_the_published_file_compares_patchell_where_the_day_is_declared():
    rules = CohortRules(walking="with_aids", time_zero="mri", after_treatment_days=30)
    table = compare(load_csv("benchmarks"), figures_of(rules=rules), rules, 0.4)
    table = table.set_index("benchmark_id")
    compared_rows = table.index[table["comparable"] == "yes"].tolist()
    assert compared_rows == [
        "patchell_surgery_walking",
        "patchell_rt_walking",
        "patchell_surgery_regained",
        "patchell_odds_ratio_stratified",
        "patchell_odds_ratio_crude",
    ]
    # 4 of 10 less 10 of 16
    assert table.loc["patchell_surgery_regained", "difference"] == pytest.approx(-0.225)


def test_a_benchmark_that_stands_twice_is_refused():
    twice = pd.concat([published({}), published({})])
    with pytest.raises(UsageError) as error:
        compare(twice, figures_of(), RULES)
    assert str(error.value) == "benchmarks cannot be used:\n  - b0 stands twice"


def test_other_analyses_and_bounds_are_left_out():
    extra = WALKING.assign(analysis="by_sex", group="surgery_cebrt", numerator=1)
    bounds = WALKING.assign(estimand="best_case", numerator=2)
    walking = pd.concat([extra, bounds, WALKING], ignore_index=True)
    assert compared({}, walking=walking)["numerator"] == 30
    assert compared({"death_rule": "not_stated"}, walking=walking)["numerator"] == 30
