"""Odds ratios of groups from logistic regression; Firth's penalty where groups are separated."""

import numpy as np
import pandas as pd
from scipy.special import ndtr

from mescc_analytics.stats.firth_models import firth_logistic
from mescc_analytics.stats.intervals import z_value
from mescc_analytics.stats.multinomial import fit_multinomial

COLUMNS = ["group", "reference", "estimate", "ci_lower", "ci_upper", "p", "model", "note"]


def adjusted_odds_ratios(outcome, group, covariates, names, *, level=0.95):
    """Odds ratio of every group against the first one, given the covariates.

    Parameters
    ----------
    outcome : array-like of bool, shape (n_cases,)
    group : Categorical, shape (n_cases,)
        Categories without cases are left out.
    covariates : array-like of float, shape (n_cases, p)
        Without the intercept; those that do not vary are left out.
    names : sequence of str, length p
    level : float

    Returns
    -------
    DataFrame
        group, reference, estimate, ci_lower, ci_upper, p, model, note. model is "logistic" (Wald
        intervals) or "firth" (penalised, profile intervals) where maximum likelihood has no finite
        estimate.

    Notes
    -----
    Agrees with R's ``glm(family = binomial)`` and ``logistf``.

    >>> group = pd.Categorical(list("aaaabbbb"))
    >>> found = adjusted_odds_ratios([1, 0, 0, 0, 1, 1, 1, 0], group, np.zeros((8, 1)), ["x"])
    >>> found["estimate"].round(6).tolist()
    [9.0]
    """
    group = pd.Categorical(group).remove_unused_categories()
    outcome = np.asarray(outcome, bool)
    x = np.asarray(covariates, float).reshape(len(group), -1)
    varies = np.ptp(x, axis=0) > 0 if len(x) else np.zeros(x.shape[1], bool)
    names = [f"covariate {name}" for name, kept in zip(names, varies, strict=True) if kept]
    levels = list(map(str, group.categories))
    arms = [f"group {name}" for name in levels[1:]]
    if not arms:
        return pd.DataFrame(columns=COLUMNS)
    design = np.column_stack(
        [group.codes[:, np.newaxis] == np.arange(1, len(levels)), x[:, varies]]
    )
    table, model, note = _fitted(outcome, design.astype(float), (arms, names), level)
    frame = pd.DataFrame({"group": levels[1:], "reference": levels[0], "model": model})
    for name in ("estimate", "ci_lower", "ci_upper"):
        frame[name] = np.nan if note else np.exp(table.loc[arms, name].to_numpy(float))
    frame["p"] = np.nan if note else table.loc[arms, "p"].to_numpy(float)
    return frame.assign(note=note)[COLUMNS]


def _fitted(outcome, design, terms, level):
    """Coefficients with limits and p values by term, the model, and a note."""
    arms, names = terms
    if outcome.all() or not outcome.any():
        return None, "", "not estimable: the outcomes do not vary"
    fit = fit_multinomial(outcome.astype(int), design, [*arms, *names])
    if not fit.note:
        b, error = fit.coefficients[0], np.sqrt(np.diag(fit.covariance))
        half, p = z_value(level) * error, 2 * ndtr(-np.abs(b) / error)
        numbers = {"estimate": b, "ci_lower": b - half, "ci_upper": b + half, "p": p}
        return pd.DataFrame(numbers, index=list(fit.terms)), "logistic", ""
    firth = firth_logistic(outcome, design, [*arms, *names], level=level, profiled=arms)
    if firth.note:
        return None, "", fit.note
    return firth.table().rename(columns={"coefficient": "estimate"}).set_index("term"), "firth", ""
