"""Two cycles of an audit, steroid doses, and how complete the record is."""

import numpy as np
import pandas as pd

from mescc_analytics import codebook
from mescc_analytics.quality.audit import indicators as rules
from mescc_analytics.quality.audit.counts import ALL
from mescc_analytics.stats.intervals import risk_difference_newcombe, wilson

CYCLES = (
    "indicator_id first_cycle second_cycle first_numerator first_denominator first_proportion "
    "first_lower first_upper second_numerator second_denominator second_proportion second_lower "
    "second_upper difference difference_lower difference_upper verdict"
).split()
COMPLETENESS = "column label site n n_missing proportion_missing indicators".split()


def default_cycles(periods):
    """The two halves of the periods, as lists in order; nothing where there is only one."""
    periods = sorted(set(periods) - {ALL})
    half = len(periods) // 2
    return (periods[:half], periods[half:]) if half else ()


def compare_cycles(counted, cycles, settings):
    """Every indicator in two sets of periods, with the difference (Newcombe interval).

    Parameters
    ----------
    counted : DataFrame
        As ``indicator_counts.count``.
    cycles : pair of list of str
        Periods of the first and of the second cycle.
    settings : dict
        The audit section: ``confidence_level``, ``min_denominator``.

    Returns
    -------
    DataFrame
        verdict: better, worse, no_clear_change, too_few.
    """
    series = counted[(counted["site"] == ALL) & (counted["period"] != ALL)]
    rows = [
        _one_cycle(name, part, cycles, settings)
        for name, part in series.groupby("indicator_id", sort=False)
    ]
    return pd.DataFrame(rows, columns=CYCLES)


def _one_cycle(name, part, cycles, settings):
    level, row, counts = settings["confidence_level"], {"indicator_id": name}, []
    for which, periods in zip(("first", "second"), cycles, strict=True):
        chosen = part[part["period"].isin(periods)]
        passed, n = (int(chosen[c].sum()) for c in ("numerator", "denominator"))
        share, lower, upper = (float(x) for x in wilson(passed, n, level))
        counts.append((passed, n))
        row |= {
            f"{which}_cycle": _span(periods),
            f"{which}_numerator": passed,
            f"{which}_denominator": n,
            f"{which}_proportion": share,
            f"{which}_lower": lower,
            f"{which}_upper": upper,
        }
    change = risk_difference_newcombe(*counts[1], *counts[0], level)
    ends = {"difference_lower": change.lower, "difference_upper": change.upper}
    row |= {"difference": change.estimate} | ends
    return row | {"verdict": _verdict(name, change, counts, settings["min_denominator"])}


def _span(periods):
    return periods[0] if len(periods) == 1 else f"{periods[0]} to {periods[-1]}"


def _verdict(name, change, counts, least):
    if min(n for _, n in counts) < least:
        return "too_few"
    lower_is_better = rules.indicators()[name].get("better") == "lower"
    up, down = change.lower > 0, change.upper < 0
    if not up and not down:
        return "no_clear_change"
    return "better" if up != lower_is_better else "worse"


# Upper limits of the dose bands in mg: 12 to 24 mg a day is called moderate, 96 high.
DOSES = {
    "daily": (
        "steroid_daily_mg",
        {"below 12 mg": 12, "12 to 24 mg (moderate)": 24.01, "above 24 to below 96 mg": 96},
        "96 mg or more (high)",
    ),
    "loading": ("steroid_loading_mg", {"below 8 mg": 8, "8 to 16 mg": 16.01}, "above 16 mg"),
}


def dose_bands(cases):
    """Dexamethasone in bands, by neurology.

    Returns
    -------
    DataFrame
        dose ("daily" or "loading"), band, neurology (yes, no, unknown), n.
    """
    neurology = cases["neurology"].map({True: "yes", False: "no"}).astype("string")
    parts = []
    for dose, (column, limits, highest) in DOSES.items():
        mg = rules.stamp(cases, column).to_numpy(dtype=float, na_value=np.nan)
        codes = np.searchsorted(list(limits.values()), mg, side="right")
        names = [*limits, highest, "not recorded"]
        band = pd.Categorical.from_codes(np.where(np.isnan(mg), len(names) - 1, codes), names)
        frame = pd.DataFrame({"band": band, "neurology": neurology.fillna("unknown").to_numpy()})
        counts = frame.groupby(["band", "neurology"], observed=False).size().rename("n")
        parts.append(counts.reset_index().assign(dose=dose).astype({"band": "string"}))
    return pd.concat(parts, ignore_index=True)[["dose", "band", "neurology", "n"]]


def completeness(cases, groups):
    """Missing values of every column that an indicator reads, by site, and the indicators that
    this weakens.
    """
    readers = {}
    for name, indicator in rules.indicators().items():
        for column in rules.used_columns(indicator):
            readers.setdefault(column, []).append(name)
    declared = codebook.columns("cases")
    sites = {ALL: pd.Series(True, index=cases.index)} | {
        site: groups["site"].eq(site).fillna(False).astype(bool)
        for site in sorted(groups["site"].dropna().unique())
    }
    rows = [
        {
            "column": column,
            "label": declared[column].label,
            "site": site,
            "n": int(chosen.sum()),
            "n_missing": _missing(cases, column, chosen),
            "indicators": "; ".join(names),
        }
        for column, names in readers.items()
        if column in declared
        for site, chosen in sites.items()
    ]
    frame = pd.DataFrame(rows)
    return frame.assign(proportion_missing=frame["n_missing"] / frame["n"])[COMPLETENESS]


def _missing(cases, column, chosen):
    return int(cases.loc[chosen, column].isna().sum() if column in cases else chosen.sum())
