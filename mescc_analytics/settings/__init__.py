"""The config of a run: checked as a whole, completed with its documented defaults."""

import os
from pathlib import Path

from mescc_analytics.errors import UsageError
from mescc_analytics.settings.checks import check, group_columns, plain
from mescc_analytics.settings.declared import COHORT_TABLES, SECTIONS, defaults, schema

__all__ = ["SECTIONS", "check", "complete", "defaults", "group_columns", "prepare", "schema"]


def complete(config, need_cohorts=True):
    """A config with every key left out set to its default.

    Parameters
    ----------
    config : dict
        As written by the user.
    need_cohorts : bool
        False for a single step, which is given its tables as options.

    Returns
    -------
    dict

    Raises
    ------
    UsageError
        Lists every wrong key and value at once, each with what was found and what was wanted.
    """
    problems = check(config, need_cohorts)
    if problems:
        raise UsageError("the config", problems)
    config = plain(config)
    full = {section: defaults(section) | (config.get(section) or {}) for section in SECTIONS}
    full["seed"] = config.get("seed", schema()["properties"]["seed"]["default"])
    entry = schema()["properties"]["cohorts"]["additionalProperties"]["properties"]
    optional = {key: value["default"] for key, value in entry.items() if "default" in value}
    full["cohorts"] = {
        name: optional | cohort for name, cohort in (config.get("cohorts") or {}).items()
    }
    return full


def prepare(config, folder, made=()):
    """A completed config whose tables are found: relative to the config's folder, else to the
    working directory.

    Parameters
    ----------
    config : dict
        As written by the user.
    folder : Path
        Of the config file.
    made : sequence of str
        Paths that the workflow makes itself.

    Raises
    ------
    UsageError
        Lists every wrong key and value and every table that is in neither place.
    """
    problems = check(config) + _absent_tables(config, folder, made)
    if problems:
        raise UsageError("the config", problems)
    full = complete(config)
    for cohort in full["cohorts"].values():
        for role in COHORT_TABLES:
            if cohort[role] and cohort[role] not in made:
                cohort[role] = os.path.relpath(_found(cohort[role], folder))
    return full


def _found(wanted, folder):
    return next((place for place in (folder / wanted, Path(wanted)) if place.is_file()), None)


def _absent_tables(config, folder, made):
    cohorts = config.get("cohorts") if isinstance(config, dict) else None
    where = "neither in the config's folder nor in the working directory"
    return [
        f"cohorts.{name}.{role}: '{cohort[role]}' is not a file, {where}"
        for name, cohort in (cohorts if isinstance(cohorts, dict) else {}).items()
        for role in COHORT_TABLES
        if isinstance(cohort, dict)
        and isinstance(cohort.get(role), str)
        and cohort[role] not in made
        and _found(cohort[role], folder) is None
    ]
