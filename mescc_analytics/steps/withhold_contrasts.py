"""Small groups taken out of hazard ratios, tests and differences in survival."""

import pandas as pd

from mescc_analytics.steps.withhold import HIDDEN, failed_strategies, hazards, hide, is_small

VALUES = ("estimate", "ci_lower", "ci_upper", "of_group", "of_reference", "p", "p_holm")
ON_DAY = "survival_difference"
P_VALUES = ("p", "p_holm", "ph_p")
NO_P = r"(?:; )?no p value: fewer than \d+ cases in [^;]*"


def p_tells(summary, shown_summary, threshold, least):
    """Analyses in which a p value, or its absence, would tell a hidden number of cases.

    Where a small group and one more are hidden, their sum S can be found from the total, so that
    the other has S - threshold + 1 to S - 1 cases. Groups under `least` have no p value, which
    says more where `least` lies within.

    Parameters
    ----------
    summary, shown_summary : DataFrame
        summary.csv and what `withhold.summary` leaves of it, the rows in the same order.
    threshold, least : int

    Returns
    -------
    set of str
    """
    found = set()
    if "n_group_unknown" not in summary or summary.empty:
        return found
    partner = shown_summary["n_mark"].notna()
    hidden = partner | shown_summary["mark"].notna()
    for analysis, rows in summary.groupby("analysis", sort=False):
        if not partner[rows.index].any():
            continue
        unknown = rows["n_group_unknown"].iloc[:1]
        both = rows["n"][hidden[rows.index]].sum() + unknown[is_small(unknown, threshold)].sum()
        if both - threshold + 1 < least <= both - 1:
            found.add(analysis)
    return found | ({"by_arm_time_varying"} if "by_arm" in found else set())


def ratios(frame, shown_summary, threshold, tells=()):
    """Hazard ratios without small groups, and without the p values of the analyses `tells`."""
    sizes = [name for name in ("n", "n_reference", "events", "events_reference") if name in frame]
    small = pd.Series(False, index=frame.index)
    for name in sizes:
        small |= is_small(frame[name], threshold)
    out = hide(hazards(frame, shown_summary), small, ["hazard_ratio", "ci_lower", "ci_upper"])
    rest = [n for n in (*P_VALUES, "e_value", "e_value_limit", *sizes) if n in out]
    out[rest] = out[rest].mask(out["mark"].notna())
    return without_p(out, tells)


def differences(frame, shown_summary, tells=()):
    """Rows of contrasts.csv without the groups, and the survival on a day, that `shown_summary`
    withholds.

    A difference whose other side is shown would tell what is withheld.
    """
    gone = _keys(shown_summary, shown_summary["mark"].notna())
    days = {}
    for day in frame.loc[frame["measure"] == ON_DAY, "time_days"].unique():
        mark = f"survival_{day:g}d_mark"
        if mark in shown_summary:
            days[day] = _keys(shown_summary, shown_summary[mark].notna())
    names = ["analysis", "group", "reference", "measure", "time_days"]
    told = [_withheld(row, gone, days) for row in frame[names].itertuples(index=False)]
    where = pd.Series(told, index=frame.index, dtype=bool)
    return without_p(failed_strategies(hide(frame, where, VALUES)), tells)


def _withheld(row, gone, days):
    """Whether one side of a contrast is withheld; `days`: the groups withheld on each day."""
    hidden = gone | (days.get(row.time_days, set()) if row.measure == ON_DAY else set())
    return bool({(row.analysis, row.group), (row.analysis, row.reference)} & hidden)


def _keys(frame, chosen):
    return set(frame.loc[chosen, ["analysis", "group"]].itertuples(index=False, name=None))


def without_p(frame, analyses):
    """The frame without p values, and without the reason for them, in some analyses; `p_mark` is
    "hidden" there.
    """
    where = frame["analysis"].isin(list(analyses))
    out = frame.copy()
    for name in [name for name in P_VALUES if name in out]:
        out[name] = out[name].mask(where)
    stripped = out["note"].astype("string").str.replace(NO_P, "", regex=True)
    out["note"] = out["note"].astype("string").mask(where, stripped)
    out["p_mark"] = pd.Series(pd.NA, index=out.index, dtype="string").mask(where, HIDDEN)
    return out
