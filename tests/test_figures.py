"""Figures: what they show, and that they are the same bytes every time."""

import re

import pandas as pd
import pytest

import result_frames as made
from mescc_analytics.present import captions, prognosis, wording
from mescc_analytics.present.figures import flow, pathway, save, style, survival, walking
from mescc_analytics.present.study import Study
from mescc_analytics.steps import shown, withhold, withhold_walking
from mescc_analytics.steps.figures import figures

STUDY = Study("small", threshold=5)
PLOT = survival.SurvivalPlot("by_arm", "MRI", landmark_days=30)


def by_arm(frame):
    return frame[frame["analysis"] == "by_arm"]


def texts(figure):
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def draw(plot=PLOT, curves=None):
    curves = made.curves() if curves is None else curves
    return survival.draw_survival(by_arm(withhold.curves(curves, 5)), by_arm(made.summary()), plot)


def test_survival_axis_is_whole_and_names_its_origin():
    axes = draw().axes[0]
    assert axes.get_ylim() == (0, 1) and axes.get_xlim()[0] == 0
    assert axes.get_xlabel() == "Months from MRI"


def test_at_risk_row_counts_just_before_the_time_and_withholds_small_numbers():
    rows = by_arm(withhold.curves(made.curves(), 5))
    rows = rows[rows["group"] == "surgery_sbrt"]
    assert [survival.at_risk(rows, day, "<5") for day in (30, 120, 121, 301, 331)] == [
        "12",
        "12",
        "6",
        "<5",
        "0",
    ]


def test_direct_labels_carry_the_median():
    words = texts(draw())
    assert "Surgery + SBRT\nmedian 3.9 months" in words
    assert "cEBRT, long course\nmedian 1.2 months" in words


def test_label_leaves_out_a_median_beyond_the_curve():
    few = made.curves()
    few.loc[few["group"] == "surgery_sbrt", "n_at_risk"] = [12, 4, 3, 2]
    assert "Surgery + SBRT\nmedian not shown" in texts(draw(curves=few))


def test_label_among_many_says_where_a_curve_stops_early():
    curve = made.curves()[made.curves()["group"] == "surgery_sbrt"]
    arms = ["surgery_sbrt", "surgery_cebrt", "surgery_only", "sbrt", "cebrt_long", "cebrt_short"]
    many = pd.concat([curve.assign(group=arm) for arm in arms], ignore_index=True)
    many.loc[many["group"] == "sbrt", "n_at_risk"] = [12, 11, 3, 2]
    said = [text for text in texts(draw(curves=many)) if "(curve to" in text]
    assert said == ["SBRT (curve to 4 mo)"]


def test_landmark_line_only_where_there_is_one():
    assert "landmark, day 30" in texts(draw())
    plain = survival.SurvivalPlot("by_arm", "MRI", landmark_days=0)
    assert not any("landmark, day" in text for text in texts(draw(plain)))


def test_curve_ends_where_few_are_at_risk():
    lines = draw().axes[0].get_lines()
    last = max(
        line.get_xdata()[-1]
        for line in lines
        if line.get_color() == wording.ARM_STYLES["surgery_sbrt"][0] and line.get_linestyle() == "-"
    )
    assert last * 30.4375 == pytest.approx(300)


def test_more_than_four_groups_get_panels_of_their_own():
    arms = list(wording.ARM_STYLES)[:5]
    one = by_arm(made.curves()).query("group == 'cebrt_long'")
    curves = pd.concat([one.assign(group=arm) for arm in arms], ignore_index=True)
    assert len(draw(curves=curves).axes) == 1 + 5
    assert len(draw(curves=curves[curves["group"] != arms[0]]).axes) == 1


def test_no_group_with_enough_cases_gives_words_instead():
    figure = draw(curves=made.curves().assign(n_at_risk=4.0))
    assert figure.texts[0].get_text() == "No survival curve is shown: no group has enough cases."


def test_walking_figure_shows_counts_and_withheld_arms():
    rates = withhold_walking.rates(made.rates(), 5)
    chosen = shown.main_rates(rates, "by_arm", "composite")
    chosen.loc[0, ["proportion", "mark"]] = [pd.NA, "<5"]
    figure = walking.draw_walking(chosen, "death counts as not walking")
    assert "6/12" in texts(figure) and "<5" in texts(figure)
    assert figure.texts[0].get_text() == "Walking (%), death counts as not walking"
    assert figure.axes[0].get_title(loc="left") == "Day 90"


def test_walking_figure_without_a_number_says_so():
    rates = made.rates().assign(proportion=pd.NA)
    text = walking.draw_walking(rates, "x").texts[0].get_text()
    assert text == "No proportion walking is shown: no arm has enough assessed cases."


def test_pathway_figure_outlines_agreement():
    cells = withhold.cells(made.concordance(), 5)
    figure = pathway.draw_pathway(cells, {"surgery_sbrt": "surgery_then_rt", "cebrt_long": "cebrt"})
    outlined = [patch for patch in figure.axes[0].patches if not patch.get_fill()]
    assert len(outlined) == 2
    assert {"10", "7", "0", "13", "n 17"} <= set(texts(figure))
    assert (
        len([p for p in pathway.draw_pathway(cells, {}).axes[0].patches if not p.get_fill()]) == 0
    )


def test_flow_figure_holds_counts_and_reasons():
    stages = captions.flow_stages(
        made.flow(), [("sbrt", 20, None), ("cebrt_long", pd.NA, "<5")], STUDY
    )
    assert stages == [
        ("46 cases supplied", ["6  contradictory dates"]),
        ("40 cases in the analyses of the whole cohort", ["8  died by day 30 (the landmark)"]),
        ("32 cases in the comparison of arms\nSBRT: 20\ncEBRT, long course: <5", []),
    ]
    assert "8  died by day 30 (the landmark)" in texts(flow.draw_flow(stages))


def test_flow_without_arms_ends_with_the_whole_cohort():
    stages = captions.flow_stages(made.flow(), [], STUDY)
    assert [lines for _, lines in stages] == [["6  contradictory dates"], []]


def test_flow_says_what_could_not_be_judged_and_what_is_withheld():
    changed = made.flow()
    changed.loc[1, "n_unknown"] = 7
    changed.loc[2, "n_excluded"] = pd.NA
    stages = captions.flow_stages(changed, [("sbrt", 20, None)], STUDY)
    assert stages[0][1] == ["6  contradictory dates; a further 7 could not be judged"]
    assert stages[1][1] == ["<5  died by day 30 (the landmark)"]


def test_labels_are_moved_apart_but_keep_their_order():
    assert style.spread([0.5, 0.52, 0.9], gap=0.1) == [0.46, 0.56, 0.9]
    assert style.spread([0.9, 0.1, 0.1], gap=0.2) == [0.9, 0.0, 0.2]
    assert style.keep_inside([-0.1, 0.1], 0, 1) == [0.0, 0.2]
    assert style.keep_inside([], 0, 1) == []


def test_colours_are_fixed_per_arm_and_readable_as_text():
    alone, together = (wording.styles(arms)["sbrt"] for arms in (["sbrt"], ["supportive", "sbrt"]))
    assert alone == together == ("#D55E00", "solid", "D")
    both = wording.styles(["sbrt", "trial arm"])
    assert both["trial arm"] != both["sbrt"]
    assert wording.ink("#000000") == "#000000" and wording.ink("#F0E442") < "#F0E442"


def test_same_figure_same_bytes_without_a_date():
    first, second = save.render(draw()), save.render(draw())
    assert first == second
    assert b"<dc:date>" not in first["svg"] and b"CreationDate" not in first["pdf"]
    assert first["png"][:8] == b"\x89PNG\r\n\x1a\n" and first["pdf"][:4] == b"%PDF"


def test_survival_words():
    caption, alternative = captions.survival(by_arm(made.summary()), STUDY, "by_arm")
    assert caption.startswith(
        "Survival by arm of 32 cases alive and under follow-up at the landmark, day 30"
    )
    assert "time zero is MRI" in caption and "95 % CI (log-log)" in caption
    assert alternative == (
        "Kaplan-Meier curves of 2 groups; median survival ranges from 37.5 days (cEBRT, long "
        "course) "
        "to 120 days (3.9 months) (Surgery + SBRT)."
    )
    assert (
        "at the landmark"
        not in captions.survival(by_arm(made.summary()), Study("x", landmark_days=0), "by_arm")[0]
    )


def test_caption_says_whether_the_arms_were_given():
    notes = [
        captions.survival(by_arm(made.summary()), Study("x", arms_given=given), "by_arm")[0]
        for given in (False, True)
    ]
    assert "The arms were chosen for the patients" in notes[0]
    assert "only if the arms were assigned at random" in notes[1]
    assert "chosen" not in notes[1]


def test_walking_words():
    rates = shown.main_rates(made.rates(), "by_arm", "composite")
    caption, alternative = captions.walking(rates, STUDY)
    assert "Estimand: of those assessed or dead, death counting as not walking." in caption
    assert alternative == (
        "Proportion walking by arm: day 90 from 50 % (Surgery + SBRT) to 50 % (Surgery + SBRT)."
    )


def test_agreement_in_words():
    sentence = captions.agreement_sentence(withhold.agreement(made.concordance(), 5), STUDY)
    assert sentence == (
        "Treatment and recommended pathway agreed in 23 of the 30 cases in which both are known "
        "(77 %); "
        "kappa 0.50 (95 % CI 0.30 to 0.70)."
    )
    assert captions.agreement_sentence({}, STUDY).startswith("Agreement is not shown:")


def test_step_writes_every_figure_in_three_formats(tmp_path):
    figures(made.write(tmp_path), tmp_path / "figures", made.SETTINGS)
    assert sorted({path.stem for path in (tmp_path / "figures").iterdir()}) == sorted(
        captions.TITLES | prognosis.TITLES
    )
    every = captions.TITLES | prognosis.TITLES
    assert len(list((tmp_path / "figures").iterdir())) == 3 * len(every)


def test_step_says_in_the_figure_what_is_not_assessable(tmp_path):
    absent = pd.DataFrame(
        {"analysis": ["by_arm"], "needs": ["arm"], "reason": ["needs surgery_day"]}
    )
    nothing = {
        "curves": made.curves().query("analysis == 'overall'"),
        "summary": made.summary().query("analysis == 'overall'"),
        "rates": made.rates().iloc[:0],
        "concordance": made.concordance().iloc[:0],
    }
    inputs = made.write(
        tmp_path, survival_not_assessable=absent, walking_not_assessable=absent, **nothing
    )
    figures(inputs, tmp_path / "figures", made.SETTINGS)
    for name, words in (("survival", "Survival"), ("walking", "Walking")):
        svg = (tmp_path / f"figures/{name}_by_arm.svg").read_text()
        assert f"{words} by arm is not assessable: needs surgery_day" in re.sub(r"\s+", " ", svg)


def test_arms_from_time_zero_carry_the_caution():
    for landmark, given, naive in ((0, False, True), (30, False, False), (0, True, False)):
        study = Study("x", landmark_days=landmark, arms_given=given)
        caption = captions.survival(by_arm(made.summary()), study, "by_arm")[0]
        assert ("immortal time favours the later treated" in caption) == naive


def test_caption_gives_no_number_where_one_is_withheld():
    summary = made.summary().assign(n=[40, pd.NA, 20])
    assert captions.survival(by_arm(summary), STUDY, "by_arm")[0].startswith(
        "Survival by arm of the cases alive and under follow-up"
    )


def test_kappa_has_its_own_level():
    agreement = withhold.agreement(made.concordance(), 5)
    sentence = captions.agreement_sentence(agreement, Study("x", level=0.9))
    assert "kappa 0.50 (95 % CI 0.30 to 0.70)" in sentence


def test_walking_caption_says_where_death_does_not_count():
    rates = shown.main_rates(made.rates(), "by_arm", "composite")
    study = Study("x", landmark_days=90)
    assert "death does not count there" in captions.walking(rates, study)[0]
    assert "death does not count there" not in captions.walking(rates, STUDY)[0]


def test_numbers_at_risk_of_a_withheld_group_are_hidden():
    summary = withhold.summary(made.summary().assign(n=[40, 4, 20]), 5)
    rows = by_arm(withhold.at_risk(withhold.curves(made.curves(), 5), summary))
    rows = rows[rows["group"] == "cebrt_long"]
    assert [survival.at_risk(rows, day, "<5") for day in (30, 90, 501)] == ["hidden", "hidden", "0"]
    names, sizes, marks = zip(*shown.arm_sizes(summary), strict=True)
    assert names == ("surgery_sbrt", "cebrt_long") and marks == ("<5", "hidden")
    assert pd.isna(list(sizes)).all()


def test_figures_are_drawn_with_a_withheld_group(tmp_path):
    inputs = made.write(tmp_path, summary=made.summary().assign(n=[40, 4, 20]))
    figures(inputs, tmp_path / "figures", made.SETTINGS)
    svg = (tmp_path / "figures/flow.svg").read_text()
    assert "cEBRT, long course: hidden" in svg and "Surgery + SBRT: &lt;5" in svg
    assert (tmp_path / "figures/survival_by_arm.svg").read_text().count("hidden") > 0
