"""What the samples of a recording reveal: units, signs and axes that cannot be right.

One look is used by training, by the commands and (ported to JavaScript, with the same limits) by
the live page. Of a recording it keeps blocks of one second (`data.blocks`) and decides at the end:

1. Channels in a unit of acceleration or angular velocity are sensors, by name without the axis.
   Others are not looked at; where gravity or rotation is asked for, all three axes must be there.
2. *Sliding* statistics are over 15 consecutive blocks around a block (at the ends the first or last
   15; all where there are fewer): sorted, their median is number `n // 2`, their quartiles are
   `n // 4` and `n - 1 - n // 4`, from 0. A sliding majority is a sliding median of 0 and 1. Of an
   accelerometer, blocks in which no axis changes, or one is stuck (6), are left out before.
   A *run* is of consecutive blocks, over holes of at most 5.
3. *Gravity*, by accelerometer: m is the length of a block's mean vector in g, s the mean length
   of its samples, M and S their sliding medians, V the sliding distance of the quartiles of m by M
   (0 in blocks of fewer than 20 samples). A block is wrong where M > 1.6 (in a sliding majority of
   blocks that deviate by less than 0.1 m: not in 0.75 to 1.3); where M < 0.6, and where V > 0.35
   and M < 0.55 S, unless the sensor turns: S is 0.85 to 1.6, and the lengths of a block's samples
   deviate by less than 0.2 of their mean (sliding median). Of the wrong blocks of a run, m
   says which: *constant* (quartiles within 0.3 of the median, which is at least 0.55 of that of s)
   is gravity in another unit, if one fits, or another column; otherwise gravity is missing. Where
   0.9 of all blocks are wrong, the run is all of the recording, and the unit is a remedy.
   Where training had no gravity, a constant m above 0.6 is wrong, and S above twice the training's.
4. *Direction*: a block whose gravity is right is strange where it is more than 40° outside the
   training's cones of all classes, and turned where it is more than 15° outside, but within 15° of
   a cone of at most 60° with the opposite sign; sliding majorities decide. All blocks are turned
   where a quarter is, and a tenth as many are certainly not.
5. *Rotation*, by gyroscope: the ratio R of what turns gravity (standard deviations of the axes,
   across the mean direction of gravity, in rad/s) to the standard deviation of the acceleration
   over M, at least 0.003. A sliding median above 20 is that of degrees, one below 0.15 that of
   degrees taken for radians, where the acceleration deviates by 0.05 g. What gravity does in the
   meantime can refute it: its direction g changes from block to block by −ω × g (`turn_factor`).
   Without such an accelerometer, and else, nothing is faster than 40 rad/s.
6. *Each axis*: constant to the last digit for 5 blocks, in a fifth of which (at least 2) another
   axis of any sensor moves, or one of the same sensor has a new value in half of its samples; at
   its highest or lowest value of all in 0.3 of a block's samples, in three blocks.
7. *Two sensors*: the mean squared change between samples is above 1.3 of twice the variance, in a
   sliding majority of blocks of at least 40 samples a second.

Findings come in the order of their start, then of the steps above, then of the channels.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from harmodels.data.look.acceleration import (
    Steady,
    expects_gravity,
    look_at_direction,
    look_at_gravity,
)
from harmodels.data.look.axes import look_at_axes, look_for_two_sensors
from harmodels.data.look.blocks import Blocks, BlockStatistics
from harmodels.data.look.findings import AXIS, LIMITS, Finding
from harmodels.data.look.gravity import Gravity, by_sensor, gravity_of
from harmodels.data.look.rotation import look_at_range, look_at_rotation
from harmodels.data.look.sensors import FileUnit, Sensor, sensors_of

__all__ = ["LIMITS", "Finding", "Gravity", "Look", "gravity_of", "touched"]

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


class Look:
    """A look at a recording, fed with its samples; memory is bounded by seconds, not samples.

    `gravity` is what a model's card says of the acceleration in its training (`gravity_of`), or
    None, where nothing is known of it: then acceleration has to hold gravity, unless its channels
    are called `body_…`, `user_…` or `linear_…`. `units` are those of the samples, `file_units`
    those of the file that they were converted from, so that remedies name the right one.

    >>> lying = np.tile([0.0, 0.0, 9.81], (500, 1)) + np.linspace(0, 0.01, 500)[:, None]
    >>> look = Look(["acc_x", "acc_y", "acc_z"], ["g"] * 3)
    >>> look.push(0, np.arange(500) / 50, lying)
    >>> [(found.kind, found.remedy) for found in look.findings()]
    [('unit', 'say --unit acc=m/s2')]
    """

    def __init__(
        self,
        channels: Sequence[str],
        units: Sequence[str],
        gravity: Sequence[Gravity] | None = None,
        file_units: Sequence[str] | None = None,
    ) -> None:
        self._channels, self._units = tuple(channels), tuple(units)
        self._file_units = tuple(file_units or units)
        self._sensors = sensors_of(channels, units)
        self._triples = [sensor for sensor in self._sensors if sensor.whole]
        self._gravity = by_sensor(gravity)
        self._statistics = BlockStatistics([sensor.columns for sensor in self._triples])
        self._known: tuple[Blocks | None, list[Finding]] | None = None

    def push(self, session: int, times: Array, values: Array) -> None:
        """Take (n,) rising times and (n, D) values of one session, as `reading.Samples` has it."""
        if self._sensors:
            self._statistics.push(session, times, values)
            self._known = None

    def findings(self) -> list[Finding]:
        """Return what was found in all of the recording, in the order of time."""
        return self._look()[1]

    def refusal(self) -> str | None:
        """Return why the recording cannot be used, with the remedy; None where it can.

        It can where less than half of its time is in findings, with those of a faulty axis 0.9;
        windows that touch a finding get no label then (`touched`).
        """
        blocks, findings = self._look()
        if blocks is None:
            return None
        faulty = [finding for finding in findings if finding.kind in AXIS]
        others = [finding for finding in findings if finding.kind not in AXIS]
        rest = blocks.at(~touched(faulty, blocks.start, blocks.end))
        if _covered(others, rest) >= LIMITS["share"]:
            kept = others
        elif _covered(findings, blocks) >= LIMITS["axis_share"]:
            kept = findings
        else:
            return None
        longest = max(finding.end - finding.start for finding in kept)
        main = [each for each in kept if each.end - each.start >= LIMITS["whole"] * longest]
        return "; ".join([*(each.line for each in main), *_remedies(main)])

    def _look(self) -> tuple[Blocks | None, list[Finding]]:
        if self._known is None:
            blocks = self._statistics.blocks()
            findings = [] if blocks is None else list(self._steps(blocks))
            self._known = blocks, sorted(findings, key=lambda finding: finding.start)
        return self._known

    def _steps(self, blocks: Blocks) -> Iterator[Finding]:
        """Yield the findings of all sensors, in the order of the steps above."""
        axes = list(look_at_axes(self._sensors, self._units, blocks))
        still = blocks.low == blocks.high
        steadies: dict[Sensor, tuple[Steady, Blocks]] = {}
        for triple, sensor in enumerate(self._triples):
            mine = [each for each in axes if each.channels[0] in sensor.channels]
            stuck = [each for each in mine if each.kind != "clipped"]
            usable = ~still[:, list(sensor.columns)].all(axis=1) & ~touched(
                stuck, blocks.start, blocks.end
            )
            if sensor.kind == "acceleration" and usable.any():
                rest = blocks.at(usable)
                steadies[sensor] = Steady.of(sensor, rest, triple), rest
        for sensor, (steady, own) in list(steadies.items()):
            known = sensor, steady, own, self._gravity.get(sensor.name), self._file_unit(sensor)
            findings = list(look_at_gravity(*known))
            yield from findings
            yield from look_at_direction(*known)
            if any(finding.kind in ("gravity", "columns") for finding in findings):
                del steadies[sensor]  # whose constant part is not gravity
        for sensor in self._sensors:
            if sensor.kind == "rotation":
                yield from self._look_at_rotation(sensor, blocks, steadies)
        yield from axes
        for triple, sensor in enumerate(self._triples):
            yield from look_for_two_sensors(sensor, triple, blocks)

    def _look_at_rotation(
        self, sensor: Sensor, blocks: Blocks, steadies: dict[Sensor, tuple[Steady, Blocks]]
    ) -> Iterator[Finding]:
        unit = self._file_unit(sensor)
        beside = [s for s in steadies if expects_gravity(s, self._gravity.get(s.name))]
        findings: list[Finding] = []
        if sensor.whole and len(beside) == 1:
            steady, own = steadies[beside[0]]
            findings += look_at_rotation(sensor, beside[0], steady, own, unit)
        yield from findings or look_at_range(sensor, blocks, unit)

    def _file_unit(self, sensor: Sensor) -> FileUnit:
        alike = [other for other in self._sensors if other.kind == sensor.kind]
        short = "acc" if sensor.kind == "acceleration" else "gyro"
        one = len(alike) == 1 and f"_{short}_" in f"_{sensor.name}_"
        unit = self._file_units[sensor.columns[0]]
        return FileUnit(short if one else sensor.name, unit.lstrip("-"), unit.startswith("-"))


def _remedies(findings: Sequence[Finding]) -> list[str]:
    """Return each remedy once; several units are one option."""
    units = [each.unit for each in findings if each.remedy == f"say --unit {each.unit}"]
    others = [each.remedy for each in findings if each.remedy and each.unit not in units]
    together = [f"say --unit {','.join(dict.fromkeys(units))}"] if units else []
    return [*together, *dict.fromkeys(others)]


def _covered(findings: Sequence[Finding], blocks: Blocks) -> float:
    """Return the share of the blocks that are in findings."""
    inside = touched(findings, blocks.start, blocks.end)
    return float(inside.mean()) if len(inside) else 0.0


def touched(findings: Sequence[Finding], starts: Array, ends: Array) -> Mask:
    """Return (N,) whether windows, which start and end at these seconds, touch a finding."""
    begun = np.sort([finding.start for finding in findings])
    over = np.sort([finding.end for finding in findings])
    # more begin before a window's end than are over before its start
    return np.searchsorted(begun, ends) > np.searchsorted(over, starts)
