"""Hazard ratios between arms adjusted for baseline covariates: of complete cases, and of completed
data, pooled.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from mescc_analytics.stats.adjusted_cox import fit_adjusted, pool_fits
from mescc_analytics.stats.hazards import Beside
from mescc_analytics.stats.imputation import Variable
from mescc_analytics.steps.beside import declared, entry_of
from mescc_analytics.steps.groups import arms_of, reference_first
from mescc_analytics.steps.impute_covariates import Covariate

COLUMNS = (
    "analysis measure term variable level reference estimate ci_lower ci_upper df fmi "
    "monte_carlo_error n n_complete events n_coefficients n_level n_reference n_imputations note "
    "cluster strata"
).split()


@dataclass(frozen=True)
class Term:
    """One coefficient: a level against the reference, or a number per unit."""

    variable: str
    level: str = ""
    reference: str = ""
    code: int = -1
    reference_code: int = -1

    @property
    def words(self):
        return f"{self.variable}: {self.level} vs {self.reference}" if self.level else self.variable

    def column(self, values):
        return (values == self.code if self.level else values).astype(float)

    def sizes(self, values):
        """Cases at the level and at the reference; all for a number."""
        if not self.level:
            return len(values), len(values)
        return (values == self.code).sum(), (values == self.reference_code).sum()


def estimates(cases, chosen, settings):
    """Complete cases and pooled imputations.

    Parameters
    ----------
    cases : DataFrame, shape (n_cases, ...)
    chosen : list of Covariate
    settings : dict
        Sections cohort and survival.

    Returns
    -------
    (DataFrame, str)
        Columns as in COLUMNS; the reason where there are no rows.
    """
    compared, arm, reason = arms_of(cases)
    if not reason:
        _, entered, reason = entry_of(compared, settings["survival"])
        compared, arm = compared[entered], arm[entered].cat.remove_unused_categories()
    if not reason and len(arm.cat.categories) < 2:
        reason = "only one arm"
    if not reason and not compared["survival_event"].any():
        reason = "no deaths"
    if not reason and not chosen:
        reason = "no covariate that varies"
    if reason:
        return pd.DataFrame(columns=COLUMNS), reason
    rows = cases.index.get_indexer(compared.index)
    arm = reference_first(arm, settings["cohort"]["reference_arm"])
    beside, words = _beside(compared, settings["survival"])
    model = _Model(compared, arm, [one.of(rows) for one in chosen], beside)
    level = settings["survival"]["confidence_level"]
    tables = [model.table("complete_case", [None], level)]
    if model.m:
        tables.append(model.table("imputed", range(model.m), level))
    made = pd.concat(tables, ignore_index=True).assign(**words)
    return made[COLUMNS], ""


def _beside(compared, chosen):
    """Delayed entry, clusters and strata, and how the latter are named in the results."""
    arrays, words = declared(compared, chosen)
    return Beside(entry=entry_of(compared, chosen)[0], **arrays), words


class _Model:
    """The same terms in every fit."""

    def __init__(self, compared, arm, chosen, beside):
        self.beside = beside
        self.days = compared["survival_days"].to_numpy(dtype=float)
        self.died = compared["survival_event"].to_numpy(dtype=bool)
        codes, names = arm.cat.codes.to_numpy(dtype=int), tuple(map(str, arm.cat.categories))
        can = all(one.completed is not None for one in chosen)
        self.m = len(chosen[0].completed) if can else 0
        repeated = np.broadcast_to(codes, (self.m, len(codes))) if self.m else None
        self.all = [Covariate(Variable("arm", codes, len(names)), repeated, names), *chosen]
        self.known = np.logical_and.reduce([one.variable.observed for one in self.all])
        self.terms = [term for one in self.all for term in self._terms(one)]

    def _terms(self, one):
        v = one.variable
        if not v.n_levels:
            return [Term(v.name)]
        everybody = v.values[v.observed] if one.completed is None else one.completed.ravel()
        present = np.flatnonzero(np.bincount(everybody, minlength=v.n_levels))
        first = present[0]
        if v.name != "arm":  # the first level with deaths among the complete cases
            deaths = np.bincount(v.values[self.known & self.died], minlength=v.n_levels)
            first = np.flatnonzero(deaths)[0] if deaths.any() else first
        rest = [code for code in present if code != first]
        return [Term(v.name, one.levels[c], one.levels[first], c, first) for c in rest]

    def _fit(self, which):
        """One fit, and the sizes of its levels; of the complete cases, or of one imputation."""
        rows = self.known if which is None else np.ones(len(self.days), dtype=bool)
        values = {
            one.name: (one.variable.values if which is None else one.completed[which])[rows]
            for one in self.all
        }
        x = np.column_stack([term.column(values[term.variable]) for term in self.terms])
        sizes = [term.sizes(values[term.variable]) for term in self.terms]
        names = [term.words for term in self.terms]
        indicator = [bool(term.level) for term in self.terms]
        own = Beside(**self.beside.of(rows, "entry", "cluster", "strata"))
        days, died = self.days[rows], self.died[rows]
        return fit_adjusted(days, died, x, names, indicator, beside=own), sizes

    def table(self, analysis, numbers, level):
        """One row per term."""
        fits, sizes = zip(*(self._fit(which) for which in numbers), strict=True)
        pooled, mean = pool_fits(fits, level), np.mean(sizes, axis=0)
        rows = [
            _row(pooled[i], [fit.reasons[i] for fit in fits], single=len(fits) == 1)
            | {"term": t.words, "variable": t.variable, "level": t.level, "reference": t.reference}
            | {"n_level": mean[i, 0], "n_reference": mean[i, 1]}
            for i, t in enumerate(self.terms)
        ]
        return pd.DataFrame(rows).assign(
            analysis=analysis,
            measure="hazard_ratio",
            n=fits[0].n,
            n_complete=int(self.known.sum()),
            events=fits[0].events,
            n_coefficients=fits[0].n_estimated,
            n_imputations=0 if analysis == "complete_case" else len(fits),
        )


def _row(found, reasons, *, single):
    """Estimate, interval and what the missing values cost; on the scale of ratios."""
    missing = {"df": np.nan, "fmi": np.nan, "monte_carlo_error": np.nan}
    if not single:
        between = found.std_err**2 * found.relative_increase / (1 + found.relative_increase)
        error = np.sqrt(between / (found.n_imputations + 1))  # of the log, through so few draws
        missing = {"df": found.df, "fmi": found.fraction_missing, "monte_carlo_error": error}
    why = next((reason for reason in reasons if reason), "")
    note = f"not estimable: {why or found.note}" if np.isnan(found.estimate) else ""
    names = ("estimate", "lower", "upper")
    ratio, lower, upper = (float(np.exp(getattr(found, name))) for name in names)
    return {"estimate": ratio, "ci_lower": lower, "ci_upper": upper, "note": note} | missing
