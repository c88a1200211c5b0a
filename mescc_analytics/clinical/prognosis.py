"""Prognostic scores: one registry of published tables, one way to apply them.

A missing item leaves its whole range possible, so every total is a pair of bounds, and a band is
given only where both bounds lie in it. What no readable source confirms counts as missing unless
the config allows it.
"""

from functools import cache

import numpy as np
import pandas as pd

from mescc_analytics import codebook
from mescc_analytics.clinical.flags import join_codes
from mescc_analytics.clinical.frames import beside
from mescc_analytics.clinical.prognosis_inputs import REGISTRY, prepare_inputs
from mescc_analytics.clinical.prognosis_registry import (
    band_levels,
    columns_needed,
    derived_columns,
    describe_scores,
    item_columns,
    registry,
    score_label,
)
from mescc_analytics.clinical.prognosis_terms import (
    input_known,
    item_points,
    pair,
    rests_on_unverified,
    span,
)
from mescc_analytics.codebook.conditions import evaluate
from mescc_analytics.errors import UsageError

__all__ = [
    "REGISTRY",
    "band_levels",
    "columns_needed",
    "derived_columns",
    "describe_scores",
    "registry",
    "score_label",
    "score_prognosis",
    "settings_problems",
]


def score_prognosis(cases, settings):
    """Every prognostic score of every case.

    Parameters
    ----------
    cases : DataFrame, shape (n_cases, ...)
        Typed case table; any column may be absent. ``spinal_region``, where present, is read too.
    settings : dict
        The score section of the config: ``kps_from_ecog`` (ma2010, prasad2018, conventional,
        none), ``allow_unverified`` (boolean), ``mizumoto_unfavourable`` (list of
        primary_histology), ``albumin_normal_from_g_dl`` (g/dL or None), ``prognosis_points``
        (points by score, item and level that replace the published ones).

    Returns
    -------
    DataFrame, shape (n_cases, 1 + 5 per score)
        ``prognosis_flags`` (reason codes) and per score ``<id>_total`` (points, missing unless the
        bounds agree), ``<id>_min``, ``<id>_max``, ``<id>_band`` (undetermined where the bounds lie
        in different bands or it is unknown whether the score applies; not_applicable outside the
        population for which it was made), ``<id>_missing`` (blank columns that leave it open;
        "<item> (open)" where the recorded value says less than the published table asks for).

    Raises
    ------
    UsageError
        Lists every score, item, level and number of the settings that cannot be used.
    """
    problems = settings_problems(settings)
    if problems:
        raise UsageError("the config", problems)
    books = registry(settings["allow_unverified"])
    frame, flags = prepare_inputs(cases, _columns_mentioned(), settings["kps_from_ecog"])
    asked = dict.fromkeys(name for book in books.values() for name in columns_needed(book))
    blank = {name: frame[name].isna().to_numpy() for name in asked}
    parts = []
    for name, book in books.items():
        choices = settings | {"overrides": settings["prognosis_points"].get(name, {})}
        scored, bounds = _scored(name, book, (frame, blank), choices)
        parts.append(scored)
        for end, values in bounds.items():
            frame[end] = values
        if "outside" in book:
            flags[f"{name.upper()}_OUTSIDE"] = evaluate(book["outside"]["when"], frame, settings)
        flags[f"{name.upper()}_UNVERIFIED"] = _unverified(book, scored, frame, choices)
    codes = join_codes(flags, cases.index).rename("prognosis_flags")
    return beside(codes.to_frame(), *parts)


def _scored(name, book, given, choices):
    """Columns of one score, and its bounds as an input of later scores."""
    frame, blank = given
    points = {
        item: item_points(entry, frame, choices | {"points": choices["overrides"].get(item, {})})
        for item, entry in book["items"].items()
    }
    # 8 bits hold every total: the largest is 46
    low, high = (
        np.sum([ends[i] for ends in points.values()], axis=0, dtype=np.int8) for i in (0, 1)
    )
    if "cap" in book:
        low, high = np.minimum(low, book["cap"]), np.minimum(high, book["cap"])
    outside, unclear = _applicability(book, frame, choices)
    band = np.where(outside, len(book["bands"]) + 1, _band(book, low, high, unclear))
    missing = join_codes(_missing(book, points, given, unclear), frame.index)
    columns = {
        f"{name}_total": _integers(low, outside | (low != high)),
        f"{name}_min": _integers(low, outside),
        f"{name}_max": _integers(high, outside),
        f"{name}_band": pd.Categorical.from_codes(band, list(band_levels(book))),
        f"{name}_missing": missing.mask(outside),
    }
    ends = {"_min": low, "_max": high}
    bounds = {f"{name}{end}": np.where(outside, np.nan, total) for end, total in ends.items()}
    return pd.DataFrame(columns, index=frame.index, copy=False), bounds


def _unverified(book, scored, frame, choices):
    """Where a score was given that no readable source confirms, or with such points."""
    given = scored[f"{book['id']}_min"].notna().to_numpy()
    if book["status"] == "unverified":
        return given
    return given & np.logical_or.reduce(
        [
            rests_on_unverified(entry, frame, choices | {"points": choices["overrides"].get(i, {})})
            for i, entry in book["items"].items()
        ]
    )


def _applicability(book, frame, choices):
    """Whether a case is known to lie outside the population, and whether that is unknown."""
    rules = [book["not_applicable"]["when"]] if "not_applicable" in book else []
    if "outside" in book and choices["outside_population"] == "not_applicable":
        rules.append(book["outside"]["when"])
    if not rules:
        return np.zeros(len(frame), dtype=bool), np.zeros(len(frame), dtype=bool)
    answer = evaluate({"any": rules}, frame, choices)
    return answer.to_numpy(dtype=bool, na_value=False), answer.isna().to_numpy()


def _band(book, low, high, unclear):
    limits = [band["upto"] for band in book["bands"][:-1]]
    band_of = np.searchsorted(limits, np.arange(high.max(initial=0) + 1))
    first, last = band_of[low], band_of[high]
    return np.where((first == last) & ~unclear, first, len(limits) + 1)


def _integers(values, missing):
    return pd.arrays.IntegerArray(values.astype(np.int64), missing)


def _missing(book, points, given, unclear):
    """Where each column to fill, or item that its recorded value does not settle, is open."""
    frame, blank = given
    named = {}
    for item, (low, high) in points.items():
        unsettled, entry = low != high, book["items"][item]
        to_fill = unsettled & ~input_known(entry, frame)
        here = {name: to_fill & blank[name] for name in item_columns(entry)}
        here[f"{item} (open)"] = unsettled & ~np.logical_or.reduce(list(here.values()))
        named |= {name: named.get(name, False) | mask for name, mask in here.items()}
    for name in book.get("not_applicable", {}).get("needs", []):
        named[name] = named.get(name, False) | (unclear & blank[name])
    return named


@cache
def _columns_mentioned():
    """Columns of the case table that any score or input reads."""
    inputs = codebook.load(REGISTRY)["inputs"].values()
    names = [name for entry in inputs for name in entry["columns"]]
    for book in registry(allow_unverified=True).values():
        names += [*columns_needed(book), *_in_conditions(book)]
    known = codebook.columns("all")
    return tuple(name for name in dict.fromkeys([*names, "cancer_known"]) if name in known)


def _in_conditions(node):
    if isinstance(node, list):
        return [name for part in node for name in _in_conditions(part)]
    if not isinstance(node, dict):
        return []
    own = [node["column"]] if isinstance(node.get("column"), str) else []
    return own + _in_conditions(list(node.values()))


def settings_problems(settings):
    """Every choice of the config about prognostic scores that cannot be used, in words."""
    primaries = codebook.columns()["primary_histology"].levels
    problems = [
        f"score.mizumoto_unfavourable: '{name}' is not a primary_histology"
        for name in settings["mizumoto_unfavourable"]
        if name not in primaries
    ]
    books = registry(allow_unverified=True)
    for name, items in settings["prognosis_points"].items():
        if name not in books:
            problems.append(_unknown("score.prognosis_points", name, "score", books))
            continue
        for item, points in items.items():
            problems += _item_problems(f"score.prognosis_points.{name}", books[name], item, points)
    return problems


def _item_problems(where, book, item, points):
    by_level = [
        name for name, entry in book["items"].items() if not {"bands", "lines"} & set(entry)
    ]
    if item not in by_level:
        return [_unknown(where, item, "item with levels", by_level)]
    entry = book["items"][item]
    column = codebook.columns().get(entry["reads"])
    levels = column.levels if column is not None and column.levels else ("no", "yes")
    low, high = span(entry)
    wanted = f"wanted a whole number from {low} to {high}, or two of them in ascending order"
    unknown = [name for name in points if name not in levels]
    wrong = {name: value for name, value in points.items() if not _within(value, low, high)}
    return [_unknown(f"{where}.{item}", name, "level", levels) for name in unknown] + [
        f"{where}.{item}.{name}: found {value}, {wanted}" for name, value in wrong.items()
    ]


def _within(value, low, high):
    ends = pair(value)
    whole = all(isinstance(end, int) and not isinstance(end, bool) for end in ends)
    return whole and len(ends) == 2 and low <= ends[0] <= ends[1] <= high


def _unknown(where, name, kind, known):
    return f"{where}: '{name}' is not a known {kind}; known: {', '.join(known)}"
