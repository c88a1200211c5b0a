"""What the prognostic scores read of a case: its columns, and inputs made of several of them."""

import numpy as np
import pandas as pd

from mescc_analytics import codebook
from mescc_analytics.clinical.frames import beside

REGISTRY = "prognosis/registry"


def prepare_inputs(cases, names, kps_from_ecog):
    """Columns and derived inputs of every case, each in the form in which it is fast to look up.

    Parameters
    ----------
    cases : DataFrame, shape (n_cases, ...)
        Typed case table; an absent column is missing for every case.
    names : iterable of str
        Columns of the case table to read.
    kps_from_ecog : {"ma2010", "prasad2018", "conventional", "none"}
        Published table by which KPS and ECOG are read from each other where only one is recorded.

    Returns
    -------
    (DataFrame of shape (n_cases, n_inputs), dict of str to boolean array)
        Numbers as float64 with NaN for missing, categories with the levels of the codebook,
        booleans nullable. ``x_min`` and ``x_max`` bound an input x that may be known in part only.
        Masks of the reason codes.
    """
    given = {name: _typed(cases, name) for name in names}
    frame = pd.DataFrame(given, index=cases.index, copy=False)
    flags = {}
    derived = {
        **_performance(frame["kps"].to_numpy(), frame["ecog"].to_numpy(), kps_from_ecog, flags),
        **_skeletal(frame["vertebral_metastases"], frame["extraspinal_bone_metastases"]),
        **_visceral(frame["visceral_metastases"], frame["brain_metastases"]),
        "deficit_days": _deficit_days(frame["motor_deficit_onset_day"].to_numpy(), flags),
        "cancer_interval_months": frame["months_since_cancer_diagnosis"].mask(
            frame["cancer_known"].eq(False).fillna(False)
            & frame["months_since_cancer_diagnosis"].isna(),
            0.0,
        ),
    }
    return beside(frame, pd.DataFrame(derived, index=cases.index, copy=False)), flags


def _typed(cases, name):
    column = codebook.columns("all")[name]
    given = cases.get(name, pd.Series(pd.NA, index=cases.index, dtype="object"))
    if column.type == "category":
        known = given.dtype == pd.CategoricalDtype(list(column.levels), ordered=False)
        return given if known else pd.Series(_categorical(given, column), index=cases.index)
    if column.type in ("integer", "number"):
        return given.astype("Float64").to_numpy(dtype=float, na_value=np.nan)
    return given.astype("boolean" if column.type == "boolean" else "string")


def _categorical(given, column):
    return pd.Categorical(given.astype("string"), list(column.levels))


def _performance(kps, ecog, kps_from_ecog, flags):
    """KPS and ECOG as bounds. A KPS between two tens keeps both; 0 (dead) is no status, and
    neither is a value outside its scale.
    """
    kps_low_of, kps_high_of, ecog_of = _conversions(kps_from_ecog)
    alive = np.where((kps >= 10) & (kps <= 100), kps, np.nan)
    ecog = np.where((ecog >= 0) & (ecog <= 4), ecog, np.nan)
    low, high = np.floor(alive / 10) * 10, np.ceil(alive / 10) * 10
    grade = np.where(np.isnan(ecog), 5, ecog).astype(int)
    tens = [np.where(np.isnan(x), 0, x / 10).astype(int) for x in (low, high)]
    bounds = {
        "kps_min": np.where(np.isnan(alive), kps_low_of[grade], low),
        "kps_max": np.where(np.isnan(alive), kps_high_of[grade], high),
        "ecog_min": np.where(np.isnan(ecog), ecog_of[tens[1]], ecog),
        "ecog_max": np.where(np.isnan(ecog), ecog_of[tens[0]], ecog),
    }
    flags["KPS_FROM_ECOG"] = np.isnan(alive) & ~np.isnan(bounds["kps_min"])
    flags["ECOG_FROM_KPS"] = np.isnan(ecog) & ~np.isnan(bounds["ecog_min"])
    flags["KPS_BETWEEN_TENS"] = low < high
    return bounds


def _conversions(kps_from_ecog):
    """Lowest and highest KPS by ECOG grade (grade 5: missing), ECOG grade by tens of KPS."""
    kps_low_of, kps_high_of, ecog_of = np.full(6, np.nan), np.full(6, np.nan), np.full(11, np.nan)
    if kps_from_ecog != "none":
        grades = codebook.load(REGISTRY)["kps_of_ecog"][kps_from_ecog]["grades"]
        for grade, (low, high) in grades.items():
            kps_low_of[grade], kps_high_of[grade] = low, high
            ecog_of[low // 10 : high // 10 + 1] = grade
    return kps_low_of, kps_high_of, ecog_of


def _skeletal(vertebral, extraspinal):
    """Bone metastases together: a count that is missing may be any number."""
    together = vertebral.fillna(0) + extraspinal.fillna(0)
    open_ended = vertebral.isna() | extraspinal.isna()
    unknown = vertebral.isna() & extraspinal.isna()
    return {
        "skeletal_metastases_min": together.mask(unknown),
        "skeletal_metastases_max": together.mask(open_ended, np.inf).mask(unknown),
    }


def _visceral(visceral, brain):
    spread = visceral.ne("none").astype("boolean").mask(visceral.isna())
    return {"visceral_any": spread, "visceral_or_brain": spread | brain}


def _deficit_days(onset_day, flags):
    """Days from onset to presentation; an onset after presentation says nothing about them."""
    flags["DEFICIT_AFTER_PRESENTATION"] = onset_day > 0
    return np.where(onset_day > 0, np.nan, 0 - onset_day)
