"""What is shown of differences in survival: small groups and what tells them, and the words."""

import numpy as np
import pandas as pd
import pytest

from mescc_analytics.present import methods_choices, tables_contrasts, tables_survival
from mescc_analytics.present.study import Study
from mescc_analytics.steps import withhold, withhold_contrasts

STUDY = Study(name="small", landmark_days=30)


def summary(sizes, unknown=0):
    """Arms by size; ten of every arm are alive on day 90, one of SBRT on day 180."""
    n = pd.array(list(sizes.values()), dtype="Float64")
    on_180 = [1 / size if name == "sbrt" else 0.5 for name, size in sizes.items()]
    values = {"analysis": "by_arm", "group": list(sizes), "n": n, "events": n - 10}
    for day, share in (("90", 10 / n), ("180", on_180)):
        share = pd.array(share, dtype="Float64")
        values |= {f"survival_{day}d": share, f"survival_{day}d_lower": share}
        values[f"survival_{day}d_upper"] = share
    return pd.DataFrame(values).assign(start_days=30.0, n_group_unknown=unknown, note=None)


def contrasts(*groups, small=()):
    rows = []
    for group in groups:
        note = f"no p value: fewer than 10 cases in {group}" if group in small else ""
        p = None if note else 0.012
        pair = ("by_arm", group, "cebrt_long")
        rows.append((*pair, "rmst_difference", 365.0, -42.4, -101.0, 17.2, 220.0, 262.4, p, note))
        for day, estimate in ((90.0, -0.174), (180.0, 0.031)):
            ends = (estimate - 0.2, estimate + 0.2, 0.5, 0.7)
            rows.append((*pair, "survival_difference", day, estimate, *ends, p, note))
    columns = "analysis group reference measure time_days estimate ci_lower ci_upper of_group"
    frame = pd.DataFrame(rows, columns=[*columns.split(), "of_reference", "p", "note"])
    return frame.assign(p_holm=frame["p"].astype(float) * 2)


def hazards(*groups, small=()):
    frame = contrasts(*groups, small=small).drop_duplicates("group")
    shown = frame[["analysis", "group", "reference", "p", "p_holm", "note"]]
    values = {"hazard_ratio": 1.66, "ci_lower": 1.2, "ci_upper": 2.28, "ph_p": 0.7}
    return shown.assign(**values, e_value=2.19, e_value_limit=1.53).reset_index(drop=True)


def log_ranks(*p, note=""):
    names = ["log_rank", "fleming_harrington_1_0", "fleming_harrington_0_2", "ph_global"]
    frame = pd.DataFrame({"analysis": "by_arm", "test": names, "p": p or [0.014, 0.03, 0.5, 0.4]})
    return frame.assign(note=note)


def row_of(table, start):
    return next(row for row in table.rows if row[0].strip().startswith(start))


# --- what is withheld -----------------------------------------------------------------------------


def test_a_small_arm_has_no_difference():
    shown = withhold.summary(summary({"cebrt_long": 40, "sbrt": 30, "surgery_only": 4}), 5)
    found = withhold_contrasts.differences(contrasts("sbrt", "surgery_only"), shown)
    small = found[found["group"] == "surgery_only"]
    values = ["estimate", "ci_lower", "of_group", "of_reference", "p", "p_holm"]
    assert small[values].isna().all(axis=None) and small["mark"].eq("hidden").all()
    ratios = withhold_contrasts.ratios(hazards("sbrt", "surgery_only"), shown, 5)
    assert ratios["hazard_ratio"].isna().tolist() == [False, True]
    assert ratios["e_value"].isna().tolist() == [False, True]
    assert ratios["p_holm"].isna().tolist() == [False, True]


def test_a_difference_from_a_withheld_survival_is_withheld():
    shown = withhold.summary(summary({"cebrt_long": 40, "sbrt": 30}), 5)
    assert shown["survival_180d"].isna().tolist() == [False, True]
    found = withhold_contrasts.differences(contrasts("sbrt"), shown)
    assert found["estimate"].isna().tolist() == [False, False, True]
    turned = contrasts("cebrt_long").assign(reference="sbrt")
    assert withhold_contrasts.differences(turned, shown)["estimate"].isna().tolist() == [
        *(False, False, True)
    ]
    everything = withhold_contrasts.differences(
        contrasts("sbrt"), withhold.summary(summary({"cebrt_long": 40, "sbrt": 30}), 0)
    )
    assert everything["estimate"].notna().all()


def test_spells_of_few_cases_have_no_hazard_ratio():
    rows = hazards("sbrt", "surgery_only").assign(analysis="by_arm_time_varying")
    rows = rows.assign(n=[30, 4], n_reference=40, events=[20, 10], events_reference=[30, 30])
    shown = withhold.summary(summary({"cebrt_long": 40, "sbrt": 30}), 5)
    found = withhold_contrasts.ratios(rows, shown, 5)
    assert found["hazard_ratio"].isna().tolist() == [False, True]
    assert found["n"].isna().tolist() == [False, True]
    assert withhold_contrasts.ratios(rows, shown, 0)["hazard_ratio"].notna().all()


@pytest.mark.parametrize(
    "small, partner, tells",
    [
        (4, 9, True),  # 13 in both: the partner has 9 to 12, and no p value says 9
        (1, 10, True),  # 11 in both: 7 to 10, and a p value says 10
        (1, 9, False),  # 10 in both: 6 to 9, of which none has a p value
        (4, 10, False),  # 14 in both: 10 to 13, which all have one
        (2, 30, False),
    ],
)
def test_p_values_that_tell_a_hidden_arm(small, partner, tells):
    exact = summary({"cebrt_long": 40, "surgery_only": partner, "sbrt": small})
    shown = withhold.summary(exact, 5)
    found = withhold_contrasts.p_tells(exact, shown, 5, 10)
    assert found == ({"by_arm", "by_arm_time_varying"} if tells else set())
    known = summary({"cebrt_long": 40, "surgery_only": partner}, unknown=small)
    shown = withhold.summary(known, 5)
    assert bool(withhold_contrasts.p_tells(known, shown, 5, 10)) == tells
    assert not withhold_contrasts.p_tells(known, shown, 5, 0)


def test_nothing_is_told_where_all_is_shown_or_nobody_is_left():
    exact = summary({"cebrt_long": 40, "sbrt": 30})
    assert withhold_contrasts.p_tells(exact, withhold.summary(exact, 5), 5, 10) == set()
    none = exact.iloc[:0]
    assert withhold_contrasts.p_tells(none, withhold.summary(none, 5), 5, 10) == set()


def test_where_a_p_value_would_tell_it_and_its_reason_are_hidden():
    rows = contrasts("sbrt", "surgery_only", small=["surgery_only"])
    found = withhold_contrasts.without_p(rows, {"by_arm"})
    assert found[["p", "p_holm"]].isna().all(axis=None) and found["note"].eq("").all()
    assert found["p_mark"].eq("hidden").all() and found["estimate"].notna().all()
    firth = rows.assign(note="Firth's penalised likelihood: no deaths in a; " + rows["note"])
    kept = withhold_contrasts.without_p(firth[rows["p"].isna()], {"by_arm"})["note"]
    assert kept.eq("Firth's penalised likelihood: no deaths in a").all()
    same = withhold_contrasts.without_p(rows, set())
    assert same["p"].equals(rows["p"]) and same["p_mark"].isna().all()


# --- the tables -----------------------------------------------------------------------------------


def made(*groups, small=(), tests=None, ratios=None, tells=()):
    sizes = {"cebrt_long": 40} | {group: 9 if group in small else 30 for group in groups}
    shown = withhold.summary(summary(sizes), 5)
    ratios = hazards(*groups, small=small) if ratios is None else ratios
    ratios = withhold_contrasts.ratios(ratios, shown, 5, tells)
    rows = withhold_contrasts.differences(contrasts(*groups, small=small), shown, tells)
    tests = withhold_contrasts.without_p(log_ranks() if tests is None else tests, tells)
    return tables_contrasts.contrasts(rows, ratios, tests, STUDY), ratios, tests


def test_the_table_of_differences():
    table, *_ = made("sbrt")
    assert table.head == (
        *("", "Days lived, difference", "p, days lived", "Survival at 90 days, points"),
        *("Survival at 180 days, points", "Hazard ratio", "p, hazard ratio", "E-value"),
    )
    assert table.rows[0] == ("Arm, from the landmark at day 30", *[""] * 7)
    assert row_of(table, "SBRT against cEBRT, long course")[1:] == (
        *("−42 (−101 to 17)", "0.024", "−17 (−37 to 3)", "hidden"),
        *("1.66 (1.20 to 2.28)", "0.024", "2.19 (1.53)"),
    )
    notes = " ".join(table.notes)
    assert "mean days lived within 365 days" in notes and "Small group" not in notes
    assert (
        "All arms at once: log-rank test, p = 0.014; Fleming-Harrington test that stresses early "
        "differences, p = 0.030; Fleming-Harrington test 0, 2, p = 0.50."
    ) in notes
    assert not any(word in notes for word in ("effect", "benefit", "because of treatment"))


def test_a_small_group_is_said_and_not_tested():
    note = "no p value: fewer than 10 cases in surgery_only"
    tests = log_ranks(None, None, None, None, note=note)
    table, ratios, tests = made("sbrt", "surgery_only", small=["surgery_only"], tests=tests)
    row = row_of(table, "Surgery alone")
    assert row[2] == row[6] == "small group" and row[1] == "−42 (−101 to 17)"
    assert "Small group: no p value, a group has fewer than 10 cases." in table.notes
    assert "All arms at once: not tested, because an arm is a small group." in table.notes
    table = tables_survival.hazards(ratios, tests, STUDY)
    assert row_of(table, "Arm")[4:] == ("small group", "small group")
    assert row_of(table, "Surgery alone")[2] == "small group"
    assert "Small group: no p value, a group has fewer than 10 cases." in table.notes


def test_hidden_p_values_do_not_say_small():
    note = "no p value: fewer than 10 cases in surgery_only"
    tests = log_ranks(None, None, None, None, note=note)
    table, ratios, tests = made(
        *("sbrt", "surgery_only"), small=["surgery_only"], tests=tests, tells={"by_arm"}
    )
    for shown in (table, tables_survival.hazards(ratios, tests, STUDY)):
        text = str((shown.rows, shown.notes)).lower()
        assert "small group" not in text and "fewer than 10" not in text
        assert row_of(shown, "SBRT against")[2] == "hidden"


def test_firth_is_starred():
    note = "Firth's penalised likelihood: no deaths in sbrt"
    table, ratios, tests = made("sbrt", ratios=hazards("sbrt").assign(note=note))
    assert row_of(table, "SBRT against")[5] == "1.66 (1.20 to 2.28) *"
    for shown in (table, tables_survival.hazards(ratios, tests, STUDY)):
        assert any(text.startswith("* Firth's penalised likelihood") for text in shown.notes)


def test_what_has_no_estimate_says_so():
    rows = contrasts("sbrt").assign(mark=pd.NA, p_mark=pd.NA)
    rows.loc[1, ["estimate", "ci_lower", "ci_upper", "note"]] = [
        *(None, None, None),
        "not estimable: day 90 is not after the start, day 100",
    ]
    rows.loc[2, ["ci_lower", "ci_upper", "p", "p_holm"]] = None
    ratios = hazards("sbrt").assign(
        **{name: None for name in ("hazard_ratio", "e_value", "p", "p_holm")}, mark=pd.NA
    )
    row = row_of(tables_contrasts.contrasts(rows, ratios, log_ranks(), STUDY), "SBRT")
    assert row[3:] == (
        *("starts on day 100", "3 (no interval)", "not estimable", "no test", "not estimable"),
    )
    nothing = tables_contrasts.contrasts(
        rows.iloc[:0], ratios.iloc[:0], log_ranks().iloc[:0], STUDY
    )
    assert nothing.rows == ()


def test_strategies_are_said_to_have_no_test():
    name = "by_arm_clone_censor_weight"
    rows = contrasts("surgery").assign(analysis=name, reference="cebrt", mark=pd.NA, p_mark=pd.NA)
    table = tables_contrasts.contrasts(rows, hazards().iloc[:0], log_ranks(), STUDY)
    assert table.rows[0][0] == "First treatment as a strategy (clone, censor, weight)"
    assert tables_contrasts.STRATEGIES in table.notes
    assert "too short where treatment was chosen by indication, and no test." in " ".join(
        table.notes
    )
    own = contrasts("sbrt").assign(mark=pd.NA, p_mark=pd.NA)
    table = tables_contrasts.contrasts(own, hazards("sbrt"), log_ranks(), STUDY)
    assert not any(note.startswith("Strategies") for note in table.notes)


# --- methods --------------------------------------------------------------------------------------

CHOSEN = {
    "milestones_days": [90],
    "horizon_days": 365,
    "fleming_harrington": [[1, 0]],
    "min_arm": 10,
    "firth": "separation",
}


def said(**changed):
    return methods_choices.paragraphs({"survival": CHOSEN | changed}, STUDY)[0]


def test_methods_say_what_clones_leave_unadjusted():
    from_zero = {"time_varying": False, "clone_censor_weight": True, "covariates": ["age_years"]}
    chosen = CHOSEN | from_zero | {"n_resamples": 200, "min_strategy": 40}
    found = methods_choices.paragraphs({"survival": chosen}, STUDY)[1]
    assert f"The weights of a treatment begin with day {STUDY.grace_days:g}" in found
    assert "levels of fewer than a tenth of the cases joined" in found


def test_methods_follow_the_config():
    assert "up to day 365 and in survival at days 90" in said()
    assert "(rho, gamma) of (1, 0)" in said() and "Holm" in said()
    assert "fewer than 10 cases" in said() and "Firth" in said() and "E-values" in said()
    assert "rho" not in said(fleming_harrington=[])
    assert "fewer than" not in said(min_arm=0)
    assert "Firth" not in said(firth="never")
    assert "up to day 180" in said(horizon_days=180)


def test_weighted_comparisons_stand_in_tables_of_their_own():
    rows, ratios = contrasts("sbrt"), hazards("sbrt")
    both = [
        pd.concat([frame, frame.assign(analysis="by_arm_weighted")], ignore_index=True)
        for frame in (rows, ratios)
    ]
    made = [tables_contrasts.contrasts(*f, log_ranks(), STUDY).rows for f in ((rows, ratios), both)]
    assert made[0] == made[1]
    made = [tables_survival.hazards(f, log_ranks(), STUDY).rows for f in (ratios, both[1])]
    assert made[0] == made[1]


def test_a_strategy_without_an_interval_says_why():
    table, *_ = made("sbrt")
    assert tables_contrasts.RESAMPLES not in table.notes
    note = "interval not estimable: only 175 of 200 resamples have an estimate"
    rows = contrasts("sbrt").assign(ci_lower=np.nan, ci_upper=np.nan, note=note)
    shown = withhold.summary(summary({"cebrt_long": 40, "sbrt": 30}), 5)
    found = withhold_contrasts.differences(rows, shown)
    ratios = withhold_contrasts.ratios(hazards("sbrt"), shown, 5)
    table = tables_contrasts.contrasts(found, ratios, log_ranks(), STUDY)
    assert tables_contrasts.RESAMPLES in table.notes
    assert not any("although" in said for said in table.notes)
    found["note"] = "diagnostics failed: sbrt: its weights leave 3 effective cases, wanted 20"
    table = tables_contrasts.contrasts(found, ratios, log_ranks(), STUDY)
    said = "Shown although diagnostics failed: SBRT against cEBRT, long course."
    assert said in table.notes
