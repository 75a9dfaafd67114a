"""Sweeps of an option: its effect on a measure, and on the time of training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple

import numpy as np
import pandas as pd
from pydantic import Field

from harmodels.config.base import Filled, Number, Text, key
from harmodels.config.selection import OPTION, SCALE, OfCheckpoint, Scale, Selecting
from harmodels.errors import ConfigurationError
from harmodels.evaluation.statistics import share_band
from harmodels.reporting.checks import Known, are_numbers, check_values
from harmodels.reporting.figures.bands import SPLITS, replicates_text
from harmodels.reporting.figures.spec import SPLITS_SHOWN, FigureSpec, Limited, Splits
from harmodels.reporting.figures.style import ALARM, COLOURS, DASHES, line_handle, new_figure
from harmodels.reporting.labels import (
    configuration_text,
    key_label,
    measure_label,
    name_text,
)
from harmodels.reporting.runs.load import Run, Runs
from harmodels.reporting.runs.measures import prediction_measure
from harmodels.reporting.runs.selection import option_values, select_runs
from harmodels.reporting.sources import Sources
from harmodels.reporting.tables.spec import MEASURE, Measure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MARKERS = {"train": "^", "validation": "s", "test": "o"}
APART = 2.5  # points between intervals of two splits at the same value
AXIS_INCHES = 2.9  # between the lowest and the highest value of a panel
CHARACTER_INCHES = 0.08
SLANTED: dict[str, Any] = {"rotation": 35, "ha": "right", "rotation_mode": "anchor"}


class Series(NamedTuple):
    """One panel: its runs in the order of their values, and where these stand on the axis."""

    name: str
    option: str
    scale: str
    values: list[Any]
    places: list[float]
    runs: list[Run]

    @property
    def numbers(self) -> bool:
        """Whether the values are numbers, which have distances, and not words."""
        return are_numbers(self.values)


class Panel(Selecting):
    """One panel of a sweep: an experiment with one configuration a value."""

    title: Text | None = key(
        None, "Above it; by default what `where` or else `experiment` names, one panel has none."
    )
    option: Text = key(..., OPTION)
    scale: Scale = key("linear", SCALE)


class OfPanels(FigureSpec):
    """Keys of a figure with sweeps beside each other."""

    panels: Filled[Panel] = key(
        ..., "Panels beside each other, each an experiment with one configuration a value."
    )

    def check(self, known: Known) -> None:
        """Refuse panels without one configuration a value, or with values that an axis lacks."""
        super().check(known)
        for panel, selection in zip(self.panels, self.selections, strict=True):
            known.check_sweep(panel.option, panel.scale, selection)

    def _series(self, runs: Runs) -> list[Series]:
        alone = len(self.panels) == 1
        return [
            _sweep(panel, select_runs(runs, selection), panel.title or _usual_name(panel, alone))
            for panel, selection in zip(self.panels, self.selections, strict=True)
        ]


class Sweep(OfCheckpoint, OfPanels, Limited):
    """A measure against an option; a point is the mean over replicates, its bar the interval."""

    kind: Literal["sweep"] = "sweep"
    measure: Measure = key("top_1", MEASURE)
    splits: Splits = key(("validation", "test"), SPLITS_SHOWN)

    def check(self, known: Known) -> None:
        """Refuse validation numbers of experiments without validation sequences."""
        super().check(known)
        if "validation" in self.splits:
            for selection in self.selections:
                known.check_validation(selection, "`splits: validation`")

    def _draw(self, given: Sources) -> Figure:
        """Draw one panel a sweep, one line a split."""
        measure, splits = self.measure, self.splits
        sweeps = self._series(given.runs)
        figure, panels = _panels(sweeps)
        samples = []
        for axes, sweep in zip(panels, sweeps, strict=True):
            for i, split in enumerate(splits):
                sample = _sample(sweep, measure, self.checkpoint, split)
                _draw_means(axes, sample, _style(split), (2 * i - len(splits) + 1) * APART / 2)
                samples.append(sample)
        _limit(panels[0], samples, self.limits)
        panels[0].set_ylabel("Accuracy" if measure == "top_1" else measure_label(measure))
        shown = [run for sweep in sweeps for run in sweep.runs]
        what = replicates_text(shown, "mean and {level} interval of {number} replicates")
        handles = [line_handle(**_style(split), label=SPLITS[split]) for split in splits]
        figure.legend(handles=handles, title=what, loc="outside lower center", ncols=len(handles))
        return figure


class SweepTime(OfPanels):
    """The wall time of a run divided by its replicates, against an option.

    Beside published seconds, which are of another machine, both are shown as multiples of the time
    at the first value published.
    """

    kind: Literal["sweep_time"] = "sweep_time"
    published: dict[Any, Annotated[Number, Field(gt=0)]] | None = key(
        None,
        "Seconds that the report states, by value of the only panel's option.",
        min_length=1,
    )

    def check(self, known: Known) -> None:
        """Refuse published seconds that have no place beside ours."""
        super().check(known)
        if self.published and len(self.panels) > 1:
            raise ConfigurationError(
                "`published` seconds belong to one panel; give others a figure"
            )
        (panel, *_), (selection, *_) = self.panels, self.selections
        values = [c.values[panel.option] for c in known.selected(selection)]
        for value in self.published or ():
            if value not in values:
                raise ConfigurationError(
                    f"`published` names {panel.option} {value!r}; the experiment has {values}"
                )

    def _draw(self, given: Sources) -> Figure:
        """Draw one number a configuration, without an interval: its replicates train together."""
        sweeps = self._series(given.runs)
        figure, panels = _panels(sweeps)
        for axes, sweep in zip(panels, sweeps, strict=True):
            if self.published:
                _draw_multiples(axes, sweep, self.published)
            else:
                seconds = [_seconds(run) for run in sweep.runs]
                # between words there is nothing that a line could show
                joined = {} if sweep.numbers else {"linestyle": "none"}
                axes.plot(sweep.places, seconds, **_style("test") | joined)
            axes.set_ylim(bottom=0)
        if self.published:
            figure.legend(loc="outside lower center", ncols=2)
        else:
            panels[0].set_ylabel("Seconds a replicate")
        return figure


def _draw_multiples(axes: Axes, sweep: Series, published: Mapping[Any, float]) -> None:
    """Draw our times and the published ones, each divided by its own at one value."""
    places = dict(zip(sweep.values, sweep.places, strict=True))
    seconds = {value: _seconds(run) for value, run in zip(sweep.values, sweep.runs, strict=True)}
    base = next(iter(published))
    first = configuration_text({sweep.option: base})
    for name, times, split, height in (
        ("Here", seconds, "test", -12),
        ("Published", published, "validation", 6),
    ):
        multiples = {value: time / times[base] for value, time in times.items()}
        where = [places[value] for value in multiples]
        label = f"{name} ({first}: {times[base]:.3g} s)"
        axes.plot(where, list(multiples.values()), label=label, **_style(split))
        for value, multiple in multiples.items():
            if value in published and value != base:
                axes.annotate(
                    f"{multiple:.1f}",
                    (places[value], multiple),
                    xytext=(0, height),
                    textcoords="offset points",
                    ha="center",
                    fontsize=8,
                )
    axes.set_ylabel(f"Time relative to {first}")


def _usual_name(panel: Panel, alone: bool) -> str:
    if alone:
        return ""
    name = configuration_text(panel.where) or name_text(panel.experiment)
    return name[:1].upper() + name[1:]


def _sweep(panel: Panel, group: Sequence[Run], name: str) -> Series:
    option, scale = panel.option, panel.scale
    values = option_values(group, option)
    check_values(option, scale, panel.experiment, values)
    numbers = are_numbers(values)
    order = sorted(range(len(values)), key=lambda i: values[i]) if numbers else range(len(values))
    ordered = [values[i] for i in order]
    places = [float(v) for v in ordered] if numbers else [float(i) for i in range(len(values))]
    return Series(name, option, scale, ordered, places, [group[i] for i in order])


def _panels(sweeps: Sequence[Series]) -> tuple[Figure, list[Axes]]:
    """Return a figure with a panel a sweep; every value that was tried has its tick."""
    simulated = any(run.simulated for sweep in sweeps for run in sweep.runs)
    figure = new_figure(max(4.1 * len(sweeps), 5.2), 3.9, simulated)
    panels = list(figure.subplots(1, len(sweeps), sharey=True, squeeze=False)[0])
    for axes, sweep in zip(panels, sweeps, strict=True):
        names = [name_text(value) for value in sweep.values]
        _value_axis(axes, sweep, names)
        axes.set_title(sweep.name, loc="left")
        # above the panel: where curves rise or fall, no corner inside is free of them
        axes.set_title(_diverged(names, sweep.runs), loc="right", fontsize=8, color=ALARM)
    return figure, panels


def _diverged(names: Sequence[str], runs: Sequence[Run]) -> str:
    """Return how many replicates diverged at which value: they are not in the mean."""
    return "\n".join(
        f"{name}: {len(run.diverged)} of {run.replicates} diverged"
        for name, run in zip(names, runs, strict=True)
        if run.diverged
    )


def _value_axis(axes: Axes, sweep: Series, names: Sequence[str]) -> None:
    """Give the axis its scale, limits and ticks; names that would touch are slanted."""
    places = np.array(sweep.places)
    if sweep.scale == "log":
        places = np.log10(places)
    span = float(np.ptp(places)) or 1.0
    ends = np.array([places.min() - 0.08 * span, places.max() + 0.08 * span])
    axes.set_xscale(sweep.scale)
    axes.set_xlim(*(10**ends if sweep.scale == "log" else ends))
    gap = float(np.diff(np.sort(places)).min()) / span if len(places) > 1 else 1.0
    crowded = gap * AXIS_INCHES < CHARACTER_INCHES * (max(map(len, names)) + 1)
    axes.set_xticks(sweep.places, names, **(SLANTED if crowded else {}))
    axes.set_xticks([], minor=True)
    axes.set_xlabel(key_label(sweep.option))


def _sample(sweep: Series, measure: str, checkpoint: str, split: str) -> pd.DataFrame:
    """Return columns place (on the axis), replicate and value."""
    parts = [
        prediction_measure(run, measure, checkpoint, split).assign(place=place)
        for place, run in zip(sweep.places, sweep.runs, strict=True)
    ]
    return pd.concat(parts, ignore_index=True)


def _draw_means(axes: Axes, sample: pd.DataFrame, style: dict[str, Any], points: float) -> None:
    """Draw means with their intervals, moved sideways by some points lest two splits overlap."""
    if sample.empty:
        return
    band = share_band(sample, ["place"])
    from matplotlib.transforms import ScaledTranslation

    figure = axes.get_figure(root=True)
    assert figure is not None, "axes without a figure"
    moved = axes.transData + ScaledTranslation(points / 72, 0, figure.dpi_scale_trans)
    axes.errorbar(
        band["place"],
        band["mean"],
        yerr=[(band[a] - band[b]).fillna(0.0) for a, b in (("mean", "low"), ("high", "mean"))],
        transform=moved,
        elinewidth=1.0,
        capsize=2.5,
        **style,
    )


def _limit(axes: Axes, samples: Sequence[pd.DataFrame], limits: Sequence[float] | None) -> None:
    """Show all intervals, unless a wide one (Student's t of two replicates) would flatten all.

    All measures are shares: a bound below 0 or above 1 is left outside.
    """
    everything = pd.concat(samples)
    if limits is not None:
        axes.set_ylim(*limits)
    elif not everything.empty:
        low, high = float(everything["value"].min()), float(everything["value"].max())
        room = 0.6 * (high - low) or 0.1 * abs(high) or 1.0
        bands = pd.concat([share_band(sample, ["place"]) for sample in samples if len(sample)])
        bottom = max(np.nanmin([low, *bands["low"]]), low - room)
        top = min(np.nanmax([high, *bands["high"]]), high + room)
        margin = 0.05 * (top - bottom) or room
        axes.set_ylim(max(bottom - margin, -0.02), min(top + margin, 1.02))


def _style(split: str) -> dict[str, Any]:
    index = ["test", "validation", "train"].index(split)
    return {
        "color": COLOURS[index],
        "linestyle": DASHES[index],
        "marker": MARKERS[split],
        "markersize": 4.5,
    }


def _seconds(run: Run) -> float:
    return run.wall_time_s / run.replicates
