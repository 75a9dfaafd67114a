"""Verdicts on contrasts and counts: the best of two sides, differences of differences, networks."""

from collections.abc import Sequence

import pandas as pd

from harmodels.evaluation.claims import (
    Judgement,
    beyond,
    differences,
    judge,
    judge_mean,
)
from harmodels.evaluation.significance import count_p_value, effect_size
from harmodels.evaluation.statistics import LEVEL, count_interval
from harmodels.evaluation.ties import Expected


def best_of_each(
    left: pd.DataFrame, right: pd.DataFrame, expected: Expected, level: float = LEVEL
) -> Judgement:
    """Judge the best configuration of left minus the best of right, each chosen per replicate.

    The best has the highest value where `greater` is expected, the lowest where `less` is. Both
    sides choose with the same luck if they have as many configurations.
    """
    values = [side.groupby("replicate")["value"] for side in (left, right)]
    first, second = (side.max() if expected == "greater" else side.min() for side in values)
    return judge_mean((first - second).dropna(), 0.0, expected, level)


def interaction(
    at: tuple[pd.DataFrame, pd.DataFrame],
    elsewhere: tuple[pd.DataFrame, pd.DataFrame],
    pair_on: Sequence[str],
    expected: Expected,
    level: float = LEVEL,
) -> Judgement:
    """Judge how much larger left − right is `at` some value than `elsewhere`.

    Each is a left and a right sample, paired as in `compare`.
    """
    first, second = (differences(*sides, pair_on) for sides in (at, elsewhere))
    return judge_mean((first - second).dropna(), 0.0, expected, level)


def count_beyond(
    sample: pd.DataFrame, threshold: float, expected: Expected, level: float = LEVEL
) -> tuple[Judgement, int]:
    """Judge the share of networks on the expected side of `threshold` against one half.

    Every configuration and replicate is one network, and the interval is the exact binomial one,
    since few replicates that are all 0 or all 1 have no spread. Also returns the count. The effect
    is that of the replicates' shares.
    """
    reached = beyond(sample["value"], threshold, expected)
    shares = reached.groupby(sample["replicate"]).mean()
    count, networks = int(reached.sum()), len(sample)
    interval = count_interval(count, networks, level)._replace(n=len(shares))
    verdict = judge(interval, "greater", 0.5)
    p_value = count_p_value(count, networks) if len(shares) > 1 else float("nan")
    return Judgement(interval, 0.5, verdict, p_value, effect_size(shares, 0.5)), count


def lowest_beyond(sample: pd.DataFrame, threshold: float, level: float = LEVEL) -> Judgement:
    """Judge the lowest value over all configurations, per replicate, above `threshold`."""
    lowest = sample.groupby("replicate")["value"].min()
    return judge_mean(lowest, threshold, "greater", level)
