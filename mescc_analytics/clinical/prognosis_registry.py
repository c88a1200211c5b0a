"""The registry of prognostic scores: which there are, what each reads, the columns it adds."""

import pandas as pd

from mescc_analytics import codebook
from mescc_analytics.clinical.prognosis_inputs import REGISTRY

WITHOUT_BAND = ("undetermined", "not_applicable")


def registry(allow_unverified=False):
    """Published scores in order: dict of id to its codebook file.

    Parameters
    ----------
    allow_unverified : bool
        True adds the scores whose points no readable source confirms.
    """
    books = [codebook.load(f"prognosis/{name}") for name in codebook.load(REGISTRY)["scores"]]
    return {
        book["id"]: book for book in books if allow_unverified or book["status"] != "unverified"
    }


def score_label(book):
    """The name of a score as every output shows it, with its status unless that is verified.

    >>> score_label(registry()["tomita"]), score_label(registry()["osri"])
    ('Tomita score', 'Oswestry Spinal Risk Index (secondary source)')
    """
    words = {"verified": "", "secondary": " (secondary source)", "unverified": " (unverified)"}
    return book["label"] + words[book["status"]]


def columns_needed(book):
    """Names of the case-table columns that a score reads, in the order of its items."""
    items = [name for item in book["items"].values() for name in item_columns(item)]
    return tuple(dict.fromkeys([*items, *book.get("not_applicable", {}).get("needs", [])]))


def item_columns(item):
    """Columns to fill where an item is open; of two that replace each other the first."""
    if "score" in item:
        return columns_needed(codebook.load(f"prognosis/{item['score']}"))
    if "columns" in item:
        return tuple(item["columns"])
    shared = codebook.load(REGISTRY)["inputs"].get(item["reads"], {"columns": [item["reads"]]})
    return tuple(shared["columns"][:1] if shared.get("either") else shared["columns"])


def describe_scores(allow_unverified=False):
    """The registry as a table.

    Returns
    -------
    DataFrame
        score, label, status, direction (higher_better or higher_worse), lowest, highest, columns
        (joined by "; "), source.
    """
    rows = [
        (name, score_label(book), book["status"], book["direction"], *book["range"])
        + ("; ".join(columns_needed(book)), book["source"])
        for name, book in registry(allow_unverified).items()
    ]
    names = ["score", "label", "status", "direction", "lowest", "highest", "columns", "source"]
    return pd.DataFrame(rows, columns=names)


def derived_columns(allow_unverified=False):
    """Declaration of every column that ``score_prognosis`` adds: dict of name to the entry that
    case_table.yaml holds under ``derived``.
    """
    entries = {"prognosis_flags": _declared("text", "Prognostic scores: reason codes")}
    for name, book in registry(allow_unverified).items():
        limits = dict(zip(("min", "max"), book["range"], strict=True))
        label = score_label(book)
        entries |= {
            f"{name}_total": _declared("integer", label, **limits),
            f"{name}_min": _declared("integer", f"{label}: lowest possible", **limits),
            f"{name}_max": _declared("integer", f"{label}: highest possible", **limits),
            f"{name}_band": _declared(
                "category", f"{label}: group", levels=list(band_levels(book))
            ),
            f"{name}_missing": _declared("text", f"{label}: missing"),
        }
    return entries


def _declared(kind, label, **more):
    return {"type": kind, "role": "baseline", "label": label} | more


def band_levels(book):
    """Levels of the band column of a score, in the order of its totals."""
    return (*(band["level"] for band in book["bands"]), *WITHOUT_BAND)
