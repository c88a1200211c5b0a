"""Do the parts make up the whole? In the cohort, and in what other audits published."""

import numpy as np
import pandas as pd

from mescc_analytics import codebook
from mescc_analytics.quality.audit.counts import ALL
from mescc_analytics.stats.intervals import wilson

FINDINGS = "about total parts accounted unaccounted finding".split()
PUBLISHED = (
    "published_id label measures indicator_id numerator denominator proportion ci_lower ci_upper "
    "cohort_numerator cohort_denominator source status"
).split()


def unaccounted(total, parts):
    """Cases of a total that no part holds; negative where the parts hold more than the total.

    Parameters
    ----------
    total : int
    parts : iterable of int

    >>> unaccounted(69, [43, 25])
    1
    """
    return int(total) - sum(int(part) for part in parts)


def finding(about, total, parts):
    """One row of the findings for parts that miss their total, else None.

    Parameters
    ----------
    about : str
        Whose counts they are.
    total : int
    parts : dict of str to int
    """
    missing = unaccounted(total, parts.values())
    if not missing:
        return None
    added = " + ".join(f"{count} {name}" for name, count in parts.items())
    left = f"{missing} unaccounted for" if missing > 0 else f"{-missing} counted twice"
    accounted = int(total) - missing
    row = (
        about,
        int(total),
        added,
        accounted,
        missing,
        f"{added} = {accounted} of {total}: {left}",
    )
    return dict(zip(FINDINGS, row, strict=True))


def findings(cases, groups, counted):
    """Every total whose parts do not add up.

    Parameters
    ----------
    cases : DataFrame, shape (n_cases, ...)
    groups : DataFrame, shape (n_cases, 2)
        site and period.
    counted : DataFrame
        As ``counts.count``.

    Returns
    -------
    DataFrame
        about, total, parts (text), accounted, unaccounted, finding: of the cohort by site and by
        period (a case without either is in no part), of each indicator, then of the published
        audits.
    """
    rows = [
        finding(f"cases by {name}", len(cases), _sizes(groups[name], name))
        for name in ("site", "period")
        if groups[name].notna().any()
    ]
    rows += [_of_indicator(row, len(cases)) for row in _overall(counted).to_dict("records")]
    rows += [
        finding(f"{entry['label']}: {entry['measures']}", entry["total"], entry["parts"])
        for entry in codebook.load("audit/published")["published"].values()
        if "parts" in entry
    ]
    return pd.DataFrame([row for row in rows if row], columns=FINDINGS)


def _sizes(values, name):
    return {f"with a {name}": int(values.notna().sum())}


def _overall(counted):
    whole = (counted["site"] == ALL) & (counted["period"] == ALL) & counted["denominator"].notna()
    return counted[whole]


def _of_indicator(row, n_cases):
    """The verdicts of one indicator against the cases of the cohort."""
    names = ("denominator", "n_excluded", "n_unknown", "n_indeterminate", "n_error", "n_outside")
    parts = {name.removeprefix("n_"): int(row[name]) for name in names}
    return finding(f"verdicts of {row['indicator_id']}", n_cases, parts)


def published(counted, level):
    """Published compliance beside the cohort's.

    Returns
    -------
    DataFrame
        One row per published share; Wilson interval where its counts are known.
    """
    ours = _overall(counted).set_index("indicator_id")
    entries = codebook.load("audit/published")["published"]
    rows = [_published(name, entry, ours, level) for name, entry in entries.items()]
    return pd.DataFrame(rows, columns=PUBLISHED).astype(
        {name: "Int64" for name in PUBLISHED if name.endswith(("numerator", "denominator"))}
    )


def _published(name, entry, ours, level):
    counts = entry.get("met"), entry.get("of")
    known = counts[0] is not None
    share, low, high = wilson(*counts, level) if known else (entry["share"], np.nan, np.nan)
    same = entry.get("indicator")
    here = ours.loc[same, ["numerator", "denominator"]] if same in ours.index else (pd.NA, pd.NA)
    row = (name, entry["label"], entry["measures"], same or "", *counts)
    return dict(
        zip(
            PUBLISHED,
            (*row, float(share), float(low), float(high), *here, entry["source"], entry["status"]),
            strict=True,
        )
    )
