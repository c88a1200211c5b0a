"""What the schema declares: sections, defaults."""

import copy
from functools import cache
from importlib import resources

import yaml

from mescc_analytics import codebook

SECTIONS = (
    "ingest",
    "score",
    "assign",
    "cohort",
    "weight",
    "survival",
    "sensitivity",
    "ambulatory",
    "competing",
    "benchmark",
    "audit",
    "agreement",
    "prognosis",
    "impute",
    "figures",
    "tables",
    "report",
    "disclosure",
)
COHORT_TABLES = ("cases", "visits", "lesions", "mapping")


@cache
def schema():
    """The JSON schema of the config."""
    text = (resources.files("mescc_analytics") / "config.schema.yaml").read_text(encoding="utf-8")
    return yaml.load(text, Loader=codebook.FastestLoader)


def defaults(section):
    """Default value of every key of one section."""
    properties = schema()["properties"][section]["properties"]
    return {key: copy.deepcopy(entry["default"]) for key, entry in properties.items()}
