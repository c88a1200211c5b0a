"""The guard against immortal time: when each arm was treated, and who died before."""

import numpy as np
import pandas as pd

from mescc_analytics.clinical.arms import arm_within, window_days
from mescc_analytics.stats.survival import SurvivalSpec, summarise_survival
from mescc_analytics.steps.cohort import arms_are_given

COLUMNS = (
    *("section", "group", "n", "n_naive", "n_landmark", "n_dead_by_landmark"),
    *("n_lost_by_landmark", "n_untreated_dead", "n_fallback_origin", "n_treated"),
    *("days_median", "days_q1", "days_q3", "naive_median_days", "landmark_median_days"),
    *("landmark_days", "arm_source"),
)


def guard(frame, settings):
    """Time from zero to treatment, and deaths before it, by arm received and as recommended.

    Parameters
    ----------
    frame : DataFrame, shape (n_cases, ...)
        cohort.parquet.
    settings : dict
        cohort (as in effect) and survival.

    Returns
    -------
    DataFrame
        section ("received": by arm, "recommended": by pathway), group, n (cases of the analyses of
        the whole cohort), n_naive and n_landmark (compared without and with the landmark),
        n_dead_by_landmark, n_lost_by_landmark, n_untreated_dead (died untreated within the window
        in which treatment defines the arm), n_fallback_origin (time zero is presentation for want
        of the configured day), n_treated and quartiles of their days from time zero to treatment,
        median survival without and with the landmark (days from time zero), landmark_days,
        arm_source.
    """
    whole = frame[frame["in_overall"].fillna(False).to_numpy(dtype=bool)]
    cohort, given = settings["cohort"], arms_are_given(frame)
    arm = whole["arm"]
    if not given and len(whole):
        arm = arm_within(whole, whole["time_zero_day"], window_days(cohort), cohort)
    facts = _facts(whole, cohort)
    sections = [("received", arm)]
    if "pathway" in whole and whole["pathway"].notna().any():
        sections.append(("recommended", whole["pathway"].astype("category")))
    rows = [
        {"section": section, "group": str(name)} | _row(facts[(group == name).to_numpy(bool)])
        for section, group in sections
        for name in group.cat.categories
        if (group == name).any()
    ]
    made = pd.DataFrame(rows, columns=list(COLUMNS))
    source = "given" if given else "derived"
    made = made.assign(landmark_days=float(cohort["landmark_days"]), arm_source=source)
    return _medians(made, whole.assign(arm=arm), settings)


def _facts(whole, cohort):
    """What is counted, one row per case."""
    last = whole["survival_days"].to_numpy(dtype=float)
    died = whole["survival_event"].to_numpy(dtype=bool)
    landmark, window = float(cohort["landmark_days"]), float(window_days(cohort))
    waited = whole["days_to_treatment"].to_numpy(dtype=float, na_value=np.nan)
    treated = (waited <= window) & (waited <= last)
    source = whole["time_zero_source"].astype("string")
    ended = (last <= landmark) & (landmark > 0)
    return pd.DataFrame(
        {
            "n_landmark": ~ended,
            "n_dead_by_landmark": ended & died,
            "n_lost_by_landmark": ended & ~died,
            "n_untreated_dead": died & (last <= window) & ~treated,
            "n_fallback_origin": source.eq("presentation_fallback").to_numpy(bool),
            "n_treated": treated,
            "days": np.where(treated, np.maximum(waited, 0.0), np.nan),
        }
    )


def _row(facts):
    counts = facts.drop(columns="days").sum().astype(int).to_dict()
    days = facts["days"].dropna()
    quartiles = np.quantile(days, [0.5, 0.25, 0.75]) if len(days) else [np.nan] * 3
    named = dict(zip(("days_median", "days_q1", "days_q3"), quartiles, strict=True))
    return {"n": len(facts), "n_naive": len(facts)} | counts | named


def _medians(made, whole, settings):
    """Median survival of the arms as received, without and with the landmark."""
    landmark = float(settings["cohort"]["landmark_days"])
    level = settings["survival"]["confidence_level"]
    last = whole["survival_days"].to_numpy(dtype=float)
    died = whole["survival_event"].to_numpy(dtype=bool)
    received = (made["section"] == "received").to_numpy(bool)
    for name, start in (("naive_median_days", 0.0), ("landmark_median_days", landmark)):
        kept = (last > start) if start else np.ones(len(last), bool)
        spec = SurvivalSpec(start, level, settings["survival"]["interval"], (), start + 1.0)
        group = pd.Categorical(whole["arm"][kept]).remove_unused_categories()
        found = summarise_survival(last[kept], died[kept], group, spec)
        medians = found.set_index("group")["median_days"] if len(found) else pd.Series(dtype=float)
        of_group = made["group"].map(medians).astype(float)
        made[name] = of_group.where(received)
    return made
