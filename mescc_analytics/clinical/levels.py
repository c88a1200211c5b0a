"""Spinal levels written by people (``T11``, ``C7/T1``, ``T10-12``, ``T4;L2``, ``D11``) to vertebrae
and SINS locations.
"""

import re

import numpy as np
import pandas as pd

from mescc_analytics import codebook

VERTEBRAE = (
    ["C0"]
    + [f"C{i}" for i in range(1, 8)]
    + [f"T{i}" for i in range(1, 13)]
    + [f"L{i}" for i in range(1, 6)]
    + [f"S{i}" for i in range(1, 6)]
    + ["Co"]
)
RANK = {vertebra: rank for rank, vertebra in enumerate(VERTEBRAE)}
REGION = {"C": "cervical", "T": "thoracic", "L": "lumbar", "S": "sacral"}

WORDS = {
    "occiput": "C0",
    "occipital": "C0",
    "occ": "C0",
    "oc": "C0",
    "c0": "C0",
    "skull base": "C0",
    "odontoid": "C2",
    "dens": "C2",
    "atlas": "C1",
    "axis": "C2",
    "coccyx": "Co",
    "cocc": "Co",
    "co": "Co",
    "sacrum": "sacrum",
    "sacral": "sacrum",
    "s": "sacrum",
}
REGION_WORDS = {
    "c": "C",
    "t": "T",
    "th": "T",
    "d": "T",
    "l": "L",
    "s": "S",
    "cervical": "C",
    "thoracic": "T",
    "dorsal": "T",
    "lumbar": "L",
}
SEPARATORS = re.compile(r"[;,+&]|\band\b|\n")
RANGE = re.compile(r"\s*(?:-|–|—|\bto\b|/|\\)\s*")
HYPHENATED = re.compile(r"\b(c|t|th|d|l|s)\s?-\s?(\d)")
VERTEBRA = re.compile(r"(?:(c|t|th|d|l|s|cervical|thoracic|dorsal|lumbar)\s*\.?\s*)?(\d{1,2})")
NOISE = re.compile(
    r"\b(?:vertebrae|vertebra|vertebral|body|disc|disk|level|levels|spine|junction)\b|[()\[\]]"
)


def parse_levels(text):
    """Vertebrae named in one text.

    Parameters
    ----------
    text : str

    Returns
    -------
    (list of list of str, set of str)
        Contiguous groups of vertebrae in the order written, and flags: LEVEL_ALIAS (a vertebra that
        the score does not list was read as its neighbour), SACRUM_UNSPECIFIED, LEVEL_UNREADABLE.

    Examples
    --------
    >>> parse_levels("C7/T1")
    ([['C7', 'T1']], set())
    >>> parse_levels("T10-12; L2")
    ([['T10', 'T11', 'T12'], ['L2']], set())
    >>> parse_levels("D11")[0], parse_levels("Th11")[0], parse_levels("S1")[0]
    ([['T11']], [['T11']], [['S1']])
    """
    flags, groups, letter = set(), [], None
    cleaned = NOISE.sub(" ", str(text).lower().replace("_", " ").replace(".", " "))
    for piece in SEPARATORS.split(HYPHENATED.sub(r"\1\2", cleaned)):
        if piece.strip():
            named, letter = _named(RANGE.split(piece.strip()), letter, flags)
            groups.append(_span(named, flags))
    return [group for group in groups if group], flags


def _named(ends, letter, flags):
    """Vertebrae at the ends of a range; one without a letter takes the letter before it ("T10-12",
    "T4, 5").
    """
    named = []
    for end in ends:
        vertebra = _vertebra(end.strip(), letter, flags)
        if vertebra:
            letter = vertebra[0] if vertebra in RANK else letter
            named.append(vertebra)
    return named, letter


def _span(named, flags):
    """All vertebrae from the first to the last one named."""
    if "sacrum" in named:
        flags.add("SACRUM_UNSPECIFIED")
        named = [vertebra for vertebra in named if vertebra != "sacrum"]
        return named + ["sacrum"]
    if len(named) < 2:
        return named
    ranks = sorted(RANK[vertebra] for vertebra in named)
    return VERTEBRAE[ranks[0] : ranks[-1] + 1]


def _vertebra(word, letter, flags):
    word = " ".join(word.split())
    if word in WORDS:
        return WORDS[word]
    match = VERTEBRA.fullmatch(word)
    region = REGION_WORDS.get(match[1], letter) if match else None
    if not region:
        flags.add("LEVEL_UNREADABLE")
        return None
    name = f"{region}{int(match[2])}"
    alias = codebook.load("sins")["level_aliases"].get(name)
    if alias:
        flags.add("LEVEL_ALIAS")
    if (alias or name) in RANK:
        return alias or name
    flags.add("LEVEL_UNREADABLE")
    return None


def location_of(vertebra):
    """SINS location of one vertebra, or a partial class (``sacrum_unspecified``, ``coccyx``)."""
    return "sacrum_unspecified" if vertebra == "sacrum" else _locations()[vertebra]


def _locations():
    rows = codebook.load("sins")["locations"]
    return {v: kind for first, last, kind in rows for v in VERTEBRAE[RANK[first] : RANK[last] + 1]}


def describe_levels(texts, range_rule="max", conus=None):
    """Location, region and readability of each case's levels, worked out once per distinct text.

    Parameters
    ----------
    texts : Series of str, shape (n_cases,)
    range_rule : {"max", "min", "epicentre"}
        Which vertebra of a range gives the SINS location: the one with the most points, the fewest,
        or the middle one. Several lesions in one text always give the highest (a score is never
        added up over lesions).
    conus : str, optional
        Lowest vertebra with cord behind it; by default that of sosg.yaml.

    Returns
    -------
    DataFrame, shape (n_cases, 5)
        ``location`` (class or partial class), ``region``, ``below_conus`` (boolean), ``lesions``
        (count of contiguous groups), ``flags`` (codes joined by ";").
    """
    codes, distinct = pd.factorize(texts.astype("string"))
    conus_rank = RANK[conus or codebook.load("sosg")["conus_lowest_vertebra"]]
    rows = [_described(text, range_rule, conus_rank) for text in distinct]
    table = pd.DataFrame(rows, columns=["location", "region", "below_conus", "lesions", "flags"])
    table = table.astype(
        {
            "location": "string",
            "region": "string",
            "below_conus": "boolean",
            "lesions": "Int64",
            "flags": "string",
        }
    )
    taken = table.reindex(codes) if len(table) else table.reindex(np.full(len(texts), -1))
    return taken.set_axis(texts.index)


def _described(text, range_rule, conus_rank):
    groups, flags = parse_levels(text)
    flags = ";".join(sorted(flags)) or pd.NA
    vertebrae = [vertebra for group in groups for vertebra in group]
    if not vertebrae:
        return pd.NA, pd.NA, pd.NA, pd.NA, flags
    location = _worst([_group_location(group, range_rule) for group in groups])
    if "LEVEL_UNREADABLE" in str(flags) and location != "junctional":
        location = pd.NA  # the part that could not be read may score higher
    regions = {
        REGION["C" if v == "C0" else "S" if v in ("sacrum", "Co") else v[0]] for v in vertebrae
    }
    below = all(v == "sacrum" or RANK[v] > conus_rank for v in vertebrae)
    return location, regions.pop() if len(regions) == 1 else "several", below, len(groups), flags


def _group_location(group, range_rule):
    if range_rule == "epicentre":
        return location_of(group[len(group) // 2])
    return _worst([location_of(v) for v in group], lowest=range_rule == "min")


def _worst(kinds, lowest=False):
    """The kind with the most (or fewest) points; a partial one only where no settled kind reaches
    its upper bound.
    """
    sins = codebook.load("sins")
    points = {k: (p, p) for k, p in sins["components"]["sins_location"].items()}
    points |= {k: tuple(p) for k, p in sins["partial"]["sins_location"].items()}
    return (
        min(kinds, key=lambda k: points[k])
        if lowest
        else max(kinds, key=lambda k: (points[k][0], points[k][1]))
    )
