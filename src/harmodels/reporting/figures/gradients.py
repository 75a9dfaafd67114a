"""Gradients through time: their norm against the steps back from the last, on a log axis."""

import math

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FormatStrFormatter, MaxNLocator, NullFormatter

from harmodels.config.specs.figures import GradientNorms
from harmodels.errors import ConfigurationError
from harmodels.evaluation.gradients import gradient_norms
from harmodels.reporting.figures.bands import (
    draw_band,
    draw_legend,
    label_panels,
    note_divergence,
)
from harmodels.reporting.figures.style import line_style, new_figure
from harmodels.reporting.labels import wrap
from harmodels.reporting.runs.load import Runs
from harmodels.reporting.runs.selection import select_run

# training in float32 takes smaller numbers for zero
FLOOR = float(np.finfo(np.float32).tiny)


def draw_gradient_norms(spec: GradientNorms, runs: Runs) -> Figure:
    """Draw a panel a run: norms before training and after it, of replicates that did not diverge.

    A norm of zero lies below the axis, and counts in the median. Unless the configuration gives
    limits, the axis ends where float32 does.

    Raises
    ------
    ConfigurationError
        If an entry of `runs` names several configurations or a run without such norms.
    """
    group = [select_run(runs, selection, "a panel") for selection in spec.runs]
    columns = 2 if len(group) == 4 else min(len(group), 3)
    rows = math.ceil(len(group) / columns)
    figure = new_figure(
        max(3.4 * columns, 4.5), 2.9 * rows + 0.7, any(run.simulated for run in group)
    )
    panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).flat
    styles = {False: line_style(0), True: line_style(1)}
    drawn: list[pd.DataFrame] = []
    for axes, run, selection in zip(panels, group, spec.runs, strict=False):
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
        axes.set_title(wrap(selection.name, 34))
        note_divergence(axes, [("", run)])
    values = pd.concat(drawn)["value"]
    values = values[values > 0]
    if spec.limits is not None or not values.empty:
        low, high = spec.limits or (max(values.min() / 3, FLOOR), values.max() * 3)
        figure.axes[0].set_ylim(low, high)
    figure.axes[0].xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
    # plain text: mathematics is off, since names of a user's data may hold its signs
    figure.axes[0].yaxis.set_major_formatter(FormatStrFormatter("%g"))
    figure.axes[0].yaxis.set_minor_formatter(NullFormatter())
    horizontal, vertical = "Steps back from the last", "Norm of the gradient at the state"
    label_panels(figure, len(group), columns, horizontal, vertical)
    handles = [
        Line2D([], [], **styles[False], label="before training"),
        Line2D([], [], **styles[True], label="after training"),
    ]
    draw_legend(figure, handles, group)
    return figure
