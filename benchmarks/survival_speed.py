"""Cox models of ours against R, lifelines and statsmodels, on the same simulated cases.

    python benchmarks/survival_speed.py --cases 1000000 --weighted 100000

Time is in whole days over ten years. R is called as `Rscript` where it is installed, lifelines and
statsmodels where they can be imported; a contender that is not there is left out. How far the
estimates lie from ours is shown beside the times. Reading the data is not timed. The weighted
models of R and lifelines take minutes, and run once.
"""

import argparse
import importlib.util
import os
import shutil
import statistics
import subprocess
import tempfile
from pathlib import Path
from time import perf_counter

import numpy as np
import pandas as pd

from mescc_analytics.stats.cox import fit_cox

NAMES = ["treated", "age", "marker"]
IN_R = """
library(survival)
given <- commandArgs(TRUE); robust <- given[2] == "robust"
d <- read.csv(given[1])
run <- function() {
  if (robust) coxph(Surv(days, died) ~ treated + age + marker, d, weights = weight, robust = TRUE)
  else coxph(Surv(days, died) ~ treated + age + marker, d)
}
for (i in seq_len(as.integer(given[3]))) {
  seconds <- system.time(fit <- run())[["elapsed"]]
  cat(seconds, coef(fit), sqrt(diag(vcov(fit))), "\\n")
}
"""


def simulated(n, seed=7):
    """Cases with a hazard that depends on treatment and age, censored by the calendar."""
    rng = np.random.default_rng(seed)
    cases = pd.DataFrame(
        {
            "treated": (rng.random(n) < 0.4).astype(float),
            "age": rng.normal(65, 11, n).round(1),
            "marker": rng.normal(size=n).round(3),
            "weight": rng.uniform(0.2, 3, n).round(4),
        }
    )
    log_hazard = -0.4 * cases["treated"] + 0.02 * (cases["age"] - 65) + 0.3 * cases["marker"]
    death, end = rng.exponential(400 / np.exp(log_hazard)), rng.uniform(30, 3650, n)
    days = np.ceil(np.minimum(death, end)).astype(int)
    return cases.assign(days=days, died=(death <= end).astype(int))


def ours(cases, robust):
    """Seconds, coefficients and standard errors of our model."""
    x, weight = cases[NAMES].to_numpy(), cases["weight"].to_numpy() if robust else None
    days, died = cases["days"].to_numpy(), cases["died"].to_numpy(bool)
    started = perf_counter()
    fit = fit_cox(days, died, x, NAMES, weight=weight)
    return perf_counter() - started, [*fit.coefficients, *np.sqrt(np.diag(fit.covariance))]


def in_r(cases, robust):
    """The same of R's coxph."""
    with tempfile.TemporaryDirectory() as folder:
        table, script = Path(folder) / "cases.csv", Path(folder) / "fit.R"
        cases.to_csv(table, index=False)
        script.write_text(IN_R, encoding="utf-8")
        command = ["Rscript", str(script), str(table), "robust" if robust else "plain", "1"]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    seconds, *found = map(float, said.split())
    return seconds, found


def in_lifelines(cases, robust):
    """The same of lifelines, in the faster of its modes for whole days."""
    from lifelines import CoxPHFitter

    columns = [*NAMES, "days", "died", *(["weight"] if robust else [])]
    weights = {"weights_col": "weight", "robust": True} if robust else {}
    given, fitter = cases[columns], CoxPHFitter()
    started = perf_counter()
    fitter.fit(given, "days", "died", fit_options={}, batch_mode=not robust, **weights)
    seconds = perf_counter() - started
    return seconds, [*fitter.params_[NAMES], *fitter.standard_errors_[NAMES]]


def in_statsmodels(cases, robust):
    """The same of statsmodels, which has no weights."""
    from statsmodels.duration.hazard_regression import PHReg

    model = PHReg(cases["days"], cases[NAMES], cases["died"], ties="efron")
    started = perf_counter()
    fit = model.fit(disp=False)
    return perf_counter() - started, [*fit.params, *fit.bse]


def contenders(robust):
    """Name of each contender that is installed to its function."""
    found = {"ours": ours}
    if shutil.which("Rscript"):
        found["R coxph"] = in_r
    if importlib.util.find_spec("lifelines"):
        found["lifelines"] = in_lifelines
    if importlib.util.find_spec("statsmodels") and not robust:
        found["statsmodels"] = in_statsmodels
    return found


def compare(title, cases, robust, repeats):
    """Run every contender in turn, and print medians and ratios."""
    print(f"\n{title}, {len(cases):,} cases, {cases['days'].nunique():,} days, {repeats} repeats")
    chosen = contenders(robust)
    seconds = {name: [] for name in chosen}
    estimates = {}
    ours(cases.head(1000), robust)
    for _ in range(repeats):
        for name, function in chosen.items():
            spent, estimates[name] = function(cases, robust)
            seconds[name].append(spent)
    for name, spent in seconds.items():
        apart = np.abs(np.divide(estimates[name], estimates["ours"]) - 1).max()
        middle, base = statistics.median(spent), statistics.median(seconds["ours"])
        print(f"  {name:12}{middle:10.2f} s{middle / base:9.1f} x   largest difference {apart:.1e}")


def main():
    """Two comparisons: without weights, and with weights and robust variance."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=1_000_000)
    parser.add_argument("--weighted", type=int, default=100_000)
    parser.add_argument("--repeats", type=int, default=3)
    given = parser.parse_args()
    print(f"Load before: {os.getloadavg()[0]:.1f}; target: twice R's speed, 20 times with weights")
    compare("Cox", simulated(given.cases), False, given.repeats)
    compare("Cox, weights, robust", simulated(given.weighted), True, 1)
    print(f"Load after: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
