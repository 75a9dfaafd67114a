"""Streams from samples to windows: even times, another rate, filters, windows.

Each stage keeps what it needs of the samples before, so that the result is the same for any size
of the chunks that are pushed. Axes: n samples of a chunk, D channels, N windows.
"""

import math
from fractions import Fraction
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter
from scipy.signal import butter, resample_poly, sosfilt

from harmodels.data.features.signals import (
    FILTER_ORDER,
    GRAVITY_CUTOFF_HZ,
    MEDIAN_LENGTH,
    NOISE_CUTOFF_HZ,
    RATE_HZ,
)
from harmodels.data.resampling import LARGEST_RATIO, rate_of
from harmodels.errors import DataError
from harmodels.estimators.card import ModelCard, NoiseFilter

Array = NDArray[np.float64]

PROBED = 512  # samples of a part from which its rate is found
TAPS = 10  # half the length of scipy's filter against aliasing, in samples of the lower rate
LEAST_SHARE = 1 / 3  # of the model's rate; what it reads is not in a slower recording

# What the recordings of UCI HAR passed, and what its 561 features are computed from.
UCI_HAR = NoiseFilter(
    MEDIAN_LENGTH,
    tuple(
        tuple(row)
        for row in butter(FILTER_ORDER, NOISE_CUTOFF_HZ, fs=RATE_HZ, output="sos").tolist()
    ),
)


class Stage(Protocol):
    """A step from samples to samples, of one part without gaps."""

    def push(self, values: Array) -> Array:
        """Take (n, D) more samples; return (m, D') that are complete."""
        ...

    def finish(self) -> Array:
        """Return the rest."""
        ...


class EvenTimes:
    """Linear interpolation onto even times, at a rate in a simple ratio to the model's.

    The rate is found from the first `PROBED` samples.

    Parameters
    ----------
    rate_hz
        Of the model.
    """

    def __init__(self, rate_hz: float) -> None:
        self._wanted = rate_hz
        self._times = np.empty(0)
        self._values = np.empty((0, 0))
        self._start = 0.0
        self._emitted = 0
        self._even_hz = 0.0
        self.found_hz = 0.0
        self.ratio = Fraction(0)  # of the model's rate to the even one; 0 until it is known

    def push(self, times: Array, values: Array) -> Array:
        """Take (n,) rising times and (n, D) values; return (m, D) at even times.

        Raises
        ------
        DataError
            If the rate cannot be what the model reads.
        """
        self._take(times, values)
        if not self.ratio and len(self._times) < PROBED:
            return self._values[:0]
        return self._emit(last=False)

    def finish(self) -> Array:
        """Return the samples up to half an interval after the last."""
        return self._emit(last=True) if len(self._times) > 1 or self.ratio else self._values[:0]

    def _take(self, times: Array, values: Array) -> None:
        if not len(self._times):
            self._start, self._times, self._values = times[0], times, values
        else:
            self._times = np.concatenate([self._times, times])
            self._values = np.concatenate([self._values, values])

    def _emit(self, *, last: bool) -> Array:
        if not self.ratio:
            self._find_rate()
        span = (self._times[-1] - self._start) * self._even_hz
        count = math.floor(span + 0.5 if last else span) + 1
        even = self._start + np.arange(self._emitted, count) / self._even_hz
        result = np.column_stack(
            [np.interp(even, self._times, column) for column in self._values.T]
        )
        self._emitted = max(count, self._emitted)
        self._times, self._values = self._times[-1:], self._values[-1:]
        return result

    def _find_rate(self) -> None:
        self.found_hz = rate_of(self._times[:PROBED])
        share = self.found_hz / self._wanted
        if not LEAST_SHARE <= share <= LARGEST_RATIO:
            raise DataError(
                f"the recording has {self.found_hz:.4g} samples a second by its times, and the "
                f"model reads {self._wanted:g}: "
                + (
                    "the motion that it knows is not in so slow a recording"
                    if share < LEAST_SHARE
                    else "such a rate is no sensor's"
                )
                + "; check the unit of the time (--time-unit)"
            )
        self.ratio = Fraction(1 / share).limit_denominator(LARGEST_RATIO)
        self._even_hz = self._wanted / float(self.ratio)


class Resampler:
    """`scipy.signal.resample_poly` in blocks that overlap by the length of its filter.

    Parameters
    ----------
    ratio
        Of the new rate to the old one.
    """

    def __init__(self, ratio: Fraction) -> None:
        self._up, self._down = ratio.numerator, ratio.denominator
        half = math.ceil(TAPS * max(self._up, self._down) / self._up)
        self._context = (math.ceil(half / self._down) + 1) * self._down
        self._held: Array | None = None  # begins `context` samples before what is to come
        self._taken = 0
        self._given = 0

    def push(self, values: Array) -> Array:
        """Take (n, D) samples; return those at the new rate whose filter has all it needs."""
        if self._up == self._down or not len(values):
            return values
        if self._held is None:
            values = np.concatenate([np.repeat(values[:1], self._context, axis=0), values])
            self._taken -= self._context
            self._held = values[:0]
        self._held = np.concatenate([self._held, values])
        self._taken += len(values)
        return self._advance()

    def finish(self) -> Array:
        """Return the rest, as if the last sample stood on."""
        if self._held is None:
            return np.empty((0, 0))
        total = math.ceil(self._taken * self._up / self._down) - self._given
        padding = np.repeat(self._held[-1:], 2 * self._context + self._down, axis=0)
        self._held = np.concatenate([self._held, padding])
        return self._advance()[:total]

    def _advance(self) -> Array:
        assert self._held is not None
        blocks = (len(self._held) - 2 * self._context) // self._down
        if blocks <= 0:
            return self._held[:0]
        size = blocks * self._down
        block = resample_poly(self._held[: size + 2 * self._context], self._up, self._down)
        first = self._context * self._up // self._down
        self._held = self._held[size:]
        self._given += blocks * self._up
        return block[first : first + blocks * self._up]


class Median:
    """A centred running median whose ends repeat the first and the last sample."""

    def __init__(self, steps: int) -> None:
        self._half = steps // 2
        self._held: Array | None = None

    def push(self, values: Array) -> Array:
        """Return the medians of all samples whose neighbours are known."""
        if not self._half or not len(values):
            return values
        if self._held is None:
            self._held = np.repeat(values[:1], self._half, axis=0)
        self._held = np.concatenate([self._held, values])
        return self._advance()

    def finish(self) -> Array:
        """Return the last medians."""
        if self._held is None:
            return np.empty((0, 0))
        ends = np.repeat(self._held[-1:], self._half, axis=0)
        self._held = np.concatenate([self._held, ends])
        return self._advance()

    def _advance(self) -> Array:
        assert self._held is not None
        smooth = median_filter(self._held, size=2 * self._half + 1, axes=(0,))
        result = smooth[self._half : len(self._held) - self._half]
        self._held = self._held[-2 * self._half :]
        return result


class Sections:
    """Second-order sections that start as if the first sample had stood there for ever."""

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

    def finish(self) -> Array:
        """Return nothing: a causal filter holds nothing back."""
        return np.empty((0, 0))


class Windows(NamedTuple):
    """N windows of one part: (N, T, D), the samples (N, D) after them, the first steps (N,)."""

    values: Array
    following: Array
    starts: NDArray[np.int64]


class Windower:
    """Windows of `steps` samples every `step`; each waits for the sample after it.

    Parameters
    ----------
    steps, step
        None and None give one window of the whole part.
    """

    def __init__(self, steps: int | None, step: int | None) -> None:
        self._steps, self._step = steps, step
        self._held: Array | None = None
        self._passed = 0

    def push(self, values: Array) -> Windows:
        """Take (n, D) samples; return the windows that they complete."""
        if len(values):
            held = self._held
            self._held = values if held is None else np.concatenate([held, values])
        return self._cut(spare=1)

    def finish(self) -> Windows:
        """Return the window that ends with the last sample; the sample after it is NaN."""
        if self._held is None:
            return self._cut(spare=1)
        if self._steps is None:
            self._steps, self._step = len(self._held), len(self._held)
        return self._cut(spare=0)

    def _cut(self, spare: int) -> Windows:
        if self._held is None or self._steps is None or self._step is None:
            return Windows(np.empty((0, 0, 0)), np.empty((0, 0)), np.empty(0, dtype=np.int64))
        count = max(0, (len(self._held) - spare - self._steps) // self._step + 1)
        starts = np.arange(count) * self._step
        padded = np.concatenate([self._held, np.full((1, self._held.shape[1]), np.nan)])
        values = self._held[starts[:, None] + np.arange(self._steps)]
        result = Windows(values, padded[starts + self._steps], self._passed + starts)
        self._held = self._held[count * self._step :]
        self._passed += count * self._step
        return result


def noise_stages(noise: NoiseFilter | None) -> list[Stage]:
    """Return the stages of a noise filter, none for none."""
    if noise is None:
        return []
    return [Median(noise.median_steps), Sections(np.array(noise.sections).reshape(-1, 6))]


class GravitySplit:
    """Body acceleration beside total acceleration and rotation: six channels become nine."""

    def __init__(self) -> None:
        cutoff = butter(FILTER_ORDER, GRAVITY_CUTOFF_HZ, fs=RATE_HZ, output="sos")
        self._gravity = Sections(cutoff)

    def push(self, values: Array) -> Array:
        """Return (n, 9) of (n, 6)."""
        if not len(values):
            return values
        total, turn = values[:, :3], values[:, 3:]
        return np.concatenate([total, total - self._gravity.push(total), turn], axis=1)

    def finish(self) -> Array:
        """Return nothing: the filter is causal."""
        return np.empty((0, 0))


class Part:
    """A part of a recording without gaps, from its samples to windows.

    Parameters
    ----------
    card
        Of the model: rate, filters, channels.
    steps, step
        As of `Windower`.
    """

    def __init__(self, card: ModelCard, steps: int | None, step: int | None) -> None:
        self._even = EvenTimes(card.rate_hz)
        self._stages: list[Stage] = []
        self._after = noise_stages(UCI_HAR if card.features else card.noise_filter)
        if card.features:
            self._after.append(GravitySplit())
        self._windower = Windower(steps, step)

    @property
    def found_hz(self) -> float:
        """Samples a second as recorded; 0 where too few were seen."""
        return self._even.found_hz

    def push(self, times: Array, values: Array) -> Windows:
        """Take (n,) times and (n, D) samples; return the windows that they complete."""
        even = self._even.push(times, values)
        for stage in self._ready():
            even = stage.push(even)
        return self._windower.push(even)

    def finish(self) -> list[Windows]:
        """Return the last windows."""
        rest = self._even.finish()
        for stage in self._ready():
            rest = _joined(stage.push(rest), stage.finish())
        return [self._windower.push(rest), self._windower.finish()]

    def _ready(self) -> list[Stage]:
        if not self._stages and self._even.ratio:
            self._stages = [Resampler(self._even.ratio), *self._after]
        return self._stages


def _joined(first: Array, second: Array) -> Array:
    if not len(first):
        return second
    return np.concatenate([first, second]) if len(second) else first
