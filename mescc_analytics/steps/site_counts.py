"""How many cases have several sites of compression, and what the lesions say beside the case."""

import pandas as pd

from mescc_analytics.quality.case_outcomes import several_sites, whole_spine
from mescc_analytics.stats.intervals import wilson
from mescc_analytics.steps import withhold

COLUMNS = ["what", "n", "total", "share_lower", "share_upper", "mark"]
NEEDS = "mri_extent, and a lesions table or compression_sites"


def known(cohort):
    """Whether the number of sites is known of any case with an MRI of the whole spine."""
    return bool((several_sites(cohort).notna() & whole_spine(cohort)).any())


def counts(cohort, threshold, level):
    """Cases analysed with an MRI of the whole spine, by number of sites.

    Parameters
    ----------
    cohort : DataFrame, shape (n_cases, ...)
    threshold : int
        Smallest count that is shown.
    level : float
        Of the Wilson interval.

    Returns
    -------
    DataFrame
        what ("several", "one", "unknown"), n, total (cases with an MRI of the whole spine; for
        several and one, those of known number), share_lower, share_upper, mark. Empty where the
        number of sites is known of no such case.
    """
    cases = cohort[cohort["in_overall"].fillna(False).astype(bool)]
    sites = several_sites(cases)[whole_spine(cases)]
    if not sites.notna().any():
        return pd.DataFrame(columns=COLUMNS)
    yes, known = int(sites.fillna(False).sum()), int(sites.notna().sum())
    numbers = {"several": (yes, known), "one": (known - yes, known)}
    rows = [
        dict(zip(COLUMNS, (what, n, total, *map(float, wilson(n, total, level)[1:])), strict=False))
        for what, (n, total) in numbers.items()
    ]
    unknown = {"what": "unknown", "n": len(sites) - known, "total": len(sites)}
    frame = pd.DataFrame([*rows, unknown]).astype({"n": "Int64", "total": "Int64"})
    return _withheld(frame.assign(split="sites"), threshold)


def _withheld(frame, threshold):
    shown = withhold.crosstab(frame, "what", "split", threshold)
    gone = shown["n"].isna()
    if gone.any():  # a total shown beside two numbers tells the third
        shown["total"] = shown["total"].mask(gone | gone[shown["what"] == "unknown"].any())
    few_known = withhold.is_small(frame["total"], threshold).any()
    shown["total"] = shown["total"].mask(few_known | shown["total"].isna())
    ends = ["share_lower", "share_upper"]
    shown[ends] = shown[ends].mask(gone | shown["total"].isna())
    return shown[COLUMNS]
