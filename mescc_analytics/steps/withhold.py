"""Withholding: small counts, and what would reveal them, taken out before anything is shown."""

import re

import pandas as pd

from mescc_analytics.tables import disclosure

HIDDEN = "hidden"
MILESTONE = re.compile(r"survival_[0-9.]+d")
SURVIVAL = ("survival", "ci_lower", "ci_upper")
RATE_VALUES = ("numerator", "denominator", "proportion", "ci_lower", "ci_upper")
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
    out = hide(frame, is_small(at_risk, threshold), ["n_at_risk"])
    return hide(out, (at_risk < least).fillna(False).astype(bool), SURVIVAL)


def summary(frame, threshold):
    """Survival summaries without small groups, small numbers of deaths or survivors, or
    percentages that tell them.
    """
    if frame.empty:
        return frame.assign(mark=pd.array([], dtype="string"))
    small_group = is_small(frame["n"], threshold)
    estimates = [
        name
        for name in frame
        if name not in ("analysis", "group", "n", "events", "start_days", "note")
    ]
    out = hide(frame, small_group, [*estimates, "n", "events"], small_group, f"<{threshold}")
    events = frame["events"].astype("Float64")
    out["events_mark"] = _mark(events, frame["n"].astype("Float64"), threshold)
    out["events"] = out["events"].mask(out["events_mark"].notna())
    for name in [name for name in frame if MILESTONE.fullmatch(name)]:
        alive = (frame[name].astype("Float64") * frame["n"].astype("Float64")).round()
        hidden = _mark(alive, frame["n"].astype("Float64"), threshold)
        for column in (name, f"{name}_lower", f"{name}_upper"):
            out[column] = out[column].mask(hidden.notna())
        out[f"{name}_mark"] = hidden.mask(hidden.notna(), HIDDEN)
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
    return hide(frame, where, ["hazard_ratio", "ci_lower", "ci_upper", "p", "ph_p"])


def _among(frame, names, keys):
    return pd.Series(pd.MultiIndex.from_frame(frame[names]).isin(keys), index=frame.index)


def rates(frame, threshold):
    """Proportions walking without small counts, their complements, or rows whose difference would
    tell one.

    A small number of deaths hides "alive and assessed", which differs from the composite by them.
    A small number of unknowns hides best and worst case, which differ by them; the composite stays,
    because how many were not assessed tells nothing about anybody's health. A single hidden entry
    status hides the other, a single hidden arm hides the smallest arm shown.
    """
    if frame.empty:
        return frame.assign(mark=pd.array([], dtype="string"))
    hidden = disclosure.hide_small(frame, "numerator", "denominator", list(RATE_VALUES), threshold)[
        "suppressed"
    ]
    small = is_small(frame["numerator"], threshold) | is_small(frame["denominator"], threshold)
    hidden = hidden.astype(bool) | small
    hidden |= is_small(frame["n_dead"], threshold) & (frame["estimand"] == "alive_assessed")
    hidden |= is_small(frame["n_unknown"], threshold) & frame["estimand"].isin(
        ["best_case", "worst_case"]
    )
    hidden = _secondary(frame, hidden)
    out = hide(frame, hidden, RATE_VALUES, small, f"<{threshold}")
    for name in ("n_dead", "n_unknown"):
        out[f"{name}_mark"] = _mark(frame[name], frame[name] + threshold, threshold)
        out[name] = out[name].mask(out[f"{name}_mark"].notna())
    return out


def _secondary(frame, hidden):
    by_entry = ["analysis", "group", "timepoint_days", "estimand"]
    by_arm = ["analysis", "baseline", "timepoint_days", "estimand"]
    while True:
        before = hidden.copy()
        hidden = _hide_next(frame, hidden, by_entry, frame["baseline"] != "all")
        hidden = _hide_next(frame, hidden, by_arm, frame["analysis"] != "overall")
        if hidden.equals(before):
            return hidden


def _hide_next(frame, hidden, keys, among):
    """Where exactly one row of a family is hidden, hide its smallest other row as well."""
    names = [frame[key] for key in keys]
    alone = (hidden & among).astype(int).groupby(names).transform("sum") == 1
    free = (
        frame["denominator"]
        .astype("Float64")
        .mask(~(alone & among & ~hidden) | (frame["denominator"] == 0))
    )
    rank = free.groupby(names).rank(method="first")
    return hidden | (rank == 1).fillna(False).astype(bool)


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
