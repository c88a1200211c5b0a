"""The research report: what it says, what it must never say."""

import re
from html.parser import HTMLParser

import pandas as pd
import pytest

import result_frames as made
from mescc_analytics.present import reports
from mescc_analytics.present.figures import save
from mescc_analytics.present.tables import Table
from mescc_analytics.steps import shown
from mescc_analytics.steps.figures import figures
from mescc_analytics.steps.report import report
from mescc_analytics.steps.tables import tables

VOID = {"meta", "link", "br", "img", "input", "hr"}


def build(root, settings=made.SETTINGS, **changed):
    inputs = made.write(root, **changed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(save, "FORMATS", {"svg": save.FORMATS["svg"]})
        figures(inputs, root / "figures", settings)
    tables(inputs, root / "tables", settings)
    report(inputs, root / "report", settings)
    return (root / "report/research.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    return build(tmp_path_factory.mktemp("report"))


class Outline(HTMLParser):
    """Headings, identifiers, links and table headers of a page; fails on a tag that is not
    closed.
    """

    def __init__(self, page):
        super().__init__()
        self.open, self.levels, self.ids, self.links, self.headers = [], [], [], [], []
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag not in VOID:
            self.open.append(tag)
        if re.fullmatch("h[1-6]", tag):
            self.levels.append(int(tag[1]))
        if tag == "th":
            self.headers.append(attrs.get("scope"))
        self.ids += [attrs["id"]] if "id" in attrs else []
        self.links += [attrs["href"]] if tag == "a" else []

    def handle_startendtag(self, tag, attrs):
        self.ids += [value for name, value in attrs if name == "id"]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_page_is_well_formed_with_headings_in_order(page):
    outline = Outline(page)
    steps = [
        after - before for before, after in zip(outline.levels, outline.levels[1:], strict=False)
    ]
    assert outline.levels[0] == 1 and outline.levels.count(1) == 1 and max(steps) == 1
    assert len(outline.ids) == len(set(outline.ids))
    assert {link[1:] for link in outline.links} <= set(outline.ids)
    assert set(outline.headers) <= {"col", "row", "colgroup"}


def test_page_is_self_contained(page):
    assert not re.findall(r'(?:src|href)="(?!#)[^"]*"', page)
    assert "@import" not in page and "<script" not in page
    outside = set(re.findall(r"https?://[^\s\"'<>)]+", page))
    assert outside <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}


def test_sections_stand_in_their_order(page):
    headings = re.findall(r"<h2[^>]*>([^<]*)</h2>", page)
    assert headings == [
        "In one minute",
        "Survival by arm",
        "Who was included",
        "Table 1",
        "Instability and compression",
        "Recommended against given",
        "Survival",
        "Walking",
        "Local control and harms",
        "Adjusted comparison",
        "What depends on a choice",
        "Beside the literature",
        "Prognostic scores on this cohort",
        "The data",
        "Methods",
    ]


def test_head_names_cohort_numbers_years_date_and_version(page):
    head = re.sub(
        r"\s+", " ", re.sub("<[^>]+>", " ", page[page.index("<header>") : page.index("</header>")])
    )
    for words in (
        "40 of 46 cases",
        "2019 to 2021",
        "2026-11-21",
        "mescc_analytics 9.9.9, code abc123def456",
    ):
        assert words in head


def test_every_figure_has_a_caption_and_a_finding_in_words(page):
    assert page.count("<figure ") == page.count("<figcaption>") == 7
    labels = re.findall(r'role="img" aria-label="([^"]+)"', page)
    assert len(labels) == 7 and all(len(label) > 20 for label in labels)


def test_nothing_of_a_case_and_nothing_broken_reaches_the_page(page):
    for word in ("SECRET", "X01", "nan", "NaN", "<NA>", "&lt;NA&gt;", "None", "{{"):
        assert not re.search(rf"(?<![A-Za-z]){re.escape(word)}(?![A-Za-z])", page), word


def test_names_from_the_table_are_escaped(page):
    assert "&lt;b&gt;x&lt;/b&gt;" in page and "<b>x</b>" not in page


def test_no_causal_wording(page):
    text = re.sub("<[^>]+>", " ", page).lower()
    for word in (
        "because of surgery",
        "improved by",
        "reduces",
        "benefit",
        "caused",
        "leads to",
        "due to",
    ):
        assert word not in text
    assert "confounding by indication" in text


def test_same_results_same_page(page, tmp_path):
    assert build(tmp_path) == page


def test_title_and_missing_date_and_threshold(tmp_path):
    changed = {"report": {"title": "Spine <unit>", "date": None}, "disclosure": {"threshold": 0}}
    page = build(tmp_path, made.SETTINGS | changed)
    assert "<h1>Spine &lt;unit&gt;</h1>" in page and "not given" in page
    assert "withheld so that" not in page


def test_cohort_without_arms_or_walking_says_what_is_missing(tmp_path):
    absent = pd.DataFrame(
        {"analysis": ["by_arm"], "needs": ["surgery_day"], "reason": ["needs surgery_day"]}
    )
    walking = absent.assign(needs="ambulatory_status_90d", reason="needs ambulatory_status_90d")
    page = build(
        tmp_path,
        summary=made.summary().iloc[:1],
        curves=made.curves().iloc[:3],
        hazards=made.hazards().iloc[:0],
        tests=made.log_rank().iloc[:0],
        rates=made.rates().iloc[:0],
        contrasts=made.contrasts().iloc[:0],
        concordance=made.concordance().iloc[:0],
        policies=made.policies().iloc[:0],
        readings=made.readings().iloc[:0],
        findings=made.findings().iloc[:0],
        cohort=made.cohort()[["case_id", "in_overall", "in_arms"]],
        survival_not_assessable=absent,
        walking_not_assessable=walking,
    )
    for words in (
        "Survival by arm is not assessable: needs surgery_day.",
        "Walking by arm is not assessable: needs ambulatory_status_90d.",
        "Not assessable: neither SINS nor SOSG was supplied.",
        "Not assessable: no policy determines a pathway for any case.",
        "No finding: every cell could be read",
        "compression (SOSG)",
    ):
        assert words in page
    assert page.count("<figure ") == 3


def test_inline_drawing_has_identifiers_of_its_own():
    svg = (
        '<?xml version="1.0"?>\n<svg width="5pt" height="2pt" viewBox="0 0 5 2"><g id="a"/>'
        '<use xlink:href="#a"/><g clip-path="url(#a)"/></svg>'
    )
    picture = reports.Picture("flow", "T", "C", 'said "so"', svg)
    assert str(reports.inline_svg(picture)) == (
        '<svg viewBox="0 0 5 2" role="img" aria-label="said &#34;so&#34;"><g id="flow-a"/>'
        '<use xlink:href="#flow-a"/><g clip-path="url(#flow-a)"/></svg>'
    )


def test_table_is_split_by_its_first_column():
    table = Table("t", "T", ("Entry", "n"), (("All", "1"), ("Some", "2"), ("All", "3")))
    parts = reports.split(table)
    assert [(part.title, part.head, part.rows) for part in parts] == [
        ("All", ("n",), (("1",), ("3",))),
        ("Some", ("n",), (("2",),)),
    ]


def test_row_kinds_and_unbroken_cells():
    assert [
        reports.row_kind(row) for row in (("Sex", ""), ("\u2003female", "7"), ("Age", "6"))
    ] == ["group", "level", "plain"]
    assert reports.unbroken("12 (40 %) of 30") == "12 (40\u00a0%) of 30"


def test_few_excluded_are_nowhere_on_the_page(tmp_path):
    flow = made.flow().assign(n_before=[41, 41, 40], n_excluded=[0, 1, 8], n_after=[41, 40, 32])
    page = build(tmp_path, flow=flow, cohort=made.cohort().iloc[:41])
    assert "40 cases are analysed, fewer than 5 were excluded" in page
    assert "<dd>40 cases, fewer than 5 excluded</dd>" in page
    text = re.sub(r"<svg.*?</svg>|<style>.*?</style>", "", page, flags=re.DOTALL)
    assert not re.search(r"(?<![\d.])41(?![\d.])", text)
    stored = (tmp_path / "tables/tables.json").read_text(encoding="utf-8")
    assert '"n_supplied": null' in stored


def test_given_arms_are_never_called_chosen(tmp_path):
    cohort = made.cohort().assign(arm_source="given")
    guard = pd.DataFrame(columns=shown.EMPTY["guard"].split(), index=[0])
    guard = guard.assign(section="received", group="sbrt", n=20, arm_source="given")
    summary = made.summary().assign(start_days=0.0)
    page = build(tmp_path, cohort=cohort, summary=summary, guard=guard)
    assert "were chosen for" not in page and "Caution: arms by treatment" not in page
    assert "only if the arms were assigned at random" in page
