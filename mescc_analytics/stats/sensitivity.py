"""How strong an unmeasured confounder would have to be: E-values."""

import numpy as np

from mescc_analytics.errors import UsageError

SCALES = ("risk_ratio", "odds_ratio_common", "hazard_ratio_common")


def e_value(ratio, lower=np.nan, upper=np.nan, *, scale="risk_ratio"):
    """E-value of a ratio and of the limit of its interval that is nearer to 1.

    Parameters
    ----------
    ratio, lower, upper : float
        NaN limits: no interval.
    scale : {"risk_ratio", "odds_ratio_common", "hazard_ratio_common"}
        Odds and hazard ratios of a rare outcome (below 15% by the end) are taken as risk ratios; of
        a common one they are turned into risk ratios first.

    Returns
    -------
    of_ratio, of_limit : float
        Risk ratio that a confounder would need with both group and outcome, beyond the measured
        covariates, to explain the ratio away, or to move the interval to include 1. of_limit is 1
        where the interval includes 1 already.

    Notes
    -----
    VanderWeele and Ding, Ann Intern Med 2017;167:268-274.

    >>> [round(value, 2) for value in e_value(3.9, 1.8, 8.7)]
    [7.26, 3.0]
    """
    if scale not in SCALES:
        raise UsageError("scale", [f"found '{scale}', wanted one of {', '.join(SCALES)}"])
    if ratio <= 0 or lower < 0 or upper < 0 or lower > ratio or upper < ratio:
        found = f"found {ratio:g} ({lower:g} to {upper:g})"
        raise UsageError("ratio", [f"{found}, wanted a ratio above 0 inside its interval"])
    near = lower if ratio >= 1 else upper
    of_ratio = _of_risk_ratio(_risk_ratio(ratio, scale))
    if np.isnan(near) or np.isnan(ratio):
        return of_ratio, float("nan")
    crosses = near <= 1 if ratio >= 1 else near >= 1
    return of_ratio, 1.0 if crosses else _of_risk_ratio(_risk_ratio(near, scale))


def _risk_ratio(ratio, scale):
    if scale == "odds_ratio_common":
        return np.sqrt(ratio)
    if scale == "hazard_ratio_common":
        return (1 - 0.5 ** np.sqrt(ratio)) / (1 - 0.5 ** np.sqrt(1 / ratio))
    return ratio


def _of_risk_ratio(ratio):
    ratio = 1 / ratio if ratio < 1 else ratio
    return float(ratio + np.sqrt(ratio * (ratio - 1)))
