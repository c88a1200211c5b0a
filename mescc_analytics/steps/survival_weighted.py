"""Arms compared with weights that make them alike at baseline, as far as the diagnostics allow."""

import numpy as np
import pandas as pd

from mescc_analytics.errors import UsageError
from mescc_analytics.stats.contrasts import Sample, group_estimates
from mescc_analytics.stats.hazards import Beside
from mescc_analytics.stats.intervals import Estimate
from mescc_analytics.stats.propensity import effective_sizes
from mescc_analytics.stats.survival import curve_summary, follow_up
from mescc_analytics.stats.weighted import weighted_kaplan_meier
from mescc_analytics.steps import weight as weighting
from mescc_analytics.steps.beside import declared, entry_of, spec_of
from mescc_analytics.steps.cohort import arms_are_given
from mescc_analytics.steps.groups import not_assessable, reference_first
from mescc_analytics.steps.strategies import WEIGHTED_COUNTS
from mescc_analytics.steps.survival_contrasts import (
    COLUMNS,
    contrast_rows,
    hazards_and_tests,
)
from mescc_analytics.steps.weight_variance import scores_beside
from mescc_analytics.steps.weight_verdicts import verdicts

NEEDS = "needs weights.parquet and diagnostics.csv of the step weight"
NO_WEIGHTS = "the arms could not be weighted: see not_assessable.csv of the step weight"
NOTHING_LEFT = "every comparison is withheld: the notes in hazards.csv say why"
CURVE = (
    *("group", "time_days", "n_at_risk", "n_events", "n_censored", "n_at_risk_weighted"),
    *("n_events_weighted", "survival", "ci_lower", "ci_upper"),
)
FOLLOWED = ("follow_up_median_days", "follow_up_lower", "follow_up_upper")
SIZES = ("n", "events", "n_reference", "events_reference")
RATIO = ("hazard_ratio", "ci_lower", "ci_upper", "p", "ph_p")


def analyse(frame, settings, weights, diagnostics, missing):
    """Parts of the tables of the step, by name; what cannot be assessed joins `missing`.

    Parameters
    ----------
    frame : DataFrame, shape (n_cases, ...)
        cohort.parquet.
    settings : dict
        survival, weight, cohort (as in effect), seed.
    weights, diagnostics : DataFrame or None
        weights.parquet and diagnostics.csv of the step weight.
    missing : list of dict
        As in not_assessable.csv; added to.

    Returns
    -------
    dict of str to list of DataFrame
        curves, summary, tests, hazards, contrasts. Arms whose contrast the diagnostics withhold are
        in none of the first three, and without numbers in the others.
    """
    if weights is None or diagnostics is None:
        names = weighting.PREFIXES if not arms_are_given(frame) else [weighting.DETAILED]
        missing += [not_assessable(name, NEEDS) for name in names]
        return {}
    parts = {}
    for level in weighting.levels(frame, settings):
        reason, found = level.reason, {}
        if not reason:
            own = diagnostics[diagnostics["analysis"] == level.analysis]
            found, reason = _one(level, weights, own, settings)
        if reason:
            missing.append(not_assessable(level.analysis, reason))
        for kind, table in found.items():
            parts.setdefault(kind, []).append(table.assign(analysis=level.analysis))
    return parts


def _one(level, weights, diagnostics, settings):
    """Tables of one analysis, and why it has no estimate, or ""."""
    chosen, weight = settings["survival"], _weight_of(level, weights)
    weighted = set(level.arm[weight.notna()].astype("string"))
    judged = verdicts(diagnostics, weighted, settings["weight"]["on_failure"])
    if not judged:
        return {}, NO_WEIGHTS
    order = list(level.arm.cat.categories)
    judged = sorted(judged, key=lambda verdict: order.index(verdict.group))
    spec = spec_of(chosen, float(settings["cohort"]["landmark_days"]))
    names = {judged[0].reference, *(verdict.group for verdict in judged if verdict.shown)}
    made = {}
    if len(names) > 1:
        kept = (weight.notna() & level.arm.isin(names)).to_numpy()
        arm = level.arm[kept].cat.remove_unused_categories()
        arrays, _ = declared(level.cases[kept], chosen)
        given = scores_beside(level, kept, arrays["cluster"], settings)
        about = {"weight": weight[kept].to_numpy(), **given}, judged[0].reference
        made = _estimates(level.cases[kept], arm, about, chosen, spec)
    _, words = declared(level.cases, chosen)
    hazards = _hazards(made.get("hazards"), judged, made.get("summary"))
    rows = _contrasts(made.get("contrasts"), judged, spec)
    rows = rows.assign(cluster=words["cluster"])
    made |= {"hazards": hazards.assign(**words), "contrasts": rows}
    return made, "" if len(names) > 1 else NOTHING_LEFT


def _weight_of(level, weights):
    """Weight of every case of a level; missing for who has none."""
    column = f"{weighting.PREFIXES[level.analysis]}weight"
    weighted = weights[weights[column].notna()]
    strange = int((~weighted["case_id"].isin(level.cases["case_id"])).sum())
    if strange:
        found = f"{strange} weighted cases are not in this comparison of arms"
        raise UsageError("weights", [f"{found}, wanted the weights of this cohort and config"])
    by_case = weighted.set_index("case_id")[column].astype(float)
    return level.cases["case_id"].map(by_case).astype(float)


def _estimates(cases, arm, about, chosen, spec):
    """Curves, summary, tests, hazards and contrasts of the arms that are shown; `about` them are
    the weights, with whatever else makes their intervals, and the reference.
    """
    given, reference = about
    entry, _, _ = entry_of(cases, chosen)
    arrays, words = declared(cases, chosen)
    days = cases["survival_days"].to_numpy(dtype=float)
    died = cases["survival_event"].to_numpy(dtype=bool)
    sample = Sample.of(days, died, arm, entry=entry, start=spec.start_days, **given)
    beside = Beside(entry=entry, **arrays, **given)
    against = reference_first(arm, reference)
    hazards, tests = hazards_and_tests(days, died, against, chosen, beside)
    beside_curves = {"entry": entry, "cluster": arrays["cluster"], **given}
    curves = [_curve(sample, code, spec) for code in range(len(sample.names))]
    summary = _summary(curves, sample, spec)
    return {
        "curves": pd.concat(curves, ignore_index=True),
        "summary": summary.assign(entry=chosen["entry"], n_not_entered=0),
        "tests": tests.assign(**words),
        "hazards": hazards,
        "contrasts": contrast_rows(days, died, against, spec, **beside_curves),
    }


def _curve(sample, code, spec):
    """Weighted curve of one arm."""
    own = sample.group == code
    curve = weighted_kaplan_meier(
        sample.time[own],
        sample.event[own],
        weight=sample.weight[own],
        entry=None if sample.entry is None else sample.entry[own],
        start=spec.start_days,
        level=spec.level,
        interval=spec.interval,
        scores=None if sample.scores is None else sample.scores.at(own),
    )
    return curve.rename(columns=WEIGHTED_COUNTS).assign(group=sample.names[code])[list(CURVE)]


def _summary(curves, sample, spec):
    """One row per arm: cases, deaths and follow-up as they are, everything else weighted."""
    means = group_estimates(sample, "restricted_mean", spec.horizon_days, level=spec.level)
    effective = effective_sizes(sample.weight, sample.group)["effective_n"]
    rows = []
    for code, name in enumerate(sample.names):
        own, mean = sample.group == code, means.iloc[code]
        mean = Estimate(mean["estimate"], mean["ci_lower"], mean["ci_upper"], mean["note"])
        values, notes = curve_summary(curves[code], mean, spec)
        entry = None if sample.entry is None else sample.entry[own]
        followed = follow_up(sample.time[own], sample.event[own], spec, entry)
        row = {"group": name, "n": int(own.sum()), "events": int(sample.event[own].sum())}
        row |= {"effective_n": float(effective[code]), **values}
        row |= dict(zip(FOLLOWED, followed, strict=True))
        row |= {"start_days": float(spec.start_days), "n_group_unknown": 0}
        rows.append(row | {"note": "; ".join(notes)})
    return pd.DataFrame(rows)


def _hazards(found, judged, summary):
    """One row per contrast, empty where the diagnostics withhold it."""
    rows, by_group = [], {} if found is None else found.set_index("group").to_dict("index")
    for verdict in judged:
        row = _key(verdict) | {"term": f"{verdict.group} vs {verdict.reference}"}
        row |= dict.fromkeys(SIZES, np.nan)
        if verdict.shown:
            sizes = summary.set_index("group")[["n", "events"]]
            for side, ending in (("group", ""), ("reference", "_reference")):
                n, events = sizes.loc[row[side]]
                row |= {f"n{ending}": n, f"events{ending}": events}
        values = by_group[verdict.group] if verdict.ratio else {}
        row |= {name: values.get(name, np.nan) for name in RATIO}
        rows.append(row | {"note": _joined(verdict.ratio_note, values.get("note"))})
    return pd.DataFrame(rows)


def _contrasts(found, judged, spec):
    """The contrasts that are shown, and those that are withheld, in the order of the arms."""
    measures = [(name, float(spec.horizon_days)) for name in ("rmst_difference", "rmst_ratio")]
    measures += [("survival_difference", float(day)) for day in spec.milestones_days]
    parts = []
    for verdict in judged:
        if verdict.shown:
            rows = found[found["group"] == verdict.group]
            notes = [_joined(verdict.note, note) for note in rows["note"]]
            parts.append(rows.assign(note=notes).astype(object))
            continue
        rows = [_key(verdict) | {"measure": name, "time_days": day} for name, day in measures]
        rows = pd.DataFrame(rows, columns=list(COLUMNS)).assign(note=verdict.note)
        parts.append(rows.astype(object))
    return pd.concat(parts, ignore_index=True)


def _key(verdict):
    return {"group": verdict.group, "reference": verdict.reference}


def _joined(*notes):
    return "; ".join(note for note in notes if isinstance(note, str) and note)
