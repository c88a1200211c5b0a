"""Config, paths and digests: the only rules file with functions."""

import json
import os
import shlex
import sys

from mescc_analytics import settings as mescc_settings
from mescc_analytics.errors import MesccError
from mescc_analytics.provenance import digest_code
from mescc_analytics.steps.sources import EXAMPLES


def checked(config, configfiles):
    """The completed config with paths that exist, or every problem in words and exit code 2."""
    folder = Path(configfiles[-1]).parent if configfiles else Path(".")
    made = [f"resources/{name}.csv" for name in EXAMPLES]
    try:
        return mescc_settings.prepare(config, folder, made)
    except MesccError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)


CONFIG = checked(config, workflow.configfiles)
COHORTS = list(CONFIG["cohorts"])
CODE = digest_code()[:16]

# Jobs run the same Python as this workflow, whether or not its environment is on the PATH.
shell.prefix(f'export PATH={shlex.quote(os.path.dirname(sys.executable))}:"$PATH"; ')


def section(*names):
    """The settings that a step may see, as JSON; another section's change does not rerun it.

    A name is a section, or "section.key" for one key of it.
    """

    def one(name):
        part, _, key = name.partition(".")
        return part, {key: CONFIG[part][key]} if key else CONFIG[part]

    def settings(wildcards):
        cohort = CONFIG["cohorts"][wildcards.cohort]
        about = {"name": wildcards.cohort, "time_resolution": cohort["time_resolution"]}
        return json.dumps(dict(map(one, names)) | about, sort_keys=True)

    return settings


def table(role):
    """Path of one of a cohort's own tables, or nothing."""
    return lambda wildcards: CONFIG["cohorts"][wildcards.cohort][role] or []


def given(*roles):
    """Options for the optional tables that a cohort has."""

    def options(wildcards):
        cohort = CONFIG["cohorts"][wildcards.cohort]
        return " ".join(
            f"--{role} {shlex.quote(cohort[role])}" for role in roles if cohort[role]
        )

    return options


wildcard_constraints:
    cohort="|".join(COHORTS),
