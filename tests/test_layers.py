"""The source keeps the directions and sizes of the design; each rule is seen to catch a breach."""

import ast
from pathlib import Path
from textwrap import dedent

import pytest

from layers import MAY_IMPORT, problems
from mescc_analytics import codebook

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "mescc_analytics"
MODULES = {
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
    .removesuffix("__init__")
    .rstrip("."): path
    for path in sorted(PACKAGE.rglob("*.py"))
}


@pytest.mark.parametrize("module", MODULES)
def test_module_keeps_the_rules(module):
    source = MODULES[module].read_text(encoding="utf-8")
    if not module:
        assert "import" not in source
    found = problems(module, source)
    assert not found, "\n".join(found)


def test_every_room_is_looked_at():
    rooms = {module.partition(".")[0] for module in MODULES}
    assert {"errors", "codebook", "tables", "clinical", "cohort", "stats", "present"} <= rooms


def test_no_import_leads_back():
    """Following the permitted imports never returns to where it began."""

    def below(room):
        return {room}.union(*(below(lower) for lower in MAY_IMPORT[room]))

    for room, lower in MAY_IMPORT.items():
        assert room not in set().union(*(below(name) for name in lower))


@pytest.mark.parametrize(
    "module, source, found",
    [
        (
            "stats.x",
            "import mescc_analytics.steps",
            "line 1: stats must not import mescc_analytics.steps",
        ),
        (
            "stats.x",
            "from mescc_analytics import tables",
            "line 1: stats must not import mescc_analytics.tables",
        ),
        (
            "clinical.scores",
            "from mescc_analytics.cohort.timeline import time_zero",
            "line 1: clinical must not import mescc_analytics.cohort.timeline.time_zero",
        ),
        (
            "quality.spc",
            "from mescc_analytics.stats.survival import kaplan_meier",
            "line 1: quality must not import mescc_analytics.stats.survival.kaplan_meier",
        ),
        (
            "codebook",
            "def load():\n    from mescc_analytics import settings",
            "line 2: codebook must not import mescc_analytics.settings",
        ),
        (
            "steps.x",
            "from mescc_analytics import cli",
            "line 1: steps must not import mescc_analytics.cli",
        ),
        (
            "errors",
            "from mescc_analytics import codebook",
            "line 1: errors must not import mescc_analytics.codebook",
        ),
        (
            "stats.x",
            "from . import intervals",
            "line 1: imports of the package are written in full",
        ),
        ("utils", "", "'utils' is no room of the design"),
        ("stats.x", "def f(path):\n    return open(path)", "line 2: open() touches the disk"),
        ("stats.x", "path.write_text('')", "line 1: write_text() touches the disk"),
        ("clinical.x", "path.read_text()", "line 1: read_text() touches the disk"),
        ("tables.raw", "pd.read_csv(path)", "line 1: pd.read_csv() touches the disk"),
        ("cohort.x", "cases.to_parquet(path)", "line 1: to_parquet() touches the disk"),
        (
            "codebook",
            "from importlib import resources\nresources.files('x').open()",
            "line 2: open() touches the disk",
        ),
        (
            "stats.x",
            "import matplotlib.pyplot as plt",
            "line 1: only present.figures imports matplotlib",
        ),
        (
            "present.tables",
            "def f():\n    from matplotlib import figure",
            "line 2: only present.figures imports matplotlib",
        ),
        ("stats.x", "x = 1\n" * 301, "301 lines, more than 300"),
        ("stats.x", "def f():\n" + "    x = 1\n" * 26, "line 1: f has 26 lines, more than 25"),
        ("stats.x", "def f(a, b, c, /, d, e, g): pass", "line 1: f has 6 arguments, more than 5"),
        (
            "stats.x",
            "def f(*, a, b, c, d, e, g, h, i, j): pass",
            "line 1: f has 9 keyword arguments, more than 8",
        ),
    ],
)
def test_a_breach_is_found(module, source, found):
    assert problems(module, source) == [found]


@pytest.mark.parametrize(
    "module, source",
    [
        ("stats.x", "from mescc_analytics.stats import intervals"),
        ("stats.x", "from mescc_analytics.errors import UsageError"),
        ("provenance", "from mescc_analytics import __version__"),
        ("quality.spc", "from mescc_analytics.stats.intervals import wilson"),
        ("quality.spc", "from mescc_analytics.stats import intervals"),
        ("steps.x", "from mescc_analytics.present.figures import save\nopen(path)"),
        ("cli", "from mescc_analytics import steps"),
        ("codebook", "from importlib import resources\n(resources.files('x') / 'y').read_text()"),
        ("tables.files", "pd.read_csv(path)"),
        ("tables.raw", "pd.read_csv(io.StringIO(text))"),
        ("present.figures.survival", "from matplotlib.figure import Figure"),
        ("present.figures_flow", "import matplotlib"),
        ("stats.x", "x = 1\n" * 300),
        ("stats.x", 'def f():\n    """Words."""\n' + "    x = 1\n" * 25),
        ("stats.x", "class A:\n    def f(self, a, b, c, d, e, *, g, h, i, j, k, l, m, n): pass"),
    ],
)
def test_what_is_permitted_passes(module, source):
    assert problems(module, source) == []


def column_names_in(source):
    """Text in a source, outside docstrings, that is the name of a column of ours."""
    ours = {name for table in codebook.TABLES for name in codebook.columns(table)}
    words = {
        node.value
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    return sorted(ours & words)


@pytest.mark.parametrize("module", [name for name in MODULES if name.startswith("stats")])
def test_stats_knows_no_column_of_ours(module):
    assert column_names_in(MODULES[module].read_text(encoding="utf-8")) == []


def test_a_column_of_ours_is_noticed():
    source = dedent('''
        """Uses case_id and died in words only."""
        frame["survival_days"], frame["time"]
    ''')
    assert column_names_in(source) == ["survival_days"]
