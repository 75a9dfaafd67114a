"""Gated cells: the sizes of report hand_actions, sequences of all lengths, and wide layers."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor
from torch.nn.utils.rnn import pack_padded_sequence

from benchmarks import jax_peers
from benchmarks.bounds import Work
from benchmarks.timing import AUTOGRAD, OURS, Case, Contender, Weights
from harmodels import optim
from harmodels.kernels.recurrent import classifier as compiled
from harmodels.models import recurrent_classifier as model
from harmodels.nn.cells import CELLS
from harmodels.nn.params import state_dict
from harmodels.nn.torch_names import from_torch, to_torch

CHANNELS, CLASSES, LONGEST = 63, 45, 1151
# Adam divides a gradient by its size: without an epsilon that matters, gradients that are nothing
# but rounding would move the weights by full steps, and no two contenders would agree.
RATE, EPSILON = 1e-3, 1e-4


class Sizes(NamedTuple):
    """Of a case."""

    hidden: int = 128
    batch: int = 32
    batches: int = 2  # of an item
    steps: int = 100  # of equal lengths


class Data(NamedTuple):
    """Sequences end to end, and the same padded with zeros."""

    frames: Tensor  # (F, D)
    starts: Tensor  # (N,)
    lengths: Tensor  # (N,)
    labels: Tensor  # (N,)
    padded: Tensor  # (N, T, D)


def make_lengths(kind: str, sizes: Sizes) -> np.ndarray:
    """Return the lengths of all batches.

    `equal`; or log-normal, `unequal` with one of 1151 in each batch, so that about a tenth of the
    padded steps is useful as in the benchmark of report hand_actions; or `sorted`, the same
    sequences in batches of neighbouring lengths.
    """
    count = sizes.batch * sizes.batches
    if kind == "equal":
        return np.full(count, sizes.steps)
    drawn = np.random.default_rng(0).lognormal(np.log(75), 0.7, count)
    lengths = np.clip(drawn.round().astype(int), 7, LONGEST)
    lengths[:: sizes.batch] = LONGEST
    return np.sort(lengths) if kind == "sorted" else lengths


def make_data(kind: str, sizes: Sizes = Sizes()) -> Data:  # noqa: B008
    """Return sequences of noise, for their speed."""
    generator = np.random.default_rng(1)
    lengths = torch.from_numpy(make_lengths(kind, sizes))
    starts = lengths.cumsum(0) - lengths
    frames = torch.from_numpy(
        generator.normal(size=(int(lengths.sum()), CHANNELS)).astype(np.float32)
    )
    labels = torch.from_numpy(generator.integers(0, CLASSES, len(lengths)))
    sequences = [frames[a : a + n] for a, n in zip(starts, lengths, strict=True)]
    together = torch.nn.utils.rnn.pad_sequence(sequences, batch_first=True)
    return Data(frames, starts, lengths, labels, together)


def make_network(cell: str, hidden: int) -> model.RecurrentClassifier:
    """Return a network of one layer."""
    return model.initialise(
        [np.random.default_rng([2, 0])],
        cell=CELLS[cell],
        channels=CHANNELS,
        hidden=hidden,
        layers=1,
        classes=CLASSES,
    )


def _batches(data: Data, items: int, size: int) -> list[Tensor]:
    """Return the sequences of each batch; an item is a pass over all of them."""
    return list(torch.arange(len(data.lengths)).split(size)) * items


def last_of_padded(rnn: torch.nn.Module, data: Data, batch: Tensor) -> Tensor:
    """Run torch's layer over every padded step; return the state after each last valid one."""
    lengths = data.lengths[batch]
    outputs, _ = rnn(data.padded[batch, : lengths.max()])
    state: Tensor = outputs[torch.arange(len(batch)), lengths - 1]
    return state


def last_of_packed(rnn: torch.nn.Module, data: Data, batch: Tensor) -> Tensor:
    """Run torch's layer over a PackedSequence; return the state after each last step."""
    packed = pack_padded_sequence(
        data.padded[batch], data.lengths[batch], batch_first=True, enforce_sorted=False
    )
    _, state = rnn(packed)
    last: Tensor = (state[0] if isinstance(state, tuple) else state)[-1]
    return last


def torch_contender(
    name: str, cell: str, params: Any, data: Data, batch_size: int, last: Callable[..., Tensor]
) -> Contender:
    """Return torch.nn with autograd and torch.optim.Adam."""
    hidden = params.output.weight.shape[2]

    def train(items: int) -> Weights:
        network = torch.nn.ModuleDict(
            {
                "rnn": CELLS[cell].torch_layer(CHANNELS, hidden, batch_first=True),
                "output": torch.nn.Linear(hidden, CLASSES),
            }
        )
        network.load_state_dict(to_torch(params, 0))
        optimiser = torch.optim.Adam(network.parameters(), lr=RATE, eps=EPSILON)
        for batch in _batches(data, items, batch_size):
            optimiser.zero_grad()
            logits = network["output"](last(network["rnn"], data, batch))
            F.cross_entropy(logits, data.labels[batch]).backward()
            optimiser.step()
        trained = {name: value.detach() for name, value in network.state_dict().items()}
        return state_dict(from_torch(params, [trained]))

    return Contender(name, train)


def _jax(
    name: str, gradients: Any, cell: str, params: Any, data: Data, batch_size: int
) -> Contender:
    """Every batch padded to its own longest sequence; one compiled function for each such shape."""
    hidden, lengths = params.output.weight.shape[2], data.lengths.numpy()
    layer, masked = "rnn.layer0.", len(set(lengths)) > 1

    def update(state: Any, x: Any, label: Any, lengths: Any) -> Any:
        weights, moments = state
        rnn, output = (jax_peers.part(weights, prefix) for prefix in (layer, "output."))
        d_rnn, d_output, _ = gradients(
            cell, rnn, output, x, jax_peers.zeros(cell, batch_size, hidden),
            lambda logits: jax_peers.cross_entropy(logits, label),
            lengths=lengths if masked else None,
        )  # fmt: skip
        grads = jax_peers.joined({layer: d_rnn, "output.": d_output})
        return jax_peers.adam(weights, grads, moments, RATE, EPSILON)

    def batch(rows: Tensor) -> Any:
        longest = int(data.lengths[rows].max())
        x = data.padded[rows, :longest].swapaxes(0, 1)  # (T, B, D)
        return tuple(map(jax_peers.array, (x, data.labels[rows], data.lengths[rows])))

    batches = [batch(rows) for rows in torch.arange(len(lengths)).split(batch_size)]
    return jax_peers.stepwise(name, state_dict(params), update, batches)


def compiled_contender(cell: str, params: Any, data: Data, batch_size: int) -> Contender:
    """Return the compiled loop."""

    def train(items: int) -> Weights:
        order = torch.cat(_batches(data, items, batch_size))[None]
        trained, _, _ = compiled.train_epoch(
            params, optim.adam_state(params), *data[:4], order, None, cell=cell,
            batch_size=batch_size, learning_rate=RATE, epsilon=EPSILON, scale=1.0,
        )  # fmt: skip
        return state_dict(trained)

    return Contender(OURS, train)


def make_case(cell: str, kind: str, sizes: Sizes) -> Case:
    """Return the case of one cell, kind of lengths and size."""
    params, data = make_network(cell, sizes.hidden), make_data(kind, sizes)
    setting = cell, params, data, sizes.batch
    contenders = [
        compiled_contender(*setting),
        torch_contender(AUTOGRAD, *setting, last_of_padded),
    ]
    if kind != "equal":
        packed = f"{AUTOGRAD}, PackedSequence"
        contenders.append(torch_contender(packed, *setting, last_of_packed))
    if jax_peers.AVAILABLE and kind != "equal":
        contenders.append(_jax("JAX, padded and masked", jax_peers.gradients, *setting))
    elif jax_peers.AVAILABLE:
        contenders += [
            _jax("JAX", jax_peers.gradients, *setting),
            _jax("JAX, gathered", jax_peers.gathered_gradients, *setting),
        ]
    gates, hidden = CELLS[cell].gates, sizes.hidden
    weights = gates * hidden * hidden
    longest = int(data.lengths.view(-1, sizes.batch).amax(1).sum())
    return Case(
        name=f"{cell}{hidden}-{kind}-batch{sizes.batch}",
        title=f"{cell.upper()}, {hidden} units, batch of {sizes.batch}, {kind} lengths",
        start=state_dict(params),
        contenders=tuple(contenders),
        work=Work(
            updates=sizes.batches,
            products=int(data.lengths.sum()) * gates * hidden * (2 * (CHANNELS + hidden) + hidden),
            weights=weights,
            reads=2 * longest,
        ),
    )
