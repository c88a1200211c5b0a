"""`mescc <step>`: every step of the workflow, and a few tools, as commands.

Exit codes: 0 done; 2 usage or config error; 3 table cannot be used; 4 identifiers found; 1 anything
unforeseen.
"""

import argparse
import json
import sys
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import mescc_analytics
from mescc_analytics.errors import MesccError, UsageError

ABOUT = "MESCC: from a case table to scores, pathways, survival and walking."
TABLE = {"table": "case table: CSV, XLSX or Parquet"}
MAPPING = {"mapping": "mapping file (YAML) that renames columns and recodes levels"}
VISITS = {"visits": "table of follow-up contacts"}
LESIONS = {"lesions": "table of lesions"}


@dataclass(frozen=True)
class Command:
    """One subcommand: its function ``module:name``, its words, and its options."""

    function: str
    help: str
    positional: tuple = ()
    required: tuple = ()
    optional: tuple = ()
    out: str = "folder to fill"
    out_required: bool = True
    words: tuple = ()  # options that are no paths: (name, help, required)


def _options(*parts):
    return tuple(item for part in parts for item in part.items())


COHORT = {"cohort": "cohort.parquet"}
WEIGHTS = {"weights": "weights.parquet", "diagnostics": "diagnostics.csv of the step weight"}
FOLLOWED = COHORT | {"visits": "visits.parquet"}
RESULTS = {"results": "folder of the cohort's results, results/<cohort>"}
STEPS = "mescc_analytics.steps"
COMMANDS = {
    "check": Command(
        f"{STEPS}.ingest:check",
        "every problem of a table at once",
        _options(TABLE),
        (),
        _options(VISITS, LESIONS, MAPPING),
        "CSV file for all findings",
        False,
    ),
    "ingest": Command(
        f"{STEPS}.ingest:ingest",
        "read and check the tables of a cohort",
        (),
        _options({"cases": TABLE["table"]}),
        _options(VISITS, LESIONS, MAPPING),
    ),
    "score": Command(
        f"{STEPS}.decisions:score",
        "SINS, SOSG, radiosensitivity and dose of every case",
        _options(TABLE),
        (),
        _options(LESIONS, MAPPING, {"scored_lesions": "table for the scores of every lesion"}),
        "scored table, CSV or Parquet by its ending",
    ),
    "assign": Command(
        f"{STEPS}.decisions:assign",
        "recommended pathway of every case",
        _options(TABLE),
        (),
        _options(
            MAPPING,
            {
                "concordance": "CSV for recommended against given",
                "policies": "CSV for pathway counts under each policy",
                "algorithms": "CSV for the agreement of the algorithms",
                "trace": "CSV or Parquet for every question to every case",
                "scored_lesions": "scored lesions, as the score step writes them",
                "lesion_pathways": "CSV or Parquet for the pathway of every lesion",
            },
        ),
        "table with pathways, CSV or Parquet by its ending",
    ),
    "trace": Command(
        f"{STEPS}.trace:trace",
        "how one case came to its pathway, question by question",
        _options(TABLE),
        (),
        _options(MAPPING),
        "CSV file for the questions",
        False,
        (
            ("case", "case_id of the case", True),
            ("algorithm", "in place of the configured one", False),
        ),
    ),
    "cohort": Command(
        f"{STEPS}.cohort:cohort",
        "time zero, arms, eligibility and flow",
        (),
        _options({"cases": "assigned cases"}),
        _options(VISITS),
    ),
    "weight": Command(f"{STEPS}.weight:weight", "weights of the arms", (), _options(COHORT)),
    "survival": Command(
        f"{STEPS}.survival:survival",
        "survival curves, tests and hazard ratios",
        (),
        _options(COHORT),
        _options(WEIGHTS),
    ),
    "sensitivity": Command(
        f"{STEPS}.sensitivity:sensitivity",
        "every contrast of arms under every choice it could depend on",
        (),
        _options({"cohort": "cohort.parquet", "hazards": "hazards.csv of the step survival"}),
        _options({"imputed": "imputed.parquet of the step impute"}),
    ),
    "ambulatory": Command(
        f"{STEPS}.ambulatory:ambulatory",
        "walking by arm and time",
        (),
        _options(FOLLOWED),
        _options(WEIGHTS),
    ),
    "competing": Command(
        f"{STEPS}.competing:competing",
        "local failure and other events that death can forestall",
        (),
        _options(FOLLOWED),
    ),
    "benchmark": Command(
        f"{STEPS}.benchmark:benchmark", "the cohort beside published results", (), _options(RESULTS)
    ),
    "audit": Command(
        f"{STEPS}.audit:audit",
        "audit indicators by site and period; cases.csv is row-level",
        (),
        _options(COHORT),
        _options({"visits": "visits.parquet"}),
    ),
    "agreement": Command(
        f"{STEPS}.agreement:agreement", "two readings of SINS and SOSG", (), _options(COHORT)
    ),
    "impute": Command(
        f"{STEPS}.impute:impute", "imputed values and what they change", (), _options(COHORT)
    ),
    "audit_report": Command(
        f"{STEPS}.audit_report:audit_report",
        "the audit report, audit.html (row-level)",
        (),
        _options({"audit": "folder of the audit step"}),
    ),
    "prognosis": Command(
        f"{STEPS}.prognosis:prognosis", "how well scores foretell survival", (), _options(COHORT)
    ),
    "figures": Command(
        f"{STEPS}.figures:figures", "figures as SVG, PDF and PNG", (), _options(RESULTS)
    ),
    "tables": Command(
        f"{STEPS}.tables:tables", "tables as CSV and one Word file", (), _options(RESULTS)
    ),
    "report": Command(f"{STEPS}.report:report", "the research report", (), _options(RESULTS)),
    "provenance": Command(
        f"{STEPS}.provenance:provenance",
        "digests of inputs, code, config and outputs",
        (),
        _options(RESULTS, {"cases": TABLE["table"]}),
        _options(VISITS, LESIONS, MAPPING),
    ),
    "example": Command(
        f"{STEPS}.sources:example",
        "a published cohort as a table",
        (("name", "lung or patchell"),),
        (),
        (),
        "CSV file",
    ),
}


def main(arguments=None):
    """Run one command; returns the exit code."""
    options = _parser().parse_args(arguments)
    try:
        if options.command == "synthesise":
            _load(f"{STEPS}.sources:synthesise")(
                options.cases, options.seed, options.scenario, Path(options.out)
            )
        else:
            _run(COMMANDS[options.command], options)
    except MesccError as error:
        print(f"mescc {options.command}: {error}", file=sys.stderr)
        return error.exit_code
    except OSError as error:
        print(f"mescc {options.command}: '{error.filename}': {error.strerror}", file=sys.stderr)
        return 1
    return 0


def _run(command, options):
    settings = read_settings(options)
    given = vars(options)
    names = [name for name, _ in (*command.positional, *command.required, *command.optional)]
    inputs = {name: Path(given[name]) for name in names if given.get(name)}
    inputs |= {name: given[name] for name, *_ in command.words if given.get(name)}
    if "table" in inputs:
        inputs["cases"] = inputs.pop("table")
    _load(command.function)(inputs, Path(options.out) if options.out else None, settings)


def read_settings(options):
    """The completed config of one step, from ``--config`` (a file) or ``--settings`` (JSON, as the
    workflow passes it).
    """
    from mescc_analytics import settings
    from mescc_analytics.tables.files import read_yaml

    config = read_yaml(options.config) if options.config else {}
    if options.settings:
        try:
            config = json.loads(options.settings)
        except json.JSONDecodeError as error:
            raise UsageError("--settings", [f"not JSON: {error}"]) from None
    about = {
        key: config.pop(key)
        for key in ("name", "time_resolution")
        if isinstance(config, dict) and key in config
    }
    if options.time_resolution:
        about["time_resolution"] = options.time_resolution
    return (
        settings.complete(config, need_cohorts=False)
        | {"time_resolution": "day", "name": "cohort"}
        | about
    )


def _load(function):
    module, name = function.split(":")
    return getattr(import_module(module), name)


def _parser():
    parser = argparse.ArgumentParser(prog="mescc", description=ABOUT)
    version = f"mescc_analytics {mescc_analytics.__version__}"
    parser.add_argument("--version", action="version", version=version)
    steps = parser.add_subparsers(dest="command", required=True, metavar="<step>")
    for name, command in COMMANDS.items():
        words = command.help[0].upper() + command.help[1:] + "."
        _add(steps.add_parser(name, help=command.help, description=words), command)
    _add_synthesise(steps.add_parser("synthesise", help="a synthetic cohort with known truth"))
    return parser


def _add_synthesise(parser):
    parser.add_argument("--cases", type=_count, required=True, metavar="N", help="how many cases")
    parser.add_argument("--seed", type=_seed, required=True, metavar="S", help="of the generator")
    parser.add_argument("--out", required=True, metavar="DIR", help="folder to fill")
    parser.add_argument("--scenario", default="realistic", metavar="NAME", help="of the codebook")


def _seed(text):
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"found {text}, wanted a whole number of at least 0")
    return int(text)


def _count(text):
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"found {text}, wanted a whole number of at least 1")
    return int(text)


def _add(parser, command):
    for name, words in command.positional:
        parser.add_argument(name, metavar=name.upper(), help=words)
    for name, words in command.required:
        parser.add_argument(f"--{name}", required=True, metavar="PATH", help=words)
    for name, words in command.optional:
        option = f"--{name.replace('_', '-')}"
        parser.add_argument(option, metavar="PATH", help=f"{words} (optional)")
    for name, words, needed in command.words:
        parser.add_argument(f"--{name}", required=needed, metavar=name.upper(), help=words)
    parser.add_argument("--out", required=command.out_required, metavar="PATH", help=command.out)
    parser.add_argument("--config", metavar="FILE", help="config file; keys left out: defaults")
    parser.add_argument("--settings", metavar="JSON", help="config as JSON, in place of --config")
    parser.add_argument(
        "--time-resolution",
        choices=["day", "hour"],
        help="whether fractions of a day mean anything",
    )
