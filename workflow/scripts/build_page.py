"""Write the page with everything."""

from pathlib import Path

from harmodels.files import read_json, write_text
from harmodels.records.run import RunRecord
from harmodels.reporting.page.build import build_page
from harmodels.reporting.page.sections import ReportSection
from harmodels.runtime.script import script_job

with script_job(snakemake, "page"):
    results = Path("results")
    sections = [
        ReportSection.of(
            entry,
            [RunRecord.read_file(f"{folder}/run.json") for folder in entry["runs"]],
            results,
        )
        for entry in snakemake.params.sections
    ]
    folders = {name: results / "datasets" / name for name in snakemake.params.datasets}
    html = build_page(
        snakemake.params.name,
        sections,
        cards={name: read_json(folder / "card.json") for name, folder in folders.items()},
        previews={name: folder / "preview.svg" for name, folder in folders.items()},
        comparisons={
            name: folder / "features" / "correlation.svg"
            for name, folder in folders.items()
            if name in snakemake.params.compared
        },
        recordings={name: results / "recordings" / name for name in snakemake.params.recordings},
        live=snakemake.params.live,
    )
    write_text(snakemake.output.page, html)
