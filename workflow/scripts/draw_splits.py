"""Draw training, validation and test sequences."""

from harmodels.data.sequences import read_sequences
from harmodels.data.splits import Draw, draw_splits
from harmodels.files import write_table
from harmodels.runtime.script import script_job

with script_job(snakemake, f"splits {snakemake.wildcards.dataset}"):
    splits = draw_splits(
        read_sequences(snakemake.input.sequences),
        Draw(**snakemake.params.draw),
        seed=snakemake.params.seed,
        replicates=snakemake.params.replicates,
    )
    write_table(snakemake.output.splits, splits)
