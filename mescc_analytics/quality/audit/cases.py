"""The cases behind an audit number, with the values that decided; row-level, for the hospital."""

import pandas as pd

from mescc_analytics import codebook
from mescc_analytics.quality.audit import indicators as rules
from mescc_analytics.quality.audit.counts import stacked

# What a case list shows, with its words, in order; where fewer is better, passing is the harm.
OPEN = {"error": "data error", "indeterminate": "indeterminate", "unknown": "unknown"}
LISTED = {"fail": "not met"} | OPEN | {"excluded": "left out", "pass": "met"}
HARMS = {"pass": "harm"} | OPEN | {"excluded": "left out", "fail": "no harm"}
COLUMNS = ("indicator_id", "case_id", "site", "period", "verdict", "values")
NOT_RECORDED = "not recorded"
YES_NO = {True: "yes", False: "no"}


def list_cases(cases, verdicts, groups, settings):
    """Every case that an indicator asks for, with the values that decided.

    Parameters
    ----------
    cases : DataFrame, shape (n_cases, ...)
        As judged.
    verdicts : dict of str to Judged
    groups : DataFrame, shape (n_cases, 2)
        site and period.
    settings : dict
        ``time_resolution`` and ``list_at_most``: the most cases of one verdict on one indicator.

    Returns
    -------
    DataFrame
        indicator_id, case_id, site, period, verdict, values; failed ones first, cases in input
        order.
    """
    parts = [
        _of_indicator(cases, name, judged, groups, settings)
        for name, judged in verdicts.items()
        if not judged.needs
    ]
    return stacked(parts, COLUMNS)


def words_of(indicator):
    """Words of the verdicts that a list shows, in its order."""
    return HARMS if indicator.get("better") == "lower" else LISTED


def _of_indicator(cases, name, judged, groups, settings):
    indicator, resolution = rules.indicators()[name], settings["time_resolution"]
    listed = _listed(judged, cases.index, words_of(indicator), settings["list_at_most"])
    chosen, reasons = cases.loc[listed.index], pd.Series(judged.reason, cases.index)
    short, full = (
        deciding_values(chosen, indicator, columns, resolution)
        for columns in (rules.judged_columns(indicator), rules.used_columns(indicator))
    )
    values = short.where(listed != "unknown", full)
    excluded = reasons.loc[listed.index].map(
        {number: entry["label"] for number, entry in enumerate(indicator.get("excludes", []))}
    )
    values = values.where(excluded.isna(), excluded.astype("string") + ": " + values)
    words = listed.map(words_of(indicator))
    frame = groups.loc[listed.index].assign(
        indicator_id=name, case_id=chosen["case_id"], verdict=words, values=values
    )
    return frame[list(COLUMNS)].astype("string")


def _listed(judged, index, words, most):
    """Verdicts of the listed cases, sorted; the first `most` of each."""
    verdict = pd.Series(pd.Categorical.from_codes(judged.verdict, rules.VERDICTS), index)
    listed = verdict[verdict.isin(words)].cat.set_categories(words).sort_values(kind="stable")
    return listed.groupby(listed, observed=True).head(most)


def deciding_values(cases, indicator, columns, resolution):
    """What the indicator read of each case, as text: intervals first, then columns."""
    parts = [_interval(cases, clock, resolution) for clock in indicator.get("clocks", [])]
    stamps = {clock[end] for clock in indicator.get("clocks", []) for end in ("from", "to")}
    parts += [_column(cases, name) for name in columns if name not in stamps]
    text = parts[0]
    for part in parts[1:]:
        text = text + "; " + part
    return text


def _interval(cases, clock, resolution):
    days = rules.elapsed_days(cases, clock, resolution)
    hours = resolution == "hour" and "hours" in clock
    amount = (days * 24).round(1) if hours else days.round(2)
    text = _number(amount) + (" h" if hours else " days")
    ends = (_when(cases, clock[end]) for end in ("from", "to"))
    return next(ends) + " to " + next(ends) + ": " + text.fillna(NOT_RECORDED)


def _when(cases, name):
    words = codebook.load("audit/indicators")["stamps"][name]
    if name == "presentation":
        return words
    day = _number(rules.stamp(cases, name).round(2))
    return words + " (" + ("day " + day).fillna(NOT_RECORDED) + ")"


def _number(values):
    """Numbers as text without a needless ".0"."""
    return values.astype("string").str.replace(r"\.0$", "", regex=True)


def _column(cases, name):
    label = codebook.load("audit/indicators")["words"].get(name, codebook.label(name))
    if name not in cases:
        return pd.Series(f"{label}: {NOT_RECORDED}", index=cases.index, dtype="string")
    column = cases[name]
    if isinstance(column.dtype, pd.BooleanDtype):
        text = column.map(YES_NO).astype("string")
    elif pd.api.types.is_numeric_dtype(column):
        text = ("day " if name.endswith("_day") else "") + _number(column.round(2))
    else:
        text = _levels(column, name)
    return f"{label}: " + text.fillna(NOT_RECORDED)


def _levels(column, name):
    """Levels, or lists of columns, in words."""
    text = column.astype("string")
    says = {level: _in_words(name, level) for level in text.dropna().unique()}
    return text.map(says, na_action="ignore").astype("string")


def _in_words(name, level):
    if name == "sins_missing":
        return ", ".join(codebook.label(part) for part in level.split("; ")) or "none"
    return codebook.label(name, level)
