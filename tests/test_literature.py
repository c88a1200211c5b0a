"""The cohort beside the literature as people read it: figure, tables, section."""

import io
import re

import pandas as pd
import pytest

import result_frames as made
from mescc_analytics import codebook
from mescc_analytics.codebook.tables import load_csv
from mescc_analytics.present import literature, tables_literature
from mescc_analytics.present.figures import save
from mescc_analytics.present.figures.forest import draw_forest
from mescc_analytics.present.study import Study
from mescc_analytics.steps.figures import figures

STUDY = Study("small", time_zero="mri")
ROW = {
    "benchmark_id": "a",
    "topic": "walking",
    "study": "A 2005",
    "status": "verified",
    "subgroup": pd.NA,
    "outcome": "walking",
    "measure": "proportion",
    "arm": "surgery_cebrt",
    "baseline": "all",
    "published_definition": "with_aids",
    "published_timepoint": "30 days",
    "published_denominator": 50,
    "published": 0.84,
    "published_lower": 0.715,
    "published_upper": 0.917,
    "analysis": "by_arm",
    "numerator": 30,
    "denominator": 40,
    "estimate": 0.75,
    "ci_lower": 0.598,
    "ci_upper": 0.858,
    "withheld": "",
    "comparable": "yes",
    "why_not": "",
    "difference": -0.09,
    "difference_lower": -0.26,
    "difference_upper": 0.0753,
    "difference_note": "",
    "in_figure": "yes",
}
WHY = "the publication does not say what counts as walking; the publication gives no time"
BESIDE = {
    **{"comparable": "no", "why_not": WHY, "study": "B 1998", "arm": "rt"},
    **{"difference": pd.NA, "difference_lower": pd.NA, "difference_upper": pd.NA},
}
MEDIAN = BESIDE | {
    **{"measure": "median_days", "outcome": "survival", "topic": "survival", "arm": "all"},
    **{"published": 59.0, "published_lower": 43.0, "published_upper": 75.0},
    **{"estimate": 153.0, "ci_lower": 127.0, "ci_upper": pd.NA, "numerator": pd.NA},
    **{"denominator": pd.NA, "published_timepoint": pd.NA},
}
HIDDEN = {
    **dict.fromkeys(["estimate", "ci_lower", "ci_upper", "numerator", "denominator"], pd.NA),
    **{"withheld": "hidden", "study": "C 2011"},
    **{"difference": pd.NA, "difference_lower": pd.NA, "difference_upper": pd.NA},
}
NO_FIGURE = (
    BESIDE
    | HIDDEN
    | {
        **{"analysis": pd.NA, "withheld": pd.NA, "why_not": "not estimated here; other patients"},
        **{"outcome": "local_control", "topic": "local", "in_figure": "no"},
    }
)


def comparison(*changes):
    return pd.DataFrame([ROW | change for change in changes])


def svg(table):
    text = save.render(draw_forest(literature.drawn(table)))["svg"].decode()
    return re.sub(r"\s+", " ", " ".join(re.findall(r"<text[^>]*>(.*?)</text>", text, re.DOTALL)))


# --- words -----------------------------------------------------------------------------------


def test_every_outcome_of_the_benchmarks_has_words_and_a_topic():
    entries = codebook.load("benchmark_outcomes")
    assert set(load_csv("benchmarks")["outcome"]) == set(entries["outcomes"])
    assert {entry["topic"] for entry in entries["outcomes"].values()} == set(entries["topics"])


def test_no_two_published_results_read_alike():
    rows = [
        {"published_timepoint": row["timepoint"], "published_definition": row["definition"], **row}
        for row in load_csv("benchmarks").to_dict("records")
    ]
    read = [
        (
            literature.outcome_words(r),
            literature.source_words(r),
            r["measure"],
            r["timepoint"],
            str(r["reference"]),
        )
        for r in rows
    ]
    assert [pair for pair in set(read) if read.count(pair) > 1] == []


@pytest.mark.parametrize(
    "change, words",
    [
        ({}, "75 (60 to 86)"),
        ({"measure": "at_most"}, "75 (60 to 86)"),
        ({"withheld": "hidden"}, "hidden"),
        ({"estimate": pd.NA}, "not estimable"),
        (
            {"measure": "median_days", "estimate": 153.0, "ci_lower": 127.0, "ci_upper": 187.0},
            "153 (127 to 187)",
        ),
        (
            {"measure": "odds_ratio", "estimate": 3.983, "ci_lower": 1.56, "ci_upper": 10.17},
            "3.98 (1.56 to 10.17)",
        ),
    ],
)
def test_the_value_of_the_cohort(change, words):
    assert literature.own_words(ROW | change) == words


@pytest.mark.parametrize(
    "change, words",
    [
        ({}, "84 (72 to 92)"),
        ({"published_lower": pd.NA, "published_upper": pd.NA}, "84"),
        ({"published": pd.NA, "published_lower": 0.8, "published_upper": 0.9}, "80 to 90"),
        ({"measure": "at_most", "published_lower": pd.NA}, "up to 84"),
    ],
)
def test_the_published_value(change, words):
    assert literature.published_words(ROW | change) == words


def test_an_unverified_figure_says_so_wherever_it_stands():
    assert literature.source_words(ROW | {"status": "unverified"}) == (
        "A 2005: Surgery + cEBRT (unverified)"
    )


# --- the figure ------------------------------------------------------------------------------


def test_compared_and_side_by_side_differ_in_words_and_shape():
    text = svg(comparison({}, BESIDE, MEDIAN))
    for words in (
        "A 2005: Surgery + cEBRT",
        "84 (72 to 92)",
        "75 (60 to 86)",
        "compared",
        "side by side",
        "Percent",
        "Days",
        "Walking and neurology",
        "153",
    ):
        assert words in text, words
    figure = draw_forest(literature.drawn(comparison({}, BESIDE)))
    shapes = [line.get_marker() for line in figure.axes[0].get_lines()]
    assert shapes.count("o") == 1 and shapes.count("s") == 1 and shapes.count("D") == 2


def test_those_compared_come_first_within_their_topic():
    rows = literature.drawn(comparison(MEDIAN, BESIDE, {}))
    assert rows["study"].tolist() == ["A 2005", "B 1998", "B 1998"]
    assert rows["topic"].tolist() == ["walking", "walking", "survival"]


def test_withheld_and_unwanted_rows_are_not_drawn():
    table = comparison({}, HIDDEN, {"in_figure": "no", "study": "D 1990"})
    text = svg(table)
    assert "A 2005" in text and "C 2011" not in text and "D 1990" not in text


def test_an_empty_figure_says_why():
    assert literature.drawn(comparison(NO_FIGURE)).empty
    assert "the cohort has no figure that was published" in svg(comparison(NO_FIGURE))


def test_no_label_leaves_the_page_or_runs_into_its_neighbour():
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    published = load_csv("benchmarks")
    rows = [
        ROW
        | {"study": r["study"], "arm": r["arm"], "subgroup": r["subgroup"], "status": r["status"]}
        | {"outcome": r["outcome"], "published_timepoint": r["timepoint"]}
        for r in published[published["benchmark_id"].isin(shown_by_default())].to_dict("records")
    ]
    figure = draw_forest(literature.drawn(pd.DataFrame(rows)))
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    width = figure.bbox.width
    for axes in figure.axes:
        lines = {}
        for text in axes.texts:
            box = text.get_window_extent(canvas.get_renderer())
            assert 0 <= box.x0 and box.x1 <= width, text.get_text()
            lines.setdefault(text.get_position()[1], []).append((box.x0, box.x1, text.get_text()))
        for boxes in lines.values():
            ordered = sorted(boxes)
            for (_, end, left), (start, _, right) in zip(ordered, ordered[1:], strict=False):
                assert end < start, (left, right)


def shown_by_default():
    from mescc_analytics import settings

    return settings.defaults("benchmark")["show"]


def test_the_text_alternative_states_the_finding():
    apart = {"difference": 0.22, "difference_lower": 0.17, "difference_upper": 0.27}
    rows = literature.drawn(comparison({}, apart | {"study": "E 2011"}, BESIDE))
    caption, finding = literature.caption(rows, STUDY)
    assert finding == (
        "3 published results beside the cohort: 2 compared, 1 side by side only. Differences whose "
        "interval excludes zero: walking after treatment, 30 days, here 75 % (60 to 86), published "
        "84 % (72 to 92) (E 2011: Surgery + cEBRT)."
    )
    assert "Days of the cohort count from MRI" in caption and "no verdict on care" in caption
    calm = literature.finding(literature.drawn(comparison({})))
    assert calm.endswith("No difference that could be estimated excludes zero.")


def test_the_step_draws_it(tmp_path):
    figures(made.write(tmp_path), tmp_path / "figures", made.SETTINGS)
    text = (tmp_path / "figures/benchmark.svg").read_text()
    assert "side by side" in text and "Scottish audit" in text


def test_same_rows_same_bytes():
    table = literature.drawn(comparison({}, BESIDE, MEDIAN))
    first, second = (save.render(draw_forest(table)) for _ in range(2))
    assert all(io.BytesIO(first[end]).read() == second[end] for end in first)


# --- tables and section ----------------------------------------------------------------------


def test_the_table_gives_every_reason():
    table = tables_literature.benchmark(comparison(BESIDE, {}, HIDDEN, NO_FIGURE), STUDY)
    assert table.rows == (
        (
            "Walking and neurology",
            "Walking after treatment, 30 days (%)",
            "A 2005: Surgery + cEBRT",
            "84 (72 to 92)",
            "75 (60 to 86)",
            "30/40",
            "yes",
            "Difference −9 points (−26 to +8)",
        ),
        (
            "Walking and neurology",
            "Walking after treatment, 30 days (%)",
            "C 2011: Surgery + cEBRT",
            "84 (72 to 92)",
            "hidden",
            "",
            "yes",
            "Difference withheld",
        ),
        (
            "Walking and neurology",
            "Walking after treatment, 30 days (%)",
            "B 1998: Radiotherapy alone",
            "84 (72 to 92)",
            "75 (60 to 86)",
            "30/40",
            "no",
            "The publication does not say what counts as walking; the publication gives no time",
        ),
    )


def test_what_has_no_figure_is_counted_with_the_reason():
    table = tables_literature.absent(comparison(NO_FIGURE, NO_FIGURE, {}), STUDY)
    assert table.rows == (("Local control", "2", "Not estimated here"),)


def test_the_section_opens_with_how_many_are_compared():
    text = literature.opening(comparison({}, BESIDE, NO_FIGURE))
    assert text.startswith("Of 3 published results the cohort has a figure for 2. One of them is ")
    assert literature.opening(comparison(NO_FIGURE)) == literature.NOTHING
    assert "Not one of them is" in literature.opening(comparison(BESIDE))


def test_the_methods_say_what_was_compared():
    plain = literature.method({"tolerance_days": 7, "after_treatment_day": None})
    assert "at most 7 days apart" in plain and "were not compared" in plain
    assert "stood for day 30" in literature.method({"after_treatment_day": 30})
