"""Gravity in the acceleration that a model was trained on, as its card keeps it.

Axes: N windows, T steps, D channels.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from harmodels.config.base import Number, Record, Several, key
from harmodels.data.look.sensors import Sensor, sensors_of
from harmodels.errors import ModelError

Array = NDArray[np.float64]

RANGE = (1.0, 99.0)  # per cent of the windows that the range of sizes is taken from
CONE = 90.0  # per cent of the windows of a class that its cone holds


class _Part(Record):
    error = ModelError


class Direction(_Part):
    """Where gravity points in the windows of one class."""

    label: int = key(..., "Number of the class, from 0.", ge=0)
    mean: Several[Number] = key(..., "Its mean direction, of length 1.", min_length=3, max_length=3)
    cone_deg: Number = key(..., "Angle to it that 90 % of the windows keep within.", ge=0, le=180)


class Gravity(_Part):
    """The constant part of one accelerometer's signal; gravity, or near 0 without it."""

    sensor: str = key(..., "Its channels without their axis, such as `acc`.")
    low: Number = key(..., "Length of a window's mean vector in g; 1 % are below.", ge=0)
    high: Number = key(..., "The same; 1 % are above.", ge=0)
    size: Number = key(..., "Mean size of a window's samples in g; 1 % are above.", ge=0)
    directions: Several[Direction] = Field((), description="Of each class with windows.")

    @property
    def present(self) -> bool:
        """Whether the acceleration holds gravity."""
        return self.high >= 0.5


def gravity_of(
    windows: NDArray[np.floating[Any]],
    labels: NDArray[np.int64],
    channels: Sequence[str],
    units: Sequence[str],
) -> tuple[Gravity, ...] | None:
    """Return what a model's card keeps of the acceleration (N, T, D) in its training.

    One record for each accelerometer of three axes: by class the mean direction and the cone around
    it, and the range of its size. None where there is no such accelerometer, or no window.

    >>> lying = np.tile([0.0, 0.0, -1.0], (2, 5, 1))
    >>> (found,) = gravity_of(lying, np.array([0, 0]), ["acc_x", "acc_y", "acc_z"], ["g"] * 3)
    >>> found.sensor, found.low, found.directions[0].mean
    ('acc', 1.0, (0.0, 0.0, -1.0))
    """
    known = [
        _gravity(sensor, windows[..., sensor.columns] * np.array(sensor.factors), labels)
        for sensor in sensors_of(channels, units)
        if sensor.kind == "acceleration" and sensor.whole and len(windows)
    ]
    return tuple(known) or None


def _gravity(sensor: Sensor, windows: Array, labels: NDArray[np.int64]) -> Gravity:
    means = windows.mean(axis=1)  # (N, 3)
    lengths = np.linalg.norm(means, axis=1)
    low, high = np.percentile(lengths, RANGE)
    sizes = np.linalg.norm(windows, axis=2).mean(axis=1)
    directions = []
    if high >= 0.5:
        pointing = means / np.maximum(lengths, 1e-9)[:, None]
        for label in np.unique(labels):
            own = pointing[labels == label]
            mean = own.mean(axis=0)
            mean /= max(float(np.linalg.norm(mean)), 1e-9)
            cone = float(np.percentile(angles(own, mean), CONE))
            rounded = tuple(round(float(part), 4) for part in mean)
            directions.append(Direction(label=int(label), mean=rounded, cone_deg=round(cone, 1)))
    return Gravity(
        sensor=sensor.name,
        low=round(float(low), 4),
        high=round(float(high), 4),
        size=round(float(np.percentile(sizes, RANGE[1])), 4),
        directions=tuple(directions),
    )


def angles(directions: Array, mean: Sequence[float] | Array) -> Array:
    """Return the angles (N,) in degrees between directions (N, 3) and another one."""
    return np.degrees(np.arccos(np.clip(directions @ np.asarray(mean), -1, 1)))


def by_sensor(gravity: Sequence[Gravity] | None) -> Mapping[str, Gravity]:
    """Return the records of a card by their sensor."""
    return {record.sensor: record for record in gravity or ()}
