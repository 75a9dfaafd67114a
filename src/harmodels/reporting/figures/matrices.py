"""Confusion matrices: colour by row fraction, counts in the cells, initials on the axes."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from harmodels.config.base import key
from harmodels.config.selection import Choosing, OfCheckpoint, OfSplit, Selection, Titled
from harmodels.errors import ConfigurationError
from harmodels.evaluation.confusion import confusion_counts, row_fractions
from harmodels.evaluation.predictions import select
from harmodels.reporting.checks import Known
from harmodels.reporting.figures.spec import FigureSpec
from harmodels.reporting.figures.style import GREY, SEQUENTIAL, matrix_axes, new_figure
from harmodels.reporting.labels import (
    class_initials,
    class_text,
    configuration_text,
    wrap,
)
from harmodels.reporting.runs.load import Run, Runs
from harmodels.reporting.runs.published import counterpart
from harmodels.reporting.runs.selection import pair_runs, select_runs
from harmodels.reporting.sources import Sources

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage

LONGEST_LINE = 32  # characters of a title above a matrix
LONGEST_BESIDE = 27  # and of one with the published matrix close beside
WIDEST = 10.4  # inches of a figure: with more the page would show its type smaller than it is
MOST_NUMBERED = 12  # with more classes the cells are too small for numbers
CHARACTERS_AN_INCH = 13  # of a note below the matrices, in 8.5 points
OURS, PUBLISHED = "ours", "published"


class Panel(NamedTuple):
    """One matrix to draw; `title` is above it. Without a run nothing was published."""

    title: str
    run: Run | None
    checkpoint: str
    split: str

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes of its run."""
        return () if self.run is None else self.run.classes


class Confusion(OfSplit, OfCheckpoint, Choosing, FigureSpec):
    """The confusion matrix of every configuration."""

    kind: Literal["confusion"] = "confusion"

    def _draw(self, given: Sources) -> Figure:
        """Draw the matrices, the published one on the right of ours."""
        group = select_runs(given.runs, self.selection)
        theirs = _published_of(group, self.selection, given.published)
        if not any(theirs):
            return _grid([_panel(run, self.selection) for run in group])
        panels = []
        for run, printed in zip(group, theirs, strict=True):
            panels += [
                _panel(run, self.selection, OURS, _name(run, LONGEST_BESIDE)),
                _panel(printed, self.selection, PUBLISHED, _name(run, LONGEST_BESIDE)),
            ]
        return _grid(panels, grouped=2)


class Side(Titled, OfSplit, OfCheckpoint, Choosing):
    """The left or the right matrix of every pair."""


class ConfusionPairs(FigureSpec):
    """Two confusion matrices a configuration, left and right.

    One configuration on each side is a pair whatever its keys.
    """

    kind: Literal["confusion_pairs"] = "confusion_pairs"
    left: Side = key(..., "The left matrix of every pair.")
    right: Side = key(..., "The right matrix of every pair.")

    def check(self, known: Known) -> None:
        """Refuse two sides without a pair."""
        super().check(known)
        left, right = self.selections
        sides = [[c.values for c in known.selected(side)] for side in (left, right)]
        single = all(len(side) == 1 for side in sides) or left.choose or right.choose
        if not single and not any(values in sides[1] for values in sides[0]):
            raise ConfigurationError(
                f"experiments {left.experiment!r} and {right.experiment!r} share no configuration; "
                "choose one on each side with `where` to set them side by side"
            )

    def _draw(self, given: Sources) -> Figure:
        """Draw the pairs; behind each, in the same row, are the two published ones."""
        sides = self.selections
        pairs = pair_runs(*(select_runs(given.runs, side) for side in sides))
        theirs = [
            _published_of([pair[i] for pair in pairs], side, given.published)
            for i, side in enumerate(sides)
        ]
        anything = any(any(side) for side in theirs)
        panels = []
        for row, pair in enumerate(pairs):
            mark = f", {OURS}" if anything else ""
            panels += [
                _panel(run, side, f"{side.name}{mark}")
                for run, side in zip(pair, sides, strict=True)
            ]
            if anything:
                panels += [
                    _panel(theirs[i][row], side, f"{side.name}, {PUBLISHED}", _name(pair[i]))
                    for i, side in enumerate(sides)
                ]
        return _grid(panels, grouped=2)


def _published_of(group: Sequence[Run], selection: Selection, published: Runs) -> list[Run | None]:
    """Return the published run of each of ours that has a matrix of those weights, or None."""
    found = [counterpart(run, published) for run in group]
    return [
        None
        if run is None or select(run.predictions, selection.checkpoint, selection.split).empty
        else run
        for run in found
    ]


def _panel(run: Run | None, side: Selection, what: str = "", name: str | None = None) -> Panel:
    if name is None:
        assert run is not None, "a panel of ours has its run"
        name = _name(run)
    title = "\n".join(part for part in (name, what) if part)
    return Panel(title, run, side.checkpoint, side.split)


def _name(run: Run, longest: int = LONGEST_LINE) -> str:
    return wrap(configuration_text(run.configuration), longest)


def _columns(count: int, side: float, grouped: int) -> int:
    """Return how many matrices stand in a row: as many as have room, up to four, pairs whole."""
    fitting = max(1, min(4, int((WIDEST - 1.5) / (side + 0.15))))
    return min(count, max(grouped, fitting - fitting % grouped))


def _grid(panels: Sequence[Panel], grouped: int = 1) -> Figure:
    """Draw panels row by row; a gap follows each `grouped` panels of a row."""
    classes = max((panel.classes for panel in panels), key=len)
    short = class_initials(dict.fromkeys(name for panel in panels for name in panel.classes))
    side = _panel_inches(len(classes), len(panels))
    columns = _columns(len(panels), side, grouped)
    rows = math.ceil(len(panels) / columns)
    names = max(map(len, short.values())) * 0.075
    named = _named_rows(panels, columns)
    lines = max(panel.title.count("\n") for panel in panels) + 1
    width = max(columns * (side + 0.15) + max(1, sum(named[:columns])) * names + 1.1, 4.6)
    below = _footnote(panels, short, round(width * CHARACTERS_AN_INCH))
    height = rows * (side + 0.15 + 0.17 * lines + max(names, 0.15))
    figure = new_figure(
        width,
        height + 0.5 + 0.15 * (below.count("\n") + 1),
        any(panel.run is not None and panel.run.simulated for panel in panels),
    )
    grid = _axes(figure, rows, columns, grouped)
    image = None
    for i, axes in enumerate(grid):
        if i >= len(panels):
            axes.remove()
            continue
        drawn = _matrix(axes, panels[i], side)
        image = drawn or image
        texts = [short[name] for name in panels[i].classes]
        _class_ticks(axes, texts, side, named[i])
    if image is not None:
        bar = figure.colorbar(
            image, ax=list(figure.axes), shrink=min(2.4, rows * side) / height, pad=0.015
        )
        bar.set_label("Share of the true class (row)")
        bar.outline.set_visible(False)
    figure.supxlabel(below, fontsize=8.5, color=GREY)
    return figure


def _named_rows(panels: Sequence[Panel], columns: int) -> list[bool]:
    """Return whether each panel names its rows: the first of a line, and one of other classes."""
    return [
        i % columns == 0
        or bool(panel.classes and panels[i - 1].classes and panel.classes != panels[i - 1].classes)
        for i, panel in enumerate(panels)
    ]


def _axes(figure: Figure, rows: int, columns: int, grouped: int) -> list[Axes]:
    """Return rows × columns axes, row by row; pairs stand apart from each other."""
    if grouped == 1 or columns == 2:
        return list(figure.subplots(rows, columns, squeeze=False).flat)
    spaced = figure.subplots(rows, columns + 1, squeeze=False, width_ratios=[1, 1, 0.16, 1, 1])
    for spacer in spaced[:, 2]:
        spacer.remove()
    return list(np.delete(spaced, 2, axis=1).flat)


def _panel_inches(classes: int, panels: int) -> float:
    """Choose the side of a matrix: room for 8-point numbers, less where nothing is written."""
    if classes <= MOST_NUMBERED:
        return max(1.9, 0.34 * classes)
    return min(0.16 * classes, 3.2 if panels > 1 else 7.5)


def _matrix(axes: Axes, panel: Panel, side: float) -> AxesImage | None:
    """Draw one matrix; None if no replicate has predictions of that checkpoint."""
    axes.set_title(panel.title)
    matrix_axes(axes)
    if panel.run is None:
        axes.set_aspect("equal")
        axes.text(0.5, 0.5, "not published", transform=axes.transAxes, ha="center", va="center")
        return None
    rows = select(panel.run.predictions, panel.checkpoint, panel.split)
    size = len(panel.run.classes)
    axes.set_xlim(-0.5, size - 0.5)
    axes.set_ylim(size - 0.5, -0.5)
    axes.set_aspect("equal")
    if rows.empty:
        reason = (
            f"{len(panel.run.diverged)} of {panel.run.replicates}\nreplicates diverged"
            if panel.run.diverged
            else f"no predictions of\n{panel.split}, {panel.checkpoint}"
        )
        axes.text(0.5, 0.5, reason, transform=axes.transAxes, ha="center", va="center")
        return None
    replicates, counts = confusion_counts(rows)
    mean = counts.mean(axis=0)
    fractions = row_fractions(mean)
    image = axes.imshow(fractions, cmap=SEQUENTIAL, vmin=0, vmax=1, interpolation="nearest")
    if size <= MOST_NUMBERED:
        _write_counts(axes, mean, fractions)
    if len(replicates) < panel.run.replicates:
        missing = panel.run.replicates - len(replicates)
        axes.set_title(f"{panel.title}\n{missing} of {panel.run.replicates} diverged")
    return image


def _write_counts(axes: Axes, mean: NDArray[np.float64], fractions: NDArray[np.float64]) -> None:
    for i, j in zip(*np.nonzero(mean), strict=True):
        value = mean[i, j]
        text = f"{value:.0f}" if value >= 9.95 or value == round(value) else f"{value:.1f}"
        colour = "white" if fractions[i, j] > 0.55 else "black"
        number = axes.text(j, i, text, ha="center", va="center", fontsize=8, color=colour)
        number.set_in_layout(False)  # it lies within the matrix; measuring hundreds takes a second


def _class_ticks(axes: Axes, names: Sequence[str], side: float, with_rows: bool) -> None:
    if not names:
        axes.set_xticks([])
        axes.set_yticks([])
        return
    # 8-point names need about 0.13 inches each; where they have less, every second is named, …
    step = math.ceil(0.13 * len(names) / side)
    ticks = list(range(0, len(names), step))
    shown = [names[c] for c in ticks]
    upright = max(map(len, shown)) * 0.09 < side / len(names) * step
    axes.set_xticks(ticks, shown, rotation=0 if upright else 90)
    axes.set_yticks(ticks, shown if with_rows else [""] * len(ticks))
    if with_rows:
        axes.set_ylabel("True class")


def _footnote(panels: Sequence[Panel], short: Mapping[str, str], longest: int) -> str:
    """Return what numbers and initials mean, in lines of at most `longest` characters."""
    parts = ["Predicted class."]
    ours = [(panel.run, panel.split) for panel in panels if _is_ours(panel.run)]
    printed = len(ours) < len(panels)
    runs = [run for run, _ in ours if run is not None]
    several = max(run.replicates for run in runs) > 1
    if len(runs[0].classes) <= MOST_NUMBERED:
        what = "mean counts over replicates" if several else "counts"
        names = {"train": "training"}
        splits = " and ".join(dict.fromkeys(names.get(split, split) for _, split in ours))
        theirs = ", published one network" if printed else ""
        parts.append(f"Numbers: {what}{theirs}, {splits} sequences; an empty cell is 0.")
    elif several:
        parts.append("Colours: mean over replicates.")
    meant = [(text, class_text(name)) for name, text in short.items()]
    legend = ", ".join(f"{text} {name}" for text, name in meant if text.lower() != name)
    lines = [" ".join(parts), *([f"{legend}."] if legend else [])]
    return "\n".join(textwrap.fill(line, longest) for line in lines)


def _is_ours(run: Run | None) -> bool:
    return run is not None and run.printed is None
