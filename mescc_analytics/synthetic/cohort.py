"""The whole cohort, from the first draw to the three tables and the truth."""

from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd

from mescc_analytics import codebook
from mescc_analytics.errors import UsageError
from mescc_analytics.synthetic import records
from mescc_analytics.synthetic.audit_items import audit_items
from mescc_analytics.synthetic.choice import plan_arms
from mescc_analytics.synthetic.contrast import true_contrasts
from mescc_analytics.synthetic.facts import code, facts_of
from mescc_analytics.synthetic.neurology import fitness, neurology
from mescc_analytics.synthetic.outcomes import events, walking
from mescc_analytics.synthetic.patients import patients
from mescc_analytics.synthetic.rereading import second_reading, truth_of_second
from mescc_analytics.synthetic.spine import further_lesions, settle_collapse, spine
from mescc_analytics.synthetic.survival import DAYS_PER_MONTH, draw_follow_up, hazard_per_day
from mescc_analytics.synthetic.treatment import carry_out, clocks, treatments, work_up
from mescc_analytics.synthetic.truth import truth_of


@dataclass(frozen=True)
class Synthetic:
    """A synthetic cohort: the three input tables, and what is true in it (ready for JSON)."""

    cases: pd.DataFrame
    visits: pd.DataFrame
    lesions: pd.DataFrame
    truth: dict


def synthesise(n_cases, rng, scenario="realistic"):
    """A cohort of made-up cases with realistic dependence, and a known effect of treatment.

    Arms are chosen by indication, treatment starts some days after the decision, whoever dies or is
    lost before it does not get it, and the effect on the hazard of death starts with the treatment.
    From 100 cases on, at least three cases of every arm get their planned treatment: an arm that
    would have fewer takes the likeliest cases of the commonest arm, and where fewer than three of
    an arm live to be treated, the first three are drawn given that they do.

    Parameters
    ----------
    n_cases : int, at least 1
    rng : numpy.random.Generator
        The same generator state gives the same cohort.
    scenario : str
        One of `scenarios()`: realistic, null, surgery_helps, strong_confounding,
        immortal_time_only, informative_missingness.

    Returns
    -------
    Synthetic
        Frames with the columns, units and levels of the case table; days count from presentation.

    Raises
    ------
    UsageError
        If there is no such scenario, or no case is asked for.

    References
    ----------
    Every anchor with its source: ``codebook/synthetic.yaml``.

    Examples
    --------
    >>> cohort = synthesise(200, np.random.default_rng(1))
    >>> len(cohort.cases), cohort.truth["scenario"], cohort.truth["hazard_ratio"]["sbrt"]
    (200, 'realistic', 0.85)
    """
    if n_cases < 1:
        raise UsageError("synthesise", [f"{n_cases} cases were asked for; at least 1 is needed"])
    facts = facts_of(scenario)
    people = population(n_cases, rng, facts)
    # before the clocks lose the days that nobody lived to see
    truth = truth_of(people, facts, scenario)
    # a stream of its own leaves every other draw as it would be without it
    second = second_reading(people, rng.spawn(1)[0], facts)
    truth |= {"second_reading": truth_of_second(facts, second)} | contrast_of(scenario)
    further = further_lesions(people, rng, facts)
    people["compression_sites"] = 1 + _compressing(further, n_cases)
    people |= work_up(people, rng, facts)
    people |= walking(people, rng, facts) | events(people, rng, facts)
    flat, wide = records.visits(people, rng, facts)
    people |= wide | {"last_imaging_day": records.last_imaging(people, flat)}
    asked = audit_items(people, rng.spawn(1)[0], facts)
    cases = _cases(people, rng, facts, second | asked)
    flat["case_id"] = cases["case_id"].to_numpy(object)[flat["case"]]
    lesions = records.lesions(cases, further, rng)
    return Synthetic(cases, records.frame(flat, "visits"), lesions, truth)


@cache
def contrast_of(scenario):
    """True contrast of surgery and conventional radiotherapy, as an entry of the truth.

    It holds for the population from which cohorts of the scenario are drawn, so it is the same for
    every seed. Empty for a scenario that is not made to judge methods by.
    """
    content = codebook.load("synthetic")
    if not content["scenarios"][scenario].get("contrast"):
        return {}
    chosen, facts = content["contrast"], facts_of(scenario)
    rng = np.random.default_rng(chosen["seed"])
    people = population(chosen["population"], rng, facts)
    return {"contrast": dict(chosen) | true_contrasts(people, facts, chosen)}


def population(n_cases, rng, facts):
    """Made-up people with their plan, treatment and follow-up, as nobody could record them.

    Parameters
    ----------
    n_cases : int
    rng : numpy.random.Generator
    facts : Facts

    Returns
    -------
    dict of str to array
        Codes, days from presentation, and what lies behind them (hazards, delays, probabilities of
        the arms).
    """
    return _treated(_presented(n_cases, rng, facts), rng, facts)


def _presented(n_cases, rng, facts):
    people = patients(n_cases, rng, facts)
    people |= spine(people, rng, facts)
    people |= settle_collapse(people, rng, facts)
    people |= neurology(people, rng, facts)
    people |= fitness(people, rng, facts)
    people["hazard"] = hazard_per_day(people, facts)
    error = np.exp(facts["predicted_survival_log_sd"] * rng.standard_normal(n_cases))
    months = error / (people["hazard"] * DAYS_PER_MONTH)
    # clinicians give half months at most, and nothing beyond ten years
    people["predicted_survival_months"] = np.clip(np.round(2 * months) / 2, 0.5, 120)
    return people


def _treated(people, rng, facts):
    people |= plan_arms(people, rng, facts)
    people |= clocks(people, rng, facts)
    people |= draw_follow_up(people, rng, facts)
    people = carry_out(people, facts)
    return people | treatments(people, rng, facts)


def _compressing(further, n_cases):
    deformed = further["sosg_grade"] >= code("sosg_grade", "1b")
    return np.bincount(further["case"][deformed], minlength=n_cases)


def _cases(people, rng, facts, further):
    written = records.with_gaps(people, rng, facts)
    sites = np.array(list(facts["sites"]), object)
    return records.frame(
        written
        | further
        | {
            "case_id": records.case_ids(len(people["site"])),
            "site": sites[people["site"]],
            "presentation_quarter": records.quarters(people),
        }
    )
