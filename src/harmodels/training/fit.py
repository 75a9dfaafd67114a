"""Training of all replicates: epochs, validation, best weights, divergence, history."""

import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from harmodels.nn.params import Tree, map_params, put_replicates, state_dict, take_replicates
from harmodels.records.run import ReplicateRecord
from harmodels.seeds import Purpose, generator
from harmodels.training.learners import Learner, SequenceTensors, State, index_tensor
from harmodels.training.stopping import AllEpochs, StoppingRule

Indices = NDArray[np.int64]
HistoryRow = tuple[int, int, str, str, float]  # replicate, epoch, split, metric, value


@dataclass(frozen=True)
class Schedule:
    """How long to train and what marks the best weights."""

    epochs: int
    seed: int  # of weights and orders
    replicates: tuple[int, ...]  # each is the same network in any company
    monitor: str  # the loss of the stopping rule and of the best weights
    stopping: StoppingRule = AllEpochs()  # noqa: RUF009 - a frozen record
    test_every: int | None = None  # epochs; what is measured decides nothing
    keep_before_stop: bool = False  # when the rule ends it: the weights from before that epoch


@dataclass(frozen=True)
class SplitIndices:
    """Indices of the sequences for each replicate, in the order of `Schedule.replicates`."""

    train: list[Indices]
    validation: list[Indices] | None
    test: Indices

    def by_split(self, position: int) -> dict[str, Indices]:
        """Return the sequences of each split for the replicate at a position."""
        splits = {"train": self.train[position], "test": self.test}
        if self.validation is not None:
            splits["validation"] = self.validation[position]
        return splits


@dataclass(frozen=True)
class EpochReport:
    """Progress after an epoch: means over the replicates that still train."""

    epoch: int
    train: Mapping[str, float]
    validation: Mapping[str, float]
    sequences: int


@dataclass
class Outcome:
    """The course of one replicate's training so far."""

    replicate: int  # from which its generators are seeded
    epochs: int = 0  # trained with a finite loss
    best_epoch: int | None = None  # of the lowest validation loss
    best_loss: float = float("inf")
    diverged_epoch: int | None = None  # in which a loss or a weight was not finite
    stop_reason: str | None = None  # why it ended before the last epoch
    train_losses: list[float] = field(default_factory=list)  # the monitored loss of each epoch
    validation_losses: list[float] = field(default_factory=list)

    def recorded(self) -> ReplicateRecord:
        """Return what run.json says of it."""
        return ReplicateRecord(
            replicate=self.replicate,
            epochs=self.epochs,
            best_epoch=self.best_epoch,
            diverged_epoch=self.diverged_epoch,
            stopped=self.stop_reason or "all epochs",
        )


@dataclass
class Fit:
    """The state of a training after `epoch` epochs, which took `seconds`.

    It is all that the next epoch depends on: orders and masks are drawn afresh for each. `last`
    and `best` hold all R replicates; those of a replicate that diverged, and `best` without
    validation, mean nothing: `outcomes` tells.
    """

    last: State
    best: State
    outcomes: list[Outcome]
    rows: list[HistoryRow] = field(default_factory=list)
    epoch: int = 0
    seconds: float = 0.0

    def history(self) -> pd.DataFrame:
        """Return replicate, epoch, split, metric, value in long form, sorted."""
        columns = ["replicate", "epoch", "split", "metric", "value"]
        frame = pd.DataFrame(self.rows, columns=columns)
        frame = frame.sort_values(columns[:4], kind="stable", ignore_index=True)
        return frame.astype({"replicate": "int16", "epoch": "int32", "value": "float64"})


def begin(learner: Learner, data: SequenceTensors, schedule: Schedule) -> Fit:
    """Return the replicates before their first epoch."""
    generators = list(_generators(schedule, schedule.replicates, Purpose.WEIGHTS))
    state = learner.initialise(generators, data)
    state = map_params(lambda tensor: tensor.to(data.labels.device), state)
    return Fit(state, state, [Outcome(replicate) for replicate in schedule.replicates])


def fit(
    learner: Learner,
    data: SequenceTensors,
    indices: SplitIndices,
    schedule: Schedule,
    report: Callable[[EpochReport], None] = lambda _: None,
    *,
    start: Fit | None = None,
    on_epoch_end: Callable[[Fit], None] = lambda _: None,
) -> Fit:
    """Train every replicate; one whose loss or weights are not finite stops, the others continue.

    The test rows decide nothing. `start`, changed in place, is where to resume, as passed to
    `on_epoch_end`: all that the next epoch depends on. An exception of `on_epoch_end` ends the
    training.
    """
    result = start or begin(learner, data, schedule)
    for epoch in range(result.epoch + 1, schedule.epochs + 1):
        active = _active(result)
        if not active:
            break
        started, before = time.monotonic(), result.last
        steps = _Epoch(learner, data, indices, schedule, result, epoch)
        for group in _side_by_side(indices.train, active):
            steps.train(group)
        active = _active(result)
        if indices.validation is not None and active:
            steps.validate(indices.validation, active)
        if schedule.test_every and epoch % schedule.test_every == 0 and active:
            steps.measure([indices.test] * len(result.outcomes), active, "test")
        if schedule.keep_before_stop:
            _restore_ended(result, active, before)
        result.epoch = epoch
        result.seconds += time.monotonic() - started
        report(_summary(result, epoch, sum(len(indices.train[i]) for i in active)))
        on_epoch_end(result)
    _find_infinite_weights(result)
    return result


def _active(result: Fit) -> list[int]:
    return [i for i, outcome in enumerate(result.outcomes) if outcome.stop_reason is None]


def _restore_ended(result: Fit, active: list[int], before: State) -> None:
    """Give the replicates that the stopping rule has just ended the weights of `before`."""
    ended = [
        i
        for i in active
        if result.outcomes[i].stop_reason is not None and result.outcomes[i].diverged_epoch is None
    ]
    if ended:
        result.last = put_replicates(result.last, ended, take_replicates(before, ended))


def _side_by_side(rows: list[Indices], active: list[int]) -> list[list[int]]:
    """Return the active replicates in groups of as many rows each, computed side by side.

    Replicates that hold out people of their own may have more or fewer sequences left.
    """
    groups: dict[int, list[int]] = {}
    for index in active:
        groups.setdefault(len(rows[index]), []).append(index)
    return list(groups.values())


def _find_infinite_weights(result: Fit) -> None:
    """Record replicates as diverged that did so in their last update, after the last loss."""
    tensors = state_dict(result.last.params).values()
    checks = [tensor.isfinite().reshape(len(tensor), -1).all(1) for tensor in tensors]
    finite = torch.stack(checks).all(0).cpu().tolist()
    for outcome, is_finite in zip(result.outcomes, finite, strict=True):
        if outcome.diverged_epoch is None and not is_finite:
            outcome.diverged_epoch = outcome.epochs
            outcome.stop_reason = f"weights not finite after epoch {outcome.epochs}"


def epoch_order(rows: Indices, seed: int, replicate: int, epoch: int) -> Indices:
    """Return the rows in the order of one epoch, whatever came before it."""
    return generator(seed, Purpose.ORDER, replicate, epoch).permutation(rows)


def accuracy(scores: Tensor, labels: Tensor) -> float:
    """Return the share of `scores` (n, C) whose first maximum is at `labels` (n,)."""
    return float((scores.argmax(-1) == labels).double().mean())


@dataclass
class _Epoch:
    """One epoch: what its steps read, and the state that they change."""

    learner: Learner
    data: SequenceTensors
    indices: SplitIndices
    schedule: Schedule
    result: Fit
    epoch: int

    def train(self, active: list[int]) -> None:
        replicates = tuple(self.result.outcomes[i].replicate for i in active)
        orders = [
            epoch_order(self.indices.train[i], self.schedule.seed, replicate, self.epoch)
            for i, replicate in zip(active, replicates, strict=True)
        ]
        order = index_tensor(orders, self.data.labels.device)
        dropout = _generators(self.schedule, replicates, Purpose.DROPOUT, self.epoch)
        before = _take(self.result.last, active, len(self.result.outcomes))
        after, measured = self.learner.train_epoch(before, self.data, order, dropout, self.epoch)
        losses = {name: values.cpu().tolist() for name, values in measured.items()}
        for position, index in enumerate(active):
            outcome = self.result.outcomes[index]
            if not all(math.isfinite(values[position]) for values in losses.values()):
                outcome.diverged_epoch = self.epoch
                outcome.stop_reason = f"loss not finite in epoch {self.epoch}"
                continue
            outcome.epochs = self.epoch
            outcome.train_losses.append(losses[self.schedule.monitor][position])
            for metric, values in losses.items():
                row = outcome.replicate, self.epoch, "train", metric, values[position]
                self.result.rows.append(row)
        self.result.last = _put(self.result.last, active, after, len(self.result.outcomes))

    def validate(self, validation: list[Indices], active: list[int]) -> None:
        measured = self.measure(validation, active, "validation")
        improved = []
        for index, metrics in zip(active, measured, strict=True):
            outcome = self.result.outcomes[index]
            loss = metrics[self.schedule.monitor]
            if not math.isfinite(loss):
                outcome.diverged_epoch = self.epoch
                outcome.stop_reason = f"validation loss not finite in epoch {self.epoch}"
                continue
            outcome.validation_losses.append(loss)
            if loss < outcome.best_loss:
                outcome.best_loss, outcome.best_epoch = loss, self.epoch
                improved.append(index)
            outcome.stop_reason = self.schedule.stopping.reason(
                outcome.train_losses, outcome.validation_losses
            )
        if improved:
            newest = take_replicates(self.result.last, improved)  # of its own
            self.result.best = _put(self.result.best, improved, newest, len(self.result.outcomes))

    def measure(self, rows: list[Indices], active: list[int], split: str) -> list[dict[str, float]]:
        measured = {}
        for group in _side_by_side(rows, active):
            chosen = index_tensor([rows[i] for i in group], self.data.labels.device)
            params = _take(self.result.last.params, group, len(self.result.outcomes))
            # one transfer from a GPU, instead of one for every number below
            scores = self.learner.scores(params, self.data, chosen).cpu()
            labels = self.data.labels[chosen].cpu()
            weights: Any = [None] * len(group)
            if self.data.weights is not None:
                weights = self.data.weights[chosen].cpu()
            for index, logits, truth, own in zip(group, scores, labels, weights, strict=True):
                losses = self.learner.losses(logits, truth, own)
                metrics = {name: float(value) for name, value in losses.items()}
                metrics["accuracy"] = accuracy(logits, truth)
                replicate = self.result.outcomes[index].replicate
                for metric, value in metrics.items():
                    self.result.rows.append((replicate, self.epoch, split, metric, value))
                measured[index] = metrics
        return [measured[index] for index in active]


def _take(tree: Tree, replicates: list[int], count: int) -> Tree:
    """Return these of `count` replicates; all of them are the very tree, which nobody changes."""
    return tree if len(replicates) == count else take_replicates(tree, replicates)


def _put(tree: Tree, replicates: list[int], part: Tree, count: int) -> Tree:
    return part if len(replicates) == count else put_replicates(tree, replicates, part)


def _generators(
    schedule: Schedule, replicates: tuple[int, ...], purpose: Purpose, epoch: int = 0
) -> Iterator[np.random.Generator]:
    return (generator(schedule.seed, purpose, replicate, epoch) for replicate in replicates)


def _summary(result: Fit, epoch: int, sequences: int) -> EpochReport:
    means: dict[str, dict[str, Any]] = {"train": {}, "validation": {}, "test": {}}
    for _, row_epoch, split, metric, value in reversed(result.rows):
        if row_epoch != epoch:
            break
        means[split].setdefault(metric, []).append(value)
    averaged = {
        split: {metric: sum(values) / len(values) for metric, values in metrics.items()}
        for split, metrics in means.items()
    }
    return EpochReport(epoch, averaged["train"], averaged["validation"], sequences)
