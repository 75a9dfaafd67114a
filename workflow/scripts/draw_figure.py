"""Draw one figure from runs."""

from harmodels.config.specs import parse_figure
from harmodels.data.sequences import read_subjects
from harmodels.reporting.figures import draw_figure, save_figure
from harmodels.reporting.runs.parts import load_runs
from harmodels.runtime.script import script_job

with script_job(snakemake, f"figure {snakemake.wildcards.name}"):
    spec = parse_figure(snakemake.params.spec)
    subjects = read_subjects(*snakemake.input.sequences) if snakemake.input.sequences else None
    figure = draw_figure(spec, load_runs(snakemake.params.folders), subjects)
    save_figure(figure, snakemake.output.svg.removesuffix(".svg"))
