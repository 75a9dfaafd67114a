"""Write the page with everything."""

from pathlib import Path

from harmodels.files import read_json
from harmodels.reporting.page.build import ReportSection, build_page, write_page
from harmodels.runtime.script import script_job

with script_job(snakemake, "page"):
    sections = [
        ReportSection(
            report=section["report"],
            dataset=section["dataset"],
            spec=section["spec"],
            folder=Path(section["folder"]),
            runs=[read_json(f"{folder}/run.json") for folder in section["runs"]],
        )
        for section in snakemake.params.sections
    ]
    folders = {name: Path("results/datasets") / name for name in snakemake.params.datasets}
    html = build_page(
        "harmodels",
        sections,
        cards={name: read_json(folder / "card.json") for name, folder in folders.items()},
        previews={name: folder / "preview.svg" for name, folder in folders.items()},
        comparisons={
            name: folder / "features" / "correlation.svg"
            for name, folder in folders.items()
            if name in snakemake.params.compared
        },
        recordings={
            name: Path("results/recordings") / name for name in snakemake.params.recordings
        },
    )
    write_page(snakemake.output.page, html)
