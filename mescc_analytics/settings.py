"""The config of a run: checked as a whole, completed with its documented defaults."""

import copy
import difflib
import os
from functools import cache
from importlib import resources
from pathlib import Path

import yaml

from mescc_analytics import codebook
from mescc_analytics.errors import UsageError

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


@cache
def schema():
    """The JSON schema of the config."""
    text = (resources.files("mescc_analytics") / "config.schema.yaml").read_text(encoding="utf-8")
    return yaml.safe_load(text)


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
    where = ".".join(str(part) for part in error.absolute_path)
    prefix = f"{where}: " if where else ""
    rule = error.validator
    if (
        rule == "additionalProperties"
        and isinstance(error.instance, dict)
        and error.validator_value is False
    ):
        known = list(error.schema["properties"])
        return [
            f"{prefix}unknown key '{key}'{_nearest(key, known)}"
            for key in error.instance
            if key not in known
        ]
    if rule == "required":
        return [
            f"{prefix}'{key}' is missing"
            for key in error.validator_value
            if key not in error.instance
        ]
    if "propertyNames" in list(error.absolute_schema_path):
        return [
            f"cohorts: the name {_shown(error.instance)} may hold letters, digits, - and _ only, and starts with a letter or digit"
        ]
    return [f"{prefix}found {_shown(error.instance)}, wanted {_wanted(error)}"]


def _wanted(error):
    value = error.validator_value
    words = {
        "enum": lambda: (
            "one of " + ", ".join(map(str, value)) + _did_you_mean(error.instance, value)
        ),
        "type": lambda: " or ".join(
            {
                "object": "a section of keys",
                "array": "a list",
                "string": "text",
                "integer": "a whole number",
                "number": "a number",
                "null": "null",
            }.get(t, t)
            for t in (value if isinstance(value, list) else [value])
        ),
        "minimum": lambda: f"at least {value}",
        "maximum": lambda: f"at most {value}",
        "exclusiveMinimum": lambda: f"more than {value}",
        "exclusiveMaximum": lambda: f"less than {value}",
        "uniqueItems": lambda: "each entry once",
        "minItems": lambda: f"at least {value} entry",
        "minProperties": lambda: f"at least {value} entry",
        "anyOf": lambda: "the id of a criterion, or a mapping with id, label and when",
    }
    return words.get(error.validator, lambda: error.message)()


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
    problems = []
    for column in (config.get("survival") or {}).get("by", []):
        if column not in group_columns():
            known = column in codebook.columns("all")
            why = (
                "is not known at baseline, so groups by it would look into the future"
                if known
                else "is not a column"
            )
            problems.append(
                f"survival.by: '{column}' {why}"
                + ("" if known else _did_you_mean(column, group_columns()))
            )
    ambulatory = defaults("ambulatory") | (config.get("ambulatory") or {})
    if len(ambulatory["timepoints_days"]) != len(ambulatory["windows_days"]):
        problems.append(
            "ambulatory: timepoints_days and windows_days must have the same number of entries"
        )
    cohort = defaults("cohort") | (config.get("cohort") or {})
    assign = defaults("assign") | (config.get("assign") or {})
    if assign["sins_consult_from"] > assign["sins_high_from"]:
        problems.append("assign.sins_consult_from: must not be above sins_high_from")
    histologies = codebook.columns()["primary_histology"].levels
    for name in (config.get("score") or {}).get("radiosensitivity") or {}:
        if name not in histologies:
            problems.append(
                f"score.radiosensitivity: '{name}' is not a primary_histology{_nearest(name, histologies)}"
            )
    return problems + _criteria_problems(cohort["eligibility"])


def _criteria_problems(chosen):
    known = list(codebook.load("eligibility")["criteria"])
    return [
        f"cohort.eligibility: '{c}' is not a criterion{_nearest(c, known)}"
        for c in chosen
        if isinstance(c, str) and c not in known
    ]


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
                    f"cohorts.{name}.{role}: '{wanted}' is not a file, neither in the config's folder nor in the working directory"
                )
            else:
                cohorts[name][role] = os.path.relpath(found)
    if problems:
        raise UsageError("the config", problems)
    return config | {"cohorts": cohorts}
