"""What is shown of the guard and of the panel: suppression, words, the caution on the drawing."""

import numpy as np
import pandas as pd
import pytest

from mescc_analytics.present import tables_choices
from mescc_analytics.present.figures import save
from mescc_analytics.present.figures.sensitivity import draw_sensitivity
from mescc_analytics.present.figures.survival import SurvivalPlot, draw_survival
from mescc_analytics.present.study import NAIVE, Study
from mescc_analytics.steps import choices, withhold_choices

STUDY = Study(name="small")


def guard_rows():
    columns = [
        *("section", "group", "n", "n_naive", "n_landmark", "n_dead_by_landmark"),
        *("n_lost_by_landmark", "n_untreated_dead", "n_fallback_origin", "n_treated"),
        *("days_median", "days_q1", "days_q3", "naive_median_days", "landmark_median_days"),
    ]
    rows = [
        ("received", "surgery_cebrt", 58, 58, 53, 4, 1, 0, 0, 58, 3.0, 2.0, 5.0, 179.0, 198.0),
        ("received", "cebrt_long", 98, 98, 88, 10, 0, 0, 1, 98, 4.0, 3.0, 7.0, 297.0, 354.0),
        ("received", "sbrt", 3, 3, 3, 0, 0, 0, 0, 3, 13.0, 11.0, 17.0, 337.0, 337.0),
        ("received", "supportive", 30, 30, 10, 20, 0, 20, 1, 0, None, None, None, 14.0, None),
    ]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.assign(landmark_days=30.0, arm_source="derived")


def panel_rows():
    rows = [
        ("surgery", "clock", "naive", 0.5, 0.3, 0.8, 60, 90, 50, 70, ""),
        ("surgery", "clock", "landmark_14", 0.9, 0.6, 1.3, 4, 80, 3, 60, ""),
        ("surgery", "adjustment", "weighted", None, None, None, None, None, None, None, "not available: fewer than 40 begin it"),
        ("surgery", "scores", "sins_excluded", 0.001, 0.0001, 900.0, 30, 50, 20, 30, ""),
    ]  # fmt: skip
    columns = [
        *("group", "section", "method", "hazard_ratio", "ci_lower", "ci_upper"),
        *("n_group", "n_reference", "events_group", "events_reference", "note"),
    ]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.assign(reference="cebrt", p=0.5, start_days=30.0, adjusted_for="ecog")


def test_the_guard_hides_small_counts_and_what_tells_them():
    shown = withhold_choices.guard(guard_rows(), 5).set_index("group")
    assert shown.loc["sbrt", "mark"] == "<5" and pd.isna(shown.loc["sbrt", "days_median"])
    dead = shown["n_dead_by_landmark_mark"]
    assert dead["surgery_cebrt"] == "<5"
    # the small arm without deaths would leave the four of the other as the rest of the total
    assert dead["cebrt_long"] == "hidden" and shown.loc["supportive", "n_dead_by_landmark"] == 20
    alone = withhold_choices.guard(guard_rows().query("group != 'sbrt'"), 5).set_index("group")
    assert alone.loc["cebrt_long", "n_dead_by_landmark_mark"] == "hidden"
    everything = withhold_choices.guard(guard_rows(), 0)
    assert everything["n_dead_by_landmark"].tolist() == [4, 10, 0, 20]


@pytest.mark.parametrize(
    "dead, hidden",
    [
        ([1, 2, 9, 30], [True, True, True, False]),  # 1 + 2 are themselves few
        ([4, 4, 9, 30], [True, True, True, False]),  # a sum of 8 can only be 4 + 4
        ([3, 4, 9, 30], [True, True, False, False]),  # 3 + 4 or 4 + 3
        ([1, 5, 9, 30], [True, True, True, False]),  # 1 + 5: the other is 5 or more
        ([2, 5, 9, 30], [True, True, False, False]),  # 2 + 5 or 1 + 6
        ([0, 7, 9, 30], [False, False, False, False]),
    ],
)
def test_no_sum_of_hidden_deaths_tells_them(dead, hidden):
    rows = guard_rows().assign(n=99, n_naive=99, n_landmark=60, n_untreated_dead=0)
    rows["n_lost_by_landmark"] = 0
    shown = withhold_choices.guard(rows.assign(n_dead_by_landmark=dead), 5)
    assert shown["n_dead_by_landmark"].isna().tolist() == hidden
    assert shown["n_untreated_dead"].tolist() == [0, 0, 0, 0]


def test_the_table_of_the_guard():
    table = tables_choices.guard(withhold_choices.guard(guard_rows(), 5), STUDY)
    cells = {row[0].strip(): row[1:] for row in table.rows}
    assert cells["Surgery + cEBRT"] == ("53", "3 (2 to 5)", "<5", "0", "179", "198")
    assert cells["SBRT"][0] == "<5" and set(cells["SBRT"][1:]) == {"hidden"}
    assert cells["Supportive care"][1] == "none treated"
    assert cells["Supportive care"][-1] == "not reached"
    assert "immortal time" in table.notes[0]
    nobody = withhold_choices.guard(guard_rows().assign(n_landmark=0), 5)
    last = {row[0].strip(): row[-1] for row in tables_choices.guard(nobody, STUDY).rows}
    assert last["Supportive care"] == "nobody left"


def test_uneven_origins_are_seen():
    rows = guard_rows()
    assert not tables_choices.uneven(rows)
    rows.loc[rows["group"] == "supportive", "n_fallback_origin"] = 30
    assert tables_choices.uneven(rows)
    assert (
        "Time zero differs between arms"
        in tables_choices.guard(withhold_choices.guard(rows, 5), STUDY).notes[1]
    )
    shown = {"uneven_origin": True}
    naive = Study(name="small", landmark_days=0)
    assert choices.refusal(shown, naive).startswith("Survival by arm is not drawn: time zero is")
    assert choices.refusal(shown, STUDY) == choices.refusal({"uneven_origin": False}, naive) == ""


def test_the_table_of_choices():
    table = tables_choices.sensitivity(withhold_choices.panel(panel_rows(), 5), STUDY)
    cells = {row[0].strip(): row[1] for row in table.rows}
    assert cells["From time zero, as received (naive)"] == "0.50 (0.30 to 0.80)"
    assert cells["Landmark, day 14"] == "hidden"
    assert cells["Propensity score weights"] == "no estimate: fewer than 40 begin it"
    assert table.head[1] == "Surgery first against cEBRT first"
    both = panel_rows().tail(1).assign(section="adjustment", method="missing_level")
    rows = pd.concat([panel_rows(), both.assign(adjusted_for="age_years")], ignore_index=True)
    notes = tables_choices.sensitivity(withhold_choices.panel(rows, 5), STUDY).notes[2]
    assert notes == (
        "The other rows count from the landmark, day 30, adjusted for Age; propensity scores rest "
        "on ECOG performance status."
    )
    assert "adjusted for ECOG performance status" in table.notes[1]
    assert "up to the horizon" not in table.notes[1]
    clones = panel_rows().head(1).assign(method="clone_censor_weight", adjusted_for="age_years")
    cloned = pd.concat([rows, clones])
    clock = tables_choices.sensitivity(withhold_choices.panel(cloned, 5), STUDY).notes[1]
    assert "rest on Age. Their ratio counts deaths up to the horizon" in clock
    timed = pd.concat([rows, panel_rows().head(1).assign(method="time_varying")])
    clock = tables_choices.sensitivity(withhold_choices.panel(timed, 5), STUDY).notes[1]
    assert "count as untreated" in clock and "count as untreated" not in table.notes[1]
    shown = tables_choices.sensitivity(withhold_choices.panel(panel_rows(), 0), STUDY)
    assert dict(row[:2] for row in shown.rows)["\u2003Landmark, day 14"] == "0.90 (0.60 to 1.30)"


def test_the_numbers_of_a_failed_diagnostic_are_not_quoted():
    note = "withheld: cases in the arm 3, limit 10; share without a value 0.41, limit 0.4"
    rows = panel_rows().assign(note=note)
    shown = tables_choices.sensitivity(withhold_choices.panel(rows, 5), STUDY).rows
    cell = next(row[1] for row in shown if row[0].strip() == "Propensity score weights")
    assert cell == "no estimate: withheld, because it fails a diagnostic (Adjusted comparison)"


def test_the_figure_of_choices():
    svg = save.render(draw_sensitivity(withhold_choices.panel(panel_rows(), 5)))["svg"].decode()
    named = ("Landmark, day 14", "no estimate", "hidden", "What scores leave open")
    for words in (*named, "0.50 (0.30 to 0.80)"):
        assert words in svg
    many = pd.concat(
        [panel_rows().assign(group=name) for name in ("surgery", "sbrt", "none", "cebrt")]
    )
    assert "Surgery first against" in save.render(draw_sensitivity(many))["svg"].decode()
    nothing = save.render(draw_sensitivity(panel_rows().iloc[:0]))["svg"].decode()
    assert "fewer than two arms" in nothing


def test_arms_that_are_given_are_not_called_naive():
    given = panel_rows().assign(method=lambda r: r["method"].replace("naive", "as_given"))
    given.loc[given["method"].str.startswith("landmark"), ["hazard_ratio", "note"]] = [
        np.nan,
        "not available: not applicable: the table gives the arms",
    ]
    shown = withhold_choices.panel(given, 0)
    words = [
        tables_choices.caption(shown, STUDY)[0],
        *tables_choices.sensitivity(shown, STUDY).notes,
    ]
    assert not any("naive" in text or "immortal" in text for text in words)
    assert "immortal" in tables_choices.caption(panel_rows(), STUDY)[0]
    svg = save.render(draw_sensitivity(shown))["svg"].decode()
    assert "From time zero, arms as given" in svg and "does not apply" in svg
    assert "#d55e00" not in svg.lower()


def test_the_caption_states_the_range():
    caption, words = tables_choices.caption(withhold_choices.panel(panel_rows(), 5), STUDY)
    assert "logarithmic axis" in caption and "The arms were chosen" in caption
    assert words == "Hazard ratios: Surgery first 0.001 to 0.50 over 2 choices."


CURVE = pd.DataFrame(
    {
        "group": ["sbrt"] * 3,
        "time_days": [0.0, 60.0, 400.0],
        "n_at_risk": [40, 40, 20],
        "survival": [1.0, 0.5, 0.5],
        "ci_lower": [1.0, 0.3, 0.3],
        "ci_upper": [1.0, 0.7, 0.7],
    }
)
SUMMARY = pd.DataFrame({"group": ["sbrt"], "n": [40], "median_days": [60.0]})


@pytest.mark.parametrize(
    "choice, cautioned",
    [
        ({"analysis": "by_arm"}, True),
        ({"analysis": "by_arm", "landmark_days": 30.0}, False),
        ({"analysis": "by_arm", "arms_given": True}, False),
        ({"analysis": "overall"}, False),
    ],
)
def test_no_received_treatment_is_drawn_from_zero_without_the_caution(choice, cautioned):
    plot = SurvivalPlot(time_zero="MRI", **choice)
    svg = save.render(draw_survival(CURVE, SUMMARY, plot))["svg"].decode()
    assert (NAIVE[:40] in svg) == cautioned


def test_delayed_entry_is_stated():
    note = Study(name="small", entry="referral_day").entry_note
    assert note.startswith("Delayed entry:") and Study(name="small").entry_note == ""
