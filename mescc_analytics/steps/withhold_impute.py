"""Patterns of missing values and estimates as they may be shown."""

import numpy as np
import pandas as pd

from mescc_analytics.steps import withhold

MOST_PATTERNS = 12  # commonest patterns that are shown; the others are one
VALUES = ["estimate", "ci_lower", "ci_upper", "fmi"]


def patterns(frame, threshold):
    """The commonest patterns, the others as one.

    Parameters
    ----------
    frame : DataFrame
        patterns.csv.
    threshold : int

    Returns
    -------
    DataFrame
        pattern, n, n_missing, the variables that are missing anywhere. In the last row, where
        pattern, n_missing and all variables are NA, are the other patterns together. Neither they
        nor, of them, those with or without a variable are a small count, so that no number of
        missing values tells one.
    """
    if frame.empty:
        return frame.assign(pattern=[], n=[], n_missing=[])
    names = [name for name in frame.columns[3:] if frame[name].any()]
    missing, n = frame[names].to_numpy(dtype=bool), frame["n"].to_numpy(dtype=int)
    shown = (n >= max(threshold, 1)) & (np.arange(len(n)) < MOST_PATTERNS)
    while (fold := _next_to_fold(missing, n, shown, threshold)) is not None:
        shown[fold] = False
    kept = frame.loc[shown, ["pattern", "n", "n_missing", *names]].astype(object)
    if shown.all():
        return kept.reset_index(drop=True)
    others = {name: pd.NA for name in kept} | {"n": int(n[~shown].sum())}
    return pd.concat([kept, pd.DataFrame([others], dtype=object)], ignore_index=True)


def _next_to_fold(missing, n, shown, threshold):
    """The rarest shown pattern that must join the others, or None."""
    if not shown.any():
        return None
    rest = n * ~shown
    with_, without = rest @ missing, rest @ ~missing
    helps = (missing[:, _small(with_, threshold)].any(axis=1)) | (
        ~missing[:, _small(without, threshold)]
    ).any(axis=1)
    if _small(rest.sum(), threshold):
        helps |= True
    helps &= shown
    return int(np.flatnonzero(helps)[-1]) if helps.any() else None


def _small(count, threshold):
    return (count > 0) & (count < threshold)


def missingness(frame, threshold):
    """Missing values per column, small counts withheld: n, n_missing, mark."""
    n, count = frame["n"], frame["n_missing"]
    small, rest = withhold.is_small(count, threshold), withhold.is_small(n - count, threshold)
    return withhold.hide(frame, small | rest, ["n_missing"], small, f"<{threshold}")


def estimates(frame, shown_summary, threshold):
    """Hazard ratios without small levels and without the arms that `shown_summary` withholds."""
    hidden = shown_summary[(shown_summary["analysis"] == "by_arm") & shown_summary["mark"].notna()]
    arms = frame["variable"].eq("arm")
    gone = arms & (frame["level"].isin(hidden["group"]) | frame["reference"].isin(hidden["group"]))
    small = withhold.is_small(frame["n_level"], threshold)
    small |= withhold.is_small(frame["n_reference"], threshold)
    out = withhold.hide(frame, gone | small, VALUES)
    total, complete = frame["n"].where(frame["analysis"] == "imputed"), frame["n_complete"]
    told = withhold.is_small(complete, threshold) | withhold.is_small(total - complete, threshold)
    untold = bool(told.any())
    names = ["n_complete"] if untold else []
    out[names] = pd.NA
    of_complete = out["analysis"].eq("complete_case")
    for name in ("n", "events"):
        out[name] = out[name].astype("Int64").mask(of_complete & untold)
    return out


def sins(frame, threshold):
    """Shares of the categories; recorded counts that are small withheld, and shares of so few
    cases: where little was imputed, the share is the count. Marks in mark and share_mark.
    """
    if frame.empty:
        none = pd.array([], dtype="string")
        return frame.assign(mark=none, share_mark=none)
    tidy = frame.assign(rest=frame["n"] - frame["n_recorded"])
    small = withhold.is_small(frame["n_recorded"], threshold)
    any_small = small.any() or withhold.is_small(tidy["rest"], threshold).any()
    where = pd.Series(bool(any_small), index=frame.index)
    out = withhold.hide(frame, where, ["n_recorded"], small, f"<{threshold}")
    few = _few_shares(frame["share"] * frame["n_cases"], threshold)
    for name in ("share", "ci_lower", "ci_upper", "fmi"):
        out[name] = out[name].mask(few)
    marks = pd.Series(pd.NA, index=frame.index, dtype="string")
    return out.assign(share_mark=marks.mask(few, withhold.HIDDEN))


def _few_shares(expected, threshold):
    """Categories with few expected cases, and a second one where the total tells a single one."""
    few = withhold.is_small(expected, threshold)
    if few.sum() == 1:
        others = expected.mask(few | (expected == 0)).astype("Float64")
        few |= (others == others.min()).fillna(False).astype(bool)
    return few
