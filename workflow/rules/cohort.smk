"""Time zero, arms, eligibility and flow.

Needs   results/{cohort}/assign/assigned.parquet, results/{cohort}/ingest/visits.parquet
Makes   results/{cohort}/cohort: cohort.parquet, flow.csv
"""


rule cohort:
    input:
        cases=rules.assign.output.assigned,
        visits=rules.ingest.output.visits,
    output:
        cohort="results/{cohort}/cohort/cohort.parquet",
        flow="results/{cohort}/cohort/flow.csv",
    log:
        "logs/{cohort}/cohort.log",
    params:
        settings=section("cohort", "score", "assign"),
        out=subpath(output.cohort, parent=True),
        code=CODE,
    shell:
        """
        exec &> >(tee {log:q})
        python -m mescc_analytics cohort --cases {input.cases:q} --visits {input.visits:q} \
            --settings {params.settings:q} --out {params.out:q}
        """
