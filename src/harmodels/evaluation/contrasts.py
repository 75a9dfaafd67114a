"""What claims are judged on: one number a replicate, from the values of configurations.

Frames have the columns of `claims.Sample.values`. A pair of which one side is missing (a diverged
replicate) is left out on both sides.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from harmodels.evaluation.claims import Judgement, Sample, decided, judge_mean, reduce
from harmodels.evaluation.significance import best_rival_p_value, count_p_value, effect_size
from harmodels.evaluation.statistics import LEVEL, count_interval
from harmodels.evaluation.ties import Expected, extreme, on_side, tied


def differences(
    left: pd.DataFrame, right: pd.DataFrame, pair_on: Sequence[str]
) -> "pd.Series[float]":
    """Return each replicate's mean of left − right over configurations that agree in `pair_on`."""
    pairs = _pairs(left, right, pair_on)
    return (pairs["value_left"] - pairs["value_right"]).groupby(pairs["replicate"]).mean()


def interaction(
    left: pd.DataFrame,
    right: pd.DataFrame,
    other_left: pd.DataFrame,
    other_right: pd.DataFrame,
    pair_on: Sequence[str],
) -> "pd.Series[float]":
    """Return by how much larger left − right is than the other left − right."""
    return differences(left, right, pair_on) - differences(other_left, other_right, pair_on)


def best_of_each(left: pd.DataFrame, right: pd.DataFrame, expected: Expected) -> "pd.Series[float]":
    """Return the best configuration of left minus the best of right, each chosen per replicate.

    The best has the highest value where `greater` is expected, the lowest where `less` is. Both
    sides choose with the same luck if they have as many configurations.
    """
    values = [side.groupby("replicate")["value"] for side in (left, right)]
    first, second = (side.max() if expected == "greater" else side.min() for side in values)
    return first - second


def share_ahead(
    left: pd.DataFrame,
    right: pd.DataFrame,
    pair_on: Sequence[str],
    expected: Expected,
    *,
    untied: bool = False,
) -> "pd.Series[float]":
    """Return the share of pairs in which left beats right; equal values do not beat.

    `untied` takes the share among the pairs that differ: where a rule usually changes nothing (the
    best weights are the last ones), ties say nothing of it. A replicate of ties is left out.
    """
    pairs = _pairs(left, right, pair_on)
    if untied:
        pairs = pairs.loc[~tied(pairs["value_left"], pairs["value_right"])]
    ahead = on_side(pairs["value_left"] - pairs["value_right"], expected, 0.0)
    return pd.Series(ahead, pairs.index, dtype=float).groupby(pairs["replicate"]).mean()


def share_beyond(frame: pd.DataFrame, threshold: float, expected: Expected) -> "pd.Series[float]":
    """Return the share of configurations on the expected side of `threshold`."""
    beyond = pd.Series(on_side(frame["value"], expected, threshold), frame.index, dtype=float)
    return beyond.groupby(frame["replicate"]).mean()


def mean_of(frame: pd.DataFrame) -> "pd.Series[float]":
    """Return the mean over the configurations."""
    return frame.groupby("replicate")["value"].mean()


def lowest_of(frame: pd.DataFrame) -> "pd.Series[float]":
    """Return the lowest value of all configurations."""
    return frame.groupby("replicate")["value"].min()


def judge_best(sample: Sample, winner: str, expected: Expected, level: float = LEVEL) -> Judgement:
    """Judge the configuration `winner` against all others, paired over replicates.

    It is the best if it is ahead of every rival: the p-value is the largest of all (an
    intersection of claims needs no correction: Berger 1982). It is not if a rival is ahead of it,
    and the strongest of several rivals looks stronger than it is: that p-value is
    `significance.best_rival_p_value`. Interval and effect are those of the strongest rival.

    Parameters
    ----------
    sample
        Values of all configurations.
    winner
        The name of the configuration said to be the best.
    expected
        `greater` if the best has the highest value, `less` if the lowest.
    level
        Confidence of the interval and the verdict.
    """
    frame, people = sample.values, sample.people
    sign = 1.0 if expected == "greater" else -1.0

    def of(name: str) -> Sample:
        own = None if people is None else people.loc[people["configuration"] == name]
        return Sample(frame.loc[frame["configuration"] == name], sample.resolution, own)

    rivals = [name for name in dict.fromkeys(frame["configuration"]) if name != winner]
    found = {
        name: reduce(lambda a, b: differences(a, b, []), of(winner), of(name)) for name in rivals
    }
    found = {name: numbers for name, numbers in found.items() if len(numbers.values)}
    if not found:
        return judge_mean([], 0.0, expected, level)
    means = np.array([numbers.values.mean() for numbers in found.values()])
    strongest = extreme(means, "less" if expected == "greater" else "greater")
    judged = [judge_mean(numbers, 0.0, expected, level) for numbers in found.values()]
    best = judged[strongest]
    if on_side(means[strongest], expected, 0.0):
        p_value = float(np.max([each.p_value for each in judged]))
        return best._replace(p_value=p_value, verdict=decided(p_value, True, level))
    behind = pd.concat([numbers.values for numbers in found.values()], axis=1).dropna()
    of_all = best_rival_p_value(-sign * behind.to_numpy(dtype=float), sample.resolution)
    p_value = max(best.p_value, of_all)
    return best._replace(p_value=p_value, verdict=decided(p_value, False, level))


def judge_count(
    frame: pd.DataFrame, threshold: float, expected: Expected, level: float = LEVEL
) -> tuple[Judgement, int]:
    """Judge the share of networks on the expected side of `threshold` against one half.

    Every configuration and replicate is one network, and the interval is the exact binomial one,
    since few replicates that are all 0 or all 1 have no spread. Also returns the count. The effect
    is that of the replicates' shares.
    """
    shares = share_beyond(frame, threshold, expected)
    count, networks = int(on_side(frame["value"], expected, threshold).sum()), len(frame)
    interval = count_interval(count, networks, level)._replace(n=len(shares))
    p_value = count_p_value(count, networks) if len(shares) > 1 else float("nan")
    verdict = decided(p_value, interval.mean > 0.5, level)
    error = 0.5 / float(np.sqrt(networks)) if networks else float("nan")
    effect = effect_size(shares, 0.5)
    judgement = Judgement(
        interval, 0.5, verdict, p_value, effect, error, float(networks - 1), "networks"
    )
    return judgement, count


def _pairs(left: pd.DataFrame, right: pd.DataFrame, pair_on: Sequence[str]) -> pd.DataFrame:
    keys = [*pair_on, "replicate"]
    sides = [side.groupby(keys, as_index=False)["value"].mean() for side in (left, right)]
    return sides[0].merge(sides[1], on=keys, suffixes=("_left", "_right"))
