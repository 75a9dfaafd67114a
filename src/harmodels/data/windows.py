"""Cutting continuous recordings into windows that never cross a break."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harmodels.data.dataset import Window
from harmodels.data.facts import SequenceFacts
from harmodels.data.sequences import Sequences


def number_segments(breaks: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the segment of each row; `breaks` (rows,) says whether something ends before it."""
    return np.cumsum(breaks, dtype=np.int64)


def changes(column: NDArray[Any]) -> NDArray[np.bool_]:
    """Return (rows,) whether a value differs from the one before; False for the first."""
    different = np.zeros(len(column), dtype=np.bool_)
    different[1:] = column[1:] != column[:-1]
    return different


def cut_windows(segments: NDArray[np.int64], steps: int, step: int) -> NDArray[np.int64]:
    """Return the first rows of all windows of `steps` rows, in order; segments (rows,) are numbers.

    Within a segment of L rows the windows start at its rows 0, step, 2·step, … as long as `steps`
    rows are left, so there are ⌊(L − steps) / step⌋ + 1 of them, or none.
    """
    if steps < 1 or step < 1:
        raise ValueError(f"a window of {steps} rows every {step} rows cannot be cut")
    firsts = np.flatnonzero(changes(segments) | (np.arange(len(segments)) == 0))
    lengths = np.diff(firsts, append=len(segments))
    counts = np.where(lengths >= steps, (lengths - steps) // step + 1, 0)
    within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    return (np.repeat(firsts, counts) + within * step).astype(np.int64)


def rows_of_windows(starts: NDArray[np.int64], steps: int) -> NDArray[np.int64]:
    """Return (windows, steps) row numbers of windows that start at `starts`."""
    return starts[:, None] + np.arange(steps, dtype=np.int64)


@dataclass
class WindowsOfParts:
    """Windows of unbroken parts of recordings, one part after another."""

    facts: SequenceFacts
    window: Window
    _values: list[NDArray[np.float32]] = field(default_factory=list)
    _ids: list[str] = field(default_factory=list)
    _subjects: list[str] = field(default_factory=list)
    _labels: list[int] = field(default_factory=list)
    _numbers: Counter[str] = field(default_factory=Counter)

    def __len__(self) -> int:
        return len(self._ids)

    def cut(self, values: NDArray[np.float64], stem: str, subject: str, label: int) -> int:
        """Cut one part (T, D), at the rate of the data set; return the number of its windows.

        Their ids begin with `stem`; parts of one stem are numbered on.
        """
        segment = np.zeros(len(values), dtype=np.int64)
        starts = cut_windows(segment, self.window.steps, self.window.step)
        for _ in starts:
            self._numbers[stem] += 1
            self._ids.append(f"{stem}/{self._numbers[stem]:05d}")
        self._subjects += [subject] * len(starts)
        self._labels += [label] * len(starts)
        if len(starts):
            rows = rows_of_windows(starts, self.window.steps)
            self._values.append(values[rows].astype(np.float32))
        return len(starts)

    def sequences(self) -> Sequences:
        """Return all windows, at least one, in the order of the parts; none is split officially."""
        return Sequences.of_equal_length(
            self.facts,
            np.concatenate(self._values),
            ids=self._ids,
            subjects=np.array(self._subjects, dtype=np.str_),
            official_split=np.full(len(self), "", dtype=np.str_),
            labels=np.array(self._labels, dtype=np.int64),
        )
