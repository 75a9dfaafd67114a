"""Top-k accuracy: how often the true class is among the k highest scores."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harmodels.errors import ConfigurationError
from harmodels.evaluation.predictions import labels_of, score_columns, scores_of


def label_ranks(scores: NDArray[np.float64], labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return how many classes stand before the true one, shape (N,), for scores (N, C).

    Equal scores are ordered by class number, as `argmax` does, so that top-1 accuracy is exactly
    the diagonal of the confusion matrix. (scikit-learn's `top_k_accuracy_score` gives the same
    numbers wherever no scores are equal, and orders equal ones the other way round.)
    """
    own = np.take_along_axis(scores, labels[:, None], axis=1)
    before = np.arange(scores.shape[1]) < labels[:, None]
    return ((scores > own) | ((scores == own) & before)).sum(axis=1)


def within_top_k(predictions: pd.DataFrame, k: int) -> NDArray[np.bool_]:
    """Return (N,) whether the true class is among the k highest scores."""
    return label_ranks(scores_of(predictions), labels_of(predictions)) < k


def top_k_accuracy(predictions: pd.DataFrame, ks: Sequence[int]) -> pd.DataFrame:
    """Return top-k accuracies as a frame with the columns replicate, k, accuracy.

    For predictions of one checkpoint and split; no row gives an empty frame. Each k lies between
    1 and C.
    """
    classes = len(score_columns(predictions))
    for k in ks:
        if not 1 <= k <= classes:
            raise ConfigurationError(
                f"top-{k} accuracy of {classes} classes does not exist; "
                f"ask for a k between 1 and {classes}"
            )
    ranks = label_ranks(scores_of(predictions), labels_of(predictions))
    replicate, replicates = pd.factorize(predictions["replicate"].to_numpy(), sort=True)
    sequences = np.bincount(replicate, minlength=len(replicates))
    shares = [
        np.bincount(replicate, weights=ranks < k, minlength=len(replicates)) / sequences for k in ks
    ]
    return pd.DataFrame(
        {
            "replicate": np.tile(replicates, len(ks)),
            "k": np.repeat(ks, len(replicates)),
            "accuracy": np.concatenate(shares),
        }
    )
