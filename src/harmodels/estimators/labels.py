"""Labels as numbers."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import column_or_1d

Indices = NDArray[np.int64]
Labels = NDArray[Any]


def find_classes(y: ArrayLike, count: int) -> tuple[Labels, Indices]:
    """Return the classes (C,), sorted, and the code of each of `count` labels."""
    values = column_or_1d(y, warn=True)
    missing = np.flatnonzero(pd.isna(values))
    if len(missing):
        raise ValueError(
            f"y[{missing[0]}] is {values[missing[0]]}: {len(missing)} of {len(values)} labels are "
            "missing; leave those sequences out"
        )
    if len(values) != count:
        raise ValueError(
            f"X holds {count} sequences and y {len(values)} labels; give one label a sequence"
        )
    kinds = sorted({type(value).__name__ for value in values.tolist()})
    if "str" in kinds and len(kinds) > 1:
        raise ValueError(f"y mixes {' and '.join(kinds)}; give labels of one type")
    check_classification_targets(values)
    classes, codes = np.unique(values, return_inverse=True)
    if len(classes) < 2:
        raise ValueError(
            f"y holds one class, {classes.tolist()[0]!r}; a classifier needs two or more"
        )
    return classes, codes.astype(np.int64)


def encode(y: ArrayLike, classes: Labels, name: str = "y") -> Indices:
    """Return the codes (n,) of labels, all of which are of known classes."""
    values = column_or_1d(y)
    strange = np.setdiff1d(values, classes)
    if len(strange):
        raise ValueError(
            f"{name} holds the label {strange.tolist()[0]!r}, which the network was not "
            f"trained on; it knows {', '.join(map(str, classes))}: leave those "
            "sequences out, or train with them"
        )
    order = np.argsort(classes)  # those of an exported run are in its data set's order
    return order[np.searchsorted(classes, values, sorter=order)].astype(np.int64)
