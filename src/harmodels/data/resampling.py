"""Resampling of recordings to another rate, and gaps in time.

Recordings to learn from come here as a whole (`resample`), those to be classified in chunks
(`RegularGrid`, then `Resampler`): one implementation, and the same samples for any size of the
chunks. Axes: T samples of one recording, n of a chunk, D channels.
"""

import math
from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

FILTER = (
    "scipy.signal.resample_poly: a zero-phase FIR low-pass (Kaiser window, beta 5) against "
    "aliasing, after linear interpolation onto even times; the first and the last sample are "
    "repeated beyond the ends"
)
LARGEST_RATIO = 64  # of two rates, as a fraction of whole numbers up to it
TAPS = 10  # half the length of scipy's filter against aliasing, in samples of the lower rate


def split_gaps(times: Array, largest_gap_s: float) -> Iterator[slice]:
    """Yield the parts of times (T,) in s between which time steps back, stands still or jumps.

    >>> list(split_gaps(np.array([0.0, 0.1, 0.9, 1.0]), largest_gap_s=0.2))
    [slice(0, 2, None), slice(2, 4, None)]
    """
    pauses = np.diff(times)
    breaks = np.flatnonzero((pauses <= 0) | (pauses > largest_gap_s)) + 1
    edges = [0, *breaks.tolist(), len(times)]
    for start, stop in pairwise(edges):
        if start < stop:
            yield slice(start, stop)


def rate_of(times: Array) -> float:
    """Return the samples a second of rising times (T,) in s, single missing samples apart."""
    pauses = np.diff(times)
    return float(1 / pauses[pauses < 1.5 * np.median(pauses)].mean())


def resample(
    times: Array, values: Array, rate_hz: float, recorded_hz: float | None = None
) -> tuple[Array, Array]:
    """Return times (T,) in s and values (T, D) without a gap at another rate: (T',) and (T', D).

    The samples are interpolated linearly onto even times, at a rate whose ratio to `rate_hz` is one
    of small whole numbers, and then filtered and resampled as `FILTER` says. `recorded_hz` is the
    rate of the whole recording, by default that of these samples. Times begin with the first sample
    and end before one interval after the last. Raises ValueError if there are fewer than two
    samples or the rates are further apart than 1 : 64.

    >>> times, values = resample(np.arange(5) / 10, np.ones((5, 1)), rate_hz=20.0)
    >>> times.round(2).tolist(), values.shape
    ([0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45], (10, 1))
    """
    if len(times) < 2:
        raise ValueError("one sample has no rate")
    even = RegularGrid(rate_hz, rate_of(times) if recorded_hz is None else recorded_hz)
    regular = joined(even.push(times, values), even.finish())
    stage = Resampler(even.ratio)
    result = joined(stage.push(regular), stage.finish())
    return times[0] + np.arange(len(result)) / rate_hz, result


class RegularGrid:
    """Linear interpolation onto a regular grid, at a rate in a simple ratio to the wanted one.

    `recorded_hz` is the rate of the whole recording, so that a short part does not decide about
    its own. Raises ValueError if the rates are further apart than 1 : `LARGEST_RATIO`.
    """

    def __init__(self, rate_hz: float, recorded_hz: float) -> None:
        if not 1 / LARGEST_RATIO <= rate_hz / recorded_hz <= LARGEST_RATIO:
            raise ValueError(f"{recorded_hz:g} Hz cannot be resampled to {rate_hz:g} Hz")
        self.start = 0.0
        # of the wanted rate to the even one
        self.ratio = Fraction(rate_hz / recorded_hz).limit_denominator(LARGEST_RATIO)
        self._even_hz = rate_hz / float(self.ratio)
        self._times = np.empty(0)
        self._values = np.empty((0, 0))
        self._emitted = 0

    def push(self, times: Array, values: Array) -> Array:
        """Take (n,) rising times and (n, D) values; return (m, D) at even times."""
        if not len(self._times):
            self.start, self._times, self._values = times[0], times, values
        else:
            self._times = np.concatenate([self._times, times])
            self._values = np.concatenate([self._values, values])
        return self._emit(spare=0.0)

    def finish(self) -> Array:
        """Return the samples up to half an interval after the last."""
        return self._emit(spare=0.5)

    def _emit(self, spare: float) -> Array:
        if not self._emitted and len(self._times) < 2:
            return self._values[:0]
        count = math.floor((self._times[-1] - self.start) * self._even_hz + spare) + 1
        even = self.start + np.arange(self._emitted, count) / self._even_hz
        result = np.column_stack(
            [np.interp(even, self._times, column) for column in self._values.T]
        )
        self._emitted = max(count, self._emitted)
        self._times, self._values = self._times[-1:], self._values[-1:]
        return result


class Resampler:
    """`scipy.signal.resample_poly` in blocks that overlap by the length of its filter."""

    def __init__(self, ratio: Fraction) -> None:
        self._up, self._down = ratio.numerator, ratio.denominator
        half = math.ceil(TAPS * max(self._up, self._down) / self._up)
        self._context = (math.ceil(half / self._down) + 1) * self._down
        self._held: Array | None = None  # begins `context` samples before the next one
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
        # imported here: whoever reads the registry imports this module, and scipy.signal takes long
        from scipy.signal import resample_poly

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


def joined(first: Array, second: Array) -> Array:
    """Return the samples of two chunks, either of which may hold none."""
    if not len(first):
        return second
    return np.concatenate([first, second]) if len(second) else first
