"""Tables that compare the algorithms with each other."""

from mescc_analytics import codebook
from mescc_analytics.present import cells, display
from mescc_analytics.present.captions import KAPPA_LEVEL
from mescc_analytics.present.tables import Table

UNDETERMINED = "undetermined"


def agreement(pairs, study):
    """How far the algorithms agree, one line per pair.

    Parameters
    ----------
    pairs : list of (str, str, dict)
        The two algorithms; "compared", "agree" and "kappa" (n, value, ci_lower, ci_upper), or an
        empty dict where withheld.
    study : Study
    """
    rows = tuple((_pair(first, second), *_numbers(found)) for first, second, found in pairs)
    return Table(
        "algorithms",
        f"Agreement of the algorithms, cohort {study.name}",
        ("Algorithms", "Same pathway", f"{KAPPA_LEVEL:.0%} CI".replace("%", " %"), "Kappa"),
        rows,
        (
            "All cases analysed to which both algorithms give a pathway, whatever treatment was "
            "given; same settings for all. Wilson interval for the share; Cohen's kappa is the "
            "agreement beyond chance. Agreement says nothing about which algorithm is right.",
        ),
    )


def _pair(first, second):
    short = {name: each["short"] for name, each in codebook.load("pathway")["algorithms"].items()}
    return f"{short[first]} / {short[second]}"


def _numbers(found):
    if not found:
        return display.HIDDEN, display.HIDDEN, display.HIDDEN
    agree, compared, kappa = found["agree"], found["compared"]["n"], found["kappa"]
    if not compared:
        return "no case to compare", cells.NOT_ESTIMABLE, cells.NOT_ESTIMABLE
    words = cells.NOT_ESTIMABLE
    if not display.is_missing(kappa["value"]):
        ends = (display.number(kappa[name], 2) for name in ("value", "ci_lower", "ci_upper"))
        words = "{} ({} to {})".format(*ends)
    limits = [display.number(100 * agree[name]) for name in ("ci_lower", "ci_upper")]
    share = f"{display.number(agree['n'])} of {display.number(compared)}"
    percent = display.percent(agree["n"], compared)
    return f"{share} ({percent})", f"{limits[0]} to {limits[1]} %", words


def pairs(frame, study):
    """Pathway under one algorithm by pathway under another: counts, one block per pair.

    Parameters
    ----------
    frame : DataFrame
        first, second, first_pathway, second_pathway, n, mark.
    study : Study
    """
    columns = [
        name
        for name in codebook.load("pathway")["pathways"]
        if name in set(frame["second_pathway"])
    ]
    rows = []
    for (first, second), of_pair in frame.groupby(["first", "second"], sort=False):
        for pathway, of_row in of_pair.groupby("first_pathway", sort=False):
            found = {record["second_pathway"]: record for record in of_row.to_dict("records")}
            counts = (cells.count(found[name]) if name in found else "0" for name in columns)
            words = codebook.label("pathway", pathway)
            rows.append((_pair(first, second), words, *counts))
    head = ("First / second", "First gives", *(codebook.label("pathway", c) for c in columns))
    notes = ["Columns: the pathway that the second algorithm gives.", study.suppression_note]
    return Table(
        "algorithm_pairs",
        f"Pathways under each pair of algorithms, cohort {study.name}",
        head,
        tuple(rows),
        tuple(note for note in notes if note),
    )
