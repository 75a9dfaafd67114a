"""What may be believed of a statement: differences over replicates and their verdicts.

A sample is a frame with one row a configuration and replicate: the columns of the configuration,
`replicate` and `value`. A claim is judged over replicates, each of which gives one number (a mean
over configurations), so that the interval tells how much the random seed matters.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd

from harmodels.evaluation.statistics import LEVEL, Interval, mean_interval

Expected = Literal["greater", "less"]


class Verdict(StrEnum):
    """What the interval says about a claim."""

    HOLDS = "holds"
    FAILS = "does not hold"
    UNDECIDED = "undecided"


class Judgement(NamedTuple):
    """The interval that a claim rests on, the number it is held against, and the verdict."""

    interval: Interval
    threshold: float
    verdict: Verdict


def judge(interval: Interval, expected: Expected, threshold: float = 0.0) -> Verdict:
    """Return whether the whole interval lies on the expected side of `threshold`.

    An interval that touches the threshold from the wrong side fails: two checkpoints that are
    always equal are no improvement. Fewer than two replicates decide nothing.
    """
    if interval.n < 2:
        return Verdict.UNDECIDED
    low, high = interval.low - threshold, interval.high - threshold
    if expected == "less":
        low, high = -high, -low
    if low > 0:
        return Verdict.HOLDS
    return Verdict.FAILS if high <= 0 else Verdict.UNDECIDED


def compare(
    left: pd.DataFrame,
    right: pd.DataFrame,
    pair_on: Sequence[str],
    expected: Expected,
    level: float = LEVEL,
) -> Judgement:
    """Judge the mean of left − right over configurations that agree in `pair_on`.

    A pair of which one side is missing (a diverged replicate) is left out on both sides.
    """
    pairs = _pairs(left, right, pair_on)
    difference = (pairs["value_left"] - pairs["value_right"]).groupby(pairs["replicate"]).mean()
    interval = mean_interval(difference, level)
    return Judgement(interval, 0.0, judge(interval, expected))


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
    sign = 1 if expected == "greater" else -1
    beaten = sign * (pairs["value_left"] - pairs["value_right"]) > 0
    interval = mean_interval(beaten.groupby(pairs["replicate"]).mean(), level)
    return Judgement(interval, 0.5, judge(interval, "greater", 0.5))


def best_of(
    sample: pd.DataFrame, winner: "pd.Series[bool]", expected: Expected, level: float = LEVEL
) -> Judgement:
    """Judge the winner against the strongest other configuration, paired over replicates.

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
        return Judgement(mean_interval([]), 0.0, Verdict.UNDECIDED)
    rival = means.idxmax() if expected == "greater" else means.idxmin()
    return compare(ours, others.loc[others["configuration"] == rival], [], expected, level)


def at_least_everywhere(sample: pd.DataFrame, threshold: float, level: float = LEVEL) -> Judgement:
    """Judge the lowest value over all configurations, per replicate, against `threshold`.

    It holds if the interval starts at the threshold or above.
    """
    interval = mean_interval(sample.groupby("replicate")["value"].min(), level)
    verdict = Verdict.UNDECIDED
    if interval.n >= 2 and interval.low >= threshold:
        verdict = Verdict.HOLDS
    elif interval.n >= 2 and interval.high < threshold:
        verdict = Verdict.FAILS
    return Judgement(interval, threshold, verdict)


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
    interval = compare(left, right, pair_on, "greater", level).interval
    verdict = Verdict.UNDECIDED
    if interval.n >= 2 and -margin < interval.low and interval.high < margin:
        verdict = Verdict.HOLDS
    elif interval.n >= 2 and (interval.low >= margin or interval.high <= -margin):
        verdict = Verdict.FAILS
    return Judgement(interval, margin, verdict)


def mean_beyond(
    sample: pd.DataFrame, threshold: float, expected: Expected, level: float = LEVEL
) -> Judgement:
    """Judge the mean over configurations, per replicate, against `threshold`."""
    interval = mean_interval(sample.groupby("replicate")["value"].mean(), level)
    return Judgement(interval, threshold, judge(interval, expected, threshold))


def share_beyond(
    sample: pd.DataFrame, threshold: float, expected: Expected, level: float = LEVEL
) -> Judgement:
    """Judge the share of configurations on the expected side of `threshold` against one half."""
    sign = 1 if expected == "greater" else -1
    beyond = sign * (sample["value"] - threshold) > 0
    interval = mean_interval(beyond.groupby(sample["replicate"]).mean(), level)
    return Judgement(interval, 0.5, judge(interval, "greater", 0.5))


def loss_roughness(losses: Sequence[float]) -> float:
    """Return how much a loss rises from one epoch to the next, on average; falls count 0.

    A curve that only falls has roughness 0, whatever its shape; NaN for fewer than two epochs.
    """
    steps = np.diff(np.asarray(losses, dtype=np.float64))
    return float(np.maximum(steps, 0).mean()) if steps.size else float("nan")


def _pairs(left: pd.DataFrame, right: pd.DataFrame, pair_on: Sequence[str]) -> pd.DataFrame:
    keys = [*pair_on, "replicate"]
    sides = [side.groupby(keys, as_index=False)["value"].mean() for side in (left, right)]
    return sides[0].merge(sides[1], on=keys, suffixes=("_left", "_right"))
