"""Simulate raw recordings."""

from pathlib import Path

from harmodels.assets import root
from harmodels.data.registry import load_registry
from harmodels.data.simulation.recordings import simulate
from harmodels.runtime.script import script_job

name = snakemake.wildcards.dataset
registry = root() / "config" / "datasets.yaml"

with script_job(snakemake, f"simulate {name}"):
    dataset = load_registry(registry)[name]
    simulate(dataset, Path(snakemake.output.raw))
