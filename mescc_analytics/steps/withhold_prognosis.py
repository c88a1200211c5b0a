"""Validation of scores as it may be shown: small bands, and what would reveal them, withheld."""

import numpy as np
import pandas as pd

from mescc_analytics.steps import withhold

LEFT_OUT = ("open", "not_applicable")
WORDS = ("label", "points_status", "time_zero", "note")
PUBLISHED = "published_"
FOUND = r"found \d+, wanted at least (\d+)"
OBSERVED = ("observed", "ci_lower", "ci_upper", "difference", "difference_lower")


def summary(frame, threshold):
    """Cases, deaths and survival per band; the bands and the cases left out add up to the cohort.

    Two counts of a score are hidden where one would follow from the total (columns mark, n_mark,
    events_mark). What is published stays.
    """
    kept = [name for name in frame if name in WORDS or name.startswith(PUBLISHED)]
    named = frame.drop(columns=kept).rename(columns={"score": "analysis", "band": "group"})
    hidden = withhold.summary(named, threshold)
    for mark in ("mark", "n_mark", "events_mark"):
        if mark not in hidden:
            hidden[mark] = pd.array([pd.NA] * len(hidden), dtype="string")
    hidden = hidden.rename(columns={"analysis": "score", "group": "band"})
    return pd.concat([hidden, frame[kept]], axis="columns")


def discrimination(frame, shown_summary, threshold):
    """C of every score; its cases and deaths are hidden (NA) where, with those of the cases left
    out, they would tell a withheld number.
    """
    out = frame.copy()
    for score in frame["score"].unique():
        rows = shown_summary[shown_summary["score"] == score]
        outside = rows[rows["band"].isin(LEFT_OUT)]
        here = out["score"] == score
        if outside[["mark", "n_mark"]].notna().any(axis=None):
            out.loc[here, ["n", "events", "n_open", "n_not_applicable"]] = np.nan
        if outside["events_mark"].notna().any():
            out.loc[here, "events"] = np.nan
    # the number of deaths that were too few may itself be a small one
    out["reason"] = out["reason"].str.replace(FOUND, r"fewer than \1", regex=True)
    small = withhold.is_small(frame["n"], threshold)
    return withhold.hide(out, small, ["estimate", "ci_lower", "ci_upper", "n", "events"])


def calibration(frame, shown_summary, threshold):
    """Observed survival without small bands, and without percentages that tell a small number."""
    gone = shown_summary[shown_summary["mark"].notna()]
    keys = pd.MultiIndex.from_frame(gone[["score", "band"]].astype("string"))
    own = pd.MultiIndex.from_frame(frame[["score", "band"]].astype("string"))
    n = frame["n"].astype("Float64")
    alive = (frame["observed"].astype("Float64") * n).round()
    tells = withhold.is_small(alive, threshold) | withhold.is_small(n - alive, threshold)
    hidden = pd.Series(own.isin(keys), index=frame.index) | tells
    values = [*OBSERVED, "difference_upper", "n", "n_at_risk", "events"]
    return withhold.hide(frame, hidden, values)


def brier(frame, threshold):
    """Brier scores; that of the null model tells how many are alive, and is hidden where few are,
    or few are not.
    """
    n = frame["n"].astype("Float64")
    risk = (1 - np.sqrt((1 - 4 * frame["brier_null"].astype("Float64")).clip(lower=0))) / 2
    few = withhold.is_small((risk * n).round(), threshold) | withhold.is_small(n, threshold)
    values = [name for name in frame if name.startswith("brier")]
    return withhold.hide(frame, few, [*values, "n", "events"])


def comparison(frame, shown_discrimination, exact_discrimination, threshold):
    """Differences on the cases that have every score; their number is hidden (NA) where the cases
    with one score only, or without any, are few.
    """
    out = frame.copy()
    common = frame[frame["cases"] == "common"]
    if len(common):
        names = {*common["score"], *common["other"]}
        of_all = (
            of[(of["measure"] == "harrell") & of["score"].isin(names)]
            for of in (shown_discrimination, exact_discrimination)
        )
        if _tells(common.iloc[0], *of_all, threshold):
            out.loc[common.index, ["n", "events"]] = np.nan
    out.loc[frame["cases"] != "common", ["n", "events"]] = np.nan
    return out


def _tells(row, shown, exact, threshold):
    """Whether a subtraction gives a small number of dead or living cases."""
    if shown[["n", "events"]].isna().any(axis=None):
        return True
    dead = exact["events"] - row["events"]
    left_out = exact["n"] - row["n"]
    outside = exact["n_cases"].max() - row["n"]
    own = pd.Series([outside, row["events"], row["n"] - row["events"]])
    counts = pd.concat([dead, left_out, left_out - dead, own], ignore_index=True)
    return bool(withhold.is_small(counts, threshold).any())
