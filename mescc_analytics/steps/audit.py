"""Step `audit`: indicators by site and period, and the cases behind them."""

import pandas as pd

from mescc_analytics.clinical.concordance import comparable_pairs
from mescc_analytics.quality import audit_cases, audit_facts, indicator_counts, indicators
from mescc_analytics.quality.audit.periods import period_of
from mescc_analytics.tables import files


def audit(inputs, out, settings):
    """Write indicators.csv and cases.csv.

    Parameters
    ----------
    inputs : dict of str to Path
        cohort (Parquet, every case of the cohort) and visits (Parquet).
    out : Path
        Folder.
    settings : dict
        audit, and time_resolution.
    """
    chosen = settings["audit"] | {"time_resolution": settings["time_resolution"]}
    cases = prepare(files.read_table(inputs["cohort"]), _visits(inputs), chosen)
    verdicts = {name: indicators.judge(cases, name, chosen) for name in indicators.indicators()}
    groups = group_cases(cases, chosen)
    counted = indicator_counts.count(verdicts, groups, chosen)
    listed = audit_cases.list_cases(cases, verdicts, groups, chosen["time_resolution"])
    files.write_csv(counted, out / "indicators.csv")
    files.write_csv(listed, out / "cases.csv")


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
    whole = audit_facts.add_audit_columns(cohort, visits, recommended)
    return indicators.add_facts(whole, settings)


def group_cases(cases, settings):
    """Site and period of every case; missing where not recorded."""
    site = (
        cases["site"].astype("string")
        if "site" in cases
        else pd.Series(pd.NA, index=cases.index, dtype="string")
    )
    return pd.DataFrame({"site": site, "period": period_of(cases, settings["period"])})
