"""What the timings say: two Markdown tables, CSV files and a figure."""

import importlib.metadata
import importlib.util
import platform
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import StrMethodFormatter

from benchmarks.bounds import Meter
from benchmarks.timing import AUTOGRAD, OURS, by_contender, ratio_columns, write_csv
from harmodels.files import atomic_path, write_text
from harmodels.kernels.simd.emitter import LANES
from harmodels.runtime.machine import describe_machine

RATIOS = (
    "| case | compiled, µs | best peer | its µs | times faster than the best peer (least to "
    "greatest) | than autograd | of the bound | which is of | of torch's product |\n"
    "| --- | ---: | --- | ---: | ---: | ---: | ---: | --- | ---: |\n"
)
CONTENDERS = "| case | contender | µs an update | GFLOP/s |\n| --- | --- | ---: | ---: |\n"


def summarise(name: str, title: str, times: pd.DataFrame, meter: Meter) -> pd.DataFrame:
    """Return a row a contender: medians over the rounds, and how many times faster ours is.

    A ratio is taken within a round, between contenders that ran next to each other. `best` marks
    the fastest of the others.
    """
    wide = by_contender(times)[times["contender"].unique()]
    best = wide.drop(columns=OURS).median().idxmin()
    processors = times.groupby("contender")["processors"].max()
    return pd.DataFrame(
        {
            "case": name,
            "title": title,
            "contender": contender,
            "best": contender == best,
            "microseconds_per_update": seconds.median() / meter.work.updates * 1e6,
            **meter.shares(seconds.to_numpy()),
            **ratio_columns(seconds / wide[OURS], "ratio"),
            "processors": processors[contender],
        }
        for contender, seconds in wide.items()
    )


def circumstances(
    rounds: int, clock: str, rates: dict[str, float], bandwidths: dict[str, float],
    summary: pd.DataFrame,
) -> str:  # fmt: skip
    """Return the sentences that belong under every table of timings.

    `rates` are GFLOP/s of `multiply-adds` and of torch's `product`, `bandwidths` GB/s by level.
    """
    packages = [p for p in ("jax", "torch", "numba") if importlib.util.find_spec(p)]
    versions = ", ".join(f"{package} {importlib.metadata.version(package)}" for package in packages)
    seconds = "" if clock == "wall" else ", seconds of the processor instead of the clock's"
    busiest = summary["processors"].max()
    processor = describe_machine("cpu")["processor"]
    reads = ", ".join(f"{level} {rate:.0f}" for level, rate in bandwidths.items())
    return (
        f"One thread of {processor}, {LANES} lanes, float32, denormals flushed for all, medians of "
        f"{rounds} interleaved rounds{seconds}; {versions}, Python {platform.python_version()}. No "
        f"contender kept more than {busiest:.2f} processors busy. GFLOP/s count the matrix "
        "products without padding and without units at zero. The bound is the longer of two "
        "times: those products at the rate of multiply-adds in registers "
        f"({rates['multiply-adds']:.0f} GFLOP/s), and the weights read as often as the steps must, "
        f"at the rate of reading an array of their size (GB/s by level: {reads}). torch's product "
        f"of two 512 by 512 matrices reaches {rates['product']:.0f} GFLOP/s at best.\n"
    )


def _times(value: float) -> str:
    return f"{value:.0f}" if value >= 10 else f"{value:.2f}"


def markdown(summary: pd.DataFrame) -> str:
    """Return a table of a row a case, the best peer first, and one of all contenders."""
    ratios, contenders = [], []
    for _, rows in summary.groupby("case", sort=False):
        by_name = rows.set_index("contender")
        ours, best = by_name.loc[OURS], rows[rows["best"]].iloc[0]
        spread = f"{_times(best.ratio)} ({_times(best.ratio_min)} to {_times(best.ratio_max)})"
        ratios.append(
            f"| {ours.title} | {ours.microseconds_per_update:.1f} | {best.contender} "
            f"| {best.microseconds_per_update:.1f} | {spread} "
            f"| {_times(by_name.loc[AUTOGRAD].ratio)} | {ours.of_bound:.0%} "
            f"| {ours.bound_by} | {ours.of_product:.0%} |\n"
        )
        contenders += [
            f"| {row.title} | {row.contender} | {row.microseconds_per_update:.1f} "
            f"| {row.gigaflops:.1f} |\n"
            for row in rows.itertuples()
        ]
    return f"{RATIOS}{''.join(ratios)}\n{CONTENDERS}{''.join(contenders)}"


def figure(summary: pd.DataFrame) -> Figure:
    """Draw, for each case, how many times faster than the best peer and autograd ours is."""
    cases = list(dict.fromkeys(summary["title"]))
    height = 0.4
    drawing = Figure(figsize=(7.5, 1.1 + 0.5 * len(cases)), layout="constrained")
    axes = drawing.subplots()
    against = {
        "the best peer": (summary[summary["best"]], "#D55E00"),
        "torch.nn with autograd": (summary[summary["contender"] == AUTOGRAD], "#56B4E9"),
    }
    for place, (name, (rows, colour)) in enumerate(against.items()):
        rows = rows.set_index("title").reindex(cases)
        at = np.arange(len(cases)) + (place - 0.5) * height
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
    axes.set_xlabel("times faster on one thread")
    drawing.legend(loc="outside upper center", ncols=len(against), frameon=False)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    return drawing


def write(summary: pd.DataFrame, sentence: str, folder: Path) -> None:
    """Write speed.md, speed.csv and the figure speed.svg and speed.png into `folder`."""
    write_text(folder / "speed.md", f"{markdown(summary)}\n{sentence}")
    write_csv(folder / "speed.csv", summary)
    with mpl.rc_context({"svg.hashsalt": "harmodels", "svg.fonttype": "none"}):
        drawing = figure(summary)
        for kind, metadata in (("svg", {"Date": None}), ("png", {})):
            with atomic_path(folder / f"speed.{kind}") as temporary:
                drawing.savefig(temporary, format=kind, dpi=150, metadata=metadata)
