"""From accelerometer and gyroscope to the seventeen signals that the features summarise.

All filters are causal, third-order Butterworth and start from rest at the first sample. That the
data set split off gravity with this very filter was found by trying: its gravity signal follows
from its total acceleration to the last printed digit (docs/features.md).
"""

import numpy as np
import scipy  # its parts are loaded when they are first used, which a classifier never does
from numpy.typing import NDArray

from harmodels.data.features import statistics

Array = NDArray[np.float64]

RATE_HZ = 50.0
LENGTH = 128  # samples of a window
STEP = 64  # windows overlap by half
FILTER_ORDER = 3
NOISE_CUTOFF_HZ = 20.0
GRAVITY_CUTOFF_HZ = 0.3
MEDIAN_LENGTH = 3  # samples; the data set does not state its own
PREDICTION_ORDER = 48  # of at most 126; the error still falls up to about here

# Half a unit of the seventh digit, twice (total and body are both printed), and some slack.
TEXT_ROUNDING = 2e-6


def _low_pass(values: Array, cutoff_hz: float) -> Array:
    """Filter (…, T, D) along T, as if the first sample had stood there for ever."""
    sections = scipy.signal.butter(FILTER_ORDER, cutoff_hz, fs=RATE_HZ, output="sos")
    first = values[..., :1, :]  # (…, 1, D)
    # A constant passes unchanged, so filtering the departure from it starts the filter from rest.
    return scipy.signal.sosfilt(sections, values - first, axis=-2) + first


def reduce_noise(values: Array) -> Array:
    """Pass (…, T, D) through a median filter and a 20 Hz low-pass filter."""
    smooth = scipy.ndimage.median_filter(values, size=MEDIAN_LENGTH, axes=(-2,), mode="nearest")
    return _low_pass(smooth, NOISE_CUTOFF_HZ)


def split_gravity(total: Array) -> Array:
    """Return the gravity part (…, T, 3), below 0.3 Hz, of total acceleration in g."""
    return _low_pass(total, GRAVITY_CUTOFF_HZ)


def restore_gravity(total: Array, gravity: Array) -> Array:
    """Undo the rounding of printed gravity signals (N, T, 3), with the total acceleration in g.

    Gravity is so smooth that the seventh digit decides its autoregressive coefficients. But it is a
    filter's output: :math:`g = F(a) + H z`, with the response F to the total acceleration a and the
    decay H z of the filter's unknown state z (3 numbers) before the window. The z of least squares
    gives g to about twelve digits. Windows in which the filter does not explain the signal up to
    the rounding of the text are returned as they came.
    """
    b, a = scipy.signal.butter(FILTER_ORDER, GRAVITY_CUTOFF_HZ, fs=RATE_HZ)
    silence = np.zeros(total.shape[1])
    decay = np.stack(
        [scipy.signal.lfilter(b, a, silence, zi=state)[0] for state in np.eye(FILTER_ORDER)], axis=1
    )  # (T, 3 states)
    forced = split_gravity(total)  # (N, T, 3)
    state = np.einsum("st,nta->nsa", np.linalg.pinv(decay), gravity - forced)
    restored = forced + np.einsum("ts,nsa->nta", decay, state)
    explained = np.abs(restored - gravity).max(axis=(1, 2), keepdims=True) <= TEXT_ROUNDING
    return np.where(explained, restored, gravity)


def following_samples(windows: Array) -> Array:
    """Find the sample after each window where the next row is the next half-overlapping window.

    Of windows (N, 128, D) in the order of the recording; (N, D), NaN where the next row is no
    continuation.
    """
    following = np.full((windows.shape[0], windows.shape[2]), np.nan)
    continued = (windows[1:, :STEP] == windows[:-1, STEP:]).all(axis=(1, 2))  # (N − 1,)
    following[:-1][continued] = windows[1:, STEP][continued]
    return following


def predict_next(values: Array) -> Array:
    """Predict the sample after each (N, T, D) window from its own differences; (N, D).

    The signals hold little above 20 of 25 Hz, so a long autoregressive model foretells the next
    difference well (docs/features.md has the error on the data set).
    """
    steps = np.diff(values, axis=1)  # (N, T − 1, D)
    coefficients = statistics.burg(steps, PREDICTION_ORDER)  # (N, p, D)
    latest_first = steps[:, : -PREDICTION_ORDER - 1 : -1]  # (N, p, D)
    return values[:, -1] - np.einsum("npd,npd->nd", coefficients, latest_first)


def jerk(values: Array, following: Array) -> Array:
    """Return the forward differences of (N, T, D) windows, in units a sample: (N, T, D).

    The data set differentiated the whole recording, so the last difference of a window needs the
    sample after it, `following` (N, D), predicted where NaN. It did not divide by the sampling
    interval: only so do its entropies, which depend on the scale, come out. Times 50 Hz this is the
    jerk in units a second.
    """
    unknown = np.isnan(following).any(axis=1)  # (N,)
    if unknown.any():
        following = following.copy()
        following[unknown] = predict_next(values[unknown])
    return np.diff(values, axis=1, append=following[:, None])


def magnitude(values: Array) -> Array:
    """Return the Euclidean norm over the axes, (N, T, 1)."""
    return np.linalg.norm(values, axis=2, keepdims=True)


def amplitudes(values: Array) -> Array:
    """Return the amplitudes 2/T·|FFT| of the bins 1 … T/2, without the mean; (N, T/2, A)."""
    T = values.shape[1]
    return np.abs(np.fft.rfft(values, axis=1))[:, 1:] * (2.0 / T)


def derive_signals(
    total: Array, body: Array, gyro: Array, following_body: Array, following_gyro: Array
) -> dict[str, Array]:
    """Return the seventeen signals by name; vectors are (N, T, 3), magnitudes (N, T, 1).

    From filtered (N, T, 3) in g and rad/s, and the samples (N, 3) after each window, NaN where
    unknown.
    """
    signals = {
        "tBodyAcc": body,
        "tGravityAcc": restore_gravity(total, total - body),
        "tBodyAccJerk": jerk(body, following_body),
        "tBodyGyro": gyro,
        "tBodyGyroJerk": jerk(gyro, following_gyro),
    }
    signals |= {f"{name}Mag": magnitude(values) for name, values in signals.items()}
    # The data set's columns 214 … 226 are copies of 201 … 213: its gravity magnitude is the body's.
    signals["tGravityAccMag"] = signals["tBodyAccMag"]
    spectra = {
        "fBodyAcc": "tBodyAcc",
        "fBodyAccJerk": "tBodyAccJerk",
        "fBodyGyro": "tBodyGyro",
        "fBodyAccMag": "tBodyAccMag",
        "fBodyBodyAccJerkMag": "tBodyAccJerkMag",
        "fBodyBodyGyroMag": "tBodyGyroMag",
        "fBodyBodyGyroJerkMag": "tBodyGyroJerkMag",
    }
    return signals | {name: amplitudes(signals[source]) for name, source in spectra.items()}
