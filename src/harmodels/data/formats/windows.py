"""Cutting continuous recordings into windows that never cross a break."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def number_segments(breaks: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return the number of the segment of each row.

    Parameters
    ----------
    breaks
        (rows,) whether something ends between the row before and this one.
    """
    return np.cumsum(breaks, dtype=np.int64)


def changes(column: NDArray[Any]) -> NDArray[np.bool_]:
    """Return (rows,) whether a value differs from the one before; False for the first."""
    different = np.zeros(len(column), dtype=np.bool_)
    different[1:] = column[1:] != column[:-1]
    return different


def cut_windows(segments: NDArray[np.int64], steps: int, step: int) -> NDArray[np.int64]:
    """Return the first rows of all windows, in order.

    Within a segment of L rows the windows start at its rows 0, step, 2·step, … as long as
    `steps` rows are left, so there are ⌊(L − steps) / step⌋ + 1 of them, or none.

    Parameters
    ----------
    segments
        (rows,) equal within a segment and different from one segment to the next.
    steps, step
        Rows of a window, and rows from one start to the next; both at least 1.
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
