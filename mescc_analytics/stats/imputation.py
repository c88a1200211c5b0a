"""Multiple imputation by chained equations, many completed data sets at once."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from mescc_analytics.errors import UsageError
from mescc_analytics.stats.imputation_draws import draw_levels, draw_numbers
from mescc_analytics.stats.intervals import NAN

DONORS = 5
MIN_OBSERVED = 10
TRACE = ["imputation", "iteration", "variable", "mean", "sd"]


@dataclass(frozen=True)
class Variable:
    """A variable with missing values.

    Attributes
    ----------
    name : str
    values : array, shape (n_cases,)
        Numbers, NaN where missing; or codes of levels, -1 where missing.
    n_levels : int
        0 for numbers.
    allowed : array of bool, shape (n_cases, n_levels), optional
        Levels that a case without a level may still have; by default all.
    scores : sequence of float, length n_levels, optional
        One number per level, as which ordered levels predict other variables; by default each
        level has an indicator.
    """

    name: str
    values: np.ndarray
    n_levels: int = 0
    allowed: np.ndarray | None = None
    scores: tuple | None = None

    @property
    def observed(self):
        return self.values >= 0 if self.n_levels else np.isfinite(self.values)

    @property
    def missing(self):
        return ~self.observed

    def why_not(self):
        """Why the missing values cannot be imputed, or ""."""
        known = self.values[self.observed]
        if len(known) < MIN_OBSERVED:
            return f"fewer than {MIN_OBSERVED} cases have a value"
        return "" if np.ptp(known) > 0 else "all cases with a value have the same one"

    def columns(self, values):
        """Predictors made of values, shape (..., n_cases) to (..., n_cases, q)."""
        if not self.n_levels:
            return values[..., np.newaxis]
        if self.scores is not None:
            return np.asarray(self.scores, float)[values][..., np.newaxis]
        return (values[..., np.newaxis] == np.arange(1, self.n_levels)).astype(float)


@dataclass(frozen=True)
class Completed:
    """Completed data.

    Attributes
    ----------
    values : dict of str to array, shape (m, n_cases)
        As in `Variable.values`, none missing.
    trace : DataFrame
        imputation, iteration (from 1), variable, mean and sd of the imputed values (of the codes of
        levels).
    """

    values: dict
    trace: pd.DataFrame


def impute(variables, predictors, *, n_imputations, iterations, rng, donors=DONORS):
    """Complete data by chained equations.

    Parameters
    ----------
    variables : sequence of Variable
        Those that can be imputed (see `Variable.why_not`); complete ones only predict.
    predictors : array of float, shape (n_cases, p)
        Complete predictors besides: outcome, group, whatever later analyses use.
    n_imputations, iterations : int
    rng : numpy.random.Generator
    donors : int
        Of predictive mean matching.

    Returns
    -------
    Completed

    Notes
    -----
    Numbers by predictive mean matching, levels by multinomial logistic regression, each from all
    other variables, in the order of how few values are missing. White, Royston and Wood, Stat Med
    2011;30:377-399.

    >>> age = Variable("age", np.r_[np.arange(20.0), np.nan])
    >>> found = impute([age], np.arange(21.0)[:, None], n_imputations=2, iterations=1,
    ...     rng=np.random.default_rng(1))
    >>> bool((found.values["age"][:, -1] > 10).all())
    True
    """
    _check(variables, predictors, n_imputations, iterations)
    chains = _Chains(variables, np.asarray(predictors, float), n_imputations, rng, donors)
    trace = [chains.sweep(number) for number in range(1, iterations + 1)]
    rows = pd.concat(trace, ignore_index=True)
    return Completed(dict(chains.values), rows.reindex(columns=TRACE))


def _check(variables, predictors, n_imputations, iterations):
    n = len(np.asarray(predictors))
    problems = [
        f"{each.name}: found {len(each.values)} values, wanted {n}"
        for each in variables
        if len(each.values) != n
    ]
    problems += [
        f"{each.name}: {each.why_not()}"
        for each in variables
        if each.missing.any() and each.why_not()
    ]
    if n_imputations < 1 or iterations < 1:
        problems.append(f"found {n_imputations} imputations and {iterations} sweeps, wanted 1 each")
    if not np.isfinite(np.asarray(predictors, float)).all():
        problems.append("predictors: some are missing or not finite")
    if problems:
        raise UsageError("imputation", problems)


class _Chains:
    """m completed data sets side by side, and the predictors made of them."""

    def __init__(self, variables, predictors, m, rng, donors):
        self.rng, self.donors, self.m = rng, donors, m
        self.variables = list(variables)
        self.order = [v for v in sorted(variables, key=lambda v: v.missing.sum())]
        self.order = [v for v in self.order if v.missing.any()]
        self.values = {v.name: self._first(v) for v in variables}
        self.starts = {}
        n = len(predictors)
        always = np.column_stack([np.ones(n), _standard(predictors)])
        self.blocks = {"": np.broadcast_to(always, (m, *always.shape))}
        self.scales = {}
        for v in variables:
            self._renew(v)

    def _first(self, v):
        """Observed values at random; levels only where they are allowed."""
        values = np.repeat(v.values[np.newaxis], self.m, axis=0)
        known, lack = v.values[v.observed], v.missing
        if not v.n_levels:
            values[:, lack] = self.rng.choice(known, (self.m, lack.sum()))
        elif lack.any():
            share = np.bincount(known, minlength=v.n_levels) / len(known)
            values[:, lack] = _any_level(share, _allowed(v), self.m, self.rng)
        return values

    def _renew(self, v):
        """Predictors made of a variable, on the scale of its first completed data."""
        columns = v.columns(self.values[v.name])
        if v.name not in self.scales:
            flat = columns.reshape(-1, columns.shape[-1])
            self.scales[v.name] = flat.mean(axis=0), _spread(flat)
        centre, spread = self.scales[v.name]
        self.blocks[v.name] = (columns - centre) / spread

    def sweep(self, number):
        """Impute every variable once; the row of the trace."""
        rows = []
        for v in self.order:
            others = [block for name, block in self.blocks.items() if name != v.name]
            drawn = self._draw(v, np.concatenate(others, axis=2))
            self.values[v.name][:, v.missing] = drawn
            self._renew(v)
            row = {"iteration": number, "variable": v.name, "imputation": np.arange(1, self.m + 1)}
            rows.append(pd.DataFrame(row | {"mean": drawn.mean(axis=1), "sd": drawn.std(axis=1)}))
        return pd.concat(rows, ignore_index=True) if rows else pd.DataFrame()

    def _draw(self, v, predictors):
        known = v.values[v.observed]
        if not v.n_levels:
            return draw_numbers(predictors, v.observed, known, self.rng, self.donors)
        given = predictors, v.observed, known, _allowed(v)
        drawn, self.starts[v.name] = draw_levels(*given, self.rng, start=self.starts.get(v.name))
        return drawn


def _allowed(v):
    if v.allowed is None:
        return np.ones((int(v.missing.sum()), v.n_levels), bool)
    return v.allowed[v.missing]


def _any_level(share, allowed, m, rng):
    chances = np.where((share * allowed).sum(axis=1, keepdims=True) > 0, share * allowed, allowed)
    upto = chances.cumsum(axis=1)
    drawn = rng.random((m, len(allowed)))[:, :, np.newaxis] * upto[:, -1:]
    return (drawn >= upto).sum(axis=2)


def _spread(columns):
    spread = columns.std(axis=0)
    return np.where(spread > 1e-12 * np.maximum(np.abs(columns).max(axis=0), 1), spread, 1.0)


def _standard(predictors):
    x = predictors.reshape(len(predictors), -1)
    return (x - x.mean(axis=0)) / _spread(x) if x.size else x


def mixing(trace):
    """How well the chains of each variable mix, from the later half of the iterations.

    Parameters
    ----------
    trace : DataFrame
        As in `Completed`.

    Returns
    -------
    Series of float
        By variable: potential scale reduction of the means; near 1 is well mixed, NaN from fewer
        than 2 chains or 4 iterations.

    Notes
    -----
    Gelman and Rubin, Stat Sci 1992;7:457-472.
    """
    late = trace[trace["iteration"] > trace["iteration"].max() / 2]
    return pd.Series(
        {name: _reduction(part) for name, part in late.groupby("variable")}, dtype=float
    )


def _reduction(part):
    means = part.pivot(index="iteration", columns="imputation", values="mean").to_numpy(float)
    n, m = means.shape
    if m < 2 or n < 2:
        return NAN
    within, between = means.var(axis=0, ddof=1).mean(), n * means.mean(axis=0).var(ddof=1)
    return float(np.sqrt((n - 1) / n + between / n / within)) if within > 0 else NAN
