"""Extract one archive, checking every member."""

from pathlib import Path

from harmodels.data.archive import unpack
from harmodels.data.registry import load_registry
from harmodels.runtime import script_job

name = snakemake.wildcards.dataset

with script_job(snakemake.log[0], f"extract {name}"):
    dataset = load_registry(Path(snakemake.params.registry))[name]
    unpack(dataset, Path(snakemake.input.archive), Path(snakemake.output.raw))
