"""Build one table from runs."""

from pathlib import Path

import pandas as pd

from harmodels.reporting.runs import load_runs
from harmodels.reporting.tables import build_table, write_table_files
from harmodels.runtime import script_job

with script_job(snakemake.log[0], f"table {snakemake.wildcards.name}"):
    published = {Path(path).name: pd.read_csv(path) for path in snakemake.input.published}
    table = build_table(snakemake.params.spec, load_runs(snakemake.params.folders), published)
    write_table_files(table, snakemake.output.csv.removesuffix(".csv"))
