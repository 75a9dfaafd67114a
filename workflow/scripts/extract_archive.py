"""Extract one archive, checking every member."""

from pathlib import Path

from harmodels.data.archives.extract import unpack
from harmodels.data.registry import load_registries, registry_files
from harmodels.runtime.script import script_job

name = snakemake.wildcards.dataset

with script_job(snakemake, f"extract {name}"):
    dataset = load_registries(registry_files(snakemake.params.registries))[name]
    unpack(dataset, Path(snakemake.input.archive), Path(snakemake.output.raw))
