"""Cells of tables: what stands for a number that is withheld or cannot be estimated."""

import re

from mescc_analytics import codebook
from mescc_analytics.present import display

INDENT = "\u2003"
NOT_ESTIMABLE = "not estimable"
# as a model of several levels says it, of columns with one of their levels
SEPARATED = re.compile(r"(?:\w+: )?not estimable: (.+) separates the levels")


def marked(row, name="mark"):
    """The text that stands for a withheld number."""
    mark = row.get(name)
    return display.HIDDEN if display.is_missing(mark) else str(mark)


def share(row):
    """Cases with their percentage, from a row with n, total and mark."""
    return (
        marked(row) if display.is_missing(row["n"]) else display.n_percent(row["n"], row["total"])
    )


def count(row, name="n"):
    """A number of cases, or the mark where it is withheld."""
    return marked(row) if display.is_missing(row[name]) else display.number(row[name])


def reason(row, word, otherwise):
    """Why a number is missing: the part of the note that speaks of `word`, from "not estimable"
    on.
    """
    notes = "" if display.is_missing(row.get("note")) else str(row["note"])
    found = next(
        (part.strip() for part in notes.split(";") if word in part and NOT_ESTIMABLE in part),
        otherwise,
    )
    found = separated(found)
    return found[found.find(NOT_ESTIMABLE) :] if NOT_ESTIMABLE in found else found


def separated(note):
    """A note with the covariates that divide two treatments by their labels, once each.

    >>> separated("sbrt: not estimable: sex male, age_years missing separates the levels")
    'not estimable: treatments without overlap in Sex, Age'
    """
    found = SEPARATED.search(note)
    if not found:
        return note
    names = dict.fromkeys(term.split(" ")[0] for term in found.group(1).split(", "))
    said = ", ".join(codebook.label(name) for name in names)
    return f"{NOT_ESTIMABLE}: treatments without overlap in {said}"
