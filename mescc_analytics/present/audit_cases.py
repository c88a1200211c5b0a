"""The case list for the page and for paper: compact, the cases that failed first."""

import json

import numpy as np
import pandas as pd
from markupsafe import Markup

FAILED = ("not met", "harm", "data error")
COLUMNS = ("indicator_id", "case_id", "site", "period", "verdict", "values")


def held(cases, most):
    """The rows that fit on the page: those that failed first, then the others, in list order.

    Parameters
    ----------
    cases : DataFrame
        As written by the audit step.
    most : int
    """
    if len(cases) <= most:
        return cases
    first = cases["verdict"].isin(FAILED)
    kept = pd.concat([cases[first], cases[~first]]).head(most)
    return cases.loc[kept.index.sort_values()]


def packed(cases):
    """The list as lists of whole numbers, so that a name or a value stands in the page once.

    Returns
    -------
    dict
        cases : list of [case_id, site, period]; verdicts, values : list of str;
        rows : dict of indicator to a flat list of case, verdict, value, case, verdict, ...
    """
    frame = cases[list(COLUMNS)].fillna("").astype(str)
    who = frame[["case_id", "site", "period"]]
    verdict, verdicts = pd.factorize(frame["verdict"])
    value, values = pd.factorize(frame["values"])
    case = who.groupby(list(who), sort=False).ngroup().to_numpy()
    numbers = np.column_stack([case, verdict, value])
    places = frame.reset_index(drop=True).groupby("indicator_id").indices
    return {
        "cases": who.drop_duplicates().to_numpy().tolist(),
        "verdicts": list(verdicts),
        "values": list(values),
        "rows": {name: numbers[at].ravel().tolist() for name, at in places.items()},
    }


def failing(cases, most):
    """Failing cases by indicator for paper.

    Returns
    -------
    dict of str to (int, list of list of str)
        How many there are, and the first `most` as case, site, period, verdict, values.
    """
    frame = cases[cases["verdict"].isin(FAILED)].fillna("").astype(str)
    return {
        name: (len(part), part[list(COLUMNS[1:])].head(most).to_numpy().tolist())
        for name, part in frame.groupby("indicator_id", sort=False)
    }


def safe_json(content):
    """JSON that cannot end the script element it stands in."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    for found, safe in (("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026")):
        text = text.replace(found, safe)
    return Markup(text.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029"))
