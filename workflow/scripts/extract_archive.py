"""Extract one archive, checking every member."""

from pathlib import Path

from harmodels.assets import root
from harmodels.data.archives.extract import unpack
from harmodels.data.registry import load_registry
from harmodels.runtime.script import script_job

name = snakemake.wildcards.dataset
registry = root() / "config" / "datasets.yaml"

with script_job(snakemake, f"extract {name}"):
    dataset = load_registry(registry)[name]
    unpack(dataset, Path(snakemake.input.archive), Path(snakemake.output.raw))
