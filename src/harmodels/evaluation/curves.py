"""Measures of a loss curve, one value an epoch: how steady it is, and where it is heading."""

from collections.abc import Sequence

import numpy as np

MEDIAN_OF = 9  # epochs: a disturbance of up to four lies beside the running median
SLOPE_OF = 10  # epochs at the end


def residual_roughness(losses: Sequence[float]) -> float:
    """Return the root mean square distance of a loss from its running median.

    The median is over `MEDIAN_OF` epochs about each one, over fewer, as many before as after, near
    the ends. So a curve that only falls has roughness 0 however steep it is, and, unlike the mean
    rise, a step to another level counts once and not as noise. NaN for fewer than three epochs.
    """
    values = np.asarray(losses, dtype=np.float64)
    if values.size < 3:
        return float("nan")
    places = np.arange(values.size)
    reach = np.minimum(np.minimum(places, places[::-1]), MEDIAN_OF // 2)
    medians = [np.median(values[i - r : i + r + 1]) for i, r in zip(places, reach, strict=True)]
    return float(np.sqrt(np.mean((values - medians) ** 2)))


def final_slope(losses: Sequence[float]) -> float:
    """Return the slope of the least-squares line through the last `SLOPE_OF` epochs, per epoch.

    Of a shorter curve through all of it; NaN for fewer than two epochs.
    """
    values = np.asarray(losses, dtype=np.float64)[-SLOPE_OF:]
    if values.size < 2:
        return float("nan")
    return float(np.polynomial.polynomial.polyfit(np.arange(values.size), values, 1)[1])


def loss_roughness(losses: Sequence[float]) -> float:
    """Return how much a loss rises from one epoch to the next, on average; falls count 0.

    A curve that only falls has roughness 0, whatever its shape; NaN for fewer than two epochs.
    """
    steps = np.diff(np.asarray(losses, dtype=np.float64))
    return float(np.maximum(steps, 0).mean()) if steps.size else float("nan")


def epochs_to_loss(losses: Sequence[float], reach: float) -> int:
    """Return the first epoch, from 1, whose loss is at most `reach`.

    Of losses that are all above it, one more than their number: the least that it could be.

    Examples
    --------
    >>> epochs_to_loss([1.8, 0.6, 0.4, 0.5], reach=0.5), epochs_to_loss([1.8, 1.7], reach=0.5)
    (3, 3)
    """
    reached = (epoch for epoch, loss in enumerate(losses, start=1) if loss <= reach)
    return next(reached, len(losses) + 1)
