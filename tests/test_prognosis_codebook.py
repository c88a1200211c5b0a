"""The published tables of the prognostic scores are complete and agree with the case table."""

import pytest

from mescc_analytics import codebook
from mescc_analytics.clinical import prognosis
from mescc_analytics.clinical.prognosis_terms import pair, span

BOOKS = prognosis.registry(allow_unverified=True)
SHARED = codebook.load(prognosis.REGISTRY)
ITEMS = [
    (name, item, entry) for name, book in BOOKS.items() for item, entry in book["items"].items()
]


def test_every_file_is_named_by_its_id():
    assert list(BOOKS) == SHARED["scores"]


@pytest.mark.parametrize("name", BOOKS)
def test_the_items_add_up_to_the_range(name):
    book = BOOKS[name]
    low, high = (sum(ends) for ends in zip(*map(span, book["items"].values()), strict=True))
    assert [low, min(high, book.get("cap", high))] == book["range"]
    assert book["direction"] in ("higher_better", "higher_worse")
    assert book["derivation"]["population"]


@pytest.mark.parametrize("name", BOOKS)
def test_the_bands_cover_the_range_in_order(name):
    book = BOOKS[name]
    limits = [band["upto"] for band in book["bands"]]
    assert limits == sorted(set(limits))
    assert book["range"][0] <= limits[0] and limits[-1] == book["range"][1]
    levels = [band["level"] for band in book["bands"]]
    assert len(set(levels)) == len(levels) and all(isinstance(level, str) for level in levels)


@pytest.mark.parametrize("name", BOOKS)
def test_bands_that_are_named_by_their_totals_say_the_same_totals(name):
    first = BOOKS[name]["range"][0]
    for band in BOOKS[name]["bands"]:
        if band["level"][0].isdigit():
            low, _, high = band["level"].partition("-")
            printed = min(band["upto"], BOOKS[name].get("published_range", [0, 99])[1])
            assert (int(low), int(high or low)) == (first, printed)
        first = band["upto"] + 1


@pytest.mark.parametrize("name", BOOKS)
def test_survival_falls_with_the_prognosis(name):
    bands = BOOKS[name]["bands"]
    if BOOKS[name]["direction"] == "higher_better":
        bands = bands[::-1]
    medians = [band["median_months"] for band in bands if "median_months" in band]
    assert medians == sorted(medians, reverse=True)
    for months in (3, 6, 12, 24):
        alive = [b["alive_percent"][months] for b in bands if months in b.get("alive_percent", {})]
        assert alive == sorted(alive, reverse=True)


@pytest.mark.parametrize("name", BOOKS)
def test_published_discrimination_has_its_number_and_source(name):
    for entry in BOOKS[name].get("discrimination", []):
        ends = entry.get("c_range", [entry.get("c")])
        # a figure below 0.5 speaks of a reversed direction, not of the score
        assert all(0.5 < c < 1 for c in ends)
        assert entry["n"] > 100 and entry["source"] and entry["status"] == "verified"


@pytest.mark.parametrize("name, item, entry", ITEMS)
def test_items_name_columns_and_levels_of_the_case_table(name, item, entry):
    known = codebook.columns("all")
    assert entry["label"]
    assert set(prognosis.columns_needed({"items": {item: entry}})) <= set(known)
    levels = [*entry.get("levels", {}), *entry.get("unverified", {})]
    column = known.get(entry.get("reads"))
    allowed = column.levels if column is not None and column.levels else ("no", "yes")
    assert set(levels) <= set(allowed)
    assert len(set(levels)) == len(levels)
    points = [pair(p) for p in entry.get("levels", {}).values()]
    assert all(low <= high for low, high in points)


@pytest.mark.parametrize("name, item, entry", ITEMS)
def test_bands_of_numbers_ascend(name, item, entry):
    bands = entry.get("bands", [{}])
    assert not {"upto", "below"} & set(bands[-1])
    limits = [band.get("upto", band.get("below")) for band in bands[:-1]]
    limits = [x["unverified"] if isinstance(x, dict) else x for x in limits]
    assert limits == sorted(limits)


def test_no_complete_case_is_left_without_points_by_tokuhashi():
    levels = BOOKS["tokuhashi_revised"]["items"]["primary"]["levels"]
    assert set(levels) == set(codebook.columns()["primary_histology"].levels)


def test_conversions_cover_every_kps_once():
    for table in SHARED["kps_of_ecog"].values():
        covered = [
            kps for low, high in table["grades"].values() for kps in range(low, high + 10, 10)
        ]
        assert sorted(covered) == list(range(10, 101, 10))
        assert list(table["grades"]) == [0, 1, 2, 3, 4]


def test_external_predictions_are_columns_between_0_and_1():
    book = codebook.load("prognosis/external")
    declared = {name: codebook.Column(name=name, **e) for name, e in book["columns"].items()}
    assert list(declared) == [
        *("sorg_90d_probability", "sorg_365d_probability"),
        *("pathfx_30d_probability", "pathfx_90d_probability"),
        *("pathfx_180d_probability", "pathfx_365d_probability"),
    ]
    assert {(c.type, c.min, c.max, c.role) for c in declared.values()} == {
        ("number", 0, 1, "baseline")
    }
    assert {name.partition("_")[0] for name in declared} == set(book["predicts"])
    assert set(book["discrimination"]) <= set(declared)


def test_external_predictions_are_never_computed():
    added = prognosis.derived_columns(allow_unverified=True)
    assert not set(added) & set(codebook.load("prognosis/external")["columns"])


@pytest.mark.parametrize(
    "name, months, alive",
    [
        ("mizumoto", 6, [89, 46, 7]),
        ("mizumoto", 12, [77, 22, 4]),
        ("van_der_linden", 24, [4, 22, 37]),
        ("katagiri_new", 12, [91, 49, 6]),
        ("rades_ambulatory", 6, [6, 31, 42, 61, 93]),
        ("rades_survival", 6, [4, 11, 48]),
    ],
)
def test_published_survival(name, months, alive):
    bands = BOOKS[name]["bands"]
    assert [b["alive_percent"][months] for b in bands if "alive_percent" in b] == alive


@pytest.mark.parametrize(
    "name, medians",
    [
        ("mizumoto", [27.1, 5.4, 1.8]),
        ("van_der_linden", [3.0, 9.0, 18.7]),
        ("bollen", [31.2, 15.4, 4.8, 1.6]),
        ("osri", [23, 6, 4, 2, 1]),
    ],
)
def test_published_medians(name, medians):
    assert [band["median_months"] for band in BOOKS[name]["bands"]] == medians


def test_the_case_table_declares_exactly_these_columns():
    declared = codebook.load("case_table")["derived"]["columns"]
    for name, entry in prognosis.derived_columns(allow_unverified=True).items():
        assert declared[name] == entry, name


def test_the_case_table_declares_the_external_predictions():
    declared = codebook.load("case_table")["cases"]["columns"]
    for name, entry in codebook.load("prognosis/external")["columns"].items():
        assert declared[name] == entry


# The published figures of each group, written out a second time: field, figures by group.
PUBLISHED = [
    ("mizumoto", "share_percent", [24, 57, 19]),
    (
        "mizumoto",
        "alive_percent",
        [{6: 89, 12: 77, 24: 54}, {6: 46, 12: 22, 24: 9}, {6: 7, 12: 4, 24: 0}],
    ),
    ("van_der_linden", "share_percent", [34, 48, 18]),
    ("katagiri_new", "alive_percent", [{12: 91, 24: 78}, {12: 49}, {6: 27, 12: 6}]),
    ("rades_survival", "alive_percent_validation", [{6: p} for p in (7, 19, 56, 73, 90)]),
    (
        "rades_ambulatory",
        "alive_percent",
        [{3: a, 6: b} for a, b in ((29, 6), (62, 31), (77, 42), (84, 61), (98, 93))],
    ),
    ("rades_ambulatory", "walking_percent_validation", [10.6, 43.5, 71.0, 89.5, 98.5]),
    ("bollen", "median_ci", [[25.2, 37.3], [11.9, 18.2], [4.1, 5.4], [1.4, 1.9]]),
    ("nesms", "odds_ratio_1_year_death", [31.30, 7.04]),
    ("nesms", "odds_ratio_ci", [[8.82, 111.04], [2.47, 20.08]]),
    ("bauer_modified", "expected", ["under 6 months", "over 6 months", "over 12 months"]),
    (
        "tomita",
        "expected",
        [
            "long-term local control",
            "middle-term local control",
            "short-term palliation",
            "terminal care",
        ],
    ),
]


@pytest.mark.parametrize("name, field, figures", PUBLISHED)
def test_published_figures_of_the_groups(name, field, figures):
    assert [band[field] for band in BOOKS[name]["bands"] if field in band] == figures


def test_the_derivation_and_the_validation_of_rades_are_not_mixed():
    both = [b for b in BOOKS["rades_survival"]["bands"] if "alive_percent" in b]
    assert len(both) == 3
    assert all(b["alive_percent"][6] < b["alive_percent_validation"][6] for b in both)


def test_published_accuracy():
    assert BOOKS["rades_2_month_death"]["performance"] == {
        "sensitivity_percent": 81,
        "specificity_percent": 84,
        "negative_predictive_value_percent": 95,
        "status": "verified",
    }


def test_published_discrimination():
    found = {
        (name, entry["n"]): entry.get("c", entry.get("c_range"))
        for name, book in BOOKS.items()
        for entry in book.get("discrimination", [])
    }
    series = [0.64, 0.66]
    assert found == {
        ("tokuhashi_revised", 202): 0.67,
        ("tokuhashi_revised", 211): 0.72,
        ("tokuhashi_revised", 1379): series,
        ("bauer_modified", 211): 0.67,
        ("bauer_modified", 1379): series,
        ("bauer_modified", 144): 0.67,
        ("van_der_linden", 1379): series,
        ("tomita", 202): 0.69,
        ("tomita", 211): 0.67,
        ("tomita", 1379): series,
        ("osri", 211): 0.70,
        ("osri", 144): 0.69,
        ("nesms", 202): 0.79,
        ("bollen", 1043): 0.71,
        ("bollen", 1379): 0.70,
    }


def test_figures_of_a_group_have_the_status_of_their_source():
    status = {
        name: [band.get("status", book["status"]) for band in book["bands"]]
        for name, book in BOOKS.items()
    }
    assert status["katagiri_new"] == ["verified", "secondary", "verified"]
    assert status["nesms"] == ["secondary", "verified", "verified", "secondary"]
    assert set(status["osri"]) == {"unverified"}
    # groups are printed even where the points are from memory
    for name in ("rades_survival", "rades_ambulatory", "bollen"):
        assert set(status[name]) == {"verified"}


def test_what_a_score_reads_is_told_and_every_page_can_be_written():
    for name, book in BOOKS.items():
        assert book["purpose"] and book["example"]["without"] in codebook.columns(), name
    for entry in SHARED["inputs"].values():
        assert entry["label"] and entry["text"] and set(entry["columns"]) <= set(codebook.columns())
