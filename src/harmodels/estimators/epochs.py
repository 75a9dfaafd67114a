"""How many passes through the sequences a training makes."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

LEAST_EPOCHS = 50
LEAST_UPDATES = 1500  # of the weights; few sequences are passed through more often


def updates_an_epoch(options: Any, lengths: NDArray[np.int64]) -> int:
    """Return how often the weights move in a pass through sequences of `lengths` (n,)."""
    if hasattr(options, "window"):  # truncated BPTT: after every window of every sequence
        return int((-(-lengths // options.window)).sum())
    return -(-len(lengths) // int(options.batch_size))


def epochs_of(asked: int | None, updates: int) -> int:
    """Return the number that was asked for; None is `LEAST_EPOCHS`, or `LEAST_UPDATES` in epochs.

    >>> epochs_of(None, updates=3), epochs_of(None, updates=100), epochs_of(7, updates=3)
    (500, 50, 7)
    """
    return max(LEAST_EPOCHS, -(-LEAST_UPDATES // updates)) if asked is None else asked
