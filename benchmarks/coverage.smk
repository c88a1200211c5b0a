# Bias and coverage over replicates in parallel: snakemake --snakefile benchmarks/coverage.smk --cores 2
# --config replicates=1000 resampled=200 cases=600 seed=7

SCENARIOS = [
    "null",
    "surgery_helps",
    "strong_confounding",
    "immortal_time_only",
    "informative_missingness",
]
BLANKED = "missing_at_random"
# methods that share a job; those that draw need their own
GROUPS = {
    "unweighted": [
        "naive",
        "landmark",
        "time-varying",
        "time-varying adjusted",
        "landmark adjusted",
        "as assessed",
    ],
    "weighted": [
        "landmark weighted",
        "landmark weighted, scores estimated",
        "augmented",
    ],
    "bootstrap": ["landmark weighted, bootstrap"],
    "cloned": ["clone-censor-weight"],
    "missing": ["missing values"],
}
CLOSED = ("unweighted", "weighted")
SCENARIOS_OF = {
    "unweighted": [*SCENARIOS, BLANKED],
    "missing": ["null", "informative_missingness", BLANKED],
}


def firsts(group):
    """First replicate of every job of a group: as many cohorts as are cut from four draws, or one."""
    if group in CLOSED:
        return range(0, int(config.get("replicates", 1000)), 200)
    return range(0, int(config.get("resampled", 200)), 50)


def last(wildcards):
    """The replicate after the last of a job."""
    first, closed = int(wildcards.first), wildcards.group in CLOSED
    size, key, usual = (200, "replicates", 1000) if closed else (50, "resampled", 200)
    return min(first + size, int(config.get(key, usual)))


rule all:
    input:
        "results/coverage/coverage.csv",


rule replicate:
    output:
        "results/coverage/{group}/{scenario}.{first}.csv",
    log:
        "logs/coverage/{group}.{scenario}.{first}.log",
    params:
        last=last,
        methods=lambda wildcards: GROUPS[wildcards.group],
        cases=config.get("cases", 600),
        seed=config.get("seed", 7),
        resampled=config.get("resampled", 200),
        # clones take long
        resamples=lambda wildcards: config.get(
            "resamples", 100 if wildcards.group == "cloned" else 200
        ),
    shell:
        """
        exec &> >(tee {log:q})
        OPENBLAS_NUM_THREADS=1 python benchmarks/coverage.py replicate --out {output:q} \
            --scenario {wildcards.scenario} --first {wildcards.first} --last {params.last} \
            --cases {params.cases} --seed {params.seed} --methods {params.methods:q} \
            --resampled {params.resampled} --resamples {params.resamples}
        """


rule table:
    input:
        [
            f"results/coverage/{group}/{scenario}.{first}.csv"
            for group in GROUPS
            for scenario in SCENARIOS_OF.get(group, SCENARIOS)
            for first in firsts(group)
        ],
    output:
        "results/coverage/coverage.csv",
    log:
        "logs/coverage/table.log",
    shell:
        """
        exec &> >(tee {log:q})
        python benchmarks/coverage.py table {input:q} --out {output:q}
        cp {output:q} benchmarks/coverage.csv
        python benchmarks/coverage.py page {output:q} --page docs/coverage.md
        """
