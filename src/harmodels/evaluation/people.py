"""Confidence intervals of an accuracy over people, and over people and seeds together.

Axes: R replicates, S test subjects. Replicates and subjects are crossed: every replicate is
tested on every subject. With c_rs correct of n_rs sequences, the accuracy is the ratio of sums
A = Σ c / Σ n, and u_rs = (c_rs − A n_rs) / n̄ is what a cell adds to it (the ratio linearised).

The variance of A is estimated from the mean squares of u, as of a two-way random-effects model
a_r + b_s + e_rs:

    V = (MS_replicates + MS_subjects − MS_rest) / (R S)

with Satterthwaite's degrees of freedom (Searle, Casella and McCulloch 1992; Satterthwaite 1946).
V is at least what replicates alone and what subjects alone give, as for two-way clusters
(Cameron, Gelbach and Miller 2011). Bounds are Student's on the logit scale.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harmodels.errors import ResultsError
from harmodels.evaluation.statistics import (
    LEVEL,
    Interval,
    logit_bounds,
    share_interval,
    student_quantile,
)
from harmodels.evaluation.ties import extreme, moments


@dataclass(frozen=True)
class SubjectCounts:
    """How many sequences of each test subject each replicate classified correctly.

    Attributes
    ----------
    replicates
        R numbers.
    subjects
        S names.
    correct
        (R, S) sequences classified correctly.
    sequences
        (R, S) sequences tested.
    """

    replicates: tuple[int, ...]
    subjects: tuple[str, ...]
    correct: NDArray[np.int64]
    sequences: NDArray[np.int64]

    @property
    def accuracy(self) -> float:
        """Correct sequences of all replicates, over all sequences."""
        return float(self.correct.sum() / self.sequences.sum())

    @property
    def contributions(self) -> NDArray[np.float64]:
        """u, shape (R, S): what each cell adds to the accuracy; its mean is 0."""
        expected = self.accuracy * self.sequences
        return (self.correct - expected) / self.sequences.mean()


class AccuracyIntervals(NamedTuple):
    """One accuracy and its intervals over each source of chance.

    Attributes
    ----------
    seeds
        Over replicates, for these people; no bounds for one replicate.
    people
        Over people, for these trained networks; no bounds for one subject.
    seeds_and_people
        Over both; no bounds for one replicate or one subject.
    """

    seeds: Interval
    people: Interval
    seeds_and_people: Interval

    @property
    def wider(self) -> Interval:
        """The widest of the three that has bounds; the one to print."""
        return widest(self)


def widest(intervals: Iterable[Interval]) -> Interval:
    """Return the widest interval that has bounds, the first of equal ones."""
    each = list(intervals)
    return each[extreme([np.nan_to_num(one.half_width, nan=-1.0) for one in each], "greater")]


def subject_counts(accuracies: pd.DataFrame) -> SubjectCounts:
    """Return the counts behind the frame of `classification.subject_accuracy`.

    Parameters
    ----------
    accuracies
        Columns replicate, subject, accuracy, sequences.

    Raises
    ------
    ResultsError
        If the frame is empty, or a replicate was not tested on every subject.

    Examples
    --------
    >>> counts = subject_counts(pd.DataFrame({
    ...     "replicate": [0, 0, 1, 1],
    ...     "subject": ["2", "4", "2", "4"],
    ...     "accuracy": [0.9, 0.5, 1.0, 0.5],
    ...     "sequences": [10, 20, 10, 20],
    ... }))
    >>> counts.correct.tolist()
    [[9, 10], [10, 10]]
    """
    if accuracies.empty:
        raise ResultsError("an accuracy over people needs predictions, and there are none")
    replicate, replicates = pd.factorize(accuracies["replicate"].to_numpy(), sort=True)
    subject, subjects = pd.factorize(accuracies["subject"].to_numpy(), sort=True)
    sequences = np.zeros((len(replicates), len(subjects)), dtype=np.int64)
    correct = np.zeros_like(sequences)
    sequences[replicate, subject] = accuracies["sequences"]
    correct[replicate, subject] = np.rint(accuracies["accuracy"] * accuracies["sequences"])
    if len(accuracies) < sequences.size:
        lacking = replicates[(sequences == 0).any(axis=1)][0]
        raise ResultsError(
            f"replicate {lacking} was not tested on every subject; "
            "take predictions of one checkpoint and one split"
        )
    return SubjectCounts(
        replicates=tuple(int(r) for r in replicates),
        subjects=tuple(str(s) for s in subjects),
        correct=correct,
        sequences=sequences,
    )


def accuracy_intervals(counts: SubjectCounts, level: float = LEVEL) -> AccuracyIntervals:
    """Return the accuracy with its intervals over seeds, over people, and over both.

    Examples
    --------
    Two replicates agree; three people do not:

    >>> counts = SubjectCounts(
    ...     (0, 1), ("2", "4", "9"),
    ...     correct=np.array([[98, 90, 71], [97, 90, 72]]), sequences=np.full((2, 3), 100))
    >>> for name, each in accuracy_intervals(counts)._asdict().items():
    ...     print(f"{name}: {each.mean:.3f} [{each.low:.3f}, {each.high:.3f}]")
    seeds: 0.863 [0.863, 0.863]
    people: 0.863 [0.274, 0.991]
    seeds_and_people: 0.863 [0.274, 0.991]
    """
    return AccuracyIntervals(
        share_interval(counts.correct.sum(axis=1) / counts.sequences.sum(axis=1), level),
        people_interval(counts, level),
        seeds_and_people_interval(counts, level),
    )


def people_interval(counts: SubjectCounts, level: float = LEVEL) -> Interval:
    """Return the accuracy with its interval over people, for the networks as trained.

    Student's, with S − 1 degrees of freedom, of the subjects' contributions averaged over
    replicates; `n` is the number of subjects.
    """
    half = _half_width_over_people(counts.contributions.mean(axis=0), level)
    low, high = logit_bounds(counts.accuracy, half)
    return Interval(counts.accuracy, low, high, len(counts.subjects))


def seeds_and_people_interval(counts: SubjectCounts, level: float = LEVEL) -> Interval:
    """Return the accuracy with its interval over seeds and people together.

    It answers for another network, trained with another seed, and tested on other people of the
    same kind; `n` is the smaller of the numbers of replicates and subjects.
    """
    low, high = logit_bounds(counts.accuracy, _half_width(counts.contributions, level))
    return Interval(counts.accuracy, low, high, min(counts.correct.shape))


def difference_over_seeds_and_people(
    left: SubjectCounts, right: SubjectCounts, level: float = LEVEL
) -> Interval:
    """Return accuracy left − right over seeds and people, paired in both.

    Raises
    ------
    ResultsError
        If the sides have other replicates or other subjects.

    Examples
    --------
    >>> sequences = np.full((2, 3), 100)
    >>> left = SubjectCounts((0, 1), ("2", "4", "9"), np.array([[98, 90, 71]] * 2), sequences)
    >>> right = SubjectCounts((0, 1), ("2", "4", "9"), np.array([[97, 88, 70]] * 2), sequences)
    >>> interval = difference_over_seeds_and_people(left, right)
    >>> print(f"{interval.mean:.3f} ± {interval.half_width:.3f}")
    0.013 ± 0.014
    """
    if (left.replicates, left.subjects) != (right.replicates, right.subjects):
        raise ResultsError(
            "a paired difference needs the same replicates and subjects on both sides; "
            "leave out what one side lacks"
        )
    mean = left.accuracy - right.accuracy
    half = _half_width(left.contributions - right.contributions, level)
    return Interval(mean, mean - half, mean + half, min(left.correct.shape))


def difference_over_people(
    left: SubjectCounts, right: SubjectCounts, level: float = LEVEL
) -> Interval:
    """Return accuracy left − right over people, paired in them, for the networks as trained.

    Student's, with S − 1 degrees of freedom, of what each subject adds to the one accuracy more
    than to the other; how many sequences and replicates the sides have of a subject may differ.

    Raises
    ------
    ResultsError
        If the sides have other subjects.

    Examples
    --------
    >>> left = SubjectCounts((0,), ("2", "4", "9"), np.array([[98, 90, 71]]), np.full((1, 3), 100))
    >>> right = SubjectCounts((0,), ("2", "4", "9"), np.array([[48, 44, 35]]), np.full((1, 3), 50))
    >>> interval = difference_over_people(left, right)
    >>> print(f"{interval.mean:.3f} ± {interval.half_width:.3f}")
    0.017 ± 0.014
    """
    if left.subjects != right.subjects:
        raise ResultsError("a difference paired in people needs the same subjects on both sides")
    mean = left.accuracy - right.accuracy
    each = left.contributions.mean(axis=0) - right.contributions.mean(axis=0)
    half = _half_width_over_people(each, level)
    return Interval(mean, mean - half, mean + half, len(left.subjects))


def _half_width_over_people(each: NDArray[np.float64], level: float) -> float:
    """Return Student's t times the standard error of the mean of S contributions; NaN for one."""
    people = len(each)
    spread = moments(each)[1] if people > 1 else np.nan
    return float(student_quantile(level, people - 1) * spread / np.sqrt(people))


def _half_width(u: NDArray[np.float64], level: float) -> float:
    """Return t √V of the mean of crossed contributions, shape (R, S); NaN if R or S is 1."""
    error, degrees = error_over_both(u)
    return float(student_quantile(level, degrees) * error) if error else 0.0


def error_over_both(u: NDArray[np.float64]) -> tuple[float, float]:
    """Return the standard error √V of the mean of crossed contributions, and its degrees.

    `u` has the shape (R, S); both numbers are NaN if R or S is 1.
    """
    R, S = u.shape
    if min(R, S) < 2:
        return float("nan"), float("nan")
    by_replicate, by_subject = u.mean(axis=1), u.mean(axis=0)
    rest = u - by_replicate[:, None] - by_subject + u.mean()
    replicates = S * by_replicate.var(ddof=1)
    subjects = R * by_subject.var(ddof=1)
    residual = (rest**2).sum() / ((R - 1) * (S - 1))
    total = max(replicates + subjects - residual, replicates, subjects)
    if total == 0:
        return 0.0, float("nan")
    uncertainty = (
        replicates**2 / (R - 1) + subjects**2 / (S - 1) + residual**2 / ((R - 1) * (S - 1))
    )
    return float(np.sqrt(total / (R * S))), max(total**2 / uncertainty, min(R, S) - 1)
