"""What surgery truly does against conventional radiotherapy, averaged over those it is asked for.

Deaths are not drawn: given the patient, survival under either treatment is known in closed form, so
that a large population leaves hardly any error of chance.
"""

from dataclasses import dataclass

import numpy as np

from mescc_analytics.synthetic.facts import arms, family
from mescc_analytics.synthetic.neurology import walks
from mescc_analytics.synthetic.survival import DAYS_PER_YEAR, cumulative_hazard, effect, happened
from mescc_analytics.synthetic.treatment import schedule
from mescc_analytics.synthetic.truth import walking_on

STEP_DAYS, FINE_STEP_DAYS, FINE_UNTIL_DAYS = 5.0, 1.0, 40.0
NEWTON_STEPS = 20


def true_contrasts(people, facts, chosen):
    """True contrasts of two groups of arms in a large population, ready for JSON.

    Parameters
    ----------
    people : dict of arrays
        The population with its planned arms, delays and follow-up.
    facts : Facts
    chosen : dict
        ``group`` and ``reference`` (beginnings of the names of arms), ``landmark_days``,
        ``horizon_days``, ``milestone_days`` and ``walking_days`` from the MRI.

    Returns
    -------
    dict
        ``conditional_hazard_ratio`` (for one and the same patient, once both are treated; None
        where the arms of a group differ), and per population ``rmst_difference_days`` (up to the
        horizon), ``survival_difference`` (on the horizon), ``survival_difference_milestone``, and
        ``hazard_ratio`` (the marginal one that a Cox model estimates from start to horizon with
        groups of one size). From the landmark also ``walking_difference``: of the probability to be
        alive and to walk on the day of the assessment. From the MRI also
        ``time_varying_hazard_ratio``: the same with treatment as a covariate from its day on.

    Notes
    -----
    Populations: ``landmark``, everybody treated in one of the groups by the landmark and under
    observation beyond it, counted from there; ``overlap``, the same by how far both treatments
    could have been chosen (weight e(1 - e)); ``time_zero``, everybody under observation at the MRI,
    counted from there, treatment beginning when it would. An arm of a group is mixed as the patient
    would have got it.
    """
    names = chosen["group"], chosen["reference"]
    sides = [side_probability(people, name) for name in names]
    compared, overlap, _ = landmark_population(people, facts, names, chosen["landmark_days"])
    ratio = effect(facts, "survival_effect")
    days = _grid(chosen, chosen["landmark_days"])
    since = [_survivors(people["hazard"], ratio, side, days) for side in sides]
    seen = happened(people, people["mri_day"]).astype(float)
    zero = [_from_mri(people, facts, side, _grid(chosen, 0)) for side in sides]
    walking = [_walks(people, facts, side, chosen) for side in sides]
    found = {"conditional_hazard_ratio": _conditional(facts, chosen)}
    for name, weight in (("landmark", compared.astype(float)), ("overlap", overlap)):
        gap = float(np.average(walking[0] - walking[1], weights=weight))
        found[name] = _contrast(people, facts, (since, weight), chosen)
        found[name]["walking_difference"] = round(gap, 5) + 0.0
    found["time_zero"] = _contrast(people, facts, (zero, seen), chosen)
    found["time_zero"]["time_varying_hazard_ratio"] = _time_varying(people, facts, zero, seen)
    return found


def _belongs(name):
    return np.array([arm.startswith(name) for arm in arms()])


def side_probability(people, name):
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


def landmark_population(people, facts, names, landmark_days):
    """Who is compared at the landmark, with what overlap weight, and the chance of the first side.

    Parameters
    ----------
    people : dict of arrays
    facts : Facts
    names : (str, str)
        Beginnings of the names of the arms of both sides.
    landmark_days : float
        From the MRI.

    Returns
    -------
    compared : array of bool, shape (n_cases,)
    overlap : array, shape (n_cases,)
        e(1 - e), 0 of those not compared.
    e : array, shape (n_cases,)
        Of being at the landmark with the first side, of both.
    """
    end = people["mri_day"] + landmark_days
    treated = happened(people, people["first_day"]) & (people["first_day"] <= end)
    of_sides = [_belongs(name) for name in names]
    planned = np.isin(people["planned"], np.flatnonzero(of_sides[0] | of_sides[1]))
    compared = treated & planned & happened(people, end) & (people["last_contact_day"] > end)
    chance = np.zeros((2, len(end)))
    for row, arms_of_side in enumerate(of_sides):
        for arm in np.flatnonzero(arms_of_side):
            first = schedule(people, np.full(len(end), arm), facts)["first_day"]
            ratio = effect(facts, "survival_effect")[arm]
            reached = np.exp(-cumulative_hazard(end, people["hazard"], first, ratio))
            chance[row] += people["arm_probability"][:, arm] * reached * (first <= end)
    e = np.divide(chance[0], chance.sum(axis=0), out=np.zeros(len(end)), where=chance[0] > 0)
    return compared, compared * e * (1 - e), e


def _grid(chosen, start):
    """Days from the MRI, finer while treatments begin; the milestone is among them."""
    fine = np.arange(start, FINE_UNTIL_DAYS, FINE_STEP_DAYS)
    coarse = np.arange(max(start, FINE_UNTIL_DAYS), chosen["horizon_days"], STEP_DAYS)
    return np.union1d(np.r_[fine, coarse], [chosen["milestone_days"], chosen["horizon_days"]])


@dataclass(frozen=True)
class _Course:
    """One side of the contrast, day by day; arrays of shape (n_days, n_cases).

    Attributes
    ----------
    days : array, shape (n_days,)
    alive, dying : arrays
        Survival, and density of death.
    untreated, dying_untreated : arrays
        The part of them before treatment begins.
    """

    days: np.ndarray
    alive: np.ndarray
    dying: np.ndarray
    untreated: np.ndarray
    dying_untreated: np.ndarray


def _survivors(hazard, ratio, side, days):
    """Course of those treated, from the landmark on."""
    since = (days - days[0])[:, np.newaxis]
    alive, dying, nobody = np.zeros((3, len(days), len(hazard)))
    for arm in np.flatnonzero((side > 0).any(axis=0)):
        part = side[:, arm] * np.exp(-hazard * ratio[arm] * since)
        alive += part
        dying += part * hazard * ratio[arm]
    return _Course(days, alive, dying, nobody, nobody)


def _from_mri(people, facts, side, days):
    """The same from the MRI, with treatment beginning when it would."""
    zero, hazard, day = people["mri_day"], people["hazard"], days[:, np.newaxis]
    sums = np.zeros((4, len(days), len(hazard)))
    for arm in np.flatnonzero((side > 0).any(axis=0)):
        first = schedule(people, np.full(len(hazard), arm), facts)["first_day"] - zero
        ratio = effect(facts, "survival_effect")[arm]
        part = side[:, arm] * np.exp(-cumulative_hazard(day, hazard, first, ratio))
        before = day < first
        dying = part * hazard * np.where(before, 1.0, ratio)
        for total, share in zip(sums, (part, dying, part * before, dying * before), strict=True):
            total += share
    return _Course(days, *sums)


def _walks(people, facts, side, chosen):
    """Probability to be alive and to walk on the day of the assessment, from the landmark."""
    day = people["mri_day"] + chosen["walking_days"]
    length, found = chosen["walking_days"] - chosen["landmark_days"], np.zeros(len(day))
    for arm in np.flatnonzero((side > 0).any(axis=0)):
        plan = np.full(len(day), arm)
        ratio = effect(facts, "survival_effect")[arm]
        alive = np.exp(-people["hazard"] * ratio * length)
        walks_then = walking_on(people, plan, facts, day[:, np.newaxis])[:, 0]
        found += side[:, arm] * alive * walks_then
    return found


def _contrast(people, facts, counted, chosen):
    """Differences and marginal hazard ratio of two courses, averaged by weight."""
    sides, weight = counted
    days, weight = sides[0].days, weight / weight.sum()
    curves = [side.alive @ weight for side in sides]
    gap = curves[0] - curves[1]
    groups = [(side.alive, side.dying) for side in sides]
    milestone = np.searchsorted(days, chosen["milestone_days"])
    return {
        # adding 0 turns the minus zero of a rounded difference into 0
        "rmst_difference_days": round(float(np.trapezoid(gap, days)), 3) + 0.0,
        "survival_difference": round(float(gap[-1]), 5) + 0.0,
        "survival_difference_milestone": round(float(gap[milestone]), 5) + 0.0,
        "hazard_ratio": _marginal_ratios(people, facts, groups, (days, weight))[0],
    }


def _time_varying(people, facts, sides, weight):
    """Of the treated of both sides, with the untreated of both as a third group."""
    treated = [(s.alive - s.untreated, s.dying - s.dying_untreated) for s in sides]
    third = sum(s.untreated for s in sides), sum(s.dying_untreated for s in sides)
    groups, grid = [*treated, third], (sides[0].days, weight / weight.sum())
    ratios = _marginal_ratios(people, facts, groups, grid)
    return round(ratios[0] / ratios[1], 5)


def _marginal_ratios(people, facts, groups, grid):
    """The ratios to the last group at which the expected score of a Cox model is 0.

    groups : sequence of (at risk, density of death), arrays of shape (n_days, n_cases)
    grid : days and weights
    """
    days, weight = grid
    yearly = facts["loss_per_year"] * np.where(
        walks(people["ambulatory_status"]), 1, facts["loss_ratio_not_walking"]
    )
    followed = np.exp(-np.outer(days - days[0], yearly / DAYS_PER_YEAR))
    at_risk, deaths = (
        np.array([(group[which] * followed) @ weight for group in groups]) for which in (0, 1)
    )
    beta = np.zeros(len(groups) - 1)
    for _ in range(NEWTON_STEPS):
        share = np.exp(np.r_[beta, 0.0])[:, np.newaxis] * at_risk
        share = (share / share.sum(axis=0))[:-1]
        died = deaths.sum(axis=0)
        score = np.trapezoid(deaths[:-1] - share * died, days)
        products = share[:, np.newaxis] * (np.eye(len(beta))[:, :, np.newaxis] - share)
        beta = beta + np.linalg.solve(np.trapezoid(products * died, days), score)
    return [round(float(ratio), 5) for ratio in np.exp(beta)]
