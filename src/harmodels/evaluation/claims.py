"""Verdicts on claims: means over replicates against a threshold or inside a margin.

A claim is judged on one number a replicate (`contrasts` and `trends` make it from the values of
configurations), so that the verdict says how much the random seed matters; and, where the numbers
are sums over people, on what each person adds, so that it holds for other people too.
"""

from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harmodels.evaluation.people import error_over_both
from harmodels.evaluation.significance import (
    FLIPPED,
    effect_size,
    mean_p_value,
    on_logits,
    share_p_value,
    sign_flip_p_value,
    two_sided,
)
from harmodels.evaluation.statistics import (
    LEVEL,
    Interval,
    logit_bounds,
    mean_and_error,
    mean_interval,
    share_interval,
    student_quantile,
)
from harmodels.evaluation.ties import Relation, on_side, spread


class Verdict(StrEnum):
    """What the evidence says about a claim."""

    HOLDS = "holds"
    FAILS = "does not hold"
    UNDECIDED = "undecided"


class Judgement(NamedTuple):
    """The evidence for a claim and the verdict on it.

    Attributes
    ----------
    interval
        What was measured, with its interval over replicates, or over replicates and people.
    threshold
        The number it is held against; the margin of a claim of no difference.
    verdict
        What the evidence says, of this claim alone.
    p_value
        The largest of the tests that apply, two-sided; NaN for fewer than two replicates.
        `significance.adjust` corrects those of many claims.
    effect
        Cohen's d_z: distance from the threshold in standard deviations over replicates. For a
        claim of no difference, the distance of the mean from the nearer margin, positive inside.
    error, degrees
        Standard error of the mean on its own scale and its degrees of freedom, from which
        `significance.detectable_effect` follows; NaN where all replicates agree.
    over
        What the evidence is over: seeds, seeds and people, or networks.
    """

    interval: Interval
    threshold: float
    verdict: Verdict
    p_value: float
    effect: float
    error: float
    degrees: float
    over: str = "seeds"


class Sample(NamedTuple):
    """A measure of some configurations.

    Attributes
    ----------
    values
        One row a configuration and replicate: the keys of the configuration, `configuration` (its
        name), `replicate` and `value`.
    resolution
        The distance of two values that can be told apart: 1 / n of a share of n sequences.
    people
        The same with a column `subject` and one row a person too: the accuracy of all replicates
        plus what the cell adds to it (`people.SubjectCounts.contributions`), so that the mean over
        people of a replicate is about its value. None of measures that are no sums over people.
    """

    values: pd.DataFrame
    resolution: float = 0.0
    people: pd.DataFrame | None = None


class Numbers(NamedTuple):
    """What a claim is judged on.

    Attributes
    ----------
    values
        R numbers, one a replicate.
    resolution
        The distance of two of them that can be told apart.
    people
        Shape (R, S): the same numbers of each of S people. None where there are none.
    """

    values: "pd.Series[float]"
    resolution: float = 0.0
    people: NDArray[np.float64] | None = None


def reduce(
    reducer: "Callable[..., pd.Series[float]]", *samples: Sample, linear: bool = True
) -> Numbers:
    """Return what a function of samples makes of them, one number a replicate.

    Parameters
    ----------
    reducer
        From the `values` of the samples to one number a replicate, indexed by replicate.
    samples
        What it is given.
    linear
        Whether it is a weighted sum of the values, which it then also takes of each person.

    Examples
    --------
    >>> accuracies = pd.DataFrame({"replicate": [0, 1], "value": [0.8, 0.9]})
    >>> reduce(lambda frame: frame.groupby("replicate")["value"].mean(), Sample(accuracies)).values
    replicate
    0    0.8
    1    0.9
    Name: value, dtype: float64
    """
    values = reducer(*(sample.values for sample in samples)).dropna()
    resolution = max(sample.resolution for sample in samples)
    frames = [sample.people for sample in samples if sample.people is not None]
    if not linear or len(frames) < len(samples) or any(frame.empty for frame in frames):
        return Numbers(values, resolution)
    named = [frozenset(frame["subject"]) for frame in frames]
    if len(set(named)) > 1:  # the sides were tested on other people, and nothing pairs them
        return Numbers(values, resolution)
    each = [
        reducer(*(frame.loc[frame["subject"] == name] for frame in frames))
        for name in sorted(named[0])
    ]
    return Numbers(values, resolution, pd.concat(each, axis=1).loc[values.index].to_numpy())


def adjusted_verdict(judgement: Judgement, adjusted: float, level: float = LEVEL) -> Verdict:
    """Return the verdict that remains after correction for the number of claims.

    Parameters
    ----------
    judgement
        The claim, judged alone.
    adjusted
        Its p-value after `significance.adjust`.
    level
        Confidence of all claims together.

    Examples
    --------
    >>> alone = judge_mean([0.2, 0.3, 0.4], 0.0, "greater")
    >>> print(alone.verdict, "alone,", adjusted_verdict(alone, adjusted=0.11), "among all")
    holds alone, undecided among all
    """
    return judgement.verdict if adjusted <= 1 - level else Verdict.UNDECIDED


def decided(p_value: float, holds: bool, level: float = LEVEL) -> Verdict:
    """Return the verdict for a p-value and the side on which the value lies."""
    if not p_value <= 1 - level:  # NaN decides nothing
        return Verdict.UNDECIDED
    return Verdict.HOLDS if holds else Verdict.FAILS


def judge_mean(
    numbers: Numbers | Iterable[float],
    threshold: float,
    side: Relation,
    level: float = LEVEL,
    *,
    share: bool = False,
) -> Judgement:
    """Judge the mean of the numbers, one a replicate, against `threshold`.

    The p-value is the largest of Student's test, the sign-flip test (from six replicates on, and
    of numbers that all agree) and, where people are given, the test over seeds and people.

    Parameters
    ----------
    numbers
        What `reduce` returns, or plain numbers.
    threshold
        What the mean is held against.
    side
        On which side of it the claim puts the mean.
    level
        Confidence of the interval and the verdict.
    share
        Whether the numbers are shares: interval and tests are on the logit scale.

    Examples
    --------
    >>> judgement = judge_mean([0.2, 0.3, 0.1], 0.0, "greater")
    >>> print(f"{judgement.verdict}, p = {judgement.p_value:.3f}, d_z = {judgement.effect:.1f}")
    undecided, p = 0.074, d_z = 2.0
    """
    values, resolution, people = _numbers(numbers)
    interval = (share_interval if share else mean_interval)(values, level, resolution)
    mean, error, n = mean_and_error(values, resolution)
    test = share_p_value if share else mean_p_value
    found = [test(values, threshold, resolution)]
    if n in FLIPPED or (n > 1 and spread(values)[1] == 0):
        found.append(sign_flip_p_value(values, threshold))
    degrees, over = float(n - 1), "seeds"
    if people is not None and n > 1 and people.shape[1] > 1:
        both, freedom = error_over_both(people)
        over = "seeds and people"
        found.append(two_sided(*_distance(mean, both, threshold, share), freedom))
        half = student_quantile(level, freedom) * both
        if half > student_quantile(level, degrees) * error:
            error, degrees = both, freedom
            low, high = logit_bounds(mean, half) if share else (mean - half, mean + half)
            interval = Interval(mean, low, high, n)
    if n > 1 and spread(values)[1] == 0:
        error = float("nan")  # of replicates that agree nothing says what would be decided
    p_value = float("nan") if np.isnan(found[0]) else float(np.nanmax(found))
    return Judgement(
        interval,
        threshold,
        decided(p_value, bool(on_side(mean, side, threshold)), level),
        p_value,
        effect_size(values, threshold, resolution),
        error,
        degrees,
        over,
    )


def judge_equivalence(
    numbers: Numbers | Iterable[float], margin: float, level: float = LEVEL
) -> Judgement:
    """Judge whether the mean of the numbers, one a replicate, lies inside ±margin.

    It holds if the mean is shown to lie on the inner side of the nearer margin (two one-sided
    tests: Schuirmann 1987): a difference that is merely not shown is no equality.
    """
    values, resolution, people = _numbers(numbers)
    mean = float(values.mean()) if values.size else float("nan")
    nearer = float(np.copysign(margin, mean))
    inner: Relation = "less" if nearer > 0 else "greater"
    found = judge_mean(Numbers(pd.Series(values), resolution, people), nearer, inner, level)
    return found._replace(threshold=margin, effect=-float(np.sign(nearer)) * found.effect)


def _numbers(
    numbers: Numbers | Iterable[float],
) -> tuple[NDArray[np.float64], float, NDArray[np.float64] | None]:
    given = numbers if isinstance(numbers, Numbers) else Numbers(pd.Series(list(numbers)))
    values = np.asarray(given.values, dtype=np.float64)
    return values, given.resolution, given.people


def _distance(mean: float, error: float, threshold: float, share: bool) -> tuple[float, float]:
    return on_logits(mean, error, threshold) if share else (mean - threshold, error)
