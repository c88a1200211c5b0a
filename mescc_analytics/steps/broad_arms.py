"""Walking and survival of the groups of arms in which publications report."""

import pandas as pd

from mescc_analytics import codebook
from mescc_analytics.cohort.timeline import assess_walking
from mescc_analytics.stats.survival import summarise_survival
from mescc_analytics.stats.walking import rates
from mescc_analytics.steps.ambulatory import entry_status
from mescc_analytics.steps.beside import spec_of
from mescc_analytics.steps.groups import stack


def broad_arms(frame, visits, settings):
    """As rates.csv and summary.csv, analysis "by_broad_arm": dict of two frames.

    Parameters
    ----------
    frame : DataFrame, shape (n_cases, ...)
        cohort.parquet.
    visits : DataFrame
    settings : dict
        cohort (as in effect), survival and ambulatory.
    """
    compared = frame[frame["in_arms"].fillna(False).to_numpy(dtype=bool)]
    states = assess_walking(compared, visits, settings["ambulatory"])
    if not states.isin(["walking", "not_walking"]).to_numpy().any():
        states = states.iloc[:, :0]
    entry = entry_status(compared, settings["ambulatory"]["definition"])
    spec = spec_of(settings["survival"], float(settings["cohort"]["landmark_days"]))
    found = {"rates": [], "summary": []}
    for group in _groups(compared):
        of = group.index
        for day in states:
            table = rates(states.loc[of, day], group, entry.loc[of])
            found["rates"].append(table.assign(timepoint_days=float(day)))
        days = compared.loc[of, "survival_days"].to_numpy(dtype=float)
        died = compared.loc[of, "survival_event"].to_numpy(dtype=bool)
        found["summary"].append(summarise_survival(days, died, group, spec))
    return {
        name: stack(parts).assign(analysis="by_broad_arm") if parts else pd.DataFrame()
        for name, parts in found.items()
    }


def _groups(compared):
    """The members of each group that has any, as a category of one level."""
    arm = compared["arm"].astype("string")
    for name, entry in codebook.load("arms")["broad"].items():
        members = compared.index[arm.isin(entry["arms"]).to_numpy(dtype=bool)]
        if len(members):
            yield pd.Series(pd.Categorical([name] * len(members)), index=members)
