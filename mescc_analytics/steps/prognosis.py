"""Step `prognosis`: how well the prognostic scores foretell survival in this cohort."""

import zlib
from functools import partial

import numpy as np
import pandas as pd

from mescc_analytics.stats.discrimination import harrell_c, uno_c
from mescc_analytics.stats.head_to_head import ComparisonSpec, compare_c
from mescc_analytics.stats.resampling import ValidationSpec
from mescc_analytics.steps import prognosis_bands as bands
from mescc_analytics.steps.groups import NOT_ASSESSABLE, not_assessable, stack
from mescc_analytics.steps.prognosis_scores import Scored, all_entries, chosen_entries
from mescc_analytics.steps.survival import time_zero_used
from mescc_analytics.tables import files

ABOUT = ("score", "label", "points_status")
END = ("status", "reason")
SIZE = ("n_cases", "n_not_applicable", "n_open", "n", "events")
VALUES = ("estimate", "ci_lower", "ci_upper")
COLUMNS = {
    "discrimination": (*ABOUT, "measure", "until_days", *SIZE, *VALUES, "interval", *END)
    + ("published", "made_in"),
    "summary": (*ABOUT, "band", "n", "events", "median_days", "median_lower", "median_upper")
    + ("published_median_months", "published_median_lower", "published_median_upper")
    + ("published_words", "published_status", "start_days"),
    "bands": (*ABOUT, "band", "time_days", "n_at_risk", "n_events", "n_censored", "survival")
    + ("ci_lower", "ci_upper"),
    "calibration": (*ABOUT, "band", "timepoint_days", "n", "n_at_risk", "events", "observed")
    + ("ci_lower", "ci_upper", "published", "difference", "difference_lower", "difference_upper")
    + ("published_basis", "published_status", *END, "source"),
    "brier": (*ABOUT, "basis", "timepoint_days", "n", "events")
    + tuple(f"{name}{end}" for name in bands.ERRORS for end in ("", "_lower", "_upper"))
    + END,
    "recalibration": (*ABOUT, "basis", "timepoint_days", "n", "events")
    + tuple(f"{name}{end}" for name in bands.FITS for end in ("", "_lower", "_upper"))
    + END,
    "comparison": ("score", "other", "label", "other_label", "cases", "measure", "n", "events")
    + ("c", "c_other", "difference", "ci_lower", "ci_upper", *END),
    "not_assessable": tuple(NOT_ASSESSABLE),
}


def analyse(frame, settings):
    """Tables of the step by name; see ``prognosis``.

    Parameters
    ----------
    frame : DataFrame, shape (n_cases, ...)
        The cohort table with its scores.
    settings : dict
        prognosis, cohort and seed.
    """
    chosen = settings["prognosis"]
    whole = frame[frame["in_overall"].fillna(False).to_numpy(dtype=bool)]
    time = whole["survival_days"].to_numpy(dtype=float)
    died = whole["survival_event"].to_numpy(dtype=bool)
    given, absent = chosen_entries(set(frame), chosen["scores"])
    scored = [Scored(entry, time, died, whole) for entry in given]
    parts = {name: [] for name in COLUMNS}
    for one in scored:
        for name, table in _one(one, settings).items():
            parts[name].append(table.assign(**one.entry.about))
    parts["comparison"] = [_head_to_head(scored, settings)]
    tables = {name: _joined(parts[name], COLUMNS[name]) for name in COLUMNS}
    tables["summary"]["time_zero"] = time_zero_used(frame, settings)
    tables["not_assessable"] = _reasons(scored, absent, len(whole))
    return tables


def _joined(parts, columns):
    frame = stack(parts) if parts else pd.DataFrame()
    more = [name for name in frame if name not in columns]
    return frame.reindex(columns=[*columns, *more])


def _reasons(scored, absent, n_cases):
    """Rows of not_assessable.csv."""
    rows = [not_assessable(one.entry.name, one.lacks) for one in scored if one.lacks]
    for entry in absent:
        hidden = entry.imported or entry.book["status"] != "unverified"
        needs = entry.name if hidden else "the setting score.allow_unverified"
        rows.append(not_assessable(entry.name, f"needs {needs}"))
    if not n_cases:
        rows.append(not_assessable("prognosis", "no case is left after the exclusions"))
    return pd.DataFrame(rows, columns=NOT_ASSESSABLE)


def spec_of(settings):
    """The choices of the step as the estimators want them."""
    chosen = settings["prognosis"]
    return ValidationSpec(
        level=chosen["confidence_level"],
        min_events=chosen["min_events"],
        n_resamples=chosen["replicates"],
        interval=chosen["interval"],
    )


def stream(settings, order, name, n_cases=0):
    """Random numbers of one analysis of one score, whatever else is analysed; None where the
    intervals of so many cases are those of the standard error.
    """
    if n_cases > settings["prognosis"]["bootstrap_max_cases"]:
        return None
    place = (order, zlib.crc32(name.encode()))
    return np.random.default_rng(np.random.SeedSequence(settings["seed"], spawn_key=place))


def _one(scored, settings):
    spec, streams = spec_of(settings), partial(stream, settings, scored.entry.order)
    return {
        "discrimination": _discrimination(scored, settings, streams),
        "summary": bands.summary(scored, settings, spec),
        "bands": bands.curves(scored, settings, spec),
        "calibration": bands.calibrated(scored, settings, spec),
        **bands.errors(scored, settings, spec, streams),
    }


def _discrimination(scored, settings, streams):
    """C of the cases whose total is settled; with the open ones at either end of their range."""
    entry, uno_until = scored.entry, settings["prognosis"]["uno_until_days"]
    every, kept = np.ones(len(scored.time), dtype=bool), scored.settled
    asked = [
        ("harrell", harrell_c, entry.until_days, (kept, scored.risk)),
        ("uno", uno_c, entry.until_days or uno_until, (kept, scored.risk)),
    ]
    if scored.open.any() and scored.settled.any() and not entry.imported:
        for measure, end in (("harrell_open_lowest", "min"), ("harrell_open_highest", "max")):
            told = (every & ~scored.not_applicable, scored.with_open_at(end))
            asked.append((measure, harrell_c, None, told))
    rows = [_c_row(scored, ask, settings, streams) for ask in asked]
    made_in = entry.book.get("derivation", {}).get("population", "")
    return pd.DataFrame(rows).assign(published=entry.published_c, made_in=made_in)


def _c_row(scored, ask, settings, streams):
    measure, estimator, until, (kept, risk) = ask
    known = kept & ~np.isnan(risk)
    rng = streams(measure, int(known.sum()))
    told = scored.time[known], scored.died[known], risk[known]
    found = estimator(*told, tau=until, spec=spec_of(settings), rng=rng)
    status, reason = bands.status_of(found.note)
    if scored.lacks and measure in ("harrell", "uno"):
        status, reason = "not assessable", scored.lacks
    return (
        {"measure": measure, "until_days": until}
        | scored.size
        | {
            "n": found.n,
            "events": found.events,
            "estimate": found.estimate,
            "ci_lower": found.lower,
            "ci_upper": found.upper,
            "interval": "standard error" if rng is None else "bootstrap",
            "status": status,
            "reason": reason,
        }
    )


def _head_to_head(scored, settings):
    """Differences in C: on the cases that have every score, and on those that have both."""
    spec = spec_of(settings)
    able = [one for one in scored if not spec.too_few(one.deaths) and _varies(one)]
    pairs = [(a, b) for i, a in enumerate(able) for b in able[i + 1 :]]
    found = [_compared(able, "common", settings)] if pairs else []
    found += [_compared(pair, "pair", settings) for pair in pairs]
    if not found:
        return pd.DataFrame(columns=list(COLUMNS["comparison"]))
    frame = pd.concat(found, ignore_index=True)
    notes = [bands.status_of(note) for note in frame.pop("note")]
    labels = {name: entry.label for name, entry in all_entries().items()}
    return frame.assign(
        label=frame["score"].map(labels),
        other_label=frame["other"].map(labels),
        measure=settings["prognosis"]["comparison_measure"],
        status=[status for status, _ in notes],
        reason=[reason for _, reason in notes],
    )


def _varies(scored):
    value = scored.value[scored.settled]
    return len(value) > 0 and value.min() < value.max()


def _compared(scored, cases, settings):
    chosen = settings["prognosis"]
    known = np.logical_and.reduce([one.settled for one in scored])
    time, died = scored[0].time[known], scored[0].died[known]
    risks = {one.entry.name: one.risk[known] for one in scored}
    uno = chosen["comparison_measure"] == "uno"
    how = ComparisonSpec(
        chosen["comparison_measure"],
        chosen["uno_until_days"] if uno else None,
        spec_of(settings),
    )
    rng = stream(settings, 0, " ".join([cases, *risks]), int(known.sum()))
    return compare_c(time, died, risks, how, rng).assign(cases=cases)


def prognosis(inputs, out, settings):
    """discrimination.csv, summary.csv, bands.csv, calibration.csv, brier.csv, recalibration.csv,
    comparison.csv, not_assessable.csv.

    Scores are made of what is known at baseline; survival counts from the time zero of the cohort,
    of the cases in the analyses of the whole cohort.
    """
    names = ["in_overall", "survival_days", "survival_event", "time_zero_source"]
    names += [name for entry in all_entries().values() for name in entry.columns]
    frame = files.read_table(inputs["cohort"])
    frame = frame[[name for name in dict.fromkeys(names) if name in frame]]
    for name, table in analyse(frame, settings).items():
        files.write_csv(table, out / f"{name}.csv")
