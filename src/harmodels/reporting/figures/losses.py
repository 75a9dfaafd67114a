"""Curves over epochs: mean line and band over replicates."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from harmodels.errors import ConfigurationError
from harmodels.evaluation.statistics import LEVEL, mean_band
from harmodels.reporting.figures.style import ALARM, GREY, line_style, new_figure
from harmodels.reporting.labels import (
    configuration_text,
    key_label,
    measure_label,
    value_text,
    wrap,
)
from harmodels.reporting.measures import best_epochs, curve
from harmodels.reporting.runs import Run, runs_of
from harmodels.reporting.specs import Spec

Runs = Mapping[str, Sequence[Run]]


def draw_loss_by_option(spec: Spec, runs: Runs) -> Figure:
    """Draw one panel a value of an option; the lines are the other hyperparameters.

    Keys of `spec`: experiment, option, metric, and split (`train` unless told).
    """
    group = runs_of(runs, spec["experiment"])
    option, split = spec["option"], spec.get("split", "train")
    values = _values_of(group, option)
    names = list(dict.fromkeys(configuration_text(run.configuration, [option]) for run in group))
    columns = min(len(values), 3)
    rows = math.ceil(len(values) / columns)
    figure = new_figure(
        max(3.7 * columns, 6.0),
        3.1 * rows + 0.24 * math.ceil(len(names) / 2) + 0.4,
        any(run.simulated for run in group),
    )
    panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).flat
    curves: list[pd.DataFrame] = []
    for axes, value in zip(panels, values, strict=False):
        shown = [run for run in group if run.configuration[option] == value]
        for run in shown:
            style = line_style(names.index(configuration_text(run.configuration, [option])))
            curves.append(curve(run, spec["metric"], split))
            _band(axes, curves[-1], style)
        axes.set_title(f"{key_label(option)} {value_text(value)}".replace("± ", "±"))
        axes.set_xlabel("Epoch")
        _note_divergence(axes, shown, [option])
    _limit(figure, curves)
    for axes in list(figure.axes)[len(values) :]:
        axes.remove()
    for axes in figure.axes[::columns]:
        axes.set_ylabel(_loss_label(split, spec["metric"]))
    handles = [Line2D([], [], **line_style(i), label=name or "all") for i, name in enumerate(names)]
    _legend(figure, handles, group)
    return figure


def draw_train_against_validation(spec: Spec, runs: Runs) -> Figure:
    """Draw training and validation loss of each configuration, with the early-stop epochs.

    A triangle marks the epoch of each replicate's best weights, a dotted line their median.
    Keys of `spec`: experiment and metric.
    """
    group = runs_of(runs, spec["experiment"])
    columns = 1 if len(group) == 1 else 2 if len(group) <= 4 else 4
    rows = math.ceil(len(group) / columns)
    figure = new_figure(
        max(2.7 * columns, 4.5), 2.35 * rows + 0.8, any(run.simulated for run in group)
    )
    panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).flat
    curves: list[pd.DataFrame] = []
    styles = {"train": line_style(0), "validation": line_style(1)}
    for axes, run in zip(panels, group, strict=False):
        for split, style in styles.items():
            curves.append(curve(run, spec["metric"], split))
            _band(axes, curves[-1], style)
        _mark_best_epochs(axes, best_epochs(run))
        axes.set_title(wrap(configuration_text(run.configuration), 30))
        _note_divergence(axes, [run], list(run.configuration))
    _limit(figure, curves)
    for axes in list(figure.axes)[len(group) :]:
        axes.remove()
    for i, axes in enumerate(figure.axes):
        if i + columns >= len(group):
            axes.set_xlabel("Epoch")
            axes.tick_params(labelbottom=True)
        if i % columns == 0:
            axes.set_ylabel(measure_label(spec["metric"]))
    handles = [
        Line2D([], [], **styles["train"], label="training"),
        Line2D([], [], **styles["validation"], label="validation"),
        Line2D([], [], color=GREY, linestyle=":", label="early stop, median"),
        Line2D([], [], color=GREY, marker="^", linestyle="", label="early stop of a replicate"),
    ]
    _legend(figure, handles, group, columns=2 if columns < 3 else 5)
    return figure


def _band(axes: Axes, losses: pd.DataFrame, style: dict[str, Any]) -> None:
    if losses.empty:
        return
    band = mean_band(losses, ["epoch"])
    # a single epoch is a point, which a line does not show
    marker = "o" if len(band) == 1 else ""
    axes.plot(band["epoch"], band["mean"], marker=marker, markersize=3, **style)
    spread = band.dropna()
    axes.fill_between(
        spread["epoch"],
        spread["low"],
        spread["high"],
        color=style["color"],
        alpha=0.16,
        linewidth=0,
    )


def _limit(figure: Figure, curves: Sequence[pd.DataFrame]) -> None:
    """Fit the shared axes to what the replicates did; a wide band is cut rather than squash it.

    With two sound replicates Student's t is 12.7, and the band would hide every line.
    """
    values = pd.concat([losses["value"] for losses in curves])
    if values.empty:
        return
    low, high = float(values.min()), float(values.max())
    margin = 0.06 * (high - low) or 0.1 * abs(high) or 1.0
    figure.axes[0].set_ylim(low - 1.5 * margin, high + margin)
    figure.axes[0].xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True, steps=[1, 2, 5, 10]))


def _mark_best_epochs(axes: Axes, epochs: pd.DataFrame) -> None:
    if epochs.empty:
        return
    axes.axvline(float(epochs["value"].median()), color=GREY, linestyle=":", linewidth=1.2)
    axes.plot(
        epochs["value"].astype(float),
        [0.03] * len(epochs),
        transform=axes.get_xaxis_transform(),
        color=GREY,
        marker="^",
        markersize=5,
        linestyle="",
        alpha=0.8,
        clip_on=False,
    )


def _note_divergence(axes: Axes, group: Sequence[Run], without: Sequence[str]) -> None:
    """Say in the panel how many replicates diverged: they are not in the mean."""
    lines = []
    for run in group:
        if run.diverged:
            name = configuration_text(run.configuration, without)
            count = f"{len(run.diverged)} of {run.replicates} diverged"
            lines.append(f"{name}: {count}" if name else count)
    if lines:
        axes.text(
            0.98,
            0.97,
            "\n".join(lines),
            transform=axes.transAxes,
            ha="right",
            va="top",
            fontsize=8,
            color=ALARM,
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1.5},
        )


def _legend(figure: Figure, handles: list[Line2D], group: Sequence[Run], columns: int = 2) -> None:
    most = max(run.replicates - len(run.diverged) for run in group)
    if most > 1:
        handles = [
            *handles,
            Line2D([], [], color=GREY, alpha=0.25, linewidth=7, label=_band_label(group)),
        ]
    figure.legend(handles=handles, loc="outside lower center", ncols=min(columns, len(handles)))


def _band_label(group: Sequence[Run]) -> str:
    counts = sorted({run.replicates for run in group})
    number = str(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    return f"{LEVEL:.0%} interval of the mean, {number} replicates".replace("%", " %")


def _loss_label(split: str, metric: str) -> str:
    name = {"train": "training", "validation": "validation", "test": "test"}.get(split, split)
    label = measure_label(metric)
    return f"{label[:1].upper()}{label[1:]}, {name}"


def _values_of(group: Sequence[Run], option: str) -> list[Any]:
    for run in group:
        if option not in run.configuration:
            raise ConfigurationError(
                f"experiment {run.experiment!r} does not vary {option!r}; "
                f"it varies {', '.join(run.configuration) or 'nothing'}"
            )
    return list(dict.fromkeys(run.configuration[option] for run in group))
