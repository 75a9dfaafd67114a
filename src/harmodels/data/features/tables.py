"""Feature vectors in the form of every data set: sequences of one step and 561 channels."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harmodels.data.facts import SequenceFacts
from harmodels.data.features.catalogue import catalogue
from harmodels.data.features.checks import check_windows
from harmodels.data.features.extract import extract_features
from harmodels.data.features.mapping import AffineMap, fit_map
from harmodels.data.features.signals import following_samples
from harmodels.data.sequences import Sequences
from harmodels.errors import DataError

Array = NDArray[np.float64]

HALVES = ("train", "test")


def compute_features(sequences: Sequences) -> Array:
    """Return the 561 features (N, 561) of filtered windows, each half taken as one recording.

    The sample after a window is looked for in the one that follows it, so the windows have to be in
    the order in which they were cut. Raises DataError naming the data set and the remedy.
    """
    facts = sequences.facts
    if len(np.unique(sequences.lengths)) > 1:
        raise DataError(f"{facts.dataset}: features need windows of one length; cut windows first")
    windows = sequences.padded()  # (N, T, D)
    features = np.empty((len(sequences), len(catalogue())))
    try:
        check_windows(windows)
        for half in np.unique(sequences.official_split):
            rows = sequences.official_split == half
            features[rows] = extract_features(
                windows[rows],
                facts.channels,
                facts.rate_hz,
                facts.units,
                filtered=True,
                following=following_samples(windows[rows]),
            )
    except DataError as error:
        raise DataError(
            f"computed_features of {facts.dataset} cannot be computed: {error}. Leave the data "
            "set out of the report, or let the report read its sequences (`reads: sequences`)"
        ) from error
    return features


def read_shipped_features(raw: Path, sequences: Sequences) -> Array:
    """Return the features (N, 561) that the folder `UCI HAR Dataset` ships, one row a sequence.

    Raises DataError if a file is no table of 561 finite numbers or has another number of rows.
    """
    parts = []
    for half in HALVES:
        path = raw / half / f"X_{half}.txt"
        try:
            table = pd.read_csv(
                path, sep=r"\s+", header=None, dtype=np.float64, float_precision="round_trip"
            ).to_numpy()
        except (OSError, ValueError) as error:
            raise DataError(f"cannot read {path}: {error}") from error
        expected = (int((sequences.official_split == half).sum()), len(catalogue()))
        if table.shape != expected:
            raise DataError(f"{path} has shape {table.shape}, not {expected}")
        broken = np.flatnonzero(~np.isfinite(table).all(axis=1))
        if len(broken):
            raise DataError(f"{path}, line {broken[0] + 1}: holds NaN or infinity")
        parts.append(table)
    return np.concatenate(parts)


def map_to_shipped(computed: Array, shipped: Array, halves: NDArray[np.str_]) -> AffineMap:
    """Fit the lines from computed to shipped columns on the training half."""
    train, test = halves == "train", halves == "test"
    return fit_map(computed[train], shipped[train], computed[test], shipped[test])


def map_to_range(computed: Array, halves: NDArray[np.str_]) -> AffineMap:
    """Return the lines that take the training half of each column to [-1, 1].

    This is how the shipped columns were scaled; it serves recordings that ship no features. A
    constant column becomes zero. Without halves all windows are taken.
    """
    rows = halves == "train" if (halves == "train").any() else np.ones(len(halves), dtype=bool)
    low, high = computed[rows].min(axis=0), computed[rows].max(axis=0)  # (561,)
    spread = np.where(high > low, high - low, np.inf)
    slope = 2 / spread
    intercept = np.where(high > low, -(high + low) / spread, 0.0)
    missing = np.full(len(slope), np.nan)
    return AffineMap(slope, intercept, missing, missing)


def feature_sequences(sequences: Sequences, features: Array) -> Sequences:
    """Return `features` (N, 561) under the ids, labels, subjects and halves of `sequences`."""
    names = tuple(f"{feature.column}:{feature.name}" for feature in catalogue())
    facts: SequenceFacts = replace(sequences.facts, channels=names, units=("1",) * len(names))
    return replace(
        sequences,
        facts=facts,
        offsets=np.arange(len(sequences) + 1, dtype=np.int64),
        values=features.astype(np.float32),
    )
