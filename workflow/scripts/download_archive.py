"""Download one archive and check its hash."""

import os
from pathlib import Path

from harmodels.assets import root
from harmodels.data.archives.download import fetch
from harmodels.data.registry import load_registry
from harmodels.runtime.script import script_job

name = snakemake.wildcards.dataset
registry = root() / "config" / "datasets.yaml"
mirror = os.environ.get("HARMODELS_MIRROR") or snakemake.config.get("mirror")

with script_job(snakemake, f"download {name}"):
    dataset = load_registry(registry)[name]
    fetch(dataset, Path(snakemake.output.archive), mirror)
