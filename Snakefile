# harmodels: four reports on human-activity recognition, from raw recordings to tables.
#
#   snakemake --cores 4 --resources gpu=1            everything that config/config.yaml names
#   snakemake --cores 2 --configfile config/demo.yaml        the same, small, simulated, offline
from snakemake.utils import min_version

min_version("9.10")


# A configuration file given on the command line stands alone: merged into the default one, it
# could not take a report away.
if not workflow.overwrite_configfiles:

    configfile: f"{workflow.basedir}/config/config.yaml"


container: "docker://python:3.12-slim"


include: "rules/common.smk"
include: "rules/data.smk"
include: "rules/features.smk"
include: "rules/train.smk"
include: "rules/tables.smk"
include: "rules/figures.smk"
include: "rules/report.smk"


report: "workflow/report/workflow.rst"


rule all:
    default_target: True
    input:
        f"results/{PROJECT.name}.html",
        all_tables(),
        all_figures(),
        all_claims(),
        all_previews(),
        all_comparisons(),
    message:
        "Everything that the configuration names is up to date."
