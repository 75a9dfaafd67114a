"""Parse raw recordings into sequences."""

from pathlib import Path

from harmodels.data.prepare import prepare
from harmodels.data.registry import load_registries, registry_files
from harmodels.runtime.script import script_job

name = snakemake.wildcards.dataset

with script_job(snakemake, f"prepare {name}"):
    dataset = load_registries(registry_files(snakemake.params.registries))[name]
    prepare(
        dataset,
        Path(snakemake.input.raw) if snakemake.input.raw else None,
        Path(snakemake.output.sequences),
        Path(snakemake.output.card),
        snakemake.params.own,
    )
