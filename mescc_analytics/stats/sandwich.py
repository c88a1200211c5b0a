"""Robust variance of a Cox model: what the coefficients owe to each case, added by cluster."""

import numpy as np


def score_residuals(sets, beta):
    """Score of each case, before its weight: the columns add up to 0 at the estimate, weighted.

    Parameters
    ----------
    sets : RiskSets
    beta : array, shape (p,)

    Returns
    -------
    array, shape (n_cases, p)

    Notes
    -----
    Lin and Wei, J Am Stat Assoc 1989;84:1074-1078; Efron's tied deaths as in R's
    ``residuals(type = "score")``.
    """
    sums = sets.sums(beta)
    of_deaths = _means_at_death(sets, sums)
    lived = sets.while_at_risk(sums.a)
    mean = sets.while_at_risk(sums.mean_times("1"))
    lived[sets.dead] -= sums.b[sets.day]
    mean[sets.dead] -= sums.mean_times("f")[sets.day]
    residual = -sums.hazard[:, np.newaxis] * (sets.x * lived[:, np.newaxis] - mean)
    residual[sets.dead] += sets.x[sets.dead] - of_deaths[sets.day]
    return residual


def _means_at_death(sets, sums):
    """Mean of x in the risk set, averaged over the deaths of the day."""
    weighted = sets.weight * sums.hazard
    s0, d0 = sets.at_risk(weighted)[sets.day], sets.among_deaths(weighted)[sets.day]
    risk = s0 - sets.left_out * d0
    first = np.add.reduceat(1 / risk, sets.opens) / sets.deaths
    second = np.add.reduceat(sets.left_out / risk, sets.opens) / sets.deaths
    return first[:, np.newaxis] * sums.s1 - second[:, np.newaxis] * sums.d1


def robust_covariance(sets, beta, covariance, cluster=None):
    """Sandwich covariance of the coefficients.

    Parameters
    ----------
    sets : RiskSets
    beta : array, shape (p,)
    covariance : array, shape (p, p)
        Inverse of the information.
    cluster : array of int, shape (n_cases,), optional
        Cases that belong together: numbers from 0. By default every case stands alone.

    Returns
    -------
    array, shape (p, p)

    Notes
    -----
    Without a correction for few clusters, as R's ``coxph(robust = TRUE, cluster = ...)``.
    """
    influence = score_residuals(sets, beta) * sets.weight[:, np.newaxis]
    influence = sum_by_cluster(influence, cluster) @ covariance
    return influence.T @ influence


def influence_on(fit):
    """Influence of each case on the coefficients of a Cox model.

    Parameters
    ----------
    fit : CoxFit
        With coefficients.

    Returns
    -------
    array, shape (n_cases, p)
        Derivative by the weight of the case, times the weight; of the cases with a weight above 0.

    Notes
    -----
    As R's ``residuals(type = "dfbeta", weighted = TRUE)``.
    """
    sets = fit.risk_sets
    residual = score_residuals(sets, fit.coefficients * fit.scale) * sets.weight[:, np.newaxis]
    # of standardised covariates; the covariance is that of the covariates as they were
    return residual @ (fit.model_covariance * fit.scale[:, np.newaxis])


def sum_by_cluster(values, cluster):
    """Sums of the rows of each cluster; the rows themselves without clusters.

    Parameters
    ----------
    values : array, shape (n_cases, k)
    cluster : array of int, shape (n_cases,), or None

    Returns
    -------
    array, shape (n_clusters, k)

    >>> sum_by_cluster(np.array([[1.0], [2.0], [4.0]]), np.array([0, 1, 0])).tolist()
    [[5.0], [2.0]]
    """
    if cluster is None:
        return values
    return np.column_stack([np.bincount(cluster, column) for column in values.T])
