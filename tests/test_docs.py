from pathlib import Path

import pytest

from mescc_analytics import codebook
from mescc_analytics.present.reference import PAGES

DOCS = Path(__file__).parents[1] / "docs"


@pytest.mark.parametrize("name", PAGES)
def test_generated_pages_are_up_to_date(name):
    assert (DOCS / name).read_text(encoding="utf-8") == PAGES[name](), "run `make docs`"


def test_every_column_and_every_rule_is_on_its_page():
    page = PAGES["case_table.md"]()
    for table in ("cases", "visits", "lesions"):
        assert all(f"`{name}`" in page for name in codebook.columns(table))
    rules = [
        rule["id"] for a in codebook.load("pathway")["algorithms"].values() for rule in a["rules"]
    ]
    assert all(f"| {rule} |" in PAGES["pathway.md"]() for rule in rules)


def test_the_readme_names_only_files_that_exist():
    import re

    root = DOCS.parent
    for page in (root / "README.md", root / "config" / "README.md"):
        for target in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), target
