"""Pages of the documentation that are generated from the codebook."""

from mescc_analytics import codebook
from mescc_analytics.codebook.tables import load_csv
from mescc_analytics.present.reference_audit import audit_page
from mescc_analytics.present.reference_pathways import PATHWAY_PAGES

GENERATED = "Generated from `mescc_analytics/codebook/{}.yaml`: change it, then `make docs`.\n"
TITLES = {
    "cases": "`cases`: one row per episode (required)",
    "visits": "`visits`: one row per follow-up contact (optional)",
    "lesions": "`lesions`: one row per contiguous lesion (optional)",
}


def case_table_page():
    """Every input column with type, levels, unit and range, as Markdown."""
    parts = [
        "# The case table\n",
        GENERATED.format("case_table"),
        "Blank, `NA`, `N/A` and `.` are missing. Levels are matched after trimming and without",
        "regard to case; yes/no columns accept true/false, yes/no and 1/0. Days count from day 0,",
        "presentation with suspected MESCC.\n",
    ]
    for table, title in TITLES.items():
        parts += [f"## {title}\n", "| column | meaning | accepts |", "|---|---|---|"]
        needed = codebook.required(table)
        for column in codebook.columns(table).values():
            name = (
                f"**`{column.name}`** (required)" if column.name in needed else f"`{column.name}`"
            )
            parts.append(f"| {name} | {_meaning(column)} | {_accepts(column)} |")
        parts.append("")
    return "\n".join(parts)


def _meaning(column):
    return column.label + (f", {column.unit}" if column.unit and column.unit != "count" else "")


def _accepts(column):
    words = {"text": "text", "boolean": "yes, no", "integer": "whole number", "number": "number"}
    if column.type == "category":
        return ", ".join(f"`{level}`" for level in (*column.levels, *column.partial))
    text = words[column.type]
    if column.min is not None:
        text += f", {column.min:g} to {column.max:g}"
    return text + (f", as {column.example}" if column.example else "")


KINDS = {
    "score": "score: a column of the score step",
    "flag": "flag: a yes or no, or a class, per case",
    "indicator": "indicator: audited with numerator and denominator",
    "benchmark": "benchmark: a published figure beside that of the cohort",
    "descriptor": "descriptor: a column that the table gives and the report describes",
    "not_computable": "not computable from a case table",
    "context": "context: nothing to compute",
}


def catalogue_page():
    """Every numbered item of the founding documents and what computes it, as Markdown."""
    items = load_csv("catalogue")
    there = items["available"] == "yes"
    counts = [
        f"| {words} | {int((items['kind'] == kind).sum())} | {_there(kind, items, there)} |"
        for kind, words in KINDS.items()
    ]
    parts = [
        "# Catalogue\n",
        "Generated from `mescc_analytics/codebook/catalogue.csv`: change it, then `make docs`.\n",
        f"The founding documents name {len(items)} systems, rules, thresholds, trials, protocols",
        "and time windows. Each has one line here: what computes it, or that nothing does. `no`",
        "under available means that the item has its place but is not computed by this version;",
        "the column, indicator or benchmark that it names does not exist yet.\n",
        "| kind | items | available |",
        "|---|---|---|",
        *counts,
        f"| all | {len(items)} | {int(there.sum())} |",
        "",
        "| # | what the document says | kind | computed by | needs | available | source | status |",
        "|---|---|---|---|---|---|---|---|",
    ]
    return "\n".join([*parts, *(_catalogue_row(item) for item in items.to_dict("records")), ""])


def _there(kind, items, there):
    return (
        "-"
        if kind in ("not_computable", "context")
        else int((items["kind"].eq(kind) & there).sum())
    )


def _catalogue_row(item):
    by, needs = (
        ", ".join(f"`{x}`" for x in (item[field] or "").split("; ") if x)
        for field in ("computed_by", "columns_needed")
    )
    kind, said = item["kind"].replace("_", " "), item["statement"].replace("|", "/")
    available = "-" if item["kind"] in ("not_computable", "context") else item["available"]
    cells = item["number"], said, kind, by, needs, available, item["source"], item["status"]
    return "| " + " | ".join(map(str, cells)) + " |"


PAGES = {
    "case_table.md": case_table_page,
    "audit.md": audit_page,
    **PATHWAY_PAGES,
    "catalogue.md": catalogue_page,
}
