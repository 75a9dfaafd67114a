"""Build one table from runs."""

import pandas as pd

from harmodels.assets import root
from harmodels.config.specs import parse_table
from harmodels.data.sequences import read_subjects
from harmodels.reporting.runs.parts import load_runs
from harmodels.reporting.runs.published import load_published
from harmodels.reporting.tables import build_table, write_table_files
from harmodels.runtime.script import script_job

with script_job(snakemake, f"table {snakemake.wildcards.name}"):
    folder = root() / "config" / "published"
    published = {file: pd.read_csv(folder / file) for file in snakemake.params.published}
    theirs = load_published(snakemake.params.published_runs["entries"], folder)
    subjects = read_subjects(*snakemake.input.sequences) if snakemake.input.sequences else None
    runs = load_runs(snakemake.params.folders)
    table = build_table(parse_table(snakemake.params.spec), runs, published, subjects, theirs)
    write_table_files(table, snakemake.output.csv.removesuffix(".csv"))
