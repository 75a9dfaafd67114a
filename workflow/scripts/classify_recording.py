"""Classify a recording as `harmodels classify` does, and keep what it prints."""

from harmodels.files import write_text
from harmodels.pipeline.models import classify_arguments
from harmodels.recordings.arguments import parse
from harmodels.recordings.command import classify
from harmodels.runtime.log import LOGGER
from harmodels.runtime.script import script_job

with script_job(snakemake, f"classify {snakemake.wildcards.afternoon}"):
    arguments = classify_arguments(
        snakemake.input.recording,
        snakemake.input.model,
        truth=snakemake.input.truth,
        out=snakemake.output.activities,
        plot=snakemake.output.timeline,
    )
    LOGGER.info("harmodels classify %s", " ".join(arguments), extra={"log_only": True})
    lines = list(classify(parse(arguments)))
    write_text(snakemake.output.summary, "\n".join(lines) + "\n")
