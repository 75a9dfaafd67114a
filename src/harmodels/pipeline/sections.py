"""Contents of the page and of the record of provenance, as the parameters of their rules."""

from pathlib import Path
from typing import Any

from harmodels.config.experiments import Experiment
from harmodels.data.own_files import own_archive
from harmodels.data.splits import Draw
from harmodels.pipeline.pipeline import Pipeline
from harmodels.pipeline.targets import CORRELATIONS, Targets, run_folders

SECTIONS = ("tables", "figures", "claims")


def page_sections(pipeline: Pipeline) -> list[dict[str, Any]]:
    """Return what the page shows of each report on each data set."""
    return [
        {
            "report": report.key,
            "dataset": dataset,
            "spec": {
                "title": report.title,
                "experiments": {
                    name: experiment.title for name, experiment in report.experiments.items()
                },
                **{
                    section: {
                        name: spec.given() for name, spec in report.buildable(section).items()
                    }
                    for section in SECTIONS
                },
            },
            "protocols": {
                name: Draw(**report.draws[dataset][experiment.draw]).protocol
                for name, experiment in report.experiments.items()
                if experiment.dataset in (None, dataset)
            },
            "folder": f"results/{report.key}/{dataset}",
            "runs": run_folders(pipeline, report.key, dataset, report.experiments),
        }
        for report, dataset in pipeline.reports
    ]


def recorded_sections(pipeline: Pipeline) -> list[dict[str, Any]]:
    """Return what the page shows, and which table and which splits each experiment reads."""
    return [
        section
        | {
            "reads": {
                name: _table(experiment, section["dataset"])
                for name, experiment in pipeline.report(section["report"]).experiments.items()
            },
            "splits": Targets(pipeline).splits(section["report"], section["dataset"]),
            "families": pipeline.families(section["report"], section["dataset"]).given(),
            "published_runs": {
                name: run.given()
                for name, run in pipeline.report(section["report"]).published_runs.items()
            },
            "published_folder": pipeline.report(section["report"]).folder,
        }
        for section in page_sections(pipeline)
    ]


def _table(experiment: Experiment, dataset: str) -> str:
    """Return the file below the results folder that the networks of an experiment read."""
    return f"datasets/{experiment.dataset or dataset}/{experiment.reads}.parquet"


def recorded_datasets(pipeline: Pipeline) -> dict[str, dict[str, Any]]:
    """Return the files of each data set that the record of provenance names."""
    targets = Targets(pipeline)
    compared = targets.compared_datasets()
    return {
        name: {
            "tables": targets.tables_of_dataset(name),
            "files": [
                *("card.json", "preview.svg", "preview.png"),
                *targets.feature_maps(name),
                *(CORRELATIONS if name in compared else ()),
            ],
            "archive": _recorded_archive(pipeline, name),
        }
        for name in pipeline.datasets
    }


def _recorded_archive(pipeline: Pipeline, dataset: str) -> dict[str, Any] | None:
    """Return where an archive lies below the results, and its known hashes; None elsewhere."""
    archive = pipeline.datasets[dataset].archive
    if own_archive(pipeline.datasets[dataset]) is not None:
        return None  # read where it lies, its hash is in the card
    downloads = Path(pipeline.project.downloads)
    if archive is None or downloads.parts[:1] != ("results",):
        return None
    path = downloads.relative_to("results") / dataset / archive.file
    return {
        "path": path.as_posix(),
        "known": list(archive.sha256),
        "git_blob": archive.git_blob,
        "members": bool(archive.checksums),
    }
