"""The arm that every case has received by a landmark, and who is followed beyond it."""

import pandas as pd

from mescc_analytics import codebook
from mescc_analytics.clinical.arms import arm_within
from mescc_analytics.clinical.first_treatment import OTHER, first_treatment, kinds

GIVEN, FIRST, ARM = "given", "first_treatment", "arm"


def arms_at(cases, cohort, landmark, which):
    """Cases followed beyond a landmark (all at 0), and the arm received by then.

    Parameters
    ----------
    cases : DataFrame, shape (n_cases, ...)
        As in cohort.parquet.
    cohort : dict
        Section cohort, as in effect.
    landmark : float
        Days from time zero.
    which : {"given", "first_treatment", "arm"}
        The arm that the table gives, the first local treatment, or the arm of the codebook.

    Returns
    -------
    kept : array of bool, shape (n_cases,)
    arm : Categorical Series, shape (n_cases,)
        Categories in codebook order; missing where the arm is unknown.
    """
    last = cases["survival_days"].to_numpy(dtype=float)
    kept = last > landmark if landmark else last >= 0
    if which == GIVEN:
        arm = cases["arm"].astype("string")
        levels = [name for name in cases["arm"].cat.categories if name != "unknown"]
    else:
        grace = min(cohort["grace_days"], landmark or cohort["grace_days"])
        arm, levels = _received(cases, cohort | {"grace_days": grace}, which)
    arm = pd.Series(pd.Categorical(arm.where(arm.isin(levels)), levels), index=cases.index)
    return kept & arm.notna().to_numpy(), arm


def _received(cases, cohort, which):
    if which == FIRST:
        name, _ = first_treatment(cases, cases["time_zero_day"], cohort)
        return name.mask(name == OTHER), list(kinds())
    arm = arm_within(cases, cases["time_zero_day"], cohort["grace_days"], cohort).astype("string")
    return arm, [name for name in codebook.load("arms")["arms"] if name != "unknown"]
