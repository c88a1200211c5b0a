"""Hazard ratios without a maximum likelihood: groups without deaths, or whose deaths never meet."""

import numpy as np
import pandas as pd

from mescc_analytics.stats.curves import checked
from mescc_analytics.stats.firth_models import firth_cox
from mescc_analytics.stats.hazards import ALONE

WHY_NOT = "not estimable: "
PENALISED = "Firth's penalised likelihood"


def with_firth(hazards, rows, level=0.95, beside=ALONE):
    """Hazard ratios with Firth's estimates in place of those that do not exist.

    Parameters
    ----------
    hazards : DataFrame
        As `hazards.hazard_frame` gives them for the same rows.
    rows : tuple of time, event, group
        As in `hazards.hazard_frame`.
    level : float
    beside : Beside
        Days of entry and covariates join the model. With weights or strata, of which Firth's
        likelihood knows nothing here, the hazard ratios are returned as they are; clusters do not
        reach its interval, and the note says so.

    Returns
    -------
    DataFrame
        hazard_ratio, ci_lower, ci_upper (profile penalised likelihood) and p in the rows that had
        none, and the reason in `note`. A pair without any death stays without an estimate.

    >>> from mescc_analytics.stats.hazards import hazard_frame
    >>> rows = [1, 2, 3, 4], [1, 1, 0, 0], pd.Categorical(list("aabb"))
    >>> with_firth(hazard_frame(*rows)[0], rows)["note"].tolist()
    ["Firth's penalised likelihood: no deaths in b"]
    """
    absent = hazards["hazard_ratio"].isna()
    if not absent.any() or beside.weight is not None or beside.strata is not None:
        return hazards
    time, event = checked(*rows[:2])
    group = pd.Categorical(rows[2]).remove_unused_categories()
    deaths = dict(zip(map(str, group.categories), np.bincount(group.codes, event), strict=True))
    pairs = zip(hazards["group"], hazards["reference"], strict=True)
    some = np.array([deaths[name] + deaths[other] > 0 for name, other in pairs])
    wanted = hazards.loc[absent & some, "group"].tolist()
    found = _fit(time, event, group, (wanted, level), beside) if wanted else {}
    out = hazards.astype({name: float for name in ("hazard_ratio", "ci_lower", "ci_upper", "p")})
    clusters = "; its interval knows no clusters" if beside.cluster is not None else ""
    for row in out.index[out["group"].isin(list(found))]:
        reason = out.at[row, "note"].removeprefix(WHY_NOT)
        out.at[row, "note"] = f"{PENALISED}: {reason}{clusters}"
        out.loc[row, ["hazard_ratio", "ci_lower", "ci_upper", "p"]] = found[out.at[row, "group"]]
    return out


def _fit(time, event, group, about, beside):
    """Ratio, limits and p of the wanted groups by name; none where the model has no fit."""
    wanted, level = about
    names = [str(name) for name in group.categories]
    # who is never at risk when somebody dies says nothing, and would leave the others without a fit
    first = time[event].min()
    seen = [code for code in range(1, len(names)) if time[group.codes == code].max() >= first]
    columns = (group.codes[:, np.newaxis] == np.array(seen, int)).astype(float)
    terms = [names[code] for code in seen]
    if beside.covariates is not None:
        columns = np.column_stack([columns, beside.covariates])
        terms += [f"covariate {i}" for i in range(beside.covariates.shape[1])]
    late = {} if beside.entry is None else {"entry": beside.entry}
    fit = firth_cox(time, event, columns, terms, level=level, profiled=wanted, **late)
    values = zip(np.exp(fit.coefficients), np.exp(fit.lower), np.exp(fit.upper), fit.p, strict=True)
    found = dict(zip(terms, values, strict=True)) if not fit.note else {}
    return {name: found[name] for name in wanted if name in found}
