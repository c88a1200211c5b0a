"""One analysis by our package, R, lifelines or statsmodels, timed: what `survival_speed.py` calls.

Each takes the key of an analysis and the cases, and returns (wall, CPU) seconds and the numbers
that it found: estimates on day `DAY`, then their standard errors as far as it gives them. Reading
the data is not timed.
"""

import importlib.util
import shutil
import subprocess
import warnings
from pathlib import Path
from time import perf_counter, process_time

import numpy as np

from mescc_analytics.stats.competing import IncidenceSpec, cumulative_incidence
from mescc_analytics.stats.cox import fit_cox
from mescc_analytics.stats.curves import kaplan_meier
from mescc_analytics.stats.logrank import log_rank
from mescc_analytics.stats.proportionality import ph_test

DAY = 365
NAMES = ["treated", "age", "marker"]
SCRIPT = Path(__file__).with_suffix(".R").with_stem("survival_speed")


def clocked(function):
    """Wall and CPU seconds of a call, and what it returned."""
    wall, cpu = perf_counter(), process_time()
    made = function()
    return (perf_counter() - wall, process_time() - cpu), made


def ours(task, cases):
    """The package; task "cuminc" is "incidence" with the variance of R's cmprsk."""
    days, cause = cases["days"].to_numpy(), cases["cause"].to_numpy()
    if task == "km":
        spent, found = clocked(lambda: kaplan_meier(days, cause > 0))
        return spent, _on_day(found, "survival")
    if task == "logrank":
        group = cases["group"].to_numpy()
        spent, found = clocked(lambda: log_rank(days, cause > 0, group))
        return spent, [found["statistic"]]
    if task in ("incidence", "cuminc"):
        spec = IncidenceSpec(variance="aalen" if task == "cuminc" else "greenwood")
        names = ["first", "second"]
        spent, found = clocked(lambda: cumulative_incidence(days, cause, names, spec=spec))
        return spent, _on_day(found[found["cause"] == "first"], "incidence")
    weight = cases["weight"].to_numpy() if task == "cox_weighted" else None
    covariates = cases[NAMES].to_numpy()
    spent, fit = clocked(lambda: fit_cox(days, cause == 1, covariates, NAMES, weight=weight))
    if task == "ph":
        spent, found = clocked(lambda: ph_test(fit))
        return spent, list(found["statistic"])
    return spent, [*fit.coefficients, *np.sqrt(np.diag(fit.covariance))]


def _on_day(curve, name):
    row = curve[curve["time_days"] <= DAY].iloc[-1]
    return [float(row[name]), float(row["std_err"])]


def in_r(task, cases):
    """R's survival, or cmprsk for "cuminc"; `cases.attrs["file"]` holds the cases as doubles."""
    command = ["Rscript", str(SCRIPT), cases.attrs["file"], task, ",".join(cases)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    wall, cpu, *found = map(float, said.split())
    return (wall, cpu), found


def in_cmprsk(_, cases):
    """R's cmprsk, which knows incidence only."""
    return in_r("cuminc", cases)


def in_lifelines(task, cases):
    """lifelines; its Cox model in the faster of its modes for whole days."""
    from lifelines import AalenJohansenFitter, CoxPHFitter, KaplanMeierFitter
    from lifelines.statistics import multivariate_logrank_test

    days, cause = cases["days"].to_numpy(), cases["cause"].to_numpy()
    if task == "km":
        fitter = KaplanMeierFitter()
        spent, _ = clocked(lambda: fitter.fit(days, cause > 0))
        return spent, [float(fitter.predict(DAY))]
    if task == "logrank":
        group = cases["group"].to_numpy()
        spent, found = clocked(lambda: multivariate_logrank_test(days, group, cause > 0))
        return spent, [found.test_statistic]
    if task == "incidence":
        fitter = AalenJohansenFitter(seed=1)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that ties are broken at random
            spent, _ = clocked(lambda: fitter.fit(days, cause, event_of_interest=1))
        return spent, [float(fitter.predict(DAY))]
    weighted = task == "cox_weighted"
    given = cases[[*NAMES, "days", *(["weight"] if weighted else [])]].assign(died=cause == 1)
    choices = {"weights_col": "weight", "robust": True} if weighted else {"batch_mode": True}
    fitter = CoxPHFitter()
    spent, _ = clocked(lambda: fitter.fit(given, "days", "died", **choices))
    return spent, [*fitter.params_[NAMES], *fitter.standard_errors_[NAMES]]


def in_statsmodels(task, cases):
    """statsmodels."""
    from statsmodels.duration.hazard_regression import PHReg
    from statsmodels.duration.survfunc import CumIncidenceRight, SurvfuncRight, survdiff

    days, cause = cases["days"].to_numpy(), cases["cause"].to_numpy()
    died = (cause > 0).astype(int)
    if task == "km":
        spent, f = clocked(lambda: SurvfuncRight(days, died))
        place = np.searchsorted(f.surv_times, DAY, side="right") - 1
        return spent, [f.surv_prob[place], f.surv_prob_se[place]]
    if task == "logrank":
        group = cases["group"].to_numpy()
        spent, f = clocked(lambda: survdiff(days, died, group))
        return spent, [f[0]]
    if task == "incidence":
        spent, f = clocked(lambda: CumIncidenceRight(days, cause))
        place = np.searchsorted(f.times, DAY, side="right") - 1
        return spent, [f.cinc[0][place], f.cinc_se[0][place]]
    model = PHReg(days, cases[NAMES], (cause == 1).astype(int), ties="efron")
    spent, fit = clocked(lambda: model.fit(disp=False))
    return spent, [*fit.params, *fit.bse]


def contenders(task):
    """Name to function of all that are installed and know the analysis, ours first."""
    found = {"ours": ours}
    if shutil.which("Rscript"):
        found["R survival"] = in_r
        if task == "incidence":
            found["R cmprsk"] = in_cmprsk
    if importlib.util.find_spec("lifelines") and task != "ph":
        found["lifelines"] = in_lifelines
    if importlib.util.find_spec("statsmodels") and task not in ("ph", "cox_weighted"):
        found["statsmodels"] = in_statsmodels
    return found
