"""Losses over epochs: by an option, training against validation, runs in one panel."""

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from harmodels.config.specs.figures import LossByOption, LossesCompared, TrainAgainstValidation
from harmodels.errors import ConfigurationError
from harmodels.reporting.figures.bands import (
    BEST_MARK,
    DOTTED,
    END_MARK,
    PUBLISHED,
    SPLITS,
    draw_band,
    draw_legend,
    draw_published,
    label_panels,
    limit_axes,
    line_names,
    loss_label,
    mark_epochs,
    note_divergence,
)
from harmodels.reporting.figures.style import COLOURS, DASHES, GREY, line_style, new_figure
from harmodels.reporting.labels import measure_label, setting_text, wrap
from harmodels.reporting.runs.load import Run, Runs
from harmodels.reporting.runs.measures import best_epochs, curve, early_ends
from harmodels.reporting.runs.published import counterpart
from harmodels.reporting.runs.selection import select_run, select_runs

# characters that the height of a panel leaves room for
LONGEST_LABEL = {"loss_by_option": 40, "train_against_validation": 32}


def draw_loss_by_option(spec: LossByOption, runs: Runs, published: Runs | None = None) -> Figure:
    """Draw one panel a value of an option; the lines are the other hyperparameters.

    Published curves have the colours of ours and dots.
    """
    group = select_runs(runs, spec.selection)
    option, split = spec.option, spec.split
    values = _values_of(group, option)
    known = [option, *spec.selection.where]
    names = list(dict.fromkeys(line_names(group, known)))
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
        for run, name in zip(shown, line_names(shown, known), strict=True):
            curves.append(curve(run, spec.metric, split))
            style = line_style(names.index(name))
            draw_band(axes, curves[-1], style)
            theirs = counterpart(run, published or {})
            curves += draw_published(axes, theirs, spec.metric, split, style)
        axes.set_title(setting_text(option, value))
        axes.set_xlabel("Epoch")
        note_divergence(axes, list(zip(line_names(shown, known), shown, strict=True)))
    limit_axes(figure.axes[0], curves, spec.limits)
    for axes in list(figure.axes)[len(values) :]:
        axes.remove()
    for axes in figure.axes[::columns]:
        axes.set_ylabel(wrap(loss_label(split, spec.metric), LONGEST_LABEL[spec.kind]))
    handles = [Line2D([], [], **line_style(i), label=name or "all") for i, name in enumerate(names)]
    handles += _published_handle(figure)
    draw_legend(figure, handles, group)
    return figure


def draw_train_against_validation(
    spec: TrainAgainstValidation, runs: Runs, published: Runs | None = None
) -> Figure:
    """Draw training and validation loss of each configuration, with the epochs that count.

    Published curves have the colours of ours and dots.

    A triangle marks the epoch of each replicate's best weights, a dotted line their median, a
    cross the epoch at which a stopping rule ended a replicate.
    """
    group = select_runs(runs, spec.selection)
    columns = len(group) if len(group) in (1, 3) else 2 if len(group) <= 4 else 4
    rows = math.ceil(len(group) / columns)
    figure = new_figure(
        max(2.7 * columns, 4.5), 2.35 * rows + 0.8, any(run.simulated for run in group)
    )
    panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).flat
    curves: list[pd.DataFrame] = []
    styles = {"train": line_style(0), "validation": line_style(1)}
    fixed = list(spec.selection.where)
    for axes, run, name in zip(panels, group, line_names(group, fixed), strict=False):
        for split, style in styles.items():
            curves.append(curve(run, spec.metric, split))
            draw_band(axes, curves[-1], style)
            theirs = counterpart(run, published or {})
            curves += draw_published(axes, theirs, spec.metric, split, style)
        _mark_best_epochs(axes, best_epochs(run))
        mark_epochs(axes, early_ends(run), END_MARK, 0.1)
        axes.set_title(wrap(name, 34))
        note_divergence(axes, [("", run)])
    limit_axes(figure.axes[0], curves, spec.limits)
    vertical = wrap(measure_label(spec.metric), LONGEST_LABEL[spec.kind])
    label_panels(figure, len(group), columns, "Epoch", vertical)
    handles = [
        Line2D([], [], **styles["train"], label="training"),
        Line2D([], [], **styles["validation"], label="validation"),
        Line2D([], [], color=GREY, linestyle=":", label="best weights, median"),
        Line2D([], [], **BEST_MARK, label="best weights of a replicate"),
    ]
    if any(not early_ends(run).empty for run in group):
        handles.append(Line2D([], [], **END_MARK, label="end of a replicate's training"))
    handles += _published_handle(figure)
    draw_legend(figure, handles, group, columns=2 if columns < 4 else 4)
    return figure


def draw_losses_compared(spec: LossesCompared, runs: Runs) -> Figure:
    """Draw the losses of some configurations in one panel: colours are runs, dashes are splits.

    Raises
    ------
    ConfigurationError
        If an entry of `runs` names several configurations.
    """
    group = [select_run(runs, selection, "a line") for selection in spec.runs]
    titles = [selection.name for selection in spec.runs]
    figure = new_figure(6.4, 4.4, any(run.simulated for run in group))
    axes = figure.subplots()
    curves: list[pd.DataFrame] = []
    handles = []
    for i, (run, title) in enumerate(zip(group, titles, strict=True)):
        for j, split in enumerate(spec.splits):
            style: dict[str, Any] = {
                "color": COLOURS[i % len(COLOURS)],
                "linestyle": DASHES[j % len(DASHES)],
            }
            curves.append(curve(run, spec.metric, split))
            draw_band(axes, curves[-1], style)
            handles.append(Line2D([], [], **style, label=f"{title}, {SPLITS[split]}"))
    limit_axes(axes, curves, spec.limits)
    axes.set_xlabel("Epoch")
    axes.set_ylabel(measure_label(spec.metric))
    note_divergence(axes, list(zip(titles, group, strict=True)))
    draw_legend(figure, handles, group)
    return figure


def _published_handle(figure: Figure) -> list[Line2D]:
    """Return a legend's line for published curves, if any were drawn."""
    drawn = any(line.get_gid() == PUBLISHED for axes in figure.axes for line in axes.lines)
    return [Line2D([], [], color=GREY, **DOTTED, label="published")] if drawn else []


def _mark_best_epochs(axes: Axes, epochs: pd.DataFrame) -> None:
    if epochs.empty:
        return
    axes.axvline(float(epochs["value"].median()), color=GREY, linestyle=":", linewidth=1.2)
    mark_epochs(axes, epochs, BEST_MARK, 0.03)


def _values_of(group: Sequence[Run], option: str) -> list[Any]:
    for run in group:
        if option not in run.configuration:
            raise ConfigurationError(
                f"experiment {run.experiment!r} does not vary {option!r}; "
                f"it varies {', '.join(run.configuration) or 'nothing'}"
            )
    return list(dict.fromkeys(run.configuration[option] for run in group))
