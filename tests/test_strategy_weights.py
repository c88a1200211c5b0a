"""Whether those who keep a strategy stand in for those who left it: values by hand, and the keys."""

import numpy as np
import pandas as pd
import pytest

from mescc_analytics import settings
from mescc_analytics.clinical.scores import score_cases
from mescc_analytics.present import methods_choices, tables_choices, tables_survival
from mescc_analytics.present.study import Study
from mescc_analytics.stats.cloning import Strategy, clone, weighted_rows
from mescc_analytics.stats.emulation import Emulation
from mescc_analytics.steps import cohort, strategies, strategy_weights, withhold
from mescc_analytics.synthetic import synthesise

LIMITS = {"effective_size_min": 2, "balance_limit": 0.1, "balance_most": 0.25}
CHOSEN = settings.complete({}, need_cohorts=False)


@pytest.fixture(scope="module")
def cases():
    """Six of a hundred with x = 0 are operated on, sixty with x = 1; nobody dies in 30 days."""
    x = np.repeat([0.0, 1.0], 100)
    operated = np.r_[np.arange(100) < 6, np.arange(100) < 60]
    rng = np.random.default_rng(3)
    kind = pd.Series(np.where(operated, "surgery", "cebrt"))
    return {"x": x, "days": 31 + rng.integers(0, 500, 200), "first": kind, "operated": operated}


def emulation(cases, covariates=None, names=("ecog",)):
    x = cases["x"][:, np.newaxis] if covariates is None else covariates
    plan = [Strategy(name, name, (30.0,)) for name in ("cebrt", "surgery")]
    died = np.ones(len(x), bool)
    began = np.full(len(x), 10.0)
    return Emulation(clone(cases["days"], died, cases["first"], began, plan), x, names)


def judged(made, **limits):
    rows, _ = made.rows()
    return strategy_weights.judge(rows, made, LIMITS | limits)


def test_effective_size_by_hand(cases):
    # a saturated model: every operated case stands for 100 / 6, or for 100 / 60, and balance is exact
    surgery = judged(emulation(cases))[1]
    weight = np.r_[np.full(6, 100 / 6), np.full(60, 100 / 60)]
    assert surgery.values["n_kept"] == 66
    assert surgery.values["effective_n"] == pytest.approx(weight.sum() ** 2 / (weight**2).sum())
    assert surgery.values["largest_weight"] == pytest.approx(100 / 6)
    assert surgery.values["largest_smd"] == pytest.approx(0, abs=1e-6) and surgery.failed == ""


def test_difference_by_hand(cases):
    # weights that know nothing leave the difference that there was
    unknown = emulation(cases, np.zeros((200, 1)))
    rows, _ = weighted_rows(unknown.clones, np.zeros((200, 0)), ())
    known = emulation(cases)
    verdict = strategy_weights.judge(rows, known, LIMITS)[1]
    assert verdict.values["largest_smd"] == pytest.approx((60 / 66 - 0.5) / 0.5)
    assert verdict.values["effective_n"] == pytest.approx(66)
    assert verdict.values["largest_smd_of"] == "ECOG performance status"
    assert verdict.failed == "still unlike all cases in ECOG performance status (SMD 0.82)"


def test_limits_decide(cases):
    made = emulation(cases)
    assert judged(made)[1].failed == ""
    few = judged(made, effective_size_min=40)[1].failed
    assert few == "its weights leave 22 effective cases, wanted 40"


def test_a_difference_is_judged_against_chance_and_never_beyond_the_most(cases):
    found = {}
    for times in (1, 50):
        many = {name: np.tile(values, times) for name, values in cases.items()}
        made = emulation(many)
        rows, _ = weighted_rows(made.clones, made.covariates, made.names)
        part = many["x"] * np.tile(np.arange(200) < 112, times)
        other = emulation(many, part[:, np.newaxis])
        for limit, most in ((0.1, 5), (5, 5), (0.1, 0.01)):
            limits = LIMITS | {"balance_limit": limit, "balance_most": most}
            verdict = strategy_weights.judge(rows, other, limits)[1]
            found[times, limit, most] = bool(verdict.failed)
        assert 0.15 < verdict.values["largest_smd"] < 0.44
    # the same difference: randomised arms of 22 effective cases show it, those of 1,100 do not
    assert [found[times, 0.1, 5] for times in (1, 50)] == [False, True]
    assert [found[50, 5, 5], found[1, 0.1, 0.01]] == [False, True]


def test_only_cases_beyond_the_days_of_grace_are_asked(cases):
    early = dict(cases, days=np.where(np.arange(200) % 2 == 0, 20, cases["days"]))
    found = judged(emulation(early))[1].values
    assert found["n_kept"] == (cases["operated"] & (np.arange(200) % 2 == 1)).sum()


def test_failed_strategies_lose_their_estimates_unless_shown():
    verdicts = {
        0: strategy_weights.Verdict({}, ""),
        1: strategy_weights.Verdict({}, "its weights leave 3 effective cases, wanted 20"),
    }
    plan = [Strategy(name, name, (30.0,)) for name in ("cebrt", "surgery")]
    shown = strategy_weights.reasons(verdicts, plan, {"on_failure": "show"})
    failed = strategy_weights.reasons(verdicts, plan, {"on_failure": "withhold"})
    contrasts = pd.DataFrame(
        {"group": ["surgery", "sbrt"], "reference": ["cebrt", "cebrt"], "note": ["", "x"]}
        | dict.fromkeys(strategy_weights.ESTIMATES, 1.0)
    )
    found = strategy_weights.without(contrasts, failed)
    values = found[list(strategy_weights.ESTIMATES)]
    assert values.iloc[0].isna().all() and values.iloc[1].eq(1).all()
    why = "withheld: surgery: its weights leave 3 effective cases, wanted 20"
    assert found["note"].tolist() == [why, "x"]
    # without the reference there is nothing to compare with
    everything = strategy_weights.without(contrasts, {"cebrt": "withheld: reason"})
    assert everything[list(strategy_weights.ESTIMATES)].isna().all(axis=None)
    # what is shown all the same says so, beside what its note said before
    kept = strategy_weights.without(contrasts.assign(note=["no interval", "x"]), shown)
    assert kept[list(strategy_weights.ESTIMATES)].eq(1).all(axis=None)
    why = why.replace("withheld", "diagnostics failed")
    assert kept["note"].tolist() == [f"{why}; no interval", "x"]
    assert strategy_weights.withheld(shown) == [] and strategy_weights.withheld(failed) == [
        "surgery"
    ]


def test_marks_say_withheld_and_not_hidden():
    frame = pd.DataFrame(
        {
            "analysis": [withhold.STRATEGIES, withhold.STRATEGIES, "by_arm_weighted"],
            "note": ["withheld: surgery: reason", "", "withheld: balance"],
            "mark": pd.array([pd.NA, pd.NA, pd.NA], dtype="string"),
        }
    )
    marks = withhold.failed_strategies(frame)["mark"]
    assert marks[0] == "withheld" and marks[1:].isna().all()
    other = frame.drop(columns="note")
    pd.testing.assert_frame_equal(withhold.failed_strategies(other), other)


def test_a_strategy_of_the_step_is_withheld():
    choices = CHOSEN | {"survival": CHOSEN["survival"] | {"n_resamples": 20}}
    table = synthesise(500, np.random.default_rng(5), scenario="surgery_helps").cases
    frame, _ = cohort.build(score_cases(table, choices["score"]), choices)
    frame = frame[frame["in_overall"].fillna(False).to_numpy(bool)]
    choices = choices | {"cohort": cohort.effective(frame, choices)}
    found = {}
    for least in (5, 100):
        limits = {"weight": choices["weight"] | {"effective_size_min": least, "balance_most": 9}}
        found[least], _ = strategies.compare(frame, choices | limits)
    limits["weight"]["on_failure"] = "show"
    told, _ = strategies.compare(frame, choices | limits)
    notes = told["summary"].set_index("group")["note"]
    assert notes["surgery"].startswith("diagnostics failed: its weights leave")
    assert notes["cebrt"].startswith("n counts clones")
    assert told["contrasts"]["note"].str.startswith("diagnostics failed: surgery: its").all()
    assert told["contrasts"]["estimate"].notna().all()
    assert set(told["curves"]["group"]) == {"cebrt", "surgery"}
    kept, gone = found[5], found[100]
    size = kept["summary"].set_index("group")["effective_n"]
    assert 5 < size["surgery"] < 100 < size["cebrt"]
    assert kept["hazards"]["hazard_ratio"].notna().all()
    assert set(kept["curves"]["group"]) == {"cebrt", "surgery"}
    assert set(gone["curves"]["group"]) == {"cebrt"}
    assert gone["hazards"]["hazard_ratio"].isna().all()
    assert gone["contrasts"]["estimate"].isna().all()
    row = gone["summary"].set_index("group").loc["surgery"]
    assert row["note"].startswith("withheld: its weights leave") and pd.isna(row["rmst_days"])
    assert row["effective_n"] == size["surgery"]


def shown(begins="withheld", kept=(190, 8)):
    """The summary of two strategies as shown, surgery withheld, or shown although it failed."""
    reason = f"{begins}: its weights leave 3 effective cases, wanted 20"
    frame = pd.DataFrame(
        {
            "analysis": withhold.STRATEGIES,
            "group": ["cebrt", "surgery"],
            "n": pd.array([400.0, 400.0], dtype="Float64"),
            "events": pd.array([218.0, 96.0], dtype="Float64"),
            "median_days": pd.array([165.0, None], dtype="Float64"),
            "n_kept": pd.array(kept, dtype="Int64"),
            "effective_n": pd.array([179.2, 3.1], dtype="Float64"),
            "largest_smd": [0.018, 0.6],
            "largest_smd_of": ["Age", "ECOG performance status"],
            "start_days": 0.0,
            "note": ["", reason],
        }
    )
    return withhold.summary(frame, 5)


def test_the_table_says_withheld_and_how_the_others_stand_in():
    table = tables_survival.survival(shown(), Study("small", threshold=5))
    rows = {row[0].strip(): row[1:] for row in table.rows}
    assert rows["cEBRT first"][2].startswith("165") and set(rows["Surgery first"]) == {"withheld"}
    notes = " ".join(table.notes)
    assert "cEBRT first 179 (0.02, Age)." in notes and "Withheld: Surgery first." in notes
    # no number of those who are withheld
    assert "3.1" not in notes and "0.6" not in notes


def test_a_strategy_that_failed_and_is_shown_is_said_to_have_failed():
    table = tables_survival.survival(shown("diagnostics failed"), Study("small", threshold=5))
    notes = " ".join(table.notes)
    assert "Shown although they failed: Surgery first. Those who kept" in notes
    assert "Withheld: " not in notes and "Surgery first 3 (0.60" in notes


def test_a_strategy_that_few_keep_is_a_small_group():
    few = shown("diagnostics failed", kept=(190, 4))
    assert few["mark"].tolist() == [pd.NA, "<5"]
    assert few.loc[1, ["median_days", "effective_n", "n_kept"]].isna().all()
    text = " ".join(tables_survival.survival(few, Study("small", threshold=5)).notes)
    assert "Surgery first 3" not in text


def test_methods_and_panel_say_why():
    chosen = CHOSEN["survival"]
    for rule, said in (("withhold", True), ("show", False)):
        weights = CHOSEN["weight"] | {"on_failure": rule, "effective_size_min": 33}
        given = {"survival": chosen, "weight": weights}
        text = " ".join(methods_choices.paragraphs(given, Study("small", grace_days=30)))
        assert ("worth fewer than 33 cases" in text) == said
    words = tables_choices.in_words("withheld: surgery: its weights leave 3 effective cases")
    assert words == "withheld: those who keep a strategy are too few, or too unlike the others"
    assert "Adjusted comparison" in tables_choices.in_words("withheld: balance")
