"""Gradients through time: their norm against the steps back from the last, on a log axis."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from harmodels.config.base import Filled, key
from harmodels.errors import ConfigurationError
from harmodels.evaluation.gradients import gradient_norms
from harmodels.reporting.checks import Known
from harmodels.reporting.figures.bands import (
    draw_band,
    draw_legend,
    label_panels,
    note_divergence,
)
from harmodels.reporting.figures.spec import Compared, Limited
from harmodels.reporting.figures.style import epoch_ticks, line_handle, line_style, new_figure
from harmodels.reporting.labels import wrap
from harmodels.reporting.runs.selection import select_run
from harmodels.reporting.sources import Sources

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# training in float32 takes smaller numbers for zero
FLOOR = float(np.finfo(np.float32).tiny)


class GradientNorms(Limited):
    """Norm of the loss's gradient at the states, against the steps back from the last.

    A panel a run, a line before training and one after; the runs need `measure_gradients`.
    """

    kind: Literal["gradient_norms"] = "gradient_norms"
    runs: Filled[Compared] = key(..., "The runs to compare; each leaves one configuration.")

    def check(self, known: Known) -> None:
        """Refuse several configurations in a panel, and runs without such norms."""
        super().check(known)
        for selection in self.selections:
            known.check_single(selection)
            known.check_gradients(selection)

    def _draw(self, given: Sources) -> Figure:
        """Draw the norms: one of zero lies below the axis, which ends where float32 does."""
        from matplotlib.ticker import FormatStrFormatter, NullFormatter

        group = [select_run(given.runs, selection, "a panel") for selection in self.selections]
        columns = 2 if len(group) == 4 else min(len(group), 3)
        rows = math.ceil(len(group) / columns)
        figure = new_figure(
            max(3.4 * columns, 4.5), 2.9 * rows + 0.7, any(run.simulated for run in group)
        )
        panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).flat
        styles = {False: line_style(0), True: line_style(1)}
        drawn: list[pd.DataFrame] = []
        for axes, run, entry in zip(panels, group, self.runs, strict=False):
            norms = gradient_norms(run.history)
            if norms.empty:
                raise ConfigurationError(
                    f"{run.folder / 'history.parquet'} has no norms of gradients; "
                    "set `measure_gradients: true` in the experiment's options"
                )
            norms = norms.loc[~norms["replicate"].isin(run.diverged)]
            drawn.append(norms)
            for trained, style in styles.items():
                draw_band(axes, norms.loc[norms["trained"] == trained], style, "steps_back")
            axes.set_yscale("log", nonpositive="clip")
            axes.set_title(wrap(entry.title, 34))
            note_divergence(axes, [("", run)])
        values = pd.concat(drawn)["value"]
        values = values[values > 0]
        if self.limits is not None or not values.empty:
            low, high = self.limits or (max(values.min() / 3, FLOOR), values.max() * 3)
            figure.axes[0].set_ylim(low, high)
        epoch_ticks(figure.axes[0])
        # plain text: mathematics is off, since names of a user's data may hold its signs
        figure.axes[0].yaxis.set_major_formatter(FormatStrFormatter("%g"))
        figure.axes[0].yaxis.set_minor_formatter(NullFormatter())
        horizontal, vertical = "Steps back from the last", "Norm of the gradient at the state"
        label_panels(figure, len(group), columns, horizontal, vertical)
        handles = [
            line_handle(**styles[False], label="before training"),
            line_handle(**styles[True], label="after training"),
        ]
        draw_legend(figure, handles, group)
        return figure
