"""Survival observed in each band of a score beside the figure published for it."""

import numpy as np
import pandas as pd

from mescc_analytics.errors import UsageError
from mescc_analytics.stats.curves import TOLERANCE, as_numbers, checked, kaplan_meier, survival_at
from mescc_analytics.stats.intervals import NAN
from mescc_analytics.stats.resampling import DEFAULT

HORIZONS = (90, 180, 365)
PUBLISHED = ("band", "time_days", "survival")
COLUMNS = (
    *("band", "time_days", "n", "n_at_risk", "events", "observed", "ci_lower", "ci_upper"),
    *("published", "difference", "difference_lower", "difference_upper", "note"),
)


def observed_by_band(time, event, band, published, *, horizons=HORIZONS, spec=DEFAULT):
    """Kaplan-Meier survival of each band of a score beside the published figure.

    Parameters
    ----------
    time, event : array-like, shape (n_cases,)
        Days from time zero; True: died then.
    band : Categorical, shape (n_cases,)
        Every category has its rows, also without cases.
    published : DataFrame
        band, time_days, survival (0 to 1); taken as exact, at exactly the day it is given for.
    horizons : sequence of float
        Days.
    spec : ValidationSpec
        `min_events` counts the deaths of all bands by the day.

    Returns
    -------
    DataFrame
        band, time_days, n, n_at_risk, events (by that day), observed, ci_lower, ci_upper,
        published, difference (observed minus published), difference_lower, difference_upper, note.

    >>> from mescc_analytics.stats.resampling import ValidationSpec
    >>> published = pd.DataFrame({"band": ["poor"], "time_days": [90], "survival": [0.2]})
    >>> band = pd.Categorical(["poor"] * 4)
    >>> spec = ValidationSpec(min_events=1)
    >>> found = observed_by_band([30, 60, 100, 200], [1] * 4, band, published, spec=spec)
    >>> found[["band", "observed", "published", "difference"]].head(1)
       band  observed  published  difference
    0  poor       0.5        0.2         0.3
    """
    band = pd.Categorical(band)
    figures = _published(published, band.categories)
    if len(time) != len(band) or (band.codes < 0).any():
        raise UsageError("bands", ["wanted one band per case, none missing"])
    time, event = checked(time, event) if len(time) else (np.zeros(0), np.zeros(0, bool))
    deaths = {day: int((event & (time <= day + TOLERANCE)).sum()) for day in horizons}
    too_few = {day: spec.too_few(deaths[day], f" by day {day:g}") for day in horizons}
    rows = []
    for code, name in enumerate(band.categories):
        members = band.codes == code
        for row in _band_rows(time[members], event[members], horizons, spec):
            figure = figures.get((str(name), row["time_days"]), NAN)
            rows.append({"band": str(name)} | _beside(row, figure, too_few[row["time_days"]]))
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    return frame.astype({"band": "string", "note": "string"})


def _published(published, bands):
    """Published survival by band and day."""
    absent = [name for name in PUBLISHED if name not in published]
    if absent:
        raise UsageError("published figures", [f"column '{name}' is missing" for name in absent])
    names, survival = published["band"].astype(str), as_numbers(published["survival"])
    problems = [
        f"band '{name}' is not one of {', '.join(map(str, bands))}"
        for name in sorted(set(names) - set(map(str, bands)))
    ]
    if not ((survival >= 0) & (survival <= 1)).all():
        problems.append("found a survival outside 0 to 1")
    keys = list(zip(names, as_numbers(published["time_days"]), strict=True))
    if len(set(keys)) < len(keys):
        problems.append("found a band with two figures for one day")
    if problems:
        raise UsageError("published figures", problems)
    return dict(zip(keys, survival, strict=True))


def _band_rows(time, event, horizons, spec):
    """Observed survival of one band on each day, with its note."""
    if not len(time):
        nothing = dict.fromkeys(("observed", "ci_lower", "ci_upper"), NAN)
        note = "not estimable: no cases in this band"
        return [
            {"time_days": float(day), "n": 0, "n_at_risk": 0, "events": 0, **nothing, "note": note}
            for day in horizons
        ]
    curve = kaplan_meier(time, event, level=spec.level, interval=spec.interval)
    at = survival_at(curve, horizons).rename(columns={"survival": "observed"})
    at["n"] = len(time)
    at["events"] = [int((event & (time <= day + TOLERANCE)).sum()) for day in horizons]
    certain = at["observed"].isin([0.0, 1.0])
    at.loc[certain, ["ci_lower", "ci_upper"]] = NAN
    ended = f"not estimable: follow-up ends on day {time.max():g}"
    who = np.where(at["observed"] == 1, "nobody", "everyone")
    alike = np.char.add(np.char.add("interval not estimable: ", who), " has died by then")
    at["note"] = np.where(at["observed"].isna(), ended, np.where(certain, alike, ""))
    return at.to_dict("records")


def _beside(row, figure, too_few):
    """Row with the published figure and the difference from it."""
    notes = [row["note"]] if row["note"] else []
    if too_few:
        notes = [f"not estimable: {too_few}"]
        row = row | dict.fromkeys(("observed", "ci_lower", "ci_upper"), NAN)
    if np.isnan(figure):
        notes.append("no figure published for this band and day")
    return row | {
        "published": float(figure),
        "difference": row["observed"] - figure,
        "difference_lower": row["ci_lower"] - figure,
        "difference_upper": row["ci_upper"] - figure,
        "note": "; ".join(notes),
    }
