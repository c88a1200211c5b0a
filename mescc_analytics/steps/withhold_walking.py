"""Walking rates without what tells how few cases are in a state.

Every case is walking, not walking, dead or unknown at a time. What is decided is which of these
four counts are hidden; a numerator or denominator is shown only if it holds all hidden states or
none, so that no subtraction of anything shown, the number of cases included, tells one of them.
"""

import numpy as np
import pandas as pd

from mescc_analytics.stats.walking import ESTIMANDS, STATES
from mescc_analytics.steps.withhold import HIDDEN, hide, is_small

RATE_VALUES = ("numerator", "denominator", "proportion", "ci_lower", "ci_upper")
KEYS = ["analysis", "group", "timepoint_days", "baseline"]
ENTRY = ("ambulatory", "non_ambulatory")
# The state hidden with a small one, in the order in which it costs least (positions in STATES).
PARTNERS = {0: (3, 2, 1), 1: (2, 3, 0), 2: (1, 3, 0), 3: (2, 1, 0)}


def rates(frame, threshold, untold=()):
    """Proportions walking without small numbers of cases in a state.

    Parameters
    ----------
    frame : DataFrame
        rates.csv.
    threshold : int
    untold : set of (analysis, group)
        Groups of which another table withholds the number of cases: no count of theirs is shown.

    Returns
    -------
    DataFrame
        As `frame`, withheld numbers NA; `mark`, `n_dead_mark` and `n_unknown_mark` say "hidden",
        or "<threshold" where all cases of the row are that few.
    """
    if frame.empty:
        return frame.assign(mark=pd.array([], dtype="string"))
    states = _states(frame)
    firsts = states[~frame.duplicated(KEYS)].set_axis(
        pd.MultiIndex.from_frame(frame.loc[~frame.duplicated(KEYS), KEYS])
    )
    hidden = _hidden_states(firsts, threshold)
    hidden[_whole_rows(firsts, untold, threshold)] = True
    by_row = hidden.loc[pd.MultiIndex.from_frame(frame[KEYS])].to_numpy()
    few = is_small(states.sum(axis="columns"), threshold)
    where = pd.Series(_partly(frame["estimand"], by_row), index=frame.index)
    out = hide(frame, where, RATE_VALUES, where & few, f"<{threshold}")
    for name, state in (("n_dead", "dead"), ("n_unknown", "unknown")):
        gone = pd.Series(by_row[:, STATES.index(state)], index=frame.index)
        marks = pd.Series(pd.NA, index=frame.index, dtype="string")
        out[f"{name}_mark"] = marks.mask(gone, HIDDEN)
        out[name] = out[name].mask(gone)
    return out


def _whole_rows(states, untold, threshold):
    """True for rows of which nothing is shown; shape (n_rows,), rows are KEYS.

    Where few cases of a group have no status at entry, the two statuses and the whole would tell
    how many: those who did not walk at entry are not shown.
    """
    by_group = states.index.droplevel(["timepoint_days", "baseline"]).to_flat_index()
    gone = np.array([key in untold for key in by_group], dtype=bool)
    n = states.sum(axis="columns").unstack("baseline")
    if not {"all", *ENTRY} <= set(n):
        return gone
    few = is_small(n["all"] - n[list(ENTRY)].sum(axis="columns"), threshold)
    found = few.groupby(level=["analysis", "group"]).any()
    found = set(found.index[found].to_flat_index())
    second = np.asarray(states.index.get_level_values("baseline") == ENTRY[1], dtype=bool)
    return gone | (second & np.array([key in found for key in by_group], dtype=bool))


def _states(frame):
    """Cases in each state, shape (n_rows, 4), from any estimand's numerator and denominator."""
    estimand = frame["estimand"]
    numerator, denominator, dead, unknown = (
        frame[name].astype("Float64").fillna(0)
        for name in ("numerator", "denominator", "n_dead", "n_unknown")
    )
    rest = denominator - numerator
    rest = rest - dead.mask(estimand == "alive_assessed", 0)
    rest = rest - unknown.where(estimand == "worst_case", 0)
    walking = numerator - unknown.where(estimand == "best_case", 0)
    return pd.DataFrame(
        dict(zip(STATES, (walking, rest, dead, unknown), strict=True)), dtype="float64"
    )


def _hidden_states(states, threshold):
    """Which states are hidden, shape of `states`; rows are KEYS."""
    hidden = pd.DataFrame(False, index=states.index, columns=states.columns)
    for analysis in states.index.unique("analysis"):
        for day in states.index.unique("timepoint_days"):
            _hide_at(states, hidden, (analysis, day), threshold)
    return hidden


def _hide_at(states, hidden, key, threshold):
    """Fill `hidden` for every group of an analysis at one time."""
    analysis, day = key
    of_day = states[
        (states.index.get_level_values("analysis") == analysis)
        & (states.index.get_level_values("timepoint_days") == day)
    ]
    chosen = {
        group: _of_family(rows, threshold)
        for group, rows in of_day.groupby(level="group", sort=False)
    }
    if analysis != "overall" and _adds_up(states, of_day, day, threshold):
        chosen = _linked(of_day, chosen, threshold)
    for group, (whole, entry) in chosen.items():
        at = (analysis, group, day)
        for baseline, found in (("all", whole), *((name, entry) for name in ENTRY)):
            if (*at, baseline) in hidden.index:
                hidden.loc[(*at, baseline)] = np.isin(range(len(STATES)), sorted(found))


def _of_family(rows, threshold, given=frozenset()):
    """Hidden states (positions) of all cases of a group, and of its two entry statuses alike.

    With the same states hidden in both statuses, and no others in the whole, what is shown leaves
    at least one case free to move between two hidden states.
    """
    baseline = rows.index.get_level_values("baseline")
    whole = _extended(rows[baseline == "all"].to_numpy(), given, threshold)
    return whole, _extended(rows[baseline != "all"].to_numpy(), whole, threshold)


def _extended(blocks, given, threshold):
    """Small states and those given, with others until at least two are hidden and their sum is
    not small in any block.
    """
    small = ((blocks > 0) & (blocks < threshold)).any(axis=0)
    found = set(given) | set(np.flatnonzero(small).tolist())
    while found and not _enough(blocks, found, threshold) and len(found) < len(STATES):
        free = [state for state in PARTNERS[min(found)] if state not in found]
        found.add(min(free, key=lambda state: not _enough(blocks, found | {state}, threshold)))
    return frozenset(found)


def _enough(blocks, found, threshold):
    sums = blocks[:, sorted(found)].sum(axis=1)
    return len(found) > 1 and not ((sums > 0) & (sums < threshold)).any()


def _adds_up(states, of_day, day, threshold):
    """Whether the groups add up to the whole cohort, or to all but a few of it."""
    key = ("overall", "all", day, "all")
    if key not in states.index:
        return False
    whole = of_day[of_day.index.get_level_values("baseline") == "all"].to_numpy().sum()
    return abs(states.loc[key].sum() - whole) < max(threshold, 1)


def _linked(of_day, chosen, threshold):
    """The same states hidden in every group with a hidden one, and in at least two groups."""
    common = frozenset().union(*(entry for _, entry in chosen.values()))
    if not common:
        return chosen
    rows = dict(list(of_day.groupby(level="group", sort=False)))
    touched = [group for group, (_, entry) in chosen.items() if entry]
    others = sorted(set(chosen) - set(touched), key=lambda group: rows[group].to_numpy().sum())
    touched += others[:1] if len(touched) == 1 else []
    for _ in STATES:
        found = {group: _of_family(rows[group], threshold, common) for group in touched}
        common = frozenset().union(*(entry for _, entry in found.values()))
    return chosen | found


def _partly(estimand, hidden):
    """True where a numerator or denominator holds some but not all hidden states."""
    out = np.zeros(len(estimand), dtype=bool)
    for name, sets in ESTIMANDS.items():
        for counted in sets:
            held = hidden[:, [STATES.index(state) for state in counted]].sum(axis=1)
            out |= (estimand == name).to_numpy() & (held > 0) & (held < hidden.sum(axis=1))
    return out


ADJUSTED = ("by_arm_weighted", "by_broad_arm_weighted")
COUNTS = ("numerator", "denominator", "proportion", "n_unknown")
OF_CONTRAST = ("estimate", "ci_lower", "ci_upper", "p", "p_holm", "e_value", "e_value_limit")
OF_RISK = ("standardised", "estimate", "ci_lower", "ci_upper")
FAMILY = "analysis reference baseline timepoint_days estimand measure test".split()
PLACE = ["group", "timepoint_days", "estimand"]


def adjusted(contrasts, risks, shown_rates, threshold):
    """Adjusted walking without the arms of which few cases walk or do not.

    Parameters
    ----------
    contrasts, risks : DataFrame
        Rows of contrasts.csv, all of adjusted.csv.
    shown_rates : DataFrame
        As from `rates`.
    threshold : int

    Returns
    -------
    contrasts, risks : DataFrame
        Withheld numbers NA, `mark` "hidden"; `counts_mark` of the risks where their counts are
        withheld: those of a group of arms would tell those of a hidden arm in it.
    """
    kept = contrasts[contrasts["analysis"].isin(ADJUSTED)].reset_index(drop=True)
    kept = kept.astype({"timepoint_days": "float64"})
    risks = risks.astype({"timepoint_days": "float64"}).reset_index(drop=True)
    rest = risks["denominator"].astype("Float64") - risks["numerator"].astype("Float64")
    few = is_small(risks["numerator"], threshold) | is_small(rest, threshold)
    hidden = shown_rates[
        (shown_rates["analysis"] == "by_arm")
        & (shown_rates["baseline"] == "all")
        & shown_rates["mark"].notna()
    ].astype({"timepoint_days": "float64"})
    arm = risks["analysis"] == ADJUSTED[0]
    few |= arm & _among(risks, PLACE, hidden[PLACE])
    told = ~arm & _among(risks, PLACE[1:], hidden[PLACE[1:]])
    out = hide(risks, few, OF_RISK)
    counts = pd.Series(pd.NA, index=out.index, dtype="string").mask(few | told, HIDDEN)
    out = out.assign(counts_mark=counts)
    for name in COUNTS:
        out[name] = out[name].astype("Float64").mask(few | told)
    gone = out.loc[few, ["analysis", *PLACE]]
    where = _among(kept, ["analysis", *PLACE], gone)
    where |= _among(kept, ["analysis", "reference", *PLACE[1:]], gone)
    values = [name for name in OF_CONTRAST if name in kept]
    return hide(kept, where & kept["estimate"].notna(), values), out


def holm(contrasts):
    """Contrasts without the adjusted p values that would tell one of a hidden arm.

    Holm's method gives an arm the adjusted p value of one with a smaller p value if that is larger:
    it is shown only where it is a multiple of a p value that is shown.
    """
    if "p_holm" not in contrasts:
        return contrasts
    p, adjusted = (contrasts[name].astype("Float64") for name in ("p", "p_holm"))
    times = (adjusted / p).to_numpy(float, na_value=np.nan)
    own = np.isclose(times, np.round(times), rtol=1e-9, atol=0) | (adjusted == 1).fillna(False)
    own &= p.notna().to_numpy(bool)
    family = [*FAMILY, "p_holm"]
    carried = _among(contrasts, family, contrasts.loc[own, family]) & p.notna()
    return contrasts.assign(p_holm=contrasts["p_holm"].where(carried.astype(bool)))


def _among(frame, names, keys):
    keys = pd.MultiIndex.from_frame(keys.astype(object))
    return pd.Series(pd.MultiIndex.from_frame(frame[names].astype(object)).isin(keys), frame.index)
