"""Download one archive and check its hash."""

import os
from pathlib import Path

from harmodels.data.archives.download import fetch
from harmodels.data.registry import load_registries, registry_files
from harmodels.runtime.script import script_job

name = snakemake.wildcards.dataset
mirror = os.environ.get("HARMODELS_MIRROR") or snakemake.config.get("mirror")

with script_job(snakemake, f"download {name}"):
    dataset = load_registries(registry_files(snakemake.params.registries))[name]
    fetch(dataset, Path(snakemake.output.archive), mirror)
