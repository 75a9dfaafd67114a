"""Weights of sequences, of the user and of their classes."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.validation import _check_sample_weight

from harmodels.estimators.inputs.labels import Indices, Labels


def check_weights(weights: ArrayLike | None, sequences: list[Any]) -> NDArray[np.float64] | None:
    """Return `sample_weight` (n,), which is not negative and not zero throughout, or None."""
    if weights is None:
        return None
    if not np.asarray(weights).any():
        raise ValueError("sample_weight is zero for every sequence; give one of them more")
    try:
        found: NDArray[np.float64] = _check_sample_weight(
            weights, sequences, dtype=np.float64, ensure_non_negative=True
        )
    except TypeError as error:
        raise ValueError(f"sample_weight holds something other than numbers: {error}") from error
    return found


def class_weights(
    class_weight: Mapping[Any, float] | str | None,
    labels: Indices,
    classes: Labels,
    weights: NDArray[np.float64] | None,
) -> NDArray[np.float64] | None:
    """Return the weight of each class (C,) of weighted sequences, or None for one each."""
    if class_weight is None:
        return None
    if isinstance(class_weight, Mapping):
        unknown = [name for name in class_weight if name not in classes.tolist()]
        if unknown:
            raise ValueError(
                f"class_weight names {unknown[0]!r}, which y does not hold; it holds "
                f"{', '.join(map(repr, classes.tolist()))}"
            )
    found: NDArray[np.float64] = compute_class_weight(
        class_weight, classes=classes, y=classes[labels], sample_weight=weights
    )
    if found.min() <= 0:
        name, least = classes.tolist()[found.argmin()], found.min()
        raise ValueError(
            f"class_weight of {name!r} is {least:g}; give a weight above 0, or leave the sequences "
            "out"
        )
    return found


def in_the_loss(
    weights: NDArray[np.float64] | None,
    of_classes: NDArray[np.float64] | None,
    labels: Indices,
    trained: int,
) -> NDArray[np.float32] | None:
    """Return the weights of all sequences (N,), by themselves and by their classes.

    The first `trained` have `weights` and the mean one, those behind them only validate. None where
    all are equal, which is the same training.
    """
    every = np.ones(len(labels)) if of_classes is None else of_classes[labels]
    with np.errstate(all="ignore"):  # is said below
        if weights is not None:
            every[:trained] *= weights / weights.mean()
        if np.ptp(every) <= 1e-12 * every.max() and every.min() > 0:
            return None
        found = (every / every[:trained].mean()).astype(np.float32)
    limits = np.finfo(np.float32)
    # a part of weights that are zero in float32 has no mean
    wrong = np.flatnonzero(~((found >= limits.smallest_normal) & (found <= limits.max)))
    if len(wrong):
        raise ValueError(
            f"the weight of X[{wrong[0]}], by sample_weight and class_weight, is "
            f"{found[wrong[0]]:g} beside the mean in float32; give weights of one size, and "
            "sample_weight 0 to the sequences to leave out"
        )
    return found
