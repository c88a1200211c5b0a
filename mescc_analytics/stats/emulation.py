"""Contrasts of the strategies of a clone-censor-weight analysis, with bootstrap intervals."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from mescc_analytics.errors import UsageError
from mescc_analytics.stats.bootstrap import Measure, resampled_counts
from mescc_analytics.stats.cloning import Clones, weighted_rows
from mescc_analytics.stats.contrasts import Sample
from mescc_analytics.stats.cox import fit_cox
from mescc_analytics.stats.resampling import percentile_interval

KINDS = ("survival", "restricted_mean", "hazard_ratio")
COLUMNS = (
    *("group", "reference", "kind", "day", "estimate", "ci_lower", "ci_upper"),
    *("of_group", "of_reference", "note"),
)


@dataclass(frozen=True)
class Emulation:
    """What a contrast needs, so that it can be made again from a resample.

    Attributes
    ----------
    clones : Clones
    covariates : array, shape (n_cases, p)
    names : tuple of str
    cap : float or None
        As in `cloning.weighted_rows`.
    cluster : array of int, shape (n_cases,), or None
        Cases that are drawn together, numbered from 0.
    """

    clones: Clones
    covariates: np.ndarray
    names: tuple
    cap: float | None = None
    cluster: np.ndarray | None = None

    def rows(self, counts=None):
        """Rows of follow-up and notes, as from `cloning.weighted_rows`."""
        given = (self.clones, self.covariates, self.names)
        return weighted_rows(*given, counts=counts, cap=self.cap)

    def estimates(self, measures, counts=None):
        """Measures of every strategy, shape (n_strategies, n_measures), and notes per strategy.

        A hazard ratio is that against the first strategy.
        """
        rows, notes = self.rows(counts)
        found = np.full((len(self.clones.strategies), len(measures)), np.nan)
        if len(rows):
            curves = _curves(rows, measures)
            for index, measure in enumerate(measures):
                if measure.kind == "hazard_ratio":
                    found[:, index] = _hazard_ratios(rows, len(found), measure.day)
                else:
                    found[list(curves), index] = [values[index] for values in curves.values()]
        return found, notes


def _curves(rows, measures):
    """Measures read off the curve of every strategy with rows, by its position."""
    sample = Sample.of(
        rows["time"], rows["event"], rows["strategy"], weight=rows["weight"], entry=rows["entry"]
    )
    values = {}
    for code, name in enumerate(sample.names):
        follow = sample.follow(code)
        reaches = follow.days[-1] if follow.survival[-1] > 0 else np.inf
        values[int(name)] = [
            _read(follow, measure) if measure.day <= reaches else np.nan for measure in measures
        ]
    return values


def _read(follow, measure):
    if measure.kind == "survival":
        return follow.survival[follow.days <= measure.day][-1]
    return follow.area_beyond(measure.day)[0]


def _hazard_ratios(rows, n_strategies, day):
    """Hazard ratios up to a day against the first strategy; NaN where there are none."""
    seen = rows["entry"].to_numpy() < day
    columns = ("strategy", "entry", "time", "event", "weight")
    position, entry, time, event, weight = (rows[name].to_numpy()[seen] for name in columns)
    died, end = event & (time <= day), np.minimum(time, day)
    ratios = np.full(n_strategies, np.nan)
    deaths = np.bincount(position, died, minlength=n_strategies)
    asked = [code for code in range(1, n_strategies) if deaths[code]]
    if not deaths[0] or not asked:
        return ratios
    kept = deaths[position] > 0
    dummies = (position[kept, np.newaxis] == asked).astype(float)
    given = {"entry": entry[kept], "weight": weight[kept]}
    names = [str(code) for code in asked]
    fit = fit_cox(end[kept], died[kept], dummies, names, robust=False, **given)
    ratios[0] = 1.0
    ratios[asked] = np.where(fit.runaway, np.nan, np.exp(fit.coefficients))
    return np.full(n_strategies, np.nan) if fit.note else ratios


def emulation_contrasts(emulation, measures, rng, *, n_resamples=200, level=0.95):
    """Every strategy against the first: differences in survival and restricted mean, hazard ratios.

    Parameters
    ----------
    emulation : Emulation
    measures : sequence of Measure
        kind "survival", "restricted_mean" or "hazard_ratio" (up to the day).
    rng : numpy.random.Generator
    n_resamples : int
        Bootstrap samples of cases, or of clusters; the weights are fitted again in each.
    level : float

    Returns
    -------
    DataFrame
        group, reference, kind, day, estimate (difference, or ratio), ci_lower, ci_upper
        (percentiles), of_group, of_reference (survival or restricted mean itself), note.
    """
    wrong = [m.kind for m in measures if m.kind not in KINDS or not np.isfinite(m.day)]
    if wrong:
        wanted = f"wanted one of {', '.join(KINDS)}, each with a day"
        raise UsageError("measure", [f"found '{wrong[0]}', {wanted}"])
    whole, notes = emulation.estimates(measures)
    counts = resampled_counts(len(emulation.covariates), rng, n_resamples, emulation.cluster)
    drawn = np.array([emulation.estimates(measures, drawn)[0] for drawn in counts])
    names = [strategy.name for strategy in emulation.clones.strategies]
    rows = []
    for code in range(1, len(names)):
        for index, measure in enumerate(measures):
            key = {"group": names[code], "reference": names[0], "kind": measure.kind}
            reasons = [f"{names[i]}: {notes[i]}" for i in (code, 0) if notes[i]]
            row = _contrast(measure, whole[[code, 0], index], drawn[:, [code, 0], index], level)
            reasons = reasons or [row["note"]]
            rows.append(key | {"day": measure.day} | row | {"note": "; ".join(reasons)})
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _contrast(measure: Measure, values, drawn, level):
    if measure.kind == "hazard_ratio":
        estimate, resampled, own = values[0], drawn[:, 0], (np.nan, np.nan)
    else:
        estimate, resampled, own = values[0] - values[1], drawn[:, 0] - drawn[:, 1], values
    row = {"estimate": estimate, "of_group": own[0], "of_reference": own[1]}
    if np.isnan(estimate):
        reason = (
            "no deaths in a group" if measure.kind == "hazard_ratio" else "follow-up ends before"
        )
        return row | {"note": f"not estimable: {reason}"}
    limits = percentile_interval(resampled, level)
    return row | dict(zip(("ci_lower", "ci_upper", "note"), limits, strict=True))
