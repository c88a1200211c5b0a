"""Walking by arm, adjusted: doubly robust risks and their contrasts, for the step `ambulatory`.

Diagnostics decide before an estimate is made: those of the step `weight` that withhold everything,
and those of walking.
"""

import pandas as pd

from mescc_analytics.errors import UsageError
from mescc_analytics.stats.multiplicity import holm
from mescc_analytics.stats.sensitivity import e_value
from mescc_analytics.stats.walking import ESTIMANDS
from mescc_analytics.steps import walking_diagnostics
from mescc_analytics.steps.beside import clusters_of
from mescc_analytics.steps.covariates import covariates_of
from mescc_analytics.steps.groups import not_assessable
from mescc_analytics.steps.walking_diagnostics import AUGMENTED, of_weights, withheld
from mescc_analytics.steps.walking_estimates import Comparison, estimates, withheld_rows

# analysis and how its columns of weights.parquet begin
ANALYSES = {"by_arm_weighted": "", "by_broad_arm_weighted": "broad_"}
FAMILY = ["analysis", "reference", "baseline", "timepoint_days", "estimand", "measure", "test"]
KEY = ["analysis", "timepoint_days", "estimand"]
COLUMNS = {
    "adjusted": "analysis group timepoint_days estimand numerator denominator proportion n_unknown "
    "standardised estimate ci_lower ci_upper outcome_model cluster note".split(),
    "diagnostics": [*KEY, *walking_diagnostics.COLUMNS],
}
NOT_GIVEN = "needs weights.parquet and diagnostics.csv of the step weight"


def analyse(frame, states, given, settings):
    """Adjusted tables, and the rows of the analyses that could not be made.

    Parameters
    ----------
    frame : DataFrame, shape (n_cases, ...)
    states : DataFrame, shape (n_cases, n_timepoints)
        As from `assess_walking`.
    given : dict
        weights, diagnostics: frames of the step `weight`; empty where it was not run.
    settings : dict
        ambulatory and weight.

    Returns
    -------
    found : dict of str to list of DataFrame
        contrasts, adjusted, diagnostics.
    missing : list of dict
    """
    found, missing = {name: [] for name in ("contrasts", *COLUMNS)}, []
    if not given:
        return found, [not_assessable(name, NOT_GIVEN) for name in list(ANALYSES)[:1]]
    for analysis, prefix in ANALYSES.items():
        if f"{prefix}weight" not in given["weights"]:
            continue
        judged = of_weights(given["diagnostics"], analysis)
        compared = _comparison(frame, given["weights"], prefix, settings)
        if compared is None and judged.empty:
            missing.append(not_assessable(analysis, "the step weight gives these arms no weights"))
        for timepoint in states:
            key = {"analysis": analysis, "timepoint_days": float(timepoint)}
            for name, table in _at(compared, states[timepoint], judged):
                found[name].append(table.assign(**key))
    return found, missing


def _comparison(frame, weights, prefix, settings):
    """The cases of an analysis with weights; None where there are none."""
    begin, chosen = f"{prefix}propensity_", settings["ambulatory"]
    names = [column.removeprefix(begin) for column in weights if column.startswith(begin)]
    own = weights[weights[f"{prefix}weight"].notna().to_numpy()]
    if own.empty or not names:
        return None
    own = _of_frame(own, frame)
    cases = frame.loc[own.index]
    every = list(dict.fromkeys([*settings["weight"]["covariates"], *chosen["covariates"]]))
    made = [
        covariates_of(cases, settings["weight"] | {"covariates": columns})
        for columns in (chosen["covariates"], every)
    ]
    cluster, _ = clusters_of(cases, chosen["cluster"])
    whole = Comparison(
        pd.Series(pd.Categorical(own[f"{prefix}arm"].astype(str), names), index=own.index),
        own[[f"{begin}{name}" for name in names]].set_axis(names, axis="columns"),
        own[f"{prefix}weight"],
        *(covariates.design for covariates in made),
        None if cluster is None else pd.Series(cluster, index=own.index),
        {name: settings[name] for name in ("ambulatory", "weight")},
    )
    return whole.of(made[0].kept & made[1].kept)


def _of_frame(weights, frame):
    """The weights with the index of the cases that they are of."""
    place = pd.Index(frame["case_id"]).get_indexer(weights["case_id"])
    if (place < 0).any():
        found = f"{(place < 0).sum()} weighted cases are not in the cohort"
        raise UsageError("weights", [f"{found}, wanted the weights of this cohort and config"])
    return weights.set_axis(frame.index[place])


def _at(compared, state, judged):
    """Name and table of every part at one timepoint."""
    reasons = withheld([judged], AUGMENTED)
    for estimand, (success, counted) in ESTIMANDS.items():
        key = {"estimand": estimand}
        if compared is None:
            if len(reasons):
                yield "contrasts", withheld_rows(reasons).assign(baseline="all", **key)
            continue
        own = state.loc[compared.arm.index]
        unknown = (own == "unknown").to_numpy(bool) & ("unknown" not in counted)
        states = (own.isin(success).to_numpy(bool), own.isin(counted).to_numpy(bool), unknown)
        tables = estimates(compared, states, judged)
        cluster = "none" if compared.cluster is None else compared.chosen["ambulatory"]["cluster"]
        yield "contrasts", tables["contrasts"].assign(baseline="all", **key)
        yield "adjusted", tables["adjusted"].assign(cluster=cluster, **key)
        yield "diagnostics", tables["diagnostics"].assign(**key)


def beside(contrasts):
    """Contrasts with p values adjusted for the number of arms, and E-values of the risk ratios.

    Parameters
    ----------
    contrasts : DataFrame
        contrasts.csv of all analyses.

    Returns
    -------
    DataFrame
        With p_holm (Holm, over the arms that are compared with one reference), e_value and
        e_value_limit.
    """
    families = contrasts.groupby(FAMILY, sort=False, dropna=False)["p"]
    out = contrasts.assign(p_holm=families.transform(lambda p: holm(p.to_numpy(float))))
    ratios = (out["measure"] == "risk_ratio") & (out["estimate"].astype(float) > 0)
    numbers = out.loc[ratios, ["estimate", "ci_lower", "ci_upper"]].to_numpy(float)
    pairs = [e_value(*row) for row in numbers]
    for place, name in enumerate(("e_value", "e_value_limit")):
        values = pd.Series([pair[place] for pair in pairs], out.index[ratios], dtype=float)
        out[name] = values.reindex(out.index)
    return out
