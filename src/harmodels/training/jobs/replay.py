"""Order in which a finished run read its training sequences, recomputed from its seed."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harmodels.config.parts import Part
from harmodels.data.sequences import Sequences
from harmodels.data.splits import split_indices, training_splits
from harmodels.records.run import RunRecord
from harmodels.training.fit import epoch_order


def splits_name(run: RunRecord) -> str:
    """Return the name of the file of splits that a run read."""
    return f"{run.draw}{Part(run.first, len(run.replicates)).block}.parquet"


def labels_of_epoch(
    run: RunRecord,
    sequences: Sequences,
    splits: pd.DataFrame,
    replicate: int,
    epoch: int,
) -> NDArray[np.int64]:
    """Return the labels of a run's training sequences in the order of one epoch (from 1)."""
    if run.fold is not None:
        splits = splits[splits["fold"] == run.fold]
    rows = split_indices(splits, sequences, replicate, *training_splits(run.validation))
    return sequences.labels[epoch_order(rows, run.seed, replicate, epoch)]
