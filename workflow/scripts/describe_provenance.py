"""Write the page that tells people how results came to be."""

from harmodels.files import write_text
from harmodels.provenance.record import read_record
from harmodels.provenance.text import provenance_markdown
from harmodels.runtime.script import script_job

with script_job(snakemake.log[0], "provenance"):
    text = provenance_markdown(read_record(snakemake.input.record))
    write_text(snakemake.output.page, text)
