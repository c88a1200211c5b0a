"""Digests of everything.

Needs   every result of the cohort
Makes   results/{cohort}/provenance: provenance.json, ro-crate-metadata.json
"""


rule provenance:
    input:
        cases=table("cases"),
        visits=table("visits"),
        lesions=table("lesions"),
        mapping=table("mapping"),
        report=rules.report.output.research,
        tables=rules.tables.output.docx,
        figures=rules.figures.output.svg,
        weight=rules.weight.output,
        audit=rules.audit.output,
        audit_report=rules.audit_report.output,
    output:
        provenance="results/{cohort}/provenance/provenance.json",
        crate="results/{cohort}/provenance/ro-crate-metadata.json",
    log:
        "logs/{cohort}/provenance.log",
    params:
        settings=section(*[name for name in CONFIG if name != "cohorts"]),
        given=given("visits", "lesions", "mapping"),
        results=subpath(output.provenance, ancestor=2),
        out=subpath(output.provenance, parent=True),
        code=CODE,
    shell:
        """
        exec &> >(tee {log:q})
        python -m mescc_analytics provenance --results {params.results:q} --cases {input.cases:q} {params.given} \
            --settings {params.settings:q} --out {params.out:q}
        """
