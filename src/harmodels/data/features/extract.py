"""Windows in, 561 features out."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from harmodels.data.features import checks, statistics
from harmodels.data.features.catalogue import ANGLES, AXES, blocks, feature_names
from harmodels.data.features.signals import (
    LENGTH,
    RATE_HZ,
    STEP,
    derive_signals,
    reduce_noise,
    split_gravity,
)
from harmodels.errors import DataError

Array = NDArray[np.float64]

CHUNK = 512  # windows at a time; bounds the memory of the histograms to some megabytes


class RecordingWindows(NamedTuple):
    """Filtered, half-overlapping windows of one recording."""

    values: Array  # (N, 128, 9), channels as in `checks.FILTERED_CHANNELS`
    following: Array  # (N, 9) the sample after each window; NaN after the end
    start_s: Array  # (N,) time of each window's first sample


def extract_features(
    windows: checks.Floats,
    channels: Sequence[str],
    rate_hz: float,
    units: Sequence[str],
    *,
    filtered: bool,
    following: checks.Floats | None = None,
) -> Array:
    """Compute the 561 features of every window.

    Windows are (N, 128, D) at 50 Hz, with D names and units (`g`, `rad/s`). Filtered windows need
    `total_acc_x` … `z`, `body_acc_x` … `z` and `body_gyro_x` … `z`; raw ones need total
    acceleration and gyroscope only, and are filtered one by one, from rest; where the recording is
    at hand, `windows_of_recording` filters it whole. `following` (N, D) is the sample after each
    filtered window (`signals.following_samples`); where it is NaN, the last difference of the jerk
    is predicted.

    Returns (N, 561) float64 in the order of `catalogue.catalogue()`, not yet mapped to [−1, 1].
    Raises DataError if length, channels, rate, units or magnitudes are wrong, or a value is not
    finite.
    """
    windows = np.asarray(windows)
    checks.check_windows(windows)
    checks.check_rate(rate_hz)
    needed = checks.FILTERED_CHANNELS if filtered else checks.RAW_CHANNELS
    values = checks.select(windows, channels, units, needed)
    checks.check_finite(values, "window")
    if not filtered:
        if following is not None:
            raise DataError("following samples belong to filtered windows; leave them out for raw")
        values = _filter(values)
    checks.check_magnitudes(values[..., :3], values[..., 6:])
    ends = np.full((len(values), values.shape[2]), np.nan)
    if following is not None:
        following = np.asarray(following)
        if following.shape != (len(windows), windows.shape[2]):
            raise DataError(
                f"following samples have shape {following.shape}, "
                f"not {(len(windows), windows.shape[2])}; give one sample a window"
            )
        ends = checks.select(following, channels, units, needed)
    return features_of(values, ends)


def features_of(values: Array, following: Array) -> Array:
    """Compute the features (N, 561) of windows (N, 128, 9) that need no check, as above."""
    # each signal in one piece of memory, along which sums are twice as fast
    values = np.moveaxis(np.ascontiguousarray(np.moveaxis(values, -1, 0)), 0, -1)
    parts = [
        _features(values[first : first + CHUNK], following[first : first + CHUNK])
        for first in range(0, len(values), CHUNK)
    ]
    return np.concatenate(parts) if parts else np.empty((0, len(feature_names())))


def windows_of_recording(
    time_s: checks.Floats,
    values: checks.Floats,
    channels: Sequence[str],
    units: Sequence[str],
) -> RecordingWindows:
    """Filter a raw recording, then cut it into half-overlapping windows of 2.56 s.

    `time_s` (T,) in seconds, 50 a second without gaps; `values` (T, D) with `total_acc_x` … `z` in
    g and `body_gyro_x` … `z` in rad/s. Raises DataError if it has gaps, another rate, wrong units,
    NaN, or fewer than 128 samples.
    """
    times = np.asarray(time_s, dtype=np.float64)
    values = np.asarray(values)
    if times.ndim != 1 or values.ndim != 2 or len(times) != len(values):
        raise DataError(
            f"time stamps of shape {times.shape} do not go with values of shape {values.shape}; "
            "give (T,) and (T, D)"
        )
    if len(values) < LENGTH:
        raise DataError(
            f"the recording has {len(values)} samples, fewer than one window of {LENGTH}; "
            f"record at least {LENGTH / RATE_HZ:g} s"
        )
    checks.check_times(times)
    raw = checks.select(values, channels, units, checks.RAW_CHANNELS)  # (T, 6)
    checks.check_finite(raw, "sample")
    checks.check_magnitudes(raw[:, :3], raw[:, 3:])
    filtered = _filter(raw)  # (T, 9)
    starts = np.arange(0, len(filtered) - LENGTH + 1, STEP)  # (N,)
    padded = np.concatenate([filtered, np.full((1, filtered.shape[1]), np.nan)])  # (T + 1, 9)
    return RecordingWindows(
        values=filtered[starts[:, None] + np.arange(LENGTH)],
        following=padded[starts + LENGTH],
        start_s=times[starts],
    )


def _filter(raw: Array) -> Array:
    """Turn (…, T, 6) raw channels into the nine of `checks.FILTERED_CHANNELS`."""
    smooth = reduce_noise(raw)
    total, gyro = smooth[..., :3], smooth[..., 3:]
    return np.concatenate([total, total - split_gravity(total), gyro], axis=-1)


def _features(values: Array, following: Array) -> Array:
    """Compute (N, 561) of (N, 128, 9) checked windows and the (N, 9) samples after them."""
    signals = derive_signals(
        total=values[..., :3],
        body=values[..., 3:6],
        gyro=values[..., 6:],
        following_body=following[:, 3:6],
        following_gyro=following[:, 6:],
    )
    columns = [statistics.FUNCTIONS[b.function](signals[b.signal]) for b in blocks()]
    directions = dict(zip(AXES, np.eye(3), strict=True))
    named = {name for pair in ANGLES.values() for name in pair} - set(AXES)
    directions |= {name: signals[name].mean(axis=1) for name in named}  # (N, 3) each
    angles = [statistics.angle(directions[u], directions[v])[:, None] for u, v in ANGLES.values()]
    return np.concatenate(columns + angles, axis=1)
