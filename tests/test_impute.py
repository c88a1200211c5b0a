"""The step that imputes: what it reads, keeps, and says where it cannot."""

import copy

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t

from mescc_analytics import codebook, settings
from mescc_analytics.clinical.sins import bounds, items
from mescc_analytics.clinical.sins_open import open_items
from mescc_analytics.present import tables_impute
from mescc_analytics.present.study import Study
from mescc_analytics.steps import impute, impute_model, withhold_impute
from mescc_analytics.steps.cohort import cohort
from mescc_analytics.steps.decisions import assign, score
from mescc_analytics.steps.impute_fields import fields_of
from mescc_analytics.steps.ingest import ingest
from mescc_analytics.steps.sources import synthesise
from mescc_analytics.tables import files

FULL = settings.complete({}, need_cohorts=False) | {"time_resolution": "day", "name": "small"}


def changed(**values):
    config = copy.deepcopy(FULL)
    config["impute"] |= {"n_imputations": 4, "iterations": 2} | values
    return config


@pytest.fixture(scope="module")
def frame(tmp_path_factory):
    root = tmp_path_factory.mktemp("impute")
    synthesise(250, 5, "realistic", root / "data")
    ingest({"cases": root / "data/cases.csv"}, root / "ingest", FULL)
    score({"cases": root / "ingest/cases.parquet"}, root / "scored.parquet", FULL)
    assign({"cases": root / "scored.parquet"}, root / "assigned.parquet", FULL)
    cohort({"cases": root / "assigned.parquet"}, root / "cohort", FULL)
    return files.read_table(root / "cohort/cohort.parquet")


@pytest.fixture(scope="module")
def tables(frame):
    return impute.analyse(frame, changed())


def test_partial_records_leave_the_levels_of_their_points():
    sins = codebook.load("sins")
    found = {
        (item, state): tuple(
            f(sins["components"][item][level] for level in levels) for f in (min, max)
        )
        for item, states in sins["partial_levels"].items()
        for state, levels in states.items()
    }
    wanted = {
        (item, state): tuple(limits)
        for item, states in sins["partial"].items()
        for state, limits in states.items()
    }
    assert found == wanted and set(bounds("sins_location")) >= {"coccyx", "sacrum_unspecified"}


def test_items_by_hand():
    cases = pd.DataFrame(
        {
            "spinal_levels": pd.array(["T11", "Co", pd.NA], dtype="string"),
            "sins_pain": pd.Categorical(["mechanical", None, "none"]),
            "collapse_percent": pd.array([30, 0, pd.NA], dtype="Float64"),
            "body_involved_percent": pd.array([pd.NA, pd.NA, 80], dtype="Float64"),
        }
    )
    found = open_items(cases, FULL["score"])
    assert found["sins_location"].codes.tolist() == [0, 3, -1]  # junctional, coccyx: 0 points
    assert found["sins_pain"].codes.tolist() == [0, -1, 2]
    collapse = found["sins_collapse"]  # over_50, under_50, none_over_50_involved, none
    assert collapse.codes.tolist() == [1, -1, -1]
    assert collapse.allowed[1:].tolist() == [[False, False, True, True], [True, True, True, False]]


def test_nothing_recorded_is_changed_and_no_bound_is_left(frame, tables):
    cases = frame[frame["in_overall"].to_numpy(bool)].reset_index(drop=True)
    done = tables["imputed"]
    assert len(done) == 4 * len(cases) and set(done["imputation"]) == {1, 2, 3, 4}
    assert not done.isna().any().any()
    known = cases.set_index(cases["case_id"].astype(str))
    for name in ("sins_pain", "sosg_grade", "ecog", "ambulatory_status"):
        before = known.loc[done["case_id"].astype(str), name].reset_index(drop=True)
        same = before.astype("string") == done[name].astype("string")
        assert before.isna().any() and same[before.notna()].all()
    low, high = (known.loc[done["case_id"].astype(str), f"sins_{e}"] for e in ("min", "max"))
    total = done["sins_total"].to_numpy(int)
    assert ((total >= low.to_numpy(int)) & (total <= high.to_numpy(int))).all()


def test_settled_categories_have_probability_one(tables):
    found = tables["probabilities"]
    shares = found[["stable", "indeterminate", "unstable", "undetermined"]]
    assert np.allclose(shares.sum(axis=1), 1) and (found["undetermined"] == 0).all()
    settled = found[found["sins_category"] != "undetermined"]
    assert len(settled) and len(settled) < len(found)
    for name in ("stable", "indeterminate", "unstable"):
        assert (settled.loc[settled["sins_category"] == name, name] == 1).all()
    open_ = shares[(found["sins_category"] == "undetermined").to_numpy()].to_numpy()
    assert ((open_ > 0) & (open_ < 1)).any()
    means = tables["sins"].set_index("category")["share"]
    assert np.allclose(means, shares[means.index].mean())


def test_estimates_of_both_kinds(frame, tables):
    found = tables["estimates"]
    assert set(found["analysis"]) == {"complete_case", "imputed"}
    complete, imputed = (found[found["analysis"] == n] for n in ("complete_case", "imputed"))
    assert complete["term"].tolist() == imputed["term"].tolist()
    assert imputed["n"].iloc[0] == frame["in_arms"].sum() > complete["n"].iloc[0]
    rows = imputed.dropna(subset=["estimate"])
    assert rows["fmi"].between(0, 1).all() and (rows["df"] < rows["events"]).all()
    assert complete["fmi"].isna().all()
    assert (rows["ci_lower"] < rows["estimate"]).all() and (
        rows["estimate"] < rows["ci_upper"]
    ).all()


def test_missing_counts_and_patterns_agree(frame, tables):
    n = int(frame["in_overall"].sum())
    found, counted = tables["patterns"], tables["missingness"].set_index("column")
    assert found["n"].sum() == n
    pain = frame.loc[frame["in_overall"].to_numpy(bool), "sins_pain"].isna().sum()
    assert (
        counted.loc["sins_pain", "n_missing"]
        == pain
        == found.loc[found["missing_sins_pain"] == 1, "n"].sum()
    )
    assert counted.loc["sins_pain", "imputed"] and not counted.loc["age_years", "imputed"]


@pytest.mark.parametrize(
    "key, value, table",
    [
        ("enabled", False, "imputed"),
        ("n_imputations", 5, "estimates"),
        ("iterations", 3, "estimates"),
        ("variables", ["sins_pain"], "estimates"),
        ("covariates", ["age_years", "sins_total", "sosg_high_grade"], "estimates"),
        ("max_cases", 100, "run"),
    ],
)
def test_every_key_changes_a_result(frame, tables, key, value, table):
    other = impute.analyse(frame, changed(**{key: value}))[table]
    assert other.to_csv() != tables[table].to_csv()


def test_other_sections_and_the_seed(frame, tables):
    again = impute.analyse(frame, changed())
    assert all(again[name].equals(tables[name]) for name in tables)
    for section, value in (
        ("seed", 1),
        ("survival", {"confidence_level": 0.8}),
        ("cohort", {"reference_arm": "cebrt_short"}),
        ("score", {"sosg_high_grades": ["3"]}),
    ):
        config = changed()
        config[section] = value if section == "seed" else config[section] | value
        assert not impute.analyse(frame, config)["estimates"].equals(tables["estimates"]), section


def test_a_large_cohort_is_sampled_and_says_so(frame):
    found = impute.analyse(frame, changed(max_cases=100))
    assert found["imputed"]["case_id"].nunique() == 100 and found["run"]["n_used"].iloc[0] == 100
    n = int(frame["in_overall"].sum())
    assert found["run"]["what"].iloc[0] == (
        f"4 imputations of 100 of {n} cases, drawn at random (impute.max_cases: 100), 2 sweeps each"
    )
    assert found["patterns"]["n"].sum() == n


def test_switched_off_it_counts_and_adjusts_complete_cases(frame):
    found = impute.analyse(frame, changed(enabled=False))
    assert found["imputed"].empty and found["probabilities"].empty and len(found["patterns"])
    assert set(found["estimates"]["analysis"]) == {"complete_case"}
    assert "switched off (impute.enabled)" in found["not_assessable"]["reason"].tolist()


@pytest.mark.parametrize(
    "change", ["none", "one", "all_missing", "no_deaths", "one_arm", "columns"]
)
def test_odd_cohorts_run(frame, change):
    frame = frame.copy()
    if change == "none":
        frame["in_overall"] = frame["in_arms"] = False
    elif change == "one":
        frame = frame.head(1)
    elif change == "all_missing":
        frame["ecog"] = pd.array([pd.NA] * len(frame), dtype="Int64")
        frame["sins_pain"] = pd.Categorical([None] * len(frame), frame["sins_pain"].cat.categories)
    elif change == "no_deaths":
        frame["survival_event"] = False
    elif change == "one_arm":
        frame = frame[frame["arm"] == "cebrt_short"]
    elif change == "columns":
        wanted = [
            n for n in frame if not n.startswith(("sins", "sosg", "spinal", "collapse", "body"))
        ]
        frame = frame[wanted]
    found = impute.analyse(frame, changed())
    assert len(found["run"]) == 1
    reasons = found["not_assessable"].set_index("analysis")["reason"].to_dict()
    if change == "all_missing":
        assert reasons["ecog"] == "needs ecog" and reasons["sins_pain"] == "needs sins_pain"
        assert not found["imputed"].empty and found["probabilities"]["undetermined"].max() > 0
    if change == "columns":
        assert found["probabilities"].empty and found["sins"].empty
        assert reasons["sosg_grade"] == "needs sosg_grade" and len(found["estimates"])
    wanted = {"no_deaths": "no deaths", "one_arm": "only one arm"}.get(change)
    assert wanted is None or reasons["adjusted survival by arm"] == wanted


def test_a_primary_that_was_not_recorded_is_missing_one_known_to_be_unknown_is_not():
    cases = pd.DataFrame(
        {
            "primary_histology": pd.Categorical(["breast", None, "unknown_primary"]),
            "radiosensitivity": pd.Categorical(["intermediate", "unknown", "unknown"]),
            "sosg_grade": pd.Categorical(["1c", None, None]),
            "sosg_partial": pd.array([pd.NA, "high", "1"], dtype="string"),
        }
    )
    found = {f.name: f for f in fields_of(cases, FULL)[0]}
    radio = found["radiosensitivity"]
    assert radio.variable.missing.tolist() == [False, True, False]
    grade = found["sosg_grade"].variable  # "0", 1a, 1b, 1c, "2", "3"
    assert grade.allowed[1].tolist() == [False] * 4 + [True] * 2
    assert grade.allowed[2].tolist() == [False, True, True, True, False, False]


def of_patterns(*rows):
    frame = pd.DataFrame(rows, columns=["n", "a", "b"])
    frame.insert(0, "pattern", range(1, len(frame) + 1))
    frame.insert(2, "n_missing", frame[["a", "b"]].sum(axis=1))
    return frame


def test_small_patterns_are_shown_together():
    rows = of_patterns(
        (40, False, False), (10, True, False), (6, False, True), (3, True, True), (2, True, False)
    )
    found = withhold_impute.patterns(rows.iloc[:4], 5)
    # the 3 alone are small; with the 6, of 9 without a number 6 lack a: 3 with it are small too
    assert found["n"].tolist() == [40, 19] and found["pattern"].isna().tolist() == [False, True]
    assert withhold_impute.patterns(rows, 0)["n"].tolist() == [40, 10, 6, 3, 2]
    assert withhold_impute.patterns(rows.iloc[:3], 5)["n"].tolist() == [40, 10, 6]
    few = withhold_impute.patterns(of_patterns((30, False, False), (2, True, False)), 5)
    assert few["n"].tolist() == [32] and "b" not in few


@pytest.mark.parametrize("seed", range(30))
def test_no_total_tells_a_small_pattern(seed):
    rng = np.random.default_rng(seed)
    missing = pd.DataFrame(rng.random((120, 5)) < rng.random(5) / 2, columns=list("abcde"))
    from mescc_analytics.stats.missingness import patterns

    exact = patterns(missing)
    found = withhold_impute.patterns(exact, 5)
    told = found[found["pattern"].notna()]
    rest = 120 - told["n"].sum()
    assert found["n"].sum() == 120 and not 0 < rest < 5 and not told["n"].between(1, 4).any()
    for name in [name for name in missing if name in found]:
        left = missing[name].sum() - told.loc[told[name].astype(bool), "n"].sum()
        total = missing[name].sum()  # withheld itself where it is small
        assert not 0 < left < 5 or total < 5
        assert not 0 < rest - left < 5 or 120 - total < 5


def test_small_levels_and_withheld_arms_have_no_ratio(tables):
    frame = tables["estimates"]
    summary = pd.DataFrame({"analysis": ["by_arm"], "group": ["cebrt_long"], "mark": ["<5"]})
    none = summary.assign(mark=pd.NA)
    arms = frame["variable"] == "arm"
    assert withhold_impute.estimates(frame, summary, 5).loc[arms, "estimate"].isna().all()
    shown = withhold_impute.estimates(frame, none, 5)
    small = frame["n_level"].between(0.01, 4.99) | frame["n_reference"].between(0.01, 4.99)
    assert shown.loc[small, "estimate"].isna().all() and shown["estimate"].notna().any()
    close = frame.assign(n_complete=frame["n"].max() - 2)
    hidden = withhold_impute.estimates(close, none, 5)
    complete = hidden["analysis"] == "complete_case"
    assert hidden.loc[complete, "n"].isna().all() and hidden.loc[~complete, "n"].notna().all()


def test_the_six_items_are_the_default():
    assert list(items()) == FULL["impute"]["variables"][:6]


# --- what the imputation knows, and what it passes on ----------------------------------------------


def test_death_cumulative_hazard_and_arm_predict():
    cases = pd.DataFrame(
        {
            "survival_days": pd.array([10, 20, 20, 30], dtype="Float64"),
            "survival_event": pd.array([True, True, False, True], dtype="boolean"),
            "arm": pd.Categorical(["sbrt", "cebrt_long", "cebrt_long", None]),
        }
    )
    found = impute_model.outcome_and_arm(cases)
    # Nelson-Aalen: 1/4 on day 10, 1/3 on day 20, 1 on day 30; arms against cebrt_long
    hazard = [1 / 4, 1 / 4 + 1 / 3, 1 / 4 + 1 / 3, 1 / 4 + 1 / 3 + 1]
    wanted = np.column_stack([[1, 1, 0, 1], hazard, [1, 0, 0, 0], [0, 0, 0, 1]])
    assert np.allclose(found, wanted, rtol=1e-12)


@pytest.mark.parametrize("follows", ["survival_event", "arm"])
def test_imputed_values_follow_the_outcome_and_the_arm(frame, follows):
    cases = frame[frame["in_overall"].to_numpy(bool)]
    high = cases[follows] if follows == "survival_event" else cases["arm"].eq("cebrt_short")
    high = high.to_numpy(dtype=bool)
    lost = np.random.default_rng(1).random(len(cases)) < 0.4
    ecog = pd.Series(np.where(high, 4, 0), index=cases.index).astype("Int64").mask(lost)
    chosen = changed(variables=["ecog"], covariates=["ecog"])
    tables = impute.analyse(cases.assign(ecog=ecog), chosen)
    done = tables["imputed"].set_index("case_id")["ecog"]
    known = pd.Series(np.where(high, 4, 0), index=cases["case_id"].astype(str))
    unknown = done[done.index.isin(cases["case_id"].astype(str)[lost])]
    assert (unknown.to_numpy(int) == known.loc[unknown.index].to_numpy(int)).mean() > 0.9


def test_shares_of_the_categories_are_pooled_by_hand(tables):
    done, found = tables["imputed"], tables["sins"].set_index("category")
    n, m = done["case_id"].nunique(), done["imputation"].nunique()
    for name in found.index:
        share = done["sins_category"].eq(name).groupby(done["imputation"]).mean().to_numpy()
        within, between = (share * (1 - share) / n).mean(), share.var(ddof=1)
        total = within + (1 + 1 / m) * between
        part = (1 + 1 / m) * between / total
        observed = (n + 1) / (n + 3) * n * (1 - part)
        df = 1 / (part**2 / (m - 1) + 1 / observed)
        half = t.ppf(0.975, df) * np.sqrt(total)
        wanted = np.clip([share.mean() - half, share.mean() + half], 0, 1)
        assert np.allclose(found.loc[name, ["ci_lower", "ci_upper"]].astype(float), wanted)


def shares(*rows, n_cases=100):
    """sins.csv: category, cases settled by the record, share after imputation, its interval."""
    names = ["category", "n_recorded", "share", "ci_lower", "ci_upper"]
    frame = pd.DataFrame(rows, columns=names).astype({name: "Float64" for name in names[2:]})
    return frame.assign(n=frame["n_recorded"].sum(), fmi=0.1, n_cases=n_cases)


def test_a_category_that_nobody_has_in_any_imputation_has_no_interval():
    rows = shares(
        ("stable", 40, 0.55, 0.45, 0.65),
        ("indeterminate", 40, 0.45, 0.35, 0.55),
        ("unstable", 0, 0.0, None, None),
    )
    rows["fmi"] = pd.array([0.1, 0.1, None], dtype="Float64")
    table = tables_impute.sins(withhold_impute.sins(rows, 5), Study("small", threshold=5))
    assert [row[2:] for row in table.rows] == [
        *(("55 (45 to 65)", "10 %"), ("45 (35 to 55)", "10 %")),
        ("0 (interval not estimable)", ""),
    ]


def test_a_share_of_few_cases_is_withheld_with_a_second_one():
    rows = shares(
        ("stable", 60, 0.60, 0.5, 0.7),
        ("indeterminate", 38, 0.37, 0.3, 0.5),
        ("unstable", 3, 0.03, 0, 0.1),
    )
    shown = withhold_impute.sins(rows, 5)
    assert shown["share"].isna().tolist() == shown["fmi"].isna().tolist() == [False, True, True]
    table = tables_impute.sins(shown, Study("small", threshold=5))
    assert [row[2] for row in table.rows] == ["60 (50 to 70)", "hidden", "hidden"]
    assert withhold_impute.sins(rows, 0)["share"].notna().all()
    assert withhold_impute.sins(rows.assign(n_cases=1000), 5)["share"].notna().all()
