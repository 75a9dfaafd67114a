"""Simulate raw recordings."""

from pathlib import Path

from harmodels.data.registry import load_registry
from harmodels.data.simulation import simulate
from harmodels.runtime import script_job

name = snakemake.wildcards.dataset

with script_job(snakemake.log[0], f"simulate {name}"):
    dataset = load_registry(Path(snakemake.params.registry))[name]
    simulate(dataset, Path(snakemake.output.raw))
