"""What may stand beside the times of the cases: weights, days of entry, clusters and strata."""

import numpy as np
import pandas as pd

from mescc_analytics.errors import UsageError
from mescc_analytics.stats.curves import as_numbers


def checked_weight(weight, n_cases):
    """Weights as float array; UsageError that lists every problem.

    Parameters
    ----------
    weight : array-like of float, shape (n_cases,), or None
        None: 1 for every case.
    n_cases : int

    Returns
    -------
    array, shape (n_cases,)
        Finite, none below 0, at least one above 0.

    >>> checked_weight(None, 2)
    array([1., 1.])
    """
    if weight is None:
        return np.ones(n_cases)
    weight = as_numbers(weight)
    problems = _length("weights", weight, n_cases)
    if not np.isfinite(weight).all():
        problems.append(f"{(~np.isfinite(weight)).sum()} weights are missing or not finite")
    if (weight < 0).any():
        problems.append(f"{(weight < 0).sum()} weights are below 0")
    if len(weight) and not problems and not (weight > 0).any():
        problems.append("no weight is above 0")
    if problems:
        raise UsageError("weights", problems)
    return weight


def checked_entry(entry, time):
    """Days of entry as float array, or None where nobody enters late.

    Parameters
    ----------
    entry : array-like of float, shape (n_cases,), or None
        Day after which a case is at risk; -inf: from the start.
    time : array of float, shape (n_cases,)

    Returns
    -------
    array, shape (n_cases,), or None

    >>> checked_entry([-np.inf, 6], np.array([5.0, 8.0])).tolist()
    [-1.0, 6.0]
    """
    if entry is None:
        return None
    entry = as_numbers(entry)
    problems = _length("days of entry", entry, len(time))
    if np.isnan(entry).any():
        problems.append(f"{np.isnan(entry).sum()} days of entry are missing")
    if not problems and (entry >= time).any():
        problems.append(f"{(entry >= time).sum()} days of entry are not before the last day")
    if problems:
        raise UsageError("days of entry", problems)
    # a finite day before everything does what minus infinity would do
    known = entry[np.isfinite(entry)]
    before = min(np.min(time, initial=0.0), np.min(known, initial=0.0)) - 1
    return np.maximum(entry, before)


def codes(values, n_cases, what):
    """Whole numbers from 0 that stand for the distinct values, all used; None: all the same.

    Parameters
    ----------
    values : array-like, shape (n_cases,), or None
    n_cases : int
    what : str
        Name in the plural, for the message where one is missing.

    Returns
    -------
    array of int, shape (n_cases,)

    >>> codes(["b", "a", "b"], 3, "clusters")
    array([1, 0, 1])
    """
    if values is None:
        return np.zeros(n_cases, int)
    problems = _length(what, values, n_cases)
    found = pd.factorize(pd.Series(values), sort=True)[0]
    if (found < 0).any():
        problems.append(f"{(found < 0).sum()} cases have none")
    if problems:
        raise UsageError(what, problems)
    return found.astype(int)


def _length(what, values, n_cases):
    if len(values) == n_cases:
        return []
    return [f"found {len(values)} {what} and {n_cases} cases, wanted as many of each"]
