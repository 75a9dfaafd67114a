"""Description of one training job: a configuration, trained in all its replicates."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from harmodels.config.experiments import OWN_DRAW
from harmodels.config.parts import Part
from harmodels.data.sequences import Sequences
from harmodels.data.splits import split_indices, training_splits
from harmodels.training.fit import Indices, SplitIndices


@dataclass(frozen=True)
class Job:
    """Task of one training job, in values that JSON can hold.

    The fields are those of `records.run.RunRecord`, but for `replicates`: how many to train.
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
    draw: str = OWN_DRAW
    unit: str | None = None
    first: int = 0
    fold: str | None = None

    @property
    def part(self) -> Part:
        """What the job trains of its configuration."""
        return Part(self.first, self.replicates, self.fold)


def indices_of_job(sequences: Sequences, splits: pd.DataFrame, job: Job) -> SplitIndices:
    """Return the sequences that each replicate trains, validates and tests on."""
    if job.fold is not None:
        splits = splits[splits["fold"] == job.fold]
    replicates = job.part.numbers

    def indices(replicate: int, *names: str) -> Indices:
        return split_indices(splits, sequences, replicate, *names)

    return SplitIndices(
        train=[indices(r, *training_splits(job.validation)) for r in replicates],
        validation=[indices(r, "validation") for r in replicates] if job.validation else None,
        test=indices(job.first, "test"),
    )


def weights_metadata(job: Job) -> dict[str, Any]:
    """Return the metadata of a file of weights."""
    return {"configuration": job.name, "options": dict(job.options), "report": job.report}
