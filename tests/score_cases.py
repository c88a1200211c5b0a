"""Cases with fitted propensity scores, for the tests of weighted estimates."""

from pathlib import Path

import numpy as np
import pandas as pd

from mescc_analytics.stats.estimated_scores import ScoreModel
from mescc_analytics.stats.multinomial import fit_multinomial

ORACLE = Path(__file__).parent / "oracle"
VETERAN = pd.read_csv(ORACLE / "weighted" / "data_veteran.csv", float_precision="round_trip")
VETERAN["two"] = np.where(VETERAN["group"].isin(["large", "squamous"]), "slow", "fast")


def scored(cases, by, columns, target="overlap", left_out=False):
    """Scores, and the arms with the first as reference; the second is the focal one."""
    arm = pd.Categorical(cases[by].astype(str))
    fit = fit_multinomial(arm, cases[columns], columns)
    focal = arm.categories[1]
    given = {"target": target, "focal": focal, "left_out": left_out}
    return ScoreModel.of(fit.probabilities, cases[columns], arm, **given), arm


def veteran(by="two", target="overlap", **choices):
    return scored(VETERAN, by, ["karno", "age", "trt"], target, **choices)


def cohort(rng, n=200, p=6):
    """Confounded arms of equal hazards given the covariates."""
    x = rng.normal(size=(n, p))
    arm = rng.random(n) < 1 / (1 + np.exp(-x[:, 0] * 0.8 + 0.5))
    death = rng.exponential(300 * np.exp(-0.6 * x[:, :3].sum(axis=1)))
    last = rng.uniform(200, 1200, n)
    return x, pd.Categorical(arm), np.ceil(np.minimum(death, last)), death <= last
