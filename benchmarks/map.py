"""How many times faster than the best peer the loops are, over shapes: `--map`.

One size at a time leaves a centre, and a few corners leave it in several. A shape's row is written
as soon as it is timed, so a map that was stopped goes on from there.
"""

import argparse
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pandas as pd
import torch
from matplotlib.figure import Figure

from benchmarks import jax_peers, torch_peers
from benchmarks.cases import Task, noise, ours
from benchmarks.timing import OURS, Contender, by_contender, time_in_turn, write_csv
from harmodels.config.options import Minibatch, Perceptron, Recurrent
from harmodels.files import atomic_path
from harmodels.runtime.machine import describe_machine

CLASSES = 6
# Share of the way that weights may be apart after the first updates: float32 sums in another order.
TOLERANCE = 2e-2
MOST_UPDATES, ROWS = 8, 20_000  # of an item: few where one alone is long


@dataclass(frozen=True)
class Shape:
    """What is trained: a cell's layers and a dense one, or a perceptron of H and H / 2 units."""

    network: str
    hidden: int = 64
    batch: int = 32
    steps: int = 100
    channels: int = 9
    layers: int = 1

    def task(self) -> Task:
        """Return the training, on noise."""
        updates = max(1, min(MOST_UPDATES, ROWS // (self.batch * self.steps)))
        lengths = torch.full((self.batch * updates,), self.steps)
        data = noise(lengths, self.channels, CLASSES)
        options: Any
        if self.network == "perceptron":
            training, options = "perceptron", Perceptron(
                hidden1=self.hidden, hidden2=max(4, self.hidden // 2), batch_size=self.batch,
                learning_rate=0.01, momentum=0.9, initial_range=0.1,
            )  # fmt: skip
        elif self.network == "elman":
            training, options = "minibatch", Minibatch(
                hidden=self.hidden, batch_size=self.batch, learning_rate=0.01,
                initialisation="orthogonal",  # uniform weights of wide layers amplify rounding
            )  # fmt: skip
        else:
            training, options = "recurrent", Recurrent(
                cell=self.network, hidden=self.hidden, layers=self.layers, batch_size=self.batch,
                dropout=0.0, learning_rate=1e-3,
            )  # fmt: skip
        # an item of the peers is an update, or of recurrent cells a pass over all batches
        item = self.batch * (updates if training == "recurrent" else 1)
        return Task(str(self), training, options, data, item)

    def __str__(self) -> str:
        sizes = ", ".join(f"{name} {getattr(self, name)}" for name in AXES)
        return f"{self.network}: {sizes}"


AXES = {
    "hidden": (8, 16, 32, 64, 128, 256, 512, 1280),
    "batch": (1, 4, 10, 32, 128, 512),
    "steps": (5, 20, 100, 1000, 5000),
    "channels": (1, 9, 50, 200),
    "layers": (1, 2, 3),
}
CENTRES = {
    **{cell: Shape(cell) for cell in ("gru", "lstm", "elman")},
    "perceptron": Shape("perceptron", steps=1, channels=50),
}
CORNERS: tuple[dict[str, int], ...] = (
    {"hidden": 8, "batch": 1, "steps": 5},
    {"hidden": 8, "batch": 512, "steps": 20},
    {"hidden": 512, "batch": 1, "steps": 20},
    {"hidden": 512, "batch": 128, "steps": 20},
    {"hidden": 1024, "batch": 32, "steps": 30},
)


def axes_of(network: str) -> list[str]:
    """Return the sizes that a network has."""
    without = {"perceptron": {"steps", "layers"}, "elman": {"layers"}}.get(network, set())
    return [name for name in AXES if name not in without]


def shapes() -> Iterator[Shape]:
    """Yield every shape once."""
    seen = set()
    for network, centre in CENTRES.items():
        names = axes_of(network)
        along = [replace(centre, **{name: size}) for name in names for size in AXES[name]]
        corners = [
            replace(centre, **{name: size for name, size in corner.items() if name in names})
            for corner in CORNERS
        ]
        for shape in (*along, *corners):
            if shape not in seen:
                seen.add(shape)
                yield shape


def _first_call(contender: Contender) -> tuple[float, Any]:
    start = time.process_time()
    weights = contender.train(1)
    return time.process_time() - start, weights


def measure(shape: Shape, rounds: int, seconds: float) -> dict[str, Any]:
    """Return a row: µs an update of ours and of the best peer, their ratio, and first calls."""
    task = shape.task()
    contenders = [ours(task), *torch_peers.peers(task, True), *jax_peers.peers(task)]
    firsts = {each.name: _first_call(each) for each in contenders}
    expected = firsts[OURS][1]
    way = sum(float((expected[k] - task.start[k]).square().sum()) for k in expected) ** 0.5
    for name, (_, weights) in firsts.items():
        apart = sum(float((weights[k] - expected[k]).square().sum()) for k in expected) ** 0.5
        if not apart <= TOLERANCE * way:
            raise SystemExit(f"{shape}: {name} is {apart / way:.2g} of the way from {OURS}")
    times = by_contender(time_in_turn(contenders, rounds, seconds, time.process_time))
    best = times.drop(columns=OURS).median().idxmin()
    updates, ratio = task.item // shape.batch, times[best] / times[OURS]
    jax = [name for name in times if name.startswith("JAX")]
    return {
        **asdict(shape),
        "microseconds": times[OURS].median() / updates * 1e6,
        "best": best,
        "best_microseconds": times[best].median() / updates * 1e6,
        "ratio": ratio.median(),
        "ratio_min": ratio.min(),
        "ratio_max": ratio.max(),
        "torch": (times.drop(columns=[OURS, *jax]).min(axis=1) / times[OURS]).median(),
        "jax": (times[jax].min(axis=1) / times[OURS]).median() if jax else np.nan,
        "first_call": firsts[OURS][0],
        "best_first_call": firsts[best][0],
    }


def crossings(sizes: np.ndarray, ratio: np.ndarray) -> list[float]:
    """Return where the line through these points, on logarithmic scales, passes 1."""
    x, y = np.log(sizes), np.log(ratio)
    before = np.flatnonzero(np.sign(y[:-1]) * np.sign(y[1:]) < 0)
    share = y[before] / (y[before] - y[before + 1])
    return [float(at) for at in np.exp(x[before] + share * (x[before + 1] - x[before]))]


def along(rows: pd.DataFrame, network: str, axis: str) -> pd.DataFrame:
    """Return the rows of a network that leave the centre along one axis, in its order."""
    centre = asdict(CENTRES[network])
    same = [rows[name] == value for name, value in centre.items() if name != axis]
    return rows[np.logical_and.reduce(same)].sort_values(axis)


def figure(rows: pd.DataFrame) -> Figure:
    """Draw the ratio to the best peer over each axis, a row of panels a network."""
    networks = [network for network in CENTRES if (rows["network"] == network).any()]
    drawing = Figure(figsize=(12, 2.3 * len(networks)), layout="constrained")
    panels = drawing.subplots(len(networks), len(AXES), squeeze=False, sharey=True)
    colours = {"JAX": "#D55E00", "torch.nn": "#56B4E9"}
    for line, network in zip(panels, networks, strict=True):
        line[0].set_ylabel(f"{network}\nbest peer / ours")
        for panel, axis in zip(line, AXES, strict=True):
            panel.set_axis_off()
            if axis not in axes_of(network):
                continue
            panel.set_axis_on()
            part = along(rows, network, axis)
            sizes, ratio = part[axis].to_numpy(float), part["ratio"].to_numpy()
            panel.axhline(1, color="#333333", linewidth=1)
            panel.vlines(sizes, part["ratio_min"], part["ratio_max"], color="#999999")
            panel.plot(sizes, ratio, color="#999999", linewidth=1)
            for name, colour in colours.items():
                chosen = part["best"].str.startswith(name).to_numpy()
                panel.plot(sizes[chosen], ratio[chosen], "o", color=colour, markersize=5)
            for at in crossings(sizes, ratio):
                panel.axvline(at, color="#333333", linewidth=1, linestyle=":")
                panel.annotate(f"{at:.0f}", (at, 1), (2, 2), textcoords="offset points")
            panel.set_xscale("log")
            panel.set_yscale("log")
            panel.set_xticks(AXES[axis], [str(size) for size in AXES[axis]], fontsize=7)
            panel.set_yticks([0.5, 1, 2, 4], ["0.5", "1", "2", "4"])
            panel.minorticks_off()
            panel.set_xlabel(axis)
            for side in ("top", "right"):
                panel.spines[side].set_visible(False)
    for name, colour in colours.items():
        panels[0, 0].plot([], [], "o", color=colour, label=f"the best peer is {name}")
    drawing.legend(loc="outside upper center", ncols=len(colours), frameon=False)
    return drawing


def markdown(rows: pd.DataFrame) -> str:
    """Return a table of a row a shape."""
    names = " | ".join(field.name for field in fields(Shape))
    head = (
        f"| {names} | µs an update | best peer | best peer / ours | torch | JAX | first call, s |"
    )
    lines = [head, "| --- |" + " ---: |" * 6 + " --- |" + " ---: |" * 4]
    for row in rows.itertuples():
        sizes = " | ".join(str(getattr(row, field.name)) for field in fields(Shape))
        lines.append(
            f"| {sizes} | {row.microseconds:,.0f} | {row.best} | {row.ratio:.2f} "
            f"({row.ratio_min:.2f} to {row.ratio_max:.2f}) | {row.torch:.2f} | {row.jax:.2f} "
            f"| {row.first_call:.1f}; {row.best_first_call:.1f} |"
        )
    return "\n".join(lines)


def run(arguments: argparse.Namespace) -> None:
    """Time the shapes that the folder has no row of, at most so many minutes; print and draw."""
    path: Path = arguments.output / "speed-map.csv"
    known = pd.read_csv(path).to_dict("records") if path.exists() else []
    names, every = [field.name for field in fields(Shape)], list(shapes())
    timed = {tuple(row[name] for name in names) for row in known}
    until = time.monotonic() + 60 * arguments.minutes
    for number, shape in enumerate(every, 1):
        if tuple(asdict(shape).values()) in timed:
            continue
        if time.monotonic() > until:
            print(f"{arguments.minutes:g} minutes are up; the same command continues")
            break
        row = measure(shape, arguments.rounds, arguments.seconds)
        print(f"{number} of {len(every)}, {shape}: {row['ratio']:.2f} ({row['best']})", flush=True)
        known.append(row)
        write_csv(path, pd.DataFrame(known))
    rows = pd.DataFrame(known)
    print(f"\n{markdown(rows)}\n\nOne thread of {describe_machine('cpu')['processor']}")
    with (
        mpl.rc_context({"svg.hashsalt": "harmodels", "svg.fonttype": "none"}),
        atomic_path(arguments.output / "speed-map.svg") as temporary,
    ):
        figure(rows).savefig(temporary, format="svg", metadata={"Date": None})
    print(f"Written to {path} and speed-map.svg beside it")
