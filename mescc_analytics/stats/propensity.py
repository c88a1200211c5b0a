"""Weights from propensity scores for two or more groups, and what they cost in sample size."""

import numpy as np
import pandas as pd

from mescc_analytics.errors import UsageError
from mescc_analytics.stats.cases import checked_weight

TARGETS = ("overlap", "ate", "att")


def propensity_weights(probabilities, group, *, target="overlap", focal=None, trim=0.0, cap=None):
    """Weights that make the groups alike.

    Parameters
    ----------
    probabilities : array, shape (n_cases, k)
        Of each group, in the order of its categories.
    group : Categorical or array-like, shape (n_cases,)
        All k groups have cases.
    target : {"overlap", "ate", "att"}
        Whom the comparison is about: those who could be in any group (the default), everybody, or
        those like the cases of the focal group. "ate" is stabilised: the weights are multiplied by
        the share of the group.
    focal : str, optional
        Group of "att"; by default the first.
    trim : float in [0, 1/k)
        Weight 0 for a case that has a lower probability of any group. The scores are best fitted
        again without the cases that were left out.
    cap : float in (0, 1), optional
        No weight beyond this quantile of the weights of its group.

    Returns
    -------
    array, shape (n_cases,)

    Notes
    -----
    Overlap: Li and Li, Ann Appl Stat 2019;13:2389-2415, one over the sum of the inverse
    probabilities, over the own probability; for two groups 1 minus the own one. Stabilised: Robins,
    Hernan and Brumback, Epidemiology 2000;11:550-560. Trim: Crump et al., Biometrika
    2009;96:187-199.

    >>> propensity_weights(np.array([[0.2, 0.8], [0.6, 0.4]]), ["a", "b"]).round(6).tolist()
    [0.8, 0.6]
    """
    group = pd.Categorical(group).remove_unused_categories()
    e = _checked(probabilities, group, target)
    own = e[np.arange(len(e)), group.codes]
    if target == "overlap":
        weight = 1 / (1 / e).sum(axis=1) / own
    elif target == "ate":
        weight = (np.bincount(group.codes) / len(e))[group.codes] / own
    else:
        weight = e[:, focal_position(group, focal)] / own
    if not 0 <= trim < 1 / e.shape[1]:
        raise UsageError("trim", [f"found {trim}, wanted from 0 to below 1/{e.shape[1]}"])
    weight = np.where(e.min(axis=1) < trim, 0.0, weight)
    return weight if cap is None else _capped(weight, group.codes, cap)


def _checked(probabilities, group, target):
    e = np.asarray(probabilities, float)
    problems = []
    if target not in TARGETS:
        problems.append(f"target: found '{target}', wanted one of {', '.join(TARGETS)}")
    if (group.codes < 0).any():
        problems.append(f"{(group.codes < 0).sum()} cases have no group")
    if e.shape != (len(group), len(group.categories)):
        wanted = f"{len(group)} rows and {len(group.categories)} columns"
        problems.append(f"probabilities: found shape {e.shape}, wanted {wanted}")
    elif not ((e > 0) & (e <= 1)).all():
        problems.append("probabilities: found some that are missing, 0, or above 1")
    if problems:
        raise UsageError("propensity scores", problems)
    return e


def focal_position(group, focal):
    """Position of a group among the categories of a Categorical; the first without a name."""
    names = list(map(str, group.categories))
    if focal is None:
        return 0
    if str(focal) not in names:
        raise UsageError("focal group", [f"found '{focal}', wanted one of {', '.join(names)}"])
    return names.index(str(focal))


def _capped(weight, codes, cap):
    if not 0 < cap < 1:
        raise UsageError("cap", [f"found {cap}, wanted a quantile between 0 and 1"])
    limit = np.array([np.quantile(weight[codes == code], cap) for code in range(codes.max() + 1)])
    return np.minimum(weight, limit[codes])


def effective_sizes(weight, group):
    """Effective sample size of every group: how many unweighted cases say as much.

    Parameters
    ----------
    weight : array-like of float, shape (n_cases,)
    group : Categorical or array-like, shape (n_cases,)

    Returns
    -------
    DataFrame
        group, n (cases with a weight above 0), weight_sum, effective_n, largest_share (of the
        weights of the group in one case). NaN where a group has no weight.

    Notes
    -----
    Kish, Survey Sampling, 1965: the squared sum of the weights over the sum of their squares.

    >>> effective_sizes([1, 1, 2], ["a", "a", "b"])["effective_n"].tolist()
    [2.0, 1.0]
    """
    group = pd.Categorical(group).remove_unused_categories()
    weight, k = checked_weight(weight, len(group)), len(group.categories)
    total, squares = (np.bincount(group.codes, weight**power, minlength=k) for power in (1, 2))
    largest = np.zeros(k)
    np.maximum.at(largest, group.codes, weight)
    empty = np.full(k, np.nan)
    return pd.DataFrame(
        {
            "group": list(map(str, group.categories)),
            "n": np.bincount(group.codes, weight > 0, minlength=k).astype(int),
            "weight_sum": total,
            "effective_n": np.divide(total**2, squares, out=empty.copy(), where=squares > 0),
            "largest_share": np.divide(largest, total, out=empty.copy(), where=total > 0),
        }
    )
