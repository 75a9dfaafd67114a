"""What one training job is to do: a configuration, all its replicates, on one division."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from harmodels.data.sequences import Sequences
from harmodels.data.splits import split_indices
from harmodels.training.fit import Division, Rows


@dataclass(frozen=True)
class Job:
    """What one training job is to do; every field can be written as JSON.

    Attributes
    ----------
    report, dataset, experiment, name
        Where the job belongs; `name` is the configuration's.
    configuration
        The grid's keys and values.
    options
        Every option of the training loop.
    training
        Key of the training loop.
    channels
        Names of the channels that the network reads; None reads all.
    fingers
        Channels of each finger, as indices into the channels read, or None.
    validation
        Whether the validation sequences are held out of the training.
    seed, replicates
        Base seed and number of replicates.
    engine, device
        As resolved: `reference` or `compiled`, `cpu` or `cuda`.
    """

    report: str
    dataset: str
    experiment: str
    name: str
    configuration: Mapping[str, Any]
    options: Mapping[str, Any]
    training: str
    channels: tuple[str, ...] | None
    fingers: tuple[tuple[int, ...], ...] | None
    validation: bool
    seed: int
    replicates: int
    engine: str
    device: str


def divide(sequences: Sequences, splits: pd.DataFrame, job: Job) -> Division:
    """Return the rows that each replicate trains, validates and tests on.

    Without validation the sequences set aside for it are trained on.
    """
    replicates = range(job.replicates)

    def rows(replicate: int, split: str) -> Rows:
        return split_indices(splits, sequences, replicate, split)

    train = [rows(r, "train") for r in replicates]
    validation = [rows(r, "validation") for r in replicates]
    test = rows(0, "test")
    if job.validation:
        return Division(train, validation, test)
    whole = [np.sort(np.concatenate(pair)) for pair in zip(train, validation, strict=True)]
    return Division(whole, None, test)


def rows_of_splits(division: Division, index: int) -> dict[str, Rows]:
    """Return the rows of each split for the replicate at `index`, as predictions list them."""
    splits = {"train": division.train[index], "test": division.test}
    if division.validation is not None:
        splits["validation"] = division.validation[index]
    return splits


def described(job: Job) -> dict[str, Any]:
    """Return what a file of weights says about itself."""
    return {"configuration": job.name, "options": dict(job.options), "report": job.report}
