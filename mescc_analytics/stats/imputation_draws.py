"""One draw of the missing values of one variable, for many completed data sets at once."""

import numpy as np

from mescc_analytics.stats.multinomial import RUNAWAY

MAX_STEPS = 30
MAX_HALVINGS = 12
# squared length of a step in standard errors of the draw; after it about a hundredth is left
CLOSE = 0.1
RIDGE = 1e-5  # share of the sum of squares added to it, as mice does: near-collinear predictors


def draw_numbers(predictors, observed, values, rng, donors):
    """Missing numbers by predictive mean matching.

    Parameters
    ----------
    predictors : array, shape (m, n_cases, p)
        Of m completed data sets, with the intercept.
    observed : array of bool, shape (n_cases,)
    values : array, shape (n_observed,)
    rng : numpy.random.Generator
    donors : int
        How many of the cases with the nearest predicted value are drawn from.

    Returns
    -------
    array, shape (m, n_missing)
        Values that were observed, so that no bound is ever left.

    Notes
    -----
    The missing are predicted with drawn coefficients, the observed with the estimated ones: type 1
    matching of van Buuren, Flexible Imputation of Missing Data, 2018, section 3.4.2.
    """
    have, lack = predictors[:, observed], predictors[:, ~observed]
    fitted, drawn = _linear_draw(have, values, rng)
    known, wanted = np.einsum("mnp,mp->mn", have, fitted), np.einsum("mnp,mp->mn", lack, drawn)
    return np.stack(
        [values[_nearest(*pair, rng, donors)] for pair in zip(known, wanted, strict=True)]
    )


def _linear_draw(x, y, rng):
    """Least squares and one draw from its posterior, each of shape (m, p)."""
    m, n, p = x.shape
    squares = x.transpose(0, 2, 1) @ x
    diagonal = np.einsum("mpp->mp", squares)
    diagonal += RIDGE * diagonal + 1e-12
    inverse = np.linalg.inv(squares)
    fitted = np.einsum("mpq,mnq,n->mp", inverse, x, y, optimize=True)
    residual = y - np.einsum("mnp,mp->mn", x, fitted)
    sigma = np.sqrt((residual**2).sum(axis=1) / rng.chisquare(max(n - p, 1), m))
    root = np.linalg.cholesky((inverse + inverse.transpose(0, 2, 1)) / 2)
    noise = np.einsum("mpq,mq->mp", root, rng.standard_normal((m, p)))
    return fitted, fitted + sigma[:, np.newaxis] * noise


def _nearest(known, wanted, rng, donors):
    """For each wanted value the place of one of the `donors` nearest known ones, at random."""
    donors = min(donors, len(known))
    order = np.lexsort((rng.random(len(known)), known))  # equal ones stand in random order
    ranked = known[order]
    left, right = (np.searchsorted(ranked, wanted, side) for side in ("left", "right"))
    middle = left + (rng.random(len(wanted)) * (right - left + 1)).astype(int)
    first = np.clip(middle - donors, 0, len(known) - min(2 * donors, len(known)))
    window = first[:, np.newaxis] + np.arange(min(2 * donors, len(known)))
    distance = np.abs(ranked[window] - wanted[:, np.newaxis])
    best = np.argpartition(distance, donors - 1, axis=1)[:, :donors]
    chosen = best[np.arange(len(wanted)), rng.integers(0, donors, len(wanted))]
    return order[window[np.arange(len(wanted)), chosen]]


def draw_levels(predictors, observed, codes, allowed, rng, *, start=None):
    """Missing levels by multinomial logistic regression.

    Parameters
    ----------
    predictors : array, shape (m, n_cases, p)
        As in `draw_numbers`, each but the intercept of standard deviation about 1.
    observed : array of bool, shape (n_cases,)
    codes : array of int, shape (n_observed,)
    allowed : array of bool, shape (n_missing, k)
        Levels that each case may have.
    rng : numpy.random.Generator
    start : array, shape (k - 1, p), optional
        Where the search for the coefficients begins.

    Returns
    -------
    (array of int, shape (m, n_missing), array)
        Codes, and the mean coefficients: the next start.

    Notes
    -----
    Coefficients are drawn by the weighted likelihood bootstrap (Newton and Raftery, J R Stat Soc B
    1994;56:3-48): to first order a draw from their posterior, and one that keeps the frequency of
    rare levels, which the normal approximation inflates. A normal prior keeps them finite where
    predictors separate the levels. A level that nobody has is drawn only where nothing else is
    allowed.
    """
    have, lack = predictors[:, observed], predictors[:, ~observed]
    k = allowed.shape[1]
    seen = np.flatnonzero(np.bincount(codes, minlength=k))
    place = np.searchsorted(seen, codes)
    weight = rng.exponential(size=have.shape[:2])
    weight /= weight.mean(axis=1, keepdims=True)
    begin = np.zeros((len(seen) - 1, have.shape[2])) if start is None else start
    beta = _penalised(have, np.eye(len(seen))[place], weight, begin)
    chances = np.zeros((*lack.shape[:2], k))
    chances[:, :, seen] = _softmax(lack @ beta.transpose(0, 2, 1))
    return _choose(chances, allowed, rng), beta.mean(axis=0)


def _softmax(linear):
    linear = np.concatenate([np.zeros((*linear.shape[:2], 1)), linear], axis=2)
    linear -= linear.max(axis=2, keepdims=True)
    shares = np.exp(linear, out=linear)
    shares /= shares.sum(axis=2, keepdims=True)
    return shares


def _choose(chances, allowed, rng):
    """One allowed level per case and data set."""
    chances = chances * allowed
    total = chances.sum(axis=2, keepdims=True)
    chances = np.where(total > 0, chances, allowed)  # nobody has any of the levels left
    upto = chances.cumsum(axis=2)
    drawn = rng.random(chances.shape[:2])[:, :, np.newaxis] * upto[:, :, -1:]
    return (drawn >= upto).sum(axis=2)


def _penalised(x, indicator, weight, start):
    """Coefficients of highest weighted likelihood under the prior, shape (m, k - 1, p)."""
    m, _, p = x.shape
    k = indicator.shape[1] - 1
    penalty = np.tile(_precision(p), k)
    beta = np.broadcast_to(start.ravel(), (m, k * p)).copy()
    shares = _softmax(x @ beta.reshape(m, k, p).transpose(0, 2, 1))
    value = _value(shares, indicator, weight, beta, penalty)
    for _ in range(MAX_STEPS):
        short = (indicator - shares)[:, :, 1:] * weight[:, :, np.newaxis]
        gradient = (short.transpose(0, 2, 1) @ x).reshape(m, -1) - penalty * beta
        information = _information(x, shares[:, :, 1:], weight) + np.diag(penalty)
        step = np.linalg.solve(information, gradient[:, :, np.newaxis])[:, :, 0]
        length = (step * gradient).sum(axis=1)
        for _ in range(MAX_HALVINGS):
            trial = _softmax(x @ (beta + step).reshape(m, k, p).transpose(0, 2, 1))
            reached = _value(trial, indicator, weight, beta + step, penalty)
            worse = ~(reached >= value)
            if not worse.any() or length.max() < CLOSE:
                break
            step[worse] /= 2
        beta, shares, value = beta + step, trial, reached
        if length.max() < CLOSE:
            break
    return beta.reshape(m, k, p)


def _value(shares, indicator, weight, beta, penalty):
    """Weighted log likelihood with the prior, shape (m,)."""
    own = np.maximum((shares * indicator).sum(axis=2), 1e-300)
    return (weight * np.log(own)).sum(axis=1) - (penalty * beta**2).sum(axis=1) / 2


def _precision(p):
    """Of the prior: all predictors together move the log odds by RUNAWAY / 2 at one standard
    deviation, and the intercept is free.
    """
    return np.r_[1e-6, np.full(p - 1, max(p - 1, 1) / (RUNAWAY / 2) ** 2)]


def _information(x, shares, weight):
    """Weighted information of each data set, shape (m, k p, k p)."""
    m, _, p = x.shape
    k = shares.shape[2]
    whole = np.empty((m, k, p, k, p))
    for one in range(m):  # one at a time: it stays in the cache
        own, upright = shares[one], np.ascontiguousarray(x[one].T)
        for i in range(k):
            left = upright * (own[:, i] * weight[one])
            for j in range(i, k):
                block = (left * ((i == j) - own[:, j])) @ x[one]
                whole[one, i, :, j] = whole[one, j, :, i] = block
    return whole.reshape(m, k * p, k * p)
