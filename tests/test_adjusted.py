"""The section on the weighted comparison: diagnostics first, then estimates or why there are none."""

from dataclasses import replace

import pandas as pd
import pytest

from mescc_analytics.present import (
    captions_adjusted,
    estimates_adjusted,
    methods_adjusted,
    needs,
    tables_adjusted,
    wording,
)
from mescc_analytics.present.figures import adjusted as drawn
from mescc_analytics.present.figures import save
from mescc_analytics.present.study import Study
from mescc_analytics.settings import defaults, schema
from mescc_analytics.steps import adjusted, shown, withhold
from weighted_frames import (
    ARM,
    BROAD,
    DETAILED,
    REFERENCE,
    balance,
    contrasts,
    curves,
    diagnostic,
    diagnostics,
    hazards,
    key,
    overlap,
    summary,
)

STUDY = Study(name="small")
WEIGHT = {"weight": defaults("weight")}


def frames(threshold=5, **made):
    """The frames of the section, from result files that are empty unless given."""
    made.setdefault("summary", summary())

    def read(name):
        return made.get(name, pd.DataFrame(columns=shown.EMPTY[name].split()))

    return read, withhold.summary(made["summary"], threshold)


def section(threshold=5, settings=WEIGHT, **made):
    read, shown_summary = frames(threshold, **made)
    found = adjusted.frames(read, shown_summary, threshold)
    study = Study(name="small", threshold=threshold)
    tables = {t.name: t for t in adjusted.tables(read, shown_summary, study, settings)}
    return found, tables


def weighted(failed=(), **more):
    return {
        "weight_diagnostics": diagnostics(failed),
        "weight_balance": balance(),
        "weight_overlap": overlap(),
    } | more


# diagnostics


def test_every_diagnostic_has_value_limit_and_verdict_in_word_and_shape():
    row = section(**weighted(["overlap", "events_per_parameter"]))[1]["weight_diagnostics"].rows[1]
    assert row == (
        "\u2003Surgery + cEBRT against cEBRT, long course",
        "withheld: overlap, cases per parameter",
        "✓ passed: 0.13 (≤ 0.25)",
        "✓ passed: 1.20 (≤ 2.00)",
        "✗ failed: 100 % (≥ 70 %)",
        "✓ passed: 36 (≥ 20)",
        "✗ failed: 3.5 (≥ 3)",
        "✓ passed: 1.97 (≤ 2.50)",
        "✓ passed: 0 % (≤ 40 %)",
        "✓ passed: 0.30 (≥ 0.050)",
    )


def test_what_follows_from_the_diagnostics():
    def outcome(*failed, settings=WEIGHT):
        return section(settings=settings, **weighted(failed))[1]["weight_diagnostics"].rows[1][1]

    assert outcome() == "shown"
    assert outcome("proportional_hazards") == "shown, but for the hazard ratio"
    show = {"weight": WEIGHT["weight"] | {"on_failure": "show"}}
    assert outcome("balance", settings=show) == "shown although it failed: balance"


def test_a_failed_value_never_reads_like_its_limit():
    rows = diagnostics(["balance"])
    rows.loc[rows["diagnostic"] == "balance", "value"] = 0.2504
    table = section(weight_diagnostics=rows, weight_overlap=overlap())[1]["weight_diagnostics"]
    assert table.rows[1][2] == "✗ failed: 0.2504 (≤ 0.25)"
    rows = diagnostics(["effective_size"])
    rows.loc[rows["diagnostic"] == "effective_size", "value"] = 19.9
    table = section(weight_diagnostics=rows, weight_overlap=overlap())[1]["weight_diagnostics"]
    assert table.rows[1][5] == "✗ failed: 19 (≥ 20)"


def test_first_treatments_stand_before_arms_in_detail():
    rows = pd.concat([diagnostics(), diagnostics(analysis=BROAD, group="sbrt", reference="cebrt")])
    table = section(weight_diagnostics=rows)[1]["weight_diagnostics"]
    assert [row[0].strip() for row in table.rows] == [
        "First treatments",
        "SBRT first against cEBRT first",
        "Arms in detail",
        "Surgery + cEBRT against cEBRT, long course",
    ]
    assert wording.group_label("by_arm_weighted", "sbrt") == "SBRT"


# why, and what it would take


LEFT_OUT = pd.concat(
    [
        diagnostic("arm_size", 6, 10, verdict="fail", group="surgery_only"),
        diagnostic(
            "separation",
            2,
            0,
            verdict="fail",
            group="sbrt",
            why="divided from the reference arm without exception by SINS category: unstable, "
            "Visceral metastases: removable, Visceral metastases: missing",
        ),
        diagnostic(
            "events_per_parameter",
            2.75,
            5,
            verdict="fail",
            group="supportive",
            why="22 cases for 8 parameters of the model of the arms",
        ),
    ]
)


def test_what_is_withheld_says_why_and_what_it_would_take():
    rows = pd.concat([diagnostics(["overlap", "events_per_parameter"]), LEFT_OUT])
    found, tables = section(weight_diagnostics=rows, weight_overlap=overlap())
    cells = {row[0].strip(): row[1:] for row in tables["weight_withheld"].rows}
    assert cells["Surgery + cEBRT against cEBRT, long course"] == (
        "too little overlap; too few cases for the covariates",
        "at least 70 % of each arm among patients of whom the other arm has cases too; at least 45 "
        "cases in the smaller arm, or fewer covariates",
    )
    assert cells["Surgery alone against cEBRT, long course"] == (
        "arm too small: 6 cases",
        "at least 10 cases in it",
    )
    assert cells["SBRT against cEBRT, long course"] == (
        "separated: no overlap of the arms in SINS category, Visceral metastases",
        "cases of both arms with each level",
    )
    # exact numbers of a reason are never quoted
    assert cells["Supportive care against cEBRT, long course"] == (
        "too few cases for the covariates",
        "at least 40 cases in the smaller arm, or fewer covariates",
    )
    assert len(tables["weight_diagnostics"].rows) == 2
    said = adjusted.opening(found, WEIGHT, STUDY)[1]
    assert said == (
        "Not one of the 4 contrasts of arms passed every diagnostic, so that no adjusted estimate is "
        "shown."
    )
    show = {"weight": WEIGHT["weight"] | {"on_failure": "show"}}
    kept = section(settings=show, weight_diagnostics=rows)[1]["weight_withheld"]
    assert len(kept.rows) == 4


@pytest.mark.parametrize(
    "name, value, limit, why, words",
    [
        ("balance", 0.3, 0.25, "still unlike after weighting: Age, Sex", ("still unlike in Age, Sex",
         "more cases of both arms that are alike in it")),
        ("effective_size", 12.3, 20, "", ("too few effective cases",
         "at least 20 effective cases in each arm")),
        ("detectable_effect", 4.0, 2.0, "", ("too few deaths to find any but a large difference",
         "about 4.0 times as many deaths")),
        ("detectable_effect", float("inf"), 2.0, "", (
            "too few deaths to find any but a large difference", "more deaths")),
        ("missingness", 0.5, 0.4, "share of an arm, of the covariate missing most: ECOG", (
            "too much missing: ECOG", "ECOG recorded in at least 60 % of each arm")),
        ("proportional_hazards", float("nan"), 0.05, "", (
            "hazard ratio only: no deaths in an arm", "deaths in both arms")),
        ("arm_size", 7, 10, "the reference arm: fewer than 10 cases", (
            "reference arm too small: 7 cases", "at least 10 cases in it")),
    ],
)  # fmt: skip
def test_needs_in_words(name, value, limit, why, words):
    row = {"diagnostic": name, "value": value, "limit": limit, "why": why, "mark": None}
    assert needs.of(row) == words


# balance and overlap


def texts(figure):
    return save.render_svg(figure).decode()


def test_the_love_plot_writes_out_what_has_no_dot():
    rows = pd.concat(
        [
            balance(),
            balance(
                covariate="age_years",
                n_fewest=2,
                smd_after=0.6,
                verdict="fail",
                variance_ratio=0.4,
            ),
            balance(covariate="sex", n_fewest=2, variance_ratio=1.5),
            balance(covariate="site", note="separated: x", verdict="fail"),
        ],
        ignore_index=True,
    )
    rows.loc[3, "smd_after"] = float("nan")
    found, tables = section(
        weight_balance=rows, weight_diagnostics=diagnostics(), weight_overlap=overlap()
    )
    svg = texts(drawn.draw_balance(found["weight_balance"]))
    for words in ("✗ separated", "✓ within the limit; values withheld", "(arms in detail)", "Age"):
        assert words in svg
    cells = {row[0].strip(): row[1:] for row in tables["weight_balance"].rows}
    assert cells["High-grade compression (SOSG)"] == ("0.57", "0.04", "0.25", "✓ passed", "")
    assert cells["Age"] == (
        "0.57",
        "0.60",
        "0.25",
        "✗ failed",
        "✗ failed: 0.40 (≤ 2.00)",
    )  # a number, which enough have
    assert cells["Sex"] == ("hidden", "hidden", "0.25", "✓ passed", "")
    assert cells["Site"][1] == "separated"
    caption, words = captions_adjusted.balance(found["weight_balance"], STUDY)
    assert "√((p1(1 − p1) + p2(1 − p2)) / 2)" in caption
    assert words == "Surgery + cEBRT against cEBRT, long course: 2 of 4 within the limit."
    assert "not assessable" in texts(drawn.draw_balance(rows.iloc[:0]))


def test_the_overlap_figure_names_arms_and_effective_size():
    found, _ = section(**weighted())
    svg = texts(drawn.draw_overlap(found["weight_overlap"], found["weight_diagnostics"]))
    assert "smaller arm: 36" in svg and "withheld" not in svg
    few = section(**weighted(weight_overlap=overlap(n=(3, 88))))[0]
    svg = texts(drawn.draw_overlap(few["weight_overlap"], few["weight_diagnostics"]))
    assert "Surgery + cEBRT: withheld" in svg and "smaller arm: hidden" in svg
    assert captions_adjusted.overlap(found["weight_overlap"], STUDY)[1] == (
        "Distribution of the propensity score in both arms of Surgery + cEBRT against cEBRT, long "
        "course."
    )


# estimates


def passed(analysis=DETAILED, **more):
    plain = hazards("by_arm", 1.4).drop(columns="contrast")
    every = pd.concat([summary(), summary(analysis=analysis)], ignore_index=True)
    return (
        weighted(
            hazards=pd.concat([plain, hazards(analysis)], ignore_index=True),
            survival_contrasts=contrasts(analysis),
            summary=every,
            curves=curves(analysis),
            tests=pd.DataFrame([{"analysis": analysis, "test": "log_rank", "p": 0.031}]),
        )
        | more
    )


def test_weighted_and_unweighted_ratios_stand_side_by_side():
    table = section(**passed())[1]["weight_estimates"]
    # survival on the landmark itself is left out
    assert table.head[1:] == (
        "Hazard ratio, unweighted",
        "Hazard ratio, weighted",
        "E-value",
        "Days lived up to day 365, difference",
        "Survival at day 180, difference, percentage points",
        "Effective cases, smaller arm",
    )
    assert table.rows[1][1:] == (
        "1.40 (0.98 to 1.96); p = 0.30",
        "0.80 (0.56 to 1.12); p = 0.30",
        "1.56 (1.00)",
        "12 (−12 to 37)",
        "12 (−12 to 37)",
        "36",
    )
    assert table.notes[1] == "Weighted log-rank test: arms in detail p = 0.031."


def test_a_withheld_ratio_does_not_quote_its_note():
    note = "withheld: p of proportional hazards 0.0123, limit 0.05"
    made = passed(hazards=hazards(value=None, note=note))
    assert section(**made)[1]["weight_estimates"].rows[1][2] == "withheld: see the diagnostics"
    nothing = passed(
        hazards=hazards(value=None, note=note), survival_contrasts=contrasts(value=None, note=note)
    )
    assert section(**nothing)[1]["weight_estimates"].rows == ()


def test_a_contrast_out_of_the_model_has_no_row_among_the_estimates():
    made = passed()
    why = "fewer than 10 cases can be compared"
    assert len(section(**made)[1]["weight_estimates"].rows) == 2
    small = {"diagnostic": "arm_size", "value": 3.0, "limit": 10.0, "verdict": "fail"}
    row = made["weight_diagnostics"].iloc[0].to_dict() | small | {"why": why}
    made["weight_diagnostics"] = pd.DataFrame([row])
    assert section(**made)[1]["weight_estimates"].rows == ()


def test_first_treatments_take_the_unweighted_ratio_from_the_panel():
    names = {"analysis": BROAD, "group": "surgery", "reference": "cebrt"}
    weights = hazards(BROAD, group="surgery", reference="cebrt")
    row = names | {"method": "landmark_30", "hazard_ratio": 1.1, "ci_lower": 0.9, "ci_upper": 1.3}
    row |= {"p": None, "adjusted_for": None, "section": "clock", "note": None}
    row |= dict.fromkeys(("n_group", "n_reference", "events_group", "events_reference"), 40)
    for adjusted_for, cell in ((None, "1.10 (0.90 to 1.30)"), ("ecog", "not estimated")):
        panel = pd.DataFrame([row | {"adjusted_for": adjusted_for}])
        found = section(hazards=weights, panel=panel)[1]["weight_estimates"].rows
        assert found[1][0] == "\u2003Surgery first against cEBRT first" and found[1][1] == cell
    # without a landmark the row that counts from time zero is the same comparison
    naive = Study(name="small", landmark_days=0)
    shown = {"weighted_hazards": weights, "panel": pd.DataFrame([row | {"method": "naive"}])}
    empty = {name: pd.DataFrame(columns=columns) for name, columns in (
        ("weighted_contrasts", ["measure", "time_days", "analysis", "group", "reference"]),
        ("weighted_tests", ["analysis", "test", "p"]),
        ("weight_diagnostics", ["analysis", "contrast", "group", "reference", "diagnostic"]),
        ("unweighted", ["analysis", "group", "reference"]),
    )}  # fmt: skip
    rows = estimates_adjusted.estimates(shown | empty, naive).rows
    assert rows[1][1] == "1.10 (0.90 to 1.30)"


def test_weighted_curves_carry_two_lines_at_risk():
    found, _ = section(**passed())
    figures = adjusted.figures(found, STUDY)
    svg = texts(figures["survival_weighted_arms"])
    assert svg.count(">weighted<") == 2 and ">53<" in svg and ">18<" in svg
    assert "not drawn" in texts(figures["survival_weighted"])
    assert set(adjusted.remarks(found)) == {"survival_weighted"}
    naive = texts(adjusted.figures(found, Study(name="small", landmark_days=0))[
        "survival_weighted_arms"
    ])  # fmt: skip
    assert "Caution: arms by treatment received" in naive
    caption, words = adjusted.captions(found, STUDY)["survival_weighted_arms"]
    assert "sum of their weights" in caption and "200 days (6.6 months) (Surgery + cEBRT)" in words


# words


def test_without_a_covariate_the_opening_says_that_nothing_is_adjusted():
    names = WEIGHT["weight"]["covariates"]
    absent = pd.DataFrame({"analysis": [f"covariate {name}" for name in names]})
    said = captions_adjusted.opening(absent, WEIGHT["weight"], STUDY)
    assert said.endswith("so that nothing is adjusted.") and "Weighting" not in said


def test_the_opening_names_estimand_covariates_landmark_and_what_is_absent():
    absent = pd.DataFrame([{"analysis": "covariate ecog", "needs": "ecog", "reason": "needs ecog"}])
    chosen = WEIGHT["weight"]
    said = captions_adjusted.opening(absent, chosen, STUDY)
    for words in (
        "Not supplied, and therefore not adjusted for: ECOG performance status.",
        "Age, Radiosensitivity",
        "landmark, day 30 after MRI",
        "unmeasured confounding",
        "for whom the choice was open",
    ):
        assert words in said
    att = captions_adjusted.opening(absent, chosen | {"estimand": "att", "att_arm": "sbrt"}, STUDY)
    assert "resemble the cases of one arm (SBRT)" in att
    assert "everybody among them" in captions_adjusted.opening(
        absent, chosen | {"estimand": "ate"}, STUDY
    )
    naive = captions_adjusted.opening(absent, chosen, Study(name="small", landmark_days=0))
    assert "without a landmark" in naive
    assert "ask for its estimate" in captions_adjusted.opening(
        absent, chosen | {"on_failure": "show"}, STUDY
    )


def test_without_a_model_the_section_says_why():
    why = pd.DataFrame(
        [{"analysis": DETAILED, "needs": None, "reason": "the table gives the arms"}]
    )
    found, tables = section(weight_not_assessable=why)
    remarks = adjusted.remarks(found)
    assert remarks["balance"] == "Not assessable: the table gives the arms."
    assert set(remarks) == set(adjusted.FIGURES)
    assert all(table.rows == () for table in tables.values())
    assert len(adjusted.opening(found, WEIGHT, STUDY)) == 1
    assert "not assessable" in texts(adjusted.figures(found, STUDY)["overlap"])


def test_methods_follow_the_settings():
    chosen = WEIGHT["weight"]
    (plain,) = methods_adjusted.paragraphs(WEIGHT, STUDY)
    assert "overlap weights" in plain and "at most 2.5 at a power of 80 %" in plain
    for name, value, words in (
        ("estimand", "ate", "all cases compared as the target"),
        ("missing", "complete_case", "being left out"),
        ("variance", "robust", "that take the weights as known."),
        ("variance", "bootstrap", "from the bootstrap"),
        ("cases_per_parameter_min", 7, "fewer than 7 cases per parameter"),
        ("trim", 0.05, "probability of any arm below 0.05"),
        ("min_arm", 17, "fewer than 17 cases"),
        ("covariates", ["sex"], "regression on Sex"),
        ("on_failure", "show", "whether or not they passed"),
        ("ph_p_min", 0.01, "p below 0.01"),
    ):
        (found,) = methods_adjusted.paragraphs({"weight": chosen | {name: value}}, STUDY)
        assert words in found and words not in plain
    (kept,) = methods_adjusted.paragraphs({"weight": chosen | {"small_arms": "keep"}}, STUDY)
    assert "cases per parameter and arms" in plain and "cases per parameter and arms" not in kept
    assert methods_adjusted.paragraphs({}, STUDY) == []
    variance = schema()["properties"]["weight"]["properties"]["variance"]
    assert set(methods_adjusted.VARIANCES) == set(variance["enum"])


def test_keys_tell_one_contrast_from_another():
    rows = pd.concat([diagnostics(), diagnostics(group="sbrt")])
    assert len(tables_adjusted.diagnostics(section(weight_diagnostics=rows)[0][
        "weight_diagnostics"
    ], STUDY).rows) == 3  # fmt: skip
    assert key()["contrast"] == f"{ARM} vs {REFERENCE}"
    assert estimates_adjusted.MEASURES.keys() == {"rmst_difference", "survival_difference"}


def test_arms_of_the_table_that_are_not_adjusted_are_not_said_to_be():
    given = replace(STUDY, arms_given=True)
    assert methods_adjusted.paragraphs(WEIGHT, given) == [methods_adjusted.AS_GIVEN]
    adjust = {"weight": WEIGHT["weight"] | {"given_arms": "adjust"}}
    assert "overlap weights" in methods_adjusted.paragraphs(adjust, given)[0]
    found, _ = section()
    assert adjusted.opening(found, WEIGHT, given)[0].startswith("The table gives the arms")
    assert adjusted.opening(found, adjust, given)[0].startswith("The arms differed")


def test_methods_name_no_key_of_the_settings():
    for variance in ("estimated_scores", "robust", "bootstrap"):
        chosen = WEIGHT["weight"] | {"variance": variance}
        assert variance + "." not in methods_adjusted.paragraphs({"weight": chosen}, STUDY)[0]


def test_an_arm_that_is_left_out_is_named_in_words():
    why = "the reference arm cebrt_long is left out: it has no case"
    rows = pd.DataFrame(
        [
            {"analysis": DETAILED, "needs": None, "reason": why},
            {
                "analysis": DETAILED,
                "needs": None,
                "reason": "the arm sbrt of weight.att_arm is left out: x",
            },
        ]
    )
    assert captions_adjusted.no_model(rows) == (
        "Not assessable: the reference arm cEBRT, long course is left out: it has no case; the arm "
        "SBRT of weight.att_arm is left out: x."
    )
