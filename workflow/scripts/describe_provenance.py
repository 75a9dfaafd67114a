"""Write the page that describes how results were made."""

from pathlib import Path

from harmodels.files import write_text
from harmodels.provenance.record import read_record
from harmodels.provenance.text import provenance_markdown
from harmodels.records.run import RunRecord
from harmodels.runtime.script import script_job

with script_job(snakemake, "provenance"):
    record = read_record(snakemake.input.record)
    results = Path(snakemake.input.record).parent
    runs = {folder: RunRecord.read_file(results / folder / "run.json") for folder in record.runs}
    write_text(snakemake.output.page, provenance_markdown(record, runs))
