"""The small interface behind which trainings differ: start, one epoch, scores, losses."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Losses = Mapping[str, Tensor]
Generators = list[np.random.Generator]


class State(NamedTuple):
    """What training carries from epoch to epoch; every tensor has a leading axis R."""

    params: Any  # a tree of NamedTuples of tensors
    optimiser: Any = ()  # a tree too; empty where the step needs no memory


@dataclass(frozen=True)
class Recordings:
    """The tensors that a network reads: inputs (N, T, D) or (N, D), labels (N,) int64."""

    inputs: Tensor
    labels: Tensor
    classes: int

    def to(self, device: str) -> "Recordings":
        """Return the recordings on `device`."""
        return Recordings(self.inputs.to(device), self.labels.to(device), self.classes)


class Learner(Protocol):
    """A network with its way of training; holds options, never state."""

    @property
    def engine(self) -> str:
        """`reference` or `compiled`: what really runs."""
        ...

    def initialise(self, generators: Generators, recordings: Recordings) -> State:
        """Draw the initial parameters, one replicate from each generator."""
        ...

    def train_epoch(
        self, state: State, recordings: Recordings, order: Tensor, dropout: Generators
    ) -> tuple[State, Losses]:
        """Train each replicate once through its row of `order` (R, n).

        `dropout` holds a generator a replicate for whatever the epoch draws at random. The
        losses, each (R,), are means over the epoch, taken before each update.
        """
        ...

    def scores(self, params: Any, inputs: Tensor) -> Tensor:
        """Return logits (R, n, C) for inputs (n, …)."""
        ...

    def losses(self, scores: Tensor, labels: Tensor) -> Losses:
        """Return the named mean losses of logits (n, C)."""
        ...


def rows_tensor(rows: list[NDArray[np.int64]], device: torch.device) -> Tensor:
    """Return (R, n) from R rows of equal length."""
    return torch.from_numpy(np.stack(rows)).to(device)
