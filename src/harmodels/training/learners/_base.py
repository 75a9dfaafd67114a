"""The interface of a learner, what the learners share, and the data that they read."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, ClassVar, NamedTuple, Protocol, runtime_checkable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from harmodels import optim
from harmodels.errors import DataError
from harmodels.kernels.kept import Kept
from harmodels.nn.devices import send
from harmodels.training.loops.cuda_graphs import RecordedLoop
from harmodels.training.stopping import AllEpochs, Patience, StoppingRule

# Sequences of all replicates in one forward pass, and their steps.
SCORED_AT_ONCE, SCORED_STEPS = 1024, 2**18

Losses = Mapping[str, Tensor]
Generators = list[np.random.Generator]
Draws = Iterable[np.random.Generator]  # one a replicate, made when it is asked for


class State(NamedTuple):
    """Parameters and optimiser state between two epochs; every tensor has a leading axis R."""

    params: Any  # a tree of NamedTuples of tensors
    optimiser: Any = ()  # a tree too; empty where the step needs none


@dataclass(frozen=True)
class SequenceTensors:
    """The tensors that a network reads, all sequences end to end.

    Starts, lengths and fingers stay on the host: they decide what a GPU computes.
    """

    frames: Tensor  # (F, D), every step of every sequence
    starts: Tensor  # (N,); sequence i is `frames[starts[i]:starts[i] + lengths[i]]`
    lengths: Tensor  # (N,)
    labels: Tensor  # (N,)
    classes: int
    fingers: Tensor | None = None  # (F, K) channels of each finger, of sequences of hands
    weights: Tensor | None = None  # (N,) float32, of the sequences' losses; None: 1 each

    @classmethod
    def of_equal_length(cls, inputs: Tensor, labels: Tensor, classes: int) -> "SequenceTensors":
        """Return the tensors of a dense (N, T, D)."""
        N, T, D = inputs.shape
        lengths = torch.full((N,), T)
        return cls(inputs.reshape(N * T, D), T * torch.arange(N), lengths, labels, classes)

    @property
    def equal_length(self) -> bool:
        """Whether all sequences have the same number of steps."""
        return bool((self.lengths == self.lengths[0]).all())

    @property
    def inputs(self) -> Tensor:
        """(N, T, D), a view of the frames; raises DataError if the sequences differ in length."""
        if not self.equal_length:
            raise DataError(
                f"the sequences have {int(self.lengths.min())} to {int(self.lengths.max())} steps; "
                "this network needs equal lengths, so cut windows first"
            )
        return self.frames.view(len(self.labels), int(self.lengths[0]), -1)

    @cached_property
    def vectors(self) -> Tensor:
        """(N, T·D), the steps of each sequence one after another: of equal lengths, as `inputs`."""
        return self.inputs.flatten(1)

    def padded(self, indices: Tensor) -> tuple[Tensor, Tensor]:
        """Return sequences (…, T, D), padded by their last frames, and their lengths (…).

        `indices` (…) are on the host, the result is where the frames are.
        """
        lengths = self.lengths[indices]
        steps = torch.arange(int(lengths.max()))
        frames = self.starts[indices][..., None] + steps.minimum(lengths[..., None] - 1)
        device = self.frames.device
        return self.frames[send(frames, device)], send(lengths, device)

    def to(self, device: str) -> "SequenceTensors":
        """Return the tensors with frames and labels on `device`."""
        weights = None if self.weights is None else self.weights.to(device)
        return replace(
            self, frames=self.frames.to(device), labels=self.labels.to(device), weights=weights
        )


class Learner(Protocol):
    """A network with its way of training; holds options, never state.

    CUDA graphs that it recorded of its own steps (`loops/cuda_graphs.py`) and what its compiled
    loop keeps for the next epoch (`kernels/kept.py`) change no result.
    """

    @property
    def engine(self) -> str:
        """`reference` or `compiled`: the engine in use."""

    @property
    def stopping(self) -> StoppingRule:
        """The rule that may end a replicate before the last epoch."""

    def initialise(self, generators: Generators, data: SequenceTensors) -> State:
        """Draw the initial parameters, one replicate from each generator."""

    def train_epoch(
        self,
        state: State,
        data: SequenceTensors,
        order: Tensor,
        dropout: Draws,
        epoch: int = 1,
    ) -> tuple[State, Losses]:
        """Train each replicate once through its row of `order` (R, n).

        `dropout` yields a generator a replicate for whatever the epoch draws at random; `epoch`,
        of the options' `epochs`, counts from 1 and decides the step size of a schedule. The
        losses, each (R,), are means over the epoch, taken before each update.
        """

    def scores(self, params: Any, data: SequenceTensors, indices: Tensor) -> Tensor:
        """Return logits (R, n, C); row r of `indices` (R, n) holds the sequences of replicate r."""

    def losses(self, scores: Tensor, labels: Tensor, weights: Tensor | None = None) -> Losses:
        """Return the named mean losses of logits (n, C), weighted by `weights` (n,) if given."""


@dataclass(frozen=True)
class NetworkLearner:
    """Options, engine (`reference` or `compiled`) and threads of the compiled loop."""

    examples: ClassVar[tuple[Any, ...]]  # small networks, for `harmodels compile`

    options: Any
    engine: str
    threads: int
    loops: dict[int, RecordedLoop] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    kept: Kept = field(default_factory=Kept, init=False, repr=False, compare=False)
    kept_scoring: Kept = field(default_factory=Kept, init=False, repr=False, compare=False)

    def loop_of(self, order: Tensor) -> RecordedLoop:
        """Return the loop of replicates with as many samples as an order (R, n) has.

        Those with more or fewer are trained apart in every epoch. Each keeps its recordings.
        """
        return self.loops.setdefault(order.shape[1], RecordedLoop())

    @classmethod
    def is_compiled(cls, options: Any) -> bool:
        """Return whether a compiled loop trains networks of these options."""
        return True

    def rates(self, epoch: int, order: Tensor) -> NDArray[np.float64]:
        """Return the step sizes of the epoch's updates, for mini-batches of an order (R, n)."""
        options, updates = self.options, -(-order.shape[1] // self.options.batch_size)
        return optim.rates(options.schedule, options.learning_rate, epoch, options.epochs, updates)

    def before_step(self, params: Any, grads: Any, rate: Tensor) -> tuple[Any, Any]:
        """Return the parameters decayed and the gradients clipped, as the options say."""
        if self.options.clip_norm is not None:
            grads = optim.clip_by_norm(grads, self.options.clip_norm)
        if self.options.weight_decay:
            params = optim.decay(params, rate, self.options.weight_decay)
        return params, grads

    @property
    def stopping(self) -> StoppingRule:
        """Patience, where the options have it."""
        patience = getattr(self.options, "patience", None)
        return Patience(patience) if patience else AllEpochs()


@runtime_checkable
class MeasuresGradients(Protocol):
    """A learner that can measure gradients through time."""

    def gradient_norms(self, params: Any, data: SequenceTensors, chosen: Tensor) -> Tensor:
        """Return (T,): the norm of the loss's gradient at the state k steps before the last.

        It is the mean over the sequences `chosen` (n,) that have such a step; `params` is one
        network, R = 1.
        """


def index_tensor(rows: list[NDArray[np.int64]], device: torch.device) -> Tensor:
    """Return (R, n) from R rows of equal length."""
    return torch.from_numpy(np.stack(rows)).to(device)


def in_parts(
    score: Callable[[Tensor], Tensor], indices: Tensor, lengths: Tensor | None = None
) -> Tensor:
    """Return logits (R, n, C) that `score` returns for parts of the columns of `indices` (R, n).

    The memory of a forward pass grows with the sequences of all replicates and their `lengths`
    (N,), by default one step.
    """
    parts = list(torch.split(indices, max(1, SCORED_AT_ONCE // len(indices)), dim=1))
    if lengths is not None:
        parts = [each for part in parts for each in _cut(part, lengths[part.cpu()].sum(0))]
    return torch.cat([score(part) for part in parts], dim=1)


def _cut(part: Tensor, steps: Tensor) -> tuple[Tensor, ...]:
    """Return columns of `part` (R, n) with `steps` (n,) in parts of about `SCORED_STEPS`."""
    before = (steps.cumsum(0) - steps) // SCORED_STEPS
    counts = torch.unique_consecutive(before, return_counts=True)[1]
    return torch.split(part, counts.tolist(), dim=1)
