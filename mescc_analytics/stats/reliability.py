"""Agreement of two or more readings of the same cases."""

from dataclasses import dataclass

import numpy as np
from scipy.special import fdtri, stdtrit

from mescc_analytics.errors import UsageError
from mescc_analytics.stats.curves import as_numbers
from mescc_analytics.stats.intervals import NAN, Estimate, not_estimable, z_value

WEIGHTS = {"linear": 1, "quadratic": 2}
ICC_KINDS = ("2,1", "3,1")
# share of the total variation below which a sum of squares is rounding
ROUNDING = 1e-12


def weighted_kappa(table, weights="linear", level=0.95):
    """Cohen's weighted kappa of two readings with its large-sample interval.

    Parameters
    ----------
    table : array-like of counts, shape (k, k)
        First reading in rows, second in columns, levels in the same ascending order.
    weights : {"linear", "quadratic"}
        Weight of a disagreement: the number of levels between the readings, or its square.
    level : float

    Returns
    -------
    Estimate
        The interval is cut at -1 and 1; it is missing, with a note, where the readings never
        differ.

    Notes
    -----
    Cohen, Psychol Bull 1968;70:213-220; variance of Fleiss, Cohen and Everitt, Psychol Bull
    1969;72:323-327. With two levels both weights give the unweighted kappa.

    >>> agreement = weighted_kappa([[44, 5, 1], [7, 20, 3], [9, 5, 6]])
    >>> [round(value, 3) for value in (agreement.estimate, agreement.lower, agreement.upper)]
    [0.474, 0.323, 0.625]
    """
    table = _square(table)
    if weights not in WEIGHTS:
        raise UsageError("weights", [f"found '{weights}', wanted one of {', '.join(WEIGHTS)}"])
    z, n = z_value(level), table.sum()
    if n < 2:
        return not_estimable("no cases to compare" if n == 0 else "one case to compare")
    share = table / n
    first, second = share.sum(axis=1), share.sum(axis=0)
    apart = np.abs(np.subtract.outer(np.arange(len(share)), np.arange(len(share))))
    agreement = 1 - (apart / max(len(share) - 1, 1)) ** WEIGHTS[weights]
    observed, by_chance = (agreement * share).sum(), first @ agreement @ second
    if np.isclose(by_chance, 1, rtol=0, atol=1e-12):
        return not_estimable("every case is in the same category")
    kappa = float((observed - by_chance) / (1 - by_chance))
    if np.trace(table) == n:
        return Estimate(1.0, NAN, NAN, "interval not estimable: the readings never differ")

    expected = np.add.outer(agreement @ second, first @ agreement)
    spread = (share * (agreement - expected * (1 - kappa)) ** 2).sum()
    variance = spread - (kappa - by_chance * (1 - kappa)) ** 2
    half = z * np.sqrt(max(variance, 0.0) / n) / (1 - by_chance)
    return Estimate(kappa, float(max(kappa - half, -1)), float(min(kappa + half, 1)))


def _square(table):
    table = np.asarray(table, float)
    problems = []
    if table.ndim != 2 or table.shape[0] != table.shape[1]:
        problems.append("wanted as many rows as columns")
    if not (table >= 0).all():
        problems.append("wanted counts, none below 0 or missing")
    if problems:
        raise UsageError("table of agreement", problems)
    return table


def icc(ratings, kind="2,1", level=0.95):
    """Intraclass correlation of single ratings, with the interval from the F distribution.

    Parameters
    ----------
    ratings : array-like of float, shape (n_cases, n_raters)
        Every case rated by every rater.
    kind : {"2,1", "3,1"}
        "2,1": absolute agreement, raters a sample of all raters. "3,1": consistency, these raters
        only; a constant difference between them does not count.
    level : float

    Returns
    -------
    Estimate
        Can be below 0. The interval is missing, with a note, where a mean square is 0.

    Notes
    -----
    Shrout and Fleiss, Psychol Bull 1979;86:420-428; McGraw and Wong, Psychol Methods 1996;1:30-46,
    the interval of ICC(A,1).

    >>> ratings = [[1, 2], [3, 3], [5, 6], [6, 8]]
    >>> round(icc(ratings, "2,1").estimate, 2), round(icc(ratings, "3,1").estimate, 2)
    (0.89, 0.95)
    """
    ratings = _ratings(ratings)
    if kind not in ICC_KINDS:
        raise UsageError("kind of ICC", [f"found '{kind}', wanted one of {', '.join(ICC_KINDS)}"])
    z_value(level)
    n = len(ratings)
    if n < 2:
        return not_estimable("no cases to compare" if n == 0 else "one case to compare")
    if (ratings == ratings[0, 0]).all():
        return not_estimable("every rating is the same")
    squares = _MeanSquares.of(ratings)
    estimate = squares.agreement() if kind == "2,1" else squares.consistency()
    if np.isnan(estimate):
        return not_estimable("cases and raters together vary less than the error")
    if not (squares.error and squares.cases):
        reason = (
            "all cases have the same mean" if squares.error else "the raters differ by a constant"
        )
        return Estimate(estimate, NAN, NAN, f"interval not estimable: {reason}")
    limits = squares.agreement_limits if kind == "2,1" else squares.consistency_limits
    return Estimate(estimate, *map(float, limits(level)))


def _ratings(ratings):
    columns = np.asarray(ratings, object)
    if columns.ndim != 2 or columns.shape[1] < 2:
        raise UsageError("ratings", ["wanted one row per case and at least two raters"])
    values = as_numbers(columns.ravel()).reshape(columns.shape)
    missing = (~np.isfinite(values)).sum()
    if missing:
        raise UsageError("ratings", [f"{missing} ratings are missing or not finite"])
    return values


@dataclass(frozen=True)
class _MeanSquares:
    """Two-way analysis of variance; a mean square that is rounding only is 0."""

    n: int
    k: int
    cases: float
    raters: float
    error: float

    @classmethod
    def of(cls, ratings):
        n, k = ratings.shape
        centred = ratings - ratings.mean()
        by_case, by_rater = centred.mean(axis=1), centred.mean(axis=0)
        error = ((centred - by_case[:, np.newaxis] - by_rater) ** 2).sum()
        sums = np.array([k * (by_case**2).sum(), n * (by_rater**2).sum(), error])
        sums[sums <= ROUNDING * (centred**2).sum()] = 0.0
        return cls(n, k, *map(float, sums / [n - 1, k - 1, (n - 1) * (k - 1)]))

    def agreement(self):
        """ICC(2,1)."""
        between = self.k * (self.raters - self.error) / self.n
        total = self.cases + (self.k - 1) * self.error + between
        return (self.cases - self.error) / total if total > ROUNDING * self.error else NAN

    def consistency(self):
        """ICC(3,1)."""
        total = self.cases + (self.k - 1) * self.error
        return (self.cases - self.error) / total if total else NAN

    def agreement_limits(self, level):
        """Shrout and Fleiss, ICC(2,1); the degrees of freedom are Satterthwaite's."""
        n, k, cases, error = self.n, self.k, self.cases, self.error
        rho, tail = self.agreement(), (1 - level) / 2
        a = k * rho / n * self.raters
        b = (1 + (k - 1) * rho - k * rho / n) * error
        v = (a + b) ** 2 / (a**2 / (k - 1) + b**2 / ((n - 1) * (k - 1)))
        rest = k * self.raters + (k * n - k - n) * error
        above, below = fdtri(n - 1, v, 1 - tail), fdtri(v, n - 1, 1 - tail)
        return (
            n * (cases - above * error) / (above * rest + n * cases),
            n * (below * cases - error) / (rest + n * below * cases),
        )

    def consistency_limits(self, level):
        """Shrout and Fleiss, ICC(3,1)."""
        ratio, tail = self.cases / self.error, (1 - level) / 2
        df = (self.n - 1, (self.n - 1) * (self.k - 1))
        low, high = ratio / fdtri(*df, 1 - tail), ratio * fdtri(*df[::-1], 1 - tail)
        return (low - 1) / (low + self.k - 1), (high - 1) / (high + self.k - 1)


@dataclass(frozen=True)
class BlandAltman:
    """Differences of two readings, first minus second.

    Attributes
    ----------
    n : int
    bias : Estimate
        Mean difference, interval from Student's t.
    std_dev : float
        Of the differences; NaN with fewer than two cases.
    lower_limit, upper_limit : Estimate
        Limits of agreement, each with its interval.
    """

    n: int
    bias: Estimate
    std_dev: float
    lower_limit: Estimate
    upper_limit: Estimate


def bland_altman(first, second, *, coverage=0.95, level=0.95):
    """Bias and limits of agreement of two readings of the same cases.

    Parameters
    ----------
    first, second : array-like of float, shape (n_cases,)
    coverage : float in (0, 1)
        Share of the differences between the limits, were they normal; 0.95: 1.96 standard
        deviations on either side.
    level : float
        Confidence level of bias and limits.

    Returns
    -------
    BlandAltman

    Notes
    -----
    Bland and Altman, Stat Methods Med Res 1999;8:135-160, 3.1 and 4.

    >>> found = bland_altman([7, 9, 12, 4], [6, 9, 10, 5])
    >>> round(found.bias.estimate, 3), round(found.upper_limit.estimate, 3)
    (0.5, 3.03)
    """
    difference = _differences(first, second)
    n, z = len(difference), z_value(coverage)
    z_value(level)
    if n == 0:
        nothing = not_estimable("no cases to compare")
        return BlandAltman(0, nothing, NAN, nothing, nothing)
    bias = float(difference.mean())
    if n == 1:
        limit = not_estimable("one case to compare")
        alone = Estimate(bias, NAN, NAN, "interval not estimable: one case to compare")
        return BlandAltman(1, alone, NAN, limit, limit)
    std_dev = float(difference.std(ddof=1))
    t = float(stdtrit(n - 1, (1 + level) / 2))
    of_bias = t * std_dev / np.sqrt(n)
    of_limit = t * std_dev * np.sqrt(1 / n + z**2 / (2 * (n - 1)))
    low, high = bias - z * std_dev, bias + z * std_dev
    return BlandAltman(
        n, _around(bias, of_bias), std_dev, _around(low, of_limit), _around(high, of_limit)
    )


def _differences(first, second):
    first, second = as_numbers(first), as_numbers(second)
    problems = []
    if len(first) != len(second):
        problems.append(
            f"found {len(first)} first and {len(second)} second readings, wanted as many of each"
        )
    for which, values in (("first", first), ("second", second)):
        missing = (~np.isfinite(values)).sum()
        problems += [f"{missing} {which} readings are missing or not finite"] if missing else []
    if problems:
        raise UsageError("readings", problems)
    return first - second


def _around(value, half):
    if half == 0:
        return Estimate(value, NAN, NAN, "interval not estimable: every difference is the same")
    return Estimate(value, float(value - half), float(value + half))
