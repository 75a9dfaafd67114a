"""Download one archive and check its hash."""

from pathlib import Path

from harmodels.data.download import fetch
from harmodels.data.registry import load_registry
from harmodels.runtime import script_job

name = snakemake.wildcards.dataset

with script_job(snakemake.log[0], f"download {name}"):
    dataset = load_registry(Path(snakemake.params.registry))[name]
    fetch(dataset, Path(snakemake.output.archive), snakemake.params.mirror)
