"""Runs under results/: the files that a training job wrote, read and checked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from harmodels.errors import ResultsError
from harmodels.evaluation.predictions import score_columns
from harmodels.files import read_table
from harmodels.records.base import AGAIN
from harmodels.records.run import ReplicateRecord, RunRecord

Runs = Mapping[str, Sequence["Run"]]  # by experiment, in the order of the grid

_HISTORY = ["replicate", "epoch", "split", "metric", "value"]
_PREDICTIONS = ["replicate", "checkpoint", "split", "id", "label"]


@dataclass(frozen=True, eq=False)
class Run:
    """One configuration, trained in all its replicates, or what a report published of it."""

    folder: Path
    experiment: str  # its key
    name: str
    configuration: dict[str, Any]  # values of the grid's keys, in the grid's order
    options: dict[str, Any]  # of the training, those that the experiment fixes included
    classes: tuple[str, ...]  # a label is an index into them
    simulated: bool
    outcomes: tuple[ReplicateRecord, ...]
    history: pd.DataFrame  # replicate, epoch, split, metric, value
    predictions: pd.DataFrame  # replicate, checkpoint, split, id, label, score_0 … score_{C-1}
    records: tuple[RunRecord, ...] = ()  # of its parts; empty of a published run
    # of a published run its row of the report's table, which goes before its predictions
    printed: Mapping[str, float] | None = None

    @property
    def record(self) -> RunRecord:
        """The run.json of its first part."""
        return self.records[0]

    @property
    def settings(self) -> dict[str, Any]:
        """Every option of the training, the varied ones last."""
        return {**self.options, **self.configuration}

    @property
    def replicates(self) -> int:
        """How many replicates were trained, diverged ones included."""
        return len(self.outcomes)

    @property
    def diverged(self) -> tuple[int, ...]:
        """The replicates whose loss became infinite or NaN."""
        return tuple(outcome.replicate for outcome in self.outcomes if outcome.diverged)

    @property
    def wall_time_s(self) -> float:
        """How long the training of all parts took."""
        return round(sum(record.wall_time_s for record in self.records), 3)


def load_run(folder: str | Path) -> Run:
    """Read run.json, history.parquet and predictions.parquet of one training job.

    Raises ResultsError, which names the file, if one is missing, damaged, or does not belong to the
    others.
    """
    folder = Path(folder)
    record = RunRecord.read_file(folder / "run.json")
    history = _read_frame(folder / "history.parquet", _HISTORY)
    predictions = _read_frame(folder / "predictions.parquet", _PREDICTIONS)
    _check_predictions(folder / "predictions.parquet", predictions, record.classes)
    _check_replicates(folder, record, history, predictions)
    return Run(
        folder=folder,
        experiment=record.experiment,
        name=record.name,
        configuration=record.configuration,
        options=record.options,
        classes=record.classes,
        simulated=record.simulated,
        outcomes=record.replicates,
        history=history,
        predictions=predictions,
        records=(record,),
    )


def _read_frame(path: Path, columns: list[str]) -> pd.DataFrame:
    table, _ = read_table(path)
    frame = table.to_pandas()
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        raise ResultsError(f"{path} lacks the column {missing[0]!r}. {AGAIN}")
    return frame


def _check_predictions(path: Path, predictions: pd.DataFrame, classes: tuple[str, ...]) -> None:
    try:
        columns = score_columns(predictions)
    except ResultsError as error:
        raise ResultsError(f"{path}: {error}. {AGAIN}") from error
    if len(columns) != len(classes):
        raise ResultsError(
            f"{path} has {len(columns)} scores a sequence, but run.json beside it names "
            f"{len(classes)} classes. {AGAIN}"
        )
    if not np.isfinite(predictions[columns].to_numpy()).all():
        raise ResultsError(f"{path} holds a score that is NaN or infinite. {AGAIN}")
    if not predictions["label"].between(0, len(classes) - 1).all():
        raise ResultsError(f"{path} holds a label outside 0…{len(classes) - 1}. {AGAIN}")


def _check_replicates(
    folder: Path, record: RunRecord, history: pd.DataFrame, predictions: pd.DataFrame
) -> None:
    known = {outcome.replicate for outcome in record.replicates}
    for name, frame in (("history", history), ("predictions", predictions)):
        strange = set(frame["replicate"].unique()) - known
        if strange:
            raise ResultsError(
                f"{folder / name}.parquet holds replicate {min(strange)}, which run.json beside "
                "it does not know. Delete the folder and run snakemake again."
            )
