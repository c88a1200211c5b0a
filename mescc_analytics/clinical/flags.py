"""Reason codes per case, joined into one text without a loop over cases."""

import numpy as np
import pandas as pd


def join_codes(masks, index):
    """Names of the true masks of every case, joined by "; ".

    Parameters
    ----------
    masks : dict of str to boolean Series or array, each shape (n_cases,)
        At most 62 of them; missing counts as false.
    index : Index, shape (n_cases,)

    Returns
    -------
    Series of dtype "string"
        Missing where no mask is true.

    Examples
    --------
    >>> join_codes({"A": [True, False], "B": [True, False]}, pd.RangeIndex(2)).tolist()
    ['A; B', <NA>]
    """
    bits = np.zeros(len(index), dtype=np.int64)
    for i, mask in enumerate(masks.values()):
        bits |= (
            pd.array(mask, dtype="boolean").to_numpy(dtype=bool, na_value=False).astype(np.int64)
            << i
        )
    names = list(masks)
    codes, distinct = pd.factorize(bits)
    words = [
        "; ".join(n for i, n in enumerate(names) if row >> i & 1) or pd.NA
        for row in distinct.tolist()
    ]
    return pd.Series(pd.array(words, dtype="string").take(codes), index=index)
