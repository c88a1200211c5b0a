"""Reading and checking.

Needs   a cohort's own tables
Makes   results/{cohort}/ingest: cases, visits, lesions (Parquet), findings.csv
"""


rule example:
    output:
        "resources/{name}.csv",
    log:
        "logs/example/{name}.log",
    wildcard_constraints:
        name="|".join(EXAMPLES),
    shell:
        """
        exec &> >(tee {log:q})
        python -m mescc_analytics example {wildcards.name} --out {output:q}
        """


rule ingest:
    input:
        cases=table("cases"),
        visits=table("visits"),
        lesions=table("lesions"),
        mapping=table("mapping"),
    output:
        cases="results/{cohort}/ingest/cases.parquet",
        visits="results/{cohort}/ingest/visits.parquet",
        lesions="results/{cohort}/ingest/lesions.parquet",
        findings="results/{cohort}/ingest/findings.csv",
    log:
        "logs/{cohort}/ingest.log",
    params:
        settings=section("ingest"),
        given=given("visits", "lesions", "mapping"),
        out=subpath(output.cases, parent=True),
        code=CODE,
    shell:
        """
        exec &> >(tee {log:q})
        python -m mescc_analytics ingest --cases {input.cases:q} {params.given} \
            --settings {params.settings:q} --out {params.out:q}
        """
