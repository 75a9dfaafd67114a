"""The pieces of a panel with curves: medians and replicates, limits, marks, legend."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from harmodels.evaluation.statistics import LEVEL, LINES_UP_TO, median_band
from harmodels.reporting.figures.style import (
    ALARM,
    GREY,
    epoch_ticks,
    line_handle,
    patch_handle,
)
from harmodels.reporting.labels import configuration_text, measure_label
from harmodels.reporting.runs.load import Run
from harmodels.reporting.runs.measures import curve, early_ends, has_curve

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SPLITS = {"train": "training", "validation": "validation", "test": "test"}
LINES = "each of {number} replicates; bold: their median"
BAND = "middle half of {number} replicates, around their median"
THIN: dict[str, Any] = {"linewidth": 0.6, "alpha": 0.45, "zorder": 1.5}
PUBLISHED = "published"
DOTTED: dict[str, Any] = {"linewidth": 0.9, "marker": "o", "markersize": 2.6, "markevery": 3}
BEST_MARK: dict[str, Any] = {"color": GREY, "marker": "^", "linestyle": ""}
END_MARK: dict[str, Any] = {"color": ALARM, "marker": "x", "linestyle": ""}


def draw_band(axes: Axes, curves: pd.DataFrame, style: dict[str, Any], x: str = "epoch") -> None:
    """Draw the median over replicates, and each as a thin line; of many, their middle half.

    `curves` has the columns replicate, `x` and value. Replicates that a stopping rule ended are in
    the median up to their last epoch.
    """
    if curves.empty:
        return
    band = median_band(curves, [x])
    # a single value is a point, which a line does not show
    marker = "o" if len(band) == 1 else ""
    axes.plot(band[x], band["median"], marker=marker, markersize=3, **style)
    replicates = curves.groupby("replicate")
    if len(replicates) > LINES_UP_TO:
        known = {"color": style["color"], "alpha": 0.16, "linewidth": 0}
        axes.fill_between(band[x], band["low"], band["high"], **known)
    elif len(replicates) > 1:
        for _, rows in replicates:
            axes.plot(rows[x], rows["value"], color=style["color"], **THIN)


def label_panels(figure: Figure, count: int, columns: int, horizontal: str, vertical: str) -> None:
    """Label the outer axes of the first `count` panels and remove the others.

    Panels share both axes; what is below an empty place keeps its numbers.
    """
    for axes in list(figure.axes)[count:]:
        axes.remove()
    for i, axes in enumerate(figure.axes):
        if i + columns >= count:
            axes.set_xlabel(horizontal)
            axes.tick_params(labelbottom=True)
        if i % columns == 0:
            axes.set_ylabel(vertical)


def draw_published(
    axes: Axes, theirs: Run | None, metric: str, split: str, style: dict[str, Any]
) -> list[pd.DataFrame]:
    """Draw the published curve, if there is one, in the colour of ours; return the line."""
    if theirs is None or not has_curve(theirs, metric, split):
        return []
    curves = curve(theirs, metric, split)
    axes.plot(
        curves["epoch"],
        curves["value"],
        color=style["color"],
        gid=PUBLISHED,
        **DOTTED,
    )
    return [curves]


def draw_points(axes: Axes, curves: pd.DataFrame, style: dict[str, Any]) -> None:
    """Draw medians over replicates as points, of a few epochs; the range as a line."""
    if curves.empty:
        return
    band = median_band(curves, ["epoch"], share=1.0)
    axes.errorbar(
        band["epoch"],
        band["median"],
        yerr=[band["median"] - band["low"], band["high"] - band["median"]],
        fmt="o",
        markersize=3.5,
        color=style["color"],
        elinewidth=1.0,
        capsize=2,
        zorder=3,
    )


def limit_axes(
    axes: Axes, curves: Sequence[pd.DataFrame], limits: Sequence[float] | None = None
) -> None:
    """Fit shared axes to what the replicates did; a rare outlier is cut rather than squash all.

    Every median stays in sight, and of all values all but one in a hundred. `limits` are those of
    the configuration, which come first.
    """
    epoch_ticks(axes, steps=[1, 2, 5, 10])
    values = pd.concat([losses["value"] for losses in curves])
    if limits is not None:
        axes.set_ylim(*limits)
    elif not values.empty:
        medians = pd.concat([losses.groupby("epoch")["value"].median() for losses in curves])
        low = float(min(values.quantile(0.005), medians.min()))
        high = float(max(values.quantile(0.995), medians.max()))
        margin = 0.06 * (high - low) or 0.1 * abs(high) or 1.0
        axes.set_ylim(low - 1.5 * margin, high + margin)


def mark_epochs(axes: Axes, epochs: pd.DataFrame, style: dict[str, Any], height: float) -> None:
    """Mark one epoch a replicate at a height of the panel between 0 and 1."""
    if epochs.empty:
        return
    axes.plot(
        epochs["value"].astype(float),
        [height] * len(epochs),
        transform=axes.get_xaxis_transform(),
        markersize=5,
        alpha=0.8,
        clip_on=False,
        **style,
    )


def note_divergence(axes: Axes, named: Sequence[tuple[str, Run]]) -> None:
    """Say in the panel how many replicates of which line diverged: they are not drawn."""
    lines = []
    for name, run in named:
        if run.diverged:
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


def draw_legend(
    figure: Figure, handles: Sequence[Artist], group: Sequence[Run], columns: int = 2
) -> None:
    """Draw one legend under all panels; it says what lines and bands are."""
    handles = list(handles)
    drawn = max(run.replicates - len(run.diverged) for run in group)
    if drawn > LINES_UP_TO:
        text = replicates_text(group, BAND)
        handles.append(line_handle(color=GREY, alpha=0.25, linewidth=7, label=text))
    elif drawn > 1:
        text = replicates_text(group, LINES)
        handles.append(line_handle(color=GREY, **THIN, label=text))
    if any(not early_ends(run).empty for run in group):
        text = "median at an epoch: of the replicates still training"
        handles.append(patch_handle(alpha=0.0, label=text))
    figure.legend(handles=handles, loc="outside lower center", ncols=min(columns, len(handles)))


def replicates_text(group: Sequence[Run], text: str) -> str:
    """Return `text` with {level} and {number} filled in: the interval's and the replicates'."""
    counts = sorted({run.replicates for run in group})
    number = str(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    return text.format(level=f"{LEVEL:.0%}".replace("%", " %"), number=number)


def loss_label(split: str, metric: str) -> str:
    """Return `Cross-entropy (nats), training`."""
    label = measure_label(metric)
    return f"{label[:1].upper()}{label[1:]}, {SPLITS.get(split, split)}"


def line_names(group: Sequence[Run], without: Sequence[str]) -> list[str]:
    """Return what tells each run apart once the keys in `without` are known."""
    return [configuration_text(run.configuration, without) for run in group]
