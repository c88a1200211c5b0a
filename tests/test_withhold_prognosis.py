"""The validation of scores as it is shown: no small band, and nothing from which one follows."""

import numpy as np
import pandas as pd
import pytest

from mescc_analytics.present import prognosis as words
from mescc_analytics.present.figures import prognosis as drawings
from mescc_analytics.present.study import Study
from mescc_analytics.steps import show_prognosis, withhold_prognosis
from mescc_analytics.steps.prognosis import analyse
from mescc_analytics.tables import files
from prognosis_cases import changed, cohort, score

CONFIG = changed() | {"disclosure": {"threshold": 5}, "score": {"allow_unverified": False}}
STUDY = Study("small", threshold=5)


def bands_of(sizes, open_totals=0):
    """A cohort with so many cases in each band of the Tomita score; every other case has died."""
    totals = np.repeat([2, 4, 6, 8], sizes)
    low = np.r_[totals, np.full(open_totals, 2)].astype(int)
    high = np.r_[totals, np.full(open_totals, 10)].astype(int)
    n = len(low)
    return cohort(
        np.arange(10, 10 * n + 10, 10), np.arange(n) % 2 == 0, **score("tomita", low, high)
    )


def shown(frame, tmp_path, config=CONFIG):
    for name, table in analyse(frame, config).items():
        files.write_csv(table, tmp_path / f"{name}.csv")
    names = ("discrimination", "summary", "calibration", "brier", "recalibration", "comparison")
    return show_prognosis.frames({f"prognosis_{n}": tmp_path / f"{n}.csv" for n in names}, config)


def cells(table):
    return {row[0].strip(): row for row in table.rows}


def test_a_small_band_is_hidden_with_another_and_with_its_survival(tmp_path):
    made = shown(bands_of([40, 30, 20, 3]), tmp_path)
    summary = made["summary"].set_index("band")
    assert summary.loc["8-10", "mark"] == "<5"
    hidden = summary.index[summary["n"].isna()].tolist()
    assert hidden == ["6-7", "8-10"]
    assert summary.loc["8-10", ["median_days", "events"]].isna().all()
    at = made["calibration"]
    assert (
        at.loc[at["band"] == "8-10", ["observed", "n", "n_at_risk", "events"]].isna().all(axis=None)
    )
    assert at.loc[at["band"] == "2-3", "observed"].notna().any()


def test_few_open_totals_hide_how_many_have_the_score(tmp_path):
    made = shown(bands_of([40, 30, 20, 20], open_totals=3), tmp_path)
    row = made["discrimination"].iloc[0]
    assert pd.isna(row["n"]) and pd.isna(row["n_open"]) and row["n_cases"] == 113
    assert not pd.isna(row["estimate"])
    counts = made["summary"].set_index("band")["n"]
    # the sum of what is shown leaves the open totals together with one band
    assert counts.isna().sum() == 2 and pd.isna(counts["open"])


def test_large_bands_are_shown(tmp_path):
    made = shown(bands_of([40, 30, 20, 20], open_totals=10), tmp_path)
    assert made["summary"]["n"].notna().all()
    assert made["discrimination"].iloc[0]["n"] == 110


def test_percentages_that_tell_a_few_are_hidden(tmp_path):
    frame = bands_of([40, 30, 20, 20])
    frame["survival_days"] = np.where(np.arange(110) < 3, 20.0, 500.0)
    frame["survival_event"] = pd.array(np.arange(110) < 60, dtype="boolean")
    at = shown(frame, tmp_path)["calibration"].set_index(["band", "timepoint_days"])
    # 37 of 40 are alive on day 90: three have died
    assert pd.isna(at.loc[("2-3", 90.0), "observed"]) and at.loc[("2-3", 90.0), "mark"] == "hidden"
    assert at.loc[("4-5", 90.0), "observed"] == 1.0


def test_a_reason_does_not_tell_a_small_number_of_deaths(tmp_path):
    frame = bands_of([40, 30, 20, 20])
    frame["survival_event"] = pd.array(np.arange(110) < 3, dtype="boolean")
    config = changed(min_events=50) | {key: CONFIG[key] for key in ("disclosure", "score")}
    made = shown(frame, tmp_path, config)
    assert made["discrimination"]["reason"].iloc[0] == "too few deaths: fewer than 50"
    text = " ".join(words.opening(made["discrimination"], False, STUDY))
    assert "fewer than 50" in text and "found 3" not in text


def test_number_of_common_cases_is_hidden_where_few_have_one_score_only():
    exact = pd.DataFrame({"measure": ["harrell"] * 2, "score": ["a", "b"], "n_cases": [100, 100]})
    exact = exact.assign(n=[80, 90], events=[40, 45])
    frame = pd.DataFrame({"score": ["a", "a"], "other": ["b", "b"], "cases": ["common", "pair"]})
    for n, events, hidden in ((70, 35, False), (77, 38, True), (80, 40, False), (70, 37, True)):
        given = frame.assign(n=float(n), events=float(events))
        found = withhold_prognosis.comparison(given, exact, exact, 5)
        assert pd.isna(found["n"][0]) == hidden, (n, events)
        assert pd.isna(found["n"][1])
    unknown = exact.assign(n=[np.nan, 90])
    given = frame.assign(n=70.0, events=35.0)
    assert withhold_prognosis.comparison(given, unknown, exact, 5)["n"].isna().all()


def test_null_model_that_tells_a_few_is_hidden():
    frame = pd.DataFrame({"n": [100.0, 100.0], "events": [3.0, 40.0], "brier": [0.03, 0.2]})
    frame = frame.assign(brier_null=[0.03 * 0.97, 0.24], brier_scaled=[0.0, 0.1])
    found = withhold_prognosis.brier(frame, 5)
    assert found["brier"].isna().tolist() == [True, False]
    assert withhold_prognosis.brier(frame, 0)["brier"].notna().all()


def test_tables_say_what_is_left_out_and_what_was_published(tmp_path):
    shown(bands_of([40, 30, 20, 3], open_totals=25), tmp_path)
    names = ("discrimination", "summary", "calibration", "brier", "recalibration", "comparison")
    inputs = {f"prognosis_{name}": tmp_path / f"{name}.csv" for name in names}
    scores, bands, errors, pairs = show_prognosis.tables(inputs, CONFIG, STUDY)
    assert cells(scores)["Tomita score"][3] == "25"
    rows = cells(bands)
    assert rows["8-10"][1] == "<5" and rows["total open"][1] == "25"
    assert rows["8-10"][3] == "hidden"
    assert rows["8-10"][-1] == "terminal care"
    assert "Tomita score. Made in: spinal metastases considered for surgery" in rows
    assert not any("published" in name for name in bands.head[5:-1])
    assert errors.rows and "Slope" not in errors.head
    assert pairs.rows == ()


def test_order_of_the_figure_is_that_of_the_registry(tmp_path):
    frame = bands_of([40, 30, 20, 20])
    totals = np.arange(110) % 5
    made = shown(frame.assign(**score("bauer_modified", totals)), tmp_path)
    figure = show_prognosis.figures(made, CONFIG)["score_discrimination"]
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert texts[-2:] == ["Modified Bauer score", "Tomita score"]
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == ["Harrell's C, whole follow-up", "Uno's C, to day 365"]


def test_calibration_figure_marks_what_is_hidden_and_what_was_published(tmp_path):
    frame = bands_of([40, 30, 20, 3])
    mizumoto = score("mizumoto", np.arange(93) % 15)
    made = shown(frame.assign(**mizumoto), tmp_path)
    figure = show_prognosis.figures(made, CONFIG)["score_calibration"]
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles[:4] == ["Day 90", "Day 180", "Day 365", "Median"]
    hidden = [text.get_text() for text in figure.axes[0].texts].count("hidden")
    assert hidden >= 1
    diamonds = [
        [line for line in axes.get_lines() if line.get_marker() == "D"] for axes in figure.axes
    ]
    # Mizumoto: three bands at 6 and at 12 months, and three medians; none at 3 months
    assert [len(lines) for lines in diamonds[:4]] == [0, 3, 3, 3]


def test_nothing_to_draw_is_said_in_words(tmp_path):
    made = shown(cohort([5.0], [1], **score("tomita", [5])), tmp_path)
    drawn = show_prognosis.figures(made, CONFIG)
    assert "No score has enough deaths" in drawn["score_discrimination"].texts[0].get_text()
    assert "No band of a score" in drawn["score_calibration"].texts[0].get_text()
    assert set(show_prognosis.remarks(made)) == {"score_discrimination", "score_calibration"}
    (only,) = show_prognosis.opening(made, CONFIG, STUDY)
    assert only.startswith("No prognostic score could be validated on this cohort")


def test_unverified_points_are_announced(tmp_path):
    made = shown(bands_of([40, 30, 20, 20]), tmp_path)
    said = show_prognosis.opening(made, CONFIG | {"score": {"allow_unverified": True}}, STUDY)
    assert any("no readable source confirms" in paragraph for paragraph in said)
    assert len(said) == len(show_prognosis.opening(made, CONFIG, STUDY)) + 1


def test_the_text_alternative_states_the_finding(tmp_path):
    made = shown(bands_of([40, 30, 20, 20]), tmp_path)
    found = show_prognosis.words(made, CONFIG, STUDY)
    assert found["score_discrimination"][1].startswith("Harrell's C: Tomita score 0.")
    assert "no figure was published" in found["score_calibration"][1]


def test_level_of_the_caption_is_that_of_the_step(tmp_path):
    config = changed(confidence_level=0.8) | {k: CONFIG[k] for k in ("disclosure", "score")}
    made = shown(bands_of([40, 30, 20, 20]), tmp_path, config)
    captions = [caption for caption, _ in show_prognosis.words(made, config, STUDY).values()]
    assert all("80 % CI" in caption for caption in captions)


@pytest.mark.parametrize("upper", [None, np.nan])
def test_an_open_upper_limit_reaches_the_edge(upper):
    median = (10.0, 5.0, upper, 9.0, "")
    bands = [{"band": "A", "words": "", "median": median, 90.0: (0.5, 0.3, 0.7, 0.6, "")}]
    figure = drawings.draw_calibration([("A score", bands)], [90.0])
    lines = [line for line in figure.axes[1].get_lines() if len(line.get_xdata()) == 2]
    assert lines[0].get_xdata()[1] == figure.axes[1].get_xlim()[1]
