"""Each axis alone: one that is stuck, zero or clipped; and two sensors in one table.

Axes: B blocks, D channels.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from harmodels.data.look.blocks import Blocks, runs_of, sliding
from harmodels.data.look.findings import LIMITS, Finding, found
from harmodels.data.look.sensors import Sensor

Mask = NDArray[np.bool_]
Values = NDArray[np.float32]


def look_at_axes(
    sensors: Sequence[Sensor], units: Sequence[str], blocks: Blocks
) -> Iterator[Finding]:
    """Yield where an axis does not change while another one moves, and where it is clipped."""
    still = blocks.low == blocks.high  # (B, D)
    axes = [(sensor, *axis) for sensor in sensors for axis in sensor.axes]
    moves = np.zeros(len(still), dtype=np.bool_)
    for sensor, column, _, factor in axes:
        moves |= blocks.deviation[:, column] * factor >= _limit("moves", sensor)
    for sensor, column, channel, _ in axes:
        repeats = blocks.repeats[:, list(sensor.columns)].min(axis=1)
        others = np.maximum(moves, repeats <= LIMITS["repeats"])
        for run in _stuck(still[:, column], blocks.low[:, column], others):
            value = float(blocks.low[run.start, column])
            text = f"{channel} stays at {value:.5g} {units[column]} while others move"
            yield found("still" if value else "zero", [channel], blocks, run, text)
    for sensor, column, channel, factor in axes:
        wide = blocks.deviation[:, column] * factor >= _limit("clipped", sensor)
        for end in (blocks.low[:, column].min(), blocks.high[:, column].max()):
            ends = (blocks.low[:, column] == end) | (blocks.high[:, column] == end)
            clipped = wide & ends & (blocks.clipped[:, column] >= LIMITS["clipped"])
            if clipped.sum() < LIMITS["clipped_blocks"]:
                continue
            for run in runs_of(clipped, int(LIMITS["hole_blocks"])):
                text = f"{channel} is cut off at {end:.5g} {units[column]}"
                yield found("clipped", [channel], blocks, run, text)


def look_for_two_sensors(sensor: Sensor, triple: int, blocks: Blocks) -> Iterator[Finding]:
    """Yield where samples jump to and fro, as those of two sensors in turn."""
    rate = (blocks.samples - 1) / np.maximum(blocks.end - blocks.start, 1e-9)
    factors = np.abs(sensor.factors)
    deviation = np.linalg.norm(blocks.deviation[:, list(sensor.columns)] * factors, axis=1)
    fast = (rate >= LIMITS["jump_hz"]) & (deviation >= _limit("moves", sensor))
    jumps = fast & (blocks.jump[:, triple] > LIMITS["jump"])
    majority = sliding(jumps.astype(np.float64), int(LIMITS["sliding_blocks"]))[1] > 0
    for run in runs_of(majority, int(LIMITS["hole_blocks"])):
        text = f"{sensor.name} jumps to and fro from sample to sample, as two sensors in turn"
        remedy = "give the samples of one sensor alone"
        yield found("two sensors", sensor.channels, blocks, run, text, remedy)


def _stuck(still: Mask, values: Values, others: Mask) -> Iterator[slice]:
    """Yield where an axis keeps a value for a while in which others change."""
    same = still.copy()
    same[1:] &= ~still[:-1] | (values[1:] == values[:-1])
    for run in runs_of(same):
        enough = others[run].sum() >= LIMITS["still_others"]
        enough &= others[run].mean() >= LIMITS["still_part"]
        if run.stop - run.start >= LIMITS["still_blocks"] and enough:
            yield run


def _limit(name: str, sensor: Sensor) -> float:
    return LIMITS[name + ("_g" if sensor.kind == "acceleration" else "_rad_s")]
