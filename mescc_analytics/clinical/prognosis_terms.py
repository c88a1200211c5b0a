"""Points of one item of a prognostic score, as the lowest and highest that a case may have.

The points of every state of an item form a small table, so that a case costs one look-up.
"""

import numpy as np

from mescc_analytics.codebook.conditions import evaluate


def item_points(item, frame, choices):
    """Lowest and highest points of every case in one item.

    Parameters
    ----------
    item : dict
        Entry under ``items`` of a codebook file; the forms are described in registry.yaml.
    frame : DataFrame, shape (n_cases, ...)
        Inputs as made by ``prepare_inputs``.
    choices : dict
        The score section of the config; ``points`` replaces the points of some levels.

    Returns
    -------
    (array of int8, array of int8), each shape (n_cases,)
        Equal where the item is settled; the whole range of the item where nothing is known.
    """
    if not _usable(item, choices):
        low, high = span(item)
        return np.full(len(frame), low, np.int8), np.full(len(frame), high, np.int8)
    if "lines" in item:
        return _by_lines(item, frame, choices)
    if "bands" in item:
        return _by_bands(item, frame, choices)
    table = level_points(item, choices)
    codes, levels = _codes(frame[item["reads"]])
    rows = [table.get(level, table[None]) for level in levels] + [span(item)]
    return _looked_up(rows, codes)


def span(item):
    """Lowest and highest points that an item can give."""
    lines = [*item.get("bands", []), *item.get("lines", [])]
    points = [line["points"] for line in lines]
    points += [*item.get("levels", {}).values(), *item.get("unverified", {}).values()]
    if "listed" in item:
        points += [item["listed"]["points"], item["listed"]["otherwise"]]
    if "otherwise" in item:
        points.append(item["otherwise"])
    ends = [end for p in points for end in pair(p)]
    return min(ends), max(ends)


def pair(points):
    """Points as (lowest, highest).

    >>> pair(2), pair([0, 2])
    ((2, 2), (0, 2))
    """
    return tuple(points) if isinstance(points, list) else (points, points)


def level_points(item, choices):
    """Bounds of every level that the item names; under None those of the levels that it does not.

    A level that no readable source confirms is open unless ``allow_unverified``.
    """
    unverified = item.get("unverified", {})
    if not choices["allow_unverified"]:
        unverified = dict.fromkeys(unverified, list(span(item)))
    points = item.get("levels", {}) | unverified
    rest = item.get("otherwise", list(span(item)))
    chosen = choices[item["listed"]["setting"]] if "listed" in item else ()
    if chosen:
        points = dict.fromkeys(chosen, item["listed"]["points"])
        rest = item["listed"]["otherwise"]
    points = points | choices["points"] | {None: rest}
    return {level: pair(p) for level, p in points.items()}


def input_known(item, frame):
    """Where the input of an item is known in full: boolean array, shape (n_cases,); never for an
    item of several columns.
    """
    name = item.get("reads", item.get("score"))
    if name is None:
        return np.zeros(len(frame), dtype=bool)
    if f"{name}_min" in frame:
        return (frame[f"{name}_min"] == frame[f"{name}_max"]).to_numpy()
    return frame[name].notna().to_numpy()


def rests_on_unverified(item, frame, choices):
    """Where the points of an item are known only because unverified ones are allowed: boolean
    array, shape (n_cases,).
    """
    if not (choices["allow_unverified"] and _names_unverified(item)):
        return np.zeros(len(frame), dtype=bool)
    without = item_points(item, frame, choices | {"allow_unverified": False})
    given = item_points(item, frame, choices)
    return (given[0] != without[0]) | (given[1] != without[1])


def _names_unverified(node):
    if isinstance(node, list):
        return any(map(_names_unverified, node))
    if not isinstance(node, dict):
        return False
    named = "unverified" in node or node.get("status") == "unverified"
    return named or any(map(_names_unverified, node.values()))


def _usable(entry, choices):
    return choices["allow_unverified"] or entry.get("status") != "unverified"


def _codes(values):
    """State number per case (-1 is missing) and the states."""
    if values.dtype == "boolean":
        return values.to_numpy(dtype=np.int8, na_value=-1), ["no", "yes"]
    return values.cat.codes.to_numpy(), list(values.cat.categories)


def _looked_up(rows, codes):
    table = np.array(rows, dtype=np.int8)
    return table[:, 0].take(codes), table[:, 1].take(codes)


def _by_bands(item, frame, choices):
    """A number that is bounded may lie in several neighbouring bands."""
    limits, side = _limits(item["bands"], choices)
    if limits is None:
        return item_points(item | {"status": "unverified"}, frame, choices)
    name = item["reads"] if "reads" in item else item["score"]
    ends = (f"{name}_min", f"{name}_max") if f"{name}_min" in frame else (name,)
    first, *last = (frame[end].to_numpy() for end in ends)
    band = [np.searchsorted(limits, end, side=side) for end in (first, *last)]
    rows = [
        pair(line["points"]) if _usable(line, choices) else span(item) for line in item["bands"]
    ]
    count = len(rows)
    between = [rows[i : j + 1] or rows[i : i + 1] for i in range(count) for j in range(count)]
    hulls = [(min(low for low, _ in some), max(high for _, high in some)) for some in between]
    codes = np.where(np.isnan(first), count * count, band[0] * count + band[-1])
    return _looked_up([*hulls, span(item)], codes)


def _limits(bands, choices):
    """Upper limits of all bands but the last, and on which side a value on the limit lies; no
    limits where one depends on a setting that is not set.
    """
    key = "below" if "below" in bands[0] else "upto"
    limits = []
    for band in bands[:-1]:
        limit = band[key]
        if isinstance(limit, dict):
            fallback = limit["unverified"] if choices["allow_unverified"] else None
            chosen = choices[limit["setting"]]
            limit = fallback if chosen is None else chosen
        limits.append(limit)
    return (None if None in limits else limits), ("right" if key == "below" else "left")


def _by_lines(item, frame, choices):
    """The first line that applies; one that may apply keeps its points possible."""
    lowest, highest = span(item)
    low, high = np.full(len(frame), highest, np.int8), np.full(len(frame), lowest, np.int8)
    undecided = np.ones(len(frame), dtype=bool)
    for line in item["lines"]:
        met = evaluate(line["when"], frame, choices) if "when" in line else None
        sure = undecided if met is None else undecided & met.to_numpy(dtype=bool, na_value=False)
        maybe = sure if met is None else sure | (undecided & met.isna().to_numpy())
        least, most = pair(line["points"]) if _usable(line, choices) else (lowest, highest)
        low[maybe] = np.minimum(low[maybe], least)
        high[maybe] = np.maximum(high[maybe], most)
        undecided = undecided & ~sure
    return low, high
