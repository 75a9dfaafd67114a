"""Resampling of recordings to another rate, and gaps in time.

Axes: T samples of one recording, D channels.
"""

from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.signal import resample_poly

Array = NDArray[np.float64]

FILTER = (
    "scipy.signal.resample_poly: a zero-phase FIR low-pass (Kaiser window, beta 5) against "
    "aliasing, after linear interpolation onto even times"
)
LARGEST_RATIO = 64  # of two rates, as a fraction of whole numbers up to it


def split_gaps(times: Array, largest_gap_s: float) -> Iterator[slice]:
    """Yield the parts of a recording between which time steps back, stands still or jumps.

    Parameters
    ----------
    times
        (T,) seconds.
    largest_gap_s
        Longest pause between two samples of one part.

    Examples
    --------
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
    """Return the samples a second of a part without gaps, single missing samples apart.

    Parameters
    ----------
    times
        (T,) rising seconds, at least two of them.
    """
    pauses = np.diff(times)
    return float(1 / pauses[pauses < 1.5 * np.median(pauses)].mean())


def resample(times: Array, values: Array, rate_hz: float) -> tuple[Array, Array]:
    """Return a part of a recording at another rate: times (T',) and values (T', D).

    The samples are interpolated linearly onto even times, at a rate whose ratio to `rate_hz` is
    one of small whole numbers, and then filtered and resampled as `FILTER` says. Times begin
    with the first sample and end before one interval after the last.

    Parameters
    ----------
    times
        (T,) rising seconds without a gap.
    values
        (T, D), finite.
    rate_hz
        Samples a second of the result.

    Raises
    ------
    ValueError
        If there are fewer than two samples or the rates are further apart than 1 : 64.

    Examples
    --------
    >>> times, values = resample(np.arange(5) / 10, np.ones((5, 1)), rate_hz=20.0)
    >>> times.round(2).tolist(), values.shape
    ([0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45], (10, 1))
    """
    if len(times) < 2:
        raise ValueError("one sample has no rate")
    found = rate_of(times)
    if not 1 / LARGEST_RATIO <= rate_hz / found <= LARGEST_RATIO:
        raise ValueError(f"{found:g} Hz cannot be resampled to {rate_hz:g} Hz")
    ratio = Fraction(rate_hz / found).limit_denominator(LARGEST_RATIO)
    even_hz = rate_hz / float(ratio)
    count = int(np.floor((times[-1] - times[0]) * even_hz + 0.5)) + 1
    even = times[0] + np.arange(count) / even_hz
    regular = np.column_stack([np.interp(even, times, column) for column in values.T])
    result = resample_poly(regular, ratio.numerator, ratio.denominator, padtype="line")
    return times[0] + np.arange(len(result)) / rate_hz, result
