"""Death and loss to follow-up; the effect of treatment is known and starts at the treatment."""

import numpy as np

from mescc_analytics.synthetic.draws import up_to_grid
from mescc_analytics.synthetic.facts import arms, code, family
from mescc_analytics.synthetic.neurology import walks

DAYS_PER_MONTH = 30.4375
DAYS_PER_YEAR = 365.25


def hazard_per_day(people, facts):
    """Hazard of death per day without treatment, by primary, visceral spread, ECOG and walking."""
    histology = people["primary_histology"]
    visceral = people["visceral_metastases"] != code("visceral_metastases", "none")
    ratio = facts["hazard_ratio"]
    log_hazard = (
        # centred on the usual share of the primary, so that its published median stays
        np.log(ratio["visceral"])
        * (visceral - facts.by_level("visceral", "primary_histology")[histology])
        + np.log(ratio["not_walking"]) * ~walks(people["ambulatory_status"])
        + np.log(ratio["per_ecog"]) * (people["ecog"] - 2)
        - facts["hazard_centre"]
    )
    medians = facts.by_level("median_survival", "primary_histology")[histology]
    return np.log(2) / (medians * DAYS_PER_MONTH) * np.exp(log_hazard)


def effect(facts, name):
    """Effect of each planned arm, in the order of `arms()`."""
    return np.array([facts[name][family(arm)] for arm in arms()], float)


def cumulative_hazard(days, hazard, first_day, ratio):
    """Hazard up to a day: `hazard` until the first treatment, `hazard * ratio` from then on."""
    return hazard * (np.minimum(days, first_day) + ratio * np.maximum(days - first_day, 0))


def death_day(exposure, hazard, first_day, ratio):
    """Day on which the cumulative hazard reaches `exposure`, a unit exponential draw."""
    untreated = exposure / hazard
    treated = first_day + (exposure - hazard * first_day) / (hazard * ratio)
    return np.where(untreated <= first_day, untreated, treated)


def draw_follow_up(people, rng, facts):
    """What decides about death and loss: `exposure` (unit exponential) and two censoring days."""
    n_cases = len(people["site"])
    rate = facts["loss_per_year"] / DAYS_PER_YEAR
    rate = rate * np.where(walks(people["ambulatory_status"]), 1, facts["loss_ratio_not_walking"])
    since = (facts["data_cutoff"] - people["presentation_year"]) - (
        people["quarter"] - rng.random(n_cases)
    ) / 4
    return {
        "exposure": rng.standard_exponential(n_cases),
        "lost_day": rng.standard_exponential(n_cases) / rate,
        "data_cutoff_day": np.floor(since * DAYS_PER_YEAR),
    }


def follow_up(people, facts):
    """`death` (exact), `last_contact_day` (on the grid) and `died`, under the planned treatment."""
    ratio = effect(facts, "survival_effect")[people["planned"]]
    death = death_day(people["exposure"], people["hazard"], people["first_day"], ratio)
    resolution = facts["time_resolution"]
    death_on_grid = up_to_grid(death, resolution)
    censored = np.minimum(up_to_grid(people["lost_day"], resolution), people["data_cutoff_day"])
    return {
        "death": death,
        "last_contact_day": np.minimum(death_on_grid, censored),
        "died": (death_on_grid <= censored).astype(np.int8),
    }


def happened(people, day):
    """True where a planned day came before death and not after the last contact."""
    return (day < people["death"]) & (day <= people["last_contact_day"])
