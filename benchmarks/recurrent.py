"""Gated cells on sequences of unequal and of equal length (report hand_actions)."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor
from torch.nn.utils.rnn import pack_padded_sequence

from benchmarks.timing import Case, Contender
from harmodels import optim
from harmodels.kernels.recurrent import classifier as compiled
from harmodels.models import recurrent_classifier as model
from harmodels.nn import losses, packing
from harmodels.nn.params import map_params, state_dict, take_replicates
from harmodels.nn.recurrent import CELLS

CHANNELS, CLASSES, HIDDEN, BATCH, BATCHES = 63, 45, 128, 32, 4
LONGEST = 1151
# Adam divides a gradient by its size: without an epsilon that matters, gradients that are nothing
# but rounding would move the weights by full steps, and no two contenders would agree.
RATE, EPSILON = 1e-3, 1e-4
TORCH = {"gru": torch.nn.GRU, "lstm": torch.nn.LSTM}


class Data(NamedTuple):
    """Sequences end to end, and the same padded with zeros."""

    frames: Tensor  # (F, D)
    starts: Tensor  # (N,)
    lengths: Tensor  # (N,)
    labels: Tensor  # (N,)
    padded: Tensor  # (N, T, D)


def make_lengths(kind: str) -> np.ndarray:
    """Return the lengths of all batches: `equal`, or log-normal with one of 1151 in each batch.

    About a tenth of the padded steps is useful then, as in the benchmark of report hand_actions.
    """
    if kind == "equal":
        return np.full(BATCH * BATCHES, 100)
    drawn = np.random.default_rng(0).lognormal(np.log(75), 0.7, BATCH * BATCHES)
    lengths = np.clip(drawn.round().astype(int), 7, LONGEST)
    lengths[::BATCH] = LONGEST
    return lengths


def make_data(kind: str) -> Data:
    """Return sequences of noise, for their speed."""
    generator = np.random.default_rng(1)
    lengths = torch.from_numpy(make_lengths(kind))
    starts = lengths.cumsum(0) - lengths
    frames = torch.from_numpy(
        generator.normal(size=(int(lengths.sum()), CHANNELS)).astype(np.float32)
    )
    labels = torch.from_numpy(generator.integers(0, CLASSES, len(lengths)))
    sequences = [frames[a : a + n] for a, n in zip(starts, lengths, strict=True)]
    together = torch.nn.utils.rnn.pad_sequence(sequences, batch_first=True)
    return Data(frames, starts, lengths, labels, together)


def make_networks(cell: str, networks: int) -> model.RecurrentClassifier:
    """Return networks of one layer."""
    return model.initialise(
        [np.random.default_rng([2, r]) for r in range(networks)],
        cell=CELLS[cell],
        channels=CHANNELS,
        hidden=HIDDEN,
        layers=1,
        classes=CLASSES,
    )


def _batches(items: int) -> list[Tensor]:
    """Return the sequences of the first `items` batches."""
    return list(torch.split(torch.arange(items * BATCH) % (BATCH * BATCHES), BATCH))


def last_of_padded(rnn: torch.nn.Module, data: Data, batch: Tensor) -> Tensor:
    """Run torch's layer over every padded step; return the state after each last valid one."""
    outputs, _ = rnn(data.padded[batch])
    state: Tensor = outputs[torch.arange(len(batch)), data.lengths[batch] - 1]
    return state


def last_of_packed(rnn: torch.nn.Module, data: Data, batch: Tensor) -> Tensor:
    """Run torch's layer over a PackedSequence; return the state after each last step."""
    packed = pack_padded_sequence(
        data.padded[batch], data.lengths[batch], batch_first=True, enforce_sorted=False
    )
    _, state = rnn(packed)
    last: Tensor = (state[0] if isinstance(state, tuple) else state)[-1]
    return last


def torch_epoch(
    cell: str, weights: Any, data: Data, items: int, last: Callable[..., Tensor]
) -> dict[str, Tensor]:
    """Train one network with torch.nn, autograd and torch.optim.Adam; return its state dict."""
    network = torch.nn.ModuleDict(
        {
            "rnn": TORCH[cell](CHANNELS, HIDDEN, batch_first=True),
            "output": torch.nn.Linear(HIDDEN, CLASSES),
        }
    )
    network.load_state_dict(weights)
    optimiser = torch.optim.Adam(network.parameters(), lr=RATE, eps=EPSILON)
    for batch in _batches(items):
        optimiser.zero_grad()
        logits = network["output"](last(network["rnn"], data, batch))
        F.cross_entropy(logits, data.labels[batch]).backward()
        optimiser.step()
    return {name: value.detach() for name, value in network.state_dict().items()}


def _autograd(
    name: str, cell: str, params: Any, data: Data, threads: int, last: Callable[..., Tensor]
) -> Contender:
    """One network after another, each operation on all threads."""

    def train(items: int) -> dict[str, Tensor]:
        torch.set_num_threads(threads)
        trained = [
            torch_epoch(cell, model.to_torch(params, r), data, items, last)
            for r in range(len(params.output.bias))
        ]
        torch.set_num_threads(1)
        return state_dict(model.from_torch(trained))

    return Contender(name, train)


def _reference(cell: str, params: Any, data: Data, threads: int) -> Contender:
    def one(trained: Any, items: int) -> Any:
        state = optim.adam_state(trained)
        for batch in _batches(items):
            rows = batch[None]
            layout = packing.layout(data.lengths[rows])
            inputs = packing.pack_frames(layout, data.frames, data.starts[rows])
            logits, cache = model.forward(trained, CELLS[cell], layout, inputs)
            _, d_logits = losses.softmax_cross_entropy(logits, data.labels[rows])
            grads = model.backward(trained, CELLS[cell], cache, d_logits)
            grads = map_params(lambda grad: grad / BATCH, grads)
            trained, state = optim.adam_step(trained, grads, state, RATE, epsilon=EPSILON)
        return trained

    def train(items: int) -> dict[str, Tensor]:
        torch.set_num_threads(threads)
        trained = [one(take_replicates(params, [r]), items) for r in range(threads)]
        torch.set_num_threads(1)
        return state_dict(map_params(lambda *tensors: torch.cat(tensors), *trained))

    return Contender("reference engine", train)


def compiled_contender(cell: str, params: Any, data: Data, threads: int) -> Contender:
    """All networks at once, each on a thread of its own."""

    def train(items: int) -> dict[str, Tensor]:
        order = torch.cat(_batches(items)).expand(len(params.output.bias), -1)
        trained, _, _ = compiled.train_epoch(
            params, optim.adam_state(params), *data[:4], order, None, cell=cell,
            batch_size=BATCH, learning_rate=RATE, epsilon=EPSILON, scale=1.0, threads=threads,
        )  # fmt: skip
        return state_dict(trained)

    return Contender("compiled loop", train)


def make_case(cell: str, kind: str, threads: int) -> Case:
    """Return the case of one cell and kind of lengths, as many networks as threads."""
    params, data = make_networks(cell, threads), make_data(kind)
    setting = cell, params, data, threads
    contenders = [
        _autograd("padded torch.nn + autograd + Adam", *setting, last_of_padded),
        _reference(*setting),
        compiled_contender(*setting),
    ]
    if kind == "unequal":
        contenders.insert(
            2, _autograd("PackedSequence + autograd + Adam", *setting, last_of_packed)
        )
    step = CELLS[cell].gates * HIDDEN * (2 * (CHANNELS + HIDDEN) + HIDDEN)
    steps = int(data.lengths.sum()) // BATCHES
    return Case(
        name=f"{cell}-{kind}-threads{threads}",
        title=f"{cell.upper()}, {HIDDEN} units, batch of {BATCH}, {kind} lengths"
        + (f", {threads} networks on {threads} threads" if threads > 1 else ""),
        updates_per_item=threads,
        products_per_item=threads * steps * step,
        contenders=tuple(contenders),
    )
