"""Whether what a specification names exists, asked before anything trains."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from harmodels.config.experiments import Configuration, Experiment
from harmodels.config.options import OPTIONS
from harmodels.config.published import PublishedRun
from harmodels.config.selection import Selection, agrees
from harmodels.errors import ConfigurationError
from harmodels.messages import listed, nearest, unknown
from harmodels.reporting.runs.measures import PER_CLASS


@dataclass(frozen=True)
class Known:
    """What the specifications of a report may name."""

    experiments: Mapping[str, Experiment]  # those that the project builds
    names: Sequence[str]  # of all experiments of the report
    published_runs: Mapping[str, PublishedRun]  # by experiment
    folder: Path  # config/published

    def missing(self, names: Sequence[str]) -> list[str]:
        """Return the experiments that are not built; raise if the report has no such experiment."""
        for name in names:
            if name not in self.names:
                raise ConfigurationError(unknown("experiment", name, self.names))
        return [name for name in names if name not in self.experiments]

    def selected(self, selection: Selection) -> list[Configuration]:
        """Return the configurations that a selection means."""
        return [
            configuration
            for configuration in self.experiments[selection.experiment].configurations.values()
            if agrees(configuration.values, selection.where)
        ]

    def check_selection(self, selection: Selection) -> None:
        """Refuse a selection of nothing, and one that needs validation data which are not there."""
        experiment = self.experiments[selection.experiment]
        if not self.selected(selection):
            raise ConfigurationError(
                f"no configuration of experiment {experiment.name!r} agrees with {selection.where}"
                f"{nearest(selection.where, experiment.configurations)}; "
                f"there are {listed(experiment.configurations)}"
            )
        if selection.choose:
            self.check_validation(selection, f"`choose: {selection.choose}`")
        if selection.checkpoint == "best":
            self.check_validation(selection, "`checkpoint: best`")
        if selection.split == "validation":
            self.check_validation(selection, "`split: validation`")

    def check_validation(self, selection: Selection, user: str) -> None:
        """Refuse an experiment that holds no validation sequences out; `user` needs them."""
        if not self.experiments[selection.experiment].validation:
            raise ConfigurationError(
                f"{user} needs validation sequences, which experiment {selection.experiment!r} "
                "does not hold out; set `validation: true` there, or ask for last weights and "
                "other splits"
            )

    def check_curve(self, selection: Selection, metric: str, split: str) -> None:
        """Refuse a curve that history.parquet does not hold."""
        experiment = self.experiments[selection.experiment]
        known = losses_of(experiment.training)
        if metric not in known:
            raise ConfigurationError(
                f"experiment {experiment.name!r} has no loss {metric!r}"
                f"{nearest(metric, known)}; it has {', '.join(known) or 'none'}"
            )
        if split == "validation":
            self.check_validation(selection, "a validation loss")
        if split == "test" and not self._all_set(selection, "test_every"):
            raise ConfigurationError(
                f"experiment {experiment.name!r} does not look at the test set while it "
                "trains; set `test_every` there to draw a test loss"
            )

    def check_gradients(self, selection: Selection) -> None:
        """Refuse runs that measure no gradients."""
        if not self._all_set(selection, "measure_gradients"):
            raise ConfigurationError(
                f"experiment {selection.experiment!r} does not measure gradients; set "
                "`measure_gradients: true` in its options, which report trainings truncated_bptt "
                "and minibatch have"
            )

    def _all_set(self, selection: Selection, option: str) -> bool:
        return all(c.options.get(option) for c in self.selected(selection))

    def check_single(self, selection: Selection) -> None:
        """Refuse a selection of several configurations where one is needed."""
        found = self.selected(selection)
        if len(found) > 1 and not selection.choose:
            raise ConfigurationError(
                f"one configuration is needed, but {selection.experiment!r} where "
                f"{selection.where or 'nothing is said'} has {len(found)}; "
                "say which with `where`, or `choose` one on validation data"
            )

    def check_option(self, option: str, selection: Selection) -> None:
        """Refuse an option that the experiment does not vary."""
        experiment = self.experiments[selection.experiment]
        varied = list(next(iter(experiment.configurations.values())).values)
        if option not in varied:
            raise ConfigurationError(
                f"experiment {experiment.name!r} does not vary {option!r}"
                f"{nearest(option, varied)}; it varies {', '.join(varied)}"
            )

    def check_sweep(self, option: str, scale: str, selection: Selection) -> list[Any]:
        """Return a sweep's values of an option, one a configuration, that its axis can show."""
        self.check_option(option, selection)
        values = [configuration.values[option] for configuration in self.selected(selection)]
        check_values(option, scale, selection.experiment, values)
        return values


def losses_of(training: str) -> list[str]:
    """Return the losses that a training writes to its history, and what is derived from them."""
    monitor = OPTIONS[training].model_fields.get("monitor")
    losses = get_args(monitor.annotation) if monitor else ()
    summed = "binary_cross_entropy"  # over the classes
    return [n for loss in losses for n in (loss, *([loss + PER_CLASS] if loss == summed else []))]


def check_values(option: str, scale: str, experiment: str, values: Sequence[Any]) -> None:
    """Refuse a sweep with two configurations of a value, or with values that its axis lacks."""
    if len(set(values)) < len(values):
        raise ConfigurationError(
            f"a sweep needs one configuration of each {option!r}, but experiment "
            f"{experiment!r} has {len(values)} of {len(set(values))} values; "
            "choose some with `where`"
        )
    if scale == "log" and not (are_numbers(values) and min(values) > 0):
        raise ConfigurationError(f"{option!r} has values that a log axis cannot show: {values}")


def are_numbers(values: Sequence[Any]) -> bool:
    """Return whether values have distances, as words and truth values have not."""
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
