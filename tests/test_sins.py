"""SINS against a second, scalar statement of the published table, over every combination."""

from itertools import product

import numpy as np
import pandas as pd
import pytest

from mescc_analytics import settings
from mescc_analytics.clinical import sins
from mescc_analytics.clinical.scores import score_cases
from mescc_analytics.clinical.sins import bounds, items, score_items

# Fisher 2010, written out here a second time: the test must not read the file that it tests.
POINTS = {
    "sins_location": {"junctional": 3, "mobile": 2, "semirigid": 1, "rigid": 0},
    "sins_pain": {"mechanical": 3, "occasional": 1, "none": 0},
    "sins_lesion": {"lytic": 2, "mixed": 1, "blastic": 0},
    "sins_alignment": {"subluxation": 4, "deformity": 2, "normal": 0},
    "sins_collapse": {"over_50": 3, "under_50": 2, "none_over_50_involved": 1, "none": 0},
    "sins_posterolateral": {"bilateral": 3, "unilateral": 1, "none": 0},
}
SETTINGS = settings.defaults("score")


def category(total):
    return "stable" if total <= 6 else "indeterminate" if total <= 12 else "unstable"


def columns(rows):
    return [
        pd.Categorical([row[i] for row in rows], list(POINTS[item]))
        for i, item in enumerate(POINTS)
    ]


ALL = list(product(*(POINTS[item] for item in POINTS)))
TOTALS = np.array(
    [sum(POINTS[item][level] for item, level in zip(POINTS, row, strict=True)) for row in ALL]
)


def test_all_1296_combinations():
    scored = score_items(columns(ALL))
    assert len(ALL) == 1296
    assert scored["sins_total"].tolist() == TOTALS.tolist()
    assert scored["sins_min"].tolist() == scored["sins_max"].tolist() == TOTALS.tolist()
    assert scored["sins_category"].tolist() == [category(total) for total in TOTALS]
    assert scored["sins_missing"].eq("").all()


def test_published_shares_over_all_combinations():
    counts = score_items(columns(ALL))["sins_category"].value_counts()
    assert counts.to_dict() == {
        "indeterminate": 847,
        "stable": 314,
        "unstable": 135,
        "undetermined": 0,
    }


# share of the remaining combinations in which the category stays determined, by exact enumeration
DETERMINED = {
    "sins_location": 0.50,
    "sins_pain": 0.50,
    "sins_lesion": 0.67,
    "sins_alignment": 0.34,
    "sins_collapse": 0.50,
    "sins_posterolateral": 0.50,
}


@pytest.mark.parametrize("item", list(POINTS))
def test_each_item_missing_in_turn(item):
    position = list(POINTS).index(item)
    rows = list(dict.fromkeys(row[:position] + (None,) + row[position + 1 :] for row in ALL))
    scored = score_items(columns(rows))
    known = np.array(
        [sum(POINTS[i][v] for i, v in zip(POINTS, row, strict=True) if v) for row in rows]
    )
    highest = max(POINTS[item].values())
    assert scored["sins_total"].isna().all()
    assert scored["sins_min"].tolist() == known.tolist()
    assert scored["sins_max"].tolist() == (known + highest).tolist()
    assert scored["sins_missing"].eq(item).all()
    expected = [
        category(k) if category(k) == category(k + highest) else "undetermined" for k in known
    ]
    assert scored["sins_category"].tolist() == expected
    share = scored["sins_category"].ne("undetermined").mean()
    assert share == pytest.approx(DETERMINED[item], abs=0.006)


def test_two_missing_items_are_both_named_and_nothing_is_known_of_an_empty_case():
    scored = score_items(
        columns([("junctional", None, "lytic", None, "none", "none"), (None,) * 6])
    )
    assert scored["sins_missing"].tolist() == ["sins_pain; sins_alignment", "; ".join(POINTS)]
    assert (scored["sins_min"][1], scored["sins_max"][1]) == (0, 18)
    assert scored["sins_category"].tolist() == ["undetermined", "undetermined"]


def test_missing_rule_na_gives_no_category_to_an_incomplete_case():
    row = [("rigid", "none", "blastic", "normal", "none", None)]
    assert score_items(columns(row), "bounds")["sins_category"].tolist() == ["stable"]
    assert score_items(columns(row), "na")["sins_category"].tolist() == ["undetermined"]


def test_monotone_in_every_item():
    frame = pd.DataFrame(ALL, columns=list(POINTS)).assign(
        total=score_items(columns(ALL))["sins_total"]
    )
    for item, points in POINTS.items():
        means = frame.groupby(item)["total"].mean()
        ranked = sorted(points, key=points.get)
        assert means[ranked].is_monotonic_increasing
        assert means[ranked[-1]] - means[ranked[0]] == pytest.approx(points[ranked[-1]])


def test_order_of_the_categories_does_not_matter():
    shuffled = [pd.Categorical(c, list(c.categories)[::-1]) for c in columns(ALL)]
    pd.testing.assert_frame_equal(score_items(shuffled), score_items(columns(ALL)))


def test_more_cases_than_one_pass_holds(monkeypatch):
    whole = score_items(columns(ALL))
    monkeypatch.setattr(sins, "CHUNK", 1000)
    pd.testing.assert_frame_equal(score_items(columns(ALL)), whole)


def test_every_pattern_of_missing_items_by_arithmetic_as_by_look_up():
    rng = np.random.default_rng(7)
    codes = [rng.integers(-1, len(points), 20_000) for points in POINTS.values()]
    plain = [
        pd.Categorical.from_codes(c, list(p)) for c, p in zip(codes, POINTS.values(), strict=True)
    ]
    looked_up = [pd.Categorical(c, list(c.categories)[::-1]) for c in plain]
    partial = [pd.Categorical(c, list(bounds(i))[1:]) for c, i in zip(plain, POINTS, strict=True)]
    scored = score_items(plain)
    assert scored["sins_missing"].nunique() == 64
    pd.testing.assert_frame_equal(score_items(looked_up), scored)
    pd.testing.assert_frame_equal(score_items(partial), scored)


def test_scores_that_share_memory_cannot_be_changed_in_place():
    scored = score_items(columns(ALL))
    with pytest.raises(ValueError, match="read-only"):
        scored["sins_total"].array[0] = 3


def test_item_states_hold_the_published_levels():
    for item in items():
        assert {k: v for k, v in POINTS[item].items()} == {
            k: bounds(item)[k][0] for k in POINTS[item]
        }
        assert bounds(item)["missing"] == (0, max(POINTS[item].values()))


FULL = {
    "case_id": "A",
    "sins_location": "semirigid",
    "sins_pain": "none",
    "sins_lesion": "blastic",
    "sins_alignment": "normal",
    "sins_collapse": "none",
    "sins_posterolateral": "none",
}


def scored(changes, **choices):
    row = {k: v for k, v in (FULL | changes).items() if v is not None}
    numeric = (
        "collapse_percent",
        "body_involved_percent",
        "sins_imaging_day",
        "surgery_day",
        "rt_start_day",
    )
    frame = pd.DataFrame(
        {
            k: pd.array(
                [v],
                dtype="Float64" if k in numeric else "boolean" if isinstance(v, bool) else "string",
            )
            for k, v in row.items()
        }
    )
    return score_cases(frame, SETTINGS | choices).iloc[0]


def limits(changes, **choices):
    row = scored(changes, **choices)
    return row["sins_min"], row["sins_max"]


PERCENT = {"sins_collapse": None}


@pytest.mark.parametrize(
    "collapse, involved, expected",
    [
        (60.0, None, (4, 4)),
        (50.0, None, (3, 3)),
        (30.0, 90.0, (3, 3)),
        (1.0, None, (3, 3)),
        (0.0, 60.0, (2, 2)),
        (0.0, 50.0, (1, 1)),
        (0.0, 20.0, (1, 1)),
        (0.0, None, (1, 2)),
        (None, 60.0, (2, 4)),
        (None, 20.0, (1, 4)),
        (None, None, (1, 4)),
    ],
)
def test_collapse_from_percentages(collapse, involved, expected):
    assert (
        limits(PERCENT | {"collapse_percent": collapse, "body_involved_percent": involved})
        == expected
    )


def test_exactly_50_percent_follows_its_setting():
    half = PERCENT | {"collapse_percent": 50.0}
    assert [limits(half, collapse_eq_50=c) for c in ("lower", "upper", "missing")] == [
        (3, 3),
        (4, 4),
        (3, 4),
    ]
    assert "COLLAPSE_EQ_50" in scored(half)["sins_flags"]
    involved = PERCENT | {"collapse_percent": 0.0, "body_involved_percent": 50.0}
    assert [limits(involved, involved_eq_50=c) for c in ("lower", "upper", "missing")] == [
        (1, 1),
        (2, 2),
        (1, 2),
    ]
    assert "INVOLVED_EQ_50" in scored(involved)["sins_flags"]


def test_collapse_floor():
    slight = PERCENT | {"collapse_percent": 15.0, "body_involved_percent": 10.0}
    assert limits(slight, collapse_floor_percent=0) == (3, 3)
    assert limits(slight, collapse_floor_percent=20) == (1, 1)


def test_a_recorded_level_wins_over_percentages_and_levels():
    row = scored({"collapse_percent": 80.0, "spinal_levels": "T11"})
    assert row["sins_total"] == 1
    assert row["sins_flags"] == "LOCATION_DISAGREES"


def test_location_from_levels():
    row = scored({"sins_location": None, "spinal_levels": "T10-T12"})
    assert (row["sins_total"], row["sins_flags"]) == (3, "LOCATION_FROM_LEVELS")
    assert limits({"sins_location": None, "spinal_levels": "T10-T12"}, range_rule="min") == (1, 1)
    assert limits({"sins_location": None, "spinal_levels": "sacrum"}) == (0, 3)


def test_coccyx_follows_its_setting():
    coccyx = {"sins_location": None, "spinal_levels": "coccyx"}
    assert limits(coccyx, coccyx="zero") == (0, 0)
    assert limits(coccyx, coccyx="unscorable") == (0, 3)
    assert not scored(coccyx)["sins_valid"]


def test_constant_pain_follows_its_setting():
    constant = {"sins_pain": "constant_nonmechanical"}
    found = [
        limits(constant, constant_nonmechanical_pain=c)
        for c in ("occasional", "mechanical", "missing")
    ]
    assert found == [(2, 2), (4, 4), (1, 4)]


def test_older_deformity_follows_its_setting():
    deformity = {"sins_alignment": "deformity"}
    assert limits(deformity) == (3, 3)
    assert limits(deformity | {"deformity_preexisting": True}) == (1, 1)
    assert limits(deformity | {"deformity_preexisting": False}) == (3, 3)
    assert limits(deformity | {"deformity_preexisting": True}, preexisting_deformity="score") == (
        3,
        3,
    )


def test_a_deformity_of_unknown_age_leaves_both_open():
    frame = pd.DataFrame(
        {
            k: pd.array([v] * 2, dtype="string")
            for k, v in (FULL | {"sins_alignment": "deformity"}).items()
        }
    )
    frame["deformity_preexisting"] = pd.array([True, None], dtype="boolean")
    out = score_cases(frame, SETTINGS)
    assert out["sins_min"].tolist() == [1, 1] and out["sins_max"].tolist() == [1, 3]


def test_use_outside_validation_is_marked_not_scored_away():
    row = scored({"instrumented_level": True, "ct_available": False})
    assert row["sins_total"] == 1 and not row["sins_valid"]
    assert row["sins_flags"] == "INSTRUMENTED; BONE_FROM_MRI"
    late = scored({"sins_imaging_day": 5.0, "surgery_day": 2.0})
    assert late["sins_flags"] == "SINS_AFTER_TREATMENT" and not late["sins_valid"]


def test_age_of_the_imaging_follows_its_setting():
    old = {"sins_imaging_day": -45.0}
    assert scored(old, sins_max_age_days=30)["sins_flags"] == "SINS_IMAGING_OLD"
    assert pd.isna(scored(old, sins_max_age_days=60)["sins_flags"])


@pytest.mark.parametrize("item", list(POINTS))
@pytest.mark.parametrize("constant", ["occasional", "mechanical", "missing"])
def test_a_blank_item_stays_missing_beside_recorded_ones(item, constant):
    """A column in which other cases have a value: the blank is NA of a nullable type, not an absent column."""
    rows = {name: [value, value] for name, value in FULL.items()}
    rows[item] = [FULL[item], None]
    frame = pd.DataFrame({name: pd.array(values, dtype="string") for name, values in rows.items()})
    out = score_cases(frame, SETTINGS | {"constant_nonmechanical_pain": constant})
    assert out["sins_missing"].tolist() == [pd.NA, item]
    assert out["sins_total"].tolist() == [1, pd.NA]
    lost = POINTS[item][FULL[item]]
    assert out["sins_min"].tolist() == [1, 1 - lost]
    assert out["sins_max"].tolist() == [1, 1 - lost + max(POINTS[item].values())]
