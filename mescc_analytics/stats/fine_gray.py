"""Fine-Gray model: ratios of the subdistribution hazard of one cause (Breslow ties).

A case that has had a competing event stays in the risk sets with the probability that it would
still be followed. The censoring is taken to be the same for all cases.
"""

import numpy as np

from mescc_analytics.errors import UsageError
from mescc_analytics.stats.competing import checked_causes
from mescc_analytics.stats.cox import RUNAWAY, CoxFit
from mescc_analytics.stats.curves import TOLERANCE, distinct_times
from mescc_analytics.stats.intervals import NAN

MAX_STEPS = 40


def fit_fine_gray(time, cause, covariates, names, *, of=1, level=0.95):
    """Proportional subdistribution hazards with the robust variance.

    Parameters
    ----------
    time : array-like of float, shape (n_cases,)
    cause : array-like of int, shape (n_cases,)
        0: censored; k: the k-th cause happened first.
    covariates : array-like of float, shape (n_cases, p)
    names : sequence of str, length p
    of : int
        The cause that is modelled; all others compete.
    level : float
        Confidence level of the intervals.

    Returns
    -------
    CoxFit
        Coefficients are log ratios of the subdistribution hazard; the covariance allows for the
        estimated censoring.

    Notes
    -----
    Fine and Gray, J Am Stat Assoc 1999;94:496-509. Agrees with R's ``cmprsk::crr``.

    >>> days, cause = [1, 2, 3, 4, 5, 6], [1, 2, 1, 0, 1, 2]
    >>> fit = fit_fine_gray(days, cause, [[0], [1], [1], [0], [0], [1]], ["x"])
    >>> round(float(fit.coefficients[0]), 4)
    -1.007
    """
    time, cause = checked_causes(time, cause, int(np.nanmax(np.asarray(cause, float), initial=1)))
    x = np.asarray(covariates, float).reshape(len(time), -1)
    names = tuple(names)
    if x.shape[1] != len(names) or not names or not np.isfinite(x).all():
        raise UsageError("covariates", ["wanted one name per column and no missing value"])
    if not (cause == of).any():
        return _no_fit(names, level, "no events of this cause")
    centre, scale = x.mean(axis=0), x.std(axis=0)
    if (scale <= TOLERANCE * np.abs(centre)).any():
        return _no_fit(names, level, "a covariate has the same value in every case")
    sets = Subdistribution(time, cause, (x - centre) / scale, of)
    start = sets.likelihood(np.zeros(len(names)))
    if np.linalg.matrix_rank(start[2], tol=1e-9 * (cause == of).sum()) < len(names):
        return _no_fit(names, level, "the covariates do not vary independently in the risk sets")
    return _fitted(sets, names, level, start, scale)


class Subdistribution:
    """Weighted sums over the risk sets at the distinct times of events of the cause.

    Attributes
    ----------
    x : array, shape (n_cases, p)
    events : array, shape (n_times,)
    followed : array, shape (n_times,)
        Probability of being followed just before each time.
    last : array of int, shape (n_cases,)
        Last of these times not after the time of the case; -1: none.
    """

    def __init__(self, time, cause, x, of):
        self.x, self.failed, self.competed = x, cause == of, (cause > 0) & (cause != of)
        all_times, self.position = distinct_times(time)
        self.censored = np.bincount(self.position, cause == 0)
        self.n = np.bincount(self.position)[::-1].cumsum()[::-1]
        # the definition of crr: events on the day of a censoring count as at risk of censoring
        followed = np.r_[1.0, np.cumprod(1 - self.censored / self.n)[:-1]]
        self.followed_before = followed[self.position]
        here = np.bincount(self.position, self.failed) > 0
        self.events = np.bincount(self.position, self.failed)[here]
        self.followed = followed[here]
        self.to_event = np.cumsum(here) - 1
        self.last = self.to_event[self.position]
        self.first_from = np.cumsum(here) - here

    def sums(self, values):
        """Weighted sum of `values` over the risk set at each time."""
        n = len(self.events)
        whole = np.bincount(self.last + 1, values, minlength=n + 1)[::-1].cumsum()[::-1][1:]
        gone = np.where(self.competed, values / self.followed_before, 0.0)
        gone = np.bincount(self.last + 1, gone, minlength=n + 1)[:-1].cumsum()
        return whole + self.followed * gone

    def risk(self, beta):
        """exp(x beta) per case, shifted so that the largest is 1, and the shift."""
        linear = self.x @ beta
        return np.exp(linear - linear.max()), float(linear.max())

    def likelihood(self, beta):
        """Log partial likelihood, its score (p,) and information (p, p)."""
        risk, shift = self.risk(beta)
        s0 = self.sums(risk)
        s1 = np.column_stack([self.sums(risk * column) for column in self.x.T])
        mean = s1 / s0[:, np.newaxis]
        p = self.x.shape[1]
        information = np.empty((p, p))
        for i in range(p):
            for j in range(i, p):
                two = self.sums(risk * self.x[:, i] * self.x[:, j]) / s0 - mean[:, i] * mean[:, j]
                information[i, j] = information[j, i] = self.events @ two
        score = self.x[self.failed].sum(axis=0) - self.events @ mean
        value = (self.x[self.failed] @ beta - shift).sum() - self.events @ np.log(s0)
        return value, score, information

    def residuals(self, beta):
        """Score of every case with what its censoring adds, shape (n_cases, p)."""
        risk, _ = self.risk(beta)
        s0 = self.sums(risk)
        mean = np.column_stack([self.sums(risk * column) for column in self.x.T]) / s0[:, None]
        hazard = self.events / s0
        while_followed = _Hazards(hazard, mean)
        after = _Hazards(hazard * self.followed, mean)

        score = -risk[:, None] * (self.x * while_followed.upto(self.last) - while_followed.means)
        carried = np.where(self.competed, risk / self.followed_before, 0.0)[:, None]
        score -= carried * (self.x * after.beyond(self.last) - after.means)
        score[self.failed] += (self.x - mean[np.maximum(self.last, 0)])[self.failed]
        return score + self._of_censoring(carried, after)

    def _of_censoring(self, carried, after):
        """What the estimated probability of being followed adds to the score of every case."""
        n_times = len(self.n)
        before = [
            np.r_[0.0, np.cumsum(np.bincount(self.position, values, minlength=n_times))[:-1]]
            for values in (carried[:, 0], *(carried * self.x).T)
        ]
        ahead = after.beyond(self.first_from - 1)
        pull = np.column_stack(before[1:]) * ahead - before[0][:, None] * after.means
        jump = pull / self.n[:, None]
        compensated = np.cumsum(jump * (self.censored / self.n)[:, None], axis=0)
        own = jump * (self.censored > 0)[:, None]
        at = self.position
        was_censored = ~(self.failed | self.competed)
        return np.where(was_censored[:, None], own[at], 0.0) - compensated[at]


class _Hazards:
    """Running sums of a hazard and of the hazard times the mean covariates."""

    def __init__(self, hazard, mean):
        self.one = np.r_[0.0, np.cumsum(hazard)]
        self.mean = np.vstack([np.zeros(mean.shape[1]), np.cumsum(hazard[:, None] * mean, axis=0)])
        self.means = None

    def upto(self, last):
        """Sum up to and including the time `last` as a column; `means` holds the other one."""
        self.means = self.mean[last + 1]
        return self.one[last + 1][:, None]

    def beyond(self, last):
        """The same after the time `last`."""
        self.means = self.mean[-1] - self.mean[last + 1]
        return (self.one[-1] - self.one[last + 1])[:, None]


def _fitted(sets, names, level, start, scale):
    beta, current, converged = _climb(sets, np.zeros(len(names)), start)
    inverse = np.linalg.pinv(current[2], hermitian=True, rcond=1e-15)
    residuals = sets.residuals(beta)
    covariance = inverse @ (residuals.T @ residuals) @ inverse
    naive = np.sqrt(np.maximum(np.diag(inverse), 0))
    width = np.ptp(sets.x, axis=0)
    return CoxFit(
        names=names,
        coefficients=beta / scale,
        covariance=covariance / np.outer(scale, scale),
        log_likelihood=float(current[0]),
        loglik_null=float(start[0]),
        converged=converged,
        runaway=(naive == 0) | ((np.abs(beta) * width > RUNAWAY) & (np.abs(beta) < naive)),
        level=level,
        note="" if converged else f"not estimable: no maximum after {MAX_STEPS} steps",
        robust=True,
        model_covariance=inverse / np.outer(scale, scale),
    )


def _climb(sets, beta, current):
    """Newton's method with step halving, as in `cox.fit_cox`."""
    for _ in range(MAX_STEPS):
        step = np.linalg.lstsq(current[2], current[1], rcond=None)[0]
        converged = bool(current[1] @ step < 1e-12)
        proposed = sets.likelihood(beta + step)
        while proposed[0] < current[0] - 1e-9 * abs(current[0]) and not converged:
            step = step / 2
            proposed = sets.likelihood(beta + step)
        beta, current = beta + step, proposed
        if converged:
            return beta, current, True
    return beta, current, False


def _no_fit(names, level, reason):
    p = len(names)
    nothing, none = np.full(p, np.nan), np.zeros(p, bool)
    square = np.full((p, p), np.nan)
    note = f"not estimable: {reason}"
    return CoxFit(names, nothing, square, NAN, NAN, False, none, level, note)
