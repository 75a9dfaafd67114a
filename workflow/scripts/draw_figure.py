"""Draw one figure from runs."""

from harmodels.assets import root
from harmodels.config.specs import parse_figure
from harmodels.data.sequences import read_subjects
from harmodels.reporting.figures import draw_figure, save_figure
from harmodels.reporting.runs.parts import load_runs
from harmodels.reporting.runs.published import load_published
from harmodels.runtime.script import script_job

with script_job(snakemake, f"figure {snakemake.wildcards.name}"):
    spec = parse_figure(snakemake.params.spec)
    folder = root() / "config" / "published"
    theirs = load_published(snakemake.params.published_runs["entries"], folder)
    subjects = read_subjects(*snakemake.input.sequences) if snakemake.input.sequences else None
    figure = draw_figure(spec, load_runs(snakemake.params.folders), subjects, theirs)
    save_figure(figure, snakemake.output.svg.removesuffix(".svg"))
