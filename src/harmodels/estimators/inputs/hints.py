"""Warnings about data and trainings that cannot have led to anything."""

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning

from harmodels.estimators.inputs.labels import Indices, Labels
from harmodels.estimators.inputs.sequences import Values
from harmodels.messages import counted

Weights = NDArray[np.float32]

LARGEST_RATIO = 1000.0  # of two channels' sizes: the smaller one is lost beside the larger
LEAST_GAIN = 0.02  # share by which a loss that learned something falls below the frequencies'


def warn_of_scales(sequences: Sequence[Values], names: Labels | None) -> None:
    """Warn where one channel is `LARGEST_RATIO` times as large as another, zero ones apart."""
    sizes = np.max([np.abs(sequence).max(axis=0) for sequence in sequences], axis=0)
    used = np.flatnonzero(sizes)
    if not len(used):
        return
    large, small = used[sizes[used].argmax()], used[sizes[used].argmin()]
    if sizes[large] > LARGEST_RATIO * sizes[small]:
        shown = [f"channel {i}" if names is None else f"{names[i]!r}" for i in (large, small)]
        warnings.warn(
            f"{shown[0]} reaches {sizes[large]:.3g} and {shown[1]} only {sizes[small]:.3g}: a "
            "network learns little from the smaller one; set scale='standard', and leave out a "
            "column of times or numbers",
            stacklevel=4,
        )


def warn_of_channels_first(X: Any) -> None:
    """Warn of an array (n, T, D) with fewer steps than channels, which may be (n, D, T)."""
    if getattr(X, "ndim", 0) == 3 and X.shape[1] < X.shape[2]:
        warnings.warn(
            f"X has {counted(X.shape[1], 'step')} of {counted(X.shape[2], 'channel')}; if it is "
            "(sequences, channels, steps), turn it by harmodels.from_channels_first(X)",
            stacklevel=4,
        )


def frequency_loss(labels: Indices, metric: str, weights: Weights | None = None) -> float:
    """Return the mean loss of a network that gives every sequence the classes' frequencies.

    Both are of weighted sequences, if `weights` (n,) are given.

    >>> frequency_loss(np.array([0, 0, 1, 1]), "cross_entropy").round(4)
    np.float64(0.6931)
    """
    counts = np.bincount(labels, weights)
    shares = counts[counts > 0] / counts.sum()
    each = -shares * np.log(shares)
    if metric == "binary_cross_entropy":  # of each output on its own
        each = each - (1 - shares) * np.log1p(-shares)
    return each.sum()


def warn_if_not_learned(
    history: pd.DataFrame,
    labels: Indices,
    weights: Weights | None,
    metric: str,
    *,
    is_scaled: bool,
) -> None:
    """Warn of replicates whose lowest training loss is no better than the class frequencies'."""
    trained = history[(history["split"] == "train") & (history["metric"] == metric)]
    losses = trained.groupby("replicate")["value"].min().dropna()
    known = frequency_loss(labels, metric, weights)
    stuck = losses[losses > (1 - LEAST_GAIN) * known].tolist()
    if not stuck:
        return
    who = "the network" if len(losses) == 1 else f"{len(stuck)} of {len(losses)} replicates"
    scale = "" if is_scaled else "set scale='standard', "
    warnings.warn(
        f"{who} did not learn: the lowest training loss is {stuck[0]:.4g}, and the class "
        f"frequencies alone give {known:.4g}; {scale}try another learning_rate (ten times smaller "
        "or larger), or train more epochs",
        ConvergenceWarning,
        stacklevel=4,
    )
