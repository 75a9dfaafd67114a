"""Limits of a look at a recording, and what it finds."""

from collections.abc import Sequence
from dataclasses import dataclass

from harmodels.data.look.blocks import Blocks

# Limits that the live page has too, by name. The numbers of recordings are those of MotionSense
# and UCI HAR (24 and 30 people).
LIMITS: dict[str, float] = {
    "share": 0.5,  # of the time in findings; above it a recording is refused
    "axis_share": 0.9,  # the same for a faulty axis, which says nothing of the rest of the time
    "whole": 0.9,  # of the time; above it a finding is of all of the recording
    "sliding_blocks": 15,  # a jogger's quartiles of m settle in about 10 s
    "hole_blocks": 5,  # between two runs that are taken for one
    "least_gravity_g": 0.6,  # M of people is 0.85 to 1.35, of user acceleration at most 0.5
    "most_gravity_g": 1.6,  # of what is read in its right unit
    "least_calm_g": 0.75,  # the same where gravity is nearly alone: people have 0.93 to 1.05
    "most_calm_g": 1.3,
    "turning_low_g": 0.85,  # S of a hand that turns within a second, which shortens m
    "turning_high_g": 1.6,  # the same
    "even": 0.2,  # deviation of its samples' lengths by their mean; of user acceleration 0.4
    "vague": 0.35,  # V of a jogger at most; median of walkers' user acceleration 0.55
    "vague_samples": 20,  # of a block; fewer are too few for the mean of a jogger's
    "constant": 0.3,  # distance of the quartiles of m in a run; a jogger's is at most 0.25
    "constant_part": 0.55,  # M by S: of a jogger 0.65, of user acceleration 0.3
    "still": 0.1,  # of m, the deviation of a block that shows gravity alone
    "unit": 0.25,  # by which gravity may differ from 1 g, among people who walk or jog
    "unit_calm": 0.1,  # the same at rest: scale and offset of cheap sensors
    "larger": 2.0,  # than the training's user acceleration
    "larger_share": 0.2,  # of the time; above it all is in another unit
    "narrow_deg": 60.0,  # a wider cone does not say where gravity should point instead
    "turned_deg": 15.0,  # from the cones of all classes; the opposite is nearer
    "strange_deg": 40.0,  # the same; phones in one placement differ by 20°
    "turned_share": 0.25,  # of the blocks; with fewer upright ones by the next, all are turned
    "upright_share": 0.1,  # of the turned ones
    "degrees": 20.0,  # R of people is 0.5 to 10, for 15 s at most 4.5; in degrees 57 times that
    "most_degrees": 800.0,  # R above is neither
    "radians": 0.15,  # R of people who move is 1 at least; a 57th of that is 0.02
    "usual": 2.5,  # R of people
    "noise_g": 0.003,  # of an accelerometer at rest
    "shaken_g": 0.05,  # deviation in which a gyroscope has something to measure
    "fastest": 40.0,  # rad/s; phones end at 2000 degrees a second, which is 35
    "often": 0.05,  # of the time; above it all of a recording is too fast
    "agreement": 0.25,  # squared cosine between the changes of gravity and what rotation says
    "turns": 0.05,  # rad², summed changes of the direction; less says nothing
    "still_blocks": 5,  # in which an axis keeps its value
    "still_others": 2,  # of these, in which another axis moves or has digits finer than its noise
    "still_part": 0.2,  # the same as a share
    "repeats": 0.5,  # share of equal samples in a row; with fewer, digits are finer than noise
    "moves_g": 0.05,  # deviation of an axis that moves: ten times the noise of a phone
    "moves_rad_s": 0.2,  # the same
    "clipped": 0.3,  # of a block: a jogger on a sensor of 2 g reaches 0.2
    "clipped_blocks": 3,  # with the same value, so that it is an end of the range
    "clipped_g": 0.1,  # deviation, so that the steps of the digits are small
    "clipped_rad_s": 0.5,  # the same
    "jump": 1.3,  # of a walker 0.3, of noise 1, of two sensors in turn 1.5 to 2
    "jump_hz": 40.0,  # samples a second; steps of slow recordings are as fast as they
}

AXIS = ("still", "zero", "clipped")


@dataclass(frozen=True)
class Finding:
    """Something that cannot be right, from `start` to `end`."""

    kind: str  # `unit`, `gravity`, `columns`, `sign`, `orientation`, `rotation`, …
    channels: tuple[str, ...]
    start: float  # seconds since the first sample
    end: float
    text: str  # what is wrong, without a remedy: "z stays at 9.81 m/s²"
    remedy: str = ""  # only one that leads to a right answer
    unit: str = ""  # what the remedy says, as `acc=m/s2`, where it is a unit

    @property
    def line(self) -> str:
        """When and what: `0:06-0:36: acc_z stays at 9.81 g while others move`."""
        return f"{_clock(self.start)}-{_clock(self.end)}: {self.text}"


def found(
    kind: str,
    channels: Sequence[str],
    blocks: Blocks,
    run: slice,
    text: str,
    remedy: str = "",
    unit: str = "",
) -> Finding:
    """Return the finding of a run of blocks."""
    start, end = float(blocks.start[run.start]), float(blocks.end[run.stop - 1])
    return Finding(kind, tuple(channels), start, end, text, remedy, unit)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
