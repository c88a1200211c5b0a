"""A cohort table with scores as the step `prognosis` reads it."""

import numpy as np
import pandas as pd

from mescc_analytics import settings
from mescc_analytics.clinical.prognosis import band_levels, registry

FULL = settings.complete({}, need_cohorts=False) | {"time_resolution": "day", "name": "small"}
BOOKS = registry(allow_unverified=True)


def changed(**values):
    """The completed config with other choices of the step, and few replicates."""
    chosen = FULL["prognosis"] | {"replicates": 100, "min_events": 1} | values
    return FULL | {"prognosis": chosen}


def score(name, low, high=None, applies=True):
    """Columns of a score with these lowest and highest totals."""
    book = BOOKS[name]
    low = np.asarray(low, dtype=int)
    high = low if high is None else np.asarray(high, dtype=int)
    applies = np.broadcast_to(applies, low.shape)
    limits = [band["upto"] for band in book["bands"]]
    levels = band_levels(book)
    first, last = (np.searchsorted(limits, ends) for ends in (low, high))
    code = np.where(first == last, first, len(limits))
    code = np.where(applies, code, len(limits) + 1)
    total = pd.array(low, dtype="Int64")
    total[(low != high) | ~applies] = pd.NA
    missing = pd.Series(np.where(low != high, "ecog", None), dtype="string")
    ends = {"min": pd.array(low, dtype="Int64"), "max": pd.array(high, dtype="Int64")}
    for values in ends.values():
        values[~applies] = pd.NA
    return {
        f"{name}_total": total,
        f"{name}_min": ends["min"],
        f"{name}_max": ends["max"],
        f"{name}_band": pd.Categorical.from_codes(code, list(levels)),
        f"{name}_missing": missing,
    }


def cohort(time, died, **columns):
    """Cases of the analyses of the whole cohort."""
    frame = {
        "in_overall": pd.array([True] * len(time), dtype="boolean"),
        "survival_days": np.asarray(time, dtype=float),
        "survival_event": pd.array(np.asarray(died, dtype=bool), dtype="boolean"),
        "time_zero_source": pd.array(["mri"] * len(time), dtype="string"),
    }
    return pd.DataFrame(frame | columns)


def simulated(n, seed, log_hazard=0.5):
    """Exponential survival whose hazard rises with the Tomita total, and an unrelated score."""
    rng = np.random.default_rng(seed)
    tomita, bauer = rng.integers(2, 11, n), rng.integers(0, 5, n)
    time = rng.exponential(400 / np.exp(log_hazard * (tomita - 6)))
    lost = rng.uniform(100, 2000, n)
    return cohort(
        np.minimum(time, lost).round(),
        time <= lost,
        **score("tomita", tomita),
        **score("bauer_modified", bauer),
    )
