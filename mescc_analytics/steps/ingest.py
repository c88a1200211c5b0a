"""Reading and checking the tables of a cohort."""

import sys
from dataclasses import replace
from pathlib import Path

from mescc_analytics.clinical.levels import describe_levels
from mescc_analytics.errors import TableError
from mescc_analytics.tables import files, findings
from mescc_analytics.tables import ingest as reading
from mescc_analytics.tables.mapping import load_mapping

ROLES = ("cases", "visits", "lesions")


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
    found = reading.ingest(
        inputs["cases"],
        inputs.get("visits"),
        inputs.get("lesions"),
        mapping=mapping,
        time_resolution=time_resolution,
        required=required,
    )
    parts = [found.findings, *(_unreadable_levels(found, table) for table in ("cases", "lesions"))]
    return replace(found, findings=findings.concat(parts))


def _unreadable_levels(found, table):
    """Findings of spinal levels that cannot be read, which only the scores would notice."""
    frame = getattr(found, table)
    if "spinal_levels" not in frame or not len(frame):
        return findings.empty()
    flags = describe_levels(frame["spinal_levels"])["flags"]
    at = flags.str.contains("LEVEL_UNREADABLE").fillna(False).to_numpy(dtype=bool)
    return findings.make(
        table,
        "unreadable_level",
        "error",
        case_id=frame.loc[at, "case_id"].to_numpy(),
        row=found.rows[table][at],
        column="spinal_levels",
        found=frame.loc[at, "spinal_levels"].to_numpy(),
        wanted="vertebrae such as T11, C7/T1, T10-T12 or T4;L2",
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
    """Raise TableError with every finding, the fatal ones first, if the tables cannot be used."""
    if not found.fatal:
        return
    wrong = found.findings
    names = {role: Path(inputs[role]).name for role in ROLES if inputs.get(role)}
    fatal = wrong.loc[wrong["severity"] == "fatal", "table"]
    tables = dict.fromkeys([*fatal, *wrong["table"]])
    first = next(iter(tables))
    problems = [
        sentence if table == first else f"in '{names.get(table, table)}': {sentence}"
        for table in tables
        for sentence in findings.sentences(wrong[wrong["table"] == table])
    ]
    raise TableError(f"'{names.get(first, first)}'", problems)


def tell(found, inputs, limit):
    """Findings in words on stderr."""
    names = {role: Path(inputs[role]).name for role in ROLES if inputs.get(role)}
    text = findings.describe(found.findings, limit=limit, names=names)
    print(text or f"'{names['cases']}' can be used: nothing found wrong", file=sys.stderr)


def check(inputs, out, settings):
    """Every problem of the tables in words; all of them as CSV at ``out`` if given."""
    found = read(inputs, settings["time_resolution"])
    if out:
        files.write_csv(found.findings, out)
    refuse_unusable(found, inputs)
    tell(found, inputs, None)
