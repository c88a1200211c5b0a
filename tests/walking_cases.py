"""Cohorts with walking after treatment and the weights of their arms."""

import numpy as np
import pandas as pd

import weight_cases
from mescc_analytics.steps import ambulatory
from mescc_analytics.steps.weight import analyse as weigh
from weight_cases import FULL, LONG, SHORT

NO_VISITS = pd.DataFrame()
OPEN = {"events_per_parameter_min": 0, "detectable_difference_max": 9.0}


def choices(weight=None, **values):
    """The completed config with the covariates of `weight_cases`, one timepoint, one outcome
    covariate, and limits of the diagnostics that let everything pass.
    """
    chosen = {"timepoints_days": [90], "windows_days": [21], "covariates": ["ambulatory_status"]}
    chosen |= {"n_resamples": 20} | OPEN | values
    whole = weight_cases.changed(**(weight or {}))
    return whole | {"ambulatory": FULL["ambulatory"] | chosen}


def followed(frame, walks, **columns):
    """A cohort of `weight_cases` alive for a year, with walking at 90 days."""
    status = np.where(np.asarray(walks, bool), "unaided", "non_ambulatory")
    levels = ["unaided", "aided", "non_ambulatory", "paraplegic"]
    added = {
        "in_overall": pd.array([True] * len(frame), dtype="boolean"),
        "time_zero_day": pd.array([0.0] * len(frame), dtype="Float64"),
        "survival_days": pd.array([400.0] * len(frame), dtype="Float64"),
        "survival_event": pd.array([False] * len(frame), dtype="boolean"),
        "ambulatory_status_90d": pd.Categorical(status, levels),
    }
    return frame.assign(**added | columns)


def by_hand():
    """Of 40 and 30 cases 30 and 10 walk at entry; walking after: 24/30, 2/10, 7/10, 5/20."""
    arms = [LONG] * 40 + [SHORT] * 30
    counts = ((30, 24), (10, 2), (10, 7), (20, 5))
    entry = ["ambulatory"] * 30 + ["non_ambulatory"] * 10
    entry += ["ambulatory"] * 10 + ["non_ambulatory"] * 20
    walks = np.concatenate([np.arange(n) < k for n, k in counts])
    frame = weight_cases.cohort(arms, ambulatory_status=weight_cases.walking(entry))
    return followed(frame, walks)


ONE = {"covariates": ["ambulatory_status"]}


def weighting(frame, settings, **changed):
    """Weights and diagnostics as the step `weight` makes them; every diagnostic passes."""
    tables = weigh(frame, settings)
    judged = tables["diagnostics"].assign(verdict="pass", withholds="")
    return {"weights": tables["weights"], "diagnostics": judged} | changed


def adjusted(frame, settings, **changed):
    """Tables of the step `ambulatory` with adjustment."""
    given = weighting(frame, settings, **changed)
    return ambulatory.analyse(frame, NO_VISITS, settings, given)


def row(table, estimand="composite", **keys):
    """The one row of a table with these values."""
    found = table[table["estimand"] == estimand]
    for name, value in keys.items():
        found = found[found[name] == value]
    (only,) = found.to_dict("records")
    return only


def contrast(tables, measure="risk_difference", group=SHORT, estimand="composite", **keys):
    """A row of the adjusted contrasts."""
    keys = {"analysis": "by_arm_weighted", "group": group, "measure": measure} | keys
    return row(tables["contrasts"], estimand, **keys)
