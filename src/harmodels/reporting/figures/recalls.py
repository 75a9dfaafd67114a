"""Recall of each class as bars, the hardest class first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from harmodels.config.base import Filled, key
from harmodels.config.selection import OfCheckpoint, OfSplit
from harmodels.evaluation.classification import class_recall
from harmodels.evaluation.predictions import select
from harmodels.evaluation.statistics import share_band
from harmodels.reporting.checks import Known
from harmodels.reporting.figures.bands import replicates_text
from harmodels.reporting.figures.spec import Compared, FigureSpec
from harmodels.reporting.figures.style import COLOURS, new_figure, patch_handle
from harmodels.reporting.labels import class_text, configuration_text
from harmodels.reporting.runs.load import Run
from harmodels.reporting.runs.selection import select_run
from harmodels.reporting.sources import Sources

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PALE = 0.5  # lets the interval be seen on its bar
THICK = 0.8  # share of a class's row that its bars fill


class RecallBars(OfSplit, OfCheckpoint, FigureSpec):
    """The recall of each class, a bar a run, the hardest class on top; three runs at most."""

    kind: Literal["recall_bars"] = "recall_bars"
    runs: Filled[Compared] = key(..., "The runs to compare; each leaves one configuration.")

    def check(self, known: Known) -> None:
        """Refuse several configurations in a bar."""
        super().check(known)
        for selection in self.selections:
            known.check_single(selection)

    def _draw(self, given: Sources) -> Figure:
        """Draw mean recalls with their intervals, the lowest mean of all runs on top."""
        group = [select_run(given.runs, selection, "a bar") for selection in self.selections]
        classes = group[0].classes
        bands = [_recalls(run, self.checkpoint, self.split) for run in group]
        order = _order(bands, len(classes))
        row = max(0.2, 0.13 * len(group))
        simulated = any(run.simulated for run in group)
        figure = new_figure(6.4, row * len(classes) + 1.1 + 0.2 * len(group), simulated)
        axes = figure.subplots()
        for i, band in enumerate(bands):
            _draw_bars(axes, band.reindex(order), i, len(group))
        axes.set_yticks(range(len(classes)), [class_text(classes[label]) for label in order])
        axes.set_ylim(len(classes) - 0.5, -0.5)
        axes.set_xlim(0, 1)
        axes.grid(visible=False, axis="y")
        axes.tick_params(axis="y", length=0)
        what = replicates_text(group, "mean and {level} interval of {number} replicates")
        axes.set_xlabel(f"Recall, {what}")
        handles = [
            patch_handle(color=COLOURS[i], alpha=PALE, label=_named(entry.title, run))
            for i, (entry, run) in enumerate(zip(self.runs, group, strict=True))
        ]
        figure.legend(handles=handles, loc="outside lower center", ncols=1)
        return figure


def _recalls(run: Run, checkpoint: str, split: str) -> pd.DataFrame:
    """Return mean, low and high by label; a class without sequences has no row."""
    recall = class_recall(select(run.predictions, checkpoint, split)).dropna()
    return share_band(recall, ["label"], "recall").set_index("label")


def _order(bands: Sequence[pd.DataFrame], classes: int) -> list[int]:
    """Return the labels from the lowest mean recall to the highest; classes without one last."""
    mean = pd.concat([band["mean"] for band in bands], axis=1).mean(axis=1)
    keys = mean.reindex(range(classes)).fillna(np.inf)
    return [int(label) for label in keys.sort_values(kind="stable").index]


def _draw_bars(axes: Axes, band: pd.DataFrame, index: int, count: int) -> None:
    height = THICK / count
    places = np.arange(len(band)) - THICK / 2 + (index + 0.5) * height
    means = band["mean"].astype(float).fillna(0.0)
    axes.barh(places, means, height=height, color=COLOURS[index], alpha=PALE)
    known = band["low"].notna().to_numpy()
    low, high = band["low"][known], band["high"][known]
    axes.hlines(places[known], low, high, color=COLOURS[index], linewidth=1.6)


def _named(title: str, run: Run) -> str:
    name = configuration_text(run.configuration)
    text = f"{title} ({name})" if name else title
    lost = f"{len(run.diverged)} of {run.replicates} diverged"
    return f"{text}, {lost}" if run.diverged else text
