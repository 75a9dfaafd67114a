"""Draw one figure from runs."""

from harmodels.reporting.figures import FigureSpec, save_figure
from harmodels.reporting.sources import Sources
from harmodels.runtime.script import script_job

with script_job(snakemake, f"figure {snakemake.wildcards.name}"):
    figure = FigureSpec.read(snakemake.params.spec).draw(Sources.of_job(snakemake))
    save_figure(figure, snakemake.output.svg.removesuffix(".svg"))
