"""What is withheld of the weighting of arms: each test tries to work a small number out."""

import numpy as np
import pandas as pd
import pytest

from mescc_analytics.steps import withhold, withhold_weight
from weighted_frames import (
    ARM,
    BROAD,
    DETAILED,
    REFERENCE,
    balance,
    curves,
    diagnostic,
    diagnostics,
    overlap,
    summary,
)


def shown_summary(threshold=5, **changed):
    return withhold.summary(summary(**changed), threshold)


def judged(rows, *, threshold=5, few=None, told=None, bins=None):
    """Diagnostics as shown, by name."""
    bins = overlap() if bins is None else bins
    sizes = withhold_weight.sizes(bins, rows)
    told = shown_summary(threshold) if told is None else told
    hidden = [withhold_weight.untold(sizes, told, threshold, of) for of in ("n", "events")]
    few = balance().iloc[:0] if few is None else few
    found = withhold_weight.diagnostics(rows, few, (sizes, *hidden), threshold)
    return found.set_index("diagnostic")


def test_sizes_are_counted_from_the_bins_and_from_what_is_left_out():
    rows = pd.concat(
        [
            diagnostics(),
            diagnostic("arm_size", 6, 10, group="surgery_only"),
            diagnostic(
                "events_per_parameter",
                2.75,
                5,
                group="sbrt",
                why="22 cases for 8 parameters of the model of the arms",
            ),
            diagnostic("separation", 1, 0, group="supportive"),
        ]
    )
    found = withhold_weight.sizes(overlap(), rows).to_dict()
    assert found == {
        (DETAILED, ARM): 53,
        (DETAILED, REFERENCE): 88,
        (DETAILED, "surgery_only"): 6,
        (DETAILED, "sbrt"): 22,
    }
    of_reference = diagnostic(
        "arm_size", 7, 10, why="the reference arm: fewer than 10 cases can be compared"
    )
    assert withhold_weight.sizes(overlap().iloc[:0], of_reference).to_dict() == {
        (DETAILED, REFERENCE): 7
    }


# balance


def few_of(frame, rows=None, n=(53, 88), threshold=5):
    sizes = pd.Series(n, pd.MultiIndex.from_tuples([(DETAILED, ARM), (DETAILED, REFERENCE)]))
    rows = diagnostics() if rows is None else rows
    return withhold_weight.few(frame, rows, sizes, threshold)


def test_a_difference_does_not_tell_how_few_have_a_level():
    """From 10 of 88 and 53 cases the difference before weighting tells 1, 2, 3 or 4 of them."""

    def distance(p, q):
        return abs(p - q) / np.sqrt((p * (1 - p) + q * (1 - q)) / 2)

    told = {n: round(distance(n / 53, 10 / 88), 2) for n in range(1, 5)}
    assert len(set(told.values())) == 4
    frame = balance(smd_before=told[3], n_fewest=3)
    shown = withhold_weight.balance(frame, few_of(frame), 5)
    assert shown[["smd_before", "smd_after", "by_chance"]].isna().all(axis=None)
    assert shown["mark"].tolist() == ["hidden"] and "n_fewest" not in shown
    assert shown["verdict"].tolist() == ["pass"]


@pytest.mark.parametrize(
    "n_fewest, threshold, hidden", [(4, 5, True), (5, 5, False), (3, 0, False)]
)
def test_differences_are_hidden_below_the_threshold(n_fewest, threshold, hidden):
    frame = balance(n_fewest=n_fewest)
    shown = withhold_weight.balance(frame, few_of(frame, threshold=threshold), threshold)
    assert shown["smd_after"].isna().tolist() == [hidden]


def test_a_number_that_a_few_lack_is_shown_if_enough_have_it():
    frame = balance(covariate="ecog", n_fewest=1)
    assert few_of(frame).tolist() == [False]
    # 8 cases of which half lack something: fewer than 5 may have a number
    lacking = diagnostics().assign(value=0.5)
    assert few_of(frame, lacking, n=(8, 88)).tolist() == [True]
    assert few_of(balance(covariate="ecog: missing", n_fewest=1)).tolist() == [True]


def test_the_worst_difference_is_hidden_in_the_diagnostics_too():
    frame = balance(smd_after=0.31, n_fewest=3)
    rows = diagnostic("balance", 0.31, 0.25, verdict="fail")
    assert pd.isna(judged(rows, few=frame).loc["balance", "value"])
    assert judged(rows, few=frame).loc["balance", "verdict"] == "fail"
    assert judged(rows, few=balance(smd_after=0.2)).loc["balance", "value"] == 0.31


# sizes


@pytest.mark.parametrize(
    "changed, threshold, hidden",
    [
        ({}, 5, False),
        # shown there: 53 and 88; one of 54 was left out of the model for a missing value
        ({"n": (54, 88)}, 5, True),
        ({"n": (58, 88)}, 5, False),
        ({"n": (54, 88)}, 0, False),
    ],
)
def test_who_was_left_out_is_not_the_rest_of_two_sizes(changed, threshold, hidden):
    rows = pd.concat(
        [diagnostic("events_per_parameter", 53 / 15, 5), diagnostic("effective_size", 36.5, 20)]
    )
    found = judged(rows, threshold=threshold, told=shown_summary(threshold, **changed))
    assert found["value"].isna().tolist() == [hidden, hidden]


def test_a_size_that_is_hidden_among_the_arms_is_hidden_here():
    """One small arm hides another so that the total does not tell it: cases per parameter would."""
    told = shown_summary(n=(53, 88, 3), groups=(ARM, REFERENCE, "surgery_only"))
    assert told["n_mark"].tolist()[0] == "hidden"
    rows = diagnostic("events_per_parameter", 53 / 15, 5)
    assert judged(rows, told=told).loc["events_per_parameter", "mark"] == "hidden"


def test_a_first_treatment_does_not_tell_one_of_its_arms():
    """Surgery 56 less surgery + cEBRT 53 would be the three with surgery alone."""
    told = shown_summary(n=(53, 88, 3, 30), groups=(ARM, REFERENCE, "surgery_only", "cebrt_short"))
    bins = overlap(analysis=BROAD, group="surgery", reference="cebrt", n=(56, 118))
    sizes = withhold_weight.sizes(bins, diagnostics().iloc[:0])
    hidden = withhold_weight.untold(sizes, told, 5)
    assert (BROAD, "surgery") in hidden
    rows = curves(analysis=BROAD, groups=("surgery", "cebrt"))
    found = withhold_weight.curves(rows, rows, hidden, 5)
    surgery = found[found["group"] == "surgery"]
    assert surgery[["n_at_risk", "n_at_risk_weighted"]].isna().all(axis=None)
    assert (surgery["at_risk_mark"] == "hidden").all()
    assert withhold_weight.overlap(bins, hidden, 5)["share"].isna().iloc[0]


def test_small_arms_are_marked_and_their_contrasts_withheld():
    row = judged(diagnostic("arm_size", 3, 10)).loc["arm_size"]
    assert pd.isna(row["value"]) and row["mark"] == "<5"
    assert judged(diagnostic("arm_size", 53, 60)).loc["arm_size", "value"] == 53
    sizes = pd.Series({(DETAILED, ARM): 3, (DETAILED, REFERENCE): 88})
    sizes.index = pd.MultiIndex.from_tuples(sizes.index)
    ratio = pd.DataFrame(
        [{"analysis": DETAILED, "group": ARM, "reference": REFERENCE, "hazard_ratio": 0.7}]
    )
    found = withhold_weight.of_large_arms(ratio, sizes, ["hazard_ratio"], 5)
    assert found["hazard_ratio"].isna().all()
    assert withhold_weight.of_large_arms(ratio, sizes, ["hazard_ratio"], 0).notna().any(axis=None)


def test_the_detectable_ratio_is_hidden_where_deaths_are():
    rows = diagnostic("detectable_effect", 1.97, 2.5)
    assert judged(rows).loc["detectable_effect", "value"] == 1.97
    few_survivors = shown_summary(events=(50, 60))
    assert pd.isna(judged(rows, told=few_survivors).loc["detectable_effect", "value"])


# shares


@pytest.mark.parametrize("kind", ["overlap", "missingness"])
def test_a_share_does_not_tell_a_count(kind):
    """Every count of an arm of 53 that would give the span: never fewer than the threshold."""
    for n in range(1, 53):
        row = judged(diagnostic(kind, n / 53, 0.7)).loc[kind]
        assert pd.isna(row["value"])
        if not pd.isna(row["lower"]):
            low, high = (round(row[name] * 53, 9) for name in ("lower", "upper"))
            fitting = [k for k in range(1, 53) if low <= k < high]
            assert n in fitting and len(fitting) >= 5
    for whole in (0.0, 1.0):
        assert judged(diagnostic(kind, whole, 0.7)).loc[kind, "value"] == whole
    assert judged(diagnostic(kind, 0.33, 0.7), threshold=0).loc[kind, "value"] == 0.33


def test_a_span_that_the_limit_would_narrow_is_hidden():
    row = judged(diagnostic("overlap", 0.74, 0.72)).loc["overlap"]
    assert pd.isna(row["lower"]) and row["mark"] == "hidden"


# overlap


def test_bins_are_joined_until_none_is_small():
    frame = overlap(bins=((0, 7, 6, 4, 1, 5, 13, 8, 7, 2), (25, 21, 7, 15, 5, 7, 4, 3, 1, 0)))
    found = withhold_weight.overlap(frame, pd.MultiIndex.from_tuples([], names=["a", "b"]), 5)
    for arm, n in ((ARM, 53), (REFERENCE, 88)):
        own = found[found["arm"] == arm]
        counts = (own["share"] * n).round(9)
        assert ((counts == 0) | (counts >= 5)).all() and counts.sum() == n
        # nothing lost between the bins
        assert own["bin_lower"].tolist()[1:] == own["bin_upper"].tolist()[:-1]
        np.testing.assert_allclose(own["share_weighted"].sum(), 1)
    exact = withhold_weight.overlap(frame, pd.MultiIndex.from_tuples([], names=["a", "b"]), 0)
    assert len(exact) == 20


def test_an_arm_of_a_few_cases_has_no_bins():
    frame = overlap(bins=((1, 0, 2), (25, 21, 7)))
    found = withhold_weight.overlap(frame, pd.MultiIndex.from_tuples([], names=["a", "b"]), 5)
    assert found[found["arm"] == ARM]["share"].isna().tolist() == [True]


# curves


def test_weighted_curves_stop_where_few_are_at_risk():
    nobody = pd.MultiIndex.from_tuples([], names=["analysis", "arm"])
    rows = curves(at_risk=(20, 9, 4))
    found = withhold_weight.curves(rows, rows, nobody, 5)
    own = found[found["group"] == ARM]
    assert own["survival"].isna().tolist() == [False, False, True]
    assert own["n_at_risk_weighted"].isna().tolist() == [False, False, True]
    earlier = withhold_weight.curves(rows, rows, nobody, 5, 10)
    assert earlier[earlier["group"] == ARM]["survival"].isna().tolist() == [False, True, True]


def test_first_treatments_at_risk_do_not_tell_the_few_of_one_of_their_arms():
    """At every day: the first treatment, less those of its arms that are shown there."""
    days = {
        "surgery_cebrt": {30.0: 53, 200.0: 30, 400.0: 10},
        "surgery_only": {30.0: 7, 150.0: 4, 250.0: 2},
    }
    rows = [
        {"analysis": "by_arm", "group": arm, "time_days": day, "n_at_risk": n}
        for arm, counts in days.items()
        for day, n in counts.items()
    ]
    by_arm = pd.DataFrame(rows).assign(survival=0.5, ci_lower=0.4, ci_upper=0.6)
    total = {30.0: 60, 150.0: 57, 200.0: 34, 250.0: 12, 400.0: 10, 500.0: 8}
    made = [{"analysis": BROAD, "group": "surgery", "time_days": d, "n_at_risk": n}
            for d, n in total.items()]  # fmt: skip
    broad = pd.DataFrame(made).assign(
        n_at_risk_weighted=9.0, survival=0.5, ci_lower=0.4, ci_upper=0.6
    )
    nobody = pd.MultiIndex.from_tuples([], names=["analysis", "arm"])
    both = pd.concat([by_arm, broad], ignore_index=True)
    found = withhold_weight.curves(broad, both, nobody, 5)
    # from day 30 on until the last of the few left follow-up on day 250
    assert found["n_at_risk"].isna().tolist() == [False, True, True, True, False, False]
    assert found["at_risk_mark"].notna().tolist() == [False, True, True, True, False, False]
    assert found["n_at_risk_weighted"].isna().tolist() == [False, True, True, True, False, False]
    assert withhold_weight.curves(broad, both, nobody, 0)["n_at_risk"].notna().all()


def test_first_treatments_differ_in_tenths_before_weighting():
    frame = balance(analysis=BROAD, smd_before=0.5712)
    for threshold, shown in ((5, 0.6), (0, 0.5712)):
        found = withhold_weight.balance(frame, pd.Series([False]), threshold)
        assert found["smd_before"].tolist() == [shown] and found["smd_after"].tolist() == [0.04]
