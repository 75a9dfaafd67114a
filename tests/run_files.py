"""Run folders with content of a test's own, written as a training job writes them."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from torch import zeros

from harmodels.data.facts import SequenceFacts
from harmodels.data.sequences import Sequences
from harmodels.training.jobs.job import Job
from harmodels.training.jobs.records import (
    TrainingResult,
    write_frames,
    write_run_record,
    write_weights,
)

JOB = Job(
    report="toy_report",
    dataset="toy",
    experiment="b",
    name="hidden=50",
    configuration={"hidden": 50},
    options={},
    training="truncated_bptt",
    channels=None,
    fingers=None,
    validation=True,
    seed=7,
    replicates=3,
    engine="reference",
    device="cpu",
)

# What every run.json has.
RUN: dict[str, Any] = {
    "report": "toy_report",
    "dataset": "toy",
    "experiment": "b",
    "name": "hidden=50",
    "configuration": {"hidden": 50},
    "grid": ["hidden"],
    "options": {},
    "validation": True,
    "classes": ["sitting", "walking"],
    "seed": 7,
    "engine": "reference",
    "device": "cpu",
    "wall_time_s": 1.5,
    "replicates": [{"replicate": 0, "epochs": 2, "best_epoch": 1, "diverged_epoch": None}],
}


def write_run_files(
    folder: Path,
    history: pd.DataFrame,
    predictions: pd.DataFrame,
    classes: Sequence[str],
    *,
    simulated: bool = False,
    facts: dict[str, Any],
    **job: Any,
) -> None:
    """Write the files of a run; `job` replaces fields, `facts`, as the replicates, adds some."""
    known = SequenceFacts("toy", tuple(classes), ("x",), ("g",), 50.0, simulated)
    nothing = np.empty(0, dtype=np.int64)
    empty = np.empty(0, dtype=str)
    values = np.empty((0, 1), dtype=np.float32)
    sequences = Sequences(known, empty, empty, empty, nothing, np.zeros(1, dtype=int), values)
    write_frames(folder, history, [predictions], sequences)
    about = {"classes": list(classes), "simulated": simulated, "wall_time_s": 1.0}
    write_weights(folder / "weights.safetensors", {"last.weight": zeros(1)}, {})
    write_run_record(folder, replace(JOB, **job), TrainingResult("reference", []), about | facts)


def norms_of(history: pd.DataFrame, trained: dict[int, int], shrink: float = 0.5) -> pd.DataFrame:
    """Return norms of the gradient before training and after the last epoch of each replicate."""
    rows = [
        (r, epoch, "train", f"gradient_norm_{k}", (epoch + 1) * shrink**k)
        for r, last in trained.items()
        for epoch in (0, last)
        for k in range(11)
    ]
    return pd.DataFrame(rows, columns=history.columns)
