"""What may be shown of two readings: no figure that tells how few pairs there were, agreed or
differed.
"""

import numpy as np
import pandas as pd

from mescc_analytics import codebook
from mescc_analytics.steps.withhold import HIDDEN, hide, is_small

VALUES = "n_agree share_agree share_lower share_upper estimate ci_lower ci_upper".split()


def agreement(frame, threshold):
    """Rows of agreement.csv with `mark` where the estimates and `n_mark` where the pairs are
    withheld.

    Estimates go where few pairs agree, differ or were read at all; the number of pairs goes where
    it is small or tells that few cases were not read twice.
    """
    n, agree = frame["n_pairs"].astype("Float64"), frame["n_agree"].astype("Float64")
    few = is_small(n, threshold)
    where = few | is_small(agree, threshold) | is_small(n - agree, threshold)
    shown = hide(frame.astype(dict.fromkeys(VALUES, "Float64")), where, VALUES)
    rest = is_small(frame["n_cases"].astype("Float64") - n, threshold)
    marks = pd.Series(pd.NA, index=frame.index, dtype="string").mask(rest, HIDDEN)
    shown["n_mark"] = marks.mask(few, f"<{threshold}")
    shown["n_pairs"] = shown["n_pairs"].astype("Int64").mask(few | rest)
    return shown


def squares(points, reach, threshold, *, untold=False):
    """Pairs counted in squares of the Bland-Altman plane, without those of a small count.

    Parameters
    ----------
    points : DataFrame
        bland_altman.csv: mean_points (0-18, halves), difference_points (-18 to 18), n.
    reach : int
        How far a square reaches from its middle, in points.
    threshold : int
        A square of fewer pairs is left out. Where that leaves out only one square, or fewer pairs
        than the threshold in all, the smallest square shown goes as well: the total is printed.
    untold : bool
        The total is withheld: one square at least is left out, or the sum of all would tell it.

    Returns
    -------
    DataFrame
        mean_points and difference_points (middle of the square), n; ascending.
    """
    width = 2 * reach + 1
    last = np.ceil(codebook.columns("derived")["sins_total"].max / width) - 1
    across = np.minimum(np.floor(points["mean_points"].astype(float) / width), last)
    up = np.floor(points["difference_points"].astype(float) / width + 0.5)
    middle = pd.DataFrame(
        {
            "mean_points": (across + 0.5) * width,
            "difference_points": up * width,
            "n": points["n"].astype("int64"),
        }
    )
    counts = middle.groupby(["mean_points", "difference_points"], sort=True)["n"].sum()
    hidden = is_small(counts, threshold)
    while hidden.any() and not hidden.all() and _tells(counts[hidden], threshold):
        hidden[counts[~hidden].idxmin()] = True
    if untold and len(counts) and not hidden.any():
        hidden[counts.idxmin()] = True
    return counts[~hidden].reset_index()


def _tells(left_out, threshold):
    return len(left_out) == 1 or left_out.sum() < threshold
