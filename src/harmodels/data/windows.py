"""Cutting continuous recordings into windows that never cross a break."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harmodels.data.dataset import Window
from harmodels.data.facts import SequenceFacts
from harmodels.data.sequences import Sequences


def changes(column: NDArray[Any]) -> NDArray[np.bool_]:
    """Return (rows,) whether a value differs from the one before; False for the first."""
    different = np.zeros(len(column), dtype=np.bool_)
    different[1:] = column[1:] != column[:-1]
    return different


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

    def count(self, length: int) -> int:
        """Return how many windows a part of so many rows has."""
        return max(0, (length - self.window.steps) // self.window.step + 1)

    def cut(
        self,
        values: NDArray[Any],
        stem: str,
        subject: str,
        label: int,
        wanted: NDArray[np.bool_] | None = None,
    ) -> int:
        """Cut one part (T, D), at the rate of the data set; return the number of its windows.

        They start at the rows 0, step, 2·step, … as long as `steps` rows are left; of these, those
        that are `wanted`, by their number. Their ids begin with `stem`; parts of one stem are
        numbered on.
        """
        starts = np.arange(self.count(len(values))) * self.window.step
        if wanted is not None:
            starts = starts[wanted[: len(starts)]]
        for _ in starts:
            self._numbers[stem] += 1
            self._ids.append(f"{stem}/{self._numbers[stem]:05d}")
        self._subjects += [subject] * len(starts)
        self._labels += [label] * len(starts)
        if len(starts):
            rows = starts[:, None] + np.arange(self.window.steps)
            self._values.append(values[rows].astype(np.float32))
        return len(starts)

    def counts(self) -> tuple[Counter[int], Counter[str]]:
        """Return the number of windows by label and by subject."""
        return Counter(self._labels), Counter(self._subjects)

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
