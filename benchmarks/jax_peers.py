"""The same training in JAX, as a careful user would write it: everything under one `jit`.

JAX is optional (`pip install --editable ".[bench]"`). A loop over the items of a case runs inside
one compiled function whose state is donated, so that dispatch costs nothing, and the inputs are
multiplied before the loop over time.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from benchmarks.cases import EPSILON, Task
from benchmarks.jax_layers import (
    AVAILABLE,
    Params,
    adam,
    binary_cross_entropy,
    cross_entropy,
    descend,
    gathered_gradients,
    gradients,
    jax,
    jnp,
    lax,
    moments,
    rows_of,
    zeros,
)
from benchmarks.timing import Contender, Weights


def array(tensor: Tensor) -> Any:
    """Return a tensor as an array of JAX."""
    return jnp.asarray(tensor.numpy())


def to_jax(weights: Weights) -> Params:
    """Copy the only replicate of a state dict."""
    return {name: jnp.array(value[0].numpy()) for name, value in weights.items()}


def from_jax(params: Params) -> Weights:
    """Return a state dict of one replicate."""
    return {name: torch.from_numpy(np.array(value))[None] for name, value in params.items()}


def contender(
    name: str,
    weights: Weights,
    item: Callable[[Any, Any], Any],
    begin: Callable[[Params], Any] = lambda params: params,
    params_of: Callable[[Any], Params] = lambda state: state,
    unroll: int = 1,
) -> Contender:
    """Return who runs `state = item(state, i)` for i = 0 … items - 1 in one compiled function.

    `begin` makes the state of the weights, `params_of` takes them out of it. `unroll` items are
    compiled as one.
    """

    def several(turn: Any, state: Any) -> Any:
        for k in range(unroll):
            state = item(state, turn * unroll + k)
        return state

    def run(state: Any, items: int) -> Any:
        whole = items // unroll
        state = lax.fori_loop(0, whole, several, state)
        if unroll == 1:
            return state
        return lax.fori_loop(whole * unroll, items, lambda i, state: item(state, i), state)

    compiled = jax.jit(run, donate_argnums=0)

    def train(items: int) -> Weights:
        return from_jax(params_of(compiled(begin(to_jax(weights)), items)))

    return Contender(name, train)


def stepwise(
    name: str, weights: Weights, update: Callable[..., Any], batches: list[Any]
) -> Contender:
    """Return who calls the compiled `(params, moments) = update(state, *batch)` batch by batch.

    Each shape of batch is compiled separately. An item is a pass over all batches.
    """
    compiled = jax.jit(update, donate_argnums=0)

    def train(items: int) -> Weights:
        params = to_jax(weights)
        state = params, moments(params)
        for batch in batches * items:
            state = compiled(state, *batch)
        return from_jax(state[0])

    return Contender(name, train)


def _elman(task: Task, name: str, gradients: Any, unroll: int = 1) -> Contender:
    """Return truncated BPTT, an update a window, or mini-batches of whole sequences."""
    data, options = task.data, task.options
    inputs, samples = array(data.inputs), len(data.labels)
    targets = array(F.one_hot(data.labels, data.classes).float())
    steps, rate = data.inputs.shape[1], options.learning_rate / task.batch
    clip, window = getattr(options, "clip", None), getattr(options, "window", steps)

    def update(weights: Any, state: Any, x: Any, target: Any) -> Any:
        grads, last = gradients(
            "elman", weights, "rnn.", x, state,
            lambda logits: binary_cross_entropy(logits, target), unroll=unroll,
        )  # fmt: skip
        return descend(weights, grads, rate, clip), last

    def sequence(weights: Any, i: Any) -> Any:
        x, target = inputs[i % samples], targets[i % samples]
        whole = steps // window * window
        carry = weights, zeros("elman", options.hidden)
        windows = x[:whole].reshape(-1, window, x.shape[-1])
        carry, _ = lax.scan(lambda carry, x: (update(*carry, x, target), None), carry, windows)
        return update(*carry, x[whole:], target)[0] if whole < steps else carry[0]

    def batch(weights: Any, i: Any) -> Any:
        rows = rows_of(i, task.batch, samples)
        state = zeros("elman", task.batch, options.hidden)
        return update(weights, state, inputs[rows].swapaxes(0, 1), targets[rows])[0]

    item = sequence if task.training == "truncated_bptt" else batch
    return contender(name, task.start, item)


def _perceptron(task: Task) -> Iterator[Contender]:
    """Yield JAX with the weights as torch keeps them, and for one sample with their transposes.

    Which of the two XLA updates in place, and whether it helps to compile four samples as one,
    differs with and without momentum.
    """
    inputs, labels = array(task.data.inputs[:, 0]), array(task.data.labels)
    samples, rate, momentum = len(labels), task.options.learning_rate, task.options.momentum

    def transposed(weights: Any) -> Any:
        return {name: value.T for name, value in weights.items()}

    def batch_of(product: Any) -> Any:
        def loss(weights: Any, x: Any, label: Any) -> Any:
            for name in ("hidden1", "hidden2"):
                x = jax.nn.relu(product(x, weights[f"{name}.weight"]) + weights[f"{name}.bias"])
            logits = product(x, weights["output.weight"]) + weights["output.bias"]
            return cross_entropy(logits, label)

        def batch(state: Any, i: Any) -> Any:
            # one sample as a vector: products with vectors are what XLA does best then
            rows = i % samples if task.batch == 1 else rows_of(i, task.batch, samples)
            grads = jax.grad(loss)(state[0], inputs[rows], labels[rows])
            if not momentum:
                return descend(state[0], grads, rate), None
            velocity = jax.tree.map(lambda v, g: momentum * v - rate * g, state[1], grads)
            return jax.tree.map(jnp.add, state[0], velocity), velocity

        return batch

    def begin(weights: Any) -> Any:
        return weights, jax.tree.map(jnp.zeros_like, weights) if momentum else None

    def product(x: Any, weight: Any) -> Any:
        return weight @ x if task.batch == 1 else x @ weight.T  # XLA would transpose for a vector

    yield contender(
        "JAX", task.start, batch_of(product), begin=begin, params_of=lambda state: state[0]
    )
    if task.batch == 1:
        yield contender(
            "JAX, transposed, unrolled", task.start, batch_of(lambda x, weight: x @ weight),
            begin=lambda weights: begin(transposed(weights)),
            params_of=lambda state: transposed(state[0]), unroll=4,
        )  # fmt: skip


def _recurrent(task: Task, name: str, gradients: Any) -> Contender:
    """Pad every batch to its own longest sequence; one function is compiled for each such shape."""
    data, options = task.data, task.options
    padded = torch.nn.utils.rnn.pad_sequence(data.frames.split(data.lengths.tolist()))  # (T, N, D)
    *below, top = (f"rnn.layer{k}." for k in range(options.layers))
    if below:
        gradients = partial(gradients, below=below)

    def update(state: Any, x: Any, label: Any, lengths: Any) -> Any:
        weights, moments = state
        start = zeros(options.cell, task.batch, options.hidden)
        grads, _ = gradients(
            options.cell, weights, top, x, start,
            lambda logits: cross_entropy(logits, label),
            lengths=None if data.equal_length else lengths,
        )  # fmt: skip
        return adam(weights, grads, moments, options.learning_rate, EPSILON)

    batches = []
    for rows in task.order(1).split(task.batch):
        labels, lengths = data.labels[rows], data.lengths[rows]
        batches.append(tuple(map(array, (padded[: lengths.max(), rows], labels, lengths))))
    return stepwise(name, task.start, update, batches)


def peers(task: Task) -> Iterator[Contender]:
    """Yield JAX in the forms that may be fastest; none where it is not installed."""
    if not AVAILABLE or getattr(task.options, "update", "window") != "window":
        return
    if task.training == "perceptron":
        yield from _perceptron(task)
    elif task.training == "recurrent" and not task.data.equal_length:
        yield _recurrent(task, "JAX, padded and masked", gradients)
    elif task.training == "truncated_bptt":
        yield _elman(task, "JAX, gathered", gathered_gradients)
        yield _elman(task, "JAX, unrolled", gradients, task.options.window)
    else:
        make = _recurrent if task.training == "recurrent" else _elman
        yield make(task, "JAX", gradients)
        if getattr(task.options, "layers", 1) == 1:
            yield make(task, "JAX, gathered", gathered_gradients)
