"""Draw training, validation and test sequences, of leave-one-subject-out for every fold."""

from harmodels.data.copies import check_splits
from harmodels.data.folds import draw_fold_splits
from harmodels.data.sequences import read_sequences
from harmodels.data.splits import Draw, draw_splits
from harmodels.files import write_table
from harmodels.runtime.script import script_job

plan = snakemake.params.draw

with script_job(snakemake, f"splits {snakemake.wildcards.dataset}, {snakemake.wildcards.draw}"):
    sequences = read_sequences(snakemake.input.sequences)
    draw = Draw(**plan["draw"])
    numbers = {
        "seed": snakemake.params.seed,
        "replicates": plan["replicates"],
        "first": plan["first"],
    }
    if plan["folds"]:
        splits = draw_fold_splits(sequences, draw, plan["folds"], **numbers)
    else:
        splits = draw_splits(sequences, draw, **numbers)
    check_splits(sequences, splits, plan["copies"])
    write_table(snakemake.output.splits, splits)
