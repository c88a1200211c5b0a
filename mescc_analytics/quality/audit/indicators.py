"""Audit indicators, judged case by case as codebook/audit/indicators.yaml declares them."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from mescc_analytics import codebook
from mescc_analytics.codebook.conditions import evaluate

# In the order in which parts of an indicator are combined: one failed part fails the case; an error
# of the data outweighs what is not known.
VERDICTS = ("pass", "indeterminate", "unknown", "error", "fail", "excluded", "outside")
PASS, INDETERMINATE, UNKNOWN, ERROR, FAIL, EXCLUDED, OUTSIDE = range(len(VERDICTS))
HOURS = 24.0
TOLERANCE_DAYS = 1e-9  # of clock times kept as fractions of a day


@dataclass(frozen=True)
class Judged:
    """Verdicts of one indicator.

    Attributes
    ----------
    verdict : array of int8, shape (n_cases,)
        Index into ``VERDICTS``.
    reason : array of int8, shape (n_cases,)
        Index into the exclusions of the indicator; -1 where the case is not excluded.
    needs : tuple of str
        Columns without which the indicator cannot be assessed and which the table lacks.
    """

    verdict: np.ndarray
    reason: np.ndarray
    needs: tuple = ()


def indicators():
    """Every indicator by its id, in the order of the codebook."""
    return codebook.load("audit/indicators")["indicators"]


def add_facts(cases, settings):
    """Cases with the answers that several indicators share, as boolean columns."""
    whole = cases.copy()
    for name, fact in codebook.load("audit/indicators")["facts"].items():
        whole[name] = evaluate(fact["when"], whole, settings)
    return whole


def judge(cases, name, settings):
    """Verdict of every case on one indicator.

    Parameters
    ----------
    cases : DataFrame, shape (n_cases, ...)
        With the facts (``add_facts``); time stamps in days from presentation.
    name : str
        Id of the indicator.
    settings : dict
        The audit section of the config, and ``time_resolution`` ("day" or "hour").

    Returns
    -------
    Judged
    """
    indicator = indicators()[name]
    asked = _asked(cases, indicator, settings)
    needs = missing_columns(cases, indicator)
    if len(cases) and asked.isna().all():
        needs = used_columns(indicator)
    if needs:
        unjudged = np.full(len(cases), UNKNOWN, np.int8), np.full(len(cases), -1, np.int8)
        return Judged(*unjudged, needs)
    parts = [
        judge_clock(cases, clock, settings["time_resolution"])
        for clock in indicator.get("clocks", [])
    ]
    if "meets" in indicator:
        parts.append(_answer(evaluate(indicator["meets"], cases, settings)))
    verdict = np.maximum.reduce(parts)
    reason = _exclusions(cases, indicator, settings)
    verdict = np.where(asked.isna(), np.int8(UNKNOWN), verdict)
    verdict = np.where(reason >= 0, np.int8(EXCLUDED), verdict)
    outside = (~asked).fillna(False).to_numpy(dtype=bool) | ~in_force(cases, indicator, settings)
    return Judged(np.where(outside, np.int8(OUTSIDE), verdict).astype(np.int8), reason)


def _asked(cases, indicator, settings):
    if "asks" in indicator:
        return evaluate(indicator["asks"], cases, settings)
    return pd.Series(True, index=cases.index, dtype="boolean")


def _answer(answer):
    """Verdicts of a three-valued answer."""
    met = answer.fillna(False).to_numpy(dtype=bool)
    return np.where(answer.isna(), UNKNOWN, np.where(met, PASS, FAIL)).astype(np.int8)


def _exclusions(cases, indicator, settings):
    reason = np.full(len(cases), -1, np.int8)
    for number, exclusion in enumerate(indicator.get("excludes", [])):
        applies = evaluate(exclusion["when"], cases, settings).fillna(False).to_numpy(dtype=bool)
        reason[applies & (reason < 0)] = number
    return reason


def stamp(cases, name):
    """One time stamp of every case, in days from presentation (Float64; absent: missing)."""
    if name == "presentation":
        return pd.Series(0.0, index=cases.index, dtype="Float64")
    if name in cases:
        return cases[name].astype("Float64")
    return pd.Series(pd.NA, index=cases.index, dtype="Float64")


def elapsed_days(cases, clock, resolution):
    """Days between the two time stamps of a clock; whole days where the table holds whole days."""
    start, end = (stamp(cases, clock[end]) for end in ("from", "to"))
    if resolution == "day":
        start, end = np.floor(start), np.floor(end)
    return end - start


def judge_clock(cases, clock, resolution):
    """Verdict of every case on one clock.

    A limit in hours over whole days leaves bounds: the same day is 0 to 24 hours, the next day 0
    to 48, the one after that more than 24. An interval below zero is an error of the data, except
    where only the order is asked for; two dates that are the same leave the order open.

    Returns
    -------
    array of int8, shape (n_cases,)
        Index into ``VERDICTS``.
    """
    days = elapsed_days(cases, clock, resolution)
    known, days = days.notna().to_numpy(), days.to_numpy(dtype=float, na_value=np.nan)
    if clock.get("order"):
        same = PASS if resolution == "hour" else INDETERMINATE  # which came first is not known
        verdict = np.where(days > 0, PASS, np.where(days == 0, same, FAIL))
    else:
        shortest, longest = _bounds(days, clock, resolution)
        limit = clock["hours"] / HOURS if "hours" in clock else clock["days"]
        strictly = "hours" in clock and resolution == "day"
        late = shortest >= limit if strictly else shortest > limit + TOLERANCE_DAYS
        late |= days < clock.get("not_before_days", 0)
        in_time = longest <= limit + TOLERANCE_DAYS
        verdict = np.where(late, FAIL, np.where(in_time, PASS, INDETERMINATE))
        verdict = np.where(days < 0, ERROR, verdict)
    return np.where(known, verdict, UNKNOWN).astype(np.int8)


def _bounds(days, clock, resolution):
    if "hours" in clock and resolution == "day":
        return np.maximum(days - 1, 0), days + 1
    return days, days


def in_force(cases, indicator, settings):
    """Whether the standard held when each case presented.

    A year without its quarter counts by its middle; a case without a year is judged by what holds
    now. ``settings["version"]`` other than "by_case" is a year that all cases are judged by.

    Returns
    -------
    array of bool, shape (n_cases,)
    """
    if not {"from", "until"} & set(indicator):
        return np.ones(len(cases), bool)
    start, end = (_year(indicator.get(key), default) for key, default in LIMITS)
    if settings["version"] != "by_case":
        return np.full(len(cases), start <= float(settings["version"]) + 0.99 < end + 0.25)
    when = presented(cases).to_numpy(dtype=float, na_value=np.inf)
    when = np.where(np.isinf(when), NOW, when)
    return (start <= when) & (when < end + 0.25)


NOW = 9000.0
LIMITS = (("from", -np.inf), ("until", np.inf))


def presented(cases):
    """Presentation in years, at the middle of the quarter or year (Float64)."""
    year = stamp(cases, "presentation_year") + 0.5
    if "presentation_quarter" not in cases:
        return year
    quarter = cases["presentation_quarter"].astype("string")
    known = quarter.drop_duplicates().str.extract(r"^(\d{4})Q([1-4])$").astype("Float64")
    middles = pd.Series((known[0] + known[1] / 4 - 0.125).array, quarter.drop_duplicates())
    return quarter.map(middles).astype("Float64").fillna(year)


def _year(text, default):
    return default if text is None else int(text[:4]) + (int(text[5]) - 1) / 4


def missing_columns(cases, indicator):
    """Columns that the indicator needs and that no case has; its own list of `needs` is one of
    which any serves.
    """
    listed = tuple(indicator.get("needs", ()))
    names = listed or _required(indicator)
    absent = tuple(name for name in names if name not in cases or cases[name].isna().all())
    return absent if not listed or len(absent) == len(listed) else ()


def judged_columns(indicator):
    """The columns by which a case passes or fails, without those that say whom it is about."""
    names = indicator.get("shows", _required(indicator))
    return tuple(dict.fromkeys(column for name in names for column in _behind(name)))


def _required(indicator):
    clocks = [clock[end] for clock in indicator.get("clocks", []) for end in ("from", "to")]
    names = dict.fromkeys([*clocks, *_columns_of(indicator.get("meets", {}))])
    return [name for name in names if name != "presentation"]


def used_columns(indicator):
    """Every column that the indicator reads, facts spelt out, in the order of its parts."""
    names = dict.fromkeys([*_columns_of(indicator.get("asks", {})), *_required(indicator)])
    return tuple(dict.fromkeys(column for name in names for column in _behind(name)))


def _behind(name):
    """The columns of the table behind a fact."""
    facts = codebook.load("audit/indicators")["facts"]
    if name not in facts:
        return [name]
    return [column for part in _columns_of(facts[name]["when"]) for column in _behind(part)]


def _columns_of(condition):
    if not isinstance(condition, dict):
        return
    if "column" in condition:
        yield condition["column"]
    for value in condition.values():
        for part in value if isinstance(value, list) else [value]:
            yield from _columns_of(part)
