"""What stands beside the times of the cases, as configured: delayed entry, clusters and strata,
and the choices of the curves.
"""

import numpy as np

from mescc_analytics.stats.survival import SurvivalSpec

NOT_RECORDED = "not recorded"
CLUSTER_COLUMNS = {"patient": "patient_id", "site": "site"}
# a cluster-robust variance from a handful of clusters is far too small: of one cluster it is 0
LEAST_CLUSTERS = 10


def entry_of(cases, chosen):
    """Day of entry of every case, from time zero.

    Parameters
    ----------
    cases : DataFrame, shape (n_cases, ...)
        With time_zero_day and survival_days.
    chosen : dict
        Section survival: ``entry`` ("none", or the column with the day).

    Returns
    -------
    entry : array of float, shape (n_cases,), or None
        None where nobody enters late by the config; -inf for who is there from time zero on.
    entered : array of bool, shape (n_cases,)
        Whether the day is known and lies before the last of the case: the others are never seen at
        risk.
    reason : str
        Why entry cannot be assessed, or "".
    """
    column, everybody = chosen.get("entry", "none"), np.ones(len(cases), bool)
    if column == "none":
        return None, everybody, ""
    if column not in cases or not cases[column].notna().any():
        return None, everybody, f"needs {column}"
    day = (cases[column].astype("Float64") - cases["time_zero_day"]).to_numpy(
        dtype=float, na_value=np.nan
    )
    last = cases["survival_days"].to_numpy(dtype=float, na_value=np.nan)
    day = np.where(day <= 0, -np.inf, day)
    entered = day < last
    reason = "" if entered.any() or not len(cases) else "no case is followed after it entered"
    return day, entered, reason


def labels_of(cases, which):
    """Cluster or stratum of every case.

    Parameters
    ----------
    cases : DataFrame, shape (n_cases, ...)
    which : {"none", "patient", "site"}

    Returns
    -------
    labels : array of text, shape (n_cases,), or None
        Cases without a site share one; a case without a patient is a patient of its own.
    reason : str
        Why there are none although the config asks for them, or "".
    """
    if which == "none":
        return None, ""
    column = CLUSTER_COLUMNS[which]
    known = column in cases and cases[column].notna().any()
    if not known and which == "site":
        return None, f"needs {column}"
    if not known:
        return cases["case_id"].astype("string").to_numpy(dtype=object), ""
    own = cases["case_id"].astype("string") if which == "patient" else NOT_RECORDED
    return cases[column].astype("string").fillna(own).to_numpy(dtype=object), ""


def clusters_of(cases, which):
    """Cluster of every case, as `labels_of`; none where there are too few of them."""
    labels, reason = labels_of(cases, which)
    n = 0 if labels is None else len(set(labels))
    if labels is None or n >= LEAST_CLUSTERS or not n:
        return labels, reason
    return None, f"too few clusters: {n}, wanted at least {LEAST_CLUSTERS}"


def declared(cases, chosen):
    """Clusters and strata of a model as `stats.hazards.Beside` takes them, and how they are named.

    Returns
    -------
    arrays : dict
        cluster and strata, each an array or None.
    words : dict of str to str
        The same as stated in the results: "none", "patient", "site", or why there are none.
    """
    arrays, words = {}, {}
    for role, found in (("cluster", clusters_of), ("strata", labels_of)):
        which = chosen.get(role, "none")
        labels, reason = found(cases, which)
        arrays[role] = labels
        words[role] = f"none: {reason}" if reason else which
    return arrays, words


def spec_of(chosen, start):
    """The choices of the step survival as its estimators take them; curves start on day `start`."""
    return SurvivalSpec(
        start_days=start,
        level=chosen["confidence_level"],
        interval=chosen["interval"],
        milestones_days=tuple(chosen["milestones_days"]),
        horizon_days=chosen["horizon_days"],
    )
