"""Style of every figure, and files that are byte-identical on every build."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from harmodels.files import atomic_path

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

# Okabe and Ito's palette, told apart by people who do not see all colours; its yellow is too
# light for a line on white. Dashes change before colours repeat.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
DASHES: tuple[Any, ...] = ("-", (0, (5, 1.5)), (0, (1.2, 1.2)), (0, (6, 1.5, 1.2, 1.5)))
ALARM = "#B00020"
GREY = "#595959"
SEQUENTIAL = "Blues"
DPI = 150

SETTINGS: dict[str, Any] = {
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same glyphs on every machine
    "font.size": 9,
    "axes.titlesize": 9.5,
    "axes.labelsize": 9,
    "xtick.labelsize": 8.5,
    "ytick.labelsize": 8.5,
    "legend.fontsize": 8.5,
    "legend.frameon": False,
    "legend.handlelength": 2.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e3e3e3",
    "grid.linewidth": 0.6,
    "lines.linewidth": 1.5,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "svg.fonttype": "path",
    "svg.hashsalt": "harmodels",
    "path.simplify": True,
    # titles and units are text of a data set, in which a dollar sign begins no formula
    "text.parse_math": False,
}


@contextmanager
def house_style() -> Iterator[None]:
    """Draw with matplotlib's defaults and `SETTINGS`, whatever the user's matplotlibrc says."""
    import matplotlib as mpl

    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(SETTINGS)  # type: ignore[arg-type]
        yield


def new_figure(width: float, height: float, simulated: bool) -> Figure:
    """Return an empty figure of that size in inches; one of simulated recordings says so."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    if simulated:
        figure.suptitle(
            "SIMULATED recordings, not measurements of people",
            color=ALARM,
            fontsize=10,
            fontweight="bold",
        )
    return figure


def line_style(index: int) -> dict[str, Any]:
    """Return colour and dashes of line `index`: neighbours differ in both."""
    return {
        "color": COLOURS[index % len(COLOURS)],
        "linestyle": DASHES[(index + index // len(COLOURS)) % len(DASHES)],
    }


def line_handle(**style: Any) -> Line2D:
    """Return the line of a legend."""
    from matplotlib.lines import Line2D

    return Line2D([], [], **style)


def patch_handle(**style: Any) -> Patch:
    """Return the patch of a legend."""
    from matplotlib.patches import Patch

    return Patch(**style)


def epoch_ticks(axes: Axes, **steps: Any) -> None:
    """Give a horizontal axis of epochs or steps a few whole numbers."""
    from matplotlib.ticker import MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True, **steps))


def matrix_axes(axes: Axes) -> None:
    """Take grid and spines off axes that show a matrix."""
    axes.grid(visible=False)
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)


def note_nothing(axes: Axes) -> None:
    """Say in a panel of lines that none is in sight, and where they are."""
    low, high = axes.get_ylim()
    of_panel = axes.get_xaxis_transform()  # of marks at a height of the panel
    drawn = [line.get_ydata() for line in axes.lines if line.get_transform() != of_panel]
    for collection in axes.collections:
        drawn += [np.asarray(path.vertices)[:, 1] for path in collection.get_paths()]
    values = [array[np.isfinite(array)] for array in (np.asarray(each, float) for each in drawn)]
    values = [array for array in values if len(array)]
    if any(array.min() <= high and array.max() >= low for array in values):
        return
    if values:
        ends = f"{min(map(np.min, values)):.3g}", f"{max(map(np.max, values)):.3g}"
        text = (
            f"nothing between {low:g} and {high:g}:\nvalues are {' to '.join(dict.fromkeys(ends))}"
        )
    elif axes.texts:  # why there is nothing
        return
    else:
        text = "nothing was recorded"
    axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", color=GREY)


def save_figure(figure: Figure, stem: str | Path) -> None:
    """Write `<stem>.svg` and `<stem>.png`, without dates or version strings.

    The layout is computed once and frozen, so that both files show the same figure. The canvases
    print it themselves: `savefig` would draw it once more for each file, to compute the layout.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    with house_style():
        if engine := figure.get_layout_engine():
            engine.execute(figure)
        figure.set_layout_engine("none")
        with atomic_path(f"{stem}.svg") as path:
            FigureCanvasSVG(figure).print_svg(path, metadata={"Date": None, "Creator": None})  # type: ignore[no-untyped-call]
        figure.set_dpi(DPI)
        with atomic_path(f"{stem}.png") as path:
            FigureCanvasAgg(figure).print_png(path, metadata={"Software": None})  # type: ignore[no-untyped-call]
