"""How far a network that trains on one sequence at a time just repeats what it saw last."""

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
    """
    kept = ~np.isin(labels_of(predictions), list(leave_out))
    counts = np.bincount(predicted_labels(predictions)[kept])
    most = int(counts.argmax())
    newest = next(int(label) for label in reversed(labels_in_order) if label not in leave_out)
    return Recency(most, float(counts[most] / counts.sum()), newest)
