"""From a case table to scores, pathways, arms, survival, walking and a report.

Needs   the tables that the config names (bundled: data/demo, a synthetic cohort)
Makes   results/{cohort}/report/research.html, and everything below results/{cohort} that it rests on
"""

from pathlib import Path

from snakemake.utils import min_version

min_version("9.27")


# The bundled config applies only when no other is given: another cohort must not bring the demo along.
if not workflow.overwrite_configfiles:

    configfile: Path(workflow.basedir) / "config" / "config.yaml"


include: "workflow/rules/common.smk"
include: "workflow/rules/tables.smk"
include: "workflow/rules/clinical.smk"
include: "workflow/rules/cohort.smk"
include: "workflow/rules/stats.smk"
include: "workflow/rules/audit.smk"
include: "workflow/rules/present.smk"
include: "workflow/rules/provenance.smk"


rule all:
    default_target: True
    input:
        expand(
            "results/{cohort}/report/{page}.html",
            cohort=COHORTS,
            page=["research", "audit"],
        ),
        expand("results/{cohort}/provenance/provenance.json", cohort=COHORTS),
