"""Cohorts that several test modules look at, and the arm that a synthetic case got."""

from functools import cache

import numpy as np
import pandas as pd

from mescc_analytics.synthetic import cohort as whole
from mescc_analytics.synthetic import synthesise
from mescc_analytics.synthetic.facts import Facts, facts_of

N = 20_000
SEED = 2024
WIDE_DAYS = (30, 90, 180, 365)


@cache
def realistic():
    """A large realistic cohort; nobody may change its frames."""
    return synthesise(N, np.random.default_rng(SEED))


def latent_people(scenario, replace=None):
    """The same cohort before anything was lost, censored or left out of the record."""
    facts = facts_of(scenario)
    facts = Facts(facts.values | (replace or {}), facts.defaults)
    rng = np.random.default_rng(SEED)
    return whole._treated(whole._presented(N, rng, facts), rng, facts)


def delivered(cases):
    """The arm that the treatment columns show within 30 days of the MRI."""
    end = cases["mri_day"].fillna(0) + 30
    operated, irradiated, systemic = (
        cases[name].le(end).fillna(False)
        for name in ("surgery_day", "rt_start_day", "systemic_day")
    )
    per_fraction = cases["rt_dose_gy"] / cases["rt_fractions"]
    sbrt = (per_fraction >= 7) & ~((cases["rt_fractions"] == 1) & (cases["rt_dose_gy"] <= 10))
    sbrt = sbrt.fillna(False)
    conditions = {
        "surgery_sbrt": operated & irradiated & sbrt,
        "surgery_cebrt": operated & irradiated,
        "surgery_only": operated,
        "sbrt": irradiated & sbrt,
        "cebrt_short": irradiated & cases["rt_fractions"].le(5).fillna(False),
        "cebrt_long": irradiated,
        "systemic_only": systemic,
    }
    chosen = [condition.to_numpy(bool) for condition in conditions.values()]
    return pd.Series(np.select(chosen, list(conditions), "supportive"), index=cases.index)
