"""Hazard ratios between groups, with the test of proportionality."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from mescc_analytics.errors import UsageError
from mescc_analytics.stats.cox import fit_cox
from mescc_analytics.stats.curves import checked
from mescc_analytics.stats.estimated_scores import ScoreModel
from mescc_analytics.stats.hazard_draws import log_hazard_ratios
from mescc_analytics.stats.intervals import NAN
from mescc_analytics.stats.logrank import log_rank
from mescc_analytics.stats.proportionality import ph_frame, ph_test
from mescc_analytics.stats.sandwich import influence_on
from mescc_analytics.stats.score_draws import ScoreDraws, bootstrap_limits

HAZARD_COLUMNS = (
    "term",
    "group",
    "reference",
    "hazard_ratio",
    "ci_lower",
    "ci_upper",
    "p",
    "ph_p",
    "note",
)


@dataclass(frozen=True)
class Beside:
    """What stands beside the times and groups of a model, one entry per row; each may be None.

    Attributes
    ----------
    entry, weight : arrays of float
        As in `fit_cox`.
    cluster, strata : array-likes
        Rows that belong together; rows that are compared among themselves only.
    covariates : array, shape (n_rows, p)
        The hazard ratios are adjusted for them; the log-rank test is not.
    scores : ScoreModel
        Of the weights: the intervals of the hazard ratios then count them as estimated.
    draws : ScoreDraws
        Of those scores: the intervals are then percentiles of the resamples.
    """

    entry: np.ndarray | None = None
    weight: np.ndarray | None = None
    cluster: np.ndarray | None = None
    strata: np.ndarray | None = None
    covariates: np.ndarray | None = None
    scores: ScoreModel | None = None
    draws: ScoreDraws | None = None

    def of(self, chosen, *names):
        """The named ones that are given, in the rows `chosen`."""
        values = {name: getattr(self, name) for name in names}
        return {name: np.asarray(v)[chosen] for name, v in values.items() if v is not None}


ALONE = Beside()


def hazard_frame(time, event, group, level=0.95, beside=ALONE):
    """Hazard ratio of every group against the first, with the test of proportionality.

    Parameters
    ----------
    time, event : array-like, shape (n_cases,)
    group : Categorical
        First category with cases is the reference; empty ones are left out.
    level : float
    beside : Beside

    Returns
    -------
    hazards : DataFrame
        term, group, reference, hazard_ratio, ci_lower, ci_upper, p (Wald), ph_p, note.
    tests : DataFrame
        test (log_rank, ph_global), statistic, df, p, note.

    >>> days, group = [1, 2, 3, 4, 5, 6], pd.Categorical(list("ababab"))
    >>> hazard_frame(days, [1, 1, 1, 1, 1, 0], group)[0]["term"].tolist()
    ['b vs a']
    """
    if not len(time):
        nothing = {"statistic": NAN, "df": 0, "p": NAN, "note": "not estimable: no cases"}
        names = ("log_rank", "ph_global")
        return pd.DataFrame(columns=list(HAZARD_COLUMNS)), pd.DataFrame(
            [{"test": name, **nothing} for name in names]
        )
    time, event = checked(time, event)
    group = pd.Categorical(group).remove_unused_categories()
    arms = _Arms(tuple(map(str, group.categories)), np.bincount(group.codes, event))
    fit, ph, drawn = _fit_arms((time, event, group.codes), arms, level, beside)

    tested = beside.of(slice(None), "weight", "entry", "strata")
    rows = [_hazard_row(code, arms, fit, ph, drawn) for code in range(1, len(arms.names))]
    tests = [
        {"test": "log_rank", **log_rank(time, event, group, **tested)},
        {"test": "ph_global", **ph.iloc[-1].drop("term").to_dict()},
    ]
    return pd.DataFrame(rows, columns=list(HAZARD_COLUMNS)), pd.DataFrame(tests)


@dataclass(frozen=True)
class _Arms:
    """Groups with their deaths; the first is the reference."""

    names: tuple
    deaths: np.ndarray

    @property
    def compared(self):
        """Codes of the groups that have a hazard ratio."""
        codes = range(1, len(self.names))
        return [code for code in codes if self.deaths[code]] if self.deaths[0] else []


def _fit_arms(rows, arms, level, beside):
    """Model of the groups with deaths; the others add nothing to it but a hazard of 0."""
    if not arms.compared:
        reason = "only one group" if len(arms.names) < 2 else "fewer than two groups with deaths"
        return None, ph_frame(["global"], f"not estimable: {reason}"), None
    time, event, codes = rows
    kept = arms.deaths[codes] > 0
    columns = codes[kept, np.newaxis] == np.array(arms.compared)
    names = [arms.names[code] for code in arms.compared]
    if beside.covariates is not None:
        columns = np.column_stack([columns, beside.covariates[kept]])
        names += [f"covariate {i}" for i in range(beside.covariates.shape[1])]
    given = beside.of(kept, "entry", "weight", "cluster", "strata")
    fit = fit_cox(time[kept], event[kept], columns, names, level=level, **given)
    counted = kept if beside.weight is None else kept & (np.asarray(beside.weight) > 0)
    if beside.scores is not None and not fit.note:
        fit = replace(fit, covariance=_with_scores(fit, counted, beside))
    drawn = None if beside.draws is None or fit.note else _drawn(fit, counted, codes, beside)
    return fit, ph_test(fit), drawn


def _with_scores(fit, counted, beside):
    """Covariance of the coefficients when the weights come from fitted scores."""
    scores = beside.scores.at(counted)
    weight = np.ones(len(counted)) if beside.weight is None else np.asarray(beside.weight, float)
    scores.require(weight[counted])
    return scores.covariance(influence_on(fit), beside.of(counted, "cluster").get("cluster"))


def _drawn(fit, counted, codes, beside):
    """Log hazard ratios of the resamples, shape (n_resamples, n_compared)."""
    if beside.covariates is not None:
        raise UsageError("covariates", ["found some beside resampled weights, wanted none"])
    group = np.unique(codes[counted], return_inverse=True)[1]
    return log_hazard_ratios(fit.risk_sets, group, beside.draws.at(counted).of_rows())


def _hazard_row(code, arms, fit, ph, drawn):
    group, reference = arms.names[code], arms.names[0]
    row = {"term": f"{group} vs {reference}", "group": group, "reference": reference}
    if code not in arms.compared:
        without = group if arms.deaths[0] else reference
        return row | {"note": f"not estimable: no deaths in {without}"}
    if fit.note.startswith("not"):
        return row | {"note": fit.note}
    position = arms.compared.index(code)
    if fit.runaway[position]:
        reason = f"the deaths of {group} and {reference} do not overlap in time"
        return row | {"note": f"not estimable: {reason}"}
    values = fit.table().iloc[position].drop("term").to_dict()
    proportional = ph.iloc[position]
    notes = [fit.note]
    if drawn is not None:
        values |= _percentiles(values["hazard_ratio"], drawn[:, position], fit.level)
        notes.append(values.pop("note"))
    notes.append(proportional["note"] and f"proportionality {proportional['note']}")
    note = "; ".join(filter(None, notes))
    return row | values | {"ph_p": proportional["p"], "note": note}


def _percentiles(ratio, drawn, level):
    limits = bootstrap_limits(np.log(ratio), drawn, level)
    ends = {name: np.exp(limits[name]) for name in ("ci_lower", "ci_upper")}
    return ends | {"p": limits["p"], "note": limits["note"]}
