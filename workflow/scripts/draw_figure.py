"""Draw one figure from runs."""

from harmodels.reporting.figures import draw_figure, save_figure
from harmodels.reporting.runs.load import load_runs
from harmodels.runtime.script import script_job

with script_job(snakemake, f"figure {snakemake.wildcards.name}"):
    figure = draw_figure(snakemake.params.spec, load_runs(snakemake.params.folders))
    save_figure(figure, snakemake.output.svg.removesuffix(".svg"))
