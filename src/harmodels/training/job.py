"""One training job: a configuration, all its replicates, from sequences to four files."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import torch
from safetensors.torch import save

from harmodels.config.options import OPTIONS
from harmodels.data.sequences import Sequences, read_sequences
from harmodels.data.splits import split_indices
from harmodels.errors import DataError, TrainingError
from harmodels.files import (
    atomic_path,
    read_table,
    sha256,
    write_json,
    write_table,
)
from harmodels.nn.params import state_dict, take_replicates
from harmodels.runtime import (
    LOGGER,
    Progress,
    describe_commit,
    describe_machine,
    describe_versions,
    use_one_thread_an_operation,
)
from harmodels.training.fit import Division, EpochReport, Fit, Rows, Schedule, fit
from harmodels.training.learners import Learner, Recordings, make_learner
from harmodels.training.stopping import AllEpochs, Patience


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
        Names of the channels that the network reads.
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
    channels: tuple[str, ...]
    validation: bool
    seed: int
    replicates: int
    engine: str
    device: str


def run_job(
    job: Job,
    *,
    sequences_path: str,
    splits_path: str,
    folder: Path,
    repository: Path,
    threads: int,
) -> None:
    """Train, and write history, predictions, weights and run.json into `folder`.

    Raises
    ------
    DataError
        If the sequences do not suit the training loop.
    ResultsError
        If an input is damaged or the folder cannot be written.
    """
    use_one_thread_an_operation()
    started = time.monotonic()
    sequences = read_sequences(sequences_path).select_channels(job.channels)
    splits = read_table(splits_path)[0].to_pandas()
    division = divide(sequences, splits, job)
    recordings = _recordings(sequences).to(job.device)
    options = OPTIONS[job.training](**job.options)
    learner = make_learner(job.training, options, job.engine, threads)
    LOGGER.info(
        "%d replicates, engine %s, device %s, %d threads, %d training and %d test sequences",
        job.replicates,
        learner.engine,
        job.device,
        threads,
        len(division.train[0]),
        len(division.test),
    )
    schedule = make_schedule(options, job)
    result = fit(learner, recordings, division, schedule, _progress(options.epochs))
    facts = sequences.facts
    metadata = {
        "dataset": facts.dataset,
        "classes": list(facts.classes),
        "simulated": facts.simulated,
    }
    write_table(folder / "history.parquet", result.history(), metadata)
    write_table(
        folder / "predictions.parquet",
        _predictions(learner, recordings, division, result, sequences),
        metadata,
    )
    _write_weights(folder / "weights.safetensors", result, job)
    write_json(
        folder / "run.json",
        {
            **{key: getattr(job, key) for key in Job.__dataclass_fields__},
            **describe_commit(repository),
            "classes": list(facts.classes),
            "simulated": facts.simulated,
            "engine": learner.engine,
            "threads": threads,
            "versions": describe_versions(),
            "hardware": describe_machine(job.device),
            "data": {"sequences": sha256(sequences_path), "splits": sha256(splits_path)},
            "wall_time_s": round(time.monotonic() - started, 3),
            "replicates": [
                {
                    "replicate": outcome.replicate,
                    "epochs": outcome.epochs,
                    "best_epoch": outcome.best_epoch,
                    "diverged_epoch": outcome.diverged_epoch,
                    "stopped": outcome.stopped,
                }
                for outcome in result.outcomes
            ],
        },
    )


def make_schedule(options: Any, job: Job) -> Schedule:
    """Return epochs, seeds, the monitored loss and the stopping rule that the options ask for.

    Raises
    ------
    TrainingError
        If training shall stop on a validation loss and nothing is held out for it.
    """
    patience = getattr(options, "patience", None)
    if patience and not job.validation:
        raise TrainingError(
            f"{job.experiment}: patience {patience} needs a validation loss; "
            "set validation: true in the experiment"
        )
    return Schedule(
        epochs=options.epochs,
        seed=job.seed,
        replicates=tuple(range(job.replicates)),
        monitor=options.monitor,
        stopping=Patience(patience) if patience else AllEpochs(),
        test_every=getattr(options, "test_every", None),
    )


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


def _recordings(sequences: Sequences) -> Recordings:
    lengths = sequences.lengths
    if lengths.min() != lengths.max():
        raise DataError(
            f"{sequences.facts.dataset}: sequences have {lengths.min()} to {lengths.max()} steps; "
            "this training loop needs equal lengths, so cut windows first"
        )
    return Recordings(
        torch.from_numpy(sequences.padded()),
        torch.from_numpy(sequences.labels),
        len(sequences.facts.classes),
    )


def _progress(epochs: int) -> Any:
    progress = Progress(epochs)

    def report(state: EpochReport) -> None:
        figures = {"loss": state.train.get("binary_cross_entropy", float("nan"))}
        if state.validation:
            figures["validation"] = state.validation["binary_cross_entropy"]
            figures["accuracy"] = state.validation["accuracy"]
        progress(state.epoch, state.sequences, figures)

    return report


def _predictions(
    learner: Learner,
    recordings: Recordings,
    division: Division,
    result: Fit,
    sequences: Sequences,
) -> pa.Table:
    """Return logits of every sequence used, for each replicate and kind of weights it has."""
    parts = []
    for index, outcome in enumerate(result.outcomes):
        kinds = {}
        if outcome.diverged_epoch is None:
            kinds["last"] = result.last.params
        if outcome.best_epoch is not None:
            kinds["best"] = result.best.params
        splits = {"train": division.train[index], "test": division.test}
        if division.validation is not None:
            splits["validation"] = division.validation[index]
        for checkpoint, params in kinds.items():
            mine = take_replicates(params, [index])
            for split, rows in splits.items():
                scores = learner.scores(mine, recordings.inputs[torch.from_numpy(rows)])[0].cpu()
                frame = pd.DataFrame(scores.numpy()).add_prefix("score_")
                frame.insert(0, "label", sequences.labels[rows])
                frame.insert(0, "id", sequences.ids[rows].tolist())
                frame.insert(0, "split", split)
                frame.insert(0, "checkpoint", checkpoint)
                frame.insert(0, "replicate", np.int16(outcome.replicate))
                parts.append(frame)
    if not parts:
        columns: dict[str, Any] = {"replicate": np.array([], np.int16)}
        columns |= {key: pd.Series([], dtype="str") for key in ("checkpoint", "split", "id")}
        columns["label"] = np.array([], np.int64)
        for c in range(recordings.classes):
            columns[f"score_{c}"] = np.array([], np.float32)
        parts.append(pd.DataFrame(columns))
    return pa.Table.from_pandas(pd.concat(parts, ignore_index=True), preserve_index=False)


def _write_weights(path: Path, result: Fit, job: Job) -> None:
    tensors = {f"last.{name}": tensor for name, tensor in state_dict(result.last.params).items()}
    if job.validation:
        tensors |= {
            f"best.{name}": tensor for name, tensor in state_dict(result.best.params).items()
        }
    described = {"configuration": job.name, "options": dict(job.options), "report": job.report}
    # one metadata key: with several, safetensors writes them in no fixed order
    metadata = {"harmodels": json.dumps(described, sort_keys=True)}
    contents = save({key: t.cpu().contiguous() for key, t in tensors.items()}, metadata)
    with atomic_path(path) as temporary:
        temporary.write_bytes(contents)
