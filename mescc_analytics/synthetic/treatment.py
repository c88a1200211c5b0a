"""The clocks from symptom to treatment, the treatment itself, and what of the plan came to pass."""

import numpy as np

from mescc_analytics.synthetic.choice import high_grade, sins_total
from mescc_analytics.synthetic.draws import log_normal, more, on_grid, pick, pick_one
from mescc_analytics.synthetic.facts import arms, code, levels
from mescc_analytics.synthetic.survival import cumulative_hazard, effect, follow_up, happened


def clocks(people, rng, facts):
    """Days up to the decision, and the standard normal draws behind the delays."""
    n_cases = len(people["site"])
    fraction = rng.random((4, n_cases)) * (facts["time_resolution"] == "hour")
    mri = _mri_day(n_cases, rng, facts) + 0.9 * fraction[0]
    diagnosis = mri + 0.1 * fraction[1] + 0.5 * rng.integers(0, 2, n_cases)
    if facts["time_resolution"] == "day":
        diagnosis = np.ceil(diagnosis)
    wait = pick_one(rng, [0.5, 0.35, 0.15], n_cases)
    columns = {
        **_onset(people, rng, facts),
        "steroid_day": _steroid_day(mri, rng, facts) + fraction[3],
        "mri_day": mri,
        "diagnosis_day": diagnosis,
        "treatment_decision_day": np.maximum(np.ceil(diagnosis), 0) + wait + fraction[2],
    }
    columns = {name: on_grid(day, facts["time_resolution"]) for name, day in columns.items()}
    delays = ("first_delay", "second_delay")
    return columns | {name: rng.standard_normal(n_cases) for name in delays}


def _mri_day(n_cases, rng, facts):
    delay = facts["diagnosis_delay"]
    shares = [delay["before"], delay["same_day"], delay["next_day"]]
    when = pick_one(rng, [*shares, 1 - sum(shares)], n_cases)
    before, later = -rng.integers(1, 6, n_cases), 2 + more(rng, delay["mean_more"], n_cases)
    return np.choose(when, [before, np.zeros(n_cases), np.ones(n_cases), np.minimum(later, 12)])


def _onset(people, rng, facts):
    n_cases = len(people["site"])
    symptom = np.ceil(log_normal(rng, facts["symptom_onset"], n_cases))
    motor = np.ceil(log_normal(rng, facts["motor_onset"], n_cases))
    weak = people["weakness"] == 1
    return {
        "symptom_onset_day": -symptom,
        "motor_deficit_onset_day": np.where(weak, -np.minimum(symptom, motor), np.nan),
    }


def _steroid_day(mri, rng, facts):
    day = np.maximum(np.floor(mri), 0) + pick_one(rng, [0.7, 0.2, 0.1], len(mri)) - 1
    return np.where(rng.random(len(mri)) < facts["steroid"]["given"], day, np.nan)


def schedule(people, planned, facts):
    """Days of the first and second treatment under a plan; the second may be missing.

    planned : int array, shape (n_cases,), codes in the order of `arms()`
    """
    delays = [facts["delay_days"][arm] for arm in arms()]

    def value(key, fallback):
        return np.array([delay.get(key, fallback) for delay in delays])[planned]

    first = value("median", np.nan) * np.exp(value("log_sd", 0) * people["first_delay"])
    second = value("second", np.nan) * np.exp(value("second_log_sd", 0) * people["second_delay"])
    first_day = people["treatment_decision_day"] + on_grid(first, facts["time_resolution"])
    return {
        "first_day": first_day,
        "second_day": first_day + on_grid(second, facts["time_resolution"]),
    }


def carry_out(people, facts):
    """Schedule and follow-up under the plan; where an arm would stay too small, some get treated.

    Where fewer than `arm_minimum` cases of an arm got their planned treatment, the first of them
    get a short delay and are drawn given that they reach its end: an exponential lifetime has no
    memory, so the time already lived is added to it.
    """
    people |= schedule(people, people["planned"], facts)
    people |= follow_up(people, facts)
    last = np.fmax(people["first_day"], people["second_day"])
    minimum = facts["arm_minimum"]
    in_time = last - people["mri_day"] <= minimum["within_days"]
    reserved = _reserved(people["planned"], in_time & happened(people, last), minimum)
    for name in ("first_delay", "second_delay"):
        people[name] = np.where(reserved, minimum["delay_sd"], people[name])
    people |= schedule(people, people["planned"], facts)
    last = np.fmax(people["first_day"], people["second_day"])
    ratio = effect(facts, "survival_effect")[people["planned"]]
    lived = cumulative_hazard(last, people["hazard"], people["first_day"], ratio)
    people["exposure"] = people["exposure"] + np.where(reserved, lived, 0)
    people["lost_day"] = people["lost_day"] + np.where(reserved, last, 0)
    return people | follow_up(people, facts) | {"reserved": reserved}


def treatments(people, rng, facts):
    """What happened of the plan before death or loss; dose and fractions are those prescribed."""
    names = np.array(arms())[people["planned"]]
    operated = np.char.startswith(names, "surgery") & happened(people, people["first_day"])
    rt_start = np.where(
        np.char.startswith(names, "surgery"), people["second_day"], people["first_day"]
    )
    irradiated = np.isin(names, list(facts["doses"])) & happened(people, rt_start)
    dose, fractions = _doses(people["planned"], rng, facts)
    rt_end = rt_start + fractions - 1 + 2 * ((fractions - 1) // 5)
    sbrt = np.char.endswith(names, "sbrt")
    technique = np.where(sbrt, code("rt_technique", "sbrt"), code("rt_technique", "cebrt"))
    people["operable"] = np.where(
        np.char.startswith(names, "surgery"), 1, people["operable"]
    ).astype(np.int8)
    return {
        "surgery_day": np.where(operated, people["first_day"], np.nan),
        "surgery_type": np.where(operated, _surgery_type(sbrt, rng, facts), -1).astype(np.int8),
        "rt_start_day": np.where(irradiated, rt_start, np.nan),
        "rt_end_day": np.where(irradiated & happened(people, rt_end), rt_end, np.nan),
        "rt_technique": np.where(irradiated, technique, -1).astype(np.int8),
        "rt_dose_gy": np.where(irradiated, dose, np.nan),
        "rt_fractions": np.where(irradiated, fractions, np.nan),
        "rt_consult_day": _consult(people, np.char.startswith(names, "surgery"), irradiated, facts),
        "systemic_day": _systemic(people, names, rng, facts),
    }


def work_up(people, rng, facts):
    """Surgical review and steroids; days that came after death or loss are taken away."""
    n_cases, review = len(people["site"]), facts["surgical_review"]
    indicated = high_grade(people) | (sins_total(people) >= 13)
    share = np.where(indicated, review["high_grade_or_unstable"], review["other"])
    surgical = np.array([arm.startswith("surgery") for arm in arms()])[people["planned"]]
    reviewed = surgical | (rng.random(n_cases) < share)
    start, end = people["diagnosis_day"], people["treatment_decision_day"]
    day = on_grid(
        start + np.maximum(end - start, 0) * rng.random(n_cases), facts["time_resolution"]
    )
    columns = {"surgical_review_day": np.where(reviewed, day, np.nan)}
    for name in ("steroid_day", "mri_day", "diagnosis_day", "treatment_decision_day"):
        columns[name] = people[name]
    columns = {name: np.where(happened(people, day), day, np.nan) for name, day in columns.items()}
    given = ~np.isnan(columns["steroid_day"])
    for name in ("loading_mg", "daily_mg"):
        doses = facts["steroid"][name]
        drawn = np.array(list(doses), float)[pick_one(rng, list(doses.values()), n_cases)]
        columns[f"steroid_{name}"] = np.where(given, drawn, np.nan)
    return columns


def _reserved(planned, treated, minimum):
    reserved = np.zeros(len(planned), bool)
    if len(planned) >= minimum["from_n"]:
        for arm in range(len(arms())):
            if (treated & (planned == arm)).sum() < minimum["cases"]:
                reserved[np.flatnonzero(planned == arm)[: minimum["cases"]]] = True
    return reserved


def _doses(planned, rng, facts):
    schedules = {text: None for shares in facts["doses"].values() for text in shares}
    rows = [[facts["doses"].get(arm, {}).get(text, 0) for text in schedules] for arm in arms()]
    rows = [row if sum(row) else [1] * len(schedules) for row in rows]
    chosen = pick(rng, rows, planned)
    dose, fractions = np.array([[float(part) for part in text.split("/")] for text in schedules]).T
    return dose[chosen], fractions[chosen]


def _surgery_type(sbrt, rng, facts):
    shares = [facts["surgery_types"].get(level, 0) for level in levels("surgery_type")]
    usual = pick_one(rng, shares, len(sbrt))
    separation = sbrt & (rng.random(len(sbrt)) < facts["separation_with_sbrt"])
    return np.where(separation, code("surgery_type", "separation"), usual)


def _consult(people, surgical, irradiated, facts):
    halfway = people["first_day"] + on_grid(
        (people["second_day"] - people["first_day"]) / 2, facts["time_resolution"]
    )
    return np.where(
        irradiated, np.where(surgical, halfway, people["treatment_decision_day"]), np.nan
    )


def _systemic(people, names, rng, facts):
    later, only = facts["later_systemic"], names == "systemic_only"
    wait = log_normal(rng, later, len(only))
    last = np.fmax(people["first_day"], people["second_day"])
    after = last + on_grid(wait, facts["time_resolution"])
    day = np.where(only, people["first_day"], after)
    given = only | ((names != "supportive") & (rng.random(len(only)) < later["given"]))
    return np.where(given & happened(people, day), day, np.nan)
