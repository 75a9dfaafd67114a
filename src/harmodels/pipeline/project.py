"""The project: its file read, with its reports and their tables, figures and claims."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harmodels.config.devices import engine_on, planned_device
from harmodels.config.project import AfternoonPlan, ModelPlan, ProjectFile, Resources
from harmodels.config.yaml_files import refuse_oversized
from harmodels.reporting.reports import Report, parse_report


@dataclass(frozen=True)
class Project:
    """A project file with its reports read and its grids expanded.

    `device` is `cpu` or `cuda` for all networks, or `auto`: `Pipeline.device` says it of each.
    """

    name: str
    reports: dict[str, Report]
    seed: int
    engine: str
    device: str
    downloads: str
    checkpoint_every_s: int
    resources: Resources
    registries: tuple[str, ...]
    models: Mapping[str, ModelPlan]
    afternoons: Mapping[str, AfternoonPlan]
    live: tuple[str, ...]


def parse_project(config: Mapping[str, Any], root: Path) -> Project:
    """Check the configuration and the report files in `root`, and expand the grids.

    Raises ConfigurationError naming file, key and value.
    """
    refuse_oversized(config, "configuration")
    file = ProjectFile.read(config, "configuration")
    device = planned_device(file.device)
    engine_on(file.engine, device)  # raises where both are given and contradict each other
    same = (
        "name", "seed", "engine", "downloads", "checkpoint_every_s", "models", "afternoons", "live",
    )  # fmt: skip
    return Project(
        **{name: getattr(file, name) for name in same},
        reports={
            name: parse_report(name, plan, root, file.replicates, file.replicates_in_a_job)
            for name, plan in file.reports.items()
        },
        device=device,
        resources=file.resources.on(device),
        registries=file.registry,
    )
