"""Correlate computed with shipped features, column by column."""

from harmodels.data.features.mapping import correlation_table
from harmodels.data.sequences import read_sequences
from harmodels.reporting.figures import save_figure
from harmodels.reporting.figures.features import draw_correlations
from harmodels.reporting.tables.features import write_correlations
from harmodels.runtime.script import script_job

with script_job(snakemake, f"compare features {snakemake.wildcards.dataset}"):
    computed = read_sequences(snakemake.input.computed).values.astype(float)
    shipped = read_sequences(snakemake.input.shipped).values.astype(float)
    frame = correlation_table(computed, shipped)
    stem = snakemake.output.csv.removesuffix(".csv")
    write_correlations(frame, stem)
    save_figure(draw_correlations(frame), stem)
