"""Simulate a recording of one person who does one thing after another."""

from pathlib import Path

from harmodels.data.simulation.afternoon import simulate_afternoon, write_afternoon
from harmodels.runtime.script import script_job

with script_job(snakemake, f"simulate {snakemake.wildcards.afternoon}"):
    afternoon = simulate_afternoon(**snakemake.params.afternoon)
    write_afternoon(Path(snakemake.output.recording), Path(snakemake.output.truth), afternoon)
