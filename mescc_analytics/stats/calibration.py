"""Predicted survival beside observed, case by case, on the day of a horizon.

Predictions are probabilities of being alive on the horizon. Cases censored before it are made up
for by inverse probability of censoring weights.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from mescc_analytics.errors import UsageError
from mescc_analytics.stats.bands import observed_by_band
from mescc_analytics.stats.censoring import StatusAt, status_weights, uncensored_before_each
from mescc_analytics.stats.curves import as_numbers
from mescc_analytics.stats.intervals import NAN, z_value
from mescc_analytics.stats.logistic import (
    calibration_in_the_large,
    calibration_slope,
    recalibrations,
)
from mescc_analytics.stats.resampling import DEFAULT, Cells, percentile_interval

__all__ = ["brier", "calibration", "observed_by_band"]

COLUMNS = (
    *("measure", "horizon_days", "n", "events"),
    *("estimate", "ci_lower", "ci_upper", "note"),
)
# measure: why it has no estimate where the others do
SCORES = {"brier": "", "brier_null": "", "brier_scaled": "everyone, or nobody, has died by then"}
FITS = {
    "observed_expected": "no death is predicted",
    "in_the_large": "everyone, or nobody, has died by then, or a prediction is 0 or 1",
    "slope": "the predictions do not vary, separate the dead from the living, or are 0 or 1",
}
# a Brier score below this is rounding
ROUNDING = 1e-12
SAMPLES_AT_ONCE = 500


def brier(time, event, predicted, horizon, *, rng, spec=DEFAULT):
    """Brier score of predicted survival, beside a model that predicts the same for everyone.

    Parameters
    ----------
    time, event : array-like, shape (n_cases,)
    predicted : array-like of float in [0, 1], shape (n_cases,)
        Probability of being alive on the horizon.
    horizon : float
        Day.
    rng : numpy.random.Generator or None
        For the intervals: quantiles of bootstrap samples, weights renewed in each. None: normal
        intervals that take the weights as given.
    spec : ValidationSpec

    Returns
    -------
    DataFrame
        measure, horizon_days, n, events (by then), estimate, ci_lower, ci_upper, note. Measures:
        brier (0 is perfect), brier_null (everyone is given the Kaplan-Meier survival of these
        cases), brier_scaled (1 - brier / brier_null: 1 is perfect, below 0 worse than the null
        model).

    Notes
    -----
    Graf et al., Stat Med 1999;18:2529-2545; Gerds and Schumacher, Biom J 2006;48:1029-1040.

    >>> from mescc_analytics.stats.resampling import ValidationSpec
    >>> rng, spec = np.random.default_rng(1), ValidationSpec(min_events=1, n_resamples=20)
    >>> found = brier([10, 20, 30, 40], [1, 1, 0, 0], [0.2, 0.4, 0.6, 0.8], 25, rng=rng, spec=spec)
    >>> found["estimate"].round(6).tolist()
    [0.1, 0.25, 0.6]
    """
    return _at_horizon(_Predictions(time, event, predicted, horizon), SCORES, rng, spec)


def calibration(time, event, predicted, horizon, *, rng, spec=DEFAULT):
    """Is survival predicted too high or too low, and too timidly or too boldly?

    Parameters
    ----------
    time, event, predicted, horizon, rng, spec
        As in `brier`; without `rng` there is no interval.

    Returns
    -------
    DataFrame
        Columns as of `brier`. Measures, all of death by the horizon: observed_expected (ratio of
        the observed risk, by Kaplan-Meier, to the mean predicted one; perfect 1), in_the_large
        (change of the log odds that makes the predictions right on average; perfect 0, above 0:
        more die than predicted), slope (of the log odds on the predicted log odds; perfect 1,
        below 1: predictions too extreme).

    Notes
    -----
    Steyerberg, Clinical Prediction Models, 2nd ed., 15.3: logistic recalibration, here weighted for
    censoring.

    >>> from mescc_analytics.stats.resampling import ValidationSpec
    >>> rng, spec = np.random.default_rng(1), ValidationSpec(min_events=1, n_resamples=20)
    >>> predicted = [0.5, 0.5, 0.5, 0.5]
    >>> found = calibration([10, 20, 30, 40], [1, 1, 1, 0], predicted, 35, rng=rng, spec=spec)
    >>> found["estimate"].round(4).tolist()[:2]
    [1.5, 1.0986]
    """
    return _at_horizon(_Predictions(time, event, predicted, horizon), FITS, rng, spec)


@dataclass(frozen=True)
class _Predictions:
    """Survival times, and the probability of being alive on a day."""

    time: object
    event: object
    predicted: object
    horizon: float

    def checked(self):
        """Probabilities as floats; UsageError that lists every problem."""
        predicted = as_numbers(self.predicted)
        problems = []
        if len(predicted) != len(self.time):
            problems.append(
                f"found {len(predicted)} probabilities and {len(self.time)} times, "
                "wanted as many of each"
            )
        outside = ~((predicted >= 0) & (predicted <= 1))
        if outside.any():
            problems.append(f"{outside.sum()} probabilities are missing or outside 0 to 1")
        if problems:
            raise UsageError("predicted survival", problems)
        return predicted


@dataclass(frozen=True)
class _Sample:
    """Kinds of cases by rank of time, status on the horizon and predicted survival."""

    cells: Cells
    position: np.ndarray
    dead: np.ndarray
    known: np.ndarray
    predicted: np.ndarray

    @classmethod
    def of(cls, status, predicted):
        level = pd.factorize(predicted, sort=True)[0]
        cells = Cells.of(status.position, 2 * status.dead + status.known, level)
        columns = (status.position, status.dead, status.known, predicted)
        return cls(cells, *(values[cells.example] for values in columns))

    def weight(self, count):
        """Weights of so many cases of each kind; None where they do not reach the horizon."""
        weight = count * status_weights(self.position, self.dead, self.known, count)
        return weight if np.isclose(weight.sum(), count.sum()) else None


def _scores(sample, count):
    """Brier score, that of the null model, and the scaled one."""
    weight = sample.weight(count)
    if weight is None:
        return [NAN] * len(SCORES)
    residual = np.where(sample.dead, sample.predicted, 1 - sample.predicted)
    error, risk = np.average(residual**2, weights=weight), weight @ sample.dead / weight.sum()
    null = risk * (1 - risk)
    return [error, null, 1 - error / null if null > ROUNDING else NAN]


def _drawn_weights(sample, counts):
    """Weight of each kind of cases in every row of counts."""
    uncensored = uncensored_before_each(sample.position, sample.dead, counts)
    return np.divide(
        counts * sample.known, uncensored, out=np.zeros(counts.shape), where=uncensored > 0
    )


def _drawn_fits(sample, counts):
    """`_fits` of every row of counts: array, shape (n_samples, 3)."""
    weight = _drawn_weights(sample, counts)
    reached = np.isclose(weight.sum(axis=1), counts.sum(axis=1))
    # ascending log odds of death: descending survival
    order = np.argsort(-sample.predicted, kind="stable")
    levels, starts = np.unique(-sample.predicted[order], return_index=True)
    dead, living = (
        np.add.reduceat((weight * status)[:, order], starts, axis=1)
        for status in (sample.dead, ~sample.dead)
    )
    with np.errstate(divide="ignore"):
        log_odds = np.log1p(levels) - np.log(-levels)
    expected = counts @ (1 - sample.predicted)
    ratio = np.divide(dead.sum(axis=1), expected, out=np.full(len(counts), NAN), where=expected > 0)
    found = np.column_stack([ratio, recalibrations(log_odds, dead, living)])
    found[~reached] = NAN
    return found


def _drawn_scores(sample, counts):
    """`_scores` of every row of counts: array, shape (n_samples, 3)."""
    weight = _drawn_weights(sample, counts)
    total, n = weight.sum(axis=1), counts.sum(axis=1)
    residual = np.where(sample.dead, sample.predicted, 1 - sample.predicted)
    error, risk = (weight * residual**2).sum(axis=1), (weight * sample.dead).sum(axis=1)
    reached = np.isclose(total, n)
    error, risk = (
        np.divide(part, total, out=np.full(len(n), NAN), where=reached) for part in (error, risk)
    )
    null = risk * (1 - risk)
    ratio = np.divide(error, null, out=np.full(len(n), NAN), where=null > ROUNDING)
    return np.column_stack([error, null, 1 - ratio])


def _draws(sample, measures, rng, n_resamples):
    """Estimates of every bootstrap sample: array, shape (n_resamples, 3)."""
    statistic = _drawn_scores if measures is SCORES else _drawn_fits
    counts = sample.cells.drawn(rng, n_resamples)
    chunks = range(0, n_resamples, SAMPLES_AT_ONCE)
    parts = [statistic(sample, counts[i : i + SAMPLES_AT_ONCE]) for i in chunks]
    return np.concatenate(parts)


def _fits(sample, count):
    """Observed against expected deaths, calibration in the large, and slope."""
    weight = sample.weight(count)
    if weight is None:
        return [NAN] * len(FITS)
    expected = count @ (1 - sample.predicted)
    with np.errstate(divide="ignore"):
        log_odds = np.log1p(-sample.predicted) - np.log(sample.predicted)
    return [
        weight @ sample.dead / expected if expected > 0 else NAN,
        calibration_in_the_large(log_odds, sample.dead, weight),
        calibration_slope(log_odds, sample.dead, weight),
    ]


def _at_horizon(given, measures, rng, spec):
    """One row per measure."""
    size = {"horizon_days": float(given.horizon), "n": len(given.time), "events": 0}
    if not size["n"]:
        return _rows(measures, size, "no cases")
    status = StatusAt.of(given.time, given.event, given.horizon)
    predicted = given.checked()
    size["events"] = int(status.dead.sum())
    reason = status.reason or spec.too_few(size["events"], status.by)
    if reason:
        return _rows(measures, size, reason)
    sample = _Sample.of(status, predicted)
    estimates = (_scores if measures is SCORES else _fits)(sample, sample.cells.count)
    if rng is None:
        limits = _normal_limits(sample, estimates, measures, spec.level)
    else:
        draws = _draws(sample, measures, rng, spec.n_resamples)
        limits = [percentile_interval(values, spec.level) for values in draws.T]
    found = [
        (NAN, NAN, NAN, f"not estimable: {reason}") if np.isnan(estimate) else (estimate, *ends)
        for estimate, ends, reason in zip(estimates, limits, measures.values(), strict=True)
    ]
    return _frame(measures, size, found)


def _normal_limits(sample, estimates, measures, level):
    """Limits and a note per measure: delta method, weights taken as given."""
    if measures is FITS:
        return [(NAN, NAN, "interval not computed: it needs resampling")] * len(FITS)
    error, null, scaled = estimates
    weight = status_weights(sample.position, sample.dead, sample.known, sample.cells.count)
    share = weight / (weight @ sample.cells.count)
    residual = np.where(sample.dead, sample.predicted, 1 - sample.predicted)
    risk = share * sample.cells.count @ sample.dead
    of_error, of_risk = share * (residual**2 - error), share * (sample.dead - risk)
    of_null = (1 - 2 * risk) * of_risk
    of_scaled = ((1 - scaled) * of_null - of_error) / null if null > ROUNDING else of_null
    std_errs = [np.sqrt(sample.cells.count @ of**2) for of in (of_error, of_null, of_scaled)]
    ends = [z_value(level) * std_err for std_err in std_errs]
    return [
        (estimate - half, min(estimate + half, 1.0), "")
        if half > ROUNDING
        else (NAN, NAN, "interval not estimable: every case has the same error")
        for estimate, half in zip(estimates, ends, strict=True)
    ]


def _rows(measures, size, reason):
    return _frame(measures, size, [(NAN, NAN, NAN, f"not estimable: {reason}")] * len(measures))


def _frame(measures, size, found):
    rows = [
        {"measure": measure} | size | dict(zip(COLUMNS[-4:], values, strict=True))
        for measure, values in zip(measures, found, strict=True)
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype({"measure": "string", "note": "string"})
