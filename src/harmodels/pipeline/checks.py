"""What a configuration cannot have, said before anything is planned, downloaded or trained.

Whatever the configuration and the registry alone decide is refused here, with the key and what
would be right; what only recordings can tell is left to the job that reads them.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from harmodels.config.experiments import Configuration, Experiment
from harmodels.config.project import ModelPlan
from harmodels.data.dataset import Dataset, HandSimulation
from harmodels.data.formats import FORMATS
from harmodels.data.hands import GROUP
from harmodels.data.splits import Draw
from harmodels.data.units import convert_units, unit_factor
from harmodels.errors import ConfigurationError, DataError
from harmodels.messages import listed, unknown
from harmodels.pipeline.pipeline import Pipeline, find, is_folded
from harmodels.pipeline.targets import ships_features
from harmodels.reporting.reports import Report

# Cells of which estimators are stacks, and channels of a phone in events of a browser and in a
# simulated afternoon: both are named where torch is at hand, which planning does not load.
CELLS = ("gru", "lstm")
PHONE_CHANNEL = re.compile(r"(total_)?acc_[xyz]|(body_)?gyro_[xyz]")


def check_plan(pipeline: Pipeline) -> None:
    """Raise ConfigurationError naming the key of a configuration that cannot be built."""
    for report, given in pipeline.reports:
        for name, experiment in report.experiments.items():
            dataset = pipeline.dataset(experiment.dataset or given)
            draw = report.draws[dataset.name][experiment.draw]
            where = f"report {report.key}, draw {experiment.draw}"
            for mistake in _mistakes_of_draw(dataset, draw, experiment.validation):
                raise ConfigurationError(f"{where}: {mistake}; or leave {name} out (experiments)")
            _refuse(
                f"report {report.key}, experiment {name}",
                _mistakes_of_training(dataset, report, experiment),
            )
    for name, plan in pipeline.project.models.items():
        for key, mistake in _mistakes_of_model(pipeline, plan):
            raise ConfigurationError(f"models.{name}.{key}: {mistake}")
    for name in pipeline.project.live:
        plan = find("model", name, pipeline.project.models, "live")
        _refuse(f"live: {name}", _no_live_page(pipeline, plan))
    for name, recording in pipeline.project.afternoons.items():
        plan = find("model", recording.model, pipeline.project.models, f"afternoons.{name}")
        _refuse(f"afternoons.{name}.model: {recording.model}", _no_afternoon(pipeline, plan))


def _refuse(where: str, mistakes: Iterator[str]) -> None:
    for mistake in mistakes:
        raise ConfigurationError(f"{where}: {mistake}")


def _mistakes_of_draw(dataset: Dataset, draw: Mapping[str, Any], validation: bool) -> Iterator[str]:
    """Yield why sequences of a data set cannot be drawn so."""
    plan = Draw(**draw)
    named = [plan.protocol] if isinstance(plan.protocol, str) else [*plan.protocol]
    own, people = FORMATS[dataset.format], dataset.subjects
    # False where the files are known not to say it; of a format from outside nothing is known
    says = {"official": own.halves, "subjects": own.people}
    protocol = next((each for each in named if says.get(each) is not False), named[-1])
    if is_folded(draw) and not people:
        yield (
            "leave_one_subject_out plans a job for each person, but the registry does not say who "
            f"was recorded for {dataset.name}; add the key subjects to its entry"
        )
    if protocol == "official" and own.halves is False:
        yield f"{dataset.name} has no official split; use protocol: subjects or random"
    if protocol == "subjects" and own.people is False:
        yield f"{dataset.name} does not say who was recorded; use protocol: official or random"
    if protocol == "per_class" and plan.test_per_class is None:
        yield "protocol: per_class needs test_per_class, the test sequences"
    tested = plan.test_subjects
    known = says.get(protocol, True) is not None
    if tested is not None and protocol != "subjects" and known:
        yield f"test_subjects needs protocol: subjects, not {protocol} (of {dataset.name})"
    elif tested is not None and people:
        strange = [person for person in tested if person not in people]
        if strange:
            yield f"test_subjects: {unknown('person', strange[0], people)} (of {dataset.name})"
        if set(tested) == set(people):
            yield f"test_subjects: nobody of {dataset.name} is left to train on; name some people"
    if plan.validation_per_class:
        if plan.validation == "subjects" and own.people is False:
            yield f"{dataset.name} does not say who was recorded; use validation: sequences"
    elif validation:
        yield "an experiment with validation: true needs validation_per_class"


def _mistakes_of_training(
    dataset: Dataset, report: Report, experiment: Experiment
) -> Iterator[str]:
    """Yield why an experiment cannot be trained on a data set."""
    if report.channels is not None:
        dataset.channel_group(report.channels)
    if experiment.reads == "shipped_features" and not ships_features(dataset):
        yield f"{dataset.name} ships no features; use reads: computed_features or sequences"
    if experiment.reads == "computed_features":
        yield from _no_features(dataset)
    hands = isinstance(dataset.simulation, HandSimulation)  # whose lengths differ, as planned
    for configuration in experiment.configurations.values():
        options, name = configuration.options, configuration.name
        rule = _stopping(experiment, configuration)
        if rule and not experiment.validation:
            yield (
                f"{name}: {rule} needs a validation loss; set validation: true in the experiment"
            )
        if options.get("architecture") == "hierarchical" and report.channels != GROUP:
            yield (
                f"{name}: architecture: hierarchical needs a data set of hands and channels: "
                f"{GROUP}; choose architecture: plain"
            )
        if options.get("model") == "minirocket" and experiment.reads != "sequences":
            yield f"{name}: MiniRocket reads sequences, not features; set reads: sequences"
        if experiment.training in ("truncated_bptt", "minibatch", "perceptron") and hands:
            yield (
                f"{name}: {dataset.name} holds sequences of different lengths, which "
                f"training: {experiment.training} cannot read; choose training: recurrent"
            )


def _stopping(experiment: Experiment, configuration: Configuration) -> str:
    """Return the rule that looks at a validation loss, as its option; empty without one."""
    options = configuration.options
    if "stopping" in options:
        rule = options["stopping"]
        return "" if rule == "all_epochs" else f"stopping: {rule}"
    return f"patience: {options['patience']}" if options.get("patience") is not None else ""


def _no_features(dataset: Dataset) -> Iterator[str]:
    # imported here: most plans read no computed features, and scipy takes a while
    from harmodels.data.features import checks
    from harmodels.data.features.signals import LENGTH

    try:
        checks.check_rate(dataset.rate_hz)
        for channel in checks.FILTERED_CHANNELS:
            if channel not in dataset.channels:
                raise DataError(f"they need the channel {channel}")
            unit = dataset.units[dataset.channels.index(channel)]
            if unit != checks.UNIT[channel]:
                raise DataError(f"channel {channel} is in {unit}, not {checks.UNIT[channel]}")
        if dataset.window is not None and dataset.window.steps != LENGTH:
            raise DataError(f"windows have {dataset.window.steps} samples, not {LENGTH}")
    except DataError as error:
        yield (
            f"computed_features of {dataset.name} cannot be computed: {error}. Leave the data set "
            "out of the report, or let the report read its sequences (`reads: sequences`)"
        )


def _mistakes_of_model(pipeline: Pipeline, plan: ModelPlan) -> Iterator[tuple[str, str]]:
    """Yield the keys of a model that do not fit its experiment, with what would be right."""
    report, name = pipeline.report(plan.report), plan.experiment
    experiment = pipeline.experiment(plan.report, name)
    if plan.dataset not in report.datasets:
        datasets = ", ".join(report.datasets)
        yield "dataset", f"report {plan.report} is built on {datasets}, not on {plan.dataset}"
    if experiment.dataset not in (None, plan.dataset):
        yield "dataset", f"{name} is always trained on {experiment.dataset}, not on {plan.dataset}"
    if is_folded(report.draws[plan.dataset][experiment.draw]):
        yield (
            "experiment",
            f"{name} trains a network for each person left out; choose an experiment with one "
            "training set",
        )
    if experiment.training == "baseline":
        yield "experiment", f"{name} trains no network, so there is nothing to export"
    if plan.chosen and not experiment.validation:
        yield (
            "configuration",
            f"{name} has no validation data to choose the best one by; name a configuration of it",
        )
    if plan.checkpoint == "best" and not experiment.validation:
        yield "checkpoint", f"{name} has no best weights without validation data; take last"
    strange = [number for number in plan.replicates if number >= report.replicates]
    if strange:
        yield (
            "replicates",
            f"there is no replicate {strange[0]}; report {plan.report} trains replicates 0 to "
            f"{report.replicates - 1}",
        )
    found = _configurations(pipeline, plan)
    without = [
        each.options["cell"]
        for each in found
        if each.options.get("architecture") == "plain" and each.options["cell"] not in CELLS
    ]
    if without:
        may = "may be" if len(without) < len(found) else "is"
        yield (
            "configuration",
            f"{plan.configuration} {may} a stack of {without[0]} layers, for which there is no "
            f"estimator; name a configuration with one of the cells {', '.join(CELLS)}",
        )


def _configurations(pipeline: Pipeline, plan: ModelPlan) -> list[Configuration]:
    """Return the configuration of a model, or those of which validation data choose one."""
    known = pipeline.experiment(plan.report, plan.experiment).configurations
    if plan.chosen:
        return [*known.values()]
    return [pipeline.configuration(plan.report, plan.experiment, plan.configuration)]


def _no_live_page(pipeline: Pipeline, plan: ModelPlan) -> Iterator[str]:
    """Yield why a model cannot have a page that runs it in a browser."""
    experiment, dataset = _read_by(pipeline, plan)
    if experiment.training == "perceptron" or experiment.reads != "sequences":
        yield (
            f"the page runs recurrent networks on sequences; {plan.experiment} trains "
            f"{experiment.training} on {experiment.reads}. Take the model out of live"
        )
    if dataset.window is None and dataset.format != "uci_har":  # whose files are windows
        yield (
            f"{dataset.name} holds whole recordings, and what comes live has no end; take the "
            "model out of live"
        )
    channels, units = _channels_of(pipeline, plan)
    for channel, unit in zip(channels, units, strict=True):
        if PHONE_CHANNEL.fullmatch(channel) is None:
            yield (
                f"the network reads {channel}, which a phone does not measure; let the report read "
                "another channel group (channels), or take the model out of live"
            )
        try:
            unit_factor("rad/s" if "gyro" in channel else "m/s²", unit)
        except ValueError as error:
            yield f"channel {channel}: {error}"


def _no_afternoon(pipeline: Pipeline, plan: ModelPlan) -> Iterator[str]:
    """Yield why a model cannot classify a simulated afternoon."""
    experiment, dataset = _read_by(pipeline, plan)
    if not dataset.simulated:
        yield "it was trained on recorded data; a simulated afternoon says nothing of it"
    if isinstance(dataset.simulation, HandSimulation):
        yield f"{dataset.name} are hands, and an afternoon is that of a phone; take another model"
    if experiment.reads != "sequences":
        return  # features are computed from what a phone measures
    channels, _ = _channels_of(pipeline, plan)
    strange = [name for name in channels if PHONE_CHANNEL.fullmatch(name) is None]
    if strange:
        yield (
            f"it reads {listed(strange, 3)}, which an afternoon does not hold; take a model of "
            "total acceleration and the gyroscope"
        )


def _read_by(pipeline: Pipeline, plan: ModelPlan) -> tuple[Experiment, Dataset]:
    return pipeline.experiment(plan.report, plan.experiment), pipeline.dataset(plan.dataset)


def _channels_of(pipeline: Pipeline, plan: ModelPlan) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the channels that a network reads, and their units."""
    experiment, dataset = _read_by(pipeline, plan)
    group = pipeline.report(plan.report).channels
    channels = dataset.channel_group(group) if group else dataset.channels
    units = (
        dataset.units if not experiment.unit else convert_units(dataset.units, experiment.unit)[0]
    )
    known = dict(zip(dataset.channels, units, strict=True))
    return channels, tuple(known[name] for name in channels)
