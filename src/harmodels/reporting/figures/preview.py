"""Preview of a data set: sequences, classes, lengths, subjects."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from harmodels.data.sequences import Sequences
from harmodels.reporting.figures.style import COLOURS, GREY, house_style, new_figure
from harmodels.reporting.labels import class_text, natural_order

EXAMPLES = 3  # sequences drawn of each class
MOST_CLASSES = 8
MOST_CHANNELS = 3  # of one unit: a sensor's axes; more lines hide each other


def draw_preview(sequences: Sequences, card: dict[str, Any]) -> Figure:
    """Draw some sequences of each class, and how classes, lengths and subjects are spread.

    There is at least one sequence; `card` is the data set's.
    """
    with house_style():
        facts = sequences.facts
        shown = [c for c in range(len(facts.classes)) if (sequences.labels == c).any()]
        shown = shown[:MOST_CLASSES]
        rows = max(len(shown), 1)
        figure = new_figure(10.5, 1.05 * rows + 4.3, facts.simulated)
        parts = figure.subfigures(2, 1, height_ratios=[1.05 * rows + 0.9, 3.4], squeeze=False)
        top, bottom = parts[0][0], parts[1][0]
        _draw_examples(top, sequences, shown, str(card.get("title") or facts.dataset))
        axes = bottom.subplots(1, 3, width_ratios=[1.15, 0.85, 1.4])
        _draw_classes(axes[0], sequences)
        _draw_lengths(axes[1], sequences)
        _draw_subjects(axes[2], sequences)
        return figure


def example_indices(sequences: Sequences, label: int, count: int = EXAMPLES) -> list[int]:
    """Return up to `count` sequences of a class, of different subjects where there are enough."""
    members = np.flatnonzero(sequences.labels == label)
    _, first = np.unique(sequences.subjects[members], return_index=True)
    firsts = members[np.sort(first)]
    others = np.setdiff1d(members, firsts)
    pool = firsts if len(firsts) >= count else np.concatenate([firsts, others])
    places = np.linspace(0, len(pool) - 1, min(count, len(pool))).round().astype(int)
    return [int(pool[place]) for place in places]


def _draw_examples(
    figure: SubFigure, sequences: Sequences, shown: Sequence[int], title: str
) -> None:
    facts = sequences.facts
    channels = [i for i, unit in enumerate(facts.units) if unit == facts.units[0]][:MOST_CHANNELS]
    grid = figure.subplots(len(shown), EXAMPLES, sharex=True, sharey=True, squeeze=False)
    for row, label in zip(grid, shown, strict=True):
        indices = example_indices(sequences, label)
        for axes, index in zip(row, indices, strict=False):
            values = sequences[index]
            seconds = np.arange(len(values)) / facts.rate_hz
            for line, channel in enumerate(channels):
                axes.plot(seconds, values[:, channel], color=COLOURS[line], linewidth=0.9)
            axes.set_title(f"subject {sequences.subjects[index]}", fontsize=8, color=GREY, pad=2)
        for axes in row[len(indices) :]:
            axes.set_visible(False)
        row[0].set_ylabel(
            class_text(facts.classes[label]).replace(" ", "\n"),
            rotation=0,
            ha="right",
            va="center",
        )
    for axes in grid[-1]:
        axes.set_xlabel("Time (s)")
    names = [facts.channels[channel] for channel in channels]
    drawn = f"{len(channels)} of {len(facts.channels)} channels, in {facts.units[0]}"
    if len(shown) < len(facts.classes):
        drawn += f"; {len(shown)} of {len(facts.classes)} classes"
    handles = grid[0][0].get_lines()
    figure.legend(handles, names, loc="outside upper right", ncols=len(names))
    figure.suptitle(f"{title}: {drawn}", x=0.01, ha="left", fontsize=10)


def _draw_classes(axes: Axes, sequences: Sequences) -> None:
    classes = sequences.facts.classes
    splits = _official_splits(sequences)
    left = np.zeros(len(classes))
    for i, split in enumerate(splits):
        members = sequences.labels[sequences.official_split == split]
        counts = np.bincount(members, minlength=len(classes))
        bars = axes.barh(
            range(len(classes)), counts, left=left, color=COLOURS[i], label=split or "not split"
        )
        if len(classes) <= 12:
            axes.bar_label(bars, label_type="center", color="white", fontsize=8)
        left += counts
    step = math.ceil(len(classes) / 18)
    ticks = range(0, len(classes), step)
    axes.set_yticks(list(ticks), [class_text(classes[c]) for c in ticks])
    axes.invert_yaxis()
    axes.grid(visible=False, axis="y")
    axes.set_xlabel("Sequences")
    axes.set_title("Classes")
    if len(splits) > 1:
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=3)


def _official_splits(sequences: Sequences) -> list[str]:
    """Return `train` and `test`, or an empty name where the data set comes without a split."""
    known = ("train", "test", "")
    return [split for split in known if (sequences.official_split == split).any()]


def _draw_lengths(axes: Axes, sequences: Sequences) -> None:
    lengths = sequences.lengths
    rate = sequences.facts.rate_hz
    axes.set_title("Lengths")
    axes.set_xlabel("Steps")
    if lengths.min() == lengths.max():
        steps = int(lengths[0])
        axes.bar([steps], [len(lengths)], width=max(1.0, 0.1 * steps), color=COLOURS[0])
        axes.set_xlim(0, 2 * steps)
        axes.set_xticks([0, steps, 2 * steps])
        axes.set_title(f"Lengths: all {steps} steps ({steps / rate:.3g} s)")
    else:
        axes.hist(lengths, bins=30, color=COLOURS[0])
        median = float(np.median(lengths))
        axes.axvline(median, color=GREY, linestyle=":")
        axes.set_title(
            f"Lengths: {lengths.min()} to {lengths.max()}, median {median:.4g} "
            f"({median / rate:.3g} s)"
        )
    axes.set_ylabel("Sequences")


def _draw_subjects(axes: Axes, sequences: Sequences) -> None:
    names = sorted(set(sequences.subjects.tolist()), key=natural_order)
    position = {name: i for i, name in enumerate(names)}
    places = np.array([position[name] for name in sequences.subjects.tolist()])
    bottom = np.zeros(len(names))
    for i, split in enumerate(_official_splits(sequences)):
        counts = np.bincount(places[sequences.official_split == split], minlength=len(names))
        axes.bar(range(len(names)), counts, bottom=bottom, color=COLOURS[i])
        bottom += counts
    step = math.ceil(len(names) / 20)
    ticks = list(range(0, len(names), step))
    widest = max(len(name) for name in names)
    axes.set_xticks(ticks, [names[t] for t in ticks], rotation=90 if widest > 2 else 0)
    axes.grid(visible=False, axis="x")
    axes.set_ylim(0, 1.06 * bottom.max())
    axes.set_xlabel("Subject")
    axes.set_ylabel("Sequences")
    axes.set_title(f"Subjects: {len(names)}")
