"""How often the interval of each method holds the truth, and how far off it is, on cohorts whose
truth is known.

    python benchmarks/coverage.py --replicates 1000 --cases 400

Every scenario of the codebook that states its true contrast is drawn once as a large population of
independent cases and cut into cohorts of the asked size, each of them scored, dated and given its
arms as a run does. Contrasts, as log hazard ratios: surgery (with or without radiotherapy) against
conventional radiotherapy; and, where no treatment has an effect, surgery or radiotherapy against
neither.

naive              by treatment received within the grace window, counted from MRI
landmark           alive and followed beyond day 30 (the default of a run)
landmark weighted  the same with overlap weights from the usual baseline columns, robust variance
time-varying       treatment as a covariate from its day on, counted from MRI

The truth of `naive` and `time-varying` is that from MRI, of `landmark` that of all compared, of
`landmark weighted` that of the overlap.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from mescc_analytics import codebook, settings
from mescc_analytics.clinical.scores import score_cases
from mescc_analytics.stats.cox import fit_cox
from mescc_analytics.stats.multinomial import fit_multinomial
from mescc_analytics.stats.propensity import propensity_weights
from mescc_analytics.steps.cohort import build
from mescc_analytics.synthetic import synthesise

COVARIATES = (
    "age_years ecog radiosensitivity visceral_metastases ambulatory_status sosg_high_grade "
    "sins_category predicted_survival_months"
).split()
TRUTHS = {
    "naive": "time_zero",
    "landmark": "landmark",
    "landmark weighted": "overlap",
    "time-varying": "time_zero",
}
Z = 1.959963984540054
CHUNK = 20_000  # cases drawn at once


def judged_scenarios():
    """Scenarios with a true contrast, in the order of the codebook."""
    listed = codebook.load("synthetic")["scenarios"]
    return [name for name, entry in listed.items() if entry.get("contrast")]


def population(scenario, n_cases, seed):
    """Cohort table of many cases, and the true contrast."""
    parts, done, rng = [], 0, np.random.default_rng(seed)
    config = settings.complete({}, need_cohorts=False)
    while done < n_cases:
        drawn = synthesise(min(CHUNK, n_cases - done), rng, scenario)
        scored = score_cases(drawn.cases, config["score"])
        parts.append(build(scored, config)[0])
        done += len(drawn.cases)
    return pd.concat(parts, ignore_index=True), drawn.truth["contrast"]


CONTRASTS = {
    "surgery / cEBRT": (("surgery",), ("cebrt",)),
    "treated / untreated": (("surgery", "sbrt", "cebrt"), ("systemic_only", "supportive")),
}


def side_of(arm, contrast):
    """1 first side of the contrast, 0 second, -1 neither."""
    text = arm.astype("string").fillna("")
    first, second = (text.str.startswith(names).to_numpy(bool) for names in CONTRASTS[contrast])
    return np.where(first, 1, np.where(second, 0, -1))


def design(cases):
    """Covariates as numbers: missing is a level of its own; a number takes the mean beside it."""
    columns = []
    for name in COVARIATES:
        if pd.api.types.is_numeric_dtype(cases[name]) and name not in ("ecog",):
            values = cases[name].to_numpy(float, na_value=np.nan)
            blank = np.isnan(values)
            columns += [np.where(blank, np.nanmean(values), values), blank.astype(float)]
        else:
            text = cases[name].astype("string").fillna("missing")
            columns += list(pd.get_dummies(text, drop_first=True).to_numpy(float).T)
    x = np.column_stack(columns)
    numbers = (x != 0) & (x != 1)
    x = x[:, numbers.any(axis=0) | ((x == 1).sum(axis=0) >= 10)]
    x = x[:, x.std(axis=0) > 0]
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    # a level that others add up to says nothing new
    kept = np.abs(np.diag(np.linalg.qr(x)[1])) > 1e-6 * np.sqrt(len(x))
    return x[:, kept]


def estimates(cases, contrast, landmark_days):
    """Log hazard ratio and its standard error by method."""
    side = side_of(cases["arm"], contrast)
    cases = cases.assign(side=side)[cases["in_overall"].astype(bool).to_numpy() & (side >= 0)]
    beyond = cases[cases["in_arms"].astype(bool)]
    return {
        "naive": _cox(cases),
        "landmark": _cox(beyond, start=landmark_days),
        "landmark weighted": _cox(beyond, start=landmark_days, weighted=True),
        "time-varying": _time_varying(cases, contrast),
    }


def _clock(cases):
    days = cases["survival_days"].to_numpy(float)
    return days, cases["survival_event"].to_numpy(bool), cases["side"].to_numpy(float)


def _cox(cases, start=0.0, weighted=False):
    days, died, side = _clock(cases)
    weight = None
    if weighted:
        group = pd.Categorical.from_codes(side.astype(int), ["second", "first"])
        x = design(cases)
        fitted = fit_multinomial(group, x, [f"x{k}" for k in range(x.shape[1])])
        if fitted.note:
            return np.nan, np.nan
        weight = propensity_weights(np.clip(fitted.probabilities, 1e-9, 1), group)
    fit = fit_cox(days - start, died, side[:, None], ["first"], weight=weight)
    return float(fit.coefficients[0]), float(np.sqrt(fit.covariance[0, 0]))


def _time_varying(cases, contrast):
    """Untreated until the day of treatment, then on one side of the contrast."""
    days, died, side = _clock(cases)
    treated = np.clip(cases["days_to_treatment"].to_numpy(float, na_value=np.inf), 0, None)
    both = contrast == "surgery / cEBRT"
    treated = treated if both else np.where(side == 1, treated, np.inf)
    begun = treated < days
    before = ~begun | (treated > 0)
    time = np.r_[np.minimum(treated, days)[before], days[begun]]
    event = np.r_[(died & ~begun)[before], died[begun]]
    entry = np.r_[np.zeros(before.sum()), treated[begun]]
    given = np.column_stack([side, 1 - side] if both else [side])
    x = np.r_[np.zeros((before.sum(), given.shape[1])), given[begun]]
    later = time > entry + 1e-6  # nobody is at risk in an interval of no length
    names = ["first", "second"][: x.shape[1]]
    fit = fit_cox(time[later], event[later], x[later], names, entry=entry[later])
    change = np.array([1.0, -1.0])[: x.shape[1]]
    return float(change @ fit.coefficients), float(np.sqrt(change @ fit.covariance @ change))


def judge(scenario, replicates, n_cases, seed):
    """One row per contrast and method: bias, spread, mean standard error, coverage with Monte
    Carlo error.
    """
    cohort, truth = population(scenario, replicates * n_cases, seed)
    without_effect = truth["conditional_hazard_ratio"] == 1
    rows = []
    for contrast in CONTRASTS if without_effect else list(CONTRASTS)[:1]:
        found = [
            estimates(
                cohort.iloc[k * n_cases : (k + 1) * n_cases], contrast, truth["landmark_days"]
            )
            for k in range(replicates)
        ]
        for method, of in TRUTHS.items():
            true = 0.0 if without_effect else float(np.log(truth[of]["hazard_ratio"]))
            about = {"scenario": scenario, "contrast": contrast, "method": method}
            rows.append(about | _judged(np.array([row[method] for row in found]), true))
    return rows


def _judged(found, true):
    values, errors = found[np.isfinite(found).all(axis=1)].T
    covered = np.mean(np.abs(values - true) <= Z * errors)
    return {
        "true_hazard_ratio": np.exp(true),
        "geometric_mean": np.exp(values.mean()),
        "bias_log": values.mean() - true,
        "spread": values.std(ddof=1),
        "mean_error": errors.mean(),
        "coverage": covered,
        "monte_carlo": np.sqrt(covered * (1 - covered) / len(values)),
        "n": len(values),
    }


def markdown(table):
    """The table for the documentation."""
    lines = [
        "| scenario | contrast | method | true HR | mean HR | bias, log HR | spread | mean SE | "
        "coverage (Monte Carlo error) | cohorts |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {row['scenario']} | {row['contrast']} | {row['method']} | "
        f"{row['true_hazard_ratio']:.2f} | {row['geometric_mean']:.2f} | "
        f"{row['bias_log']:+.3f} | {row['spread']:.3f} | "
        f"{row['mean_error']:.3f} | {100 * row['coverage']:.1f} % "
        f"({100 * row['monte_carlo']:.1f}) | {row['n']} |"
        for row in table
    ]
    return "\n".join(lines)


def main():
    """Every scenario in turn."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--replicates", type=int, default=1000)
    parser.add_argument("--cases", type=int, default=400)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--out", type=Path, help="file for the table as Markdown")
    options = parser.parse_args()
    table = []
    for name in judged_scenarios():
        table += judge(name, options.replicates, options.cases, options.seed)
        print(name, flush=True)
    print(markdown(table))
    if options.out:
        options.out.write_text(markdown(table) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
