"""Simulate raw recordings."""

from pathlib import Path

from harmodels.data.registry import load_registries, registry_files
from harmodels.data.simulation.recordings import simulate
from harmodels.runtime.script import script_job

name = snakemake.wildcards.dataset

with script_job(snakemake, f"simulate {name}"):
    dataset = load_registries(registry_files(snakemake.params.registries))[name]
    simulate(dataset, Path(snakemake.output.raw))
