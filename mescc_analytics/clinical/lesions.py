"""Every contiguous lesion with its own SINS and SOSG, and which of a case's lesions is the index
lesion. A score is never added up over lesions.
"""

import numpy as np
import pandas as pd

from mescc_analytics import codebook
from mescc_analytics.clinical.flags import join_codes
from mescc_analytics.clinical.frames import beside
from mescc_analytics.clinical.scores import grade_compression, score_instability
from mescc_analytics.clinical.sites import count_runs, vertebra_bits

# Nothing recorded: below every recorded value when lesions are ranked, and possibly the highest.
UNKNOWN = -1
PARTIAL_RANKS = {"1": ("1a", "1c"), "high": ("2", "3")}


def score_lesions(lesions, settings):
    """Lesions with their scores.

    Parameters
    ----------
    lesions : DataFrame, shape (n_lesions, ...)
        Typed lesions table; any column but case_id and lesion_id may be absent.
    settings : dict
        The score section of the config.

    Returns
    -------
    DataFrame, shape (n_lesions, n_columns + more)
        Input columns and order kept; SINS (0-18 points) and SOSG columns as for cases, and
        n_contiguous, the lesions that its text of spinal levels makes (adjacent vertebrae are one).
    """
    bits, _ = bits_of(lesions)
    runs = pd.Series(count_runs(bits), index=lesions.index, dtype="Int64").mask(bits == 0)
    sins, sosg = score_instability(lesions, settings), grade_compression(lesions, settings)
    return beside(lesions, sins, sosg, runs.rename("n_contiguous").to_frame())


def bits_of(frame):
    """Bits and readability of the spinal levels of a frame that may lack them."""
    return vertebra_bits(text_of(frame, "spinal_levels"))


def text_of(frame, name):
    """One column as text; missing throughout where the frame lacks it."""
    if name in frame:
        return frame[name].astype("string")
    return pd.Series(pd.NA, index=frame.index, dtype="string")


def grade_bounds(frame):
    """Lowest and highest SOSG rank (0-5) that what was recorded allows; arrays, shape (n_rows,).

    The lowest is UNKNOWN where nothing was recorded.
    """
    levels = codebook.columns("lesions")["sosg_grade"].levels
    ranks = {grade: (rank, rank) for rank, grade in enumerate(levels)}
    ranks |= {
        name: tuple(levels.index(end) for end in ends) for name, ends in PARTIAL_RANKS.items()
    }
    recorded = text_of(frame, "sosg_grade").fillna(text_of(frame, "sosg_partial"))
    missing = (UNKNOWN, len(levels) - 1)
    codes, distinct = pd.factorize(recorded)
    table = np.array([*(ranks.get(grade, missing) for grade in distinct), missing], dtype=int)
    return table[codes, 0], table[codes, 1]


def choose_index(scored, case, criteria):
    """The index lesion of every case.

    Parameters
    ----------
    scored : DataFrame, shape (n_lesions, ...)
        As `score_lesions` gives it.
    case : array of int, shape (n_lesions,)
        Position of each lesion's case; -1 where there is no such case.
    criteria : sequence of {"sosg", "symptomatic", "sins", "cephalad", "lesion_id"}
        In order; lesions that tie in one are told apart by the next, and at last by lesion_id.

    Returns
    -------
    (array of int, array of bool), each shape (n_cases_with_lesions,)
        Rows of the index lesions, in the order of their cases; whether what is missing could make
        another lesion of the case the index lesion. What is missing never wins over what is
        recorded.
    """
    ranked = [*criteria, *(["lesion_id"] if "lesion_id" not in criteria else [])]
    bounds = [CRITERIA[name](scored) for name in ranked]
    order = np.lexsort([*(-low for low, _ in reversed(bounds)), case])
    order = order[case[order] >= 0]
    first = np.diff(case[order], prepend=-1) != 0
    chosen = order[first]
    rival = np.empty(len(case), dtype=int)
    rival[order] = np.repeat(chosen, np.diff(np.flatnonzero(np.append(first, True))))
    may_win = np.zeros(len(case), dtype=bool)
    may_win[order] = _may_win(bounds, order, rival[order])
    may_win[chosen] = False
    return chosen, np.bincount(case[may_win], minlength=case.max(initial=-1) + 1)[case[chosen]] > 0


def _may_win(bounds, rows, rivals):
    """Whether each row at its highest comes before its rival at its lowest."""
    wins, tied = np.zeros(len(rows), dtype=bool), np.ones(len(rows), dtype=bool)
    for low, high in bounds:
        wins |= tied & (high[rows] > low[rivals])
        tied &= high[rows] == low[rivals]
    return wins


def _symptomatic(scored):
    if "symptomatic" not in scored:
        return np.full(len(scored), UNKNOWN), np.ones(len(scored), dtype=int)
    known = scored["symptomatic"].astype("Int64")
    return known.fillna(UNKNOWN).to_numpy(dtype=int), known.fillna(1).to_numpy(dtype=int)


def _sins(scored):
    return scored["sins_min"].to_numpy(dtype=int), scored["sins_max"].to_numpy(dtype=int)


def _cephalad(scored):
    """Minus the place of the highest vertebra, counted from the occiput."""
    bits, read = bits_of(scored)
    place = -np.bitwise_count((bits & -bits) - 1).astype(int)
    return np.where(bits == 0, -64, place), np.where(read, place, 0)


def _lesion_id(scored):
    """Minus the rank of the id: "2" comes before "10"."""
    ids = scored["lesion_id"].astype("string").fillna("")
    by_text, _ = pd.factorize(ids, sort=True)
    order = np.lexsort((by_text, ids.str.len().to_numpy(dtype=int)))
    rank = np.empty(len(ids), dtype=int)
    rank[order] = np.arange(len(ids))
    same = pd.Series(rank).groupby(ids.to_numpy()).transform("min").to_numpy()
    return -same, -same


CRITERIA = {
    "sosg": grade_bounds,
    "symptomatic": _symptomatic,
    "sins": _sins,
    "cephalad": _cephalad,
    "lesion_id": _lesion_id,
}


def mark_lesions(scored, case, chosen):
    """Lesions with is_index (boolean; missing for a lesion of no case) and lesion_flags."""
    is_index = np.zeros(len(scored), dtype=bool)
    is_index[chosen] = True
    flags = {
        "LESION_NOT_CONTIGUOUS": scored["n_contiguous"].gt(1),
        "LESION_WITHOUT_CASE": case < 0,
    }
    return scored.assign(
        is_index=pd.array(is_index, dtype="boolean"),
        lesion_flags=join_codes(flags, scored.index),
    )
