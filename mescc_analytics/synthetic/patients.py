"""Who presents: site, calendar time, primary tumour, age, sex, extent of disease."""

import numpy as np

from mescc_analytics.synthetic.draws import chance, log_normal, more, pick, pick_one
from mescc_analytics.synthetic.facts import code, levels

VISCERAL = ("none", "removable", "unremovable")


def patients(n_cases, rng, facts):
    """Patient columns as arrays of shape (n_cases,)."""
    people = _administration(n_cases, rng, facts)
    people["primary_histology"] = pick(rng, _histology_by_site(facts), people["site"])
    people |= _age_and_sex(people, rng, facts)
    people |= _history(people, rng, facts)
    people |= _spread(people, rng, facts)
    return people


def _administration(n_cases, rng, facts):
    first, last = facts["years"]
    return {
        "site": pick_one(rng, list(facts["sites"].values()), n_cases),
        "presentation_year": rng.integers(first, last + 1, n_cases),
        "quarter": rng.integers(1, 5, n_cases),
    }


def _histology_by_site(facts):
    mix, factors = facts["histology_mix"], facts["site_histology_factor"]
    return [
        [mix[level] * factors.get(site, {}).get(level, 1) for level in levels("primary_histology")]
        for site in facts["sites"]
    ]


def _age_and_sex(people, rng, facts):
    histology, age = people["primary_histology"], facts["age"]
    centre = facts["age_mean"]
    centres = np.array(
        [centre.get(level, age["mean"]) for level in levels("primary_histology")], float
    )
    years = centres[histology] + age["sd"] * rng.standard_normal(len(histology))
    # reflection at the limits keeps the shape of a truncated normal without drawing again
    years = np.where(years < age["min"], 2 * age["min"] - years, years)
    years = np.where(years > age["max"], 2 * age["max"] - years, years)
    male = chance(rng, facts.by_level("male", "primary_histology")[histology])
    return {
        "age_years": np.clip(np.floor(years), age["min"], age["cap"]),
        "sex": np.where(male, code("sex", "male"), code("sex", "female")).astype(np.int8),
    }


def _history(people, rng, facts):
    n_cases = len(people["site"])
    known = chance(
        rng, facts.by_level("cancer_known", "primary_histology")[people["primary_histology"]]
    )
    months = np.round(log_normal(rng, facts["months_since_diagnosis"], n_cases))
    prior_rt = known & (rng.random(n_cases) < facts["prior_rt_same_level"])
    return {
        "cancer_known": known.astype(np.int8),
        "months_since_cancer_diagnosis": np.where(known, months, np.nan),
        "prior_rt_same_level": prior_rt.astype(np.int8),
        "prior_systemic_therapy": (known & (rng.random(n_cases) < facts["prior_systemic"])).astype(
            np.int8
        ),
    }


def _spread(people, rng, facts):
    histology = people["primary_histology"]
    n_cases = len(histology)
    visceral = chance(rng, facts.by_level("visceral", "primary_histology")[histology])
    removable = rng.random(n_cases) < facts["visceral_removable"]
    none, some, rest = (code("visceral_metastases", level) for level in VISCERAL)
    brain = chance(rng, facts.by_level("brain", "primary_histology")[histology])
    bone = facts["extraspinal_bone"]
    any_bone = rng.random(n_cases) < bone["any"]
    spread = np.where(visceral, np.where(removable, some, rest), none)
    return {
        "visceral_metastases": spread.astype(np.int8),
        "brain_metastases": brain.astype(np.int8),
        "extraspinal_bone_metastases": any_bone * (1 + more(rng, bone["mean_more"], n_cases)),
        "vertebral_metastases": _vertebral(n_cases, rng, facts),
    }


def _vertebral(n_cases, rng, facts):
    vertebral = facts["vertebral_metastases"]
    shares = [vertebral["one"], vertebral["two"]]
    count = 1 + pick_one(rng, [*shares, 1 - sum(shares)], n_cases)
    further = more(rng, vertebral["mean_more"], n_cases)
    return np.minimum(count + np.where(count == 3, further, 0), 20)
