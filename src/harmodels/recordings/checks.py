"""Refusals: what a model does not cover is named, not guessed."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from harmodels.data.features.checks import LARGEST_GYRO, PLAUSIBLE_G, RAW_CHANNELS
from harmodels.data.units import STANDARD_GRAVITY, UNITS
from harmodels.errors import DataError, ModelError
from harmodels.estimators.base import NetworkClassifier
from harmodels.estimators.card import ModelCard

Array = NDArray[np.float64]

STILL = 1e-6  # of the largest value; less is no motion but the tail of a filter


def card_of(model: NetworkClassifier, name: str) -> ModelCard:
    """Return the card of a model that recordings can be classified by.

    Raises ModelError if it has none, or reads features of other channels.
    """
    card: ModelCard | None = getattr(model, "card_", None)
    if card is None:
        raise ModelError(
            f"{name} does not say which channels it reads: save it with a card, "
            "model.save(folder, ModelCard(…))"
        )
    if card.features is not None and (card.channels, card.rate_hz) != (RAW_CHANNELS, 50.0):
        raise ModelError(
            f"{name} reads the 561 features, which are computed from {', '.join(RAW_CHANNELS)} at "
            f"50 Hz, and its card names {', '.join(card.channels)} at {card.rate_hz:g} Hz"
        )
    return card


def check_units(values: Array, channels: Sequence[str], units: Sequence[str]) -> None:
    """Check that samples (n, D) can be in the units of the model.

    Refused are a median acceleration, gravity included, far from 1 g, and a rotation faster than a
    sensor can tell.
    """
    if not len(values):
        return
    for name, columns in _sensors(channels, units).items():
        measured, size = UNITS[units[columns[0]]]
        part = values[:, columns] * size
        if measured == "angular velocity":
            fastest = float(np.abs(part).max())
            if fastest > LARGEST_GYRO:
                raise DataError(
                    f"{name}: the angular velocity reaches {fastest / size:.4g} "
                    f"{units[columns[0]]}, and sensors end at {35 / size:.4g}; "
                    "say the unit of the file, for example --unit gyro=deg/s"
                )
        elif len(columns) == 3 and "body" not in name:
            median = float(np.median(np.linalg.norm(part, axis=1))) / STANDARD_GRAVITY
            if not PLAUSIBLE_G[0] <= median <= PLAUSIBLE_G[1]:
                raise DataError(
                    f"{name}: the median acceleration is {median:.3g} g, and gravity alone is 1: "
                    + _unit_remedy(median)
                )


def check_moves(low: Array, high: Array, columns: Sequence[str]) -> None:
    """Check that no channel is constant in a whole recording."""
    still = np.flatnonzero(low == high)
    if len(still):
        raise DataError(
            f"the column {columns[still[0]]} is {low[still[0]]:g} throughout; a constant channel "
            "carries no information"
        )


def stood_still(windows: Array) -> NDArray[np.bool_]:
    """Return for (N, T, D) whether nothing changed in the second half of each window."""
    half = windows[:, windows.shape[1] // 2 :]
    return (np.ptp(half, axis=1) <= STILL * np.abs(half).max(axis=1).clip(min=1e-3)).all(axis=1)


def _sensors(channels: Sequence[str], units: Sequence[str]) -> dict[str, list[int]]:
    """Return the channels of each sensor, those whose names differ in the axis only."""
    found: dict[str, list[int]] = {}
    for column, (channel, unit) in enumerate(zip(channels, units, strict=True)):
        if unit in UNITS:
            found.setdefault(channel.rpartition("_")[0] or channel, []).append(column)
    return found


def _unit_remedy(median: float) -> str:
    if PLAUSIBLE_G[0] <= median / STANDARD_GRAVITY <= PLAUSIBLE_G[1]:
        return "the file is in m/s², so say --unit acc=m/s2"
    if PLAUSIBLE_G[0] <= median / 1000 <= PLAUSIBLE_G[1]:
        return "the file is in thousandths of g, so say --unit acc=mg"
    if PLAUSIBLE_G[0] <= median * STANDARD_GRAVITY <= PLAUSIBLE_G[1]:
        return (
            "the file is in g, so leave --unit out or say --unit acc=g; or the sensor leaves "
            "gravity out, which a model trained with gravity cannot read"
        )
    return (
        "another unit, or a sensor that leaves gravity out, which a model trained with gravity "
        "cannot read"
    )
