"""Neurology and fitness at presentation, linked to the compression and not to the instability."""

import numpy as np
from scipy.special import ndtri

from mescc_analytics.synthetic.draws import chance, log_normal, logistic, pick
from mescc_analytics.synthetic.facts import code, levels

AIS_FROM_BEST = ("E", "D", "C", "B", "A")


def neurology(people, rng, facts):
    """Neurological columns that agree: grade E has full power, grade A does not walk."""
    ais = _ais(people["sosg_grade"], rng, facts)
    by_grade = facts.rows("walking_by_ais", "ais")
    rows = [[row[level] for level in levels("ambulatory_status")] for row in by_grade]
    walking = pick(rng, rows, ais)
    paraplegic = walking == code("ambulatory_status", "paraplegic")
    hours = np.ceil(log_normal(rng, facts["paraplegia_hours"], len(ais)))
    return {
        "ais": ais,
        "ambulatory_status": walking,
        "paraplegia_hours": np.where(paraplegic, hours, np.nan),
        **_power(ais, walking, rng, facts),
        **_signs(people, ais, walking, rng, facts),
    }


def _power(ais, walking, rng, facts):
    drawn = pick(rng, facts.rows("power_by_walking", "ambulatory_status"), walking)
    # no motor function below the lesion in grades A and B
    complete = np.isin(ais, [code("ais", "A"), code("ais", "B")])
    power = np.where(complete, 0, np.where(ais == code("ais", "E"), 5, drawn))
    return {"weakness": (power < 5).astype(np.int8), "motor_power_min": power.astype(float)}


def walks(status):
    """True where a code of `ambulatory_status` is walking, with or without aid."""
    return status <= code("ambulatory_status", "aided")


def fitness(people, rng, facts):
    """ECOG and KPS that agree, laboratory values, the clinician's judgement of operability."""
    ecog = pick(
        rng, facts.rows("ecog_by_walking", "ambulatory_status"), people["ambulatory_status"]
    )
    pairs = np.array(facts["kps_by_ecog"])
    n_cases = len(ecog)
    visceral = people["visceral_metastases"] != code("visceral_metastases", "none")
    age_over_75 = people["age_years"] > 75
    per = facts["operable"]
    odds = per["start"] + per["per_ecog_above_1"] * np.maximum(ecog - 1.0, 0)
    odds += per["visceral"] * visceral + per["age_over_75"] * age_over_75
    return {
        "ecog": ecog.astype(float),
        "kps": pairs[ecog, rng.integers(0, 2, n_cases)].astype(float),
        "operable": chance(rng, logistic(odds)).astype(np.int8),
        **{name: _laboratory(entry, ecog, rng) for name, entry in facts["laboratory"].items()},
    }


def _ais(sosg, rng, facts):
    scores = _normal_scores(facts)[sosg]
    link = facts["ais_sosg_correlation"]
    latent = link * scores + np.sqrt(1 - link**2) * rng.standard_normal(len(sosg))
    shares = np.array([facts["ais_mix"][grade] for grade in AIS_FROM_BEST])
    from_best = np.searchsorted(ndtri(np.cumsum(shares)[:-1]), latent)
    return np.array([code("ais", grade) for grade in AIS_FROM_BEST], np.int8)[from_best]


def _normal_scores(facts):
    """A normal score per SOSG grade, with mean 0 and variance 1 over the expected mix of grades."""
    weights = np.array(list(facts["severity_weight"].values()))
    rows = [
        [row[level] for level in levels("sosg_grade")] for row in facts["sosg_by_severity"].values()
    ]
    mix = weights @ np.array(rows)
    mix /= mix.sum()
    scores = ndtri(np.cumsum(mix) - mix / 2)
    centred = scores - mix @ scores
    return centred / np.sqrt(mix @ centred**2)


def _signs(people, ais, walking, rng, facts):
    n_cases = len(ais)
    pain = people["sins_pain"] != code("sins_pain", "none")
    sensory, sphincter = (
        facts.by_level("sensory_by_ais", "ais"),
        facts.by_level("sphincter_by_walking", "ambulatory_status"),
    )
    rapid = np.where(
        walks(walking),
        facts["rapid_deterioration"]["walking"],
        facts["rapid_deterioration"]["not_walking"],
    )
    return {
        "back_pain": pain.astype(np.int8),
        "radicular_pain": (rng.random(n_cases) < facts["radicular_pain"]).astype(np.int8),
        "sensory_deficit": chance(rng, sensory[ais]).astype(np.int8),
        "sphincter_dysfunction": chance(rng, sphincter[walking]).astype(np.int8),
        "rapid_deterioration": (chance(rng, rapid) & (ais != code("ais", "E"))).astype(np.int8),
    }


def _laboratory(entry, ecog, rng):
    shift = entry["per_ecog"] * (ecog - 2) + entry["spread"] * rng.standard_normal(len(ecog))
    value = entry["centre"] * np.exp(shift) if entry["log"] else entry["centre"] + shift
    return np.round(np.clip(value, entry["min"], entry["max"]), entry["decimals"])
