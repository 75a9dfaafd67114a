"""Standardisation of the channels, a part of the fitted network."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.preprocessing import StandardScaler

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

LARGEST_FACTOR = 3.0  # from a standard deviation of one, and between those of two channels


def find_scale(
    sequences: Sequence[NDArray[Any]], how: str | None
) -> tuple[Doubles, Doubles] | None:
    """Return offset and scale (D,) of the channels over all steps, or None to leave them as is."""
    if how is None:
        return None
    found = StandardScaler().fit(np.concatenate(sequences))
    if how == "auto" and not _is_needed(np.sqrt(found.var_)):
        return None
    return found.mean_, found.scale_


def _is_needed(deviations: Doubles) -> bool:
    """Return whether networks learn badly from channels of these standard deviations (D,).

    The initial weights and the learning rate suit inputs of about one; a constant channel says
    nothing.
    """
    varying = deviations[deviations > 0]
    if not len(varying):
        return False
    low, high = varying.min(), varying.max()
    return bool(low < 1 / LARGEST_FACTOR or high > LARGEST_FACTOR or high > LARGEST_FACTOR * low)


def scaled(sequences: Sequence[NDArray[Any]], offset: Doubles | None, scale: Any) -> list[Floats]:
    """Return float32 sequences on the scale of the network.

    They are converted last, so that a large offset takes no digits.
    """
    if offset is None:
        return [sequence.astype(np.float32, copy=False) for sequence in sequences]
    with np.errstate(over="ignore"):  # its scores or its loss are not finite, which is said
        return [((sequence - offset) / scale).astype(np.float32) for sequence in sequences]
