"""Methods in sentences: arms from time zero, delayed entry, clusters, and the panel of choices."""

from mescc_analytics import codebook
from mescc_analytics.present import display, methods_adjusted

E_VALUE = (
    "E-values (VanderWeele and Ding) of hazard ratios between arms take death as a common outcome."
)
CLUSTERS = {"patient": "episodes of a patient", "site": "cases of a site"}


def paragraphs(settings, study):
    """The paragraphs; none where the settings of the steps are not known.

    Parameters
    ----------
    settings : dict
        survival, weight, sensitivity, cohort.
    study : Study
    """
    chosen = settings.get("survival") or {}
    said = [_contrasts(chosen)] if "min_arm" in chosen else []
    weights = settings.get("weight") or {}
    from_zero = "time_varying" in chosen and not study.arms_given
    said += [_from_zero(chosen, weights, study)] if from_zero else []
    beside = _beside(chosen, study)
    said += [beside] if beside else []
    weighted = "variance" in weights and not methods_adjusted.as_given(settings, study)
    said += [_weights(weights)] if weighted else []
    panel = settings.get("sensitivity") or {}
    return [*said, _panel(panel, study, weighted)] if panel else said


def _columns(names):
    return display.listing(codebook.label(name) for name in names) or "nothing"


def _contrasts(chosen):
    days = display.listing(display.day_count(float(day)) for day in chosen["milestones_days"])
    pairs = display.listing(f"({rho:g}, {gamma:g})" for rho, gamma in chosen["fleming_harrington"])
    parts = [
        "Groups were further compared with their reference by the difference in restricted mean "
        f"survival up to day {display.day_count(float(chosen['horizon_days']))} and in survival at "
        f"days {days}, with variances by the infinitesimal jackknife (Greenwood's where no cases "
        "cluster or enter late) and normal intervals; p values of several contrasts were adjusted "
        "by Holm's method."
    ]
    if pairs:
        parts.append(
            f"Fleming-Harrington tests with (rho, gamma) of {pairs} stand beside the log-rank test."
        )
    if chosen["min_arm"]:
        parts.append(
            f"No p value was given where a group had fewer than {chosen['min_arm']} cases."
        )
    if chosen["firth"] == "separation":
        parts.append(
            "Hazard ratios of groups without deaths were estimated by Firth's penalised "
            "likelihood with profile intervals."
        )
    return " ".join([*parts, E_VALUE])


def _from_zero(chosen, weights, study):
    parts = []
    grace = display.day_count(study.grace_days)
    if chosen["time_varying"]:
        names = chosen["adjust_for"]
        words = f", adjusted for {_columns(names)}" if names else ""
        parts.append(
            "Arms were also compared from time zero with treatment as a time-varying covariate, "
            f"counted from the day on which it began, up to day {grace}{words}."
        )
    if chosen["clone_censor_weight"]:
        parts.append(
            "First local treatments were also compared as strategies from time zero: each case was "
            "cloned into every strategy and censored on the day on which it deviated from it "
            f"within {grace} days; those who did not deviate were weighted by the inverse "
            "probability of not deviating, from a logistic model of "
            f"{_columns(chosen['covariates'])} (levels of fewer than a tenth of the cases joined). "
            f"The weights of a treatment begin with day {grace}, so that what happens before is "
            "not adjusted; those of no treatment are renewed every week. Percentile intervals rest "
            f"on {display.number(chosen['n_resamples'])} bootstrap samples of cases in which the "
            "weights were fitted again. First treatments begun by fewer than "
            f"{chosen['min_strategy']} cases were no strategy."
        )
        parts.append(_stand_ins(weights))
    return " ".join(filter(None, parts)) or "Arms were not compared from time zero."


def _stand_ins(weights):
    if weights.get("on_failure") != "withhold":
        return ""
    most = min(weights["balance_limit"], weights["balance_most"])
    return (
        "A strategy was withheld where the weights of those who kept it were worth fewer than "
        f"{weights['effective_size_min']:g} cases, or where a covariate differed from that of all "
        f"cases by more than {most:g} standard deviations and by more than chance allows, or by "
        f"more than {weights['balance_most']:g} in any case."
    )


def _beside(chosen, study):
    parts = [study.entry_note] if study.entry_note else []
    cluster, strata = chosen.get("cluster", "none"), chosen.get("strata", "none")
    if cluster != "none":
        parts.append(
            f"Hazard ratios carry cluster-robust intervals: {CLUSTERS[cluster]} belong together, "
            "and are drawn together where strategies are compared; log-rank tests and intervals of "
            "curves take no account of that, and nothing does where the tables say that there are "
            "too few of them."
        )
    if strata != "none":
        parts.append("Log-rank tests and Cox models are stratified by site.")
    return " ".join(parts)


def _weights(chosen):
    about = "Intervals of weighted hazard ratios, differences and curves"
    if chosen["variance"] == "robust":
        return f"{about} take the weights as known (sandwich variance)."
    if chosen["variance"] == "bootstrap":
        about = "Intervals of weighted hazard ratios, restricted means and differences"
        return (
            f"{about} are percentiles of {display.number(chosen['n_resamples'])} bootstrap samples "
            "of cases in which the propensity scores were fitted again."
        )
    return (
        f"{about} count that the propensity scores were fitted to the same cases: the influence of "
        "a case includes its way through the scores, as if it had been left out of their model "
        "(Lunceford and Davidian 2004; Shu and colleagues 2021)."
    )


def _panel(chosen, study, weighted):
    days = display.listing(display.day_count(float(day)) for day in chosen["landmarks_days"])
    clocks = (
        "as given from time zero, "
        if study.arms_given
        else f"as received from time zero (naive), from landmarks at day {days}, with time-varying "
        "treatment, by cloning, "
    )
    weights = "by overlap weights of each pair of arms, " if weighted else ""
    return (
        f"What depends on a choice was laid side by side: each contrast of arms {clocks}{weights}"
        "adjusted with missing values as a level, among complete cases and with imputed values, "
        "and under policies for SOSG grade 1c and undetermined SINS. Covariates: "
        f"{_columns(chosen['covariates'])}."
    )
