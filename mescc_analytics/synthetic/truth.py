"""What is true in a synthetic cohort, free of chance, censoring and missing values."""

import numpy as np

from mescc_analytics.synthetic.facts import arms, family
from mescc_analytics.synthetic.neurology import walks
from mescc_analytics.synthetic.outcomes import walking_probability
from mescc_analytics.synthetic.records import TIMEPOINTS_DAYS
from mescc_analytics.synthetic.survival import DAYS_PER_YEAR, cumulative_hazard, effect, happened
from mescc_analytics.synthetic.treatment import schedule


def truth_of(people, facts, scenario):
    """The known truth as plain numbers, ready for JSON.

    Returns
    -------
    dict
        ``hazard_ratio`` and ``walking_log_odds`` of each arm (from its first treatment on);
        expected survival from day 0 at 30, 90, 180 and 365 days among those planned for an arm
        (``survival_planned``) and if everybody had been planned for it (``survival_if_all``);
        expected share of walkers among the living, by walking at entry (``walking_if_all``);
        cases by planned arm, and how many of them got the whole of it.
    """
    last = np.fmax(people["first_day"], people["second_day"])
    complete = happened(people, last)
    return {
        "scenario": scenario,
        "n_cases": len(people["site"]),
        "timepoints_days": list(TIMEPOINTS_DAYS),
        "confounding_scale": float(facts["confounding_scale"]),
        "hazard_ratio": {arm: float(facts["survival_effect"][family(arm)]) for arm in arms()},
        "walking_log_odds": {arm: float(facts["walking_effect"][family(arm)]) for arm in arms()},
        "survival_planned": _survival_planned(people, facts),
        "survival_if_all": _by_arm(_survival_if_all, people, facts),
        "walking_if_all": _by_arm(_walking_if_all, people, facts),
        "n_planned": _counts(people["planned"]),
        "n_treated_as_planned": _counts(people["planned"][complete]),
        "n_died_before_first_treatment": _counts(
            people["planned"][people["death"] <= people["first_day"]]
        ),
    }


def expected_survival(people, planned, facts):
    """Probability of being alive at each timepoint under a plan; shape (n_cases, n_timepoints)."""
    first_day = schedule(people, planned, facts)["first_day"]
    ratio = effect(facts, "survival_effect")[planned]
    return np.stack(
        [
            np.exp(-cumulative_hazard(day, people["hazard"], first_day, ratio))
            for day in TIMEPOINTS_DAYS
        ],
        axis=1,
    )


def expected_walking(people, planned, facts):
    """Probability of walking while alive, under a plan; shape (n_cases, n_timepoints)."""
    return walking_on(people, planned, facts, np.array(TIMEPOINTS_DAYS))


def walking_on(people, planned, facts, day):
    """The same on given days, which broadcast with a column of cases."""
    response = schedule(people, planned, facts)["first_day"] + facts["walking_response_days"]
    after = walking_probability(people, planned, facts)
    yearly = facts["walking_loss_per_year"] / DAYS_PER_YEAR
    entry = walks(people["ambulatory_status"]).astype(float)
    since = day - response[:, None]
    treated = after[:, None] * np.exp(-yearly * np.maximum(since, 0))
    return np.where(since < 0, entry[:, None], treated)


def _survival_planned(people, facts):
    alive = expected_survival(people, people["planned"], facts)
    chosen = {arm: people["planned"] == position for position, arm in enumerate(arms())}
    return {arm: _mean(alive[rows]) for arm, rows in chosen.items()}


def _survival_if_all(people, arm, facts):
    return _mean(expected_survival(people, np.full(len(people["site"]), arm), facts))


def _walking_if_all(people, arm, facts):
    plan = np.full(len(people["site"]), arm)
    alive, walking = expected_survival(people, plan, facts), expected_walking(people, plan, facts)
    entry = walks(people["ambulatory_status"])
    groups = {"all": np.ones_like(entry), "ambulatory": entry, "non_ambulatory": ~entry}
    return {name: _mean(walking[rows], alive[rows]) for name, rows in groups.items()}


def _by_arm(function, people, facts):
    return {arm: function(people, position, facts) for position, arm in enumerate(arms())}


def _counts(codes):
    counts = np.bincount(codes, minlength=len(arms()))
    return {arm: int(n) for arm, n in zip(arms(), counts, strict=True)}


def _mean(values, weights=None):
    """Column means as plain numbers; None where there are no cases."""
    if not len(values):
        return None
    return [round(float(mean), 6) for mean in np.average(values, axis=0, weights=weights)]
