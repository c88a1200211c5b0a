"""The model of who gets which arm, and the weights that follow from it."""

from dataclasses import dataclass, field

import pandas as pd

from mescc_analytics.stats.firth_models import separated
from mescc_analytics.stats.multinomial import INTERCEPT, fit_multinomial
from mescc_analytics.stats.propensity import propensity_weights
from mescc_analytics.steps.covariates import Covariates, covariates_of, words_of


@dataclass(frozen=True)
class LeftOut:
    """Why an arm is not in the model: the diagnostic that it fails, and its numbers."""

    diagnostic: str
    value: float
    limit: float
    why: str


@dataclass(frozen=True)
class Model:
    """Propensity scores and weights of the cases in the model.

    Attributes
    ----------
    arm : Categorical Series, shape (n_cases,)
        The reference first.
    covariates : Covariates
        Of the same cases.
    propensity : DataFrame, shape (n_cases, n_arms)
    weight : Series, shape (n_cases,)
    left_out : dict of str to LeftOut
    reason : str
        Why there is no model, or "".
    missing : DataFrame, shape (n_arms, n_covariates)
        Share of an arm, with the cases that complete_case leaves out, without a value; 1 of a
        covariate that the table lacks.
    """

    arm: pd.Series
    covariates: Covariates
    propensity: pd.DataFrame
    weight: pd.Series
    left_out: dict = field(default_factory=dict)
    reason: str = ""
    missing: pd.DataFrame = field(default_factory=pd.DataFrame)


def fit_model(frame, arm, chosen, reference):
    """Propensity scores by multinomial logistic regression, and the weights.

    Parameters
    ----------
    frame : DataFrame, shape (n_cases, ...)
    arm : Categorical Series, shape (n_cases,)
    chosen : dict
        The settings of the step.
    reference : str
        Arm against which the others are compared.

    Returns
    -------
    Model
        Arms that are too small, or that a covariate tells from the reference without exception,
        are left out.
    """
    left_out = {}
    arm = _large(arm, chosen, left_out)
    covariates = covariates_of(frame.loc[arm.index], chosen)
    missing = _missing_shares(arm, covariates)
    scores, arm, covariates, reason = _fitted(
        arm[covariates.kept], covariates, reference, chosen, left_out
    )
    if not reason and chosen["trim"]:
        inside = scores.min(axis="columns") >= chosen["trim"]
        scores, arm, covariates, reason = _fitted(
            arm[inside], covariates, reference, chosen, left_out
        )
    reason = reason or _no_focal(arm, chosen, left_out)
    if reason:
        return _no_model(arm, covariates, left_out, reason)
    focal = chosen["att_arm"] if chosen["estimand"] == "att" else None
    weight = propensity_weights(
        scores.to_numpy(), arm.array, target=chosen["estimand"], focal=focal
    )
    weight = pd.Series(weight, index=arm.index)
    return Model(arm, covariates, scores, weight, left_out, missing=missing)


def _fitted(arm, covariates, reference, chosen, left_out):
    """As `_scores`, of the arms that are large enough."""
    arm = _large(arm, chosen, left_out)
    covariates = _at(covariates, arm.index)
    reason = _cannot(arm, covariates, reference, left_out)
    if reason:
        return None, arm, covariates, reason
    return _scores(arm, covariates, reference, left_out)


def _missing_shares(arm, covariates):
    shares = covariates.missing.groupby(arm.to_numpy(), observed=True).mean()
    return shares.assign(**{name: 1.0 for name in covariates.absent})


def _large(arm, chosen, left_out):
    """The arms with enough cases; the others are noted."""
    sizes, least = arm.value_counts(sort=False), chosen["min_arm"]
    small = [name for name in sizes.index if sizes[name] < least]
    for name in small:
        why = f"fewer than {least} cases can be compared"
        left_out.setdefault(str(name), LeftOut("arm_size", float(sizes[name]), float(least), why))
    return arm[~arm.isin(small)].cat.remove_unused_categories()


def _at(covariates, index):
    return covariates.of(covariates.design.index.isin(index))


def _cannot(arm, covariates, reference, left_out):
    if reference not in arm.cat.categories:
        why = left_out[reference].why if reference in left_out else "it has no case"
        return f"the reference arm {reference} is left out: {why}"
    if len(arm.cat.categories) < 2:
        return "fewer than two arms are large enough"
    return "" if covariates.design.shape[1] else "no covariate varies between the cases"


def _no_focal(arm, chosen, left_out):
    """Why there is nobody whom the other arms are to resemble, or ""."""
    focal = chosen["att_arm"]
    if chosen["estimand"] != "att" or focal is None or focal in arm.cat.categories:
        return ""
    return f"the arm {focal} of weight.att_arm is left out: {left_out[focal].why}"


def _no_model(arm, covariates, left_out, reason):
    empty = pd.DataFrame(index=arm.index[:0])
    return Model(arm[:0], covariates, empty, pd.Series(dtype=float), left_out, reason)


def _scores(arm, covariates, reference, left_out):
    """Scores, the arms and covariates that they are of, and the reason where there are none."""
    for _ in range(len(arm.cat.categories)):
        order = [reference, *(name for name in arm.cat.categories if name != reference)]
        arm = arm.cat.reorder_categories(order)
        design = covariates.design
        fit = fit_multinomial(arm.array, design.to_numpy(float), list(design))
        if not fit.note:
            scores = pd.DataFrame(fit.probabilities, index=arm.index, columns=list(order))
            return scores.clip(lower=1e-12), arm, covariates, ""
        told = _told_apart(arm, design, reference)
        if not told:
            return None, arm, covariates, fit.note
        left_out |= told
        arm = arm[~arm.isin(list(told))].cat.remove_unused_categories()
        covariates = _at(covariates, arm.index)
        reason = _cannot(arm, covariates, reference, left_out)
        if reason:
            return None, arm, covariates, reason
    return None, arm, covariates, fit.note


def _told_apart(arm, design, reference):
    """Arms that the covariates divide from the reference without exception."""
    found = {}
    for name in arm.cat.categories:
        if name == reference:
            continue
        pair = arm.isin([name, reference]).to_numpy()
        x = design[pair].to_numpy(float)
        terms = separated((arm[pair] == name).to_numpy(), x, list(design))
        named = [words_of(term) for term in terms if term != INTERCEPT]
        if terms:
            why = f"divided from the reference arm without exception by {', '.join(named)}"
            found[str(name)] = LeftOut("separation", float(len(named)), 0.0, why)
    return found
