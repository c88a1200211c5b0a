"""Prognostic scores against second, scalar statements of the published tables."""

from itertools import product

import numpy as np
import pandas as pd
import pytest

from mescc_analytics import codebook
from mescc_analytics.clinical import prognosis
from mescc_analytics.errors import UsageError

SETTINGS = {
    "outside_population": "mark",
    "kps_from_ecog": "ma2010",
    "allow_unverified": False,
    "mizumoto_unfavourable": [],
    "albumin_normal_from_g_dl": None,
    "prognosis_points": {},
}
DTYPES = {"text": "string", "boolean": "boolean", "integer": "Int64", "number": "Float64"}
VERIFIED = [
    *("tokuhashi_revised", "bauer_modified", "van_der_linden", "tomita"),
    *("rades_2_month_death", "mizumoto"),
]
SECONDARY = ["katagiri_new", "osri", "nesms"]
UNVERIFIED = ["rades_survival", "rades_ambulatory", "bollen"]
BEST = {
    "age_years": 50.0,
    "ecog": 0,
    "kps": 100,
    "cancer_known": True,
    "months_since_cancer_diagnosis": 40.0,
    "visceral_metastases": "none",
    "brain_metastases": False,
    "extraspinal_bone_metastases": 0,
    "vertebral_metastases": 1,
    "prior_systemic_therapy": False,
    "albumin_g_dl": 4.2,
    "crp_mg_dl": 0.1,
    "ldh_iu_l": 180.0,
    "platelets_10e9_l": 250.0,
    "calcium_mg_dl": 9.2,
    "bilirubin_mg_dl": 0.6,
    "primary_histology": "breast",
    "ais": "E",
    "ambulatory_status": "unaided",
    "weakness": False,
    "motor_deficit_onset_day": -20.0,
    "spinal_region": "thoracic",
}
WORST = BEST | {
    "age_years": 80.0,
    "ecog": 4,
    "kps": 20,
    "months_since_cancer_diagnosis": 2.0,
    "visceral_metastases": "unremovable",
    "brain_metastases": True,
    "extraspinal_bone_metastases": 3,
    "vertebral_metastases": 4,
    "prior_systemic_therapy": True,
    "albumin_g_dl": 2.5,
    "platelets_10e9_l": 60.0,
    "calcium_mg_dl": 12.0,
    "primary_histology": "lung_non_small_cell",
    "ais": "A",
    "ambulatory_status": "paraplegic",
    "weakness": True,
    "motor_deficit_onset_day": -1.0,
}


def table(rows):
    """A typed case table of dictionaries; None is missing."""
    frame = pd.DataFrame(rows)
    known = codebook.columns("all")
    return pd.DataFrame({name: typed(frame[name], known[name]) for name in frame})


def typed(values, column):
    if column.type == "category":
        return pd.Categorical(values, list(column.levels))
    plain = [None if pd.isna(value) else value for value in values]
    return pd.array(plain, dtype=DTYPES[column.type])


def scored(rows, **choices):
    return prognosis.score_prognosis(table(rows), SETTINGS | choices)


def one(case, **choices):
    return scored([case], **choices).iloc[0]


def limits(score, case, **choices):
    row = one(case, **choices)
    return row[f"{score}_min"], row[f"{score}_max"]


# Tokuhashi 2005 as printed with the author's corrections, written out here a second time.
TOKUHASHI = {
    "kps": {40: 0, 50: 1, 80: 2},
    "extraspinal_bone_metastases": {3: 0, 2: 1, 0: 2},
    "vertebral_metastases": {3: 0, 2: 1, 1: 2},
    "visceral_metastases": {"unremovable": 0, "removable": 1, "none": 2},
    "primary_histology": {
        "lung_non_small_cell": 0,
        "hepatocellular": 1,
        "melanoma": 2,
        "renal": 3,
        "colorectal": 4,
        "breast": 5,
    },
    "ais": {"B": 0, "D": 1, "E": 2},
}
RECTUM = {"tokuhashi_revised": {"primary": {"colorectal": 4}}}


def test_all_1458_combinations_of_tokuhashi():
    rows = [dict(zip(TOKUHASHI, states, strict=True)) for states in product(*TOKUHASHI.values())]
    totals = [sum(TOKUHASHI[item][state] for item, state in row.items()) for row in rows]
    out = scored(rows, prognosis_points=RECTUM)
    assert len(rows) == 1458
    assert out["tokuhashi_revised_total"].tolist() == totals
    assert out["tokuhashi_revised_min"].tolist() == out["tokuhashi_revised_max"].tolist() == totals
    assert out["tokuhashi_revised_missing"].isna().all()
    bands = ["0-8" if t <= 8 else "9-11" if t <= 11 else "12-15" for t in totals]
    assert out["tokuhashi_revised_band"].tolist() == bands
    assert [bands.count(level) for level in ("0-8", "9-11", "12-15")] == [945, 434, 79]


def test_all_18_combinations_of_tomita():
    growth = {"thyroid": 1, "uterus": 2, "stomach": 4}
    visceral = {"none": 0, "removable": 2, "unremovable": 4}
    bone = {1: 1, 2: 2}
    states = list(product(growth, visceral, bone))
    names = ("primary_histology", "visceral_metastases", "vertebral_metastases")
    rows = [dict(zip(names, s, strict=True)) | {"extraspinal_bone_metastases": 0} for s in states]
    out = scored(rows)
    totals = [growth[p] + visceral[v] + bone[b] for p, v, b in states]
    assert out["tomita_total"].tolist() == totals
    assert (min(totals), max(totals), len(totals)) == (2, 10, 18)
    counts = out["tomita_band"].value_counts()
    assert [counts[b] for b in ("2-3", "4-5", "6-7", "8-10")] == [3, 5, 6, 4]


@pytest.mark.parametrize(
    "bauer, walks, albumin, total",
    [
        (False, False, False, 0),
        (False, False, True, 1),
        (False, True, False, 1),
        (False, True, True, 2),
        (True, False, False, 2),
        (True, False, True, 3),
        (True, True, False, 3),
        (True, True, True, 3),
    ],
)
def test_nesms_weights_two_one_one_and_stops_at_three(bauer, walks, albumin, total):
    case = {
        "primary_histology": "breast" if bauer else "lung_small_cell",
        "visceral_metastases": "none" if bauer else "removable",
        "extraspinal_bone_metastases": 0 if bauer else 2,
        "vertebral_metastases": 1,
        "ambulatory_status": "unaided" if walks else "non_ambulatory",
        "albumin_g_dl": 3.5 if albumin else 3.4,
    }
    row = one(case, albumin_normal_from_g_dl=3.5)
    assert (row["nesms_total"], row["nesms_band"]) == (total, str(total))
    assert one(case, allow_unverified=True)["nesms_total"] == total


def points(score, column, values, **choices):
    """Points that a score gains over the first value of a column: misprints show here."""
    totals = scored([BEST | {column: value} for value in values], **choices)[f"{score}_total"]
    return (totals - totals.iloc[0]).tolist()


def test_misprint_vertebral_metastases_one_or_two_together():
    assert points("tokuhashi_revised", "vertebral_metastases", [1, 2, 3, 4]) == [0, -1, -2, -2]


def test_misprint_extraspinal_metastases_one_apart_from_two():
    column = "extraspinal_bone_metastases"
    assert points("tokuhashi_revised", column, [0, 1, 2, 3, 4]) == [0, -1, -1, -2, -2]


def test_misprint_reversed_bands():
    bands = {b["level"]: b["expected"] for b in prognosis.registry()["tokuhashi_revised"]["bands"]}
    assert bands == {
        "0-8": "under 6 months",
        "9-11": "6 months or more",
        "12-15": "1 year or more",
    }
    out = scored([BEST, WORST])
    assert out["tokuhashi_revised_band"].tolist() == ["12-15", "0-8"]


def test_misprint_rapid_growth_three():
    rows = ["breast", "renal", "lung_small_cell", "unknown_primary"]
    assert points("tomita", "primary_histology", rows) == [0, 1, 3, 3]


def test_misprint_one_point_for_each_item_of_nesms():
    case = BEST | {"ambulatory_status": "non_ambulatory"}
    assert one(case, albumin_normal_from_g_dl=5.0)["nesms_total"] == 2


def test_misprint_denominator_of_the_walking_groups():
    bands = codebook.load("prognosis/rades_ambulatory")["bands"]
    assert sum(band["n"] for band in bands) == 2096
    assert [round(100 * b["walking"] / b["n"], 1) for b in bands] == [6.2, 43.5, 70.0, 86.1, 98.7]


@pytest.mark.parametrize(
    "score, best, worst",
    [
        ("tokuhashi_revised", 15, 0),
        ("bauer_modified", 4, 0),
        ("van_der_linden", 6, 1),
        ("tomita", 2, 10),
        ("rades_2_month_death", 6, 25),
        ("mizumoto", 0, 14),
        ("katagiri_new", 0, 10),
        ("osri", 1, 7),
        ("nesms", 3, 0),
        ("rades_survival", 45, 20),
        ("rades_ambulatory", 43, 22),
        ("bollen", 1, 4),
    ],
)
def test_a_good_and_a_poor_prognosis(score, best, worst):
    sure = {
        "allow_unverified": True,
        "mizumoto_unfavourable": ["lung_non_small_cell"],
        "prognosis_points": {
            "mizumoto": {"previous_chemotherapy": {"yes": 2}},
            "katagiri_new": {
                "previous_chemotherapy": {"yes": 1},
                "visceral_cerebral": {"yes": 2},
                "primary": {"breast": 0, "lung_non_small_cell": 3},
            },
        },
    }
    good = BEST | ({"ecog": 2} if score == "rades_2_month_death" else {})
    assert scored([good, WORST], **sure)[f"{score}_total"].tolist() == [best, worst]
    direction = prognosis.registry(allow_unverified=True)[score]["direction"]
    assert direction == ("higher_better" if best > worst else "higher_worse")


def test_directions_are_as_published():
    directions = {n: b["direction"] for n, b in prognosis.registry(allow_unverified=True).items()}
    better = {name for name, direction in directions.items() if direction == "higher_better"}
    assert better == {
        *("tokuhashi_revised", "bauer_modified", "van_der_linden"),
        *("nesms", "rades_survival", "rades_ambulatory"),
    }
    assert set(directions.values()) == {"higher_better", "higher_worse"}


def test_a_hidden_column_only_widens_the_bounds(rng):
    # KPS and ECOG are drawn together: two that disagree are no less information
    drawn = [name for name in BEST if name not in ("kps", "ecog", "primary_histology")]
    primaries = codebook.columns()["primary_histology"].levels
    rows = [
        {name: (BEST, WORST)[rng.integers(2)][name] for name in drawn}
        | {name: value for name, value in (BEST, WORST)[i % 2].items() if name in ("kps", "ecog")}
        | {"primary_histology": rng.choice(primaries)}
        for i in range(200)
    ]
    cases = table(rows)
    choices = SETTINGS | {"allow_unverified": True}
    full = prognosis.score_prognosis(cases, choices)
    for column in cases:
        less = prognosis.score_prognosis(cases.drop(columns=column), choices)
        for score in prognosis.registry(allow_unverified=True):
            both = full[f"{score}_min"].notna() & less[f"{score}_min"].notna()
            assert (less[f"{score}_min"] <= full[f"{score}_min"])[both].all()
            assert (less[f"{score}_max"] >= full[f"{score}_max"])[both].all()
            before, after = full[f"{score}_band"].astype(str), less[f"{score}_band"].astype(str)
            assert (before.eq(after) | after.eq("undetermined")).all()


def test_nothing_recorded_leaves_everything_open():
    out = prognosis.score_prognosis(pd.DataFrame(index=[5, 7]), SETTINGS)
    assert out.index.tolist() == [5, 7]
    for score, book in prognosis.registry().items():
        assert out[f"{score}_total"].isna().all()
        assert out[f"{score}_min"].tolist() == [book["range"][0]] * 2
        assert out[f"{score}_max"].tolist() == [book["range"][1]] * 2
        assert out[f"{score}_band"].tolist() == ["undetermined"] * 2
    assert out["van_der_linden_missing"].iloc[0] == "kps; primary_histology; visceral_metastases"


def test_a_table_without_rows():
    assert prognosis.score_prognosis(table([BEST]).iloc[:0], SETTINGS).shape == (0, 46)


def test_text_columns_are_read_like_categories():
    cases = table([BEST, WORST])
    text = cases.astype({name: "string" for name in cases if cases[name].dtype == "category"})
    plain = prognosis.score_prognosis(text, SETTINGS)
    pd.testing.assert_frame_equal(plain, prognosis.score_prognosis(cases, SETTINGS))


def test_a_band_is_given_where_both_bounds_lie_in_it():
    row = one(WORST | {"kps": None, "ecog": None})
    assert pd.isna(row["tokuhashi_revised_total"])
    assert (row["tokuhashi_revised_min"], row["tokuhashi_revised_max"]) == (0, 2)
    assert (row["tokuhashi_revised_band"], row["tokuhashi_revised_missing"]) == ("0-8", "kps")


def test_a_band_is_open_where_the_bounds_differ():
    # 0 to 5 points of the primary on top of 7
    case = BEST | {"primary_histology": None, "ais": "A", "vertebral_metastases": 2}
    row = one(case)
    assert (row["tokuhashi_revised_min"], row["tokuhashi_revised_max"]) == (7, 12)
    assert row["tokuhashi_revised_band"] == "undetermined"


def test_a_primary_that_the_case_table_does_not_split_stays_open():
    row = one(BEST | {"primary_histology": "colorectal"})
    assert (row["tokuhashi_revised_min"], row["tokuhashi_revised_max"]) == (12, 14)
    assert row["tokuhashi_revised_missing"] == "primary (open)"
    assert row["tokuhashi_revised_band"] == "12-15"


def test_one_count_of_bone_metastases_is_a_lower_bound():
    alone = {"vertebral_metastases": 1, "extraspinal_bone_metastases": None}
    several = {"vertebral_metastases": 2, "extraspinal_bone_metastases": None}
    assert limits("tomita", BEST | alone) == (2, 3)
    assert limits("tomita", BEST | several) == (3, 3)
    assert one(BEST | alone)["tomita_missing"] == "extraspinal_bone_metastases"


def test_labs_of_katagiri_critical_overrides_abnormal():
    def laboratory(**labs):
        base = BEST | {"primary_histology": "thyroid"}
        return limits("katagiri_new", base | labs)

    assert laboratory() == (0, 0)
    assert laboratory(crp_mg_dl=0.4) == laboratory(ldh_iu_l=250.0) == (1, 1)
    assert laboratory(albumin_g_dl=3.7) == (0, 0)
    assert laboratory(albumin_g_dl=3.69) == (1, 1)
    assert laboratory(platelets_10e9_l=100.0) == (0, 0)
    assert laboratory(platelets_10e9_l=99.0, crp_mg_dl=20.0) == (2, 2)
    assert laboratory(calcium_mg_dl=10.3) == laboratory(bilirubin_mg_dl=1.4) == (2, 2)
    assert laboratory(crp_mg_dl=0.4, calcium_mg_dl=None) == (1, 2)
    assert laboratory(crp_mg_dl=None) == (0, 1)
    assert laboratory(crp_mg_dl=None, calcium_mg_dl=12.0) == (2, 2)


@pytest.mark.parametrize(
    "primary, bounds",
    [("breast", (0, 2)), ("lung_non_small_cell", (2, 3)), ("lung_small_cell", (3, 3))],
)
def test_katagiri_primary_is_decided_by_treatability(primary, bounds):
    assert limits("katagiri_new", BEST | {"primary_histology": primary}) == bounds


def test_visceral_or_cerebral():
    base = BEST | {"primary_histology": "thyroid"}
    assert limits("katagiri_new", base | {"brain_metastases": True}) == (1, 2)
    assert limits("katagiri_new", base | {"brain_metastases": None}) == (0, 2)
    spread = base | {"visceral_metastases": "removable", "brain_metastases": None}
    assert limits("katagiri_new", spread) == (1, 2)
    assert one(spread)["katagiri_new_missing"] == "visceral_cerebral (open)"


@pytest.mark.parametrize(
    "column, value, gained",
    [
        ("months_since_cancer_diagnosis", 15.0, 2),
        ("months_since_cancer_diagnosis", 15.1, 0),
        ("motor_deficit_onset_day", -7.0, 3),
        ("motor_deficit_onset_day", -7.5, 0),
        ("extraspinal_bone_metastases", 1, 2),
        ("visceral_metastases", "removable", 3),
        ("ambulatory_status", "aided", 0),
        ("ambulatory_status", "non_ambulatory", 3),
        ("ecog", 3, 4),
        ("primary_histology", "prostate", 1),
        ("primary_histology", "leukaemia", 2),
    ],
)
def test_boundaries_of_the_2_month_score(column, value, gained):
    assert one(BEST | {"ecog": 2} | {column: value})["rades_2_month_death_total"] == 6 + gained


def test_the_2_month_score_from_19_points():
    case = WORST | {"primary_histology": "breast", "ambulatory_status": "unaided"}  # 25 - 2 - 3
    rows = [case, case | {"extraspinal_bone_metastases": 0}]
    out = scored(rows)
    assert out["rades_2_month_death_total"].tolist() == [20, 18]
    assert out["rades_2_month_death_band"].tolist() == ["19-25", "6-18"]


def test_a_cancer_found_at_presentation_has_no_interval():
    case = BEST | {"ecog": 2, "months_since_cancer_diagnosis": None}
    assert limits("rades_2_month_death", case) == (6, 8)
    assert limits("rades_2_month_death", case | {"cancer_known": False}) == (8, 8)
    assert limits("rades_2_month_death", case | {"cancer_known": None}) == (6, 8)


def test_an_onset_after_presentation_says_nothing():
    row = one(BEST | {"ecog": 2, "motor_deficit_onset_day": 1.0})
    assert (row["rades_2_month_death_min"], row["rades_2_month_death_max"]) == (6, 9)
    assert row["prognosis_flags"] == "DEFICIT_AFTER_PRESENTATION"
    same_day = one(BEST | {"ecog": 2, "motor_deficit_onset_day": 0.0})
    assert same_day["rades_2_month_death_total"] == 9


def test_ages_and_calcium_of_mizumoto():
    def gained(**change):
        return limits("mizumoto", BEST | change, mizumoto_unfavourable=["lung_small_cell"])

    assert gained() == gained(age_years=70.9) == gained(calcium_mg_dl=10.2) == (0, 0)
    assert gained(age_years=71.0) == (1, 1)
    assert gained(calcium_mg_dl=10.3) == gained(visceral_metastases="removable") == (2, 2)
    assert gained(ecog=2) == (0, 0)
    assert gained(ecog=3) == gained(primary_histology="lung_small_cell") == (3, 3)
    assert gained(vertebral_metastases=2) == (1, 1)
    assert gained(prior_systemic_therapy=True) == (0, 2)


CONVERTED = {
    "ma2010": [(2, 2), (2, 2), (1, 1), (0, 1), (0, 0)],
    "prasad2018": [(2, 2), (2, 2), (1, 1), (1, 1), (0, 0)],
    "conventional": [(2, 2), (1, 2), (1, 1), (0, 0), (0, 0)],
    "none": [(0, 2)] * 5,
}


@pytest.mark.parametrize("chosen", CONVERTED)
def test_kps_from_ecog(chosen):
    rows = [BEST | {"kps": None, "ecog": grade} for grade in range(5)]
    out = scored(rows, kps_from_ecog=chosen)
    found = out[["van_der_linden_min", "van_der_linden_max"]] - 4
    assert [tuple(row) for row in found.to_numpy().tolist()] == CONVERTED[chosen]
    flag = pd.NA if chosen == "none" else "KPS_FROM_ECOG"
    expected = pd.Series([flag] * 5, dtype="string", name="prognosis_flags")
    pd.testing.assert_series_equal(out["prognosis_flags"], expected)


FROM_KPS = {
    "ma2010": [0, 1, 1, 2, 2, 3, 3, 4, 4, 4],
    "prasad2018": [0, 1, 1, 2, 3, 3, 4, 4, 4, 4],
    "conventional": [0, 0, 1, 1, 2, 2, 3, 3, 4, 4],
}


@pytest.mark.parametrize("chosen", FROM_KPS)
def test_ecog_from_kps(chosen):
    rows = [BEST | {"ecog": None, "kps": kps} for kps in range(100, 0, -10)]
    out = scored(rows, kps_from_ecog=chosen)
    expected = [
        "not_applicable" if grade < 2 else "6-18" if grade < 5 else None
        for grade in FROM_KPS[chosen]
    ]
    assert out["rades_2_month_death_band"].tolist() == expected
    totals = [6 if grade == 2 else 10 for grade in FROM_KPS[chosen] if grade >= 2]
    assert out["rades_2_month_death_total"].dropna().tolist() == totals
    assert out["prognosis_flags"].tolist() == ["ECOG_FROM_KPS"] * 10


def test_what_is_recorded_wins_over_what_is_converted():
    row = one(BEST | {"kps": 40, "ecog": 2})
    assert (row["van_der_linden_total"], row["rades_2_month_death_total"]) == (4, 6)
    assert pd.isna(row["prognosis_flags"])


def test_a_kps_between_two_tens_keeps_both():
    row = one(BEST | {"kps": 75})
    assert (row["van_der_linden_min"], row["van_der_linden_max"]) == (5, 6)
    assert row["prognosis_flags"] == "KPS_BETWEEN_TENS"
    assert row["van_der_linden_missing"] == "performance (open)"
    assert limits("van_der_linden", BEST | {"kps": 65}) == (5, 5)


@pytest.mark.parametrize("change", [{"kps": 0, "ecog": None}, {"kps": 110, "ecog": 5}])
def test_a_value_outside_its_scale_is_no_status(change):
    assert limits("van_der_linden", BEST | change) == (4, 6)
    assert limits("rades_2_month_death", BEST | change) == (6, 10)


@pytest.mark.parametrize(
    "change, band",
    [
        ({}, "A"),
        ({"primary_histology": "myeloma"}, "not_applicable"),
        ({"primary_histology": "lymphoma"}, "not_applicable"),
        ({"primary_histology": "leukaemia"}, "not_applicable"),
        ({"primary_histology": "unknown_primary"}, "not_applicable"),
        ({"spinal_region": "sacral"}, "not_applicable"),
        ({"spinal_region": "sacral", "primary_histology": None}, "not_applicable"),
        ({"spinal_region": "several"}, "A"),
        ({"spinal_region": None}, "undetermined"),
        ({"kps": 70}, "B"),
        ({"brain_metastases": True}, "B"),
        ({"kps": 70, "visceral_metastases": "removable"}, "C"),
        ({"primary_histology": "prostate"}, "B"),
        ({"primary_histology": "prostate", "kps": 70}, "C"),
        ({"primary_histology": "prostate", "brain_metastases": True}, "B"),
        ({"primary_histology": "lung_small_cell"}, "C"),
        ({"primary_histology": "lung_small_cell", "kps": 70}, "D"),
        ({"primary_histology": "sarcoma"}, "undetermined"),
        ({"kps": None, "ecog": None}, "undetermined"),
    ],
)
def test_the_tree_of_bollen(change, band):
    assert one(BEST | change, allow_unverified=True)["bollen_band"] == band


def test_a_score_that_does_not_apply_has_no_points():
    row = one(BEST | {"primary_histology": "myeloma", "kps": None}, allow_unverified=True)
    found = row[["bollen_total", "bollen_min", "bollen_max", "bollen_missing"]]
    assert found.isna().all()
    assert row["rades_2_month_death_band"] == "not_applicable"


def test_unknown_applicability_is_told():
    row = one(BEST | {"ecog": None, "kps": None})
    assert (row["rades_2_month_death_min"], row["rades_2_month_death_max"]) == (6, 10)
    assert row["rades_2_month_death_band"] == "undetermined"
    assert row["rades_2_month_death_missing"] == "ecog"
    region = one(BEST | {"spinal_region": None}, allow_unverified=True)
    assert region["bollen_missing"] == "spinal_levels"
    assert pd.isna(one(BEST, allow_unverified=True)["bollen_missing"])


@pytest.mark.parametrize(
    "change, flagged",
    [
        ({}, False),
        ({"weakness": True}, True),
        ({"ais": "D"}, True),
        ({"ambulatory_status": "non_ambulatory"}, True),
        ({"ambulatory_status": "aided"}, False),
        ({"weakness": None}, False),
    ],
)
def test_van_der_linden_outside_its_derivation_is_marked(change, flagged):
    row = one(BEST | change)
    assert row["van_der_linden_band"] == "C"
    assert (row["prognosis_flags"] is not pd.NA) == flagged
    assert not flagged or row["prognosis_flags"] == "VAN_DER_LINDEN_OUTSIDE"


def test_outside_its_derivation_a_score_can_be_withheld_by_config():
    row = one(BEST | {"weakness": True}, outside_population="not_applicable")
    assert (row["van_der_linden_band"], row["van_der_linden_total"]) == ("not_applicable", pd.NA)
    assert one(BEST, outside_population="not_applicable")["van_der_linden_band"] == "C"


def test_unverified_scores_only_where_allowed():
    assert list(prognosis.registry()) == VERIFIED + SECONDARY
    assert list(prognosis.registry(allow_unverified=True)) == VERIFIED + SECONDARY + UNVERIFIED
    assert "bollen_band" not in scored([BEST])
    assert one(BEST, allow_unverified=True)["bollen_band"] == "A"


def test_unverified_points_of_a_known_score_stay_open():
    assert limits("osri", BEST) == (1, 5)
    assert one(BEST)["osri_missing"] == "primary_tumour_pathology (open)"
    assert one(BEST, allow_unverified=True)["osri_total"] == 1
    assert limits("osri", BEST | {"kps": 40}, allow_unverified=True) == (3, 3)
    liver = BEST | {"primary_histology": "hepatocellular"}
    assert limits("tomita", liver) == (2, 5)
    assert limits("tomita", liver, allow_unverified=True) == (5, 5)


def test_the_bauer_cut_of_nesms_is_open_at_two_only():
    two = BEST | {"primary_histology": "lung_small_cell", "albumin_g_dl": 4.0}
    case = two | {"ambulatory_status": "non_ambulatory"}
    choices = {"albumin_normal_from_g_dl": 3.5}
    assert one(case)["bauer_modified_total"] == 2
    assert limits("nesms", case, **choices) == (1, 3)
    assert one(case, **choices)["nesms_missing"] == "bauer (open)"
    assert limits("nesms", case, allow_unverified=True) == (1, 1)
    assert limits("nesms", case | {"vertebral_metastases": 2}, **choices) == (1, 1)


def test_normal_albumin_is_the_limit_of_the_laboratory():
    case = BEST | {"primary_histology": "lung_small_cell", "vertebral_metastases": 2}
    assert limits("nesms", case) == (1, 2)
    assert limits("nesms", case, albumin_normal_from_g_dl=4.2) == (2, 2)
    assert limits("nesms", case, albumin_normal_from_g_dl=4.3) == (1, 1)
    assert limits("nesms", case, albumin_normal_from_g_dl=4.3, allow_unverified=True) == (1, 1)
    assert limits("nesms", case, allow_unverified=True) == (2, 2)


def test_walking_with_an_aid_is_open_in_nesms():
    case = BEST | {"primary_histology": "lung_small_cell", "vertebral_metastases": 2}
    rows = [case | {"ambulatory_status": level} for level in ("unaided", "aided", "paraplegic")]
    out = scored(rows, albumin_normal_from_g_dl=3.5)
    assert out["nesms_min"].tolist() == [2, 1, 1]
    assert out["nesms_max"].tolist() == [2, 2, 1]
    assert scored(rows, allow_unverified=True)["nesms_total"].tolist() == [2, 1, 1]


@pytest.mark.parametrize(
    "column, values, survival, ambulatory",
    [
        ("motor_deficit_onset_day", [-7, -8, -14, -15], [3, 6, 6, 8], [4, 7, 7, 9]),
        ("months_since_cancer_diagnosis", [15, 16], [4, 7], [6, 8]),
        ("visceral_metastases", ["none", "removable", "unremovable"], [8, 2, 2], [8, 5, 5]),
        ("extraspinal_bone_metastases", [0, 1], [7, 5], [0, 0]),
        (
            "ambulatory_status",
            ["unaided", "aided", "non_ambulatory", "paraplegic"],
            [7, 7, 3, 3],
            [10, 9, 3, 1],
        ),
    ],
)
def test_points_of_the_unverified_rades_scores(column, values, survival, ambulatory):
    out = scored([BEST | {column: value} for value in values], allow_unverified=True)
    full = {"rades_survival": (45, survival), "rades_ambulatory": (43, ambulatory)}
    for score, (total, points_by_value) in full.items():
        expected = [total - max(points_by_value) + p for p in points_by_value]
        assert out[f"{score}_total"].tolist() == expected


def test_nesms_is_settled_by_its_cap_whatever_the_albumin():
    row = one(BEST | {"albumin_g_dl": None})
    assert (row["nesms_total"], row["nesms_band"]) == (3, "3")


def test_what_bauer_lacks_nesms_lacks():
    row = one(BEST | {"visceral_metastases": None, "primary_histology": "prostate"})
    assert row["bauer_modified_missing"] == "visceral_metastases"
    assert row["nesms_missing"] == "visceral_metastases; albumin (open)"


def test_unfavourable_tumours_of_mizumoto_follow_their_list():
    assert limits("mizumoto", BEST) == (0, 3)
    assert one(BEST)["mizumoto_missing"] == "unfavourable_tumour (open)"
    assert limits("mizumoto", BEST, mizumoto_unfavourable=["breast"]) == (3, 3)
    assert limits("mizumoto", BEST, mizumoto_unfavourable=["melanoma"]) == (0, 0)


def test_points_replaced_by_the_config():
    myeloma = BEST | {"primary_histology": "myeloma"}
    assert one(myeloma)["tokuhashi_revised_total"] == 12
    five = {"tokuhashi_revised": {"primary": {"myeloma": 5}}}
    assert one(myeloma, prognosis_points=five)["tokuhashi_revised_total"] == 15
    several = {"tokuhashi_revised": {"primary": {"myeloma": [2, 5]}}}
    assert limits("tokuhashi_revised", myeloma, prognosis_points=several) == (12, 15)
    chemotherapy = {"mizumoto": {"previous_chemotherapy": {"yes": 2}}}
    treated = BEST | {"prior_systemic_therapy": True}
    choices = {"mizumoto_unfavourable": ["melanoma"], "prognosis_points": chemotherapy}
    assert limits("mizumoto", treated, **choices) == (2, 2)


def test_every_fault_of_the_choices_is_told_at_once():
    wrong = {
        "mizumoto_unfavourable": ["lungs", "melanoma"],
        "prognosis_points": {
            "tokuhashi": {"primary": {"breast": 1}},
            "tomita": {"bone": {"one": 1}, "visceral": {"none": 5, "few": 2, "removable": [4, 2]}},
            "mizumoto": {"previous_chemotherapy": {"yes": True}},
        },
    }
    with pytest.raises(UsageError) as caught:
        scored([BEST], **wrong)
    known = ", ".join(VERIFIED + SECONDARY + UNVERIFIED)
    points = "score.prognosis_points"
    assert str(caught.value) == (
        "the config cannot be used:\n"
        "  - score.mizumoto_unfavourable: 'lungs' is not a primary_histology\n"
        f"  - {points}: 'tokuhashi' is not a known score; known: {known}\n"
        f"  - {points}.tomita: 'bone' is not a known item with levels; known: primary, visceral\n"
        f"  - {points}.tomita.visceral: 'few' is not a known level; "
        "known: none, removable, unremovable\n"
        f"  - {points}.tomita.visceral.none: found 5, wanted a whole number from 0 to 4, "
        "or two of them in ascending order\n"
        f"  - {points}.tomita.visceral.removable: found [4, 2], wanted a whole number from 0 to 4, "
        "or two of them in ascending order\n"
        f"  - {points}.mizumoto.previous_chemotherapy.yes: found True, wanted a whole number "
        "from 0 to 2, or two of them in ascending order"
    )


def test_the_cases_are_not_changed_and_rows_do_not_see_each_other(rng):
    cases = table([BEST, WORST, BEST | {"primary_histology": None}])
    before = cases.copy()
    out = prognosis.score_prognosis(cases, SETTINGS)
    pd.testing.assert_frame_equal(cases, before)
    order = rng.permutation(3)
    shuffled = prognosis.score_prognosis(cases.iloc[order], SETTINGS)
    pd.testing.assert_frame_equal(shuffled, out.iloc[order])
    again = prognosis.score_prognosis(pd.concat([cases, out], axis="columns"), SETTINGS)
    pd.testing.assert_frame_equal(again, out)


@pytest.mark.parametrize("allowed", [False, True])
def test_every_added_column_is_declared(allowed):
    out = scored([BEST, WORST], allow_unverified=allowed)
    declared = prognosis.derived_columns(allow_unverified=allowed)
    assert list(out) == list(declared)
    for name, entry in declared.items():
        column = codebook.Column(name=name, **entry)
        assert column.role == "baseline"
        if column.type == "category":
            assert list(out[name].cat.categories) == column.levels
        else:
            assert out[name].dtype == DTYPES[column.type]
    assert declared["bauer_modified_min"] == {
        "type": "integer",
        "role": "baseline",
        "label": "Modified Bauer score: lowest possible",
        "min": 0,
        "max": 4,
    }


def test_the_status_is_part_of_every_label():
    labels = prognosis.describe_scores(allow_unverified=True).set_index("score")["label"]
    assert labels["tomita"] == "Tomita score"
    assert labels["katagiri_new"] == "New Katagiri score (secondary source)"
    assert all(labels[name].endswith(" (unverified)") for name in UNVERIFIED)
    declared = prognosis.derived_columns(allow_unverified=True)
    assert declared["bollen_band"]["label"] == "Bollen model (unverified): group"


def test_the_registry_as_a_table():
    shown = prognosis.describe_scores()
    assert shown["score"].tolist() == VERIFIED + SECONDARY
    assert shown.loc[3].drop("source").to_dict() == {
        "score": "tomita",
        "label": "Tomita score",
        "status": "verified",
        "direction": "higher_worse",
        "lowest": 2,
        "highest": 10,
        "columns": "primary_histology; visceral_metastases; vertebral_metastases; "
        "extraspinal_bone_metastases",
    }
    assert np.array_equal(shown["status"].unique(), ["verified", "secondary"])


def flags_of(case, **choices):
    codes = one(case, **choices)["prognosis_flags"]
    return set() if pd.isna(codes) else set(codes.split("; "))


def test_every_case_says_which_scores_rest_on_what_no_source_confirms():
    allowed = {"allow_unverified": True}
    always = {"RADES_SURVIVAL_UNVERIFIED", "RADES_AMBULATORY_UNVERIFIED", "BOLLEN_UNVERIFIED"}
    assert flags_of(BEST) == set()
    assert flags_of(BEST, **allowed) == always | {"OSRI_UNVERIFIED", "NESMS_UNVERIFIED"}
    # no points are given, so none are unverified
    assert "BOLLEN_UNVERIFIED" not in flags_of(BEST | {"primary_histology": "lymphoma"}, **allowed)


@pytest.mark.parametrize(
    "score, change, choices",
    [
        ("TOMITA", {"primary_histology": "pancreas"}, {}),
        ("KATAGIRI_NEW", {"primary_histology": "bladder"}, {}),
        ("NESMS", {"ambulatory_status": "aided"}, {"albumin_normal_from_g_dl": 3.5}),
        ("OSRI", {"primary_histology": "renal"}, {}),
    ],
)
def test_unverified_points_of_a_known_score_are_marked_where_they_count(score, change, choices):
    allowed = {"allow_unverified": True, **choices}
    assert f"{score}_UNVERIFIED" in flags_of(BEST | change, **allowed)
    assert f"{score}_UNVERIFIED" not in flags_of(BEST | change, **choices)


def test_a_verified_limit_or_a_choice_of_the_study_is_not_marked():
    allowed = {"allow_unverified": True, "albumin_normal_from_g_dl": 3.5}
    assert "NESMS_UNVERIFIED" not in flags_of(BEST, **allowed)
    chosen = {"tomita": {"primary": {"pancreas": 4}}}
    pancreas = BEST | {"primary_histology": "pancreas"}
    marked = flags_of(pancreas, allow_unverified=True, prognosis_points=chosen)
    assert "TOMITA_UNVERIFIED" not in marked
