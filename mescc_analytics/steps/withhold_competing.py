"""Withholding for events that death can forestall, and for walking as a process."""

import numpy as np
import pandas as pd

from mescc_analytics.present.captions_competing import LEAST_STEPS
from mescc_analytics.steps.withhold import HIDDEN, crosstab, hide, is_small, zeros

VALUES = ("incidence", "ci_lower", "ci_upper")
RATIOS = ("hazard_ratio", "ci_lower", "ci_upper", "p", "ph_p")
GROUPS = ["analysis", "endpoint", "group"]
STATES = ("ambulatory", "non_ambulatory", "unknown", "dead")


def summary(frame, threshold, untold=()):
    """Incidence at the timepoints without small groups and small numbers of events or of cases
    without one.

    Parameters
    ----------
    frame : DataFrame
        summary.csv.
    threshold : int
    untold : set of (analysis, group)
        Groups of which another table withholds the number of cases.

    Returns
    -------
    DataFrame
        As `frame`, withheld numbers NA; `mark` for a group, `n_mark` for its cases (hidden where
        only a few of the group were not at risk, and for `untold`), `events_mark` for its events.
    """
    n, events = (frame[name].astype("Float64") for name in ("n", "n_events"))
    few = is_small(n, threshold)
    out = hide(frame, few, ["n", "n_events", "n_at_risk", *VALUES], few, f"<{threshold}")
    missing = pd.Series(pd.NA, index=frame.index, dtype="string")
    told = is_small(frame["n_not_at_risk"], threshold) | _few_unknown(frame, threshold)
    told |= pd.MultiIndex.from_frame(frame[["analysis", "group"]].astype(str)).isin(list(untold))
    out["n_mark"] = missing.mask(told, HIDDEN)
    small = is_small(events, threshold)
    out["events_mark"] = missing.mask(is_small(n - events, threshold), HIDDEN)
    out["events_mark"] = out["events_mark"].mask(small, f"<{threshold}")
    gone = out["events_mark"].notna()
    for name in ("n_events", *VALUES):
        out[name] = out[name].mask(gone)
    out["n"] = out["n"].mask(out["n_mark"].notna())
    return out


def _few_unknown(frame, threshold):
    """Rows of the two walking endpoints where few of the group have no status at the start: the
    two numbers of cases at risk, taken from the size of the group, would tell how many.
    """
    walking = frame["endpoint"].isin(["loss_of_walking", "regaining_walking"])
    first = frame[walking].drop_duplicates(GROUPS)
    at_risk = first.groupby(["analysis", "group"])["n"].sum()
    size = (first["n"] + first["n_not_at_risk"]).groupby([first["analysis"], first["group"]]).max()
    few = at_risk.index[is_small(size - at_risk, threshold)]
    keys = pd.MultiIndex.from_frame(frame[["analysis", "group"]])
    return walking & keys.isin(few)


def incidence(frame, shown_summary, threshold, least_at_risk=None):
    """Curves cut where few are at risk; none of a small group or of a cause with few events."""
    least = threshold if least_at_risk is None else max(least_at_risk, threshold)
    at_risk = frame["n_at_risk"].astype("Float64")
    totals = frame.groupby([*GROUPS, "cause"])["n_events"].transform("sum")
    few = _of(frame, shown_summary[shown_summary["mark"].notna()])
    cut = (at_risk < least).fillna(False).astype(bool) | is_small(totals, threshold) | few
    by_cause = pd.MultiIndex.from_frame(frame[[*GROUPS, "cause"]].astype(str))
    cut |= by_cause.isin(_few_by_the_end(shown_summary))
    out = hide(frame, cut, [*VALUES, "n_events", "n_censored"])
    untold = _of(frame, shown_summary[shown_summary["n_mark"].notna()])
    out["n_at_risk"] = out["n_at_risk"].mask(is_small(at_risk, threshold) | untold | few)
    marks = pd.Series(pd.NA, index=frame.index, dtype="string")
    return out.assign(at_risk_mark=marks.mask(untold, HIDDEN))


def _few_by_the_end(shown_summary):
    """Groups and causes whose events by the last timepoint are withheld."""
    keys = [*GROUPS, "cause"]
    ordered = shown_summary.sort_values("time_days", kind="stable")
    last = ordered.drop_duplicates(keys, keep="last")
    gone = last[last["mark"].notna() | last["events_mark"].notna()]
    return pd.MultiIndex.from_frame(gone[keys].astype(str))


def _of(frame, rows):
    wanted = pd.MultiIndex.from_frame(rows[GROUPS].astype(str))
    return pd.Series(
        pd.MultiIndex.from_frame(frame[GROUPS].astype(str)).isin(wanted), index=frame.index
    )


def hazards(frame, shown_summary, all_incidence, threshold):
    """Hazard ratios without groups that are small or have few events of the cause, by the last
    timepoint or, from incidence.csv, in all: the width of an interval would tell how many.
    """
    keys = _few_by_the_end(shown_summary)
    totals = all_incidence.groupby([*GROUPS, "cause"])["n_events"].sum()
    few = totals[is_small(totals, threshold)].index.to_frame(index=False)
    keys = keys.append(pd.MultiIndex.from_frame(few.astype(str)))
    names = ["analysis", "endpoint", "group", "cause"]
    hidden = pd.Series(False, index=frame.index)
    for group in ("group", "reference"):
        rows = frame[["analysis", "endpoint", group, "cause"]].set_axis(names, axis="columns")
        hidden |= pd.MultiIndex.from_frame(rows.astype(str)).isin(keys)
    return hide(frame, hidden, RATIOS)


def occupancy(frame, threshold, least_at_risk=None):
    """Shares of the states in steps of at least `threshold` cases of a group; none of a group with
    fewer than LEAST_STEPS such steps, or where few are followed.
    """
    least = threshold if least_at_risk is None else max(least_at_risk, threshold)
    n = frame.groupby(["analysis", "group"])["n_followed"].transform("first").astype(float)
    out = frame[["analysis", "group", "time_days", "n_followed", *STATES]].copy()
    bounds = out[list(STATES)].astype(float).cumsum(axis="columns").to_numpy()
    if threshold > 1:
        steps = np.maximum(n.to_numpy() // threshold, 1)[:, np.newaxis]
        bounds = np.rint(bounds * steps) / steps
    bounds[:, -1] = np.where(np.isnan(bounds[:, -1]), np.nan, 1.0)
    out[list(STATES)] = np.diff(bounds, axis=1, prepend=0.0)
    cut = (n < max(least, LEAST_STEPS * threshold)) | (frame["n_followed"].astype(float) < least)
    # a group ends where it is first cut
    cut = cut.groupby([frame["analysis"], frame["group"]]).cummax()
    return hide(out, cut, ["n_followed", *STATES])


def of_large_groups(frame, all_occupancy, values, threshold):
    """Rows of groups of at least `threshold` cases; the values of the others withheld."""
    n = all_occupancy.groupby(["analysis", "group"])["n_followed"].first()
    gone = {tuple(map(str, key)) for key in n.index[is_small(n, threshold)]}
    groups = [name for name in ("group", "reference") if name in frame]
    hidden = [
        any((str(row["analysis"]), str(row[name])) in gone for name in groups)
        for row in frame[["analysis", *groups]].to_dict("records")
    ]
    return hide(frame, pd.Series(hidden, index=frame.index, dtype=bool), values)


def transitions(frame, threshold):
    """Numbers of transitions, small ones and what would tell them withheld, group by group."""
    if frame.empty:
        return frame.assign(mark=pd.array([], dtype="string"))
    parts = []
    for _, rows in frame.groupby(["analysis", "group"], sort=False):
        table = rows.reset_index(drop=True)
        shown = crosstab(
            table[["from_state", "to_state", "n"]], "from_state", "to_state", threshold
        )
        shown = zeros(shown, "from_state", threshold)
        parts.append(table.assign(n=shown["n"], mark=shown["mark"]))
    return pd.concat(parts, ignore_index=True)


def paired(frame, threshold):
    """Change between two assessments, without the numbers and tests that tell a small number."""
    counts = frame[["n_pairs", "n_better", "n_worse"]].astype("Float64")
    same = counts["n_pairs"] - counts["n_better"] - counts["n_worse"]
    tells = is_small(same, threshold)
    for name in counts:
        tells |= is_small(counts[name], threshold)
    return hide(frame, tells, ["n_better", "n_worse", "statistic", "p"]).assign(
        n_pairs=counts["n_pairs"].mask(is_small(counts["n_pairs"], threshold))
    )
