"""Doubly robust risks of a binary outcome: g-computation, put right by weighted residuals."""

import numpy as np
import pandas as pd
from scipy.special import expit, ndtr

from mescc_analytics.errors import UsageError
from mescc_analytics.stats.firth_models import firth_logistic
from mescc_analytics.stats.influence import covariance_of
from mescc_analytics.stats.intervals import NAN, z_value
from mescc_analytics.stats.multinomial import fit_multinomial

TARGETS = ("overlap", "ate", "att")
MEASURES = ("risk_difference", "risk_ratio", "odds_ratio")


def augmented_risks(
    outcome, group, covariates, probabilities, *, target="overlap", focal=None, level=0.95
):
    """Risk of a binary outcome in every group, standardised to the target and augmented.

    Parameters
    ----------
    outcome : array-like of bool, shape (n_cases,)
    group : Categorical or array-like, shape (n_cases,)
    covariates : array-like of float, shape (n_cases, p)
        Of the outcome model, without the intercept.
    probabilities : array, shape (n_cases, k)
        Propensity scores, in the order of the categories of the group.
    target : {"overlap", "ate", "att"}
    focal : str, optional
        Group of "att"; by default the first.
    level : float

    Returns
    -------
    risks : DataFrame
        group, n, standardised (g-computation alone), estimate, std_err, ci_lower, ci_upper, note.
    differences : DataFrame
        group, reference (the first group), difference, ci_lower, ci_upper, p, note.

    Notes
    -----
    As `augmented_fit`, `risk_intervals` and `augmented_contrasts`.

    >>> x = np.array([[0], [0], [1], [1]] * 4)
    >>> outcome, group = [0, 1, 0, 1, 1, 1, 0, 1] * 2, list("aaaabbbb") * 2
    >>> risks, _ = augmented_risks(outcome, group, x, np.full((16, 2), 0.5), target="ate")
    >>> risks["estimate"].round(6).tolist()[0]
    0.5
    """
    found, influences = augmented_fit(
        outcome, group, covariates, probabilities, target=target, focal=focal
    )
    columns = ["group", "n", "standardised", "estimate", "std_err", "ci_lower", "ci_upper", "note"]
    contrasts = augmented_contrasts(found, influences, level=level)
    differences = contrasts[contrasts["measure"] == "risk_difference"].drop(columns="measure")
    differences = differences.rename(columns={"estimate": "difference"}).reset_index(drop=True)
    return risk_intervals(found, influences, level=level)[columns], differences


def augmented_fit(outcome, group, covariates, probabilities, *, target="overlap", focal=None):
    """Augmented risks, and what each case contributes to them.

    Parameters
    ----------
    outcome, group, covariates, probabilities, target, focal
        As in `augmented_risks`. A category of the group may be without cases.

    Returns
    -------
    risks : DataFrame, one row per group
        group, n, standardised, estimate, model ("logistic"; "firth" where the outcomes of a group
        are separated; "constant" where nothing varies), note.
    influences : array, shape (n_cases, k)
        0 for a group without an estimate.

    Notes
    -----
    Robins, Rotnitzky and Zhao, J Am Stat Assoc 1994;89:846-866; for overlap weights Li, Morgan and
    Zaslavsky, ibid. 2018;113:390-400. One logistic model of the outcome per group. Right if either
    the scores or the outcome models are, with targets "ate" and "att"; standard errors are those of
    the influence function, without the part of the fitted models, and hold where both are:
    bootstrap otherwise. Residuals are divided by one minus their leverage (as HC3, MacKinnon and
    White, J Econometrics 1985;29:305-325), since a model is nearest to the cases that it was
    fitted to.
    """
    e = np.asarray(probabilities, float)
    group = _categories(group, e)
    outcome, x = np.asarray(outcome, float), np.asarray(covariates, float)
    x = x.reshape(len(outcome), -1)
    _check(outcome, group, e, target)
    tilt, standard = _target(e, group, target, focal)
    rows, influences = [], np.zeros(e.shape)
    for code, name in enumerate(map(str, group.categories)):
        member = group.codes == code
        row = {"group": name, "n": int(member.sum()), "standardised": NAN, "estimate": NAN}
        found, model, note = _of_group(outcome, member, x, (e[:, code], tilt, standard))
        if not note:
            row["standardised"], row["estimate"], influences[:, code] = found
        rows.append(row | {"model": model, "note": note})
    columns = ["group", "n", "standardised", "estimate", "model", "note"]
    return pd.DataFrame(rows, columns=columns), influences


def _categories(group, e):
    group = pd.Categorical(group)
    as_many = e.ndim == 2 and len(group.categories) == e.shape[1]
    return group if as_many else group.remove_unused_categories()


def _target(e, group, target, focal):
    """Factor of the weights of the residuals, and weights of the standardisation."""
    if target == "att":
        names = list(map(str, group.categories))
        if focal is not None and str(focal) not in names:
            raise UsageError("focal group", [f"found '{focal}', wanted one of {', '.join(names)}"])
        place = 0 if focal is None else names.index(str(focal))
        return e[:, place], (group.codes == place).astype(float)
    tilt = np.ones(len(e)) if target == "ate" else 1 / (1 / e).sum(axis=1)
    return tilt, tilt


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
    """Standardised risk, augmented risk and the influence of every case; the model; and a note."""
    probability, tilt, standard = scores
    if not member.any() or not standard.sum() > 0:
        return None, "", "not estimable: no cases"
    predicted, model, note = _predicted(outcome[member], x[member], x)
    if note:
        return None, model, note
    weight = np.where(member, tilt / probability, 0.0)
    standardised = standard @ predicted / standard.sum()
    residual = weight * (outcome - predicted)
    shift = residual.sum() / weight.sum()
    influence = standard * (predicted - standardised) / standard.sum()
    own = (residual - weight * shift) / weight.sum()
    own[member] /= 1 - _leverage(x[member], predicted[member])
    influence += own
    return (standardised, standardised + shift, influence), model, ""


def _leverage(x, predicted):
    """How much of its own prediction each case of a group makes; at most a half."""
    design, spread = np.column_stack([np.ones(len(x)), x]), predicted * (1 - predicted)
    information = np.linalg.pinv((design.T * spread) @ design, hermitian=True)
    return np.minimum(spread * ((design @ information) * design).sum(axis=1), 0.5)


def _predicted(outcome, x, everybody):
    """Risk of everybody by the model of one group; where all had the same outcome, that."""
    varies = np.ptp(x, axis=0) > 0
    if np.ptp(outcome) == 0 or not varies.any():
        return np.full(len(everybody), outcome.mean()), "constant", ""
    names = [f"x{i}" for i in np.flatnonzero(varies)]
    fit = fit_multinomial(outcome.astype(int), x[:, varies], names)
    if not fit.note:
        return fit.predict(everybody[:, varies])[:, 1], "logistic", ""
    penalised = firth_logistic(outcome, x[:, varies], names, profiled=())
    if penalised.note:
        return None, "", fit.note
    linear = penalised.coefficients[0] + everybody[:, varies] @ penalised.coefficients[1:]
    return expit(linear), "firth", ""


def risk_intervals(risks, influences, *, level=0.95, cluster=None):
    """Risks with robust standard errors and intervals.

    Parameters
    ----------
    risks, influences
        As from `augmented_fit`.
    level : float
    cluster : array-like, shape (n_cases,), optional
        Cases that belong together.

    Returns
    -------
    DataFrame
        As `risks`, with std_err, ci_lower, ci_upper; limits beyond 0 and 1 are cut there.
    """
    variance = np.diag(covariance_of(influences, cluster))
    known = risks["estimate"].notna().to_numpy() & (variance > 0)
    error = np.where(known, np.sqrt(np.maximum(variance, 0)), NAN)
    half, estimate = z_value(level) * error, risks["estimate"].to_numpy(float)
    lower, upper = np.maximum(estimate - half, 0.0), np.minimum(estimate + half, 1.0)
    return risks.assign(std_err=error, ci_lower=lower, ci_upper=upper)


def augmented_contrasts(risks, influences, *, level=0.95, cluster=None):
    """Every group against the first: risk difference, and risk and odds ratio.

    Parameters
    ----------
    risks, influences, level, cluster
        As in `risk_intervals`.

    Returns
    -------
    DataFrame
        group, reference, measure, estimate, ci_lower, ci_upper, p, note. Ratios and their intervals
        by the delta method on the log scale; no interval where all of a group had the same outcome.
    """
    rows, base = [], risks.iloc[0]
    for code in range(1, len(risks)):
        row = risks.iloc[code]
        key = {"group": row["group"], "reference": base["group"]}
        reasons = [f"{r['group']}: {r['note']}" for r in (row, base) if r["note"]]
        if reasons:
            rows += [key | {"measure": m, "note": "; ".join(reasons)} for m in MEASURES]
            continue
        pair = np.array([row["estimate"], base["estimate"]])
        covariance = covariance_of(influences[:, [code, 0]], cluster)
        rows += [key | _measure(name, pair, covariance, z_value(level)) for name in MEASURES]
    columns = ["group", "reference", "measure", "estimate", "ci_lower", "ci_upper", "p", "note"]
    return pd.DataFrame(rows, columns=columns)


def _measure(name, pair, covariance, z):
    """One measure of a pair of risks on the scale on which its interval is symmetric."""
    ratio = name != "risk_difference"
    if ratio and not ((pair > 0) & (pair < 1)).all():
        return {"measure": name, "note": "not estimable: a risk is not between 0 and 1"}
    value, slope = {
        "risk_difference": (pair, np.ones(2)),
        "risk_ratio": (np.log(np.where(ratio, pair, 1)), 1 / np.where(ratio, pair, 1)),
        "odds_ratio": (_logit(pair) if ratio else pair, 1 / np.where(ratio, pair * (1 - pair), 1)),
    }[name]
    gap, change = value[0] - value[1], np.array([slope[0], -slope[1]])
    error, back = np.sqrt(max(change @ covariance @ change, 0.0)), np.exp if ratio else float
    found = {"measure": name, "estimate": float(back(gap)), "note": ""}
    # a group without residuals has no error of its own: the interval would leave its part out
    if not (np.diag(covariance) > 0).all():
        return found | {"note": "interval not estimable: the outcomes do not vary"}
    limits = {"ci_lower": float(back(gap - z * error)), "ci_upper": float(back(gap + z * error))}
    return found | limits | {"p": float(2 * ndtr(-abs(gap) / error))}


def _logit(p):
    return np.log(p) - np.log1p(-p)
