"""What is written down: visits, lesions, wide follow-up columns, missing values, frames."""

import numpy as np
import pandas as pd

from mescc_analytics import codebook
from mescc_analytics.synthetic.draws import chance, pick_one
from mescc_analytics.synthetic.facts import code, levels
from mescc_analytics.synthetic.neurology import walks
from mescc_analytics.synthetic.outcomes import ais_of, status_at
from mescc_analytics.synthetic.spine import ITEMS

TIMEPOINTS_DAYS = (30, 90, 180, 365)


def visits(people, rng, facts):
    """Follow-up contacts as flat arrays (`case` is a position), and the wide columns from them.

    Whether a contact takes place depends on whether the patient walks: missing not at random.
    """
    planned = np.array(facts["visits"]["days"])
    shape = (len(people["site"]), len(planned))
    day = planned + rng.integers(-facts["visits"]["jitter"], facts["visits"]["jitter"] + 1, shape)
    status = status_at(people, day)
    absent = facts["assessment_missing"]
    kept = rng.random(shape) >= np.where(walks(status), absent["walking"], absent["not_walking"])
    kept &= (day <= people["last_contact_day"][:, None]) & (day < people["death"][:, None])
    case, column = np.nonzero(kept)
    flat = {"case": case, "visit_day": day[kept].astype(float), "ambulatory_status": status[kept]}
    wide = {}
    for timepoint in TIMEPOINTS_DAYS:
        at = int(np.flatnonzero(planned == timepoint)[0])
        # the column says day 30: blank for whoever was seen on day 27 and died before day 30
        seen = kept[:, at] & _in_follow_up(people, timepoint)
        wide[f"ambulatory_status_{timepoint}d"] = np.where(seen, status[:, at], -1).astype(np.int8)
    return flat | _findings(people, flat, rng, facts), wide


def last_imaging(people, flat):
    """Day of the last imaging: of the diagnosis, of a visit, or of the local failure."""
    seen = flat["imaging"] >= 0
    last = np.full(len(people["site"]), np.nan)
    # visits are in order of time, and of several assignments to one case the last one stays
    last[flat["case"][seen]] = flat["visit_day"][seen]
    return np.fmax(np.fmax(last, people["mri_day"]), people["local_failure_day"])


def with_gaps(people, rng, facts):
    """The columns with gaps: -1 in codes and booleans, NaN in numbers, None in text."""
    factor = facts["missing_factor"]
    emergency = (people["rapid_deterioration"] == 1) | ~np.isnan(people["paraplegia_hours"])
    not_operated = np.isnan(people["surgery_day"])
    worse = np.where(not_operated, factor["not_operated"], 1) * np.where(
        emergency, factor["emergency"], 1
    )
    # without them, the arm of a case that stands for its arm could not be told
    kept = {"rt_technique": people["reserved"], "mri_day": people["reserved"]}
    gaps = {}
    for name, share in facts["missing"].items():
        share = share * (worse if name in factor["columns"] else np.ones_like(worse))
        lost = chance(rng, np.minimum(share, 0.95)) & ~kept.get(name, False)
        gaps[name] = np.where(lost, _missing_value(people[name]), people[name])
    return people | gaps


def case_ids(n_cases):
    """`S0001`, `S0002`, ...: four digits, or as many as it takes."""
    width = max(4, len(str(n_cases)))
    return np.array([f"S{number:0{width}d}" for number in range(1, n_cases + 1)], object)


def quarters(people):
    """`2024Q3` per case."""
    texts = {
        (year, quarter): f"{year}Q{quarter}"
        for year in np.unique(people["presentation_year"])
        for quarter in range(1, 5)
    }
    return (
        pd.Series(texts)
        .reindex(pd.MultiIndex.from_arrays([people["presentation_year"], people["quarter"]]))
        .to_numpy()
    )


def frame(arrays, table="cases"):
    """The arrays that the codebook knows as a frame of nullable types, in codebook order."""
    known = {name: column for name, column in codebook.columns(table).items() if name in arrays}
    return pd.DataFrame({name: _typed(arrays[name], column) for name, column in known.items()})


def lesions(cases, further, rng):
    """Lesions of the cases that have several; lesion 1 is the index lesion and equals the case."""
    copied = ["case_id", "spinal_levels", "sosg_grade", "sins_location", *ITEMS]
    index = cases.iloc[np.unique(further["case"])][copied].assign(lesion_id="1", symptomatic=True)
    case = further["case"]
    symptomatic = rng.random(len(case)) < 0.3
    painless = np.where(symptomatic, further["sins_pain"], code("sins_pain", "none")).astype(
        np.int8
    )
    second = np.concatenate([[True], case[1:] != case[:-1]])[: len(case)]
    others = frame(
        further
        | {
            "case_id": cases["case_id"].to_numpy(object)[case],
            "lesion_id": np.where(second, "2", "3").astype(object),
            "symptomatic": symptomatic.astype(np.int8),
            "sins_pain": painless,
        },
        "lesions",
    )
    both = pd.concat([index.astype(others.dtypes)[others.columns], others])
    return both.sort_values(["case_id", "lesion_id"], ignore_index=True)


def _in_follow_up(people, day):
    last = people["last_contact_day"]
    return (last > day) | ((last == day) & (people["died"] == 0))


def _findings(people, flat, rng, facts):
    case, day, settings = flat["case"], flat["visit_day"], facts["visits"]
    sbrt = people["rt_technique"][case] == code("rt_technique", "sbrt")
    imaged = chance(rng, np.where(sbrt, settings["imaging_sbrt"], settings["imaging"]))
    imaging = np.where(imaged, pick_one(rng, [0.85, 0.15], len(case)), -1)
    progressed = day >= people["local_failure_day"][case]
    relief = (
        2 * (day >= people["surgery_day"][case])
        + 1 * (day >= people["rt_start_day"][case])
        - 2 * progressed
    )
    grade = np.clip(people["sosg_grade"][case] - relief, 0, len(levels("sosg_grade")) - 1)
    pain = rng.poisson(settings["pain_mean"] + 2 * progressed)
    return {
        "ais": ais_of({"ais": people["ais"][case]}, flat["ambulatory_status"]),
        "pain_nrs": np.minimum(pain, 10).astype(float),
        "imaging": imaging.astype(np.int8),
        "sosg_grade": np.where(imaging == 0, grade, -1).astype(np.int8),
        "local_status": np.where(imaged, progressed, -1).astype(np.int8),
    }


def _missing_value(values):
    if values.dtype == object:
        return None
    return np.nan if values.dtype.kind == "f" else -1


def _typed(values, column):
    if column.type == "category":
        return pd.Categorical.from_codes(values, categories=list(column.levels))
    if column.type == "text":
        return pd.array(values, dtype="string")
    if column.type == "boolean":
        return pd.arrays.BooleanArray(values == 1, values < 0)
    values = np.asarray(values, float)
    absent = np.isnan(values)
    present = np.where(absent, 0, values)
    # whole numbers are written without a decimal point
    if np.array_equal(present, np.round(present)):
        return pd.arrays.IntegerArray(present.astype(np.int64), absent)
    return pd.arrays.FloatingArray(present, absent)
