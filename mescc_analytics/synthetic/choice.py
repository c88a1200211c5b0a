"""Which arm is planned: confounding by indication on the logit scale."""

import numpy as np

from mescc_analytics import codebook
from mescc_analytics.synthetic.facts import arms, code, levels
from mescc_analytics.synthetic.neurology import walks

CALIBRATED_ON = 50_000
LONG_SURVIVOR_MONTHS = 6


def plan_arms(people, rng, facts):
    """Planned arm of every case, as code in the order of `arms()`, and the probabilities behind it.

    The intercepts are solved so that the mean probability of each arm is its share in `arm_mix`;
    coefficients are as written in `arm_logit`, times `confounding_scale`.

    Returns
    -------
    dict with `planned` (int8, shape (n_cases,)) and `arm_probability` (shape (n_cases, n_arms))
    """
    scores = _scores(people, facts)
    target = np.array([facts["arm_mix"][arm] for arm in arms()])
    probability = _softmax(scores + _intercepts(scores[:CALIBRATED_ON], target / target.sum()))
    uniform = rng.random((len(scores), 1))
    planned = (uniform > np.cumsum(probability, axis=1)[:, :-1]).sum(axis=1).astype(np.int8)
    return {
        "planned": _topped_up(planned, probability, facts["arm_minimum"]),
        "arm_probability": probability,
    }


def radiosensitivity(people, name):
    """True where the primary tumour is of one class of radiosensitivity."""
    classes = codebook.load("histology")["radiosensitivity"]
    return np.array([classes[level]["class"] == name for level in levels("primary_histology")])[
        people["primary_histology"]
    ]


def high_grade(people):
    """True where the SOSG grade is 2 or 3."""
    return np.array(
        [level in codebook.load("sosg")["high_grade"] for level in levels("sosg_grade")]
    )[people["sosg_grade"]]


def sins_total(people):
    """SINS of the complete items, before anything goes missing."""
    points = codebook.load("sins")["components"]
    return sum(
        np.array([points[item].get(level, 0) for level in levels(item)])[people[item]]
        for item in points
    )


def _features(people):
    sins, grade = sins_total(people), people["sosg_grade"]
    return {
        "sosg_2_3": high_grade(people),
        "sosg_0": grade == code("sosg_grade", "0"),
        "sosg_1b_1c": np.isin(grade, [code("sosg_grade", "1b"), code("sosg_grade", "1c")]),
        "sins_unstable": sins >= 13,
        "sins_indeterminate": (sins >= 7) & (sins <= 12),
        "ecog_3_4": people["ecog"] >= 3,
        "visceral": people["visceral_metastases"] != code("visceral_metastases", "none"),
        "radiosensitive": radiosensitivity(people, "sensitive"),
        "resistant": radiosensitivity(people, "resistant"),
        "age_over_75": people["age_years"] > 75,
        "paraplegic": people["ambulatory_status"] == code("ambulatory_status", "paraplegic"),
        "not_walking": ~walks(people["ambulatory_status"]),
        "long_survivor": people["predicted_survival_months"] > LONG_SURVIVOR_MONTHS,
        "years_from_2020": people["presentation_year"] - 2020,
    }


def _scores(people, facts):
    features, scale = _features(people), facts["confounding_scale"]
    scores = np.zeros((len(people["site"]), len(arms())))
    for prefix, coefficients in facts["arm_logit"].items():
        columns = [position for position, arm in enumerate(arms()) if _belongs(arm, prefix)]
        for name, coefficient in coefficients.items():
            factor = 1 if name == "years_from_2020" else scale
            scores[:, columns] += (factor * coefficient * features[name])[:, None]
    return scores


def _belongs(arm, prefix):
    return arm == prefix or (prefix == "surgery" and arm.startswith("surgery"))


def _intercepts(scores, target, rounds=200):
    intercepts = np.log(target)
    for _ in range(rounds):
        mean = _softmax(scores + intercepts).mean(axis=0)
        step = np.log(target / np.maximum(mean, 1e-12))
        intercepts += step
        if np.abs(step).max() < 1e-4:
            break
    return intercepts


def _softmax(scores):
    weights = np.exp(scores - scores.max(axis=1, keepdims=True))
    return weights / weights.sum(axis=1, keepdims=True)


def _topped_up(planned, probability, minimum):
    """Arms short of the minimum take the likeliest cases from the arm that has most."""
    if len(planned) < minimum["from_n"]:
        return planned
    for arm in range(probability.shape[1]):
        short = minimum["cases"] - (planned == arm).sum()
        if short > 0:
            donors = np.flatnonzero(planned == np.bincount(planned).argmax())
            likeliest = donors[np.argsort(-probability[donors, arm], kind="stable")]
            planned[likeliest[:short]] = arm
    return planned
