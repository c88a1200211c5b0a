"""Who is analysed: criteria as data, a reason per excluded case, and the flow counted from those
reasons.
"""

import numpy as np
import pandas as pd

from mescc_analytics import codebook
from mescc_analytics.codebook.conditions import evaluate
from mescc_analytics.errors import UsageError

FLOW = [
    "criterion",
    "label",
    "applies_to",
    "n_before",
    "n_excluded",
    "n_unknown",
    "n_after",
]
ALL, ARMS = "all analyses", "comparison of arms"


def list_criteria(chosen):
    """Criteria of a run: (id, label, condition) each.

    Parameters
    ----------
    chosen : list
        Ids of eligibility.yaml, or mappings with ``id``, ``label`` and ``when``.

    Raises
    ------
    UsageError
        Names every id that the codebook does not have.
    """
    known = codebook.load("eligibility")["criteria"]
    unknown = [entry for entry in chosen if isinstance(entry, str) and entry not in known]
    if unknown:
        wanted = ", ".join(known)
        raise UsageError(
            "config", [f"cohort.eligibility: '{entry}' is not one of {wanted}" for entry in unknown]
        )
    entries = [{"id": e} | known[e] if isinstance(e, str) else e for e in chosen]
    return [(entry["id"], entry["label"], entry["when"]) for entry in entries]


def apply_criteria(cases, settings):
    """Exclusions of every case and the attrition flow.

    Parameters
    ----------
    cases : DataFrame, shape (n_cases, ...)
        With arm, survival_days, survival_event, first_episode.
    settings : dict
        The cohort section: ``eligibility`` (list), ``landmark_days``.

    Returns
    -------
    (DataFrame, DataFrame)
        Per case: excluded_by (id of the first criterion not met, missing for a case in every
        analysis), in_overall, in_arms. Flow: order, criterion, label, applies_to, n_before,
        n_excluded, n_unknown (could not be judged; they leave too, and are not among n_excluded),
        n_after.
    """
    steps = [
        (name, label, ALL, evaluate(condition, cases, settings))
        for name, label, condition in list_criteria(settings["eligibility"])
    ]
    steps += _landmark_steps(cases, settings["landmark_days"])
    reason = np.full(len(cases), -1)
    rows = [("supplied", "Cases supplied", ALL, len(cases), 0, 0, len(cases))]
    for number, (*words, met) in enumerate(steps):
        inside = reason < 0
        failed = inside & (~met).fillna(False).to_numpy(dtype=bool)
        unknown = inside & met.isna().to_numpy()
        reason[failed | unknown] = number
        rows.append((*words, inside.sum(), failed.sum(), unknown.sum(), (reason < 0).sum()))
    flow = pd.DataFrame(rows, columns=FLOW)
    flow.insert(0, "order", range(len(flow)))
    return _marks(cases.index, reason, steps), flow


def _marks(index, reason, steps):
    names = pd.array([name for name, *_ in steps], dtype="string")
    only_arms = np.array([applies_to == ARMS for _, _, applies_to, _ in steps] + [True])
    return pd.DataFrame(
        {
            "excluded_by": names.take(reason, allow_fill=True),
            "in_overall": pd.array(only_arms[reason], dtype="boolean"),
            "in_arms": pd.array(reason < 0, dtype="boolean"),
        },
        index=index,
    )


def _landmark_steps(cases, landmark_days):
    """The landmark keeps those alive and under observation beyond it: an arm must not be credited
    with surviving to be treated.
    """
    labels = codebook.load("eligibility")["landmark"]
    known = cases["arm"].astype("string").ne("unknown")
    if not known.any():
        return []
    died, past = cases["survival_event"], cases["survival_days"] > landmark_days
    steps = (
        [("alive_at_landmark", ~(died & ~past)), ("followed_to_landmark", past)]
        if landmark_days > 0
        else []
    )
    steps.append(("arm_known", known.astype("boolean")))
    return [
        (name, labels[name].format(landmark_days=f"{landmark_days:g}"), ARMS, met.astype("boolean"))
        for name, met in steps
    ]
