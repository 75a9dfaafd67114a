"""Losses over epochs: by an option, training against validation, runs in one panel."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from harmodels.config.base import Filled, Text, key
from harmodels.config.selection import OPTION, Choosing, OfSplit, Selecting, Selection, SplitName
from harmodels.reporting.checks import Known
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
from harmodels.reporting.figures.spec import METRIC, SPLITS_SHOWN, Compared, Limited, Splits
from harmodels.reporting.figures.style import (
    COLOURS,
    DASHES,
    GREY,
    line_handle,
    line_style,
    new_figure,
)
from harmodels.reporting.labels import measure_label, setting_text, wrap
from harmodels.reporting.runs.measures import best_epochs, curve, early_ends
from harmodels.reporting.runs.published import counterpart
from harmodels.reporting.runs.selection import option_values, select_run, select_runs
from harmodels.reporting.sources import Sources

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D


class LossByOption(OfSplit, Selecting, Limited):
    """Loss over epochs, one panel a value of an option, a line for each of the others."""

    kind: Literal["loss_by_option"] = "loss_by_option"
    option: Text = key(..., OPTION)
    metric: Text = key(..., METRIC)
    split: SplitName = key("train", "Which sequences.")

    @property
    def shown_curves(self) -> list[tuple[Selection, str, str]]:
        """The loss of that split."""
        return [(self.selection, self.metric, self.split)]

    def check(self, known: Known) -> None:
        """Refuse an option that the experiment does not vary."""
        super().check(known)
        known.check_option(self.option, self.selection)

    def _draw(self, given: Sources) -> Figure:
        """Draw the panels; published curves have the colours of ours and dots."""
        group = select_runs(given.runs, self.selection)
        option, split = self.option, self.split
        values = list(dict.fromkeys(option_values(group, option)))
        known = [option, *self.where]
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
                curves.append(curve(run, self.metric, split))
                style = line_style(names.index(name))
                draw_band(axes, curves[-1], style)
                theirs = counterpart(run, given.published)
                curves += draw_published(axes, theirs, self.metric, split, style)
            axes.set_title(setting_text(option, value))
            axes.set_xlabel("Epoch")
            note_divergence(axes, list(zip(line_names(shown, known), shown, strict=True)))
        limit_axes(figure.axes[0], curves, self.limits)
        for axes in list(figure.axes)[len(values) :]:
            axes.remove()
        for axes in figure.axes[::columns]:
            axes.set_ylabel(wrap(loss_label(split, self.metric), 40))
        handles = [
            line_handle(**line_style(i), label=name or "all") for i, name in enumerate(names)
        ]
        draw_legend(figure, handles + _published_handle(figure), group)
        return figure


class TrainAgainstValidation(Choosing, Limited):
    """Training and validation loss of each configuration.

    The epochs of the best weights and of an early end are marked.
    """

    kind: Literal["train_against_validation"] = "train_against_validation"
    metric: Text = key(..., METRIC)

    @property
    def shown_curves(self) -> list[tuple[Selection, str, str]]:
        """The loss of both splits."""
        return [(self.selection, self.metric, split) for split in ("train", "validation")]

    def _draw(self, given: Sources) -> Figure:
        """Draw both losses; published curves have the colours of ours and dots."""
        group = select_runs(given.runs, self.selection)
        columns = len(group) if len(group) in (1, 3) else 2 if len(group) <= 4 else 4
        rows = math.ceil(len(group) / columns)
        figure = new_figure(
            max(2.7 * columns, 4.5), 2.35 * rows + 0.8, any(run.simulated for run in group)
        )
        panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).flat
        curves: list[pd.DataFrame] = []
        styles = {"train": line_style(0), "validation": line_style(1)}
        for axes, run, name in zip(
            panels, group, line_names(group, list(self.where)), strict=False
        ):
            for split, style in styles.items():
                curves.append(curve(run, self.metric, split))
                draw_band(axes, curves[-1], style)
                theirs = counterpart(run, given.published)
                curves += draw_published(axes, theirs, self.metric, split, style)
            _mark_best_epochs(axes, best_epochs(run))
            mark_epochs(axes, early_ends(run), END_MARK, 0.1)
            axes.set_title(wrap(name, 34))
            note_divergence(axes, [("", run)])
        limit_axes(figure.axes[0], curves, self.limits)
        label_panels(figure, len(group), columns, "Epoch", wrap(measure_label(self.metric), 32))
        handles = [
            line_handle(**styles["train"], label="training"),
            line_handle(**styles["validation"], label="validation"),
            line_handle(color=GREY, linestyle=":", label="best weights, median"),
            line_handle(**BEST_MARK, label="best weights of a replicate"),
        ]
        if any(not early_ends(run).empty for run in group):
            handles.append(line_handle(**END_MARK, label="end of a replicate's training"))
        handles += _published_handle(figure)
        draw_legend(figure, handles, group, columns=2 if columns < 4 else 4)
        return figure


class LossesCompared(Limited):
    """The losses of some configurations in one panel."""

    kind: Literal["losses_compared"] = "losses_compared"
    runs: Filled[Compared] = key(..., "The runs to compare; each leaves one configuration.")
    metric: Text = key(..., METRIC)
    splits: Splits = key(("train", "validation"), SPLITS_SHOWN)

    @property
    def shown_curves(self) -> list[tuple[Selection, str, str]]:
        """The loss of each run and split."""
        return [(part, self.metric, split) for part in self.selections for split in self.splits]

    def check(self, known: Known) -> None:
        """Refuse several configurations in a line."""
        super().check(known)
        for selection in self.selections:
            known.check_single(selection)

    def _draw(self, given: Sources) -> Figure:
        """Draw the lines: colours are runs, dashes are splits."""
        group = [select_run(given.runs, selection, "a line") for selection in self.selections]
        titles = [entry.title for entry in self.runs]
        figure = new_figure(6.4, 4.4, any(run.simulated for run in group))
        axes = figure.subplots()
        curves: list[pd.DataFrame] = []
        handles = []
        for i, (run, title) in enumerate(zip(group, titles, strict=True)):
            for j, split in enumerate(self.splits):
                style: dict[str, Any] = {
                    "color": COLOURS[i % len(COLOURS)],
                    "linestyle": DASHES[j % len(DASHES)],
                }
                curves.append(curve(run, self.metric, split))
                draw_band(axes, curves[-1], style)
                handles.append(line_handle(**style, label=f"{title}, {SPLITS[split]}"))
        limit_axes(axes, curves, self.limits)
        axes.set_xlabel("Epoch")
        axes.set_ylabel(measure_label(self.metric))
        note_divergence(axes, list(zip(titles, group, strict=True)))
        draw_legend(figure, handles, group)
        return figure


def _published_handle(figure: Figure) -> list[Line2D]:
    """Return a legend's line for published curves, if any were drawn."""
    drawn = any(line.get_gid() == PUBLISHED for axes in figure.axes for line in axes.lines)
    return [line_handle(color=GREY, **DOTTED, label="published")] if drawn else []


def _mark_best_epochs(axes: Axes, epochs: pd.DataFrame) -> None:
    if epochs.empty:
        return
    axes.axvline(float(epochs["value"].median()), color=GREY, linestyle=":", linewidth=1.2)
    mark_epochs(axes, epochs, BEST_MARK, 0.03)
