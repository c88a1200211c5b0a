"""Table of the sites of compression."""

from mescc_analytics.codebook.tables import load_csv
from mescc_analytics.present import cells, display
from mescc_analytics.present.tables import Table

WORDS = {
    "several": "Two or more sites",
    "one": "At most one site",
    "unknown": "Number of sites not known",
}


def sites(frame, study, compressive_from):
    """Cases with an MRI of the whole spine by the number of their sites of compression.

    Parameters
    ----------
    frame : DataFrame
        what, n, total, share_lower, share_upper (fractions), mark.
    study : Study
    compressive_from : str
        SOSG grade.
    """
    rows = tuple(
        (WORDS[record["what"]], cells.share(record), _interval(record))
        for record in frame.to_dict("records")
    )
    head = ("Cases with an MRI of the whole spine", "Cases", study.level_words)
    notes = (
        f"A site is a contiguous lesion of SOSG {compressive_from} or higher, or, where no lesions "
        "are listed, what the table counts as one. Percentages of two or more and of at most one: "
        "of the cases in which it is known. Without an MRI of the whole spine a second site cannot "
        "be ruled out.",
        _published(),
        study.suppression_note,
    )
    title = f"Sites of compression, cohort {study.name}"
    return Table("sites", title, head, rows, tuple(filter(None, notes)) if rows else ())


def _interval(record):
    ends = (record["share_lower"], record["share_upper"])
    if any(map(display.is_missing, ends)) or display.is_missing(record["total"]):
        return ""
    low, high = (display.percent_value(end, record["total"]) for end in ends)
    return f"{low} to {high} %"


def _published():
    row = load_csv("benchmarks").set_index("benchmark_id").loc["several_sites"]
    return f"Published: up to {100 * row['estimate']:g} % ({row['study']}, {row['source']})."
