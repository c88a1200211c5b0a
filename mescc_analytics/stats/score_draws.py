"""Bootstrap samples of cases with propensity scores fitted again in each."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.special import ndtr

from mescc_analytics.stats.bootstrap import resampled_counts
from mescc_analytics.stats.estimated_scores import ScoreModel
from mescc_analytics.stats.intervals import NAN
from mescc_analytics.stats.maxima import maxima
from mescc_analytics.stats.propensity import propensity_weights
from mescc_analytics.stats.resampling import percentile_interval

# numbers of an array of resamples, cases and arms held at a time
CHUNK = 4_000_000
# no score is below; the same as of the scores themselves
SMALLEST = 1e-12


@dataclass(frozen=True)
class ScoreDraws:
    """Weights of the cases in bootstrap samples; made by `ScoreDraws.of`.

    Attributes
    ----------
    weight : array, shape (n_resamples, n_cases)
        How often the case was drawn, times its weight by the scores of the sample; NaN throughout a
        sample whose scores have no maximum.
    rows : array of int, shape (n_rows,)
        The case of the model to which each row of the analysis belongs.
    """

    weight: np.ndarray
    rows: np.ndarray

    @classmethod
    def of(cls, scores, rng, *, n_resamples=500, cluster=None):
        """Draw cases and fit the scores again.

        Parameters
        ----------
        scores : ScoreModel
            The fit to all cases, from which every other one starts.
        rng : numpy.random.Generator
        n_resamples : int
        cluster : array-like, shape (n_rows,), optional
            Rows of the analysis that are drawn together; cases without one are drawn alone.

        Notes
        -----
        A covariate that separates the arms of a sample, though not those of all cases, sends its
        coefficient off; the scores converge all the same, and are used.
        """
        n, k = scores.probabilities.shape
        together = scores.clusters(cluster)
        size, parts = max(1, CHUNK // (n * k)), []
        for low in range(0, max(n_resamples, 1), size):
            counts = resampled_counts(n, rng, min(size, n_resamples - low), together)
            parts.append(counts * _weights(scores, counts))
        return cls(np.concatenate(parts), scores.rows)

    def at(self, chosen):
        """The same draws, for an analysis of the rows `chosen` of the present one."""
        return replace(self, rows=self.rows[chosen])

    def of_rows(self):
        """Weights of the rows of the analysis, shape (n_resamples, n_rows)."""
        return self.weight[:, self.rows]


def bootstrap_limits(found, drawn, level=0.95):
    """Percentile interval of an estimate, and the p value of its not being 0.

    Parameters
    ----------
    found : float
    drawn : array, shape (n_resamples,)
        NaN where a resample has no estimate.
    level : float

    Returns
    -------
    dict
        std_err (standard deviation of the resamples), ci_lower, ci_upper, p (normal), note.

    >>> limits = bootstrap_limits(2.0, np.array([0.0, 1, 2, 3, 4]), 0.5)
    >>> limits["ci_lower"], limits["ci_upper"], round(limits["p"], 3)
    (1.0, 3.0, 0.206)
    """
    lower, upper, note = percentile_interval(drawn, level)
    error = np.nanstd(drawn, ddof=1) if np.isfinite(lower) else NAN
    p = float(2 * ndtr(-abs(found) / error))
    return {"std_err": error, "ci_lower": lower, "ci_upper": upper, "p": p, "note": note}


def _weights(scores, counts):
    """Weights of all cases, shape (n_resamples, n_cases), by the scores of each sample."""
    e = refitted(scores, counts)
    found = np.full(counts.shape, np.nan)
    fitted = np.isfinite(e).all(axis=(1, 2))
    flat = np.maximum(e[fitted].reshape(-1, e.shape[2]), SMALLEST)
    names = list(map(str, range(e.shape[2])))
    arm = pd.Categorical.from_codes(np.tile(scores.arm, int(fitted.sum())), names)
    if not fitted.any():
        return found
    given = {"target": scores.target, "focal": names[scores.focal]}
    found[fitted] = propensity_weights(flat, arm, **given).reshape(-1, counts.shape[1])
    if scores.target == "ate":
        # stabilised by the shares of the sample in place of those of all cases
        shares = counts @ np.eye(len(names))[scores.arm] / counts.sum(axis=1, keepdims=True)
        found *= (shares / (np.bincount(scores.arm) / len(scores.arm)))[:, scores.arm]
    return found


def refitted(scores: ScoreModel, counts):
    """Propensity scores fitted to samples in which each case counts several times.

    Parameters
    ----------
    scores : ScoreModel
    counts : array, shape (n_resamples, n_cases)

    Returns
    -------
    array, shape (n_resamples, n_cases, k)
        NaN where there is no maximum.
    """
    e, x = scores.probabilities, scores.design
    with_one = np.maximum(e, SMALLEST)
    start = np.linalg.lstsq(x, np.log(with_one[:, 1:] / with_one[:, :1]), rcond=None)[0].T.ravel()
    start = np.tile(start, (len(counts), 1))
    products = (x[:, :, np.newaxis] * x[:, np.newaxis]).reshape(len(x), -1)
    chosen = np.eye(e.shape[1])[scores.arm]

    def likelihood(beta, which):
        p, count = _probabilities(x, beta, e.shape[1]), counts[which]
        own = np.maximum((p * chosen).sum(axis=2), 1e-300)
        residual = (chosen - p)[:, :, 1:] * count[:, :, np.newaxis]
        score = np.einsum("mnl,np->mlp", residual, x, optimize=True).reshape(beta.shape)
        return (count * np.log(own)).sum(axis=1), score, _information(p, count, products)

    # a decrement of 1e-8 per case leaves the scores exact to about 1e-8 by one more step
    return _probabilities(x, maxima(start, likelihood, 1e-8 * counts.sum(axis=1)), e.shape[1])


def _probabilities(x, beta, k):
    linear = np.zeros((len(beta), len(x), k))
    for level, part in enumerate(beta.reshape(len(beta), k - 1, -1).transpose(1, 2, 0), start=1):
        linear[:, :, level] = (x @ part).T
    shares = np.exp(linear - linear.max(axis=2, keepdims=True))
    return shares / shares.sum(axis=2, keepdims=True)


def _information(p, count, products):
    k, size = p.shape[2] - 1, int(np.sqrt(products.shape[1]))
    found = np.empty((len(p), k, size, k, size))
    for a in range(k):
        for b in range(a, k):
            spread = count * p[:, :, a + 1] * ((a == b) - p[:, :, b + 1])
            block = (spread @ products).reshape(-1, size, size)
            found[:, a, :, b] = found[:, b, :, a] = block
    return found.reshape(len(p), k * size, k * size)
