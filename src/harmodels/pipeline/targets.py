"""Files that one call of snakemake builds, by kind."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product

from harmodels.config.experiments import Experiment
from harmodels.config.parts import Part
from harmodels.data.dataset import Dataset
from harmodels.pipeline.pipeline import Pipeline

TABLE_ENDINGS = ("csv", "md", "tex")
FIGURE_ENDINGS = ("svg", "png")
LEDGER_ENDINGS = ("csv", "md")
RUN_FILES = ("history.parquet", "predictions.parquet", "run.json")
CORRELATIONS = tuple(
    f"features/correlation.{ending}" for ending in (*TABLE_ENDINGS, *FIGURE_ENDINGS)
)


@dataclass(frozen=True)
class Targets:
    """Every file that the configuration of a pipeline asks for, as paths below the work folder."""

    pipeline: Pipeline

    def tables(self) -> list[str]:
        """Return every table in every form."""
        return self._products("tables", TABLE_ENDINGS)

    def figures(self) -> list[str]:
        """Return every figure in every form."""
        return self._products("figures", FIGURE_ENDINGS)

    def claims(self) -> list[str]:
        """Return the ledgers of claims of the reports that make any."""
        folders = [
            f"results/{report.key}/{dataset}"
            for report, dataset in self.pipeline.reports
            if report.buildable("claims")
        ]
        return files_in(folders, [f"claims.{ending}" for ending in LEDGER_ENDINGS])

    def previews(self) -> list[str]:
        """Return the previews of all data sets."""
        return self._of_datasets(self.pipeline.datasets, [f"preview.{e}" for e in FIGURE_ENDINGS])

    def cards(self) -> list[str]:
        """Return the counts of all data sets."""
        return self._of_datasets(self.pipeline.datasets, ["card.json"])

    def comparisons(self) -> list[str]:
        """Return the correlations of computed with shipped features."""
        return self._of_datasets(self.compared_datasets(), CORRELATIONS)

    def compared_datasets(self) -> list[str]:
        """Return the data sets that ship features and of which a report reads features."""
        return sorted(
            {
                name
                for report, name in self.pipeline.reports
                if ships_features(self.pipeline.dataset(name))
                and any(e.reads != "sequences" for e in report.experiments.values())
            }
        )

    def run_records(self) -> list[str]:
        """Return every run.json, which tells how the numbers came to be."""
        return [
            f"{folder}/run.json"
            for report, dataset in self.pipeline.reports
            for folder in run_folders(self.pipeline, report.key, dataset, report.experiments)
        ]

    def data_tables(self) -> list[str]:
        """Return every table that runs read, what features they have, and who trains on it."""
        tables = [
            f"results/datasets/{dataset}/{file}"
            for dataset in self.pipeline.datasets
            for file in (*self.tables_of_dataset(dataset), *self.feature_maps(dataset))
        ]
        splits = {
            file: None
            for report, dataset in self.pipeline.reports
            for file in self.splits(report.key, dataset).values()
        }
        return [*tables, *splits]

    def splits(self, report: str, dataset: str) -> dict[str, str]:
        """Return the splits that each training job reads, by the folder of its run."""
        report_plan = self.pipeline.report(report)
        return {
            folder: splits_file(report, home, experiment.draw, part)
            for folder, home, experiment, part in _jobs(
                self.pipeline, report, dataset, report_plan.experiments
            )
        }

    def tables_of_dataset(self, dataset: str) -> list[str]:
        """Return the names of the files of a data set from which runs and tables are made."""
        names = {
            experiment.reads
            for report, name in self.pipeline.reports
            for experiment in report.experiments.values()
            if (experiment.dataset or name) == dataset
        }
        if dataset in self.compared_datasets():
            names |= {"computed_features", "shipped_features"}
        return [f"{name}.parquet" for name in sorted({"sequences", *names})]

    def feature_maps(self, dataset: str) -> list[str]:
        """Return the name of the map that computed features come with, if there are any."""
        computed = "computed_features.parquet" in self.tables_of_dataset(dataset)
        return ["feature_map.parquet"] if computed else []

    def _of_datasets(self, names: Iterable[str], files: Iterable[str]) -> list[str]:
        return files_in([f"results/datasets/{name}" for name in names], files)

    def _products(self, section: str, endings: Iterable[str]) -> list[str]:
        return [
            f"results/{report.key}/{dataset}/{section}/{name}.{ending}"
            for report, dataset in self.pipeline.reports
            for name in report.buildable(section)
            for ending in endings
        ]


def files_in(folders: Iterable[str], files: Iterable[str]) -> list[str]:
    """Return each file of each folder."""
    return [f"{folder}/{file}" for folder, file in product(folders, files)]


def pattern_of(names: Iterable[str]) -> str:
    """Return a wildcard constraint that matches just these names, or nothing without any."""
    return "|".join(re.escape(name) for name in names) or "nothing^"


def run_folders(
    pipeline: Pipeline, report: str, dataset: str, experiments: Iterable[str]
) -> list[str]:
    """Return the folders of all runs of these experiments, in the order of their grids.

    A run that is trained in several parts has a folder for each.
    """
    return [folder for folder, *_ in _jobs(pipeline, report, dataset, experiments)]


def _jobs(
    pipeline: Pipeline, report: str, dataset: str, experiments: Iterable[str]
) -> Iterator[tuple[str, str, Experiment, Part]]:
    """Yield the folder of each training job, its data set, its experiment and its part."""
    for name in experiments:
        experiment, home = pipeline.experiment(report, name), pipeline.home(report, dataset, name)
        parts = pipeline.parts(report, dataset, name).values()
        runs = f"results/{report}/{home}/runs/{name}"
        for configuration, part in product(experiment.configurations, parts):
            yield f"{runs}/{configuration}{part.suffix}", home, experiment, part


def splits_file(report: str, dataset: str, draw: str, part: Part) -> str:
    """Return the file of splits that a part of a run reads; it holds all folds."""
    return f"results/{report}/{dataset}/splits/{draw}{part.block}.parquet"


def ships_features(dataset: Dataset) -> bool:
    """Return whether an archive brings computed features along."""
    return dataset.format == "uci_har" and not dataset.simulated
