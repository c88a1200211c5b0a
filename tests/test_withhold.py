"""What is withheld before anything is shown."""

import itertools

import pandas as pd
import pytest

import result_frames as made
from mescc_analytics.steps import withhold, withhold_sums, withhold_walking


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


def with_weighted(frame, **numbers):
    """A result frame with the arms once more, weighted."""
    arms = frame[frame["analysis"] == "by_arm"].assign(analysis="by_arm_weighted", **numbers)
    return pd.concat([frame, arms], ignore_index=True)


def test_weighted_arms_do_not_tell_what_the_arms_hide():
    """A total of 36 by arm and the 20 of the weighted arm would give the 12 that are hidden."""
    summary = made.summary().assign(n=[40, 4, 20])
    summary = with_weighted(summary, effective_n=[3.5, 18.0])
    shown = withhold.summary(summary[summary.index != 3], 5)
    assert shown["n"].isna().tolist() == [False, True, True, True]
    assert shown["n_mark"].tolist()[-1] == "hidden" and shown["effective_n"].isna().all()
    assert shown["median_days"].tolist()[-1] == 37.5
    open_ = withhold.summary(with_weighted(made.summary(), effective_n=[11.0, 18.0]), 5)
    assert open_["n"].tolist()[-2:] == [12, 20] and open_["effective_n"].tolist()[-1] == 18


def test_weighted_numbers_at_risk_are_hidden_with_those_of_cases():
    frame = with_weighted(made.curves(), n_at_risk_weighted=1.5, n_events_weighted=0.5)
    shown = withhold.curves(frame, 5)
    last = shown["n_at_risk"].isna() & (shown["analysis"] == "by_arm_weighted")
    assert last.sum() == 1
    assert shown.loc[last, ["n_at_risk_weighted", "n_events_weighted"]].isna().all(axis=None)
    summary = with_weighted(made.summary()).assign(n_mark="hidden")
    gone = withhold.at_risk(shown, summary)
    assert gone["n_at_risk_weighted"].isna().all()


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
    [
        *((0, None), (1, "hidden"), (4, "hidden"), (5, None)),
        *((25, None), (26, "hidden"), (30, None)),
    ],
)
def test_rate_is_withheld_at_a_small_count_and_at_a_small_rest(numerator, mark):
    shown = withhold_walking.rates(pd.DataFrame([rate(numerator=numerator)]), 5).iloc[0]
    assert (None if pd.isna(shown["mark"]) else shown["mark"]) == mark
    assert pd.isna(shown["proportion"]) == pd.isna(shown["denominator"]) == (mark is not None)


def family(counts, **key):
    """The four rows of one group, entry status and time: walking, not walking, dead, unknown."""
    walking, still, dead, unknown = counts
    cases = {
        "alive_assessed": (walking, walking + still),
        "composite": (walking, walking + still + dead),
        "best_case": (walking + unknown, sum(counts)),
        "worst_case": (walking, sum(counts)),
    }
    return [
        rate(estimand=name, numerator=n, denominator=of, n_dead=dead, n_unknown=unknown, **key)
        for name, (n, of) in cases.items()
    ]


def visible(rows):
    """Estimands that are shown, then whether the dead and the unknown are."""
    rows = withhold_walking.rates(pd.DataFrame(rows), 5)
    first = rows.iloc[0]
    known = [name for name in ("n_dead", "n_unknown") if not pd.isna(first[name])]
    return [*rows.loc[rows["mark"].isna(), "estimand"], *known]


@pytest.mark.parametrize(
    "counts, left",
    [
        (
            (10, 10, 10, 10),
            [*("alive_assessed", "composite", "best_case", "worst_case"), "n_dead", "n_unknown"],
        ),
        ((10, 10, 3, 10), ["composite", "best_case", "worst_case", "n_unknown"]),
        ((10, 4, 10, 10), ["composite", "best_case", "worst_case", "n_unknown"]),
        ((10, 10, 10, 1), ["alive_assessed", "worst_case"]),
        ((2, 10, 10, 10), ["best_case", "n_dead"]),
        ((10, 10, 0, 3), ["worst_case", "n_dead"]),
        ((1, 1, 1, 1), []),
    ],
)
def test_a_small_state_hides_what_gives_it_by_subtraction(counts, left):
    assert visible(family(counts)) == left


def test_no_state_that_is_small_can_be_worked_out():
    """Every small state can be one case higher or lower without anything shown changing."""
    for counts in itertools.product((0, 1, 5), repeat=4):
        rows = family(counts)
        shown = _published(rows)
        for state in range(4):
            if not 0 < counts[state] < 5:
                continue
            moves = [
                tuple(
                    n + (at == state) * step - (at == other) * step for at, n in enumerate(counts)
                )
                for other in range(4)
                for step in (-1, 1)
                if other != state
            ]
            possible = [move for move in moves if min(move) >= 0]
            assert any(_agrees(shown, family(move)) for move in possible), counts


def _published(rows):
    names = ["numerator", "denominator", "n_dead", "n_unknown"]
    return withhold_walking.rates(pd.DataFrame(rows), 5)[names]


def _agrees(shown, rows):
    told = pd.DataFrame(rows)[shown.columns]
    return bool((shown.isna() | (shown == told)).all(axis=None))


def test_small_states_of_one_entry_status_hide_the_same_of_the_other():
    rows = [
        *family((20, 20, 10, 20), baseline="all"),
        *family((12, 8, 7, 3), baseline="ambulatory"),
        *family((8, 12, 3, 17), baseline="non_ambulatory"),
    ]
    shown = withhold_walking.rates(pd.DataFrame(rows), 5)
    assert shown["mark"].isna().tolist() == [
        *(True, True, True, True),
        *(True, False, False, True),
        *(True, False, False, True),
    ]
    assert shown["n_unknown"].notna().tolist() == [True] * 4 + [False] * 8


def test_all_cases_of_a_row_that_are_few_are_marked_so():
    shown = withhold_walking.rates(pd.DataFrame(family((1, 1, 1, 1))), 5)
    assert shown["mark"].tolist() == ["<5"] * 4


def test_threshold_zero_shows_every_state():
    shown = withhold_walking.rates(pd.DataFrame(family((1, 1, 1, 1))), 0)
    assert shown["mark"].isna().all() and shown["n_dead"].tolist() == [1] * 4


@pytest.mark.parametrize("overall, hidden", [((30, 30, 13, 30), 2), ((50, 50, 50, 50), 1)])
def test_second_arm_is_hidden_only_where_the_arms_add_up_to_the_whole(overall, hidden):
    rows = [
        *family(overall),
        *family((15, 15, 3, 15), analysis="by_arm", group="sbrt"),
        *family((15, 15, 10, 15), analysis="by_arm", group="cebrt_long"),
    ]
    shown = withhold_walking.rates(pd.DataFrame(rows), 5)
    arms = shown[(shown["analysis"] == "by_arm") & (shown["estimand"] == "alive_assessed")]
    assert arms["mark"].notna().sum() == hidden
    assert shown["mark"].iloc[:4].isna().all()


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


@pytest.mark.parametrize(
    "n, marks",
    [
        ([40, 4, 20, 12], ["<5", None, "hidden"]),
        ([40, 4, 3, 12], ["<5", "<5", None]),
        ([40, 14, 20, 12], [None, None, None]),
    ],
)
def test_single_hidden_group_hides_the_next_smallest(n, marks):
    summary = pd.concat([made.summary(), made.summary().iloc[[2]]], ignore_index=True)
    shown = withhold.summary(summary.assign(n=n, events=[20, 1, 10, 6], group=list("abcd")), 5)
    found = shown["mark"].fillna(shown["n_mark"])
    assert [None if pd.isna(mark) else mark for mark in found] == [None, *marks]
    assert shown["n"].notna().tolist() == [True, *(mark is None for mark in marks)]
    assert not (shown["events"].notna() & shown["n"].isna()).any()


def test_single_hidden_number_of_deaths_hides_a_second():
    shown = withhold.summary(made.summary().assign(events=[20, 3, 10], n=[40, 12, 20]), 5)
    assert shown["events_mark"].tolist() == [pd.NA, "<5", "hidden"]
    assert shown["n"].tolist() == [40, 12, 20]


@pytest.mark.parametrize("unknown, hidden", [(0, 0), (3, 1), (8, 0)])
def test_few_without_a_group_hide_a_group(unknown, hidden):
    summary = made.summary().assign(n_group_unknown=unknown, events=[20, 6, 10])
    shown = withhold.summary(summary, 5).iloc[1:]
    assert shown["n_mark"].notna().sum() == hidden
    assert shown["n_group_unknown"].isna().all() == (hidden == 1)


def arms_of(**n):
    """A survival summary of arms with so many cases, half of whom died."""
    rows = [
        made.summary().iloc[[1]].assign(group=arm, n=of, events=of // 2) for arm, of in n.items()
    ]
    return pd.concat(rows, ignore_index=True).assign(n_group_unknown=0)


@pytest.mark.parametrize(
    "n, told",
    [
        # 1 and 2 are 3 together, which is small
        ({"a": 92, "b": 1, "c": 41, "d": 2}, ["a"]),
        # both have 4, or a reader knows that both have 1
        ({"a": 92, "b": 4, "c": 41, "d": 4}, ["a"]),
        ({"a": 92, "b": 1, "c": 41, "d": 1}, ["a"]),
        ({"a": 92, "b": 4, "c": 41, "d": 3}, ["a", "c"]),
    ],
)
def test_arms_are_hidden_until_their_sum_tells_nothing(n, told):
    shown = withhold.summary(arms_of(**n), 5)
    assert shown.loc[shown["n"].notna(), "group"].tolist() == told
    assert not (shown["events"].notna() & shown["n"].isna()).any()
    assert withhold.summary(arms_of(**n), 0)["n"].tolist() == list(n.values())
    # a strategy that has no weights has no numbers
    none = withhold.summary(
        pd.concat(
            [
                arms_of(**n).astype(object),
                arms_of(x=0).assign(analysis="other", n=None, events=None).astype(object),
            ]
        ).reset_index(drop=True),
        5,
    )
    assert none["n"].notna().tolist() == [*shown["n"].notna(), False]
    assert withhold_sums.untold(shown) == ({("by_arm", "c")} if told == ["a"] else set())


def test_an_arm_whose_number_is_withheld_elsewhere_has_no_rates():
    arms = [family((20, 20, 10, 20), analysis="by_arm", group=group) for group in ("a", "c")]
    shown = withhold_walking.rates(pd.DataFrame([*arms[0], *arms[1]]), 5, {("by_arm", "c")})
    hidden = shown["group"] == "c"
    assert shown["denominator"].isna().eq(hidden).all()
    assert shown["n_unknown"].isna().eq(hidden).all() and shown["mark"].notna().eq(hidden).all()


@pytest.mark.parametrize("unknown, hidden", [(0, False), (3, True), (5, False)])
def test_few_without_a_status_at_entry_are_not_told_by_the_others(unknown, hidden):
    """All cases less those of the two statuses are those whose status at entry is not known."""
    rows = [
        *family((30, 20, 20 + unknown, 20), baseline="all"),
        *family((20, 10, 10, 10), baseline="ambulatory"),
        *family((10, 10, 10, 10), baseline="non_ambulatory"),
    ]
    shown = withhold_walking.rates(pd.DataFrame(rows), 5)
    second = shown["baseline"] == "non_ambulatory"
    assert shown["denominator"].isna().eq(second & hidden).all()
    assert shown["n_dead"].isna().eq(second & hidden).all()
    assert withhold_walking.rates(pd.DataFrame(rows), 0)["denominator"].notna().all()
