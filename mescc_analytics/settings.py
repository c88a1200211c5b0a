"""The config of a run: checked as a whole, completed with its documented defaults."""

import copy
import difflib
import os
from functools import cache
from importlib import resources
from pathlib import Path

import pandas as pd
import yaml

from mescc_analytics import codebook
from mescc_analytics.codebook.conditions import evaluate
from mescc_analytics.errors import CodebookError, UsageError

SECTIONS = (
    "ingest",
    "score",
    "assign",
    "cohort",
    "survival",
    "ambulatory",
    "figures",
    "tables",
    "report",
    "disclosure",
)

TYPE_WORDS = {
    "object": "a section of keys",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
}
RULE_WORDS = {
    "minimum": "at least {}",
    "maximum": "at most {}",
    "exclusiveMinimum": "more than {}",
    "exclusiveMaximum": "less than {}",
    "uniqueItems": "each entry once",
    "minItems": "at least {} entry",
    "minProperties": "at least {} entry",
    "anyOf": "the id of a criterion, or a mapping with id, label and when",
}


@cache
def schema():
    """The JSON schema of the config."""
    text = (resources.files("mescc_analytics") / "config.schema.yaml").read_text(encoding="utf-8")
    return yaml.load(text, Loader=codebook.FastestLoader)


def defaults(section):
    """Default value of every key of one section."""
    properties = schema()["properties"][section]["properties"]
    return {key: copy.deepcopy(entry["default"]) for key, entry in properties.items()}


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
    full = {section: defaults(section) | (config.get(section) or {}) for section in SECTIONS}
    full["seed"] = config.get("seed", schema()["properties"]["seed"]["default"])
    entry = schema()["properties"]["cohorts"]["additionalProperties"]["properties"]
    optional = {key: value["default"] for key, value in entry.items() if "default" in value}
    full["cohorts"] = {
        name: optional | cohort for name, cohort in (config.get("cohorts") or {}).items()
    }
    return full


def check(config, need_cohorts=True):
    """Every problem of a config, in words; an empty list if it can be used.

    Parameters
    ----------
    config : dict
    need_cohorts : bool
        False for a single step, which is given its tables as options.
    """
    if not isinstance(config, dict):
        return [f"found {_shown(config)}, wanted sections such as cohorts, cohort, survival"]
    from jsonschema import Draft202012Validator

    wanted = schema() if need_cohorts else schema() | {"required": []}
    config = {
        key: {} if value is None and key in SECTIONS else value for key, value in config.items()
    }
    errors = sorted(
        Draft202012Validator(wanted).iter_errors(config),
        key=lambda e: [str(p) for p in e.absolute_path],
    )
    problems = [problem for error in errors for problem in _explain(error)]
    return problems or _cross_checks(config)


def _explain(error):
    path = list(error.absolute_path)
    where = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in path).removeprefix(".")
    prefix = f"{where}: " if where else ""
    if error.validator == "additionalProperties" and error.validator_value is False:
        known = list(error.schema["properties"])
        unknown = [key for key in error.instance if key not in known]
        return [f"{prefix}unknown key '{key}'{_nearest(key, known)}" for key in unknown]
    if error.validator == "required":
        absent = [key for key in error.validator_value if key not in error.instance]
        return [f"{prefix}'{key}' is missing" for key in absent]
    if "propertyNames" in list(error.absolute_schema_path):
        wanted = "letters, digits, - and _ only, a letter or digit first"
        return [f"cohorts: found the name {_shown(error.instance)}, wanted {wanted}"]
    return [f"{prefix}found {_shown(error.instance)}, wanted {_wanted(error)}"]


def _wanted(error):
    value, rule = error.validator_value, error.validator
    if rule == "enum":
        return "one of " + ", ".join(map(str, value)) + _did_you_mean(error.instance, value)
    if rule == "type":
        kinds = value if isinstance(value, list) else [value]
        return " or ".join(TYPE_WORDS.get(kind, kind) for kind in kinds)
    return RULE_WORDS.get(rule, "a valid value").format(value)


def _shown(value):
    text = "nothing" if value is None else repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _did_you_mean(word, known):
    close = difflib.get_close_matches(str(word), [str(k) for k in known], n=1, cutoff=0.5)
    return f" (did you mean '{close[0]}'?)" if close else ""


def _nearest(word, known):
    return _did_you_mean(word, known) or f"; known: {', '.join(map(str, known))}"


def group_columns():
    """Names of the columns that may define groups to be compared: known at baseline, or
    administrative.
    """
    allowed = {
        name: c
        for name, c in codebook.columns("all").items()
        if c.role == "baseline" or name in ("site", "presentation_year", "presentation_quarter")
    }
    return [
        name
        for name, c in allowed.items()
        if c.type != "text" or name in ("site", "presentation_quarter")
    ]


def _cross_checks(config):
    """What no schema can say: names of columns and criteria, lists that belong together."""
    full = {name: defaults(name) | (config.get(name) or {}) for name in SECTIONS}
    problems = [
        p for column in full["survival"]["by"] for p in _group_problems("survival.by", column)
    ]
    for column in full["tables"]["variables"] or []:
        problems += _group_problems("tables.variables", column)
    walking, assign = full["ambulatory"], full["assign"]
    if len(walking["timepoints_days"]) != len(walking["windows_days"]):
        problems.append(
            "ambulatory: timepoints_days and windows_days must have the same number of entries"
        )
    if assign["sins_consult_from"] > assign["sins_high_from"]:
        problems.append("assign.sins_consult_from: must not be above sins_high_from")
    histologies = codebook.columns()["primary_histology"].levels
    problems += [
        f"score.radiosensitivity: '{name}' is not a primary_histology{_nearest(name, histologies)}"
        for name in full["score"]["radiosensitivity"]
        if name not in histologies
    ]
    return problems + _criteria_problems(full["cohort"]["eligibility"])


def _group_problems(key, column):
    if column in group_columns():
        return []
    if column in codebook.columns("all"):
        why = "is not known at baseline, so groups by it would look into the future"
    else:
        why = "is not a column" + _did_you_mean(column, group_columns())
    return [f"{key}: '{column}' {why}"]


def _criteria_problems(chosen):
    known = list(codebook.load("eligibility")["criteria"])
    unknown = [c for c in chosen if isinstance(c, str) and c not in known]
    said = "cohort.eligibility: '{}' is not a criterion{}"
    problems = [said.format(name, _nearest(name, known)) for name in unknown]
    for criterion in (c for c in chosen if not isinstance(c, str)):
        try:
            evaluate(criterion["when"], pd.DataFrame(index=range(1)), defaults("cohort"))
        except CodebookError as error:
            problems.append(f"cohort.eligibility '{criterion['id']}': {error.problems[0]}")
    return problems


def with_paths(config, folder, made=()):
    """A completed config whose tables are found: relative to the config's folder, else to the
    working directory.

    Parameters
    ----------
    config : dict
    folder : Path
        Of the config file.
    made : sequence of str
        Paths that the workflow makes itself.

    Raises
    ------
    UsageError
        Names every table that is in neither place.
    """
    problems, cohorts = [], {}
    for name, cohort in config["cohorts"].items():
        cohorts[name] = dict(cohort)
        for role in ("cases", "visits", "lesions", "mapping"):
            wanted = cohort[role]
            if wanted is None or wanted in made:
                continue
            places = [folder / wanted, Path(wanted)]
            found = next((place for place in places if place.is_file()), None)
            if found is None:
                problems.append(
                    f"cohorts.{name}.{role}: '{wanted}' is not a file, neither in the config's "
                    "folder nor in the working directory"
                )
            else:
                cohorts[name][role] = os.path.relpath(found)
    if problems:
        raise UsageError("the config", problems)
    return config | {"cohorts": cohorts}
