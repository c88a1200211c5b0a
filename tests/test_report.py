"""The research report: what it says, what it must never say."""

import re
from html.parser import HTMLParser

import pandas as pd
import pytest

import result_frames as made
from mescc_analytics.present import methods, reports, sentences
from mescc_analytics.present.figures import save
from mescc_analytics.present.study import Study, study_of
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
    assert page.count("<figure ") == page.count("<figcaption>") == 5
    labels = re.findall(r'role="img" aria-label="([^"]+)"', page)
    assert len(labels) == 5 and all(len(label) > 20 for label in labels)


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
    assert page.count("<figure ") == 2


FACTS = {"n_supplied": 46, "n_overall": 40, "n_arms": 32, "year_first": 2019, "year_last": 2021}


def minute(tmp_path, study=None, facts=None, **changed):
    inputs = made.write(tmp_path, **changed)
    frames = shown.frames(inputs, made.SETTINGS)
    study = study or study_of(made.SETTINGS)
    return sentences.in_one_minute(
        FACTS | {"shares": {"walking": [26, 40]}} | (facts or {}), frames, study
    )


def test_in_one_minute(tmp_path):
    assert minute(tmp_path) == [
        "Of 46 cases supplied, 40 are analysed, presenting 2019 to 2021; 32 of them are in the "
        "comparison of arms, which starts at the landmark on day 30.",
        "At presentation, 26 of 40 (65 %) could walk; each of those with the item known.",
        "Median survival from MRI was 310 days (10.2 months), 95 % CI 285 days to not reached; "
        "median follow-up was 400 days (13.1 months).",
        "At 90 days 10 of 30 (33 %) were walking, 95 % CI 17 to 67, of those assessed or dead, "
        "death counting as not walking; 10 had died and 10 were not assessed.",
        "Between arms with at least 10 cases, median survival was 37.5 days (cEBRT, long course) "
        "to 120 days (3.9 months) (Surgery + SBRT) and walking at 90 days was 50 % in each. "
        "8 cases died by the landmark and are counted apart, under Who was included. "
        "Do not read the differences between arms as effects of treatment: patients were chosen "
        "for their treatment (confounding by indication), so the arms differed before it began, "
        "as Table 1 shows.",
    ]


def test_small_arms_are_no_extremes(tmp_path):
    summary = made.summary().assign(n=[40, 9, 20])
    rates = made.rates()
    rates.loc[rates["group"] == "surgery_sbrt", "denominator"] = 9
    found = minute(tmp_path, summary=summary, rates=rates)
    assert found[4].startswith("8 cases died by the landmark")


def test_in_one_minute_without_what_is_not_there(tmp_path):
    found = minute(
        tmp_path,
        facts={"shares": {}},
        summary=made.summary().iloc[:1].assign(median_days=pd.NA),
        rates=made.rates().iloc[:0],
    )
    assert found == [
        "Of 46 cases supplied, 40 are analysed, presenting 2019 to 2021.",
        "Median survival from MRI was not reached or is not shown.",
    ]


def test_last_day_speaks_where_day_90_has_no_result(tmp_path):
    found = minute(tmp_path, rates=made.rates().assign(timepoint_days=30.0))
    assert found[3].startswith("At 30 days 10 of 30 (33 %) were walking")


def test_other_estimand_is_named(tmp_path):
    found = minute(tmp_path, study=Study("small", estimand="alive_assessed"))
    assert found[3].startswith("At 90 days 10 of 20 (50 %) were walking")
    assert "of those alive and assessed; 10 had died" in found[3]


def test_one_year_stands_alone():
    assert sentences.year_range({"year_first": 2020, "year_last": 2020}) == "in 2020"


@pytest.mark.parametrize(
    "section, changed, words",
    [
        ("assign", {"algorithm": "figure3_literal"}, "following its figure 3 to the letter"),
        ("cohort", {"time_zero": "presentation"}, "Time zero was presentation."),
        ("cohort", {"grace_days": 14}, "received within 14 days of time zero"),
        ("cohort", {"postop_rt_days": 45}, "within 45 days of surgery"),
        ("cohort", {"landmark_days": 0}, "from time zero, without a landmark"),
        ("survival", {"interval": "log"}, "95 % CI on the log scale"),
        ("survival", {"horizon_days": 180}, "restricted mean survival up to 180 days"),
        ("ambulatory", {"definition": "unaided"}, "Walking means without aids"),
        ("ambulatory", {"windows_days": [7]}, "at day 90 (within 7)"),
        ("disclosure", {"threshold": 10}, "Counts from 1 to 9"),
    ],
)
def test_methods_follow_the_settings(section, changed, words):
    settings = made.SETTINGS | {section: made.SETTINGS[section] | changed}
    text = " ".join(methods.paragraphs(settings, study_of(settings)))
    assert words in text
    assert words not in " ".join(methods.paragraphs(made.SETTINGS, study_of(made.SETTINGS)))


def test_settings_are_listed_in_words():
    settings = {"score": {"a": None, "b": ["2", "3"], "c": {"x": True}, "d": [], "e": 0.5}}
    assert methods.settings_rows(settings, ("score", "absent")) == [
        ("score.a", "default"),
        ("score.b", "2, 3"),
        ("score.c", "x: true"),
        ("score.d", "none"),
        ("score.e", "0.5"),
    ]


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
