"""Weights of the arms, survival, walking, events that death can forestall, agreement of two readings, the cohort beside published results, prognostic scores, and missing values.

Needs   results/{cohort}/cohort/cohort.parquet, results/{cohort}/ingest/visits.parquet
Makes   results/{cohort}/weight, results/{cohort}/survival, results/{cohort}/sensitivity, results/{cohort}/ambulatory,
        results/{cohort}/competing, results/{cohort}/agreement, results/{cohort}/benchmark, results/{cohort}/prognosis,
        results/{cohort}/impute (CSV; imputed.parquet and probabilities.parquet are patient-level)
"""


rule weight:
    input:
        cohort=rules.cohort.output.cohort,
    output:
        weights="results/{cohort}/weight/weights.parquet",
        balance="results/{cohort}/weight/balance.csv",
        overlap="results/{cohort}/weight/overlap.csv",
        diagnostics="results/{cohort}/weight/diagnostics.csv",
        not_assessable="results/{cohort}/weight/not_assessable.csv",
    log:
        "logs/{cohort}/weight.log",
    params:
        settings=section("weight", "survival", "cohort", "score"),
        out=subpath(output.weights, parent=True),
        code=CODE,
    shell:
        """
        exec &> >(tee {log:q})
        python -m mescc_analytics weight --cohort {input.cohort:q} --settings {params.settings:q} --out {params.out:q}
        """


rule survival:
    input:
        cohort=rules.cohort.output.cohort,
        weights=rules.weight.output.weights,
        diagnostics=rules.weight.output.diagnostics,
    output:
        curves="results/{cohort}/survival/curves.csv",
        summary="results/{cohort}/survival/summary.csv",
        tests="results/{cohort}/survival/tests.csv",
        hazards="results/{cohort}/survival/hazards.csv",
        contrasts="results/{cohort}/survival/contrasts.csv",
        guard="results/{cohort}/survival/guard.csv",
        not_assessable="results/{cohort}/survival/not_assessable.csv",
    log:
        "logs/{cohort}/survival.log",
    params:
        settings=section("survival", "weight", "cohort", "score", "seed"),
        out=subpath(output.curves, parent=True),
        code=CODE,
    shell:
        """
        exec &> >(tee {log:q})
        python -m mescc_analytics survival --cohort {input.cohort:q} --weights {input.weights:q} \
            --diagnostics {input.diagnostics:q} --settings {params.settings:q} --out {params.out:q}
        """


rule sensitivity:
    input:
        cohort=rules.cohort.output.cohort,
        hazards=rules.survival.output.hazards,
        imputed="results/{cohort}/impute/imputed.parquet",
    output:
        panel="results/{cohort}/sensitivity/panel.csv",
        not_assessable="results/{cohort}/sensitivity/not_assessable.csv",
    log:
        "logs/{cohort}/sensitivity.log",
    params:
        settings=section("sensitivity", "survival", "weight", "cohort", "score"),
        out=subpath(output.panel, parent=True),
        code=CODE,
    shell:
        """
        exec &> >(tee {log:q})
        python -m mescc_analytics sensitivity --cohort {input.cohort:q} --hazards {input.hazards:q} \
            --imputed {input.imputed:q} --settings {params.settings:q} --out {params.out:q}
        """


rule ambulatory:
    input:
        cohort=rules.cohort.output.cohort,
        visits=rules.ingest.output.visits,
        weights=rules.weight.output.weights,
        diagnostics=rules.weight.output.diagnostics,
    output:
        rates="results/{cohort}/ambulatory/rates.csv",
        contrasts="results/{cohort}/ambulatory/contrasts.csv",
        adjusted="results/{cohort}/ambulatory/adjusted.csv",
        diagnostics="results/{cohort}/ambulatory/diagnostics.csv",
        occupancy="results/{cohort}/ambulatory/occupancy.csv",
        expected_days="results/{cohort}/ambulatory/expected_days.csv",
        transitions="results/{cohort}/ambulatory/transitions.csv",
        paired="results/{cohort}/ambulatory/paired.csv",
        not_assessable="results/{cohort}/ambulatory/not_assessable.csv",
    log:
        "logs/{cohort}/ambulatory.log",
    params:
        settings=section("ambulatory", "survival.entry", "weight", "cohort", "score", "seed"),
        out=subpath(output.rates, parent=True),
        code=CODE,
    shell:
        """
        exec &> >(tee {log:q})
        python -m mescc_analytics ambulatory --cohort {input.cohort:q} --visits {input.visits:q} \
            --weights {input.weights:q} --diagnostics {input.diagnostics:q} \
            --settings {params.settings:q} --out {params.out:q}
        """


rule competing:
    input:
        cohort=rules.cohort.output.cohort,
        visits=rules.ingest.output.visits,
    output:
        incidence="results/{cohort}/competing/incidence.csv",
        summary="results/{cohort}/competing/summary.csv",
        tests="results/{cohort}/competing/tests.csv",
        hazards="results/{cohort}/competing/hazards.csv",
        not_assessable="results/{cohort}/competing/not_assessable.csv",
    log:
        "logs/{cohort}/competing.log",
    params:
        settings=section("competing", "ambulatory", "survival.entry", "cohort", "score"),
        out=subpath(output.incidence, parent=True),
        code=CODE,
    shell:
        """
        exec &> >(tee {log:q})
        python -m mescc_analytics competing --cohort {input.cohort:q} --visits {input.visits:q} \
            --settings {params.settings:q} --out {params.out:q}
        """


rule agreement:
    input:
        cohort=rules.cohort.output.cohort,
    output:
        agreement="results/{cohort}/agreement/agreement.csv",
        bland_altman="results/{cohort}/agreement/bland_altman.csv",
        not_assessable="results/{cohort}/agreement/not_assessable.csv",
    log:
        "logs/{cohort}/agreement.log",
    params:
        settings=section("agreement", "score"),
        out=subpath(output.agreement, parent=True),
        code=CODE,
    shell:
        """
        exec &> >(tee {log:q})
        python -m mescc_analytics agreement --cohort {input.cohort:q} --settings {params.settings:q} --out {params.out:q}
        """


rule benchmark:
    input:
        rules.survival.output,
        rules.ambulatory.output,
        rules.cohort.output,
        rules.ingest.output.visits,
    output:
        comparison="results/{cohort}/benchmark/comparison.csv",
    log:
        "logs/{cohort}/benchmark.log",
    params:
        settings=section(
            "benchmark", "survival", "ambulatory", "cohort", "score", "disclosure"
        ),
        results=subpath(output.comparison, ancestor=2),
        out=subpath(output.comparison, parent=True),
        code=CODE,
    shell:
        """
        exec &> >(tee {log:q})
        python -m mescc_analytics benchmark --results {params.results:q} --settings {params.settings:q} --out {params.out:q}
        """


rule prognosis:
    input:
        cohort=rules.cohort.output.cohort,
    output:
        discrimination="results/{cohort}/prognosis/discrimination.csv",
        summary="results/{cohort}/prognosis/summary.csv",
        bands="results/{cohort}/prognosis/bands.csv",
        calibration="results/{cohort}/prognosis/calibration.csv",
        brier="results/{cohort}/prognosis/brier.csv",
        recalibration="results/{cohort}/prognosis/recalibration.csv",
        comparison="results/{cohort}/prognosis/comparison.csv",
        not_assessable="results/{cohort}/prognosis/not_assessable.csv",
    log:
        "logs/{cohort}/prognosis.log",
    params:
        settings=section("prognosis", "cohort", "seed"),
        out=subpath(output.discrimination, parent=True),
        code=CODE,
    shell:
        """
        exec &> >(tee {log:q})
        python -m mescc_analytics prognosis --cohort {input.cohort:q} --settings {params.settings:q} --out {params.out:q}
        """


rule impute:
    input:
        cohort=rules.cohort.output.cohort,
    output:
        imputed="results/{cohort}/impute/imputed.parquet",
        probabilities="results/{cohort}/impute/probabilities.parquet",
        missingness="results/{cohort}/impute/missingness.csv",
        patterns="results/{cohort}/impute/patterns.csv",
        convergence="results/{cohort}/impute/convergence.csv",
        estimates="results/{cohort}/impute/estimates.csv",
        sins="results/{cohort}/impute/sins.csv",
        run="results/{cohort}/impute/run.csv",
        not_assessable="results/{cohort}/impute/not_assessable.csv",
    log:
        "logs/{cohort}/impute.log",
    params:
        settings=section("impute", "survival", "cohort", "score", "seed"),
        out=subpath(output.imputed, parent=True),
        code=CODE,
    shell:
        """
        exec &> >(tee {log:q})
        # many small matrices: threads of the linear algebra would only wait for each other
        export OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1
        python -m mescc_analytics impute --cohort {input.cohort:q} --settings {params.settings:q} --out {params.out:q}
        """
