"""Flags of flags.yaml counted over the cases analysed, with small numbers withheld."""

import pandas as pd

from mescc_analytics import codebook
from mescc_analytics.steps import withhold

LEVELS = ("yes", "no", "open")


def counts(cohort, threshold):
    """Yes, no and open (unknown, or the flag does not apply) of every flag: variable, level, n,
    total, mark.

    A flag is left out where it is unknown for every case.
    """
    cases = cohort[cohort["in_overall"].fillna(False).astype(bool)]
    blocks = []
    for name in codebook.load("flags")["flags"]:
        if name not in cases or cases[name].isna().all():
            continue
        answers = cases[name].map({True: "yes", False: "no"}).astype("string").fillna("open")
        n = answers.value_counts().reindex(LEVELS, fill_value=0)
        frame = pd.DataFrame(
            {"variable": name, "level": n.index, "n": n.to_numpy(), "total": len(cases)}
        )
        shown = withhold.crosstab(frame, "level", "variable", threshold)
        if withhold.is_small(frame["n"], threshold).sum() > 1:
            # with the third number they sum to all: two counts under 5 that make 2 or 8 are known
            shown["mark"] = shown["mark"].mask(shown["n"].isna(), withhold.HIDDEN)
        blocks.append(shown)
    empty = pd.DataFrame(columns=["variable", "level", "n", "total", "mark"])
    return pd.concat(blocks, ignore_index=True) if blocks else empty
