"""The catalogue of the founding documents' items: what is claimed as computed exists."""

import pytest

from mescc_analytics import codebook
from mescc_analytics.codebook.tables import load_csv

INDICATORS = frozenset(codebook.load("audit/indicators")["indicators"])
INDICATOR_IDS = {f"I{number}" for number in range(1, 26)}
COLUMNS = {name for table in codebook.TABLES for name in codebook.columns(table)}
BENCHMARKS = set(load_csv("benchmarks")["benchmark_id"])
CATALOGUE = load_csv("catalogue")
IN_A_COLUMN = ("score", "flag", "descriptor")
NOTHING = ("not_computable", "context")


def names(text):
    return [] if not isinstance(text, str) else text.split("; ")


def problems(item, columns=COLUMNS, benchmarks=BENCHMARKS, indicators=INDICATORS):
    """What the row of one item claims wrongly."""
    kind, by, available = item["kind"], names(item["computed_by"]), item["available"] == "yes"
    if kind in NOTHING:
        return ["nothing computes it, but it names what does"] if by or available else []
    if not by:
        return ["does not name what computes it"]
    there = columns if kind in IN_A_COLUMN else benchmarks if kind == "benchmark" else indicators
    found = [f"'{name}' does not exist" for name in by if available and name not in there]
    found += [f"'{name}' exists: say yes" for name in by if not available and name in there]
    if kind == "indicator":
        found += [f"'{name}' is no indicator" for name in by if name not in INDICATOR_IDS]
    if available:
        needed = names(item["columns_needed"])
        found += [f"needs '{name}', which no table has" for name in needed if name not in columns]
    return found


@pytest.mark.parametrize("item", CATALOGUE.to_dict("records"), ids=lambda item: item["number"])
def test_item_claims_only_what_exists(item):
    assert problems(item) == []


def test_every_numbered_item_is_there_once_and_in_order():
    assert CATALOGUE["number"].tolist() == list(range(1, 88))


def test_counts_by_kind():
    assert CATALOGUE["kind"].value_counts().to_dict() == {
        "benchmark": 27,
        "score": 14,
        "flag": 13,
        "indicator": 13,
        "not_computable": 8,
        "context": 7,
        "descriptor": 5,
    }


def test_statements_are_short_and_each_its_own():
    assert CATALOGUE["statement"].str.len().max() <= 110
    assert CATALOGUE["statement"].is_unique


def test_the_one_unverified_item_is_the_trial_read_only_in_its_registry_entry():
    unverified = CATALOGUE[CATALOGUE["status"] == "unverified"]
    assert unverified["number"].tolist() == [66]


@pytest.mark.parametrize(
    "number, kind, computed_by, available",
    [
        (28, "score", "sosg_rank", "yes"),
        (37, "score", "sins_category", "yes"),
        (18, "indicator", "I4", "yes"),
        (49, "flag", "surgical_consult", "yes"),
        (63, "flag", "rt_course", "yes"),
        (77, "benchmark", "pain_flare", "yes"),
    ],
)
def test_item_has_its_home(number, kind, computed_by, available):
    item = CATALOGUE.set_index("number").loc[number]
    assert (item["kind"], item["computed_by"], item["available"]) == (kind, computed_by, available)


@pytest.mark.parametrize("number", [6, 7, 13, 14, 45, 47, 68, 78])
def test_item_that_cannot_be_computed_says_so(number):
    assert CATALOGUE.set_index("number").loc[number, "kind"] == "not_computable"


@pytest.mark.parametrize(
    "change, found",
    [
        ({"computed_by": "sins_sum"}, ["'sins_sum' does not exist"]),
        ({"available": "no"}, ["'sins_total' exists: say yes"]),
        ({"computed_by": None}, ["does not name what computes it"]),
        ({"columns_needed": "sins_pain; gait"}, ["needs 'gait', which no table has"]),
        ({"kind": "benchmark"}, ["'sins_total' does not exist"]),
        (
            {"kind": "indicator", "available": "no"},
            ["'sins_total' is no indicator"],
        ),
        ({"kind": "context"}, ["nothing computes it, but it names what does"]),
        ({"kind": "context", "computed_by": None}, ["nothing computes it, but it names what does"]),
        ({"kind": "context", "computed_by": None, "available": "no"}, []),
    ],
)
def test_a_wrong_claim_is_found(change, found):
    item = {
        "kind": "score",
        "computed_by": "sins_total",
        "columns_needed": "sins_pain",
        "available": "yes",
    }
    assert problems(item) == []
    assert problems(item | change) == found
