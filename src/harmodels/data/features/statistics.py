r"""The numbers that summarise one signal: each function maps (N, T, A) to (N, columns).

A signal has A = 3 axes or, if it is a magnitude, A = 1. In a spectrum the axis T counts the
frequency bins 1 … 64. The conventions are MATLAB's, because the data set was made with it; where
a signal does not vary, a ratio of its moments is undefined and reported as 0.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

Array = NDArray[np.float64]

GREY_LEVELS = 256
AR_ORDER = 4
AXIS_PAIRS = ((0, 1), (0, 2), (1, 2))
BANDS = (
    *((low, low + 7) for low in range(1, 64, 8)),
    *((low, low + 15) for low in range(1, 64, 16)),
    *((low, low + 23) for low in range(1, 48, 24)),
)  # first and last frequency bin, both inside

# Spreads below this are rounding: a sensor's step is about nine orders of magnitude larger.
NO_SPREAD = 1e-12
# Share of a signal's energy below which a prediction error is rounding: (32 ε)².
NO_ERROR = (32 * np.finfo(np.float64).eps) ** 2


def _ratio(numerator: Array, denominator: Array, floor: float | Array) -> Array:
    """Divide where `denominator` exceeds `floor`; elsewhere the result is 0."""
    out = np.zeros(np.broadcast_shapes(numerator.shape, denominator.shape))
    return np.divide(numerator, denominator, out=out, where=denominator > floor)


def _deviations(values: Array) -> Array:
    return values - values.mean(axis=1, keepdims=True)  # (N, T, A)


def mad(values: Array) -> Array:
    """Return the mean absolute deviation from the mean, (N, A).

    The data set's notes call it the median absolute deviation; its columns are those of MATLAB's
    `mad`, which takes the mean unless told otherwise.
    """
    return np.abs(_deviations(values)).mean(axis=1)


def iqr(values: Array) -> Array:
    """Return the interquartile range with MATLAB's (Hazen's) quantiles, (N, A).

    The numbers of `scipy.stats.iqr`, which takes seven times as long along a middle axis.
    """
    ordered = np.sort(np.ascontiguousarray(values.swapaxes(1, 2)))  # (N, A, T)
    last = ordered.shape[2] - 1
    lower, upper = (
        (1 - part) * ordered[..., index] + part * ordered[..., min(index + 1, last)]
        for index, part in (_hazen(last + 1, share) for share in (0.25, 0.75))
    )
    return upper - lower


def _hazen(count: int, share: float) -> tuple[int, float]:
    """Return which of so many sorted values a quantile follows, and how far."""
    place = min(max(share * count - 0.5, 0.0), count - 1.0)
    return int(place), place - int(place)


def entropy(values: Array) -> Array:
    """Return the entropy in bits of the values as 8-bit grey levels, (N, A).

    As in MATLAB's image toolbox: values are cut to [0, 1] and rounded to 256 levels. A signal
    that never exceeds 0, or never falls below 1, has entropy 0; so the unit matters (g, rad/s).
    """
    N, T, A = values.shape
    levels = np.floor(np.clip(values, 0.0, 1.0) * (GREY_LEVELS - 1) + 0.5).astype(np.int64)
    windows = np.arange(N)[:, None, None] * A + np.arange(A)  # (N, 1, A)
    counts = np.bincount((windows * GREY_LEVELS + levels).ravel(), minlength=N * A * GREY_LEVELS)
    terms = special.entr(np.arange(T + 1) / T)  # of a level that c of T values have
    return terms[counts].reshape(N, A, GREY_LEVELS).sum(axis=2) / np.log(2)  # (N, A)


def burg(values: Array, order: int) -> Array:
    r"""Fit autoregressive models to (N, T, A) by Burg's method; (N, p, A), p at most T − 1.

    The coefficients :math:`a_k` minimise the sum of the squared forward and backward errors of
    :math:`x_t + a_1 x_{t-1} + \dots + a_p x_{t-p}`, order after order; the mean is not removed.
    (Kay, Modern Spectral Estimation, 1988, section 7.3; MATLAB's `arburg` without its leading 1.)
    """
    forward, backward = values[:, 1:], values[:, :-1]  # (N, T − 1, A)
    floor = NO_ERROR * np.square(values).sum(axis=1)  # (N, A)
    polynomial = np.zeros((values.shape[0], order + 1, values.shape[2]))  # (N, p + 1, A)
    polynomial[:, 0] = 1.0
    for m in range(1, order + 1):
        cross = np.einsum("nta,nta->na", forward, backward)
        power = np.einsum("nta,nta->na", forward, forward)
        power += np.einsum("nta,nta->na", backward, backward)
        reflection = _ratio(-2.0 * cross, power, floor)[:, None]  # (N, 1, A)
        polynomial[:, : m + 1] += reflection * polynomial[:, m::-1]
        forward, backward = (
            (forward + reflection * backward)[:, 1:],
            (backward + reflection * forward)[:, :-1],
        )
    return polynomial[:, 1:]


def ar_coefficients(values: Array) -> Array:
    """Return the four Burg coefficients axis by axis, (N, 4·A)."""
    coefficients = burg(values, AR_ORDER)  # (N, 4, A)
    return coefficients.transpose(0, 2, 1).reshape(len(values), -1)


def correlation(values: Array) -> Array:
    """Return Pearson's correlation of the axes X,Y, X,Z and Y,Z; (N, 3)."""
    centred = _deviations(values)  # (N, T, 3)
    covariance = np.einsum("nta,ntb->nab", centred, centred) / values.shape[1]  # (N, 3, 3)
    deviation = np.sqrt(np.einsum("naa->na", covariance))  # (N, 3)
    scale = deviation[:, :, None] * deviation[:, None, :]  # (N, 3, 3)
    spread = np.minimum(deviation[:, :, None], deviation[:, None, :]) > NO_SPREAD
    matrix = _ratio(covariance, np.where(spread, scale, 0.0), 0.0)
    return np.stack([matrix[:, a, b] for a, b in AXIS_PAIRS], axis=1)


def mean_bin(values: Array) -> Array:
    """Return the mean of the bin numbers (0.39 Hz each), weighted by amplitude, (N, A)."""
    bins = np.arange(1.0, values.shape[1] + 1)  # (F,)
    total = values.sum(axis=1)  # (N, A)
    return _ratio(np.einsum("f,nfa->na", bins, values), total, values.shape[1] * NO_SPREAD)


def shape(values: Array) -> Array:
    """Return skewness and kurtosis (3 for a normal one), both biased, axis by axis: (N, 2·A)."""
    m2, m3, m4 = stats.moment(values, order=[2, 3, 4], axis=1)  # (N, A) each
    floor = NO_SPREAD**2
    skewness = _ratio(m3, np.where(m2 > floor, m2**1.5, 0.0), 0.0)
    kurtosis = _ratio(m4, np.where(m2 > floor, m2**2, 0.0), 0.0)
    return np.stack([skewness, kurtosis], axis=2).reshape(len(values), -1)


def bands_energy(values: Array) -> Array:
    """Return the sum of squared amplitudes in the fourteen `BANDS`, axis by axis: (N, 14·A)."""
    cumulative = np.cumsum(np.square(values), axis=1)  # (N, F, A)
    cumulative = np.concatenate([np.zeros_like(cumulative[:, :1]), cumulative], axis=1)
    first, last = np.array(BANDS).T
    energies = cumulative[:, last] - cumulative[:, first - 1]  # (N, 14, A)
    return energies.transpose(0, 2, 1).reshape(len(values), -1)


def angle(left: Array, right: Array) -> Array:
    """Return the angle in radians between vectors in the last axis; a right one to no direction."""
    product = np.einsum("...a,...a->...", left, right)
    lengths = np.linalg.norm(left, axis=-1) * np.linalg.norm(right, axis=-1)
    return np.arccos(np.clip(_ratio(product, lengths, NO_SPREAD), -1.0, 1.0))


FUNCTIONS: dict[str, Callable[[Array], Array]] = {
    "mean": lambda values: values.mean(axis=1),
    "std": lambda values: values.std(axis=1, ddof=1),
    "mad": mad,
    "max": lambda values: values.max(axis=1),
    "min": lambda values: values.min(axis=1),
    # the signal magnitude area: mean absolute value, summed over the axes
    "sma": lambda values: np.abs(values).mean(axis=1).sum(axis=1, keepdims=True),
    "energy": lambda values: np.square(values).mean(axis=1),
    "iqr": iqr,
    "entropy": entropy,
    "arCoeff": ar_coefficients,
    "correlation": correlation,
    "maxInds": lambda values: values.argmax(axis=1) + 1.0,
    "meanFreq": mean_bin,
    "shape": shape,
    "bandsEnergy": bands_energy,
}
