"""Who is timed on a GPU: R replicates in one job, and torch.nn, which trains one after another.

An item is a batch, or a sequence where training goes sequence by sequence. Replicate 0 sees the
samples in the same order as torch.nn's network, the others in orders of their own.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from benchmarks.timing import Contender, Weights
from harmodels.nn.params import map_params, state_dict
from harmodels.training.learners import Learner, SequenceTensors, State, index_tensor, make_learner
from harmodels.training.loops import cuda_graphs as graphs


class Scale(NamedTuple):
    """How large the cases are."""

    replicates: tuple[int, ...]
    samples: int  # sequences or vectors; noise, for its speed
    steps: int  # of sequences of equal length
    longest: int  # of those of unequal length


FULL = Scale((1, 8, 64), 2048, 128, 1151)
TINY = Scale((1, 3), 64, 8, 12)


@contextmanager
def without_graphs() -> Iterator[None]:
    """Run the plain loop on every device."""
    recorders = dict(graphs.RECORDERS)
    graphs.RECORDERS.clear()
    try:
        yield
    finally:
        graphs.RECORDERS.update(recorders)


def _order(items: int, batch_size: int, replicates: int, samples: int) -> list[Any]:
    wanted = items * batch_size
    rows = [np.arange(samples)] + [
        np.random.default_rng((1, r)).permutation(samples) for r in range(1, replicates)
    ]
    return [np.resize(row, wanted) for row in rows]


def of_ours(
    training: str, options: Any, recordings: SequenceTensors, batch_size: int, scale: Scale
) -> tuple[State, list[Contender]]:
    """Return one network's state, and ours with 1 … R replicates and without graphs."""
    device = recordings.labels.device

    def contender(replicates: int, name: str) -> Contender:
        learner: Learner = make_learner(training, options, "reference", 1)
        generators = [np.random.default_rng((0, r)) for r in range(replicates)]
        drawn = learner.initialise(generators, recordings)
        state = map_params(lambda tensor: tensor.to(device), drawn)

        def train(items: int) -> Weights:
            order = index_tensor(_order(items, batch_size, replicates, scale.samples), device)
            trained, _ = learner.train_epoch(state, recordings, order, generators)
            return {name: tensor[:1].cpu() for name, tensor in state_dict(trained.params).items()}

        return Contender(name, train, replicates)

    def plain(items: int) -> Weights:
        with without_graphs():
            return eager.train(items)

    eager = contender(1, "")
    learner = make_learner(training, options, "reference", 1)
    state = learner.initialise([np.random.default_rng((0, 0))], recordings)
    ours = [contender(R, f"harmodels, {R} in one job") for R in scale.replicates]
    if training != "recurrent":
        ours.append(Contender("harmodels, 1, without a graph", plain))
    return state, ours


def of_torch(
    network: torch.nn.Module,
    weights: Weights,
    make_optimiser: Callable[[Any], torch.optim.Optimizer],
    run: Callable[[torch.nn.Module, torch.optim.Optimizer, int], None],
    name: str,
    *,
    cudnn: bool = True,
) -> Contender:
    """Return torch.nn with autograd; `weights` name the parameters in the module's order."""

    def train(items: int) -> Weights:
        with torch.no_grad():
            for parameter, start in zip(network.parameters(), weights.values(), strict=True):
                parameter.copy_(start[0])
        with torch.backends.cudnn.flags(enabled=cudnn, allow_tf32=False):
            run(network, make_optimiser(network.parameters()), items)
        trained = (parameter.detach().cpu()[None] for parameter in network.parameters())
        return dict(zip(weights, trained, strict=True))

    return Contender(name, train)


def of_torch_both(*arguments: Any) -> list[Contender]:
    """Return torch.nn with cuDNN's recurrent layers and with its own."""
    return [
        of_torch(*arguments, "torch.nn, cuDNN, autograd"),
        of_torch(*arguments, "torch.nn, autograd without cuDNN", cudnn=False),
    ]


def batches(items: int, size: int, scale: Scale, device: torch.device) -> list[Tensor]:
    """Return the samples of each batch, in order and from the first again."""
    return list(torch.split(torch.arange(items * size, device=device) % scale.samples, size))


def sgd(rate: float, momentum: float = 0.0) -> Callable[[Any], torch.optim.Optimizer]:
    """Return what makes gradient descent for some parameters."""
    return lambda parameters: torch.optim.SGD(parameters, lr=rate, momentum=momentum)


def adam(rate: float) -> Callable[[Any], torch.optim.Optimizer]:
    """Return what makes Adam for some parameters, with Keras' epsilon."""
    return lambda parameters: torch.optim.Adam(parameters, lr=rate, eps=1e-7)
