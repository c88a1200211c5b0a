import json
from pathlib import Path

import pytest
import yaml

from mescc_analytics import codebook, settings
from mescc_analytics.errors import UsageError

ROOT = Path(__file__).parents[1]
COHORT = {"cohorts": {"a": {"cases": "a.csv"}}}


def test_every_problem_at_once_in_words():
    wrong = {
        "cohorts": {"a b": {"cases": 3, "vists": "x"}},
        "survial": {},
        "survival": {"interval": "loglog", "milestone": 3, "confidence_level": 1},
        "cohort": {"grace_days": -1, "eligibility": [3]},
        "disclosure": {"threshold": 2.5},
    }
    assert sorted(settings.check(wrong)) == sorted(
        [
            "unknown key 'survial' (did you mean 'survival'?)",
            "cohorts: found the name 'a b', wanted letters, digits, - and _ only, a letter or digit first",
            "cohorts.a b: unknown key 'vists' (did you mean 'visits'?)",
            "cohorts.a b.cases: found 3, wanted text",
            "survival: unknown key 'milestone' (did you mean 'milestones_days'?)",
            "survival.interval: found 'loglog', wanted one of log-log, log, plain (did you mean 'log-log'?)",
            "survival.confidence_level: found 1, wanted less than 1",
            "cohort.grace_days: found -1, wanted at least 0",
            "cohort.eligibility[0]: found 3, wanted the id of a criterion, or a mapping with id, label and when",
            "disclosure.threshold: found 2.5, wanted a whole number",
        ]
    )


def test_what_no_schema_can_say():
    wrong = COHORT | {
        "survival": {"by": ["sexx", "local_failure_day", "site"]},
        "weight": {"covariates": ["last_ecog"]},
        "ambulatory": {"timepoints_days": [30]},
        "tables": {"variables": ["sex", "spinal_level"]},
        "assign": {"sins_consult_from": 14},
        "score": {"radiosensitivity": {"brest": "sensitive"}},
        "cohort": {
            "eligibility": [
                "adlt",
                {"id": "x", "label": "X", "when": {"colum": "age_years", "is": 1}},
            ]
        },
    }
    assert settings.check(wrong) == [
        "survival.by: 'sexx' is not a column (did you mean 'sex'?)",
        "survival.by: 'local_failure_day' is not known at baseline, so groups by it would look into the future",
        "weight.covariates: 'last_ecog' is not a column (did you mean 'ecog'?)",
        "tables.variables: 'spinal_level' is not a column (did you mean 'spinal_region'?)",
        "ambulatory: timepoints_days and windows_days must have the same number of entries",
        "assign.sins_consult_from: must not be above sins_high_from",
        "score.radiosensitivity: 'brest' is not a primary_histology (did you mean 'breast'?)",
        "cohort.eligibility: 'adlt' is not a criterion (did you mean 'adult'?)",
        "cohort.eligibility 'x': {'colum': 'age_years', 'is': 1} is not a column, a setting, bounds, or one of "
        "all, any, not, any_known, first_known",
    ]


@pytest.mark.parametrize(
    "config, problem",
    [
        ([], "found [], wanted sections"),
        ({}, "'cohorts' is missing"),
        ({"cohorts": {}}, "cohorts: found {}, wanted at least 1 entry"),
    ],
)
def test_shapes(config, problem):
    with pytest.raises(UsageError) as caught:
        settings.complete(config)
    assert problem in str(caught.value) and caught.value.exit_code == 2


def test_keys_left_out_take_their_defaults():
    full = settings.complete(COHORT | {"survival": {"interval": "log"}, "score": None})
    assert full["survival"]["interval"] == "log"
    assert full["survival"]["milestones_days"] == [30, 90, 180, 365]
    assert full["cohorts"]["a"] == {
        "cases": "a.csv",
        "visits": None,
        "lesions": None,
        "mapping": None,
        "time_resolution": "day",
    }
    assert full["disclosure"] == {"threshold": 5}
    full["survival"]["by"].append("x")
    assert settings.complete(COHORT)["survival"]["by"] == [
        "sosg_high_grade",
        "sins_category",
        "ecog",
    ]


def test_the_bundled_config_states_every_default():
    bundled = yaml.safe_load((ROOT / "config" / "config.yaml").read_text(encoding="utf-8"))
    expected = settings.complete({"cohorts": bundled["cohorts"]})
    assert settings.complete(bundled) == expected
    for section in settings.SECTIONS:
        assert set(bundled[section]) == set(settings.defaults(section)), section


def properties(node, path=()):
    for name, entry in node.get("properties", {}).items():
        yield (*path, name), entry
        yield from properties(entry, (*path, name))


def test_every_key_is_described_and_every_default_is_valid():
    from jsonschema import validate

    for path, entry in properties(settings.schema()):
        if "criteria" in str(path) or path[-1] in ("id", "label", "when"):
            continue
        assert entry.get("description"), path
        if "default" in entry:
            validate(entry["default"], entry)


def test_every_object_of_the_schema_refuses_unknown_keys():
    def objects(node):
        if isinstance(node, dict):
            if node.get("type") == "object":
                yield node
        children = (
            node.values() if isinstance(node, dict) else node if isinstance(node, list) else []
        )
        for value in children:
            yield from objects(value)

    loose = [n for n in objects(settings.schema()) if n.get("additionalProperties", True) is True]
    assert [n.get("description") for n in loose] == [
        None
    ]  # the condition of an own criterion, checked by its language


def test_every_section_is_a_step_or_a_policy():
    from mescc_analytics.cli import COMMANDS

    assert set(settings.SECTIONS) - set(COMMANDS) == {"disclosure"}


def test_the_workflow_schema_is_the_package_schema():
    assert (ROOT / "workflow/schemas/config.schema.yaml").read_text() == (
        ROOT / "mescc_analytics/config.schema.yaml"
    ).read_text()


def test_group_columns_are_known_at_baseline():
    allowed = settings.group_columns()
    assert {"sex", "ecog", "sosg_high_grade", "sins_category", "site", "spinal_region"} <= set(
        allowed
    )
    roles = {codebook.columns("all")[name].role for name in allowed}
    assert roles == {"baseline", "administration"}
    assert not {"case_id", "died", "survival_days", "spinal_levels", "arm"} & set(allowed)


def test_paths_count_from_the_config_then_from_the_working_directory(tmp_path, monkeypatch):
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "a.csv").write_text("x")
    (tmp_path / "b.csv").write_text("x")
    monkeypatch.chdir(tmp_path)
    config = {"cohorts": {"a": {"cases": "a.csv", "visits": "b.csv"}}}
    found = settings.prepare(config, tmp_path / "conf")["cohorts"]["a"]
    assert (found["cases"], found["visits"]) == ("conf/a.csv", "b.csv")
    made = {"cohorts": {"a": {"cases": "resources/lung.csv"}}}
    done = settings.prepare(made, tmp_path, made=["resources/lung.csv"])
    assert done["cohorts"]["a"]["cases"] == "resources/lung.csv"


def test_absent_tables_wrong_keys_and_wrong_columns_are_told_together(tmp_path):
    wrong = {
        "cohorts": {"a": {"cases": "no.csv", "mapping": "no.yaml"}},
        "survival": {"by": ["ecogg"], "intervall": "log"},
    }
    with pytest.raises(UsageError) as caught:
        settings.prepare(wrong, tmp_path)
    assert [p.split(" is not a")[0] for p in caught.value.problems] == [
        "survival: unknown key 'intervall' (did you mean 'interval'?)",
        "survival.by: 'ecogg'",
        "cohorts.a.cases: 'no.csv'",
        "cohorts.a.mapping: 'no.yaml'",
    ]


@pytest.mark.parametrize("name", [2024, False, 1.5, None])
def test_cohort_names_must_be_text(name):
    problems = settings.check({"cohorts": {name: {"cases": "a.csv"}}})
    assert f"cohorts: the name {name} was not read as text: put it in quotes" in problems


def test_cohort_names_must_differ_by_more_than_case():
    assert settings.check({"cohorts": {"A": {"cases": "a.csv"}, "a": {"cases": "a.csv"}}}) == [
        "cohorts: 'a' stands twice but for its case"
    ]


def test_an_own_criterion_names_columns_that_exist_and_stands_once():
    own = {"id": "x", "label": "X", "when": {"not": {"column": "age", "at_least": 1}}}
    problems = settings.check(COHORT | {"cohort": {"eligibility": ["adult", "adult", own]}})
    assert problems == [
        "cohort.eligibility: 'adult' stands twice",
        "cohort.eligibility 'x': 'age' is not a column (did you mean 'usable'?)",
    ] or problems[1].startswith("cohort.eligibility 'x': 'age' is not a column")


def test_a_date_without_quotes_is_its_text():
    import datetime

    full = settings.complete(COHORT | {"report": {"date": datetime.date(2026, 1, 2)}})
    assert full["report"]["date"] == "2026-01-02"


def test_settings_are_json():
    assert json.loads(json.dumps(settings.complete(COHORT))) == settings.complete(COHORT)
