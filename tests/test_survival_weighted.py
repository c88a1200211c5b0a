"""The adjusted comparison of arms: R end to end, identical arms, what is withheld, every key."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from mescc_analytics.errors import UsageError
from mescc_analytics.steps import survival, weight
from mescc_analytics.steps.cohort import effective
from mescc_analytics.steps.survival_weighted import NEEDS, NO_WEIGHTS, NOTHING_LEFT
from mescc_analytics.steps.weight import BROAD, DETAILED
from mescc_analytics.steps.weight_verdicts import verdicts
from mescc_analytics.tables import files
from weight_cases import FULL, LONG, SHORT, SURGERY, alike, changed, cohort, confounded

ROOT = Path(__file__).parents[1]
ORACLE = ROOT / "tests/oracle/adjusted_arms"
# nothing fails but what a test wants to fail
LENIENT = {
    "covariates": ["age_years", "ambulatory_status"],
    "balance_limit": 5,
    "balance_most": 5,
    "variance_ratio_max": 50,
    "overlap_share_min": 0,
    "effective_size_min": 1,
    "cases_per_parameter_min": 0,
    "detectable_hazard_ratio_max": 1e6,
    "ph_p_min": 0,
    "missing_share_max": 1,
}
NUMBERS = ["hazard_ratio", "ci_lower", "ci_upper", "p", "ph_p", "n", "events"]


def run(frame, lenient=True, sections=None, **values):
    """Tables of the step survival on top of those of the step weight."""
    chosen = changed(**(LENIENT if lenient else {}) | values)
    for name, own in {"survival": {"by": []}, **(sections or {})}.items():
        chosen = chosen | {name: chosen[name] | own if isinstance(own, dict) else own}
    quick = {"clone_censor_weight": False, "time_varying": False}
    chosen = chosen | {"survival": chosen["survival"] | quick}
    chosen = chosen | {"cohort": effective(frame, chosen)}
    made = weight.analyse(frame, chosen)
    found = survival.analyse(frame, chosen, made["weights"], made["diagnostics"])
    return found | {name: made[name] for name in ("weights", "diagnostics", "balance")}


def of(table, analysis=DETAILED):
    return table[table["analysis"] == analysis].reset_index(drop=True)


def why_not(tables, analysis=DETAILED):
    return tables["not_assessable"].set_index("analysis").loc[analysis, "reason"]


# --- R --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def rotterdam():
    """Hormonal treatment as an arm, adjusted for age and nodes, on the clock of the table."""
    cases = pd.read_csv(ROOT / "tests/oracle/weighted/data_rotterdam.csv")
    names = cases["group"].map({"hormon0": LONG, "hormon1": SHORT})
    columns = {name: pd.array(cases[name], dtype="Float64") for name in ("age", "nodes")}
    frame = cohort(names, cases["time"], **columns)
    frame["arm"] = frame["arm"].cat.set_categories([LONG, SHORT])
    frame["survival_event"] = cases["event"].eq(1).astype("boolean")
    return run(
        frame,
        covariates=["age", "nodes"],
        variance="robust",
        sections={
            "cohort": {"landmark_days": 0},
            "survival": {"by": [], "milestones_days": [365, 1825], "horizon_days": 1825},
        },
    )


def test_hazard_ratio_agrees_with_r(rotterdam):
    (expected,) = pd.read_csv(ORACLE / "hazards.csv").to_dict("records")
    (row,) = of(rotterdam["hazards"]).to_dict("records")
    assert_allclose([row[name] for name in expected], list(expected.values()), rtol=1e-8)
    assert (row["group"], row["reference"]) == (SHORT, LONG)


def test_curves_agree_with_r(rotterdam):
    expected = pd.read_csv(ORACLE / "curves.csv")
    curves = of(rotterdam["curves"])
    for name, own in (("hormon0", LONG), ("hormon1", SHORT)):
        wanted, curve = expected[expected["group"] == name], curves[curves["group"] == own]
        place = np.searchsorted(curve["time_days"].to_numpy(float), wanted["time"], "right") - 1
        found = curve.iloc[place]
        for column in ("survival", "ci_lower", "ci_upper"):
            assert_allclose(found[column], wanted[column], rtol=1e-8)


def test_differences_and_sizes_agree_with_r(rotterdam):
    expected = pd.read_csv(ORACLE / "differences.csv")
    rows = of(rotterdam["contrasts"]).query("measure == 'survival_difference'")
    for column in ("estimate", "ci_lower", "ci_upper"):
        assert_allclose(rows[column].astype(float), expected[column], rtol=1e-8)
    sizes = of(rotterdam["summary"])["effective_n"]
    assert_allclose(sizes, pd.read_csv(ORACLE / "sizes.csv")["effective_n"], rtol=1e-8)


# --- identities -----------------------------------------------------------------------------------


def test_identical_arms_reproduce_the_unweighted_comparison():
    frame = alike()
    frame["survival_event"] = pd.array(np.arange(120) % 3 > 0, dtype="boolean")
    tables = run(frame, variance="robust")
    same = ["group", "time_days", "n_at_risk", "n_events", "n_censored"]
    plain, weighted = of(tables["curves"], "by_arm"), of(tables["curves"])
    pd.testing.assert_frame_equal(plain[same], weighted[same], check_dtype=False)
    for name in ("survival", "ci_lower", "ci_upper"):
        assert_allclose(weighted[name].astype(float), plain[name].astype(float), rtol=1e-9)
    assert_allclose(weighted["n_at_risk_weighted"], weighted["n_at_risk"] / 2, rtol=1e-9)
    assert_allclose(weighted["n_events_weighted"], weighted["n_events"] / 2, rtol=1e-9)
    assert plain["n_at_risk_weighted"].isna().all()
    ratio = [of(tables["hazards"], name)["hazard_ratio"] for name in ("by_arm", DETAILED)]
    assert_allclose(*ratio, rtol=1e-8)
    plain, weighted = of(tables["summary"], "by_arm"), of(tables["summary"])
    for name in ("n", "events", "median_days", "rmst_days", "rmst_lower", "follow_up_median_days"):
        assert_allclose(weighted[name].astype(float), plain[name].astype(float), rtol=1e-9)
    assert_allclose(weighted["effective_n"], 60, rtol=1e-9)
    chi = [
        of(tables["tests"], name).set_index("test").loc["log_rank", "statistic"]
        for name in ("by_arm", DETAILED)
    ]
    # the variance of the weighted test holds one weight as one case, as the unweighted does
    assert_allclose(*chi, rtol=1e-8)


def test_broad_arms_without_detail_are_the_same_comparison():
    """Where every first treatment is one arm, both levels are one and the same."""
    tables = run(confounded(arms=(LONG, SURGERY)))
    for name, values in (("hazards", NUMBERS[:4]), ("contrasts", ["estimate", "ci_lower", "p"])):
        detailed, broad = of(tables[name]), of(tables[name], BROAD)
        for value in values:
            first, second = (t[value].astype(float) for t in (detailed, broad))
            assert_allclose(first, second, rtol=1e-9)
    assert of(tables["hazards"], BROAD)["term"].tolist() == ["surgery vs cebrt"]
    assert of(tables["summary"], BROAD)["group"].tolist() == ["surgery", "cebrt"]


def test_weights_take_confounding_away():
    """Survival depends on age and walking alone: the crude ratio is off, the weighted one is not."""
    tables = run(confounded(2000, seed=5), lenient=False)
    crude, adjusted = (of(tables["hazards"], n).iloc[0] for n in ("by_arm", DETAILED))
    assert crude["ci_lower"] > 1.2
    assert adjusted["ci_lower"] < 1 < adjusted["ci_upper"]


def test_row_order_is_irrelevant():
    frame = confounded()
    first, second = (run(f) for f in (frame, frame.sample(frac=1, random_state=1)))
    for name in ("curves", "hazards", "contrasts", "summary"):
        numbers = [
            of(t[name]).select_dtypes("number").to_numpy(float, na_value=np.nan)
            for t in (first, second)
        ]
        assert_allclose(*numbers, rtol=1e-8)


# --- withholding ----------------------------------------------------------------------------------

FAILING = {
    "balance": {"balance_limit": 1e-9, "balance_most": 1e-9, "estimand": "att"},
    "overlap": {"overlap_share_min": 1.0},
    "effective_size": {"effective_size_min": 1000},
    "events_per_parameter": {"cases_per_parameter_min": 1000, "small_arms": "keep"},
    "detectable_effect": {"detectable_hazard_ratio_max": 1.01},
    "missingness": {"missing_share_max": 0.01},
}


@pytest.fixture(scope="module")
def messy():
    frame, rng = confounded(400, 2), np.random.default_rng(2)
    frame.loc[rng.random(len(frame)) < 0.2, "age_years"] = pd.NA
    return frame


@pytest.mark.parametrize("name", FAILING)
def test_a_failed_diagnostic_leaves_no_number(messy, name):
    tables = run(messy, **FAILING[name])
    (row,) = of(tables["diagnostics"]).query("verdict == 'fail'").to_dict("records")
    assert (row["diagnostic"], row["withholds"]) == (name, "everything")
    for table in ("curves", "summary", "tests"):
        assert of(tables[table]).empty
    (hazard,) = of(tables["hazards"]).to_dict("records")
    assert pd.isna([hazard[n] for n in NUMBERS]).all()
    contrasts = of(tables["contrasts"])
    assert len(contrasts) == 6 and contrasts[["estimate", "of_group", "p"]].isna().all(axis=None)
    said = {hazard["note"], *contrasts["note"]}
    assert len(said) == 1 and hazard["note"].startswith("withheld: ")
    assert f"limit {row['limit']:.3g}" in hazard["note"] and f"{row['value']:.3g}" in hazard["note"]
    assert why_not(tables) == NOTHING_LEFT


def test_shown_in_spite_of_a_failure_says_so(messy):
    passing = run(messy)
    tables = run(messy, on_failure="show", overlap_share_min=1.0)
    for name in ("hazards", "contrasts"):
        assert of(tables[name])["note"].str.startswith("diagnostics failed: share of an arm").all()
        value = "hazard_ratio" if name == "hazards" else "estimate"
        assert_allclose(*(of(t[name])[value].astype(float) for t in (passing, tables)))
    pd.testing.assert_frame_equal(of(tables["curves"]), of(passing["curves"]))
    assert not passing["hazards"]["note"].str.contains("failed").any()


def test_hazards_that_are_not_proportional_take_the_ratio_only(messy):
    tables = run(messy, ph_p_min=1.0)
    (hazard,) = of(tables["hazards"]).to_dict("records")
    assert pd.isna([hazard[name] for name in NUMBERS[:5]]).all() and hazard["n"] > 0
    assert hazard["note"].startswith("withheld: p of proportional hazards")
    assert of(tables["contrasts"])["estimate"].notna().sum() == 5
    assert not of(tables["contrasts"])["note"].str.contains("withheld").any()
    assert len(of(tables["summary"])) == 2
    shown = of(run(messy, ph_p_min=1.0, on_failure="show")["hazards"]).iloc[0]
    assert np.isfinite(shown["hazard_ratio"]) and shown["note"].startswith("diagnostics failed: ")


def test_only_the_arms_that_pass_are_shown():
    frame = pd.concat([confounded(), alike(8, (SURGERY,))], ignore_index=True)
    frame["arm"] = frame["arm"].astype("category")
    frame["case_id"] = [f"C{i}" for i in range(len(frame))]
    tables = run(frame)
    assert (
        set(of(tables["curves"])["group"]) == set(of(tables["summary"])["group"]) == {LONG, SHORT}
    )
    assert of(tables["tests"]).set_index("test").loc["log_rank", "df"] == 1
    hazards = of(tables["hazards"]).set_index("group")
    assert hazards.loc[SURGERY, "note"] == "withheld: cases in the arm 8, limit 10"
    assert pd.isna(hazards.loc[SURGERY, NUMBERS]).all()
    assert np.isfinite(hazards.loc[SHORT, "hazard_ratio"])
    # no weight, so that there is nothing to show
    asked = of(run(frame, on_failure="show")["hazards"]).set_index("group")
    assert asked.loc[SURGERY, "note"] == "withheld: cases in the arm 8, limit 10"


# --- what cannot be assessed ----------------------------------------------------------------------


def test_without_weights_the_analyses_are_listed():
    frame = alike()
    chosen = changed() | {"cohort": effective(frame, FULL)}
    tables = survival.analyse(frame, chosen | {"survival": FULL["survival"] | {"by": []}})
    assert why_not(tables) == why_not(tables, BROAD) == NEEDS
    assert not tables["summary"]["analysis"].isin([DETAILED, BROAD]).any()


def test_one_arm_no_covariates_all_missing():
    assert why_not(run(alike(arms=(LONG,)))) == NO_WEIGHTS
    bare = alike().drop(columns=["age_years", "ambulatory_status"])
    assert why_not(run(bare)) == NO_WEIGHTS
    empty = alike()
    empty["age_years"] = pd.array([pd.NA] * 120, dtype="Float64")
    empty["ambulatory_status"] = pd.Categorical([None] * 120, ["ambulatory"])
    assert why_not(run(empty)) == NO_WEIGHTS
    nobody = alike()
    nobody["in_arms"] = nobody["in_overall"] = False
    tables = run(nobody)
    assert why_not(tables).startswith("no case") and why_not(tables, BROAD).startswith("no case")


def test_nobody_dies():
    frame = alike()
    frame["survival_event"] = False
    tables = run(frame, lenient=False, detectable_hazard_ratio_max=1e6)
    assert (
        of(tables["hazards"])["note"].str.startswith("withheld: detectable hazard ratio inf").all()
    )
    shown = run(frame, on_failure="show")
    assert of(shown["hazards"])["hazard_ratio"].isna().all()
    assert (of(shown["curves"])["survival"] == 1).all()


def test_given_arms_are_compared_as_asked():
    frame = alike()
    frame["arm_source"] = pd.Categorical(["given"] * len(frame), ["given", "derived"])
    assert why_not(run(frame)) == weight.GIVEN
    asked = run(frame, given_arms="adjust")
    assert len(of(asked["summary"])) == 2 and of(asked["summary"], BROAD).empty
    assert (of(asked["curves"]).groupby("group")["time_days"].min() == 0).all()


def test_weights_of_another_cohort_are_refused():
    frame = alike()
    made = weight.analyse(frame, changed())
    other = frame.assign(case_id=[f"Z{i}" for i in range(len(frame))])
    with pytest.raises(UsageError, match="wanted the weights of this cohort"):
        survival.analyse(other, changed(), made["weights"], made["diagnostics"])


# --- keys of other sections -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "section, key, value, table, column",
    [
        ("survival", "confidence_level", 0.8, "curves", "ci_lower"),
        ("survival", "interval", "plain", "curves", "ci_lower"),
        ("survival", "milestones_days", [60], "contrasts", "time_days"),
        ("survival", "horizon_days", 200, "contrasts", "estimate"),
        ("survival", "cluster", "site", "hazards", "ci_lower"),
        ("survival", "strata", "site", "hazards", "hazard_ratio"),
        ("survival", "entry", "referral_day", "curves", "n_at_risk"),
        ("cohort", "landmark_days", 60, "curves", "time_days"),
        ("cohort", "reference_arm", SHORT, "hazards", "reference"),
    ],
)
def test_keys_of_the_step_reach_the_weighted_comparison(section, key, value, table, column):
    frame = confounded()
    frame["site"] = pd.array(list("abcdefghij") * 40, dtype="string")
    frame["referral_day"] = pd.array([0.0, 40.0] * 200, dtype="Float64")
    if key == "landmark_days":
        frame = frame[frame["survival_days"] > 60].reset_index(drop=True)
    plain, other = (
        of(run(frame, sections={section: own})[table])[column].tolist()
        for own in ({}, {key: value})
    )
    assert plain != other


def test_delayed_entry_leaves_out_who_is_never_seen():
    frame = confounded()
    late = np.arange(400) < 30
    frame["referral_day"] = pd.array(np.where(late, 1e5, 0.0), dtype="Float64")
    tables = run(frame, sections={"survival": {"by": [], "entry": "referral_day"}})
    assert of(tables["summary"])["n"].sum() == 370
    assert tables["weights"]["weight"].notna().sum() == 370
    absent = run(alike(), sections={"survival": {"by": [], "entry": "referral_day"}})
    assert why_not(absent) == "needs referral_day"


def test_the_variance_is_robust():
    """The only choice so far; a model-based interval would read weights as numbers of cases."""
    frame = alike(200)
    tables = run(frame, variance="robust")
    widths = [
        np.log(row["ci_upper"] / row["ci_lower"])
        for row in (of(tables["hazards"], name).iloc[0] for name in ("by_arm", DETAILED))
    ]
    assert_allclose(widths[0], widths[1], rtol=0.15)


# --- the command ----------------------------------------------------------------------------------


def test_the_command_line(tmp_path):
    files.write_table(confounded(), tmp_path / "cohort.parquet")
    command = [sys.executable, "-W", "error", "-m", "mescc_analytics"]
    whole = ["--cohort", str(tmp_path / "cohort.parquet")]
    steps = {
        "weight": ["weight", *whole],
        "survival": [
            *("survival", *whole, "--weights", str(tmp_path / "weight/weights.parquet")),
            *("--diagnostics", str(tmp_path / "weight/diagnostics.csv")),
        ],
    }
    for name, arguments in steps.items():
        done = subprocess.run(
            [*command, *arguments, "--out", str(tmp_path / name)],
            capture_output=True,
            text=True,
            cwd=ROOT,
        )
        assert (done.returncode, done.stderr) == (0, "")
    hazards = of(pd.read_csv(tmp_path / "survival/hazards.csv"))
    # five default covariates are absent from this table
    assert hazards["note"].str.contains("withheld: share without a value 1, limit 0.4").all()


def test_a_diagnostic_without_a_value_is_unknown():
    """No deaths at all: nothing can be detected, and hazards cannot be compared."""
    rows = pd.DataFrame(
        {
            "group": SURGERY,
            "reference": LONG,
            "diagnostic": ["detectable_effect", "proportional_hazards"],
            "value": pd.array([np.inf, None], dtype="Float64"),  # as read from diagnostics.csv
            "limit": pd.array([2.5, 0.05], dtype="Float64"),
            "verdict": "fail",
            "withholds": ["everything", "hazard_ratio"],
            "why": "",
        }
    )
    (found,) = verdicts(rows, [SURGERY, LONG], "withhold")
    assert not found.shown and found.note == (
        "withheld: detectable hazard ratio infinite, limit 2.5"
    )
    assert found.ratio_note.endswith("; p of proportional hazards unknown, limit 0.05")
