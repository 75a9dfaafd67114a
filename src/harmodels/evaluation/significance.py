"""p-values of claims, corrected for multiple comparisons; effect sizes and numbers of replicates.

A p-value here is the smallest 1 − level at which a claim is decided, for or against, by the
interval of `statistics`: two-sided, and below 0.05 exactly where the 95 % interval decides.
"""

import bisect
import math
from collections.abc import Iterable

import numpy as np
import scipy  # its parts are loaded when they are first used, which planning a run never does
from numpy.typing import NDArray

from harmodels.evaluation.statistics import LEVEL
from harmodels.evaluation.ties import moments, tied

POWER = 0.8
MOST_REPLICATES = 1_000_000


def mean_p_value(values: Iterable[float], threshold: float = 0.0) -> float:
    """Return the two-sided p-value of Student's t test of the mean against `threshold`.

    Values without spread decide at any level: 0. NaN for fewer than two values.

    Examples
    --------
    >>> round(mean_p_value([0.02, 0.03, 0.01]), 3)
    0.074
    """
    sample = np.asarray(list(values), dtype=np.float64)
    if sample.size < 2:
        return float("nan")
    mean, deviation = moments(sample)
    return _two_sided(mean - threshold, deviation / math.sqrt(sample.size), sample.size - 1)


def share_p_value(shares: Iterable[float], threshold: float = 0.5) -> float:
    """Return the two-sided p-value of the mean share against `threshold`, on the logit scale.

    It belongs to `statistics.share_interval`: Student's t of (logit m − logit threshold) over
    the standard error of logit m. Shares without spread decide at any level: 0. NaN for fewer
    than two shares.

    Examples
    --------
    >>> round(share_p_value([0.75, 1.0, 0.75]), 3)
    0.115
    """
    sample = np.asarray(list(shares), dtype=np.float64)
    if sample.size < 2:
        return float("nan")
    mean, deviation = moments(sample)
    error = deviation / math.sqrt(sample.size)
    if error == 0:
        return 0.0
    error /= mean * (1 - mean)  # with a spread 0 < mean < 1
    return _two_sided(
        scipy.special.logit(mean) - scipy.special.logit(threshold), error, sample.size - 1
    )


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


def effect_size(values: Iterable[float], threshold: float = 0.0) -> float:
    """Return Cohen's d_z: (mean − threshold) over the standard deviation of the values.

    For a paired comparison the values are the differences, one a replicate (Cohen 1988, 2.3.5).
    Infinite for values without spread, 0 if they also equal the threshold, NaN for fewer than
    two.

    Examples
    --------
    >>> effect_size([0.02, 0.03, 0.01])
    2.0
    """
    sample = np.asarray(list(values), dtype=np.float64)
    if sample.size < 2:
        return float("nan")
    mean, deviation = moments(sample)
    distance = 0.0 if tied(mean, threshold) else mean - threshold
    if deviation == 0:
        return math.copysign(math.inf, distance) if distance else 0.0
    return distance / deviation


def adjust(p_values: Iterable[float]) -> NDArray[np.float64]:
    """Return the p-values of one ledger adjusted by Holm's (1979) step-down method, same order.

    Rejecting those at or below 0.05 keeps the chance of even one false decision in the ledger
    below 0.05, whatever the dependence between claims. A NaN (a claim that could not be tested)
    stays NaN and does not count as a test.

    Examples
    --------
    >>> adjust([0.01, 0.04, float("nan"), 0.03]).tolist()
    [0.03, 0.06, nan, 0.06]
    """
    # imported here: it takes a while, and most of what imports this module adjusts nothing
    from statsmodels.stats.multitest import multipletests

    raw = np.asarray(list(p_values), dtype=np.float64)
    adjusted = np.full_like(raw, np.nan)
    tested = ~np.isnan(raw)
    if tested.any():
        adjusted[tested] = multipletests(raw[tested], method="holm")[1]
    return adjusted


def replicates_to_decide(effect: float, level: float = LEVEL, power: float = POWER) -> int | None:
    """Return how many replicates would decide a claim with the probability `power`.

    The power of the t test at the `effect_size` seen, taken for the true one (Cohen 1988, 2.4).
    Of few replicates the effect is itself uncertain, so this is an order of magnitude and no
    promise. None where a million would not do: an effect of 0 or NaN.

    Parameters
    ----------
    effect
        Cohen's d_z of the differences, or of the distance from the threshold.
    level
        Confidence at which the claim is judged; for one of m claims under Holm's correction,
        1 − 0.05 / m is on the safe side.
    power
        The probability wanted of a decision.

    Examples
    --------
    >>> replicates_to_decide(0.5)
    34
    >>> replicates_to_decide(0.0) is None
    True
    """
    from scipy.stats import nct  # half a second that only an undecided claim costs

    if math.isnan(effect):
        return None
    if math.isinf(effect):
        return 2
    numbers = range(2, MOST_REPLICATES + 1)

    def power_of(n: int) -> float:
        critical = scipy.special.stdtrit(n - 1, (1 + level) / 2)
        reached = nct.sf(critical, n - 1, abs(effect) * math.sqrt(n))
        # scipy gives NaN for a non-centrality so large that the power is 1
        return float(np.nan_to_num(reached, nan=1.0))

    place = bisect.bisect_left(numbers, power, key=power_of)
    return numbers[place] if place < len(numbers) else None


def _two_sided(distance: float, error: float, degrees: int) -> float:
    if error == 0:
        return 0.0
    return float(2 * scipy.special.stdtr(degrees, -abs(distance) / error))
