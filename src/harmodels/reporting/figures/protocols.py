"""Accuracy by the way of splitting, as dots with intervals, the people behind them beside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from harmodels.evaluation.people import accuracy_intervals
from harmodels.evaluation.statistics import Interval, share_interval
from harmodels.reporting.figures.spec import FigureSpec
from harmodels.reporting.figures.style import COLOURS, new_figure
from harmodels.reporting.runs.load import Run
from harmodels.reporting.runs.measures import prediction_measure
from harmodels.reporting.runs.people import people_of_measure
from harmodels.reporting.runs.selection import select_run
from harmodels.reporting.sources import Sources
from harmodels.reporting.tables.protocols import ByProtocol

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MARKERS = ("o", "s", "D")  # told apart without colours too
OFFSETS = (-0.24, 0.0, 0.24)  # of the three ways of splitting in a model's row
PALE = 0.45
BELOW = 0.1  # of the interval, whose line would hide the people


class ProtocolDots(ByProtocol, FigureSpec):
    """Top-1 accuracy by the way of splitting, a row a model; the test subjects as small dots."""

    kind: Literal["protocol_dots"] = "protocol_dots"

    def _draw(self, given: Sources) -> Figure:
        """Draw in each model's row the accuracy of each way of splitting, widest interval."""
        found = {
            title: [
                (select_run(given.runs, model.selection_in(self), "a dot"), model.checkpoint)
                for model in models
            ]
            for title, models in self.ways.items()
        }
        simulated = any(run.simulated for group in found.values() for run, _ in group)
        figure = new_figure(6.8, 0.62 * len(self.random) + 1.2, simulated)
        axes = figure.subplots()
        for index, (title, group) in enumerate(found.items()):
            for row, (run, checkpoint) in enumerate(group):
                place = row + OFFSETS[index]
                label = title if row == 0 else None
                _draw_dot(axes, place, index, label, run, checkpoint, given.subjects)
        axes.set_yticks(range(len(self.random)), [model.title for model in self.random])
        axes.set_ylim(len(self.random) - 0.5, -0.5)
        axes.set_xlim(right=1)
        axes.grid(visible=False, axis="y")
        axes.tick_params(axis="y", length=0)
        axes.set_xlabel("Top-1 accuracy on the test set, widest 95 % interval")
        figure.legend(loc="outside lower center", ncols=3)
        return figure


def _draw_dot(
    axes: Axes,
    place: float,
    index: int,
    label: str | None,
    run: Run,
    checkpoint: str,
    subjects: pd.DataFrame | None,
) -> None:
    colour = COLOURS[index]
    interval: Interval = share_interval(prediction_measure(run, "top_1", checkpoint)["value"])
    people = people_of_measure(run, "top_1", checkpoint, "test", subjects).get("people")
    if people is not None:
        shares = people.correct.sum(axis=0) / people.sequences.sum(axis=0)
        axes.scatter(
            shares, np.full(len(shares), place + BELOW), s=9, color=colour, alpha=PALE, linewidths=0
        )
        interval = accuracy_intervals(people).wider
    if not np.isnan(interval.low):
        axes.hlines(place, interval.low, interval.high, color=colour, linewidth=1.6)
    axes.plot(
        interval.mean,
        place,
        marker=MARKERS[index],
        markersize=5.5,
        markeredgecolor="white",
        color=colour,
        linestyle="none",
        label=label,
    )
