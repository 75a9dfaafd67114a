"""Recency: whether a network trained on one sequence at a time repeats the last label it saw."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from harmodels.evaluation.predictions import labels_of, predicted_labels


class Recency(NamedTuple):
    """What one replicate predicts, and what it saw last.

    Attributes
    ----------
    most_predicted
        The class predicted most often.
    share
        How often, of all sequences looked at.
    newest
        The label of the last training sequence.
    """

    most_predicted: int
    share: float
    newest: int


def recency(
    predictions: pd.DataFrame, labels_in_order: Sequence[int], leave_out: Sequence[int] = ()
) -> Recency:
    """Set the most predicted class beside the label of the last training sequence.

    Parameters
    ----------
    predictions
        Rows of one replicate, checkpoint and split.
    labels_in_order
        Labels of the training sequences in the order of the last epoch.
    leave_out
        Classes that are told apart anyway; their sequences and labels are passed over.

    Examples
    --------
    >>> predictions = pd.DataFrame(
    ...     {"label": [0, 1, 1], "score_0": [0.1, 0.2, 0.9], "score_1": [0.9, 0.8, 0.1]})
    >>> found = recency(predictions, labels_in_order=[0, 0, 1])
    >>> found.most_predicted, round(found.share, 2), found.newest
    (1, 0.67, 1)
    """
    kept = ~np.isin(labels_of(predictions), list(leave_out))
    counts = np.bincount(predicted_labels(predictions)[kept])
    most = int(counts.argmax())
    newest = next(int(label) for label in reversed(labels_in_order) if label not in leave_out)
    return Recency(most, float(counts[most] / counts.sum()), newest)
