"""Requirements of a window or a recording before features are computed: DataError with a remedy."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harmodels.data.features.signals import LENGTH, RATE_HZ
from harmodels.data.look import LIMITS
from harmodels.data.units import STANDARD_GRAVITY
from harmodels.errors import DataError

Array = NDArray[np.float64]
Floats = NDArray[np.floating[Any]]

AXES = ("x", "y", "z")
TOTAL = tuple(f"total_acc_{axis}" for axis in AXES)
BODY = tuple(f"body_acc_{axis}" for axis in AXES)
GYRO = tuple(f"body_gyro_{axis}" for axis in AXES)
RAW_CHANNELS = (*TOTAL, *GYRO)
FILTERED_CHANNELS = (*TOTAL, *BODY, *GYRO)
UNIT = {channel: "rad/s" if channel in GYRO else "g" for channel in FILTERED_CHANNELS}
FILTERED_UNITS = tuple(UNIT[channel] for channel in FILTERED_CHANNELS)

RATE_TOLERANCE = 0.02  # share of 50 Hz; a band of the spectrum moves by less than a bin
GAP = 1.5  # sampling intervals; longer than this, a sample is missing
PLAUSIBLE_G = (0.5, 2.0)  # median magnitude of total acceleration, in g


def select(
    values: Floats, channels: Sequence[str], units: Sequence[str], needed: Sequence[str]
) -> Array:
    """Return the columns of the channels `needed`.

    Raises DataError if a channel is missing, or not in g (accelerometer) or rad/s (gyroscope).
    """
    if not len(channels) == len(units) == values.shape[-1]:
        raise DataError(
            f"{len(channels)} channel names and {len(units)} units do not fit "
            f"{values.shape[-1]} channels; give one name and one unit a channel"
        )
    missing = [name for name in needed if name not in channels]
    if missing:
        raise DataError(
            f"channel {missing[0]!r} is missing among {', '.join(channels)}; "
            f"features need {', '.join(needed)}"
        )
    columns = [list(channels).index(name) for name in needed]
    for name, column in zip(needed, columns, strict=True):
        right = UNIT[name]
        if units[column] != right:
            raise DataError(f"channel {name} is in {units[column]}, not {right}; {_remedy(right)}")
    return np.asarray(values[..., columns], dtype=np.float64)


def check_windows(values: Floats) -> None:
    """Check that `values` are (N, 128, D)."""
    if values.ndim != 3 or values.shape[1] != LENGTH:
        raise DataError(
            f"windows have shape {values.shape}, not (N, {LENGTH}, D); cut the recording into "
            f"windows of {LENGTH} samples with windows_of_recording"
        )


def check_rate(rate_hz: float) -> None:
    """Check that the sampling rate is 50 Hz within 2 %."""
    if not abs(rate_hz - RATE_HZ) <= RATE_TOLERANCE * RATE_HZ:
        raise DataError(
            f"the sampling rate is {rate_hz:g} Hz, not {RATE_HZ:g} Hz; "
            "resample the recording first, for example with scipy.signal.resample_poly"
        )


def check_finite(values: Array, thing: str) -> None:
    """Check that (K, …) `values` hold no NaN and no infinity; `thing` names one of the K."""
    bad = ~np.isfinite(values).all(axis=tuple(range(1, values.ndim)))  # (K,)
    if bad.any():
        raise DataError(
            f"{thing} {int(bad.argmax())} holds NaN or infinity; mend the recording or leave it out"
        )


def check_magnitudes(total: Array, gyro: Array) -> None:
    """Check that (…, 3) total acceleration can be in g and angular velocity in rad/s."""
    if not total.size:
        return
    median = float(np.median(np.linalg.norm(total, axis=-1)))
    if not PLAUSIBLE_G[0] <= median <= PLAUSIBLE_G[1]:
        raise DataError(
            f"the median magnitude of total acceleration is {median:.3g}, which cannot be in g "
            f"(it should be near 1, gravity included); {_remedy('g')}"
        )
    fastest = float(np.abs(gyro).max())
    if fastest > LIMITS["fastest"]:
        raise DataError(
            f"the angular velocity reaches {fastest:.3g}, which cannot be in rad/s "
            f"(phones end at 35); {_remedy('rad/s')}"
        )


def check_times(time_s: Array) -> None:
    """Check (T,) time stamps in seconds: increasing, 50 Hz, nothing missing."""
    check_finite(time_s, "time stamp")
    steps = np.diff(time_s)  # (T − 1,)
    if (steps <= 0).any():
        place = int((steps <= 0).argmax()) + 1
        raise DataError(
            f"time stamp {place} ({time_s[place]:g} s) is not later than the one before; "
            "sort the samples and drop duplicates"
        )
    check_rate(float(1.0 / np.median(steps)))
    gaps = steps > GAP / RATE_HZ
    if gaps.any():
        place = int(gaps.argmax())
        raise DataError(
            f"{steps[place]:g} s lie between the samples at {time_s[place]:g} s and "
            f"{time_s[place + 1]:g} s, more than one interval of {1 / RATE_HZ:g} s; "
            "cut the recording at its gaps and take each piece alone"
        )


def _remedy(unit: str) -> str:
    if unit == "g":
        return f"divide values in m/s² by {STANDARD_GRAVITY}"
    return "multiply values in degrees a second by π/180"
