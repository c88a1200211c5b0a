"""Adjusted walking as readers see it: the table, what it withholds, the methods."""

import numpy as np
import pandas as pd
import pytest

import result_frames as made
from mescc_analytics.present import tables_walking, tables_walking_adjusted
from mescc_analytics.present.study import study_of
from mescc_analytics.steps import withhold_walking
from mescc_analytics.steps.tables import tables as step
from weight_cases import FULL

STUDY = study_of(FULL | {"name": "test"}, "tables")
LONG, SHORT, BROAD = "cebrt_long", "cebrt_short", "by_broad_arm_weighted"
TEST = "augmented (doubly robust)"


def contrast(measure="risk_difference", **values):
    row = {"analysis": "by_arm_weighted", "group": SHORT, "reference": LONG, "baseline": "all"}
    row |= {"timepoint_days": 90.0, "estimand": "composite", "measure": measure, "test": TEST}
    numbers = {"risk_difference": (-0.12, -0.2, -0.04), "risk_ratio": (0.8, 0.65, 0.95)}
    names = ("estimate", "ci_lower", "ci_upper")
    row |= dict(zip(names, numbers.get(measure, (0.6, 0.4, 0.9)), strict=True))
    row |= {"p": 0.013, "p_holm": 0.026, "e_value": np.nan, "e_value_limit": np.nan, "note": ""}
    if measure == "risk_ratio":
        row |= {"e_value": 1.81, "e_value_limit": 1.29}
    return row | values


MEASURES = ("risk_difference", "risk_ratio", "odds_ratio", "odds_ratio_regression")


def contrasts(**values):
    return pd.DataFrame([contrast(measure, **values) for measure in MEASURES])


def unadjusted(**values):
    return pd.DataFrame([contrast(analysis="by_arm", estimate=-0.2, test="newcombe") | values])


def risk(group, numerator=40, **values):
    row = {"analysis": "by_arm_weighted", "group": group, "timepoint_days": 90.0}
    row |= {"estimand": "composite", "numerator": numerator, "denominator": 80}
    row |= {"proportion": numerator / 80, "n_unknown": 6, "standardised": 0.5, "cluster": "none"}
    row |= {"estimate": {SHORT: 0.44}.get(group, 0.56), "ci_lower": 0.4, "ci_upper": 0.6}
    return row | {"outcome_model": "logistic", "note": ""} | values


def risks(**of_short):
    return pd.DataFrame([risk(LONG), risk(SHORT, **of_short)])


def rates(hidden=(), **values):
    """One row per arm as `withhold_walking.rates` leaves it."""
    rows = [
        {"analysis": "by_arm", "group": name, "timepoint_days": 90.0, "baseline": "all"}
        | {"estimand": "composite", "mark": "hidden" if name in hidden else pd.NA}
        | values
        for name in (LONG, SHORT, "sbrt")
    ]
    return pd.DataFrame(rows)


def shown(frame, found, hidden=(), threshold=5):
    return withhold_walking.adjusted(frame, found, rates(hidden), threshold)


def table(frame, found=None, hidden=(), crude=None):
    own, found = shown(frame, risks() if found is None else found, hidden)
    crude = (unadjusted() if crude is None else crude).assign(mark=pd.NA)
    both = pd.concat([crude.astype(object), own.astype(object)], ignore_index=True)
    return tables_walking_adjusted.adjusted(both, found, STUDY)


# the table


def test_adjusted_stands_beside_unadjusted():
    (row,) = table(contrasts()).rows
    assert row == (
        "cEBRT, short course against cEBRT, long course",
        "90",
        "44 % against 56 %",
        "−12 (−20 to −4); p = 0.013 (Holm 0.026)",
        "−20 (−20 to −4)",
        "0.80 (0.65 to 0.95)",
        "1.81 (interval: 1.29)",
        "0.60 (0.40 to 0.90); p = 0.013 (Holm 0.026)",
    )
    notes = " ".join(table(contrasts()).notes)
    assert "death counts as not walking" in notes and "95 % CI" in notes and "E-value: " in notes


def test_groups_of_arms_show_what_their_own_cases_did():
    own = contrasts(analysis=BROAD, group="surgery", reference="cebrt")
    found = pd.DataFrame(
        [risk("cebrt", analysis=BROAD), risk("surgery", 32, analysis=BROAD, estimate=0.44)]
    )
    (row,) = table(own, found).rows
    assert row[0] == "Surgery first against cEBRT first"
    assert row[2] == "44 % against 56 %" and row[4] == "−10"


def withheld(why="overlap, outcome events per parameter", **values):
    nothing = dict.fromkeys(("estimate", "ci_lower", "ci_upper", "p", "p_holm"), np.nan)
    nothing |= {"e_value": np.nan, "e_value_limit": np.nan, "note": f"withheld: {why}"}
    return contrasts(**nothing | values)


def test_withheld_days_stand_in_one_row_after_the_others():
    frame = pd.concat(
        [withheld(group="sbrt", timepoint_days=day) for day in (30.0, 90.0)]
        + [contrasts(), withheld("detectable difference", timepoint_days=180.0)],
        ignore_index=True,
    )
    rows = table(frame).rows
    assert [row[:2] for row in rows] == [
        ("cEBRT, short course against cEBRT, long course", "90"),
        ("cEBRT, short course against cEBRT, long course", "180"),
        ("SBRT against cEBRT, long course", "30, 90"),
    ]
    assert rows[1][3] == "withheld: only large differences detectable"
    assert rows[2][3] == "withheld: too little overlap; too few cases for the models of walking"


def test_one_part_can_be_withheld_alone():
    frame = contrasts()
    frame.loc[3] = withheld("regression events per parameter").iloc[3]
    (row,) = table(frame).rows
    assert row[3].startswith("−12") and row[7] == "withheld: too few cases for the regression"


def test_what_failed_stands_beside_what_is_shown():
    note = "diagnostics failed: overlap, outcome events per parameter; no p value: fewer than 10"
    (row,) = table(contrasts(note=note, p=np.nan, p_holm=np.nan)).rows
    words = "diagnostics failed: too little overlap; too few cases for the models of walking"
    assert row[3] == f"−12 (−20 to −4); {words}"
    assert row[5] == "0.80 (0.65 to 0.95)"


def test_everything_withheld_is_one_sentence():
    frame = pd.concat([withheld("arm size", group="sbrt"), withheld("overlap")])
    found = table(frame, risks(estimate=np.nan))
    assert found.rows == ()
    assert found.notes == (
        "No adjusted comparison of walking is shown, because every one fails a diagnostic that was "
        "fixed before its result was seen: SBRT (too few cases in the arm); cEBRT, short course "
        "(too little overlap).",
    )
    assert table(contrasts().iloc[:0], risks().iloc[:0]).notes == ()


def test_unadjusted_contrasts_name_holm_where_it_differs():
    frame = made.contrasts().assign(mark=pd.NA, p_holm=[np.nan, 0.0086, 0.0028])
    cell = tables_walking.contrasts(frame, STUDY).rows[0][5]
    assert "Fisher exact test p = 0.0043 (Holm 0.0086); chi-square test p = 0.0028" in cell
    assert cell.endswith("p = 0.0028")


# what is withheld


@pytest.mark.parametrize("numerator, gone", [(0, False), (1, True), (4, True), (5, False)])
def test_small_numbers_in_an_arm_hide_its_contrast(numerator, gone):
    for n in (numerator, 80 - numerator):
        own, found = shown(contrasts(), risks(numerator=n))
        assert own["estimate"].isna().all() == gone and own["p"].isna().all() == gone
        assert own["e_value"].isna().all() == gone
        short = found.set_index("group").loc[SHORT]
        assert pd.isna(short["estimate"]) == pd.isna(short["numerator"]) == gone
        assert not pd.isna(found.set_index("group").loc[LONG, "estimate"])
        (row,) = table(contrasts(), risks(numerator=n)).rows
        assert (row[3] == "hidden") == gone
    own, _ = shown(contrasts(), risks(numerator=numerator), threshold=0)
    assert own["estimate"].notna().all()


def test_an_arm_that_the_rates_hide_is_hidden_here():
    for arm in (LONG, SHORT):
        own, found = shown(contrasts(), risks(), hidden=(arm,))
        assert own["estimate"].isna().all()
        assert found.set_index("group")["estimate"].isna().to_dict() == {
            LONG: arm == LONG,
            SHORT: arm == SHORT,
        }
    own, _ = shown(contrasts(), risks(), hidden=("sbrt",))
    assert own["estimate"].notna().all()


def test_counts_of_groups_of_arms_are_hidden_beside_a_hidden_arm():
    own = contrasts(analysis=BROAD, group="surgery", reference="cebrt")
    found = pd.DataFrame([risk(name, analysis=BROAD) for name in ("cebrt", "surgery")])
    kept, counts = shown(own, found, hidden=("sbrt",))
    assert kept["estimate"].notna().all() and counts["proportion"].isna().all()
    assert (counts["counts_mark"] == "hidden").all()
    (row,) = table(own, found, hidden=("sbrt",)).rows
    assert row[4] == "hidden" and row[3].startswith("−12")


def test_a_p_value_carried_from_a_hidden_arm_is_not_told():
    # Holm: 3 x 0.02, then 2 x 0.025 is less and takes 0.06 over, then 0.5
    rows = [
        contrast(group=name, p=p, p_holm=adjusted)
        for name, p, adjusted in (("sbrt", 0.02, 0.06), (SHORT, 0.025, 0.06), (LONG, 0.5, 0.5))
    ]
    frame = pd.DataFrame(rows)
    assert withhold_walking.holm(frame)["p_holm"].tolist() == [0.06, 0.06, 0.5]
    frame.loc[0, "p"] = np.nan  # hidden
    shown_p = withhold_walking.holm(frame)["p_holm"]
    assert shown_p.isna().tolist() == [True, True, False]
    one = frame.assign(p=[np.nan, 0.7, 0.9], p_holm=1.0)
    assert withhold_walking.holm(one)["p_holm"].isna().tolist() == [True, False, False]


# through the steps, and the methods


def test_the_step_writes_the_table(tmp_path):
    both = pd.concat([made.contrasts(), contrasts(group=LONG, reference="surgery_sbrt")])
    found = pd.DataFrame([risk(LONG), risk("surgery_sbrt")])
    inputs = made.write(tmp_path, contrasts=both, walking_adjusted=found)
    step(inputs, tmp_path / "tables", made.SETTINGS)
    text = (tmp_path / "tables/walking_adjusted.csv").read_text()
    assert "cEBRT, long course against Surgery + SBRT" in text
    crude = pd.read_csv(tmp_path / "tables/contrasts.csv")
    assert len(crude) == 1


@pytest.mark.parametrize(
    "section, key, value, words",
    [
        ("ambulatory", "covariates", ["kps"], "one logistic model of walking per arm on Karnofsky"),
        ("ambulatory", "events_per_parameter_min", 7, "fewer than 7 cases with the rarer outcome"),
        ("ambulatory", "detectable_difference_max", 0.3, "difference above 30 percentage points"),
        ("weight", "estimand", "ate", "standardised to all cases in the comparison"),
        ("weight", "missing_share_max", 0.2, "unknown in more than 20 % of an arm"),
    ],
)
def test_methods_follow_the_settings(section, key, value, words):
    (plain,) = tables_walking_adjusted.methods(FULL)
    (other,) = tables_walking_adjusted.methods(FULL | {section: FULL[section] | {key: value}})
    assert words in other and words not in plain
    assert tables_walking_adjusted.methods({}) == []
