"""Where results come from: digests of inputs, code, config and outputs; versions; a run crate."""

import hashlib
import json
import sys
from importlib import metadata, resources
from pathlib import Path

import mescc_analytics

CODE_ENDINGS = (".py", ".yaml", ".csv", ".j2", ".css", ".js", ".typ", ".json")
LIBRARIES = (
    "numpy",
    "scipy",
    "pandas",
    "pyarrow",
    "lifelines",
    "matplotlib",
    "jinja2",
    "python-docx",
    "snakemake",
)


def digest_file(path):
    """SHA-256 of a file's bytes, hexadecimal."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def digest_code():
    """SHA-256 over the package's own files (names and bytes), so that an edit reruns what depends
    on it.
    """
    root = Path(str(resources.files(mescc_analytics)))
    total = hashlib.sha256()
    for path in sorted(p for p in root.rglob("*") if p.suffix in CODE_ENDINGS and p.is_file()):
        total.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return total.hexdigest()


def digest_config(config):
    """SHA-256 of a config as sorted JSON."""
    return hashlib.sha256(json.dumps(config, sort_keys=True).encode()).hexdigest()


def describe_run(inputs, outputs, config, root):
    """Everything that fixes the results.

    Parameters
    ----------
    inputs : dict of str to Path
        Tables and mapping by role.
    outputs : sequence of Path
        Result files below ``root``.
    config : dict
        The completed config of this cohort.
    root : Path
        Folder to which output names are relative; no absolute path is recorded.

    Returns
    -------
    dict
        JSON-able; no clock, host or path.
    """
    return {
        "software": {
            "name": "mescc_analytics",
            "version": mescc_analytics.__version__,
            "code_sha256": digest_code(),
        },
        "python": ".".join(map(str, sys.version_info[:3])),
        "libraries": {name: metadata.version(name) for name in LIBRARIES},
        "seed": config["seed"],
        "config": config,
        "config_sha256": digest_config(config),
        "inputs": {
            role: {"name": path.name, "sha256": digest_file(path)}
            for role, path in sorted(inputs.items())
        },
        "outputs": {
            path.relative_to(root).as_posix(): digest_file(path) for path in sorted(outputs)
        },
    }


def run_crate(run):
    """The run as RO-Crate 1.1 metadata (a dict for ro-crate-metadata.json)."""
    parts = [_file(f"../{name}", name, digest) for name, digest in run["outputs"].items()]
    sources = [
        _file(f"#input-{role}", entry["name"], entry["sha256"])
        for role, entry in run["inputs"].items()
    ]
    software = {
        "@id": "#mescc_analytics",
        "@type": "SoftwareApplication",
        "name": "mescc_analytics",
        "version": run["software"]["version"],
        "identifier": f"sha256:{run['software']['code_sha256']}",
    }
    action = {
        "@id": "#run",
        "@type": "CreateAction",
        "name": "Analysis of one cohort",
        "instrument": {"@id": software["@id"]},
        "object": [{"@id": source["@id"]} for source in sources],
        "result": [{"@id": part["@id"]} for part in parts],
    }
    graph = [*_crate_heads(parts), action, software, *sources, *parts]
    return {"@context": "https://w3id.org/ro/crate/1.1/context", "@graph": graph}


def _file(identity, name, digest):
    return {"@id": identity, "@type": "File", "name": name, "identifier": f"sha256:{digest}"}


def _crate_heads(parts):
    """The two entities that every crate starts with: its own description and its root folder."""
    descriptor = {
        "@id": "ro-crate-metadata.json",
        "@type": "CreativeWork",
        "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"},
        "about": {"@id": "./"},
    }
    root = {
        "@id": "./",
        "@type": "Dataset",
        "name": "Results of mescc_analytics",
        "description": "Scores, pathways, survival and walking of one cohort with MESCC",
        "hasPart": [{"@id": part["@id"]} for part in parts],
        "mentions": [{"@id": "#run"}],
    }
    return descriptor, root
