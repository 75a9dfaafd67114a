"""Recency: whether a network trained on one sequence at a time repeats the last label it saw."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from harmodels.evaluation.predictions import labels_of, predicted_labels


class Recency(NamedTuple):
    """What one replicate predicts, and what it saw last."""

    most_predicted: int
    share: float
    newest: int


def recency(
    predictions: pd.DataFrame, labels_in_order: Sequence[int], leave_out: Sequence[int] = ()
) -> Recency:
    """Set the most predicted class beside the label of the last training sequence.

    `predictions` are of one replicate, checkpoint and split, `labels_in_order` those of the
    training sequences in the last epoch. The classes `leave_out`, which are told apart anyway,
    are passed over in both.
    """
    kept = ~np.isin(labels_of(predictions), list(leave_out))
    counts = np.bincount(predicted_labels(predictions)[kept])
    most = int(counts.argmax())
    newest = next(int(label) for label in reversed(labels_in_order) if label not in leave_out)
    return Recency(most, float(counts[most] / counts.sum()), newest)
