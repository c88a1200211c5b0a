import pandas as pd
import pytest

from mescc_analytics.clinical.levels import describe_levels, parse_levels


@pytest.mark.parametrize(
    "text, groups",
    [
        ("T11", [["T11"]]),
        ("t 11", [["T11"]]),
        ("Th11", [["T11"]]),
        ("D11", [["T11"]]),
        ("T-11", [["T11"]]),
        ("C7/T1", [["C7", "T1"]]),
        ("T10-T12", [["T10", "T11", "T12"]]),
        ("T10-12", [["T10", "T11", "T12"]]),
        ("T12 - L1", [["T12", "L1"]]),
        ("L1/2", [["L1", "L2"]]),
        ("T4;L2", [["T4"], ["L2"]]),
        ("T4, 5", [["T4"], ["T5"]]),
        ("T4 and L2", [["T4"], ["L2"]]),
        ("occiput-C2", [["C0", "C1", "C2"]]),
        ("C0", [["C0"]]),
        ("odontoid", [["C2"]]),
        ("S1", [["S1"]]),
        ("L5-S1", [["L5", "S1"]]),
        ("T10/T11 disc", [["T10", "T11"]]),
        ("L2-T12", [["T12", "L1", "L2"]]),
        ("coccyx", [["Co"]]),
    ],
)
def test_spellings(text, groups):
    assert parse_levels(text) == (groups, set())


@pytest.mark.parametrize(
    "text, groups, flag",
    [
        ("L6", [["L5"]], "LEVEL_ALIAS"),
        ("T13", [["T12"]], "LEVEL_ALIAS"),
        ("sacrum", [["sacrum"]], "SACRUM_UNSPECIFIED"),
        ("somewhere", [], "LEVEL_UNREADABLE"),
        ("C9", [], "LEVEL_UNREADABLE"),
        ("11", [], "LEVEL_UNREADABLE"),
    ],
)
def test_flagged_spellings(text, groups, flag):
    assert parse_levels(text) == (groups, {flag})


BORDERS = [
    ("C0", "junctional"),
    ("C2", "junctional"),
    ("C3", "mobile"),
    ("C6", "mobile"),
    ("C7", "junctional"),
    ("T2", "junctional"),
    ("T3", "semirigid"),
    ("T10", "semirigid"),
    ("T11", "junctional"),
    ("L1", "junctional"),
    ("L2", "mobile"),
    ("L4", "mobile"),
    ("L5", "junctional"),
    ("S1", "junctional"),
    ("S2", "rigid"),
    ("S5", "rigid"),
    ("sacrum", "sacrum_unspecified"),
    ("coccyx", "coccyx"),
    ("T10/T11", "junctional"),
    ("T4;L2", "mobile"),
    ("L5-sacrum", "junctional"),
    ("S2;sacrum", "sacrum_unspecified"),
]


@pytest.mark.parametrize("text, location", BORDERS)
def test_location(text, location):
    assert describe_levels(pd.Series([text]))["location"].tolist() == [location]


def test_range_rule_changes_the_location_of_a_range():
    text = pd.Series(["T9-T11"])
    found = {
        rule: describe_levels(text, rule)["location"][0] for rule in ("max", "min", "epicentre")
    }
    assert found == {"max": "junctional", "min": "semirigid", "epicentre": "semirigid"}


def test_below_the_conus_only_when_every_level_is():
    texts = pd.Series(["L1", "L2", "T12-L3", "S2", "sacrum", None])
    assert describe_levels(texts)["below_conus"].tolist() == [False, True, False, True, True, pd.NA]
    assert describe_levels(texts, conus="L2")["below_conus"].tolist()[:2] == [False, False]


def test_a_part_that_cannot_be_read_leaves_the_location_open_unless_it_is_already_the_highest():
    described = describe_levels(pd.Series(["T4, zz", "T11, zz"]))
    assert described["location"].tolist() == [pd.NA, "junctional"]
    assert described["flags"].tolist() == ["LEVEL_UNREADABLE"] * 2


def test_region_and_lesions_keep_the_index():
    described = describe_levels(pd.Series(["T4;L2", "T4-T6", None], index=[7, 8, 9]))
    assert described.index.tolist() == [7, 8, 9]
    assert described["region"].tolist() == ["several", "thoracic", pd.NA]
    assert described["lesions"].tolist() == [2, 1, pd.NA]


def test_nothing_recorded():
    assert describe_levels(pd.Series([None, None], dtype="string"))["location"].isna().all()
