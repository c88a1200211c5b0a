"""The table of flags, and their page of the documentation."""

from mescc_analytics import codebook
from mescc_analytics.present import cells
from mescc_analytics.present.tables import Table

HEAD = ("Flag", "Yes", "No", "Unknown or not applicable", "Means")
PLACES = {"yes": 1, "no": 2, "open": 3}


def flags(tidy, study, settings):
    """Flags with the number of cases that answer yes, no, and neither.

    Parameters
    ----------
    tidy : DataFrame
        variable, level (yes, no, open), n, total, mark.
    study : Study
    settings : dict
        The completed config, whose values stand in the definitions.
    """
    rows = []
    for name, of_flag in tidy.groupby("variable", sort=False):
        row = [codebook.label(name), "", "", "", meaning(name, settings)]
        for record in of_flag.to_dict("records"):
            place = PLACES[record["level"]]
            row[place] = cells.share(record)
        rows.append(tuple(row))
    notes = (
        "Percentages of all cases analysed. Survival predicted at baseline is meant, never the "
        "survival that was observed.",
        study.suppression_note,
    )
    title = f"What the rules say of the cases, cohort {study.name}"
    return Table("flags", title, HEAD, tuple(rows), tuple(filter(None, notes)))


def meaning(name, settings):
    """The definition of a flag with the values of the config in it."""
    entry = codebook.load("flags")["flags"][name]
    values = settings.get(entry["step"]) or {}
    return entry["text"].format_map({key: _plain(value) for key, value in values.items()}).strip()


def _plain(value):
    return f"{value:g}" if isinstance(value, (int, float)) else str(value)


def flags_page(settings):
    """Every flag and class with definition, what it needs, source and limits, as Markdown.

    Parameters
    ----------
    settings : dict
        The default config.
    """
    book = codebook.load("flags")
    parts = [
        "# Flags\n",
        "Generated from `mescc_analytics/codebook/flags.yaml`: change it, then `make docs`.\n",
        "Yes, no or unknown for every case; numbers that a study may vary stand at their defaults.",
        "Survival is that predicted at baseline, never the one observed.\n",
    ]
    for name, entry in {**book["flags"], **book["classes"]}.items():
        text = meaning(name, settings) if name in book["flags"] else entry["text"]
        parts += [
            f"## `{name}`\n",
            f"{text}.\n" if not text.endswith(".") else f"{text}\n",
            *(
                f"- ground `{key}`: {part['text']}"
                for key, part in entry.get("grounds", {}).items()
            ),
            f"- written by: `{entry['step']}`",
            f"- needs: {', '.join(f'`{column}`' for column in entry['needs'])}",
            f"- source: {entry['source']} ({entry['status']})",
            f"- limits: {' '.join(entry['limits'].split())}\n",
        ]
    return "\n".join(parts)
