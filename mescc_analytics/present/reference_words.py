"""Points, conditions and published results of the codebook in words, for the documentation."""

from mescc_analytics import codebook

INPUTS = codebook.load("prognosis/registry")["inputs"]
STATUS_WORDS = {
    "verified": "verified: read in the paper, in a reproduction of its table, or in two "
    "independent sources that agree",
    "secondary": "secondary: read in one secondary source only",
    "unverified": "unverified: no readable source; used only with `score.allow_unverified: true`",
}


def plain(value):
    """A number without needless digits; anything else as text."""
    return f"{value:g}" if isinstance(value, int | float) else str(value)


def points_words(points):
    """Points, or the two ends that stay possible.

    >>> points_words(2), points_words([0, 2])
    ('2', '0 to 2, open')
    """
    return "{} to {}, open".format(*points) if isinstance(points, list) else plain(points)


def name_of(column):
    """Words for a column or a derived input, with its unit."""
    if column in INPUTS:
        return INPUTS[column].get("label") or column
    known = codebook.columns("all").get(column)
    if known is None:
        return column.replace("_", " ")
    unit = f" ({known.unit})" if known.unit and known.unit != "count" else ""
    return known.label + unit


def inputs_of(node):
    """Names of columns and derived inputs that an item or a condition reads, in order."""
    if isinstance(node, list):
        return [name for part in node for name in inputs_of(part)]
    if not isinstance(node, dict):
        return []
    own = [node[key] for key in ("reads", "column") if isinstance(node.get(key), str)]
    own += [node["bounds"][0].removesuffix("_min")] if "bounds" in node else []
    return list(dict.fromkeys([*own, *inputs_of(list(node.values()))]))


def span_of(item):
    """Lowest and highest points of an item."""
    lines = [line["points"] for part in ("bands", "lines") for line in item.get(part, [])]
    lines += [*item.get("levels", {}).values(), *item.get("unverified", {}).values()]
    lines += [item["otherwise"]] if "otherwise" in item else []
    if "listed" in item:
        lines += [item["listed"]["points"], item["listed"]["otherwise"]]
    ends = [end for p in lines for end in (p if isinstance(p, list) else [p])]
    return [min(ends), max(ends)]


def item_rows(item):
    """Rows of the table of points: (points, when, status or ""), best to read from the lowest."""
    status = item.get("status", "")
    if "bands" in item:
        return [
            (points_words(band["points"]), words, band.get("status", status))
            for band, words in zip(item["bands"], band_words(item), strict=True)
        ]
    if "lines" in item:
        return [_line_row(line, i, status) for i, line in enumerate(item["lines"])]
    if "listed" in item:
        chosen = item["listed"]
        return [
            (plain(chosen["points"]), f"primary listed in `score.{chosen['setting']}`", status),
            (plain(chosen["otherwise"]), "any other primary", status),
            (points_words(span_of(item)), "no list in the config", status),
        ]
    return _level_rows(item, status)


def _line_row(line, number, status):
    status = line.get("status", status)
    if "when" not in line:
        return points_words(line["points"]), "anything else", status
    words = condition_words(line["when"])
    return points_words(line["points"]), words if number == 0 else f"else {words}", status


def _level_rows(item, status):
    column = item["reads"]
    rows = []
    for kind, mark in (("levels", status), ("unverified", "unverified")):
        grouped = {}
        for level, points in item.get(kind, {}).items():
            grouped.setdefault(points_words(points), []).append(level_words(column, level))
        rows += [(points, ", ".join(names), mark) for points, names in grouped.items()]
    rows.sort(key=lambda row: (row[2] == "unverified", "open" in row[0], int(row[0].split()[0])))
    if "otherwise" in item:
        return [*rows, (plain(item["otherwise"]), "any other", status)]
    known = codebook.columns("all").get(column)
    named = {*item.get("levels", {}), *item.get("unverified", {})}
    if known is not None and set(known.levels) - named:
        rows.append((points_words(span_of(item)), "any other: not in a readable table", ""))
    return rows


def level_words(column, level):
    """Words for a level, as the case table spells it but with blanks."""
    return codebook.label(column, level)


def band_words(item):
    """What each band of a number says, in the steps in which the number comes."""
    read = item.get("reads", item.get("score"))
    known = codebook.columns("all").get(read)
    step, lowest = _steps(read, known, "score" in item)
    words, start, before = [], lowest, None
    for band in item["bands"]:
        limit = band.get("upto", band.get("below"))
        if "below" in band:
            words.append(f"below {_limit_words(limit)}")
        elif limit is None:
            words.append(_last_words(item, step, start))
        elif step is None:
            words.append(_between(before, limit))
        else:
            words.append(plain(limit) if limit == start else f"{plain(start)} to {plain(limit)}")
        start = limit + step if step and isinstance(limit, int) else None
        before = limit
    return [word if "score" in item else f"{name_of(read)}: {word}" for word in words]


def _between(before, limit):
    if before is None:
        return f"{plain(limit)} or less"
    return f"more than {plain(before)} to {plain(limit)}"


def _steps(read, known, is_score):
    if read in INPUTS:
        return INPUTS[read].get("step"), INPUTS[read].get("lowest")
    if is_score:
        return 1, 0
    return (1, 0) if known is not None and known.type == "integer" else (None, None)


def _last_words(item, step, start):
    if step and "upto" in item["bands"][0]:
        return f"{plain(start)} or more"
    before = item["bands"][-2]
    limit = before.get("upto", before.get("below"))
    if "below" in before:
        return f"{_limit_words(limit)} or more"
    return f"more than {plain(limit)}"


def _limit_words(limit):
    if isinstance(limit, dict):
        return f"`score.{limit['setting']}`"
    return plain(limit)


def condition_words(node):
    """A condition of the rule language in words."""
    for joint, word in (("all", " and "), ("any", " or ")):
        if joint in node:
            return word.join(condition_words(part) for part in node[joint])
    if "not" in node:
        return _negated(node["not"])
    if "bounds" in node:
        name = node["bounds"][0].removesuffix("_min")
        return f"{name_of(name)} {plain(node['at_least'])} or more"
    return _compared(node)


def _negated(node):
    if "bounds" in node:
        name = node["bounds"][0].removesuffix("_min")
        return f"{name_of(name)} below {plain(node['at_least'])}"
    return f"not ({condition_words(node)})"


def _compared(node):
    column = node["column"]
    if "is" in node:
        if isinstance(node["is"], bool):
            return f"{'' if node['is'] else 'no '}{name_of(column)}"
        return f"{name_of(column)} {level_words(column, node['is'])}"
    if "in" in node:
        return f"{name_of(column)} {', '.join(level_words(column, x) for x in node['in'])}"
    if "below" in node:
        return f"{name_of(column)} below {plain(node['below'])}"
    return f"{name_of(column)} {plain(node['at_least'])} or more"


def result_words(band):
    """What was published for a prognostic group, in words."""
    said = [f"expected: {band['expected']}"] if "expected" in band else []
    said += [band["note"]] if "note" in band else []
    if "median_months" in band:
        ends = " ({:g} to {:g})".format(*band["median_ci"]) if "median_ci" in band else ""
        plural = "month" if band["median_months"] == 1 else "months"
        said.append(f"median survival {band['median_months']:g} {plural}{ends}")
    for key, name in (("alive_percent", ""), ("alive_percent_validation", " in the validation")):
        said += [f"{p:g}% alive at {m} months{name}" for m, p in band.get(key, {}).items()]
    if "walking" in band:
        share = 100 * band["walking"] / band["n"]
        said.append(f"{band['walking']} of {band['n']} walking ({share:.1f}%)")
    if "walking_percent_validation" in band:
        said.append(f"{band['walking_percent_validation']:g}% walking in the validation")
    if "odds_ratio_1_year_death" in band:
        ends = "{:g} to {:g}".format(*band["odds_ratio_ci"])
        said.append(
            f"odds ratio of death within 1 year {band['odds_ratio_1_year_death']:g} ({ends}) "
            f"against {band['odds_ratio_reference']} points"
        )
    return "; ".join(said)
