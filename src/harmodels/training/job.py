"""One training job: a configuration, all its replicates, from sequences to four files."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from harmodels.config.options import OPTIONS, Baseline, Minibatch, Perceptron, Recurrent
from harmodels.data.sequences import Sequences, read_sequences
from harmodels.data.splits import split_indices
from harmodels.errors import TrainingError
from harmodels.files import read_table, sha256, write_json
from harmodels.nn.params import state_dict, take_replicates
from harmodels.runtime import (
    LOGGER,
    Progress,
    describe_commit,
    describe_machine,
    describe_versions,
    use_one_thread_an_operation,
)
from harmodels.training.baselines import baseline_scores, baseline_weights, fit_baseline
from harmodels.training.fit import Division, EpochReport, Fit, Rows, Schedule, fit
from harmodels.training.learners import Learner, Recordings, State, make_learner
from harmodels.training.records import prediction_frame, write_frames, write_weights
from harmodels.training.stopping import AllEpochs, LossGap, Patience, StoppingRule


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
    sequences = read_sequences(sequences_path)
    if job.channels is not None:
        sequences = sequences.select_channels(job.channels)
    division = divide(sequences, read_table(splits_path)[0].to_pandas(), job)
    options = OPTIONS[job.training](**job.options)
    if isinstance(options, Baseline):
        engine, outcomes = "scikit-learn", _run_baseline(options, sequences, division, job, folder)
    else:
        engine, outcomes = _run_network(options, sequences, division, job, folder, threads)
    facts = sequences.facts
    write_json(
        folder / "run.json",
        {
            **{key: getattr(job, key) for key in Job.__dataclass_fields__},
            **describe_commit(repository),
            "classes": list(facts.classes),
            "simulated": facts.simulated,
            "engine": engine,
            "threads": threads,
            "versions": describe_versions(),
            "hardware": describe_machine(job.device),
            "data": {"sequences": sha256(sequences_path), "splits": sha256(splits_path)},
            "wall_time_s": round(time.monotonic() - started, 3),
            "replicates": outcomes,
        },
    )


def _run_network(
    options: Any,
    sequences: Sequences,
    division: Division,
    job: Job,
    folder: Path,
    threads: int,
) -> tuple[str, list[dict[str, Any]]]:
    recordings = _recordings(sequences, job).to(job.device)
    learner = make_learner(job.training, options, job.engine, threads)
    LOGGER.info(
        "%d replicates, engine %s, device %s, %d thread(s), %d training and %d test sequences",
        job.replicates,
        learner.engine,
        job.device,
        threads,
        len(division.train[0]),
        len(division.test),
    )
    progress = _progress(options.epochs, options.monitor)
    result = fit(learner, recordings, division, make_schedule(options, job), progress)
    predictions = _predictions(learner, recordings, division, result, sequences)
    write_frames(folder, result.history(), predictions, sequences)
    tensors = {f"last.{name}": t for name, t in state_dict(result.last.params).items()}
    if job.validation:
        tensors |= {f"best.{name}": t for name, t in state_dict(result.best.params).items()}
    write_weights(folder / "weights.safetensors", tensors, _described(job))
    outcomes = [
        {
            "replicate": outcome.replicate,
            "epochs": outcome.epochs,
            "best_epoch": outcome.best_epoch,
            "diverged_epoch": outcome.diverged_epoch,
            "stopped": outcome.stopped,
        }
        for outcome in result.outcomes
    ]
    return learner.engine, outcomes


def _run_baseline(
    options: Baseline, sequences: Sequences, division: Division, job: Job, folder: Path
) -> list[dict[str, Any]]:
    features = sequences.padded().reshape(len(sequences), -1)
    predictions, weights, outcomes = [], [], []
    for replicate, train in enumerate(division.train):
        classifier = fit_baseline(options, features[train], sequences.labels[train])
        LOGGER.info("%s fitted, replicate %d", options.model, replicate)
        for split, rows in _splits(division, replicate).items():
            scores = baseline_scores(classifier, features[rows], len(sequences.facts.classes))
            predictions.append(
                prediction_frame(
                    sequences,
                    rows,
                    scores,
                    replicate=replicate,
                    checkpoint="last",
                    split=split,
                )
            )
        weights.append(baseline_weights(classifier))
        outcomes.append(
            {
                "replicate": replicate,
                "epochs": 0,
                "best_epoch": None,
                "diverged_epoch": None,
                "stopped": "fitted",
            }
        )
    history = Fit(State(()), State(()), []).history()
    write_frames(folder, history, predictions, sequences)
    stacked = {key: torch.cat([w[key] for w in weights]) for key in weights[0]}
    write_weights(folder / "weights.safetensors", stacked, _described(job))
    return outcomes


def _described(job: Job) -> dict[str, Any]:
    return {"configuration": job.name, "options": dict(job.options), "report": job.report}


def _splits(division: Division, index: int) -> dict[str, Rows]:
    splits = {"train": division.train[index], "test": division.test}
    if division.validation is not None:
        splits["validation"] = division.validation[index]
    return splits


def make_schedule(options: Any, job: Job) -> Schedule:
    """Return epochs, seeds, the monitored loss and the stopping rule that the options ask for.

    Raises
    ------
    TrainingError
        If training shall stop on a validation loss and nothing is held out for it.
    """
    stopping = _stopping_rule(options)
    if stopping != AllEpochs() and not job.validation:
        raise TrainingError(
            f"{job.experiment}: {stopping} needs a validation loss; "
            "set validation: true in the experiment"
        )
    return Schedule(
        epochs=options.epochs,
        seed=job.seed,
        replicates=tuple(range(job.replicates)),
        monitor=options.monitor,
        stopping=stopping,
        test_every=getattr(options, "test_every", None),
    )


def _stopping_rule(options: Any) -> StoppingRule:
    if isinstance(options, Minibatch | Recurrent) and options.patience:
        return Patience(options.patience)
    if isinstance(options, Perceptron) and options.stopping == "patience":
        return Patience(options.patience)
    if isinstance(options, Perceptron) and options.stopping == "loss_gap":
        return LossGap(options.gap_after, options.gap)
    return AllEpochs()


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


def _recordings(sequences: Sequences, job: Job) -> Recordings:
    return Recordings(
        frames=torch.from_numpy(sequences.values),
        starts=torch.from_numpy(sequences.offsets[:-1].copy()),
        lengths=torch.from_numpy(sequences.lengths),
        labels=torch.from_numpy(sequences.labels),
        classes=len(sequences.facts.classes),
        fingers=None if job.fingers is None else torch.tensor(job.fingers),
    )


def _progress(epochs: int, monitor: str) -> Any:
    progress = Progress(epochs)

    def report(state: EpochReport) -> None:
        figures = {"loss": state.train.get(monitor, float("nan"))}
        if state.validation:
            figures["validation"] = state.validation[monitor]
            figures["accuracy"] = state.validation["accuracy"]
        progress(state.epoch, state.sequences, figures)

    return report


def _predictions(
    learner: Learner,
    recordings: Recordings,
    division: Division,
    result: Fit,
    sequences: Sequences,
) -> Iterator[pd.DataFrame]:
    """Yield logits of every sequence used, for each replicate and kind of weights it has."""
    for index, outcome in enumerate(result.outcomes):
        kinds = {}
        if outcome.diverged_epoch is None:
            kinds["last"] = result.last.params
        if outcome.best_epoch is not None:
            kinds["best"] = result.best.params
        for checkpoint, params in kinds.items():
            mine = take_replicates(params, [index])
            for split, rows in _splits(division, index).items():
                chosen = torch.from_numpy(rows).to(recordings.labels.device)
                scores = learner.scores(mine, recordings, chosen)[0].cpu().numpy()
                yield prediction_frame(
                    sequences,
                    rows,
                    scores,
                    replicate=outcome.replicate,
                    checkpoint=checkpoint,
                    split=split,
                )
