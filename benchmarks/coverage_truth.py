"""The truth of every scenario again by brute force: both treatments given to the same people.

    python benchmarks/coverage_truth.py --out benchmarks/coverage_truth.csv

truth.json averages survival in closed form over 40,000 people. Here a large population lives
through either treatment: deaths, losses and walking are drawn, and the tables hold what a trial of
that size in which everybody is on both sides would find with the ordinary estimators. `observed`
is the check of the overlap weights: the outcomes that the population really had, each side weighted
by the true probability of the other. The regression models, whose truth has no closed form, are
judged by what they find in that trial.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from coverage_methods import HORIZON, LANDMARK, MILESTONE, WALKING_DAY, study

from mescc_analytics import codebook
from mescc_analytics.clinical.scores import score_cases
from mescc_analytics.stats.contrasts import Sample, group_differences
from mescc_analytics.stats.cox import fit_cox
from mescc_analytics.stats.intervals import z_value
from mescc_analytics.steps.design_matrix import design
from mescc_analytics.synthetic import records
from mescc_analytics.synthetic.cohort import contrast_of, population
from mescc_analytics.synthetic.contrast import landmark_population, side_probability
from mescc_analytics.synthetic.draws import up_to_grid
from mescc_analytics.synthetic.facts import facts_of
from mescc_analytics.synthetic.outcomes import status_at, walking
from mescc_analytics.synthetic.survival import death_day, effect, happened
from mescc_analytics.synthetic.treatment import schedule

GROUPS = ("surgery", "cebrt")
MEASURES = {"restricted_mean": HORIZON, "survival": MILESTONE}
CLOSED = {
    "hazard ratio, log": "hazard_ratio",
    "restricted_mean": "rmst_difference_days",
    "survival": "survival_difference_milestone",
    "walking": "walking_difference",
    "time-varying hazard ratio, log": "time_varying_hazard_ratio",
}


def lives(people, facts, rng):
    """Every person on either side: planned arm, first day, death and last day, all as drawn."""
    for name in GROUPS:
        share = np.cumsum(side_probability(people, name), axis=1)
        arm = (rng.random((len(share), 1)) > share[:, :-1]).sum(axis=1)
        first = schedule(people, arm, facts)["first_day"]
        ratio = effect(facts, "survival_effect")[arm]
        death = death_day(people["exposure"], people["hazard"], first, ratio)
        yield {"arm": arm, "first": first, "ratio": ratio, "death": death}


def rows_of(people, death, zero):
    """Days from a day on and deaths, followed as the scenario follows, for a year from the MRI."""
    end = people["mri_day"] + HORIZON
    lost = np.minimum(
        np.minimum(up_to_grid(people["lost_day"], "day"), people["data_cutoff_day"]), end
    )
    died = up_to_grid(death, "day") <= lost
    return np.minimum(up_to_grid(death, "day"), lost) - zero, died


def curve_truths(parts, weight):
    """Log hazard ratio and differences of two sides, with their standard errors."""
    days, died = (np.concatenate(values) for values in zip(*parts, strict=True))
    side = np.repeat([1, 0], [len(part[0]) for part in parts])
    kept = weight > 0
    days, died, side, weight = days[kept], died[kept], side[kept], weight[kept]
    fit = fit_cox(days, died, side[:, np.newaxis] * 1.0, ["x"], weight=weight)
    yield "hazard ratio, log", fit.coefficients[0], np.sqrt(fit.covariance[0, 0])
    sample = Sample.of(days, died, side, weight=weight)
    for kind, day in MEASURES.items():
        found = group_differences(sample, kind, day - (HORIZON - days.max())).iloc[0]
        width = found["ci_upper"] - found["ci_lower"]
        yield kind, found["difference"], width / (2 * z_value(0.95))


def from_mri(people, facts, sides, covariates):
    """Truths of those under observation at the MRI."""
    seen = happened(people, people["mri_day"])
    few = {name: values[seen] for name, values in people.items()}
    parts = [rows_of(few, side["death"][seen], few["mri_day"]) for side in sides]
    yield from (("time_zero", *t) for t in curve_truths(parts, np.ones(2 * seen.sum())))
    first = [side["first"][seen] - few["mri_day"] for side in sides]
    for name, x in (
        ("time-varying hazard ratio, log", None),
        ("time-varying adjusted", covariates[seen]),
    ):
        fit = _time_varying(parts, first, x)
        population = "time_zero" if x is None else "trial"
        yield population, name, fit[0], fit[1]


def _time_varying(parts, first, x):
    columns = []
    for code, ((days, died), begins) in enumerate(zip(parts, first, strict=True)):
        begun = (begins < days) & (begins > 0)
        at_once = begins <= 0
        early = np.column_stack([np.zeros(len(days)), np.where(begun, begins, days), died & ~begun])
        state = np.column_stack([at_once & (code == 0), at_once & (code == 1)])
        late = np.column_stack([begins, days, died])[begun]
        now = np.tile([code == 0, code == 1], (int(begun.sum()), 1))
        case = np.arange(len(days))
        columns.append(np.column_stack([early, state, case]))
        columns.append(np.column_stack([late, now, case[begun]]))
    rows = np.concatenate(columns)
    rows = rows[rows[:, 1] > rows[:, 0]]
    design_ = (
        rows[:, 3:5] if x is None else np.column_stack([rows[:, 3:5], x[rows[:, 5].astype(int)]])
    )
    names = [str(i) for i in range(design_.shape[1])]
    fit = fit_cox(rows[:, 1], rows[:, 2] > 0, design_, names, entry=rows[:, 0])
    change = np.array([1.0, -1.0] + [0.0] * (len(names) - 2))
    return change @ fit.coefficients, np.sqrt(change @ fit.covariance @ change)


def from_landmark(people, facts, sides, given):
    """Truths of those at the landmark, drawn anew from there; and as observed."""
    covariates, rng = given
    compared, overlap, e = landmark_population(people, facts, GROUPS, LANDMARK)
    few = {name: values[compared] for name, values in people.items()}
    zero = few["mri_day"] + LANDMARK
    # the same luck on both sides leaves less to chance in their difference
    wait = rng.standard_exponential(len(zero)) / few["hazard"]
    death = [zero + wait / side["ratio"][compared] for side in sides]
    parts = [rows_of(few, day, zero) for day in death]
    walks = [
        _walks(few, facts, side["arm"][compared], day, rng)
        for side, day in zip(sides, death, strict=True)
    ]
    weights = {"landmark": np.ones(len(zero)), "overlap": overlap[compared]}
    for name, weight in weights.items():
        yield from ((name, *t) for t in curve_truths(parts, np.tile(weight, 2)))
        gap, share = walks[0] * 1.0 - walks[1], weight / weight.sum()
        mean = share @ gap
        yield name, "walking", mean, np.sqrt((share**2) @ (gap - mean) ** 2)
    side = np.repeat([1.0, 0.0], len(zero))
    x = np.column_stack([side, np.tile(covariates[compared], (2, 1))])
    days, died = (np.concatenate(values) for values in zip(*parts, strict=True))
    fit = fit_cox(days, died, x, [str(i) for i in range(x.shape[1])])
    yield "trial", "landmark adjusted", fit.coefficients[0], np.sqrt(fit.covariance[0, 0])
    yield from _observed(people, compared, e, zero)


def _observed(people, compared, e, zero):
    """What really happened, each side weighted by the true probability of the other."""
    few = {name: values[compared] for name, values in people.items()}
    group = np.char.startswith(arms_of(few["planned"]), GROUPS[0])
    found = rows_of(few, few["death"], zero)
    parts = [tuple(values[rows] for values in found) for rows in (group, ~group)]
    weight = np.r_[(1 - e[compared])[group], e[compared][~group]]
    yield from (("overlap, observed", *t) for t in curve_truths(parts, weight))


def arms_of(planned):
    """Names of the planned arms."""
    return np.array(list(codebook.load("synthetic")["anchors"]["arm_mix"]["value"]))[planned]


def _walks(people, facts, arm, death, rng):
    """Whether alive and walking on the day of the assessment."""
    planned = people | {"planned": arm} | schedule(people, arm, facts)
    planned |= walking(planned, rng, facts)
    day = people["mri_day"] + WALKING_DAY
    return (status_at(planned, day) <= 1) & (death > day)


def check(scenario, n_people, seed):
    """One row per quantity: closed form, by brute force, its standard error."""
    rng, facts = np.random.default_rng(seed), facts_of(scenario)
    people = population(n_people, rng, facts)
    settings = study()
    scored = score_cases(records.frame(people), settings["score"])
    covariates = design(scored, settings["sensitivity"]["covariates"]).matrix
    sides = list(lives(people, facts, rng))
    truth = contrast_of(scenario)["contrast"]
    rows = []
    for part in (
        from_mri(people, facts, sides, covariates),
        from_landmark(people, facts, sides, (covariates, rng)),
    ):
        for of, quantity, value, error in part:
            closed = truth.get(of.removesuffix(", observed"), {}).get(CLOSED.get(quantity), np.nan)
            closed = np.log(closed) if "log" in quantity else closed
            key = {"scenario": scenario, "population": of, "quantity": quantity}
            rows.append(key | {"closed_form": closed, "simulated": value, "std_err": error})
    return pd.DataFrame(rows)


def main():
    """Every scenario that judges methods."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    listed = codebook.load("synthetic")["scenarios"]
    names = [name for name, entry in listed.items() if entry.get("contrast")]
    table = pd.concat([check(name, given.people, given.seed) for name in names])
    table.to_csv(given.out, index=False, float_format="%.6g")


if __name__ == "__main__":
    main()
