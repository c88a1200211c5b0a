"""One page of the documentation per score, from its codebook file and a computed example."""

from mescc_analytics import codebook, settings
from mescc_analytics.present import reference_words as words

GENERATED = "Generated from `mescc_analytics/codebook/{}.yaml`: change it, then `make docs`.\n"
DIRECTION = {
    "higher_better": "More points mean a better outlook.",
    "higher_worse": "More points mean a worse outlook.",
}
WARNING = {
    "verified": "",
    "secondary": "**The points were read in a secondary source only.** Check them against the "
    "paper before a publication rests on them.\n",
    "unverified": "**Unverified: the points come from memory, no readable source confirms them.** "
    "The score is computed only with `score.allow_unverified: true`; its columns are then labelled "
    "unverified and every case that it scores carries the code `{}_UNVERIFIED` in "
    "`prognosis_flags`.\n",
}
POINTS_WARNING = (
    "Some points come from memory, no readable source confirms them. Without "
    "`score.allow_unverified: true` they count as open; with it every case that rests on them "
    "carries the code `{}_UNVERIFIED` in `prognosis_flags`.\n"
)


def table(head, rows, optional=None):
    """A Markdown table, as lines; the optional column is left out where it is blank throughout."""
    if optional is not None and not any(row[optional] for row in rows):
        head, *rows = ([*line[:optional], *line[optional + 1 :]] for line in (head, *rows))
    lines = [head, ["---"] * len(head), *rows]
    return ["| " + " | ".join(str(cell) for cell in line) + " |" for line in lines]


def status_line(book):
    """Status, version and source of a codebook file, as lines."""
    lines = [
        f"- Status: {words.STATUS_WORDS[book['status']]}",
        f"- Version: {book['version']}",
        f"- Source: {book['source']}",
    ]
    if "derivation" in book:
        lines.append(f"- Derived from: {_population(book['derivation'])}")
    if "validation" in book:
        lines.append(f"- Validated on: {_population(book['validation'])}")
    return [*lines, ""]


def _population(derivation):
    note = f". {derivation['note']}" if "note" in derivation else ""
    return f"{derivation['population']}{note}"


def score_page(book, example):
    """The page of one prognostic score, as Markdown.

    Parameters
    ----------
    book : dict
        Its codebook file.
    example : dict
        ``label`` (the name with its status), ``case`` (value by column), ``runs`` (list of dict
        with title and rows: points by item label, total, group, missing, codes).
    """
    name = book["id"]
    warning = WARNING[book["status"]].format(name.upper())
    if book["status"] != "unverified" and _any_unverified(book["items"]):
        warning += POINTS_WARNING.format(name.upper())
    parts = [f"# {example['label']}\n", GENERATED.format(f"prognosis/{name}")]
    parts += [warning] if warning else []
    parts += ["## What it is for\n", f"{_purpose(book)}\n", *status_line(book)]
    parts += ["## Points\n", *_points(book), "## Groups\n", *_groups(book)]
    parts += [*_limits_of_use(book), "## Choices where the table leaves something open\n"]
    parts += [*choices(_keys(book)), *_inputs(book), "## Worked example\n"]
    return "\n".join([*parts, *example_lines(example)])


def _purpose(book):
    low, high = book["range"]
    note = f" {book['range_note']}." if "range_note" in book else ""
    return f"{book['purpose']}. {low} to {high} points. {_direction(book)}{note}"


def _direction(book):
    if book.get("predicts", "").startswith("walking"):
        return "More points mean that walking after treatment is more likely."
    return DIRECTION[book["direction"]]


def _any_unverified(node):
    if isinstance(node, list):
        return any(map(_any_unverified, node))
    if not isinstance(node, dict):
        return False
    return (
        "unverified" in node
        or node.get("status") == "unverified"
        or any(map(_any_unverified, node.values()))
    )


def _points(book):
    rows, notes = [], []
    for item in book["items"].values():
        name = item["label"]
        for points, when, status in words.item_rows(item):
            rows.append((name, points, when, "" if status == book["status"] else status))
            name = ""
        if "note" in item:
            notes.append(f"- {item['label']}: {item['note']}.")
    shown = table(("item", "points", "where", "status if it differs"), rows, optional=3)
    if "cap" in book:
        notes.insert(0, f"- A total above {book['cap']} counts as {book['cap']}.")
    return [*shown, "", *notes, *([""] if notes else [])]


def _groups(book):
    rows, first = [], book["range"][0]
    for band in book["bands"]:
        last = band["upto"]
        total = str(last) if last == first else f"{first} to {last}"
        said = words.result_words(band)
        status = band.get("status", book["status"]) if said else ""
        share = f"{band['share_percent']}%" if "share_percent" in band else ""
        rows.append((band["level"], total, said or "nothing found in print", status, share))
        first = last + 1
    head = ("group", "total", "published", "status of the figures", "share of the series")
    lines = [*table(head, rows, optional=4), ""]
    if "bands_note" in book:
        lines.append(f"{book['bands_note']}.\n")
    return lines + _performance(book)


def _performance(book):
    lines = []
    if "performance" in book:
        named = {k.removesuffix("_percent"): v for k, v in book["performance"].items()}
        named.pop("status")
        listed = ", ".join(f"{k.replace('_', ' ')} {v:g}%" for k, v in named.items())
        lines.append(f"Published accuracy: {listed}.\n")
    found = book.get("discrimination", [])
    if found:
        rows = [(_c(entry), entry["n"], entry["source"]) for entry in found]
        lines += ["Published discrimination (C):\n", *table(("C", "n", "source"), rows), ""]
    return lines


def _c(entry):
    if "c_range" in entry:
        return "{:.2f} to {:.2f}".format(*entry["c_range"])
    return f"{entry['c']:.2f}"


def _limits_of_use(book):
    lines = []
    if "not_applicable" in book:
        lines.append(
            f"- {book['not_applicable']['text']}: no points, and the group reads `not_applicable`; "
            "where this is not known, `undetermined`."
        )
    if "outside" in book:
        lines.append(
            f"- {book['outside']['text']}: the score is given all the same and marked "
            f"`{book['id'].upper()}_OUTSIDE`; with `score.outside_population: not_applicable` it "
            "is not given."
        )
    return ["## Where it does not apply\n", *lines, ""] if lines else []


def _keys(book):
    items = book["items"].values()
    read = words.inputs_of([book["items"], book.get("not_applicable", {})])
    keys = ["kps_from_ecog"] if {"kps", "ecog"} & set(read) else []
    keys += [item["listed"]["setting"] for item in items if "listed" in item]
    for item in items:
        limits = [band.get("below") for band in item.get("bands", [])]
        keys += [limit["setting"] for limit in limits if isinstance(limit, dict)]
    if book["status"] == "unverified" or _any_unverified(book["items"]):
        keys.append("allow_unverified")
    by_level = any("bands" not in item and "lines" not in item for item in items)
    return [*keys, "prognosis_points"] if by_level else keys


def choices(keys):
    """Table of keys of the score section with default and effect, as lines."""
    described = settings.schema()["properties"]["score"]["properties"]
    rows = [
        (f"`score.{key}`", f"`{_yaml(described[key]['default'])}`", described[key]["description"])
        for key in keys
    ]
    return [*table(("key", "default", "effect"), rows), ""]


def _yaml(value):
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(map(_yaml, value))}]"
    return "null" if value is None else str(value)


def _inputs(book):
    read = words.inputs_of(book["items"])
    known = [words.INPUTS[name] for name in read if name in words.INPUTS]
    lines = [f"- {entry['label']}: {entry['text']} ({_columns(entry)})." for entry in known]
    return ["How inputs are read:\n", *lines, ""] if lines else []


def _columns(entry):
    joint = ", else " if entry.get("either") else ", "
    return joint.join(f"`{name}`" for name in entry["columns"])


def example_lines(example):
    """The example case, and what this program makes of it, as lines."""
    lines = [
        *table(("the case", "column", "value"), case_rows(example["case"])),
        "",
        "Computed by this program:\n",
    ]
    runs = example["runs"]
    lines += table(("", *(run["title"] for run in runs)), [])
    names = dict.fromkeys(name for run in reversed(runs) for name in run["rows"])
    for name in names:
        cells = " | ".join(str(run["rows"].get(name, "")) for run in runs)
        lines.append(f"| {name} | {cells} |")
    return [*lines, ""]


def case_rows(case):
    """An example case as rows of a table: words, column, value."""
    return [(words.name_of(k), f"`{k}`", _value(k, v)) for k, v in case.items()]


def _value(column, value):
    if isinstance(value, bool):
        return "yes" if value else "no"
    return words.plain(value) if not isinstance(value, str) else codebook.label(column, value)
