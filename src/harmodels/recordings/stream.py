"""Streams from samples to windows: a regular grid of times, another rate, filters, windows.

The first two stages are those of `harmodels.data.resampling`, with which training data are made.

Each stage keeps what it needs of the samples before, so that the result is the same for any size
of the chunks that are pushed. Axes: n samples of a chunk, D channels, N windows.
"""

import math
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter
from scipy.signal import butter, sosfilt

from harmodels.data.features.signals import (
    FILTER_ORDER,
    GRAVITY_CUTOFF_HZ,
    MEDIAN_LENGTH,
    NOISE_CUTOFF_HZ,
    RATE_HZ,
)
from harmodels.data.reading.clock import rate_remedy, rate_text, unit_for
from harmodels.data.resampling import LARGEST_RATIO, RegularGrid, Resampler, joined
from harmodels.errors import DataError
from harmodels.estimators.exports.card import ModelCard, NoiseFilter

Array = NDArray[np.float64]

LEAST_SHARE = 1 / 3  # of the model's rate; what it reads is not in a slower recording

# What the recordings of UCI HAR passed, and what its 561 features are computed from.
UCI_HAR = NoiseFilter(
    median_steps=MEDIAN_LENGTH,
    sections=butter(FILTER_ORDER, NOISE_CUTOFF_HZ, fs=RATE_HZ, output="sos").tolist(),
)


class Stage(Protocol):
    """A step from samples to samples, of one segment without gaps."""

    def push(self, values: Array) -> Array:
        """Take (n, D) more samples; return (m, D') that are complete."""

    def finish(self) -> Array:
        """Return the samples that are held back, none by default."""
        return np.empty((0, 0))


def check_rate(found_hz: float, wanted_hz: float, form: str = "s") -> None:
    """Refuse a recording that is too slow for a model, or faster than any sensor.

    `form` is that of its times; it is empty where they are counted at a rate that was given.
    """
    share = found_hz / wanted_hz
    if LEAST_SHARE <= share <= LARGEST_RATIO:
        return
    source = "by its times" if form else "as it is said to have"
    reason, remedy = "such a rate is no sensor's", rate_remedy(found_hz, form)
    if share < LEAST_SHARE:
        reason = "the motion that it knows is not in so slow a recording"
        if not unit_for(found_hz, form):
            remedy = (
                f"record at {math.ceil(wanted_hz * LEAST_SHARE)} Hz or more, or train a model at "
                f"the rate of the recording (rate_hz: {found_hz:.4g})"
            )
    if not form:
        remedy = "check the rate (--rate)"
    raise DataError(
        f"the recording has {rate_text(found_hz)} samples a second {source}, and the model reads "
        f"{wanted_hz:g}: {reason}; {remedy}"
    )


class MedianFilter(Stage):
    """A centred running median whose ends repeat the first and the last sample."""

    def __init__(self, steps: int) -> None:
        self._half = steps // 2
        self._held = np.empty((0, 0))

    def push(self, values: Array) -> Array:
        """Return the medians of all samples whose neighbours are known."""
        if not self._half or not len(values):
            return values
        ends = self._held if len(self._held) else np.repeat(values[:1], self._half, axis=0)
        self._held = np.concatenate([ends, values])
        return self._advance()

    def finish(self) -> Array:
        """Return the last medians."""
        if not len(self._held):
            return self._held
        ends = np.repeat(self._held[-1:], self._half, axis=0)
        self._held = np.concatenate([self._held, ends])
        return self._advance()

    def _advance(self) -> Array:
        smooth = median_filter(self._held, size=2 * self._half + 1, axes=(0,))
        result = smooth[self._half : len(self._held) - self._half]
        self._held = self._held[-2 * self._half :]
        return result


class SosFilter(Stage):
    """Second-order sections that start as if every earlier sample had equalled the first."""

    def __init__(self, sections: Array) -> None:
        self._sections = sections
        self._state: Array | None = None
        self._first = np.empty(0)

    def push(self, values: Array) -> Array:
        """Return (n, D) filtered."""
        if not len(self._sections) or not len(values):
            return values
        if self._state is None:
            self._first = values[0]
            self._state = np.zeros((len(self._sections), 2, values.shape[1]))
        filtered, self._state = sosfilt(
            self._sections, values - self._first, axis=0, zi=self._state
        )
        return filtered + self._first


class Windows(NamedTuple):
    """N windows of one segment: (N, T, D), the samples (N, D) after them, their starts (N,).

    `WindowCutter` counts the starts in samples, `GaplessSegment` in seconds of the recording.
    """

    values: Array
    following: Array
    starts: NDArray[Any]


class WindowCutter:
    """Windows of `steps` samples every `step`; each waits for the sample after it.

    None and None give one window of the whole segment.
    """

    def __init__(self, steps: int | None, step: int | None) -> None:
        self._steps, self._step = steps, step
        self._held = np.empty((0, 0))
        self._passed = 0

    def push(self, values: Array) -> Windows:
        """Take (n, D) samples; return the windows that they complete."""
        self._held = joined(self._held, values)
        return self._cut(spare=1)

    def finish(self) -> Windows:
        """Return the window that ends with the last sample; the sample after it is NaN."""
        if self._steps is None:
            self._steps = self._step = len(self._held)
        return self._cut(spare=0)

    def _cut(self, spare: int) -> Windows:
        if not len(self._held) or self._steps is None or self._step is None:
            return Windows(np.empty((0, 0, 0)), np.empty((0, 0)), np.empty(0, dtype=np.int64))
        count = max(0, (len(self._held) - spare - self._steps) // self._step + 1)
        starts = np.arange(count) * self._step
        padded = np.concatenate([self._held, np.full((1, self._held.shape[1]), np.nan)])
        values = self._held[starts[:, None] + np.arange(self._steps)]
        result = Windows(values, padded[starts + self._steps], self._passed + starts)
        self._held = self._held[count * self._step :]
        self._passed += count * self._step
        return result


class GravitySplit(Stage):
    """Body acceleration beside total acceleration and rotation: six channels become nine."""

    def __init__(self) -> None:
        cutoff = butter(FILTER_ORDER, GRAVITY_CUTOFF_HZ, fs=RATE_HZ, output="sos")
        self._gravity = SosFilter(cutoff)

    def push(self, values: Array) -> Array:
        """Return (n, 9) of (n, 6)."""
        if not len(values):
            return values
        total, turn = values[:, :3], values[:, 3:]
        return np.concatenate([total, total - self._gravity.push(total), turn], axis=1)


class GaplessSegment:
    """A segment of a recording without gaps, from its samples to windows.

    `recorded_hz` is the rate of the whole recording, which `check_rate` allows.
    """

    def __init__(
        self, card: ModelCard, steps: int | None, step: int | None, recorded_hz: float
    ) -> None:
        self._rate_hz = card.rate_hz
        self._grid = RegularGrid(card.rate_hz, recorded_hz)
        self._stages: list[Stage] = [Resampler(self._grid.ratio)]
        noise = UCI_HAR if card.features else card.noise_filter
        if noise is not None:
            sections = np.array(noise.sections).reshape(-1, 6)
            self._stages += [MedianFilter(noise.median_steps), SosFilter(sections)]
        if card.features:
            self._stages.append(GravitySplit())
        self._cutter = WindowCutter(steps, step)

    def push(self, times: Array, values: Array) -> Windows:
        """Take (n,) times and (n, D) samples; return the windows that they complete."""
        regular = self._grid.push(times, values)
        for stage in self._stages:
            regular = stage.push(regular)
        return self._timed(self._cutter.push(regular))

    def finish(self) -> list[Windows]:
        """Return the last windows."""
        rest = self._grid.finish()
        for stage in self._stages:
            rest = joined(stage.push(rest), stage.finish())
        return [self._timed(self._cutter.push(rest)), self._timed(self._cutter.finish())]

    def _timed(self, windows: Windows) -> Windows:
        return windows._replace(starts=self._grid.start + windows.starts / self._rate_hz)
