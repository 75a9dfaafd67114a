"""Sweeps of an option in a specification, checked against the experiments they are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from harmodels.config.entries import nearest
from harmodels.config.selection import Selection, agrees
from harmodels.config.specs import claims, figures
from harmodels.errors import ConfigurationError

if TYPE_CHECKING:
    from harmodels.config.experiments import Configuration, Experiment


def selected(selection: Selection, experiment: Experiment) -> list[Configuration]:
    """Return the configurations of an experiment that a selection means."""
    return [
        configuration
        for configuration in experiment.configurations.values()
        if agrees(configuration.values, selection.where)
    ]


def check_option(option: str, experiment: Experiment) -> None:
    """Refuse an option that the experiment does not vary."""
    varied = list(next(iter(experiment.configurations.values())).values)
    if option not in varied:
        raise ConfigurationError(
            f"experiment {experiment.name!r} does not vary {option!r}{nearest(option, varied)}; "
            f"it varies {', '.join(varied)}"
        )


def check_panel(
    panel: figures.Panel | claims.Trend | claims.Straight, experiment: Experiment
) -> None:
    """Refuse a sweep without one configuration a value, or with values that its axis lacks."""
    check_option(panel.option, experiment)
    found = selected(panel.selection, experiment)
    values = [configuration.values[panel.option] for configuration in found]
    if len(set(values)) < len(values):
        raise ConfigurationError(
            f"a sweep needs one configuration of each {panel.option!r}, but experiment "
            f"{experiment.name!r} has {len(values)} of {len(set(values))} values; "
            "choose some with `where`"
        )
    if panel.scale == "log" and any(isinstance(v, str | bool) or v <= 0 for v in values):
        raise ConfigurationError(
            f"{panel.option!r} has values that a log axis cannot show: {values}"
        )


def check_line(spec: claims.Trend | claims.Straight, experiment: Experiment) -> None:
    """Refuse a line through fewer than three numbers."""
    check_panel(spec, experiment)
    found = selected(spec.selection, experiment)
    values = [configuration.values[spec.option] for configuration in found]
    if len(values) < 3 or any(isinstance(value, str | bool) for value in values):
        raise ConfigurationError(
            f"a line along {spec.option!r} needs three numbers at least; experiment "
            f"{experiment.name!r} has {values}"
        )


def check_seconds(
    published: Mapping[Any, Any],
    panels: Sequence[figures.Panel],
    experiments: Mapping[str, Experiment],
) -> None:
    """Refuse published seconds that have no place beside ours."""
    if len(panels) > 1:
        raise ConfigurationError("`published` seconds belong to one panel; give others a figure")
    (panel,) = panels
    found = selected(panel.selection, experiments[panel.selection.experiment])
    values = [configuration.values[panel.option] for configuration in found]
    for value, seconds in published.items():
        if value not in values:
            raise ConfigurationError(
                f"`published` names {panel.option} {value!r}; the experiment has {values}"
            )
        if isinstance(seconds, str | bool) or seconds <= 0:
            raise ConfigurationError(f"`published` {value!r}: {seconds!r} is no number of seconds")
