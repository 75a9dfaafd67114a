"""Per-class and per-subject scores of predictions, by scikit-learn."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import f1_score, recall_score

from harmodels.errors import ResultsError
from harmodels.evaluation.predictions import labels_of, predicted_labels, score_columns


def macro_f1(predictions: pd.DataFrame) -> pd.DataFrame:
    """Return the unweighted mean of the classes' F1, columns replicate and value.

    A class that is neither present nor predicted counts as 0.

    Examples
    --------
    >>> predictions = pd.DataFrame({"replicate": [0, 0], "label": [0, 1],
    ...     "score_0": [0.9, 0.8], "score_1": [0.1, 0.2]})
    >>> macro_f1(predictions)["value"].round(3).tolist()
    [0.333]
    """
    classes = range(len(score_columns(predictions)))
    return pd.DataFrame(
        [
            {
                "replicate": replicate,
                "value": f1_score(
                    labels_of(rows),
                    predicted_labels(rows),
                    labels=list(classes),
                    average="macro",
                    zero_division=0,
                ),
            }
            for replicate, rows in predictions.groupby("replicate")
        ],
        columns=["replicate", "value"],
    )


def class_recall(predictions: pd.DataFrame) -> pd.DataFrame:
    """Return each class's recall, columns replicate, label, recall; NaN for an absent class."""
    classes = list(range(len(score_columns(predictions))))
    frames = [
        pd.DataFrame(
            {
                "replicate": replicate,
                "label": classes,
                "recall": recall_score(
                    labels_of(rows),
                    predicted_labels(rows),
                    labels=classes,
                    average=None,
                    zero_division=np.nan,
                ),
            }
        )
        for replicate, rows in predictions.groupby("replicate")
    ]
    return pd.concat(frames, ignore_index=True) if frames else _empty("label", "recall")


def subject_accuracy(predictions: pd.DataFrame, subjects: pd.DataFrame) -> pd.DataFrame:
    """Return each subject's accuracy, columns replicate, subject, accuracy, sequences.

    Parameters
    ----------
    predictions
        Rows of one checkpoint and one split.
    subjects
        Columns id and subject; every predicted id must be there.

    Raises
    ------
    ResultsError
        If an id has no subject.

    Examples
    --------
    >>> predictions = pd.DataFrame({"replicate": [0, 0], "id": ["a", "b"], "label": [0, 1],
    ...     "score_0": [0.9, 0.8], "score_1": [0.1, 0.2]})
    >>> subjects = pd.DataFrame({"id": ["a", "b"], "subject": ["2", "4"]})
    >>> subject_accuracy(predictions, subjects).to_dict("list")
    {'replicate': [0, 0], 'subject': ['2', '4'], 'accuracy': [1.0, 0.0], 'sequences': [1, 1]}
    """
    return subject_shares(
        predictions, predicted_labels(predictions) == labels_of(predictions), subjects
    )


def subject_shares(
    predictions: pd.DataFrame, right: NDArray[np.bool_], subjects: pd.DataFrame
) -> pd.DataFrame:
    """Return the share of each subject's sequences that are right; as `subject_accuracy`.

    Parameters
    ----------
    predictions
        Rows of one checkpoint and one split.
    right
        (N,) which of them count as right, for example the true class among the best three.
    subjects
        Columns id and subject; every predicted id must be there.

    Raises
    ------
    ResultsError
        If an id has no subject.
    """
    counted = predictions[["replicate", "id"]].assign(right=right)
    joined = counted.merge(subjects[["id", "subject"]], on="id", how="left", validate="many_to_one")
    unknown = joined.loc[joined["subject"].isna(), "id"]
    if len(unknown):
        raise ResultsError(
            f"no subject is known for sequence {unknown.iloc[0]!r} and {len(unknown) - 1} other "
            "rows; predictions and sequences.parquet are of different data sets"
        )
    grouped = joined.groupby(["replicate", "subject"])["right"]
    return grouped.agg(accuracy="mean", sequences="size").reset_index()


def _empty(*columns: str) -> pd.DataFrame:
    return pd.DataFrame(columns=["replicate", *columns])
