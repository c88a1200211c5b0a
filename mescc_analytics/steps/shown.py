"""Result files as they may be shown: small counts, and what would reveal them, withheld before
anything is drawn.
"""

from dataclasses import replace

import pandas as pd

from mescc_analytics.present.study import study_of
from mescc_analytics.quality.benchmarks import COLUMNS
from mescc_analytics.steps import (
    adjusted,
    choices,
    events,
    show_contrasts,
    withhold,
    withhold_agreement,
    withhold_benchmark,
    withhold_sums,
    withhold_walking,
)
from mescc_analytics.tables import files

PLACES = {
    "visits": "ingest/visits.parquet",
    "comparison": "benchmark/comparison.csv",
    "findings": "ingest/findings.csv",
    "concordance": "assign/concordance.csv",
    "policies": "assign/policies.csv",
    "algorithms": "assign/algorithms.csv",
    "cohort": "cohort/cohort.parquet",
    "flow": "cohort/flow.csv",
    "curves": "survival/curves.csv",
    "summary": "survival/summary.csv",
    "tests": "survival/tests.csv",
    "hazards": "survival/hazards.csv",
    "survival_not_assessable": "survival/not_assessable.csv",
    "rates": "ambulatory/rates.csv",
    "contrasts": "ambulatory/contrasts.csv",
    "walking_adjusted": "ambulatory/adjusted.csv",
    "walking_not_assessable": "ambulatory/not_assessable.csv",
    "readings": "agreement/agreement.csv",
    "reading_points": "agreement/bland_altman.csv",
    "readings_not_assessable": "agreement/not_assessable.csv",
    **choices.PLACES,
    **show_contrasts.PLACES,
    **adjusted.PLACES,
    **events.PLACES,
    "missingness": "impute/missingness.csv",
    "patterns": "impute/patterns.csv",
    "adjusted": "impute/estimates.csv",
    "sins_imputed": "impute/sins.csv",
    "imputation": "impute/run.csv",
    "imputation_not_assessable": "impute/not_assessable.csv",
    "prognosis_discrimination": "prognosis/discrimination.csv",
    "prognosis_summary": "prognosis/summary.csv",
    "prognosis_calibration": "prognosis/calibration.csv",
    "prognosis_brier": "prognosis/brier.csv",
    "prognosis_recalibration": "prognosis/recalibration.csv",
    "prognosis_comparison": "prognosis/comparison.csv",
    "figures": "figures",
    "tables": "tables",
}
EMPTY = {
    "comparison": " ".join(COLUMNS),
    "flow": "order criterion label applies_to n_before n_excluded n_unknown n_after",
    "curves": "analysis group time_days n_at_risk n_events n_censored survival ci_lower ci_upper",
    "summary": "analysis group n events median_days median_lower median_upper start_days note",
    "tests": "analysis test statistic df p note",
    "hazards": "analysis term group reference hazard_ratio ci_lower ci_upper p ph_p note",
    "rates": "analysis group baseline outcome timepoint_days estimand numerator denominator "
    "proportion ci_lower ci_upper n_dead n_unknown note",
    "contrasts": "analysis group reference baseline timepoint_days estimand measure estimate "
    "ci_lower ci_upper p test note p_holm e_value e_value_limit",
    "walking_adjusted": "analysis group timepoint_days estimand numerator denominator proportion "
    "n_unknown standardised estimate ci_lower ci_upper outcome_model cluster note",
    "concordance": "section pathway arm rule text n value ci_lower ci_upper",
    "policies": "algorithm sins_policy sosg_1c_policy pathway n is_default",
    "algorithms": "cases section first second first_pathway second_pathway text n value ci_lower "
    "ci_upper",
    "survival_not_assessable": "analysis needs reason",
    "walking_not_assessable": "analysis needs reason",
    "findings": "table case_id row column found wanted severity code",
    "readings": "reading statistic model n_cases n_pairs n_agree share_agree share_lower "
    "share_upper estimate ci_lower ci_upper published note",
    "reading_points": "mean_points difference_points n",
    "readings_not_assessable": "analysis needs reason",
    "patterns": "pattern n n_missing",
    "adjusted": "analysis term variable level reference estimate ci_lower ci_upper fmi n "
    "n_complete events n_coefficients n_level n_reference n_imputations note",
    "sins_imputed": "category n_recorded n share ci_lower ci_upper fmi n_cases",
    "imputation": "n_analysed n_used n_imputations iterations what",
    "imputation_not_assessable": "analysis needs reason",
    **choices.EMPTY,
    **show_contrasts.EMPTY,
    **adjusted.EMPTY,
    **events.EMPTY,
}


def locate(inputs):
    """Paths by name: those given, and below `inputs["results"]` (a cohort's folder of results)
    all the others.
    """
    if "results" not in inputs:
        return inputs
    return {name: inputs["results"] / place for name, place in PLACES.items()} | inputs


def read(inputs, name):
    """One result file by its name in `inputs`; an empty frame with its columns where it was not
    given.
    """
    if inputs.get(name) is None:
        return pd.DataFrame(columns=EMPTY.get(name, "").split())
    return files.read_csv(inputs[name])


def landmark_days(shown_summary):
    """The landmark that the comparison of arms used, from summary.csv; None where there is none."""
    starts = shown_summary.loc[shown_summary["analysis"] == "by_arm", "start_days"].dropna()
    return float(starts.iloc[0]) if len(starts) else None


def study_as_run(settings, section, shown_summary, *, arms_given=False):
    """The Study of a step, with the landmark and the time zero that the results used."""
    study = study_of(
        settings, section, landmark_days=landmark_days(shown_summary), arms_given=arms_given
    )
    origin = shown_summary["time_zero"].dropna() if "time_zero" in shown_summary else []
    return replace(study, time_zero=str(origin.iloc[0])) if len(origin) else study


def too_few(inputs, settings):
    """Why nothing may be shown of a cohort that is itself a small count; empty if it may."""
    flow, threshold = read(locate(inputs), "flow"), settings["disclosure"]["threshold"]
    analysed = flow.loc[flow["applies_to"] == "all analyses", "n_after"]
    if not len(analysed) or not 0 < int(analysed.iloc[-1]) < threshold:
        return ""
    return (
        f"The cohort has fewer than {threshold} cases that can be analysed: any table or figure "
        "would show single patients. The setting disclosure.threshold decides this."
    )


def frames(inputs, settings):
    """Every result frame that a figure or the report shows, suppressed, by name."""
    inputs, threshold = locate(inputs), settings["disclosure"]["threshold"]
    least = (settings.get("figures") or {}).get("curve_min_at_risk")
    concordance = read(inputs, "concordance")
    summary = withhold.summary(read(inputs, "summary"), threshold)
    curves = withhold.curves(read(inputs, "curves"), threshold, least)
    made = choices.frames(lambda name: read(inputs, name), threshold)
    made |= events.frames(lambda name: read(inputs, name), threshold, least)
    made |= adjusted.frames(lambda name: read(inputs, name), summary, threshold, least)
    return made | {
        "flow": withhold.flow(read(inputs, "flow"), threshold),
        "curves": withhold.at_risk(curves, summary),
        "summary": summary,
        "rates": withhold_walking.rates(
            read(inputs, "rates"), threshold, withhold_sums.untold(summary)
        ),
        "comparison": withhold_benchmark.shown(read(inputs, "comparison")),
        "agreement": withhold.agreement(concordance, threshold),
        "cells": withhold.cells(concordance, threshold),
        "survival_not_assessable": read(inputs, "survival_not_assessable"),
        "walking_not_assessable": read(inputs, "walking_not_assessable"),
        "readings": withhold_agreement.agreement(read(inputs, "readings"), threshold),
    }


def why_not(not_assessable, analysis):
    """Why an analysis is not there, in words."""
    found = not_assessable[not_assessable["analysis"] == analysis]["reason"].dropna()
    return str(found.iloc[0]) if len(found) else "no case can be analysed"


def main_rates(shown_rates, analysis, estimand):
    """The rates of one analysis under one estimand, whatever the entry status."""
    chosen = (shown_rates["analysis"] == analysis) & (shown_rates["baseline"] == "all")
    return shown_rates[chosen & (shown_rates["estimand"] == estimand)].reset_index(drop=True)


def arm_sizes(shown_summary):
    """Arm, its cases (NA where withheld) and the mark, from the comparison of arms."""
    rows = shown_summary[shown_summary["analysis"] == "by_arm"]
    marks = rows["mark"].fillna(rows["n_mark"])
    return list(zip(rows["group"], rows["n"], marks, strict=True))
