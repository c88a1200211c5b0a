"""Differences between groups in survival, several tests at once, and what small groups allow."""

import numpy as np
import pandas as pd

from mescc_analytics.stats.contrasts import Sample, group_differences
from mescc_analytics.stats.hazards import hazard_frame
from mescc_analytics.stats.logrank import log_rank
from mescc_analytics.stats.multiplicity import holm
from mescc_analytics.stats.sensitivity import e_value
from mescc_analytics.stats.separation import with_firth
from mescc_analytics.steps.strategies import CONTRASTS

*_STATED, _NOTE = CONTRASTS
COLUMNS = (*_STATED, "p", "p_holm", _NOTE)
ARMS = ("by_arm", "by_broad_arm")
RATIO = {"estimate": "ratio", "ci_lower": "ratio_lower", "ci_upper": "ratio_upper"}


def contrast_rows(days, died, group, spec, **beside):
    """Every group against the first: restricted mean to the horizon, survival on the milestones.

    Parameters
    ----------
    days, died : arrays, shape (n_cases,)
        As in `stats.survival.summarise_survival`, from time zero.
    group : Categorical, shape (n_cases,)
        The first category with cases is the reference, as in hazards.csv.
    spec : SurvivalSpec
        Start, horizon, milestones and level.
    beside
        weight, entry, cluster, scores and draws, as in `stats.contrasts.Sample.of`.

    Returns
    -------
    DataFrame
        Columns `COLUMNS`; measures rmst_difference (days), rmst_ratio, survival_difference. p is
        that of the difference; the ratio, which asks the same, has none. p_holm is empty until
        `finish`.

    Notes
    -----
    Variances as in `stats.contrasts.group_estimates`; restricted means count from time zero.
    """
    if not len(days):
        return pd.DataFrame(columns=list(COLUMNS))
    sample = Sample.of(days, died, group, start=spec.start_days, **beside)
    means = _rows(sample, "restricted_mean", spec.horizon_days, spec.level)
    parts = [
        means.assign(measure="rmst_difference"),
        means.assign(measure="rmst_ratio", p=np.nan, **{k: means[v] for k, v in RATIO.items()}),
    ]
    for day in spec.milestones_days:
        rows = _rows(sample, "survival", day, spec.level)
        parts.append(rows.assign(measure="survival_difference"))
    return pd.concat(parts, ignore_index=True).assign(p_holm=np.nan)[list(COLUMNS)]


def _rows(sample, measure, day, level):
    found = group_differences(sample, measure, float(day), level=level)
    return found.rename(columns={"difference": "estimate"}).assign(time_days=float(day))


def hazards_and_tests(days, died, group, chosen, beside):
    """As `stats.hazards.hazard_frame`, with Firth's estimates and more tests as configured.

    Parameters
    ----------
    days, died, group
        As in `stats.hazards.hazard_frame`.
    chosen : dict
        Section survival: confidence_level, firth, fleming_harrington.
    beside : Beside

    Returns
    -------
    hazards, tests : DataFrame
        Tests: log_rank (within strata where there are any, and then log_rank_unstratified beside
        it), fleming_harrington_<rho>_<gamma> (within strata likewise), ph_global.
    """
    level = chosen["confidence_level"]
    hazards, tests = hazard_frame(days, died, group, level, beside)
    if chosen["firth"] == "separation" and len(days):
        hazards = with_firth(hazards, (days, died, group), level, beside)
    given = beside.of(slice(None), "weight", "entry", "strata")
    more = {}
    if "strata" in given:
        whole = {name: given[name] for name in given if name != "strata"}
        more["log_rank_unstratified"] = log_rank(days, died, group, **whole)
    for rho, gamma in chosen["fleming_harrington"]:
        found = log_rank(days, died, group, rho=rho, gamma=gamma, **given)
        more[f"fleming_harrington_{rho:g}_{gamma:g}"] = found
    rows = pd.DataFrame([{"test": name, **found} for name, found in more.items()])
    return hazards, pd.concat([tests.iloc[:1], rows, tests.iloc[1:]], ignore_index=True)


def finish(tables, chosen):
    """The tables of the step with Holm's p and E-values, and no p value where a group is small.

    Parameters
    ----------
    tables : dict of str to DataFrame
        summary, tests, hazards, contrasts of every analysis.
    chosen : dict
        Section survival: min_arm.

    Returns
    -------
    dict of str to DataFrame
    """
    tables = tables | {"contrasts": _ordered(tables["contrasts"])}
    sizes, least, made = _sizes(tables), chosen["min_arm"], {}
    for name in ("hazards", "contrasts"):
        frame = tables[name]
        pairs = zip(frame["analysis"], frame["group"], frame["reference"], strict=True)
        small = [_small(sizes, least, analysis, pair) for analysis, *pair in pairs]
        made[name] = _without_p(frame, small, least)
    # the sum over all groups rests on the small ones as well
    small = [_small(sizes, least, analysis) for analysis in tables["tests"]["analysis"]]
    made["tests"] = _without_p(tables["tests"], small, least)
    made["hazards"] = _with_e_values(_with_holm(made["hazards"], ["analysis"]))
    made["contrasts"] = _with_holm(made["contrasts"], ["analysis", "measure", "time_days"])
    return tables | made


def _ordered(contrasts):
    rest = [name for name in contrasts if name not in ("analysis", *COLUMNS)]
    return contrasts.reindex(columns=["analysis", *COLUMNS, *rest])


def _sizes(tables):
    """Cases of every group: {(analysis, group): n}."""
    summary, hazards = tables["summary"], tables["hazards"]
    found = dict(
        zip(zip(summary["analysis"], summary["group"], strict=True), summary["n"], strict=True)
    )
    for side, n in (("group", "n"), ("reference", "n_reference")):
        if n in hazards:
            keys = zip(hazards["analysis"], hazards[side], strict=True)
            found |= {
                key: size for key, size in zip(keys, hazards[n], strict=True) if pd.notna(size)
            }
    return {key: size for key, size in found.items() if pd.notna(size)}


def _small(sizes, least, analysis, groups=None):
    """The groups of an analysis, or those given, that have fewer cases than `least`."""
    return [
        group
        for (of, group), n in sizes.items()
        if of == analysis and n < least and (groups is None or group in groups)
    ]


def _without_p(frame, small, least):
    """Copy without the p values of the rows with small groups, and with the reason."""
    out, listed = frame.copy(), pd.Series([", ".join(names) for names in small], index=frame.index)
    known = pd.Series(False, index=frame.index)
    for name in ("p", "ph_p"):
        if name in out:
            known |= out[name].notna()
            out[name] = out[name].astype(float).mask(listed != "")
    reason = f"no p value: fewer than {least} cases in " + listed
    note = out["note"].astype(object).where(out["note"].notna(), "")
    said = (note + "; " + reason).str.removeprefix("; ")
    out["note"] = note.where(~known | (listed == ""), said)
    return out


def _with_holm(frame, family):
    """Copy with p_holm: Holm's p over the groups of one family."""
    p = frame["p"].astype(float)
    adjusted = p.groupby([frame[name] for name in family], sort=False).transform(holm)
    out = frame.drop(columns="p_holm", errors="ignore")
    out.insert(list(out).index("p") + 1, "p_holm", adjusted)
    return out


def _with_e_values(hazards):
    """E-values of the contrasts of arms, for hazard ratios of an outcome that is common."""
    names, values = ["hazard_ratio", "ci_lower", "ci_upper"], []
    numbers = hazards[names].astype(float)
    for analysis, ratio, lower, upper in zip(
        hazards["analysis"], *numbers.T.to_numpy(), strict=True
    ):
        if not str(analysis).startswith(ARMS) or not ratio > 0:
            values.append((np.nan, np.nan))
            continue
        # percentiles of resamples need not hold the estimate
        limits = np.minimum(lower, ratio), np.maximum(upper, ratio)
        values.append(e_value(ratio, *limits, scale="hazard_ratio_common"))
    columns = np.array(values, float).reshape(-1, 2)
    return hazards.assign(e_value=columns[:, 0], e_value_limit=columns[:, 1])
