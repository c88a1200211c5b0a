"""Which values are missing together, and the cumulative hazard that an imputation model wants."""

import numpy as np
import pandas as pd

from mescc_analytics.stats.curves import checked, distinct_times, event_table


def patterns(missing):
    """Distinct patterns of missing values.

    Parameters
    ----------
    missing : DataFrame of bool, shape (n_cases, n_variables)

    Returns
    -------
    DataFrame
        pattern (from 1), n, n_missing (variables), then the variables (bool: missing); commonest
        first, of equally common ones those with fewer missing first.

    >>> patterns(pd.DataFrame({"a": [True, False, False], "b": [True, False, False]}))
       pattern  n  n_missing      a      b
    0        1  2          0  False  False
    1        2  1          2   True   True
    """
    names = list(missing)
    if not names or not len(missing):
        return pd.DataFrame(columns=["pattern", "n", "n_missing", *names])
    counts = missing.astype(bool).groupby(names, sort=True).size().rename("n").reset_index()
    counts.insert(0, "n_missing", counts[names].sum(axis=1))
    ranked = counts.sort_values(["n", "n_missing"], ascending=[False, True], kind="stable")
    ranked.insert(0, "pattern", np.arange(1, len(ranked) + 1))
    return ranked[["pattern", "n", "n_missing", *names]].reset_index(drop=True)


def nelson_aalen(time, event):
    """Cumulative hazard of every case at its own time.

    Parameters
    ----------
    time : array-like of float, shape (n_cases,)
    event : array-like of bool, shape (n_cases,)

    Returns
    -------
    array, shape (n_cases,)

    Notes
    -----
    With the event indicator the predictor that White and Royston, Stat Med 2009;28:1982-1998,
    recommend where covariates of a Cox model are imputed.

    >>> nelson_aalen([2, 1, 3], [True, True, False]).round(4).tolist()
    [0.8333, 0.3333, 0.8333]
    """
    time, event = checked(time, event)
    table = event_table(time, event)
    _, position = distinct_times(time)
    return np.cumsum(table["events"].to_numpy() / table["at_risk"].to_numpy())[position]
