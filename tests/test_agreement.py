"""Two readings of SINS and SOSG: hand-worked kappa, published numbers, what may be shown."""

import numpy as np
import pandas as pd
import pytest

import result_frames as made
from mescc_analytics import codebook, settings
from mescc_analytics.clinical.scores import score_cases
from mescc_analytics.present import agreement as words
from mescc_analytics.present.figures import agreement as drawing
from mescc_analytics.present.study import Study
from mescc_analytics.steps import agreement, withhold_agreement
from mescc_analytics.synthetic import cohort as generator
from mescc_analytics.synthetic import synthesise

FULL = settings.complete({}, need_cohorts=False)
STUDY = Study("small", threshold=5)
# A whole reading; the second reader of `whole` differs in alignment only: 4 points less.
ITEMS = {
    "sins_location": "junctional",
    "sins_pain": "mechanical",
    "sins_lesion": "lytic",
    "sins_alignment": "subluxation",
    "sins_collapse": "over_50",
    "sins_posterolateral": "bilateral",
}


def changed(**values):
    return FULL | {"agreement": FULL["agreement"] | values}


def cases(**columns):
    """Scored cases with the levels given, all analysed."""
    declared = codebook.columns("cases")
    frame = pd.DataFrame(
        {
            name: pd.Categorical(levels, declared[name].levels)
            if declared[name].levels
            else pd.array(levels, dtype="string")
            for name, levels in columns.items()
        }
    )
    return score_cases(frame, FULL["score"]).assign(in_overall=True)


def pairs(first, second, name="sosg_grade"):
    return cases(**{name: first, f"{name}_rater2": second})


def row(frame, reading, choices=FULL, statistic="weighted_kappa"):
    found = agreement.analyse(frame, choices)["agreement"]
    return found[(found["reading"] == reading) & (found["statistic"] == statistic)].iloc[0]


# 20 pairs in three levels: 6 + 5 + 3 agree, 4 are one level apart, 2 are two levels apart
FIRST = ["lytic"] * 9 + ["mixed"] * 7 + ["blastic"] * 4
SECOND = ["lytic"] * 6 + ["mixed"] * 2 + ["blastic"]
SECOND += ["lytic", "mixed", "mixed", "mixed", "mixed", "mixed", "blastic"]
SECOND += ["lytic", "blastic", "blastic", "blastic"]


@pytest.mark.parametrize("weights, apart_two", [("linear", 2), ("quadratic", 4)])
def test_weighted_kappa_worked_by_hand(weights, apart_two):
    # first 9, 7, 4; second 8, 7, 5. Expected weight of a disagreement, times 400:
    # one apart (9*7 + 7*8 + 7*5 + 4*7) = 182, two apart (9*5 + 4*8) = 77
    observed = (4 * 1 + 2 * apart_two) / 20
    expected = (182 * 1 + 77 * apart_two) / 400
    found = row(pairs(FIRST, SECOND, "sins_lesion"), "sins_lesion", changed(weights=weights))
    assert found["estimate"] == pytest.approx(1 - observed / expected)
    assert (found["n_pairs"], found["n_agree"], found["model"]) == (20, 14, weights)
    assert found["share_agree"] == pytest.approx(0.7)


def test_only_cases_with_both_readings_count():
    frame = pairs(["1a", "2", "3", None, "0"], ["1a", "3", None, "2", "0"])
    assert row(frame, "sosg_grade")["n_pairs"] == 3
    frame = frame.assign(in_overall=[True, False, True, True, True])
    found = agreement.analyse(frame, FULL)["agreement"]
    assert found["n_pairs"].tolist() == [2] and found["n_cases"].tolist() == [4]


def test_grades_without_a_letter_are_no_second_grade():
    assert codebook.columns("cases")["sosg_grade_rater2"].partial == ()


def test_every_second_reading_has_the_levels_of_the_first():
    declared = codebook.columns("cases")
    second = [name for name in declared if name.endswith("_rater2")]
    assert len(second) == 7
    for name in second:
        assert declared[name].levels == declared[name.removesuffix("_rater2")].levels


@pytest.mark.parametrize("read_as, estimate", [("occasional", 1.0), ("mechanical", 0.5)])
def test_constant_pain_counts_as_configured(read_as, estimate):
    constant = ["constant_nonmechanical", "constant_nonmechanical", "mechanical", "mechanical"]
    frame = pairs(constant, ["occasional", "occasional", "mechanical", "mechanical"], "sins_pain")
    choices = FULL | {"score": FULL["score"] | {"constant_nonmechanical_pain": read_as}}
    found = row(frame, "sins_pain", choices)
    assert found["n_pairs"] == 4
    assert found["share_agree"] == pytest.approx(1.0 if estimate == 1 else 0.5)
    missing = FULL | {"score": FULL["score"] | {"constant_nonmechanical_pain": "missing"}}
    assert row(frame, "sins_pain", missing)["n_pairs"] == 2


def whole(n_same=6, n_less=2, n_mild=4):
    """Totals 18 read twice; 18 against 14; 11 (no collapse, alignment) read twice."""
    n = n_same + n_less + n_mild
    columns = {}
    for name, level in ITEMS.items():
        first = [level] * n
        if name in ("sins_alignment", "sins_collapse"):
            first[n_same + n_less :] = ["normal" if "align" in name else "none"] * n_mild
        second = list(first)
        if name == "sins_alignment":
            second[n_same : n_same + n_less] = ["normal"] * n_less
        columns |= {name: first, f"{name}_rater2": second}
    return cases(**columns)


def test_totals_are_compared_with_the_named_model_and_limits():
    tables = agreement.analyse(whole(), FULL)
    found = tables["agreement"].set_index("statistic")
    total = found[found["reading"] == "sins_total"]
    assert total["n_pairs"].tolist() == [12] * 4
    # differences: ten of 0 and two of 4; mean 8/12, variance (32 - 64/12)/11
    assert total.loc["bias", "estimate"] == pytest.approx(2 / 3)
    spread = 1.959964 * np.sqrt((32 - 64 / 12) / 11)
    assert total.loc["upper_limit", "estimate"] == pytest.approx(2 / 3 + spread, rel=1e-6)
    assert total.loc["lower_limit", "estimate"] == pytest.approx(2 / 3 - spread, rel=1e-6)
    assert total.loc["icc", "model"] == "2,1"
    points = tables["bland_altman"].to_numpy().tolist()
    assert points == [[11, 0, 4], [16, 4, 2], [18, 0, 6]]
    category = tables["agreement"].query("reading == 'sins_category'").iloc[0]
    assert (category["n_pairs"], category["n_agree"]) == (12, 12)


def test_a_total_needs_every_item_of_both_readers():
    frame = whole()
    frame["sins_pain_rater2"] = frame["sins_pain_rater2"].mask(frame.index < 5)
    found = agreement.analyse(frame, FULL)["agreement"]
    total = found[found["statistic"] == "icc"]
    assert total["n_pairs"].tolist() == [7]
    assert row(frame, "sins_category")["n_pairs"] == 12  # 15 to 18 is unstable all the same


def test_percentages_of_the_first_reading_do_not_serve_the_second():
    frame = whole().assign(collapse_percent=80.0)
    frame["sins_collapse_rater2"] = frame["sins_collapse_rater2"].mask(frame.index < 12)
    found = agreement.analyse(frame, FULL)
    assert "icc" not in set(found["agreement"]["statistic"])
    assert "of the SINS total" in set(found["not_assessable"]["analysis"])


@pytest.mark.parametrize(
    "key, value, statistic, column",
    [
        ("weights", "quadratic", "weighted_kappa", "estimate"),
        ("icc", "3,1", "icc", "estimate"),
        ("coverage", 0.9, "upper_limit", "estimate"),
        ("confidence_level", 0.8, "icc", "ci_lower"),
        ("confidence_level", 0.8, "bias", "ci_lower"),
        ("confidence_level", 0.8, "weighted_kappa", "ci_lower"),
        ("confidence_level", 0.8, "weighted_kappa", "share_lower"),
    ],
)
def test_every_key_changes_a_result(key, value, statistic, column):
    frame = realistic()
    reading = "sosg_grade" if statistic == "weighted_kappa" else "sins_total"
    assert (
        row(frame, reading, FULL, statistic)[column]
        != row(frame, reading, changed(**{key: value}), statistic)[column]
    )


def realistic():
    found = score_cases(synthesise(400, np.random.default_rng(2)).cases, FULL["score"])
    return found.assign(in_overall=True)


def test_what_is_not_there_is_named_once():
    absent = agreement.analyse(cases(sosg_grade=["2", "3"]), FULL)
    assert absent["agreement"].empty and absent["bland_altman"].empty
    assert absent["not_assessable"].to_numpy().tolist() == [
        ["of SINS", "sins_*_rater2", "needs sins_*_rater2"],
        ["of SOSG", "sosg_grade_rater2", "needs sosg_grade_rater2"],
    ]
    nobody = pairs(["2", None], [None, "3"]).assign(in_overall=[True, True])
    assert agreement.analyse(nobody, FULL)["not_assessable"]["reason"].tolist() == [
        "needs sins_*_rater2",
        "no case has both readings",
    ]
    excluded = agreement.analyse(whole().assign(in_overall=False), FULL)
    assert excluded["agreement"].empty and len(excluded["not_assessable"]) == 2
    alone = agreement.analyse(whole(1, 0, 0), FULL)["agreement"]
    assert alone["note"].str.contains("estimable").all()


def test_published_reliability():
    """Fourney 2011 as its abstract prints it, written out a second time."""
    printed = [0.790, 0.841, 0.244, 0.456, 0.462, 0.492]
    campos = [0.81, 0.58, 0.21, 0.45, 0.42, 0.29]
    for item, first, second in zip(ITEMS, printed, campos, strict=True):
        said = agreement.published(item)
        assert said == f"kappa {first:.2f} (Fourney 2011), {second:.2f} (Campos 2014)"
    assert agreement.published("sosg_grade") == "kappa 0.64 (Arana 2016)"
    assert agreement.published("sins_total").startswith("ICC 0.79 (Campos 2014)")
    assert agreement.published("sins_category") == ""
    known = codebook.load("reliability")
    assert {entry["study"] for entry in known["published"]} < set(known["studies"])


def test_the_table_names_statistic_pairs_and_interval():
    shown = withhold_agreement.agreement(made.readings(), 5)
    rows = words.readings(shown, STUDY, 0.95).rows
    assert rows[0] == (
        "SINS: pain",
        "Linear weighted kappa",
        "30",
        "24 (80 %)",
        "0.61 (0.40 to 0.80)",
        "kappa 0.84 (Fourney 2011)",
    )
    assert rows[1][1] == "ICC(2,1)" and rows[4][4] == "4.0 (2.0 to 6.0)"
    assert "absolute agreement" in " ".join(words.readings(shown, STUDY, 0.95).notes)
    assert words.readings(shown.iloc[:0], STUDY, 0.95).rows == ()


@pytest.mark.parametrize(
    "n_pairs, n_agree, shown_pairs, shown_estimate",
    [
        (30, 24, True, True),
        (30, 30, True, True),
        (30, 27, True, False),
        (30, 2, True, False),
        (4, 4, False, False),
        (38, 20, False, True),  # two of forty cases were not read twice
        (40, 20, True, True),
    ],
)
def test_few_agreements_disagreements_or_pairs_are_withheld(
    n_pairs, n_agree, shown_pairs, shown_estimate
):
    one = made.readings().iloc[:1].assign(n_pairs=n_pairs, n_agree=n_agree)
    found = withhold_agreement.agreement(one, 5).iloc[0]
    assert pd.notna(found["n_pairs"]) == shown_pairs
    assert pd.notna(found["estimate"]) == pd.notna(found["n_agree"]) == shown_estimate
    said = words.readings(withhold_agreement.agreement(one, 5), STUDY, 0.95).rows[0]
    assert "nan" not in " ".join(said).lower() and "<NA>" not in " ".join(said)
    everything = withhold_agreement.agreement(one, 0).iloc[0]
    assert everything[["n_pairs", "n_agree", "estimate"]].notna().all()


def points(*rows):
    return pd.DataFrame(rows, columns=["mean_points", "difference_points", "n"])


def test_pairs_are_counted_in_squares_around_whole_differences():
    found = withhold_agreement.squares(
        points((3.0, 0, 4), (4.5, 1, 2), (5.5, -1, 3), (5.5, -3, 9), (17.5, 1, 5), (18.0, 0, 6)),
        1,
        5,
    )
    assert found.to_numpy().tolist() == [[4.5, -3, 9], [4.5, 0, 9], [16.5, 0, 11]]
    fine = withhold_agreement.squares(points((18.0, 0, 6), (17.5, 1, 7), (0.0, 0, 8)), 0, 5)
    assert fine.to_numpy().tolist() == [[0.5, 0, 8], [17.5, 0, 6], [17.5, 1, 7]]


@pytest.mark.parametrize("seed", range(30))
def test_no_square_tells_a_small_number_of_pairs(seed):
    rng = np.random.default_rng(seed)
    n = rng.integers(1, 120)
    mean, apart = rng.integers(0, 37, n) / 2, np.round(rng.normal(0, 2, n))
    raw = pd.DataFrame({"mean_points": mean, "difference_points": apart})
    raw = raw.groupby(list(raw)).size().rename("n").reset_index()
    for threshold in (5, 10):
        found = withhold_agreement.squares(raw, 1, threshold)
        left_out = n - found["n"].sum()
        assert (found["n"] >= threshold).all()
        assert left_out == 0 or left_out >= threshold or found.empty
    assert withhold_agreement.squares(raw, 1, 0)["n"].sum() == n


def test_one_square_left_out_takes_another_with_it():
    found = withhold_agreement.squares(points((3, 0, 30), (9, 0, 8), (15, 0, 3)), 1, 5)
    assert found["n"].tolist() == [30]


def test_squares_do_not_add_up_to_a_total_that_is_withheld():
    raw = points((3, 0, 30), (9, 0, 8), (15, 0, 9))
    assert withhold_agreement.squares(raw, 1, 5)["n"].sum() == 47
    assert withhold_agreement.squares(raw, 1, 5, untold=True)["n"].tolist() == [30, 9]


def test_the_methods_name_weights_and_model():
    (said_,) = words.methods(made.readings(), changed(weights="quadratic", icc="3,1")["agreement"])
    assert "quadratic weights" in said_ and "ICC(3,1)" in said_
    assert words.methods(made.readings().iloc[:0], FULL["agreement"]) == []


def figure(frame, reach=1, threshold=5):
    shown = withhold_agreement.agreement(made.readings(), threshold)
    squares = withhold_agreement.squares(frame, reach, threshold)
    return drawing.draw_agreement(squares, words.lines(shown), 0.95)


def said(drawn):
    return [text.get_text() for axes in drawn.axes for text in axes.texts]


def test_the_figure_shows_counts_and_lines_only():
    drawn = figure(points((3, 0, 30), (9, 0, 8), (12, 6, 1), (15, 0, 3), (0, 9, 2)))
    text = said(drawn)
    assert [t for t in text if t.isdigit()] == ["30", "8"]
    assert "Mean difference 0.5\n95 % CI −0.5 to 1.5" in text
    (dots,) = drawn.axes[0].collections
    assert dots.get_offsets().tolist() == [[4.5, 0], [10.5, 0]]
    low, high = drawn.axes[0].get_ylim()
    assert low == -high and high >= 6


def test_the_axes_do_not_tell_where_a_pair_lies_that_is_not_shown():
    far = figure(points((3, 0, 30), (12, 15, 1), (0, -15, 4)))
    near = figure(points((3, 0, 30), (12, 2, 1), (0, -2, 4)))
    assert far.axes[0].get_ylim() == near.axes[0].get_ylim()


def test_the_reach_of_the_squares_changes_the_figure():
    raw = points((3, 0, 30), (4, 1, 8), (9, 0, 9))
    assert len(said(figure(raw, reach=0))) > len(said(figure(raw, reach=2)))


def test_too_few_pairs_give_words_instead_of_a_figure():
    few = withhold_agreement.agreement(made.readings().assign(n_pairs=4), 5)
    assert words.lines(few) == {}
    drawn = drawing.draw_agreement(points(), words.lines(few), 0.95)
    assert "not assessable" in drawn.texts[0].get_text()
    assert words.caption(few, STUDY, FULL["agreement"])[0] == ""


def test_the_second_reading_leaves_every_other_draw_alone(monkeypatch):
    with_it = synthesise(120, np.random.default_rng(5))
    monkeypatch.setattr(generator, "second_reading", lambda people, rng, facts: {})
    monkeypatch.setattr(generator, "truth_of_second", lambda facts, columns: {})
    without = synthesise(120, np.random.default_rng(5))
    old = [name for name in with_it.cases if not name.endswith("_rater2")]
    pd.testing.assert_frame_equal(with_it.cases[old], without.cases)
    for table in ("visits", "lesions"):
        pd.testing.assert_frame_equal(getattr(with_it, table), getattr(without, table))


def test_published_reliability_is_recovered_from_a_synthetic_cohort():
    made_ = synthesise(12_000, np.random.default_rng(3))
    truth = made_.truth["second_reading"]
    read = made_.cases["sosg_grade_rater2"].notna()
    assert read.sum() == truth["n_read_twice"] and read.mean() == pytest.approx(0.5, abs=0.02)
    cohort = score_cases(made_.cases, FULL["score"]).assign(in_overall=True)
    for weights in ("linear", "quadratic"):
        found = agreement.analyse(cohort, changed(weights=weights))["agreement"]
        found = found.set_index("reading")["estimate"]
        for name, kappa in truth["expected_kappa"].items():
            assert found[name] == pytest.approx(kappa, abs=0.06), name
