"""What decides whether an adjusted comparison of walking may be shown, judged before its result.

Nothing here tells the outcomes of the arms apart but for the number of cases with the rarer outcome
in each, which says how much its model of walking can carry.
"""

import numpy as np
import pandas as pd

from mescc_analytics.stats.diagnostics import detectable_difference
from mescc_analytics.stats.propensity import effective_sizes
from mescc_analytics.steps.weight_diagnostics import EVERYTHING, contrast_of

COLUMNS = "contrast group reference diagnostic value limit verdict withholds why".split()
# of the diagnostics of the weights, those that judge survival alone
OF_SURVIVAL = ("detectable_effect", "proportional_hazards")
AUGMENTED, REGRESSION = "augmented", "odds_ratio_regression"


def of_weights(diagnostics, analysis):
    """Rows of diagnostics.csv of the step `weight` that concern an analysis of walking."""
    own = diagnostics
    if "analysis" in own:
        own = own[own["analysis"] == analysis]
    elif analysis != "by_arm_weighted":
        own = own.iloc[:0]
    return own[~own["diagnostic"].isin(OF_SURVIVAL)].reset_index(drop=True)


def withheld(judged, kind):
    """Arms whose contrast is withheld.

    Parameters
    ----------
    judged : sequence of DataFrame
        Diagnostics.
    kind : {"augmented", "odds_ratio_regression"}

    Returns
    -------
    DataFrame
        group, reference, why (the diagnostics that failed, in words).
    """
    columns = ["group", "reference", "diagnostic", "verdict", "withholds"]
    rows = pd.concat([part[columns].astype("string") for part in judged], ignore_index=True)
    rows = rows[(rows["verdict"] == "fail") & rows["withholds"].isin([EVERYTHING, kind])]
    rows = rows.assign(why=rows["diagnostic"].str.replace("_", " ")).drop_duplicates()
    found = rows.groupby(["group", "reference"], sort=False)["why"].agg(", ".join)
    return found.reset_index()


def of_walking(cases, outcome, n_unknown):
    """Diagnostics of every contrast at one timepoint under one estimand.

    Parameters
    ----------
    cases : Comparison
        Those that the estimand counts.
    outcome : array of bool, shape (n_cases,)
    n_unknown : Series, by arm
        Cases that the estimand leaves out because nobody knows.
    """
    names, rows = list(cases.arm.cat.categories), []
    for name in names[1:]:
        pair = (name, names[0])
        key = {"contrast": contrast_of(*pair), "group": name, "reference": names[0]}
        checks = (
            _unknown(cases, n_unknown, pair),
            _difference(cases, outcome, pair),
            _events(cases, outcome, pair),
            _regression(cases, outcome),
        )
        rows += [key | check for check in checks]
    return pd.DataFrame(rows, columns=COLUMNS)


def _row(diagnostic, numbers, failed, why, withholds=EVERYTHING):
    (value, limit), verdict = numbers, "fail" if failed else "pass"
    row = {"diagnostic": diagnostic, "value": float(value), "limit": float(limit)}
    return row | {"verdict": verdict, "withholds": withholds if failed else "", "why": why}


def _unknown(cases, n_unknown, pair):
    sizes = cases.arm.value_counts(sort=False)
    shares = [n_unknown[name] / max(n_unknown[name] + sizes[name], 1) for name in pair]
    limit = cases.chosen["weight"]["missing_share_max"]
    why = "share of an arm of whom it is not known whether they walk, the larger one"
    return _row("outcome_unknown", (max(shares), limit), max(shares) > limit, why)


def _difference(cases, outcome, pair):
    inside = cases.arm.isin(pair).to_numpy()
    weight, arm = cases.weight[inside].to_numpy(float), cases.arm[inside]
    sizes = effective_sizes(weight, arm.array).set_index("group")["effective_n"].reindex(pair)
    share = np.average(outcome[inside], weights=weight) if weight.sum() > 0 else np.nan
    power = cases.chosen["weight"]["power"]
    value = detectable_difference(share, sizes.fillna(0), power=power, level=cases.level)
    limit = cases.chosen["ambulatory"]["detectable_difference_max"]
    why = f"difference in walking that would be found with a power of {100 * power:g} %"
    return _row("detectable_difference", (value, limit), value > limit, why)


def _rarer(outcome):
    return min(int(outcome.sum()), int((~outcome).sum()))


def _varying(design):
    x = design.to_numpy(float)
    return int((np.ptp(x, axis=0) > 0).sum()) if len(x) else 0


def _events(cases, outcome, pair):
    """Each arm has a model of its own."""
    each = {}
    for name in pair:
        own = (cases.arm == name).to_numpy()
        each[name] = _rarer(outcome[own]) / max(_varying(cases.outcome_design[own]), 1)
    small = min(each, key=each.get)
    why = f"cases with the rarer outcome per parameter of the model of walking, of {small}"
    return _too_few("outcome_events_per_parameter", each[small], why, cases, AUGMENTED)


def _regression(cases, outcome):
    parameters = _varying(cases.regression_design) + len(cases.arm.cat.categories) - 1
    each = _rarer(outcome) / parameters
    why = f"cases with the rarer outcome for each of {parameters} parameters of the regression"
    return _too_few("regression_events_per_parameter", each, why, cases, REGRESSION)


def _too_few(diagnostic, each, why, cases, withholds):
    limit = cases.chosen["ambulatory"]["events_per_parameter_min"]
    # without a single event a model has no error of its own, whatever the limit
    return _row(diagnostic, (each, limit), each < limit or each == 0, why, withholds)
