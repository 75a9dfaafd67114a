"""Draw the preview of a data set."""

from harmodels.data.sequences import read_sequences
from harmodels.files import read_json
from harmodels.reporting.figures import save_figure
from harmodels.reporting.figures.preview import draw_preview
from harmodels.runtime.script import script_job

with script_job(snakemake, f"preview {snakemake.wildcards.dataset}"):
    sequences = read_sequences(snakemake.input.sequences)
    figure = draw_preview(sequences, read_json(snakemake.input.card))
    save_figure(figure, snakemake.output.svg.removesuffix(".svg"))
