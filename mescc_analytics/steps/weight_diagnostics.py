"""What decides whether an adjusted comparison may be shown, judged before its result is seen.

Nothing here looks at who survived how long in which arm, but for the test of proportional hazards,
which says whether one ratio describes the comparison and not how large it is.
"""

from dataclasses import replace

import numpy as np
import pandas as pd

from mescc_analytics.stats.balance import balance_table, variance_ratio
from mescc_analytics.stats.cox import fit_cox
from mescc_analytics.stats.describe import smd
from mescc_analytics.stats.diagnostics import (
    chance_limit,
    chance_ratio,
    common_support,
    detectable_hazard_ratio,
    histogram,
)
from mescc_analytics.stats.propensity import effective_sizes
from mescc_analytics.stats.proportionality import ph_test
from mescc_analytics.steps.covariates import words_of

BALANCE = (
    "covariate contrast group reference smd_before smd_after by_chance limit verdict n_fewest note "
    "variance_ratio variance_ratio_limit"
).split()
OVERLAP = "contrast group reference arm bin_lower bin_upper n n_weighted".split()
DIAGNOSTICS = "contrast group reference diagnostic value limit verdict withholds why".split()
EVERYTHING, RATIO = "everything", "hazard_ratio"


def contrast_of(group, reference):
    """The name of a comparison of two arms."""
    return f"{group} vs {reference}"


def balance_of(model, chosen):
    """balance.csv: every covariate in every contrast, before and after weighting."""
    parts = [_balance_pair(model, name, chosen) for name in list(model.arm.cat.categories)[1:]]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=BALANCE)


def _pair(model, group):
    """Cases of an arm and of the reference, as a bool array; and the key of the contrast."""
    reference = model.arm.cat.categories[0]
    key = {"contrast": contrast_of(group, reference), "group": group, "reference": reference}
    return model.arm.isin([group, reference]).to_numpy(), key


def _balance_pair(model, name, chosen):
    pair, key = _pair(model, name)
    arm, weight = model.arm[pair].cat.remove_unused_categories(), model.weight[pair].to_numpy()
    columns = {k: v[pair] for k, v in model.covariates.columns.items()}
    found = balance_table(columns, arm.array, weight, limit=chosen["balance_limit"])
    when = {label: rows.set_index("variable") for label, rows in found.groupby("when")}
    effective = _effective(model, (key["group"], key["reference"]))
    spread, rows = max(chosen["variance_ratio_max"], chance_ratio(*effective)), []
    for covariate, column in columns.items():
        before, after = (when[label].loc[covariate] for label in ("before", "after"))
        row = {"covariate": covariate, **key}
        row |= {"smd_before": before["smd"], "smd_after": after["smd"]}
        row |= _verdict(column, effective, after, chosen) | {"n_fewest": _fewest(column, arm)}
        ratio = variance_ratio(column, arm.array, weight)
        rows.append(row | {"variance_ratio": ratio, "variance_ratio_limit": spread})
    return pd.DataFrame(rows, columns=BALANCE)


def _verdict(column, effective, after, chosen):
    """By chance, the limit and whether a weighted difference stays within it."""
    levels = column.nunique() if hasattr(column, "cat") else 2
    chance = chance_limit(*effective, df=levels - 1)
    limit = min(max(chosen["balance_limit"], chance), chosen["balance_most"])
    if np.isnan(chance):
        limit = chosen["balance_limit"]
    note = str(after["note"])
    separated = note.startswith("separated")
    failed = separated or (not np.isnan(after["smd"]) and after["smd"] > limit)
    return {
        "by_chance": chance,
        "limit": limit,
        "verdict": "fail" if failed else "pass",
        "note": note,
    }


def _fewest(column, arm):
    """The smallest number of cases of an arm with, or without, a level; of a number, with one."""
    if hasattr(column, "cat") or column.dtype == bool:
        counts = pd.crosstab(column.to_numpy(), arm.to_numpy())
        values = np.r_[counts.to_numpy().ravel(), (counts.sum() - counts).to_numpy().ravel()]
    else:
        known = column.notna().groupby(arm.to_numpy()).sum().to_numpy()
        values = np.r_[known, arm.value_counts(sort=False).to_numpy() - known]
    positive = values[values > 0]
    return int(positive.min()) if len(positive) else 0


def _effective(model, names):
    table = effective_sizes(model.weight.to_numpy(), model.arm.array).set_index("group")
    return tuple(float(table.loc[name, "effective_n"]) for name in names)


def overlap_of(model, chosen):
    """overlap.csv: how the scores of the two arms of every contrast lie, in bins."""
    edges, parts = np.linspace(0, 1, chosen["overlap_bins"] + 1), []
    for name in list(model.arm.cat.categories)[1:]:
        pair, key = _pair(model, name)
        score, arm = _relative(model, name)[pair], model.arm[pair]
        for side in (name, key["reference"]):
            inside = (arm == side).to_numpy()
            table = histogram(score[inside], edges, model.weight[pair].to_numpy()[inside])
            parts.append(table.assign(**key, arm=side))
    frame = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=OVERLAP)
    return frame[OVERLAP]


def _relative(model, name):
    """Probability of an arm, of this arm or the reference."""
    own, other = (model.propensity[n].to_numpy() for n in (name, model.arm.cat.categories[0]))
    return own / (own + other)


def diagnostics_of(model, balance, outcome, chosen):
    """diagnostics.csv: every diagnostic of every contrast.

    Parameters
    ----------
    model : Model
    balance : DataFrame
        As from `balance_of`.
    outcome : DataFrame, shape (n_cases, 2)
        days, died of the cases of the model.
    chosen : dict
        The settings of the step.
    """
    rows = []
    for name in list(model.arm.cat.categories)[1:]:
        pair, key = _pair(model, name)
        of_pair = balance[balance["contrast"] == key["contrast"]]
        checks = [
            _imbalance(of_pair, chosen),
            *_spread(of_pair),
            _support(_relative(model, name)[pair], model.arm[pair] == name, chosen),
            *_sizes(model, key, outcome, chosen),
            _missing(model, key, chosen),
            _proportional(outcome[pair], model.arm[pair] == name, chosen),
        ]
        rows += [key | check for check in checks]
    return pd.DataFrame(rows, columns=DIAGNOSTICS)


def _row(diagnostic, numbers, failed, why, withholds=EVERYTHING):
    (value, limit), verdict = numbers, "fail" if failed else "pass"
    return {
        "diagnostic": diagnostic,
        "value": float(value),
        "limit": float(limit),
        "verdict": verdict,
        "withholds": withholds if failed else "",
        "why": why,
    }


def _imbalance(rows, chosen):
    failed = rows["verdict"] == "fail"
    beyond = (rows["smd_after"] - rows["limit"]).fillna(-np.inf)
    beyond = beyond.mask(rows["note"].astype(str).str.startswith("separated"), np.inf)
    if rows.empty:
        return _row("balance", (np.nan, chosen["balance_limit"]), True, "no covariate to judge")
    worst = rows.loc[beyond.idxmax()]
    words = words_of(worst["covariate"])
    if not failed.any():
        why = f"nearest to its limit: {words}"
    else:
        named = ", ".join(words_of(name) for name in rows.loc[failed, "covariate"])
        why = f"still unlike after weighting: {named}"
    return _row("balance", (worst["smd_after"], worst["limit"]), failed.any(), why)


def _spread(rows):
    """What the weights leave of a number beside its mean, which overlap weights make the same."""
    ratio = rows["variance_ratio"].dropna()
    if ratio.empty:
        return
    worst = rows.loc[np.maximum(ratio, 1 / ratio).idxmax()]
    value, limit = worst["variance_ratio"], worst["variance_ratio_limit"]
    value = max(value, 1 / value)
    why = f"ratio of the variances after weighting: {words_of(worst['covariate'])}"
    yield _row("variance_ratio", (value, limit), value > limit, why)


def _support(score, member, chosen):
    value = min(common_support(score, member.to_numpy()))
    limit = chosen["overlap_share_min"]
    why = "share of the cases of each arm that lie where the other arm has cases, the smaller one"
    return _row("overlap", (value, limit), not value >= limit, why)


def _sizes(model, key, outcome, chosen):
    names = (key["group"], key["reference"])
    effective = _effective(model, names)
    members = [(model.arm == name).to_numpy() for name in names]
    n = [int(member.sum()) for member in members]
    deaths = [int(outcome["died"].to_numpy()[member].sum()) for member in members]
    small = int(np.argmin(effective))
    limit = chosen["effective_size_min"]
    why = f"cases that the weights leave, in the arm with fewer: {names[small]}"
    yield _row("effective_size", (effective[small], limit), not effective[small] >= limit, why)
    parameters = model.covariates.design.shape[1]
    each, limit = min(n) / parameters, chosen["cases_per_parameter_min"]
    why = f"cases of the smaller arm for each of {parameters} parameters of the model"
    yield _row("events_per_parameter", (each, limit), each < limit, why)
    ratio = detectable_hazard_ratio(deaths, effective, n, power=chosen["power"])
    limit = chosen["detectable_hazard_ratio_max"]
    why = f"hazard ratio that would be found with a power of {100 * chosen['power']:g} %"
    yield _row("detectable_effect", (ratio, limit), ratio > limit, why)


def _missing(model, key, chosen):
    share = model.missing.loc[[key["group"], key["reference"]]].max(axis="rows")
    limit, name = chosen["missing_share_max"], str(share.idxmax())
    why = f"share of an arm without a value, of the covariate missing most: {words_of(name)}"
    if name in model.covariates.absent:
        why += " (nobody has one; weight.covariates without it adjusts for the others)"
    return _row("missingness", (share[name], limit), share[name] > limit, why)


def _proportional(outcome, member, chosen):
    limit, died = chosen["ph_p_min"], outcome["died"].to_numpy(bool)
    inside = member.to_numpy()
    why = "p value of proportional hazards, unweighted; below the limit one ratio says too little"
    if not (died[inside].any() and died[~inside].any()):
        why = "the hazards cannot be compared: no deaths in an arm"
        return _row("proportional_hazards", (np.nan, limit), True, why, RATIO)
    fit = fit_cox(outcome["days"].to_numpy(float), died, inside[:, np.newaxis], ["arm"])
    p = float(ph_test(fit)["p"].iloc[-1])
    return _row("proportional_hazards", (p, limit), not p >= limit, why, RATIO)


def left_out_rows(left_out, arms, reference):
    """Diagnostics of the arms that are not in the model; of all arms where the reference is not."""
    found = dict(left_out)
    if reference in found:
        own = found.pop(reference)
        own = tuple(replace(one, why=f"the reference arm: {one.why}", apart={}) for one in own)
        found |= {name: own for name in arms if name not in (reference, *found)}
    rows = [
        {"contrast": contrast_of(name, reference), "group": name, "reference": reference}
        | _row(one.diagnostic, (one.value, one.limit), True, one.why)
        for name, several in found.items()
        for one in several
    ]
    return pd.DataFrame(rows, columns=DIAGNOSTICS)


def separated_rows(left_out, reference, chosen):
    """Rows of balance.csv of the covariates that tell an arm from the reference."""
    rows = [
        {"covariate": covariate, "contrast": contrast_of(name, reference), "group": name}
        | {"reference": reference, "smd_before": smd(column, arm.array).value}
        | {"limit": chosen["balance_limit"], "verdict": "fail", "n_fewest": _fewest(column, arm)}
        | {"note": f"separated: {found.why}"}
        for name, several in left_out.items()
        for found in several
        for covariate, (column, arm) in found.apart.items()
    ]
    return pd.DataFrame(rows, columns=BALANCE)
