"""Labels as numbers."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import column_or_1d

Indices = NDArray[np.int64]
Labels = NDArray[Any]


def read_labels(y: ArrayLike, count: int, of: str = "") -> Labels:
    """Return labels (n,), one for each of `count` sequences; `of` follows y in messages."""
    values = column_or_1d(y, warn=True)
    if len(values) != count:
        raise ValueError(
            f"X{of} holds {count} sequences and y{of} {len(values)} labels; give one label a "
            "sequence"
        )
    missing = np.flatnonzero(pd.isna(values))
    if len(missing):
        raise ValueError(
            f"y{of}[{missing[0]}] is {values[missing[0]]}: {len(missing)} of {len(values)} labels "
            "are missing; leave those sequences out"
        )
    # of a list, as it was given: numpy makes text of numbers beside text
    given = y if isinstance(y, list | tuple) else values.tolist()
    kinds = sorted({"str" if isinstance(v, str) else type(v).__name__ for v in given})
    if "str" in kinds and len(kinds) > 1:
        raise ValueError(f"y{of} mixes {' and '.join(kinds)}; give labels of one type")
    return values


def find_classes(y: ArrayLike, count: int) -> tuple[Labels, Indices]:
    """Return the classes (C,), sorted, and the code of each of `count` labels."""
    values = read_labels(y, count)
    try:
        check_classification_targets(values)
    except TypeError as error:  # of bytes
        raise ValueError(f"y: {error}") from error
    classes, codes = np.unique(values, return_inverse=True)
    if len(classes) < 2:
        raise ValueError(
            f"y holds one class, {classes.tolist()[0]!r}; a classifier needs two or more"
        )
    return classes, codes.astype(np.int64)


def encode(y: ArrayLike, classes: Labels, count: int, of: str = "") -> Indices:
    """Return the codes (n,) of labels, all of which are of known classes."""
    values = read_labels(y, count, of)
    found, known = (isinstance(each.tolist()[0], str) for each in (values, classes))
    if found != known:
        kinds = {True: "text", False: "numbers"}
        raise ValueError(
            f"y{of} holds {kinds[found]}, such as {values.tolist()[0]!r}, and the network was "
            f"trained on {kinds[known]}, such as {classes.tolist()[0]!r}: give labels of that "
            f"type, by y.astype({'str' if known else classes.dtype.name!r})"
        )
    strange = np.setdiff1d(values, classes)
    if len(strange):
        raise ValueError(
            f"y{of} holds the label {strange.tolist()[0]!r}, which the network was not "
            f"trained on; it knows {', '.join(map(str, classes))}: leave those "
            "sequences out, or train with them"
        )
    order = np.argsort(classes)  # those of an exported run are in its data set's order
    return order[np.searchsorted(classes, values, sorter=order)].astype(np.int64)
