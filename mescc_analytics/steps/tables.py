"""Step `tables`: every table for people as CSV, all of them in one Word file, and as JSON for the
report.
"""

import pandas as pd

from mescc_analytics.present import (
    agreement,
    docx,
    tables_algorithms,
    tables_data,
    tables_decisions,
    tables_flags,
    tables_lesions,
    tables_literature,
    tables_survival,
    tables_walking,
    tables_walking_adjusted,
)
from mescc_analytics.present import tables as people
from mescc_analytics.steps import (
    adjusted,
    choices,
    counts,
    derived,
    events,
    flag_counts,
    show_contrasts,
    show_impute,
    show_prognosis,
    shown,
    site_counts,
    withhold,
    withhold_agreement,
    withhold_algorithms,
    withhold_benchmark,
    withhold_sums,
    withhold_walking,
)
from mescc_analytics.steps.overview import overview
from mescc_analytics.tables import files

WORD_ORDER = (
    "table1 instability flags sites agreement pathway discordance policies algorithms "
    "algorithm_pairs guard survival survival_contrasts hazards weight_diagnostics "
    "weight_withheld weight_estimates weight_balance sensitivity walking contrasts "
    "walking_adjusted expected_days transitions change incidence competing_hazards benchmark "
    "benchmark_absent prognosis prognosis_bands prognosis_brier prognosis_comparison flow "
    "not_assessable findings missing patterns adjusted sins_imputed derived"
).split()


def tables(inputs, out, settings):
    """Write the tables of one cohort.

    Parameters
    ----------
    inputs : dict of str to Path
        results (a cohort's folder), or single files: cohort (Parquet), findings, flow, summary,
        tests, hazards, survival_not_assessable, rates, contrasts, walking_not_assessable,
        concordance, policies, algorithms, comparison, prognosis_<table>.
    out : Path
        Folder; gets one CSV per table, tables.docx and tables.json.
    settings : dict
        name, version, digest, disclosure, cohort, survival, prognosis, report and tables
        (estimand, variables).
    """
    reason = shown.too_few(inputs, settings)
    if reason:
        return _write_withheld(reason, out, settings)
    inputs, threshold = shown.locate(inputs), settings["disclosure"]["threshold"]
    summary = withhold.summary(shown.read(inputs, "summary"), threshold)
    cohort = files.read_table(inputs["cohort"])
    facts = overview(cohort, threshold)
    study = shown.study_as_run(settings, "tables", summary, arms_given=facts["arms_given"])
    parts = (
        _case_tables(cohort, study, settings),
        _decision_tables(inputs, study, settings),
        _outcome_tables(inputs, summary, study, settings),
        _beyond_arms(lambda name: shown.read(inputs, name), summary, study, settings),
        show_prognosis.tables(inputs, settings, study),
        show_impute.tables(inputs, summary, study),
        _data_tables(inputs, cohort, study),
        _reading_tables(inputs, study, settings),
    )
    made = {table.name: table for part in parts for table in part}
    ordered = [made[name] for name in WORD_ORDER]
    for table in ordered:
        files.write_csv(people.as_frame(table), out / f"{table.name}.csv")
    records = [people.as_record(table) for table in ordered]
    files.write_json({"overview": facts, "tables": records}, out / "tables.json")
    files.write_bytes(docx.render(ordered, f"Tables, cohort {study.name}"), out / "tables.docx")


def _case_tables(cohort, study, settings):
    variables = (settings.get("tables") or {}).get("variables") or counts.BASELINE
    tidy, differences, by_arm, pooled = counts.baseline(cohort, variables, study.threshold)
    yield people.table_one(tidy, differences, study, by_arm=by_arm, pooled=pooled)
    yield tables_decisions.distribution(counts.distribution(cohort, study.threshold), study)
    yield tables_flags.flags(flag_counts.counts(cohort, study.threshold), study, settings)
    sites = site_counts.counts(cohort, study.threshold, study.level)
    yield tables_lesions.sites(sites, study, settings["score"]["compressive_from"])
    yield tables_data.missing(counts.missing(cohort, study.threshold), study)
    yield tables_data.derived(derived.derived(cohort, study.threshold), study)


def _reading_tables(inputs, study, settings):
    frame = withhold_agreement.agreement(shown.read(inputs, "readings"), study.threshold)
    yield agreement.readings(frame, study, settings["agreement"]["confidence_level"])


def _decision_tables(inputs, study, settings):
    threshold = study.threshold
    concordance = shown.read(inputs, "concordance")
    reasons = concordance[concordance["section"] == "reason"].reset_index(drop=True)
    yield tables_decisions.pathway(withhold.cells(concordance, threshold), study)
    short = settings["assign"].get("short_given_for_cebrt")
    yield tables_decisions.discordance(withhold.counted(reasons, threshold), study, short)
    yield tables_decisions.policies(
        withhold.policies(shown.read(inputs, "policies"), threshold), study
    )
    pairs = shown.read(inputs, "algorithms")
    yield tables_algorithms.agreement(withhold_algorithms.agreement(pairs, threshold), study)
    yield tables_algorithms.pairs(withhold_algorithms.cells(pairs, threshold), study)


def _outcome_tables(inputs, summary, study, settings):
    threshold = study.threshold
    yield from choices.tables(lambda name: shown.read(inputs, name), study)
    yield tables_survival.survival(summary, study)
    yield from show_contrasts.tables(
        lambda name: shown.read(inputs, name), summary, study, settings
    )
    untold = withhold_sums.untold(summary)
    rates = withhold_walking.rates(shown.read(inputs, "rates"), threshold, untold)
    yield tables_walking.walking(rates, study)
    contrasts = shown.read(inputs, "contrasts")
    chosen = contrasts[contrasts["estimand"] == study.estimand].reset_index(drop=True)
    by_arm = chosen[chosen["analysis"] == "by_arm"].reset_index(drop=True)
    by_arm = withhold_walking.holm(withhold.contrasts(by_arm, rates))
    yield tables_walking.contrasts(by_arm, study)
    yield _adjusted_walking(inputs, (chosen, by_arm, rates), study)
    comparison = withhold_benchmark.shown(shown.read(inputs, "comparison"))
    yield tables_literature.benchmark(comparison, study)
    yield tables_literature.absent(comparison, study)


def _beyond_arms(read, summary, study, settings):
    yield from events.tables(read, study, settings)
    yield from adjusted.tables(read, summary, study, settings)


def _adjusted_walking(inputs, found, study):
    chosen, by_arm, rates = found
    risks = shown.read(inputs, "walking_adjusted")
    risks = risks[risks["estimand"] == study.estimand]
    contrasts, risks = withhold_walking.adjusted(chosen, risks, rates, study.threshold)
    contrasts = withhold_walking.holm(contrasts)
    of_all = by_arm[by_arm["baseline"] == "all"]
    both = pd.concat([of_all.astype(object), contrasts.astype(object)], ignore_index=True)
    return tables_walking_adjusted.adjusted(both, risks, study)


def _data_tables(inputs, cohort, study):
    yield tables_data.flow(withhold.flow(shown.read(inputs, "flow"), study.threshold), study)
    yield tables_data.findings(
        counts.findings(shown.read(inputs, "findings"), study.threshold), study
    )
    yield tables_data.not_assessable(_absent(inputs, cohort))


def _absent(inputs, cohort):
    named = (
        ("survival", "survival_not_assessable"),
        ("contrasts under every choice", "panel_not_assessable"),
        ("weighting of arms", "weight_not_assessable"),
        ("walking", "walking_not_assessable"),
        ("agreement of two readings", "readings_not_assessable"),
    )
    found = [shown.read(inputs, name).assign(subject=subject) for subject, name in named]
    parts = [
        part.astype("string") for part in (counts.not_assessable(cohort).assign(subject=""), *found)
    ]
    parts.append(events.absent(shown.read(inputs, "competing_not_assessable")))
    parts.append(show_impute.absent(inputs).astype("string"))
    return pd.concat(parts, ignore_index=True)


def _write_withheld(reason, out, settings):
    """The files that the workflow expects, with nothing in them but the reason."""
    table = people.Table("table1", "Withheld", ("Withheld",), ((reason,),), ())
    files.write_csv(people.as_frame(table), out / "table1.csv")
    files.write_json({"withheld": reason}, out / "tables.json")
    title = f"Tables, cohort {settings.get('name', '')}"
    files.write_bytes(docx.render([table], title), out / "tables.docx")
