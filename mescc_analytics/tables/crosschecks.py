"""Columns that contradict each other or the follow-up clock: rules applied to all cases at once.

Values are never changed. What contradicts the follow-up clock makes the case not `usable`; a
warning leaves to the reader which of two columns is wrong.
"""

import re

import numpy as np
import pandas as pd

from mescc_analytics import codebook
from mescc_analytics.tables import findings as found
from mescc_analytics.tables.contradictions import RULES, Rule

# A pathologist may report after the death of the patient.
MAY_FOLLOW_DEATH = ("last_contact_day", "tissue_diagnosis_day")
# Half-width of the window in which an assessment stands for its day (month 1: 2 weeks, month 3: 3,
# month 6: 6).
WINDOW_DAYS = {30: 14, 90: 21, 180: 42, 365: 60}


def check(cases, rows, *, time_resolution="day"):
    """Apply every rule whose columns exist.

    Parameters
    ----------
    cases : DataFrame, shape (n_cases, n_columns)
        Typed, as `validation.convert` returns it.
    rows : int array, shape (n_cases,)
        Spreadsheet rows.
    time_resolution : {"day", "hour"}
        With "day", the fraction of a day means nothing: it is noted, and days are compared as
        whole days.

    Returns
    -------
    findings : DataFrame
    usable : boolean Series, shape (n_cases,)
        False where something is recorded after last contact or death, or where these are missing.
    """
    parts, usable = [], _clock_is_known(cases)
    for rule in (*RULES, *_after_contact_rules(time_resolution), *_wide_follow_up_rules()):
        if not set(rule.columns) <= set(cases):
            continue
        at = np.flatnonzero(rule.broken(cases).fillna(False).to_numpy(dtype=bool))
        parts.append(_findings(rule, cases.iloc[at], rows[at]))
        if rule.code.startswith("after_"):
            usable.iloc[at] = False
    if time_resolution == "day":
        parts.append(fractional_days(cases, "cases"))
    return found.concat(parts), usable


def _clock_is_known(cases):
    usable = pd.Series(True, index=cases.index, dtype="boolean")
    for name in ("last_contact_day", "died"):
        if name in cases:
            usable &= cases[name].notna()
    return usable


def _findings(rule, broken, rows):
    quoted = [name + " " + _shown(broken[name]) for name in rule.columns]
    joined = quoted[0].str.cat(quoted[1:], sep=", ") if len(quoted) > 1 else quoted[0]
    case_id = broken["case_id"].to_numpy() if "case_id" in broken else None
    return found.make(
        "cases",
        rule.code,
        rule.severity,
        case_id=case_id,
        row=rows,
        column=rule.columns[0],
        found=joined.to_numpy(),
        wanted=rule.wanted,
    )


def _shown(values):
    text = values.astype("string").str.replace(r"\.0$", "", regex=True)
    return text.fillna("missing")


def _later(event_day, contact_day, time_resolution):
    """Whether an event lies after last contact; a whole day of last contact is all of that day."""
    whole = np.floor(event_day) > np.floor(contact_day)
    if time_resolution == "day":
        return whole
    return whole | ((contact_day % 1 != 0) & (event_day > contact_day))


def _after_contact_rules(time_resolution):
    """Two rules for each day: after death, and after last contact of somebody not known dead."""

    def rule(name, code, died, words):
        def broken(cases):
            known_dead = cases["died"].fillna(False) if "died" in cases else False
            return _later(cases[name], cases["last_contact_day"], time_resolution) & (
                known_dead == died
            )

        return Rule(
            code, "error", (name, "last_contact_day"), broken, f"nothing recorded after {words}"
        )

    days = [
        name
        for name in codebook.columns()
        if name.endswith("_day") and name not in MAY_FOLLOW_DEATH
    ]
    return [
        made
        for name in days
        for made in (
            rule(name, "after_death", True, "death"),
            rule(name, "after_last_contact", False, "last contact"),
        )
    ]


def _wide_follow_up_rules():
    """A status at a day whose window opens only after last contact."""

    def rule(name, day):
        def broken(cases):
            return cases[name].notna() & (cases["last_contact_day"] < day - WINDOW_DAYS[day])

        opens = day - WINDOW_DAYS[day]
        wanted = f"last contact no earlier than day {opens} beside a status at {day} days"
        return Rule(
            "status_after_last_contact", "warning", (name, "last_contact_day"), broken, wanted
        )

    dated = ((name, re.fullmatch(r"ambulatory_status_(\d+)d", name)) for name in codebook.columns())
    return [rule(name, int(match[1])) for name, match in dated if match]


def check_visits(visits, rows, cases, *, time_resolution="day"):
    """Visits after the last contact of their case, as warnings.

    Parameters
    ----------
    visits : DataFrame, shape (n_visits, n_columns)
    rows : int array, shape (n_visits,)
    cases : DataFrame
        With case_id and last_contact_day, each case once; where it is not so, nothing is checked.
    time_resolution : {"day", "hour"}

    Returns
    -------
    DataFrame of findings
    """
    parts = [fractional_days(visits, "visits")] if time_resolution == "day" else []
    if {"case_id", "last_contact_day"} <= set(cases) and {"case_id", "visit_day"} <= set(visits):
        known = cases.dropna(subset="case_id").drop_duplicates("case_id").set_index("case_id")
        contact = visits["case_id"].map(known["last_contact_day"]).astype("Float64")
        late = (
            _later(visits["visit_day"], contact, time_resolution).fillna(False).to_numpy(dtype=bool)
        )
        shown = "visit_day " + _shown(visits["visit_day"]) + ", last_contact_day " + _shown(contact)
        parts.append(
            found.make(
                "visits",
                "visit_after_last_contact",
                "warning",
                case_id=visits["case_id"].to_numpy()[late],
                row=rows[late],
                column="visit_day",
                found=shown.to_numpy()[late],
                wanted="visit_day no later than last_contact_day of the case",
            )
        )
    return found.concat(parts)


def fractional_days(frame, table):
    """A note for each day column with fractions, for a cohort recorded in whole days."""
    days = [name for name in frame if name.endswith("_day")]
    counts = {name: int((frame[name] % 1 != 0).fillna(False).sum()) for name in days}
    counts = {name: n for name, n in counts.items() if n}
    wanted = "with time_resolution day it says nothing about the hour"
    told = [f"{n} row{'s' if n > 1 else ''} with a fraction of a day" for n in counts.values()]
    if not counts:
        return found.empty()
    return found.make(
        table, "fractional_day", "note", column=list(counts), found=told, wanted=wanted
    )
