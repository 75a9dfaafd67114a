"""Write the page with everything."""

from pathlib import Path

from harmodels.files import read_json
from harmodels.records.run import RunRecord
from harmodels.reporting.page.build import build_page, write_page
from harmodels.reporting.page.sections import ReportSection
from harmodels.reporting.page.timing import read_job_seconds
from harmodels.runtime.script import script_job

with script_job(snakemake, "page"):
    sections = [
        ReportSection(
            report=section["report"],
            dataset=section["dataset"],
            spec=section["spec"],
            folder=Path(section["folder"]),
            runs=[RunRecord.read_file(f"{folder}/run.json") for folder in section["runs"]],
            job_seconds=read_job_seconds(
                Path("results/logs", section["report"], section["dataset"], "train")
            ),
        )
        for section in snakemake.params.sections
    ]
    folders = {name: Path("results/datasets") / name for name in snakemake.params.datasets}
    html = build_page(
        "Human-activity recognition, reproduced",
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
        live=snakemake.params.live,
    )
    write_page(snakemake.output.page, html)
