"""Small counts are hidden before anything is published.

A count is small when it is above 0 and below the threshold; 0 says nothing about anybody. A count
is also hidden when what is left of its total is small, because a subtraction would reveal it. A
threshold of 0 or 1 hides nothing.
"""

import numpy as np
import pandas as pd


def hide_small(frame, count, total, values, threshold):
    """Hide rows whose count, or whose complement to the total, is small.

    Parameters
    ----------
    frame : DataFrame, shape (n_rows, n_columns)
    count : str
        Column of counts.
    total : str or None
        Column of the totals from which the counts are; None where there is no complement.
    values : sequence of str
        Columns that would reveal the count: proportions, limits, other counts.
    threshold : int
        Smallest count that is shown.

    Returns
    -------
    DataFrame, shape (n_rows, n_columns + 1)
        A copy with the boolean column `suppressed`; there, `count` and `values` are missing. A
        total that is small itself is missing as well. A missing count stays missing and is not
        called suppressed.

    Examples
    --------
    >>> rates = pd.DataFrame({"n": [4, 5, 26], "of": [30, 30, 30], "percent": [13.3, 16.7, 86.7]})
    >>> hide_small(rates, "n", "of", ["percent"], 5)["suppressed"].tolist()
    [True, False, True]
    """
    suppressed = _small(frame[count], threshold)
    if total is not None:
        suppressed |= _small(frame[total] - frame[count], threshold)
    hidden = frame.copy()
    for name in dict.fromkeys([count, *values]):
        hidden[name] = _nullable(frame[name]).mask(suppressed)
    if total is not None:
        hidden[total] = _nullable(hidden[total]).mask(_small(frame[total], threshold))
    return hidden.assign(suppressed=suppressed)


def _small(counts, threshold):
    return ((counts > 0) & (counts < threshold)).astype("boolean").fillna(False)


def _nullable(series):
    return series.astype("Int64") if pd.api.types.is_integer_dtype(series.dtype) else series


def suppress_crosstab(counts, threshold):
    """Hide the small cells of a table of counts, and others from which its totals reveal them.

    Parameters
    ----------
    counts : DataFrame of int, shape (n_rows, n_columns)
        Without totals.
    threshold : int
        Smallest count that is shown.

    Returns
    -------
    DataFrame of Int64, shape (n_rows, n_columns)
        Hidden cells are missing. A row or column with exactly one hidden cell loses another one
        as well, repeated until nothing changes: not a zero where there is a choice, rather one
        that crosses a line with a hidden cell, then the smallest.
    """
    shown = counts.astype("Int64")
    values = shown.to_numpy("int64")
    hidden = (values > 0) & (values < threshold)
    while _hide_one_more(values, hidden) or _hide_one_more(values.T, hidden.T):
        pass
    return shown.mask(pd.DataFrame(hidden, index=counts.index, columns=counts.columns))


def _hide_one_more(values, hidden):
    """Hide one more cell in the first line with exactly one hidden; whether there was one."""
    crossed = hidden.any(axis=0)
    for line_values, line_hidden in zip(values, hidden, strict=True):
        if line_hidden.sum() == 1 and len(line_hidden) > 1:
            # a cell that crosses a line with a hidden cell leaves no new line with only one
            order = np.lexsort((line_values, ~crossed, line_values == 0))
            line_hidden[next(at for at in order if not line_hidden[at])] = True
            return True
    return False


def hide_more(counts, hidden, least, threshold):
    """Which counts of a known total to hide, so that the sum of the hidden ones tells none.

    Parameters
    ----------
    counts : Series of int
        In the order in which further ones are hidden; none that is 0 is.
    hidden : Series of bool
        Hidden already.
    least : Series of int
        What a reader knows of each: not below this.
    threshold : int

    Returns
    -------
    Series of bool

    Examples
    --------
    >>> counts = pd.Series([1, 2, 41, 92])
    >>> hide_more(counts, counts < 5, counts.clip(upper=1), 5).tolist()
    [True, True, True, False]
    """
    gone = hidden.copy()
    free = counts[~gone & (counts > 0)].index.to_list()
    while gone.any() and free and _tells(counts[gone], least[gone], threshold):
        gone[free.pop(0)] = True
    return gone


def _tells(counts, least, threshold):
    """Whether the sum of hidden counts tells one of them, or is itself small."""
    total = counts.sum()
    most = len(counts) * (threshold - 1)
    exact = total == least.sum() or (total == most and counts.max() < threshold)
    return len(counts) == 1 or bool(exact) or 0 < total < threshold


def merge_small_steps(flow, threshold):
    """Merge the exclusions of an attrition flow until none of them is small.

    Parameters
    ----------
    flow : DataFrame, shape (n_steps, n_columns)
        Columns criterion, label, applies_to, n_before, n_excluded, n_unknown, n_after; in order.
    threshold : int
        Smallest count that is shown.

    Returns
    -------
    DataFrame of Int64 counts, shape (at most n_steps, n_columns)
        Consecutive steps of the same `applies_to` are merged, their labels joined with " or ".
        Where all exclusions of an `applies_to` together are small, their count is missing, and so
        are the number and the exclusion before it, so that no difference reveals it. Other small
        counts are missing.

    Notes
    -----
    The number before the comparison of arms is the number in the analyses of the whole cohort;
    where it is missing here, it must not be printed beside the number compared.
    """
    blocks = [block for _, block in flow.groupby("applies_to", sort=False)]
    merged = [
        pd.DataFrame([_merged(group) for group in _groups(block, threshold)]) for block in blocks
    ]
    steps = pd.concat(merged, ignore_index=True)[list(flow.columns)]
    counts = ["n_before", "n_excluded", "n_unknown", "n_after"]
    steps = steps.astype(dict.fromkeys(counts, "Int64"))
    small = _small(steps["n_excluded"], threshold)
    # the number before a hidden exclusion stands wherever no exclusion lies between, and
    # follows from the last exclusion before it
    revealing = steps.loc[small.to_numpy(dtype=bool), "n_before"]
    before = (steps["n_excluded"] > 0) & steps["n_after"].isin(revealing)
    steps["n_excluded"] = steps["n_excluded"].mask(before)
    for name in ("n_before", "n_after"):
        steps[name] = steps[name].mask(steps[name].isin(revealing))
    for name in counts:
        steps[name] = steps[name].mask(_small(steps[name], threshold))
    return steps


def _groups(block, threshold):
    """Runs of consecutive steps whose exclusions are 0 or not small, as far as possible."""
    groups = []
    for step in block.to_dict("records"):
        pending = groups and 0 < _excluded(groups[-1]) < threshold
        groups[-1].append(step) if pending else groups.append([step])
    while groups and 0 < _excluded(groups[-1]) < threshold and any(map(_excluded, groups[:-1])):
        last = groups.pop()
        groups[-1] += last
    return groups


def _excluded(group):
    return sum(step["n_excluded"] for step in group)


def _merged(group):
    joined = {name: " or ".join(step[name] for step in group) for name in ("criterion", "label")}
    summed = {name: sum(step[name] for step in group) for name in ("n_excluded", "n_unknown")}
    return {**group[0], **joined, **summed, "n_after": group[-1]["n_after"]}
