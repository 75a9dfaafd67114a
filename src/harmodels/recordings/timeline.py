"""A picture of a classified recording: a ribbon of activities, and probabilities faint below.

A recording of more than a day has a row for each day. What is shorter than a pixel is drawn as the
activity that takes most of the pixel.
"""

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter
from numpy.typing import NDArray

from harmodels.errors import DataError
from harmodels.files import atomic_path
from harmodels.recordings.activities import NO_LABEL, Activities
from harmodels.recordings.truth import Truth
from harmodels.reporting.figures.style import ALARM, COLOURS, GREY, house_style, new_figure

Array = NDArray[np.float64]

PIXELS = 1200  # columns of a row
DAY_S = 86400.0
MOST_ROWS = 31
NOTE_WIDTH = 165  # characters
HATCHES = ("", "///", "...", "xxx")  # distinguish classes where colours repeat
LIGHT = 0.62  # of white in the probabilities


class Row(NamedTuple):
    """One row of pixels: their left edges (P + 1,), codes (P,), probabilities (P, C)."""

    edges: Array
    codes: NDArray[np.int64]
    probabilities: Array


def draw_timeline(
    path: Path,
    activities: Activities,
    *,
    title: str,
    note: str,
    truth: Truth | None = None,
    simulated: bool = False,
) -> None:
    """Draw a recording, atomically; the ending of the path is svg, png or pdf.

    The title is above, the note small below, and red if the model was trained on simulated
    recordings. `truth`, in seconds since the first sample, is a second ribbon.
    """
    kind = check_picture(path)
    with house_style():
        figure = _draw(activities, title, note, truth, simulated)
        metadata: dict[str, Any] = {
            "svg": {"Date": None, "Creator": None},
            "png": {"Software": None},
            "pdf": {"CreationDate": None},
        }[kind]
        with atomic_path(path) as temporary:
            figure.savefig(temporary, format=kind, metadata=metadata, dpi=150)


def check_picture(path: Path) -> str:
    """Return svg, png or pdf; raises DataError where the path of a picture has another ending."""
    kind = path.suffix.lower().removeprefix(".")
    if kind not in ("svg", "png", "pdf"):
        raise DataError(f"--plot {path}: a picture ends in .svg, .png or .pdf")
    return kind


def pixels(activities: Activities, start: float, end: float, count: int) -> Row:
    """Return a row from `start` to `end`: in each pixel the activity that takes most of it.

    A pixel less than half of which is recorded has the code -2, one without a label -1.
    """
    edges = np.linspace(start, end, count + 1)
    classes = len(activities.classes)
    left, right = activities.starts, activities.starts + activities.seconds
    here = (right > start) & (left < end)
    left, right = left[here].clip(start), right[here].clip(max=end)
    codes = activities.codes[here].astype(np.int64)
    stay = _spread(left, right, np.eye(classes + 1)[codes], edges)  # the last column: no label
    shares = stay / (edges[1] - edges[0])
    weighted = np.nan_to_num(activities.probabilities[here].astype(np.float64))
    judged = stay[:, :classes].sum(axis=1, keepdims=True)
    mean = _spread(left, right, weighted, edges) / np.where(judged > 0, judged, 1.0)
    best = shares.argmax(axis=1)
    best[best == classes] = NO_LABEL
    return Row(edges, np.where(shares.sum(axis=1) < 0.5, -2, best), mean)


def _spread(left: Array, right: Array, weights: Array, edges: Array) -> Array:
    """Return (P, K): the integral over each pixel of weights (N, K) that hold from left to right.

    Through the cumulative integral, which is linear within and between intervals.
    """
    if not len(left):
        return np.zeros((len(edges) - 1, weights.shape[1]))
    spans = (right - left)[:, None] * weights
    total = np.concatenate([np.zeros((1, weights.shape[1])), np.cumsum(spans, axis=0)])
    times = np.column_stack([left, right]).ravel()
    steps = np.repeat(total, 2, axis=0)[1:-1]
    return np.column_stack(
        [np.diff(np.interp(edges, times, steps[:, k])) for k in range(weights.shape[1])]
    )


def _draw(
    activities: Activities, title: str, note: str, truth: Truth | None, simulated: bool
) -> Figure:
    last = max(float(activities.ends[-1]), activities.span_s)
    days = last > 1.1 * DAY_S  # a row each
    span = DAY_S if days else last
    clock = _clock(activities.origin)
    first = -clock if days else 0.0
    rows = min(MOST_ROWS, int(np.ceil((last - first) / span)))
    height = 1.25 if truth is None else 1.5
    figure = new_figure(11.0, 1.35 + rows * height - 0.25 * (rows - 1), simulated=False)
    all_axes = figure.subplots(rows, 1, squeeze=False)[:, 0]
    for number, axes in enumerate(all_axes):
        start = first + number * span
        _draw_row(axes, activities, start, start + span, truth)
        _label_times(axes, activities.origin, start, span)
        if days:
            day = f"day {number + 1}"
            if isinstance(activities.origin, pd.Timestamp):
                day = f"{activities.origin + pd.Timedelta(seconds=start):%a %d %b}"
            axes.set_ylabel(day, rotation=0, ha="right", va="center")
            axes.tick_params(axis="x", labelbottom=number == rows - 1)
    figure.supxlabel(
        textwrap.fill(note, NOTE_WIDTH),
        x=0.01,
        ha="left",
        fontsize=8.5,
        color=ALARM if simulated else GREY,
    )
    _draw_legend(figure, activities, title)
    return figure


def _draw_row(
    axes: Axes, activities: Activities, start: float, end: float, truth: Truth | None
) -> None:
    row = pixels(activities, start, end, PIXELS)
    axes.set_xlim(start, end)
    ticks = {0.4: "probability", 1.45: "activity"} | ({2.55: "truth"} if truth is not None else {})
    axes.set_ylim(-0.05, 3.05 if truth is not None else 1.95)
    axes.set_yticks(list(ticks), list(ticks.values()))
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False)
    axes.spines["left"].set_visible(False)
    _draw_ribbon(axes, row.edges, row.codes, (1.05, 0.82))
    if truth is not None:
        edges, codes = _truth_pixels(truth, activities.classes, start, end)
        _draw_ribbon(axes, edges, codes, (2.15, 0.82))
    known = row.codes >= 0
    floor = np.zeros(PIXELS)
    for code in range(len(activities.classes)):
        ceiling = floor + np.where(known, row.probabilities[:, code], 0.0)
        axes.stairs(
            ceiling * 0.9,
            row.edges,
            baseline=floor * 0.9,
            fill=True,
            rasterized=True,  # thousands of steps would make a file of megabytes
            color=[LIGHT + (1 - LIGHT) * part for part in to_rgb(COLOURS[code % len(COLOURS)])],
            linewidth=0,
        )
        floor = ceiling


def _draw_ribbon(
    axes: Axes, edges: Array, codes: NDArray[np.int64], place: tuple[float, float]
) -> None:
    """Draw runs of equal codes; where nothing was recorded, the ground is open."""
    breaks = np.flatnonzero(np.diff(codes)) + 1
    firsts = np.concatenate([[0], breaks])
    lasts = np.concatenate([breaks, [len(codes)]])
    for code in np.unique(codes):
        own = codes[firsts] == code
        bars = np.column_stack([edges[firsts[own]], edges[lasts[own]] - edges[firsts[own]]])
        axes.broken_barh(bars.tolist(), place, **_look(int(code)))


def _look(code: int) -> dict[str, Any]:
    if code == -2:
        return {"facecolor": "none", "edgecolor": "#bdbdbd", "linewidth": 0.8, "linestyle": ":"}
    if code == NO_LABEL:
        return {"facecolor": "#ececec", "edgecolor": "#9a9a9a", "linewidth": 0.0, "hatch": "xxxx"}
    hatch = HATCHES[code // len(COLOURS) % len(HATCHES)]
    edge = "white" if hatch else "none"
    return {"facecolor": COLOURS[code % len(COLOURS)], "edgecolor": edge, "linewidth": 0} | (
        {"hatch": hatch} if hatch else {}
    )


def _truth_pixels(
    truth: Truth, classes: Sequence[str], start: float, end: float
) -> tuple[Array, NDArray[np.int64]]:
    edges = np.linspace(start, end, PIXELS + 1)
    middle = (edges[1:] + edges[:-1]) / 2
    codes = np.full(PIXELS, -2, dtype=np.int64)
    number = {name: code for code, name in enumerate(classes)}
    for first, last, label in zip(truth.starts, truth.ends, truth.labels, strict=True):
        codes[(middle >= first) & (middle < last)] = number.get(label, NO_LABEL)
    return edges, codes


def _draw_legend(figure: Figure, activities: Activities, title: str) -> None:
    minutes = activities.minutes()
    handles = []
    for code, name in enumerate(activities.classes):
        spent = minutes[name]
        duration = f"{spent / 60:.1f} h" if spent >= 100 else f"{spent:.1f} min"
        handles.append(Patch(label=f"{name.replace('_', ' ')}  {duration}", **_look(code)))
    if (activities.codes == NO_LABEL).any():
        handles.append(Patch(label="no label", **_look(NO_LABEL)))
    if activities.gaps:
        handles.append(Patch(label="not recorded", **_look(-2)))
    figure.legend(
        handles=handles,
        loc="outside upper left",
        title=title,
        title_fontproperties={"size": 11.5, "weight": "bold"},
        alignment="left",
        ncols=min(len(handles), 4),
        fontsize=8.5,
        handlelength=1.3,
        handleheight=1.0,
        columnspacing=1.6,
        borderpad=0.1,
    )


def _clock(origin: Any) -> float:
    """Return the seconds from midnight to the first sample; 0 where the times are no dates."""
    if not isinstance(origin, pd.Timestamp):
        return 0.0
    return (origin - origin.normalize()).total_seconds()


def _label_times(axes: Axes, origin: Any, start: float, span: float) -> None:
    """Put ticks at whole minutes or hours, of the clock where the times are dates."""
    step = next(s for s in (1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200) if span / s <= 14)
    clock = _clock(origin)

    def text(seconds: float, _: int) -> str:
        if isinstance(origin, pd.Timestamp):
            shown = origin + pd.Timedelta(seconds=seconds)
            return shown.strftime("%H:%M" if step >= 60 else "%H:%M:%S")
        if span <= 600:
            return f"{seconds:g} s"
        if span <= 3600:
            return f"{seconds / 60:g} min"
        hours, rest = divmod(round((seconds - start * (span == DAY_S)) / 60), 60)
        return f"{hours}:{rest:02} h"

    first = np.ceil((start + clock) / step) * step - clock
    axes.set_xticks(np.arange(first, start + span + 1e-6, step))
    axes.xaxis.set_major_formatter(FuncFormatter(text))
