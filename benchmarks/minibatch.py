"""Mini-batch BPTT through whole sequences (report rnn_minibatch)."""

from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from benchmarks import jax_peers
from benchmarks.bounds import Work
from benchmarks.tbptt import (
    CHANNELS,
    CLASSES,
    RATE,
    SEQUENCES,
    STEPS,
    Data,
    jax_data,
    make_data,
    make_network,
    module_weights,
    products,
    torch_modules,
)
from benchmarks.timing import AUTOGRAD, OURS, Case, Contender, Weights
from harmodels.kernels.elman import minibatch as compiled
from harmodels.models import elman
from harmodels.nn.params import state_dict


def _rows(items: int, batch_size: int) -> Tensor:
    """Return the sequences of the first `items` batches, (items · batch_size,)."""
    return torch.arange(items * batch_size) % SEQUENCES


def _autograd(params: elman.ElmanClassifier, data: Data, batch_size: int) -> Contender:
    inputs, labels = data
    targets = F.one_hot(labels, CLASSES).float()

    def train(items: int) -> Weights:
        rnn, output = torch_modules(params)
        optimiser = torch.optim.SGD([*rnn.parameters(), *output.parameters()], lr=RATE)
        for batch in _rows(items, batch_size).split(batch_size):
            outputs, _ = rnn(inputs[batch])
            loss = F.binary_cross_entropy_with_logits(
                output(outputs[:, -1]), targets[batch], reduction="sum"
            )
            optimiser.zero_grad()
            (loss / batch_size).backward()
            optimiser.step()
        return module_weights(rnn, output)

    return Contender(AUTOGRAD, train)


def _jax(
    name: str, gradients: Any, params: elman.ElmanClassifier, data: Data, batch_size: int
) -> Contender:
    inputs, targets = jax_data(data)

    def batch(weights: Any, i: Any) -> Any:
        rows = jax_peers.rows_of(i, batch_size, SEQUENCES)
        rnn, output = (jax_peers.part(weights, prefix) for prefix in ("rnn.", "output."))
        d_rnn, d_output, _ = gradients(
            "elman", rnn, output, inputs[rows].swapaxes(0, 1),
            jax_peers.zeros("elman", batch_size, params.rnn.bias_hh.shape[1]),
            lambda logits: jax_peers.binary_cross_entropy(logits, targets[rows]),
        )  # fmt: skip
        grads = jax_peers.joined({"rnn.": d_rnn, "output.": d_output})
        return jax_peers.descend(weights, grads, RATE / batch_size)

    return jax_peers.contender(name, state_dict(params), batch)


def _compiled(params: elman.ElmanClassifier, data: Data, batch_size: int) -> Contender:
    def train(items: int) -> Weights:
        order = _rows(items, batch_size)[None]
        trained, _ = compiled.train_epoch(
            params, *data, order, batch_size=batch_size, learning_rate=RATE
        )
        return state_dict(trained)

    return Contender(OURS, train)


def make_case(hidden: int, batch_size: int) -> Case:
    """Return the case of one width and batch size; weights U[-0.1, 0.1] as in the report."""
    params, data = make_network(hidden, bound=0.1), make_data()
    contenders = [_compiled(params, data, batch_size), _autograd(params, data, batch_size)]
    if jax_peers.AVAILABLE:
        contenders += [
            _jax("JAX", jax_peers.gradients, params, data, batch_size),
            _jax("JAX, gathered", jax_peers.gathered_gradients, params, data, batch_size),
        ]
    return Case(
        name=f"minibatch-hidden{hidden}-batch{batch_size}",
        title=f"mini-batch of {batch_size}, {hidden} hidden, {STEPS} steps",
        start=state_dict(params),
        contenders=tuple(contenders),
        work=Work(
            updates=1,
            products=batch_size * products(hidden, STEPS, 1),
            weights=hidden * (hidden + CHANNELS + 2),
            reads=2 * STEPS + 1,
        ),
    )
