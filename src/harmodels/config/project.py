"""The project: which reports, data sets and configurations one call of snakemake builds."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from harmodels.config.entries import nearest
from harmodels.config.experiments import OWN_DRAW, Experiment, check_replaced, expand
from harmodels.config.messages import shown, unknown_key
from harmodels.config.models import AfternoonPlan, ModelPlan, parse_models
from harmodels.config.resources import Resources, parse_resources
from harmodels.config.schema import check, with_defaults
from harmodels.config.specs import (
    ClaimSpec,
    parse_claim,
    parse_figure,
    parse_table,
    published_runs_in,
)
from harmodels.config.specs.checks import check_names, missing_experiments
from harmodels.config.specs.published import check_published_run
from harmodels.config.specs.verdicts import refuse_typed_verdict
from harmodels.config.yaml_files import read_yaml
from harmodels.errors import ConfigurationError

DEVICE = "HARMODELS_DEVICE"


@dataclass(frozen=True)
class Report:
    """A report on its data sets, with experiments, tables, figures, claims and published runs.

    `tables`, `figures` and `claims` are the entries as written, once they were checked; those in
    `left_out` (by section and name) need experiments that the project does not build. `draws` are
    those of its experiments, by data set and key, of every data set that the project or the
    report's file names.
    """

    key: str
    title: str
    channels: str | None
    datasets: tuple[str, ...]
    replicates: int
    replicates_in_a_job: int
    draws: dict[str, dict[str, dict[str, Any]]]
    experiments: dict[str, Experiment]
    tables: dict[str, dict[str, Any]]
    figures: dict[str, dict[str, Any]]
    claims: dict[str, dict[str, Any]]
    published_runs: dict[str, dict[str, Any]]
    left_out: dict[str, list[str]]


@dataclass(frozen=True)
class Project:
    """Everything that config/config.yaml and the files it names say."""

    name: str
    reports: dict[str, Report]
    seed: int
    engine: str
    device: str
    downloads: str
    checkpoint_every_s: int
    resources: Resources
    registries: tuple[str, ...] = ()
    models: Mapping[str, ModelPlan] = field(default_factory=dict)
    afternoons: Mapping[str, AfternoonPlan] = field(default_factory=dict)
    live: tuple[str, ...] = ()


def parse_project(config: Mapping[str, Any], root: Path) -> Project:
    """Check the configuration and the report files it names, and expand the grids.

    Parameters
    ----------
    config
        The content of config/config.yaml, with what the command line changed.
    root
        The repository, which holds config/ and workflow/schemas/.

    Raises
    ------
    ConfigurationError
        If a key is unknown or missing, a value has the wrong type or lies outside its range, a
        report does not exist, or a grid is impossible.
    """
    schema = root / "workflow" / "schemas" / "config.schema.yaml"
    check(config, schema, "configuration")
    full = with_defaults(config, schema)
    engine, device = resolve_engine(full["engine"], full["device"])
    return Project(
        name=full["name"],
        reports={
            key: _parse_report(key, plan, root, full["replicates"], full["replicates_in_a_job"])
            for key, plan in full["reports"].items()
        },
        seed=full["seed"],
        engine=engine,
        device=device,
        downloads=_downloads(full["downloads"]),
        checkpoint_every_s=full["checkpoint_every_s"],
        resources=parse_resources(full["resources"], schema, device),
        registries=_listed(full["registry"]),
        models=parse_models(full["models"]),
        afternoons={name: AfternoonPlan(**plan) for name, plan in full["afternoons"].items()},
        live=tuple(full["live"]),
    )


def resolve_engine(engine: str, device: str) -> tuple[str, str]:
    """Decide engine and device once, without importing torch.

    The process that plans a run hands its decision to the jobs in HARMODELS_DEVICE: the node of a
    cluster may have another GPU, or none, and would decide `auto` differently.

    Raises
    ------
    ConfigurationError
        If the compiled loops, which run on the CPU, are asked for on a GPU, or the environment
        names a device that does not exist.
    """
    if device == "auto":
        found = "cuda" if Path("/proc/driver/nvidia/version").exists() else "cpu"
        device = os.environ.get(DEVICE) or found
        if device not in ("cpu", "cuda"):
            raise ConfigurationError(f"{DEVICE}: {device!r} is none of 'cpu', 'cuda'")
    if engine == "auto":
        engine = "compiled" if device == "cpu" else "reference"
    if engine == "compiled" and device == "cuda":
        raise ConfigurationError(
            "engine: compiled runs on the CPU only; choose engine: reference or device: cpu"
        )
    return engine, device


def _parse_report(
    key: str, plan: Mapping[str, Any], root: Path, replicates: int, in_a_job: int
) -> Report:
    path = root / "config" / "reports" / f"{key}.yaml"
    if not path.exists():
        known = sorted(file.stem for file in path.parent.glob("*.yaml"))
        raise ConfigurationError(f"reports: unknown report {key!r} (known: {', '.join(known)})")
    content = read_yaml(path)
    where = f"config/reports/{key}.yaml"
    check(content, root / "workflow" / "schemas" / "report.schema.yaml", where)
    for choice in ("experiments", "also"):
        unknown = set(plan.get(choice, ())) - set(content["experiments"])
        if unknown:
            raise ConfigurationError(
                f"reports.{key}.{choice}: " + unknown_key(unknown, content["experiments"])
            )
    usual = [name for name, spec in content["experiments"].items() if not spec.get("optional")]
    chosen = [*plan.get("experiments", usual), *plan.get("also", ())]
    check_replaced(key, plan.get("options", {}), content, chosen)
    experiments = {
        name: expand(name, spec, content, plan, where)
        for name, spec in content["experiments"].items()
        if name in chosen
    }
    return Report(
        key=key,
        title=content["title"],
        channels=content.get("channels"),
        datasets=tuple(plan["datasets"]),
        replicates=plan.get("replicates", replicates),
        replicates_in_a_job=in_a_job,
        draws=_draws(content, plan, experiments, where),
        experiments=experiments,
        tables=content.get("tables") or {},
        figures=content.get("figures") or {},
        claims=content.get("claims") or {},
        published_runs=_check_published(content, root / "config" / "published", where),
        left_out=_check_products(content, experiments, root, where),
    )


def _draws(
    content: Mapping[str, Any],
    plan: Mapping[str, Any],
    experiments: Mapping[str, Experiment],
    where: str,
) -> dict[str, dict[str, dict[str, Any]]]:
    """Return the draws of the experiments, by data set and key; each changes the report's own."""
    known = {OWN_DRAW: {}, **content.get("draws", {})}
    for name, experiment in experiments.items():
        if experiment.draw not in known:
            raise ConfigurationError(
                f"{where}: experiments.{name}.draw: " + unknown_key({experiment.draw}, known)
            )
    used = dict.fromkeys(experiment.draw for experiment in experiments.values())
    of_dataset = content.get("draw_by_dataset", {})
    found = {}
    named = [e.dataset for e in experiments.values() if e.dataset is not None]
    for dataset in dict.fromkeys([*plan["datasets"], *named, *of_dataset]):
        own = {**content["draw"], **of_dataset.get(dataset, {}), **plan.get("draw", {})}
        found[dataset] = {draw: {**own, **known[draw]} for draw in used}
    return found


def _listed(value: str | list[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _downloads(folder: str) -> str:
    """Return the folder of archives, refusing one that is not where it seems to be."""
    path = PurePosixPath(folder)
    remedy = "give a folder under the working directory, or an absolute path"
    if folder.startswith("~"):
        raise ConfigurationError(f"downloads: {shown(folder)}: ~ is not expanded; {remedy}")
    if ".." in path.parts:
        raise ConfigurationError(f"downloads: {shown(folder)} leads out of its folder; {remedy}")
    return str(path)


def _check_published(
    content: Mapping[str, Any], folder: Path, where: str
) -> dict[str, dict[str, Any]]:
    """Return the published runs of a report, once their files were checked."""
    published: dict[str, dict[str, Any]] = content.get("published_runs") or {}
    for name, entry in published.items():
        place = f"{where}: published_runs.{name}"
        if name not in content["experiments"]:
            raise ConfigurationError(f"{place}: {unknown_key({name}, content['experiments'])}")
        try:
            check_published_run(entry, folder)
        except ConfigurationError as error:
            raise ConfigurationError(f"{place}: {error}") from error
    return published


def _check_products(
    content: Mapping[str, Any], experiments: Mapping[str, Experiment], root: Path, where: str
) -> dict[str, list[str]]:
    """Check every table, figure and claim; return those that lack an experiment, and which."""
    left_out = {}
    folder, published = root / "config" / "published", content.get("published_runs") or {}
    for section, parse in (
        ("tables", parse_table),
        ("figures", parse_figure),
        ("claims", parse_claim),
    ):
        for name, entry in (content.get(section) or {}).items():
            place = f"{where}: {section}.{name}"
            spec = parse(entry, place)
            try:
                missing = missing_experiments(spec, experiments, list(content["experiments"]))
                if missing:
                    left_out[f"{section}.{name}"] = missing
                else:
                    check_names(spec, experiments, folder)
                for known in published_runs_in(spec):
                    if known not in published:
                        raise ConfigurationError(
                            f"there is no entry {known!r} under published_runs"
                            f"{nearest(known, published)}"
                        )
                if isinstance(spec, ClaimSpec):
                    refuse_typed_verdict(spec, published, folder)
            except ConfigurationError as error:
                raise ConfigurationError(f"{place}: {error}") from error
    return left_out
