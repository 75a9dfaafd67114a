"""Parse raw recordings into sequences."""

from pathlib import Path

from harmodels.assets import root
from harmodels.data.prepare import prepare
from harmodels.data.registry import load_registry
from harmodels.runtime.script import script_job

name = snakemake.wildcards.dataset
registry = root() / "config" / "datasets.yaml"

with script_job(snakemake, f"prepare {name}"):
    dataset = load_registry(registry)[name]
    prepare(
        dataset,
        Path(snakemake.input.raw),
        Path(snakemake.output.sequences),
        Path(snakemake.output.card),
    )
