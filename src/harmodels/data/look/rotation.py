"""The unit of a gyroscope: what it says against what the accelerometer beside it felt.

Axes: B blocks.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from harmodels.data.look.acceleration import Steady
from harmodels.data.look.blocks import Blocks, runs_of, sliding
from harmodels.data.look.findings import LIMITS, Finding, found
from harmodels.data.look.sensors import FileUnit, Sensor
from harmodels.data.units import unit_factor

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

HOLE = int(LIMITS["hole_blocks"])


def look_at_rotation(
    gyroscope: Sensor, accelerometer: Sensor, steady: Steady, blocks: Blocks, unit: FileUnit
) -> Iterator[Finding]:
    """Yield where a gyroscope of three axes turns far more or less than gravity does."""
    ratio, shaken = turn_ratio(gyroscope, accelerometer, steady, blocks)
    middle = _sliding(ratio)
    told = _sliding(shaken) > LIMITS["shaken_g"]  # at rest a gyroscope is nothing but noise
    for right, wrong, of in (
        ("deg/s", middle > LIMITS["degrees"], np.ones_like(told)),
        ("rad/s", told & (middle < LIMITS["radians"]), told),
    ):
        everything = wrong.sum() >= max(LIMITS["share"] * of.sum(), 1)
        for run in runs_of(np.ones_like(wrong) if everything else wrong, HOLE):
            turned = turn_factor(gyroscope, steady, blocks, run)
            if turned is not None and 1 / 3 < turned < 3:
                continue
            size = float(np.median(ratio[run]))
            fits = everything and _is(unit, "rad/s" if right == "deg/s" else "deg/s")
            fits &= size <= LIMITS["most_degrees"]
            times = max(size / LIMITS["usual"], LIMITS["usual"] / max(size, 1e-9))
            rounded = float(f"{times:.1g}")
            large = "large" if right == "deg/s" else "small"
            text = (
                f"{gyroscope.name} is about {rounded:g} times too {large} for what the "
                "acceleration beside it does"
            )
            option = f"{unit.name}={right}" if fits else ""
            remedy = f"say --unit {option}" if fits else "check its unit (--unit) and its columns"
            yield found("rotation", gyroscope.channels, blocks, run, text, remedy, option)


def look_at_range(gyroscope: Sensor, blocks: Blocks, unit: FileUnit) -> Iterator[Finding]:
    """Yield where a gyroscope of any axes is faster than sensors are."""
    columns, factors = list(gyroscope.columns), np.abs(gyroscope.factors)
    largest = np.maximum(-blocks.low[:, columns], blocks.high[:, columns]) * factors
    fast = np.asarray((largest > LIMITS["fastest"]).any(axis=1))
    everything = fast.mean() >= LIMITS["often"]
    for run in runs_of(np.ones_like(fast) if everything else fast, HOLE):
        text = f"{gyroscope.name} reaches {largest[run].max():.4g} rad/s, and sensors end at 35"
        fits = everything and _is(unit, "rad/s")
        option = f"{unit.name}=deg/s" if fits else ""
        remedy = f"say --unit {option}" if fits else "check its unit (--unit) and its columns"
        yield found("rotation", gyroscope.channels, blocks, run, text, remedy, option)


def turn_ratio(
    gyroscope: Sensor, accelerometer: Sensor, steady: Steady, blocks: Blocks
) -> tuple[Array, Array]:
    """Return (B,) what turns gravity by what the acceleration moves, and the latter in g."""
    moved = _deviation(accelerometer, blocks)
    shaken = np.sqrt((moved**2).sum(axis=1)) / np.maximum(steady.middle, 1e-9)
    pointing = steady.means / np.maximum(steady.length, 1e-9)[:, None]
    across = (_deviation(gyroscope, blocks) ** 2 * (1 - pointing**2)).sum(axis=1)
    return np.sqrt(across) / np.maximum(shaken, LIMITS["noise_g"]), shaken


def turn_factor(gyroscope: Sensor, steady: Steady, blocks: Blocks, run: slice) -> float | None:
    """Return by what the gyroscope's turns are larger than those of gravity; None if unknown.

    In axes that turn with ω, the direction of gravity g changes by −ω × g a second.
    """
    pointing = (steady.means / np.maximum(steady.length, 1e-9)[:, None])[run]
    rotation = blocks.mean[run][:, list(gyroscope.columns)] * np.array(gyroscope.factors)
    seconds = np.diff((blocks.start[run] + blocks.end[run]) / 2)
    middle = (pointing[1:] + pointing[:-1]) / 2
    expected = -np.cross((rotation[1:] + rotation[:-1]) / 2, middle) * seconds[:, None]
    near = seconds < 1.5  # no gap between the two
    expected, changes = expected[near], np.diff(pointing, axis=0)[near]
    product, turned = float((expected * changes).sum()), float((changes**2).sum())
    power = float((expected**2).sum())
    if turned < LIMITS["turns"] or product <= 0:
        return None
    return power / product if product**2 >= LIMITS["agreement"] * power * turned else None


def _deviation(sensor: Sensor, blocks: Blocks) -> Array:
    return np.asarray(blocks.deviation[:, list(sensor.columns)] * np.abs(sensor.factors))


def _sliding(values: Array) -> Array:
    return sliding(values, int(LIMITS["sliding_blocks"]))[1]


def _is(unit: FileUnit, name: str) -> bool:
    return bool(np.isclose(abs(unit_factor(unit.unit, name)), 1))
