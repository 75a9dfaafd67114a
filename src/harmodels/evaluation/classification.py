"""Per-class and per-subject scores of predictions."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harmodels.errors import ResultsError
from harmodels.evaluation.confusion import confusion_counts, recalls
from harmodels.evaluation.predictions import labels_of, predicted_labels


def macro_f1(predictions: pd.DataFrame) -> pd.DataFrame:
    """Return the unweighted mean of the classes' F1, columns replicate and value.

    A class that is neither present nor predicted counts as 0.
    """
    replicates, counts = confusion_counts(predictions)  # (R, C, C)
    hits = np.diagonal(counts, axis1=1, axis2=2)  # (R, C)
    present_and_predicted = counts.sum(axis=2) + counts.sum(axis=1)
    f1 = 2 * hits / np.maximum(present_and_predicted, 1)
    return pd.DataFrame({"replicate": replicates, "value": f1.mean(axis=1)})


def class_recall(predictions: pd.DataFrame) -> pd.DataFrame:
    """Return each class's recall, columns replicate, label, recall; NaN for an absent class."""
    replicates, counts = confusion_counts(predictions)  # (R, C, C)
    recall = recalls(counts)  # (R, C)
    return pd.DataFrame(
        {
            "replicate": np.repeat(replicates, recall.shape[1]),
            "label": np.tile(np.arange(recall.shape[1]), len(replicates)),
            "recall": recall.ravel(),
        }
    )


def subject_accuracy(predictions: pd.DataFrame, subjects: pd.DataFrame) -> pd.DataFrame:
    """Return each subject's accuracy, columns replicate, subject, accuracy, sequences.

    For predictions of one checkpoint and split; `subjects` has the columns id and subject,
    and a row of every predicted id.
    """
    return subject_shares(
        predictions, predicted_labels(predictions) == labels_of(predictions), subjects
    )


def subject_shares(
    predictions: pd.DataFrame, right: NDArray[np.bool_], subjects: pd.DataFrame
) -> pd.DataFrame:
    """Return the share of each subject's sequences that are `right` (N,); as `subject_accuracy`."""
    rows = pd.Index(subjects["id"]).get_indexer(predictions["id"])  # -1 where there is none
    names = subjects["subject"].to_numpy()[rows]
    unknown = predictions.loc[(rows < 0) | pd.isna(names), "id"]
    if len(unknown):
        raise ResultsError(
            f"no subject is known for sequence {unknown.iloc[0]!r} and {len(unknown) - 1} other "
            "rows; predictions and sequences.parquet are of different data sets"
        )
    replicate, replicates = pd.factorize(predictions["replicate"].to_numpy(), sort=True)
    subject, people = pd.factorize(names, sort=True)
    cell = replicate * len(people) + subject
    size = len(replicates) * len(people)
    sequences = np.bincount(cell, minlength=size)
    hits = np.bincount(cell, weights=right, minlength=size)
    tested = np.flatnonzero(sequences)
    return pd.DataFrame(
        {
            "replicate": np.repeat(replicates, len(people))[tested],
            "subject": np.tile(people, len(replicates))[tested],
            "accuracy": hits[tested] / sequences[tested],
            "sequences": sequences[tested],
        }
    )
