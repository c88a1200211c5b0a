"""Clone, censor, weight: what is begun within the days of grace, compared from time zero."""

import numpy as np
import pandas as pd

from mescc_analytics import codebook
from mescc_analytics.clinical.first_treatment import NONE, first_treatment
from mescc_analytics.stats.bootstrap import Measure
from mescc_analytics.stats.cloning import Strategy, clone
from mescc_analytics.stats.contrasts import Sample, group_estimates
from mescc_analytics.stats.curves import quantile, survival_at
from mescc_analytics.stats.emulation import Emulation, emulation_contrasts
from mescc_analytics.stats.weighted import weighted_kaplan_meier
from mescc_analytics.steps import strategy_weights
from mescc_analytics.steps.beside import clusters_of, declared
from mescc_analytics.steps.design_matrix import design

CONTRASTS = (
    *("group", "reference", "measure", "time_days", "estimate", "ci_lower", "ci_upper"),
    *("of_group", "of_reference", "note"),
)
MEASURES = {"survival": "survival_difference", "restricted_mean": "rmst_difference"}
# as curves.csv names what stands beside the numbers of cases
WEIGHTED_COUNTS = {
    "weighted_at_risk": "n_at_risk_weighted",
    "weighted_events": "n_events_weighted",
}
WEEK = 7.0
# levels of a covariate with a smaller share of the cases are joined: resamples would separate them
LEAST_SHARE = 0.1


def compare(whole, settings):
    """Tables of the strategies that enough cases begin.

    Parameters
    ----------
    whole : DataFrame, shape (n_cases, ...)
        Cases in the analyses of the whole cohort.
    settings : dict
        survival, weight, cohort, seed.

    Returns
    -------
    tables : dict of str to DataFrame
        curves, summary, hazards, contrasts; empty where there is a reason. A strategy whose weights
        fail their diagnostics has its row of the summary and of the contrasts, with the reason and
        without estimates.
    reason : str
    """
    chosen, cohort = settings["survival"], settings["cohort"]
    made, reason = emulate(whole, chosen, cohort)
    if reason:
        return {}, reason
    emulation, model = made
    (rows, notes), plan = emulation.rows(), emulation.clones.strategies
    names = [strategy.name for strategy in plan]
    if all(notes):
        return {}, "; ".join(f"{name}: {note}" for name, note in zip(names, notes, strict=True))
    verdicts = strategy_weights.judge(rows, emulation, settings["weight"])
    failed = strategy_weights.reasons(verdicts, plan, settings["weight"])
    found = strategy_weights.without(contrasts(emulation, chosen, settings["seed"]), failed)
    spread = len(whole) <= chosen["bootstrap_max_cases"]
    curves = _curves(rows, emulation, chosen, spread)
    cluster = declared(whole, chosen)[1]["cluster"]
    summary = _summary(curves, rows, emulation, (chosen, notes, model, spread))
    summary["n_group_unknown"] = len(whole) - len(emulation.covariates)
    drawn = pd.concat(curves.values(), ignore_index=True)
    gone = drawn["group"].isin(strategy_weights.withheld(failed))
    return {
        "curves": drawn[~gone].reset_index(drop=True),
        "summary": _judged(summary, verdicts, names, failed),
        "hazards": _hazards(found).assign(cluster=cluster, strata="none"),
        "contrasts": found[found["measure"] != "hazard_ratio"].reset_index(drop=True),
    }, too_few(names, chosen)


def too_few(names, chosen):
    """Which first treatments are no strategy, in words, or ""."""
    book = codebook.load("arms")["first_treatment"]
    others = [entry["label"] for name, entry in book.items() if name not in names]
    if not others or chosen["strategies"] == "two_largest":
        return ""
    return f"begun by fewer than {chosen['min_strategy']} cases: {', '.join(others)}"


def emulate(whole, chosen, cohort):
    """The emulation of the eligible strategies, the reference first, with its design; a reason."""
    treatment, day = first_treatment(whole, whole["time_zero_day"], cohort)
    last = whole["survival_days"].to_numpy(dtype=float)
    known = treatment.notna().to_numpy() & (last >= 0)
    cases, last = whole[known], last[known]
    began = day[known].to_numpy(dtype=float)
    # a treatment dated after the last contact contradicts it and is not read
    began = np.where(began <= last, began, np.nan)
    first = treatment[known].astype(object).where(~np.isnan(began), None).to_numpy()
    strategies = eligible(first, cohort, chosen)
    if len(strategies) < 2:
        least = chosen["min_strategy"]
        return None, f"fewer than two first treatments begun by at least {least} cases"
    died = cases["survival_event"].to_numpy(dtype=bool)
    model = design(cases, chosen["covariates"], least_share=LEAST_SHARE)
    clones = clone(last, died, first, began, strategies)
    cap = chosen["weight_cap"]
    labels, _ = clusters_of(cases, chosen["cluster"])
    cluster = None if labels is None else pd.factorize(labels, sort=True)[0]
    return (Emulation(clones, model.matrix, model.names, cap, cluster), model), ""


def eligible(first, cohort, chosen):
    """Strategies that enough cases begin, the reference first.

    Parameters
    ----------
    first : array of object, shape (n_cases,)
        First treatment within the days of grace, None without.
    cohort, chosen : dict
        Sections cohort and survival.
    """
    book, grace = codebook.load("arms"), float(cohort["grace_days"])
    counted = pd.Series(first, dtype=object).fillna(NONE).value_counts()
    names = [n for n in book["first_treatment"] if counted.get(n, 0) >= chosen["min_strategy"]]
    if not names or grace <= 0:
        return []
    reference = reference_of(names, cohort["reference_arm"])
    others = [name for name in names if name != reference]
    if chosen["strategies"] == "two_largest":
        two = sorted(names, key=lambda name: -counted[name])[:2]
        reference = reference if reference in two else reference_of(two, None)
        others = [name for name in two if name != reference]
    weekly = (*np.arange(WEEK, grace, WEEK), grace)
    return [
        # nobody begins "none" on a day, so that its weights are renewed from week to week
        Strategy(name, None, weekly) if name == NONE else Strategy(name, name, (grace,))
        for name in (reference, *others)
    ]


def reference_of(names, arm):
    """The first treatment of the configured reference arm, else the codebook's first choice."""
    book = codebook.load("arms")
    own = [kind for kind, entry in book["first_treatment"].items() if arm in entry["arms"]]
    order = [*own, *book["first_treatment_reference"]]
    return next(name for name in order if name in names)


def contrasts(emulation, chosen, seed):
    """Every strategy against the reference, with bootstrap intervals."""
    horizon = float(chosen["horizon_days"])
    measures = [Measure("survival", float(day)) for day in chosen["milestones_days"]]
    measures += [Measure("restricted_mean", horizon), Measure("hazard_ratio", horizon)]
    few = len(emulation.covariates) <= chosen["bootstrap_max_cases"]
    found = emulation_contrasts(
        emulation,
        measures,
        np.random.default_rng([seed, 1]),
        n_resamples=chosen["n_resamples"] if few else 1,
        level=chosen["confidence_level"],
    )
    if not few:
        said = f"no interval: more than {chosen['bootstrap_max_cases']} cases"
        unknown = found["estimate"].isna()
        found = found.assign(
            ci_lower=np.nan, ci_upper=np.nan, note=found["note"].where(unknown, said)
        )
    found = found.rename(columns={"kind": "measure", "day": "time_days"})
    return found.assign(measure=found["measure"].replace(MEASURES))[list(CONTRASTS)]


def _curves(rows, emulation, chosen, spread):
    """Weighted curve of every strategy that has weights, by its position."""
    clones, curves = emulation.clones, {}
    for number, part in rows.groupby("strategy", sort=True):
        curve = weighted_kaplan_meier(
            part["time"],
            part["event"],
            weight=part["weight"],
            entry=part["entry"],
            cluster=_drawn_together(part, emulation) if spread else None,
            level=chosen["confidence_level"],
            interval=chosen["interval"],
        )
        if not spread:
            curve = curve.assign(ci_lower=np.nan, ci_upper=np.nan)
        own = (clones.strategy == number) & ~clones.event
        left = pd.Series(clones.time[own]).value_counts()
        censored = curve["time_days"].map(left).fillna(0).astype(int)
        name = clones.strategies[int(number)].name
        curve = curve.drop(columns="std_err").rename(columns=WEIGHTED_COUNTS)
        curves[int(number)] = curve.assign(group=name, n_censored=censored)
    return curves


def _summary(curves, rows, emulation, about):
    """One row per strategy, as in summary.csv."""
    chosen, notes, model, spread = about
    counts = emulation.clones.counts()
    made = []
    for number, curve in curves.items():
        at = survival_at(curve, chosen["milestones_days"])
        median = quantile(curve)
        row = counts.loc[number]
        values = {"group": row["strategy"], "n": row["n_clones"], "events": row["n_events"]}
        values |= {"n_deviated": row["n_deviated"], "start_days": 0.0}
        values |= dict(zip(("median_days", "median_lower", "median_upper"), median, strict=True))
        own = rows[rows["strategy"] == number]
        values |= _restricted(own, chosen, _drawn_together(own, emulation) if spread else None)
        for point in at.itertuples():
            stem = f"survival_{point.time_days:g}d"
            limits = (point.survival, point.ci_lower, point.ci_upper)
            values |= dict(zip((stem, f"{stem}_lower", f"{stem}_upper"), limits, strict=True))
        said = "n counts clones; intervals hold the weights as they are"
        made.append(values | {"note": "; ".join(filter(None, (said, model.note)))})
    made += [
        {"group": counts.loc[number, "strategy"], "note": note}
        for number, note in enumerate(notes)
        if note
    ]
    return pd.DataFrame(made)


def _judged(summary, verdicts, names, failed):
    """The summary with how the weights leave each strategy, without what is withheld."""
    values = {names[number]: verdict.values for number, verdict in verdicts.items()}
    for column in strategy_weights.COLUMNS:
        summary[column] = summary["group"].map({k: v.get(column) for k, v in values.items()})
    gone = summary["group"].isin(strategy_weights.withheld(failed))
    kept = ("group", "n", "events", "n_deviated", "note", *strategy_weights.COLUMNS)
    estimates = [name for name in summary if name not in kept]
    summary.loc[gone, estimates] = np.nan
    note = summary["note"].fillna("").astype(str)
    said = [failed.get(name, "") for name in summary["group"]]
    shown = note.mask(gone, "").to_list()
    both = ["; ".join(filter(None, pair)) for pair in zip(said, shown, strict=True)]
    return summary.assign(note=both)


def _drawn_together(part, emulation):
    """Clusters of the rows of a strategy: the cases, unless these belong together."""
    case = part["case"].to_numpy(int)
    return case if emulation.cluster is None else emulation.cluster[case]


def _restricted(part, chosen, cluster):
    horizon = float(chosen["horizon_days"])
    sample = Sample.of(
        part["time"],
        part["event"],
        np.zeros(len(part), int),
        weight=part["weight"],
        entry=part["entry"],
        cluster=cluster,
    )
    found = group_estimates(sample, "restricted_mean", horizon, level=chosen["confidence_level"])
    row = found.iloc[0]
    names = ("rmst_days", "rmst_lower", "rmst_upper")
    # without clusters the variance would take weights for numbers of cases
    limits = (np.nan, np.nan) if cluster is None else (row["ci_lower"], row["ci_upper"])
    values = dict(zip(names, (row["estimate"], *limits), strict=True))
    return values | {"rmst_horizon_days": horizon}


def _hazards(found):
    """Hazard ratios among the contrasts, as in hazards.csv."""
    rows = found[found["measure"] == "hazard_ratio"]
    said = "bootstrap interval; hazard ratio up to day " + rows["time_days"].map("{:g}".format)
    return pd.DataFrame(
        {
            "term": rows["group"] + " vs " + rows["reference"],
            "group": rows["group"],
            "reference": rows["reference"],
            "hazard_ratio": rows["estimate"],
            "ci_lower": rows["ci_lower"],
            "ci_upper": rows["ci_upper"],
            "note": rows["note"].where(rows["note"] != "", said),
        }
    ).reset_index(drop=True)
