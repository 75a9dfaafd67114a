"""Statistics of a recording by blocks of a second: what is kept of its samples.

Axes: n samples, B blocks, D channels, S sensors of three axes.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Small = NDArray[np.float32]

SECONDS = 1.0  # of a block
FEWEST = 4  # samples; a shorter block says nothing


class Blocks(NamedTuple):
    """Blocks in the order of time; float32, because there are 600,000 in a week."""

    start: Array  # (B,) time of the first sample in seconds
    end: Array  # (B,) of the last one
    samples: Small  # (B,) how many
    mean: Small  # (B, D)
    low: Small  # (B, D)
    high: Small  # (B, D)
    deviation: Small  # (B, D) standard deviation
    repeats: Small  # (B, D) share of the samples that equal the one before
    clipped: Small  # (B, D) share of the samples that are the highest or lowest, the larger one
    size: Small  # (B, S) mean length of the vector
    jump: Small  # (B, S) mean squared change from one sample to the next, by twice the variance

    def at(self, places: NDArray[np.bool_]) -> "Blocks":
        """Return the blocks at these places (B,)."""
        return self if places.all() else Blocks._make(column[places] for column in self)


class BlockStatistics:
    """Takes samples in parts of any size and keeps a row of statistics a block.

    A block holds the samples of one session whose times have the same whole number of seconds. The
    last one is held back until the next begins.
    """

    def __init__(self, triples: Sequence[Sequence[int]]) -> None:
        self._triples = [list(columns) for columns in triples]
        self._held: tuple[int, Array, Array] | None = None
        self._parts: list[Blocks] = []

    def push(self, session: int, times: Array, values: Array) -> None:
        """Take (n,) rising times and (n, D) values of one session."""
        if not len(times):
            return
        if self._held is not None:
            if self._held[0] == session:
                times = np.concatenate([self._held[1], times])
                values = np.concatenate([self._held[2], values])
            else:
                self._parts += self._last()
        numbers = np.floor(times / SECONDS)
        whole = int(np.searchsorted(numbers, numbers[-1]))  # samples before the last block
        if whole:
            firsts = np.flatnonzero(np.diff(numbers[:whole], prepend=np.nan))
            self._parts.append(self._measure(times[:whole], values[:whole], firsts))
        self._held = (session, times[whole:].copy(), values[whole:].copy())

    def blocks(self) -> Blocks | None:
        """Return all blocks so far that have enough samples; None where there is none."""
        if len(self._parts) > 1:
            self._parts = [_joined(self._parts)]
        parts = [*self._parts, *self._last()]
        if not parts:
            return None
        blocks = _joined(parts)
        enough = blocks.samples >= FEWEST
        return blocks.at(enough) if enough.any() else None

    def _last(self) -> list[Blocks]:
        if self._held is None:
            return []
        _, times, values = self._held
        return [self._measure(times, values, np.zeros(1, dtype=np.int64))]

    def _measure(self, times: Array, values: Array, firsts: NDArray[np.int64]) -> Blocks:
        count = np.diff(firsts, append=len(times))
        many = count[:, None].astype(np.float64)
        mean = np.add.reduceat(values, firsts) / many
        low, high = (f.reduceat(values, firsts) for f in (np.minimum, np.maximum))
        spread = np.add.reduceat((values - np.repeat(mean, count, axis=0)) ** 2, firsts) / many
        same = values[1:] == values[:-1]
        same = np.concatenate([np.zeros_like(values[:1], dtype=np.bool_), same])
        same[firsts] = False  # no sample before it in the block
        repeats = np.add.reduceat(same, firsts, dtype=np.float64) / np.maximum(many - 1, 1)
        at_end = [
            np.add.reduceat(values == np.repeat(end, count, axis=0), firsts, dtype=np.float64)
            for end in (low, high)
        ]
        size, jump = [np.empty((len(count), 0))], [np.empty((len(count), 0))]
        for columns in self._triples:
            three = values[:, columns]
            length = np.sqrt(np.einsum("nd,nd->n", three, three))
            size.append((np.add.reduceat(length, firsts) / count)[:, None])
            change = np.einsum("nd,nd->n", *[np.diff(three, axis=0, prepend=three[:1])] * 2)
            change[firsts] = 0.0  # none across blocks
            changed = np.add.reduceat(change, firsts) / np.maximum(count - 1, 1)
            twice = 2 * spread[:, columns].sum(axis=1)
            safe = np.where(twice > 0, twice, 1.0)
            jump.append(np.where(twice > 0, changed / safe, 0.0)[:, None])
        statistics = (
            *(count, mean, low, high, np.sqrt(spread), repeats, np.maximum(*at_end) / many),
            *(np.concatenate(parts, axis=1) for parts in (size, jump)),
        )
        lasts = np.append(firsts[1:], len(times)) - 1
        small = (part.astype(np.float32) for part in statistics)
        return Blocks(times[firsts], times[lasts], *small)


def _joined(parts: Sequence[Blocks]) -> Blocks:
    return Blocks._make(map(np.concatenate, zip(*parts, strict=True)))


def sliding(values: Array, blocks: int) -> tuple[Array, Array, Array]:
    """Return lower quartile, median and upper quartile (B,) of the blocks around each one.

    At the ends they are those of the first or last `blocks`; all, where there are fewer.
    """
    width = min(blocks, len(values))
    windows = np.lib.stride_tricks.sliding_window_view(values.astype(np.float32), width)
    windows = np.sort(windows, axis=1)
    places = np.clip(np.arange(len(values)) - width // 2, 0, len(values) - width)
    quarter = width // 4
    ranks = (quarter, width // 2, width - 1 - quarter)
    low, middle, high = (windows[:, rank].astype(np.float64)[places] for rank in ranks)
    return low, middle, high


def runs_of(mask: NDArray[np.bool_], hole: int = 0) -> list[slice]:
    """Return the runs of True, over holes of at most `hole` blocks.

    >>> runs_of(np.array([False, True, True, False, True]))
    [slice(1, 3, None), slice(4, 5, None)]
    """
    edges = np.flatnonzero(np.diff(mask.astype(np.int8), prepend=0, append=0))
    runs: list[slice] = []
    for first, stop in edges.reshape(-1, 2).tolist():
        if runs and first - runs[-1].stop <= hole:
            first = runs.pop().start
        runs.append(slice(first, stop))
    return runs
