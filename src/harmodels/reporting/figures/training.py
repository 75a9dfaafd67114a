"""Training curves: loss and accuracy of each configuration beside each other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import pandas as pd

from harmodels.config.base import Text, key
from harmodels.config.selection import Choosing, Selection
from harmodels.reporting.figures.bands import (
    BEST_MARK,
    END_MARK,
    draw_band,
    draw_legend,
    draw_points,
    limit_axes,
    line_names,
    mark_epochs,
    note_divergence,
)
from harmodels.reporting.figures.spec import METRIC, Limited
from harmodels.reporting.figures.style import line_handle, line_style, new_figure
from harmodels.reporting.labels import measure_label, wrap
from harmodels.reporting.runs.load import Run
from harmodels.reporting.runs.measures import best_epochs, curve, early_ends
from harmodels.reporting.runs.selection import select_runs
from harmodels.reporting.sources import Sources

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

Curves = list[pd.DataFrame]

STYLES = {"train": line_style(0), "validation": line_style(1), "test": line_style(2)}
MOST_ROWS = 4  # with more configurations two of them share a row


class TrainingCurves(Choosing, Limited):
    """Two panels a configuration, loss and accuracy over epochs.

    Lines are training and validation, points the test set where it was looked at.
    """

    kind: Literal["training_curves"] = "training_curves"
    metric: Text = key(..., METRIC)

    @property
    def shown_curves(self) -> list[tuple[Selection, str, str]]:
        """The training loss; of the others what the history holds."""
        return [(self.selection, self.metric, "train")]

    def _draw(self, given: Sources) -> Figure:
        """Draw the loss on the left, the accuracy on the right, as far as the history has them."""
        group = select_runs(given.runs, self.selection)
        pairs = 1 if len(group) <= MOST_ROWS else 2
        rows = math.ceil(len(group) / pairs)
        figure = new_figure(6.6 * pairs, 2.1 * rows + 0.9, any(run.simulated for run in group))
        grid = figure.subplots(rows, 2 * pairs, sharex=True, squeeze=False)
        panels: list[list[Axes]] = grid.reshape(-1, 2).tolist()
        losses: Curves = []
        accuracies: Curves = []
        names = line_names(group, list(self.where))
        for (left, right), run, name in zip(panels, group, names, strict=False):
            losses += _draw_metric(left, run, self.metric)
            accuracies += _draw_metric(right, run, "accuracy")
            left.set_title(wrap(name, 80), loc="left")
            for axes in (left, right):
                mark_epochs(axes, best_epochs(run), BEST_MARK, 0.03)
                mark_epochs(axes, early_ends(run), END_MARK, 0.1)
            note_divergence(left, [("", run)])
        _finish(panels, len(group), pairs, losses, accuracies, self)
        draw_legend(figure, _handles(group, losses + accuracies), group, columns=2 * pairs)
        return figure


def _draw_metric(axes: Axes, run: Run, metric: str) -> Curves:
    """Draw what the history holds of one metric; return the curves drawn, named by split."""
    drawn = []
    held = run.history.loc[run.history["metric"] == metric, "split"].unique()
    for split, style in STYLES.items():
        if split not in held:
            continue
        curves = curve(run, metric, split)
        (draw_points if split == "test" else draw_band)(axes, curves, style)
        drawn.append(curves.assign(split=split))
    return drawn


def _finish(
    panels: Sequence[Sequence[Axes]],
    count: int,
    pairs: int,
    losses: Curves,
    accuracies: Curves,
    spec: TrainingCurves,
) -> None:
    """Give all panels of one kind the same axes and label them; take empty panels away."""
    for side, curves, label in (
        (0, losses, measure_label(spec.metric)),
        (1, accuracies, measure_label("accuracy")),
    ):
        shown = [panel[side] for panel in panels[:count]]
        for i, axes in enumerate(shown):
            if i:
                axes.sharey(shown[0])
            axes.set_ylabel(label)
            axes.tick_params(labelbottom=i + pairs >= count)
            if i + pairs >= count:
                axes.set_xlabel("Epoch")
        if curves:
            limit_axes(shown[0], curves, spec.limits if side == 0 else None)
    for panel in panels[count:]:
        for axes in panel:
            axes.remove()


def _handles(group: Sequence[Run], drawn: Curves) -> list[Line2D]:
    splits = {split for curves in drawn for split in curves["split"].unique()}
    texts = {"train": "training", "validation": "validation"}
    handles = [
        line_handle(**STYLES[split], label=text) for split, text in texts.items() if split in splits
    ]
    if "test" in splits:
        colour = STYLES["test"]["color"]
        point = line_handle(color=colour, marker="o", markersize=3.5, linestyle="", label="test")
        handles.append(point)
    if any(not best_epochs(run).empty for run in group):
        handles.append(line_handle(**BEST_MARK, label="best weights of a replicate"))
    if any(not early_ends(run).empty for run in group):
        handles.append(line_handle(**END_MARK, label="end of a replicate's training"))
    return handles
