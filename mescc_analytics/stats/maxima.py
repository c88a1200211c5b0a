"""Newton's method for many likelihoods at once, such as those of bootstrap samples."""

import numpy as np

MAX_STEPS = 40
HALVINGS = 20
# far below any information that tells something; a coefficient without any stays where it is
RIDGE = 1e-11


def maxima(start, likelihood, enough):
    """Coefficients at which each of many likelihoods is highest.

    Parameters
    ----------
    start : array, shape (n_likelihoods, p)
    likelihood : callable
        From coefficients, shape (m, p), and the positions of m likelihoods to log likelihood (m,),
        score (m, p) and information (m, p, p).
    enough : array, shape (n_likelihoods,)
        Decrement (score times step) at which one more full step is the last.

    Returns
    -------
    array, shape (n_likelihoods, p)
        NaN where there is no maximum after 40 steps.

    >>> def parabola(b, which):
    ...     gap = b - which[:, np.newaxis]
    ...     return -(gap[:, 0] ** 2), -2 * gap, np.full((len(b), 1, 1), 2.0)
    >>> maxima(np.zeros((3, 1)), parabola, np.full(3, 1e-9)).ravel().round(6).tolist()
    [0.0, 1.0, 2.0]
    """
    beta, found = start.copy(), np.full(start.shape, np.nan)
    active = np.arange(len(start))
    here = likelihood(beta, active)
    for _ in range(MAX_STEPS):
        step = _steps(here[1], here[2])
        done = (here[1] * step).sum(axis=1) < enough[active]
        beta, here = _climbed(
            beta, step, here, done, lambda b, at, now=active: likelihood(b, now[at])
        )
        found[active[done]] = beta[done]
        beta, active, here = beta[~done], active[~done], tuple(part[~done] for part in here)
        if not len(active):
            break
    return found


def _steps(score, information):
    size = np.einsum("mii->m", information) / information.shape[1]
    ridge = RIDGE * np.maximum(size, 1e-300)[:, np.newaxis, np.newaxis]
    held = information + ridge * np.eye(information.shape[1])
    return np.linalg.solve(held, score[..., np.newaxis])[..., 0]


def _climbed(beta, step, here, done, likelihood):
    """One step each, halved where it would go down but for rounding."""
    least = here[0] - 1e-9 * np.abs(here[0])
    proposed = tuple(part.copy() for part in likelihood(beta + step, np.arange(len(beta))))
    for _ in range(HALVINGS):
        worse = np.flatnonzero(~(proposed[0] >= least) & ~done)
        if not len(worse):
            break
        step[worse] /= 2
        parts = likelihood(beta[worse] + step[worse], worse)
        for whole, part in zip(proposed, parts, strict=True):
            whole[worse] = part
    return beta + step, proposed
