"""Score test of proportional hazards, as R's ``cox.zph``."""

import numpy as np
import pandas as pd
from scipy.special import chdtrc

from mescc_analytics.errors import UsageError
from mescc_analytics.stats.intervals import NAN

TRANSFORMS = ("km", "identity", "log", "rank")


def ph_test(fit, transform="km"):
    """Score test of proportional hazards: does a coefficient change with time?

    Parameters
    ----------
    fit : CoxFit
    transform : {"km", "identity", "log", "rank"}
        Scale of time on which the coefficient is let change; "km" is 1 - survival just before.

    Returns
    -------
    DataFrame
        term, statistic, df, p, note; one row per covariate, last row "global".

    Notes
    -----
    Grambsch and Therneau, Biometrika 1994;81:515-526, as a score test with the information at each
    time of death. Agrees with R's ``cox.zph(terms = FALSE)``, survival 3.0 and later.

    >>> from mescc_analytics.stats.cox import fit_cox
    >>> fit = fit_cox([1, 2, 3, 4, 5], [1, 1, 1, 0, 1], [[0], [1], [0], [1], [1]], ["x"])
    >>> list(ph_test(fit)["term"])
    ['x', 'global']
    """
    if transform not in TRANSFORMS:
        raise UsageError(
            "transform", [f"found '{transform}', wanted one of {', '.join(TRANSFORMS)}"]
        )
    terms = (*fit.names, "global")
    if fit.note or fit.runaway.any():
        return ph_frame(terms, fit.note or "not estimable: a coefficient has no maximum")
    if fit.robust:
        return ph_frame(terms, "not estimable: the test does not hold with weights or clusters")
    scale_of_time = fit.risk_sets.time_scale(transform)
    if not np.isfinite(scale_of_time).all() or np.ptp(scale_of_time) == 0:
        return ph_frame(terms, "not estimable: the scale of time has fewer than two values")
    return _ph_score(fit, terms, scale_of_time)


def ph_frame(terms, note, statistic=NAN, df=0, p=NAN):
    """Rows of the result of `ph_test`, one per term."""
    return pd.DataFrame({"term": terms, "statistic": statistic, "df": df, "p": p, "note": note})


def _ph_score(fit, terms, g):
    p = len(fit.names)
    g = (g - np.average(g, weights=fit.risk_sets.deaths)) / np.std(g)
    score, information = fit.risk_sets.by_time(fit.coefficients * fit.scale)
    i11, i12, i22 = (np.einsum("t,tij->ij", g**power, information) for power in (0, 1, 2))
    u = g @ score

    # information on the change with time that is left once the coefficients are refitted
    left = i22 - i12 @ np.linalg.solve(i11, i12)
    tested = [*([j] for j in range(p)), list(range(p))]
    rows = []
    for term, columns in zip(terms, tested, strict=True):
        block = left[np.ix_(columns, columns)]
        if np.linalg.matrix_rank(block, tol=1e-9 * np.abs(i22).max()) < len(columns):
            rows.append(ph_frame([term], "not estimable: too few times of death"))
            continue
        statistic = float(u[columns] @ np.linalg.solve(block, u[columns]))
        df = len(columns)
        rows.append(ph_frame([term], "", statistic, df, float(chdtrc(df, statistic))))
    return pd.concat(rows, ignore_index=True)
