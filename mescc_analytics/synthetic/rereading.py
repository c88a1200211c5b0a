"""A second reading of SINS and SOSG, as far from the first as published readers are apart."""

import numpy as np


def second_reading(people, rng, facts):
    """What a second reader writes of a share of the cases.

    With probability kappa the second reader sees what the first saw, otherwise what was seen in a
    case drawn at random. Both then have the same shares of levels, so that kappa, with any weights,
    is expected to be that probability.

    Parameters
    ----------
    people : dict of str to array
        First readings without gaps, as codes.
    rng : numpy.random.Generator
        A stream of its own: no other draw depends on it.
    facts : Facts

    Returns
    -------
    dict of str to array of int8, shape (n_cases,)
        Columns of the second reader; -1 where a case was read once.
    """
    chosen = facts["second_reading"]
    n_cases = len(people["site"])
    again = rng.random(n_cases) < chosen["share"]
    columns = {}
    for name, kappa in chosen["kappa"].items():
        seen = rng.random(n_cases) < kappa
        other = people[name][rng.integers(n_cases, size=n_cases)]
        read = np.where(seen, people[name], other)
        columns[f"{name}_rater2"] = np.where(again, read, -1).astype(np.int8)
    return columns


def truth_of_second(facts, columns):
    """What is true of the second reading: expected kappa, cases read twice; ready for JSON."""
    chosen = facts["second_reading"]
    n_read = {int((codes >= 0).sum()) for codes in columns.values()}
    return {
        "expected_kappa": {name: float(kappa) for name, kappa in chosen["kappa"].items()},
        "n_read_twice": max(n_read),
    }
