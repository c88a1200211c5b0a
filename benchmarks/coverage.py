"""Bias and coverage of every comparison of the tool over many cohorts whose truth is known.

    snakemake --snakefile benchmarks/coverage.smk --cores 2

runs it in full; or by hand

    python benchmarks/coverage.py replicate --scenario null --last 100 --out null.csv
    python benchmarks/coverage.py table null.csv --out coverage.csv
    python benchmarks/coverage.py page coverage.csv --page docs/coverage.md

Cohorts are cut from large draws of `mescc synthesise --scenario`, the truth is that of its
truth.json (checked, and completed for the regression models, by coverage_truth.py). Replicate k of
a scenario is the same cohort however the work is split.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from coverage_methods import (
    ANY,
    CONTRASTS,
    CURVES,
    LOCAL,
    LOG_HR,
    RMST,
    SURVIVAL,
    WALKING,
    Cohort,
    adjusted,
    landmark,
    naive,
    study,
    time_varying,
    time_varying_adjusted,
    walking,
    walking_augmented,
    weighted,
    weighted_scores,
)
from coverage_page import put_into
from coverage_resampled import blanked, clone_censor_weight, missing_values, weighted_bootstrap

from mescc_analytics import codebook
from mescc_analytics.synthetic import synthesise
from mescc_analytics.synthetic.cohort import contrast_of

PER_DRAW = 50  # cohorts cut from one draw
BLANKED = "missing_at_random"  # null, with covariates lost by arm and outcome
CLOSED = {
    "naive": naive,
    "landmark": landmark,
    "landmark weighted": weighted,
    "landmark weighted, scores estimated": weighted_scores,
    "time-varying": time_varying,
    "time-varying adjusted": time_varying_adjusted,
    "landmark adjusted": adjusted,
    "as assessed": walking,
    "augmented": walking_augmented,
}
RESAMPLED = {
    "landmark weighted, bootstrap": weighted_bootstrap,
    "clone-censor-weight": clone_censor_weight,
    "missing values": missing_values,
}
FIRST_STREAM = 8  # of random numbers, of the methods that draw
METHODS = CLOSED | RESAMPLED
# methods of the contrast that naive comparisons get wrong
OF_MISSING = ("null", "informative_missingness")
OF_ANY = ("naive", "landmark", "landmark weighted", "time-varying")
# which truth a method is asked for; "trial": what the same model finds in a large trial
ESTIMAND = {
    "naive": "time_zero",
    "landmark": "landmark",
    "landmark weighted": "overlap",
    "landmark weighted, scores estimated": "overlap",
    "landmark weighted, bootstrap": "overlap",
    "time-varying": "time_zero",
    "clone-censor-weight": "time_zero",
    "time-varying adjusted": "trial",
    "landmark adjusted": "trial",
    "complete cases": "trial",
    "imputed": "trial",
    "as assessed": "landmark",
    "augmented": "overlap",
}
IN_TRUTH = {
    LOG_HR: "hazard_ratio",
    RMST: "rmst_difference_days",
    SURVIVAL: "survival_difference_milestone",
    WALKING: "walking_difference",
}
TRIAL = Path(__file__).with_name("coverage_truth.csv")


def scenarios():
    """Scenarios with a true contrast, in the order of the codebook; and the one with blanks."""
    listed = codebook.load("synthetic")["scenarios"]
    return [*(name for name, entry in listed.items() if entry.get("contrast")), BLANKED]


def cohorts(scenario, first, last, given):
    """Numbers and cohorts of some replicates."""
    place, source = scenarios().index(scenario), "null" if scenario == BLANKED else scenario
    settings = study()
    for draw in range(first // PER_DRAW, (last - 1) // PER_DRAW + 1):
        rng = np.random.default_rng([given.seed, place, draw])
        whole = Cohort.of(synthesise(PER_DRAW * given.cases, rng, source), settings)
        for number in range(draw * PER_DRAW, (draw + 1) * PER_DRAW):
            if first <= number < last:
                at = (number % PER_DRAW) * given.cases
                part = whole.part(at, at + given.cases)
                lost = np.random.default_rng([given.seed, place, number, 99])
                part = blanked(part, lost) if scenario == BLANKED else part
                yield number, replace(part, diagnose=number < given.resampled)


def replicates(scenario, given):
    """One row per replicate, contrast, method and measure."""
    rows, no_effect = [], _without_effect(scenario)
    for number, cohort in cohorts(scenario, given.first, given.last, given):
        for contrast in CONTRASTS if no_effect and scenario != BLANKED else (LOCAL,):
            for name in _asked(scenario, contrast, number, given):
                drawn = ()
                if name in RESAMPLED:
                    stream = FIRST_STREAM + list(RESAMPLED).index(name)
                    drawn = np.random.default_rng([given.seed, number, stream]), given.resamples
                key = {"scenario": scenario, "contrast": contrast, "replicate": number}
                found = METHODS[name](cohort, contrast, *drawn)
                rows += [key | {"method": name} | one for one in found]
    return pd.DataFrame(rows)


def _asked(scenario, contrast, number, given):
    names = [n for n in given.methods if n in CLOSED or number < given.resampled]
    if contrast == ANY:
        few = number < given.resampled  # its weights can mostly not be fitted
        return [n for n in names if n in OF_ANY and (few or n != "landmark weighted")]
    if scenario == BLANKED:
        return [n for n in names if n in ("missing values", "landmark adjusted")]
    return [n for n in names if n != "missing values" or scenario in OF_MISSING]


def _without_effect(scenario):
    source = "null" if scenario == BLANKED else scenario
    return contrast_of(source)["contrast"]["conditional_hazard_ratio"] == 1


def true_value(scenario, method, measure):
    """The truth of what a method estimates."""
    if measure in CURVES and _without_effect(scenario):
        return 0.0
    source = "null" if scenario == BLANKED else scenario
    of = ESTIMAND[method]
    if of == "trial":
        trial = pd.read_csv(TRIAL, keep_default_na=False)
        kind = "time-varying adjusted" if method == "time-varying adjusted" else "landmark adjusted"
        found = trial[trial["scenario"].eq(source) & trial["quantity"].eq(kind)]
        return float(found["simulated"].iloc[0])
    truth = contrast_of(source)["contrast"][of]
    name = "time_varying_hazard_ratio" if method == "time-varying" else IN_TRUTH[measure]
    return float(np.log(truth[name]) if measure == LOG_HR else truth[name])


def holds(scenario, method):
    """Whether a method's assumptions hold, as the scenario is made, before any result is seen."""
    if scenario == BLANKED:
        return method == "imputed"  # the others drop or group by what tells of arm and outcome
    if method == "naive" or scenario == "informative_missingness":
        return False
    alike = ("landmark", "time-varying", "as assessed")
    return method not in alike or scenario == "immortal_time_only"


def summarise(rows):
    """Bias, standard errors and coverage of every scenario, contrast, measure and method."""
    keys = ["contrast", "measure", "scenario", "method"]
    for name, order in zip(
        keys, (CONTRASTS, (*CURVES, WALKING), scenarios(), ESTIMAND), strict=True
    ):
        rows = rows.assign(**{name: pd.Categorical(rows[name], list(order))})
    made = []
    for key, found in rows.groupby(keys, observed=True):
        _, measure, scenario, method = key
        truth = true_value(scenario, method, measure)
        row = dict(zip(keys, key, strict=True)) | _performance(found, truth)
        made.append(row | {"assumptions_hold": holds(scenario, method)})
    return pd.DataFrame(made)


def _performance(found, truth):
    kept = found.dropna(subset=["estimate", "ci_lower", "ci_upper"])
    covered = (kept["ci_lower"] <= truth) & (truth <= kept["ci_upper"])
    judged = kept["withheld"].dropna().astype(bool) if "withheld" in kept else covered[:0]
    share, n = covered.mean(), len(kept)
    return {
        "truth": truth,
        "mean_estimate": kept["estimate"].mean(),
        "bias": kept["estimate"].mean() - truth,
        "spread": kept["estimate"].std(),
        "mean_error": kept["std_err"].mean(),
        "coverage": share,
        "monte_carlo": np.sqrt(share * (1 - share) / n) if n else np.nan,
        "cohorts": n,
        "not_estimable": 1 - n / len(found),
        "withheld": judged.mean(),
        "coverage_shown": covered[judged.index[~judged]].mean(),
    }


def parser():
    """Arguments of the three commands."""
    whole = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = whole.add_subparsers(dest="command", required=True)
    one = commands.add_parser("replicate", help="estimates of some replicates of one scenario")
    one.add_argument("--scenario", choices=scenarios(), required=True)
    one.add_argument("--first", type=int, default=0)
    one.add_argument("--last", type=int, default=1000, help="the first that is not made")
    one.add_argument("--cases", type=int, default=600, help="per cohort")
    one.add_argument("--seed", type=int, default=7)
    one.add_argument("--resampled", type=int, default=200, help="replicates that draw")
    one.add_argument("--resamples", type=int, default=100)
    one.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    one.add_argument("--out", type=Path, required=True)
    table = commands.add_parser("table", help="bias and coverage from the estimates")
    table.add_argument("estimates", type=Path, nargs="+")
    table.add_argument("--out", type=Path, required=True)
    page = commands.add_parser("page", help="the table in its page")
    page.add_argument("table", type=Path)
    page.add_argument("--page", type=Path, required=True)
    return whole


def read(path):
    """A table in which "null" is a scenario, not a missing value."""
    return pd.read_csv(path, keep_default_na=False, na_values=[""])


def main(arguments=None):
    """Estimates of some replicates, the table of all, or its page."""
    given = parser().parse_args(arguments)
    if given.command == "replicate":
        given.out.parent.mkdir(parents=True, exist_ok=True)
        replicates(given.scenario, given).to_csv(given.out, index=False)
    elif given.command == "table":
        table = summarise(pd.concat([read(path) for path in given.estimates], ignore_index=True))
        table.to_csv(given.out, index=False, float_format="%.6g")
    else:
        put_into(given.page, read(given.table))


if __name__ == "__main__":
    main()
