"""The pipeline of one configuration: its project and its data sets, found by name."""

import difflib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from harmodels.assets import root
from harmodels.config.devices import device_of
from harmodels.config.experiments import Configuration, Experiment
from harmodels.config.parts import Part, parts_of, split_name
from harmodels.data.dataset import Dataset
from harmodels.data.registry import get, load_registries
from harmodels.errors import ConfigurationError
from harmodels.messages import counted, listed
from harmodels.pipeline.project import Project, parse_project
from harmodels.reporting.claims import Families
from harmodels.reporting.product import ProductSpec
from harmodels.reporting.protocol import (
    PROTOCOL,
    commit_of_protocol,
    families_of,
    read_protocol,
    written_about_others,
)
from harmodels.reporting.reports import Report

Item = TypeVar("Item")


@dataclass(frozen=True)
class Pipeline:
    """The project and the data sets, by name, that its reports name."""

    project: Project
    datasets: Mapping[str, Dataset]

    def home(self, report: str, dataset: str, experiment: str) -> str:
        """Return the data set under which the runs of an experiment are: its own, if it has one."""
        return self.experiment(report, experiment).dataset or dataset

    @property
    def simulated(self) -> list[str]:
        """Names of the data sets that a generator makes."""
        return sorted(name for name, dataset in self.datasets.items() if dataset.simulated)

    @property
    def recorded(self) -> list[str]:
        """Names of the data sets that people recorded."""
        return sorted(set(self.datasets) - set(self.simulated))

    @property
    def reports(self) -> list[tuple[Report, str]]:
        """Every report with each of its data sets."""
        return [
            (report, dataset)
            for report in self.project.reports.values()
            for dataset in report.datasets
        ]

    def report(self, key: str) -> Report:
        """Return a report; raise `ConfigurationError` if the project has no such report."""
        return find("report", key, self.project.reports, "the configuration")

    def dataset(self, name: str) -> Dataset:
        """Return a data set; raise `ConfigurationError` if no report of the project names it."""
        return find("data set", name, self.datasets, "the configuration")

    def experiment(self, report: str, name: str) -> Experiment:
        """Return an experiment; raise `ConfigurationError` if the report has no such experiment."""
        return find("experiment", name, self.report(report).experiments, f"report {report}")

    def configuration(self, report: str, experiment: str, name: str) -> Configuration:
        """Return a configuration; raise `ConfigurationError` if it is not in the grid."""
        known = self.experiment(report, experiment).configurations
        return find("configuration", name, known, f"experiment {experiment} of {report}")

    def draw(self, report: str, dataset: str, name: str) -> dict[str, Any]:
        """Return a draw; raise `ConfigurationError` if no experiment of the report uses it."""
        return find("draw", name, self.report(report).draws[dataset], f"report {report}")

    def parts(self, report: str, dataset: str, experiment: str) -> dict[str, Part]:
        """Return the parts in which each configuration of an experiment is trained, by suffix."""
        plan = self.report(report)
        home = self.home(report, dataset, experiment)
        draw = plan.draws[home][self.experiment(report, experiment).draw]
        folds = self.dataset(home).subjects if is_folded(draw) else ()
        found = parts_of(plan.replicates, plan.replicates_in_a_job, folds)
        return {part.suffix: part for part in found}

    def part(
        self, report: str, dataset: str, experiment: str, folder: str
    ) -> tuple[Configuration, Part]:
        """Return what the job does whose folder has this name; raise if there is no such job."""
        name, suffix = split_name(folder)
        configuration = self.configuration(report, experiment, name)
        parts = self.parts(report, dataset, experiment)
        return configuration, find("part", suffix, parts, f"{experiment} of {report}")

    def device(self, report: str, experiment: str, name: str) -> str:
        """Return where all parts of a configuration are trained, `cpu` or `cuda`."""
        plan = self.report(report)
        return device_of(
            self.project.device,
            self.project.engine,
            self.experiment(report, experiment).training,
            self.configuration(report, experiment, name).options,
            min(plan.replicates, plan.replicates_in_a_job),
        )

    def on_cuda(self) -> list[str]:
        """Return one line for each report that trains networks on CUDA."""
        lines = []
        for key, plan in self.project.reports.items():
            devices = [
                self.device(key, experiment.name, name)
                for experiment in plan.experiments.values()
                for name in experiment.configurations
            ]
            if "cuda" in devices:
                lines.append(
                    f"{key}: {devices.count('cuda')} of {len(devices)} configurations are trained "
                    "on CUDA (docs/gpu.md); `--config device=cpu` trains all on the processor"
                )
        return lines

    def families(self, report: str, dataset: str) -> Families:
        """Return the claims among which those of a report on a data set are judged."""
        folder = root()
        return families_of(
            read_protocol(folder / PROTOCOL),
            commit_of_protocol(folder),
            self.reports,
            self.project.seed,
            (report, dataset),
            not self.dataset(dataset).simulated
            and written_about_others(report, dataset, folder / "config" / "published"),
        )

    def spec(self, report: str, section: str, name: str) -> ProductSpec:
        """Return the specification of a table, figure or claim; raise if it cannot be built."""
        plan = self.report(report)
        spec: ProductSpec = find(
            section.removesuffix("s"), name, getattr(plan, section), f"report {report}"
        )
        left_out = plan.left_out.get(f"{section}.{name}")
        if left_out:
            raise ConfigurationError(
                f"{section}.{name} of report {report} needs the experiment {left_out[0]!r}, which "
                f"the configuration leaves out (it has {listed(plan.experiments)})"
            )
        return spec

    def left_out_counts(self, file: str) -> list[str]:
        """Return one line for each report of which something is left out; `file` holds it all."""
        lines = []
        for plan in self.project.reports.values():
            sections = Counter(name.partition(".")[0].removesuffix("s") for name in plan.left_out)
            if sections:
                parts = listed(counted(count, noun) for noun, count in sections.items())
                lines.append(
                    f"{plan.key}: without {parts}, whose experiments are not built; "
                    f"`harmodels check {file}` lists them"
                )
        return lines

    def left_out(self) -> list[str]:
        """Return one line for each product whose experiments the configuration leaves out."""
        return [
            f"{plan.key}: {product} is left out; it needs {', '.join(missing)}"
            for plan in self.project.reports.values()
            for product, missing in plan.left_out.items()
        ]


def load_pipeline(config: Mapping[str, Any], root: Path) -> Pipeline:
    """Read and check a configuration, the reports it names and their data sets.

    `config` is the content of config/config.yaml with what the command line changed, `root` holds
    config/. Raises ConfigurationError naming file, key and value.
    """
    project = parse_project(config, root)
    own = [Path(path) for path in project.registries]
    registry = load_registries([root / "config" / "datasets.yaml", *own])
    names = [name for report in project.reports.values() for name in datasets_of(report)]
    pipeline = Pipeline(project, {name: get(registry, name) for name in names})
    for report in project.reports.values():
        where = f"{report.source}: draw_by_dataset: the registry"
        for name in report.draws:  # a misspelt one would change no draw, and nobody would notice
            find("data set", name, registry, where)
    # imported here: the checks read pipelines
    from harmodels.pipeline.checks import check_plan

    check_plan(pipeline)
    return pipeline


def datasets_of(report: Report) -> list[str]:
    """Return the data sets that a report is built on, and those of single experiments."""
    own = (experiment.dataset for experiment in report.experiments.values())
    return list(dict.fromkeys([*report.datasets, *(name for name in own if name)]))


def is_folded(draw: Mapping[str, Any]) -> bool:
    """Return whether a draw has a fold for each person of the data set."""
    return draw.get("protocol") == "leave_one_subject_out"


def find(kind: str, name: str, known: Mapping[str, Item], where: str) -> Item:
    """Return what has a name; raise ConfigurationError with what `where` has."""
    if name in known:
        return known[name]
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    raise ConfigurationError(f"{where} has no {kind} {name!r}{hint} (it has {listed(known)})")
