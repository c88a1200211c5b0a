"""What a weighted estimate owes to each case when its weights come from fitted propensity scores.

With the weights taken as known, the influence of a case is what its own weight does. A case also
moves the scores, and with them the weights of all others; what that does to the estimate is added
here. Intervals mostly become narrower: fitted scores also even out what differs by chance. What a
model of many parameters fits of its own case would make them too narrow; by default every case
counts as if it had been left out of the model.
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from mescc_analytics.errors import UsageError
from mescc_analytics.stats.cases import codes
from mescc_analytics.stats.influence import covariance_of
from mescc_analytics.stats.multinomial import information
from mescc_analytics.stats.propensity import focal_position, propensity_weights


@dataclass(frozen=True)
class ScoreModel:
    """Fitted propensity scores, ready to correct influences; made by `ScoreModel.of`.

    Attributes
    ----------
    probabilities : array, shape (n_cases, k)
    design : array, shape (n_cases, p)
        Covariates on one scale, the intercept first.
    arm : array of int, shape (n_cases,)
        Position among the k arms.
    target : {"overlap", "ate", "att"}
    focal : int
        Position of the arm of "att".
    weight : array, shape (n_cases,)
    inverse : array, shape ((k - 1) p, (k - 1) p)
        Inverse of the information of the scores, arm by arm.
    rows : array of int, shape (n_rows,)
        The case of the model to which each row of the analysis belongs.
    left_out : bool
        Whether a case counts as if the scores had been fitted without it.
    """

    probabilities: np.ndarray
    design: np.ndarray
    arm: np.ndarray
    target: str
    focal: int
    weight: np.ndarray
    inverse: np.ndarray
    rows: np.ndarray
    left_out: bool = True

    @classmethod
    def of(cls, probabilities, covariates, arm, *, target="overlap", focal=None, left_out=True):
        """Scores by multinomial logistic regression, as of `multinomial.fit_multinomial`.

        Parameters
        ----------
        probabilities : array, shape (n_cases, k)
            Of each arm, in the order of its categories.
        covariates : array, shape (n_cases, p - 1)
            Of the fit, without the intercept.
        arm : Categorical or array-like, shape (n_cases,)
        target, focal
            As in `propensity.propensity_weights`; without its trim and cap.
        left_out : bool
            False: the plain sandwich, too narrow where an arm has few cases per parameter.

        >>> scores = ScoreModel.of([[0.5, 0.5]] * 4, [[0], [1], [0], [1]], list("aabb"))
        >>> scores.weight.tolist()
        [0.5, 0.5, 0.5, 0.5]
        """
        arm = pd.Categorical(arm).remove_unused_categories()
        e = np.asarray(probabilities, float)
        weight = propensity_weights(e, arm, target=target, focal=focal)
        x = np.asarray(covariates, float).reshape(len(arm), -1)
        scale = x.std(axis=0)
        x = (x - x.mean(axis=0)) / np.where(scale > 0, scale, 1.0)
        design = np.column_stack([np.ones(len(x)), x])
        inverse = np.linalg.pinv(information(design, e, np.ones(len(e))), hermitian=True)
        found = e, design, arm.codes.astype(int), target, focal_position(arm, focal)
        return cls(*found, weight, inverse, np.arange(len(e)), left_out)

    def at(self, chosen):
        """The same scores, for an analysis of the rows `chosen` of the present one."""
        return replace(self, rows=self.rows[chosen])

    def require(self, weight):
        """UsageError unless the rows have the weights of the scores, up to one factor."""
        own = self.weight[self.rows]
        if len(weight) != len(own):
            found = f"found {len(weight)} weights and {len(own)} rows with scores"
            raise UsageError("weights", [f"{found}, wanted as many of each"])
        ratio = np.asarray(weight, float) / own
        if len(ratio) and np.ptp(ratio) > 1e-6 * np.abs(ratio).max():
            found = f"found ratios to them from {ratio.min():.6g} to {ratio.max():.6g}"
            wanted = "wanted the weights of the propensity scores, up to one factor"
            raise UsageError("weights", [f"{found}, {wanted}"])

    def relative_change(self):
        """Derivative of the log weight by the linear predictor of each arm but the first.

        Returns
        -------
        array, shape (n_cases, k - 1)
            By a coefficient: times the value of its column of the design.
        """
        e, levels = self.probabilities, np.arange(self.probabilities.shape[1])
        if self.target == "overlap":
            towards = 1 / (1 / e).sum(axis=1, keepdims=True) / e
        elif self.target == "ate":
            towards = e
        else:
            towards = (levels == self.focal) * 1.0
        return (towards - (self.arm[:, np.newaxis] == levels))[:, 1:]

    def corrected(self, influences):
        """Influences of the cases of the model, the way through the scores included.

        Parameters
        ----------
        influences : array, shape (n_rows, m)
            Derivative of each of m estimates by the log weight of each row: what
            `influence.Follow` and `sandwich.influence_on` give.

        Returns
        -------
        array, shape (n_cases, m)

        Notes
        -----
        Lunceford and Davidian, Stat Med 2004;23:2937-2960; for the Cox model Shu, Young, Toh and
        Wang, Biometrics 2021;77:1101-1117; for overlap weights and survival Mao, Li, Yang and Shen,
        Stat Med 2018;37:3745-3763. The derivative of the estimate by the coefficients of the scores
        is the sum of the influences times the relative change of the weights; times the inverse
        information and the score of the case it is what the case does by way of the scores. The
        shares of the arms in stabilised weights count as estimated too.

        Left out: the score of the case is divided by 1 minus its leverage (Pregibon, Ann Stat
        1981;9:705-724), and its own part is taken out of the derivative; for two arms and overlap
        weights the whole influence is then divided by 1 minus the leverage, as in HC3 (MacKinnon
        and White, J Econom 1985;29:305-325).
        """
        own = np.zeros((len(self.arm), np.shape(influences)[1]))
        np.add.at(own, self.rows, np.asarray(influences, float))
        change, residual, share = self.terms()
        slope = [self.design.T @ (column[:, np.newaxis] * own) for column in change.T]
        moved = self.inverse @ np.concatenate(slope)
        moved = moved.reshape(len(slope), -1, own.shape[1])
        found = share[:, np.newaxis] * own + self._through_shares(own)
        for column, part in zip(residual.T, moved, strict=True):
            found += column[:, np.newaxis] * (self.design @ part)
        return found

    def terms(self):
        """What `corrected` takes from the scores.

        Returns
        -------
        change, residual : arrays, shape (n_cases, k - 1)
            Relative change of the weight; score of the case, by linear predictor.
        share : array, shape (n_cases,)
            Factor of the influence of the case itself.
        """
        change, levels = self.relative_change(), np.arange(1, self.probabilities.shape[1])
        residual = (self.arm[:, np.newaxis] == levels) - self.probabilities[:, 1:]
        share = np.ones(len(residual))
        if self.left_out:
            spread = self._spread()
            residual = self._without_own(residual, spread)
            share -= np.einsum("na,nab,nb->n", change, spread, residual)
        return change, residual, share

    def _spread(self):
        """Covariance of the linear predictors of each case, shape (n_cases, k - 1, k - 1)."""
        k, x = self.probabilities.shape[1] - 1, self.design
        blocks = self.inverse.reshape(k, x.shape[1], k, x.shape[1])
        found = np.empty((len(x), k, k))
        for a in range(k):
            for b in range(a, k):
                found[:, a, b] = found[:, b, a] = ((x @ blocks[a, :, b]) * x).sum(axis=1)
        return found

    def _without_own(self, residual, spread):
        """Residuals by scores that are fitted without the case, to first order."""
        e = self.probabilities[:, 1:]
        variance = np.eye(e.shape[1]) * e[:, :, np.newaxis] - e[:, :, np.newaxis] * e[:, np.newaxis]
        # a leverage is below 1 where the fit has a maximum; rounding must not make it 1
        kept = np.eye(e.shape[1]) * (1 + 1e-9) - variance @ spread
        return np.linalg.solve(kept, residual[..., np.newaxis])[..., 0]

    def _through_shares(self, own):
        if self.target != "ate":
            return 0.0
        sizes = np.bincount(self.arm)
        of_arm = np.stack([own[self.arm == code].sum(axis=0) for code in range(len(sizes))])
        return (of_arm / sizes[:, np.newaxis])[self.arm] - of_arm.sum(axis=0) / len(own)

    def covariance(self, influences, cluster=None):
        """Covariance of estimates, as `influence.covariance_of`, of corrected influences.

        Parameters
        ----------
        influences : array, shape (n_rows, m)
        cluster : array-like, shape (n_rows,), optional
            Rows that belong together. Cases of the model that have no row stand alone.

        Returns
        -------
        array, shape (m, m)
        """
        return covariance_of(self.corrected(influences), self.clusters(cluster))

    def clusters(self, cluster):
        """Clusters of the cases of the model: numbers from 0, all used; None without clusters.

        Parameters
        ----------
        cluster : array-like, shape (n_rows,), or None

        Returns
        -------
        array of int, shape (n_cases,), or None
        """
        if cluster is None:
            return None
        found = len(self.rows) + np.arange(len(self.arm))
        found[self.rows] = codes(cluster, len(self.rows), "clusters")
        return codes(found, len(found), "clusters")
