"""When numbers are equal: one tolerance for every comparison of shares, means and intervals.

A share of n sequences is a multiple of 1/n, a mean of such shares over R replicates and K
configurations one of 1/(n R K), and a difference of two recalls one of 1/(n m). All of these are
far above `TOLERANCE`, and what the order of an addition leaves behind is far below it.
"""

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

TOLERANCE = 1e-12  # of numbers up to 1; of larger ones relative to them

Expected = Literal["greater", "less"]
Relation = Literal["greater", "less", "at_least", "at_most"]
OPPOSITE: dict[Relation, Relation] = {
    "greater": "at_most",
    "less": "at_least",
    "at_least": "less",
    "at_most": "greater",
}


def tied(left: ArrayLike, right: ArrayLike) -> NDArray[np.bool_]:
    """Return which numbers are equal to within the tolerance; NaN is equal to nothing."""
    return np.isclose(left, right, rtol=TOLERANCE, atol=TOLERANCE)


def on_side(values: ArrayLike, side: Relation, threshold: ArrayLike) -> NDArray[np.bool_]:
    """Return which values lie on a side of `threshold`; NaN lies on none.

    A tied value lies `at_least` and `at_most` there, and is neither `greater` nor `less`.

    Examples
    --------
    >>> on_side([0.1 + 0.2, 0.4], "greater", 0.3).tolist()
    [False, True]
    >>> bool(on_side(0.1 + 0.7, "at_least", 0.8))
    True
    """
    found, limit = (np.asarray(each, dtype=np.float64) for each in (values, threshold))
    beyond = found > limit if side in ("greater", "at_least") else found < limit
    equal = tied(found, limit)
    return beyond & ~equal if side in ("greater", "less") else beyond | equal


def within(values: ArrayLike, low: ArrayLike, high: ArrayLike) -> NDArray[np.bool_]:
    """Return which values lie between two bounds, these included; nothing does between NaN."""
    return on_side(values, "at_least", low) & on_side(high, "at_least", values)


def extreme(values: ArrayLike, expected: Expected) -> int:
    """Return the place of the highest value, or of the lowest; of tied ones the first.

    Examples
    --------
    >>> extreme([0.2, 0.3, 0.1 + 0.2], "greater")
    1
    """
    found = np.asarray(values, dtype=np.float64)
    best = np.nanmax(found) if expected == "greater" else np.nanmin(found)
    return int(np.argmax(tied(found, best)))


def moments(sample: NDArray[np.float64]) -> tuple[float, float]:
    """Return mean and standard deviation (with n − 1) of two or more numbers, shape (n,).

    Of tied numbers it is their value and exactly 0: a mean of equal numbers may come out beside
    them, and a deviation of 1e-17 would decide a test.

    Examples
    --------
    >>> moments(np.full(10, 0.95))
    (0.95, 0.0)
    """
    if tied(sample.min(), sample.max()):
        return float(np.median(sample)), 0.0
    return float(sample.mean()), float(sample.std(ddof=1))


def spread(sample: NDArray[np.float64], resolution: float = 0.0) -> tuple[float, float]:
    """Return mean and standard deviation of two or more numbers, this at least resolution / √12.

    Numbers that are rounded to multiples of `resolution` may be equal by the rounding alone, whose
    standard deviation is that of a uniform distribution. Equal numbers are no certainty.

    Examples
    --------
    >>> mean, deviation = spread(np.full(3, 0.25), resolution=1 / 48)
    >>> f"{mean}, {deviation:.4f}"
    '0.25, 0.0060'
    """
    mean, deviation = moments(sample)
    return mean, max(deviation, resolution / float(np.sqrt(12)))
