"""Firth's penalised likelihood: finite estimates where groups are small or separated.

The likelihood is multiplied by the root of the determinant of its information (Jeffreys' prior).
Intervals and p values are those of the profile of the penalised likelihood, which is far from
quadratic where the penalty matters.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import chdtrc, chdtri

from mescc_analytics.stats.intervals import NAN

MAX_STEPS = 500
# a longer step can leave the region in which the method converges
LONGEST_STEP = 2.0


@dataclass(frozen=True)
class FirthFit:
    """A penalised fit.

    Attributes
    ----------
    names : tuple of str
    coefficients, std_err, lower, upper, p : arrays, shape (p,)
        Limits and p values of the profile penalised likelihood.
    log_likelihood : float
        Penalised.
    note : str
        "" or "not estimable: <reason>"; then all numbers are NaN.
    """

    names: tuple
    coefficients: np.ndarray
    std_err: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    p: np.ndarray
    log_likelihood: float
    note: str = ""

    def table(self):
        """Frame with term, coefficient, std_err, ci_lower, ci_upper, p."""
        return pd.DataFrame(
            {
                "term": list(self.names),
                "coefficient": self.coefficients,
                "std_err": self.std_err,
                "ci_lower": self.lower,
                "ci_upper": self.upper,
                "p": self.p,
            }
        )


def no_fit(names, reason):
    """A fit that says why there is none."""
    nothing = np.full(len(names), np.nan)
    return FirthFit(tuple(names), *[nothing] * 5, NAN, f"not estimable: {reason}")


def firth_fit(model, names, scale, level, profiled=None):
    """Maximum, profile limits and profile p values of a penalised model.

    Parameters
    ----------
    model : object
        `value(beta)`: penalised log likelihood; `step(beta)`: its score, and the information.
    names : sequence of str, length p
    scale : array, shape (p,)
        The model's coefficients are divided by it.
    level : float
    profiled : sequence of str, optional
        Names whose limits and p values are wanted, which are the costly part; by default all.

    Returns
    -------
    FirthFit
    """
    start = np.zeros(len(names))
    beta, value, converged = climb(model, start, np.ones(len(names), bool))
    if not converged:
        return no_fit(names, f"no maximum after {MAX_STEPS} steps")
    covariance = np.linalg.inv(model.step(beta)[1])
    std_err = np.sqrt(np.diag(covariance))
    profile = _Profile(model, beta, value, covariance)
    cut, (lower, upper, p) = float(chdtri(1, 1 - level)), np.full((3, len(names)), np.nan)
    for j in [j for j, name in enumerate(names) if profiled is None or name in profiled]:
        lower[j], upper[j] = (profile.limit(j, side, cut) for side in (-1, 1))
        p[j] = float(chdtrc(1, max(profile.fall(j, 0.0), 0.0)))
    estimates = (beta / scale, std_err / scale, lower / scale, upper / scale, p)
    return FirthFit(tuple(names), *estimates, float(value + np.log(scale).sum()))


def climb(model, beta, free, enough=1e-10):
    """Highest value over the free coefficients: where, how high, and whether it was reached."""
    beta, value = beta.copy(), model.value(beta)
    if not free.any():
        return beta, value, True
    pace, last = 1.0, np.zeros(len(beta))
    for _ in range(MAX_STEPS):
        score, information = model.step(beta)
        step = np.zeros(len(beta))
        step[free] = np.linalg.solve(information[np.ix_(free, free)], score[free])
        longest = np.abs(step).max()
        # the information leaves out the penalty, which doubles it for a coefficient that rests on
        # one case: full steps would then go to and fro about the maximum for ever
        if step @ last < -0.25 * (last @ last):
            pace = 0.5
        last = step
        step = step * pace / max(1.0, longest / LONGEST_STEP)
        proposed = model.value(beta + step)
        while proposed < value - 1e-10 * (1 + abs(value)) and np.abs(step).max() > 1e-12:
            step = step / 2
            proposed = model.value(beta + step)
        beta, value = beta + step, proposed
        if longest < enough:
            return beta, value, True
    return beta, value, False


@dataclass(frozen=True)
class _Profile:
    """Penalised likelihood with one coefficient held, the others refitted."""

    model: object
    beta: np.ndarray
    value: float
    covariance: np.ndarray

    def fall(self, j, held):
        """Twice the fall from the maximum with coefficient j held at a number."""
        free = np.arange(len(self.beta)) != j
        # the others start where a quadratic likelihood would have them
        slope = self.covariance[:, j] / self.covariance[j, j]
        start = self.beta + slope * np.clip(held - self.beta[j], -LONGEST_STEP, LONGEST_STEP)
        start[j] = held
        # the height is flat around the maximum: it is exact long before the place is
        return 2 * (self.value - climb(self.model, start, free, 1e-7)[1])

    def limit(self, j, side, cut):
        """Where the fall reaches the cut, below (-1) or above (1) the estimate."""
        from scipy.optimize import brentq

        width = np.sqrt(self.covariance[j, j] * cut)
        inner = self.beta[j]
        for _ in range(60):
            outer = inner + side * width
            if self.fall(j, outer) > cut:
                found = brentq(lambda held: self.fall(j, held) - cut, inner, outer, xtol=1e-10)
                return float(found)
            inner = outer
        return side * np.inf
