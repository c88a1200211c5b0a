"""What only an audit asks for: coordinator, tissue diagnosis, care with steroid and SBRT."""

import numpy as np

from mescc_analytics.synthetic.draws import chance, log_normal, on_grid, pick_one
from mescc_analytics.synthetic.facts import code
from mescc_analytics.synthetic.survival import happened


def audit_items(people, rng, facts):
    """Columns that only audit indicators read, with their gaps.

    Parameters
    ----------
    people : dict of str to array
        With the whole work-up and treatment, as codes and days from presentation.
    rng : numpy.random.Generator
        A stream of its own: no other draw depends on it.
    facts : Facts

    Returns
    -------
    dict of str to array, shape (n_cases,)
        coordinator_contact_day, tissue_diagnosis_day (only where the cancer was not known; NaN
        where none is recorded); gastroprotection, glucose_checked (of those given a steroid),
        pain_flare_prophylaxis (of those given SBRT): 1, 0, or -1 where not recorded.
    """
    chosen = facts["audit_items"]
    columns = {
        "coordinator_contact_day": _contact(people, rng, chosen["coordinator"], facts),
        "tissue_diagnosis_day": _tissue(people, rng, chosen["tissue"], facts),
    }
    steroid = ~np.isnan(people["steroid_day"])
    sbrt = people["rt_technique"] == code("rt_technique", "sbrt")
    for name, given in (
        ("gastroprotection", steroid),
        ("glucose_checked", steroid),
        ("pain_flare_prophylaxis", sbrt),
    ):
        done = chance(rng, np.full(len(given), chosen[name]))
        columns[name] = np.where(given, done, -1).astype(np.int8)
    return {name: _with_gaps(column, rng, chosen["missing"]) for name, column in columns.items()}


def _contact(people, rng, shares, facts):
    n_cases = len(people["site"])
    names = ("same_day", "next_day", "later", "none")
    when = pick_one(rng, [shares[name] for name in names], n_cases)
    later = rng.integers(2, 6, n_cases)
    fraction = rng.random(n_cases) * (facts["time_resolution"] == "hour")
    day = np.choose(when, [np.zeros(n_cases), np.ones(n_cases), later, later])
    day = on_grid(np.floor(day) + fraction, facts["time_resolution"])
    return np.where((when < 3) & happened(people, day), day, np.nan)


def _tissue(people, rng, spread, facts):
    n_cases = len(people["site"])
    day = on_grid(np.ceil(log_normal(rng, spread, n_cases)), facts["time_resolution"])
    biopsied = chance(rng, np.full(n_cases, spread["biopsied"]))
    # an operation brings tissue of its own
    day = np.fmin(np.where(biopsied, day, np.nan), people["surgery_day"])
    known = (people["cancer_known"] == 1) | ~happened(people, day)
    return np.where(known, np.nan, day)


def _with_gaps(column, rng, share):
    lost = rng.random(len(column)) < share
    return np.where(lost, np.nan if column.dtype.kind == "f" else -1, column).astype(column.dtype)
