"""The whole workflow: the bundled cohort twice, the two published cohorts, wrong configs."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).parents[1]
pytestmark = pytest.mark.slow
# for cohorts whose numbers are not looked at
FEW_DRAWS = """
survival: {n_resamples: 20}
ambulatory: {n_resamples: 50}
impute: {n_imputations: 2, iterations: 2}
prognosis: {replicates: 100}
"""


def run(folder, *options, **environment):
    """Snakemake on the project's Snakefile with another working directory."""
    folder.mkdir(parents=True, exist_ok=True)
    command = [
        sys.executable,
        "-m",
        "snakemake",
        "-s",
        str(ROOT / "Snakefile"),
        "--directory",
        str(folder),
        "--cores",
        "2",
        *options,
    ]
    cache = {"XDG_CACHE_HOME": str(folder / "cache")}
    return subprocess.run(
        command, capture_output=True, text=True, check=False, env=os.environ | cache | environment
    )


def digests(folder):
    return {
        p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    folder = tmp_path_factory.mktemp("first")
    done = run(folder)
    assert done.returncode == 0, done.stderr
    return folder


def test_everything_is_made(demo):
    made = digests(demo / "results" / "demo")
    wanted = """ingest/cases.parquet ingest/findings.csv score/scored.parquet score/lesions.parquet
        agreement/agreement.csv agreement/bland_altman.csv figures/sins_agreement.svg assign/concordance.csv assign/policies.csv assign/algorithms.csv
        cohort/cohort.parquet cohort/flow.csv survival/curves.csv survival/summary.csv survival/tests.csv
        survival/hazards.csv weight/weights.parquet weight/balance.csv weight/overlap.csv weight/diagnostics.csv
        weight/not_assessable.csv ambulatory/rates.csv ambulatory/contrasts.csv ambulatory/occupancy.csv
        competing/incidence.csv competing/tests.csv
        benchmark/comparison.csv figures/benchmark.svg tables/benchmark.csv figures/survival_by_arm.svg
        prognosis/discrimination.csv prognosis/bands.csv prognosis/calibration.csv prognosis/brier.csv
        prognosis/comparison.csv figures/score_calibration.svg figures/score_discrimination.svg
        figures/flow.pdf figures/walking_by_arm.png tables/table1.csv tables/tables.docx report/research.html
        provenance/provenance.json provenance/ro-crate-metadata.json""".split()
    assert set(wanted) <= set(made)


def test_a_second_run_does_nothing(demo):
    again = run(demo)
    assert again.returncode == 0
    assert "Nothing to be done" in again.stderr


def test_another_folder_time_zone_and_locale_give_the_same_bytes(demo, tmp_path):
    other = tmp_path / "other folder"
    done = run(other, TZ="Pacific/Auckland", LC_ALL="C", LANG="C", PYTHONHASHSEED="7")
    assert done.returncode == 0, done.stderr
    assert digests(other / "results") == digests(demo / "results")


def test_a_change_of_one_section_reruns_only_what_reads_it(demo, tmp_path):
    config = tmp_path / "config.yaml"
    bundled = (
        (ROOT / "config" / "config.yaml")
        .read_text(encoding="utf-8")
        .replace("../data", str(ROOT / "data"))
    )
    config.write_text(bundled.replace("interval: log-log", "interval: log", 1), encoding="utf-8")
    plan = run(demo, "--configfile", str(config), "-n").stdout
    planned = {line.split()[1] for line in plan.splitlines() if line.startswith("rule ")}
    # weights take the horizon and walking takes the weights; ingest to cohort are left alone
    assert planned == {
        "survival:",
        "weight:",
        "impute:",
        "sensitivity:",
        "ambulatory:",
        "benchmark:",
        "figures:",
        "tables:",
        "report:",
        "provenance:",
        "all:",
    }


def test_provenance_names_everything_and_no_place(demo):
    text = (demo / "results/demo/provenance/provenance.json").read_text(encoding="utf-8")
    run_ = json.loads(text)
    assert str(ROOT) not in text and str(demo) not in text
    for name, digest in run_["outputs"].items():
        assert hashlib.sha256((demo / "results/demo" / name).read_bytes()).hexdigest() == digest
    assert "report/research.html" in run_["outputs"]
    assert set(run_["inputs"]) == {"cases", "visits", "lesions"}
    crate = json.loads(
        (demo / "results/demo/provenance/ro-crate-metadata.json").read_text(encoding="utf-8")
    )
    described = {entry["@id"] for entry in crate["@graph"]}
    assert all(
        part["@id"] in described for entry in crate["@graph"] for part in entry.get("hasPart", [])
    )


def test_invariants_of_the_case_tables(demo):
    results = demo / "results" / "demo"
    tables = [
        pd.read_parquet(results / path)
        for path in (
            "ingest/cases.parquet",
            "score/scored.parquet",
            "assign/assigned.parquet",
            "cohort/cohort.parquet",
        )
    ]
    ids = [table["case_id"].tolist() for table in tables]
    assert ids[0] == ids[1] == ids[2] == ids[3]
    flow = pd.read_csv(results / "cohort/flow.csv")
    left = tables[3]["excluded_by"].isna().sum()
    assert flow["n_after"].iloc[-1] == left
    assert flow["n_excluded"].sum() + flow["n_unknown"].sum() + left == len(ids[0])


def test_no_case_id_in_the_research_report(demo):
    page = (demo / "results/demo/report/research.html").read_text(encoding="utf-8")
    ids = pd.read_parquet(demo / "results/demo/ingest/cases.parquet")["case_id"]
    assert not [case for case in ids if case in page]
    assert "http://" not in page.replace("http://www.w3.org", "") and "<script src" not in page


def test_lung(tmp_path):
    done = run(tmp_path, "--configfile", str(ROOT / "config/examples/lung.yaml"))
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "results" / "demo").exists()
    survival = tmp_path / "results/lung/survival"
    medians = pd.read_csv(survival / "summary.csv").set_index(["analysis", "group"])["median_days"]
    assert medians["overall", "all"] == 310
    assert (medians["by_sex", "male"], medians["by_sex", "female"]) == (270, 426)
    tests = pd.read_csv(survival / "tests.csv").set_index(["analysis", "test"])["statistic"]
    assert tests["by_sex", "log_rank"] == pytest.approx(10.327, abs=0.0005)
    page = (tmp_path / "results/lung/report/research.html").read_text(encoding="utf-8")
    assert "not assessable" in page.lower()
    beside = pd.read_csv(tmp_path / "results/lung/benchmark/comparison.csv")
    assert set(beside["comparable"]) == {"no"} and beside["analysis"].notna().sum() == 9
    assert "Not one of them is measured in the same way" in page


def test_patchell(tmp_path):
    done = run(tmp_path, "--configfile", str(ROOT / "config/examples/patchell.yaml"))
    assert done.returncode == 0, done.stderr
    walking = tmp_path / "results/patchell/ambulatory"
    contrasts = pd.read_csv(walking / "contrasts.csv").set_index(
        ["baseline", "estimand", "measure", "test"]
    )
    crude = contrasts.loc[("all", "alive_assessed", "odds_ratio", "chi_square")]
    assert crude[["estimate", "ci_lower", "ci_upper"]].astype(float).round(2).tolist() == [
        3.98,
        1.56,
        10.17,
    ]
    stratified = contrasts.loc[("all", "alive_assessed", "odds_ratio_mh", "cmh")]
    assert stratified[["estimate", "ci_lower", "ci_upper"]].astype(float).round(2).tolist() == [
        6.26,
        1.98,
        19.75,
    ]
    assert stratified["p"] == pytest.approx(0.0009, abs=0.00005)
    beside = pd.read_csv(tmp_path / "results/patchell/benchmark/comparison.csv")
    trial = beside[(beside["study"] == "Patchell 2005") & (beside["comparable"] == "yes")]
    rates = trial[trial["measure"] == "proportion"]
    assert rates["numerator"].tolist() == rates["published_numerator"].tolist()
    assert len(rates) == 6 and len(trial) == 8 and set(rates["difference"]) == {0}
    rates = pd.read_csv(walking / "rates.csv").set_index(["group", "baseline", "estimand"])
    regained = rates.loc[
        (["surgery_cebrt", "cebrt_long"], "non_ambulatory", "alive_assessed"),
        ["numerator", "denominator"],
    ]
    assert regained.to_numpy().tolist() == [[10, 16], [3, 16]]


def test_wrong_configs_stop_before_anything_runs(tmp_path):
    config = tmp_path / "wrong.yaml"
    config.write_text(
        "cohorts: {a: {cases: no.csv}}\nsurvial: {}\nsurvival: {interval: loglog}\n",
        encoding="utf-8",
    )
    done = run(tmp_path, "--configfile", str(config))
    assert done.returncode == 2
    assert "unknown key 'survial' (did you mean 'survival'?)" in done.stderr
    assert "survival.interval: found 'loglog'" in done.stderr
    assert "Traceback" not in done.stderr and not (tmp_path / "results").exists()
    config.write_text("cohorts: {a: {cases: no.csv}, b: {cases: nor.csv}}\n", encoding="utf-8")
    done = run(tmp_path, "--configfile", str(config))
    assert (
        done.returncode == 2
        and "'no.csv' is not a file" in done.stderr
        and "'nor.csv'" in done.stderr
    )


def test_a_messy_table_runs_through(tmp_path):
    """One per cent of bad cells, semicolons, decimal commas, Windows-1252: reported, not fatal."""
    cases = pd.read_csv(ROOT / "data/demo/cases.csv", dtype=str)
    for row in range(0, len(cases), 5):
        cases.iat[row, 4 + row % 40] = "Prüfen!"
    cases["Bemerkung"] = "nur Text mit ä"
    cases.to_csv(tmp_path / "messy.csv", sep=";", decimal=",", index=False, encoding="cp1252")
    config = "cohorts: {mine: {cases: messy.csv}}\n" + FEW_DRAWS
    (tmp_path / "mine.yaml").write_text(config, encoding="utf-8")
    done = run(tmp_path, "--configfile", str(tmp_path / "mine.yaml"))
    assert done.returncode == 0, done.stderr
    findings = pd.read_csv(tmp_path / "results/mine/ingest/findings.csv")
    assert (findings["found"] == "Prüfen!").sum() >= 60  # the others hit free text
    assert "Prüfen" not in (tmp_path / "results/mine/report/research.html").read_text(
        encoding="utf-8"
    )


def test_a_cohort_of_which_nobody_is_left_runs_through(tmp_path):
    rows = "".join(f"A{i},{100 + i},yes,10,aided,2,3,cebrt,10\n" for i in range(10))
    header = "case_id,last_contact_day,died,age_years,ambulatory_status,mri_day,rt_start_day,rt_technique,rt_fractions\n"
    (tmp_path / "young.csv").write_text(header + rows, encoding="utf-8")
    config = "cohorts: {young: {cases: young.csv}}\ncohort: {eligibility: [adult]}\n"
    (tmp_path / "young.yaml").write_text(config, encoding="utf-8")
    done = run(tmp_path, "--configfile", str(tmp_path / "young.yaml"))
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "results/young/report/research.html").read_text(encoding="utf-8")
    assert "nan" not in page.lower().replace("finan", "")
