"""Step `impute`: what is missing, completed data, and what the missing values cost."""

import sys

import numpy as np
import pandas as pd

from mescc_analytics.stats.imputation import TRACE
from mescc_analytics.stats.missingness import patterns
from mescc_analytics.stats.pooling import pool
from mescc_analytics.steps.cohort import effective
from mescc_analytics.steps.groups import NOT_ASSESSABLE, not_assessable
from mescc_analytics.steps.impute_covariates import covariates
from mescc_analytics.steps.impute_estimates import estimates
from mescc_analytics.steps.impute_fields import fields_of
from mescc_analytics.steps.impute_model import (
    CATEGORIES,
    complete,
    has_sins,
    imputed_table,
    probabilities,
    recorded_category,
)
from mescc_analytics.tables import files

OFF = "switched off (impute.enabled)"
PARQUET = ("imputed", "probabilities")


def impute(inputs, out, settings):
    """imputed.parquet, probabilities.parquet, missingness.csv, patterns.csv, convergence.csv,
    estimates.csv, sins.csv, run.csv, not_assessable.csv.
    """
    frame = files.read_table(inputs["cohort"])
    settings = settings | {"cohort": effective(frame, settings)}
    tables = analyse(frame, settings)
    print(f"impute: {tables['run']['what'].iloc[0]}", file=sys.stderr)
    for name, table in tables.items():
        if name in PARQUET:
            files.write_table(table, out / f"{name}.parquet")
        else:
            files.write_csv(table, out / f"{name}.csv")


def analyse(frame, settings):
    """Tables of the step by name; see ``impute``."""
    analysed = frame[frame["in_overall"].fillna(False).to_numpy(dtype=bool)].reset_index(drop=True)
    fields, lacking = fields_of(analysed, settings)
    rng = np.random.default_rng(settings["seed"])
    rows = _drawn(analysed, settings["impute"]["max_cases"], rng)
    cases, own = analysed.iloc[rows].reset_index(drop=True), [field.of(rows) for field in fields]
    reason = _why_not(cases, own, settings)
    done = None if reason else complete(cases, own, settings, rng)
    chosen, dull = covariates(cases, own, done, settings)
    adjusted, no_model = estimates(cases, chosen, settings)
    absent = {"imputation": reason, "adjusted survival by arm": no_model} | lacking | dull
    absent = [not_assessable(name, why) for name, why in absent.items() if why]
    return {
        "missingness": _missingness(fields, own, done),
        "patterns": _patterns(fields),
        "imputed": _imputed(done),
        "probabilities": _probabilities(done, own),
        "convergence": pd.DataFrame(columns=TRACE) if done is None else done.trace,
        "estimates": adjusted,
        "sins": _sins(cases, done, own, settings["survival"]["confidence_level"]),
        "run": _run(analysed, cases, settings, reason),
        "not_assessable": pd.DataFrame(absent, columns=NOT_ASSESSABLE),
    }


def _drawn(analysed, most, rng):
    """Places of the cases that are imputed: those with an outcome, at most `most` at random."""
    known = analysed["survival_days"].notna() & analysed["survival_event"].notna()
    rows = np.flatnonzero(known.to_numpy(dtype=bool))
    return rows if len(rows) <= most else np.sort(rng.choice(rows, most, replace=False))


def _why_not(cases, fields, settings):
    """Why nothing is imputed, or ""."""
    if not settings["impute"]["enabled"]:
        return OFF
    if not len(cases):
        return "no case is left after the exclusions"
    lacking = [field.variable for field in fields if field.variable.missing.any()]
    if not lacking:
        return "no value is missing"
    return "" if any(not v.why_not() for v in lacking) else "too few cases have a value"


def _missingness(fields, drawn, done):
    """Per column: cases, missing, missing but narrowed, whether imputed, mixing of the chains."""
    reduction = {} if done is None else done.mixing().to_dict()
    rows = [
        {
            "column": field.name,
            "n": len(field.variable.values),
            "n_missing": int(field.variable.missing.sum()),
            "n_partial": int(field.partial().sum()),
            "share_missing": field.variable.missing.mean()
            if len(field.variable.values)
            else np.nan,
            "imputed": done is not None and field.name in done.values,
            "reason": own.variable.why_not() if own.variable.missing.any() else "",
            "potential_scale_reduction": reduction.get(field.name, np.nan),
        }
        for field, own in zip(fields, drawn, strict=True)
    ]
    columns = "column n n_missing n_partial share_missing imputed reason potential_scale_reduction"
    return pd.DataFrame(rows, columns=columns.split())


def _patterns(fields):
    """Named missing_<column>: under their own names they would be read with their own types."""
    lost = {f"missing_{field.name}": field.variable.missing for field in fields}
    return patterns(pd.DataFrame(lost)).astype(dict.fromkeys(lost, "int64"))


def _imputed(done):
    if done is not None:
        return imputed_table(done)
    nothing = {"imputation": pd.Series(dtype="int64"), "case_id": pd.Series(dtype="string")}
    return pd.DataFrame(nothing)


def _probabilities(done, fields):
    if done is not None and has_sins(fields):
        return probabilities(done)
    numbers = {name: pd.Series(dtype="float64") for name in CATEGORIES}
    text = {name: pd.Series(dtype="string") for name in ("case_id", "sins_category")}
    return pd.DataFrame(text | numbers)


def _sins(cases, done, fields, level):
    """Share of each SINS category: among cases whose category is settled, and of all, pooled."""
    columns = "category n_recorded n share ci_lower ci_upper fmi n_cases n_imputations".split()
    if done is None or not has_sins(fields):
        return pd.DataFrame(columns=columns)
    recorded, rows = recorded_category(cases), []
    for code, name in enumerate(CATEGORIES[:-1]):
        shares = (done.sins_category == code).mean(axis=1)
        found = pool(
            shares, shares * (1 - shares) / len(cases), df_complete=len(cases), level=level
        )
        limits = np.clip([found.estimate, found.lower, found.upper], 0, 1)
        numbers = (int((recorded == code).sum()), int((recorded < len(CATEGORIES) - 1).sum()))
        rows.append((name, *numbers, *limits, found.fraction_missing, len(cases), done.m))
    return pd.DataFrame(rows, columns=columns)


def _run(analysed, cases, settings, reason):
    """What was done, in one row and in words."""
    chosen = settings["impute"]
    number = {"n_analysed": len(analysed), "n_used": len(cases)}
    drawn = f"{len(cases)} of {len(analysed)} cases"
    if len(cases) >= chosen["max_cases"] < len(analysed):
        drawn += f", drawn at random (impute.max_cases: {chosen['max_cases']})"
    done = f"{chosen['n_imputations']} imputations of {drawn}, {chosen['iterations']} sweeps each"
    what = f"nothing imputed: {reason}" if reason else done
    repeats = {name: 0 if reason else chosen[name] for name in ("n_imputations", "iterations")}
    return pd.DataFrame([number | repeats | {"what": what}])
