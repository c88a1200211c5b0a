"""Every score of a case: SINS, SOSG, radiosensitivity, radiotherapy dose, prognosis."""

import numpy as np
import pandas as pd

from mescc_analytics import codebook
from mescc_analytics.clinical.frames import beside, coded, looked_up
from mescc_analytics.clinical.levels import describe_levels
from mescc_analytics.clinical.prognosis import score_prognosis
from mescc_analytics.clinical.radiotherapy import describe_radiotherapy
from mescc_analytics.clinical.sins import score_items
from mescc_analytics.clinical.sins_items import prepare_items, sins_codes


def score_cases(cases, settings):
    """Cases with their scores.

    Parameters
    ----------
    cases : DataFrame, shape (n_cases, ...)
        Typed case table; any column but case_id may be absent.
    settings : dict
        The score section of the config.

    Returns
    -------
    DataFrame, shape (n_cases, n_columns + more)
        Input columns and order kept (shared, not copied); columns as declared under ``derived`` in
        case_table.yaml.
    """
    added = [
        score_instability(cases, settings),
        grade_compression(cases, settings),
        _radiosensitivity(cases, settings),
        describe_radiotherapy(cases, settings["alpha_beta_gy"], settings["alpha_beta_cord_gy"]),
    ]
    added.append(score_prognosis(beside(cases, added[1]), settings))
    return beside(cases, *added)


def score_instability(cases, settings):
    """SINS of every case, or of every lesion: total and bounds (0-18), category, items missing,
    reason codes, and whether it was used within its validated setting.
    """
    states, flags = prepare_items(cases, settings)
    sins = score_items(states, settings["missing_items"]).set_axis(cases.index)
    codes, valid = sins_codes(flags, cases.index)
    sins = sins.astype({"sins_total": "Int64", "sins_min": "Int64", "sins_max": "Int64"})
    sins["sins_missing"] = _named(sins["sins_missing"])
    sins["sins_flags"], sins["sins_valid"] = codes, valid
    return sins


def grade_compression(cases, settings):
    """SOSG rank, high grade, validity and spinal region.

    Parameters
    ----------
    cases : DataFrame, shape (n_cases, ...)
        Reads sosg_grade (category), sosg_partial ("1": grade 1 without letter, "high"),
        spinal_levels.
    settings : dict
        ``sosg_high_grades`` (list of grades), ``below_conus`` (analogue, na, exclude),
        ``conus_lowest_vertebra``, ``range_rule``.

    Returns
    -------
    DataFrame, shape (n_cases, 4)
        sosg_rank (0-5, for sorting only: a mean grade has no meaning), sosg_high_grade, sosg_valid
        (false where all levels lie below the conus, outside the validation of Bilsky 2010),
        spinal_region.
    """
    grade, partial = coded(cases, "sosg_grade"), coded(cases, "sosg_partial")
    levels = describe_levels(
        _text(cases, "spinal_levels"), settings["range_rule"], settings["conus_lowest_vertebra"]
    )
    below = levels["below_conus"].fillna(False).astype(bool)
    unplaced = (grade.isna() & partial.isna()) | levels["below_conus"].isna()
    if settings["below_conus"] == "na":
        grade, partial = grade.mask(below), partial.mask(below)
    ranks = {g: rank for rank, g in enumerate(codebook.columns("cases")["sosg_grade"].levels)}
    regions = pd.CategoricalDtype(codebook.columns("derived")["spinal_region"].levels)
    return pd.DataFrame(
        {
            "sosg_rank": looked_up(grade, ranks, "Int64"),
            "sosg_high_grade": _high_grade(grade, partial, settings["sosg_high_grades"]),
            "sosg_valid": (~below).astype("boolean").mask(unplaced),
            "spinal_region": levels["region"].astype(regions),
        }
    )


def _high_grade(grade, partial, high):
    """Grade 1 without its letter is low unless 1c counts as high: then it is open."""
    lettered = {"high": True} | ({} if "1c" in high else {"1": False})
    graded = looked_up(grade, {g: g in high for g in grade.cat.categories}, "boolean")
    return graded.fillna(looked_up(partial, lettered, "boolean"))


def _radiosensitivity(cases, settings):
    classes = {
        h: entry["class"] for h, entry in codebook.load("histology")["radiosensitivity"].items()
    }
    classes |= settings["radiosensitivity"]
    levels = list(codebook.columns("derived")["radiosensitivity"].levels)
    primary = coded(cases, "primary_histology")
    found = [classes.get(level, "unknown") for level in primary.cat.categories]
    table = np.array([levels.index(name) for name in [*found, "unknown"]], dtype=np.int8)
    sensitivity = pd.Categorical.from_codes(table[primary.cat.codes.to_numpy()], levels)
    return pd.DataFrame({"radiosensitivity": sensitivity}, index=cases.index)


def _named(missing):
    """Names of the missing items as text; none is missing text."""
    names = pd.array([name or pd.NA for name in missing.cat.categories], dtype="string")
    return pd.Series(names.take(missing.cat.codes.to_numpy()), index=missing.index)


def _text(cases, name):
    if name in cases:
        return cases[name].astype("string")
    return pd.Series(pd.NA, index=cases.index, dtype="string")
