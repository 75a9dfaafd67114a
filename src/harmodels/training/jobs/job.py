"""What one training job is to do: a configuration, all its replicates, on one indices."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from harmodels.data.sequences import Sequences
from harmodels.data.splits import split_indices
from harmodels.training.fit import Indices, SplitIndices


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


def indices_of_job(sequences: Sequences, splits: pd.DataFrame, job: Job) -> SplitIndices:
    """Return the rows that each replicate trains, validates and tests on.

    Without validation the sequences set aside for it are trained on.
    """
    replicates = range(job.replicates)

    def rows(replicate: int, split: str) -> Indices:
        return split_indices(splits, sequences, replicate, split)

    train = [rows(r, "train") for r in replicates]
    validation = [rows(r, "validation") for r in replicates]
    test = rows(0, "test")
    if job.validation:
        return SplitIndices(train, validation, test)
    whole = [np.sort(np.concatenate(pair)) for pair in zip(train, validation, strict=True)]
    return SplitIndices(whole, None, test)


def indices_by_split(indices: SplitIndices, index: int) -> dict[str, Indices]:
    """Return the rows of each split for the replicate at `index`, as predictions list them."""
    splits = {"train": indices.train[index], "test": indices.test}
    if indices.validation is not None:
        splits["validation"] = indices.validation[index]
    return splits


def weights_metadata(job: Job) -> dict[str, Any]:
    """Return what a file of weights says about itself."""
    return {"configuration": job.name, "options": dict(job.options), "report": job.report}
