"""What surgery truly does against conventional radiotherapy, averaged over those it is asked for.

Deaths are not drawn: given the patient, survival under either treatment is known in closed form, so
that a large population leaves hardly any error of chance.
"""

import numpy as np

from mescc_analytics.synthetic.facts import arms, family
from mescc_analytics.synthetic.neurology import walks
from mescc_analytics.synthetic.survival import DAYS_PER_YEAR, cumulative_hazard, effect, happened
from mescc_analytics.synthetic.treatment import schedule

STEP_DAYS = 5.0


def true_contrasts(people, facts, chosen):
    """True contrasts of two groups of arms in a large population, ready for JSON.

    Parameters
    ----------
    people : dict of arrays
        The population with its planned arms, delays and follow-up.
    facts : Facts
    chosen : dict
        ``group`` and ``reference`` (beginnings of the names of arms), ``landmark_days`` and
        ``horizon_days`` from the MRI.

    Returns
    -------
    dict
        ``conditional_hazard_ratio`` (for one and the same patient, once both are treated; None
        where the arms of a group differ), and per population ``rmst_difference_days`` (up to the
        horizon), ``survival_difference`` (on the horizon) and ``hazard_ratio`` (the marginal one
        that a Cox model estimates from start to horizon with groups of one size).

    Notes
    -----
    Populations: ``landmark``, everybody treated in one of the groups by the landmark and under
    observation beyond it, counted from there; ``overlap``, the same by how far both treatments
    could have been chosen (weight e(1 - e)); ``time_zero``, everybody under observation at the MRI,
    counted from there, treatment beginning when it would. An arm of a group is mixed as the patient
    would have got it.
    """
    sides = [_side(people, name) for name in (chosen["group"], chosen["reference"])]
    compared, overlap = _landmark(people, facts, sides, chosen["landmark_days"])
    length = chosen["horizon_days"] - chosen["landmark_days"]
    ratio = effect(facts, "survival_effect")
    since = [_survivors(people["hazard"], ratio, side, length) for side in sides]
    seen = happened(people, people["mri_day"])
    zero = [_from_mri(people, facts, side, chosen["horizon_days"]) for side in sides]
    return {
        "conditional_hazard_ratio": _conditional(facts, chosen),
        "landmark": _contrast(people, facts, since, compared.astype(float)),
        "overlap": _contrast(people, facts, since, overlap),
        "time_zero": _contrast(people, facts, zero, seen.astype(float)),
    }


def _belongs(name):
    return np.array([arm.startswith(name) for arm in arms()])


def _side(people, name):
    """Probability of each arm of a group, given the group; shape (n_cases, n_arms)."""
    share = people["arm_probability"] * _belongs(name)
    return share / share.sum(axis=1, keepdims=True)


def _conditional(facts, chosen):
    ratios = [
        {facts["survival_effect"][family(arm)] for arm in arms() if arm.startswith(chosen[side])}
        for side in ("group", "reference")
    ]
    if any(len(found) > 1 for found in ratios):
        return None
    return round(float(ratios[0].pop() / ratios[1].pop()), 6)


def _landmark(people, facts, sides, landmark_days):
    """Who is compared at the landmark, and with what overlap weight."""
    end = people["mri_day"] + landmark_days
    treated = happened(people, people["first_day"]) & (people["first_day"] <= end)
    planned = np.isin(people["planned"], np.flatnonzero((sides[0] + sides[1]).any(axis=0)))
    compared = treated & planned & happened(people, end) & (people["last_contact_day"] > end)
    chance = np.zeros((2, len(end)))
    for row, side in enumerate(sides):
        probability = people["arm_probability"] * (side > 0).any(axis=0)
        for arm in np.flatnonzero((side > 0).any(axis=0)):
            first = schedule(people, np.full(len(end), arm), facts)["first_day"]
            ratio = effect(facts, "survival_effect")[arm]
            reached = np.exp(-cumulative_hazard(end, people["hazard"], first, ratio))
            chance[row] += probability[:, arm] * reached * (first <= end)
    e = np.divide(chance[0], chance.sum(axis=0), out=np.zeros(len(end)), where=chance[0] > 0)
    return compared, compared * e * (1 - e)


def _grid(length):
    return np.linspace(0.0, length, int(round(length / STEP_DAYS)) + 1)


def _survivors(hazard, ratio, side, length):
    """Survival from a day after treatment and density of death; shapes (n_days, n_cases)."""
    days = _grid(length)[:, np.newaxis]
    alive, dying = np.zeros((2, len(days), len(hazard)))
    for arm in np.flatnonzero((side > 0).any(axis=0)):
        part = side[:, arm] * np.exp(-hazard * ratio[arm] * days)
        alive += part
        dying += part * hazard * ratio[arm]
    return days[:, 0], alive, dying


def _from_mri(people, facts, side, length):
    """The same from the MRI, with treatment beginning when it would."""
    days, zero, hazard = _grid(length)[:, np.newaxis], people["mri_day"], people["hazard"]
    alive, dying = np.zeros((2, len(days), len(hazard)))
    for arm in np.flatnonzero((side > 0).any(axis=0)):
        first = schedule(people, np.full(len(hazard), arm), facts)["first_day"] - zero
        ratio = effect(facts, "survival_effect")[arm]
        part = side[:, arm] * np.exp(-cumulative_hazard(days, hazard, first, ratio))
        alive += part
        dying += part * hazard * np.where(days < first, 1.0, ratio)
    return days[:, 0], alive, dying


def _contrast(people, facts, sides, weight):
    weight = weight / weight.sum()
    (days, group, _), (_, reference, _) = sides
    curves = group @ weight, reference @ weight
    gap = curves[0] - curves[1]
    return {
        # adding 0 turns the minus zero of a rounded difference into 0
        "rmst_difference_days": round(float(np.trapezoid(gap, days)), 3) + 0.0,
        "survival_difference": round(float(gap[-1]), 5) + 0.0,
        "hazard_ratio": round(_marginal_ratio(people, facts, sides, weight), 5),
    }


def _marginal_ratio(people, facts, sides, weight):
    """The ratio at which the expected score of a Cox model of the two groups is 0."""
    yearly = facts["loss_per_year"] * np.where(
        walks(people["ambulatory_status"]), 1, facts["loss_ratio_not_walking"]
    )
    days = sides[0][0]
    followed = np.exp(-np.outer(days, yearly / DAYS_PER_YEAR))
    at_risk = [(alive * followed) @ weight for _, alive, _ in sides]
    deaths = [(dying * followed) @ weight for *_, dying in sides]
    low, high = -5.0, 5.0
    while high - low > 1e-9:
        middle = (low + high) / 2
        share = np.exp(middle) * at_risk[0]
        score = deaths[0] - share / (share + at_risk[1]) * (deaths[0] + deaths[1])
        low, high = (middle, high) if np.trapezoid(score, days) > 0 else (low, middle)
    return float(np.exp(low))
