"""Mini-batch BPTT through whole sequences (report rnn_minibatch)."""

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from benchmarks.tbptt import (
    CLASSES,
    RATE,
    SEQUENCES,
    STEPS,
    Data,
    make_data,
    make_network,
    module_weights,
    products,
    torch_modules,
)
from benchmarks.timing import Case, Contender
from harmodels import optim
from harmodels.kernels.elman import minibatch as compiled
from harmodels.models import elman
from harmodels.nn import losses
from harmodels.nn.params import map_params, state_dict


def _rows(items: int, batch_size: int) -> Tensor:
    """Return the sequences of the first `items` batches, (items · batch_size,)."""
    return torch.arange(items * batch_size) % SEQUENCES


def _autograd(params: elman.ElmanClassifier, data: Data, batch_size: int) -> Contender:
    inputs, labels = data
    targets = F.one_hot(labels, CLASSES).float()

    def train(items: int) -> dict[str, Tensor]:
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

    return Contender("torch.nn.RNN + autograd + SGD", train)


def _reference(params: elman.ElmanClassifier, data: Data, batch_size: int) -> Contender:
    inputs, labels = data
    targets = losses.one_hot(labels, CLASSES, inputs.dtype)

    def train(items: int) -> dict[str, Tensor]:
        trained = params
        initial = inputs.new_zeros(1, batch_size, params.rnn.bias_hh.shape[1])
        for batch in _rows(items, batch_size).split(batch_size):
            logits, _, cache = elman.forward(trained, inputs[batch][None], initial)
            _, d_logits = losses.binary_cross_entropy(logits, targets[batch][None])
            grads = elman.backward(trained, cache, d_logits)
            grads = map_params(lambda grad: grad / batch_size, grads)
            trained = optim.sgd_step(trained, grads, RATE)
        return state_dict(trained)

    return Contender("reference engine", train)


def _compiled(params: elman.ElmanClassifier, data: Data, batch_size: int) -> Contender:
    def train(items: int) -> dict[str, Tensor]:
        order = _rows(items, batch_size)[None]
        trained, _ = compiled.train_epoch(
            params, *data, order, batch_size=batch_size, learning_rate=RATE
        )
        return state_dict(trained)

    return Contender("compiled loop", train)


def make_case(hidden: int, batch_size: int) -> Case:
    """Return the case of one width and batch size; weights U[-0.1, 0.1] as in the report."""
    params, data = make_network(hidden, bound=0.1), make_data()
    return Case(
        name=f"minibatch-hidden{hidden}-batch{batch_size}",
        title=f"mini-batch of {batch_size}, {hidden} hidden, {STEPS} steps",
        updates_per_item=1,
        products_per_item=batch_size * products(hidden, STEPS, 1),
        contenders=(
            _autograd(params, data, batch_size),
            _reference(params, data, batch_size),
            _compiled(params, data, batch_size),
        ),
    )
