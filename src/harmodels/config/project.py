"""The project: which reports, data sets and configurations one call of snakemake builds."""

import itertools
import os
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harmodels.config.resources import Resources, parse_resources
from harmodels.config.schema import check, read_schema, read_yaml, unknown_key, with_defaults
from harmodels.errors import ConfigurationError

DEVICE = "HARMODELS_DEVICE"
NAME = re.compile(r"[A-Za-z0-9_.+-]+")


@dataclass(frozen=True)
class Configuration:
    """One setting of the hyperparameters.

    Attributes
    ----------
    name
        Readable and stable, for example `learning_rate=0.1+hidden=50+window=10`.
    values
        The grid's keys and this configuration's values, in the grid's order.
    options
        Every option of the training loop, defaults included.
    """

    name: str
    values: dict[str, Any]
    options: dict[str, Any]


@dataclass(frozen=True)
class Experiment:
    """A grid of configurations trained in one way under one protocol.

    Attributes
    ----------
    name, title
        Key and one line for people.
    training
        Key of the training loop, whose options the configurations hold.
    reads
        The table of the data set that the network reads.
    validation
        Whether validation sequences are held out.
    configurations
        By name.
    """

    name: str
    title: str
    training: str
    reads: str
    validation: bool
    configurations: dict[str, Configuration]


@dataclass(frozen=True)
class Report:
    """A report on its data sets, with experiments, tables, figures and claims."""

    key: str
    title: str
    model: str
    channels: str | None
    datasets: tuple[str, ...]
    replicates: int
    draw: dict[str, Any]
    experiments: dict[str, Experiment]
    tables: dict[str, dict[str, Any]]
    figures: dict[str, dict[str, Any]]
    claims: dict[str, dict[str, Any]]


@dataclass(frozen=True)
class Project:
    """Everything that config/config.yaml and the files it names say."""

    name: str
    reports: dict[str, Report]
    seed: int
    engine: str
    device: str
    mirror: str | None
    downloads: str
    checkpoint_every_s: int
    resources: Resources


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
            key: _parse_report(key, plan, root, full["replicates"])
            for key, plan in full["reports"].items()
        },
        seed=full["seed"],
        engine=engine,
        device=device,
        mirror=full["mirror"],
        downloads=full["downloads"],
        checkpoint_every_s=full["checkpoint_every_s"],
        resources=parse_resources(full["resources"], schema, device),
    )


def resolve_engine(engine: str, device: str) -> tuple[str, str]:
    """Decide engine and device once, without importing torch.

    The process that plans a run hands its decision to the jobs in HARMODELS_DEVICE: the node of a
    cluster that has another GPU, or none, must not decide `auto` anew.

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


def _parse_report(key: str, plan: Mapping[str, Any], root: Path, replicates: int) -> Report:
    path = root / "config" / "reports" / f"{key}.yaml"
    if not path.exists():
        known = sorted(file.stem for file in path.parent.glob("*.yaml"))
        raise ConfigurationError(f"reports: unknown report {key!r} (known: {', '.join(known)})")
    content = read_yaml(path)
    where = f"config/reports/{key}.yaml"
    check(content, root / "workflow" / "schemas" / "report.schema.yaml", where)
    chosen = plan.get("experiments", list(content["experiments"]))
    unknown = set(chosen) - set(content["experiments"])
    if unknown:
        raise ConfigurationError(
            f"reports.{key}.experiments: " + unknown_key(unknown, content["experiments"])
        )
    experiments = {
        name: _expand(name, spec, content, plan, root, where)
        for name, spec in content["experiments"].items()
        if name in chosen
    }
    return Report(
        key=key,
        title=content["title"],
        model=content["model"],
        channels=content.get("channels"),
        datasets=tuple(plan["datasets"]),
        replicates=plan.get("replicates", replicates),
        draw={**content["draw"], **plan.get("draw", {})},
        experiments=experiments,
        tables=content.get("tables") or {},
        figures=content.get("figures") or {},
        claims=content.get("claims") or {},
    )


def _expand(
    name: str,
    spec: Mapping[str, Any],
    report: Mapping[str, Any],
    plan: Mapping[str, Any],
    root: Path,
    where: str,
) -> Experiment:
    place = f"{where}: experiments.{name}"
    training = spec.get("training", report["training"])
    schema = root / "workflow" / "schemas" / f"{training}.schema.yaml"
    combinations = _combinations(spec, place)
    varied = set(combinations[0])
    twice = varied & set(spec.get("options", {}))
    if twice:
        raise ConfigurationError(
            f"{place}: {sorted(twice)[0]!r} stands in the grid and in the options"
        )
    replaced = dict(plan.get("options", {}))
    if training != report["training"]:
        known = read_schema(schema)["properties"]
        replaced = {key: value for key, value in replaced.items() if key in known}
    fixed = {**spec.get("options", {}), **replaced}
    shared = {key: value for key, value in fixed.items() if key not in varied}
    defaults = with_defaults(shared, schema)
    configurations = {}
    for values in combinations:
        options = {**defaults, **values}
        check(options, schema, f"{place}, {training}")
        configuration = Configuration(configuration_name(values), values, options)
        configurations[configuration.name] = configuration
    reads = plan.get("reads") or spec.get("reads") or report.get("reads", "sequences")
    validation = spec.get("validation", False)
    return Experiment(name, spec["title"], training, reads, validation, configurations)


def _combinations(spec: Mapping[str, Any], place: str) -> list[dict[str, Any]]:
    if "configurations" in spec:
        combinations = [dict(values) for values in spec["configurations"]]
        odd = [values for values in combinations if list(values) != list(combinations[0])]
        if odd:
            raise ConfigurationError(
                f"{place}.configurations: {odd[0]} has other keys than {combinations[0]}"
            )
    else:
        grid = spec["grid"]
        combinations = [
            dict(zip(grid, values, strict=True)) for values in itertools.product(*grid.values())
        ]
    names = [configuration_name(values) for values in combinations]
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise ConfigurationError(f"{place}: the configuration {twice[0]} stands twice")
    return combinations


def configuration_name(values: Mapping[str, Any]) -> str:
    """Return `key=value` pairs joined by plus signs, fit for a folder name.

    Not by commas: Snakemake takes the wildcards of a cluster's job apart at them, those inside a
    value too (snakemake/snakemake#2366).

    Raises
    ------
    ConfigurationError
        If a value holds a character that has no place in a folder name.
    """
    parts = []
    for key, value in values.items():
        text = str(value).lower() if isinstance(value, bool) else str(value)
        if not NAME.fullmatch(text):
            raise ConfigurationError(f"grid value {key}={text!r} cannot be part of a folder name")
        parts.append(f"{key}={text}")
    return "+".join(parts)
