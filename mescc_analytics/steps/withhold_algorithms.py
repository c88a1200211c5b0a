"""Withholding in the tables that compare the algorithms.

The agreement of a pair of algorithms tells sums of its counts (those that agree, those compared)
beside the totals of each algorithm, which another table shows; no hidden count may follow from all
of these together.
"""

import numpy as np
import pandas as pd

from mescc_analytics.steps import withhold
from mescc_analytics.tables import disclosure

PAIR = ["first", "second"]
UNDETERMINED = "undetermined"


def cells(frame, threshold):
    """Counts of the pairs of pathways among the cases analysed, suppressed.

    Parameters
    ----------
    frame : DataFrame
        algorithms.csv.
    threshold : int

    Returns
    -------
    DataFrame
        first, second, first_pathway, second_pathway, n, mark; pathways without a case are left out.
        Empty where no algorithm gives any case a pathway.
    """
    chosen = frame[(frame["section"] == "cell") & (frame["cases"] == "analysed")]
    known = chosen["first_pathway"].ne(UNDETERMINED) | chosen["second_pathway"].ne(UNDETERMINED)
    chosen = chosen if (known & (chosen["n"] > 0)).any() else chosen.iloc[:0]
    parts = [_of_pair(pair, threshold) for _, pair in chosen.groupby(PAIR, sort=False)]
    empty = chosen.assign(mark=pd.array([], dtype="string")) if chosen.empty else None
    return pd.concat(parts, ignore_index=True) if parts else empty


def _of_pair(pair, threshold):
    pair, wide = _wide(pair)
    where = pd.Series(_hidden(wide, threshold).ravel(), index=pair.index)
    # one mark for all: to say which of them are small would narrow them down to one number
    return withhold.hide(pair, where, ["n"])


def _wide(pair):
    """The rows of a pair without the pathways that no case has, and the same as a table."""
    names = ["first_pathway", "second_pathway"]
    for name in names:
        pair = pair[pair.groupby(name)["n"].transform("sum") > 0]
    order = [list(dict.fromkeys(pair[name])) for name in names]
    wide = pair.pivot(index=names[0], columns=names[1], values="n")
    return pair, wide.reindex(index=order[0], columns=order[1]).fillna(0).astype("Int64")


def _hidden(wide, threshold):
    """The cells to hide, so that no small count follows from what is shown."""
    hidden = disclosure.suppress_crosstab(wide, threshold).isna().to_numpy()
    while not hidden.all() and _told(wide, hidden, threshold).any():
        hidden.flat[_one_more(wide, hidden, threshold)] = True
    while not hidden.all() and (told := _pinned(wide, hidden, threshold)).any():
        hidden.flat[_beside(wide, hidden, told)] = True
    return hidden


def _told(wide, hidden, threshold):
    """Small counts that follow from the sums."""
    counts = wide.to_numpy("int64")
    small = (counts > 0) & (counts < threshold)
    return follows(hidden, list(wide.index), list(wide.columns)) & small


def _pinned(wide, hidden, threshold):
    """Small counts that follow from the sums and from no count being below 0."""
    counts = wide.to_numpy("int64")
    asked = hidden & (counts > 0) & (counts < threshold)
    sums = _sums(list(wide.index), list(wide.columns))[:, hidden.ravel()]
    told = np.zeros(hidden.shape, dtype=bool)
    for number, place in enumerate(np.flatnonzero(hidden)):
        told.flat[place] = asked.flat[place] and _only_one(number, sums, counts[hidden])
    return told


def _only_one(number, sums, counts):
    """Whether no other numbers with the same sums change the hidden count at a place."""
    from scipy.optimize import LinearConstraint, milp

    known, whole = sums @ counts, np.ones(len(counts))
    for sign in (1, -1):
        aim = np.zeros(len(counts))
        aim[number] = sign
        rule = LinearConstraint(sums, known, known)
        end = milp(aim, integrality=whole, constraints=rule).x[number]
        if round(end) != counts[number]:
            return False
    return True


def _beside(wide, hidden, told):
    """Place of the cell to hide next: rather not a 0, rather one that crosses a line with a count
    that is told, rather a small one.
    """
    counts, lines = wide.to_numpy("int64"), told.any(axis=0) | told.any(axis=1)[:, None]
    places = np.flatnonzero(~hidden).tolist()
    return min(places, key=lambda at: (counts.flat[at] == 0, not lines.flat[at], counts.flat[at]))


def _one_more(wide, hidden, threshold):
    """Place of the cell whose hiding leaves the fewest small counts to be worked out: rather not a
    0, rather a small one.
    """

    def left(place):
        more = hidden.copy()
        more.flat[place] = True
        count = int(wide.to_numpy("int64").flat[place])
        return int(_told(wide, more, threshold).sum()), count == 0, count, place

    return min(np.flatnonzero(~hidden).tolist(), key=left)


def follows(hidden, first_levels, second_levels):
    """Whether a hidden count follows from the totals of rows and columns, the number compared and
    the number that agree.

    Parameters
    ----------
    hidden : array of bool, shape (n_rows, n_columns)
    first_levels, second_levels : sequences of str
        Pathways of the rows and of the columns.

    Returns
    -------
    array of bool, shape (n_rows, n_columns)

    Examples
    --------
    >>> levels = ["sbrt", "cebrt", "undetermined"]
    >>> square = np.array([[True, True, False], [True, True, False], [False, False, False]])
    >>> int(follows(square, levels, levels).sum())
    4
    """
    sums = _sums(first_levels, second_levels)[:, hidden.ravel()]
    out = np.zeros(hidden.size, dtype=bool)
    if hidden.any():
        # a count follows where its unit vector is a combination of the known sums
        _, size, vectors = np.linalg.svd(sums, full_matrices=False)
        basis = vectors[size > 1e-9]
        out[hidden.ravel()] = np.isclose((basis**2).sum(axis=0), 1, rtol=0, atol=1e-9)
    return out.reshape(hidden.shape)


def _sums(first_levels, second_levels):
    """Which cells the known sums add up: rows, columns, those that agree, those compared."""
    rows = np.repeat(np.eye(len(first_levels)), len(second_levels), axis=1)
    columns = np.tile(np.eye(len(second_levels)), len(first_levels))
    same = np.equal.outer(np.array(first_levels), np.array(second_levels))
    known = np.outer(
        np.array(first_levels) != UNDETERMINED, np.array(second_levels) != UNDETERMINED
    )
    return np.vstack([rows, columns, (same & known).ravel(), known.ravel()])


def agreement(frame, threshold):
    """Agreement rows of every pair among the cases analysed.

    Parameters
    ----------
    frame : DataFrame
        algorithms.csv.
    threshold : int

    Returns
    -------
    list of (str, str, dict)
        The two algorithms, and the rows by their text as of `withhold.agreement`; empty where the
        numbers are small or there is nothing to compare.
    """
    chosen = frame[frame["cases"] == "analysed"]
    found = []
    for (first, second), rows in chosen.groupby(PAIR, sort=False):
        agreed = withhold.agreement(rows[rows["section"] == "agreement"], threshold)
        _, wide = _wide(rows[rows["section"] == "cell"])
        # where even hiding every cell would not keep a small count, the sums themselves are hidden
        found.append((first, second, {} if _hopeless(wide, threshold) else agreed))
    return found


def _hopeless(wide, threshold):
    """Whether a small count follows from the sums even where every cell is hidden."""
    if wide.empty:
        return False
    hidden = _hidden(wide, threshold)
    told = _told(wide, hidden, threshold) | _pinned(wide, hidden, threshold)
    return bool(told.any())
