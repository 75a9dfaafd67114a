"""Verdicts on claims: differences, means and shares over replicates against a threshold.

A sample is a frame with one row a configuration and replicate: the columns of the configuration,
`replicate` and `value`. A claim is judged over replicates, each of which gives one number (a mean
over configurations), so that the interval tells how much the random seed matters.
"""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import NamedTuple

import numpy as np
import pandas as pd

from harmodels.evaluation.significance import effect_size, mean_p_value, share_p_value
from harmodels.evaluation.statistics import LEVEL, Interval, mean_interval, share_interval
from harmodels.evaluation.ties import OPPOSITE, Expected, Relation, extreme, on_side, tied


class Verdict(StrEnum):
    """What the interval says about a claim."""

    HOLDS = "holds"
    FAILS = "does not hold"
    UNDECIDED = "undecided"


class Judgement(NamedTuple):
    """The evidence for a claim and the verdict on it.

    Attributes
    ----------
    interval
        What was measured, over replicates.
    threshold
        The number it is held against; the margin of a claim of no difference.
    verdict
        What the interval says, of this claim alone.
    p_value
        The smallest 1 − level at which the claim is decided, for or against; NaN for fewer than
        two replicates. `significance.adjust` corrects those of a ledger for multiple comparisons.
    effect
        Cohen's d_z: distance from the threshold in standard deviations over replicates. For a
        claim of no difference, the distance of the mean from the nearer margin, positive inside.
    """

    interval: Interval
    threshold: float
    verdict: Verdict
    p_value: float
    effect: float


def adjusted_verdict(judgement: Judgement, adjusted: float, level: float = LEVEL) -> Verdict:
    """Return the verdict that stands after correction for the number of claims.

    Parameters
    ----------
    judgement
        The claim, judged alone.
    adjusted
        Its p-value after `significance.adjust`.
    level
        Confidence of the whole ledger.

    Examples
    --------
    >>> alone = Judgement(mean_interval([0.2, 0.3, 0.4]), 0.0, Verdict.HOLDS, 0.036, 3.0)
    >>> print(adjusted_verdict(alone, adjusted=0.11))
    undecided
    """
    return judgement.verdict if adjusted <= 1 - level else Verdict.UNDECIDED


def judge(interval: Interval, side: Relation, threshold: float = 0.0) -> Verdict:
    """Return whether the whole interval lies on a side of `threshold`.

    An interval that touches the threshold from the wrong side fails: two checkpoints that are
    always equal are no improvement. One that starts at it is `at_least` there. Fewer than two
    replicates decide nothing.

    Examples
    --------
    >>> print(judge(mean_interval([0.2, 0.3, 0.4]), "greater"))
    holds
    """
    bounds = (interval.low, interval.high)
    nearest, farthest = bounds if side in ("greater", "at_least") else bounds[::-1]
    fails = on_side(farthest, OPPOSITE[side], threshold)
    return _verdict(interval, bool(on_side(nearest, side, threshold)), bool(fails))


def _verdict(interval: Interval, holds: bool, fails: bool) -> Verdict:
    if interval.n < 2 or not (holds or fails):
        return Verdict.UNDECIDED
    return Verdict.HOLDS if holds else Verdict.FAILS


def compare(
    left: pd.DataFrame,
    right: pd.DataFrame,
    pair_on: Sequence[str],
    expected: Expected,
    level: float = LEVEL,
) -> Judgement:
    """Judge the mean of left − right over configurations that agree in `pair_on`.

    A pair of which one side is missing (a diverged replicate) is left out on both sides.

    Examples
    --------
    >>> left = pd.DataFrame({"replicate": [0, 1, 2], "value": [0.8, 0.9, 0.7]})
    >>> right = pd.DataFrame({"replicate": [0, 1, 2], "value": [0.6, 0.6, 0.6]})
    >>> judgement = compare(left, right, [], "greater")
    >>> print(f"{judgement.verdict}, p = {judgement.p_value:.3f}, d_z = {judgement.effect:.1f}")
    undecided, p = 0.074, d_z = 2.0
    """
    return judge_mean(differences(left, right, pair_on), 0.0, expected, level)


def majority(
    left: pd.DataFrame,
    right: pd.DataFrame,
    pair_on: Sequence[str],
    expected: Expected,
    level: float = LEVEL,
) -> Judgement:
    """Judge the share of configurations in which left beats right against one half.

    Equal values do not count as beaten.
    """
    pairs = _pairs(left, right, pair_on)
    beaten = beyond(pairs["value_left"] - pairs["value_right"], 0.0, expected)
    return _judge_majority(beaten, pairs["replicate"], level)


def majority_untied(
    left: pd.DataFrame,
    right: pd.DataFrame,
    pair_on: Sequence[str],
    expected: Expected,
    level: float = LEVEL,
) -> Judgement:
    """Judge the share of configurations in which left beats right, among those that differ.

    Where a rule usually changes nothing (the best weights are the last ones), ties say nothing
    of it. A replicate of which every pair is tied is left out.
    """
    pairs = _pairs(left, right, pair_on)
    differing = pairs.loc[~tied(pairs["value_left"], pairs["value_right"])]
    beaten = beyond(differing["value_left"] - differing["value_right"], 0.0, expected)
    return _judge_majority(beaten, differing["replicate"], level)


def best_of(
    sample: pd.DataFrame, winner: "pd.Series[bool]", expected: Expected, level: float = LEVEL
) -> Judgement:
    """Judge the winner against the strongest other configuration, paired over replicates.

    The rival is chosen by the same replicates, whose luck makes it look stronger than it is: a
    claim that holds does so in spite of it, one that fails may fail because of it.

    Parameters
    ----------
    sample
        Columns configuration (a name), replicate, value.
    winner
        True on the rows of the configuration said to be the best.
    expected
        `greater` if the best has the highest value, `less` if the lowest.
    level
        Confidence of the interval.
    """
    ours, others = sample.loc[winner], sample.loc[~winner]
    means = others.groupby("configuration")["value"].mean()
    if ours.empty or means.empty:
        return judge_mean([], 0.0, expected, level)
    rival = means.index[extreme(means, expected)]
    return compare(ours, others.loc[others["configuration"] == rival], [], expected, level)


def at_least_everywhere(sample: pd.DataFrame, threshold: float, level: float = LEVEL) -> Judgement:
    """Judge the lowest share over all configurations, per replicate, against `threshold`.

    Values are shares, such as recalls. It holds if the interval starts at the threshold or above.
    """
    lowest = sample.groupby("replicate")["value"].min()
    interval = share_interval(lowest, level)
    verdict = judge(interval, "at_least", threshold)
    p_value = share_p_value(lowest, threshold)
    return Judgement(interval, threshold, verdict, p_value, effect_size(lowest, threshold))


def equivalent(
    left: pd.DataFrame,
    right: pd.DataFrame,
    pair_on: Sequence[str],
    margin: float,
    level: float = LEVEL,
) -> Judgement:
    """Judge whether left and right differ by less than `margin`, paired as in `compare`.

    It holds if the whole interval of the difference lies between −margin and margin: a difference
    that is merely not shown is no equality.
    """
    return judge_equivalence(differences(left, right, pair_on), margin, level)


def judge_equivalence(
    differences: Iterable[float], margin: float, level: float = LEVEL
) -> Judgement:
    """Judge whether the mean of the differences, one a replicate, is within ±margin."""
    difference = list(differences)
    interval = mean_interval(difference, level)
    inside = on_side(interval.low, "greater", -margin) & on_side(interval.high, "less", margin)
    outside = on_side(interval.low, "at_least", margin) | on_side(interval.high, "at_most", -margin)
    verdict = _verdict(interval, bool(inside), bool(outside))
    nearer = float(np.copysign(margin, interval.mean))
    effect = -float(np.sign(nearer)) * effect_size(difference, nearer)
    return Judgement(interval, margin, verdict, mean_p_value(difference, nearer), effect)


def mean_beyond(
    sample: pd.DataFrame, threshold: float, side: Relation, level: float = LEVEL
) -> Judgement:
    """Judge the mean over configurations, per replicate, against `threshold`."""
    return judge_mean(sample.groupby("replicate")["value"].mean(), threshold, side, level)


def share_beyond(
    sample: pd.DataFrame, threshold: float, expected: Expected, level: float = LEVEL
) -> Judgement:
    """Judge the share of configurations on the expected side of `threshold` against one half."""
    reached = beyond(sample["value"], threshold, expected)
    return _judge_majority(reached, sample["replicate"], level)


def beyond(values: "pd.Series[float]", threshold: float, expected: Expected) -> "pd.Series[bool]":
    """Return which values lie on the expected side of `threshold`."""
    return pd.Series(on_side(values, expected, threshold), values.index)


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


def judge_mean(
    values: Iterable[float], threshold: float, side: Relation, level: float = LEVEL
) -> Judgement:
    """Judge the mean of the values, one a replicate, against `threshold`."""
    values = list(values)
    interval = mean_interval(values, level)
    verdict, p_value = judge(interval, side, threshold), mean_p_value(values, threshold)
    return Judgement(interval, threshold, verdict, p_value, effect_size(values, threshold))


def _judge_majority(
    reached: "pd.Series[bool]", replicates: "pd.Series[int]", level: float
) -> Judgement:
    """Judge the share that reached something, one a replicate, against one half."""
    shares = reached.groupby(replicates).mean()
    interval = share_interval(shares, level)
    verdict = judge(interval, "greater", 0.5)
    return Judgement(interval, 0.5, verdict, share_p_value(shares), effect_size(shares, 0.5))


def differences(
    left: pd.DataFrame, right: pd.DataFrame, pair_on: Sequence[str]
) -> "pd.Series[float]":
    """Return each replicate's mean of left − right over the pairs."""
    pairs = _pairs(left, right, pair_on)
    return (pairs["value_left"] - pairs["value_right"]).groupby(pairs["replicate"]).mean()


def _pairs(left: pd.DataFrame, right: pd.DataFrame, pair_on: Sequence[str]) -> pd.DataFrame:
    keys = [*pair_on, "replicate"]
    sides = [side.groupby(keys, as_index=False)["value"].mean() for side in (left, right)]
    return sides[0].merge(sides[1], on=keys, suffixes=("_left", "_right"))
