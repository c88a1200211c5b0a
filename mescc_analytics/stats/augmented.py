"""Doubly robust risks of a binary outcome: g-computation, put right by weighted residuals."""

import numpy as np
import pandas as pd
from scipy.special import ndtr

from mescc_analytics.errors import UsageError
from mescc_analytics.stats.influence import covariance_of
from mescc_analytics.stats.intervals import NAN, z_value
from mescc_analytics.stats.multinomial import fit_multinomial

TARGETS = ("overlap", "ate")


def augmented_risks(outcome, group, covariates, probabilities, *, target="overlap", level=0.95):
    """Risk of a binary outcome in every group, standardised to the target and augmented.

    Parameters
    ----------
    outcome : array-like of bool, shape (n_cases,)
    group : Categorical or array-like, shape (n_cases,)
    covariates : array-like of float, shape (n_cases, p)
        Of the outcome model, without the intercept.
    probabilities : array, shape (n_cases, k)
        Propensity scores, in the order of the categories of the group.
    target : {"overlap", "ate"}
    level : float

    Returns
    -------
    risks : DataFrame
        group, n, standardised (g-computation alone), estimate, std_err, ci_lower, ci_upper, note.
    differences : DataFrame
        group, reference (the first group), difference, ci_lower, ci_upper, p, note.

    Notes
    -----
    Robins, Rotnitzky and Zhao, J Am Stat Assoc 1994;89:846-866; for overlap weights Li, Morgan and
    Zaslavsky, ibid. 2018;113:390-400. One logistic model of the outcome per group. Right if either
    the scores or the outcome models are, with target "ate"; standard errors are those of the
    influence function, without the part of the fitted models, and hold where both are: bootstrap
    otherwise.

    >>> x = np.array([[0], [0], [1], [1]] * 4)
    >>> outcome, group = [0, 1, 0, 1, 1, 1, 0, 1] * 2, list("aaaabbbb") * 2
    >>> risks, _ = augmented_risks(outcome, group, x, np.full((16, 2), 0.5), target="ate")
    >>> risks["estimate"].round(6).tolist()[0]
    0.5
    """
    group = pd.Categorical(group).remove_unused_categories()
    outcome, x = np.asarray(outcome, float), np.asarray(covariates, float)
    x, e = x.reshape(len(outcome), -1), np.asarray(probabilities, float)
    _check(outcome, group, e, target)
    tilt = np.ones(len(outcome)) if target == "ate" else 1 / (1 / e).sum(axis=1)
    rows, influences, z = [], np.zeros(e.shape), z_value(level)
    for code, name in enumerate(map(str, group.categories)):
        row = {"group": name, "n": int((group.codes == code).sum())}
        found, note = _of_group(outcome, group.codes == code, x, (e[:, code], tilt))
        if not note:
            row["standardised"], row["estimate"], influences[:, code] = found
            error = np.sqrt((influences[:, code] ** 2).sum())
            row |= {"std_err": error, "ci_lower": max(row["estimate"] - z * error, 0.0)}
            row["ci_upper"] = min(row["estimate"] + z * error, 1.0)
        rows.append(row | {"note": note})
    columns = ["group", "n", "standardised", "estimate", "std_err", "ci_lower", "ci_upper", "note"]
    risks = pd.DataFrame(rows, columns=columns)
    return risks, _differences(risks, influences, z)


def _check(outcome, group, e, target):
    problems = []
    if target not in TARGETS:
        problems.append(f"target: found '{target}', wanted one of {', '.join(TARGETS)}")
    if not np.isin(outcome, (0, 1)).all():
        problems.append("outcomes: found some that are neither 0 nor 1")
    if (group.codes < 0).any() or e.shape != (len(outcome), len(group.categories)):
        problems.append("wanted a group and a probability of each group for every case")
    elif not ((e > 0) & (e <= 1)).all():
        problems.append("probabilities: found some that are missing, 0, or above 1")
    if problems:
        raise UsageError("augmented estimate", problems)


def _of_group(outcome, member, x, scores):
    """Standardised risk, augmented risk and the influence of every case; and a note."""
    probability, tilt = scores
    predicted, note = _predicted(outcome[member], x[member], x)
    if note:
        return None, note
    weight = np.where(member, tilt / probability, 0.0)
    standardised = tilt @ predicted / tilt.sum()
    residual = weight * (outcome - predicted)
    shift = residual.sum() / weight.sum()
    influence = tilt * (predicted - standardised) / tilt.sum()
    influence += (residual - weight * shift) / weight.sum()
    return (standardised, standardised + shift, influence), ""


def _predicted(outcome, x, everybody):
    """Risk of everybody by the model of one group; where all had the same outcome, that."""
    if np.ptp(outcome) == 0:
        return np.full(len(everybody), outcome[0]), ""
    varies = np.ptp(x, axis=0) > 0
    names = [f"x{i}" for i in np.flatnonzero(varies)]
    if not varies.any():
        return np.full(len(everybody), outcome.mean()), ""
    fit = fit_multinomial(outcome.astype(int), x[:, varies], names)
    return (None, fit.note) if fit.note else (fit.predict(everybody[:, varies])[:, 1], "")


def _differences(risks, influences, z):
    base, rows = risks.iloc[0], []
    for code in range(1, len(risks)):
        row = risks.iloc[code]
        key = {"group": row["group"], "reference": base["group"]}
        reasons = [f"{r['group']}: {r['note']}" for r in (row, base) if r["note"]]
        if reasons:
            rows.append(key | {"note": "; ".join(reasons)})
            continue
        covariance = covariance_of(influences[:, [code, 0]])
        error = np.sqrt(max(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1], 0.0))
        gap = row["estimate"] - base["estimate"]
        p = float(2 * ndtr(-abs(gap) / error)) if error > 0 else NAN
        flat = "" if error > 0 else "interval not estimable: the outcomes do not vary"
        half = z * error if error > 0 else NAN
        limits = {"difference": gap, "ci_lower": gap - half, "ci_upper": gap + half}
        rows.append(key | limits | {"p": p, "note": flat})
    columns = ["group", "reference", "difference", "ci_lower", "ci_upper", "p", "note"]
    return pd.DataFrame(rows, columns=columns)
