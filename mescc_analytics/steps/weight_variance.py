"""What makes the intervals of weighted estimates those of scores that were fitted."""

import numpy as np

from mescc_analytics.stats.estimated_scores import ScoreModel
from mescc_analytics.stats.score_draws import ScoreDraws
from mescc_analytics.steps import weight as weighting


def scores_beside(level, kept, cluster, settings):
    """Scores and resamples as configured, for `stats.hazards.Beside` and `stats.contrasts.Sample`.

    Parameters
    ----------
    level : weight.Level
    kept : array of bool, shape (n_cases,)
        The cases of the level that are compared; all have a weight.
    cluster : array, shape (n_kept,), or None
    settings : dict
        weight, seed.

    Returns
    -------
    dict
        Empty with weight.variance robust; else scores and, with bootstrap up to
        weight.bootstrap_max_cases cases, draws.
    """
    chosen = settings["weight"]
    if chosen["variance"] == "robust":
        return {}
    model = weighting.model_of(level, chosen)
    place = model.arm.index.get_indexer(level.cases.index[kept])
    scores = ScoreModel.of(
        model.propensity.to_numpy(float),
        model.covariates.design.to_numpy(float),
        model.arm.array,
        target=chosen["estimand"],
        focal=weighting.att_arm(level, chosen),
    ).at(place)
    if chosen["variance"] == "estimated_scores" or len(model.arm) > chosen["bootstrap_max_cases"]:
        return {"scores": scores}
    number = list(weighting.PREFIXES).index(level.analysis)
    rng = np.random.default_rng([settings["seed"], 2, number])
    draws = ScoreDraws.of(scores, rng, n_resamples=chosen["n_resamples"], cluster=cluster)
    return {"scores": scores, "draws": draws}
