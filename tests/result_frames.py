"""A small handwritten set of result files: 40 cases, two arms, one baseline factor."""

import pandas as pd

from mescc_analytics import codebook
from mescc_analytics.codebook.tables import load_csv
from mescc_analytics.quality.benchmarks import compare
from mescc_analytics.quality.cohort_figures import cohort_figures
from mescc_analytics.quality.cohort_rules import CohortRules
from mescc_analytics.steps import adjusted, shown
from mescc_analytics.steps.prognosis import COLUMNS
from mescc_analytics.tables import files

SETTINGS = {
    "name": "small",
    "version": "9.9.9",
    "digest": "abc123def456",
    "disclosure": {"threshold": 5},
    "cohort": {"time_zero": "mri", "grace_days": 30, "landmark_days": 30, "postop_rt_days": 60},
    "survival": {"interval": "log-log", "confidence_level": 0.95, "horizon_days": 365},
    "assign": {"algorithm": "seed_text"},
    "score": {"compressive_from": "1b"},
    "agreement": {
        "weights": "linear",
        "icc": "2,1",
        "confidence_level": 0.95,
        "coverage": 0.95,
        "bin_reach_points": 1,
    },
    "prognosis": {
        "scores": None,
        "milestones_days": [90, 180, 365],
        "min_events": 50,
        "replicates": 200,
        "bootstrap_max_cases": 2000,
        "confidence_level": 0.95,
        "interval": "log-log",
        "uno_until_days": 365,
        "comparison_measure": "harrell",
    },
    "ambulatory": {"definition": "with_aids", "timepoints_days": [90], "windows_days": [21]},
    "figures": {"estimand": "composite", "curve_min_at_risk": None},
    "tables": {"estimand": "composite"},
    "report": {"title": None, "date": "2026-11-21", "estimand": "composite"},
}


def frame(text):
    """A frame from rows of words; `-` is missing, numbers are numbers."""
    head, *rows = [line.split() for line in text.strip().splitlines()]
    columns = dict(zip(head, zip(*rows, strict=True), strict=True)) if rows else {}
    made = {
        name: [None if cell == "-" else cell for cell in cells] for name, cells in columns.items()
    }
    out = pd.DataFrame(made, columns=head, dtype="string")
    for name in out:
        if name not in TEXT:
            out[name] = pd.to_numeric(out[name]).astype("Float64")
    return out


TEXT = {
    *("analysis", "group", "reference", "baseline", "outcome", "estimand", "measure", "test"),
    *("section", "pathway", "arm", "rule", "text", "note", "term"),
    *("reading", "statistic", "model"),
    *("algorithm", "sins_policy", "sosg_1c_policy"),
    *("cases", "first", "second", "first_pathway", "second_pathway"),
}


def curves():
    return frame(
        """
        analysis group         time_days n_at_risk n_events n_censored survival ci_lower ci_upper
        overall  all           0         40        0        0          1        1        1
        overall  all           60        40        20       0          0.5      0.3      0.7
        overall  all           400       20        0        20         0.5      0.3      0.7
        by_arm   surgery_sbrt  30        12        0        0          1        1        1
        by_arm   surgery_sbrt  120       12        6        0          0.5      0.2      0.8
        by_arm   surgery_sbrt  300       6         3        0          0.25     0.1      0.6
        by_arm   surgery_sbrt  330       3         0        3          0.25     0.1      0.6
        by_arm   cebrt_long    30        20        0        0          1        1        1
        by_arm   cebrt_long    90        20        10       0          0.5      0.3      0.7
        by_arm   cebrt_long    500       10        0        10         0.5      0.3      0.7
        """
    )


def summary():
    missing = [None, None, None]
    columns = {
        "analysis": ["overall", "by_arm", "by_arm"],
        "group": ["all", "surgery_sbrt", "cebrt_long"],
        "n": [40, 12, 20],
        "events": [20, 9, 10],
        "median_days": [310, 120, 37.5],
        "median_lower": [285, 100, 30],
        "median_upper": [None, 300, 90],
        "rmst_days": [220.4, 200, 180],
        "rmst_lower": [200, 150, 150],
        "rmst_upper": [240.5, 250, 210],
        "rmst_horizon_days": [365, 365, 365],
        "survival_90d": [0.5, None, 0.5],
        "survival_90d_lower": [0.3, None, 0.3],
        "survival_90d_upper": [0.7, None, 0.7],
        "follow_up_median_days": [400, 330, 500],
        "follow_up_lower": [350, 300, 400],
        "follow_up_upper": missing,
        "start_days": [0, 30, 30],
        "note": [None, "survival at 90 days not estimable: the curve starts on day 30", None],
    }
    numbers = {name: "Float64" for name in columns if name not in TEXT}
    words = {name: "string" for name in columns if name in TEXT}
    return pd.DataFrame(columns).astype(numbers | words)


def rates():
    rows = []
    for analysis, group, n, dead, unknown in (
        ("overall", "all", 40, 10, 10),
        ("by_arm", "surgery_sbrt", 12, 0, 0),
        ("by_arm", "cebrt_long", 20, 0, 8),
    ):
        walking = (n - dead - unknown) // 2
        alive = n - dead - unknown
        totals = {
            "alive_assessed": alive,
            "composite": alive + dead,
            "best_case": n,
            "worst_case": n,
        }
        for estimand, total in totals.items():
            counted = walking + unknown if estimand == "best_case" else walking
            share = counted / total
            key = (analysis, group, "all", "walking", 90.0, estimand)
            rows.append(
                (*key, counted, total, share, share / 2, (1 + share) / 2, dead, unknown, "")
            )
    head = (
        "analysis group baseline outcome timepoint_days estimand numerator denominator proportion "
        "ci_lower ci_upper n_dead n_unknown note"
    )
    return pd.DataFrame(rows, columns=head.split())


def flow():
    columns = {
        "order": [0, 1, 2],
        "criterion": ["supplied", "times_consistent", "alive_at_landmark"],
        "label": ["Cases supplied", "Contradictory dates", "Died by day 30 (the landmark)"],
        "applies_to": ["all analyses", "all analyses", "comparison of arms"],
        "n_before": [46, 46, 40],
        "n_excluded": [0, 6, 8],
        "n_unknown": [0, 0, 0],
        "n_after": [46, 40, 32],
    }
    return pd.DataFrame(columns)


def concordance():
    cells = frame(
        """
        section pathway         arm          rule n
        cell    surgery_then_rt surgery_sbrt -    10
        cell    surgery_then_rt cebrt_long   -    7
        cell    cebrt           surgery_sbrt -    0
        cell    cebrt           cebrt_long   -    13
        reason  surgery_then_rt cebrt_long   ST1  7
        """
    ).assign(text=[None] * 4 + ["Surgery recommended, cEBRT given"])
    agreement = frame(
        """
        section   text     n  value ci_lower ci_upper
        agreement compared 30 -     -        -
        agreement agree    23 0.77  0.6      0.9
        agreement kappa    30 0.5   0.3      0.7
        """
    )
    return cells.astype({"text": "string"}).merge(agreement, how="outer", sort=False)


def policies():
    return frame(
        """
        algorithm sins_policy             sosg_1c_policy pathway         n  is_default
        seed_text consult_then_low_branch low            surgery_then_rt 17 1
        seed_text consult_then_low_branch low            cebrt           23 1
        seed_text treat_as_high           low            surgery_then_rt 25 0
        seed_text treat_as_high           low            cebrt           15 0
        """
    ).astype({"is_default": "boolean"})


def algorithms():
    """One pair of algorithms: 40 cases, 36 compared, of which 30 agree."""
    cells = frame(
        """
        cases    section   first     second first_pathway   second_pathway  n
        analysed cell      seed_text noms   surgery_then_rt surgery_then_rt 20
        analysed cell      seed_text noms   surgery_then_rt sbrt            6
        analysed cell      seed_text noms   surgery_then_rt undetermined    0
        analysed cell      seed_text noms   sbrt            surgery_then_rt 0
        analysed cell      seed_text noms   sbrt            sbrt            10
        analysed cell      seed_text noms   sbrt            undetermined    4
        supplied cell      seed_text noms   sbrt            sbrt            46
        """
    )
    agreement = frame(
        """
        cases    section   first     second text     n  value  ci_lower ci_upper
        analysed agreement seed_text noms   compared 36 -      -        -
        analysed agreement seed_text noms   agree    30 0.8333 0.681    0.921
        analysed agreement seed_text noms   kappa    36 0.61   0.33     0.9
        supplied agreement seed_text noms   compared 46 -      -        -
        """
    )
    return cells.merge(agreement, how="outer", sort=False)


def hazards():
    return frame(
        """
        analysis group      reference    hazard_ratio ci_lower ci_upper p      ph_p note
        by_arm   cebrt_long surgery_sbrt 1.4769       1.13     1.93     0.0043 0.21 -
        """
    ).assign(term="cebrt_long vs surgery_sbrt")


def log_rank():
    return frame(
        """
        analysis test      statistic df p      note
        by_arm   log_rank  8.2       1  0.0042 -
        by_arm   ph_global 1.6       1  0.21   -
        """
    )


def contrasts():
    key = {"analysis": "by_arm", "group": "cebrt_long", "reference": "surgery_sbrt"}
    key |= {"baseline": "all", "timepoint_days": 90.0, "estimand": "composite", "note": None}
    return frame(
        """
        measure         estimate ci_lower ci_upper p      test
        risk_difference -0.271   -0.428   -0.094   -      newcombe
        odds_ratio      3.98     1.56     10.17    0.0043 fisher
        odds_ratio      3.98     1.56     10.17    0.0028 chi_square
        """
    ).assign(**key)


def comparison():
    """Published results beside the rates and survival above; no withheld mark is set."""
    show = ("scotland_median_survival",)
    rules = CohortRules(walking="with_aids", time_zero="mri", landmark_days=30, show=show)
    figures = cohort_figures(rates(), summary(), contrasts(), rules)
    return compare(load_csv("benchmarks"), figures, rules, operated=0.4)


def cohort():
    """46 cases, 40 analysed, 32 in the arms; the sex of one is missing."""
    arms = ["surgery_sbrt"] * 12 + ["cebrt_long"] * 20 + ["supportive"] * 14
    levels = codebook.columns("all")
    sex = pd.Categorical([None, *["female"] * 15, *["male"] * 30], levels["sex"].levels)
    return pd.DataFrame(
        {
            "case_id": pd.array([f"X{number:02d}" for number in range(46)], dtype="string"),
            "presentation_year": pd.array([2019] * 20 + [2021] * 26, dtype="Int64"),
            "age_years": pd.array([50.0] * 20 + [70.0] * 26, dtype="Float64"),
            "sex": sex,
            "ambulatory_status": pd.Categorical(
                ["aided"] * 26 + ["paraplegic"] * 20, levels["ambulatory_status"].levels
            ),
            "sins_category": pd.Categorical(
                ["stable"] * 26 + ["unstable"] * 20, levels["sins_category"].levels
            ),
            "sins_flags": pd.array(["LEVEL_ALIAS"] * 6 + [pd.NA] * 40, dtype="string"),
            "arm": pd.Categorical(arms, list(codebook.load("arms")["arms"])),
            "in_overall": pd.array([True] * 40 + [False] * 6, dtype="boolean"),
            "in_arms": pd.array([True] * 32 + [False] * 14, dtype="boolean"),
        }
    )


def findings():
    row = {
        "table": "cases",
        "row": 2,
        "column": "<b>x</b>",
        "found": "SECRET",
        "wanted": "a number",
    }
    rows = [
        row | {"case_id": f"X{n:02d}", "severity": "error", "code": "not_a_number"}
        for n in range(6)
    ]
    return pd.DataFrame(rows)


def readings():
    """Pain read twice in 30 of 40 cases, the whole of SINS in 12 of them."""
    read = frame(
        """
        reading    statistic      model              n_pairs n_agree estimate ci_lower ci_upper
        sins_pain  weighted_kappa linear             30      24      0.61     0.4      0.8
        sins_total icc            2,1                12      -       0.7      0.3      0.9
        sins_total bias           first_minus_second 12      -       0.5      -0.5     1.5
        sins_total lower_limit    0.95               12      -       -3       -5       -1
        sins_total upper_limit    0.95               12      -       4        2        6
        """
    )
    share = {"share_agree": read["n_agree"] / 30, "share_lower": 0.6, "share_upper": 0.9}
    return read.assign(
        n_cases=40, published=["kappa 0.84 (Fourney 2011)"] + [None] * 4, note="", **share
    )


def reading_points():
    return pd.DataFrame(
        {"mean_points": [4.0, 4.5, 10.0], "difference_points": [0.0, 1.0, 4.0], "n": [4, 4, 4]}
    )


def prognosis(name):
    """A table of the step `prognosis` where no score could be made."""
    return pd.DataFrame(columns=[*COLUMNS[name], *(["time_zero"] if name == "summary" else [])])


def write(root, **changed):
    """Write the result files below `root`, some of them `changed`; returns the inputs of a step."""
    absent = pd.DataFrame(columns=["analysis", "needs", "reason"])
    made = {
        "cohort/flow.csv": changed.get("flow", flow()),
        "survival/curves.csv": changed.get("curves", curves()),
        "survival/summary.csv": changed.get("summary", summary()),
        "survival/tests.csv": changed.get("tests", log_rank()),
        "survival/hazards.csv": changed.get("hazards", hazards()),
        "survival/not_assessable.csv": changed.get("survival_not_assessable", absent),
        "ambulatory/rates.csv": changed.get("rates", rates()),
        "ambulatory/contrasts.csv": changed.get("contrasts", contrasts()),
        "ambulatory/not_assessable.csv": changed.get("walking_not_assessable", absent),
        "agreement/agreement.csv": changed.get("readings", readings()),
        "agreement/bland_altman.csv": changed.get("reading_points", reading_points()),
        "agreement/not_assessable.csv": changed.get("readings_not_assessable", absent),
        "assign/concordance.csv": changed.get("concordance", concordance()),
        "assign/policies.csv": changed.get("policies", policies()),
        "assign/algorithms.csv": changed.get("algorithms", algorithms()),
        "benchmark/comparison.csv": changed.get("comparison", comparison()),
        "ingest/findings.csv": changed.get("findings", findings()),
    }
    later = ("patterns", "adjusted", "sins_imputed", "imputation", "imputation_not_assessable")
    later += ("occupancy", "expected_days", "transitions", "paired", "incidence")
    later += ("guard", "panel", "panel_not_assessable", "survival_contrasts", "walking_adjusted")
    later += tuple(adjusted.EMPTY)
    for name in (*later, *(name for name in shown.EMPTY if name.startswith("competing_"))):
        empty = pd.DataFrame(columns=shown.EMPTY[name].split())
        made[shown.PLACES[name]] = changed.get(name, empty)
    for name in ("discrimination", "summary", "calibration", "brier", "recalibration"):
        made[f"prognosis/{name}.csv"] = changed.get(f"prognosis_{name}", prognosis(name))
    made["prognosis/comparison.csv"] = changed.get("prognosis_comparison", prognosis("comparison"))
    for name, content in made.items():
        files.write_csv(content, root / name)
    files.write_table(changed.get("cohort", cohort()), root / "cohort/cohort.parquet")
    return {"results": root}
