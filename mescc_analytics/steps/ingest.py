"""Reading and checking the tables of a cohort."""

import sys
from pathlib import Path

from mescc_analytics.errors import TableError
from mescc_analytics.tables import files, findings
from mescc_analytics.tables import ingest as reading
from mescc_analytics.tables.mapping import load_mapping


def read(inputs, time_resolution="day", required=None):
    """Tables of a cohort as the codebook types them, with everything that was found wrong.

    Parameters
    ----------
    inputs : dict
        Paths by name: cases, and optionally visits, lesions, mapping.
    time_resolution : {"day", "hour"}
    required : tuple of str, optional
        Columns without which the case table is of no use; by default those of the codebook.

    Returns
    -------
    tables.ingest.Ingested
    """
    mapping = load_mapping(inputs["mapping"]) if inputs.get("mapping") else None
    return reading.ingest(
        inputs["cases"],
        inputs.get("visits"),
        inputs.get("lesions"),
        mapping=mapping,
        time_resolution=time_resolution,
        required=required,
    )


def ingest(inputs, out, settings):
    """cases.parquet, visits.parquet, lesions.parquet, findings.csv; the worst findings on the
    screen.
    """
    found = read(inputs, settings["time_resolution"])
    refuse_unusable(found, inputs)
    tell(found, inputs, settings["ingest"]["max_messages"])
    files.write_table(found.cases, out / "cases.parquet")
    files.write_table(found.visits, out / "visits.parquet")
    files.write_table(found.lesions, out / "lesions.parquet")
    files.write_csv(found.findings, out / "findings.csv")


def refuse_unusable(found, inputs):
    """Raise TableError with everything serious if the tables cannot be used."""
    if found.fatal:
        serious = found.findings[found.findings["severity"].isin(["fatal", "error"])]
        raise TableError(f"'{Path(inputs['cases']).name}'", findings.sentences(serious))


def tell(found, inputs, limit):
    """Findings in words on stderr."""
    roles = ("cases", "visits", "lesions")
    names = {role: Path(inputs[role]).name for role in roles if inputs.get(role)}
    text = findings.describe(found.findings, limit=limit, names=names)
    print(text or f"'{names['cases']}' can be used: nothing found wrong", file=sys.stderr)


def check(inputs, out, settings):
    """Every problem of the tables in words; all of them as CSV at ``out`` if given."""
    found = read(inputs, settings["time_resolution"])
    if out:
        files.write_csv(found.findings, out)
    refuse_unusable(found, inputs)
    tell(found, inputs, None)
