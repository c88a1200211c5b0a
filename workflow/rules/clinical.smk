"""Scores and recommended pathways.

Needs   results/{cohort}/ingest: cases.parquet, lesions.parquet
Makes   results/{cohort}/score: scored.parquet, lesions.parquet; results/{cohort}/assign: assigned.parquet, concordance.csv, policies.csv,
        algorithms.csv, trace.parquet (patient-level; without rows where assign.trace is false), lesions.parquet
"""


rule score:
    input:
        cases=rules.ingest.output.cases,
        lesions=rules.ingest.output.lesions,
    output:
        scored="results/{cohort}/score/scored.parquet",
        lesions="results/{cohort}/score/lesions.parquet",
    log:
        "logs/{cohort}/score.log",
    params:
        settings=section("score"),
        code=CODE,
    shell:
        """
        exec &> >(tee {log:q})
        python -m mescc_analytics score {input.cases:q} --lesions {input.lesions:q} --settings {params.settings:q} \
            --scored-lesions {output.lesions:q} --out {output.scored:q}
        """


rule assign:
    input:
        scored=rules.score.output.scored,
        lesions=rules.score.output.lesions,
    output:
        assigned="results/{cohort}/assign/assigned.parquet",
        concordance="results/{cohort}/assign/concordance.csv",
        policies="results/{cohort}/assign/policies.csv",
        algorithms="results/{cohort}/assign/algorithms.csv",
        trace="results/{cohort}/assign/trace.parquet",
        lesions="results/{cohort}/assign/lesions.parquet",
    log:
        "logs/{cohort}/assign.log",
    params:
        settings=section("assign", "cohort", "score"),
        code=CODE,
    shell:
        """
        exec &> >(tee {log:q})
        python -m mescc_analytics assign {input.scored:q} --settings {params.settings:q} \
            --concordance {output.concordance:q} --policies {output.policies:q} \
            --algorithms {output.algorithms:q} --trace {output.trace:q} \
            --scored-lesions {input.lesions:q} --lesion-pathways {output.lesions:q} --out {output.assigned:q}
        """
