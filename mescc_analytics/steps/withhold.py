"""Withholding: small counts, and what would reveal them, taken out before anything is shown."""

import re

import pandas as pd

from mescc_analytics.steps import withhold_sums
from mescc_analytics.tables import disclosure

HIDDEN = "hidden"
WITHHELD, STRATEGIES = "withheld", "by_arm_clone_censor_weight"
MILESTONE = re.compile(r"survival_[0-9.]+d")
SURVIVAL = ("survival", "ci_lower", "ci_upper")
# a weight of 1 makes weighted numbers those of cases
AT_RISK = ("n_at_risk", "n_at_risk_weighted", "n_events_weighted")
COUNTS_OF_SUMMARY = ("analysis", "group", "n", "events", "start_days", "note", "n_group_unknown")
CONTRAST_VALUES = ("estimate", "ci_lower", "ci_upper", "p")


def is_small(counts, threshold):
    """True where a count is between 1 and threshold - 1; shape of `counts`."""
    counts = counts.astype("Float64")
    return ((counts > 0) & (counts < threshold)).fillna(False).astype(bool)


def hide(frame, where, values, small=None, mark="<5"):
    """Copy with `values` set to NA in the rows `where`, and what to show instead in the column
    `mark`.

    Parameters
    ----------
    frame : DataFrame
    where : boolean Series, shape (n_rows,)
    values : sequence of str
    small : boolean Series, optional
        The rows whose own count is small; they are marked `mark`, the others "hidden".
    """
    out = frame.copy()
    for name in values:
        out[name] = out[name].mask(where)
    marks = out["mark"] if "mark" in out else pd.Series(pd.NA, index=out.index, dtype="string")
    marks = marks.mask(where & marks.isna(), HIDDEN)
    out["mark"] = marks if small is None else marks.mask(small, mark)
    return out


def flow(frame, threshold):
    """The attrition flow: small numbers that could not be judged join the exclusions, small
    exclusions are merged.
    """
    if frame.empty:
        return frame
    small = is_small(frame["n_excluded"], threshold) | is_small(frame["n_unknown"], threshold)
    joined = small & (frame["n_unknown"] > 0)
    folded = frame.assign(
        n_excluded=frame["n_excluded"] + frame["n_unknown"].where(joined, 0),
        n_unknown=frame["n_unknown"].where(~joined, 0),
        label=frame["label"].where(~joined, frame["label"] + " (or could not be judged)"),
    )
    merged = disclosure.merge_small_steps(_without_idle(folded, threshold), threshold)
    return merged.assign(
        label=merged["label"].str.replace(
            r" or [A-Z]", lambda found: found.group().lower(), regex=True
        )
    )


def _without_idle(flow, threshold):
    """The flow without the criteria that excluded nobody, where their neighbours must be merged."""
    needed = is_small(flow["n_excluded"], threshold).groupby(flow["applies_to"]).transform("any")
    idle = (flow["n_excluded"] == 0) & (flow["n_unknown"] == 0) & (flow["criterion"] != "supplied")
    return flow[~(needed & idle)].reset_index(drop=True)


def curves(frame, threshold, least_at_risk=None):
    """Curves cut where fewer than `least_at_risk` (default: the threshold) are at risk; small
    numbers at risk NA.
    """
    at_risk = frame["n_at_risk"].astype("Float64")
    least = threshold if least_at_risk is None else max(least_at_risk, threshold)
    out = hide(frame, is_small(at_risk, threshold), [n for n in AT_RISK if n in frame])
    return hide(out, (at_risk < least).fillna(False).astype(bool), SURVIVAL)


def at_risk(shown_curves, shown_summary):
    """Curves without the numbers at risk of the groups whose number of cases `shown_summary`
    withholds; `at_risk_mark` is "hidden" there.
    """
    hidden = shown_summary[shown_summary["n_mark"].notna()]
    gone = pd.MultiIndex.from_frame(hidden[["analysis", "group"]])
    where = _among(shown_curves, ["analysis", "group"], gone)
    marks = pd.Series(pd.NA, index=shown_curves.index, dtype="string").mask(where, HIDDEN)
    numbers = [name for name in AT_RISK if name in shown_curves]
    masked = {name: shown_curves[name].mask(where) for name in numbers}
    return shown_curves.assign(**masked, at_risk_mark=marks)


def summary(frame, threshold):
    """Survival summaries without small groups, small numbers of deaths or survivors, or
    percentages that tell them.

    Groups, and the cases whose group is unknown, add up to a total that is shown: where the sum of
    those hidden tells one of them, or is small, the cases and deaths of the smallest other group
    are hidden too (`n_mark`, `events_mark`).
    """
    if frame.empty:
        return frame.assign(mark=pd.array([], dtype="string"), n_mark=pd.array([], dtype="string"))
    small_group = is_small(frame["n"], threshold)
    if "n_kept" in frame:
        # every case is a clone of a strategy, but its curve rests on those who keep it
        small_group |= is_small(frame["n_kept"], threshold)
    estimates = [name for name in frame if name not in COUNTS_OF_SUMMARY]
    out = hide(frame, small_group, [*estimates, "n", "events"], small_group, f"<{threshold}")
    events = frame["events"].astype("Float64")
    out["events_mark"] = _mark(events, frame["n"].astype("Float64"), threshold)
    out["n_mark"] = pd.Series(pd.NA, index=out.index, dtype="string")
    out = _second_group(frame, out, threshold)
    out["events"] = out["events"].mask(out["events_mark"].notna())
    out["n"] = out["n"].mask(out["n_mark"].notna())
    for name in [name for name in frame if MILESTONE.fullmatch(name)]:
        alive = (frame[name].astype("Float64") * frame["n"].astype("Float64")).round()
        hidden = _mark(alive, frame["n"].astype("Float64"), threshold)
        for column in (name, f"{name}_lower", f"{name}_upper"):
            out[column] = out[column].mask(hidden.notna())
        out[f"{name}_mark"] = hidden.mask(hidden.notna(), HIDDEN)
    return failed_strategies(_as_by_arm(out))


def failed_strategies(out):
    """A frame with marks, also on strategies whose weights fail their diagnostics."""
    if "note" not in out:  # summaries of another step
        return out
    failed = out["note"].astype("string").str.startswith(f"{WITHHELD}: ").fillna(False)
    failed &= out["analysis"].eq(STRATEGIES)
    return out.assign(mark=out["mark"].mask(failed, WITHHELD))


def _as_by_arm(out):
    """Summaries of weighted arms without cases and deaths where those of any arm are hidden: they
    have the same cases, and groups of arms would tell the one that is hidden.
    """
    by_arm = out[out["analysis"] == "by_arm"]
    weighted = out["analysis"].astype("string").str.endswith("_weighted").fillna(False).astype(bool)
    for name in ("n", "events"):
        if by_arm[["mark", f"{name}_mark"]].notna().any(axis=None):
            marks = out[f"{name}_mark"]
            out[f"{name}_mark"] = marks.mask(weighted & marks.isna(), HIDDEN)
            out[name] = out[name].mask(weighted)
    if "effective_n" in out:
        out["effective_n"] = out["effective_n"].mask(out["n_mark"].notna())
    return out


def _second_group(frame, out, threshold):
    """Marks of the cases and deaths of further groups, where the sum tells a hidden one."""
    unknown = frame.get("n_group_unknown", pd.Series(0, index=frame.index))
    untold = is_small(unknown, threshold)
    if "n_group_unknown" in out:
        out["n_group_unknown"] = out["n_group_unknown"].astype("Float64").mask(untold)
    for column in ("n", "events"):
        mark = out[f"{column}_mark"]
        hidden = out["mark"].notna() | mark.notna()
        more = withhold_sums.more(frame, (column, hidden), unknown, threshold) & ~hidden
        more &= frame["analysis"] != STRATEGIES  # a case counts in each of them
        for name in dict.fromkeys((column, "events")):
            marks = out[f"{name}_mark"]
            out[f"{name}_mark"] = marks.mask(more & marks.isna(), HIDDEN)
    return out


def _mark(count, total, threshold):
    small = is_small(count, threshold)
    complement = is_small(total - count, threshold)
    marks = pd.Series(pd.NA, index=count.index, dtype="string")
    return marks.mask(complement, HIDDEN).mask(small, f"<{threshold}")


def hazards(frame, shown_summary):
    """Hazard ratios without the groups that `shown_summary` withholds."""
    hidden = shown_summary[shown_summary["mark"].notna()]
    gone = pd.MultiIndex.from_frame(hidden[["analysis", "group"]])
    where = _among(frame, ["analysis", "group"], gone) | _among(
        frame, ["analysis", "reference"], gone
    )
    out = hide(frame, where, ["hazard_ratio", "ci_lower", "ci_upper", "p", "ph_p"])
    return failed_strategies(out)


def _among(frame, names, keys):
    return pd.Series(pd.MultiIndex.from_frame(frame[names]).isin(keys), index=frame.index)


def contrasts(frame, shown_rates):
    """Contrasts without the arms whose proportions are withheld."""
    names = ["analysis", "group", "baseline", "timepoint_days", "estimand"]
    hidden = shown_rates[shown_rates["mark"].notna()]
    gone = pd.MultiIndex.from_frame(hidden[names].astype({"timepoint_days": "float64"}))
    typed = frame.astype({"timepoint_days": "float64"})
    where = _among(typed, names, gone) | _among(typed, ["analysis", "reference", *names[2:]], gone)
    return hide(frame, where, CONTRAST_VALUES)


def crosstab(frame, rows, columns, threshold):
    """Long counts (column n) with small cells, and the cells that would tell them, withheld;
    order kept.
    """
    if frame.empty:
        return frame.assign(mark=pd.array([], dtype="string"))
    order = [list(dict.fromkeys(frame[name])) for name in (rows, columns)]
    wide = frame.pivot(index=rows, columns=columns, values="n").reindex(
        index=order[0], columns=order[1]
    )
    kept = disclosure.suppress_crosstab(wide.fillna(0).astype("Int64"), threshold).stack(
        future_stack=True
    )
    keys = pd.MultiIndex.from_frame(frame[[rows, columns]])
    where = pd.Series(kept.reindex(keys).isna().to_numpy(), index=frame.index)
    return hide(frame, where, ["n"], is_small(frame["n"], threshold), f"<{threshold}")


def zeros(frame, rows, threshold):
    """Counts of a crosstab in which no 0 is told apart from a small count: where any cell is
    hidden, a 0 becomes "<threshold" unless its whole row is 0.

    A mark that means 1 to threshold - 1 beside a total and zeros gives exact cells; one that means
    0 to threshold - 1 does not.
    """
    counted = frame["n"].fillna(1) > 0
    somebody = counted.groupby(frame[rows]).transform("any")
    none = (frame["n"] == 0).fillna(False) & somebody & frame["n"].isna().any()
    return hide(frame, none, ["n"], none, f"<{threshold}")


def largest(frame, counted, threshold):
    """Marks of a crosstab (level, group) of which no line holds nothing but the largest small
    count: its sum would give every cell, so that the whole line is "hidden".
    """
    full = (counted == threshold - 1).fillna(False).astype(bool)
    marks = frame["mark"]
    for name in ("level", "group"):
        inside = frame["n"].isna() & ((frame["group"] != "all") | (name == "group"))
        exact = (full | ~inside).groupby(frame[name]).transform("all") & inside
        marks = marks.mask(exact, HIDDEN)
    return frame.assign(mark=marks)


def cells(concordance, threshold):
    """Pathway by arm counts of concordance.csv, suppressed; arms and pathways without a case are
    left out.

    Empty where no pathway is determined or no arm is known.
    """
    frame = concordance[concordance["section"] == "cell"].reset_index(drop=True)
    informative = (
        (frame["n"] > 0) & (frame["pathway"] != "undetermined") & (frame["arm"] != "unknown")
    )
    frame = frame if informative.any() else frame.iloc[:0]
    frame = frame[frame.groupby("arm")["n"].transform("sum") > 0]
    frame = frame[frame.groupby("pathway")["n"].transform("sum") > 0].reset_index(drop=True)
    return crosstab(frame, "pathway", "arm", threshold)


def agreement(concordance, threshold):
    """The agreement rows by their text (n, value, ci_lower, ci_upper); empty where agreement or
    disagreement is small.
    """
    rows = concordance[concordance["section"] == "agreement"].to_dict("records")
    found = {row["text"]: row for row in rows}
    if not {"compared", "agree"} <= set(found):
        return {}
    agree, compared = found["agree"]["n"], found["compared"]["n"]
    tells = any(0 < n < threshold for n in (agree, compared - agree))
    return {} if tells else found


def counted(frame, threshold):
    """Rows with a count n: small counts withheld and marked."""
    small = is_small(frame["n"], threshold)
    return hide(frame, small, ["n"], small, f"<{threshold}")


def policies(frame, threshold):
    """Pathway counts per policy, suppressed; empty where no policy determines any pathway."""
    frame = (
        frame if ((frame["n"] > 0) & (frame["pathway"] != "undetermined")).any() else frame.iloc[:0]
    )
    if frame.empty:
        return frame.assign(mark=pd.array([], dtype="string"), policy=pd.array([], dtype="string"))
    policy = frame["algorithm"] + "; " + frame["sins_policy"] + "; " + frame["sosg_1c_policy"]
    return crosstab(frame.assign(policy=policy), "policy", "pathway", threshold)
