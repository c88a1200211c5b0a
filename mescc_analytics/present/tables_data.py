"""Tables about the data themselves: findings, missing values, default rules, what was not
assessable.
"""

from mescc_analytics import codebook
from mescc_analytics.present import cells, display, wording
from mescc_analytics.present.tables import Table


def _notes(study, *notes):
    return tuple(note for note in (*notes, study.suppression_note) if note)


def findings(frame, study):
    """Findings by kind: code, severity, table, column, n, mark; no value and no case is named."""
    rows = tuple(
        (
            record["code"].replace("_", " "),
            record["severity"],
            record["table"],
            record["column"],
            cells.count(record),
        )
        for record in frame.to_dict("records")
    )
    title = f"Findings in the supplied tables by kind, cohort {study.name}"
    return Table(
        "findings", title, ("Kind", "Severity", "Table", "Column", "Findings"), rows, _notes(study)
    )


def missing(frame, study):
    """Missing values per column that has any: column, n, total, mark."""
    rows = []
    for record in frame.to_dict("records"):
        if display.is_missing(record["n"]) or record["n"] > 0:
            cell = (
                cells.marked(record)
                if display.is_missing(record["n"])
                else display.n_percent(record["n"], record["total"])
            )
            rows.append((codebook.label(record["column"]), record["column"], cell))
    complete = len(frame) - len(rows)
    notes = (
        f"{display.plural(complete, 'column')} without a missing value not listed."
        if complete
        else "",
        "The day of an event or of a treatment is also blank where there was none.",
    )
    title = f"Missing values by column, all cases supplied, cohort {study.name}"
    return Table(
        "missing", title, ("Item", "Column", "Missing"), tuple(rows), _notes(study, *notes)
    )


def derived(frame, study):
    """What was derived by a default rule and how many cases it touched: rule (words), n, total,
    mark.
    """
    rows = tuple((record["rule"], cells.count(record)) for record in frame.to_dict("records"))
    title = f"Values derived by a default rule, cohort {study.name}"
    return Table("derived", title, ("Rule", "Cases"), rows, _notes(study))


def not_assessable(frame):
    """What could not be assessed, once per need: subject ("survival"), analysis, needs, reason."""
    rows = []
    filled = frame.fillna("")
    for (needs, reason), group in filled.groupby(["needs", "reason"], sort=False):
        names = [
            analysis_words(*pair)
            for pair in dict.fromkeys(zip(group["subject"], group["analysis"], strict=True))
        ]
        rows.append(
            (
                display.listing(names),
                needs,
                "" if reason.removeprefix("needs ") == needs else reason,
            )
        )
    return Table(
        "not_assessable", "Not assessable in this table", ("What", "Needs", "Reason"), tuple(rows)
    )


def analysis_words(subject, analysis):
    """An analysis in words.

    >>> analysis_words("survival", "by_ecog"), analysis_words("walking", "overall")
    ('survival by ECOG performance status', 'walking overall')
    """
    if analysis in wording.ANALYSES:
        words = wording.ANALYSES[analysis]
        return f"{subject}: {words[0].lower()}{words[1:]}"
    column = wording.column_of(analysis)
    words = (
        analysis
        if column is None
        else "by arm"
        if column == "arm"
        else f"by {codebook.label(column)}"
    )
    return f"{subject} {words}".strip()


def flow(frame, study):
    """Attrition: criterion by criterion, n before, excluded, could not be judged, n after."""
    names = ("n_before", "n_excluded", "n_unknown", "n_after")
    rows = []
    for record in frame.to_dict("records"):
        numbers = [cells.count(record | {"mark": None}, name) for name in names]
        rows.append((str(record["label"]), str(record["applies_to"]), *numbers))
    head = ("Criterion", "Applies to", "Before", "Excluded", "Could not be judged", "After")
    return Table("flow", f"Who was included, cohort {study.name}", head, tuple(rows), _notes(study))
