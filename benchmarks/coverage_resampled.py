"""The comparisons that draw: bootstrap of the weights, clones, imputation."""

import numpy as np
import pandas as pd
from coverage_methods import (
    CONTRASTS,
    CURVES,
    HORIZON,
    LANDMARK,
    LOG_HR,
    MILESTONE,
    curve_rows,
    diagnosed,
    nothing,
    row,
    scores_of,
)

from mescc_analytics.clinical.first_treatment import kinds
from mescc_analytics.stats.bootstrap import Measure
from mescc_analytics.stats.emulation import emulation_contrasts
from mescc_analytics.stats.score_draws import ScoreDraws
from mescc_analytics.steps import impute, strategies, strategy_weights

KINDS = (("restricted_mean", HORIZON), ("survival", MILESTONE))


def weighted_bootstrap(cohort, contrast, rng, n_resamples):
    """Overlap weights from the landmark, estimated anew in every resample; percentile interval."""
    model = cohort.model(contrast)
    if model.reason:
        return nothing(CURVES, model.reason)
    draws = ScoreDraws.of(scores_of(model), rng, n_resamples=n_resamples)
    given = {"weight": model.weight.to_numpy(), "draws": draws}
    found = curve_rows(cohort, model.arm.index, model.arm.array, LANDMARK, **given)
    return [one | {"withheld": diagnosed(cohort, contrast)} for one in found]


def clone_censor_weight(cohort, contrast, rng, n_resamples):
    """The strategies of the step `survival`: begin one or the other within 30 days of the MRI."""
    chosen = cohort.settings["survival"]
    made, reason = strategies.emulate(cohort.cases, chosen, cohort.settings["cohort"])
    names = [] if reason else [s.name for s in made[0].clones.strategies]
    wanted = [side[0] for side in reversed(CONTRASTS[contrast])]
    if names != wanted:
        return nothing(CURVES, reason or f"strategies {names}")
    measures = [Measure("hazard_ratio", HORIZON), *(Measure(*kind) for kind in KINDS)]
    found = emulation_contrasts(made[0], measures, rng, n_resamples=n_resamples)
    rows = [_emulated(*pair) for pair in zip(CURVES, found.to_dict("records"), strict=True)]
    withheld = unlike(made[0], cohort.settings["weight"])
    return [one | {"withheld": withheld and one["estimate"] == one["estimate"]} for one in rows]


def unlike(emulation, chosen):
    """Whether the step would withhold the comparison: those who keep a strategy do not stand in."""
    found = strategy_weights.judge(emulation.rows()[0], emulation, chosen)
    return any(verdict.failed for verdict in found.values())


def _emulated(measure, found):
    scale = np.log if measure == LOG_HR else float
    estimate, lower, upper = (found[name] for name in ("estimate", "ci_lower", "ci_upper"))
    if np.isnan([estimate, lower, upper]).any():
        return nothing([measure], found["note"])[0]
    return row(measure, scale(estimate), limits=(scale(lower), scale(upper)))


def missing_values(cohort, contrast, rng, n_resamples):
    """Adjusted hazard ratios of the step `impute`: of complete cases, and of completed data."""
    seed = int(rng.integers(2**31))
    found = impute.analyse(framed(cohort, contrast), cohort.settings | {"seed": seed})
    own = found["estimates"][found["estimates"]["variable"].eq("arm")].set_index("analysis")
    for analysis, method in (("complete_case", "complete cases"), ("imputed", "imputed")):
        values = [np.nan]
        if analysis in own.index:
            values = np.log(own.loc[analysis, ["estimate", "ci_lower", "ci_upper"]].astype(float))
        rows = nothing([LOG_HR], "not estimable")
        if not np.isnan(values).any():
            rows = [row(LOG_HR, values.iloc[0], limits=tuple(values.iloc[1:]))]
        yield rows[0] | {"method": method}


def framed(cohort, contrast):
    """The cohort with first treatments for arms; compared are the sides at the landmark."""
    group, reference = CONTRASTS[contrast]
    names = [*reference, *group, *(n for n in kinds() if n not in reference + group)]
    arm = pd.Categorical(cohort.arm.fillna("unknown"), [*names, "other", "unknown"])
    compared = np.zeros(len(arm), bool)
    compared[cohort.sides(contrast, LANDMARK)[0]] = True
    return cohort.cases.assign(arm=arm, in_arms=compared)


def blanked(cohort, rng):
    """The same with covariates lost at random given arm and outcome: most of the operated who die.

    Whoever looks at complete cases only then looks at the operated who live.
    """
    died = cohort.clock()[1]
    operated = cohort.arm.eq("surgery").fillna(False).to_numpy(bool)
    lost = rng.random((len(died), 2)) < np.where(operated & died, 0.5, 0.1)[:, np.newaxis]
    cases = cohort.cases.copy()
    for name, gone in zip(("ecog", "visceral_metastases"), lost.T, strict=True):
        cases[name] = cases[name].mask(gone)
    return type(cohort)(cases, cohort.arm, cohort.began, cohort.walking, cohort.settings)
