"""Every problem of a config at once, in words, with the nearest valid word."""

import datetime
import difflib

import pandas as pd

from mescc_analytics import codebook
from mescc_analytics.codebook.conditions import evaluate
from mescc_analytics.codebook.tables import load_csv
from mescc_analytics.errors import CodebookError
from mescc_analytics.settings.declared import SECTIONS, defaults, schema

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
# keys that name columns known at baseline
COLUMN_LISTS = (
    ("survival", "by"),
    ("weight", "covariates"),
    ("tables", "variables"),
    ("impute", "variables"),
    ("impute", "covariates"),
)


def plain(config):
    """The config as JSON would hold it: an empty section is a section, a date is its text."""

    def value_of(value):
        if isinstance(value, dict):
            return {key: value_of(part) for key, part in value.items()}
        return value.isoformat() if isinstance(value, datetime.date) else value

    return {
        key: {} if value is None and key in SECTIONS else value_of(value)
        for key, value in config.items()
    }


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

    config = plain(config)
    wanted = schema() if need_cohorts else schema() | {"required": []}
    found = Draft202012Validator(wanted).iter_errors(config)
    errors = sorted(found, key=lambda e: [str(p) for p in e.absolute_path])
    problems = [problem for error in errors for problem in _explain(error)]
    return (
        problems
        + _name_problems(config.get("cohorts"))
        + _cross_checks(_valid_part(config, errors))
    )


def _name_problems(cohorts):
    """YAML reads 2024 and no as a number and a truth value; a folder needs a text."""
    names = cohorts if isinstance(cohorts, dict) else {}
    problems = [
        f"cohorts: the name {name} was not read as text: put it in quotes"
        for name in names
        if not isinstance(name, str)
    ]
    folded = [str(name).casefold() for name in names]
    twice = sorted({name for name in folded if folded.count(name) > 1})
    return problems + [f"cohorts: '{name}' stands twice but for its case" for name in twice]


def _valid_part(config, errors):
    """The sections without the keys that the schema already refused."""
    wrong = {tuple(error.absolute_path)[:2] for error in errors}
    return {
        name: {
            key: value
            for key, value in config[name].items()
            if (name, key) not in wrong and key in defaults(name)
        }
        for name in SECTIONS
        if isinstance(config.get(name), dict)
    }


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
        problem
        for section, key in COLUMN_LISTS
        for column in full[section][key] or []
        for problem in _group_problems(f"{section}.{key}", column)
    ]
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
    problems += _benchmark_problems(full["benchmark"])
    problems += _score_problems(full["prognosis"]["scores"] or [])
    return problems + _criteria_problems(full["cohort"]["eligibility"])


def _score_problems(wanted):
    """Scores to compare that are neither in the registry nor among the imported predictions."""
    known = [*codebook.load("prognosis/registry")["scores"]]
    known += codebook.load("prognosis/external")["columns"]
    return [
        f"prognosis.scores: '{name}' is not a score{_nearest(name, known)}"
        for name in wanted
        if name not in known
    ]


def _benchmark_problems(chosen):
    known = load_csv("benchmarks")["benchmark_id"].tolist()
    return [
        f"benchmark.{key}: '{name}' is not a benchmark_id{_did_you_mean(name, known)}"
        for key in ("show", "leave_out")
        for name in chosen[key]
        if name not in known
    ]


def _group_problems(key, column):
    if column in group_columns():
        return []
    if column in codebook.columns("all"):
        why = "is not known at baseline, so groups by it would look into the future"
    else:
        why = "is not a column" + _did_you_mean(column, group_columns())
    return [f"{key}: '{column}' {why}"]


def _condition_problems(criterion):
    """Columns of an own criterion that do not exist: it would exclude nobody, or everybody."""
    known = list(codebook.columns("all"))
    said = "cohort.eligibility '{}': '{}' is not a column{}"
    return [
        said.format(criterion["id"], name, _did_you_mean(name, known))
        for name in _columns_of(criterion["when"])
        if name not in known
    ]


def _columns_of(condition):
    if isinstance(condition, list):
        return [name for part in condition for name in _columns_of(part)]
    if not isinstance(condition, dict):
        return []
    own = [condition["column"]] if "column" in condition else list(condition.get("bounds", []))
    return own + [name for part in condition.values() for name in _columns_of(part)]


def _criteria_problems(chosen):
    known = list(codebook.load("eligibility")["criteria"])
    unknown = [c for c in chosen if isinstance(c, str) and c not in known]
    said = "cohort.eligibility: '{}' is not a criterion{}"
    problems = [said.format(name, _nearest(name, known)) for name in unknown]
    ids = [c if isinstance(c, str) else c["id"] for c in chosen]
    problems += [
        f"cohort.eligibility: '{c}' stands twice" for c in sorted(set(ids)) if ids.count(c) > 1
    ]
    for criterion in (c for c in chosen if not isinstance(c, str)):
        problems += _condition_problems(criterion)
        try:
            evaluate(criterion["when"], pd.DataFrame(index=range(1)), defaults("cohort"))
        except CodebookError as error:
            problems.append(f"cohort.eligibility '{criterion['id']}': {error.problems[0]}")
    return problems
