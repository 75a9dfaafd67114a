"""Confusion matrices: rows are true classes, columns predicted ones."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harmodels.evaluation.predictions import labels_of, predicted_labels, score_columns


def confusion_counts(predictions: pd.DataFrame) -> tuple[list[int], NDArray[np.int64]]:
    """Return the replicates and their counts (R, C, C), of true classes (rows) and predicted."""
    classes = len(score_columns(predictions))
    replicates = [int(r) for r in np.unique(predictions["replicate"])]
    position = np.searchsorted(replicates, predictions["replicate"].to_numpy())
    counts = np.zeros((len(replicates), classes, classes), dtype=np.int64)
    np.add.at(counts, (position, labels_of(predictions), predicted_labels(predictions)), 1)
    return replicates, counts


def row_fractions(counts: NDArray[np.number]) -> NDArray[np.float64]:
    """Return the counts divided by their row's sum, same shape; a class without rows gives 0."""
    counts = np.asarray(counts, dtype=np.float64)
    totals = counts.sum(axis=-1, keepdims=True)
    return np.divide(counts, totals, out=np.zeros_like(counts), where=totals > 0)


def recalls(counts: NDArray[np.number]) -> NDArray[np.float64]:
    """Return each class's recall, shape (R, C); NaN for a class without sequences."""
    totals = np.asarray(counts, dtype=np.float64).sum(axis=-1)
    right = np.diagonal(counts, axis1=-2, axis2=-1)
    return np.divide(right, totals, out=np.full_like(totals, np.nan), where=totals > 0)


def most_predicted_share(counts: NDArray[np.number]) -> NDArray[np.float64]:
    """Return the share of all sequences that got the most predicted class, shape (R,).

    1/C for a balanced answer on balanced data, 1 for a network stuck on one label.
    """
    counts = np.asarray(counts, dtype=np.float64)
    return counts.sum(axis=-2).max(axis=-1) / counts.sum(axis=(-2, -1))


def row_distance(counts: NDArray[np.number], other: NDArray[np.number]) -> NDArray[np.float64]:
    """Return how far the rows of matrices lie from those of another one, shape (…).

    The total variation of two rows of shares, half the sum of absolute differences, between 0 and
    1: the share of a class that would have to be answered otherwise. Mean over the classes that
    both matrices have sequences of.
    """
    known = (np.asarray(counts).sum(-1) > 0) & (np.asarray(other).sum(-1) > 0)
    distances = np.abs(row_fractions(counts) - row_fractions(other)).sum(-1) / 2
    return np.where(known, distances, 0).sum(-1) / known.sum(-1)


def frequent_confusions(counts: NDArray[np.number], most: int) -> list[tuple[int, int]]:
    """Return the pairs (true, predicted) with the highest mean count over replicates.

    At most `most`, the most frequent first; equal ones in the order of the classes, and none that
    never occurred. `counts` has the shape (R, C, C).
    """
    mean = np.asarray(counts, dtype=np.float64).sum(axis=0)
    np.fill_diagonal(mean, 0)
    order = np.argsort(-mean, axis=None, kind="stable")[:most]
    pairs = zip(*np.unravel_index(order, mean.shape), strict=True)
    return [(int(i), int(j)) for i, j in pairs if mean[i, j] > 0]


def errors_between(counts: NDArray[np.number], first: int, second: int) -> NDArray[np.float64]:
    """Return the share of all errors that take one of two classes for the other, shape (R,).

    NaN for a replicate without errors.
    """
    counts = np.asarray(counts, dtype=np.float64)
    errors = counts.sum(axis=(-2, -1)) - np.trace(counts, axis1=-2, axis2=-1)
    between = counts[..., first, second] + counts[..., second, first]
    return np.divide(between, errors, out=np.full_like(errors, np.nan), where=errors > 0)


def recall_lead(counts: NDArray[np.number], label: int) -> NDArray[np.float64]:
    """Return the recall of a class minus the highest recall of the others, shape (R,).

    Classes without sequences are left out; NaN where only one class is left.
    """
    recall = recalls(counts)
    others = np.delete(recall, label, axis=-1)
    highest = np.where(np.isnan(others), -np.inf, others).max(axis=-1)
    return np.where(np.isinf(highest), np.nan, recall[..., label] - highest)


def mistaken_margin(
    counts: NDArray[np.number], labels: Sequence[int], answer: int, most: bool
) -> NDArray[np.float64]:
    """Return how much more often than another wrong answer some classes are given `answer`.

    A difference of shares of the wrong answers, shape (R,), of counts (R, C, C); those of the
    true classes `labels` are added up. The other wrong answer is the most frequent with `most`,
    otherwise the rarest. NaN without any wrong answer or another class.

    >>> counts = np.array([[[6, 3, 1], [0, 9, 1], [0, 0, 10]]])
    >>> mistaken_margin(counts, [0], 1, most=True).tolist()  # 3 of 4 errors against 1 of 4
    [0.5]
    """
    wrong = np.asarray(counts, dtype=np.float64)[..., list(labels), :].copy()
    wrong[..., np.arange(len(labels)), list(labels)] = 0
    wrong = wrong.sum(axis=-2)
    # the right answer of a single class is none of its wrong ones
    left_out = [answer, *(labels if len(labels) == 1 else ())]
    others = np.delete(wrong, left_out, axis=-1)
    total = wrong.sum(axis=-1)
    if not others.shape[-1]:
        return np.full_like(total, np.nan)
    other = others.max(axis=-1) if most else others.min(axis=-1)
    return np.divide(
        wrong[..., answer] - other, total, out=np.full_like(total, np.nan), where=total > 0
    )
