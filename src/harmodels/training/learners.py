"""What differs between trainings, behind one small interface: start, one epoch, scores."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from harmodels.config.options import TruncatedBptt
from harmodels.kernels import elman_tbptt as compiled
from harmodels.models import elman
from harmodels.nn.initialisers import uniform
from harmodels.training import tbptt as reference

Params = Any  # a tree of NamedTuples of tensors, each with leading axis R
Losses = Mapping[str, Tensor]


@dataclass(frozen=True)
class Recordings:
    """The tensors that a network reads: inputs (N, T, D) and labels (N,) int64."""

    inputs: Tensor
    labels: Tensor
    classes: int


class Learner(Protocol):
    """A network with its way of training; holds options, never state."""

    def initialise(self, generators: list[np.random.Generator], recordings: Recordings) -> Params:
        """Draw the initial parameters, one replicate from each generator."""
        ...

    def train_epoch(
        self, params: Params, recordings: Recordings, order: Tensor
    ) -> tuple[Params, Losses]:
        """Train each replicate once through its row of `order` (R, n)."""
        ...

    def scores(self, params: Params, inputs: Tensor) -> Tensor:
        """Return logits (R, n, C) for inputs (n, T, D)."""
        ...

    def losses(self, scores: Tensor, labels: Tensor) -> Losses:
        """Return the named losses of logits (n, C), each a scalar mean."""
        ...


@dataclass(frozen=True)
class ElmanTruncatedBptt:
    """An Elman classifier trained by truncated BPTT (report rnn_tbptt)."""

    options: TruncatedBptt
    engine: str
    threads: int

    def initialise(
        self, generators: list[np.random.Generator], recordings: Recordings
    ) -> elman.ElmanClassifier:
        """Draw weights and biases from U[-initial_range, initial_range]."""
        draw = uniform(self.options.initial_range)
        return elman.initialise(
            generators,
            channels=recordings.inputs.shape[-1],
            hidden=self.options.hidden,
            classes=recordings.classes,
            weights=draw,
            biases=draw,
            dtype=recordings.inputs.dtype,
        )

    def train_epoch(
        self, params: elman.ElmanClassifier, recordings: Recordings, order: Tensor
    ) -> tuple[elman.ElmanClassifier, Losses]:
        """Update after every window of every sequence."""
        arguments: dict[str, Any] = {
            "window": self.options.window,
            "learning_rate": self.options.learning_rate,
            "clip": self.options.clip,
            "transposed": self.options.recurrent_gradient == "transposed",
        }
        inputs, labels = recordings.inputs, recordings.labels
        if self.engine == "compiled":
            return compiled.train_epoch(
                params, inputs, labels, order, **arguments, threads=self.threads
            )
        return reference.train_epoch(params, inputs, labels, order, **arguments)

    def scores(self, params: elman.ElmanClassifier, inputs: Tensor) -> Tensor:
        """Classify by the state after the last step."""
        if self.engine == "compiled":
            return compiled.scores(params, inputs, threads=self.threads)
        return reference.scores(params, inputs)

    def losses(self, scores: Tensor, labels: Tensor) -> Losses:
        """Return both readings of the report's loss."""
        return reference.mean_losses(scores, labels)


def make_learner(training: str, options: Any, engine: str, threads: int) -> Learner:
    """Return the learner for a report's `training` key."""
    learners = {"truncated_bptt": ElmanTruncatedBptt}
    return learners[training](options, engine, threads)


def to_device(recordings: Recordings, device: str) -> Recordings:
    """Return the recordings on `device`."""
    return Recordings(
        recordings.inputs.to(device), recordings.labels.to(device), recordings.classes
    )


def rows_tensor(rows: list[np.ndarray[Any, np.dtype[np.int64]]], device: torch.device) -> Tensor:
    """Return (R, n) from R rows of equal length."""
    return torch.from_numpy(np.stack(rows)).to(device)
