"""Extract one archive, checking every member."""

from pathlib import Path

from harmodels.data.archives.extract import unpack
from harmodels.data.registry import load_registry
from harmodels.runtime.script import script_job

name = snakemake.wildcards.dataset
registry = Path(snakemake.scriptdir).parents[1] / "config" / "datasets.yaml"

with script_job(snakemake.log[0], f"extract {name}"):
    dataset = load_registry(registry)[name]
    unpack(dataset, Path(snakemake.input.archive), Path(snakemake.output.raw))
