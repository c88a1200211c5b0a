"""Which of a cohort's figures may stand beside published results, and with how much detail.

"" as it is; "share" as a percentage to the full percent, without its counts; "hidden" not at all.
"""

import numpy as np
import pandas as pd

from mescc_analytics import codebook
from mescc_analytics.quality.cohort_figures import cohort_figures
from mescc_analytics.steps import withhold, withhold_sums, withhold_walking

KEYS = ["outcome", "measure", "baseline", "timepoint_days", "death_rule"]
FAMILIES = ("region_", "sins_")  # outcomes that add up to everybody
COUNTS = ("numerator", "denominator", "n_unknown")
VALUES = ("estimate", "ci_lower", "ci_upper")
DIFFERENCE = ("difference", "difference_lower", "difference_upper")


def of_results(figures, results, rules, threshold):
    """Marks of the figures of walking and survival: hidden where the tables of the report hide
    them, and in a group of arms where they hide any of its arms.

    Parameters
    ----------
    figures : DataFrame
        Of `cohort_figures`.
    results : dict of str to DataFrame
        rates, summary, contrasts, from which the figures were made.
    rules : CohortRules
    threshold : int
    """
    summary = withhold.summary(results["summary"], threshold)
    rates = withhold_walking.rates(results["rates"], threshold, withhold_sums.untold(summary))
    shown = cohort_figures(
        rates,
        summary,
        withhold.contrasts(results["contrasts"], rates),
        rules,
    )
    hidden = shown["estimate"].isna() & figures["estimate"].notna()
    gone = _keys(figures, "arm")[(hidden & (figures["analysis"] == "by_arm")).to_numpy(dtype=bool)]
    broad = [
        gone[gone.get_level_values("arm").isin(entry["arms"])].droplevel("arm")
        for entry in codebook.load("arms")["broad"].values()
    ]
    rest = _keys(figures, "arm").droplevel("arm")
    for name, keys in zip(codebook.load("arms")["broad"], broad, strict=True):
        hidden |= pd.Series(rest.isin(keys), figures.index) & (figures["arm"] == name)
    return _marks(hidden, hidden & False)


def _keys(figures, *more):
    keys = figures[[*KEYS, *more]].astype({"timepoint_days": "float64"}).fillna({KEYS[3]: -1.0})
    return pd.MultiIndex.from_frame(keys.astype({name: object for name in keys}))


def of_cases(figures, threshold):
    """Marks of the figures of `case_figures`.

    A number of cases is small if it, what is left of its total, or the smallest level behind it
    is. Where one of the outcomes that add up to everybody is hidden, all are; where an arm is, all
    arms are. Figures of arms, and those beside a small number unknown, show no counts.
    """
    if threshold < 2 or figures.empty:
        return pd.Series("", index=figures.index, dtype="string")
    rest = figures["denominator"] - figures["numerator"]
    counts = (figures["numerator"], rest, figures["denominator"], figures["n_least"])
    small = np.logical_or.reduce([withhold.is_small(count, threshold) for count in counts])
    hidden = pd.Series(small, index=figures.index)
    family = figures["outcome"]
    for stem in FAMILIES:
        family = family.mask(family.str.startswith(stem), stem)
    hidden = hidden.groupby([family, figures["arm"]]).transform("any")
    of_arm = figures["arm"] != "all"
    at_entry = of_arm & (figures["analysis"] == "cases")
    together = hidden.where(at_entry, False).groupby(family).transform("any")
    unknown = withhold.is_small(figures["n_unknown"], threshold)
    return _marks(hidden | (at_entry & together), of_arm | unknown)


def _marks(hidden, share):
    marks = pd.Series("", index=hidden.index, dtype="string")
    return marks.mask(share.fillna(False), "share").mask(hidden.fillna(False), "hidden")


def shown(comparison):
    """comparison.csv as it may be shown: figures that are marked hidden missing, those marked
    share rounded to the full percent or day and without counts.
    """
    mark = comparison["withheld"].astype("string").fillna("")
    out = comparison.copy()
    for name in COUNTS:
        out[name] = out[name].mask(mark != "")
    digits = np.where(out["measure"].astype("string").str.endswith("_days").fillna(False), 0, 2)
    for name in (*VALUES, *DIFFERENCE):
        number = out[name].astype("Float64")
        rounded = number.round(2).where(digits == 2, number.round(0))
        out[name] = number.mask(mark == "share", rounded).mask(mark == "hidden")
    return out
