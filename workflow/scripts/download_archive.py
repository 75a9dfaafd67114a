from pathlib import Path

from harmodels.data.download import fetch
from harmodels.runtime import script_job

with script_job(snakemake.log[0], f"download {snakemake.wildcards.dataset}"):
    fetch(snakemake.params.dataset, Path(snakemake.output.archive), snakemake.params.mirror)
