"""The audit of a service.

Needs   results/{cohort}/cohort/cohort.parquet, results/{cohort}/ingest/visits.parquet
Makes   results/{cohort}/audit (CSV; cases.csv is row-level), results/{cohort}/report/audit.html and .pdf
"""

AUDIT = [
    "indicators",
    "trend",
    "funnel",
    "cusum",
    "cycles",
    "intervals",
    "order",
    "times",
    "steroids",
    "completeness",
    "published",
    "findings",
    "cases",
]


rule audit:
    input:
        cohort=rules.cohort.output.cohort,
        visits=rules.ingest.output.visits,
    output:
        expand("results/{{cohort}}/audit/{table}.csv", table=AUDIT),
    log:
        "logs/{cohort}/audit.log",
    params:
        settings=section("audit"),
        out=lambda wildcards, output: Path(output[0]).parent,
        code=CODE,
    shell:
        """
        exec &> >(tee {log:q})
        python -m mescc_analytics audit --cohort {input.cohort:q} --visits {input.visits:q} \
            --settings {params.settings:q} --out {params.out:q}
        """


rule audit_report:
    input:
        rules.audit.output,
    output:
        audit="results/{cohort}/report/audit.html",
        pdf="results/{cohort}/report/audit.pdf",
    log:
        "logs/{cohort}/audit_report.log",
    params:
        settings=section("report", "audit"),
        tables=lambda wildcards, input: Path(input[0]).parent,
        out=subpath(output.audit, parent=True),
        code=CODE,
    shell:
        """
        exec &> >(tee {log:q})
        python -m mescc_analytics audit_report --audit {params.tables:q} --settings {params.settings:q} --out {params.out:q}
        """
