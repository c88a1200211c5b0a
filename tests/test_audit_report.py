"""The audit for people: words, tables, figures, page and paper, from frames written by hand and from a small cohort."""

import json
import re

import pandas as pd
import pytest

import browser
from mescc_analytics import settings
from mescc_analytics.present import (
    audit_cases,
    audit_methods,
    audit_page,
    audit_paper,
    tables_audit,
)
from mescc_analytics.present import audit_words as words
from mescc_analytics.present.figures import audit as figures
from mescc_analytics.present.figures import save
from mescc_analytics.present.reports import inline_svg
from mescc_analytics.quality.audit import counts as count_columns
from mescc_analytics.steps import audit as audit_step
from mescc_analytics.steps import audit_report as step
from mescc_analytics.synthetic import synthesise
from mescc_analytics.tables import files

AUDIT = settings.defaults("audit")
FULL = {
    "audit": AUDIT,
    "report": settings.defaults("report"),
    "time_resolution": "day",
    "name": "x",
}
NASTY = "</script><b>&'\"=1"


def row(name, passed, n, status, target=0.9, **more):
    share = passed / n if n else float("nan")
    base = dict.fromkeys(count_columns.COLUMNS, pd.NA) | {
        "indicator_id": name,
        "site": "all",
        "period": "all",
        "numerator": passed,
        "denominator": n,
        "proportion": share,
        "ci_lower": share - 0.1,
        "ci_upper": share + 0.1,
        "worst_case": share,
        "best_case": share,
        "target": target,
        "status": status,
    }
    return (
        base
        | {f"n_{what}": 0 for what in "excluded unknown indeterminate error outside".split()}
        | more
    )


def overall(*rows):
    return pd.DataFrame(rows, columns=count_columns.COLUMNS)


NO_CYCLES = pd.DataFrame(columns=list(audit_step.cycles.CYCLES))
NO_DAYS = pd.DataFrame(columns=["interval", "site", "period", "share_of_days"])


def lines(*rows, cycles=NO_CYCLES, days=NO_DAYS):
    return {word: text for word, text, _ in words.five_lines(overall(*rows), cycles, days)}


def test_five_lines_where_nothing_can_be_judged():
    absent = row("I2", 0, 0, "not_assessable", needs="mri_day; mri_extent")
    assert lines(absent, row("I1", 1, 3, "too_few")) == {
        "Good": "No indicator has enough cases to be judged.",
        "Not good": "Nothing can be said: no indicator has enough cases.",
        "Changed": "There are no two periods to compare.",
        "Act on": "Record what the indicators need: see Completeness.",
        "Cannot judge": "1 indicator for want of MRI and Extent of MRI and 1 indicator for want of cases.",
    }


def test_five_lines_where_nothing_fails():
    found = lines(row("I1", 99, 100, "met"), row("I12", 18, 20, "uncertain"))
    assert found["Good"] == (
        "Whole spine imaged: 99 of 100 (99 %), target 90 %. 1 of 2 judged indicators meet their target."
    )
    assert found["Not good"] == "No indicator clearly misses its target."
    assert found["Act on"] == "Nothing fails clearly; look at the uncertain indicators first."
    assert lines(row("I1", 99, 100, "met"))["Act on"] == "Nothing fails clearly."
    assert found["Cannot judge"] == "Every indicator can be judged."


def test_five_lines_of_harms_count_the_harms():
    found = lines(row("I22", 40, 100, "not_met", 0.1), row("I22b", 1, 100, "met", 0.3))
    assert (
        found["Not good"]
        == "Death within 30 days of treatment: 40 of 100 (40 %), target at most 10 %."
    )
    assert found["Act on"] == "Death within 30 days of treatment: review its 40 cases."
    assert found["Good"].startswith("Complication within 30 days of surgery: 1 of 100 (1 %)")


def test_care_comes_before_records_and_standards_in_force_before_replaced_ones():
    records, care, replaced = (
        row("I11", 10, 400, "not_met"),
        row("I9", 20, 100, "not_met"),
        row("I10", 1, 300, "not_met"),
    )
    found = lines(records, care, replaced)
    assert found["Act on"].startswith("Radiotherapy within 24 hours of the decision: review its 80")
    assert found["Not good"].startswith("SINS can be totalled")
    assert lines(replaced)["Not good"].startswith(
        "Definitive treatment within 24 hours of diagnosis"
    )


def test_the_largest_share_of_the_days_is_named():
    days = pd.DataFrame(
        {
            "interval": ["symptom_to_presentation", "diagnosis_to_treatment"],
            "site": "all",
            "period": "all",
            "share_of_days": [0.7, 0.3],
        }
    )
    text = lines(row("I1", 10, 100, "not_met"), days=days)["Act on"]
    assert text == (
        "Whole spine imaged: review its 90 cases. Of all days from symptom to treatment, 70 % lie "
        "between first symptom and presentation."
    )


def changed(verdict, difference):
    base = {"indicator_id": "I1", "first_cycle": "2023", "second_cycle": "2024", "verdict": verdict}
    numbers = {"first_numerator": 10, "first_denominator": 20}
    numbers |= {"second_numerator": 18, "second_denominator": 20}
    ends = {"difference": difference, "difference_lower": 0.1, "difference_upper": 0.6}
    return pd.DataFrame([base | numbers | ends])


def test_what_changed_is_said_with_both_cycles():
    text = lines(row("I1", 99, 100, "met"), cycles=changed("better", 0.4))["Changed"]
    assert (
        text
        == "Whole spine imaged became better: 10 of 20 (50 %) in 2023, 18 of 20 (90 %) in 2024."
    )
    same = lines(row("I1", 99, 100, "met"), cycles=changed("no_clear_change", 0.4))["Changed"]
    assert same == "Between 2023 and 2024 no indicator changed beyond chance."


def test_a_target_says_where_it_comes_from():
    assert words.target_words("I1", AUDIT) == (
        "90 %: local convention of this audit; NICE sets no number"
    )
    assert words.target_words("I1", AUDIT | {"default_target": 0.975}).startswith("97.5 %")
    assert words.target_words("I2", AUDIT).startswith("95 %: an open audit list")
    assert words.target_words("I2", AUDIT | {"targets": {"I2": 0.8}}) == "80 %: set by the service"
    assert words.target_words("I22", AUDIT) == "at most 10 %: local"
    assert words.target_words("I7", AUDIT) == "none: reported, never judged good or bad"


def test_a_definition_names_clock_version_and_dates():
    rows = dict(words.definition("I10", AUDIT))
    assert rows["Clock"] == "diagnosis confirmed to first definitive treatment, within 24 hours"
    assert rows["In force for"] == "cases from 2014Q1 to 2023Q3"
    assert rows["Standard"] == "NICE QS56 statement 6, version 2014"
    assert dict(words.definition("I9", AUDIT))["In force for"] == "cases from 2023Q4 on"
    assert dict(words.definition("I21", AUDIT))["Clock"].endswith("after day 56 and within 98 days")
    assert (
        dict(words.definition("I5", AUDIT))["Clock"] == "first steroid dose to MRI, in this order"
    )


def test_the_result_says_bounds_and_what_it_lacks():
    whole = row("I2", 6, 8, "uncertain", n_unknown=1, n_error=1, worst_case=0.6, best_case=0.8)
    assert audit_page.result_line(whole, 0.95) == (
        "6 of 8 (75 %), 95 % CI 65 to 85; between 60 and 80 if the 2 open cases all failed or all passed."
    )
    assert "99 % CI" in audit_page.result_line(whole, 0.99)
    harm = row("I22", 6, 8, "uncertain", n_unknown=1)
    assert audit_page.result_line(harm, 0.95).endswith(
        "if the 1 open case had no harm or all had it."
    )
    absent = row("I2", 0, 0, "not_assessable", needs="mri_day; mri_extent")
    assert (
        audit_page.result_line(absent, 0.95)
        == "It needs MRI (mri_day) and Extent of MRI (mri_extent)."
    )
    assert audit_page.result_line(row("I2", 0, 0, "nobody"), 0.95) == "No case could be judged."


def test_every_count_names_the_verdict_of_its_cases():
    found = [
        (c.words, c.n, c.verdict) for c in audit_page.counts(row("I2", 6, 8, "met", n_excluded=3))
    ]
    assert found[:3] == [("met", 6, "met"), ("not met", 2, "not met"), ("left out", 3, "left out")]
    harms = [(c.words, c.n) for c in audit_page.counts(row("I22", 6, 8, "met"))]
    assert harms[:2] == [("harm", 6), ("no harm", 2)]


def test_methods_say_the_boundary_the_targets_and_the_settings():
    text = " ".join(audit_methods.paragraphs(AUDIT, "day"))
    assert "NICE sets no numeric target" in text and "90 % where nothing else is said" in text
    assert "of a case of 2023 without its quarter, the middle of the year decides" in text
    assert "the day after it is open" in text
    fixed = " ".join(audit_methods.paragraphs(AUDIT | {"version": "2020", "min_point": 7}, "hour"))
    assert "in force at the end of 2020" in fixed and "to the hour" in fixed
    assert "fewer than 7 judged" in fixed
    rows = dict(
        audit_methods.settings_rows(AUDIT | {"targets": {"I2": 0.5}, "cycles": [["a"], ["b", "c"]]})
    )
    assert rows["audit.targets"] == "I2 0.5" and rows["audit.cycles"] == "a against b, c"
    assert set(rows) == {f"audit.{name}" for name in AUDIT}
    listed = [row[-1] for row in audit_methods.standards()]
    assert sorted(", ".join(listed).split(", ")) == sorted(
        words.codebook.load("audit/indicators")["indicators"]
    )


def case_rows(*rows):
    return pd.DataFrame(rows, columns=audit_cases.COLUMNS)


LISTED = case_rows(
    ("I1", "A", "X", "2024", "not met", "v1"),
    ("I1", "B", pd.NA, "2024", "met", NASTY),
    ("I2", "A", "X", "2024", "harm", "v1"),
    ("I2", NASTY, "X", "2024", "unknown", "v2"),
)


def test_the_packed_list_holds_every_row_once():
    packed = audit_cases.packed(LISTED)
    rows = []
    for name, flat in packed["rows"].items():
        for case, verdict, value in zip(flat[::3], flat[1::3], flat[2::3], strict=True):
            rows.append(
                (name, *packed["cases"][case], packed["verdicts"][verdict], packed["values"][value])
            )
    assert rows == [
        tuple("" if pd.isna(cell) else cell for cell in line) for line in LISTED.to_numpy()
    ]
    assert len(packed["cases"]) == 3
    assert audit_cases.packed(LISTED.iloc[:0])["rows"] == {}


def test_what_does_not_fit_on_the_page_is_what_did_not_fail():
    assert audit_cases.held(LISTED, 3)["verdict"].tolist() == ["not met", "met", "harm"]
    assert audit_cases.held(LISTED, 2)["verdict"].tolist() == ["not met", "harm"]
    assert len(audit_cases.held(LISTED, 4)) == 4


def test_paper_lists_failing_cases_up_to_its_limit():
    many = case_rows(*(("I1", f"C{i}", "X", "2024", "not met", "v") for i in range(5)))
    assert {k: (n, len(rows)) for k, (n, rows) in audit_cases.failing(many, 3).items()} == {
        "I1": (5, 3)
    }
    assert list(audit_cases.failing(LISTED, 9)) == ["I1", "I2"]


def test_json_in_the_page_cannot_end_its_script():
    text = str(audit_cases.safe_json([NASTY, "\u2028"]))
    assert "<" not in text and "&" not in text and "\u2028" not in text
    assert json.loads(text) == [NASTY, "\u2028"]


def test_tables_of_published_audits_and_of_sums():
    published = pd.DataFrame(
        {
            "label": ["Medway", "Yorkshire"],
            "measures": "MRI",
            "numerator": [43, pd.NA],
            "denominator": [69, pd.NA],
            "proportion": [0.623, 0.9],
            "ci_lower": [0.505, pd.NA],
            "ci_upper": [0.728, pd.NA],
            "cohort_numerator": [9, pd.NA],
            "cohort_denominator": [10, pd.NA],
            "indicator_id": ["I2", ""],
            "source": "s",
            "status": "verified",
        }
    )
    table = tables_audit.published(published, 0.9)
    assert table.head[3] == "90 % CI"
    assert table.rows[0][2:5] == ("43 of 69 (62 %)", "50 to 73", "9 of 10 (90 %), I2")
    assert table.rows[1][2:5] == ("90 %, counts not published", "not estimable without counts", "")
    found = pd.DataFrame(
        {"about": ["a", "b"], "parts": "p", "total": [69, 2], "unaccounted": [1, -1]}
    )
    assert [r[-1] for r in tables_audit.sums(found).rows] == [
        "1 unaccounted for",
        "1 counted twice",
    ]


def test_tables_of_cycles_doses_order_and_missing():
    table = tables_audit.cycles(changed("better", 0.4), 0.95)
    assert table.rows == (
        (
            "Whole spine imaged (I1)",
            "10 of 20 (50 %)",
            "18 of 20 (90 %)",
            "+40 (95 % CI +10 to +60)",
            "Better",
        ),
    )
    nobody = changed("too_few", 0.0).assign(second_denominator=0)
    assert tables_audit.cycles(nobody, 0.95).rows == ()
    doses = pd.DataFrame({"dose": "daily", "band": "b", "neurology": ["yes", "no"], "n": [3, 1]})
    assert tables_audit.steroids(doses).rows == (("Daily dose: b", "3", "1"),)
    pair = {"first": "steroid_day", "then": "mri_day", "n_same_day": 1, "n_unknown": 2}
    table = tables_audit.order(pd.DataFrame([pair | {"n_in_order": 3, "n_reversed": 1}]))
    assert table.rows == (("first steroid dose, then MRI", "3 of 4 (75 %)", "1", "2"),)
    assert tables_audit.order(pd.DataFrame([pair | {"n_in_order": 0, "n_reversed": 0}])).rows == ()
    gaps = pd.DataFrame(
        {
            "column": "c",
            "label": "L",
            "site": ["all", "A"],
            "n": 4,
            "n_missing": 1,
            "indicators": "I1; I2",
        }
    ).assign(proportion_missing=0.25)
    assert tables_audit.completeness(gaps).rows == (("L", "1 of 4 (25 %)", "25 %", "I1, I2"),)


def test_a_list_that_ends_early_says_so():
    assert tables_audit.cut(LISTED, 2) == ""
    assert tables_audit.cut(LISTED, 1).endswith("this ends the list of I1 and I2.")


DRAWN = {
    "id": "I1",
    "title": "T I1",
    "proportion": 0.5,
    "ci_lower": 0.4,
    "ci_upper": 0.6,
    "target": 0.9,
    "numerator": 5,
    "denominator": 10,
    "status": "not_met",
}


def test_the_overview_links_each_number_and_says_its_status():
    figure = figures.draw_overview(
        [DRAWN, DRAWN | {"id": "I7", "target": None, "status": "reported"}]
    )
    svg = save.render_svg(figure).decode()
    assert re.findall(r'<a xlink:href="([^"]+)"', svg) == ["#I1", "#I7"]
    assert "5/10  not met" in svg and "5/10  reported only" in svg
    picture = step.Picture("overview", "t", "c", "a & b", svg)
    inline = str(inline_svg(picture))
    assert 'xlink:href="#I1"' in inline and 'role="group" aria-label="a &amp; b"' in inline
    assert "No indicator could be judged." in save.render_svg(figures.draw_overview([])).decode()


def test_charts_mark_the_points_at_which_a_rule_fired():
    trend = pd.DataFrame(
        {
            "period": ["2022", "2023", "2024"],
            "denominator": [10, 10, 10],
            "proportion": [0.5, None, 0.9],
            "centre": 0.7,
            "lower": 0.2,
            "upper": 1.0,
            "signal": ["", "", "fired"],
        }
    )
    funnel = pd.DataFrame(
        {
            "site": ["A", "B"],
            "denominator": [10, 20],
            "proportion": [0.5, 0.8],
            "flag": ["alarm", "inside"],
        }
    ).assign(centre=0.7, lower_95=0.5, upper_95=0.9, lower_998=0.4, upper_998=1.0)
    figure = figures.draw_indicator(trend, funnel, 0.9)
    run, sites = figure.axes
    squares = [line for line in run.lines if line.get_marker() == "s"]
    assert squares[0].get_xydata().tolist() == [[2, 0.9]]
    assert [line.get_marker() for line in sites.lines[-2:]] == ["v", "o"]
    assert len(figures.draw_indicator(trend, funnel.iloc[:0], None).axes) == 1


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    """Tables of 150 synthetic cases, one of them with a name that is markup."""
    import numpy as np

    cohort = synthesise(150, np.random.default_rng(4))
    cases = cohort.cases.assign(
        case_id=cohort.cases["case_id"].mask(cohort.cases.index == 3, NASTY)
    )
    chosen = AUDIT | {"time_resolution": "day"}
    out = tmp_path_factory.mktemp("audit")
    found = audit_step.analyse(audit_step.prepare(cases, cohort.visits, chosen), chosen)
    for name, table in found.items():
        files.write_csv(table, out / f"{name}.csv")
    return out


def written(tables, out, **changed):
    step.audit_report({"audit": tables}, out, FULL | changed)
    return (out / "audit.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(tables, tmp_path_factory):
    return written(tables, tmp_path_factory.mktemp("report"))


def test_the_page_has_every_part_and_no_value_is_markup(page):
    for name in (
        "first days indicators safety cycles steroids completeness published methods cases".split()
    ):
        assert f'<section id="{name}"' in page
    assert all(
        f'id="{name}"' in page for name in words.codebook.load("audit/indicators")["indicators"]
    )
    assert "43 within 24 hours + 25 late" in page
    assert page.count("</script>") == 2 and NASTY not in page
    assert "http" not in re.sub(r"http://www.w3.org/\S+", "", page)


def test_a_case_list_opened_in_a_spreadsheet_runs_nothing(tables):
    cases = pd.DataFrame({"case_id": ["=1+1", "@x", "ok"]})
    files.write_csv(cases, tables / "try.csv")
    assert (tables / "try.csv").read_text().splitlines()[1:] == ["'=1+1", "'@x", "ok"]


def test_page_and_paper_have_the_same_bytes_every_time(tables, tmp_path):
    for name in ("a", "b"):
        written(tables, tmp_path / name)
    for file in ("audit.html", "audit.pdf"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()
    assert (tmp_path / "a/audit.pdf").read_bytes().startswith(b"%PDF")
    assert b"CreationDate" not in (tmp_path / "a/audit.pdf").read_bytes()


def test_the_paper_says_what_the_page_says(tables):
    whole = {name: step._typed(files.read_csv(tables / f"{name}.csv")) for name in step.TABLES}
    content = step.content(whole, FULL | {"version": "1", "digest": "d"})
    listed = audit_cases.failing(whole["cases"], 2)
    said = audit_paper.paper(content, listed)
    assert [block["name"] for block in said["blocks"]] == [
        block.name for block in content["blocks"]
    ]
    assert said["lines"] == [line[:2] for line in content["lines"]]
    assert all(len(part["rows"]) <= 2 for part in said["cases"])
    assert any("The first 2 of" in part["words"] for part in said["cases"])
    assert "failing verdicts by indicator" in said["listed"]
    assert audit_paper.paper(content, {})["listed"] == "No case failed an indicator."
    source, _, _ = audit_page.environment().loader.get_source(
        audit_page.environment(), audit_paper.TEMPLATE
    )
    assert "header:" in source and "Row-level data" in source.split("footer:")[0]


@pytest.mark.parametrize(
    "changed, wanted",
    [
        ({"report": FULL["report"] | {"audit_page_rows": 10}}, "This page holds 10 of"),
        ({"report": FULL["report"] | {"title": "Ours"}}, "<h1>Ours</h1>"),
        ({"audit": AUDIT | {"default_target": 0.85}}, "85 %: local convention"),
        ({"audit": AUDIT | {"targets": {"I1": 0.5}}}, "50 %: set by the service"),
        ({"audit": AUDIT | {"list_at_most": 20}}, "At most 20 cases of one verdict"),
        ({"audit": AUDIT | {"confidence_level": 0.9}}, "90 % CI"),
        ({"time_resolution": "hour"}, "judged to the hour"),
    ],
)
def test_settings_reach_the_page(tables, page, tmp_path, changed, wanted):
    assert wanted not in page
    assert wanted in written(tables, tmp_path, **changed)


def test_fewer_rows_on_paper_by_config(tables, tmp_path):
    written(tables, tmp_path / "a")
    written(tables, tmp_path / "b", report=FULL["report"] | {"audit_pdf_rows": 1})
    sizes = [(tmp_path / name / "audit.pdf").stat().st_size for name in "ab"]
    assert sizes[1] < sizes[0]


@pytest.mark.parametrize("n_cases", [0, 1])
def test_a_cohort_of_one_or_of_columns_without_values_has_a_page(tmp_path, n_cases):
    cases = pd.DataFrame(
        {"case_id": ["A"], "last_contact_day": [3.0], "died": [False]}
    ).convert_dtypes()
    chosen = AUDIT | {"time_resolution": "day"}
    visits = pd.DataFrame(columns=["case_id", "visit_day"])
    found = audit_step.analyse(audit_step.prepare(cases.iloc[:n_cases], visits, chosen), chosen)
    for name, table in found.items():
        files.write_csv(table, tmp_path / f"{name}.csv")
    assert "No indicator has enough cases" in written(tmp_path, tmp_path)


FOLLOW = """
  const text = (find) => Array.from(document.querySelectorAll(find), (node) => node.textContent.trim());
  const start = location.hash;
  const panel = text("#chosen h3")[0] || "";
  const back = document.querySelector("#case-table tbody a");
  const marked = getComputedStyle(document.querySelector(".mark")).position;
  return {start, panel, rows: text("#case-table tbody tr").length, verdicts: [...new Set(text("#case-table tbody td:nth-child(5)"))],
    cases: text("#case-table tbody td:nth-child(2)"), back: back && back.getAttribute("href"),
    target: back && !!document.querySelector(back.getAttribute("href")), marked,
    wide: document.documentElement.scrollWidth <= innerWidth,
    numbers: Array.from(document.querySelectorAll("[data-show], svg a"), (n) => n.getAttribute("href")),
    bold: document.querySelectorAll("#case-table b").length, shown: text("#shown")[0]};
"""


def test_a_number_leads_to_its_definition_and_cases_and_a_case_back(page, tables, tmp_path):
    found = browser.look(page, FOLLOW, tmp_path, hash="#cases:I1:not%20met")
    listed = files.read_csv(tables / "cases.csv").query(
        "indicator_id == 'I1' and verdict == 'not met'"
    )
    assert found["panel"] == "Whole spine imaged (I1)" and found["verdicts"] == ["not met"]
    assert sorted(found["cases"]) == sorted(listed["case_id"].tolist())
    assert found["back"] == "#I1" and found["target"]
    assert found["marked"] == "sticky"
    assert all(address.startswith("#cases:I") for address in found["numbers"])
    assert "#cases:I1:not%20met" in found["numbers"]


def test_a_case_whose_name_is_markup_is_text_in_the_list(page, tmp_path):
    found = browser.look(page, FOLLOW, tmp_path, hash="#cases::::%3C%2Fscript")
    assert set(found["cases"]) == {NASTY} and found["bold"] == 0 and found["panel"] == ""


@pytest.mark.parametrize("width", [360, 1400])
@pytest.mark.parametrize("scheme", [browser.DARK, browser.LIGHT])
def test_the_page_has_no_serious_fault_of_accessibility(page, tmp_path, width, scheme):
    source = browser.axe().replace("</script", "<\\/script")
    whole = page.replace("</body>", f"<script>{source}</script></body>")
    script = """document.querySelectorAll("details").forEach((part) => { part.open = true; });
      const found = await axe.run(document, {resultTypes: ["violations"]});
      return {found: found.violations.filter((v) => ["serious", "critical"].includes(v.impact)).map((v) => v.id),
        passed: found.passes.length, dark: matchMedia("(prefers-color-scheme: dark)").matches,
        fits: document.documentElement.scrollWidth <= innerWidth};"""
    seen = browser.look(whole, script, tmp_path, width=width, scheme=scheme)
    assert seen["found"] == [] and seen["passed"] > 20 and seen["fits"]
    assert seen["dark"] == (scheme == browser.DARK)
