"""What is withheld before anything is shown."""

import pandas as pd
import pytest

import result_frames as made
from mescc_analytics.steps import withhold, withhold_walking


def test_curve_is_cut_where_few_are_at_risk():
    shown = withhold.curves(made.curves(), 5)
    arm = shown[shown["group"] == "surgery_sbrt"]
    assert arm["survival"].tolist() == [1, 0.5, 0.25, pd.NA]
    assert arm["n_at_risk"].tolist() == [12, 12, 6, pd.NA]


def test_curve_can_be_cut_earlier_than_counts_are_withheld():
    arm = withhold.curves(made.curves(), 5, least_at_risk=10)
    arm = arm[arm["group"] == "surgery_sbrt"]
    assert arm["survival"].tolist() == [1, 0.5, pd.NA, pd.NA]
    assert arm["n_at_risk"].tolist() == [12, 12, 6, pd.NA]


def test_threshold_zero_hides_nothing():
    assert withhold.curves(made.curves(), 0)["survival"].notna().all()
    assert withhold.summary(made.summary(), 0)["events"].tolist() == [20, 9, 10]


@pytest.mark.parametrize(
    "events, mark", [(0, None), (4, "<5"), (5, None), (7, None), (8, "hidden"), (12, None)]
)
def test_deaths_and_survivors_of_an_arm_of_twelve(events, mark):
    summary = made.summary().iloc[[1]].assign(events=events)
    shown = withhold.summary(summary, 5).iloc[0]
    assert (None if pd.isna(shown["events_mark"]) else shown["events_mark"]) == mark
    assert pd.isna(shown["events"]) == (mark is not None)


def test_survival_that_tells_a_small_number_is_withheld():
    summary = made.summary().iloc[[2]].assign(survival_90d=0.9)
    shown = withhold.summary(summary, 5).iloc[0]
    assert pd.isna(shown["survival_90d"]) and pd.isna(shown["survival_90d_lower"])
    assert withhold.summary(summary, 2).iloc[0]["survival_90d"] == 0.9


def test_small_group_is_withheld_whole_and_so_is_its_hazard_ratio():
    summary = withhold.summary(made.summary().assign(n=[40, 4, 20]), 5)
    assert summary["mark"].tolist() == [pd.NA, "<5", pd.NA]
    assert pd.isna(summary.iloc[1]["median_days"])
    hazards = withhold.hazards(made.hazards(), summary)
    assert hazards["hazard_ratio"].isna().all() and hazards["mark"].tolist() == ["hidden"]


def rate(**changed):
    row = {
        "analysis": "overall",
        "group": "all",
        "baseline": "all",
        "timepoint_days": 90.0,
        "estimand": "composite",
        "numerator": 10,
        "denominator": 30,
        "proportion": 1 / 3,
        "ci_lower": 0.2,
        "ci_upper": 0.5,
        "n_dead": 0,
        "n_unknown": 0,
    }
    return row | changed


@pytest.mark.parametrize(
    "numerator, mark",
    [(0, None), (1, "<5"), (4, "<5"), (5, None), (25, None), (26, "hidden"), (30, None)],
)
def test_rate_is_withheld_at_a_small_count_and_at_a_small_rest(numerator, mark):
    shown = withhold_walking.rates(pd.DataFrame([rate(numerator=numerator)]), 5).iloc[0]
    assert (None if pd.isna(shown["mark"]) else shown["mark"]) == mark
    assert pd.isna(shown["proportion"]) == pd.isna(shown["denominator"]) == (mark is not None)


def test_small_number_of_deaths_hides_alive_and_assessed_only():
    rows = [rate(estimand=name, n_dead=3) for name in ("alive_assessed", "composite", "best_case")]
    shown = withhold_walking.rates(pd.DataFrame(rows), 5)
    assert shown["mark"].tolist() == ["hidden", pd.NA, pd.NA]
    assert shown["n_dead_mark"].tolist() == ["<5"] * 3


def test_small_number_of_unknowns_hides_best_and_worst_case():
    names = ("alive_assessed", "composite", "best_case", "worst_case")
    shown = withhold_walking.rates(pd.DataFrame([rate(estimand=name, n_unknown=3) for name in names]), 5)
    assert shown["proportion"].notna().tolist() == [True, True, False, False]


def test_one_hidden_entry_status_hides_the_other():
    rows = [
        rate(baseline="all"),
        rate(baseline="ambulatory", numerator=3, denominator=10),
        rate(baseline="non_ambulatory", numerator=7, denominator=20),
    ]
    shown = withhold_walking.rates(pd.DataFrame(rows), 5)
    assert shown["mark"].tolist() == [pd.NA, "<5", "hidden"]


def test_one_hidden_arm_hides_the_smallest_other():
    rows = [
        rate(analysis="by_arm", group="sbrt", numerator=2),
        rate(analysis="by_arm", group="cebrt_long", denominator=40),
        rate(analysis="by_arm", group="cebrt_short", denominator=20),
    ]
    shown = withhold_walking.rates(pd.DataFrame(rows), 5)
    assert shown["mark"].tolist() == ["<5", pd.NA, "hidden"]


def test_contrast_with_a_hidden_arm_is_hidden():
    rates = [
        rate(analysis="by_arm", group="surgery_sbrt", numerator=2),
        rate(analysis="by_arm", group="cebrt_long"),
    ]
    shown = withhold.contrasts(made.contrasts(), withhold_walking.rates(pd.DataFrame(rates), 5))
    assert shown["estimate"].isna().all() and shown["p"].isna().all()
    rates[0] = rate(analysis="by_arm", group="surgery_sbrt")
    shown = withhold.contrasts(made.contrasts(), withhold_walking.rates(pd.DataFrame(rates), 5))
    assert shown["estimate"].tolist() == [-0.271, 3.98, 3.98]


def test_cells_are_withheld_with_a_second_one_in_row_and_column():
    counts = pd.DataFrame({"section": "cell", "pathway": ["sbrt", "sbrt", "cebrt", "cebrt"]})
    counts = counts.assign(arm=["sbrt", "cebrt_long"] * 2, n=[3, 20, 30, 40])
    shown = withhold.cells(counts, 5)
    assert shown["mark"].tolist() == ["<5", "hidden", "hidden", "hidden"]
    assert withhold.cells(counts, 0)["n"].tolist() == [3, 20, 30, 40]


def test_no_cells_where_nothing_is_determined():
    counts = pd.DataFrame(
        {"section": "cell", "pathway": ["undetermined"], "arm": ["sbrt"], "n": [9]}
    )
    assert withhold.cells(counts, 5).empty


@pytest.mark.parametrize(
    "agree, shown", [(0, True), (4, False), (5, True), (26, False), (30, True)]
)
def test_agreement_that_tells_a_small_number_is_withheld(agree, shown):
    concordance = made.concordance()
    concordance.loc[concordance["text"] == "agree", "n"] = agree
    assert bool(withhold.agreement(concordance, 5)) == shown


def test_small_unknowns_join_the_exclusions_of_the_flow():
    flow = made.flow()
    flow.loc[1, ["n_excluded", "n_unknown"]] = [4, 2]
    shown = withhold.flow(flow, 5)
    assert shown.loc[1, "label"] == "Contradictory dates (or could not be judged)"
    assert shown.loc[1, ["n_excluded", "n_unknown"]].tolist() == [6, 0]
    assert withhold.flow(flow, 0).loc[1, ["n_excluded", "n_unknown"]].tolist() == [4, 2]


def test_merged_labels_read_as_one_sentence():
    flow = made.flow()
    more = flow.iloc[[2]].assign(
        criterion="lost", label="Lost by day 30", n_before=32, n_excluded=2, n_after=30
    )
    shown = withhold.flow(pd.concat([flow, more], ignore_index=True), 5)
    assert shown["label"].tolist()[-1] == "Died by day 30 (the landmark) or lost by day 30"
    assert shown["n_excluded"].tolist()[-1] == 10
