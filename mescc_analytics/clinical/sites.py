"""Contiguous lesions: vertebrae as bits of a number, so that a million spines are counted at once.

Bit 0 is the occiput, the last bit the coccyx. Neighbouring bits are neighbouring vertebrae: a run
of set bits is one contiguous lesion.
"""

import numpy as np
import pandas as pd

from mescc_analytics.clinical.levels import RANK, VERTEBRAE, parse_levels

# The sacrum without a segment: it may be any of them, and they all adjoin.
SACRUM = sum(1 << RANK[vertebra] for vertebra in VERTEBRAE if vertebra.startswith("S"))


def vertebra_bits(texts):
    """Vertebrae of every text as bits, worked out once per distinct text.

    Parameters
    ----------
    texts : Series of str, shape (n_rows,)
        Spinal levels as people write them.

    Returns
    -------
    (array of int64, array of bool), each shape (n_rows,)
        Bits (0 where nothing could be read), and whether the whole text was read.

    Examples
    --------
    >>> bits, read = vertebra_bits(pd.Series(["T4-T5", "T4; L2", "somewhere"]))
    >>> count_runs(bits).tolist(), read.tolist()
    ([1, 2, 0], [True, True, False])
    """
    codes, distinct = pd.factorize(texts.astype("string"))
    parsed = [_bits(text) for text in distinct]
    table = np.array([*parsed, (0, False)], dtype=[("bits", "i8"), ("read", "?")])
    taken = table[codes]  # -1, a missing text, takes the last row
    return taken["bits"], taken["read"]


def _bits(text):
    groups, flags = parse_levels(text)
    named = [vertebra for group in groups for vertebra in group]
    bits = 0
    for vertebra in named:
        bits |= SACRUM if vertebra == "sacrum" else 1 << RANK[vertebra]
    return bits, bool(named) and "LEVEL_UNREADABLE" not in flags


def count_runs(bits):
    """Contiguous lesions in every row of bits; array of int64.

    >>> count_runs(np.array([0b0, 0b110, 0b1011]))
    array([0, 1, 2])
    """
    bits = np.asarray(bits, dtype=np.int64)
    return np.bitwise_count(bits & ~(bits << 1)).astype(np.int64)


def runs_with(bits, marked):
    """Bits of the contiguous lesions of which at least one vertebra is marked.

    >>> [bin(found) for found in runs_with(np.array([0b110110]), np.array([0b10]))]
    ['0b110']
    """
    bits = np.asarray(bits, dtype=np.int64)
    found = np.asarray(marked, dtype=np.int64) & bits
    for _ in VERTEBRAE:  # the longest run has as many vertebrae as there are
        wider = (found | (found << 1) | (found >> 1)) & bits
        if (wider == found).all():
            break
        found = wider
    return found


def join_bits(bits, groups, n_groups):
    """Union of the bits of every group; array, shape (n_groups,).

    Parameters
    ----------
    bits : array of int64, shape (n_rows,)
    groups : array of int, shape (n_rows,)
        Group of every row, from 0; -1 belongs to none.
    n_groups : int
    """
    joined = np.zeros(n_groups, dtype=np.int64)
    inside = groups >= 0
    np.bitwise_or.at(joined, groups[inside], bits[inside])
    return joined
