"""Write the page that runs a model in a browser."""

from harmodels.live import write_live_page
from harmodels.runtime.script import script_job

with script_job(snakemake, "live"):
    write_live_page(snakemake.input.model, snakemake.output.page)
