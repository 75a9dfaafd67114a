"""Inputs and parameters of the rules, from the wildcards of a job."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from harmodels.config.experiments import Configuration
from harmodels.config.options import OPTIONS, Baseline
from harmodels.config.parts import Part, parts_of, split_name
from harmodels.data.formats import FORMATS
from harmodels.data.hands import GROUP, fingers_of
from harmodels.data.own_files import own_archive, own_files, own_recordings
from harmodels.errors import ConfigurationError
from harmodels.files import sha256
from harmodels.pipeline.digests import code_of, digest_of
from harmodels.pipeline.pipeline import Pipeline, is_folded
from harmodels.pipeline.targets import (
    RUN_FILES,
    files_in,
    run_folders,
    ships_features,
    splits_file,
)
from harmodels.plugins import LEARNERS
from harmodels.reporting.product import ProductSpec
from harmodels.reporting.runs.published import published_folder


class Wildcards(Protocol):
    """What a job's path says: attributes by the names in braces of its rule's output."""

    def __getattr__(self, name: str) -> str:
        """Return the value of one wildcard."""


@dataclass(frozen=True)
class Inputs:
    """Functions of the wildcards of a job.

    All raise `ConfigurationError` where the wildcards name what the configuration does not have.
    """

    pipeline: Pipeline

    def registry_entry(self, wildcards: Wildcards) -> str:
        """Return the registry's entry as text: a changed entry reruns what it decides."""
        return repr(self.pipeline.dataset(wildcards.dataset))

    def raw(self, wildcards: Wildcards) -> str | list[str]:
        """Return the folder of raw files; none for recordings that are read where they lie."""
        own = own_recordings(self.pipeline.dataset(wildcards.dataset))
        return [] if own else f"results/datasets/{wildcards.dataset}/raw"

    def own_files(self, wildcards: Wildcards) -> list[str]:
        """Return the files of a user's own that a data set is made of."""
        return [str(file) for file in own_files(self.pipeline.dataset(wildcards.dataset))]

    def own_hashes(self, wildcards: Wildcards) -> dict[str, str]:
        """Return the SHA-256 of these files by path: content alone decides about a rerun."""
        files = map(Path, self.own_files(wildcards))
        return {str(file): _sha256(file, *_state(file)) for file in files if file.is_file()}

    def archive(self, wildcards: Wildcards) -> str:
        """Return the path of a data set's archive: a user's own is not copied."""
        dataset = self.pipeline.dataset(wildcards.dataset)
        archive, own = dataset.archive, own_archive(dataset)
        if own is not None:
            return str(own)
        assert archive is not None, "rules ask for archives of recorded data sets only"
        return f"{self.pipeline.project.downloads}/{wildcards.dataset}/{archive.file}"

    def features_path(self, wildcards: Wildcards) -> str:
        """Return where an archive holds the features that it ships."""
        return self.pipeline.dataset(wildcards.dataset).path

    def shipped_features(self, wildcards: Wildcards) -> str | list[str]:
        """Return the features that a data set ships, if any; computed ones are fitted to them."""
        if not ships_features(self.pipeline.dataset(wildcards.dataset)):
            return []
        return f"results/datasets/{wildcards.dataset}/shipped_features.parquet"

    def draw(self, wildcards: Wildcards) -> dict[str, Any]:
        """Return how training, validation and test sequences are drawn, and of which replicates.

        `draw` holds the arguments of `data.splits.Draw`; `folds` the people of whom each is left
        out once, or nobody; `copies` the recordings that are known to repeat others.
        """
        name, suffix = split_name(wildcards.draw)
        report = self.pipeline.report(wildcards.report)
        draw = self.pipeline.draw(report.key, wildcards.dataset, name)
        blocks = {
            part.block: part for part in parts_of(report.replicates, report.replicates_in_a_job)
        }
        block = blocks.get(suffix)
        if block is None:
            raise ConfigurationError(
                f"report {report.key} trains replicates 0 to {report.replicates - 1}; there is no "
                f"block {suffix.removeprefix('+replicates=')}"
            )
        dataset = self.pipeline.dataset(wildcards.dataset)
        folds = dataset.subjects if is_folded(draw) else ()
        return {
            "draw": draw,
            "first": block.first,
            "replicates": block.replicates,
            "folds": list(folds),
            "copies": dict(dataset.copies),
        }

    def splits(self, wildcards: Wildcards) -> str:
        """Return the file of splits that a training job reads."""
        report, dataset = wildcards.report, wildcards.dataset
        _, part = self._part(wildcards)
        experiment = self.pipeline.experiment(report, wildcards.experiment)
        return splits_file(report, dataset, experiment.draw, part)

    def table_to_read(self, wildcards: Wildcards) -> str:
        """Return the table of the data set that an experiment's networks read."""
        experiment = self.pipeline.experiment(wildcards.report, wildcards.experiment)
        return f"results/datasets/{wildcards.dataset}/{experiment.reads}.parquet"

    def training_code(self, wildcards: Wildcards) -> str:
        """Return a digest of the code of one training; its learner is loaded by name."""
        training = self.pipeline.experiment(wildcards.report, wildcards.experiment).training
        learner = [LEARNERS.module(training)] if training in LEARNERS else []
        return code_of("train_network.py", *learner)

    def parser_code(self, wildcards: Wildcards) -> str:
        """Return a digest of the code that prepares a data set; its parser is loaded by name."""
        module = FORMATS[self.pipeline.dataset(wildcards.dataset).format].read.__module__
        # of a format that is defined elsewhere the package's digest knows nothing
        return code_of("prepare_sequences.py", *[module] * module.startswith("harmodels."))

    def job(self, wildcards: Wildcards) -> dict[str, Any]:
        """Return what a training job is to do: arguments of `training.jobs.job.Job`, no device."""
        project = self.pipeline.project
        report = self.pipeline.report(wildcards.report)
        experiment = self.pipeline.experiment(report.key, wildcards.experiment)
        configuration, part = self._part(wildcards)
        dataset = self.pipeline.dataset(wildcards.dataset)
        group = report.channels
        return {
            "report": report.key,
            "dataset": wildcards.dataset,
            "experiment": experiment.name,
            "name": configuration.name,
            "configuration": configuration.values,
            "options": configuration.options,
            "training": experiment.training,
            "channels": list(dataset.channel_group(group)) if group else None,
            "unit": experiment.unit,
            "fingers": fingers_of(dataset) if group == GROUP else None,
            "validation": experiment.validation,
            "seed": project.seed,
            "replicates": part.replicates,
            "draw": experiment.draw,
            "first": part.first,
            "fold": part.fold,
            "engine": project.engine,
        }

    def device(self, wildcards: Wildcards) -> str:
        """Return where a job trains. Not one of its parameters: a changed device retrains nothing.

        run.json says it, as it says the kind of machine.
        """
        configuration, _ = self._part(wildcards)
        return self.pipeline.device(wildcards.report, wildcards.experiment, configuration.name)

    def of_gpu(self, name: str) -> Callable[[Wildcards], Any]:
        """Return a function to what a job asks for of `gpus`, `gpu_model` or `gres`.

        Of a run that is on the processor as a whole each network's job asks for what the
        configuration says, nothing by default; a baseline never asks for a GPU.
        """
        project, nothing = self.pipeline.project, 0 if name == "gpus" else None

        def of(wildcards: Wildcards) -> Any:
            experiment = self.pipeline.experiment(wildcards.report, wildcards.experiment)
            trains = OPTIONS[experiment.training] is not Baseline
            asks = trains and self.device(wildcards) in ("cuda", project.device)
            return getattr(project.resources, name) if asks else nothing

        return of

    def spec(self, section: str) -> Callable[[Wildcards], dict[str, Any]]:
        """Return a function to the specification of one table or figure, as plain values."""
        return lambda wildcards: self._spec(section, wildcards).given()

    def run_folders(self, section: str) -> Callable[[Wildcards], list[str]]:
        """Return a function to the folders of the runs behind a table, a figure or all claims."""

        def of(wildcards: Wildcards) -> list[str]:
            needs = (name for spec in self._specs(section, wildcards) for name in spec.needs)
            report, dataset = wildcards.report, wildcards.dataset
            return run_folders(self.pipeline, report, dataset, dict.fromkeys(needs))

        return of

    def run_files(self, section: str) -> Callable[[Wildcards], list[str]]:
        """Return a function to the files of these runs."""
        folders = self.run_folders(section)
        return lambda wildcards: files_in(folders(wildcards), RUN_FILES)

    def published(self, wildcards: Wildcards) -> dict[str, str]:
        """Return the files of published numbers beside a table, with their digests.

        Not as inputs, which would tie the table to the path of the checkout.
        """
        report = self.pipeline.report(wildcards.report)
        return _digests(self._spec("tables", wildcards).published_files, report.folder)

    def published_runs(self, section: str) -> Callable[[Wildcards], dict[str, Any]]:
        """Return a function to what the report published of the experiments of a product.

        `entries` are those of `published_runs`, `files` their files with digests, `folder` where
        those of a user's own report lie; `section` is tables, figures or claims.
        """

        def of(wildcards: Wildcards) -> dict[str, Any]:
            report = self.pipeline.report(wildcards.report)
            entries = {
                name: entry
                for spec in self._specs(section, wildcards)
                for name, entry in spec.published_runs(report.published_runs).items()
            }
            files = [file for entry in entries.values() for file in entry.files]
            given = {name: entry.given() for name, entry in entries.items()}
            own = {} if report.folder is None else {"folder": report.folder}
            return {"entries": given, "files": _digests(files, report.folder), **own}

        return of

    def sequences_of_subjects(self, section: str) -> Callable[[Wildcards], list[str]]:
        """Return a function to the sequences that tell who was recorded, where that is asked for.

        Predictions hold only the ids of sequences.
        """

        def paths(wildcards: Wildcards) -> list[str]:
            specs = [spec for spec in self._specs(section, wildcards) if spec.needs_subjects]
            report, dataset = wildcards.report, wildcards.dataset
            homes = [self.pipeline.home(report, dataset, n) for spec in specs for n in spec.needs]
            return [f"results/datasets/{home}/sequences.parquet" for home in dict.fromkeys(homes)]

        return paths

    def claims(self, wildcards: Wildcards) -> dict[str, dict[str, Any]]:
        """Return the claims of a report that its experiments can decide, as plain values."""
        return {name: spec.given() for name, spec in self._claims(wildcards).items()}

    def families(self, wildcards: Wildcards) -> dict[str, Any]:
        """Return the claims among which those of a report are judged, as plain values."""
        return self.pipeline.families(wildcards.report, wildcards.dataset).given()

    def _part(self, wildcards: Wildcards) -> tuple[Configuration, Part]:
        return self.pipeline.part(
            wildcards.report, wildcards.dataset, wildcards.experiment, wildcards.configuration
        )

    def _claims(self, wildcards: Wildcards) -> dict[str, ProductSpec]:
        return self.pipeline.report(wildcards.report).buildable("claims")

    def _spec(self, section: str, wildcards: Wildcards) -> ProductSpec:
        return self.pipeline.spec(wildcards.report, section, wildcards.name)

    def _specs(self, section: str, wildcards: Wildcards) -> list[ProductSpec]:
        if section == "claims":
            return [*self._claims(wildcards).values()]
        return [self._spec(section, wildcards)]


def _state(file: Path) -> tuple[int, int]:
    known = file.stat()
    return known.st_size, known.st_mtime_ns


@cache
def _sha256(file: Path, size: int, mtime_ns: int) -> str:
    """Return the hash of a file once in a process, as long as it looks the same."""
    return sha256(file)


def _digests(files: Iterable[str], own: str | None) -> dict[str, str]:
    folder = published_folder(own)
    return {file: digest_of(folder / file) for file in files}
