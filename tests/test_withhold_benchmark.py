"""Small counts beside published results: hidden, and not to be worked out from what is shown."""

import pandas as pd
import pytest

import result_frames as made
from mescc_analytics.quality.cohort_figures import cohort_figures, typed
from mescc_analytics.quality.cohort_rules import CohortRules
from mescc_analytics.steps import withhold_benchmark

RULES = CohortRules(walking="with_aids", time_zero="mri", landmark_days=30)


def case_rows(*rows):
    """outcome, arm, numerator, denominator, unknown, smallest level, analysis."""
    names = "outcome arm numerator denominator n_unknown n_least analysis".split()
    return typed(pd.DataFrame(rows, columns=names))


def marks(*rows, threshold=5):
    return withhold_benchmark.of_cases(case_rows(*rows), threshold).tolist()


@pytest.mark.parametrize(
    "numerator, denominator, unknown, least, mark",
    [
        (20, 40, 0, 20, ""),
        (4, 40, 0, 4, "hidden"),
        (0, 40, 0, 0, ""),
        (37, 40, 0, 37, "hidden"),
        (40, 40, 0, 40, ""),
        (20, 40, 0, 3, "hidden"),
        (20, 40, 2, 20, "share"),
        (20, 40, 7, 20, ""),
    ],
)
def test_a_small_number_its_complement_and_its_levels(numerator, denominator, unknown, least, mark):
    row = ("weakness", "all", numerator, denominator, unknown, least, "cases")
    assert marks(row) == [mark]
    assert marks(row, threshold=0) == [""]


def test_outcomes_that_add_up_are_hidden_together():
    rows = [
        ("region_cervical", "all", 3, 100, 0, 3, "cases"),
        ("region_thoracic", "all", 60, 100, 0, 60, "cases"),
        ("region_lumbosacral", "all", 37, 100, 0, 10, "cases"),
        ("weakness", "all", 60, 100, 0, 60, "cases"),
    ]
    assert marks(*rows) == ["hidden", "hidden", "hidden", ""]


def test_one_small_arm_hides_all_arms_but_not_the_whole():
    rows = [
        ("high_grade", "all", 50, 100, 0, 10, "cases"),
        ("high_grade", "sbrt", 2, 20, 0, 2, "cases"),
        ("high_grade", "cebrt_long", 30, 60, 0, 30, "cases"),
        ("complication", "surgery", 10, 40, 0, 10, "treated"),
        ("complication", "surgery_only", 2, 10, 0, 2, "treated"),
    ]
    assert marks(*rows) == ["", "hidden", "hidden", "share", "hidden"]


def results(**changed):
    found = {"rates": made.rates(), "summary": made.summary(), "contrasts": made.contrasts()}
    return found | changed


def of_results(found, threshold):
    figures = cohort_figures(found["rates"], found["summary"], found["contrasts"], RULES)
    return figures.assign(withheld=withhold_benchmark.of_results(figures, found, RULES, threshold))


def broad(rates, name, arms):
    """The rates of a group of arms, added up from those of its arms."""
    parts = rates[(rates["analysis"] == "by_arm") & rates["group"].isin(arms)]
    counts = ["numerator", "denominator", "n_dead", "n_unknown"]
    keys = ["baseline", "outcome", "timepoint_days", "estimand"]
    added = parts.groupby(keys, sort=False)[counts].sum().reset_index()
    return added.assign(
        analysis="by_broad_arm",
        group=name,
        proportion=added["numerator"] / added["denominator"],
        ci_lower=0.1,
        ci_upper=0.9,
    )


def test_a_group_of_arms_is_hidden_with_any_of_its_arms():
    rates = made.rates()
    joined = pd.concat(
        [rates, broad(rates, "rt", ["cebrt_long"]), broad(rates, "surgery", ["surgery_sbrt"])],
        ignore_index=True,
    )
    open_ = of_results(results(rates=joined), 5)
    walking = open_[open_["outcome"] == "walking"].set_index(["arm", "death_rule"])["withheld"]
    assert set(walking["rt"]) == {""} and set(walking["surgery"]) == {""}
    # of 20 in the arm, 3 walk: the arm is hidden, and so is every group that holds it
    changed = joined.assign(
        numerator=joined["numerator"].mask(joined["group"].isin(["cebrt_long", "rt"]), 3)
    )
    shut = of_results(results(rates=changed), 5)
    walking = shut[shut["outcome"] == "walking"].set_index(["arm", "death_rule"])["withheld"]
    assert set(walking["cebrt_long"]) == {"hidden"} and set(walking["rt"]) == {"hidden"}


def test_survival_is_hidden_where_the_tables_hide_it():
    summary = made.summary().assign(n=[40, 12, 4])
    found = of_results(results(summary=summary), 5)
    medians = found[found["measure"] == "median_days"].set_index("arm")["withheld"]
    assert medians.to_dict() == {"all": "", "surgery_sbrt": "", "cebrt_long": "hidden"}
    assert set(of_results(results(summary=summary), 0)["withheld"]) == {""}


def test_what_is_shown_holds_no_withheld_number():
    table = (
        made.comparison()
        .iloc[:3]
        .assign(
            withheld=["", "share", "hidden"],
            measure="proportion",
            numerator=10,
            denominator=33,
            estimate=10 / 33,
            ci_lower=0.1712,
            ci_upper=0.4744,
            difference=-0.1234,
        )
    )
    shown = withhold_benchmark.shown(table)
    assert shown["numerator"].isna().tolist() == [False, True, True]
    assert shown["denominator"].isna().tolist() == [False, True, True]
    assert shown["estimate"].tolist()[:2] == [10 / 33, 0.3] and shown["estimate"].isna()[2]
    assert shown["difference"].tolist()[:2] == [-0.1234, -0.12] and shown["difference"].isna()[2]
    assert shown["published"].equals(table["published"])
    days = withhold_benchmark.shown(table.assign(measure="mean_days", estimate=12.345))
    assert days["estimate"].tolist()[:2] == [12.345, 12.0]
