"""Walking at one time point: rates under four named estimands, and their contrasts.

Every case is in one state: walking, not_walking, dead or unknown. What death and a missing
assessment count as is the estimand, so each number says which one it is:

alive_assessed  of those alive and assessed
composite       death counts as not walking; unknown left out
best_case       of everybody; unknown counts as walking, death as not walking
worst_case      of everybody; unknown and death count as not walking
"""

import numpy as np
import pandas as pd

from mescc_analytics.errors import UsageError
from mescc_analytics.stats.contingency import chi_square_p, cmh, fisher_p
from mescc_analytics.stats.intervals import (
    NAN,
    clopper_pearson,
    odds_ratio,
    odds_ratio_mh,
    risk_difference_newcombe,
    risk_ratio,
    wilson,
)

STATES = ("walking", "not_walking", "dead", "unknown")
ENTRY = ("ambulatory", "non_ambulatory")
OUTCOMES = {"all": "walking", "ambulatory": "maintained", "non_ambulatory": "regained"}
# states that count as success, and states that count at all
ESTIMANDS = {
    "alive_assessed": (("walking",), ("walking", "not_walking")),
    "composite": (("walking",), ("walking", "not_walking", "dead")),
    "best_case": (("walking", "unknown"), STATES),
    "worst_case": (("walking",), STATES),
}
CONTRAST_COLUMNS = (
    "group",
    "reference",
    "baseline",
    "estimand",
    "measure",
    "estimate",
    "ci_lower",
    "ci_upper",
    "p",
    "test",
    "note",
)


def _counts(state, group, baseline):
    """Cases by group, entry status (ambulatory, non_ambulatory, missing) and state; group names."""
    state, baseline = pd.Categorical(state), pd.Categorical(baseline)
    group = pd.Categorical(group).remove_unused_categories()
    problems = []
    if len({len(state), len(group), len(baseline)}) > 1:
        problems.append("wanted one state, group and entry status per case")
    if (group.codes < 0).any():
        problems.append(f"{(group.codes < 0).sum()} cases have no group")
    for what, values, levels in (("state", state, STATES), ("entry status", baseline, ENTRY)):
        wrong = sorted(set(values.remove_unused_categories().categories) - set(levels))
        problems += [f"{what}: '{value}' is not one of {', '.join(levels)}" for value in wrong]
    if problems:
        raise UsageError("walking states", problems)

    in_state = _codes(state, STATES, STATES.index("unknown"))
    at_entry = _codes(baseline, ENTRY, len(ENTRY))
    shape = (len(group.categories), len(ENTRY) + 1, len(STATES))
    cell = np.ravel_multi_index((group.codes.astype(int), at_entry, in_state), shape)
    counts = np.bincount(cell, minlength=int(np.prod(shape))).reshape(shape)
    return counts, [str(name) for name in group.categories]


def _codes(values, levels, if_missing):
    """Position of every value in the levels, looked up once per category."""
    known = [levels.index(level) if level in levels else if_missing for level in values.categories]
    return np.array([*known, if_missing])[values.codes]


def _of_baseline(counts, baseline):
    """Counts by group and state; "all" includes the cases without an entry status."""
    return counts.sum(axis=1) if baseline == "all" else counts[:, ENTRY.index(baseline)]


def _successes(counts, estimand):
    """Successes and denominator along the last axis of the counts."""
    success, counted = ESTIMANDS[estimand]
    numerator = sum(counts[..., STATES.index(state)] for state in success)
    return numerator, sum(counts[..., STATES.index(state)] for state in counted)


def rates(state, group, baseline, *, level=0.95, exact_below=0):
    """Walking rates of every group, by entry status and estimand, with intervals.

    Parameters
    ----------
    state : array-like of {"walking", "not_walking", "dead", "unknown"}, shape (n_cases,)
        Missing counts as unknown.
    group : Categorical, shape (n_cases,)
        Order of the categories is kept, empty ones are left out.
    baseline : array-like of {"ambulatory", "non_ambulatory"}, shape (n_cases,)
        Status at entry; a case without it is in "all" only.
    level : float
    exact_below : int
        Of fewer cases than that the interval is exact (Clopper-Pearson), else Wilson's.

    Returns
    -------
    DataFrame
        group, baseline, outcome, estimand, numerator, denominator, proportion, ci_lower, ci_upper,
        n_dead, n_unknown, note; NaN with a note where nobody is in the denominator.

    >>> found = rates(["walking", "dead"], ["a", "a"], ["ambulatory", "ambulatory"])
    >>> found.loc[found["baseline"] == "all", ["estimand", "numerator", "denominator"]]
             estimand  numerator  denominator
    0  alive_assessed          1            1
    1       composite          1            2
    2       best_case          1            2
    3      worst_case          1            2
    """
    counts, groups = _counts(state, group, baseline)
    rows = [
        _rate_row(name, entry, estimand, _of_baseline(counts, entry)[index])
        for index, name in enumerate(groups)
        for entry in OUTCOMES
        for estimand in ESTIMANDS
    ]
    frame = pd.DataFrame(rows, columns=list(_rate_row("", "all", "composite", np.zeros(4, int))))
    numerator, denominator = frame["numerator"].to_numpy(), frame["denominator"].to_numpy()
    proportion, lower, upper = np.where(
        denominator < exact_below,
        clopper_pearson(numerator, denominator, level),
        wilson(numerator, denominator, level),
    )
    place = frame.columns.get_loc("n_dead")
    for name, values in (("ci_upper", upper), ("ci_lower", lower), ("proportion", proportion)):
        frame.insert(place, name, values)
    reason = "not estimable: nobody in the denominator"
    return frame.assign(note=pd.array(np.where(denominator > 0, "", reason), dtype="string"))


def _rate_row(group, baseline, estimand, counts):
    numerator, denominator = _successes(counts, estimand)
    return {
        "group": group,
        "baseline": baseline,
        "outcome": OUTCOMES[baseline],
        "estimand": estimand,
        "numerator": int(numerator),
        "denominator": int(denominator),
        "n_dead": int(counts[STATES.index("dead")]),
        "n_unknown": int(counts[STATES.index("unknown")]),
    }


def contrasts(state, group, baseline, *, reference=None, level=0.95, min_arm=10):
    """Every group against the reference, by entry status and estimand.

    Parameters
    ----------
    state, group, baseline, level
        As in `rates`.
    reference : str, optional
        Group to compare with; by default the first one with cases.
    min_arm : int
        No p value where a group has fewer cases than this in the denominator.

    Returns
    -------
    DataFrame
        group, reference, baseline, estimand, measure, estimate, ci_lower, ci_upper, p, test, note.
        One row per measure and test: risk_difference (newcombe, no p), risk_ratio (katz, no p),
        odds_ratio with Woolf's interval (fisher; chi_square), and for "all" odds_ratio_mh,
        stratified by entry status, with the Robins-Breslow-Greenland interval (cmh).

    >>> state, group = ["walking", "not_walking"] * 2, ["a", "a", "b", "b"]
    >>> found = contrasts(state, group, ["ambulatory"] * 4)
    >>> list(found["test"].unique())
    ['newcombe', 'katz', 'fisher', 'chi_square', 'cmh']
    """
    counts, groups = _counts(state, group, baseline)
    reference = (groups[0] if groups else None) if reference is None else str(reference)
    if groups and reference not in groups:
        raise UsageError(
            "reference group", [f"found '{reference}', wanted one of {', '.join(groups)}"]
        )
    rows = []
    for name in groups:
        if name == reference:
            continue
        pair = counts[[groups.index(name), groups.index(reference)]]
        for entry in OUTCOMES:
            for estimand in ESTIMANDS:
                key = {"group": name, "reference": reference, "baseline": entry}
                found = _pair_rows(pair, entry, estimand, level, min_arm)
                rows += [key | {"estimand": estimand} | row for row in found]
    return pd.DataFrame(rows, columns=list(CONTRAST_COLUMNS))


def _pair_rows(pair, baseline, estimand, level, min_arm):
    """Measures and tests of one group (row 0) against the reference (row 1)."""
    successes, n = _successes(_of_baseline(pair, baseline), estimand)
    a, b, n1, n2 = (int(value) for value in (*successes, *n))
    table = [[a, n1 - a], [b, n2 - b]]
    small = _too_small(n1, n2, min_arm)
    odds = odds_ratio(a, n1, b, n2, level)
    difference = risk_difference_newcombe(a, n1, b, n2, level)
    rows = [
        _row("risk_difference", "newcombe", difference),
        _row("risk_ratio", "katz", risk_ratio(a, n1, b, n2, level)),
        _row("odds_ratio", "fisher", odds, fisher_p(table) if n1 and n2 else NAN, small),
        _row("odds_ratio", "chi_square", odds, chi_square_p(table)[2], small),
    ]
    if baseline == "all":
        strata = _strata(pair, estimand)
        in_strata = strata.sum(axis=(0, 2))
        p = cmh(strata)[2]
        small = _too_small(*in_strata, min_arm)
        rows.append(_row("odds_ratio_mh", "cmh", odds_ratio_mh(strata, level), p, small))
    return rows


def _strata(pair, estimand):
    """Tables (entry status, group or reference, with or without the outcome)."""
    successes, n = _successes(pair[:, : len(ENTRY)], estimand)
    return np.stack([successes, n - successes], axis=-1).swapaxes(0, 1)


def _too_small(n1, n2, min_arm):
    if min(n1, n2) >= min_arm:
        return ""
    return f"no p value: fewer than {min_arm} cases in a group"


def _row(measure, test, found, p=None, small=""):
    notes = [found.note] if found.note else []
    if p is not None and (small or np.isnan(p)):
        notes.append(small or "p value not estimable: the groups do not differ in a way to test")
        p = NAN
    return {
        "measure": measure,
        "estimate": found.estimate,
        "ci_lower": found.lower,
        "ci_upper": found.upper,
        "p": NAN if p is None else p,
        "test": test,
        "note": "; ".join(notes),
    }
