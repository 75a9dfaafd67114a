"""A frame of predictions: its rows, its scores, its predicted labels."""

import re

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harmodels.errors import ResultsError


def score_columns(predictions: pd.DataFrame) -> list[str]:
    """Return `score_0` … `score_{C-1}` in the order of the classes; none may be left out."""
    found = {name for name in predictions.columns if re.fullmatch(r"score_\d+", str(name))}
    wanted = [f"score_{c}" for c in range(len(found))]
    if not found or found != set(wanted):
        raise ResultsError(
            f"predictions need the columns score_0 … score_{{C-1}}, one a class; "
            f"found {', '.join(sorted(found)) or 'none'}"
        )
    return wanted


def select(predictions: pd.DataFrame, checkpoint: str, split: str = "test") -> pd.DataFrame:
    """Return the rows of one checkpoint (`last` or `best`) and one split."""
    wanted = (predictions["checkpoint"] == checkpoint) & (predictions["split"] == split)
    return predictions.loc[wanted]


def scores_of(predictions: pd.DataFrame) -> NDArray[np.float64]:
    """Return the scores, shape (N, C)."""
    return predictions[score_columns(predictions)].to_numpy(dtype=np.float64)


def labels_of(predictions: pd.DataFrame) -> NDArray[np.int64]:
    """Return the true labels, shape (N,)."""
    return predictions["label"].to_numpy(dtype=np.int64)


def predicted_labels(predictions: pd.DataFrame) -> NDArray[np.int64]:
    """Return the class of the highest score, shape (N,); of equal scores, the first class."""
    return scores_of(predictions).argmax(axis=1).astype(np.int64)
