"""What the timings say: a Markdown table, CSV files and a figure."""

import platform
from pathlib import Path

import matplotlib as mpl
import numba
import numpy as np
import pandas as pd
import torch
from matplotlib.figure import Figure
from matplotlib.ticker import StrMethodFormatter

from harmodels.files import atomic_path, write_text

HEADER = (
    "| case | contender | µs per update | GFLOP/s | times faster than autograd (least to greatest) "
    "| than the reference engine |\n"
    "| --- | --- | ---: | ---: | ---: | ---: |\n"
)


def processor() -> str:
    """Return the processor's name, as the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def circumstances(rounds: int, top: float) -> str:
    """Return the sentence that belongs under every table of timings."""
    return (
        f"One thread of {processor()} where the case names no more, float32, denormals flushed "
        f"for all, medians of {rounds} interleaved rounds; torch {torch.__version__}, "
        f"numba {numba.__version__}, Python {platform.python_version()}. GFLOP/s count the matrix "
        "products without padding; "
        f"torch's product of two 512 by 512 matrices reaches {top:.0f} on the same thread.\n"
    )


def _times(value: float) -> str:
    return f"{value:.0f}" if value >= 10 else f"{value:.2f}"


def markdown(summary: pd.DataFrame) -> str:
    """Return one row a case and contender; the ratios are medians over the rounds."""
    lines = []
    for row in summary.itertuples():
        spread = f"{_times(row.ratio)} ({_times(row.ratio_min)} to {_times(row.ratio_max)})"
        lines.append(
            f"| {row.title} | {row.contender} | {row.microseconds_per_update:.1f} "
            f"| {row.gigaflops:.1f} | {spread} "
            f"| {_times(row.ratio_to_reference)} |\n"
        )
    return HEADER + "".join(lines)


def figure(summary: pd.DataFrame) -> Figure:
    """Draw, for each case, how many times faster than the first contender the others are."""
    cases = list(dict.fromkeys(summary["title"]))
    others = [name for name in dict.fromkeys(summary["contender"]) if "autograd" not in name]
    height = 0.8 / len(others)
    drawing = Figure(figsize=(7.5, 1.1 + 0.6 * len(cases)), layout="constrained")
    axes = drawing.subplots()
    for place, (name, colour) in enumerate(zip(others, ["#56B4E9", "#D55E00"], strict=False)):
        rows = summary[summary["contender"] == name].set_index("title").reindex(cases)
        at = np.arange(len(cases)) + (place - (len(others) - 1) / 2) * height
        ratio = rows["ratio"].to_numpy()
        errors = np.stack([ratio - rows["ratio_min"], rows["ratio_max"] - ratio])
        axes.barh(
            at, ratio - 1, height, left=1, xerr=errors, color=colour, label=name, ecolor="#333333"
        )
        for y, value, top in zip(at, ratio, rows["ratio_max"], strict=True):
            axes.text(top * 1.06, y, _times(value), va="center")
    axes.axvline(1, color="#333333", linewidth=1)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.set_xlim(
        min(0.9, float(summary["ratio_min"].min()) / 1.1), float(summary["ratio_max"].max()) * 2
    )
    axes.set_yticks(np.arange(len(cases)), cases)
    axes.invert_yaxis()
    axes.set_xlabel("times faster than torch.nn with autograd")
    drawing.legend(loc="outside upper center", ncols=len(others), frameon=False)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    return drawing


def write(summary: pd.DataFrame, sentence: str, folder: Path) -> None:
    """Write speed.md, speed.csv and the figure speed.svg and speed.png into `folder`."""
    write_text(folder / "speed.md", f"{markdown(summary)}\n{sentence}")
    write_text(folder / "speed.csv", summary.to_csv(index=False, lineterminator="\n"))
    with mpl.rc_context({"svg.hashsalt": "harmodels", "svg.fonttype": "none"}):
        drawing = figure(summary)
        for kind, metadata in (("svg", {"Date": None}), ("png", {})):
            with atomic_path(folder / f"speed.{kind}") as temporary:
                drawing.savefig(temporary, format=kind, dpi=150, metadata=metadata)
