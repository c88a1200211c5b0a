"""Step `prognosis`: by hand, with a known C, too few deaths, open totals, every key of the config."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from mescc_analytics import settings
from mescc_analytics.steps.prognosis import COLUMNS, analyse, prognosis
from mescc_analytics.steps.prognosis_scores import all_entries, published_survival
from mescc_analytics.tables import files
from prognosis_cases import FULL, changed, cohort, score, simulated

ROOT = Path(__file__).parents[1]


def c_of(tables, name, measure="harrell"):
    rows = tables["discrimination"]
    (row,) = rows[(rows["score"] == name) & (rows["measure"] == measure)].to_dict("records")
    return row


def test_c_by_hand_with_ties_and_direction():
    # deaths on day 10 (total 8), 20 (4), 40 (2); lost on day 30 (4)
    # pairs: 10 before 20, 30, 40: all in order; 20 before 30: tied, before 40: in order
    frame = cohort([10, 20, 30, 40], [1, 1, 0, 1], **score("tomita", [8, 4, 4, 2]))
    found = c_of(analyse(frame, changed()), "tomita")
    assert found["estimate"] == 4.5 / 5
    assert (found["n"], found["events"], found["status"]) == (4, 3, "estimated")
    # in the modified Bauer score more is better: the same order of totals is the wrong way round
    frame = cohort([10, 20, 30, 40], [1, 1, 0, 1], **score("bauer_modified", [4, 2, 2, 1]))
    assert_allclose(c_of(analyse(frame, changed()), "bauer_modified")["estimate"], 0.5 / 5)


def test_uno_by_hand():
    # lost on day 20 with three still followed: the pair of day 30 weighs (3/2) squared
    totals = [8, 4, 4, 2]
    frame = cohort([10, 20, 30, 40], [1, 0, 1, 0], **score("tomita", totals))
    found = c_of(analyse(frame, changed()), "tomita", "uno")
    assert found["estimate"] == 1.0 and found["until_days"] == 365
    frame = cohort([10, 20, 30, 40], [1, 0, 1, 0], **score("tomita", [4, 2, 2, 5]))
    # day 10: two of three in order; day 30: not in order
    assert_allclose(c_of(analyse(frame, changed()), "tomita", "uno")["estimate"], 2 / (3 + 2.25))


def test_known_c_is_recovered():
    # nine levels, log hazards in a straight line: of two cases with levels a and b the one with
    # the higher dies first with probability 1 / (1 + exp(-0.5 |a - b|))
    apart = np.abs(np.subtract.outer(np.arange(9), np.arange(9)))
    expected = (1 / (1 + np.exp(-0.5 * apart))).mean()
    frame = simulated(4000, seed=5)
    frame["survival_event"] = True
    rng = np.random.default_rng(8)
    totals = frame["tomita_total"].to_numpy(dtype=float)
    frame["survival_days"] = rng.exponential(400 / np.exp(0.5 * (totals - 6)))
    tables = analyse(frame, changed(bootstrap_max_cases=0))
    found = c_of(tables, "tomita")
    assert found["ci_lower"] < expected < found["ci_upper"]
    assert found["ci_upper"] - found["ci_lower"] < 0.03
    unrelated = c_of(tables, "bauer_modified")
    assert unrelated["ci_lower"] < 0.5 < unrelated["ci_upper"]


def test_too_few_deaths_is_said_and_nothing_estimated():
    frame = simulated(300, seed=1)
    dead = np.flatnonzero(frame["survival_event"].to_numpy(dtype=bool))
    frame.loc[dead[49:], "survival_event"] = False
    tables = analyse(frame, changed(min_events=50, milestones_days=[2000]))
    found = c_of(tables, "tomita")
    assert found["status"] == "too few" and np.isnan(found["estimate"])
    assert found["reason"] == "too few deaths: found 49, wanted at least 50"
    assert tables["bands"].empty and tables["comparison"].empty
    assert set(tables["brier"]["status"]) <= {"too few", "not estimable", "not assessable"}
    assert tables["calibration"]["observed"].isna().all()
    assert tables["summary"]["median_days"].isna().all()
    assert tables["summary"]["events"].sum() == 49 * 2
    frame.loc[dead[49], "survival_event"] = True
    assert c_of(analyse(frame, changed(min_events=50)), "tomita")["status"] == "estimated"


def test_open_totals_are_left_out_and_counted_and_both_ends_are_tried():
    time, died = [10, 20, 30, 40, 50], [1, 1, 1, 1, 1]
    low, high = [8, 2, 6, 4, 2], [8, 10, 6, 4, 2]
    tables = analyse(cohort(time, died, **score("tomita", low, high)), changed())
    own = c_of(tables, "tomita")
    assert (own["n_cases"], own["n_open"], own["n"], own["estimate"]) == (5, 1, 4, 1.0)
    # the open total at 2: out of order with 6 and 4, tied with 2; at 10: in order with later ones
    assert_allclose(c_of(tables, "tomita", "harrell_open_lowest")["estimate"], 7.5 / 10)
    assert_allclose(c_of(tables, "tomita", "harrell_open_highest")["estimate"], 9 / 10)
    size = tables["summary"].set_index("band")["n"]
    assert size["open"] == 1 and size.sum() == 5


def test_without_a_settled_total_no_end_is_tried():
    frame = cohort([10, 20, 30], [1] * 3, **score("tomita", [2, 3, 4], [10, 10, 10]))
    rows = analyse(frame, changed())["discrimination"]
    assert rows["measure"].tolist() == ["harrell", "uno"]
    assert set(rows["status"]) == {"not assessable"} and set(rows["reason"]) == {"needs ecog"}


def test_cases_to_which_a_score_does_not_apply_are_out():
    totals, applies = [20, 19, 8, 7], np.array([True, True, False, True])
    frame = cohort([10, 20, 30, 40], [1] * 4, **score("rades_2_month_death", totals, None, applies))
    tables = analyse(frame, changed())
    found = c_of(tables, "rades_2_month_death")
    assert (found["n_not_applicable"], found["n_open"], found["n"]) == (1, 0, 3)
    assert tables["summary"].set_index("band")["n"]["not_applicable"] == 1
    assert not tables["discrimination"]["measure"].str.contains("open").any()


def test_excluded_cases_do_not_count():
    frame = cohort([10, 20, 30, 40], [1, 1, 0, 1], **score("tomita", [8, 4, 4, 2]))
    frame.loc[0, "in_overall"] = False
    found = c_of(analyse(frame, changed()), "tomita")
    assert (found["n_cases"], found["n"]) == (3, 3)


def test_head_to_head_on_common_cases_by_hand():
    # case 5 has no modified Bauer total, case 6 no Tomita total
    frame = cohort(
        [10, 20, 30, 40, 5, 50],
        [1] * 6,
        **score("tomita", [8, 6, 4, 2, 2, 2], [8, 6, 4, 2, 2, 8]),
        **score("bauer_modified", [0, 2, 1, 3, 0, 4], [0, 2, 1, 3, 4, 4]),
    )
    found = analyse(frame, changed())["comparison"]
    assert found["cases"].tolist() == ["common", "pair"]
    row = found.iloc[0]
    # the registry names the modified Bauer score first; of 6 pairs it has one the wrong way round
    assert (row["score"], row["other"], row["n"]) == ("bauer_modified", "tomita", 4)
    assert_allclose([row["c"], row["c_other"], row["difference"]], [5 / 6, 1, -1 / 6])
    # on its own cases the Tomita score is worse: case 5 has the best total and dies first
    assert_allclose(c_of(analyse(frame, changed()), "tomita")["estimate"], (6 + 0 + 0.5) / 10)


def test_pairs_may_share_more_cases_than_all_scores_do():
    scores = {
        **score("tomita", [8, 6, 4, 2, 3]),
        **score("bauer_modified", [0, 2, 1, 3, 4]),
        **score("van_der_linden", [0, 1, 2, 3, 0], [0, 1, 2, 3, 6]),
    }
    found = analyse(cohort([10, 20, 30, 40, 50], [1] * 5, **scores), changed())["comparison"]
    sizes = found.groupby("cases")["n"].agg(list)
    assert sizes["common"] == [4, 4, 4]
    assert sorted(sizes["pair"]) == [4, 4, 5]


def test_calibration_stands_beside_the_published_figure():
    # Mizumoto A: 89 % alive at 6 months, 77 % at 12; band A here: one of four has died by day 180
    frame = cohort([100, 300, 400, 500], [1, 1, 1, 0], **score("mizumoto", [0, 1, 2, 3]))
    found = analyse(frame, changed())["calibration"].set_index(["band", "timepoint_days"])
    assert_allclose(found.loc[("A", 180.0), ["observed", "published"]].tolist(), [0.75, 0.89])
    assert_allclose(found.loc[("A", 180.0), "difference"], -0.14)
    assert_allclose(found.loc[("A", 365.0), ["observed", "published"]].tolist(), [0.5, 0.77])
    assert np.isnan(found.loc[("A", 90.0), "published"])
    assert found.loc[("A", 180.0), "published_basis"] == "alive_percent"
    assert found["source"].str.contains("Mizumoto").all()
    assert (found.loc["C", "n"] == 0).all()


def test_series_of_a_score_are_not_mixed():
    found = published_survival(all_entries()["rades_survival"], [180])
    assert found["survival"].tolist() == [0.07, 0.19, 0.56, 0.73, 0.90]
    assert set(found["basis"]) == {"alive_percent_validation"}
    assert published_survival(all_entries()["mizumoto"], [170]).empty


def test_brier_score_and_null_model_by_hand():
    # published for day 180: A 0.89, B 0.46; one of two in A and both in B have died by then
    frame = cohort([100, 400, 90, 120], [1, 1, 1, 1], **score("mizumoto", [0, 1, 5, 6]))
    rows = analyse(frame, changed())["brier"]
    (row,) = rows[(rows["basis"] == "alive_percent") & (rows["timepoint_days"] == 180)].to_dict(
        "records"
    )
    error = (0.89**2 + 0.11**2 + 2 * 0.46**2) / 4
    assert_allclose([row["brier"], row["brier_null"]], [error, 0.75 * 0.25])
    assert_allclose(row["brier_scaled"], 1 - error / (0.75 * 0.25))
    assert (row["n"], row["events"]) == (4, 3)


def test_without_a_published_figure_for_every_band_there_is_no_error_of_it():
    rows = analyse(simulated(200, seed=2), changed())["brier"]
    published = rows[rows["basis"] == "alive_percent"]
    assert set(published["status"]) == {"not assessable"}
    assert published["reason"].iloc[0] == "no survival is published for every band at day 90"
    own = rows[(rows["basis"] == "bands of this cohort") & (rows["score"] == "tomita")]
    assert (own["brier_scaled"] > 0).all() and (own["brier"] < own["brier_null"]).all()


def test_unrelated_bands_do_no_better_than_the_null_model():
    rows = analyse(simulated(600, seed=3), changed())["brier"]
    own = rows[(rows["basis"] == "bands of this cohort") & (rows["score"] == "bauer_modified")]
    assert (own["brier_scaled_lower"] < 0).all() and (own["brier_scaled"].abs() < 0.05).all()


def test_imported_predictions_are_read_in_their_direction_and_to_their_day():
    n = 200
    frame = simulated(n, seed=4)
    risk = frame["tomita_total"].to_numpy(dtype=float) / 10
    given = frame.assign(sorg_90d_probability=risk * 0.8, pathfx_180d_probability=1 - risk * 0.9)
    tables = analyse(given, changed())
    sorg, pathfx = (c_of(tables, f"{name}_probability") for name in ("sorg_90d", "pathfx_180d"))
    assert sorg["estimate"] > 0.6 and pathfx["estimate"] > 0.6
    assert (sorg["until_days"], pathfx["until_days"]) == (90, 180)
    assert sorg["points_status"] == "imported" and sorg["published"] == "0.73 (n 427)"
    rows = tables["calibration"]
    rows = rows[rows["score"] == "sorg_90d_probability"]
    assert set(rows["timepoint_days"]) == {90.0}
    assert rows["published"].dropna().is_monotonic_increasing
    fits = tables["recalibration"]
    fit = fits[fits["score"] == "sorg_90d_probability"].iloc[0]
    assert fit["status"] == "estimated" and fit["slope_lower"] < fit["slope"] < fit["slope_upper"]


def test_unverified_scores_are_labelled_on_every_row():
    totals = np.arange(21, 45)
    frame = cohort(np.arange(10, 250, 10), [1] * 24, **score("rades_survival", totals))
    tables = analyse(frame, changed())
    for name in ("discrimination", "summary", "bands", "calibration", "brier", "recalibration"):
        assert set(tables[name]["points_status"]) == {"unverified"}, name
        assert set(tables[name]["label"]) == {"Rades survival score (unverified)"}, name


def test_a_score_of_walking_is_compared_only_when_named():
    frame = simulated(200, seed=4)
    frame = frame.assign(**score("rades_ambulatory", 20 + frame["tomita_total"].astype(int)))
    assert "rades_ambulatory" not in set(analyse(frame, changed())["discrimination"]["score"])
    named = analyse(frame, changed(scores=["rades_ambulatory"]))["discrimination"]
    assert set(named["score"]) == {"rades_ambulatory"}


def test_what_a_score_lacks_is_named():
    frame = cohort([10, 20], [1, 1], **score("mizumoto", [0, 0], [5, 5]))
    frame = frame.assign(**score("katagiri_new", [0, 0], [5, 5]), **score("osri", [1, 1], [7, 7]))
    opened = {"katagiri_new": "primary (open)", "osri": "primary_tumour_pathology (open)"}
    for name, item in opened.items():
        frame[f"{name}_missing"] = pd.array([item] * 2, dtype="string")
    frame["mizumoto_missing"] = pd.array(["unfavourable_tumour (open); ecog"] * 2, dtype="string")
    asked = changed(scores=["mizumoto", "katagiri_new", "osri", "sorg_90d_probability", "bollen"])
    found = analyse(frame, asked)["not_assessable"].set_index("analysis")["needs"]
    assert found["mizumoto"] == "the setting score.mizumoto_unfavourable; ecog"
    assert found["katagiri_new"] == "more detail on 'Primary tumour' than the table holds"
    assert found["osri"] == "the setting score.allow_unverified"
    assert found["sorg_90d_probability"] == "sorg_90d_probability"
    assert found["bollen"] == "the setting score.allow_unverified"


@pytest.mark.parametrize("time, died", [([], []), ([5], [1]), ([5, 6], [0, 0]), ([5, 5], [1, 1])])
def test_tiny_cohorts_give_reasons(time, died):
    frame = cohort(time, died, **score("tomita", [5] * len(time)))
    tables = analyse(frame, changed())
    assert (tables["discrimination"]["status"] != "estimated").all()
    assert list(tables) == list(COLUMNS)


def test_without_any_score_there_are_tables_without_rows():
    tables = analyse(cohort([5, 6], [1, 1]), changed())
    assert all(table.empty for name, table in tables.items() if name != "not_assessable")
    assert all(set(COLUMNS[name]) <= set(tables[name]) for name in COLUMNS)


FRAME = simulated(250, seed=7)


@pytest.fixture(scope="module")
def usual():
    return analyse(FRAME, changed())


@pytest.mark.parametrize(
    "key, value, table, column",
    [
        ("scores", ["tomita"], "discrimination", "score"),
        ("milestones_days", [60], "calibration", "timepoint_days"),
        ("min_events", 10_000, "discrimination", "status"),
        ("replicates", 150, "discrimination", "ci_lower"),
        ("bootstrap_max_cases", 100, "discrimination", "interval"),
        ("bootstrap_max_cases", 100, "brier", "brier_lower"),
        ("confidence_level", 0.8, "discrimination", "ci_lower"),
        ("confidence_level", 0.8, "calibration", "ci_lower"),
        ("confidence_level", 0.8, "comparison", "ci_lower"),
        ("interval", "plain", "bands", "ci_lower"),
        ("interval", "plain", "calibration", "ci_lower"),
        ("uno_until_days", 100, "discrimination", "estimate"),
        ("comparison_measure", "uno", "comparison", "c"),
    ],
)
def test_every_key_changes_a_result(usual, key, value, table, column):
    plain, other = usual[table], analyse(FRAME, changed(**{key: value}))[table]
    assert plain[column].tolist() != other[column].tolist()


def test_the_seed_moves_the_bootstrap_and_nothing_else():
    one, other = (analyse(FRAME, changed() | {"seed": seed}) for seed in (1, 2))
    names = ["ci_lower", "ci_upper"]
    for table in ("discrimination", "comparison"):
        assert (one[table][names[0]] != other[table][names[0]]).any()
        pd.testing.assert_frame_equal(
            one[table].drop(columns=names), other[table].drop(columns=names)
        )


def test_a_score_has_the_same_interval_whatever_else_is_compared(usual):
    alone, among = c_of(analyse(FRAME, changed(scores=["tomita"])), "tomita"), c_of(usual, "tomita")
    assert (alone["ci_lower"], alone["ci_upper"]) == (among["ci_lower"], among["ci_upper"])


def test_intervals_of_bootstrap_and_standard_error_agree():
    drawn = analyse(FRAME, changed(replicates=2000))
    normal = analyse(FRAME, changed(bootstrap_max_cases=0))
    for table, columns in (
        ("discrimination", ["ci_lower", "ci_upper"]),
        ("comparison", ["ci_lower", "ci_upper"]),
        ("brier", ["brier_lower", "brier_upper"]),
    ):
        assert_allclose(drawn[table][columns], normal[table][columns], atol=0.02)


def test_config_names_only_known_scores():
    assert settings.check({"prognosis": {"scores": ["tomitta"]}}, need_cohorts=False) == [
        "prognosis.scores: 'tomitta' is not a score (did you mean 'tomita'?)"
    ]
    known = {"prognosis": {"scores": ["tomita", "sorg_90d_probability"]}}
    assert settings.check(known, need_cohorts=False) == []


def test_same_bytes_on_any_number_of_processors(tmp_path):
    files.write_table(FRAME, tmp_path / "cohort.parquet")
    for threads in ("1", "2"):
        several = {name: threads for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
        command = [sys.executable, "-m", "mescc_analytics", "prognosis", "--cohort"]
        command += [str(tmp_path / "cohort.parquet"), "--out", str(tmp_path / threads)]
        subprocess.run(command, check=True, cwd=ROOT, env=os.environ | several)
    for path in sorted((tmp_path / "1").iterdir()):
        assert path.read_bytes() == (tmp_path / "2" / path.name).read_bytes(), path.name


def test_the_step_reads_and_writes(tmp_path):
    files.write_table(FRAME, tmp_path / "cohort.parquet")
    prognosis({"cohort": tmp_path / "cohort.parquet"}, tmp_path / "out", FULL)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {f"{n}.csv" for n in COLUMNS}
    read = files.read_csv(tmp_path / "out/summary.csv")
    assert set(read["time_zero"]) == {"mri"}
