"""The project around the code: what may not be in it, and what must agree with what."""

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

import mescc_analytics
from mescc_analytics import codebook

ROOT = Path(__file__).parents[1]
NOT_OURS = {
    ".git",
    ".venv",
    ".snakemake",
    "results",
    "resources",
    "logs",
    "build",
    "dist",
    "__pycache__",
}
TEXT = {"", ".py", ".md", ".toml", ".txt", ".yaml", ".yml", ".cff", ".smk", ".j2", ".css", ".R"}
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

# Brackets keep these patterns from finding themselves.
FORBIDDEN = {
    "a package index": r"pypi[.]|pythonhoste[d]|--(extra-)?index-ur[l]|--find-link[s]",
    "a folder of one machine": r"(?<![\w.$~}/])/(hom[e]|roo[t]|User[s]|wor[k]|tm[p]|op[t])/\w",
    "work left undone": r"\bTOD[O]\b|\bFIXM[E]\b",
    "a silenced check": r"# noq[a]|type: ignor[e]|pragma: no cove[r]",
}
FORBIDDEN_IN_PYTHON = {
    "every exception caught": r"except (Base)?Exceptio[n]\b|except\s*[:]",
    "a loop over rows": r"\.iterrow[s]\(|axis=1.*\.appl[y]\(|\.appl[y]\(.*axis=1",
    "a skipped test": r"pytest\.ski[p]\(|mark\.ski[p]|mark\.xfai[l]",
    "the global random state": r"np\.random\.(see[d]|ran[d]|norma[l]|choic[e])",
}


# A browser is a program of the machine, not a package: where there is none, pytest says so.
MAY_SKIP = {"tests/browser.py"}


def project_files():
    """Files of the project: those of git where there is one, else everything that no tool made."""
    if (ROOT / ".git").exists() and shutil.which("git"):
        command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        if listed.returncode == 0:
            return [
                path for path in map(ROOT.joinpath, listed.stdout.splitlines()) if path.is_file()
            ]
    return [
        path
        for path in sorted(ROOT.rglob("*"))
        if path.is_file() and not NOT_OURS & set(path.relative_to(ROOT).parts)
    ]


def found_in(text, patterns):
    """What a text holds that it should not, one sentence per line of it."""
    return [
        f"line {number}: {what}: {line.strip()[:80]}"
        for number, line in enumerate(text.splitlines(), start=1)
        for what, pattern in patterns.items()
        if re.search(pattern, line)
    ]


@pytest.mark.parametrize(
    "line, what",
    [
        ("index-url = https://pypi" + ".org/simple", "a package index"),
        ("--index" + "-url=x", "a package index"),
        ("cd /ro" + "ot/project", "a folder of one machine"),
        ('open("/tm' + 'p/a.csv")', "a folder of one machine"),
        ("# TO" + "DO later", "work left undone"),
        ("x = 1  # no" + "qa: E501", "a silenced check"),
    ],
)
def test_what_must_not_be_there_is_seen(line, what):
    assert found_in(line, FORBIDDEN) == [f"line 1: {what}: {line}"]


@pytest.mark.parametrize(
    "line, what",
    [
        ("except Except" + "ion as error:", "every exception caught"),
        ("except" + ":", "every exception caught"),
        ("for row in cases.iter" + "rows():", "a loop over rows"),
        ("cases.app" + "ly(score, axis=1)", "a loop over rows"),
        ("pytest.sk" + "ip('slow')", "a skipped test"),
        ("np.random.se" + "ed(1)", "the global random state"),
    ],
)
def test_what_python_must_not_do_is_seen(line, what):
    assert found_in(line, FORBIDDEN_IN_PYTHON) == [f"line 1: {what}: {line}"]


@pytest.mark.parametrize(
    "line", ["#!/usr/bin/env bash", "results/" + "work/x", "np.random.default_rng"]
)
def test_what_may_be_there_is_left_alone(line):
    assert found_in(line, FORBIDDEN | FORBIDDEN_IN_PYTHON) == []


def test_no_file_holds_what_it_should_not():
    found = []
    for path in project_files():
        patterns = FORBIDDEN | (FORBIDDEN_IN_PYTHON if path.suffix == ".py" else {})
        if path.relative_to(ROOT).as_posix() in MAY_SKIP:
            patterns = {name: what for name, what in patterns.items() if name != "a skipped test"}
        if path.suffix in TEXT:
            text = path.read_text(encoding="utf-8")
            found += [
                f"{path.relative_to(ROOT)}, {problem}" for problem in found_in(text, patterns)
            ]
    assert not found, "\n".join(found)


def test_no_patient_data_is_in_the_project():
    data = ROOT / "data"
    allowed = {data / "README.md"}
    listed = [path for path in project_files() if data in path.parents]
    assert [
        path for path in listed if path not in allowed and data / "demo" not in path.parents
    ] == []


def test_patient_data_is_ignored_by_git():
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    kept = [line for line in ignored if line.startswith("!/data")]
    assert {"/data/*", "/results/", "/logs/", "/*.csv", "/*.xlsx", "/*.parquet"} <= set(ignored)
    assert kept == ["!/data/README.md", "!/data/demo/"]


def test_no_module_is_over_300_lines():
    """Tests may be longer: a decision table is read row by row."""
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines())
        for path in project_files()
        if path.suffix == ".py" and "tests" not in path.parts
    }
    assert {name: length for name, length in lengths.items() if length > 300} == {}


def dependency_lines():
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    return re.findall(r'^ {4}"[a-zA-Z0-9-]+[<>=].*$', text, flags=re.MULTILINE)


def test_every_dependency_has_a_range_and_a_reason():
    project = PYPROJECT["project"]
    declared = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    assert len(dependency_lines()) == len(declared)
    assert [line for line in dependency_lines() if not re.search(r'", +# \w{2}', line)] == []
    assert [
        line for line in declared if not re.fullmatch(r"[a-z0-9-]+>=[0-9.]+(,<[0-9.]+)?", line)
    ] == []


def locked():
    """Blocks of the lock: the requirement line, then its hashes."""
    text = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    return re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)[1:]


def test_every_dependency_is_locked_with_hashes():
    project = PYPROJECT["project"]
    declared = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    names = {re.match(r"[a-z0-9.-]+(?===)", block).group() for block in locked()}
    assert {re.match(r"[a-z0-9-]+", line).group() for line in declared} <= names
    assert [block for block in locked() if "--hash=sha256:" not in block] == []


def test_build_backend_is_the_locked_one():
    (backend,) = PYPROJECT["build-system"]["requires"]
    assert backend in PYPROJECT["project"]["optional-dependencies"]["dev"]


def test_licence_is_mit():
    licence = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert licence.startswith("MIT License\n\nCopyright (c) 2026 The mescc_analytics authors\n")
    assert PYPROJECT["project"]["license"] == "MIT"


def test_version_is_the_same_everywhere():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    newest = re.search(r"^## \[([0-9.]+)\]", changes, flags=re.MULTILINE).group(1)
    assert citation["license"] == "MIT"
    assert citation["version"] == newest == mescc_analytics.__version__


def test_every_make_target_is_explained():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.search(r"^\.PHONY: (.+)$", makefile, flags=re.MULTILINE).group(1).split()
    explained = re.findall(r'@echo "make (\w+) ', makefile)
    assert sorted(explained) == sorted(set(targets) - {"help"})


@pytest.mark.parametrize("path", sorted((ROOT / "mescc_analytics" / "codebook").glob("*.yaml")))
def test_codebook_file_names_its_source(path):
    content = codebook.load(path.stem)
    assert content["source"] and content["version"]
    assert content["status"] in codebook.STATUSES
