"""Labels as numbers, groups, and which sequences are held out of the training."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import column_or_1d

from harmodels.seeds import Purpose, generator

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


def check_groups(groups: ArrayLike | None, count: int) -> None:
    """Raise ValueError unless there is one group a sequence."""
    if groups is not None and np.shape(groups) != (count,):
        raise ValueError(
            f"groups have shape {np.shape(groups)}; give one group for each of {count} sequences"
        )


def held_out(
    labels: Indices, groups: ArrayLike | None, fraction: float, seed: int, replicate: int
) -> tuple[Indices, Indices]:
    """Return the indices that one replicate trains and validates on, both sorted.

    `fraction` is the share of the labels (n,), or of the groups (n,), that is held out; a group is
    on one side as a whole.
    """
    if not 0 < fraction < 1:
        raise ValueError(f"validation_fraction is {fraction}; it must lie between 0 and 1")
    # imported here: few fits hold out, and the import takes a quarter of a second
    from sklearn.model_selection import GroupShuffleSplit, StratifiedShuffleSplit

    state = int(generator(seed, Purpose.VALIDATION, replicate).integers(2**31))
    splitter = StratifiedShuffleSplit if groups is None else GroupShuffleSplit
    try:
        train, validation = next(
            splitter(1, test_size=fraction, random_state=state).split(labels, labels, groups)
        )
    except ValueError as error:
        raise ValueError(f"validation_fraction={fraction} cannot be held out: {error}") from error
    missing = np.setdiff1d(labels, labels[train])
    if len(missing):
        raise ValueError(
            f"validation_fraction={fraction} would hold out every group of a class; lower it, or "
            "give fit validation_data"
        )
    return np.sort(train), np.sort(validation)
