"""p-values of claims, corrected for their number; effect sizes and the effects that show.

A p-value here is two-sided. Half of it is the tail in the direction in which a claim is decided:
the chance of values as far on that side if the truth lay on the other.
"""

import math
from collections.abc import Iterable
from functools import cache
from typing import Any

import numpy as np
import scipy  # its parts are loaded when they are first used, which planning a run never does
from numpy.typing import NDArray

from harmodels.evaluation.statistics import LEVEL, mean_and_error
from harmodels.evaluation.ties import TOLERANCE, spread, tied

POWER = 0.8
# Replicates. Of fewer no sign flip reaches 0.05; of more Student's test is as good, and there are
# too many sums.
FLIPPED = range(6, 41)
FLIPS = 1 << 17  # drawn where several rivals are flipped together


def mean_p_value(values: Iterable[float], threshold: float = 0.0, resolution: float = 0.0) -> float:
    """Return the two-sided p-value of Student's t test of the mean against `threshold`.

    The standard deviation is at least what `resolution` says (`ties.spread`). NaN for fewer than
    two values.

    Examples
    --------
    >>> round(mean_p_value([0.02, 0.03, 0.01]), 3)
    0.074
    """
    mean, error, n = mean_and_error(values, resolution)
    return two_sided(0.0 if tied(mean, threshold) else mean - threshold, error, n - 1)


def share_p_value(
    shares: Iterable[float], threshold: float = 0.5, resolution: float = 0.0
) -> float:
    """Return the two-sided p-value of the mean share against `threshold`, on the logit scale.

    It belongs to `statistics.share_interval`: Student's t of (logit m − logit threshold) over
    the standard error of logit m. NaN for fewer than two shares.

    Examples
    --------
    >>> round(share_p_value([0.75, 1.0, 0.75]), 3)
    0.115
    """
    mean, error, n = mean_and_error(shares, resolution)
    return two_sided(*on_logits(mean, error, threshold), n - 1)


def on_logits(mean: float, error: float, threshold: float) -> tuple[float, float]:
    """Return the distance of a share from a threshold on the logit scale, and its standard error.

    On the scale of the share where one of them is 0 or 1, which have no logit.
    """
    if tied(mean, threshold):
        return 0.0, error
    if not (0 < mean < 1 and 0 < threshold < 1):
        return mean - threshold, error
    distance = scipy.special.logit(mean) - scipy.special.logit(threshold)
    return float(distance), error / (mean * (1 - mean))


def two_sided(distance: float, error: float, degrees: float) -> float:
    """Return the two-sided p-value of Student's t = distance / error; NaN without an error."""
    if math.isnan(error) or distance == 0:
        return float("nan") if math.isnan(error) else 1.0
    if error == 0:
        return 0.0
    return float(2 * scipy.special.stdtr(degrees, -abs(distance) / error))


def count_p_value(count: int, trials: int, share: float = 0.5) -> float:
    """Return twice the smaller tail of the binomial distribution at `share`, at most 1.

    It belongs to `statistics.count_interval`, whose bounds are where a tail is half of
    1 − level. NaN for no trials.

    Examples
    --------
    >>> round(count_p_value(6, 6), 5)
    0.03125
    """
    if trials == 0:
        return float("nan")
    # P(at most count) and P(at least count); the argument k of bdtr is an integer below trials
    below = float(scipy.special.bdtr(count, trials, share))
    above = 1.0 if count == 0 else float(scipy.special.bdtrc(count - 1, trials, share))
    return min(1.0, 2 * min(below, above))


def sign_flip_p_value(values: Iterable[float], threshold: float = 0.0) -> float:
    """Return the two-sided p-value of the sign-flip test of the mean against `threshold`.

    It is the share of all 2ⁿ ways to turn the signs of value − threshold that give a sum at least
    as far from 0 (Fisher 1935), and asks for symmetry alone where Student's test asks for a normal
    distribution. Exact, from the sums of two halves. Of n numbers it is never below 2 / 2ⁿ. NaN
    outside 1 … 40 values.

    Examples
    --------
    >>> sign_flip_p_value([0.02, 0.03, 0.01])
    0.25
    """
    sample = np.asarray(list(values), dtype=np.float64)
    if not 1 <= sample.size < FLIPPED.stop:
        return float("nan")
    distance = np.where(tied(sample, threshold), 0.0, sample - threshold)
    half = sample.size // 2
    first, second = (_signed_sums(part) for part in (distance[:half], distance[half:]))
    second.sort()
    # a sum that differs from the observed one by the order of its addition is as far
    farthest = abs(distance.sum()) - TOLERANCE * max(1.0, float(np.abs(distance).sum()))
    reached = second.size - np.searchsorted(second, farthest - first)
    return min(1.0, 2 * int(reached.sum()) / (first.size * second.size))


def _signed_sums(values: NDArray[np.float64]) -> NDArray[np.float64]:
    sums = np.zeros(1)
    for value in values:
        sums = np.concatenate((sums + value, sums - value))
    return sums


def best_rival_p_value(leads: NDArray[np.float64], resolution: float = 0.0) -> float:
    """Return the two-sided p-value with which the rival with the largest t is ahead.

    The largest of several t is large by luck alone, so it is compared with the distribution of
    the largest t: that of all rivals after the signs of whole replicates were flipped (Westfall
    and Young 1993), which keeps the dependence between rivals. Where there are too few replicates
    for flips, Student's p-value times the number of rivals (Bonferroni).

    Parameters
    ----------
    leads
        Shape (R, K): by how much each of K rivals is ahead in each of R replicates.
    resolution
        The distance of two values that can be told apart (`ties.spread`).

    Examples
    --------
    >>> leads = np.random.default_rng(0).normal([0.0, 1.5], 1.0, size=(12, 2))
    >>> best_rival_p_value(leads) < 0.05
    True
    """
    R, K = leads.shape
    if R < 2:
        return float("nan")
    errors = np.array([spread(lead, resolution)[1] for lead in leads.T]) / math.sqrt(R)
    if not errors.all():
        return float("nan")  # losses that are all equal: nothing says how far apart they may lie
    student = 2 * float(scipy.special.stdtr(R - 1, -(leads.mean(axis=0) / errors).max()))
    if FLIPPED.start > R:
        return min(1.0, K * student)
    means = _drawn_signs(R) @ leads / R
    squares = (leads**2).mean(axis=0)  # the same for all signs
    variances = np.maximum((squares - means**2) * R / (R - 1), resolution**2 / 12)
    largest = (means / np.sqrt(np.maximum(variances / R, np.finfo(float).tiny))).max(axis=1)
    flipped = 2 * float((largest >= largest[0] * (1 - 1e-9)).mean())
    return min(1.0, max(student, flipped))


@cache
def _drawn_signs(replicates: int) -> NDArray[np.float64]:
    """Return `FLIPS` rows of signs, the first of replicates as they are; the same every time."""
    drawn = np.random.default_rng(0).integers(0, 2, (FLIPS, replicates), dtype=np.int8)
    drawn[0] = 1
    signs: NDArray[Any] = 2.0 * drawn - 1.0
    return signs


def effect_size(values: Iterable[float], threshold: float = 0.0, resolution: float = 0.0) -> float:
    """Return Cohen's d_z: (mean − threshold) over the standard deviation of the values.

    For a paired comparison the values are the differences, one a replicate (Cohen 1988, 2.3.5).
    The standard deviation is at least what `resolution` says; NaN without any, and for fewer than
    two values.

    Examples
    --------
    >>> effect_size([0.02, 0.03, 0.01])
    2.0
    """
    mean, error, n = mean_and_error(values, resolution)
    if tied(mean, threshold) and n > 1:
        return 0.0
    return float((mean - threshold) / (error * math.sqrt(n))) if error else float("nan")


def adjust(p_values: Iterable[float], tests: int) -> NDArray[np.float64]:
    """Return the p-values of claims of which `tests` are decided, by Bonferroni's bound.

    A claim is decided in one direction, and errs with the tail on that side, half its p-value. So
    p · tests / 2, at least p and at most 1: deciding where that is at most 0.05 keeps the chance
    of even one false decision among all below 0.05, whatever the dependence between claims.

    Examples
    --------
    >>> adjust([0.001, 0.04, float("nan")], tests=60).round(3).tolist()
    [0.03, 1.0, nan]
    """
    raw = np.asarray(list(p_values), dtype=np.float64)
    return np.minimum(1.0, raw * max(1.0, tests / 2))


def detectable_effect(
    error: float, degrees: float, tests: int = 1, level: float = LEVEL, power: float = POWER
) -> float:
    """Return the distance from the threshold that is decided with the probability `power`.

    That of Student's test with non-central t (Cohen 1988, 2.4). It depends on how much the
    replicates differ and not on their mean, so it says what an undecided claim leaves open.

    Parameters
    ----------
    error
        Standard error of the mean.
    degrees
        Its degrees of freedom.
    tests
        Claims that are corrected for, as in `adjust`.
    level
        Confidence.
    power
        The probability wanted of a decision.

    Examples
    --------
    Of 22 replicates with a standard deviation of 1, one of 60 claims:

    >>> round(detectable_effect(1 / 22**0.5, 21, tests=60), 2)
    0.96
    """
    tail = (1 - level) / max(2.0, tests)
    critical = scipy.special.stdtrit(degrees, 1 - tail)
    return float(error * scipy.special.nctdtrinc(degrees, 1 - power, critical))
