import re
from pathlib import Path

import pytest

from mescc_analytics import codebook
from mescc_analytics.clinical.prognosis import registry
from mescc_analytics.codebook.tables import load_csv
from mescc_analytics.present import reference_words as words
from mescc_analytics.steps import reference
from mescc_analytics.steps.reference import PAGES

DOCS = Path(__file__).parents[1] / "docs"


@pytest.mark.parametrize("name", PAGES)
def test_generated_pages_are_up_to_date(name):
    assert (DOCS / name).read_text(encoding="utf-8") == PAGES[name](), "run `make docs`"


def test_every_column_and_every_rule_is_on_its_page():
    page = PAGES["case_table.md"]()
    for table in ("cases", "visits", "lesions"):
        assert all(f"`{name}`" in page for name in codebook.columns(table))
    for name, algorithm in codebook.load("pathway")["algorithms"].items():
        page = PAGES[f"pathways/{name}.md"]()
        assert all(f"| {rule['id']} |" in page for rule in algorithm["rules"])
        assert all(f"| `{key}` |" in page for key in algorithm["settings"])
        assert all(f"- {note}" in page for note in algorithm["notes"])


def test_every_indicator_is_on_the_audit_page_with_its_cases():
    page = PAGES["audit.md"]()
    tables = codebook.load("audit/examples")["tables"]
    for name, entry in codebook.load("audit/indicators")["indicators"].items():
        section = page.split(f"## {name}: ")[1].split("\n## ")[0]
        assert entry["title"] in section and entry["source"] in section
        assert (" verdict |" in section) == (name in tables)
    assert "NICE sets no numeric target" in page


def test_the_readme_names_only_files_that_exist():
    root = DOCS.parent
    for page in (root / "README.md", root / "config" / "README.md"):
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), target


def test_all_pages_are_written_to_their_paths(tmp_path):
    reference.write_pages(tmp_path)
    written = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.md")}
    assert written == set(PAGES)
    assert (tmp_path / "scores/sins.md").read_text(encoding="utf-8") == PAGES["scores/sins.md"]()


def test_every_score_has_its_page_and_the_list_links_to_it():
    index = PAGES["scores/README.md"]()
    for name in (*registry(allow_unverified=True), "sins", "sosg", "external"):
        assert f"scores/{name}.md" in PAGES and f"({name}.md)" in index


SECTIONS = ("What it is for", "Points", "Groups", "Choices where", "Worked example")


@pytest.mark.parametrize("name", registry(allow_unverified=True))
def test_the_page_of_a_score_says_all_of_it(name):
    book, page = registry(allow_unverified=True)[name], PAGES[f"scores/{name}.md"]()
    assert all(f"## {section}" in page for section in SECTIONS)
    assert book["source"] in page and f"- Version: {book['version']}" in page
    assert all(item["label"] in page for item in book["items"].values())
    assert all(f"| {band['level']} | " in page for band in book["bands"])
    assert f"Status: {book['status']}" in page
    assert ("**Unverified:" in page) == (book["status"] == "unverified")
    assert book["status"] == "verified" or page.startswith(f"# {book['label']} (")


def rows_of(page, title):
    """Cells of the lines of a page that begin with a title."""
    lines = [line for line in page.splitlines() if line.startswith(f"| {title} |")]
    return [[cell.strip() for cell in line.strip("|").split("|")][1:] for line in lines]


# Added up by hand from the published tables for the patient of registry.yaml.
@pytest.mark.parametrize(
    "name, totals, groups",
    [
        ("tokuhashi_revised", ["9", "8 to 10"], ["9-11", "undetermined"]),
        ("bauer_modified", ["3", "3 to 4"], ["3-4", "3-4"]),
        ("van_der_linden", ["2", "1 to 2"], ["A", "A"]),
        ("tomita", ["4", "4 to 8"], ["4-5", "undetermined"]),
        ("rades_2_month_death", ["10", "10 to 13"], ["6-18", "6-18"]),
        ("mizumoto", ["1 to 4", "1", "1 to 3"], ["A", "A", "A"]),
        ("katagiri_new", ["4", "4 to 5"], ["4-6", "4-6"]),
        ("osri", ["2 to 6", "3", "3"], ["undetermined", "2-3", "2-3"]),
        ("nesms", ["1 to 2", "1", "1 to 2"], ["undetermined", "1", "undetermined"]),
        ("rades_survival", ["not computed", "37", "34 to 39"], ["", "36-40", "undetermined"]),
        ("rades_ambulatory", ["not computed", "38", "35 to 40"], ["", "38-44", "undetermined"]),
        ("bollen", ["not computed", "3", "3"], ["", "C", "undetermined"]),
    ],
)
def test_the_worked_example_is_right(name, totals, groups):
    page = PAGES[f"scores/{name}.md"]()
    assert rows_of(page, "**total**") == [totals]
    assert rows_of(page, "**group**") == [groups]


def test_the_worked_examples_of_the_spine_are_right():
    # junctional 3, mechanical 3, lytic 2, normal 0, collapse under 50% 2, unilateral 1
    assert rows_of(PAGES["scores/sins.md"](), "**total**") == [["11", "8 to 11"]]
    assert rows_of(PAGES["scores/sosg.md"](), "high grade") == [["no", "unknown"]]


def test_the_example_follows_the_codebook_and_the_config():
    book = registry()["tomita"]
    changed = book | {"example": {"case": {"primary_histology": "stomach"}, "without": "ais"}}
    assert reference.prognostic_example(changed)["runs"][0]["rows"]["**total**"] == "6"
    chosen = {"prognosis_points": {"tomita": {"primary": {"renal": 4}}}}
    own = book | {"example": {"settings": chosen, "without": "ais"}}
    assert [run["rows"]["**total**"] for run in reference.prognostic_example(own)["runs"]] == [
        *("4", "6", "6"),
    ]


@pytest.mark.parametrize(
    "item, expected",
    [
        (
            {"reads": "kps", "bands": [{"upto": 40, "points": 0}, {"points": 1}]},
            ["KPS: 10 to 40", "KPS: 50 or more"],
        ),
        (
            {"reads": "deficit_days", "bands": [{"upto": 7}, {"upto": 14}, {}]},
            ["7 or less", "more than 7 to 14", "more than 14"],
        ),
        (
            {"reads": "vertebral_metastases", "bands": [{"upto": 1}, {"upto": 2}, {}]},
            ["0 to 1", "2", "3 or more"],
        ),
        (
            {"reads": "age_years", "bands": [{"below": 71}, {}]},
            ["Age (years): below 71", "Age (years): 71 or more"],
        ),
    ],
)
def test_bands_are_said_without_gaps(item, expected):
    said = words.band_words(item)
    assert [text.endswith(end) for text, end in zip(said, expected, strict=True)] == [True] * len(
        expected
    )


def test_the_catalogue_page_has_every_item_and_counts_that_add_up():
    page, items = PAGES["catalogue.md"](), load_csv("catalogue")
    assert all(f"| {number} | " in page for number in items["number"])
    counts = [int(n) for n in re.findall(r"\| (\d+) \| [\d-]+ \|\n", page)]
    assert counts[-1] == len(items) == sum(counts[:-1])
    assert "| all | 87 |" in page
