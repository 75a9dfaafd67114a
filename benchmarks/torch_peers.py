"""The same training by torch.nn with autograd and torch.optim."""

import shutil
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor
from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence

from benchmarks.cases import EPSILON, Task
from benchmarks.timing import AUTOGRAD, Contender, Weights
from harmodels.nn.cells import CELLS

TORCH_COMPILE = "torch.compile"

Read = Callable[[Tensor, Tensor], tuple[Tensor, ...]]
Last = Callable[..., Iterable[Tensor]]


class Network(torch.nn.Module):
    """Layers whose last state feeds a dense one; parameters in the order of ours."""

    def __init__(self, layers: torch.nn.Module, hidden: int, classes: int) -> None:
        super().__init__()
        self.rnn = layers
        self.output = torch.nn.Linear(hidden, classes)


def recurrent(cell: str, channels: int, hidden: int, classes: int, layers: int = 1) -> Network:
    """Return torch's layers of a cell and a dense one, untrained."""
    kind: Any = CELLS[cell].torch_layer
    return Network(kind(channels, hidden, layers, batch_first=True), hidden, classes)


def network_of(task: Task) -> Network:
    """Return the network of a task, untrained."""
    options, channels = task.options, task.data.frames.shape[1]
    if task.training == "perceptron":
        sizes = options.hidden1, options.hidden2
        dense = torch.nn.Sequential(
            torch.nn.Linear(channels, sizes[0]), torch.nn.ReLU(),
            torch.nn.Linear(*sizes), torch.nn.ReLU(),
        )  # fmt: skip
        return Network(dense, sizes[1], task.data.classes).to(task.device)
    cell = getattr(options, "cell", "simple_rnn")
    layers = getattr(options, "layers", 1)
    return recurrent(cell, channels, options.hidden, task.data.classes, layers).to(task.device)


def last_of_padded(rnn: torch.nn.Module, padded: Tensor, lengths: Tensor) -> list[Tensor]:
    """Run torch's layer over every padded step; return the state after each last valid one."""
    outputs, _ = rnn(padded[:, : lengths.max()])
    return [outputs[torch.arange(len(lengths)), lengths - 1]]


def last_of_packed(rnn: torch.nn.Module, padded: Tensor, lengths: Tensor) -> list[Tensor]:
    """Run torch's layer over a PackedSequence; return the state after each last step."""
    packed = pack_padded_sequence(padded, lengths, batch_first=True, enforce_sorted=False)
    _, state = rnn(packed)
    return [(state[0] if isinstance(state, tuple) else state)[-1]]


def _reading(task: Task, last: Last | None) -> tuple[Read, Last]:
    """Return what takes a batch from the data, and what yields the states that are classified."""
    data = task.data
    if task.training == "recurrent":
        padded = pad_sequence(list(data.frames.split(data.lengths.tolist())), batch_first=True)
        return lambda rows, there: (padded[there], data.lengths[rows]), last or last_of_padded
    inputs = data.inputs
    if task.training == "perceptron":
        vectors = inputs[:, 0]
        return lambda _, there: (vectors[there],), lambda layers, x: [layers(x)]

    def windows(rnn: torch.nn.Module, x: Tensor) -> Iterator[Tensor]:
        state = None
        for part in x.split(getattr(task.options, "window", x.shape[1]), dim=1):
            outputs, state = rnn(part, state)
            yield outputs[:, -1]
            state = state.detach()

    return lambda _, there: (inputs[there],), windows


def _optimiser(task: Task, network: Network, fused: bool) -> torch.optim.Optimizer:
    rate = task.options.learning_rate
    if task.training == "recurrent":
        return torch.optim.Adam(network.parameters(), lr=rate, eps=EPSILON)
    momentum = getattr(task.options, "momentum", 0.0)
    return torch.optim.SGD(network.parameters(), lr=rate, momentum=momentum, fused=fused or None)


def peer(
    task: Task, name: str = AUTOGRAD, last: Last | None = None,
    *, fused: bool = False, compiled: bool = False, cudnn: bool = True,
) -> Contender:  # fmt: skip
    """Return torch.nn; `last` runs a recurrent layer, `compiled` the whole update by Inductor."""
    options, network = task.options, network_of(task)
    parameters, optimiser = list(network.parameters()), _optimiser(task, network, fused)
    read, states = _reading(task, last)
    clip = getattr(options, "clip", None)
    once = getattr(options, "update", "sequence_mean") == "sequence_mean"
    windows = -(-int(task.data.lengths[0]) // options.window) if hasattr(options, "window") else 1
    share = task.batch * (windows if once else 1)
    targets = task.data.labels
    if task.training in ("truncated_bptt", "minibatch"):
        targets = F.one_hot(targets, task.data.classes).float()

    def loss_of(logits: Tensor, target: Tensor) -> Tensor:
        if target.ndim == 1:
            return F.cross_entropy(logits, target)
        return F.binary_cross_entropy_with_logits(logits, target, reduction="sum") / share

    def step() -> None:
        if clip:
            torch.nn.utils.clip_grad_value_(parameters, clip)
        optimiser.step()
        optimiser.zero_grad()

    def update(target: Tensor, *x: Tensor) -> None:
        for state in states(network.rnn, *x):
            loss_of(network.output(state), target).backward()
            if not once:
                step()
        if once:
            step()

    run = torch.compile(update) if compiled else update

    def train(items: int) -> Weights:
        with torch.no_grad():
            for parameter, start in zip(parameters, task.start.values(), strict=True):
                parameter.copy_(start[0])
            for kept in optimiser.state.values():
                for value in kept.values():
                    if value is not None:
                        value.zero_()
        order = task.order(items)
        batches = order.split(task.batch), order.to(task.device).split(task.batch)
        with torch.backends.cudnn.flags(enabled=cudnn, allow_tf32=False):
            for rows, there in zip(*batches, strict=True):
                run(targets[there], *read(rows, there))
        trained = (parameter.detach().cpu()[None].clone() for parameter in parameters)
        return dict(zip(task.start, trained, strict=True))

    return Contender(name, train)


def compiles() -> bool:
    """Return whether torch.compile can take part: Inductor needs a C++ compiler."""
    return any(map(shutil.which, ("c++", "g++", "clang++")))


def peers(task: Task, quick: bool) -> Iterator[Contender]:
    """Yield torch.nn as its users may write it; not compiled, which takes long, if `quick`."""
    yield peer(task)
    if task.training == "recurrent" and not task.data.equal_length:
        yield peer(task, f"{AUTOGRAD}, PackedSequence", last_of_packed)
    if task.training == "perceptron":
        yield peer(task, f"{AUTOGRAD}, fused SGD", fused=True)
        if compiles() and not quick:
            yield peer(task, TORCH_COMPILE, compiled=True)
