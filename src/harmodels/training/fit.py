"""The course of a training job: epochs, validation, best weights, divergence, history."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from harmodels.nn.params import map_params, put_replicates, take_replicates
from harmodels.seeds import Purpose, generator
from harmodels.training.learners import Learner, Params, Recordings, rows_tensor

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Schedule:
    """How long to train and what marks the best weights.

    Attributes
    ----------
    epochs
        Passes through the training sequences.
    seed
        Base seed of weights and orders.
    replicates
        Which replicates to train; each is the same network in any company.
    monitor
        The validation loss whose minimum marks the best weights.
    """

    epochs: int
    seed: int
    replicates: tuple[int, ...]
    monitor: str


@dataclass(frozen=True)
class Division:
    """Rows of the recordings for each replicate, in the order of `Schedule.replicates`."""

    train: list[Rows]
    validation: list[Rows] | None
    test: Rows


@dataclass(frozen=True)
class EpochReport:
    """What the progress display is told after an epoch: means over the replicates still alive."""

    epoch: int
    train: Mapping[str, float]
    validation: Mapping[str, float]
    sequences: int


@dataclass
class Outcome:
    """How one replicate fared."""

    replicate: int
    epochs: int = 0
    best_epoch: int | None = None
    best_loss: float = float("inf")
    diverged_epoch: int | None = None
    stopped: str = "all epochs"


@dataclass
class Fit:
    """What a training job leaves behind.

    `last` and `best` hold all R replicates; those of a replicate that diverged, and `best`
    without validation, mean nothing: `outcomes` tells.
    """

    last: Params
    best: Params
    outcomes: list[Outcome]
    rows: list[tuple[int, int, str, str, float]] = field(default_factory=list)

    def history(self) -> pd.DataFrame:
        """Return replicate, epoch, split, metric, value in long form, sorted."""
        columns = ["replicate", "epoch", "split", "metric", "value"]
        frame = pd.DataFrame(self.rows, columns=columns)
        frame = frame.sort_values(columns[:4], kind="stable", ignore_index=True)
        return frame.astype({"replicate": "int16", "epoch": "int32", "value": "float64"})


def fit(
    learner: Learner,
    recordings: Recordings,
    division: Division,
    schedule: Schedule,
    report: Callable[[EpochReport], None] = lambda _: None,
) -> Fit:
    """Train every replicate; a replicate whose loss is not finite ends there, the others go on.

    Parameters
    ----------
    learner
        The network with its way of training.
    recordings
        What it reads.
    division
        Which rows each replicate trains and validates on; the test rows are never touched here.
    schedule
        Epochs, seed, replicates and the loss that marks the best weights.
    report
        Called after each epoch.
    """
    generators = [generator(schedule.seed, Purpose.WEIGHTS, r) for r in schedule.replicates]
    params = learner.initialise(generators, recordings)
    params = map_params(lambda tensor: tensor.to(recordings.inputs.device), params)
    result = Fit(params, params, [Outcome(replicate) for replicate in schedule.replicates])
    for epoch in range(1, schedule.epochs + 1):
        active = [i for i, o in enumerate(result.outcomes) if o.diverged_epoch is None]
        if not active:
            break
        _train(learner, recordings, division, schedule, result, active, epoch)
        active = [i for i in active if result.outcomes[i].diverged_epoch is None]
        if division.validation is not None:
            _validate(learner, recordings, division.validation, schedule, result, active, epoch)
        report(_summary(result, epoch, sum(len(division.train[i]) for i in active)))
    return result


def epoch_order(rows: Rows, seed: int, replicate: int, epoch: int) -> Rows:
    """Return the rows in the order of one epoch, whatever came before it."""
    return generator(seed, Purpose.ORDER, replicate, epoch).permutation(rows)


def accuracy(scores: Tensor, labels: Tensor) -> float:
    """Return the share of `scores` (n, C) whose first maximum is at `labels` (n,)."""
    return float((scores.argmax(-1) == labels).double().mean())


def _train(
    learner: Learner,
    recordings: Recordings,
    division: Division,
    schedule: Schedule,
    result: Fit,
    active: list[int],
    epoch: int,
) -> None:
    replicates = [result.outcomes[i].replicate for i in active]
    orders = [
        epoch_order(division.train[i], schedule.seed, replicate, epoch)
        for i, replicate in zip(active, replicates, strict=True)
    ]
    order = rows_tensor(orders, recordings.inputs.device)
    params, losses = learner.train_epoch(take_replicates(result.last, active), recordings, order)
    finite = torch.stack(list(losses.values())).isfinite().all(0).tolist()
    for position, index in enumerate(active):
        outcome = result.outcomes[index]
        if not finite[position]:
            outcome.diverged_epoch = epoch
            outcome.stopped = f"loss not finite in epoch {epoch}"
            continue
        outcome.epochs = epoch
        for metric, values in losses.items():
            value = float(values[position])
            result.rows.append((outcome.replicate, epoch, "train", metric, value))
    result.last = put_replicates(result.last, active, params)


def _validate(
    learner: Learner,
    recordings: Recordings,
    validation: list[Rows],
    schedule: Schedule,
    result: Fit,
    active: list[int],
    epoch: int,
) -> None:
    for index in active:
        outcome = result.outcomes[index]
        rows = torch.from_numpy(validation[index]).to(recordings.inputs.device)
        params = take_replicates(result.last, [index])
        labels = recordings.labels[rows]
        scores = learner.scores(params, recordings.inputs[rows])[0]
        metrics = {name: float(value) for name, value in learner.losses(scores, labels).items()}
        metrics["accuracy"] = accuracy(scores, labels)
        for metric, value in metrics.items():
            result.rows.append((outcome.replicate, epoch, "validation", metric, value))
        if metrics[schedule.monitor] < outcome.best_loss:
            outcome.best_loss, outcome.best_epoch = metrics[schedule.monitor], epoch
            result.best = put_replicates(result.best, [index], params)


def _summary(result: Fit, epoch: int, sequences: int) -> EpochReport:
    means: dict[str, dict[str, Any]] = {"train": {}, "validation": {}}
    for _, row_epoch, split, metric, value in reversed(result.rows):
        if row_epoch != epoch:
            break
        means[split].setdefault(metric, []).append(value)
    averaged = {
        split: {metric: float(np.mean(values)) for metric, values in metrics.items()}
        for split, metrics in means.items()
    }
    return EpochReport(epoch, averaged["train"], averaged["validation"], sequences)
