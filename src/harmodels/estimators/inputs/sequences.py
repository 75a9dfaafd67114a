"""Sequences as a user has them, checked and laid end to end."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.utils import assert_all_finite
from sklearn.utils.validation import validate_data
from torch import Tensor

from harmodels.training.learners import SequenceTensors

Values = NDArray[Any]  # numbers that are finite in float32


def from_channels_first(X: ArrayLike) -> NDArray[Any]:
    """Return (n, T, D) from the (n, D, T) of aeon, sktime and tsai.

    Raises
    ------
    ValueError
        If `X` has not three axes.

    Examples
    --------
    >>> import numpy as np
    >>> from_channels_first(np.zeros((8, 3, 128))).shape
    (8, 128, 3)
    """
    array = np.asarray(X)
    if array.ndim != 3:
        raise ValueError(f"X has shape {array.shape}; channels first means (n, D, T)")
    return array.swapaxes(1, 2)


def check_container(X: Any, name: str) -> None:
    """Raise ValueError of what holds no sequences: nothing, a number, text, a mapping."""
    array = hasattr(X, "ndim") or hasattr(X, "__array__")
    if not array and (isinstance(X, str | bytes) or not isinstance(X, Sequence)):
        raise ValueError(
            f"{name} is of type {type(X).__name__}; give an array (n, steps, channels), or a list "
            "of arrays (steps, channels)"
        )


def is_matrix(X: Any) -> bool:
    """Return whether `X` is one table of rows: an array, a frame, or a list of equal lists."""
    if hasattr(X, "ndim"):
        ragged = X.ndim == 1 and getattr(X, "dtype", None) == np.dtype(object)
        return X.ndim < 3 and not ragged
    if not isinstance(X, Sequence):
        return True  # scikit-learn says what is wrong with it
    if not len(X):
        return False
    first = X[0]
    if hasattr(first, "dtype") or hasattr(first, "columns"):
        return False
    if not isinstance(first, Sequence) or isinstance(first, str):
        return True  # scikit-learn says what is wrong with it
    if any(np.ndim(step) > 0 for step in first[:1]):
        return False
    return all(isinstance(row, Sequence) and len(row) == len(first) for row in X)


def read_table(estimator: BaseEstimator, X: Any, name: str, *, reset: bool) -> Values:
    """Return a table (n, F) of floats; with `reset`, the estimator notes its columns."""
    if np.ma.is_masked(X):
        raise ValueError(f"{name} has masked values; FillGaps interpolates them, or cuts them out")
    if hasattr(X, "columns"):
        if getattr(X.index, "nlevels", 1) > 1:
            raise ValueError(
                f"{name} is a frame with an index of {X.index.nlevels} levels; give a list with a "
                "frame a sequence: [part for _, part in X.groupby(level=0)]"
            )
        if len(X) and any(np.ndim(cell) for cell in X.iloc[0]):
            raise ValueError(
                f"{name} is a nested frame, whose cells are series; give a list of arrays (steps, "
                "channels): [np.column_stack(row) for row in X.to_numpy()]"
            )
    try:
        table: Values = validate_data(estimator, X, reset=reset, dtype=(np.float64, np.float32))
    except TypeError as error:
        if hasattr(X, "ndim"):  # scikit-learn wants its own words of an array
            raise
        raise ValueError(
            f"{name} holds something other than numbers: {error}; give arrays"
        ) from error
    with np.errstate(over="ignore"):  # what is too large is named
        assert_all_finite(table.astype(np.float32, copy=False), input_name=name)
    return table


def frame_columns(X: Any, name: str) -> NDArray[np.object_] | None:
    """Return the names of the columns of a list of frames, which have to agree, or None."""
    if getattr(X, "ndim", 1) != 1:
        return None
    named = [list(getattr(sequence, "columns", ())) for sequence in X]
    if not any(named):
        return None
    first = named[0]
    for index, columns in enumerate(named):
        if columns != first:
            raise ValueError(
                f"{name}[{index}] has {_columns(columns)} and {name}[0] has {_columns(first)}; "
                "give every frame the same columns in one order"
            )
    return np.array(first, dtype=object) if all(isinstance(c, str) for c in first) else None


def _columns(columns: list[Any]) -> str:
    return f"the columns {', '.join(map(str, columns))}" if columns else "no names of columns"


def check_columns(
    estimator: Any, columns: NDArray[np.object_] | None, name: str, *, reset: bool
) -> None:
    """Keep the names of frames' columns, or refuse others, as scikit-learn does for tables."""
    if reset and columns is not None:
        estimator.feature_names_in_ = columns
    kept = getattr(estimator, "feature_names_in_", None)
    if columns is not None and kept is not None and columns.tolist() != kept.tolist():
        raise ValueError(
            f"{name} has the columns {', '.join(columns)}; the network was trained on "
            f"{', '.join(kept)}: give them in that order, frame[{kept.tolist()}]"
        )


def read_sequences(X: Any, name: str = "X") -> list[Values]:
    """Return n arrays (T_i, D) from an array (n, T, D) or a list of (T_i, D) or (T_i,).

    A ValueError names sequence, step and channel of anything else, or of no finite number.
    """
    sequences = []
    for index, sequence in enumerate(np.asarray(X) if isinstance(X, memoryview) else X):
        if np.ma.is_masked(sequence):
            raise ValueError(
                f"{name}[{index}] has masked values; FillGaps interpolates them, or cuts them out"
            )
        array = np.asarray(sequence)
        if array.ndim == 1:
            array = array[:, None]
        if array.ndim != 2 or array.dtype.kind not in "biuf":
            raise ValueError(
                f"{name}[{index}] has shape {array.shape} and type {array.dtype}; each sequence "
                "is an array of numbers (steps, channels)"
            )
        if not array.size:
            raise ValueError(
                f"{name}[{index}] has shape {array.shape}: a sequence needs at least one step and "
                "one channel; leave empty recordings out"
            )
        with np.errstate(over="ignore"):
            finite = np.isfinite(array.astype(np.float32, copy=False))
        if not finite.all():
            step, channel = np.argwhere(~finite)[0]
            remedy = (
                "FillGaps interpolates a gap, or cuts it out"
                if np.isnan(array[step, channel])
                else "scale the channel, or leave the sequence out"
            )
            raise ValueError(
                f"{name}[{index}] holds {array[step, channel]} at step {step}, channel {channel}; "
                f"the networks need finite float32 numbers: {remedy}"
            )
        sequences.append(array)
    if not sequences:
        raise ValueError(f"{name} holds no sequence")
    channels = [sequence.shape[1] for sequence in sequences]
    if min(channels) < max(channels):
        odd = int(np.argmax(np.array(channels) != channels[0]))
        raise ValueError(
            f"{name}[{odd}] has {channels[odd]} channels and {name}[0] has {channels[0]}; give "
            "every sequence the same channels"
        )
    return sequences


def join(
    sequences: list[NDArray[np.float32]], labels: NDArray[np.int64], classes: int
) -> SequenceTensors:
    """Return the sequences end to end, as the training loops read them."""
    lengths = torch.tensor([len(sequence) for sequence in sequences])
    starts = lengths.cumsum(0) - lengths
    frames: Tensor = torch.from_numpy(np.concatenate(sequences))
    return SequenceTensors(frames, starts, lengths, torch.from_numpy(labels), classes)
