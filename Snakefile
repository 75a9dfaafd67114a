# harmodels: four reports on human-activity recognition, from raw recordings to tables.
#
#   snakemake --cores 4 --resources gpu=1            everything that config/config.yaml names
#   snakemake --cores 2 --configfile config/demo.yaml        a part of it, small, simulated, offline
from snakemake.utils import min_version

min_version("9.19")  # which reads profiles/default/profile.yaml by itself


include: "rules/common.smk"
include: "rules/data.smk"
include: "rules/features.smk"
include: "rules/train.smk"
include: "rules/models.smk"
include: "rules/tables.smk"
include: "rules/figures.smk"
include: "rules/report.smk"


report: "workflow/report/workflow.rst"


# Each job that ends while others wait would start a timer that never ends (docs/snakemake-timers.md).
onstart:
    workflow.scheduler.job_rate_limiter = None


onsuccess:
    for line in lines_of_times(page_sections(PIPELINE), STARTED):
        logger.info(line)


onerror:
    for line in lines_of_times(page_sections(PIPELINE), STARTED):
        logger.info(line)


rule all:
    default_target: True
    input:
        f"results/{PROJECT.name}.html",
        TARGETS.tables(),
        TARGETS.figures(),
        TARGETS.claims(),
        TARGETS.previews(),
        TARGETS.comparisons(),
        MODELS.folders(),
        MODELS.recordings(),
        MODELS.live_pages(),
        f"results/{PROJECT.name}.provenance.json",
        "results/provenance.md",
    message:
        "Everything that the configuration names is up to date."


# Only training is handed to a cluster. The other jobs take seconds, less than a place in a queue,
# and a download needs the network, which the nodes of many clusters do not have.
localrules:
    all,
    build_page,
    build_table,
    classify_recording,
    compare_features,
    compute_features,
    describe_provenance,
    download_archive,
    draw_figure,
    draw_preview,
    draw_splits,
    export_model,
    extract_archive,
    judge_claims,
    prepare_sequences,
    read_shipped_features,
    simulate_afternoon,
    simulate_recordings,
    write_live_page,
    write_provenance,
