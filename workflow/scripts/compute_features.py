"""Compute the 561 features and take them to the scale of the shipped ones, or to [-1, 1]."""

from harmodels.data.features.mapping import apply_map, write_map
from harmodels.data.features.tables import (
    compute_features,
    feature_sequences,
    map_to_range,
    map_to_shipped,
)
from harmodels.data.sequences import read_sequences, write_sequences
from harmodels.runtime.script import script_job

with script_job(snakemake, f"features {snakemake.wildcards.dataset}"):
    sequences = read_sequences(snakemake.input.sequences)
    computed = compute_features(sequences)
    if snakemake.input.shipped:
        shipped = read_sequences(snakemake.input.shipped).values.astype(float)
        affine = map_to_shipped(computed, shipped, sequences.official_split)
    else:
        affine = map_to_range(computed, sequences.official_split)
    write_map(snakemake.output.map, affine)
    mapped = feature_sequences(sequences, apply_map(affine, computed))
    write_sequences(snakemake.output.features, mapped)
