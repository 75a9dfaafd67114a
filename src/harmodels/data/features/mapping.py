"""Agreement of computed and shipped columns, and the affine maps from one to the other."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harmodels.data.features.catalogue import feature_names
from harmodels.errors import DataError
from harmodels.files import read_table, write_table

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


class AffineMap(NamedTuple):
    """shipped ≈ slope · computed + intercept, for each of the 561 columns."""

    slope: Array  # (561,) fitted on the training half
    intercept: Array
    r_train: Array  # (561,) Pearson's r of computed and shipped columns
    r_test: Array


def fit_map(
    computed_train: Array, shipped_train: Array, computed_test: Array, shipped_test: Array
) -> AffineMap:
    """Fit the lines by least squares on the training half (N, 561); the test half only gives r."""
    r_train = pearson(computed_train, shipped_train)
    spread = computed_train.std(axis=0)  # (561,)
    # Slope r·s_y/s_x; r is 0, and so is the slope, where the computed column does not vary.
    safe = np.where(r_train == 0.0, 1.0, spread)
    slope = r_train * shipped_train.std(axis=0) / safe
    intercept = shipped_train.mean(axis=0) - slope * computed_train.mean(axis=0)
    return AffineMap(slope, intercept, r_train, pearson(computed_test, shipped_test))


def apply_map(affine: AffineMap, computed: Array) -> Array:
    """Return (N, 561) features on the data set's scale, cut to [−1, 1]."""
    if computed.ndim != 2 or computed.shape[1] != len(affine.slope):
        raise DataError(
            f"features of shape {computed.shape} do not fit a map of {len(affine.slope)} columns; "
            "compute them with extract_features"
        )
    return np.clip(affine.slope * computed + affine.intercept, -1.0, 1.0)


def write_map(path: str | Path, affine: AffineMap) -> None:
    """Write the map as parquet: column, name, slope, intercept, r_train, r_test."""
    names = feature_names()
    columns = {"column": np.arange(1, len(names) + 1), "name": names, **affine._asdict()}
    write_table(path, pd.DataFrame(columns))


def read_map(path: str | Path) -> AffineMap:
    """Read what `write_map` wrote.

    Raises ResultsError if the file is missing or damaged, DataError if it is another table or its
    rows are not the 561 features in order.
    """
    table, _ = read_table(path)
    lacking = [name for name in ("name", *AffineMap._fields) if name not in table.column_names]
    if lacking:
        raise DataError(
            f"{path} has no column {lacking[0]!r}, so it is no map of features; give the "
            "feature_map.parquet of a data set"
        )
    if tuple(table["name"].to_pylist()) != feature_names():
        raise DataError(f"{path} does not list the 561 features in order; delete it and run again")
    return AffineMap(*(table[name].to_numpy() for name in AffineMap._fields))
