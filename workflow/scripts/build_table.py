"""Build one table from runs."""

from harmodels.reporting.sources import Sources
from harmodels.reporting.tables import TableSpec, write_table_files
from harmodels.runtime.script import script_job

with script_job(snakemake, f"table {snakemake.wildcards.name}"):
    table = TableSpec.read(snakemake.params.spec).build(Sources.of_job(snakemake))
    write_table_files(table, snakemake.output.csv.removesuffix(".csv"))
