"""Step `benchmark`: the cohort beside published results."""

import pandas as pd

from mescc_analytics.codebook.tables import load_csv
from mescc_analytics.quality.benchmarks import compare
from mescc_analytics.quality.case_figures import case_figures, operated_share
from mescc_analytics.quality.cohort_figures import cohort_figures
from mescc_analytics.quality.cohort_rules import CohortRules
from mescc_analytics.steps import shown, withhold_benchmark
from mescc_analytics.steps.broad_arms import broad_arms
from mescc_analytics.steps.cohort import arms_are_given, effective
from mescc_analytics.steps.groups import stack
from mescc_analytics.steps.survival import time_zero_used
from mescc_analytics.tables import files


def benchmark(inputs, out, settings):
    """comparison.csv: every published result with the cohort's figure and whether they compare.

    Parameters
    ----------
    inputs : dict of str to Path
        results (a cohort's folder), or single files: cohort, visits (Parquet), rates, contrasts,
        summary.
    out : Path
    settings : dict
        cohort, score, survival, ambulatory, disclosure and benchmark.
    """
    inputs = shown.locate(inputs)
    frame = files.read_table(inputs["cohort"])
    settings = settings | {"cohort": effective(frame, settings)}
    found = {name: shown.read(inputs, name) for name in ("rates", "summary", "contrasts")}
    comparison = analyse(frame, files.read_table(inputs["visits"]), found, settings)
    files.write_csv(comparison, out / "comparison.csv")


def analyse(frame, visits, found, settings):
    """The comparison of a cohort whose results are `found` (rates, summary, contrasts)."""
    chosen, rules = settings["benchmark"], rules_of(frame, settings)
    whole = frame[frame["in_overall"].fillna(False).to_numpy(dtype=bool)]
    broad = broad_arms(frame, visits, settings)
    rates, summary = (_below(found[name], broad[name]) for name in ("rates", "summary"))
    threshold = settings["disclosure"]["threshold"]
    results = {"rates": rates, "summary": summary, "contrasts": found["contrasts"]}
    figures = cohort_figures(rates, summary, found["contrasts"], rules)
    hidden = withhold_benchmark.of_results(figures, results, rules, threshold)
    cases = case_figures(whole, rules)
    parts = [
        figures.assign(withheld=hidden),
        cases.assign(withheld=withhold_benchmark.of_cases(cases, threshold)),
    ]
    published = load_csv("benchmarks")
    published = published[~published["benchmark_id"].isin(chosen["leave_out"])]
    figures = pd.concat(parts, ignore_index=True)
    return compare(published.reset_index(drop=True), figures, rules, operated_share(whole))


def rules_of(frame, settings):
    """How this cohort's figures were made, from its settings."""
    chosen = settings["benchmark"]
    return CohortRules(
        walking=settings["ambulatory"]["definition"],
        time_zero=time_zero_used(frame, settings),
        landmark_days=settings["cohort"]["landmark_days"],
        high_grades=tuple(settings["score"]["sosg_high_grades"]),
        after_treatment_days=chosen["after_treatment_day"],
        tolerance_days=chosen["tolerance_days"],
        surgical_share_max=chosen["surgical_share_max"],
        tests=chosen["tests"],
        show=tuple(chosen["show"]),
        arms_given=arms_are_given(frame),
    )


def _below(own, added):
    return stack([own, added]) if len(added) else own
