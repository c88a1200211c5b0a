"""Pages of the documentation about SINS, SOSG, imported predictions, and the list of all scores."""

from mescc_analytics import codebook
from mescc_analytics.present import reference_words as words
from mescc_analytics.present.reference_scores import (
    GENERATED,
    choices,
    example_lines,
    status_line,
    table,
)


def sins_page(example):
    """The page of SINS, as Markdown; ``example`` as in ``score_page``."""
    book = codebook.load("sins")
    parts = [f"# {book['label']}\n", GENERATED.format("sins"), "## What it is for\n"]
    parts += [f"{book['purpose']}.\n", *status_line(book), "## Points\n", *_components(book)]
    parts += ["## Categories\n", *_categories(book)]
    parts += ["A missing item leaves all its points possible: the case gets the lowest and the"]
    parts += ["highest possible total, and a category only where both lie in it.\n"]
    parts += ["## Where it does not apply\n", f"{book['not_valid']}.\n"]
    parts += ["## Choices where the table leaves something open\n", *choices(book["config"])]
    parts += ["## Worked example\n", *example_lines(example)]
    return "\n".join(parts)


def _components(book):
    rows = []
    for item, points in book["components"].items():
        name, kappa = words.name_of(item), f"{book['reliability_kappa'][item]:.2f}"
        for level, value in points.items():
            rows.append((name, value, _where(book, item, level), kappa))
            name = kappa = ""
        for state, ends in book["partial"].get(item, {}).items():
            shown = str(ends[0]) if ends[0] == ends[1] else words.points_words(ends)
            rows.append(("", shown, _where(book, item, state), ""))
    return [*table(("item", "points", "where", "interobserver kappa"), rows), ""]


def _where(book, item, level):
    text = book["describes"].get(item, {}).get(level) or codebook.label(item, level)
    spans = [f"{a} to {b}" if a != b else a for a, b, kind in book["locations"] if kind == level]
    return f"{text}: {', '.join(spans)}" if spans and item == "sins_location" else text


def _categories(book):
    rows, first = [], 0
    for category in book["categories"]:
        rows.append((category["label"], f"{first} to {category['upto']}"))
        first = category["upto"] + 1
    accuracy = book["performance"]
    return [
        *table(("category", "total"), rows),
        "",
        f"For indeterminate or unstable against stable: sensitivity "
        f"{accuracy['sensitivity_percent']:g}%, specificity {accuracy['specificity_percent']:g}% "
        f"({accuracy['status']} source).\n",
    ]


def sosg_page(example):
    """The page of SOSG, as Markdown; ``example`` as in ``score_page``."""
    book = codebook.load("sosg")
    rows = [
        (f"`{grade}`", text, "high" if grade in book["high_grade"] else "low")
        for grade, text in book["grades"].items()
    ]
    parts = [f"# {book['label']}\n", GENERATED.format("sosg"), "## What it is for\n"]
    parts += [f"{book['purpose']}.\n", *status_line(book), "## Grades\n"]
    parts += [*table(("grade", "finding", "class"), rows), ""]
    parts += ["- `1` without its letter is low grade, its grade missing; `high` is high grade, its"]
    parts += ["  grade missing. Nothing else is read as a grade.\n"]
    parts += ["## Where it does not apply\n"]
    parts += [f"- Below {book['conus_lowest_vertebra']} there is no cord to abut: `sosg_valid` is"]
    parts += ["  no, and the grade is used as `score.below_conus` says.\n"]
    parts += ["## Choices where the table leaves something open\n", *choices(book["config"])]
    parts += ["## Worked example\n", *example_lines(example)]
    return "\n".join(parts)


def external_page():
    """The page of predictions that are imported, as Markdown."""
    book = codebook.load("prognosis/external")
    rows = [
        (f"`{name}`", column["label"], book["predicts"][name.partition("_")[0]], _c(book, name))
        for name, column in book["columns"].items()
    ]
    head = ("column", "what it holds", "1 means", "published C")
    parts = ["# Imported predictions: SORG and PathFx\n", GENERATED.format("prognosis/external")]
    parts += ["## What they are for\n", f"{book['purpose']}.\n", *status_line(book)]
    parts += ["## Columns\n", *table(head, rows), ""]
    parts += [
        "Each is a probability between 0 and 1; a value outside is reported with the hint to",
        "divide a percentage by 100. SORG predicts death, PathFx survival: where a calculator",
        "prints the survival by SORG, enter 1 less that number. A blank stays missing.\n",
        "## Worked example\n",
        "Nothing is computed: a case with `sorg_90d_probability` 0.27 leaves the score step with",
        "0.27.\n",
    ]
    return "\n".join(parts)


def _c(book, name):
    found = book["discrimination"].get(name)
    if not found:
        return "not in a readable source"
    ends = "{:.2f} to {:.2f}".format(*found["ci"])
    return f"{found['c']:.2f} ({ends}), n {found['n']}, {found['events']} deaths"


def index_page(case, rows, flags):
    """The list of all scores with one patient scored by each, as Markdown.

    Parameters
    ----------
    case : list of tuple
        The patient: words, column, value.
    rows : list of tuple
        File name, label, status, direction, lowest, highest, result of the example case.
    flags : dict of str to str
        Reason codes of the prognostic scores in words.
    """
    parts = ["# Scores\n", GENERATED.format("prognosis/registry"), "Scores of the spine:\n"]
    parts += ["- [SINS](sins.md): instability", "- [SOSG](sosg.md): epidural compression\n"]
    parts += ["Prognostic scores, and what this program makes of one patient (below), with the"]
    parts += ["default config except `score.allow_unverified: true` for the unverified scores:\n"]
    shown = [
        (f"[{label}]({name}.md)", status, direction.replace("_", " "), f"{low} to {high}", result)
        for name, label, status, direction, low, high, result in rows
    ]
    head = ("score", "status", "direction", "points", "this patient")
    parts += [*table(head, shown), "", "[Imported predictions](external.md): SORG and PathFx.\n"]
    parts += ["## The patient\n", *table(("the case", "column", "value"), case), ""]
    parts += ["## What every score gives\n", *table(("column", "holds"), COLUMNS), ""]
    parts += ["The status says where the points were read:\n"]
    parts += [f"- {text}." for text in words.STATUS_WORDS.values()]
    parts += ["", "## Codes in `prognosis_flags`\n", *table(("code", "meaning"), flags.items()), ""]
    return "\n".join(parts)


COLUMNS = (
    ("`<score>_total`", "points; missing unless the bounds agree"),
    ("`<score>_min`, `<score>_max`", "lowest and highest total that the recorded items allow"),
    (
        "`<score>_band`",
        "prognostic group; `undetermined` where the bounds lie in different groups, "
        "`not_applicable` outside the population for which the score was made",
    ),
    (
        "`<score>_missing`",
        "columns to fill; `<item> (open)` where the recorded value says less than the table asks",
    ),
)
