"""Events with death competing, and walking over time: what is withheld, and how it reads."""

import numpy as np
import pandas as pd
import pytest

from mescc_analytics.present import captions_competing, methods, tables_competing, tables_states
from mescc_analytics.present.figures import incidence, occupancy
from mescc_analytics.present.study import Study
from mescc_analytics.steps import withhold_competing as withheld

STUDY = Study("small", threshold=5)
PLOT = incidence.IncidencePlot("MRI", landmark_days=30)
ARMS = ("surgery_sbrt", "cebrt_long")


def summary(n=(40, 30), events=(12, 9), deaths=(20, 15), gone=(0, 0), endpoint="local_failure"):
    rows = []
    for place, group in enumerate(ARMS):
        for cause, counts in ((endpoint, events), ("death", deaths)):
            rows.append(
                {
                    "analysis": "by_arm",
                    "endpoint": endpoint,
                    "cause": cause,
                    "group": group,
                    "n": n[place],
                    "n_not_at_risk": gone[place],
                    "time_days": 365.0,
                    "start_days": 30.0,
                    "n_at_risk": 8,
                    "n_events": counts[place],
                    "incidence": counts[place] / n[place] if n[place] else np.nan,
                    "ci_lower": 0.1,
                    "ci_upper": 0.6,
                    "note": "",
                }
            )
    return pd.DataFrame(rows)


def curves(events=(12, 9), at_risk=(40, 30, 4)):
    rows = []
    for group, n_events in zip(ARMS, events, strict=True):
        for cause, share in (("local_failure", 0.2), ("death", 0.4)):
            for step, (day, n) in enumerate(zip((30.0, 100.0, 200.0), at_risk, strict=True)):
                rows.append(
                    {
                        "analysis": "by_arm",
                        "endpoint": "local_failure",
                        "cause": cause,
                        "group": group,
                        "time_days": day,
                        "n_at_risk": n,
                        "n_events": n_events if step == 1 else 0,
                        "n_censored": 0,
                        "incidence": share * step,
                        "ci_lower": share * step / 2,
                        "ci_upper": min(share * step * 1.2, 1.0),
                    }
                )
    return pd.DataFrame(rows)


def first(frame, **chosen):
    for name, value in chosen.items():
        frame = frame[frame[name] == value]
    return frame.iloc[0]


@pytest.mark.parametrize(
    "events, mark", [(1, "<5"), (4, "<5"), (5, None), (35, None), (36, "hidden"), (40, None)]
)
def test_few_events_or_few_without_are_withheld(events, mark):
    found = withheld.summary(summary(events=(events, 9), deaths=(0, 15)), 5)
    row = first(found, group=ARMS[0], cause="local_failure")
    assert pd.isna(row["incidence"]) == (mark is not None)
    assert (None if pd.isna(row["events_mark"]) else row["events_mark"]) == mark


def test_small_group_is_withheld_whole():
    row = first(withheld.summary(summary(n=(4, 30), events=(0, 9)), 5), group=ARMS[0])
    assert row["mark"] == "<5" and pd.isna(row["n"]) and pd.isna(row["incidence"])


def test_few_who_were_not_at_risk_hide_the_number_at_risk():
    found = withheld.summary(summary(gone=(3, 6)), 5)
    assert first(found, group=ARMS[0])["n_mark"] == "hidden"
    assert pd.isna(first(found, group=ARMS[0])["n"]) and first(found, group=ARMS[1])["n"] == 30
    shown = withheld.incidence(curves(), found, 5)
    hidden = shown[shown["group"] == ARMS[0]]
    assert hidden["n_at_risk"].isna().all() and (hidden["at_risk_mark"] == "hidden").all()


def test_few_without_a_status_hide_both_numbers_that_would_tell():
    both = pd.concat(
        [
            summary(n=(20, 20), gone=(18, 10), endpoint="loss_of_walking"),
            summary(n=(16, 10), gone=(22, 20), endpoint="regaining_walking"),
        ],
        ignore_index=True,
    )
    found = withheld.summary(both, 5)
    # 38 cases, 20 and 16 at risk: two without a status
    assert (found.loc[found["group"] == ARMS[0], "n_mark"] == "hidden").all()
    # 30 cases, 20 and 10 at risk: none
    assert found.loc[found["group"] == ARMS[1], "n_mark"].isna().all()


def test_curves_stop_where_few_are_at_risk_and_those_of_few_events_are_not_drawn():
    shown = withheld.incidence(curves(events=(12, 3)), withheld.summary(summary(), 5), 5)
    drawn = shown.dropna(subset=["incidence"])
    assert drawn["time_days"].max() == 100 and set(drawn["group"]) == {ARMS[0]}
    earlier = withheld.incidence(curves(), withheld.summary(summary(), 5), 5, 35)
    assert earlier.dropna(subset=["incidence"])["time_days"].max() == 30


def test_threshold_zero_hides_nothing():
    found = withheld.summary(summary(n=(3, 3), events=(1, 1), deaths=(1, 2), gone=(1, 1)), 0)
    assert found["incidence"].notna().all() and found["n"].notna().all()
    shown = withheld.incidence(curves(events=(1, 1), at_risk=(3, 2, 1)), found, 0)
    assert shown["incidence"].notna().all()


def ratios():
    rows = [
        {
            "analysis": "by_arm",
            "endpoint": "local_failure",
            "cause": "local_failure",
            "model": model,
            "term": "x",
            "group": ARMS[0],
            "reference": ARMS[1],
            "hazard_ratio": 0.5,
            "ci_lower": 0.2,
            "ci_upper": 1.2,
            "p": 0.04,
            "ph_p": 0.5,
            "note": "",
        }
        for model in ("cause_specific", "fine_gray")
    ]
    return pd.DataFrame(rows)


def test_ratios_of_groups_with_few_events_are_withheld():
    found = withheld.hazards(ratios(), withheld.summary(summary(), 5), curves(), 5)
    assert found["p"].notna().all()
    few = withheld.hazards(ratios(), withheld.summary(summary(events=(12, 2)), 5), curves(), 5)
    assert few["hazard_ratio"].isna().all() and (few["mark"] == "hidden").all()
    rows = tables_competing.hazards(few, STUDY).rows
    assert rows[1] == ("\u2003Surgery + SBRT against cEBRT, long course", "hidden", "") + (
        "hidden",
        "",
    )


def test_ratios_of_few_events_after_the_last_timepoint_are_withheld():
    # none by day 365, one later: the width of the interval would tell that it is one
    none_yet = withheld.summary(summary(events=(0, 9)), 5)
    assert none_yet["events_mark"].isna().all()
    found = withheld.hazards(ratios(), none_yet, curves(events=(1, 9)), 5)
    assert found["hazard_ratio"].isna().all() and (found["mark"] == "hidden").all()
    assert withheld.hazards(ratios(), none_yet, curves(events=(7, 9)), 5)["p"].notna().all()
    assert withheld.hazards(ratios(), none_yet, curves(events=(1, 9)), 0)["p"].notna().all()


def test_table_of_incidence():
    tests = pd.DataFrame(
        [{"endpoint": "local_failure", "cause": "local_failure", "p": 0.0123, "note": ""}]
    )
    table = tables_competing.incidence(withheld.summary(summary(events=(12, 2)), 5), tests, STUDY)
    assert table.head[3] == "Day 365, %"
    assert table.rows[0] == ("Local failure", "", "", "", "", "0.012")
    assert table.rows[1][1:] == ("40", "12", "30 (10 to 60)", "50 (10 to 60)", "")
    assert table.rows[2][1:4] == ("30", "<5", "<5")
    shown = tables_competing.hazards(
        withheld.hazards(ratios(), withheld.summary(summary(), 5), curves(), 5), STUDY
    )
    assert shown.rows[1][1:3] == ("0.50 (0.20 to 1.20)", "0.040")


def test_ratio_that_is_not_estimable_says_why():
    frame = ratios().assign(hazard_ratio=np.nan, note="not estimable: no such events in cebrt_long")
    rows = tables_competing.hazards(frame.assign(mark=pd.NA), STUDY).rows
    assert rows[1][1] == "not estimable: no such events in cEBRT, long course"


def states(n=(40, 8)):
    rows = []
    for group, size in zip(ARMS, n, strict=True):
        for day, walking, dead in ((30.0, 0.7, 0.0), (60.0, 0.52, 0.13)):
            rows.append(
                {
                    "analysis": "by_arm",
                    "group": group,
                    "time_days": day,
                    "n_followed": size,
                    "ambulatory": walking,
                    "non_ambulatory": 0.27,
                    "unknown": 1 - walking - 0.27 - dead,
                    "dead": dead,
                }
            )
    return pd.DataFrame(rows)


def test_states_are_drawn_in_steps_of_the_threshold():
    found = withheld.occupancy(states(), 5)
    shown = found[found["group"] == ARMS[0]]
    # 40 cases: eight steps of 5
    values = shown[["ambulatory", "non_ambulatory", "unknown", "dead"]].to_numpy(float)
    np.testing.assert_allclose(values * 8, np.rint(values * 8), atol=1e-9)
    np.testing.assert_allclose(values.sum(axis=1), 1)
    assert values[0, 3] == 0 and values[1, 3] == 0.125
    # 29 cases are too few for steps of 5, 30 are enough
    for size, drawn in ((29, False), (30, True)):
        sized = withheld.occupancy(states(n=(size, size)), 5)
        assert sized["ambulatory"].notna().tolist() == [drawn] * 4
    assert found.loc[found["group"] == ARMS[1], "ambulatory"].isna().all()
    exact = withheld.occupancy(states(), 0)
    assert exact["ambulatory"].tolist() == states()["ambulatory"].tolist()


def test_states_stop_for_good_where_few_are_followed():
    frame = states(n=(40, 40))
    frame.loc[0, "n_followed"], frame.loc[1, "n_followed"] = 40, 4
    found = withheld.occupancy(frame, 5)
    assert found["ambulatory"].isna().tolist() == [False, True, False, False]
    assert withheld.occupancy(frame, 5, 41)["ambulatory"].isna().all()


def expected(reference=None):
    return pd.DataFrame(
        {
            "analysis": "by_arm",
            "group": ARMS[0],
            "reference": reference,
            "measure": list(tables_states.MEASURES),
            "start_days": 30.0,
            "horizon_days": 365.0,
            "days": [200.0, 120.0, 100.0, np.nan, 20.0],
            "ci_lower": [180.0, 90.0, 80.0, np.nan, np.nan],
            "ci_upper": [220.0, 150.0, 120.0, np.nan, np.nan],
            "note": ["", "", "", "not estimable: on some days no status is known", ""],
        }
    )


def test_expected_days_of_a_small_group_are_withheld():
    frame = pd.concat([expected(), expected(ARMS[1])], ignore_index=True)
    values = ["days", "ci_lower", "ci_upper"]
    shown = withheld.of_large_groups(frame, states(), values, 5)
    table = tables_states.expected_days(shown, STUDY, 120)
    assert table.rows[0] == (
        "Surgery + SBRT",
        "30 to 365",
        "200 (180 to 220)",
        "120 (90 to 150)",
        "100 (80 to 120)",
        "not estimable: on some days no status is known",
        "20 (interval not estimable)",
        "120 (90 to 150)",
    )
    assert table.head[-1] == "Walking, difference against cEBRT, long course"
    few = withheld.of_large_groups(frame, states(n=(40, 3)), values, 5)
    row = tables_states.expected_days(few, STUDY, 120).rows[0]
    assert row[2] == "200 (180 to 220)" and row[-1] == "hidden"


def test_transitions_are_withheld_group_by_group():
    frame = pd.DataFrame(
        {
            "analysis": "overall",
            "group": "all",
            "from_state": ["ambulatory"] * 4 + ["non_ambulatory"] * 4,
            "to_state": ["ambulatory", "non_ambulatory", "dead", "followed_no_further"] * 2,
            "n": [50, 2, 20, 10, 9, 40, 30, 12],
            "n_from": [82] * 4 + [91] * 4,
            "proportion": 0.5,
        }
    )
    found = withheld.transitions(frame, 5)
    assert found["n"].isna().sum() == 4  # the small one and what would tell it
    rows = tables_states.transitions(found, STUDY).rows
    assert rows[0][:2] == ("All cases", "walking") and "<5" in rows[0]
    assert withheld.transitions(frame.iloc[:0], 5).empty
    assert withheld.transitions(frame, 0)["n"].notna().all()


@pytest.mark.parametrize(
    "better, worse, hidden", [(8, 6, False), (3, 6, True), (8, 1, True), (20, 18, True)]
)
def test_change_that_tells_a_small_number_is_withheld(better, worse, hidden):
    row = {"analysis": "overall", "group": "all", "measure": "walking", "timepoint_days": 90.0}
    row |= {"test": "mcnemar_exact", "n_pairs": 40, "n_better": better, "n_worse": worse}
    row |= {"statistic": 1.0, "df": 1, "p": 0.5, "note": ""}
    found = withheld.paired(pd.DataFrame([row]), 5)
    assert found["p"].isna().all() == hidden
    words = tables_states.change(found, STUDY).rows[0]
    assert words[:4] == ("Walking", "All cases", "90", "40")
    assert words[4:] == (("hidden", "hidden", "") if hidden else (str(better), str(worse), "0.50"))


def texts(figure):
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def test_figure_by_arm_has_two_panels_and_numbers_at_risk():
    shown = withheld.incidence(curves(), withheld.summary(summary(gone=(0, 3)), 5), 5)
    figure = incidence.draw_by_arm(shown, PLOT)
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == ["Local failure", "Death without local failure"]
    words = texts(figure)
    assert "Surgery + SBRT" in words and "40" in words and "numbers hidden" in words
    # the event and death are drawn on one scale
    assert figure.axes[0].get_ylim() == figure.axes[1].get_ylim()


def test_curves_rise_in_steps_and_end_where_they_are_cut():
    shown = withheld.incidence(curves(), withheld.summary(summary(), 5), 5)
    line = incidence.draw_by_arm(shown, PLOT).axes[0].lines[0]
    assert line.get_ydata().tolist() == [0.0, 0.2]
    assert line.get_drawstyle() == "steps-post"


def test_nothing_to_draw_is_said():
    few = withheld.incidence(curves(events=(1, 1)), withheld.summary(summary(), 5), 5)
    for figure in (incidence.draw_by_arm(few, PLOT), incidence.draw_endpoints(few, PLOT)):
        assert figure.texts[0].get_text() == incidence.NOTHING
    hidden = withheld.occupancy(states(n=(8, 8)), 5)
    assert occupancy.draw_occupancy(hidden, "MRI").texts[0].get_text() == occupancy.NOTHING


def test_figure_of_endpoints_and_of_states():
    overall = curves().assign(analysis="overall")
    figure = incidence.draw_endpoints(overall[overall["group"] == ARMS[0]], PLOT)
    assert figure.axes[0].get_title(loc="left") == "Local failure"
    drawn = occupancy.draw_occupancy(withheld.occupancy(states(), 5), "MRI")
    assert [axes.get_title(loc="left") for axes in drawn.axes] == ["Surgery + SBRT"]
    labels = [text.get_text() for text in drawn.legends[0].get_texts()]
    assert labels == ["walking", "not walking", "alive, not known", "dead"]
    # the rounding is said where it is drawn
    assert "steps" not in " ".join(text.get_text() for text in drawn.texts)
    rounded = occupancy.draw_occupancy(withheld.occupancy(states(), 5), "MRI", 5)
    assert any("in steps of about 5 cases" in text.get_text() for text in rounded.texts)


def test_axis_ends_on_a_whole_month_where_that_is_near():
    assert incidence.axis_end(365) == 12 and incidence.axis_end(200) == pytest.approx(
        6.571, abs=0.01
    )


def test_captions_stand_alone_and_state_the_finding():
    shown = withheld.summary(summary(), 5)
    caption, finding = captions_competing.by_arm(shown, STUDY)
    assert "competing event" in caption and "day 30" in caption
    assert finding == (
        "Local failure by arm: incidence by day 365 from 30 % (Surgery + SBRT) "
        "to 30 % (Surgery + SBRT)."
    )
    assert "no incidence is shown" in captions_competing.by_arm(shown.iloc[:0], STUDY)[1]
    overall = shown[shown["group"] == ARMS[0]]
    assert (
        captions_competing.endpoints(overall, STUDY)[1]
        == "Incidence by day 365: local failure 30 %."
    )
    assert captions_competing.endpoints(overall.iloc[:0], STUDY)[1] == "No incidence is shown."
    caption, finding = captions_competing.occupancy(expected(), STUDY, 90)
    assert "at most 90 days" in caption
    assert finding == (
        "Expected days alive and walking range from 120 (Surgery + SBRT) to 120 (Surgery + SBRT)."
    )


def test_methods_name_what_was_chosen():
    chosen = {"competing": {"variance": "aalen", "interval": "log"}}
    words = methods.competing(
        chosen | {"ambulatory": {"carry_forward_days": 90, "n_resamples": 50}}
    )
    for part in ("Aalen's variance", "log scale", "at most 90 days", "50 samples", "Fine-Gray"):
        assert part in words
    assert "Greenwood-type variance" in methods.competing({})


def test_a_curve_tells_no_number_that_the_table_withholds():
    # many events in the end, few of them by the last timepoint of the table
    shown = withheld.incidence(curves(), withheld.summary(summary(events=(4, 9)), 5), 5)
    failure = shown[shown["cause"] == "local_failure"].dropna(subset=["incidence"])
    assert set(failure["group"]) == {ARMS[1]}
    death = shown[shown["cause"] == "death"].dropna(subset=["incidence"])
    assert set(death["group"]) == set(ARMS)


def test_no_interval_reaches_beyond_its_axis():
    drawn = curves()[lambda c: c["group"] == ARMS[0]].assign(analysis="overall", group="all")
    drawn = drawn.assign(ci_upper=drawn["incidence"] * 0.9 + 0.05)
    figure = incidence.draw_endpoints(drawn.assign(incidence=drawn["incidence"] / 2), PLOT)
    assert figure.axes[0].get_ylim()[1] > drawn["ci_upper"].max() == 0.8 * 0.9 + 0.05


def test_an_arm_whose_number_is_withheld_elsewhere_has_none_here():
    found = withheld.summary(summary(), 5, {("by_arm", ARMS[1])})
    assert found["n_mark"].isna().tolist() == [True, True, False, False]
    assert found["n"].isna().tolist() == [False, False, True, True]
    drawn = withheld.incidence(curves(), found, 5)
    assert drawn.loc[drawn["group"] == ARMS[1], "n_at_risk"].isna().all()
    assert drawn.loc[drawn["group"] == ARMS[0], "n_at_risk"].notna().any()
