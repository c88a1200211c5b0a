"""Methods in sentences: the weighting of arms, and what decides whether its result is shown."""

from mescc_analytics import codebook
from mescc_analytics.present import display
from mescc_analytics.present.captions_adjusted import shown_anyway

TARGETS = {
    "overlap": "overlap weights (Li, Morgan and Zaslavsky 2018)",
    "ate": "stabilised inverse probability weights (all cases compared as the target)",
    "att": "inverse probability weights with the cases of one arm as the target",
}
MISSING = {
    "indicator": "a missing value being a level of its own",
    "complete_case": "cases without one of them being left out",
}
VARIANCES = {
    "robust": "robust variances that take the weights as known",
    "estimated_scores": "robust variances that count the scores as estimated",
    "bootstrap": "the bootstrap (curves from robust variances that count the scores as estimated)",
}
AS_GIVEN = (
    "The arms that the table gives were taken as assigned at random, so that no comparison of them "
    "was weighted."
)


def paragraphs(settings, study):
    """The paragraph; none where the settings of the step are not known.

    Parameters
    ----------
    settings : dict
        weight, survival.
    study : Study
    """
    chosen = settings.get("weight") or {}
    if not chosen:
        return []
    if as_given(settings, study):
        return [AS_GIVEN]
    names = display.listing(codebook.label(name) for name in chosen["covariates"])
    trim = chosen["trim"]
    trimmed = (
        f" Cases with a probability of any arm below {trim:g} were left out and the model fitted "
        "again."
        if trim
        else ""
    )
    return [
        "Arms, and first treatments, were also compared after weighting. The probability of each "
        f"arm was estimated by multinomial logistic regression on {names or 'no covariate'}, "
        f"{MISSING[chosen['missing']]}, and turned into {TARGETS[chosen['estimand']]}.{trimmed} "
        f"{_left_out(chosen)} {_limits(chosen)} {_estimates(chosen, study)}"
    ]


def as_given(settings, study):
    """Whether arms of the table are left as they are."""
    return study.arms_given and (settings.get("weight") or {}).get("given_arms", "skip") == "skip"


def _left_out(chosen):
    small = (
        f", arms with fewer than {chosen['cases_per_parameter_min']:g} cases per parameter"
        if chosen["small_arms"] == "leave_out"
        else ""
    )
    return (
        f"Arms with fewer than {chosen['min_arm']} cases{small} and arms that a covariate told "
        "from the reference without exception were left out of the model."
    )


def _spread(chosen):
    if "variance_ratio_max" not in chosen:
        return ""
    most = chosen["variance_ratio_max"]
    return f"ratios of the variances of a number of at most {most:g}, or as by chance; "


def _limits(chosen):
    begins = (
        "Contrasts were judged by diagnostics with limits set beforehand, and shown whether or not "
        "they passed: "
        if shown_anyway(chosen)
        else "A contrast was shown only if it passed diagnostics with limits set beforehand: "
    )
    return begins + (
        f"standardised differences of at most {chosen['balance_limit']:g} after weighting, or of "
        "what arms of that effective size would differ by chance, up to "
        f"{chosen['balance_most']:g}; {_spread(chosen)}at least "
        f"{display.percent_value(chosen['overlap_share_min'], 1)} % of each arm with counterparts; "
        f"at least {chosen['effective_size_min']:g} effective cases in each; at least "
        f"{chosen['cases_per_parameter_min']:g} cases of the smaller arm per parameter; a "
        f"detectable hazard ratio of at most {chosen['detectable_hazard_ratio_max']:g} at a power "
        f"of {display.percent_value(chosen['power'], 1)} %; at most "
        f"{display.percent_value(chosen['missing_share_max'], 1)} % of a covariate missing. Where "
        f"proportional hazards were rejected (p below {chosen['ph_p_min']:g}) the hazard ratio "
        "alone failed."
    )


def _estimates(chosen, study):
    return (
        "Weighted Kaplan-Meier curves, weighted log-rank tests, marginal hazard ratios and "
        "differences in restricted mean survival and in survival on a day carry "
        f"{study.level_words} from {VARIANCES[chosen['variance']]}."
    )
