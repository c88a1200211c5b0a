"""The model of who gets which arm, and the weights that follow from it."""

from dataclasses import dataclass, field

import pandas as pd

from mescc_analytics.stats.firth_models import separated
from mescc_analytics.stats.multinomial import INTERCEPT, fit_multinomial
from mescc_analytics.stats.propensity import propensity_weights
from mescc_analytics.steps.covariates import Covariates, covariates_of, words_of


@dataclass(frozen=True)
class LeftOut:
    """Why an arm is not in the model: the diagnostic that it fails, and its numbers.

    Attributes
    ----------
    diagnostic : str
    value, limit : float
    why : str
    apart : dict of str to tuple of Series
        Covariates that tell the arm from the reference, each with the arms, of the cases of both.
    """

    diagnostic: str
    value: float
    limit: float
    why: str
    apart: dict = field(default_factory=dict)


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
    left_out : dict of str to tuple of LeftOut
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
        Arms that are too small, in themselves or (`small_arms`) for the parameters of the model,
        or that a covariate tells from the reference without exception, are left out.
    """
    left_out = {}
    arm = _large(arm, chosen, left_out)
    covariates = covariates_of(frame.loc[arm.index], chosen, arm)
    missing = _missing_shares(arm, covariates)
    fitted = _Cases(frame, reference, chosen, left_out)
    scores, arm, covariates, reason = fitted.scores(arm[covariates.kept])
    if not reason and chosen["trim"]:
        inside = scores.min(axis="columns") >= chosen["trim"]
        scores, arm, covariates, reason = fitted.scores(arm[inside])
    reason = reason or _no_focal(arm, chosen, left_out)
    if reason:
        return _no_model(arm, covariates, left_out, reason)
    focal = chosen["att_arm"] if chosen["estimand"] == "att" else None
    weight = propensity_weights(
        scores.to_numpy(), arm.array, target=chosen["estimand"], focal=focal
    )
    weight = pd.Series(weight, index=arm.index)
    return Model(arm, covariates, scores, weight, left_out, missing=missing)


def _missing_shares(arm, covariates):
    shares = covariates.missing.groupby(arm.to_numpy(), observed=True).mean()
    return shares.assign(**{name: 1.0 for name in covariates.absent})


def _large(arm, chosen, left_out):
    """The arms with enough cases; the others are noted."""
    sizes, least = arm.value_counts(sort=False), chosen["min_arm"]
    small = [name for name in sizes.index if sizes[name] < least]
    for name in small:
        why = f"fewer than {least} cases can be compared"
        found = LeftOut("arm_size", float(sizes[name]), float(least), why)
        left_out.setdefault(str(name), (found,))
    return arm[~arm.isin(small)].cat.remove_unused_categories()


def _cannot(arm, covariates, reference, left_out):
    if reference not in arm.cat.categories:
        why = left_out[reference][0].why if reference in left_out else "it has no case"
        return f"the reference arm {reference} is left out: {why}"
    if len(arm.cat.categories) < 2:
        return "fewer than two arms are large enough"
    return "" if covariates.design.shape[1] else "no covariate varies between the cases"


def _no_focal(arm, chosen, left_out):
    """Why there is nobody whom the other arms are to resemble, or ""."""
    focal = chosen["att_arm"]
    if chosen["estimand"] != "att" or focal is None or focal in arm.cat.categories:
        return ""
    return f"the arm {focal} of weight.att_arm is left out: {left_out[focal][0].why}"


def _no_model(arm, covariates, left_out, reason):
    empty = pd.DataFrame(index=arm.index[:0])
    return Model(arm[:0], covariates, empty, pd.Series(dtype=float), left_out, reason)


@dataclass(frozen=True)
class _Cases:
    """What the model is fitted to; `left_out` is added to."""

    frame: pd.DataFrame
    reference: str
    chosen: dict
    left_out: dict

    def scores(self, arm):
        """Scores, the arms and covariates that they are of, and the reason where there are none.

        Levels of covariates are formed anew among the arms that are left.
        """
        arm = _large(arm, self.chosen, self.left_out)
        while True:
            covariates = covariates_of(self.frame.loc[arm.index], self.chosen, arm)
            reason = _cannot(arm, covariates, self.reference, self.left_out)
            if reason:
                return None, arm, covariates, reason
            small = self._too_small(arm, covariates)
            if small:
                arm = arm[arm != small].cat.remove_unused_categories()
                continue
            others = [name for name in arm.cat.categories if name != self.reference]
            arm = arm.cat.reorder_categories([self.reference, *others])
            design = covariates.design
            fit = fit_multinomial(arm.array, design.to_numpy(float), list(design))
            if not fit.note:
                names = [self.reference, *others]
                scores = pd.DataFrame(fit.probabilities, index=arm.index, columns=names)
                return scores.clip(lower=1e-12), arm, covariates, ""
            told = _told_apart(arm, covariates, self.reference)
            if not told:
                return None, arm, covariates, fit.note
            self.left_out.update(told)
            arm = arm[~arm.isin(list(told))].cat.remove_unused_categories()

    def _too_small(self, arm, covariates):
        """The smallest arm, noted, if it has too few cases for the parameters; else None."""
        sizes, parameters = arm.value_counts(sort=False), covariates.design.shape[1]
        each, limit = sizes.min() / parameters, float(self.chosen["cases_per_parameter_min"])
        if self.chosen["small_arms"] == "keep" or each >= limit:
            return None
        name = str(sizes.idxmin())
        why = f"{sizes.min()} cases for {parameters} parameters of the model of the arms"
        found = (LeftOut("events_per_parameter", float(each), limit, why),)
        if name != self.reference:
            pair = arm[arm.isin([name, self.reference])].cat.remove_unused_categories()
            found += _told_apart(pair, covariates, self.reference).get(name, ())
        self.left_out.setdefault(name, found)
        return name


def _told_apart(arm, covariates, reference):
    """Arms that the covariates divide from the reference without exception.

    Parameters
    ----------
    arm : Categorical Series, shape (n_arm,)
        Of some of the cases of the covariates.
    covariates : Covariates
    reference : str

    Returns
    -------
    dict of str to tuple of LeftOut
    """
    found, design = {}, covariates.design
    for name in arm.cat.categories:
        if name == reference:
            continue
        pair = arm[arm.isin([name, reference])].cat.remove_unused_categories()
        x = design.loc[pair.index].to_numpy(float)
        terms = separated((pair == name).to_numpy(), x, list(design))
        named = [term for term in terms if term != INTERCEPT]
        if terms:
            words = ", ".join(words_of(term) for term in named)
            why = f"divided from the reference arm without exception by {words}"
            apart = _columns_apart(named, covariates.columns, pair)
            found[str(name)] = (LeftOut("separation", float(len(named)), 0.0, why, apart),)
    return found


def _columns_apart(terms, columns, pair):
    """The covariates that terms of the model belong to, and the arms, of a pair of arms."""
    names = [term if term in columns else term.partition(": ")[0] for term in terms]
    return {name: (columns[name].loc[pair.index], pair) for name in dict.fromkeys(names)}
