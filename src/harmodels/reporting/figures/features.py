"""Agreement of each computed feature with the shipped one."""

import math

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from harmodels.reporting.figures.style import COLOURS, GREY, house_style, new_figure

THRESHOLD = 0.99  # a column below it has missed, and is named
MOST_NAMED = 120


def draw_correlations(frame: pd.DataFrame) -> Figure:
    """Draw Pearson's r of every column, and name those below `THRESHOLD`.

    On the left 1 − r by column on a logarithmic axis, where 0.99 and 0.9999 are apart; on the
    right the columns that missed, worst first. `frame` has the columns column (its number), name
    and r; a NaN counts as missed and is shown at 0.
    """
    missed = frame.loc[~(frame["r"] >= THRESHOLD)].sort_values(["r", "column"])
    named = missed.head(MOST_NAMED)
    lists = max(1, math.ceil(len(named) / 40))
    longest = math.ceil(len(named) / lists)
    with house_style():
        figure = new_figure(6.0 + 3.6 * lists, max(4.2, 0.9 + 0.155 * longest), simulated=False)
        axes = figure.subplots(1, 1 + lists, width_ratios=[5.2] + [2.6] * lists, squeeze=False)[0]
        _draw_all(axes[0], frame)
        for part, place in enumerate(axes[1:]):
            rows = named.iloc[part * longest : (part + 1) * longest]
            _draw_named(place, rows, float(named["r"].fillna(0.0).min()))
        title = f"{len(missed)} of {len(frame)} below {THRESHOLD}"
        if len(missed) > len(named):
            title += f", the lowest {len(named)} named"
        axes[1].set_title(title, loc="left")
        return figure


def _draw_all(axes: Axes, frame: pd.DataFrame) -> None:
    floor = 1e-8  # an r of exactly 1 has no place on a logarithmic axis
    distance = (1 - frame["r"].fillna(0.0)).clip(lower=floor)
    missed = ~(frame["r"] >= THRESHOLD)
    for chosen, colour in ((~missed, COLOURS[0]), (missed, COLOURS[1])):
        axes.plot(
            frame.loc[chosen, "column"],
            distance[chosen],
            color=colour,
            marker=".",
            markersize=4,
            linestyle="",
        )
    axes.axhline(1 - THRESHOLD, color=GREY, linestyle=":", linewidth=1.2)
    axes.set_yscale("log")
    axes.invert_yaxis()
    ticks = [10.0**power for power in range(-8, 1)]
    shown = [tick for tick in ticks if distance.min() / 3 <= tick <= distance.max() * 3]
    axes.set_yticks(shown, [f"{1 - tick:.8f}".rstrip("0").rstrip(".") for tick in shown])
    axes.minorticks_off()
    axes.set_xlabel("Column of the data set")
    axes.set_ylabel("Pearson's r with the shipped column")
    axes.set_title(f"All {len(frame)} columns", loc="left")


def _draw_named(axes: Axes, rows: pd.DataFrame, lowest: float) -> None:
    if rows.empty:
        axes.axis("off")
        return
    places = np.arange(len(rows))
    axes.plot(
        rows["r"].fillna(0.0), places, marker="o", markersize=3.5, linestyle="", color=COLOURS[1]
    )
    labels = [
        f"{row.column} {row.name_}" for row in rows.rename(columns={"name": "name_"}).itertuples()
    ]
    axes.set_yticks(places, labels, fontsize=8)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    margin = 0.04 * (1 - lowest)
    axes.set_xlim(lowest - margin, 1.0)
    axes.set_xlabel("r")
