"""Properties of the assignment that hold for any table: exhaustive over a grid of answers."""

from itertools import product

import numpy as np
import pandas as pd
import pytest

from mescc_analytics import codebook, settings
from mescc_analytics.clinical.algorithms import count_policies
from mescc_analytics.clinical.concordance import comparable_pairs, count_concordance
from mescc_analytics.clinical.pathway import assign_pathways
from mescc_analytics.clinical.pathway_rules import literals

DEFAULTS = settings.defaults("assign")
ALGORITHMS = ("seed_text", "figure3_literal", "noms")
ANSWERS = {
    "sins": [(3, 3), (9, 9), (15, 15), (5, 14)],
    "sosg_high_grade": [True, False, None],
    "radiosensitivity": ["sensitive", "intermediate", "resistant", "unknown"],
    "retropulsed_fragment": [True, False, None],
    "operable": [True, False, None],
    "predicted_survival_months": [1.0, 12.0, None],
    "prior_rt_same_level": [True, False, None],
    "motor_power_min": [5.0, 2.0, None],
}


@pytest.fixture(scope="module")
def grid():
    rows = pd.DataFrame(list(product(*ANSWERS.values())), columns=list(ANSWERS))
    frame = pd.DataFrame(
        {
            "sins_min": pd.array([s[0] for s in rows["sins"]], dtype="Int64"),
            "sins_max": pd.array([s[1] for s in rows["sins"]], dtype="Int64"),
            "radiosensitivity": pd.Categorical(rows["radiosensitivity"]),
            "predicted_survival_months": rows["predicted_survival_months"].astype("Float64"),
            "motor_power_min": rows["motor_power_min"].astype("Float64"),
            "ecog": pd.array([1] * len(rows), dtype="Int64"),
            "primary_histology": pd.Series("other", index=rows.index, dtype="string"),
        }
    )
    for name in ("sosg_high_grade", "retropulsed_fragment", "operable", "prior_rt_same_level"):
        frame[name] = rows[name].astype("boolean")
    frame["sosg_grade"] = frame["sosg_high_grade"].map({True: "3", False: "0"}).astype("string")
    frame["sins_missing"] = (
        frame["sins_min"]
        .ne(frame["sins_max"])
        .map({True: "sins_pain", False: None})
        .astype("string")
    )
    frame["sins_total"] = frame["sins_min"].mask(frame["sins_min"].ne(frame["sins_max"]))
    frame["sins_category"] = pd.Series("any", index=rows.index, dtype="string")
    return frame


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_every_case_gets_pathway_rule_reason_and_what_is_missing(grid, algorithm):
    out = assign_pathways(grid, DEFAULTS | {"algorithm": algorithm})
    assert out[["pathway", "pathway_rule", "pathway_reason"]].notna().all().all()
    undetermined = out["pathway"].eq("undetermined")
    assert out["pathway_missing"].notna().equals(undetermined)
    assert out["pathway_reason"].str.contains("{", regex=False).sum() == 0


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_blanking_a_value_never_turns_one_pathway_into_another(grid, algorithm):
    choices = DEFAULTS | {"algorithm": algorithm}
    full = assign_pathways(grid, choices)["pathway"].astype(str)
    for name in (
        "sosg_high_grade",
        "retropulsed_fragment",
        "operable",
        "predicted_survival_months",
        "prior_rt_same_level",
        "motor_power_min",
    ):
        blanked = grid.assign(**{name: pd.Series(pd.NA, index=grid.index, dtype=grid[name].dtype)})
        if name == "operable":  # then judged from prognosis and performance instead
            blanked["predicted_survival_months"] = pd.Series(
                pd.NA, index=grid.index, dtype="Float64"
            )
            blanked["ecog"] = pd.Series(pd.NA, index=grid.index, dtype="Int64")
        less = assign_pathways(blanked, choices)["pathway"].astype(str)
        changed = (less != full) & (less != "undetermined") & (full != "undetermined")
        assert not changed.any(), name


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_undetermined_means_that_completions_differ(grid, algorithm):
    """Brute force: fill the unknowns of each case with every answer; undetermined if and only if pathways differ."""
    choices = DEFAULTS | {"algorithm": algorithm}
    known = (
        grid["sins_min"].eq(grid["sins_max"])
        & grid["radiosensitivity"].ne("unknown")
        & grid["operable"].notna()
    )
    sample = grid[known].reset_index(drop=True)
    got = assign_pathways(sample, choices)["pathway"].astype(str)
    seen = [set() for _ in range(len(sample))]
    fills = {
        "sosg_high_grade": [True, False],
        "retropulsed_fragment": [True, False],
        "prior_rt_same_level": [True, False],
        "motor_power_min": [5.0, 2.0],
        "predicted_survival_months": [1.0, 12.0],
    }
    for combination in product(*fills.values()):
        filled = sample.assign(
            **{n: sample[n].fillna(v) for n, v in zip(fills, combination, strict=True)}
        )
        for row, pathway in enumerate(assign_pathways(filled, choices)["pathway"].astype(str)):
            seen[row].add(pathway)
    possible = np.array([len(s) for s in seen])
    decided = (got != "undetermined").to_numpy()
    assert (possible[decided] == 1).all()
    assert [next(iter(s)) for s, d in zip(seen, decided, strict=True) if d] == got[decided].tolist()
    assert (possible[~decided] > 1).all()


def test_noms_is_undetermined_only_where_completions_differ(grid):
    """As above, with the two answers left out there: operable, and the class of the tumour."""
    choices = DEFAULTS | {"algorithm": "noms"}
    sample = grid[grid["sins_min"].eq(grid["sins_max"])].reset_index(drop=True)
    got = assign_pathways(sample, choices)["pathway"].astype(str)
    seen = [set() for _ in range(len(sample))]
    open_class = sample["radiosensitivity"].eq("unknown")
    known_class = sample["radiosensitivity"].astype(str)
    for high, operable, kind in product([True, False], [True, False], ["sensitive", "resistant"]):
        filled = sample.assign(
            sosg_high_grade=sample["sosg_high_grade"].fillna(high),
            operable=sample["operable"].fillna(operable),
            radiosensitivity=pd.Categorical(known_class.mask(open_class, kind)),
        )
        for row, pathway in enumerate(assign_pathways(filled, choices)["pathway"].astype(str)):
            seen[row].add(pathway)
    # where operable is blank it follows from survival and performance, which may settle it
    settled = sample["operable"].isna() & sample["predicted_survival_months"].notna()
    for row in np.flatnonzero(~settled):
        alone = next(iter(seen[row])) if len(seen[row]) == 1 else "undetermined"
        assert got[row] == alone, sample.loc[row].to_dict()


def test_row_order_does_not_matter(grid):
    shuffled = grid.sample(frac=1, random_state=1)
    there, back = assign_pathways(shuffled, DEFAULTS), assign_pathways(grid, DEFAULTS)
    pd.testing.assert_frame_equal(there.sort_index(), back)


def test_reason_quotes_the_case(grid):
    case = grid[(grid["sins_min"] == 15) & grid["operable"].eq(True)].head(1)
    assert (
        assign_pathways(case, DEFAULTS)["pathway_reason"]
        .iloc[0]
        .startswith("Unstable spine (SINS 15) in an operable")
    )


def test_an_empty_case_names_everything_it_lacks():
    out = assign_pathways(pd.DataFrame({"case_id": ["A"]}), DEFAULTS).iloc[0]
    assert out["pathway"] == "undetermined" and out["pathway_rule"] == "ST1"
    for name in (
        "sosg_grade",
        "primary_histology",
        "operable",
        "retropulsed_fragment",
        "prior_rt_same_level",
        "motor_power_min",
    ):
        assert name in out["pathway_missing"]


def test_figure3_entry_needs_pain_and_new_neurology():
    frame = pd.DataFrame(
        {
            "back_pain": pd.array([True, True, False, True, None], dtype="boolean"),
            "weakness": pd.array([True, False, True, None, True], dtype="boolean"),
            "sensory_deficit": pd.array([False, False, False, False, False], dtype="boolean"),
            "radicular_pain": pd.array([False] * 5, dtype="boolean"),
            "sphincter_dysfunction": pd.array([False] * 5, dtype="boolean"),
        }
    )
    assert assign_pathways(frame, DEFAULTS)["figure3_entry"].tolist() == [
        True,
        False,
        False,
        pd.NA,
        pd.NA,
    ]


def test_policies_count_every_case_once_and_differ(grid):
    counts = count_policies(grid, DEFAULTS)
    assert (
        counts.groupby(["algorithm", "sins_policy", "sosg_1c_policy"])["n"].sum() == len(grid)
    ).all()
    assert counts["is_default"].sum() == 6
    own = counts[counts["is_default"]].set_index("pathway")["n"]
    assert (
        own.to_dict()
        == assign_pathways(grid, DEFAULTS)["pathway"].value_counts()[own.index].to_dict()
    )
    high = counts[
        (counts["sins_policy"] == "treat_as_high") & (counts["pathway"] == "surgery_then_rt")
    ]["n"].min()
    assert high > own["surgery_then_rt"]


def test_every_rule_is_reachable_and_asks_known_questions(grid):
    facts = codebook.load("pathway")["facts"]
    for algorithm, table in codebook.load("pathway")["algorithms"].items():
        out = set()
        for policy in ("consult_then_low_branch", "separate_arm"):
            frame = pd.concat(
                [grid, grid.assign(primary_histology="unknown_primary")], ignore_index=True
            )
            out |= set(
                assign_pathways(
                    frame, DEFAULTS | {"algorithm": algorithm, "sins_indeterminate": policy}
                )["pathway_rule"]
            )
        assert {rule["id"] for rule in table["rules"]} <= out
        assert {name for rule in table["rules"] for name, _ in literals(rule)} <= set(facts)


def test_concordance_compares_only_what_can_be_compared():
    pathway = pd.Series(
        pd.Categorical(
            [
                "surgery_then_rt",
                "surgery_then_rt",
                "cebrt",
                "surgical_review",
                "undetermined",
                "sbrt",
            ]
        )
    )
    arm = pd.Series(
        pd.Categorical(
            ["surgery_only", "cebrt_short", "cebrt_other", "surgery_only", "sbrt", "unknown"]
        )
    )
    pairs = comparable_pairs(pathway, arm)
    assert pairs.astype(str).to_numpy().tolist() == [
        ["surgery_then_rt", "surgery_then_rt"],
        ["surgery_then_rt", "cebrt_short"],
        ["cebrt", "cebrt"],
    ]
    rule = pd.Series(["ST4"] * 6, dtype="string")
    counts = count_concordance(pathway, rule, arm)
    assert counts.loc[counts["section"].eq("cell"), "n"].sum() == 6
    reasons = counts[counts["section"] == "reason"]
    assert reasons[["text", "n"]].to_numpy().tolist() == [
        ["Surgery, then radiotherapy recommended (rule ST4), cEBRT, short course given", 1]
    ]
