"""Every key of the presenting steps changes what people see; each key of other steps has its test beside its step."""

import copy

import pandas as pd
import pytest

from mescc_analytics import settings
from mescc_analytics.steps import (
    agreement,
    ambulatory,
    benchmark,
    cohort,
    competing,
    decisions,
    figures,
    impute,
    ingest,
    prognosis,
    report,
    sensitivity,
    survival,
    tables,
    weight,
)
from mescc_analytics.steps.sources import synthesise

FULL = settings.complete({}, need_cohorts=False) | {"time_resolution": "day", "name": "small"}


def changed(section, **values):
    config = copy.deepcopy(FULL)
    config[section] |= values
    return config


def analyse(inputs, root):
    """Every step up to the presenting ones."""
    ingest.ingest(inputs, root / "ingest", FULL)
    lesions = {"lesions": root / "ingest/lesions.parquet"}
    each = {"scored_lesions": root / "score/lesions.parquet"}
    decisions.score(
        {"cases": root / "ingest/cases.parquet", **lesions, **each},
        root / "score/scored.parquet",
        FULL,
    )
    names = ("concordance", "policies", "algorithms")
    extra = {name: root / "assign" / f"{name}.csv" for name in names}
    decisions.assign(
        {"cases": root / "score/scored.parquet", **extra}, root / "assign/assigned.parquet", FULL
    )
    cohort.cohort({"cases": root / "assign/assigned.parquet"}, root / "cohort", FULL)
    weight.weight({"cohort": root / "cohort/cohort.parquet"}, root / "weight", FULL)
    weighting = {"weights": root / "weight/weights.parquet"}
    weighting |= {"diagnostics": root / "weight/diagnostics.csv"}
    survival.survival(
        {"cohort": root / "cohort/cohort.parquet", **weighting}, root / "survival", FULL
    )
    impute.impute({"cohort": root / "cohort/cohort.parquet"}, root / "impute", FULL)
    prognosis.prognosis({"cohort": root / "cohort/cohort.parquet"}, root / "prognosis", FULL)
    hazards = {"hazards": root / "survival/hazards.csv"}
    sensitivity.sensitivity(
        {"cohort": root / "cohort/cohort.parquet", **hazards}, root / "sensitivity", FULL
    )
    walking = {"cohort": root / "cohort/cohort.parquet", "visits": root / "ingest/visits.parquet"}
    ambulatory.ambulatory(walking, root / "ambulatory", FULL)
    competing.competing(walking, root / "competing", FULL)
    agreement.agreement({"cohort": root / "cohort/cohort.parquet"}, root / "agreement", FULL)
    benchmark.benchmark({"results": root}, root / "benchmark", FULL)


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Results of 300 synthetic cases up to the presenting steps."""
    root = tmp_path_factory.mktemp("results")
    synthesise(300, 3, "realistic", root / "data")
    tables_ = {name: root / "data" / f"{name}.csv" for name in ("cases", "visits", "lesions")}
    analyse(tables_, root)
    figures.figures({"results": root}, root / "figures", FULL)
    tables.tables({"results": root}, root / "tables", FULL)
    return root


def page(results, out, config=FULL):
    report.report({"results": results}, out, config)
    return (out / "research.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "key, value, figure",
    [
        ("estimand", "alive_assessed", "walking_by_arm"),
        ("curve_min_at_risk", 20, "survival_by_arm"),
    ],
)
def test_keys_of_the_figures(results, tmp_path, key, value, figure):
    figures.figures({"results": results}, tmp_path / "a", changed("figures", **{key: value}))
    assert (tmp_path / "a" / f"{figure}.svg").read_bytes() != (
        results / "figures" / f"{figure}.svg"
    ).read_bytes()


def test_keys_of_the_agreement_reach_the_figure(results, tmp_path):
    figures.figures({"results": results}, tmp_path / "a", changed("agreement", bin_reach_points=2))
    svg = [root / "sins_agreement.svg" for root in (tmp_path / "a", results / "figures")]
    assert svg[0].read_bytes() != svg[1].read_bytes()


def test_the_grade_of_a_site_is_named_in_its_table(results, tmp_path):
    tables.tables({"results": results}, tmp_path / "a", changed("score", compressive_from="1a"))
    for root, grade in ((tmp_path / "a", "1a"), (results / "tables", "1b")):
        assert f"contiguous lesion of SOSG {grade} or higher" in (root / "tables.json").read_text()


def test_keys_of_the_tables(results, tmp_path):
    tables.tables(
        {"results": results}, tmp_path / "a", changed("tables", estimand="alive_assessed")
    )
    assert (tmp_path / "a/contrasts.csv").read_text() != (
        results / "tables/contrasts.csv"
    ).read_text()
    tables.tables({"results": results}, tmp_path / "b", changed("tables", variables=["sex"]))
    one = pd.read_csv(tmp_path / "b/table1.csv").to_csv()
    assert "Sex" in one and "Age" not in one


@pytest.mark.parametrize(
    "key, value",
    [("title", "Our first ten years"), ("date", "2026-11-21"), ("estimand", "alive_assessed")],
)
def test_keys_of_the_report(results, tmp_path, key, value):
    plain, other = (
        page(results, tmp_path / "a"),
        page(results, tmp_path / "b", changed("report", **{key: value})),
    )
    assert plain != other
    if key != "estimand":
        assert value in other and value not in plain


@pytest.mark.parametrize("step, table", [("ambulatory", "expected_days"), ("competing", "hazards")])
def test_clusters_change_intervals_and_are_stated(results, tmp_path, step, table):
    run = {"ambulatory": ambulatory.ambulatory, "competing": competing.competing}[step]
    cases = pd.read_parquet(results / "cohort/cohort.parquet")
    cases["site"] = pd.array([f"site {number % 12}" for number in range(len(cases))], "string")
    cases.to_parquet(tmp_path / "cohort.parquet")
    inputs = {
        "cohort": tmp_path / "cohort.parquet",
        "visits": results / "ingest/visits.parquet",
    }
    run(inputs, tmp_path, changed(step, cluster="site"))
    found, before = (pd.read_csv(root / f"{table}.csv") for root in (tmp_path, results / step))
    assert before["cluster"].eq("none").all() and found["cluster"].eq("site").any()
    estimate = "days" if step == "ambulatory" else "hazard_ratio"
    pd.testing.assert_series_equal(found[estimate], before[estimate])
    assert not found["ci_lower"].equals(before["ci_lower"])
    run(inputs, tmp_path / "p", changed(step, cluster="patient"))
    assert pd.read_csv(tmp_path / "p" / f"{table}.csv")["cluster"].eq("patient").any()


def test_the_panel_and_the_guard_are_in_the_report(results, tmp_path):
    text = page(results, tmp_path)
    assert "Time to treatment, and deaths before it" in text
    assert text.count("What depends on a choice") >= 3 and "Propensity score weights" in text


def test_the_weighted_comparison_is_in_the_report(results, tmp_path):
    text = page(results, tmp_path)
    section = text[text.index('id="adjusted"') : text.index('id="sensitivity"')]
    for words in ("Diagnostics, before any estimate", "✗ ", "for whom the choice was open"):
        assert words in section
    assert "weight.balance_limit" in text
    everybody = page(results, tmp_path / "b", changed("weight", estimand="ate"))
    assert "stabilised inverse probability weights" in everybody


def test_delayed_entry_is_in_captions_and_methods(results, tmp_path):
    text = page(results, tmp_path, changed("survival", entry="referral_day"))
    assert text.count("Delayed entry: a case counts as at risk from the day") >= 3
    assert "Delayed entry" not in page(results, tmp_path / "b")
    robust = page(results, tmp_path / "c", changed("survival", cluster="patient", strata="site"))
    assert "cluster-robust intervals" in robust and "stratified by site" in robust


def test_a_short_course_counts_as_the_config_says(results, tmp_path):
    """Where conventional radiotherapy is recommended a short course agrees, or it does not."""
    found = {}
    for choice in ("discordant", "concordant"):
        config, root = changed("assign", short_given_for_cebrt=choice), tmp_path / choice
        inputs = {"cases": results / "score/scored.parquet", "concordance": root / "c.csv"}
        decisions.assign(inputs, root / "assigned.parquet", config)
        frame = pd.read_csv(root / "c.csv")
        short = (frame["pathway"] == "cebrt") & (frame["arm"] == "cebrt_short")
        n = frame.loc[short & (frame["section"] == "cell"), "n"].sum()
        listed = (short & (frame["section"] == "reason")).any()
        agree = frame.loc[frame["text"] == "agree", "n"].iloc[0]
        with_short = {"results": results, "concordance": root / "c.csv"}
        tables.tables(with_short, root / "tables", config)
        figures.figures(with_short, root / "figures", config)
        note = (root / "tables/tables.json").read_text()
        outlined = (root / "figures/pathway_by_arm.svg").read_bytes()
        found[choice] = (n, agree, listed, note.count("counts as agreeing"), outlined)
    plain, other = found["discordant"], found["concordant"]
    assert plain[0] == other[0] > 0 and other[1] == plain[1] + plain[0]
    assert (plain[2], other[2]) == (True, False)
    assert (plain[3], other[3]) == (0, 1)
    assert plain[4] != other[4]


def test_the_threshold_hides_more_when_it_is_higher(results, tmp_path):
    hidden = []
    for threshold in (0, 5, 30):
        config = changed("disclosure", threshold=threshold)
        tables.tables({"results": results}, tmp_path / str(threshold), config)
        text = (tmp_path / str(threshold) / "walking.csv").read_text()
        hidden.append(text.count("hidden") + text.count(f"<{threshold}"))
    assert hidden[0] == 0 < hidden[1] < hidden[2]


def test_the_number_of_messages_on_the_screen(tmp_path, capsys):
    header = "case_id,last_contact_day,died,sins_pain,sosg_grade,ecog\n"
    (tmp_path / "t.csv").write_text(
        header + "".join(f"A{i},10,yes,x{i},y{i},{9 + i}\n" for i in range(9))
    )
    said = []
    for limit in (2, 30):
        ingest.ingest(
            {"cases": tmp_path / "t.csv"}, tmp_path / "out", changed("ingest", max_messages=limit)
        )
        said.append(len(capsys.readouterr().err.splitlines()))
    assert said[0] < said[1]
    assert len(pd.read_csv(tmp_path / "out/findings.csv")) == 27


def test_the_seed_and_every_section_are_in_the_provenance(results, tmp_path):
    from mescc_analytics.steps.provenance import provenance

    for name, seed in (("a", 1), ("b", 2)):
        inputs = {"results": results, "cases": results / "data/cases.csv"}
        provenance(inputs, tmp_path / name, FULL | {"seed": seed})
    texts = [(tmp_path / name / "provenance.json").read_text() for name in "ab"]
    assert texts[0] != texts[1] and '"seed": 1' in texts[0]
    assert all(f'"{section}"' in texts[0] for section in settings.SECTIONS)


def small_cohort(root, n):
    """The presenting steps on the first cases of the bundled cohort."""
    rows = pd.read_csv("data/demo/cases.csv", dtype=str).head(n)
    root.mkdir(parents=True)
    rows.drop(columns=["mri_day"]).to_csv(root / "cases.csv", index=False)
    analyse({"cases": root / "cases.csv"}, root)
    for step, name in (
        (figures.figures, "figures"),
        (tables.tables, "tables"),
        (report.report, "report"),
    ):
        step({"results": root}, root / name, FULL)
    return (root / "report/research.html").read_text(encoding="utf-8")


def test_a_cohort_below_the_threshold_shows_nobody(tmp_path, monkeypatch):
    from pathlib import Path

    monkeypatch.chdir(Path(__file__).parents[1])
    page = small_cohort(tmp_path / "few", 4)
    assert "fewer than 5 cases" in page and "Table 1" not in page and "<svg" not in page
    assert "Withheld" in (tmp_path / "few/tables/table1.csv").read_text()
    assert (tmp_path / "few/figures/flow.png").exists()


def test_without_any_mri_day_the_report_counts_from_presentation(tmp_path, monkeypatch):
    from pathlib import Path

    monkeypatch.chdir(Path(__file__).parents[1])
    page = small_cohort(tmp_path / "more", 60)
    assert "from presentation" in page and "from MRI" not in page
