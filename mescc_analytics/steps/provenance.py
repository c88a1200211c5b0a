"""Provenance of a run."""

from mescc_analytics.errors import UsageError
from mescc_analytics.provenance import describe_run, run_crate
from mescc_analytics.tables import files


def provenance(inputs, out, settings):
    """provenance.json and ro-crate-metadata.json over every result of the cohort."""
    results = inputs.pop("results")
    if not results.is_dir():
        raise UsageError("--results", [f"found {results}, wanted a folder of results"])
    outputs = [
        p
        for p in results.rglob("*")
        if p.is_file() and out not in p.parents and not p.name.startswith(".")
    ]
    run = describe_run(inputs, outputs, settings, results)
    files.write_json(run, out / "provenance.json")
    files.write_json(run_crate(run), out / "ro-crate-metadata.json")
