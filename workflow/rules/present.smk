"""Figures, tables and the research report.

Needs   results/{cohort}: ingest, assign, cohort, survival, weight, sensitivity, ambulatory, competing, agreement, benchmark,
        prognosis
Makes   results/{cohort}: figures, tables, report/research.html
"""

FIGURES = [
    "survival_by_arm",
    "survival_overall",
    "walking_by_arm",
    "pathway_by_arm",
    "flow",
    "sins_agreement",
    "benchmark",
    "sensitivity",
    "balance",
    "overlap",
    "survival_weighted",
    "survival_weighted_arms",
    "local_failure_by_arm",
    "incidence_by_endpoint",
    "states_by_arm",
    "score_discrimination",
    "score_calibration",
    "missingness",
]


rule figures:
    input:
        rules.agreement.output,
        rules.benchmark.output,
        rules.ambulatory.output,
        rules.competing.output,
        rules.prognosis.output,
        rules.impute.output,
        rules.survival.output,
        rules.weight.output,
        rules.sensitivity.output,
        rules.cohort.output,
        rules.assign.output,
    output:
        svg=report(
            expand("results/{{cohort}}/figures/{figure}.svg", figure=FIGURES),
            caption="../report/figure.rst",
            category="Figures",
            subcategory="{cohort}",
        ),
        other=expand(
            "results/{{cohort}}/figures/{figure}.{ending}",
            figure=FIGURES,
            ending=["pdf", "png"],
        ),
    log:
        "logs/{cohort}/figures.log",
    params:
        settings=section(
            "figures",
            "disclosure",
            "survival",
            "weight",
            "cohort",
            "assign",
            "ambulatory",
            "competing",
            "agreement",
            "prognosis",
            "impute",
            "report",
            "score",
        ),
        results=lambda wildcards, output: Path(output[0]).parents[1],
        out=lambda wildcards, output: Path(output[0]).parent,
        code=CODE,
    shell:
        """
        exec &> >(tee {log:q})
        python -m mescc_analytics figures --results {params.results:q} --settings {params.settings:q} --out {params.out:q}
        """


rule tables:
    input:
        rules.agreement.output,
        rules.benchmark.output,
        rules.ambulatory.output,
        rules.competing.output,
        rules.prognosis.output,
        rules.impute.output,
        rules.survival.output,
        rules.weight.output,
        rules.sensitivity.output,
        rules.cohort.output,
        rules.assign.output,
    output:
        docx="results/{cohort}/tables/tables.docx",
        table1="results/{cohort}/tables/table1.csv",
        shown="results/{cohort}/tables/tables.json",
    log:
        "logs/{cohort}/tables.log",
    params:
        settings=section(
            "tables",
            "disclosure",
            "survival",
            "weight",
            "cohort",
            "assign",
            "ambulatory",
            "competing",
            "agreement",
            "prognosis",
            "impute",
            "score",
        ),
        results=lambda wildcards, output: Path(output[0]).parents[1],
        out=lambda wildcards, output: Path(output[0]).parent,
        code=CODE,
    shell:
        """
        exec &> >(tee {log:q})
        python -m mescc_analytics tables --results {params.results:q} --settings {params.settings:q} --out {params.out:q}
        """


rule report:
    input:
        rules.figures.output,
        rules.tables.output,
        rules.ingest.output,
    output:
        research="results/{cohort}/report/research.html",
    log:
        "logs/{cohort}/report.log",
    params:
        settings=section(*[name for name in CONFIG if name != "cohorts"]),
        results=lambda wildcards, output: Path(output[0]).parents[1],
        out=lambda wildcards, output: Path(output[0]).parent,
        code=CODE,
    shell:
        """
        exec &> >(tee {log:q})
        python -m mescc_analytics report --results {params.results:q} --settings {params.settings:q} --out {params.out:q}
        """
