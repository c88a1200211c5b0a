"""Where the days go: intervals of the pathway, and the order of its steps."""

import numpy as np
import pandas as pd

from mescc_analytics.quality.audit.indicators import elapsed_days, stamp

# Name, start, end. The first three make up the whole way from symptom to treatment.
INTERVALS = (
    ("symptom_to_presentation", "symptom_onset_day", "presentation"),
    ("presentation_to_diagnosis", "presentation", "diagnosis_day"),
    ("diagnosis_to_treatment", "diagnosis_day", "first_treatment_day"),
    ("symptom_to_treatment", "symptom_onset_day", "first_treatment_day"),
)
PARTS = 3
# Steps of figure 3 of the founding review, each pair in the order in which it is drawn. The days of
# the examination and of the grading are not in the table: both belong to presentation and MRI.
ORDER = (
    ("presentation", "steroid_day"),
    ("steroid_day", "mri_day"),
    ("mri_day", "surgical_review_day"),
    ("surgical_review_day", "treatment_decision_day"),
    ("treatment_decision_day", "first_treatment_day"),
    ("mri_day", "first_treatment_day"),
)
QUARTILES = {"lower_quartile_days": 0.25, "median_days": 0.5, "upper_quartile_days": 0.75}
ALL = "all"


def intervals(cases, groups):
    """Days between the milestones by site and period.

    Parameters
    ----------
    cases : DataFrame, shape (n_cases, ...)
        With the audit columns.
    groups : DataFrame, shape (n_cases, 2)
        site and period.

    Returns
    -------
    DataFrame
        interval, site, period, n, n_missing, n_negative (left out: an error of the data, except
        where diagnosis came before presentation), median_days, lower_quartile_days,
        upper_quartile_days, share_of_days (of the whole way, among cases with all three parts).
    """
    days = {name: stamp(cases, end) - stamp(cases, start) for name, start, end in INTERVALS}
    frame = pd.DataFrame(days, index=cases.index).astype("Float64")
    blocks = []
    for site, period, chosen in _slices(groups):
        part = frame[chosen]
        shares = _shares(part)
        blocks += [
            _summary(part[name])
            | {"interval": name, "site": site, "period": period}
            | {"share_of_days": shares.get(name, np.nan)}
            for name in frame
        ]
    order = ["interval", "site", "period", "n", "n_missing", "n_negative", *QUARTILES]
    return pd.DataFrame(blocks)[[*order, "share_of_days"]]


def step_order(cases, resolution):
    """Whether the steps of figure 3 came in their order.

    Returns
    -------
    DataFrame
        first, then, n_in_order, n_same_day (counted as in order), n_reversed, n_unknown.
    """
    rows = []
    for first, then in ORDER:
        days = elapsed_days(cases, {"from": first, "to": then}, resolution)
        rows.append(
            {
                "first": first,
                "then": then,
                "n_in_order": int((days >= 0).sum()),
                "n_same_day": int((np.floor(days) == 0).sum()),
                "n_reversed": int((days < 0).sum()),
                "n_unknown": int(days.isna().sum()),
            }
        )
    return pd.DataFrame(rows)


def _slices(groups):
    """Everybody, then each site, then each period."""
    yield ALL, ALL, pd.Series(True, index=groups.index)
    for name in ("site", "period"):
        for value in sorted(groups[name].dropna().unique()):
            chosen = groups[name].eq(value).fillna(False).astype(bool)
            yield (value, ALL, chosen) if name == "site" else (ALL, value, chosen)


def _summary(days):
    known = days.dropna()
    good = known[known >= 0].astype(float)
    spread = {
        name: float(good.quantile(q)) if len(good) else np.nan for name, q in QUARTILES.items()
    }
    return {
        "n": len(good),
        "n_missing": int(days.isna().sum()),
        "n_negative": int((known < 0).sum()),
    } | spread


def _shares(part):
    """Share of the days of each part, over cases with all three parts known and none negative."""
    parts = part.iloc[:, :PARTS]
    whole = parts[(parts.notna().all(axis="columns")) & (parts >= 0).all(axis="columns")]
    total = float(whole.sum().sum())
    return (whole.sum() / total).astype(float).to_dict() if total > 0 else {}
