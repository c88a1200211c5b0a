"""Step `audit`: indicators by site and period, their charts, and the cases behind them."""

import numpy as np
import pandas as pd

from mescc_analytics.clinical.concordance import comparable_pairs
from mescc_analytics.quality.audit import (
    cases as listing,
)
from mescc_analytics.quality.audit import (
    counts,
    cycles,
    facts,
    indicators,
    intervals,
    sums,
    trend,
)
from mescc_analytics.quality.audit.periods import period_of
from mescc_analytics.tables import files

# Times to an event: name, start, end, days that are shown.
PROCESSES = (
    ("presentation_to_mri", "presentation", "mri_day", 7.0),
    ("decision_to_radiotherapy", "treatment_decision_day", "rt_start_day", 28.0),
)
TIMES = "process period time_days n_at_risk n_events n_censored incidence ci_lower ci_upper".split()


def audit(inputs, out, settings):
    """Write the tables of the audit, all of them exact; cases.csv is row-level.

    Parameters
    ----------
    inputs : dict of str to Path
        cohort (Parquet, every case of the cohort) and optionally visits (Parquet).
    out : Path
        Folder; gets indicators.csv, trend.csv, funnel.csv, cusum.csv, cycles.csv, intervals.csv,
        order.csv, times.csv, steroids.csv, completeness.csv, published.csv, findings.csv (totals
        whose parts do not add up), cases.csv.
    settings : dict
        audit, and time_resolution.
    """
    chosen = settings["audit"] | {"time_resolution": settings["time_resolution"]}
    cases = prepare(files.read_table(inputs["cohort"]), _visits(inputs), chosen)
    for name, table in analyse(cases, chosen).items():
        files.write_csv(table, out / f"{name}.csv")


def analyse(cases, settings):
    """Tables of the step by name; see ``audit``."""
    resolution = settings["time_resolution"]
    groups = group_cases(cases, settings)
    verdicts = {name: indicators.judge(cases, name, settings) for name in indicators.indicators()}
    counted = counts.count(verdicts, groups, settings)
    compared = settings["cycles"] or cycles.default_cycles(groups["period"].dropna())
    changes = cycles.compare_cycles(counted, compared, settings) if compared else None
    return {
        "indicators": counted,
        "trend": trend.trend(counted, settings),
        "funnel": trend.funnel(counted, settings),
        "cusum": trend.safety(counted, settings),
        "cycles": pd.DataFrame(columns=cycles.CYCLES) if changes is None else changes,
        "intervals": intervals.intervals(cases, groups),
        "order": intervals.step_order(cases, resolution),
        "times": process_times(cases, settings),
        "steroids": cycles.dose_bands(cases),
        "completeness": cycles.completeness(cases, groups),
        "published": sums.published(counted, settings["confidence_level"]),
        "findings": sums.findings(cases, groups, counted),
        "cases": listing.list_cases(cases, verdicts, groups, settings),
    }


def _visits(inputs):
    if inputs.get("visits") is None:
        return pd.DataFrame(columns=["case_id", "visit_day"])
    return files.read_table(inputs["visits"])


def prepare(cohort, visits, settings):
    """Cases with everything that an indicator reads."""
    recommended = pd.Series(pd.NA, index=cohort.index, dtype="boolean")
    if {"pathway", "arm"} <= set(cohort.columns):
        pairs = comparable_pairs(cohort["pathway"], cohort["arm"])
        agrees = (pairs["recommended"] == pairs["given"]).astype("boolean")
        recommended = agrees.reindex(cohort.index)
    whole = facts.add_audit_columns(cohort, visits, recommended)
    return indicators.add_facts(whole, settings)


def group_cases(cases, settings):
    """Site and period of every case; missing where not recorded."""
    absent = pd.Series(pd.NA, index=cases.index, dtype="string")
    site = cases["site"].astype("string") if "site" in cases else absent
    site = site.replace({counts.ALL: f"site {counts.ALL}"})  # "all" means all sites together
    return pd.DataFrame({"site": site, "period": period_of(cases, settings["period"])})


def process_times(cases, settings):
    """Share of the patients for whom a step was done by each day, by year, death competing."""
    from mescc_analytics.stats.competing import IncidenceSpec, cumulative_incidence

    spec = IncidenceSpec(level=settings["confidence_level"])
    years = period_of(cases, "year")
    parts = []
    for name, start, end, horizon in PROCESSES:
        for period in (counts.ALL, *sorted(years.dropna().unique())):
            chosen = years.notna() if period == counts.ALL else years.eq(period)
            time, cause = _observed(cases[chosen.fillna(False).astype(bool)], start, end, horizon)
            if len(time) >= settings["min_denominator"]:
                curve = cumulative_incidence(time, cause, ["done", "died"], spec=spec)
                curve = curve[(curve["cause"] == "done") & (curve["time_days"] <= horizon)]
                parts.append(curve.assign(process=name, period=period))
    return counts.stacked(parts, TIMES)


def _observed(cases, start, end, horizon):
    """Days from one stamp to another up to the horizon, and what ended them: 1 done, 2 died, 0
    follow-up; without cases whose clock has no start or runs backwards.
    """
    origin = indicators.stamp(cases, start)
    done = indicators.stamp(cases, end) - origin
    followed = indicators.stamp(cases, "last_contact_day") - origin
    died = cases["died"] if "died" in cases else pd.Series(False, index=cases.index)
    usable = origin.notna() & ~(done < 0).fillna(False) & (followed >= 0).fillna(False)
    done, followed = (x[usable].to_numpy(float, na_value=np.inf) for x in (done, followed))
    died = died[usable].fillna(False).to_numpy(dtype=bool)
    time = np.minimum(np.minimum(done, followed), horizon)
    ended = np.where(done <= followed, 1, np.where(died, 2, 0))
    return time, np.where(np.minimum(done, followed) > horizon, 0, ended)
