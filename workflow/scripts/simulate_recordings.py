"""Simulate raw recordings."""

from pathlib import Path

from harmodels.data.registry import load_registry
from harmodels.data.simulation.recordings import simulate
from harmodels.runtime.script import script_job

name = snakemake.wildcards.dataset
registry = Path(snakemake.scriptdir).parents[1] / "config" / "datasets.yaml"

with script_job(snakemake.log[0], f"simulate {name}"):
    dataset = load_registry(registry)[name]
    simulate(dataset, Path(snakemake.output.raw))
