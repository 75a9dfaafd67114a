"""Gravity in a recording: its size against 1 g, and its direction against the training's.

Axes: B blocks of one accelerometer, of which every one has an axis that changes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harmodels.data.look.blocks import Blocks, runs_of, sliding
from harmodels.data.look.findings import LIMITS, Finding, found
from harmodels.data.look.gravity import Direction, Gravity, angles
from harmodels.data.look.sensors import FileUnit, Sensor

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

BLOCKS = int(LIMITS["sliding_blocks"])
HOLE = int(LIMITS["hole_blocks"])
RECORD = (
    "check which column is which (--columns), record the accelerometer itself, which holds "
    "gravity, or give gravity and user acceleration both (--columns acc_x=GRAVITY+USER, …)"
)


@dataclass(frozen=True)
class Steady:
    """What the blocks of an accelerometer say of the constant part of its signal, in g."""

    means: Array  # (B, 3)
    length: Array  # (B,) of the mean vector
    size: Array  # (B,) mean length of the samples
    middle: Array  # (B,) sliding median of `length`
    middle_size: Array  # (B,) of `size`
    vague: Array  # (B,) sliding distance of the quartiles of `length`, by `middle`
    moved: Array  # (B,) standard deviation of all axes together
    calm: Mask  # (B,) whether gravity is nearly alone in most blocks around
    uneven: Array  # (B,) sliding standard deviation of the samples' lengths, by their mean

    @classmethod
    def of(cls, sensor: Sensor, blocks: Blocks, triple: int) -> "Steady":
        """Return it for the blocks in which an axis of the sensor changes."""
        means = np.asarray(blocks.mean[:, sensor.columns] * np.array(sensor.factors), np.float64)
        length = np.linalg.norm(means, axis=1)
        size = np.asarray(blocks.size[:, triple] * abs(sensor.factors[0]), np.float64)
        low, middle, high = sliding(length, BLOCKS)
        vague = (high - low) / _safe(middle) * (blocks.samples >= LIMITS["vague_samples"])
        moved = np.linalg.norm(blocks.deviation[:, sensor.columns] * sensor.factors, axis=1)
        middle_size = sliding(size, BLOCKS)[1]
        uneven = np.sqrt(np.maximum(length**2 + moved**2 - size**2, 0)) / _safe(size)
        uneven = sliding(uneven, BLOCKS)[1]
        calm = _majority(moved < LIMITS["still"] * length)
        return cls(means, length, size, middle, middle_size, vague, moved, calm, uneven)


def look_at_gravity(
    sensor: Sensor, steady: Steady, blocks: Blocks, gravity: Gravity | None, unit: FileUnit
) -> Iterator[Finding]:
    """Yield where the size of the constant part is wrong."""
    if not expects_gravity(sensor, gravity):
        yield from _unexpected(sensor, steady, blocks, gravity)
        return
    wrong = size_is_wrong(steady)
    everything = wrong.mean() >= LIMITS["whole"]
    for run in runs_of(np.ones_like(wrong) if everything else wrong, HOLE):
        explained = _explain(sensor, steady, wrong, run, gravity, unit)
        if explained is None:
            continue
        kind, text, remedy, right = explained
        if kind == "unit" and not everything:
            right = ""
            remedy = "the unit changes on the way: give each part as a recording of its own"
        yield found(kind, sensor.channels, blocks, run, text, remedy, right)


def expects_gravity(sensor: Sensor, gravity: Gravity | None) -> bool:
    """Return whether an accelerometer has to hold gravity."""
    return gravity.present if gravity is not None else not sensor.leaves_gravity


def size_is_wrong(steady: Steady) -> Mask:
    """Return (B,) whether the constant part cannot be gravity."""
    middle, size = steady.middle, steady.middle_size
    usual = (size >= LIMITS["turning_low_g"]) & (size <= LIMITS["turning_high_g"])
    turning = usual & (steady.uneven < LIMITS["even"])
    small = (middle < LIMITS["least_gravity_g"]) & ~turning
    off = steady.calm & ((middle < LIMITS["least_calm_g"]) | (middle > LIMITS["most_calm_g"]))
    varies = ~turning & (steady.vague > LIMITS["vague"]) & (middle < LIMITS["constant_part"] * size)
    return np.asarray(small | varies | off | (middle > LIMITS["most_gravity_g"]))


def _explain(
    sensor: Sensor,
    steady: Steady,
    wrong: Mask,
    run: slice,
    gravity: Gravity | None,
    unit: FileUnit,
) -> tuple[str, str, str, str] | None:
    """Return kind, text, remedy and right unit of a run of wrong blocks; None if all is right."""
    length, size = steady.length[run][wrong[run]], steady.size[run][wrong[run]]
    low, middle, high = np.percentile(length, (25, 50, 75))
    still = steady.moved[run][wrong[run]] < LIMITS["still"] * length
    part = f"the constant part of {sensor.name}, which gravity makes 1 g, "
    if not _constant(low, middle, high, float(np.median(size))):
        text = f"{sensor.name} holds no gravity: its mean over a second is {middle:.2g} g"
        return "gravity", text, RECORD, ""
    known = gravity is not None and gravity.directions
    turned = bool(known and gravity and _turned(steady.means[run], gravity)[1])
    calm = int(still.sum()) >= LIMITS["still_blocks"]
    middle = float(np.median(length[still])) if calm else float(middle)
    least, most = ("least_calm_g", "most_calm_g") if calm else ("least_gravity_g", "most_gravity_g")
    if LIMITS[least] <= middle <= LIMITS[most]:
        return None
    right = unit.right(middle, turned, LIMITS["unit_calm"] if calm else LIMITS["unit"])
    if right:
        opposite = " and opposite to the training's" if turned else ""
        text = f"{part}is {middle:.3g} g{opposite}, as in another unit"
        return "unit", text, f"say --unit {right}", right
    text = f"{part}is {middle:.3g} g, which no usual unit explains: a column may be another one's"
    remedy = (
        "check which column is which (--columns), and how many steps are one g (--unit acc=N/g)"
    )
    return "columns", text, remedy.replace("acc", unit.name), ""


def _unexpected(
    sensor: Sensor, steady: Steady, blocks: Blocks, gravity: Gravity | None
) -> Iterator[Finding]:
    """Yield where there is gravity that the training had not, or far more of the rest."""
    steps = steady.middle >= LIMITS["least_gravity_g"]
    held = steps & (steady.vague < LIMITS["constant"])
    held &= steady.middle >= LIMITS["constant_part"] * steady.middle_size
    for run in runs_of(held, HOLE):
        text = f"{sensor.name} holds gravity, which the training's acceleration leaves out"
        remedy = "give the user acceleration (linear acceleration), which leaves it out"
        yield found("gravity", sensor.channels, blocks, run, text, remedy)
    if gravity is None:
        return
    larger = ~held & (steady.middle_size > LIMITS["larger"] * gravity.size)
    everything = larger.mean() >= LIMITS["larger_share"]
    for run in runs_of(np.ones_like(larger) if everything else larger, HOLE):
        size = float(np.median(steady.size[run]))
        text = (
            f"{sensor.name} is {size:.3g} g on average, and at most {gravity.size:.3g} in training"
        )
        remedy = "check its unit (--unit) and which column is which (--columns)"
        yield found("columns", sensor.channels, blocks, run, text, remedy)


def look_at_direction(
    sensor: Sensor, steady: Steady, blocks: Blocks, gravity: Gravity | None, unit: FileUnit
) -> Iterator[Finding]:
    """Yield where gravity points elsewhere than in all classes of the training."""
    if gravity is None or not gravity.directions:
        return
    right = ~size_is_wrong(steady)
    turned, everything = _turned(steady.means, gravity)
    turned = right if everything else _majority(turned & right)
    strange = _majority(
        (_outside(steady.means, gravity.directions) > LIMITS["strange_deg"]) & right
    )
    for run in runs_of(turned, HOLE):
        text = f"gravity in {sensor.name} points opposite to that of the training"
        option = unit.turned() if everything else ""
        remedy = f"where an iPhone's app turns all signs, say --unit {option}" if option else ""
        yield found("sign", sensor.channels, blocks, run, text, remedy, option)
    for run in runs_of(strange & ~turned, HOLE):
        mean = steady.means[run].mean(axis=0)
        axis = int(np.abs(mean).argmax())
        text = (
            f"gravity points along {'-' if mean[axis] < 0 else ''}{'xyz'[axis]} of {sensor.name}, "
            "as never in training: the sensor is worn another way, or axes are exchanged"
        )
        yield found("orientation", sensor.channels, blocks, run, text)


def _turned(means: Array, gravity: Gravity) -> tuple[Mask, bool]:
    """Return where only the opposite of gravity is as in training, and whether all are turned.

    All are where enough blocks say so and hardly one says the contrary.
    """
    inside = _outside(means, gravity.directions) <= LIMITS["turned_deg"]
    narrow = [each for each in gravity.directions if each.cone_deg <= LIMITS["narrow_deg"]]
    opposite = _outside(-means, narrow) <= LIMITS["turned_deg"]
    turned = opposite & ~inside
    upright = inside & ~opposite
    enough = turned.mean() >= LIMITS["turned_share"]
    return turned, bool(enough and upright.sum() <= LIMITS["upright_share"] * turned.sum())


def _outside(means: Array, directions: Sequence[Direction]) -> Array:
    """Return (B,) degrees from the nearest cone of a class; negative within."""
    pointing = means / _safe(np.linalg.norm(means, axis=1))[:, None]
    outside = np.full(len(means), np.inf)
    for each in directions:
        outside = np.minimum(outside, angles(pointing, each.mean) - each.cone_deg)
    return outside


def _constant(low: float, middle: float, high: float, size: float) -> bool:
    return high - low < LIMITS["constant"] * middle and middle >= LIMITS["constant_part"] * size


def _majority(mask: Mask) -> Mask:
    """Return (B,) whether it holds in most of the blocks around."""
    return sliding(mask.astype(np.float64), BLOCKS)[1] > 0


def _safe(values: Array) -> Array:
    return np.maximum(values, 1e-9)
