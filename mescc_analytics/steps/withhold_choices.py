"""Small counts taken out of the guard and of the panel of choices before they are shown."""

import pandas as pd

from mescc_analytics.steps.withhold import HIDDEN, hide, is_small
from mescc_analytics.tables import disclosure

RATIOS = ["hazard_ratio", "ci_lower", "ci_upper", "p"]
COUNTS = ("n_landmark", "n_dead_by_landmark", "n_untreated_dead")
REST = ("days_median", "days_q1", "days_q3", "naive_median_days", "landmark_median_days")


def panel(frame, threshold):
    """Rows of panel.csv without those that rest on few cases or few deaths in either arm."""
    sizes = ("n_group", "n_reference", "events_group", "events_reference")
    small = pd.Series(False, index=frame.index)
    for name in sizes:
        small |= is_small(frame[name], threshold)
    out = hide(frame, small, [*RATIOS, *sizes])
    if "mark" not in out:
        out["mark"] = pd.Series(pd.NA, index=out.index, dtype="string")
    return out


def guard(frame, threshold):
    """Guard without small arms, and without the counts that tell small ones.

    The number of cases is that at the landmark, which other tables show as well: beside the number
    before it, the difference would tell who left. Where the numbers hidden in a column could be
    told from their sum, the next smallest is hidden too: the total is shown elsewhere.
    """
    small = is_small(frame["n"], threshold)
    everything = [*COUNTS, *REST, "n", "n_naive", "n_treated", "n_lost_by_landmark"]
    out = hide(frame, small, everything, small, f"<{threshold}")
    tells = {
        "n_landmark": pd.Series(False, index=frame.index),
        "n_dead_by_landmark": is_small(frame["n_lost_by_landmark"], threshold)
        | is_small(frame["n"] - frame["n_dead_by_landmark"], threshold),
        "n_untreated_dead": is_small(frame["n"] - frame["n_untreated_dead"], threshold),
    }
    for name in COUNTS:
        own = is_small(frame[name], threshold)
        marks = pd.Series(pd.NA, index=frame.index, dtype="string")
        marks = marks.mask(tells[name], HIDDEN).mask(own, f"<{threshold}")
        more = _more(frame, name, marks, small, threshold)
        marks = marks.mask(more & marks.isna(), HIDDEN)
        out[f"{name}_mark"] = marks
        out[name] = out[name].mask(marks.notna())
    few = is_small(frame["n_treated"], threshold)
    out["days_mark"] = pd.Series(pd.NA, index=frame.index, dtype="string").mask(few, HIDDEN)
    for name in REST[:3]:
        out[name] = out[name].mask(few)
    left = is_small(frame["n_landmark"], threshold)
    out["landmark_median_days"] = out["landmark_median_days"].mask(left)
    return out


def _more(frame, name, marks, small, threshold):
    """Further counts of a section that are hidden, the smallest first, until nothing tells those
    that are: the sum of all hidden ones is known, because the total is shown elsewhere.
    """
    found = pd.Series(False, index=frame.index)
    for _, rows in frame.groupby("section", sort=False):
        counts = rows[name].dropna().astype(int).sort_values(kind="stable")
        gone = (marks.notna() | small)[counts.index]
        # what a reader knows of each: a small group, 0 or more; "<5", 1 to 4; others, 5 or more
        least = is_small(counts, threshold).astype(int).where(counts < threshold, threshold)
        least = least.mask(small[counts.index], 0)
        found[counts.index] = disclosure.hide_more(counts, gone, least, threshold)
    return found
