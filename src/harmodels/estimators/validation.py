"""Sequences held out of the training, whole groups of them where groups are given."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.model_selection import GroupShuffleSplit, StratifiedShuffleSplit

from harmodels.seeds import Purpose, generator

Indices = NDArray[np.int64]


def held_out(
    labels: Indices, groups: ArrayLike | None, fraction: float, seed: int, replicate: int
) -> tuple[Indices, Indices]:
    """Return the indices that one replicate trains and validates on, both sorted.

    Parameters
    ----------
    labels
        (n,) codes of the classes.
    groups
        (n,) or None; a group is on one side as a whole.
    fraction
        Share of the sequences, or of the groups, that is held out.
    seed, replicate
        Which draw.

    Raises
    ------
    ValueError
        If too little is left on one side.
    """
    if not 0 < fraction < 1:
        raise ValueError(f"validation_fraction is {fraction}; it must lie between 0 and 1")
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
