"""Download one archive and check its hash."""

import os
from pathlib import Path

from harmodels.data.archives.download import fetch
from harmodels.data.registry import load_registry
from harmodels.runtime.script import script_job

name = snakemake.wildcards.dataset
registry = Path(snakemake.scriptdir).parents[1] / "config" / "datasets.yaml"
mirror = os.environ.get("HARMODELS_MIRROR") or snakemake.config.get("mirror")

with script_job(snakemake.log[0], f"download {name}"):
    dataset = load_registry(registry)[name]
    fetch(dataset, Path(snakemake.output.archive), mirror)
