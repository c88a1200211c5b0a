"""Survival analyses of ours against R, lifelines and statsmodels, on the same simulated cases.

    python benchmarks/survival_speed.py --cases 1000000 --weighted 100000 --repeats 5

Time is in whole days over ten years. R is called as `Rscript` where it is installed, lifelines and
statsmodels where they can be imported; a contender that is not there is left out. Before a time is
shown, what every contender found has to agree with ours to 1e-8, or to the wider tolerance in
`WIDER`. The contenders run in turn; medians, and ratios of the medians to ours. What takes more
than half a minute (`SLOW`) runs once, or with `--quick` not at all. Then bootstrap samples of all
contrasts of arms, ours alone.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from survival_contenders import NAMES, clocked, contenders, ours

from mescc_analytics.stats.bootstrap import Measure, bootstrap_differences
from mescc_analytics.stats.contrasts import Sample
from mescc_analytics.stats.estimated_scores import ScoreModel
from mescc_analytics.stats.hazard_draws import log_hazard_ratios
from mescc_analytics.stats.multinomial import fit_multinomial
from mescc_analytics.stats.risk_sets import RiskSets
from mescc_analytics.stats.score_draws import ScoreDraws

TASKS = {
    "km": "Kaplan-Meier, variance",
    "logrank": "log-rank, three groups",
    "incidence": "Aalen-Johansen, variance",
    "cox": "Cox",
    "ph": "proportional hazards",
    "cox_weighted": "Cox, weights, robust",
}
SLOW = {
    *(("incidence", "R survival"), ("incidence", "lifelines")),
    *(("cox_weighted", "R survival"), ("cox_weighted", "lifelines")),
}
AGREE = 1e-8
# R and lifelines stop iterating earlier; lifelines breaks ties at random where causes compete, and
# has another robust variance at ties
WIDER = {
    ("cox", "R survival"): 1e-6,
    ("cox", "lifelines"): 1e-5,
    ("cox_weighted", "R survival"): 1e-6,
    ("cox_weighted", "lifelines"): 1e-3,
    ("ph", "R survival"): 1e-6,
    ("incidence", "lifelines"): 1e-2,
}


def simulated(n, seed=7):
    """Two causes of failure in three groups, censored by the calendar, in whole days."""
    rng = np.random.default_rng(seed)
    group = rng.integers(0, 3, n)
    cases = {
        "group": group,
        "treated": (rng.random(n) < 0.4).astype(float),
        "age": rng.normal(65, 11, n).round(1),
        "marker": rng.normal(size=n).round(3),
        "weight": rng.uniform(0.2, 3, n).round(4),
    }
    log_hazard = 0.1 * group - 0.4 * cases["treated"] + 0.02 * (cases["age"] - 65)
    first = rng.exponential(700 / np.exp(log_hazard + 0.3 * cases["marker"]))
    second, end = rng.exponential(1500, n), rng.uniform(30, 3650, n)
    last = np.minimum(np.minimum(first, second), end)
    cause = np.select([last == end, last == first], [0, 1], 2)
    return pd.DataFrame(cases | {"days": np.ceil(last), "cause": cause})


def compare(task, cases, repeats, left_out=()):
    """Run every contender in turn, check that they agree, and print medians and ratios."""
    chosen = {k: v for k, v in contenders(task).items() if (task, k) not in left_out}
    spent, apart = {}, {}
    ours(task, cases.head(5000))
    for turn in range(repeats):
        for name, function in chosen.items():
            if turn and (task, name) in SLOW:
                continue
            seconds, found = function(task, cases)
            spent.setdefault(name, []).append(seconds)
            if not turn:
                apart[name] = difference(task, name, found, cases)
    medians = {name: np.median(seconds, axis=0) for name, seconds in spent.items()}
    for name, (wall, cpu) in medians.items():
        over = [f"{ratio:.1f}" for ratio in (wall, cpu) / medians["ours"]]
        row = [TASKS[task], f"{len(cases):,}", name, f"{wall:.3f}", f"{cpu:.3f}", *over]
        print("| " + " | ".join([*row, f"{apart[name]:.0e}"]) + " |", flush=True)


def difference(task, name, found, cases):
    """Largest relative difference to ours; the end of the run if it is too large."""
    like = "cuminc" if name == "R cmprsk" else task
    own = np.array(ours(like, cases)[1][: len(found)])
    largest = float(np.abs(np.array(found) / own - 1).max())
    if not largest <= WIDER.get((task, name), AGREE):
        sys.exit(f"{TASKS[task]}: {name} found {found}, ours is {own.tolist()}")
    return largest


def bootstrapped(n_cases=500, n_resamples=2000, n_arms=8):
    """Print the seconds for all contrasts of the arms, weighted by scores fitted anew."""
    cases, rng = simulated(n_cases), np.random.default_rng(3)
    arm = rng.integers(0, n_arms, n_cases)
    days, died = cases["days"].to_numpy(), cases["cause"].to_numpy() > 0
    scores = ScoreModel.of(
        fit_multinomial(arm, cases[NAMES], NAMES).probabilities, cases[NAMES], arm
    )
    measures = [Measure("survival", float(day)) for day in (30, 90, 180, 365)]
    measures += [Measure("median"), Measure("restricted_mean", 365.0)]
    sample = Sample.of(days, died, arm, weight=scores.weight)
    sets, many = RiskSets(days, died, np.zeros((n_cases, 1))), {"n_resamples": n_resamples}
    print(
        f"\nBootstrap: {n_resamples:,} samples of {n_cases} cases, {n_arms - 1} contrasts of arms"
    )
    weights, draws = clocked(lambda: ScoreDraws.of(scores, rng, **many))
    curves, _ = clocked(lambda: bootstrap_differences(sample, measures, rng, **many))
    hazards, _ = clocked(lambda: log_hazard_ratios(sets, arm, draws.weight))
    for name, (wall, cpu) in (
        ("weights, fitted anew in every sample", weights),
        ("survival on 4 days, medians, restricted means", curves),
        ("hazard ratios", hazards),
        ("together", np.sum([weights, curves, hazards], axis=0)),
    ):
        print(f"  {name:48}{wall:7.2f} s, CPU {cpu:7.2f} s", flush=True)


def main():
    """Every analysis in turn."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=1_000_000)
    parser.add_argument("--weighted", type=int, default=100_000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--tasks", nargs="+", choices=[*TASKS, "bootstrap"])
    parser.add_argument("--quick", action="store_true", help="without what takes minutes")
    given = parser.parse_args()
    asked = given.tasks or [*TASKS, "bootstrap"]
    print(f"Load before: {os.getloadavg()[0]:.1f}; {given.repeats} rounds\n")
    head = ["analysis", "cases", "", "wall s", "CPU s", "wall / ours", "CPU / ours", "difference"]
    if set(asked) & set(TASKS):
        print("| " + " | ".join(head) + " |\n|" + " --- |" * len(head))
    with tempfile.TemporaryDirectory() as folder:
        for task in [name for name in TASKS if name in asked]:
            cases = simulated(given.weighted if task == "cox_weighted" else given.cases)
            cases.attrs["file"] = str(Path(folder) / task)
            cases.to_numpy(float).T.tofile(cases.attrs["file"])
            compare(task, cases, given.repeats, SLOW if given.quick else ())
    if "bootstrap" in asked:
        bootstrapped()
    print(f"\nLoad after: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
