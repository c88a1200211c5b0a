"""Walking over time, local failure and other outcomes after treatment."""

import numpy as np

from mescc_analytics.synthetic.choice import high_grade, radiosensitivity
from mescc_analytics.synthetic.draws import chance, logistic, up_to_grid
from mescc_analytics.synthetic.facts import code, levels
from mescc_analytics.synthetic.survival import DAYS_PER_YEAR, effect


def walking_probability(people, planned, facts):
    """Probability of walking once treatment has had its effect, under a plan; shape (n_cases,)."""
    odds = facts["walking_after"]
    log_odds = (
        facts.by_level("walking_after", "ambulatory_status")[people["ambulatory_status"]]
        + odds["sosg_2_3"] * high_grade(people)
        + odds["radiosensitive"] * radiosensitivity(people, "sensitive")
        + effect(facts, "walking_effect")[planned]
    )
    return logistic(log_odds)


def walking(people, rng, facts):
    """What a case's walking does: days on which it changes and the levels before and after."""
    entry, n_cases = people["ambulatory_status"], len(people["site"])
    walks_after = chance(rng, walking_probability(people, people["planned"], facts))
    response = people["first_day"] + facts["walking_response_days"]
    lost = rng.standard_exponential(n_cases) / facts["walking_loss_per_year"] * DAYS_PER_YEAR
    unaided = chance(rng, facts.by_level("unaided_after", "ambulatory_status")[entry])
    paraplegic = chance(rng, facts.by_level("paraplegic_after", "ambulatory_status")[entry])
    return {
        "response_day": response,
        "walking_until": np.where(walks_after, response + lost, response),
        "walker_level": np.where(unaided, *_codes("unaided", "aided")).astype(np.int8),
        "non_walker_level": np.where(paraplegic, *_codes("paraplegic", "non_ambulatory")).astype(
            np.int8
        ),
    }


def status_at(people, day):
    """Code of `ambulatory_status` on a day, a scalar or an array with one row per case."""

    def column(name):
        return people[name].reshape(-1, *[1] * (np.ndim(day) - 1))

    after = np.where(
        day < column("walking_until"), column("walker_level"), column("non_walker_level")
    )
    return np.where(day < column("response_day"), column("ambulatory_status"), after).astype(
        np.int8
    )


def events(people, rng, facts):
    """Local failure, fracture, myelopathy, complications, pain flare before the last contact."""
    irradiated, operated = ~np.isnan(people["rt_start_day"]), ~np.isnan(people["surgery_day"])
    sbrt = people["rt_technique"] == code("rt_technique", "sbrt")
    start = np.where(irradiated, people["rt_start_day"], people["first_day"])
    flare, complication = facts["pain_flare"], facts["complication"]
    flared = chance(rng, np.where(sbrt, flare["sbrt"], flare["cebrt"]))
    complicated = chance(rng, np.where(operated, complication["surgery"], complication["other"]))
    per_year = _event_rates(people, sbrt, irradiated, rng, facts)
    return {
        **{name: _event_day(people, start, rate, rng, facts) for name, rate in per_year.items()},
        "pain_flare": np.where(irradiated, flared, -1).astype(np.int8),
        "complication_30d": complicated.astype(np.int8),
    }


def _event_rates(people, sbrt, irradiated, rng, facts):
    local, fracture = facts["local_failure_per_year"], facts["fracture_per_year"]
    myelopathy = facts["myelopathy"]
    repeated = irradiated & (people["prior_rt_same_level"] == 1)
    affected = chance(rng, myelopathy["sbrt"] * sbrt + myelopathy["repeated"] * repeated)
    without_sbrt = np.where(irradiated, local["cebrt"], local["none"])
    return {
        "local_failure_day": np.where(sbrt, local["sbrt"], without_sbrt),
        "vertebral_fracture_day": np.where(sbrt, fracture["sbrt"], fracture["other"]),
        "myelopathy_day": affected * DAYS_PER_YEAR / myelopathy["mean_days"],
    }


def _codes(*names):
    return tuple(code("ambulatory_status", name) for name in names)


def _event_day(people, start, rate_per_year, rng, facts):
    wait = rng.standard_exponential(len(start)) * DAYS_PER_YEAR
    # a rate of 0 means never
    never = rate_per_year == 0
    day = up_to_grid(start + wait / np.where(never, 1, rate_per_year), facts["time_resolution"])
    return np.where(never | (day >= people["last_contact_day"]), np.nan, day)


def ais_of(people, status):
    """AIS grade that agrees with a walking status at follow-up; shapes as in `status_at`."""
    entry = people["ais"].reshape(-1, *[1] * (np.ndim(status) - 1))
    grades = {grade: code("ais", grade) for grade in levels("ais")}
    by_status = np.select(
        [status == position for position in _codes("unaided", "aided", "non_ambulatory")],
        [np.where(entry == grades["E"], grades["E"], grades["D"]), grades["D"], grades["C"]],
        np.where(entry == grades["A"], grades["A"], grades["B"]),
    )
    return by_status.astype(np.int8)
