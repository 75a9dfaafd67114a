"""Which sequences are held out of the training, by whole groups, and how long to be patient."""

from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from harmodels.estimators.inputs.labels import Indices
from harmodels.seeds import Purpose, generator

Auto = Literal["auto"]

# What "auto" means.
FRACTION = 0.1
LEAST_SEQUENCES = 500  # fewer are all trained on
LEAST_GROUPS = 10  # of fewer groups none is held out
LEAST_PATIENCE = 10  # epochs
PATIENT_UPDATES = 300  # of the weights while it is waited


def read_groups(groups: ArrayLike | None, count: int) -> Indices | None:
    """Return groups (n,) as numbers in their order, one for each of `count` sequences, or None."""
    if groups is None:
        return None
    values = np.asarray(groups, dtype=object)
    if values.shape != (count,):
        raise ValueError(
            f"groups have shape {values.shape}; give one group for each of {count} sequences"
        )
    try:
        codes, _ = pd.factorize(values, sort=True)
    except TypeError as error:
        raise ValueError(
            f"groups holds something other than names: {error}; give text or numbers"
        ) from error
    missing = np.flatnonzero(codes < 0)
    if len(missing):
        raise ValueError(
            f"groups[{missing[0]}] is {values[missing[0]]}: {len(missing)} of {count} groups are "
            "missing; name whom those sequences are of, or leave them out"
        )
    return codes


def hold_out(
    labels: Indices, groups: Indices | None, fraction: float | Auto, seed: int, replicates: int
) -> list[tuple[Indices, Indices]] | None:
    """Return the indices that each replicate trains and validates on, or None to train on all.

    `auto` holds out where enough is left, and never raises.
    """
    if fraction != "auto":
        if not fraction:
            return None
        return [held_out(labels, groups, fraction, seed, each) for each in range(replicates)]
    few = groups is not None and len(np.unique(groups)) < LEAST_GROUPS
    if len(labels) < LEAST_SEQUENCES or few:
        return None
    try:
        return [held_out(labels, groups, FRACTION, seed, each) for each in range(replicates)]
    except ValueError:  # a class of one sequence, or of one group
        return None


def held_out(
    labels: Indices, groups: Indices | None, fraction: float, seed: int, replicate: int
) -> tuple[Indices, Indices]:
    """Return the indices that one replicate trains and validates on, both sorted.

    `fraction` is the share of the labels (n,), or of the groups (n,), that is held out; a group is
    on one side as a whole.
    """
    if not 0 < fraction < 1:
        raise ValueError(
            f"validation_fraction is {fraction!r}; it must lie between 0 and 1, or be 'auto'"
        )
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


def check_watched(
    patience: int | Auto | None, fraction: float | Auto, validation: object | None, count: int
) -> None:
    """Raise ValueError where a number of epochs waits for a loss that is not measured."""
    if patience is None or patience == "auto" or validation is not None:
        return
    auto = f" ('auto' holds out none of {count} sequences)" if fraction == "auto" else ""
    raise ValueError(
        f"patience={patience} watches a validation loss; set validation_fraction{auto}, or give "
        "fit validation_data"
    )


def patience_in_epochs(patience: int | Auto | None, updates: int) -> int | None:
    """Return the epochs to wait for a lower validation loss, of so many updates each."""
    if patience == "auto":
        return max(LEAST_PATIENCE, -(-PATIENT_UPDATES // updates))
    return patience
