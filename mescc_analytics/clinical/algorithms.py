"""The algorithms beside each other: pathway counts under every policy, and where they agree."""

from itertools import combinations, product

import numpy as np
import pandas as pd

from mescc_analytics.clinical import pathway_rules as tables

SINS_POLICIES = ("consult_then_low_branch", "treat_as_high", "treat_as_low", "separate_arm")
SOSG_1C_POLICIES = ("low", "high")
POLICY_COLUMNS = ["algorithm", "sins_policy", "sosg_1c_policy", "pathway", "n", "is_default"]
PAIR_COLUMNS = ["first", "second", "first_pathway", "second_pathway", "n"]


def count_policies(cases, settings):
    """Pathway counts under every algorithm, SINS policy and SOSG 1c policy.

    Parameters
    ----------
    cases : DataFrame, shape (n_cases, ...)
        Scored cases.
    settings : dict
        The assign section of the config.

    Returns
    -------
    DataFrame
        algorithm, sins_policy, sosg_1c_policy, pathway, n, is_default (the run's own choice).
    """
    names = ("algorithm", "sins_indeterminate", "sosg_1c")
    choices = [
        dict(zip(names, values, strict=True))
        for values in product(tables.algorithms(), SINS_POLICIES, SOSG_1C_POLICIES)
    ]
    codes, decided = _decided(cases, [settings | choice for choice in choices])
    n_of_each = np.bincount(codes, minlength=len(decided[0]))
    levels, rows = tables.pathway_levels(), []
    for choice, pathway in zip(choices, decided, strict=True):
        counts = np.bincount(pathway, weights=n_of_each, minlength=len(levels)).astype(int)
        own = all(settings[key] == value for key, value in choice.items())
        rows += [
            (*choice.values(), level, int(n), own) for level, n in zip(levels, counts, strict=True)
        ]
    return pd.DataFrame(rows, columns=POLICY_COLUMNS)


def _decided(cases, choices):
    """Combination of answers of every case, and under each choice the pathway of each."""
    answers, asked = tables.Answers(cases), []
    for choice in choices:
        names = tables.asked_by(tables.rules_of(choice["algorithm"]))
        asked.append({name: answers.key(name, choice) for name in names})
    codes, found = tables.combine(answers.known)
    return codes, [
        tables.decide(
            tables.rules_of(choice["algorithm"]), {name: found[key] for name, key in keys.items()}
        ).pathway
        for choice, keys in zip(choices, asked, strict=True)
    ]


def pathways_of_all(cases, settings):
    """The pathway of every case under every algorithm.

    Parameters
    ----------
    cases : DataFrame, shape (n_cases, ...)
        Scored cases.
    settings : dict
        The assign section of the config; its algorithm is not read.

    Returns
    -------
    DataFrame of dtype category, shape (n_cases, n_algorithms)
        One column per algorithm.
    """
    codes, decided = _decided(
        cases, [settings | {"algorithm": name} for name in tables.algorithms()]
    )
    levels = tables.pathway_levels()
    columns = zip(tables.algorithms(), decided, strict=True)
    found = {name: pd.Categorical.from_codes(pathway[codes], levels) for name, pathway in columns}
    return pd.DataFrame(found, index=cases.index)


def count_pairs(pathways):
    """Cases by the pathway under one algorithm and under another, for each pair of algorithms.

    Parameters
    ----------
    pathways : DataFrame of dtype category, shape (n_cases, n_algorithms)
        As of `pathways_of_all`.

    Returns
    -------
    DataFrame
        first, second (algorithms), first_pathway, second_pathway, n; every pair of pathways,
        undetermined included.
    """
    rows, levels = [], tables.pathway_levels()
    for first, second in combinations(pathways, 2):
        one, other = (pathways[name].cat.codes.to_numpy(dtype=int) for name in (first, second))
        counts = np.bincount(one * len(levels) + other, minlength=len(levels) ** 2)
        pairs = product(levels, levels)
        rows += [(first, second, *pair, int(n)) for pair, n in zip(pairs, counts, strict=True)]
    return pd.DataFrame(rows, columns=PAIR_COLUMNS)
