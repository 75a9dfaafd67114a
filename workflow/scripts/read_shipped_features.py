"""Read the features that a data set ships."""

from pathlib import Path

from harmodels.data.features.tables import feature_sequences, read_shipped_features
from harmodels.data.sequences import read_sequences, write_sequences
from harmodels.runtime.script import script_job

with script_job(snakemake, f"shipped features {snakemake.wildcards.dataset}"):
    sequences = read_sequences(snakemake.input.sequences)
    folder = Path(snakemake.input.raw) / snakemake.params.path
    shipped = feature_sequences(sequences, read_shipped_features(folder, sequences))
    write_sequences(snakemake.output.features, shipped)
