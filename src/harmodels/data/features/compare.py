"""How well computed columns agree with shipped ones."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harmodels.data.features.catalogue import feature_names
from harmodels.errors import DataError

Array = NDArray[np.float64]


def pearson(left: Array, right: Array) -> Array:
    """Return Pearson's r of each column of two (N, K) matrices; 0 where a column is constant."""
    if left.shape != right.shape:
        raise DataError(
            f"matrices of shape {left.shape} and {right.shape} cannot be compared by column; "
            "take the same windows of both"
        )
    left, right = _standardised(left), _standardised(right)
    return np.einsum("nk,nk->k", left, right)  # (K,)


def correlation_table(computed: Array, shipped: Array) -> pd.DataFrame:
    """Return `column` (from 1), `name` and `r` of each feature, from two (N, 561)."""
    names = feature_names()
    return pd.DataFrame(
        {"column": np.arange(1, len(names) + 1), "name": names, "r": pearson(computed, shipped)}
    )


def _standardised(values: Array) -> Array:
    """Return columns of mean 0 and length 1; constant columns become 0."""
    centred = values - values.mean(axis=0)  # (N, K)
    length = np.linalg.norm(centred, axis=0)  # (K,)
    rounding = 1e-12 * np.abs(values).max(axis=0, initial=0.0) * np.sqrt(len(values))
    return np.divide(centred, length, out=np.zeros_like(centred), where=length > rounding)
