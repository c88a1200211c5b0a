"""Observed survival by band of a score, and how far published survival is from it."""

import numpy as np
import pandas as pd

from mescc_analytics.stats.calibration import brier, calibration, observed_by_band
from mescc_analytics.stats.curves import kaplan_meier, survival_at
from mescc_analytics.stats.survival import SurvivalSpec, curves_by_group, summarise_survival
from mescc_analytics.steps.prognosis_scores import published_basis, published_survival

# Parts into which the cases are cut when survival of a band is taken from the others
FOLDS = 10
ERRORS = ("brier", "brier_null", "brier_scaled")
FITS = ("observed_expected", "in_the_large", "slope")
OWN = "bands of this cohort"


def status_of(note):
    """Status and reason of an estimate from the note of the estimator.

    >>> status_of("not estimable: too few deaths: found 3, wanted at least 50")
    ('too few', 'too few deaths: found 3, wanted at least 50')
    >>> status_of("interval not estimable: every pair is ordered alike")[0]
    'estimated'
    """
    reason = str(note).removeprefix("not estimable: ")
    if reason == str(note):
        return "estimated", reason
    return ("too few" if reason.startswith("too few") else "not estimable"), reason


def summary(scored, settings, spec):
    """Cases and deaths per band, and among those the score leaves out; survival of the bands.

    A score with too few deaths has its counts only.
    """
    chosen = settings["prognosis"]
    group = scored.group
    counts = pd.DataFrame({"band": group, "died": scored.died})
    tally = counts.groupby("band", observed=False)["died"].agg(["size", "sum"])
    frame = pd.DataFrame(
        {"band": tally.index.astype("string"), "n": tally["size"].to_numpy(dtype=int)}
    ).assign(events=tally["sum"].to_numpy(dtype=int))
    found = summarise_survival(*_settled(scored), _spec(chosen)).drop(columns=["n", "events"])
    found = found.iloc[:0] if spec.too_few(scored.deaths) else found
    found = found.rename(columns={"group": "band"}).astype({"band": "string"})
    frame = frame.merge(found, on="band", how="left")
    return frame.merge(_published_medians(scored.entry), on="band", how="left")


def _settled(scored):
    kept = scored.settled
    return scored.time[kept], scored.died[kept], scored.settled_band


def _spec(chosen):
    return SurvivalSpec(
        level=chosen["confidence_level"],
        interval=chosen["interval"],
        milestones_days=tuple(chosen["milestones_days"]),
        horizon_days=max(chosen["milestones_days"]),
    )


def _published_medians(entry):
    """What is printed of each band beside survival on a day."""
    rows = []
    for band in entry.book.get("bands", []):
        limits = band.get("median_ci", [np.nan, np.nan])
        medians = (band.get("median_months", np.nan), *limits)
        status = band.get("status", entry.book["status"])
        rows.append((band["level"], *map(float, medians), band.get("expected"), status))
    names = ["band", "published_median_months", "published_median_lower", "published_median_upper"]
    frame = pd.DataFrame(rows, columns=[*names, "published_words", "published_status"])
    return frame.astype({"band": "string", "published_words": "string"})


def curves(scored, settings, spec):
    """Kaplan-Meier curve of every band; none with too few deaths."""
    found = curves_by_group(*_settled(scored), _spec(settings["prognosis"]))
    found = found.iloc[:0] if spec.too_few(scored.deaths) else found
    return found.rename(columns={"group": "band"})


def calibrated(scored, settings, spec):
    """Observed survival of every band beside the published figure, or the mean prediction."""
    chosen, entry = settings["prognosis"], scored.entry
    days = (entry.until_days,) if entry.imported else tuple(chosen["milestones_days"])
    printed = _mean_predictions(scored) if entry.imported else published_survival(entry, days)
    time, died, band = _settled(scored)
    found = observed_by_band(time, died, band, printed, horizons=days, spec=spec)
    keys = ["band", "time_days"]
    printed = printed.rename(columns={"basis": "published_basis", "status": "published_status"})
    found = found.merge(
        printed[[*keys, "published_basis", "published_status"]], on=keys, how="left"
    )
    found["source"] = entry.book.get("source", "predictions in the table")
    return _with_status(found.rename(columns={"time_days": "timepoint_days"}))


def _mean_predictions(scored):
    kept = scored.settled
    mean = pd.Series(scored.alive[kept]).groupby(scored.settled_band.astype(str)).mean()
    frame = pd.DataFrame({"band": mean.index, "survival": mean.to_numpy()})
    return frame.assign(
        time_days=float(scored.entry.until_days), basis="mean prediction", status="imported"
    )


def _with_status(frame):
    pairs = [status_of(note) for note in frame.pop("note")]
    return frame.assign(status=[pair[0] for pair in pairs], reason=[pair[1] for pair in pairs])


def errors(scored, settings, spec, streams):
    """Brier scores beside a null model, and the fit of what was predicted: two frames.

    Predictions are those published for every band or imported, and for a score also the survival
    of the own band among the other cases of the cohort, which asks how much its bands tell here.
    """
    entry, days = scored.entry, settings["prognosis"]["milestones_days"]
    parts = {"brier": [], "recalibration": []}
    for day in (entry.until_days,) if entry.imported else days:
        basis, predicted, reason = _predicted(scored, day)
        known = ~np.isnan(predicted)
        told = scored.time[known], scored.died[known], predicted[known], day
        rng = streams(f"published {day:g}", len(told[0]))
        found = brier(*told, rng=rng, spec=spec)
        parts["brier"].append(_wide(found, ERRORS, basis, reason))
        found = calibration(*told, rng=rng, spec=spec)
        parts["recalibration"].append(_wide(found, FITS, basis, reason))
        if not entry.imported:
            own = _own_bands(scored, day, streams(f"folds {day:g}"))
            kept = scored.settled & ~np.isnan(own)
            told = scored.time[kept], scored.died[kept], own[kept], day
            found = brier(*told, rng=streams(f"own {day:g}", len(told[0])), spec=spec)
            parts["brier"].append(_wide(found, ERRORS, OWN, ""))
    return {name: pd.concat(rows, ignore_index=True) for name, rows in parts.items()}


def _predicted(scored, day):
    """Basis, probability of being alive on the day per case (NaN: none), and why there is none."""
    if scored.entry.imported:
        return "imported", np.where(scored.settled, scored.alive, np.nan), ""
    printed = published_survival(scored.entry, [day]).set_index("band")["survival"]
    basis = published_basis(scored.entry)
    if set(scored.bands) - set(printed.index):
        nobody = np.full(len(scored.cases), np.nan)
        return basis, nobody, f"no survival is published for every band at day {day:g}"
    band = pd.Series(scored.group.astype(object))
    return basis, band.map(printed).to_numpy(dtype=float, na_value=np.nan), ""


def _own_bands(scored, day, rng):
    """Kaplan-Meier survival of the band of each case among the cases of the other folds."""
    fold = rng.permutation(len(scored.cases)) % FOLDS
    code = np.where(scored.settled, scored.group.codes, -1)
    predicted = np.full(len(code), np.nan)
    for band in range(len(scored.bands)):
        for part in range(FOLDS):
            others = (code == band) & (fold != part)
            if others.any():
                curve = kaplan_meier(scored.time[others], scored.died[others])
                alive = survival_at(curve, [day])["survival"].iloc[0]
                predicted[(code == band) & (fold == part)] = alive
    return predicted


def _wide(found, measures, basis, reason):
    """One row of the measures of one day; the first measure speaks for the others."""
    by_measure = found.set_index("measure")
    status, why = status_of(by_measure["note"].iloc[0])
    if reason:
        status, why = "not assessable", reason
    first = by_measure.iloc[0]
    row = {"basis": basis, "timepoint_days": float(first["horizon_days"])}
    row |= {"n": int(first["n"]), "events": int(first["events"])}
    for measure in measures:
        values = by_measure.loc[measure]
        row |= {
            measure: values["estimate"],
            f"{measure}_lower": values["ci_lower"],
            f"{measure}_upper": values["ci_upper"],
        }
    return pd.DataFrame([row | {"status": status, "reason": why}])
