"""Experiments of a report: grids expanded into configurations, and what a plan may replace."""

import itertools
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harmodels.config.options import OPTIONS, Options
from harmodels.config.report_file import ExperimentEntry, ReportFile, ReportPlan
from harmodels.errors import ConfigurationError
from harmodels.messages import shown, unknown

NAME = re.compile(r"[A-Za-z0-9_.+-]+")
LONGEST_NAME = 200  # file systems allow 255 bytes
MOST_CONFIGURATIONS = 10_000
OWN_DRAW = "report"


@dataclass(frozen=True)
class Configuration:
    """One setting of the hyperparameters."""

    name: str  # for example `learning_rate=0.1+hidden=50+window=10`
    values: dict[str, Any]  # of the grid's keys, in the grid's order
    options: dict[str, Any]  # of the training loop, defaults included


@dataclass(frozen=True)
class Experiment:
    """A grid of configurations trained in one way under one protocol."""

    name: str
    title: str
    training: str  # key of the training loop
    reads: str  # the table of the data set that the network reads
    validation: bool  # whether validation sequences are held out
    configurations: dict[str, Configuration]  # by name
    draw: str = OWN_DRAW
    unit: str | None = None  # of accelerations; None leaves that of the data set
    dataset: str | None = None  # always trained on it; None: on each of the report


def check_replaced(
    key: str, replaced: Mapping[str, Any], file: ReportFile, chosen: Sequence[str]
) -> None:
    """Check that every option of a plan changes what a chosen experiment trains.

    An experiment whose training has no such option keeps its own. An option that its grid varies
    cannot be replaced: configurations would no longer differ.
    """
    known = dict.fromkeys(
        option for name in chosen for option in OPTIONS[file.training_of(name)].known_keys()
    )
    for option, value in replaced.items():
        if option not in known:
            raise ConfigurationError(f"reports.{key}.options: {unknown('key', option, known)}")
        for name in chosen:
            grid = file.experiments[name].varied
            if option in grid:
                raise ConfigurationError(
                    f"reports.{key}.options.{option}: {shown(value)} cannot replace what the "
                    f"experiment {name!r} varies ({shown(grid[option])}); change its grid in "
                    f"config/reports/{key}.yaml, choose other experiments with "
                    f"reports.{key}.experiments, or remove the option"
                )


def expand(name: str, file: ReportFile, plan: ReportPlan, where: str) -> Experiment:
    """Return an experiment with one configuration for each combination of its grid.

    `plan` changes `options` and `reads`. Raises ConfigurationError, beginning with `where`, if an
    option is unknown, out of range or given twice, or two configurations are the same.
    """
    place = f"{where}: experiments.{name}"
    experiment, training = file.experiments[name], file.training_of(name)
    record = OPTIONS[training]
    both = set(experiment.varied) & set(experiment.options)
    if both:
        raise ConfigurationError(
            f"{place}: {sorted(both)[0]!r} is in the grid and in the options; keep one"
        )
    replaced = {key: value for key, value in plan.options.items() if key in record.known_keys()}
    configurations: dict[str, Configuration] = {}
    names: dict[Options, str] = {}
    for values in _combinations(experiment, place):
        options = record.read({**experiment.options, **replaced, **values}, f"{place}, {training}")
        label = configuration_name(values, place)
        if options in names:
            same = "" if names[options] == label else f" (the other time as {names[options]})"
            raise ConfigurationError(
                f"{place}: the configuration {label} is given twice{same}; keep one"
            )
        names[options] = label
        configurations[label] = Configuration(label, values, options.model_dump(warnings=False))
    return Experiment(
        name=name,
        title=experiment.title,
        training=training,
        reads=plan.reads or experiment.reads or file.reads,
        validation=experiment.validation,
        configurations=configurations,
        draw=experiment.draw or OWN_DRAW,
        unit=experiment.unit or file.unit,
        dataset=experiment.dataset,
    )


def _combinations(experiment: ExperimentEntry, place: str) -> Iterable[dict[str, Any]]:
    """Return the values of each configuration, in the order of the file."""
    if experiment.configurations is not None:
        combinations = [dict(values) for values in experiment.configurations]
        odd = [values for values in combinations if list(values) != list(combinations[0])]
        if odd:
            raise ConfigurationError(
                f"{place}.configurations: {shown(odd[0])} has other keys than "
                f"{shown(combinations[0])}"
            )
        return combinations
    grid = experiment.varied
    count = math.prod(len(values) for values in grid.values())
    if count > MOST_CONFIGURATIONS:
        raise ConfigurationError(
            f"{place}.grid: {count} configurations; at most {MOST_CONFIGURATIONS} are trained"
        )
    return (dict(zip(grid, values, strict=True)) for values in itertools.product(*grid.values()))


def configuration_name(values: Mapping[str, Any], place: str = "grid") -> str:
    """Return `key=value` pairs joined by plus signs, fit for a folder name.

    Not by commas: Snakemake takes the wildcards of a cluster's job apart at them, those inside a
    value too (snakemake/snakemake#2366).
    """
    parts = []
    for key, value in values.items():
        text = str(value).lower() if isinstance(value, bool) else str(value)
        text = "null" if value is None else text  # as YAML writes it
        if not NAME.fullmatch(text):
            raise ConfigurationError(
                f"{place}: {key}={shown(text)} cannot be part of a folder name; "
                "use letters, digits and _ . + -"
            )
        parts.append(f"{key}={text}")
    name = "+".join(parts)
    if len(name) > LONGEST_NAME:
        raise ConfigurationError(
            f"{place}: the name {shown(name)} has {len(name)} characters, a folder's at most "
            f"{LONGEST_NAME}; put what does not vary into options"
        )
    return name
